/* SPDX-License-Identifier: Apache-2.0 */
/** @file Sums of four channels at a time, in halves: of up to 256 values, which fit. */
#ifndef GHOST_SUMS_H
#define GHOST_SUMS_H

#include "ghost_dsp.h"

/** Sums of four channels: of the first and third, of the second and fourth. */
typedef struct {
  uint32_t even;
  uint32_t odd;
} ghost_sums;

/** Adds `count` values, `step` bytes apart, of each channel. */
static inline ghost_sums ghost_add_up(ghost_sums sums, const int8_t *x, int32_t count,
                                      int32_t step) {
  for (; count > 0; count--, x += step) {
    const uint32_t four = ghost_load_four(x);
    sums.even = ghost_add_even_bytes(sums.even, four);
    sums.odd = ghost_add_odd_bytes(sums.odd, four);
  }
  return sums;
}

/** The sum of one of the four channels. */
static inline int32_t ghost_sum(ghost_sums sums, int32_t channel) {
  const uint32_t two = channel % 2 == 0 ? sums.even : sums.odd;
  return channel < 2 ? (int16_t)(two & 0xFFFFU) : (int32_t)two >> 16;
}

#endif
