/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plain/ghost_simple_rnn_step_s8.c for cores without DSP instructions, one frame:
 * h <- tanh(W x + U h + b), or relu.
 *
 *   kernels  a row of each unit
 *   state    [ h: n values ]
 *   scratch  [ table of x | table of h ]    as ghost_dot6.h has them
 *
 * Rows read the tables, so a unit's new state is written as soon as it is known.
 */
#include "ghost_lane_gates.h"

void ghost_simple_rnn_lanes_step_s8(const ghost_lane_gates_params *p, int8_t *state, void *scratch,
                                    const int8_t *x) {
  ghost_lane_gates gates;
  ghost_lane_begin(&gates, p, 1, state, scratch, x);
  for (int32_t j = 0; j < p->units; j++) {
    const int32_t before = ghost_lane_preactivation(&gates, 0);
    state[j] = ghost_to_state(p->relu ? ghost_clamp(before, 0, 32767) : ghost_lane_tanh(before));
  }
}
