/* SPDX-License-Identifier: Apache-2.0 */
/** @file What recurrent kernels in C share on cores with the DSP extension. */
#ifndef GHOST_DSP_GATES_H
#define GHOST_DSP_GATES_H

#include "ghost_dsp.h"
#include "ghost_sigmoid_pairs.h"

/** int8 to halves, two to a word, a last odd one followed by 0; returns what lies behind. */
static inline uint32_t *ghost_widened(uint32_t *to, const int8_t *from, int32_t count) {
  for (; count > 0; count -= 2, from += 2) {
    *to++ = ghost_join(from[0], count > 1 ? from[1] : 0);
  }
  return to;
}

static inline int32_t ghost_requantized(int32_t sum, ghost_requantizer rq) {
  return ghost_multiply_high((int32_t)((uint32_t)sum << rq.shift), rq.multiplier);
}

static inline int32_t ghost_interpolated(int32_t u, int32_t rounding) {
  const uint32_t weights = ghost_insert_fraction(512, u);
  return ghost_multiply_add_halves(ghost_sigmoid_pairs[256 + (u >> 9)], weights, rounding);
}

/** sigma of what 16 bits hold of x, Q3.12 to Q0.15. */
static inline int32_t ghost_sigmoid_of(int32_t x) {
  return ghost_interpolated(3 * ghost_saturated16(x), (1 << 24) + (1 << 9)) >> 10;
}

/** tanh of the same in Q0.24 before its last shift, plus what rounds it. */
static inline int32_t ghost_tanh_wide(int32_t x, int32_t rounding) {
  return ghost_interpolated(ghost_saturated18(6 * ghost_saturated16(x)), rounding);
}

#endif
