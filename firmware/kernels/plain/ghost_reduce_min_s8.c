/* SPDX-License-Identifier: Apache-2.0 */
#include "ghost_nn.h"

void ghost_reduce_min_s8(int32_t before, int32_t along, int32_t behind, const int8_t *x,
                         int8_t *y) {
  for (int32_t i = 0; i < before; i++) {
    for (int32_t k = 0; k < behind; k++) {
      const int8_t *const values = x + i * along * behind + k;
      int8_t found = values[0];
      for (int32_t j = 1; j < along; j++) {
        found = values[j * behind] < found ? values[j * behind] : found;
      }
      *y++ = found;
    }
  }
}
