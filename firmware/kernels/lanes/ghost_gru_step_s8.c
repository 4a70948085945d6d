/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GhostGRU, one frame, for cores without DSP instructions.
 *
 *   z = sigma(Wz x + bz + Uz s + cz)            r = sigma(Wr x + br + Ur s + cr)
 *   c = tanh(Wc x + bc + r * (Uc,h h + cc) + Uc,g g)
 *   h <- (1 - z) * c + z * h                    g <- tanh(G h + bg)         s = [h; g]
 *
 *   state    [ h: m values Q0.7 | g: n - m values Q0.7 ]
 *   carry    [ h: m values Q0.15 ]
 *   scratch  [ table of h | table of x | table of g ]     as ghost_dot6.h has them
 *
 * Rows read the tables, so a unit's new state is written as soon as it is known.
 */
#include "ghost_arithmetic.h"
#include "ghost_dot6.h"

static const uint32_t zero_starts[6];

#if defined(__ARM_ARCH_7M__)

typedef ghost_requantizer scaler;

static scaler scaler_of(ghost_requantizer rq) { return rq; }

static int32_t scale(int32_t acc, const scaler *s) { return ghost_requantize(acc, *s); }

#else

/** A requantizer whose multiplier is low + 2^16 high, -2^15 <= low < 2^15, 0 <= high <= 2^15. */
typedef struct {
  int32_t shift;
  int32_t low;
  int32_t high;
} scaler;

/** x / 2^16 to the nearest, half up; no step of it overflows. */
static int32_t upper(int32_t x) { return ((x >> 15) + 1) >> 1; }

static scaler scaler_of(ghost_requantizer rq) {
  return (scaler){rq.shift, (int16_t)rq.multiplier, upper(rq.multiplier)};
}

/** As ghost_requantize, from four products of signed halves, none of which overflows. */
static int32_t scale(int32_t acc, const scaler *s) {
  const int32_t x = (int32_t)((uint32_t)acc << s->shift);
  const int32_t low = (int16_t)x;
  const int32_t high = upper(x);
  return high * s->high + upper(high * s->low + low * s->high + (low * s->low >> 16));
}

#endif

/** The layer's requantizers, ready for use; gates in z, r, c order. */
typedef struct {
  scaler input[3];
  scaler recurrent[3];
} scalers;

/** The sums of two units' rows over x, h and g: z, z, r, r, c, c. */
typedef struct {
  int32_t x[6];
  int32_t h[6];
  int32_t g[6];
} sums;

/** The update (0) or reset (1) gate of a unit whose sums start at `x`, `h` and `g`. */
static int32_t gate(const scalers *s, int32_t i, const int32_t *x, const int32_t *h,
                    const int32_t *g) {
  return ghost_sigmoid(ghost_saturate16(scale(x[2 * i], &s->input[i]) +
                                        scale(h[2 * i] + g[2 * i], &s->recurrent[i])));
}

/** The new carry of a unit whose sums start at `x`, `h` and `g`. */
static int32_t unit(const scalers *s, int32_t carry, const int32_t *x, const int32_t *h,
                    const int32_t *g) {
  const int32_t z = gate(s, 0, x, h, g);
  const int32_t r = gate(s, 1, x, h, g);
  const int32_t intrinsic = ghost_saturate16(scale(h[4], &s->recurrent[2]));
  const int32_t c = ghost_tanh(
      ghost_saturate16(scale(x[4], &s->input[2]) + scale(g[4], &s->recurrent[2]) +
                       ((r * intrinsic + (1 << 14)) >> 15)));
  return (z * carry + (32768 - z) * c + (1 << 14)) >> 15;
}

void ghost_gru_step_s8(const ghost_gru_params *p, int8_t *state, int16_t *carry, void *scratch,
                       const int8_t *x) {
  const int32_t m = p->intrinsic;
  const int32_t ghosts = p->units - m;
  int32_t *const from_h = scratch;
  int32_t *const from_x = ghost_dot6_table(from_h, state, m);
  int32_t *const from_g = ghost_dot6_table(from_x, x, p->inputs);
  ghost_dot6_table(from_g, state + m, ghosts);

  scalers s;
  for (int32_t i = 0; i < 3; i++) {
    s.input[i] = scaler_of(p->input[i]);
    s.recurrent[i] = scaler_of(p->recurrent[i]);
  }
  sums a = {.g = {0}};
  const uint32_t *w = p->gates;
  for (int32_t i = 0; i < m; i++) {
    const int32_t second = i & 1;
    if (second == 0) {
      w = ghost_dot6(w + 6, from_x, w, a.x);
      if (ghosts > 0) w = ghost_dot6(w, from_g, zero_starts, a.g);
      w = ghost_dot6(w + 6, from_h, w, a.h);
    }
    carry[i] = (int16_t)unit(&s, carry[i], a.x + second, a.h + second, a.g + second);
    state[i] = ghost_to_state(carry[i]);
  }

  if (ghosts > 0) ghost_dot6_table(from_h, state, m);
  const scaler ghost = scaler_of(p->ghost);
  w = p->ghosts;
  for (int32_t i = 0, row = 6; i < ghosts; i++, row++) {
    if (row == 6) {
      w = ghost_dot6(w + 6, from_h, w, a.h);
      row = 0;
    }
    state[m + i] = ghost_to_state(ghost_tanh(ghost_saturate16(scale(a.h[row], &ghost))));
  }
}
