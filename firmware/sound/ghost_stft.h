/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file From samples to spectra and back, frame by frame. mcu_ghost/sound/stft.py is its
 * specification: integers of 32 bits, factors of 16, of which a product is half.
 */
#ifndef GHOST_STFT_H
#define GHOST_STFT_H

#include <stdint.h>

#include "ghost_complex.h"

/** What follows from a model's settings. */
typedef struct {
  uint16_t frame;                  /**< samples of a frame */
  uint16_t hop;                    /**< samples from frame to frame, even */
  uint16_t points;                 /**< of the complex transform, half a frame */
  uint8_t window_shift;            /**< from a sample times its window to what is transformed */
  uint8_t output_shift;            /**< from sums of frames to samples */
  const int16_t *window;           /**< [frame] Q15 */
  const uint16_t *places;          /**< [points] where an input of the transform goes */
  const ghost_pair *twiddles;      /**< [points / 4][3] Q15 */
  const ghost_pair *real_twiddles; /**< [points / 2] Q15 */
} ghost_stft_constants;

/**
 * Take one hop of samples.
 *
 * @param history  [frame - hop] the samples before; zeros before the first
 * @param samples  [hop]
 * @param x        [points + 1] gets the spectrum
 */
void ghost_stft_analyse(const ghost_stft_constants *c, int16_t *history, const int16_t *samples,
                        ghost_complex *x);

/**
 * Make one hop of samples, those of `frame - hop` samples ago.
 *
 * @param overlap  [frame - hop] sums of the frames before; zeros before the first
 * @param x        [points + 1] the spectrum, which is overwritten
 * @param samples  [hop]
 */
void ghost_stft_synthesise(const ghost_stft_constants *c, int32_t *overlap, ghost_complex *x,
                           int16_t *samples);

#endif
