/* SPDX-License-Identifier: Apache-2.0 */
/** @file Requantisation, sigmoid and tanh of four at a time, which recurrent kernels share. */
#ifndef GHOST_VECTORS_H
#define GHOST_VECTORS_H

#include <arm_mve.h>

#include "ghost_nn.h"
#include "ghost_sigmoid_pairs.h"

/** ((acc << k) * M + 2^31) >> 32, which is VRMULH. */
typedef struct {
  int32x4_t multiplier;
  int32_t shift;
} requantizer;

static inline requantizer prepare(ghost_requantizer rq) {
  return (requantizer){vdupq_n_s32(rq.multiplier), rq.shift};
}

static inline int32x4_t requantize(const int32_t *acc, requantizer rq) {
  return vrmulhq_s32(vshlq_r_s32(vldrwq_s32(acc), rq.shift), rq.multiplier);
}

static inline int32x4_t saturate16(int32x4_t x) { return vshrq_n_s32(vqshlq_n_s32(x, 16), 16); }

/** sigma(u / 12288) - 1/2 in Q0.25 plus an offset, counted from the node below. */
static inline int32x4_t interpolate(int32x4_t u, int32_t offset) {
  const int32x4_t segment = vshrq_n_s32(u, 9);
  const uint32x4_t pair = vldrwq_gather_shifted_offset_u32(
      &ghost_sigmoid_pairs[256], vreinterpretq_u32_s32(segment)); /* addresses wrap around */
  const int32x4_t step = vreinterpretq_s32_u32(vshrq_n_u32(pair, 16));
  const int32x4_t node = vmovlbq_s16(vreinterpretq_s16_u32(pair));
  const int32x4_t fraction = vandq_s32(u, vdupq_n_s32(511));
  return vmlaq_n_s32(vmlasq_n_s32(step, fraction, offset), node, 512);
}

/** sigma of a Q3.12 sum as Q0.15. */
static inline int32x4_t sigmoid(int32x4_t x) {
  return vrshrq_n_s32(interpolate(vmulq_n_s32(saturate16(x), 3), 16384 << 10), 10);
}

static inline int32x4_t clamp(int32x4_t x, int32_t low, int32_t high) {
  return vminq_s32(vmaxq_s32(x, vdupq_n_s32(low)), vdupq_n_s32(high));
}

/** tanh of a Q3.12 sum as Q0.15. The last segment is level: 6 * 21845 < 2^17 is far enough. */
static inline int32x4_t tanh15(int32x4_t x) {
  return vrshrq_n_s32(interpolate(vmulq_n_s32(clamp(x, -21845, 21845), 6), 0), 9);
}

#endif
