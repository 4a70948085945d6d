/* SPDX-License-Identifier: Apache-2.0 */
/** @file What the recurrent kernels of gates share: a row of each product at a time, and the gates.
 */
#ifndef GHOST_LANE_GATES_H
#define GHOST_LANE_GATES_H

#include "ghost_lanes.h"

/** A run over the rows of a matrix, times the vector of a table. */
typedef struct {
  const uint32_t *w;    /**< what has not been read, as ghost_dot_next reads it */
  const int32_t *table; /**< as ghost_dot6.h has it */
  int32_t left;         /**< rows that have not been read */
  const int32_t *next;  /**< sum */
  const int32_t *end;
  int32_t sums[6];
} ghost_lane_rows;

/** A layer at work: rows of both products, ready requantizers. */
typedef struct {
  ghost_lane_rows from_input;
  ghost_lane_rows from_state;
  ghost_scaler input[4];
  ghost_scaler recurrent[4];
  int32_t slope;
} ghost_lane_gates;

/**
 * Begin a frame of a layer with so many gates.
 *
 * @param scratch  takes the tables of x and of the state; rows read these
 * @return         their end
 */
int32_t *ghost_lane_begin(ghost_lane_gates *g, const ghost_lane_gates_params *p, int32_t gates,
                          const int8_t *state, void *scratch, const int8_t *x);

/** Go on with the next `count` rows, which are a list of their own, and another vector or not. */
void ghost_lane_list(ghost_lane_rows *rows, const int32_t *table, int32_t count);

/** Wx + b of the next row, a part of the pre-activation of its gate. */
int32_t ghost_lane_input(ghost_lane_gates *g, int32_t gate);

/** Uh + c of the next row. */
int32_t ghost_lane_state(ghost_lane_gates *g, int32_t gate);

/** Both. */
int32_t ghost_lane_preactivation(ghost_lane_gates *g, int32_t gate);

/** The gate of the next row, Q0.15 in [0, 32768]. */
int32_t ghost_lane_gate(ghost_lane_gates *g, int32_t gate);

/** tanh of a pre-activation, saturated to 16 bits, Q0.15. */
int32_t ghost_lane_tanh(int32_t y);

#endif
