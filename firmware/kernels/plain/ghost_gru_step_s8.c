/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GhostGRU, one frame, plain C: the specification in C.
 *
 *   z = sigma(Wz x + bz + Uz s + cz)            r = sigma(Wr x + br + Ur s + cr)
 *   c = tanh(Wc x + bc + r * (Uc,h h + cc) + Uc,g g)
 *   h <- (1 - z) * c + z * h                    g <- tanh(G h + bg)         s = [h; g]
 *
 *   state  [ h: m values Q0.7 | g: n - m values Q0.7 ]    all rows read it before any is written
 *   carry  [ h: m values Q0.15 ]                          row i alone reads and writes carry[i]
 */
#include "ghost_gates.h"

/** Wx + b of one row of one gate, in Q3.12. */
static int32_t from_input(const ghost_gru_params *p, int32_t gate, int32_t row, const int8_t *x) {
  const int32_t line = gate * p->intrinsic + row;
  const int8_t *const w = p->kernel + line * p->inputs;
  return ghost_requantize(ghost_dot(w, x, p->inputs) + p->input_bias[line], p->input[gate]);
}

/** Pre-activation of one row of an update or reset gate. */
static int32_t gate_row(const ghost_gru_params *p, int32_t gate, int32_t row, const int8_t *x,
                        const int8_t *state) {
  const int32_t line = gate * p->intrinsic + row;
  const int8_t *const u = p->recurrent_kernel + line * p->units;
  const int32_t acc = ghost_dot(u, state, p->units) + p->recurrent_bias[line];
  return ghost_saturate16(from_input(p, gate, row, x) + ghost_requantize(acc, p->recurrent[gate]));
}

/** Pre-activation of one row of the candidate; the reset gate touches the intrinsic part only. */
static int32_t candidate_row(const ghost_gru_params *p, int32_t row, const int8_t *x,
                             const int8_t *state, int32_t reset) {
  const int32_t m = p->intrinsic;
  const int32_t line = 2 * m + row;
  const int8_t *const u = p->recurrent_kernel + line * p->units;
  const int32_t acc = ghost_dot(u, state, m) + p->recurrent_bias[line];
  const int32_t intrinsic = ghost_saturate16(ghost_requantize(acc, p->recurrent[2]));
  const int32_t ghosts = ghost_requantize(ghost_dot(u + m, state + m, p->units - m), p->recurrent[2]);
  return ghost_saturate16(from_input(p, 2, row, x) + ghosts +
                          ((reset * intrinsic + (1 << 14)) >> 15));
}

void ghost_gru_step_s8(const ghost_gru_params *p, int8_t *state, int16_t *carry, void *scratch,
                       const int8_t *x) {
  (void)scratch;
  const int32_t m = p->intrinsic;
  for (int32_t i = 0; i < m; i++) {
    const int32_t z = ghost_sigmoid(gate_row(p, 0, i, x, state));
    const int32_t r = ghost_sigmoid(gate_row(p, 1, i, x, state));
    const int32_t c = ghost_tanh(candidate_row(p, i, x, state, r));
    carry[i] = (int16_t)((z * carry[i] + (32768 - z) * c + (1 << 14)) >> 15);
  }
  for (int32_t i = 0; i < m; i++) {
    state[i] = ghost_to_state(carry[i]);
  }
  const int8_t *g = p->ghost_kernel;
  for (int32_t i = 0; i < p->units - m; i++, g += m) {
    const int32_t acc = ghost_dot(g, state, m) + p->ghost_bias[i];
    state[m + i] = ghost_to_state(ghost_tanh(ghost_saturate16(ghost_requantize(acc, p->ghost))));
  }
}
