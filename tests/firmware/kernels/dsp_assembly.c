/* SPDX-License-Identifier: Apache-2.0 */
/* What the DSP variant's assembly computes, in C and for this machine, one row after the other. */
#include "ghost_arithmetic.h"

/* A weight of row A or B of a pair, of the input in the lower or the upper half of a word. */
static int32_t weight(uint32_t word, int32_t input, int32_t second) {
  const int32_t half = (int16_t)(uint16_t)(word >> (input % 2 * 16));
  const int32_t b = (int8_t)(uint8_t)(half & 0xFF);
  return second ? b : (half - b) / 256;
}

static int32_t start(const uint32_t *stream, int32_t row) {
  const int32_t both = (int32_t)stream[row / 2 * 2];
  const int32_t b = (int32_t)stream[row / 2 * 2 + 1];
  return row % 2 ? b : (both - b) / 256;
}

static int32_t stretch(int32_t inputs) { return 4 + (inputs + 1) / 2 * 2; }

static int32_t sum(const uint32_t *stream, int32_t row, const int8_t *x, int32_t inputs) {
  int32_t acc = start(stream, row);
  for (int32_t i = 0; i < inputs; i++) {
    acc += weight(stream[4 + i / 2 * 2 + row / 2], i, row % 2) * x[i];
  }
  return acc;
}

void ghost_rows_s8(const ghost_rows_params *p, void *scratch, const int8_t *x, int8_t *y) {
  (void)scratch;
  const uint32_t *stream = p->stream;
  for (int32_t row = 0; row < p->outputs; row++) {
    if (row > 0 && row % 4 == 0) stream += stretch(p->inputs) + 12;
    const uint32_t *const numbers = stream + stretch(p->inputs) + row % 4 * 3;
    const int32_t exponent = (int32_t)numbers[2];
    const int32_t zero_point = ((int32_t)numbers[1] - (1 << (exponent - 1))) / (1 << exponent);
    const int32_t acc = sum(stream, row % 4, x, p->inputs);
    const int32_t value = ghost_rescale(acc, (int32_t)numbers[0], -exponent);
    y[row] = (int8_t)ghost_clamp(value + zero_point, -128, 127);
  }
}

void ghost_rows_two_s8(const ghost_rows_params *p, void *scratch, const int8_t *first_x,
                       const int8_t *second_x, int8_t *first_y, int8_t *second_y) {
  ghost_rows_s8(p, scratch, first_x, first_y);
  ghost_rows_s8(p, scratch, second_x, second_y);
}

const uint32_t *ghost_four_rows(const uint32_t *stream, const uint32_t *x, int32_t pairs,
                                int32_t sums[4], ghost_requantizer requantizer) {
  for (int32_t row = 0; row < 4; row++) {
    int32_t acc = start(stream, row);
    for (int32_t i = 0; i < 2 * pairs; i++) {
      const int32_t half = (int16_t)(uint16_t)(x[i / 2] >> (i % 2 * 16));
      acc += weight(stream[4 + i / 2 * 2 + row / 2], i, row % 2) * half;
    }
    sums[row] += ghost_requantize(acc, requantizer);
  }
  return stream + stretch(2 * pairs);
}
