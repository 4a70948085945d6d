/* SPDX-License-Identifier: Apache-2.0 */
/* y = x * scale where x is positive, x * alpha * scale where not, TFLite's PRELU. */
#include "ghost_arithmetic.h"

void ghost_prelu_s8(const ghost_prelu_params *p, const int8_t *x, int8_t *y) {
  int32_t place = 0; /* in the row */
  for (int32_t i = 0; i < p->size; i++) {
    int32_t value = x[i] - p->input_zero_point;
    if (value >= 0) {
      value = ghost_rescale(value, p->positive.multiplier, p->positive.shift);
    } else {
      value *= p->alpha[place] - p->alpha_zero_point;
      value = ghost_rescale(value, p->negative.multiplier, p->negative.shift);
    }
    y[i] = (int8_t)ghost_clamp(value + p->output_zero_point, -128, 127);
    place = place + 1 < p->row ? place + 1 : 0;
  }
}
