/* SPDX-License-Identifier: Apache-2.0 */
/** @file What layers of gates share: both products of a gate, and its pre-activation. */
#ifndef GHOST_GATE_PRODUCTS_H
#define GHOST_GATE_PRODUCTS_H

#include "ghost_sums_s8.h"
#include "ghost_vectors.h"

/** acc <- b + W x; returns the end of W. */
static inline const int8_t *product(const int8_t *stream, const int8_t *x, int32_t columns,
                                    int32_t rows, int32_t *acc) {
  const int32_t *const bias = (const int32_t *)(const void *)stream;
  return ghost_sums_s8(stream + 4 * rows, x, columns, rows, bias, acc);
}

/** A gate's pre-activation of four units. */
static inline int32x4_t preactivation(const int32_t *one, const int32_t *two, requantizer input,
                                      requantizer recurrent) {
  return vqaddq_s32(requantize(one, input), requantize(two, recurrent));
}

#endif
