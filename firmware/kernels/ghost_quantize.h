/* SPDX-License-Identifier: Apache-2.0 */
/** @file Real numbers to int8 and back, for both ends of a network.
 *
 * A byte q stands for (q - zero_point) * scale. Rounding is to the nearest, halves away from zero;
 * what is out of range saturates. The functions of fixed point need no FPU and no division: the
 * scale is mantissa * 2^exponent, 2^23 <= mantissa < 2^24, as its float32 has it.
 */
#ifndef GHOST_QUANTIZE_H
#define GHOST_QUANTIZE_H

#include <stdint.h>

static inline int8_t ghost_to_int8(int32_t value) {
  return (int8_t)(value < -128 ? -128 : value > 127 ? 127 : value);
}

/** A float to int8; what is not a number counts as 0. */
static inline int8_t ghost_quantize(float value, float scale, int32_t zero_point) {
  const float steps = value / scale;
  if (steps != steps) return (int8_t)zero_point;
  if (steps >= 256.0f) return 127; /* the zero point is -128 at least, and 127 at most */
  if (steps <= -256.0f) return -128;
  int32_t whole = (int32_t)steps;          /* towards zero */
  const float rest = steps - (float)whole; /* exact */
  if (rest >= 0.5f) whole++;
  if (rest <= -0.5f) whole--;
  return ghost_to_int8(whole + zero_point);
}

static inline float ghost_dequantize(int8_t value, float scale, int32_t zero_point) {
  return (float)(value - zero_point) * scale;
}

/** magnitude / (mantissa * 2^shift) to int8, as if computed without end: by long division. */
static inline int8_t ghost_divide(int32_t negative, uint64_t magnitude, uint32_t mantissa,
                                  int32_t shift, int32_t zero_point) {
  if (magnitude == 0) return (int8_t)zero_point;
  uint64_t scale = mantissa;
  /* Bits that go here decide nothing: the scale becomes a multiple of them, or saturates it all. */
  for (; magnitude >= 1ull << 34; shift--) magnitude >>= 1;
  /* 2^33 is 512 mantissas, 2^35 twice any magnitude: further steps change nothing. */
  for (; shift < 0 && magnitude < 1ull << 33; shift++) magnitude <<= 1;
  for (; shift > 0 && scale <= 1ull << 35; shift--) scale <<= 1;
  uint64_t rest = 2u * magnitude + scale; /* a half more, in halves */
  int32_t steps = 0;
  for (uint64_t divisor = scale << 9; divisor >= 2u * scale; divisor >>= 1) { /* nine bits do */
    steps <<= 1;
    if (rest < divisor) continue;
    rest -= divisor;
    steps |= 1;
  }
  return ghost_to_int8((negative ? -steps : steps) + zero_point);
}

/** value / 2^fraction to int8. */
static inline int8_t ghost_quantize_fixed(int32_t value, uint32_t fraction, uint32_t mantissa,
                                          int32_t exponent, int32_t zero_point) {
  const uint32_t magnitude = value < 0 ? 0u - (uint32_t)value : (uint32_t)value;
  return ghost_divide(value < 0, magnitude, mantissa, exponent + (int32_t)fraction, zero_point);
}

/** A float32 that is no less than 2^-126 as mantissa * 2^exponent; a smaller one is 0. */
static inline int32_t ghost_mantissa(float value, int32_t *exponent) {
  uint32_t bits;
  __builtin_memcpy(&bits, &value, sizeof bits);
  const int32_t power = (int32_t)(bits >> 23 & 255u);
  const int32_t mantissa = (int32_t)((bits & 0x7fffffu) | 0x800000u);
  *exponent = power - 150;
  return power == 0 ? 0 : bits >> 31 ? -mantissa : mantissa;
}

/** value / 2^fraction, as far as it is above an offset, to int8; takes the floats' bits only. */
static inline int8_t ghost_quantize_fixed_above(int32_t value, uint32_t fraction, float offset,
                                                float scale, int32_t zero_point) {
  const int64_t most = 1ll << 61;
  int32_t unit = -(int32_t)fraction, other, exponent;
  int64_t above = value, below = ghost_mantissa(offset, &other);
  const uint32_t mantissa = (uint32_t)ghost_mantissa(scale, &exponent);
  /* Both in the smaller unit; what 2^61 of the other's do not hold is nothing beside them. */
  for (; other > unit && -most < below && below < most; other--) below *= 2;
  for (; unit > other && -most < above && above < most; unit--) above *= 2;
  if (other > unit) above = 0;
  if (unit > other) below = 0;
  if (other > unit) unit = other;
  const int64_t rest = above - below; /* less than 2^63 */
  return ghost_divide(rest < 0, (uint64_t)(rest < 0 ? -rest : rest), mantissa, exponent - unit,
                      zero_point);
}

/** int8 to a real number times 2^fraction. */
static inline int32_t ghost_dequantize_fixed(int8_t value, uint32_t fraction, uint32_t mantissa,
                                             int32_t exponent, int32_t zero_point) {
  const int32_t steps = value - zero_point;
  uint64_t product = (uint64_t)(uint32_t)(steps < 0 ? -steps : steps) * mantissa; /* 32 bits */
  int32_t shift = exponent + (int32_t)fraction;
  for (; shift > 0 && product < 1ull << 32; shift--) product <<= 1;
  if (shift < -33) shift = -33; /* 0 either way */
  if (shift < 0) product = (product + (1ull << (-shift - 1))) >> -shift;
  if (steps < 0) return product > INT32_MAX ? INT32_MIN : -(int32_t)product;
  return product > INT32_MAX ? INT32_MAX : (int32_t)product;
}

#endif
