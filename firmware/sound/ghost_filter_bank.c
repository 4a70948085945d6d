/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Channel c is a triangle over bands c (rising) and c + 1 (falling): a bin of a band counts for two
 * channels. signal[c] = sqrt(sum weight * energy) >> shift.
 */
#include "ghost_front_end.h"

/** The root, rounded down, of a number of 31 or 32 bits. */
static uint32_t root32(uint32_t x) {
  /* A line within 6 % of the root; each of Newton's steps squares the error, and from the second
   * on what is left is less than 1: the root, or 1 more. */
  uint32_t root = (x >> 17) + (x >> 19) + 24200U;
  root = (root + x / root) >> 1;
  root = (root + x / root) >> 1;
  return root - (root > 65535U || root * root > x ? 1U : 0U);
}

/** sqrt(x), rounded to the nearest; of 32 bits at most 65535. x < 2^60. */
static uint32_t root64(uint64_t x) {
  const uint32_t high = (uint32_t)(x >> 32), low = (uint32_t)x;
  if (high == 0U) {
    if (low == 0U) {
      return 0U;
    }
    const int32_t half = __builtin_clz(low) >> 1;
    const uint32_t root = root32(low << (2 * half)) >> half;
    return root + (low - root * root > root && root != 65535U ? 1U : 0U);
  }
  /* x = head 4^n + tail, n <= 14; r = sqrt(head), and the next n bits are q = (head - r^2) 2^n /
   * 2r, as in a division by hand: never too small. Where q is too large, x - root^2 is above -q^2,
   * and q^2 <= 4^n < 2^(15 + n) <= root: root is still the nearest. */
  const int32_t n = (33 - __builtin_clz(high)) >> 1;
  const uint32_t head = (uint32_t)(x >> (2 * n)), mask = (1U << n) - 1U;
  const uint32_t r = root32(head);
  const uint32_t numerator = (head - r * r) << n | ((uint32_t)(x >> n) & mask);
  const uint32_t q = numerator / (2U * r);
  const int32_t root = (int32_t)((r << n) + q);
  const int32_t left = (int32_t)((numerator - q * 2U * r) << n | (low & mask)) - (int32_t)(q * q);
  return (uint32_t)(root + (left > root ? 1 : 0));
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
