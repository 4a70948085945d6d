/* SPDX-License-Identifier: Apache-2.0 */
/* y = clamp(max of the taps inside), eight channels at a time; the last eight may overlap others.
 */
#include "ghost_arithmetic.h"
#include "ghost_dsp.h"

void ghost_max_pool_2d_wide_s8(const ghost_pool_2d_params *p, const int8_t *x, int8_t *y) {
  const ghost_window *const w = &p->window;
  const int32_t channels = p->channels;
  const int32_t row_bytes = w->width * channels;
  const uint32_t least = ghost_four_bytes(p->minimum);
  const uint32_t most = ghost_four_bytes(p->maximum);
  for (int32_t row = 0; row < w->output_height; row++) {
    const int32_t top = row * w->stride_y - w->top;
    const ghost_taps rows = ghost_taps_inside(top, w->kernel_height, 1, w->height);
    for (int32_t column = 0; column < w->output_width; column++) {
      const int32_t left = column * w->stride_x - w->left;
      const ghost_taps columns = ghost_taps_inside(left, w->kernel_width, 1, w->width);
      const int32_t wide = columns.end - columns.first;
      const int32_t high = wide > 0 ? rows.end - rows.first : 0;
      const int8_t *first = x + (top + rows.first) * row_bytes + (left + columns.first) * channels;
      for (int32_t after = channels;; y += after < 8 ? after : 8) {
        uint32_t largest[2] = {least, least};
        const int8_t *taps = first;
        for (int32_t i = high; i > 0; i--, taps += row_bytes) {
          const int8_t *tap = taps;
          int32_t j = wide;
          do {
            largest[0] = ghost_larger_bytes(largest[0], ghost_load_four(tap));
            largest[1] = ghost_larger_bytes(largest[1], ghost_load_four(tap + 4));
            tap += channels;
          } while (--j > 0);
        }
        ghost_store_four(y, ghost_smaller_bytes(largest[0], most));
        ghost_store_four(y + 4, ghost_smaller_bytes(largest[1], most));
        after -= 8;
        if (after <= 0) break;
        first += after < 8 ? after : 8;
      }
      y += 8;
    }
  }
}
