/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TFLite's DEPTHWISE_CONV_2D with windows of 3 x 3, tile by tile of four channels.
 *
 *   scratch   four channels of 28 rows of 8 columns as halves; padding is the zero point
 */
#include "ghost_arithmetic.h"
#include "ghost_dsp.h"

#define CHANNELS 4
#define ROWS 28
#define COLUMNS 8
#define PITCH (COLUMNS / 2)  /* words of a row */
#define PLANE (ROWS * PITCH) /* words of a channel */

/** The part of an image that a tile covers; it may begin or end outside. */
typedef struct {
  int32_t top;
  int32_t left;
  int32_t rows;
  int32_t columns;
} tile;

/** Widens two columns of an image, `step` bytes from row to row. */
static void widen_pair(const int8_t *a, int32_t stride_a, const int8_t *b, int32_t stride_b,
                       int32_t rows, uint32_t *to) {
  for (; rows > 0; rows--, a += stride_a, b += stride_b, to += PITCH) {
    const uint32_t first = ghost_load_four(a);
    const uint32_t second = ghost_load_four(b);
    const uint32_t a02 = ghost_even_bytes(first);
    const uint32_t a13 = ghost_odd_bytes(first);
    const uint32_t b02 = ghost_even_bytes(second);
    const uint32_t b13 = ghost_odd_bytes(second);
    to[0] = ghost_low_halves(a02, b02);
    to[PLANE] = ghost_low_halves(a13, b13);
    to[2 * PLANE] = ghost_high_halves(a02, b02);
    to[3 * PLANE] = ghost_high_halves(a13, b13);
  }
}

/** Fills the scratch with what is outside the image. */
static void fill(const ghost_depthwise_3x3_params *p, uint32_t *to) {
  const uint32_t outside = ghost_join(p->input_zero_point, p->input_zero_point);
  for (int32_t i = CHANNELS * PLANE; i > 0; i -= 8, to += 8) {
    to[0] = to[1] = to[2] = to[3] = outside;
    to[4] = to[5] = to[6] = to[7] = outside;
  }
}

/** Puts four channels of a tile there, as far as it is inside; x is the first of them. */
static void widen(const ghost_depthwise_3x3_params *p, const tile *at, const int8_t *x,
                  uint32_t *to) {
  const ghost_window *const w = &p->window;
  const int32_t row_bytes = w->width * p->channels;
  const uint32_t outside = ghost_four_bytes(p->input_zero_point);
  const ghost_taps inside = ghost_taps_inside(at->top, at->rows, 1, w->height);
  const int8_t *const first_row = x + (at->top + inside.first) * row_bytes;
  to += inside.first * PITCH;
  for (int32_t i = 0; i < at->columns; i += 2, to++) {
    const int8_t *from[2] = {(const int8_t *)&outside, (const int8_t *)&outside};
    int32_t step[2] = {0, 0};
    for (int32_t j = 0; j < 2; j++) {
      const int32_t column = at->left + i + j;
      if (column < 0 || column >= w->width) continue;
      from[j] = first_row + column * p->channels;
      step[j] = row_bytes;
    }
    if (step[0] + step[1] == 0) continue;
    widen_pair(from[0], step[0], from[1], step[1], inside.end - inside.first, to);
  }
}

/** Gathers a channel's constants for windows at even columns and for those at odd ones. */
static void gather(const ghost_depthwise_3x3_params *p, int32_t channel,
                   ghost_depthwise_channel *even, ghost_depthwise_channel *odd) {
  const int32_t shift = -p->shifts[channel];
  int32_t first[3];
  int32_t third[3];
  const int32_t step = p->channels;
  const int8_t *weight = p->weights + channel;
  for (int32_t i = 0; i < 3; i++) {
    first[i] = 2 * weight[0];
    const int32_t second = 2 * weight[step];
    third[i] = 2 * weight[2 * step];
    even->pairs[i] = ghost_join(first[i], second);
    odd->pairs[i] = ghost_join(second, third[i]);
    weight += 3 * step;
  }
  even->singles = ghost_join(third[0], third[1]);
  even->last = ghost_join(shift, third[2]);
  odd->singles = ghost_join(first[0], first[1]);
  odd->last = ghost_join(shift, first[2]);
  const int32_t multiplier = p->multipliers[channel];
  const int32_t bias = 2 * p->bias[channel];
  const int32_t added = (int32_t)((1U << (shift - 1)) + ((uint32_t)p->output_zero_point << shift));
  odd->multiplier = even->multiplier = multiplier;
  odd->added = even->added = added;
  odd->bias = even->bias = bias;
}

void ghost_depthwise_3x3_s8(const ghost_depthwise_3x3_params *p, void *scratch, const int8_t *x,
                            int8_t *y) {
  const ghost_window *const w = &p->window;
  uint32_t *const halves = scratch;
  const int32_t tall = (ROWS - 3) / w->stride_y + 1; /* places in a tile */
  const int32_t wide = (COLUMNS - 3) / w->stride_x + 1;
  const int32_t step = w->output_width * p->channels;
  for (int32_t row = 0; row < w->output_height; row += tall) {
    const int32_t places = ghost_clamp(w->output_height - row, 0, tall);
    const uint32_t places_and_stride = (uint32_t)places << 16 | (uint32_t)step;
    for (int32_t column = 0; column < w->output_width; column += wide) {
      const int32_t end = ghost_clamp(w->output_width - column, 0, wide);
      const tile at = {row * w->stride_y - w->top, column * w->stride_x - w->left,
                       (places - 1) * w->stride_y + 3, (end - 1) * w->stride_x + 3};
      fill(p, halves);
      int8_t *const target = y + row * step + column * p->channels;
      for (int32_t channel = 0; channel < p->channels; channel++) {
        const int32_t plane = channel % CHANNELS;
        if (plane == 0) widen(p, &at, x + channel, halves);
        ghost_depthwise_channel even;
        ghost_depthwise_channel odd;
        gather(p, channel, &even, &odd);
        const uint32_t *from = halves + plane * PLANE;
        int8_t *to = target + channel;
        if (w->stride_x == 2) {
          for (int32_t i = end; i > 0; i--, to += p->channels) {
            p->even(&even, from++, to, places_and_stride);
          }
          continue;
        }
        for (int32_t i = end; i > 0; i -= 2, to += 2 * p->channels) {
          p->even(&even, from, to, places_and_stride);
          if (i > 1) p->odd(&odd, from, to + p->channels, places_and_stride);
          from++;
        }
      }
    }
  }
}
