/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Simple RNN, one frame: h <- tanh(W x + U h + b), or relu.
 *
 *   state    [ h: n values ]           all rows read it before any is written
 *   scratch  [ the new h: n values ]
 */
#include <string.h>

#include "ghost_gates.h"

void ghost_simple_rnn_step_s8(const ghost_gates_params *p, int8_t *state, void *scratch,
                              const int8_t *x) {
  int8_t *const after = scratch;
  for (int32_t j = 0; j < p->units; j++) {
    const int32_t before = ghost_preactivation(p, 0, j, x, state);
    const int32_t positive = before > 0 ? before : 0;
    after[j] = ghost_to_state(p->relu ? positive : ghost_tanh(before));
  }
  memcpy(state, after, (size_t)p->units);
}
