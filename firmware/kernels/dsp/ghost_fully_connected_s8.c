/* SPDX-License-Identifier: Apache-2.0 */
/* y = clamp((W x + b) * scale + zero point), TFLite's FULLY_CONNECTED, four rows at a time. */
#include "ghost_arithmetic.h"
#include "ghost_dsp.h"

/** Adds `rows` rows of `count` weights each, times x; `rows` is a constant where this is inlined.
 */
__attribute__((always_inline)) static inline void multiply(int32_t *acc, int32_t rows,
                                                           const int8_t *w, const int8_t *x,
                                                           int32_t count) {
  int32_t i = 0;
  for (; i + 4 <= count; i += 4) {
    uint32_t four;
    __builtin_memcpy(&four, x + i, 4);
    const uint32_t even = ghost_even_bytes(four);
    const uint32_t odd = ghost_odd_bytes(four);
    for (int32_t row = 0; row < rows; row++) {
      uint32_t weights;
      __builtin_memcpy(&weights, w + row * count + i, 4);
      acc[row] = ghost_multiply_add_halves(ghost_even_bytes(weights), even, acc[row]);
      acc[row] = ghost_multiply_add_halves(ghost_odd_bytes(weights), odd, acc[row]);
    }
  }
  for (; i < count; i++) {
    for (int32_t row = 0; row < rows; row++) acc[row] += w[row * count + i] * x[i];
  }
}

static void finish(const ghost_fully_connected_params *p, int32_t row, int32_t acc, int8_t *y) {
  const int32_t pair = p->per_output ? row : 0;
  const int32_t value = ghost_rescale(acc, p->multipliers[pair], p->shifts[pair]);
  y[row] = (int8_t)ghost_clamp(value + p->output_zero_point, p->minimum, p->maximum);
}

void ghost_fully_connected_s8(const ghost_fully_connected_params *p, const int8_t *x, int8_t *y) {
  const int8_t *w = p->weights;
  int32_t row = 0;
  for (; row + 4 <= p->outputs; row += 4, w += 4 * p->inputs) {
    int32_t acc[4] = {p->bias[row], p->bias[row + 1], p->bias[row + 2], p->bias[row + 3]};
    multiply(acc, 4, w, x, p->inputs);
    for (int32_t i = 0; i < 4; i++) finish(p, row + i, acc[i], y);
  }
  for (; row < p->outputs; row++, w += p->inputs) {
    int32_t acc = p->bias[row];
    multiply(&acc, 1, w, x, p->inputs);
    finish(p, row, acc, y);
  }
}
