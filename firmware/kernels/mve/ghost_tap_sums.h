/* SPDX-License-Identifier: Apache-2.0 */
/** @file Sums of many values of eight channels next to each other. */
#ifndef GHOST_TAP_SUMS_H
#define GHOST_TAP_SUMS_H

#include <arm_mve.h>

#include "ghost_nn.h"

/** Values in 16 bits: up to 256 of them; values in 32 bits of even lanes and of odd ones. */
typedef struct {
  int32x4_t even;
  int32x4_t odd;
} ghost_sums;

/** Add `taps` values, `apart` of each other, of up to eight channels; no more is read. */
static inline int16x8_t ghost_add_taps(int16x8_t sum, const int8_t *x, int32_t taps, int32_t apart,
                                       int32_t channels) {
  __asm volatile(
      "vctp.16 %[channels]\n\t"
      "wls lr, %[taps], 2f\n"
      "1:\n\t"
      "vpst\n\t"
      "vldrbt.s16 q0, [%[x]]\n\t"
      "add %[x], %[apart]\n\t"
      "vadd.i16 %q[sum], %q[sum], q0\n\t"
      "le lr, 1b\n"
      "2:"
      : [sum] "+w"(sum), [x] "+l"(x) /* low, for a load that widens */
      : [taps] "r"(taps), [apart] "r"(apart), [channels] "r"(channels)
      : "q0", "lr", "memory");
  return sum;
}

static inline ghost_sums ghost_widened(int16x8_t sum) {
  return (ghost_sums){vmovlbq_s16(sum), vmovltq_s16(sum)};
}

/** Clamp and store up to eight channels. */
static inline void ghost_store(ghost_sums values, int32_t low, int32_t high, int32_t channels,
                               int8_t *y) {
  const int16x8_t even = vqmovnbq_s32(vdupq_n_s16(0), values.even);
  const int16x8_t all = vqmovntq_s32(even, values.odd);
  const int16x8_t raised = vmaxq_s16(all, vdupq_n_s16((int16_t)low));
  const int16x8_t clamped = vminq_s16(raised, vdupq_n_s16((int16_t)high));
  vstrbq_p_s16(y, clamped, vctp16q((uint32_t)channels));
}

#endif
