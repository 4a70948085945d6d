/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ratio = signal / (noise + 80)^0.95;  signal <- ratio^2 / 4 below 2, ratio - 1 above
 *
 * The gain is a parabola over each octave of the noise: a row of `gains` is its value at the start,
 * slope and curvature. All 33 * 1024 values lie in 0 ... 32767.
 */
#include "ghost_front_end.h"

static uint32_t bits_of(uint32_t x) { return x == 0U ? 0U : 32U - (uint32_t)__builtin_clz(x); }

void ghost_pcan(const ghost_front_end_constants *c, uint32_t *signal, const uint32_t *noise) {
  for (uint32_t i = 0; i < c->channels; i++) {
    const uint32_t bits = bits_of(noise[i]);
    const uint32_t octave = bits < 11U ? noise[i] << (11U - bits) : noise[i] >> (bits - 11U);
    const int32_t fraction = (int32_t)(octave & 1023U);
    const int16_t *const row = c->gains + 4U * bits;
    const int32_t slope = (row[2] * fraction >> 5) + row[1] * 32;
    const int32_t gain = row[0] + ((slope * fraction + (1 << 14)) >> 15);
    const uint32_t ratio = (uint32_t)((uint64_t)signal[i] * (uint32_t)gain >> c->snr_shift);
    signal[i] = ratio < 8192U ? ratio * ratio >> 20 : (ratio >> 6) - 64U;
  }
}
