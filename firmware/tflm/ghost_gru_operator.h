/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * The GhostGRU custom operator for TensorFlow Lite interpreters, without their headers: parse the
 * options once, then run invocations on plain pointers. A registration for a given interpreter
 * fetches tensors and calls these two.
 */
#ifndef GHOST_GRU_OPERATOR_H
#define GHOST_GRU_OPERATOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ghost_nn.h"

#ifdef __cplusplus
extern "C" {
#endif

/** An operator as its options describe it. */
typedef struct {
  ghost_gru_params params;
  bool return_sequences;
  bool stateful;
} ghost_gru_operator;

/** The operator's tensors, in the order of its inputs, then its output. */
typedef struct {
  const int8_t *x; /**< frames x inputs */
  int32_t frames;
  int32_t inputs;
  const int8_t *kernel;
  const int8_t *recurrent_kernel;
  const int32_t *bias;        /**< 2 x 3 x m */
  const int8_t *ghost_kernel; /**< NULL when ratio is 1 */
  const int32_t *ghost_bias;  /**< NULL when ratio is 1 */
  int8_t *state;              /**< n, kept between invocations */
  int16_t *carry;             /**< m, kept between invocations */
  int8_t *y;                  /**< frames x n, or n */
} ghost_gru_tensors;

/**
 * Read the operator's options.
 *
 * @param options FlexBuffer map of the operator
 * @param size    its bytes
 * @param op      where the result goes
 * @return true, or false for options that are damaged or of another version
 */
bool ghost_gru_operator_parse(const uint8_t *options, size_t size, ghost_gru_operator *op);

/** One invocation: every frame, from the zero state unless the operator is stateful. */
void ghost_gru_operator_run(const ghost_gru_operator *op, const ghost_gru_tensors *tensors);

#ifdef __cplusplus
}
#endif

#endif
