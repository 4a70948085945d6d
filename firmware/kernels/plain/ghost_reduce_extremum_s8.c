/* SPDX-License-Identifier: Apache-2.0 */
#include "ghost_nn.h"

/** The largest value for a sign of 1, the smallest one for -1. */
static inline void extremum(int32_t sign, int32_t before, int32_t along, int32_t behind,
                            const int8_t *x, int8_t *y) {
  for (int32_t i = 0; i < before; i++) {
    for (int32_t k = 0; k < behind; k++) {
      const int8_t *const values = x + i * along * behind + k;
      int8_t found = values[0];
      for (int32_t j = 1; j < along; j++) {
        found = sign * values[j * behind] > sign * found ? values[j * behind] : found;
      }
      *y++ = found;
    }
  }
}

void ghost_reduce_max_s8(int32_t before, int32_t along, int32_t behind, const int8_t *x,
                         int8_t *y) {
  extremum(1, before, along, behind, x, y);
}

void ghost_reduce_min_s8(int32_t before, int32_t along, int32_t behind, const int8_t *x,
                         int8_t *y) {
  extremum(-1, before, along, behind, x, y);
}
