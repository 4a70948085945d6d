/* SPDX-License-Identifier: Apache-2.0 */
/* y = max(a, b) and min(a, b), TFLite's MAXIMUM and MINIMUM. */
#include "ghost_arithmetic.h"

/** The larger value for a sign of 1, the smaller one for -1. */
static inline void extremum(const ghost_extremum_params *p, int32_t sign, const int8_t *first,
                            const int8_t *second, int8_t *y) {
  const ghost_broadcast *const b = &p->broadcast;
  for (int32_t i = 0; i < b->shape[0]; i++) {
    for (int32_t j = 0; j < b->shape[1]; j++) {
      const int8_t *one = first + i * b->first[0] + j * b->first[1];
      const int8_t *other = second + i * b->second[0] + j * b->second[1];
      for (int32_t k = 0; k < b->shape[2]; k++) {
        *y++ = sign * *one > sign * *other ? *one : *other;
        one += b->first[2];
        other += b->second[2];
      }
    }
  }
}

void ghost_maximum_s8(const ghost_extremum_params *p, const int8_t *first, const int8_t *second,
                      int8_t *y) {
  extremum(p, 1, first, second, y);
}

void ghost_minimum_s8(const ghost_extremum_params *p, const int8_t *first, const int8_t *second,
                      int8_t *y) {
  extremum(p, -1, first, second, y);
}

void ghost_maximum_constant_s8(const ghost_extremum_params *p, const int8_t *x, int8_t *y) {
  extremum(p, 1, p->constant_first ? p->constant : x, p->constant_first ? x : p->constant, y);
}

void ghost_minimum_constant_s8(const ghost_extremum_params *p, const int8_t *x, int8_t *y) {
  extremum(p, -1, p->constant_first ? p->constant : x, p->constant_first ? x : p->constant, y);
}
