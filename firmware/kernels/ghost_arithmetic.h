/* SPDX-License-Identifier: Apache-2.0 */
/** @file Scalar fixed-point steps shared by the kernels. */
#ifndef GHOST_ARITHMETIC_H
#define GHOST_ARITHMETIC_H

#include <stdint.h>

#include "ghost_nn.h"

/** sigma(i / 24) - 1/2 in Q0.16, i = 0 … 256. */
extern const uint16_t ghost_sigmoid_table[257];

/** The same, raised so that straight lines between its numbers err as far up as down. */
extern const uint16_t ghost_even_sigmoid_table[256];

static inline int32_t ghost_clamp(int32_t x, int32_t low, int32_t high) {
  return x < low ? low : x > high ? high : x;
}

static inline int32_t ghost_saturate16(int32_t x) { return ghost_clamp(x, -32768, 32767); }

static inline int32_t ghost_requantize(int32_t acc, ghost_requantizer rq) {
  /* The shift cannot overflow: the reader checked the largest row. */
  const int32_t shifted = (int32_t)((uint32_t)acc << rq.shift);
  return (int32_t)(((int64_t)shifted * rq.multiplier + 0x80000000LL) >> 32);
}

/** sigma(u / 12288) - 1/2 in Q0.25, odd in u; |u| < 2^17. */
static inline int32_t ghost_interpolate(int32_t u) {
  const int32_t magnitude = u < 0 ? -u : u;
  const uint16_t *const node = &ghost_sigmoid_table[magnitude >> 9];
  const int32_t fraction = magnitude & 511;
  const int32_t value = node[0] * 512 + fraction * (node[1] - node[0]);
  return u < 0 ? -value : value;
}

/** sigma of Q3.12 as Q0.15 in [0, 32768]. */
static inline int32_t ghost_sigmoid(int32_t x) {
  return 16384 + ((ghost_interpolate(3 * x) + 512) >> 10);
}

/** A line of a slope below 2^15, Q0.16, through 1/2, of Q3.12 in 16 bits as Q0.15 in [0, 32768]. */
static inline int32_t ghost_hard_sigmoid(int32_t x, int32_t slope) {
  return ghost_clamp(16384 + ((x * slope + (1 << 12)) >> 13), 0, 32768);
}

/** tanh of Q3.12 as Q0.15: 2 sigma(2x) - 1. */
static inline int32_t ghost_tanh(int32_t x) {
  return (ghost_interpolate(ghost_clamp(6 * x, -131071, 131071)) + 256) >> 9;
}

/** Q0.15 to the Q0.7 that products see. */
static inline int8_t ghost_to_state(int32_t x) {
  return (int8_t)ghost_clamp((x + 128) >> 8, -128, 127);
}

/** The product of two Q0.15 as the Q0.7 that products see, rounded once. */
static inline int8_t ghost_product_to_state(int32_t a, int32_t b) {
  return (int8_t)ghost_clamp((a * b + (1 << 22)) >> 23, -128, 127);
}

/**
 * a * b / 2^31, rounded half up; a and b are never both -2^31. TFLite adds 1 - 2^30 to a negative
 * product and divides towards zero: ceil((p + 1 - 2^30) / 2^31) is floor((p + 2^30) / 2^31).
 */
static inline int32_t ghost_doubling_high_multiply(int32_t a, int32_t b) {
  return (int32_t)(((int64_t)a * b + (1LL << 30)) >> 31);
}

/** x / 2^exponent, rounded half away from zero. */
static inline int32_t ghost_divide_by_power_of_two(int32_t x, int32_t exponent) {
  const int32_t mask = (int32_t)((1U << exponent) - 1U);
  const int32_t threshold = (mask >> 1) + (x < 0 ? 1 : 0);
  return (x >> exponent) + ((x & mask) > threshold ? 1 : 0);
}

/** Multiply by multiplier * 2^(shift - 31), rounding in the product and again in the shift. */
static inline int32_t ghost_rescale(int32_t acc, int32_t multiplier, int32_t shift) {
  const int32_t left = shift > 0 ? shift : 0;
  const int32_t shifted = (int32_t)((uint32_t)acc << left);
  const int32_t product = ghost_doubling_high_multiply(shifted, multiplier);
  return ghost_divide_by_power_of_two(product, left - shift);
}

#endif
