/* SPDX-License-Identifier: Apache-2.0 */
#include "ghost_lane_gates.h"

#include "ghost_dot6.h"

void ghost_lane_list(ghost_lane_rows *rows, const int32_t *table, int32_t count) {
  rows->table = table;
  rows->left = count;
  rows->next = rows->end = rows->sums;
}

int32_t *ghost_lane_begin(ghost_lane_gates *g, const ghost_lane_gates_params *p, int32_t gates,
                          const int8_t *state, void *scratch, const int8_t *x) {
  g->from_input.w = p->kernel;
  g->from_state.w = p->recurrent_kernel;
  g->slope = p->slope;
  for (int32_t i = 0; i < gates; i++) {
    g->input[i] = ghost_scaler_of(p->input[i]);
    g->recurrent[i] = ghost_scaler_of(p->recurrent[i]);
  }
  int32_t *const from_state = ghost_dot6_table(scratch, x, p->inputs);
  ghost_lane_list(&g->from_input, scratch, gates * p->units);
  ghost_lane_list(&g->from_state, from_state, gates * p->units);
  return ghost_dot6_table(from_state, state, p->units);
}

__attribute__((noinline)) static void refill(ghost_lane_rows *rows) {
  const int32_t taken = ghost_dot_next(&rows->w, rows->table, rows->left, rows->sums);
  rows->left -= taken;
  rows->next = rows->sums;
  rows->end = rows->sums + taken;
}

static int32_t next(ghost_lane_rows *rows) {
  if (rows->next == rows->end) refill(rows);
  return *rows->next++;
}

int32_t ghost_lane_input(ghost_lane_gates *g, int32_t gate) {
  return ghost_scale(next(&g->from_input), &g->input[gate]);
}

int32_t ghost_lane_state(ghost_lane_gates *g, int32_t gate) {
  return ghost_scale(next(&g->from_state), &g->recurrent[gate]);
}

int32_t ghost_lane_preactivation(ghost_lane_gates *g, int32_t gate) {
  return ghost_lane_input(g, gate) + ghost_lane_state(g, gate);
}

int32_t ghost_lane_gate(ghost_lane_gates *g, int32_t gate) {
  const int32_t before = ghost_lane_preactivation(g, gate);
  if (g->slope == 0) return ghost_sigmoid_of(before);
  return ghost_hard_sigmoid(ghost_saturate16(before), g->slope);
}

int32_t ghost_lane_tanh(int32_t y) { return (ghost_tanh_512(y) + 256) >> 9; }
