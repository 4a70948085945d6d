/* SPDX-License-Identifier: Apache-2.0 */
/*
 * y = clamp(sum of the taps inside / their number), rounded half away from zero, four channels at a
 * time; the last four may overlap others.
 */
#include "ghost_arithmetic.h"
#include "ghost_sums.h"

/** The average, within int8 as all it is made of. */
static inline uint32_t average(int32_t sum, int32_t count, int32_t half) {
  const int32_t sign = sum >> 31;
  return (uint32_t)((sum + ((half ^ sign) - sign)) / count) & 0xFFU;
}

void ghost_average_few_2d_s8(const ghost_pool_2d_params *p, const int8_t *x, int8_t *y) {
  const ghost_window *const w = &p->window;
  const int32_t channels = p->channels;
  const int32_t row_bytes = w->width * channels;
  const uint32_t least = ghost_four_bytes(p->minimum);
  const uint32_t most = ghost_four_bytes(p->maximum);
  for (int32_t row = 0; row < w->output_height; row++) {
    const int32_t top = row * w->stride_y - w->top;
    const ghost_taps rows = ghost_taps_inside(top, w->kernel_height, 1, w->height);
    for (int32_t column = 0; column < w->output_width; column++, y += channels) {
      const int32_t left = column * w->stride_x - w->left;
      const ghost_taps columns = ghost_taps_inside(left, w->kernel_width, 1, w->width);
      const int32_t tall = rows.end - rows.first;
      const int32_t wide = columns.end - columns.first;
      const int32_t count = tall * wide;
      const int8_t *const first =
          x + (top + rows.first) * row_bytes + (left + columns.first) * channels;
      for (int32_t c = 0; c < channels; c += 4) {
        c = c > channels - 4 ? channels - 4 : c;
        ghost_sums sums = {0, 0};
        const int8_t *taps = first + c;
        for (int32_t i = tall; i > 0; i--, taps += row_bytes) {
          sums = ghost_add_up(sums, taps, wide, channels);
        }
        uint32_t four = 0;
        for (int32_t i = 0; i < 4; i++) {
          four |= average(ghost_sum(sums, i), count, count / 2) << (8 * i);
        }
        ghost_store_four(y + c, ghost_smaller_bytes(ghost_larger_bytes(four, least), most));
      }
    }
  }
}
