/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plain/ghost_simple_rnn_step_s8.c by rows of four units, the state written as they are done.
 *
 *   scratch  [ x | h ] as halves
 */
#include "ghost_gate_rows.h"

void ghost_simple_rnn_rows_step_s8(const ghost_gate_rows_params *p, int8_t *state, void *scratch,
                                   const int8_t *x) {
  const int32_t n = p->units;
  uint32_t *const s = ghost_widened(scratch, x, p->inputs);
  (void)ghost_widened(s, state, n);
  ghost_gate_rows at = {p, p->stream, scratch, s};
  for (int32_t j = 0; j < n; j += 4) {
    int32_t h[4] = {0, 0, 0, 0};
    ghost_from_x(&at, 0, h);
    ghost_from_halves(&at, s, 0, h);
    for (int32_t i = 0; i < 4 && j + i < n; i++) {
      const int32_t before = ghost_saturated16(h[i]);
      const int32_t positive = before > 0 ? before : 0;
      const int32_t now = p->relu ? positive : ghost_tanh_wide(before, 1 << 8) >> 9;
      state[j + i] = (int8_t)ghost_saturated8((now + 128) >> 8);
    }
  }
}
