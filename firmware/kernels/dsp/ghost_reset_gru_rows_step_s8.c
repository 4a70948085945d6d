/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plain/ghost_reset_gru_step_s8.c by rows of four units, the state written as they are done.
 *
 *   stream   reset before: all of r; then of four units z, c, or z, r, c where it comes after
 *   scratch  [ x | h | r * h ] as halves, the last only where the reset comes before
 */
#include "ghost_gate_rows.h"

static int32_t gate(const ghost_gate_rows_params *p, int32_t before) {
  if (p->slope == 0) return ghost_sigmoid_of(before);
  return ghost_hard_sigmoid(ghost_saturated16(before), p->slope);
}

/* r * h of all units, as halves. */
static void reset(ghost_gate_rows *at, const int16_t *carry, int16_t *to) {
  const int32_t n = at->p->units;
  if (n % 2 != 0) to[n] = 0; /* a last one shares its word with nothing */
  for (int32_t j = 0; j < n; j += 4) {
    int32_t r[4] = {0, 0, 0, 0};
    ghost_from_x(at, 1, r);
    ghost_from_halves(at, at->state, 1, r);
    for (int32_t i = 0; i < 4 && j + i < n; i++) {
      const int32_t y = (gate(at->p, r[i]) * carry[j + i] + (1 << 22)) >> 23;
      to[j + i] = (int16_t)ghost_saturated8(y);
    }
  }
}

void ghost_reset_gru_rows_step_s8(const ghost_gate_rows_params *p, int8_t *state, int16_t *carry,
                                  void *scratch, const int8_t *x) {
  const int32_t n = p->units;
  uint32_t *const s = ghost_widened(scratch, x, p->inputs);
  uint32_t *const behind = ghost_widened(s, state, n);
  ghost_gate_rows at = {p, p->stream, scratch, s};
  if (!p->reset_after) reset(&at, carry, (int16_t *)behind);
  for (int32_t j = 0; j < n; j += 4) {
    int32_t z[4] = {0, 0, 0, 0};
    int32_t r[4] = {0, 0, 0, 0};
    int32_t c[4] = {0, 0, 0, 0};
    int32_t h[4] = {0, 0, 0, 0};
    ghost_from_x(&at, 0, z);
    ghost_from_halves(&at, s, 0, z);
    if (p->reset_after) {
      ghost_from_x(&at, 1, r);
      ghost_from_halves(&at, s, 1, r);
    }
    ghost_from_x(&at, 2, c);
    ghost_from_halves(&at, p->reset_after ? s : behind, 2, p->reset_after ? h : c);
    for (int32_t i = 0; i < 4 && j + i < n; i++) {
      if (p->reset_after) {
        c[i] += (gate(p, r[i]) * ghost_saturated16(h[i]) + (1 << 14)) >> 15;
      }
      const int32_t new = ghost_tanh_wide(c[i], 1 << 8) >> 9;
      const int32_t old = carry[j + i];
      const int32_t now = new + ((gate(p, z[i]) * (old - new) + (1 << 14)) >> 15);
      carry[j + i] = (int16_t)now;
      state[j + i] = (int8_t)ghost_saturated8((now + 128) >> 8);
    }
  }
}
