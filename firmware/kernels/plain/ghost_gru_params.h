/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GHOST_GRU_PARAMS_H
#define GHOST_GRU_PARAMS_H

#include "ghost_requantizer.h"

/** Constants of one GhostGRU layer; d inputs, n units, m intrinsic; gates in z, r, c order. */
typedef struct {
  int32_t inputs;                 /**< d */
  int32_t units;                  /**< n */
  int32_t intrinsic;              /**< m; n - m ghosts, none when the layer is a plain GRU */
  const int8_t *kernel;           /**< 3 x m x d */
  const int8_t *recurrent_kernel; /**< 3 x m x n */
  const int8_t *ghost_kernel;     /**< (n - m) x m */
  const int32_t *input_bias;      /**< 3 x m, the input zero point folded in */
  const int32_t *recurrent_bias;  /**< 3 x m */
  const int32_t *ghost_bias;      /**< n - m */
  ghost_requantizer input[3];     /**< to Q3.12 */
  ghost_requantizer recurrent[3]; /**< to Q3.12; the candidate's serves both its parts */
  ghost_requantizer ghost;        /**< to Q3.12 */
} ghost_gru_params;

#endif
