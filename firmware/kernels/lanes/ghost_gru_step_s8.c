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
#include "ghost_dot6.h"
#include "ghost_lanes.h"

static const uint32_t zero_starts[6];

GHOST_ONE_COPY static int32_t scale(int32_t acc, const ghost_scaler *s) {
  return ghost_scale(acc, s);
}

__attribute__((noinline)) static int32_t sigmoid(int32_t y) { return ghost_sigmoid_of(y); }

__attribute__((noinline)) static int32_t tanh_512(int32_t y) { return ghost_tanh_512(y); }

/** The layer's requantizers, ready for use; gates in z, r, c order. */
typedef struct {
  ghost_scaler input[3];
  ghost_scaler recurrent[3];
} scalers;

/** Rows z, z, r, r, c, c of two units: where a unit's sums over x, h and g are. */
enum { X = 0, H = 6, G = 12, SUMS = 18 };

/** The update (0) or reset (1) gate of a unit. */
static int32_t gate(const scalers *s, int32_t i, const int32_t *sums) {
  const int32_t x = sums[X + 2 * i];
  const int32_t state = sums[H + 2 * i] + sums[G + 2 * i];
  return sigmoid(scale(x, &s->input[i]) + scale(state, &s->recurrent[i]));
}

/** The candidate of a unit; the reset gate touches the intrinsic part only. */
static int32_t candidate(const scalers *s, const int32_t *sums) {
  const int32_t r = gate(s, 1, sums);
  const int32_t intrinsic = ghost_saturate16(scale(sums[H + 4], &s->recurrent[2]));
  const int32_t reset = (r * intrinsic + (1 << 14)) >> 15;
  const int32_t rest = scale(sums[X + 4], &s->input[2]) + scale(sums[G + 4], &s->recurrent[2]);
  return (tanh_512(rest + reset) + 256) >> 9;
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
    s.input[i] = ghost_scaler_of(p->input[i]);
    s.recurrent[i] = ghost_scaler_of(p->recurrent[i]);
  }
  int32_t sums[SUMS] = {0};
  const uint32_t *w = p->gates;
  for (int32_t i = 0; i < m; i++) {
    const int32_t *const unit = sums + (i & 1);
    if ((i & 1) == 0) {
      w = ghost_dot6(w + 6, from_x, w, sums + X);
      if (ghosts > 0) w = ghost_dot6(w, from_g, zero_starts, sums + G);
      w = ghost_dot6(w + 6, from_h, w, sums + H);
    }
    const int32_t c = candidate(&s, unit);
    const int32_t z = gate(&s, 0, unit);
    /* |z (carry - c)| <= 2^15 (2^16 - 1) fits, and so does what lies between carry and c. */
    const int32_t new = (c * 32768 + z * (carry[i] - c) + (1 << 14)) >> 15;
    carry[i] = (int16_t)new;
    state[i] = ghost_to_state(new);
  }

  if (ghosts > 0) ghost_dot6_table(from_h, state, m);
  const ghost_scaler ghost = ghost_scaler_of(p->ghost);
  w = p->ghosts;
  for (int32_t i = 0, row = 6; i < ghosts; i++, row++) {
    if (row == 6) {
      w = ghost_dot6(w + 6, from_h, w, sums);
      row = 0;
    }
    /* Two roundings in one: (((y + 2^8) >> 9) + 2^7) >> 8; above -2^24, so -128 is the least. */
    const int32_t g = (tanh_512(scale(sums[row], &ghost)) + (1 << 8) + (1 << 16)) >> 17;
    state[m + i] = (int8_t)(g > 127 ? 127 : g);
  }
}
