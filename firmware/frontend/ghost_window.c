/* SPDX-License-Identifier: Apache-2.0 */
/* x[places[i]] = (w[2i] s[2i], w[2i + 1] s[2i + 1]) << shift; zeros after the window. */
#include "ghost_front_end.h"

/** Window an even number of samples; returns all magnitudes, joined by OR. */
static uint32_t part(const int16_t *samples, uint32_t count, const int16_t *coefficients,
                     const uint16_t *places, ghost_pair *x) {
  uint32_t magnitudes = 0;
  for (uint32_t i = 0; i < count; i += 2U) {
    const int32_t even = samples[i] * coefficients[i] >> 12;
    const int32_t odd = samples[i + 1U] * coefficients[i + 1U] >> 12;
    magnitudes |= (uint32_t)(even < 0 ? -even : even) | (uint32_t)(odd < 0 ? -odd : odd);
    x[*places++] = ghost_pair_of(even, odd);
  }
  return magnitudes;
}

int32_t ghost_window(const ghost_front_end_constants *c, const int16_t *history,
                     const int16_t *samples, ghost_pair *x) {
  const uint32_t old = c->history, new = (uint32_t)c->window - old;
  uint32_t magnitudes = part(history, old, c->coefficients, c->places, x);
  magnitudes |= part(samples, new, c->coefficients + old, c->places + old / 2U, x);
  for (uint32_t i = c->window / 2U; i < c->points; i++) {
    x[c->places[i]] = 0;
  }
  /* The OR has as many bits as the largest magnitude. -32768 does not count as one: alone with
   * smaller values it is shifted out. */
  int32_t shift = 15;
  for (uint32_t rest = magnitudes & 0x7FFFU; rest != 0U; rest >>= 1) {
    shift--;
  }
  if (shift > 0) {
    const uint32_t half = 0xFFFFU >> shift << shift, both = half << 16 | half;
    for (uint32_t i = 0; i < c->points; i++) {
      x[i] = x[i] << shift & both;
    }
  }
  return shift;
}
