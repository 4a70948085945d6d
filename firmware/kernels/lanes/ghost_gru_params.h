/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GHOST_GRU_PARAMS_H
#define GHOST_GRU_PARAMS_H

#include "ghost_requantizer.h"

/**
 * Constants of one GhostGRU layer for cores without DSP instructions; d inputs, n units, m
 * intrinsic; gates in z, r, c order. Weights lie in the order they are read in: blocks of six rows,
 * as ghost_dot6.h wants them.
 */
typedef struct {
  int32_t inputs;    /**< d */
  int32_t units;     /**< n */
  int32_t intrinsic; /**< m; n - m ghosts, none when the layer is a plain GRU */
  /** For each two units six starts and six rows (z, z, r, r, c, c) of the kernel; the ghosts'
      columns of the recurrent kernel; six starts and the intrinsic columns. */
  const uint32_t *gates;
  const uint32_t *ghosts;         /**< for each six ghosts six starts and six rows */
  ghost_requantizer input[3];     /**< to Q3.12 */
  ghost_requantizer recurrent[3]; /**< to Q3.12; the candidate's serves both its parts */
  ghost_requantizer ghost;        /**< to Q3.12 */
} ghost_gru_params;

#endif
