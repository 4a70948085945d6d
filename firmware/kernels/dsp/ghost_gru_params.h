/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GHOST_GRU_PARAMS_H
#define GHOST_GRU_PARAMS_H

#include "ghost_requantizer.h"

/**
 * Constants of one GhostGRU layer; d inputs, n units, m intrinsic; gates in z, r, c order.
 *
 * `weights` and `ghost_weights` are read from front to back, in the order of use, which
 * ghost_gru_step_s8.S describes. Its offsets follow the members here.
 */
typedef struct {
  int32_t inputs;                 /**< d */
  int32_t units;                  /**< n */
  int32_t intrinsic;              /**< m; n - m ghosts, none when the layer is a plain GRU */
  const uint32_t *weights;        /**< biases and paired rows of the three gates */
  const uint32_t *ghost_weights;  /**< biases and paired rows of the ghosts */
  ghost_requantizer input[3];     /**< to Q3.12 */
  ghost_requantizer recurrent[3]; /**< to Q3.12; the candidate's serves both its parts */
  ghost_requantizer ghost;        /**< to Q3.12 */
  int32_t segment;                /**< pairs of inputs that sums stay exact for; 0: any number */
} ghost_gru_params;

#endif
