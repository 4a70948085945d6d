/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GRU, the reset gate before or after the candidate's recurrent product, one frame:
 *
 *   z = sigma(Wz x + Uz h + b)              r = sigma(Wr x + Ur h + b)
 *   c = tanh(Wc x + b + Uc (r * h))         or tanh(Wc x + b + r * (Uc h + b'))
 *   h <- z * h + (1 - z) * c
 *
 *   state    [ h: n values Q0.7 ]      all rows read it before any is written
 *   carry    [ h: n values Q0.15 ]     row j alone writes carry[j], when all of scratch is made
 *   scratch  [ r * h: n values Q0.7 ]  not used where the reset comes after
 */
#include "ghost_gates.h"

void ghost_reset_gru_step_s8(const ghost_gates_params *p, int8_t *state, int16_t *carry,
                             void *scratch, const int8_t *x) {
  int8_t *const reset = scratch;
  const int32_t n = p->units;
  for (int32_t j = 0; j < n && !p->reset_after; j++) {
    reset[j] = ghost_product_to_state(ghost_gate(p, 1, j, x, state), carry[j]);
  }
  for (int32_t j = 0; j < n; j++) {
    const int32_t z = ghost_gate(p, 0, j, x, state);
    int32_t recurrent;
    if (p->reset_after) {
      const int32_t r = ghost_gate(p, 1, j, x, state);
      recurrent = (r * ghost_saturate16(ghost_from_state(p, 2, j, state)) + (1 << 14)) >> 15;
    } else {
      recurrent = ghost_from_state(p, 2, j, reset);
    }
    const int32_t c = ghost_tanh(ghost_saturate16(ghost_from_input(p, 2, j, x) + recurrent));
    carry[j] = (int16_t)((z * carry[j] + (32768 - z) * c + (1 << 14)) >> 15);
  }
  for (int32_t j = 0; j < n; j++) state[j] = ghost_to_state(carry[j]);
}
