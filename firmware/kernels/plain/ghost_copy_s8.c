/* SPDX-License-Identifier: Apache-2.0 */
#include "ghost_nn.h"

void ghost_copy_s8(const ghost_copy_params *p, const int8_t *x, int8_t *y) {
  const int32_t *const n = p->shape, *const from = p->from_strides, *const to = p->to_strides;
  for (int32_t i = 0; i < n[0]; i++) {
    for (int32_t j = 0; j < n[1]; j++) {
      for (int32_t k = 0; k < n[2]; k++) {
        for (int32_t l = 0; l < n[3]; l++) {
          const int8_t *source =
              x + p->from + i * from[0] + j * from[1] + k * from[2] + l * from[3];
          int8_t *target = y + p->to + i * to[0] + j * to[1] + k * to[2] + l * to[3];
          for (int32_t m = 0; m < n[4]; m++) {
            *target = *source;
            source += from[4];
            target += to[4];
          }
        }
      }
    }
  }
}
