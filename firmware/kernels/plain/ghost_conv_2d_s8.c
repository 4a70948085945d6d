/* SPDX-License-Identifier: Apache-2.0 */
/*
 * y[o] = clamp((sum over taps and channels of W[o] (x - input zero point) + b[o]) * scale[o] + zero
 * point), TFLite's CONV_2D. Outputs of group g read the channels of group g.
 */
#include "ghost_arithmetic.h"

/** The sum of one output at one place; `image` begins with the first channel of its group. */
static int32_t sum(const ghost_conv_2d_params *p, const int8_t *w, const int8_t *image, int32_t top,
                   int32_t left, ghost_taps rows, ghost_taps columns) {
  const ghost_window *const window = &p->window;
  const int32_t channels = p->groups * p->group_channels;
  int32_t acc = 0;
  for (int32_t i = rows.first; i < rows.end; i++) {
    for (int32_t j = columns.first; j < columns.end; j++) {
      const int32_t row = top + i * window->dilation_y, column = left + j * window->dilation_x;
      const int8_t *const x = image + (row * window->width + column) * channels;
      const int8_t *const tap = w + (i * window->kernel_width + j) * p->group_channels;
      for (int32_t c = 0; c < p->group_channels; c++) {
        acc += tap[c] * (x[c] - p->input_zero_point);
      }
    }
  }
  return acc;
}

void ghost_conv_2d_s8(const ghost_conv_2d_params *p, const int8_t *x, int8_t *y) {
  const ghost_window *const window = &p->window;
  const int32_t outputs = p->groups * p->group_outputs;
  const int32_t weights = window->kernel_height * window->kernel_width * p->group_channels;
  for (int32_t row = 0; row < window->output_height; row++) {
    const int32_t top = row * window->stride_y - window->top;
    const ghost_taps rows =
        ghost_taps_inside(top, window->kernel_height, window->dilation_y, window->height);
    for (int32_t column = 0; column < window->output_width; column++) {
      const int32_t left = column * window->stride_x - window->left;
      const ghost_taps columns =
          ghost_taps_inside(left, window->kernel_width, window->dilation_x, window->width);
      for (int32_t o = 0; o < outputs; o++) {
        const int8_t *const group = x + o / p->group_outputs * p->group_channels;
        const int32_t acc =
            p->bias[o] + sum(p, p->weights + o * weights, group, top, left, rows, columns);
        const int32_t value = ghost_rescale(acc, p->multipliers[o], p->shifts[o]);
        *y++ = (int8_t)ghost_clamp(value + p->output_zero_point, p->minimum, p->maximum);
      }
    }
  }
}
