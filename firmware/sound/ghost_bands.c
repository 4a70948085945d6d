/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bin between the centres of two bands belongs to both: its energy by shares, and its gain by the
 * same ones. What goes to the upper of the two is carried on to where that is the lower.
 */
#include "ghost_bands.h"

#define LOG_BITS 10
#define SILENCE (-(1 << 15))

/** log2 of x > 0, in 128 segments. */
static int32_t logarithm(uint64_t x, const uint16_t *table) {
  const uint32_t high = (uint32_t)(x >> 32);
  const int32_t whole = high != 0U ? 63 - __builtin_clz(high) : 31 - __builtin_clz((uint32_t)x);
  const uint32_t fraction = (uint32_t)(x << (63 - whole) >> 47) & 0xFFFFU;
  const uint16_t *const bend = &table[fraction >> 9];
  const int32_t slope = ((bend[1] - bend[0]) * (int32_t)(fraction & 511U)) >> 9;
  return (whole << LOG_BITS) + (((int32_t)fraction + bend[0] + slope) >> (16 - LOG_BITS));
}

static uint32_t magnitude(int32_t x) { return x < 0 ? 0U - (uint32_t)x : (uint32_t)x; }

/** By how much all parts can be shifted left. */
static int32_t headroom(const ghost_bands_constants *c, const ghost_complex *x) {
  uint32_t all = 0;
  for (const ghost_complex *const end = x + c->bins; x < end; x++) {
    all |= magnitude(x->real) | magnitude(x->imaginary);
  }
  return all == 0U ? 31 : __builtin_clz(all) - 1;
}

void ghost_bands_logarithms(const ghost_bands_constants *c, const ghost_complex *x,
                            int32_t *logarithms) {
  const int32_t shift = headroom(c, x);
  const int32_t undone = (2 * shift - 32) * (1 << LOG_BITS);
  const int16_t *share = c->shares;
  uint64_t carried = 0;
  for (uint32_t i = 0; i < c->count; i++) {
    uint64_t lower = carried;
    carried = 0;
    for (uint32_t n = i + 1U < c->count ? c->widths[i] : 0U; n > 0U; n--, x++, share++) {
      const int32_t real = (int32_t)((uint32_t)x->real << shift) >> 16;
      const int32_t imaginary = (int32_t)((uint32_t)x->imaginary << shift) >> 16;
      const uint32_t energy = (uint32_t)(real * real) + (uint32_t)(imaginary * imaginary);
      const uint64_t part = (uint16_t)*share;
      lower += energy * part;
      carried += energy * (32768U - part);
    }
    logarithms[i] = lower == 0U ? SILENCE : logarithm(lower, c->logarithms) - undone;
  }
}

void ghost_bands_apply(const ghost_bands_constants *c, const int16_t *gains, ghost_complex *x) {
  const int16_t *share = c->shares;
  for (uint32_t i = 0; i + 1U < c->count; i++) {
    const int32_t above = gains[i + 1U], difference = gains[i] - above;
    for (uint32_t n = c->widths[i]; n > 0U; n--, x++) {
      const int32_t gain = above + ((difference * *share++ + (1 << 14)) >> 15);
      x->real = ghost_times_low(x->real, (ghost_pair)gain);
      x->imaginary = ghost_times_low(x->imaginary, (ghost_pair)gain);
    }
  }
}
