/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TFLite's LSTM, one frame; z is the zero point of h:
 *
 *   i, f, o = sigma(W x + b + U (h - z))    g = tanh(Wg x + bg + Ug (h - z))
 *   c <- f * c + i * g                      h <- o * tanh(c) + z
 *
 *   state    [ h: n values ]                all rows read it before any is written
 *   cell     [ c: n values ]                row j alone reads and writes cell[j]
 *   scratch  [ the new h: n values ]
 *
 * Every product is rounded twice, as TFLite Micro's reference does.
 */
#include <string.h>

#include "ghost_gates.h"

#define SATURATED (255 << 8) /* where tanh is the largest there is */

/** One gate of one unit before its activation, Q3.12. */
static int32_t before(const ghost_sequence_lstm_params *p, int32_t gate, int32_t unit,
                      const int8_t *x, const int8_t *state) {
  const int32_t row = gate * p->units + unit;
  const ghost_scaling own = p->input[gate], recurrent = p->recurrent[gate];
  const int32_t from_x = ghost_dot(p->kernel + row * p->inputs, x, p->inputs);
  const int32_t from_h = ghost_dot(p->recurrent_kernel + row * p->units, state, p->units);
  const int32_t one = ghost_rescale(from_x + p->input_bias[row], own.multiplier, own.shift);
  const int32_t other =
      ghost_rescale(from_h + p->recurrent_bias[row], recurrent.multiplier, recurrent.shift);
  return ghost_saturate16(ghost_saturate16(one) + ghost_saturate16(other));
}

/** sigma(u / 12288) - 1/2 in Q0.25, odd in u; |u| < 255 * 2^9. */
static int32_t interpolate(int32_t u) {
  const int32_t magnitude = u < 0 ? -u : u;
  const uint16_t *const node = &ghost_even_sigmoid_table[magnitude >> 9];
  const int32_t value = node[0] * 512 + (magnitude & 511) * (node[1] - node[0]);
  return u < 0 ? -value : value;
}

/** sigma of Q3.12 as Q0.15; halves of negative ones are rounded down. */
static int32_t sigmoid(int32_t x) {
  return 16384 + ((interpolate(3 * x) + 512 - (x < 0 ? 1 : 0)) >> 10);
}

/** tanh of steps of 1 / 12288 as Q0.15, likewise. */
static int32_t tanh_of(int32_t u) {
  if (u >= SATURATED) return 32767;
  if (u <= -SATURATED) return -32767;
  return (interpolate(2 * u) + 256 - (u < 0 ? 2 : 0)) >> 9;
}

void ghost_sequence_lstm_step_s8(const ghost_sequence_lstm_params *p, int8_t *state, int16_t *cell,
                                 void *scratch, const int8_t *x) {
  int8_t *const after = scratch;
  for (int32_t j = 0; j < p->units; j++) {
    const int32_t i = sigmoid(before(p, 0, j, x, state));
    const int32_t f = sigmoid(before(p, 1, j, x, state));
    const int32_t g = tanh_of(3 * before(p, 2, j, x, state));
    const int32_t o = sigmoid(before(p, 3, j, x, state));
    const int32_t kept = ghost_saturate16(ghost_rescale(f * cell[j], 1 << 30, -14)); /* 2^-15 */
    const int32_t new = ghost_rescale(i * g, p->new_cell.multiplier, p->new_cell.shift);
    const int32_t c = ghost_clamp(kept + ghost_saturate16(new), -p->clip - p->unclipped, p->clip);
    cell[j] = (int16_t)c;
    /* The cell's scale is 2^power: at most 2^15 * 3 * 2^12 fits 32 bits. */
    const int32_t shift = p->cell_power + 12;
    const int32_t u = shift >= 0 ? c * (3 << shift) : (c * 3 + (1 << (-shift - 1))) >> -shift;
    const int32_t h = ghost_rescale(o * tanh_of(u), p->new_state.multiplier, p->new_state.shift);
    after[j] = (int8_t)ghost_clamp(h + p->zero_point, -128, 127);
  }
  memcpy(state, after, (size_t)p->units);
}
