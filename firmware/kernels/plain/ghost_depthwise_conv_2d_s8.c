/* SPDX-License-Identifier: Apache-2.0 */
/*
 * y[c m + i] = clamp((sum over taps of W[c m + i] (x[c] - input zero point) + b[c m + i]) * scale +
 * zero point) for each channel c and i < m, TFLite's DEPTHWISE_CONV_2D.
 */
#include "ghost_arithmetic.h"

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
      for (int32_t o = 0; o < outputs; o++) {
        const int32_t channel = o / p->multiplier;
        int32_t acc = p->bias[o];
        for (int32_t i = rows.first; i < rows.end; i++) {
          for (int32_t j = columns.first; j < columns.end; j++) {
            const int32_t place =
                (top + i * window->dilation_y) * window->width + left + j * window->dilation_x;
            const int32_t value = x[place * p->channels + channel] - p->input_zero_point;
            acc += p->weights[(i * window->kernel_width + j) * outputs + o] * value;
          }
        }
        const int32_t value = ghost_rescale(acc, p->multipliers[o], p->shifts[o]);
        *y++ = (int8_t)ghost_clamp(value + p->output_zero_point, p->minimum, p->maximum);
      }
    }
  }
}
