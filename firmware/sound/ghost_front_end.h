/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file The audio front end: window, Fourier transform, mel bands, noise reduction, automatic gain,
 * logarithm. mcu_ghost/sound/front_end.py is its specification.
 */
#ifndef GHOST_FRONT_END_H
#define GHOST_FRONT_END_H

#include <stdbool.h>
#include <stdint.h>

#include "ghost_pair.h"

/** What follows from a model's settings; mcu_ghost/sound/front_end_tables.py computes it. */
typedef struct {
  uint16_t window;                 /**< samples that a frame is computed from, even */
  uint16_t hop;                    /**< samples from frame to frame, even */
  uint16_t history;                /**< samples kept from hop to hop, whole hops */
  uint16_t points;                 /**< of the complex transform; 2 * points >= window */
  uint16_t channels;               /**< features of a frame */
  uint16_t first_bin;              /**< of the spectrum that counts, at least 1 */
  uint16_t headroom;               /**< bits between a channel's value and its unit */
  uint16_t snr_shift;              /**< from channel times gain to Q12 */
  int16_t multiplier;              /**< of the network's input: features times it, */
  int16_t shift;                   /**< shifted right, rounded, */
  int32_t zero_point;              /**< and this added; products are < 2^31 */
  const int16_t *coefficients;     /**< [window] Q12 */
  const uint16_t *places;          /**< [points] where an input of the transform goes */
  const ghost_pair *twiddles;      /**< [points / 4][3] Q15 */
  const ghost_pair *real_twiddles; /**< [points / 2] Q15 */
  const uint16_t *widths;          /**< [channels + 1] bins of each band */
  const ghost_pair *weights;       /**< [bins] Q12: for the channel below a band, and above it */
  const int16_t *gains;            /**< [33][4] parabola of the gain over each octave */
  const uint16_t *logarithms;      /**< [129] log2(1 + x) - x, Q16 */
} ghost_front_end_constants;

/** The caller's memory. */
typedef struct {
  uint16_t *held;       /**< samples of history that are there; lives on, as the next two do */
  int16_t *history;     /**< [history] the last samples, aligned to words */
  uint32_t *noise;      /**< [channels] estimates */
  ghost_pair *spectrum; /**< [points + 1], for one call */
  uint32_t *signal;     /**< [channels], for one call */
} ghost_front_end_memory;

/**
 * Take one hop of samples. All that `held`, `history` and `noise` point to is zero before the
 * first.
 *
 * @return Whether there is a window now, and so `features` was written.
 */
bool ghost_front_end_hop(const ghost_front_end_constants *c, const ghost_front_end_memory *m,
                         const int16_t *samples, uint16_t *features);

/**
 * Window the samples of `history` and, after them, `samples` into the transform's input.
 *
 * @return By how much they were shifted left, as far as 16 bits hold the largest.
 */
int32_t ghost_window(const ghost_front_end_constants *c, const int16_t *history,
                     const int16_t *samples, ghost_pair *x);

/** The transform divided by `points`, in place; the input is at its `places`. */
void ghost_fft(ghost_pair *x, uint32_t points, const ghost_pair *twiddles);

/** From the complex transform to the energies of the real one of twice the length, in place. */
void ghost_energies(const ghost_front_end_constants *c, uint32_t *x);

/** Amplitudes of the channels from the energies of the bins, undoing `shift`. */
void ghost_filter_bank(const ghost_front_end_constants *c, const uint32_t *energies, int32_t shift,
                       uint32_t *signal);

/** Update the estimates of stationary noise, and subtract them. */
void ghost_noise_reduction(uint32_t channels, uint32_t *signal, uint32_t *noise);

/** Per-channel automatic gain: the compressed ratio of signal to noise, Q6. */
void ghost_pcan(const ghost_front_end_constants *c, uint32_t *signal, const uint32_t *noise);

/** 64 ln of each channel. */
void ghost_log(const ghost_front_end_constants *c, const uint32_t *signal, uint16_t *features);

/** clamp(((feature * multiplier + 2^(shift - 1)) >> shift) + zero_point). */
void ghost_quantize_features(const ghost_front_end_constants *c, const uint16_t *features,
                             int8_t *frame);

#endif
