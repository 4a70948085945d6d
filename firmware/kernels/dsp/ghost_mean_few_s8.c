/* SPDX-License-Identifier: Apache-2.0 */
/*
 * y = clamp((sum of x - zero point) * scale + zero point), TFLite's MEAN and SUM, four sums at a
 * time; the last four may overlap others.
 */
#include "ghost_arithmetic.h"
#include "ghost_sums.h"

void ghost_mean_few_s8(const ghost_mean_params *p, const int8_t *x, int8_t *y) {
  for (int32_t i = 0; i < p->before; i++, x += p->along * p->behind, y += p->behind) {
    for (int32_t k = 0; k < p->behind; k += 4) {
      k = k > p->behind - 4 ? p->behind - 4 : k;
      const ghost_sums sums = ghost_add_up((ghost_sums){0, 0}, x + k, p->along, p->behind);
      for (int32_t j = 0; j < 4; j++) {
        const int32_t sum = ghost_sum(sums, j) - p->offset;
        const int32_t value = ghost_rescale(sum, p->scaling.multiplier, p->scaling.shift);
        y[k + j] = (int8_t)ghost_clamp(value + p->output_zero_point, -128, 127);
      }
    }
  }
}
