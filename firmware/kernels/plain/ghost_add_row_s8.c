/* SPDX-License-Identifier: Apache-2.0 */
#include "ghost_arithmetic.h"

/** x * weight / 2^8, rounded down, in 32 bits: the weight's lower byte and the rest. */
static inline int32_t weighted(int32_t x, int32_t weight) {
  return x * (weight >> 8) + ((x * (weight & 255)) >> 8);
}

/** The whole part of a sum, as int8. */
static inline int8_t rounded(int32_t sum) {
#if defined(__ARM_FEATURE_SAT)
  __asm("ssat %0, #8, %0, asr #20" : "+r"(sum));
  return (int8_t)sum;
#else
  return (int8_t)ghost_clamp(sum >> 20, -128, 127);
#endif
}

static inline void add(const ghost_weighted_sum *w, const int8_t *first, const int8_t *second,
                       int8_t *y, int32_t count, bool away) {
  const int32_t one = w->first, other = w->second, added = w->added, then_added = w->then_added;
#pragma GCC unroll 4
  for (int32_t i = 0; i < count; i++) {
    int32_t sum = added + weighted(first[i], one) + weighted(second[i], other);
    if (away) sum += (sum >> 31) + then_added;
    y[i] = rounded(sum);
  }
}

void ghost_add_row_s8(const ghost_weighted_sum *w, const int8_t *first, const int8_t *second,
                      int8_t *y, int32_t count) {
  if (w->away) {
    add(w, first, second, y, count, true);
  } else {
    add(w, first, second, y, count, false);
  }
}
