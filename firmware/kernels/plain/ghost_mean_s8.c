/* SPDX-License-Identifier: Apache-2.0 */
/* y = clamp((sum of x - zero point) * scale + zero point), TFLite's MEAN and SUM. */
#include "ghost_arithmetic.h"

void ghost_mean_s8(const ghost_mean_params *p, const int8_t *x, int8_t *y) {
  for (int32_t i = 0; i < p->before; i++) {
    for (int32_t k = 0; k < p->behind; k++) {
      const int8_t *value = x + i * p->along * p->behind + k;
      int32_t acc = -p->offset;
      for (int32_t j = 0; j < p->along; j++) {
        acc += *value;
        value += p->behind;
      }
      const int32_t scaled = ghost_rescale(acc, p->scaling.multiplier, p->scaling.shift);
      *y++ = (int8_t)ghost_clamp(scaled + p->output_zero_point, -128, 127);
    }
  }
}
