/* SPDX-License-Identifier: Apache-2.0 */
/** @file Gates of four units from a stream of rows: what the GRU and the simple RNN share. */
#ifndef GHOST_GATE_ROWS_H
#define GHOST_GATE_ROWS_H

#include "ghost_dsp_gates.h"

/** A frame's vectors of halves, and what is left of the stream. */
typedef struct {
  const ghost_gate_rows_params *p;
  const uint32_t *stream;
  const uint32_t *x, *state;
} ghost_gate_rows;

/** Add the input's part of the next four rows, which are of a gate, to pre-activations. */
static inline void ghost_from_x(ghost_gate_rows *at, int32_t gate, int32_t y[4]) {
  const ghost_gate_rows_params *const p = at->p;
  at->stream = ghost_four_rows(at->stream, at->x, (p->inputs + 1) / 2, y, p->input[gate]);
}

/** Add what other halves make of them: the state's, or those of the reset state. */
static inline void ghost_from_halves(ghost_gate_rows *at, const uint32_t *halves, int32_t gate,
                                     int32_t y[4]) {
  const ghost_gate_rows_params *const p = at->p;
  at->stream = ghost_four_rows(at->stream, halves, (p->units + 1) / 2, y, p->recurrent[gate]);
}

#endif
