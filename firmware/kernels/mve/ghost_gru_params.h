/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GHOST_GRU_PARAMS_H
#define GHOST_GRU_PARAMS_H

#include "ghost_requantizer.h"

/**
 * Constants of one GhostGRU layer; d inputs, n units, m intrinsic; gates in z, r, c order.
 *
 * Matrices and biases lie in the order in which the step reads them:
 *
 *   weights  [ Wr | Ur | Uc,h | Wc | Uc,g | Wz | Uz | G ]  each as ghost_sums_s8 takes it
 *   bias     [ br | cr | cc   | bc |        bz | cz | bg ]
 */
typedef struct {
  int32_t inputs;    /**< d */
  int32_t units;     /**< n */
  int32_t intrinsic; /**< m; n - m ghosts, none when the layer is a plain GRU */
  const int8_t *weights;
  const int32_t *bias;            /**< m of each but bg; the input zero point folded in */
  ghost_requantizer input[3];     /**< to Q3.12 */
  ghost_requantizer recurrent[3]; /**< to Q3.12; the candidate's serves both its parts */
  ghost_requantizer ghost;        /**< to Q3.12 */
} ghost_gru_params;

#endif
