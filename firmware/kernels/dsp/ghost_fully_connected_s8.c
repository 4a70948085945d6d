/* SPDX-License-Identifier: Apache-2.0 */
/* y = clamp((W x + b) * scale + zero point), TFLite's FULLY_CONNECTED, four rows at a time. */
#include "ghost_arithmetic.h"
#include "ghost_dsp.h"

/** Four inputs, as even and odd ones. */
typedef struct {
  uint32_t even, odd;
} four;

static inline four load(const int8_t *x) {
  uint32_t word;
  __builtin_memcpy(&word, x, 4); /* need not be aligned */
  return (four){ghost_even_bytes(word), ghost_odd_bytes(word)};
}

static inline int32_t multiply(const int8_t *w, four x, int32_t acc) {
  const four weights = load(w);
  return ghost_multiply_add_halves(weights.odd, x.odd,
                                   ghost_multiply_add_halves(weights.even, x.even, acc));
}

static void finish(const ghost_fully_connected_params *p, int32_t row, int32_t acc, int8_t *y) {
  const int32_t pair = p->per_output ? row : 0;
  const int32_t value = ghost_rescale(acc, p->multipliers[pair], p->shifts[pair]);
  y[row] = (int8_t)ghost_clamp(value + p->output_zero_point, p->minimum, p->maximum);
}

static int32_t one_row(const int8_t *w, const int8_t *x, int32_t count, int32_t acc) {
  for (; count >= 4; count -= 4, w += 4, x += 4) acc = multiply(w, load(x), acc);
  for (; count > 0; count--) acc += *w++ * *x++;
  return acc;
}

void ghost_fully_connected_s8(const ghost_fully_connected_params *p, const int8_t *x, int8_t *y) {
  const int32_t count = p->inputs;
  const int32_t whole = count & ~3;
  const int8_t *w = p->weights;
  int32_t row = 0;
  for (; row + 4 <= p->outputs; row += 4, w += 3 * count) {
    int32_t a = p->bias[row];
    int32_t b = p->bias[row + 1];
    int32_t c = p->bias[row + 2];
    int32_t d = p->bias[row + 3];
    for (const int8_t *end = w + whole, *from = x; w < end; w += 4, from += 4) {
      const four inputs = load(from);
      a = multiply(w, inputs, a);
      b = multiply(w + count, inputs, b);
      c = multiply(w + 2 * count, inputs, c);
      d = multiply(w + 3 * count, inputs, d);
    }
    for (int32_t i = whole; i < count; i++, w++) {
      a += w[0] * x[i];
      b += w[count] * x[i];
      c += w[2 * count] * x[i];
      d += w[3 * count] * x[i];
    }
    finish(p, row, a, y);
    finish(p, row + 1, b, y);
    finish(p, row + 2, c, y);
    finish(p, row + 3, d, y);
  }
  for (; row < p->outputs; row++, w += count) {
    finish(p, row, one_row(w, x, count, p->bias[row]), y);
  }
}
