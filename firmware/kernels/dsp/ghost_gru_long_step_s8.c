/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ghost_gru_step_s8.S in C, for layers outside its bounds: rows so long, or biases so large, that
 * 256 a + b would not leave a exact, and shifts above 8. Sums are taken apart after every
 * p->segment pairs of inputs, and biases, [ a, b ] ahead of their rows here, are added at the end.
 */
#include "ghost_dsp_gates.h"

/* Accumulators of four rows: two pairs. */
typedef struct {
  int32_t row[4];
} rows;

/* The vectors of a frame, two halves to a word, and the words of each. */
typedef struct {
  const uint32_t *x, *s, *g;
  uint32_t *h;
  int32_t over_x, over_s, over_h, over_g;
} vectors;

static const uint32_t *start(rows *sums, const uint32_t *bias) {
  for (int32_t i = 0; i < 4; i++) sums->row[i] = (int32_t)bias[i];
  return bias + 4;
}

/* Add the products of four rows with a vector; returns the weights behind the rows. */
static const uint32_t *multiply(rows *sums, const uint32_t *w, const uint32_t *x, int32_t pairs,
                                int32_t segment) {
  while (pairs > 0) {
    int32_t both[2] = {0, 0};
    int32_t second[2] = {0, 0};
    const int32_t end = pairs > segment ? pairs - segment : 0;
    for (; pairs > end; pairs--, x++) {
      for (int32_t i = 0; i < 2; i++, w++) {
        both[i] = ghost_multiply_add_halves(*w, *x, both[i]);
        second[i] = ghost_multiply_add_halves(ghost_even_bytes(*w), *x, second[i]);
      }
    }
    for (int32_t i = 0; i < 2; i++) {
      /* 256 a, exact in so short a segment, although both sums wrap. */
      sums->row[2 * i] += (int32_t)((uint32_t)both[i] - (uint32_t)second[i]) >> 8;
      sums->row[2 * i + 1] += second[i];
    }
  }
  return w;
}

/* One unit from its pre-activations: the new carried state. */
static int32_t unit(int32_t z, int32_t r, int32_t x, int32_t h, int32_t g, int32_t carry) {
  const int32_t gated = (ghost_sigmoid_of(r) * ghost_saturate16(h) + (1 << 14)) >> 15;
  const int32_t c = ghost_tanh_wide(x + g + gated, 1 << 8) >> 9;
  return c + ((ghost_sigmoid_of(z) * (carry - c) + (1 << 14)) >> 15);
}

/* sigma's argument of four units, added to y. */
static const uint32_t *gate(int32_t y[4], const uint32_t *w, const vectors *v,
                            const ghost_gru_params *p, int32_t number) {
  rows sums;
  w = multiply(&sums, start(&sums, w), v->x, v->over_x, p->segment);
  for (int32_t i = 0; i < 4; i++) y[i] = ghost_requantized(sums.row[i], p->input[number]);
  w = multiply(&sums, start(&sums, w), v->s, v->over_s, p->segment);
  for (int32_t i = 0; i < 4; i++) y[i] += ghost_requantized(sums.row[i], p->recurrent[number]);
  return w;
}

static const uint32_t *four_units(const ghost_gru_params *p, const uint32_t *w, const vectors *v,
                                  int16_t *carry) {
  rows x;
  rows h;
  rows g = {{0, 0, 0, 0}};
  int32_t z[4];
  int32_t r[4];
  w = gate(z, w, v, p, 0);
  w = gate(r, w, v, p, 1);
  w = multiply(&x, start(&x, w), v->x, v->over_x, p->segment);
  w = multiply(&h, start(&h, w), v->s, v->over_h, p->segment);
  if (p->units > p->intrinsic) w = multiply(&g, w, v->g, v->over_g, p->segment);
  for (int32_t i = 0; i < 4; i++) {
    carry[i] = (int16_t)unit(z[i], r[i], ghost_requantized(x.row[i], p->input[2]),
                             ghost_requantized(h.row[i], p->recurrent[2]),
                             ghost_requantized(g.row[i], p->recurrent[2]), carry[i]);
  }
  return w;
}

/* One unit: its rows z, r, 0 and c share what four units share elsewhere. */
static const uint32_t *one_unit(const ghost_gru_params *p, const uint32_t *w, const vectors *v,
                                int16_t *carry) {
  rows x;
  rows s;
  w = multiply(&x, start(&x, w), v->x, v->over_x, p->segment);
  w = multiply(&s, start(&s, w), v->s, v->over_h, p->segment);
  const int32_t h = s.row[3];
  s.row[3] = 0;
  if (p->units > p->intrinsic) w = multiply(&s, w, v->g, v->over_g, p->segment);
  const int32_t z =
      ghost_requantized(x.row[0], p->input[0]) + ghost_requantized(s.row[0], p->recurrent[0]);
  const int32_t r =
      ghost_requantized(x.row[1], p->input[1]) + ghost_requantized(s.row[1], p->recurrent[1]);
  *carry = (int16_t)unit(z, r, ghost_requantized(x.row[3], p->input[2]),
                         ghost_requantized(h, p->recurrent[2]),
                         ghost_requantized(s.row[3], p->recurrent[2]), *carry);
  return w;
}

static void ghosts(const ghost_gru_params *p, const vectors *v, int8_t *state) {
  const uint32_t *w = p->ghost_weights;
  rows sums;
  for (int32_t left = p->units - p->intrinsic; left > 0; left -= 4) {
    w = multiply(&sums, start(&sums, w), v->h, v->over_h, p->segment);
    for (int32_t i = 0; i < 4 && i < left; i++) {
      /* Rounds to Q0.15 and then to Q0.7, in one shift. */
      const int32_t g =
          ghost_tanh_wide(ghost_requantized(sums.row[i], p->ghost), (1 << 8) + (1 << 16)) >> 17;
      *state++ = (int8_t)ghost_clamp(g, -128, 127);
    }
  }
}

void ghost_gru_long_step_s8(const ghost_gru_params *p, int8_t *state, int16_t *carry, void *scratch,
                            const int8_t *x) {
  const int32_t m = p->intrinsic;
  const int32_t n = p->units;
  uint32_t *const wide = scratch;
  uint32_t *const s = ghost_widened(wide, x, p->inputs);
  const vectors v = {.x = wide,
                     .s = s,
                     .g = s + m / 2, /* where m is odd, the first weight is zero */
                     .h = ghost_widened(s, state, n),
                     .over_x = (p->inputs + 1) / 2,
                     .over_s = (n + 1) / 2,
                     .over_h = (m + 1) / 2,
                     .over_g = (n + 1) / 2 - m / 2};
  const uint32_t *w = p->weights;
  int32_t i = 0;
  for (; i + 4 <= m; i += 4) w = four_units(p, w, &v, carry + i);
  for (; i < m; i++) w = one_unit(p, w, &v, carry + i);
  for (i = 0; i < m; i++) state[i] = ghost_to_state(carry[i]);
  (void)ghost_widened(v.h, state, m);
  ghosts(p, &v, state + m);
}
