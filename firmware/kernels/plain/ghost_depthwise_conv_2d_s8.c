/* SPDX-License-Identifier: Apache-2.0 */
/*
 * y[c m + i] = clamp((sum over taps of W[c m + i] (x[c] - input zero point) + b[c m + i]) * scale +
 * zero point) for each channel c and i < m, TFLite's DEPTHWISE_CONV_2D.
 */
#include "ghost_arithmetic.h"

/** The taps inside the image at one place, and how far it is from one to the next. */
typedef struct {
  int32_t tall;
  int32_t wide;
  int32_t x_stride; /**< to the next column, then what is left to the next row */
  int32_t x_row;
  int32_t w_stride;
  int32_t w_row;
} taps;

/** The products of one output; `x` and `w` are at its first tap. */
static int32_t sum(const taps *at, int32_t zero_point, const int8_t *x, const int8_t *w) {
  int32_t acc = 0;
  for (int32_t i = at->tall; i > 0; i--, x += at->x_row, w += at->w_row) {
    for (int32_t j = at->wide; j > 0; j--, x += at->x_stride, w += at->w_stride) {
      acc += *w * (*x - zero_point);
    }
  }
  return acc;
}

void ghost_depthwise_conv_2d_s8(const ghost_depthwise_conv_2d_params *p, const int8_t *x,
                                int8_t *y) {
  const ghost_window *const window = &p->window;
  const int32_t outputs = p->channels * p->multiplier;
  for (int32_t row = 0; row < window->output_height; row++) {
    const int32_t top = row * window->stride_y - window->top;
    const ghost_taps rows =
        ghost_taps_inside(top, window->kernel_height, window->dilation_y, window->height);
    for (int32_t column = 0; column < window->output_width; column++) {
      const int32_t left = column * window->stride_x - window->left;
      const ghost_taps columns =
          ghost_taps_inside(left, window->kernel_width, window->dilation_x, window->width);
      const int32_t wide = columns.end - columns.first;
      const taps at = {
          .tall = rows.end - rows.first,
          .wide = wide,
          .x_stride = window->dilation_x * p->channels,
          .x_row = (window->dilation_y * window->width - wide * window->dilation_x) * p->channels,
          .w_stride = outputs,
          .w_row = (window->kernel_width - wide) * outputs,
      };
      const int32_t place = (top + rows.first * window->dilation_y) * window->width + left +
                            columns.first * window->dilation_x;
      const int8_t *from = x + place * p->channels;
      const int8_t *w = p->weights + (rows.first * window->kernel_width + columns.first) * outputs;
      for (int32_t o = 0, more = p->multiplier; o < outputs; o++, w++) {
        const int32_t acc = p->bias[o] + sum(&at, p->input_zero_point, from, w);
        const int32_t value = ghost_rescale(acc, p->multipliers[o], p->shifts[o]);
        *y++ = (int8_t)ghost_clamp(value + p->output_zero_point, p->minimum, p->maximum);
        if (--more == 0) from++, more = p->multiplier;
      }
    }
  }
}
