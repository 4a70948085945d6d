/* SPDX-License-Identifier: Apache-2.0 */
/* y = clamp(max of the taps inside), 16 channels at a time. */
#include <arm_mve.h>

#include "ghost_nn.h"

/** Of up to 16 channels, the largest so far and of a row of taps. */
static inline int8x16_t largest(int8x16_t found, const int8_t *x, int32_t taps, int32_t apart,
                                int32_t channels) {
  __asm volatile(
      "vctp.8 %[channels]\n\t"
      "wls lr, %[taps], 2f\n"
      "1:\n\t"
      "vpst\n\t" /* no more is read than there is */
      "vldrbt.u8 q0, [%[x]]\n\t"
      "add %[x], %[apart]\n\t"
      "vmax.s8 %q[found], %q[found], q0\n\t"
      "le lr, 1b\n"
      "2:"
      : [found] "+w"(found), [x] "+r"(x)
      : [taps] "r"(taps), [apart] "r"(apart), [channels] "r"(channels)
      : "q0", "lr", "memory");
  return found;
}

void ghost_max_pool_2d_s8(const ghost_pool_2d_params *p, const int8_t *x, int8_t *y) {
  const ghost_window *const w = &p->window;
  const int32_t channels = p->channels, row_bytes = w->width * channels;
  const int8x16_t minimum = vdupq_n_s8((int8_t)p->minimum);
  const int8x16_t maximum = vdupq_n_s8((int8_t)p->maximum);
  for (int32_t row = 0; row < w->output_height; row++) {
    const int32_t top = row * w->stride_y - w->top;
    const ghost_taps rows = ghost_taps_inside(top, w->kernel_height, 1, w->height);
    for (int32_t column = 0; column < w->output_width; column++, y += channels) {
      const int32_t left = column * w->stride_x - w->left;
      const ghost_taps columns = ghost_taps_inside(left, w->kernel_width, 1, w->width);
      const int8_t *from = x + (top + rows.first) * row_bytes + (left + columns.first) * channels;
      for (int32_t c = 0; c < channels; c += 16, from += 16) {
        int8x16_t found = vdupq_n_s8(-128);
        for (int32_t i = 0; i < rows.end - rows.first; i++) {
          found = largest(found, from + i * row_bytes, columns.end - columns.first, channels,
                          channels - c);
        }
        found = vminq_s8(vmaxq_s8(found, minimum), maximum);
        vstrbq_p_s8(y + c, found, vctp8q((uint32_t)(channels - c)));
      }
    }
  }
}
