/* SPDX-License-Identifier: Apache-2.0 */
/* y = clamp((W x + b) * scale + zero point), TFLite's FULLY_CONNECTED. */
#include "ghost_arithmetic.h"

/** Multiply by multiplier * 2^(shift - 31), rounding in the product and again in the shift. */
static int32_t rescale(int32_t acc, int32_t multiplier, int32_t shift) {
  const int32_t left = shift > 0 ? shift : 0;
  const int32_t shifted = (int32_t)((uint32_t)acc << left);
  const int32_t product = ghost_doubling_high_multiply(shifted, multiplier);
  return ghost_divide_by_power_of_two(product, left - shift);
}

void ghost_fully_connected_s8(const ghost_fully_connected_params *p, const int8_t *x, int8_t *y) {
  const int8_t *w = p->weights;
  for (int32_t row = 0; row < p->outputs; row++) {
    int32_t acc = p->bias[row];
    for (int32_t i = 0; i < p->inputs; i++) {
      acc += *w++ * x[i];
    }
    const int32_t pair = p->per_output ? row : 0;
    const int32_t value = rescale(acc, p->multipliers[pair], p->shifts[pair]);
    y[row] = (int8_t)ghost_clamp(value + p->output_zero_point, p->minimum, p->maximum);
  }
}
