/* SPDX-License-Identifier: Apache-2.0 */
/** @file The DSP extension's instructions that compilers do not find by themselves. */
#ifndef GHOST_DSP_H
#define GHOST_DSP_H

#include <stdbool.h>

#include "ghost_arithmetic.h"

/** Two halves of 16 bits as one word. */
static inline uint32_t ghost_join(int32_t low, int32_t high) {
  return ((uint32_t)low & 0xFFFFU) | ((uint32_t)high << 16);
}

/** Four bytes, which need not be aligned. */
static inline uint32_t ghost_load_four(const int8_t *from) {
  uint32_t x;
  __builtin_memcpy(&x, from, 4);
  return x;
}

static inline void ghost_store_four(int8_t *to, uint32_t x) { __builtin_memcpy(to, &x, 4); }

/** A byte, four times. */
static inline uint32_t ghost_four_bytes(int32_t x) { return 0x01010101U * (uint8_t)x; }

#ifdef __ARM_FEATURE_DSP

/* Not volatile: the compiler may move, merge or drop them like any other arithmetic. */

/** (a * b + 2^31) >> 32. */
static inline int32_t ghost_multiply_high(int32_t a, int32_t b) {
  int32_t y;
  __asm("smmulr %0, %1, %2" : "=r"(y) : "r"(a), "r"(b));
  return y;
}

/** sum + a.low * b.low + a.high * b.high, modulo 2^32. */
static inline int32_t ghost_multiply_add_halves(uint32_t a, uint32_t b, int32_t sum) {
  int32_t y;
  __asm("smlad %0, %1, %2, %3" : "=r"(y) : "r"(a), "r"(b), "r"(sum));
  return y;
}

/** Bytes 0 and 2, sign extended to halves. */
static inline uint32_t ghost_even_bytes(uint32_t x) {
  uint32_t y;
  __asm("sxtb16 %0, %1" : "=r"(y) : "r"(x));
  return y;
}

/** Bytes 1 and 3, sign extended to halves. */
static inline uint32_t ghost_odd_bytes(uint32_t x) {
  uint32_t y;
  __asm("sxtb16 %0, %1, ror #8" : "=r"(y) : "r"(x));
  return y;
}

/** The nearest value of 8, 16 or 18 bits. */
static inline int32_t ghost_saturated8(int32_t x) {
  int32_t y;
  __asm("ssat %0, #8, %1" : "=r"(y) : "r"(x));
  return y;
}

static inline int32_t ghost_saturated16(int32_t x) {
  int32_t y;
  __asm("ssat %0, #16, %1" : "=r"(y) : "r"(x));
  return y;
}

static inline int32_t ghost_saturated18(int32_t x) {
  int32_t y;
  __asm("ssat %0, #18, %1" : "=r"(y) : "r"(x));
  return y;
}

/** The low halves of both. */
static inline uint32_t ghost_low_halves(uint32_t a, uint32_t b) {
  uint32_t y;
  __asm("pkhbt %0, %1, %2, lsl #16" : "=r"(y) : "r"(a), "r"(b));
  return y;
}

/** The high halves of both. */
static inline uint32_t ghost_high_halves(uint32_t a, uint32_t b) {
  uint32_t y;
  __asm("pkhtb %0, %1, %2, asr #16" : "=r"(y) : "r"(b), "r"(a));
  return y;
}

/** Halves of sums with bytes 0 and 2 added. */
static inline uint32_t ghost_add_even_bytes(uint32_t sums, uint32_t x) {
  uint32_t y;
  __asm("sxtab16 %0, %1, %2" : "=r"(y) : "r"(sums), "r"(x));
  return y;
}

/** Halves of sums with bytes 1 and 3 added. */
static inline uint32_t ghost_add_odd_bytes(uint32_t sums, uint32_t x) {
  uint32_t y;
  __asm("sxtab16 %0, %1, %2, ror #8" : "=r"(y) : "r"(sums), "r"(x));
  return y;
}

/** The larger of each two signed bytes. */
static inline uint32_t ghost_larger_bytes(uint32_t a, uint32_t b) {
  uint32_t difference;
  __asm("ssub8 %0, %1, %2\n\tsel %1, %1, %2" : "=&r"(difference), "+r"(a) : "r"(b) : "cc");
  return a;
}

/** The smaller of each two signed bytes. */
static inline uint32_t ghost_smaller_bytes(uint32_t a, uint32_t b) {
  uint32_t difference;
  __asm("ssub8 %0, %1, %2\n\tsel %1, %2, %1" : "=&r"(difference), "+r"(a) : "r"(b) : "cc");
  return a;
}

/** x with its bits 16 to 24 from bits 0 to 8 of y. */
static inline uint32_t ghost_insert_fraction(uint32_t x, int32_t y) {
  __asm("bfi %0, %1, #16, #9" : "+r"(x) : "r"(y));
  return x;
}

#else

static inline int32_t ghost_saturated8(int32_t x) { return ghost_clamp(x, -128, 127); }

static inline int32_t ghost_saturated16(int32_t x) { return ghost_saturate16(x); }

static inline int32_t ghost_saturated18(int32_t x) { return ghost_clamp(x, -131072, 131071); }

static inline int32_t ghost_half(uint32_t x, int32_t at) { return (int16_t)(x >> at & 0xFFFFU); }

static inline int32_t ghost_multiply_high(int32_t a, int32_t b) {
  return (int32_t)(((int64_t)a * b + 0x80000000LL) >> 32);
}

static inline int32_t ghost_multiply_add_halves(uint32_t a, uint32_t b, int32_t sum) {
  const int32_t low = ghost_half(a, 0) * ghost_half(b, 0);
  const int32_t high = ghost_half(a, 16) * ghost_half(b, 16);
  return (int32_t)((uint32_t)sum + (uint32_t)low + (uint32_t)high);
}

static inline uint32_t ghost_even_bytes(uint32_t x) {
  return ghost_join((int8_t)(x & 0xFFU), (int8_t)(x >> 16 & 0xFFU));
}

static inline uint32_t ghost_odd_bytes(uint32_t x) { return ghost_even_bytes(x >> 8); }

static inline uint32_t ghost_low_halves(uint32_t a, uint32_t b) { return (a & 0xFFFFU) | b << 16; }

static inline uint32_t ghost_high_halves(uint32_t a, uint32_t b) {
  return a >> 16 | (b & 0xFFFF0000U);
}

static inline uint32_t ghost_add_even_bytes(uint32_t sums, uint32_t x) {
  const uint32_t more = ghost_even_bytes(x);
  return ((sums + more) & 0xFFFFU) | ((sums & 0xFFFF0000U) + (more & 0xFFFF0000U));
}

static inline uint32_t ghost_add_odd_bytes(uint32_t sums, uint32_t x) {
  return ghost_add_even_bytes(sums, x >> 8);
}

static inline uint32_t ghost_larger_bytes(uint32_t a, uint32_t b) {
  uint32_t y = 0;
  for (uint32_t i = 0; i < 32; i += 8) {
    const bool first = (int8_t)(a >> i & 0xFFU) > (int8_t)(b >> i & 0xFFU);
    y |= (first ? a : b) & 0xFFU << i;
  }
  return y;
}

static inline uint32_t ghost_smaller_bytes(uint32_t a, uint32_t b) {
  return ~ghost_larger_bytes(~a, ~b);
}

static inline uint32_t ghost_insert_fraction(uint32_t x, int32_t y) {
  return (x & ~(511U << 16)) | ((uint32_t)y & 511U) << 16;
}

#endif

#endif
