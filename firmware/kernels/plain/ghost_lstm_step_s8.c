/* SPDX-License-Identifier: Apache-2.0 */
/*
 * LSTM, one frame:
 *
 *   i, f, o = sigma(W x + U h + b)          g = tanh(Wg x + Ug h + bg)
 *   c <- f * c + i * g                      h <- o * tanh(c)
 *
 *   state    [ h: n values Q0.7 ]           all rows read it before any is written
 *   cell     [ c: n values, k integer bits ]   row j alone reads and writes cell[j]
 *   scratch  [ the new h: n values Q0.7 ]
 */
#include <string.h>

#include "ghost_gates.h"

void ghost_lstm_step_s8(const ghost_gates_params *p, int8_t *state, int16_t *cell, void *scratch,
                        const int8_t *x) {
  int8_t *const after = scratch;
  const int32_t k = p->cell_bits;
  for (int32_t j = 0; j < p->units; j++) {
    const int32_t i = ghost_gate(p, 0, j, x, state);
    const int32_t f = ghost_gate(p, 1, j, x, state);
    const int32_t g = ghost_tanh(ghost_preactivation(p, 2, j, x, state));
    const int32_t o = ghost_gate(p, 3, j, x, state);
    /* abs(f c) <= 2^30 and abs(i g) <= 2^15 (2^15 - 1): their sum and the half fit 32 bits. */
    const int32_t c = ghost_saturate16((f * cell[j] + ((i * g) >> k) + (1 << 14)) >> 15);
    cell[j] = (int16_t)c;
    const int32_t wide = ((int32_t)((uint32_t)c << k) + 4) >> 3; /* Q3.12, k at most 15 */
    after[j] = ghost_product_to_state(o, ghost_tanh(ghost_saturate16(wide)));
  }
  memcpy(state, after, (size_t)p->units);
}
