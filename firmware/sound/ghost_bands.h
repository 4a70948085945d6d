/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file Bands of a spectrum: what a network hears, and how loud it lets each bin be.
 * mcu_ghost/sound/bands.py is its specification.
 */
#ifndef GHOST_BANDS_H
#define GHOST_BANDS_H

#include <stdint.h>

#include "ghost_complex.h"

/** What follows from a model's settings. */
typedef struct {
  uint16_t count;             /**< bands */
  uint16_t bins;              /**< of a spectrum */
  const uint16_t *widths;     /**< [count - 1] bins from a band's on to the next one's */
  const int16_t *shares;      /**< [bins] Q15, of the lower of a bin's two bands */
  const uint16_t *logarithms; /**< [129] log2(1 + x) - x, Q16 */
} ghost_bands_constants;

/** The binary logarithms of the bands' energies, with 10 fraction bits; -2^15 of none at all. */
void ghost_bands_logarithms(const ghost_bands_constants *c, const ghost_complex *x,
                            int32_t *logarithms);

/** Halve the spectrum and make each bin quieter; gains are [count] Q15, not negative. */
void ghost_bands_apply(const ghost_bands_constants *c, const int16_t *gains, ghost_complex *x);

#endif
