/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GHOST_PLANE_S8_H
#define GHOST_PLANE_S8_H

#include <stdint.h>

/** What all channels of a depthwise convolution have; the order is that of ghost_plane_s8.S. */
typedef struct {
  uint8_t offsets[16]; /**< of the taps, from the first */
  uint32_t lanes[4];   /**< of outputs at four places, from the first */
  int32_t minimum[4];  /**< of the fused activation, in every lane */
  int32_t maximum[4];
  int32_t taps;
  int32_t zero_point; /**< of the output */
  int32_t fours;      /**< of places */
  int32_t apart;      /**< outputs of two fours */
  int32_t left;       /**< places behind the last four */
} ghost_plane;

/**
 * One output channel at all places.
 *
 * @param plane    what all channels have
 * @param places   where the first tap is at each place; up to the next multiple of four readable
 * @param weights  of the taps
 * @param scaling  b, the input's zero point folded in, M and -r
 * @param y        output at the first place
 */
void ghost_plane_s8(const ghost_plane *plane, const int8_t *const *places, const int8_t *weights,
                    const int32_t *scaling, int8_t *y);

#endif
