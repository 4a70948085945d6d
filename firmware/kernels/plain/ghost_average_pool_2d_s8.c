/* SPDX-License-Identifier: Apache-2.0 */
/* y = clamp(sum of the taps inside / their number), rounded half away from zero. */
#include "ghost_arithmetic.h"

void ghost_average_pool_2d_s8(const ghost_pool_2d_params *p, const int8_t *x, int8_t *y) {
  const ghost_window *const window = &p->window;
  const int32_t channels = p->channels;
  const int32_t row_bytes = window->width * channels;
  for (int32_t row = 0; row < window->output_height; row++) {
    const int32_t top = row * window->stride_y - window->top;
    const ghost_taps rows = ghost_taps_inside(top, window->kernel_height, 1, window->height);
    for (int32_t column = 0; column < window->output_width; column++) {
      const int32_t left = column * window->stride_x - window->left;
      const ghost_taps columns = ghost_taps_inside(left, window->kernel_width, 1, window->width);
      const int32_t count = (rows.end - rows.first) * (columns.end - columns.first);
      const int8_t *const first =
          x + (top + rows.first) * row_bytes + (left + columns.first) * channels;
      for (int32_t c = 0; c < channels; c++) {
        int32_t acc = 0;
        const int8_t *taps = first + c;
        for (int32_t i = rows.first; i < rows.end; i++, taps += row_bytes) {
          const int8_t *tap = taps;
          for (int32_t j = columns.first; j < columns.end; j++, tap += channels) {
            acc += *tap;
          }
        }
        const int32_t half = acc < 0 ? -(count / 2) : count / 2;
        *y++ = (int8_t)ghost_clamp((acc + half) / count, p->minimum, p->maximum);
      }
    }
  }
}
