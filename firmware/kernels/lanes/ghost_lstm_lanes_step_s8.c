/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plain/ghost_lstm_step_s8.c for cores without DSP instructions, one frame:
 *
 *   i, f, o = sigma(W x + U h + b)          g = tanh(Wg x + Ug h + bg)
 *   c <- f * c + i * g                      h <- o * tanh(c)
 *
 *   kernels  rows i, f, g, o of each unit
 *   state    [ h: n values Q0.7 ]
 *   cell     [ c: n values, k integer bits ]
 *   scratch  [ table of x | table of h ]    as ghost_dot6.h has them
 *
 * Rows read the tables, so a unit's new state is written as soon as it is known.
 */
#include "ghost_lane_gates.h"

void ghost_lstm_lanes_step_s8(const ghost_lane_gates_params *p, int8_t *state, int16_t *cell,
                              void *scratch, const int8_t *x) {
  const int32_t k = p->cell_bits;
  ghost_lane_gates gates;
  ghost_lane_begin(&gates, p, 4, state, scratch, x);
  for (int32_t j = 0; j < p->units; j++) {
    const int32_t i = ghost_lane_gate(&gates, 0);
    const int32_t f = ghost_lane_gate(&gates, 1);
    const int32_t g = ghost_lane_tanh(ghost_lane_preactivation(&gates, 2));
    const int32_t o = ghost_lane_gate(&gates, 3);
    /* abs(f c) <= 2^30 and abs(i g) <= 2^15 (2^15 - 1): their sum and the half fit 32 bits. */
    const int32_t c = ghost_saturate16((f * cell[j] + ((i * g) >> k) + (1 << 14)) >> 15);
    cell[j] = (int16_t)c;
    const int32_t wide = ((int32_t)((uint32_t)c << k) + 4) >> 3; /* Q3.12, k at most 15 */
    state[j] = ghost_product_to_state(o, ghost_lane_tanh(wide));
  }
}
