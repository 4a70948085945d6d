/* SPDX-License-Identifier: Apache-2.0 */
/* y = exp(x - max) / sum(exp(x - max)), TFLite's SOFTMAX: sum in Q12.19, reciprocal by Newton. */
#include "ghost_arithmetic.h"

#define SUM_INTEGER_BITS 12

static int32_t saturating_shift_left(int32_t x, int32_t bits) {
  const int32_t limit = INT32_MAX >> bits;
  return x > limit ? INT32_MAX : x < -limit - 1 ? INT32_MIN : (int32_t)((uint32_t)x << bits);
}

/** 1 / (1 + a) for a in [0, 1), both Q0.31; three Newton steps in Q2.29. */
static int32_t one_over_one_plus(int32_t a) {
  const int32_t half = (int32_t)(((int64_t)a + INT32_MAX + 1) >> 1);
  int32_t x = 1515870810 + ghost_doubling_high_multiply(half, -1010580540); /* 48/17 - 32/17 h */
  for (int32_t i = 0; i < 3; i++) {
    const int32_t error = (1 << 29) - ghost_doubling_high_multiply(half, x);
    x += saturating_shift_left(ghost_doubling_high_multiply(x, error), 2);
  }
  return saturating_shift_left(x, 1);
}

/** x / 2^(bits + 1), rounded half up, of x >= 0. */
static int32_t halves(int32_t x, int32_t bits) { return ((x >> bits) + 1) >> 1; }

void ghost_softmax_s8(const ghost_softmax_params *p, const int8_t *x, int8_t *y) {
  int32_t largest = x[0];
  for (int32_t i = 1; i < p->size; i++) {
    largest = x[i] > largest ? x[i] : largest;
  }
  int32_t sum = 0;
  for (int32_t i = 0; i < p->size; i++) {
    const int32_t below = largest - x[i];
    if (below < p->rows) {
      sum += halves(p->exps[below], SUM_INTEGER_BITS - 1);
    }
  }
  const int32_t headroom = __builtin_clz((uint32_t)sum);
  const int32_t scale = one_over_one_plus((int32_t)(((uint32_t)sum << headroom) - 0x80000000U));
  const int32_t bits = SUM_INTEGER_BITS - headroom + 31 - 8 - 1;
  const int32_t shift = bits < 31 ? bits : 31; /* of 1024 equal values, each is 0 */
  for (int32_t i = 0; i < p->size; i++) {
    const int32_t below = largest - x[i];
    int32_t value = -128;
    if (below < p->rows) {
      const int32_t share = halves(ghost_doubling_high_multiply(p->exps[below], scale), shift);
      value = share > 255 ? 127 : share - 128;
    }
    y[i] = (int8_t)value;
  }
}
