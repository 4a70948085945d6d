/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Simple RNN, one frame, on the vector unit: h <- tanh(W x + U h + b), or relu.
 *
 *   stream   [ b | W | c | U ]  matrices as ghost_sums_s8 takes them
 *   scratch  [ one: n words | two: n words ]  each up to a multiple of 4 words
 */
#include "ghost_gate_products.h"

void ghost_simple_rnn_rows_step_s8(const ghost_gate_rows_params *p, int8_t *state, void *scratch,
                                   const int8_t *x) {
  const int32_t n = p->units;
  int32_t *const one = scratch, *const two = one + ((n + 3) & ~3);
  const int8_t *w = (const int8_t *)p->stream;
  w = product(w, x, p->inputs, n, one);
  (void)product(w, state, n, n, two);
  const requantizer input = prepare(p->input[0]), recurrent = prepare(p->recurrent[0]);
  const int32_t relu = p->relu;
  for (int32_t i = 0; i < n; i += 4) {
    const int32x4_t before = preactivation(one + i, two + i, input, recurrent);
    const int32x4_t positive = vmaxq_s32(saturate16(before), vdupq_n_s32(0));
    const int32x4_t h = vrshrq_n_s32(relu ? positive : tanh15(before), 8);
    vstrbq_p_s32(state + i, vminq_s32(h, vdupq_n_s32(127)), vctp32q((uint32_t)(n - i)));
  }
}
