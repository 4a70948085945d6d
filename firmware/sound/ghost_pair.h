/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file Complex numbers of two 16-bit halves in one word: the real part is the low half. Sums wrap.
 *
 * Rounded is (x + 2^14) >> 15, and of that the low 16 bits. With DSP instructions a product is
 * rounded by the sum it is added to, and PKHTB takes the half of one result and joins another's.
 */
#ifndef GHOST_PAIR_H
#define GHOST_PAIR_H

#include <stdint.h>

typedef uint32_t ghost_pair;

static inline ghost_pair ghost_pair_of(int32_t real, int32_t imaginary) {
  return ((uint32_t)real & 0xFFFFU) | ((uint32_t)imaginary << 16);
}

static inline int32_t ghost_real(ghost_pair x) { return (int16_t)(x & 0xFFFFU); }

static inline int32_t ghost_imaginary(ghost_pair x) { return (int32_t)x >> 16; }

#ifdef __ARM_FEATURE_DSP

/* Not volatile: the compiler may move, merge or drop them like any other arithmetic. */

#define GHOST_PAIR_OPERATION(name, instruction)                  \
  static inline ghost_pair name(ghost_pair a, ghost_pair b) {    \
    ghost_pair y;                                                \
    __asm(instruction " %0, %1, %2" : "=r"(y) : "r"(a), "r"(b)); \
    return y;                                                    \
  }

GHOST_PAIR_OPERATION(ghost_add, "sadd16")
GHOST_PAIR_OPERATION(ghost_subtract, "ssub16")
GHOST_PAIR_OPERATION(ghost_add_i, "sasx")              /* a + i b */
GHOST_PAIR_OPERATION(ghost_subtract_i, "ssax")         /* a - i b */
GHOST_PAIR_OPERATION(ghost_half_sum, "shadd16")        /* (a + b) / 2, rounded down */
GHOST_PAIR_OPERATION(ghost_half_difference, "shsub16") /* (a - b) / 2, rounded down */

/** a.low * b.low + a.high * b.high, modulo 2^32. */
static inline uint32_t ghost_dot(ghost_pair a, ghost_pair b) {
  uint32_t y;
  __asm("smuad %0, %1, %2" : "=r"(y) : "r"(a), "r"(b));
  return y;
}

/** Two samples, which need not lie at a whole word. */
static inline ghost_pair ghost_load(const int16_t *x) {
  ghost_pair y;
  __builtin_memcpy(&y, x, sizeof y);
  return y;
}

/** The magnitudes of both halves; that of -32768 is 0x8000. */
static inline ghost_pair ghost_magnitudes(ghost_pair x) {
  ghost_pair y;
  __asm("ssub16 %0, %1, %2\n sel %0, %0, %2" : "=&r"(y) : "r"(0), "r"(x));
  return y;
}

/** x * factor / 2^15, rounded, of both halves; 0 <= factor <= 2^14. */
static inline ghost_pair ghost_scale(ghost_pair x, int32_t factor) {
  /* Twice the factor, so that the results are upper halves: 2^31 is not reached. */
  int32_t real, imaginary;
  ghost_pair y;
  __asm("smlabb %0, %1, %2, %3" : "=r"(real) : "r"(x), "r"(2 * factor), "r"(1 << 15));
  __asm("smlatb %0, %1, %2, %3" : "=r"(imaginary) : "r"(x), "r"(2 * factor), "r"(1 << 15));
  __asm("pkhtb %0, %1, %2, asr #16" : "=r"(y) : "r"(imaginary), "r"(real));
  return y;
}

/** x * w / 2^15, rounded; the halves of w are at least -32767, so that no sum overflows. */
static inline ghost_pair ghost_turn(ghost_pair x, ghost_pair w) {
  int32_t real, imaginary;
  ghost_pair y;
  __asm("smlsd %0, %1, %2, %3" : "=r"(real) : "r"(x), "r"(w), "r"(1 << 14));
  __asm("smladx %0, %1, %2, %3" : "=r"(imaginary) : "r"(x), "r"(w), "r"(1 << 14));
  imaginary = (int32_t)((uint32_t)imaginary << 1);
  __asm("pkhtb %0, %1, %2, asr #15" : "=r"(y) : "r"(imaginary), "r"(real));
  return y;
}

#else

static inline ghost_pair ghost_add(ghost_pair a, ghost_pair b) {
  return ghost_pair_of(ghost_real(a) + ghost_real(b), ghost_imaginary(a) + ghost_imaginary(b));
}

static inline ghost_pair ghost_subtract(ghost_pair a, ghost_pair b) {
  return ghost_pair_of(ghost_real(a) - ghost_real(b), ghost_imaginary(a) - ghost_imaginary(b));
}

/** a + i b. */
static inline ghost_pair ghost_add_i(ghost_pair a, ghost_pair b) {
  return ghost_pair_of(ghost_real(a) - ghost_imaginary(b), ghost_imaginary(a) + ghost_real(b));
}

/** a - i b. */
static inline ghost_pair ghost_subtract_i(ghost_pair a, ghost_pair b) {
  return ghost_pair_of(ghost_real(a) + ghost_imaginary(b), ghost_imaginary(a) - ghost_real(b));
}

/** (a + b) / 2, rounded down. */
static inline ghost_pair ghost_half_sum(ghost_pair a, ghost_pair b) {
  return ghost_pair_of((ghost_real(a) + ghost_real(b)) >> 1,
                       (ghost_imaginary(a) + ghost_imaginary(b)) >> 1);
}

/** (a - b) / 2, rounded down. */
static inline ghost_pair ghost_half_difference(ghost_pair a, ghost_pair b) {
  return ghost_pair_of((ghost_real(a) - ghost_real(b)) >> 1,
                       (ghost_imaginary(a) - ghost_imaginary(b)) >> 1);
}

/** a.low * b.low + a.high * b.high, modulo 2^32. */
static inline uint32_t ghost_dot(ghost_pair a, ghost_pair b) {
  return (uint32_t)(ghost_real(a) * ghost_real(b)) +
         (uint32_t)(ghost_imaginary(a) * ghost_imaginary(b));
}

/** Two samples, which need not lie at a whole word. */
static inline ghost_pair ghost_load(const int16_t *x) { return ghost_pair_of(x[0], x[1]); }

/** The magnitudes of both halves; that of -32768 is 0x8000. */
static inline ghost_pair ghost_magnitudes(ghost_pair x) {
  const int32_t real = ghost_real(x), imaginary = ghost_imaginary(x);
  return ghost_pair_of(real < 0 ? -real : real, imaginary < 0 ? -imaginary : imaginary);
}

static inline int32_t ghost_round15(int32_t x) { return (x + (1 << 14)) >> 15; }

/** x * factor / 2^15, rounded, of both halves; 0 <= factor <= 2^14. */
static inline ghost_pair ghost_scale(ghost_pair x, int32_t factor) {
  return ghost_pair_of(ghost_round15(ghost_real(x) * factor),
                       ghost_round15(ghost_imaginary(x) * factor));
}

/** x * w / 2^15, rounded; the halves of w are at least -32767, so that no sum overflows. */
static inline ghost_pair ghost_turn(ghost_pair x, ghost_pair w) {
  const int32_t real = ghost_real(x), imaginary = ghost_imaginary(x);
  const int32_t c = ghost_real(w), s = ghost_imaginary(w);
  return ghost_pair_of(ghost_round15(real * c - imaginary * s),
                       ghost_round15(real * s + imaginary * c));
}

#endif

/** The real part of one, the imaginary part of another. */
static inline ghost_pair ghost_parts(ghost_pair real, ghost_pair imaginary) {
  return (real & 0xFFFFU) | (imaginary & 0xFFFF0000U);
}

#endif
