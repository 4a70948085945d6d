/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Channel c is a triangle over bands c (rising) and c + 1 (falling): a bin of a band counts for two
 * channels. signal[c] = sqrt(sum weight * energy) >> shift.
 */
#include "ghost_front_end.h"

/** The root of 30 to 32 bits, rounded down; its square's distance to `x` is left in `rest`. */
static uint32_t root32(uint32_t x, uint32_t *rest) {
  uint32_t root = 0;
  for (uint32_t bit = 1U << 30; bit != 0U; bit >>= 2) {
    const uint32_t trial = root + bit;
    root >>= 1;
    if (x >= trial) {
      x -= trial;
      root += bit;
    }
  }
  *rest = x;
  return root;
}

/** sqrt(x), rounded to the nearest; of 32 bits at most 65535. x < 2^60. */
static uint32_t root64(uint64_t x) {
  uint32_t rest;
  if (x >> 32 == 0U) {
    const uint32_t root = root32((uint32_t)x, &rest);
    return root + (rest > root && root != 65535U ? 1U : 0U);
  }
  /* x = head 4^n + tail; sqrt(head) = r, and the next n bits are (head - r^2) 2^n / 2r, as in a
   * division by hand: never too small and, since head >= 2^30, at most 1 too large. */
  int32_t n = 1;
  while (x >> 32 >> (2 * n) != 0U) {
    n++;
  }
  const uint32_t r = root32((uint32_t)(x >> (2 * n)), &rest);
  const uint32_t mask = (1U << n) - 1U;
  const uint32_t low = (uint32_t)x;
  const uint32_t numerator = rest << n | (uint32_t)(x >> n & mask);
  const uint32_t q = numerator / (2U * r);
  uint32_t root = (r << n) + q;
  int64_t left = (int64_t)((uint64_t)(numerator - q * 2U * r) << n | (low & mask));
  left -= (int64_t)q * q;
  if (left < 0) {
    root--;
    left += 2 * (int64_t)root + 1;
  }
  return root + (left > (int64_t)root ? 1U : 0U);
}

void ghost_filter_bank(const ghost_front_end_constants *c, const uint32_t *energies, int32_t shift,
                       uint32_t *signal) {
  const uint32_t *energy = energies + c->first_bin;
  const ghost_pair *weights = c->weights;
  uint64_t rising = 0;
  for (uint32_t band = 0; band <= c->channels; band++) {
    uint64_t below = rising, above = 0;
    for (uint32_t i = c->widths[band]; i > 0U; i--) {
      const ghost_pair pair = *weights++;
      below += (uint64_t)(pair & 0xFFFFU) * *energy;
      above += (uint64_t)(pair >> 16) * *energy++;
    }
    if (band > 0U) {
      signal[band - 1U] = root64(below) >> shift;
    }
    rising = above;
  }
}
