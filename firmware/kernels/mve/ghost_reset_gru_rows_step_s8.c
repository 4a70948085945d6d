/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GRU, the reset gate before or after the candidate's recurrent product, on the vector unit.
 *
 *   z = sigma(Wz x + Uz h + b)              r = sigma(Wr x + Ur h + b)
 *   c = tanh(Wc x + b + Uc (r * h))         or tanh(Wc x + b + r * (Uc h + b'))
 *   h <- z * h + (1 - z) * c
 *
 *   stream   gates r, c, z, of each [ b | W | c | U ], matrices as ghost_sums_s8 takes them
 *   carry    [ h: n values Q0.15 ]  written with the state, when all products have read it
 *   scratch  [ one | two | three: n words each, up to a multiple of 4 | r * h: n values Q0.7 ]
 */
#include "ghost_gate_products.h"

/** reset <- r * h, or three <- r, from both products of the gate. */
static void reset_gate(const ghost_gate_rows_params *p, const int32_t *one, const int32_t *two,
                       int32_t *three, const int16_t *carry, int8_t *reset) {
  const requantizer input = prepare(p->input[1]), recurrent = prepare(p->recurrent[1]);
  const int32_t n = p->units;
  for (int32_t i = 0; i < n; i += 4) {
    const int32x4_t r = sigmoid(preactivation(one + i, two + i, input, recurrent));
    vstrwq_s32(three + i, r);
    if (p->reset_after) continue;
    const mve_pred16_t rows = vctp32q((uint32_t)(n - i));
    const int32x4_t h = vrshrq_n_s32(vmulq_s32(r, vldrhq_z_s32(carry + i, rows)), 23);
    vstrbq_p_s32(reset + i, vminq_s32(h, vdupq_n_s32(127)), rows);
  }
}

/** three <- c, of both products and, where the reset comes after, r. */
static void candidate(const ghost_gate_rows_params *p, const int32_t *one, const int32_t *two,
                      int32_t *three) {
  const requantizer input = prepare(p->input[2]), recurrent = prepare(p->recurrent[2]);
  for (int32_t i = 0; i < p->units; i += 4) {
    int32x4_t past = requantize(two + i, recurrent);
    if (p->reset_after) {
      past = vrshrq_n_s32(vmulq_s32(vldrwq_s32(three + i), saturate16(past)), 15);
    }
    vstrwq_s32(three + i, tanh15(vqaddq_s32(requantize(one + i, input), past)));
  }
}

/** carry and h, from c and both products of z, as in ghost_gru_step_s8.c. */
static void update_gate(const ghost_gate_rows_params *p, const int32_t *one, const int32_t *two,
                        const int32_t *three, int16_t *carry, int8_t *h) {
  const requantizer input = prepare(p->input[0]), recurrent = prepare(p->recurrent[0]);
  const int32_t n = p->units;
  for (int32_t i = 0; i < n; i += 4) {
    const mve_pred16_t rows = vctp32q((uint32_t)(n - i));
    const int32x4_t z = sigmoid(preactivation(one + i, two + i, input, recurrent));
    const int32x4_t c = vldrwq_s32(three + i);
    const int32x4_t past = vsubq_s32(vldrhq_z_s32(carry + i, rows), c);
    const int32x4_t now = vaddq_s32(c, vrshrq_n_s32(vmulq_s32(z, past), 15));
    vstrhq_p_s32(carry + i, now, rows);
    vstrbq_p_s32(h + i, vminq_s32(vrshrq_n_s32(now, 8), vdupq_n_s32(127)), rows);
  }
}

void ghost_reset_gru_rows_step_s8(const ghost_gate_rows_params *p, int8_t *state, int16_t *carry,
                                  void *scratch, const int8_t *x) {
  const int32_t d = p->inputs, n = p->units, words = (n + 3) & ~3;
  int32_t *const one = scratch, *const two = one + words, *const three = two + words;
  int8_t *const reset = (int8_t *)(three + words);
  const int8_t *w = (const int8_t *)p->stream;

  w = product(w, x, d, n, one);
  w = product(w, state, n, n, two);
  reset_gate(p, one, two, three, carry, reset);

  w = product(w, x, d, n, one);
  w = product(w, p->reset_after ? state : reset, n, n, two);
  candidate(p, one, two, three);

  w = product(w, x, d, n, one);
  (void)product(w, state, n, n, two);
  update_gate(p, one, two, three, carry, state);
}
