/* SPDX-License-Identifier: Apache-2.0 */
/*
 * feature = 64 ln(signal << headroom), and 0 of 0 and 1
 *
 * log2 = whole + f + bend(f), both Q16; the bend is looked up, with a little of its slope.
 */
#include "ghost_front_end.h"

static uint32_t logarithm(uint32_t x, const uint16_t *table) {
  const uint32_t zeros = (uint32_t)__builtin_clz(x);
  const uint32_t fraction = (x << zeros << 1) >> 16;
  const uint16_t *const bend = &table[fraction >> 9];
  const int32_t slope = (bend[1] - bend[0]) * (int32_t)(fraction & 511U) >> 16;
  const uint32_t log2 = ((31U - zeros) << 16) + fraction + bend[0] + (uint32_t)slope;
  const uint32_t natural = (uint32_t)(((uint64_t)log2 * 45426U + 32768U) >> 16); /* ln 2 */
  return (natural * 64U + 32768U) >> 16;
}

void ghost_log(const ghost_front_end_constants *c, const uint32_t *signal, uint16_t *features) {
  for (uint32_t i = 0; i < c->channels; i++) {
    const uint32_t x = signal[i] << c->headroom;
    features[i] = (uint16_t)(x > 1U ? logarithm(x, c->logarithms) : 0U);
  }
}
