/* SPDX-License-Identifier: Apache-2.0 */
/* x[places[i]] = (w[2i] s[2i], w[2i + 1] s[2i + 1]) << shift; zeros after the window. */
#include "ghost_front_end.h"

/** Window an even number of samples; returns all magnitudes, joined by OR. */
static ghost_pair part(const int16_t *samples, uint32_t count, const int16_t *coefficients,
                       const uint16_t *places, ghost_pair *x) {
  ghost_pair magnitudes = 0;
  for (const int16_t *const end = samples + count; samples < end; samples += 2) {
    const ghost_pair s = ghost_load(samples), w = ghost_load(coefficients);
    coefficients += 2;
    const int32_t even = ghost_real(s) * ghost_real(w);
    const int32_t odd = ghost_imaginary(s) * ghost_imaginary(w);
    const ghost_pair y = ghost_pair_of(even >> 12, odd >> 12);
    magnitudes |= ghost_magnitudes(y);
    x[*places++] = y;
  }
  return magnitudes;
}

int32_t ghost_window(const ghost_front_end_constants *c, const int16_t *history,
                     const int16_t *samples, ghost_pair *x) {
  const uint32_t old = c->history, new = (uint32_t)c->window - old;
  ghost_pair both = part(history, old, c->coefficients, c->places, x);
  both |= part(samples, new, c->coefficients + old, c->places + old / 2U, x);
  for (uint32_t i = c->window / 2U; i < c->points; i++) {
    x[c->places[i]] = 0;
  }
  /* The OR has as many bits as the largest magnitude. -32768 does not count as one: alone with
   * smaller values it is shifted out. */
  int32_t shift = 15;
  for (uint32_t rest = (both | both >> 16) & 0x7FFFU; rest != 0U; rest >>= 1) {
    shift--;
  }
  if (shift > 0) {
    const uint32_t half = 0xFFFFU >> shift << shift, mask = half << 16 | half;
    for (ghost_pair *at = x, *const end = x + c->points; at < end; at += 4) {
      at[0] = at[0] << shift & mask;
      at[1] = at[1] << shift & mask;
      at[2] = at[2] << shift & mask;
      at[3] = at[3] << shift & mask;
    }
  }
  return shift;
}
