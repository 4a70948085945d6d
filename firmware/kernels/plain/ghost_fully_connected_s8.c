/* SPDX-License-Identifier: Apache-2.0 */
/* y = clamp((W x + b) * scale + zero point), TFLite's FULLY_CONNECTED. */
#include "ghost_arithmetic.h"

void ghost_fully_connected_s8(const ghost_fully_connected_params *p, const int8_t *x, int8_t *y) {
  const int8_t *w = p->weights;
  for (int32_t row = 0; row < p->outputs; row++) {
    int32_t acc = p->bias[row];
    for (int32_t i = 0; i < p->inputs; i++) {
      acc += *w++ * x[i];
    }
    const int32_t pair = p->per_output ? row : 0;
    const int32_t value = ghost_rescale(acc, p->multipliers[pair], p->shifts[pair]);
    y[row] = (int8_t)ghost_clamp(value + p->output_zero_point, p->minimum, p->maximum);
  }
}
