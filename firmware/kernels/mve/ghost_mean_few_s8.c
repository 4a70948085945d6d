/* SPDX-License-Identifier: Apache-2.0 */
/* y = clamp((sum of x - zero point) * scale + zero point), TFLite's MEAN and SUM; 256 at most. */
#include "ghost_tap_sums.h"

/** TFLite's two roundings, as ghost_rows_s8.S has them. */
static inline int32x4_t scaled(const ghost_mean_params *p, int32x4_t sum) {
  const int32x4_t v = vqrdmulhq_n_s32(vsubq_n_s32(sum, p->offset), p->scaling.multiplier);
  const int32x4_t away = vaddq_s32(v, vshrq_n_s32(v, 31));
  return vaddq_n_s32(vrshlq_n_s32(away, p->scaling.shift), p->output_zero_point);
}

void ghost_mean_few_s8(const ghost_mean_params *p, const int8_t *x, int8_t *y) {
  const int32_t behind = p->behind;
  for (int32_t i = 0; i < p->before; i++, x += p->along * behind, y += behind) {
    for (int32_t k = 0; k < behind; k += 8) {
      const int16x8_t sum = ghost_add_taps(vdupq_n_s16(0), x + k, p->along, behind, behind - k);
      const ghost_sums wide = ghost_widened(sum);
      const ghost_sums result = {scaled(p, wide.even), scaled(p, wide.odd)};
      ghost_store(result, -128, 127, behind - k, y + k);
    }
  }
}
