/* SPDX-License-Identifier: Apache-2.0 */
/* What the DSP variant's assembly computes, in C and for this machine, one row after the other. */
#include "ghost_arithmetic.h"

static int32_t half(uint32_t word, int32_t at) { return (int16_t)(uint16_t)(word >> (16 * at)); }

/* A weight of row A or B of a pair, of the input in the lower or the upper half of a word. */
static int32_t weight(uint32_t word, int32_t input, int32_t second) {
  const int32_t both = half(word, input % 2);
  const int32_t b = (int8_t)(uint8_t)(both & 0xFF);
  return second ? b : (both - b) / 256;
}

/* An accumulator that comes doubled, requantised with what is added before the shift. */
static int8_t finish(int32_t twice, int32_t multiplier, int32_t added, int32_t exponent) {
  const int32_t zero_point = (added - (1 << (exponent - 1))) / (1 << exponent);
  const int32_t value = ghost_rescale(twice / 2, multiplier, -exponent);
  return (int8_t)ghost_clamp(value + zero_point, -128, 127);
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
    const int32_t acc = sum(stream, row % 4, x, p->inputs);
    y[row] = finish(2 * acc, (int32_t)numbers[0], (int32_t)numbers[1], (int32_t)numbers[2]);
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
      acc += weight(stream[4 + i / 2 * 2 + row / 2], i, row % 2) * half(x[i / 2], i % 2);
    }
    sums[row] += ghost_requantize(acc, requantizer);
  }
  return stream + stretch(2 * pairs);
}

static void down(const ghost_depthwise_channel *c, const uint32_t *x, int8_t *y,
                 uint32_t places_and_stride, int32_t odd, int32_t stride) {
  const int32_t single[3] = {half(c->singles, 0), half(c->singles, 1), half(c->last, 1)};
  for (uint32_t place = 0; place < places_and_stride >> 16; place++) {
    int32_t twice = c->bias;
    for (int32_t i = 0; i < 3; i++) {
      const uint32_t *const row = x + 4 * i; /* two words of two columns */
      const uint32_t pair = row[odd];
      twice += half(c->pairs[i], 0) * half(pair, 0) + half(c->pairs[i], 1) * half(pair, 1);
      twice += single[i] * half(row[1 - odd], odd);
    }
    *y = finish(twice, c->multiplier, c->added, half(c->last, 0));
    y += places_and_stride & 0xFFFFU;
    x += 4 * stride;
  }
}

#define DOWN(name, odd, stride)                                                   \
  void name(const ghost_depthwise_channel *channel, const uint32_t *x, int8_t *y, \
            uint32_t places_and_stride) {                                         \
    down(channel, x, y, places_and_stride, odd, stride);                          \
  }
DOWN(ghost_depthwise_even_s8, 0, 1)
DOWN(ghost_depthwise_odd_s8, 1, 1)
DOWN(ghost_depthwise_even_steep_s8, 0, 1)
DOWN(ghost_depthwise_odd_steep_s8, 1, 1)
DOWN(ghost_depthwise_even_2_s8, 0, 2)
DOWN(ghost_depthwise_odd_2_s8, 1, 2)
DOWN(ghost_depthwise_even_2_steep_s8, 0, 2)
DOWN(ghost_depthwise_odd_2_steep_s8, 1, 2)

/* x * weight / 2^8 with a weight of 32 bits, as SMLAW rounds it. */
static int64_t weighted(int32_t x, int32_t weight) { return ((int64_t)x * weight) >> 8; }

void ghost_add_row_s8(const ghost_weighted_sum *w, const int8_t *first, const int8_t *second,
                      int8_t *y, int32_t count) {
  for (int32_t i = 0; i < count; i++) {
    int64_t sum = w->added + weighted(first[i], w->first) + weighted(second[i], w->second);
    if (w->away) sum += w->then_added - (sum < 0);
    y[i] = (int8_t)ghost_clamp((int32_t)(sum >> 20), -128, 127);
  }
}

void ghost_mul_even_s8(const ghost_mul_even_params *p, const int8_t *first, const int8_t *second,
                       int8_t *y) {
  for (int32_t i = 0; i < p->size; i++) {
    const int32_t other = 2 * second[i] - p->twice_second_zero_point;
    y[i] = finish((first[i] - p->first_zero_point) * other, p->multiplier, p->added, p->exponent);
  }
}
