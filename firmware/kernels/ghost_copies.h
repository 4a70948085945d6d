/* SPDX-License-Identifier: Apache-2.0 */
/** @file TFLite's int8 operators that move values and compute none. */
#ifndef GHOST_COPIES_H
#define GHOST_COPIES_H

#include <stdint.h>

#define GHOST_COPY_AXES 5

/**
 * Which value of one tensor goes where in another: value (i, j, …) of a box of this shape is at
 * start + i * strides[0] + j * strides[1] + … of each. Strides may be 0 or negative.
 */
typedef struct {
  int32_t shape[GHOST_COPY_AXES];
  int32_t from; /**< start in the input */
  int32_t from_strides[GHOST_COPY_AXES];
  int32_t to; /**< start in the output */
  int32_t to_strides[GHOST_COPY_AXES];
} ghost_copy_params;

/** Copies a box: a slice, a transposed or reversed tensor, repeated values. */
void ghost_copy_s8(const ghost_copy_params *params, const int8_t *x, int8_t *y);

/** Constants of one TFLite PAD. */
typedef struct {
  ghost_copy_params copy;
  int32_t size; /**< of the output */
  int32_t value;
} ghost_pad_params;

/** TFLite's int8 PAD: fills the output, then copies. */
void ghost_pad_s8(const ghost_pad_params *params, const int8_t *x, int8_t *y);

/** Constants of one TFLite CONCATENATION. */
typedef struct {
  const int32_t *blocks; /**< of each input: values next to each other */
  int32_t count;         /**< of inputs */
  int32_t places;        /**< blocks of each input */
} ghost_concatenation_params;

/** TFLite's int8 CONCATENATION; the inputs follow, then the output, all of them `int8_t *`. */
void ghost_concatenation_s8(const ghost_concatenation_params *params, ...);

#endif
