/* SPDX-License-Identifier: Apache-2.0 */
/*
 * X[k] = sum x[n] exp(-2 pi i k n / points) / points, decimation in time: a stage makes transforms
 * of length 4m from four interleaved ones of length m, after a stage of pairs if points is no power
 * of four.
 *
 *     X[k + q m] = x0 + (-i)^q w^k x1 + (-1)^q w^2k x2 + i^q w^3k x3,  k = 0 ... m - 1
 *
 * Each input is divided by four and rounded before it is turned and rounded: what is computed and
 * in which order is the format.
 */
#include "ghost_front_end.h"

/** Sums of four, the last three divided by four and turned already. */
static inline void combine(ghost_pair *x, uint32_t m, ghost_pair x1, ghost_pair x2, ghost_pair x3) {
  const ghost_pair x0 = ghost_scale(x[0], 32767 / 4);
  const ghost_pair even = ghost_add(x0, x2), odd = ghost_subtract(x0, x2);
  const ghost_pair total = ghost_add(x1, x3), across = ghost_subtract(x1, x3);
  x[0] = ghost_add(even, total);
  x[m] = ghost_subtract_i(odd, across);
  x[2U * m] = ghost_subtract(even, total);
  x[3U * m] = ghost_add_i(odd, across);
}

void ghost_fft(ghost_pair *x, uint32_t points, const ghost_pair *twiddles) {
  uint32_t m = 1;
  if ((points & 0x55555555U) == 0U) { /* an odd power of two */
    for (uint32_t i = 0; i < points; i += 2U) {
      const ghost_pair x0 = ghost_scale(x[i], 32767 / 2), x1 = ghost_scale(x[i + 1U], 32767 / 2);
      x[i] = ghost_add(x0, x1);
      x[i + 1U] = ghost_subtract(x0, x1);
    }
    m = 2;
  }
  for (; m < points; m *= 4U) {
    /* k = 0: its factor 32767 / 2^15 changes no number up to 2^14 in magnitude. */
    for (uint32_t i = 0; i < points; i += 4U * m) {
      ghost_pair *const at = &x[i];
      combine(at, m, ghost_scale(at[m], 32767 / 4), ghost_scale(at[2U * m], 32767 / 4),
              ghost_scale(at[3U * m], 32767 / 4));
    }
    const uint32_t stride = 3U * (points / 4U / m);
    const ghost_pair *w = twiddles;
    for (uint32_t k = 1; k < m; k++) {
      w += stride;
      const ghost_pair w1 = w[0], w2 = w[1], w3 = w[2];
      for (uint32_t i = k; i < points; i += 4U * m) {
        ghost_pair *const at = &x[i];
        combine(at, m, ghost_turn(ghost_scale(at[m], 32767 / 4), w1),
                ghost_turn(ghost_scale(at[2U * m], 32767 / 4), w2),
                ghost_turn(ghost_scale(at[3U * m], 32767 / 4), w3));
      }
    }
  }
}
