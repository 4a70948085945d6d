/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file Speech on its way to being clean, a hop at a time.
 *
 * samples --analyse--> frame --network--> outputs --synthesise--> samples
 *
 * mcu_ghost/sound/enhancement.py is its specification.
 */
#ifndef GHOST_ENHANCER_H
#define GHOST_ENHANCER_H

#include <stdint.h>

#include "ghost_bands.h"
#include "ghost_complex.h"
#include "ghost_stft.h"

/** What follows from a model. */
typedef struct {
  ghost_stft_constants stft; /**< its output_shift is that of spectra half as loud */
  ghost_bands_constants bands;
  const int32_t *means;       /**< [bands.count] of the logarithms, 10 fraction bits */
  const int16_t *multipliers; /**< [bands.count] 2^11 over their standard deviations */
  const int16_t *gains;       /**< [256] Q15, of the network's outputs from -128 on */
} ghost_enhancer_constants;

/** The caller's memory. */
typedef struct {
  int16_t *history;        /**< [frame - hop] zeros before the first hop; lives on */
  int32_t *overlap;        /**< [frame - hop] likewise */
  ghost_complex *spectrum; /**< [points + 1] lives from a hop's analysis to its synthesis */
  int32_t *logarithms;     /**< [bands.count] for one call of analyse */
  int16_t *gains;          /**< [bands.count] for one call of synthesise */
} ghost_enhancer_memory;

/**
 * Take one hop of samples.
 *
 * @param samples  [hop]
 * @param frame    [bands.count] gets what the network reads
 */
void ghost_enhancer_analyse(const ghost_enhancer_constants *c, const ghost_enhancer_memory *m,
                            const int16_t *samples, int8_t *frame);

/**
 * Make one hop of clean samples, those of `frame - hop` samples ago.
 *
 * @param outputs  [bands.count] the network's
 * @param samples  [hop]; may be those that were analysed
 */
void ghost_enhancer_synthesise(const ghost_enhancer_constants *c, const ghost_enhancer_memory *m,
                               const int8_t *outputs, int16_t *samples);

#endif
