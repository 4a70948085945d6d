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

void ghost_energies(const ghost_front_end_constants *c, uint32_t *x) {
  const uint32_t n = c->points;
  const ghost_pair mean = ghost_scale(x[0], 32767 / 2);
  const int32_t sum = ghost_real(mean) + ghost_imaginary(mean);
  const int32_t difference = ghost_real(mean) - ghost_imaginary(mean);
  x[0] = (uint32_t)(sum * sum);
  x[n] = (uint32_t)(difference * difference);
  const ghost_pair *w = c->real_twiddles;
  uint32_t *rear = x + n;
  for (uint32_t *front = x + 1; front < rear; front++) {
    const ghost_pair mirrored = *--rear;
    const ghost_pair conjugate = ghost_parts(mirrored, ghost_subtract(0, mirrored));
    const ghost_pair a = ghost_scale(*front, 32767 / 2), b = ghost_scale(conjugate, 32767 / 2);
    const ghost_pair total = ghost_add(a, b), turned = ghost_turn(ghost_subtract(a, b), *w++);
    const ghost_pair first = ghost_half_sum(total, turned);
    /* Halved with its sign: half a negative number is not the negative of half. */
    const ghost_pair last =
        ghost_parts(ghost_half_difference(total, turned), ghost_half_difference(turned, total));
    *front = ghost_dot(first, first);
    *rear = ghost_dot(last, last); /* the middle bin is this one */
  }
}
