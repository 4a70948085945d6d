/* SPDX-License-Identifier: Apache-2.0 */
/** @file Complex numbers of two words, and products of words with halves. */
#ifndef GHOST_COMPLEX_H
#define GHOST_COMPLEX_H

#include <stdint.h>

#include "ghost_pair.h"

typedef struct {
  int32_t real;
  int32_t imaginary;
} ghost_complex;

#ifdef __ARM_FEATURE_DSP

/** x * the low half of w / 2^16, rounded down. */
static inline int32_t ghost_times_low(int32_t x, ghost_pair w) {
  int32_t y;
  __asm("smulwb %0, %1, %2" : "=r"(y) : "r"(x), "r"(w));
  return y;
}

/** x * the high half of w / 2^16, rounded down. */
static inline int32_t ghost_times_high(int32_t x, ghost_pair w) {
  int32_t y;
  __asm("smulwt %0, %1, %2" : "=r"(y) : "r"(x), "r"(w));
  return y;
}

#else

static inline int32_t ghost_times(int32_t x, int32_t factor) {
  return (x >> 16) * factor + (((int32_t)((uint32_t)x & 0xFFFFU) * factor) >> 16);
}

static inline int32_t ghost_times_low(int32_t x, ghost_pair w) {
  return ghost_times(x, ghost_real(w));
}

static inline int32_t ghost_times_high(int32_t x, ghost_pair w) {
  return ghost_times(x, ghost_imaginary(w));
}

#endif

#endif
