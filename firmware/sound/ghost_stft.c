/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Forwards decimation in time, whose inputs are windowed to their places; backwards decimation in
 * frequency, whose outputs are read from the same places. So nothing is moved for its own sake.
 *
 *     X[k + q m] = x0 + (-i)^q w^k x1 + (-1)^q w^2k x2 + i^q w^3k x3,  k = 0 ... m - 1, halved;
 *
 * backwards the sums come first, with i for -i, and then the turns by conjugates, of a quarter.
 */
#include "ghost_stft.h"

#include <stdbool.h>
#include <string.h>

#ifdef __ARM_FEATURE_MVE
#include <arm_mve.h>
#endif

static inline ghost_complex add(ghost_complex a, ghost_complex b) {
  return (ghost_complex){a.real + b.real, a.imaginary + b.imaginary};
}

static inline ghost_complex subtract(ghost_complex a, ghost_complex b) {
  return (ghost_complex){a.real - b.real, a.imaginary - b.imaginary};
}

/** a + i b. */
static inline ghost_complex add_i(ghost_complex a, ghost_complex b) {
  return (ghost_complex){a.real - b.imaginary, a.imaginary + b.real};
}

/** a - i b. */
static inline ghost_complex subtract_i(ghost_complex a, ghost_complex b) {
  return (ghost_complex){a.real + b.imaginary, a.imaginary - b.real};
}

static inline ghost_complex halved(ghost_complex a) {
  return (ghost_complex){a.real >> 1, a.imaginary >> 1};
}

static inline ghost_complex conjugate(ghost_complex a) {
  return (ghost_complex){a.real, -a.imaginary};
}

/** a w / 2. */
static inline ghost_complex turned(ghost_complex a, ghost_pair w) {
  return (ghost_complex){ghost_times_low(a.real, w) - ghost_times_high(a.imaginary, w),
                         ghost_times_high(a.real, w) + ghost_times_low(a.imaginary, w)};
}

/** a conj(w) / 2. */
static inline ghost_complex turned_back(ghost_complex a, ghost_pair w) {
  return (ghost_complex){ghost_times_low(a.real, w) + ghost_times_high(a.imaginary, w),
                         ghost_times_low(a.imaginary, w) - ghost_times_high(a.real, w)};
}

/** Whether the innermost stage is one of pairs: an odd power of two. */
static inline bool has_pairs(uint32_t points) { return (points & 0x55555555U) == 0U; }

static void pairs(ghost_complex *x, uint32_t points) {
  for (uint32_t i = 0; i < points; i += 2U) {
    const ghost_complex a = halved(x[i]), b = halved(x[i + 1U]);
    x[i] = add(a, b);
    x[i + 1U] = subtract(a, b);
  }
}

#ifdef __ARM_FEATURE_MVE

/** Numbers side by side. */
typedef struct {
  int32x4_t real;
  int32x4_t imaginary;
} lanes;

/** Factors side by side, each in the upper half of a word. */
typedef struct {
  int32x4_t real;
  int32x4_t imaginary;
} factors;

static inline lanes lanes_add(lanes a, lanes b) {
  return (lanes){vaddq_s32(a.real, b.real), vaddq_s32(a.imaginary, b.imaginary)};
}

static inline lanes lanes_subtract(lanes a, lanes b) {
  return (lanes){vsubq_s32(a.real, b.real), vsubq_s32(a.imaginary, b.imaginary)};
}

/** a + i b. */
static inline lanes lanes_add_i(lanes a, lanes b) {
  return (lanes){vsubq_s32(a.real, b.imaginary), vaddq_s32(a.imaginary, b.real)};
}

/** a - i b. */
static inline lanes lanes_subtract_i(lanes a, lanes b) {
  return (lanes){vaddq_s32(a.real, b.imaginary), vsubq_s32(a.imaginary, b.real)};
}

static inline lanes lanes_halved(lanes a) {
  return (lanes){vshrq_n_s32(a.real, 1), vshrq_n_s32(a.imaginary, 1)};
}

/** a w / 2, or a conj(w) / 2; half of a where w is 1. */
static inline lanes lanes_leg(lanes a, factors w, mve_pred16_t first, bool back) {
  const int32x4_t one = vmulhq_s32(a.real, w.real), other = vmulhq_s32(a.imaginary, w.imaginary);
  const int32x4_t two = vmulhq_s32(a.imaginary, w.real), more = vmulhq_s32(a.real, w.imaginary);
  const int32x4_t real = back ? vaddq_s32(one, other) : vsubq_s32(one, other);
  const int32x4_t imaginary = back ? vsubq_s32(two, more) : vaddq_s32(two, more);
  return (lanes){vshrq_m_n_s32(real, a.real, 1, first),
                 vshrq_m_n_s32(imaginary, a.imaginary, 1, first)};
}

/**
 * The same address, of which the compiler knows no more: gcc 12.2 writes VST2 that adds a register
 * to it, which there is not.
 */
static inline int32_t *opaque(const ghost_complex *at) {
  int32_t *same = (int32_t *)(uintptr_t)&at->real;
  __asm("" : "+r"(same));
  return same;
}

/** Four numbers that lie side by side, or so many bytes behind `at`. */
static inline lanes lanes_load(const ghost_complex *at, uint32x4_t behind, bool together) {
  if (together) {
    const int32x4x2_t both = vld2q_s32(opaque(at));
    return (lanes){both.val[0], both.val[1]};
  }
  return (lanes){vldrwq_gather_offset_s32(&at->real, behind),
                 vldrwq_gather_offset_s32(&at->imaginary, behind)};
}

static inline void lanes_store(ghost_complex *at, uint32x4_t behind, bool together, lanes a) {
  if (together) {
    vst2q_s32(opaque(at), ((int32x4x2_t){{a.real, a.imaginary}}));
  } else {
    vstrwq_scatter_offset_s32(&at->real, behind, a.real);
    vstrwq_scatter_offset_s32(&at->imaginary, behind, a.imaginary);
  }
}

static inline factors factors_of(const ghost_pair *w, uint32x4_t rows) {
  const uint32x4_t both = vldrwq_gather_shifted_offset_u32((const uint32_t *)w, rows);
  return (factors){vreinterpretq_s32_u32(vshlq_n_u32(both, 16)),
                   vreinterpretq_s32_u32(vandq_u32(both, vdupq_n_u32(0xFFFF0000U)))};
}

/** A stage, four places of a transform at a time, or four of short ones. */
static inline void lanes_stage(ghost_complex *x, uint32_t points, uint32_t m, const ghost_pair *w,
                               bool back, bool together) {
  const uint32x4_t lane = vidupq_n_u32(0, 1);
  const uint32x4_t place = together ? lane : vandq_u32(lane, vdupq_n_u32(m - 1U));
  const uint32x4_t block = vsubq_u32(lane, place); /* of m places each, times m */
  const uint32x4_t behind = vmulq_n_u32(vaddq_u32(vmulq_n_u32(block, 4), place), sizeof *x);
  uint32x4_t rows = vmulq_n_u32(place, 3U * (points / 4U / m));
  for (uint32_t k = 0; k < (together ? m : 1U); k += 4U) {
    const mve_pred16_t first = vcmpeqq_n_u32(rows, 0);
    const factors w1 = factors_of(w, rows), w2 = factors_of(w + 1, rows);
    const factors w3 = factors_of(w + 2, rows);
    for (uint32_t i = k; i < points; i += together ? 4U * m : 16U) {
      ghost_complex *const at = &x[i];
      lanes b = lanes_load(at + m, behind, together);
      b = back ? lanes_halved(b) : lanes_leg(b, w1, first, false);
      lanes d = lanes_load(at + 3U * m, behind, together);
      d = back ? lanes_halved(d) : lanes_leg(d, w3, first, false);
      const lanes total = lanes_add(b, d), across = lanes_subtract(b, d);
      const lanes a = lanes_halved(lanes_load(at, behind, together));
      lanes c = lanes_load(at + 2U * m, behind, together);
      c = back ? lanes_halved(c) : lanes_leg(c, w2, first, false);
      const lanes even = lanes_add(a, c), odd = lanes_subtract(a, c);
      lanes y0 = lanes_add(even, total), y2 = lanes_subtract(even, total), y1, y3;
      if (back) {
        y0 = lanes_halved(y0);
        y1 = lanes_leg(lanes_add_i(odd, across), w1, first, true);
        y2 = lanes_leg(y2, w2, first, true);
        y3 = lanes_leg(lanes_subtract_i(odd, across), w3, first, true);
      } else {
        y1 = lanes_subtract_i(odd, across);
        y3 = lanes_add_i(odd, across);
      }
      lanes_store(at, behind, together, y0);
      lanes_store(at + m, behind, together, y1);
      lanes_store(at + 2U * m, behind, together, y2);
      lanes_store(at + 3U * m, behind, together, y3);
    }
    rows = vaddq_n_u32(rows, 12U * (points / 4U / m));
  }
}

static inline void stage(ghost_complex *x, uint32_t points, uint32_t m, const ghost_pair *w,
                         bool back) {
  if (m < 4U) {
    lanes_stage(x, points, m, w, back, false);
  } else {
    lanes_stage(x, points, m, w, back, true);
  }
}

#else

/** Half of a leg, turned where it is not the first. */
static inline ghost_complex leg(ghost_complex a, bool first, ghost_pair w) {
  return first ? halved(a) : turned(a, w);
}

/** The same by the conjugate. */
static inline ghost_complex leg_back(ghost_complex a, bool first, ghost_pair w) {
  return first ? halved(a) : turned_back(a, w);
}

/** All transforms of four legs with the same factors, those of k; of k = 0 they are 1. */
static inline void fours(ghost_complex *x, uint32_t points, uint32_t m, uint32_t k,
                         const ghost_pair *w, bool back) {
  const bool first = k == 0U;
  const ghost_pair w1 = w[0], w2 = w[1], w3 = w[2];
  for (uint32_t i = k; i < points; i += 4U * m) {
    ghost_complex *const at = &x[i];
    const ghost_complex a = halved(at[0]);
    const ghost_complex b = back ? halved(at[m]) : leg(at[m], first, w1);
    const ghost_complex c = back ? halved(at[2U * m]) : leg(at[2U * m], first, w2);
    const ghost_complex d = back ? halved(at[3U * m]) : leg(at[3U * m], first, w3);
    const ghost_complex even = add(a, c), odd = subtract(a, c);
    const ghost_complex total = add(b, d), across = subtract(b, d);
    if (back) {
      at[0] = halved(add(even, total));
      at[m] = leg_back(add_i(odd, across), first, w1);
      at[2U * m] = leg_back(subtract(even, total), first, w2);
      at[3U * m] = leg_back(subtract_i(odd, across), first, w3);
    } else {
      at[0] = add(even, total);
      at[m] = subtract_i(odd, across);
      at[2U * m] = subtract(even, total);
      at[3U * m] = add_i(odd, across);
    }
  }
}

static inline void stage(ghost_complex *x, uint32_t points, uint32_t m, const ghost_pair *w,
                         bool back) {
  const uint32_t stride = 3U * (points / 4U / m);
  fours(x, points, m, 0, w, back);
  for (uint32_t k = 1; k < m; k++) {
    w += stride;
    fours(x, points, m, k, w, back);
  }
}

#endif

static void forward(ghost_complex *x, uint32_t points, const ghost_pair *twiddles) {
  uint32_t m = 1;
  if (has_pairs(points)) {
    pairs(x, points);
    m = 2;
  }
  for (; m < points; m *= 4U) stage(x, points, m, twiddles, false);
}

static void backward(ghost_complex *x, uint32_t points, const ghost_pair *twiddles) {
  const uint32_t last = has_pairs(points) ? 2U : 1U;
  for (uint32_t m = points / 4U; m >= last; m /= 4U) stage(x, points, m, twiddles, true);
  if (last == 2U) pairs(x, points);
}

/** From the transform of pairs of real values to the spectrum of those, in place. */
static void split(const ghost_stft_constants *c, ghost_complex *x) {
  const ghost_complex first = x[0];
  ghost_complex *rear = x + c->points;
  x[0] = (ghost_complex){first.real + first.imaginary, 0};
  *rear = (ghost_complex){first.real - first.imaginary, 0};
  const ghost_pair *w = c->real_twiddles;
  for (ghost_complex *front = x + 1; front < rear; front++) {
    const ghost_complex a = *front, b = conjugate(*--rear);
    const ghost_complex total = halved(add(a, b)), turn = turned(subtract(a, b), *w++);
    *front = subtract_i(total, turn);
    *rear = conjugate(add_i(total, turn)); /* the middle bin is this one */
  }
}

/** From a spectrum to what transforms back to pairs of real values, in place. */
static void join(const ghost_stft_constants *c, ghost_complex *x) {
  ghost_complex *rear = x + c->points;
  x[0] = halved((ghost_complex){x[0].real + rear->real, x[0].real - rear->real});
  const ghost_pair *w = c->real_twiddles;
  for (ghost_complex *front = x + 1; front < rear; front++) {
    const ghost_complex a = *front, b = conjugate(*--rear);
    const ghost_complex total = halved(add(a, b)), turn = turned_back(subtract(a, b), *w++);
    *front = add_i(total, turn);
    *rear = conjugate(subtract_i(total, turn)); /* the middle bin is this one */
  }
}

/** Window an even number of samples into the transform's input. */
static void windowed(const ghost_stft_constants *c, const int16_t *samples, uint32_t from,
                     uint32_t count, ghost_complex *x) {
  const int16_t *w = c->window + from;
  const uint16_t *place = c->places + from / 2U;
  for (const int16_t *const end = samples + count; samples < end; samples += 2, w += 2) {
    x[*place++] = (ghost_complex){(samples[0] * w[0]) >> c->window_shift,
                                  (samples[1] * w[1]) >> c->window_shift};
  }
}

void ghost_stft_analyse(const ghost_stft_constants *c, int16_t *history, const int16_t *samples,
                        ghost_complex *x) {
  const uint32_t hop = c->hop, old = c->frame - hop;
  windowed(c, history, 0, old, x);
  windowed(c, samples, old, hop, x);
  memmove(history, history + hop, (old - hop) * sizeof *history);
  memcpy(history + old - hop, samples, hop * sizeof *history);
  forward(x, c->points, c->twiddles);
  split(c, x);
}

static inline int16_t saturated(int32_t x) {
  return (int16_t)(x < -32768 ? -32768 : x > 32767 ? 32767 : x);
}

/** The next two values of a frame, windowed. */
static inline ghost_complex next(const ghost_complex *x, const uint16_t **place,
                                 const int16_t *window) {
  const ghost_complex y = x[*(*place)++];
  ghost_pair w;
  memcpy(&w, window, sizeof w);
  return (ghost_complex){ghost_times_low(y.real, w), ghost_times_high(y.imaginary, w)};
}

void ghost_stft_synthesise(const ghost_stft_constants *c, int32_t *overlap, ghost_complex *x,
                           int16_t *samples) {
  join(c, x);
  backward(x, c->points, c->twiddles);
  const uint32_t hop = c->hop, old = c->frame - hop;
  const int32_t shift = c->output_shift, half = 1 << (shift - 1);
  const uint16_t *place = c->places;
  const int16_t *window = c->window;
  for (uint32_t i = 0; i < hop; i += 2U, window += 2) {
    const ghost_complex y = next(x, &place, window);
    samples[i] = saturated((overlap[i] + y.real + half) >> shift);
    samples[i + 1U] = saturated((overlap[i + 1U] + y.imaginary + half) >> shift);
  }
  for (int32_t *sum = overlap; sum < overlap + old; sum += 2, window += 2) {
    const ghost_complex y = next(x, &place, window);
    const bool more = sum + hop < overlap + old;
    sum[0] = (more ? sum[hop] : 0) + y.real;
    sum[1] = (more ? sum[hop + 1U] : 0) + y.imaginary;
  }
}
