/* SPDX-License-Identifier: Apache-2.0 */
/*
 * y = gamma * (x - mean) / sqrt(variance + epsilon) + beta, over n values.
 *
 * d = n q - sum(q) is n times, W = 64 (n sum(q^2) - sum(q)^2) + E is 64 n^2 times what it stands
 * for, so that (x - mean) / sqrt(…) is 8 d / sqrt(W): nothing is divided by n, both are exact.
 */
#include "ghost_arithmetic.h"

#define NORMAL_BITS 12
#define GUARD_BITS 6

/** The square root, rounded down; of 2^30 or more it is at least 2^15. */
static uint32_t root(uint32_t x) {
  uint32_t found = 0;
  for (uint32_t bit = 1U << 15; bit > 0; bit >>= 1) {
    const uint32_t more = found | bit;
    if (more * more <= x) found = more; /* more < 2^16 */
  }
  return found;
}

void ghost_layer_norm_s8(const ghost_layer_norm_params *p, const int8_t *x, int8_t *y) {
  int32_t sum = 0;
  int64_t squares = 0;
  for (int32_t i = 0; i < p->size; i++) {
    sum += x[i];
    squares += x[i] * x[i];
  }
  /* n < 2^16: n * squares and sum^2 are below 2^46. */
  int64_t w = (p->size * squares - (int64_t)sum * sum) * (1 << GUARD_BITS) + p->epsilon;
  int32_t shift = 31 - NORMAL_BITS - GUARD_BITS / 2;
  for (w = w > 0 ? w : 1; w > UINT32_MAX; w >>= 2) shift++;
  for (; w < 1LL << 30; w <<= 2) shift--; /* at most 15 times */
  const uint32_t divisor = root((uint32_t)w);
  const int32_t inverse = (int32_t)(((1U << 31) + divisor / 2) / divisor);
  for (int32_t i = 0; i < p->size; i++) {
    const int64_t centred = (int64_t)(p->size * x[i] - sum) * inverse; /* below 2^25 * 2^16 */
    const int64_t normal = (centred + (1LL << (shift - 1))) >> shift;
    const int64_t acc = p->gamma[i] * normal + p->beta[i];
    const int64_t value =
        (acc + (1LL << (p->fraction + NORMAL_BITS - 1))) >> (p->fraction + NORMAL_BITS);
    y[i] = (int8_t)(value < -128 ? -128 : value > 127 ? 127 : value);
  }
}
