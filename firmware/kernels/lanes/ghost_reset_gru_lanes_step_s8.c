/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plain/ghost_reset_gru_step_s8.c for cores without DSP instructions, one frame:
 *
 *   z = sigma(Wz x + Uz h + b)              r = sigma(Wr x + Ur h + b)
 *   c = tanh(Wc x + b + Uc (r * h))         or tanh(Wc x + b + r * (Uc h + b'))
 *   h <- z * h + (1 - z) * c
 *
 *   kernels  reset before: rows r of all units; then z of all, in scratch until c is known; then c
 *            reset after: rows r, z, c of each unit
 *   state    [ h: n values Q0.7 ]      r * h in between, where the reset comes before
 *   carry    [ h: n values Q0.15 ]
 *   scratch  [ table of x | table of h, then of r * h | z: n values, where the reset comes before ]
 *
 * Rows read the tables, so a unit's new state is written as soon as it is known.
 */
#include "ghost_dot6.h"
#include "ghost_lane_gates.h"

/** z and what is before the tanh become the new state. */
static void blend(int32_t z, int32_t before, int16_t *carry, int8_t *state) {
  const int32_t c = ghost_lane_tanh(before);
  *carry = (int16_t)((z * *carry + (32768 - z) * c + (1 << 14)) >> 15);
  *state = ghost_to_state(*carry);
}

void ghost_reset_gru_lanes_step_s8(const ghost_lane_gates_params *p, int8_t *state, int16_t *carry,
                                   void *scratch, const int8_t *x) {
  const int32_t n = p->units;
  ghost_lane_gates gates;
  uint16_t *const update = (void *)ghost_lane_begin(&gates, p, 3, state, scratch, x);
  if (p->reset_after) {
    for (int32_t j = 0; j < n; j++) {
      const int32_t r = ghost_lane_gate(&gates, 1);
      const int32_t z = ghost_lane_gate(&gates, 0);
      const int32_t from_state = ghost_saturate16(ghost_lane_state(&gates, 2));
      const int32_t reset = (r * from_state + (1 << 14)) >> 15;
      blend(z, ghost_lane_input(&gates, 2) + reset, &carry[j], &state[j]);
    }
    return;
  }
  const int32_t *const from_h = gates.from_state.table;
  ghost_lane_list(&gates.from_state, from_h, n);
  for (int32_t j = 0; j < n; j++) {
    state[j] = ghost_product_to_state(ghost_lane_gate(&gates, 1), carry[j]);
  }
  ghost_lane_list(&gates.from_state, from_h, n);
  for (int32_t j = 0; j < n; j++) update[j] = (uint16_t)ghost_lane_gate(&gates, 0);
  ghost_dot6_table((int32_t *)scratch + ghost_dot6_words(p->inputs), state, n);
  ghost_lane_list(&gates.from_state, from_h, n);
  for (int32_t j = 0; j < n; j++) {
    blend(update[j], ghost_lane_preactivation(&gates, 2), &carry[j], &state[j]);
  }
}
