/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GHOST_REQUANTIZER_H
#define GHOST_REQUANTIZER_H

#include <stdint.h>

/** Multiplies an accumulator by multiplier * 2^(shift - 32), rounding half up once. */
typedef struct {
  int32_t multiplier; /**< 0 < multiplier < 2^31 */
  int32_t shift;      /**< |accumulator| << shift fits 31 bits: checked when the model is read */
} ghost_requantizer;

#endif
