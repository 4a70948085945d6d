/* SPDX-License-Identifier: Apache-2.0 */
/** @file What the recurrent kernels in plain C share: a row of each product, and the gates. */
#ifndef GHOST_GATES_H
#define GHOST_GATES_H

#include "ghost_arithmetic.h"

/** The product of a row of weights and a vector; a call, unless the compiler knows better. */
static int32_t ghost_dot(const int8_t *w, const int8_t *x, int32_t count) {
  int32_t acc = 0;
  for (; count >= 8; count -= 8, w += 8, x += 8) {
    acc += w[0] * x[0] + w[1] * x[1] + w[2] * x[2] + w[3] * x[3];
    acc += w[4] * x[4] + w[5] * x[5] + w[6] * x[6] + w[7] * x[7];
  }
  for (; count > 0; count--) acc += *w++ * *x++;
  return acc;
}

/** Wx + b of one unit of one gate, a part of its pre-activation. */
static inline int32_t ghost_from_input(const ghost_gates_params *p, int32_t gate, int32_t unit,
                                       const int8_t *x) {
  const int32_t row = gate * p->units + unit;
  const int8_t *const w = p->kernel + row * p->inputs;
  return ghost_requantize(ghost_dot(w, x, p->inputs) + p->input_bias[row], p->input[gate]);
}

/** Uh + c of one unit of one gate. */
static inline int32_t ghost_from_state(const ghost_gates_params *p, int32_t gate, int32_t unit,
                                       const int8_t *state) {
  const int32_t row = gate * p->units + unit;
  const int32_t acc = ghost_dot(p->recurrent_kernel + row * p->units, state, p->units);
  const int32_t bias = p->recurrent_bias ? p->recurrent_bias[row] : 0;
  return ghost_requantize(acc + bias, p->recurrent[gate]);
}

/** Both, in 16 bits. */
static inline int32_t ghost_preactivation(const ghost_gates_params *p, int32_t gate, int32_t unit,
                                          const int8_t *x, const int8_t *state) {
  return ghost_saturate16(ghost_from_input(p, gate, unit, x) +
                          ghost_from_state(p, gate, unit, state));
}

/** A gate of one unit, Q0.15 in [0, 32768]. */
static inline int32_t ghost_gate(const ghost_gates_params *p, int32_t gate, int32_t unit,
                                 const int8_t *x, const int8_t *state) {
  const int32_t before = ghost_preactivation(p, gate, unit, x, state);
  if (p->slope == 0) return ghost_sigmoid(before);
  return ghost_hard_sigmoid(before, p->slope);
}

#endif
