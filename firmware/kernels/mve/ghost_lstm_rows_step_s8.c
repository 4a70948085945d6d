/* SPDX-License-Identifier: Apache-2.0 */
/*
 * LSTM, one frame, on the vector unit (Helium).
 *
 *   i, f, o = sigma(W x + U h + b)          g = tanh(Wg x + Ug h + bg)
 *   c <- f * c + i * g                      h <- o * tanh(c)
 *
 *   stream   gates i, g, f, o, of each [ b | W | c | U ], matrices as ghost_sums_s8 takes them
 *   state    [ h: n values Q0.7 ]  written with the last gate, when all products have read it
 *   cell     [ c: n values, k integer bits ]
 *   scratch  [ one: n words | two: n words | three: n words ]  each up to a multiple of 4 words
 *
 * Four rows make a vector of int32; lanes behind the last row compute something that nobody stores.
 */
#include "ghost_gate_products.h"

/** three <- i */
static void input_gate(const ghost_lstm_rows_params *p, const int32_t *one, const int32_t *two,
                       int32_t *three) {
  const requantizer input = prepare(p->input[0]), recurrent = prepare(p->recurrent[0]);
  const int32_t n = p->units;
  for (int32_t i = 0; i < n; i += 4) {
    vstrwq_s32(three + i, sigmoid(preactivation(one + i, two + i, input, recurrent)));
  }
}

/** three <- i * g, with the cell's fraction and 15 bits more. */
static void candidate(const ghost_lstm_rows_params *p, const int32_t *one, const int32_t *two,
                      int32_t *three) {
  const requantizer input = prepare(p->input[2]), recurrent = prepare(p->recurrent[2]);
  const int32_t n = p->units, k = p->cell_bits;
  for (int32_t i = 0; i < n; i += 4) {
    const int32x4_t g = tanh15(preactivation(one + i, two + i, input, recurrent));
    const int32x4_t new = vmulq_s32(vldrwq_s32(three + i), g);
    vstrwq_s32(three + i, vshlq_r_s32(new, -k));
  }
}

/**
 * cell, and three <- tanh(c). abs(f c) <= 2^30 and abs(i g) <= 2^15 (2^15 - 1): their sum fits 32
 * bits, and c << k does, k at most 15. tanh clips more than 16 bits would.
 */
static void forget_gate(const ghost_lstm_rows_params *p, const int32_t *one, const int32_t *two,
                        int32_t *three, int16_t *cell) {
  const requantizer input = prepare(p->input[1]), recurrent = prepare(p->recurrent[1]);
  const int32_t n = p->units, k = p->cell_bits;
  for (int32_t i = 0; i < n; i += 4) {
    const mve_pred16_t rows = vctp32q((uint32_t)(n - i));
    const int32x4_t f = sigmoid(preactivation(one + i, two + i, input, recurrent));
    const int32x4_t kept = vmulq_s32(f, vldrhq_z_s32(cell + i, rows));
    const int32x4_t c = saturate16(vrshrq_n_s32(vaddq_s32(kept, vldrwq_s32(three + i)), 15));
    vstrhq_p_s32(cell + i, c, rows);
    vstrwq_s32(three + i, tanh15(vrshrq_n_s32(vshlq_r_s32(c, k), 3)));
  }
}

/** h <- o * tanh(c) */
static void output_gate(const ghost_lstm_rows_params *p, const int32_t *one, const int32_t *two,
                        const int32_t *three, int8_t *h) {
  const requantizer input = prepare(p->input[3]), recurrent = prepare(p->recurrent[3]);
  const int32_t n = p->units;
  for (int32_t i = 0; i < n; i += 4) {
    const int32x4_t o = sigmoid(preactivation(one + i, two + i, input, recurrent));
    const int32x4_t now = vrshrq_n_s32(vmulq_s32(o, vldrwq_s32(three + i)), 23);
    vstrbq_p_s32(h + i, vminq_s32(now, vdupq_n_s32(127)), vctp32q((uint32_t)(n - i)));
  }
}

void ghost_lstm_rows_step_s8(const ghost_lstm_rows_params *p, int8_t *state, int16_t *cell,
                             void *scratch, const int8_t *x) {
  const int32_t d = p->inputs, n = p->units;
  const int32_t words = (n + 3) & ~3;
  int32_t *const one = scratch, *const two = one + words, *const three = two + words;
  const int8_t *w = (const int8_t *)p->stream;

  w = product(w, x, d, n, one);
  w = product(w, state, n, n, two);
  input_gate(p, one, two, three);

  w = product(w, x, d, n, one);
  w = product(w, state, n, n, two);
  candidate(p, one, two, three);

  w = product(w, x, d, n, one);
  w = product(w, state, n, n, two);
  forget_gate(p, one, two, three, cell);

  w = product(w, x, d, n, one);
  (void)product(w, state, n, n, two);
  output_gate(p, one, two, three, state);
}
