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
