/* SPDX-License-Identifier: Apache-2.0 */
/*
 * z is the transform of even + i odd samples. With a = z[k] / 2 and b = conj(z[n - k]) / 2, those
 * of the even and the odd ones are a + b and (a - b) / i, and the real transform is
 *
 *     X[k] = (a + b + w^k (a - b)) / 2,  X[n - k] = conj(a + b - w^k (a - b)) / 2
 *
 * x[k] = |X[k]|^2 < 2^31: parts of a + b are at most 32766 in magnitude, so those of X are above
 * -32768.
 */
#include "ghost_front_end.h"

static uint32_t energy(int32_t real, int32_t imaginary) {
  return (uint32_t)(real * real + imaginary * imaginary);
}

void ghost_energies(const ghost_front_end_constants *c, uint32_t *x) {
  const uint32_t n = c->points;
  const ghost_pair mean = ghost_scale(x[0], 32767 / 2);
  x[0] = energy(ghost_real(mean) + ghost_imaginary(mean), 0);
  x[n] = energy(ghost_real(mean) - ghost_imaginary(mean), 0);
  for (uint32_t k = 1; k <= n / 2U; k++) {
    const ghost_pair mirrored = x[n - k];
    const ghost_pair conjugate = ghost_pair_of(ghost_real(mirrored), -ghost_imaginary(mirrored));
    const ghost_pair a = ghost_scale(x[k], 32767 / 2), b = ghost_scale(conjugate, 32767 / 2);
    const ghost_pair sum = ghost_add(a, b);
    const ghost_pair turned = ghost_turn(ghost_subtract(a, b), c->real_twiddles[k - 1U]);
    const int32_t real = ghost_real(sum), imaginary = ghost_imaginary(sum);
    const int32_t turned_real = ghost_real(turned), turned_imaginary = ghost_imaginary(turned);
    x[k] = energy((real + turned_real) >> 1, (imaginary + turned_imaginary) >> 1);
    /* The middle bin is this one. */
    x[n - k] = energy((real - turned_real) >> 1, (turned_imaginary - imaginary) >> 1);
  }
}
