/* SPDX-License-Identifier: Apache-2.0 */
/* y = clamp(sum of the taps inside / their number), rounded half away from zero; 256 at most. */
#include "ghost_tap_sums.h"

/**
 * Half away from zero: the magnitude and half the number, divided. With n below 2^16 and at most
 * 2^8 taps, floor(n / taps) = floor(n ceil(2^32 / taps) / 2^32): what is too much is below 2^-16,
 * and n / taps below the next whole number by 2^-8 at least.
 */
static inline int32x4_t divided(int32x4_t sum, int32_t taps, uint32_t reciprocal) {
  const int32x4_t sign = vshrq_n_s32(sum, 31);
  const uint32x4_t n = vreinterpretq_u32_s32(vaddq_n_s32(vabsq_s32(sum), taps / 2));
  const int32x4_t whole = vreinterpretq_s32_u32(vmulhq_u32(n, vdupq_n_u32(reciprocal)));
  return vsubq_s32(veorq_s32(whole, sign), sign);
}

void ghost_average_few_2d_s8(const ghost_pool_2d_params *p, const int8_t *x, int8_t *y) {
  const ghost_window *const w = &p->window;
  const int32_t channels = p->channels, row_bytes = w->width * channels;
  for (int32_t row = 0; row < w->output_height; row++) {
    const int32_t top = row * w->stride_y - w->top;
    const ghost_taps rows = ghost_taps_inside(top, w->kernel_height, 1, w->height);
    for (int32_t column = 0; column < w->output_width; column++, y += channels) {
      const int32_t left = column * w->stride_x - w->left;
      const ghost_taps columns = ghost_taps_inside(left, w->kernel_width, 1, w->width);
      const int32_t across = columns.end - columns.first;
      const int32_t taps = (rows.end - rows.first) * across;
      const uint32_t reciprocal = UINT32_MAX / (uint32_t)taps + 1; /* of one: 2^32 is no number */
      const int8_t *from = x + (top + rows.first) * row_bytes + (left + columns.first) * channels;
      for (int32_t c = 0; c < channels; c += 8, from += 8) {
        int16x8_t sum = vdupq_n_s16(0);
        for (int32_t i = 0; i < rows.end - rows.first; i++) {
          sum = ghost_add_taps(sum, from + i * row_bytes, across, channels, channels - c);
        }
        ghost_sums wide = ghost_widened(sum);
        if (taps > 1) {
          wide.even = divided(wide.even, taps, reciprocal);
          wide.odd = divided(wide.odd, taps, reciprocal);
        }
        ghost_store(wide, p->minimum, p->maximum, channels - c, y + c);
      }
    }
  }
}
