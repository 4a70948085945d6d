/* SPDX-License-Identifier: Apache-2.0 */
/** @file Scalar steps for cores without DSP instructions, and without a long multiplication. */
#ifndef GHOST_LANES_H
#define GHOST_LANES_H

#include "ghost_arithmetic.h"

#if defined(__ARM_ARCH_ISA_THUMB) && __ARM_ARCH_ISA_THUMB >= 2 /* has SMULL */

/** Of a function that is called from many places: here it is short enough to be in each. */
#define GHOST_ONE_COPY

typedef ghost_requantizer ghost_scaler;

static inline ghost_scaler ghost_scaler_of(ghost_requantizer rq) { return rq; }

static inline int32_t ghost_scale(int32_t acc, const ghost_scaler *s) {
  return ghost_requantize(acc, *s);
}

#else

#define GHOST_ONE_COPY __attribute__((noinline))

/** A requantizer whose multiplier is low + 2^16 high, -2^15 <= low < 2^15, 0 <= high <= 2^15. */
typedef struct {
  int32_t shift;
  int32_t low;
  int32_t high;
} ghost_scaler;

/** x / 2^16 to the nearest, half up; no step of it overflows. */
static inline int32_t ghost_upper(int32_t x) { return ((x >> 15) + 1) >> 1; }

static inline ghost_scaler ghost_scaler_of(ghost_requantizer rq) {
  return (ghost_scaler){rq.shift, (int16_t)rq.multiplier, ghost_upper(rq.multiplier)};
}

/** As ghost_requantize, from four products of signed halves, none of which overflows. */
static inline int32_t ghost_scale(int32_t acc, const ghost_scaler *s) {
  const int32_t x = (int32_t)((uint32_t)acc << s->shift);
  const int32_t low = (int16_t)x;
  const int32_t high = ghost_upper(x);
  return high * s->high + ghost_upper(high * s->low + low * s->high + (low * s->low >> 16));
}

#endif

/** sigma of a pre-activation, as ghost_sigmoid of its 16 bits. */
static inline int32_t ghost_sigmoid_of(int32_t y) {
  return (ghost_interpolate(3 * ghost_saturate16(y)) + (16384 << 10) + 512) >> 10;
}

/**
 * 2^9 tanh of a pre-activation in Q0.15, not yet rounded. Nothing changes behind 21845, a sixth of
 * what ghost_tanh clips to: the table's last two nodes are equal.
 */
static inline int32_t ghost_tanh_512(int32_t y) {
  return ghost_interpolate(6 * ghost_clamp(y, -21845, 21845));
}

#endif
