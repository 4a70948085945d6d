/* SPDX-License-Identifier: Apache-2.0 */
/* Sound to be heard, a hop at a time, where an app makes some and the microphone's driver has a
 * line out.
 *
 * One hop is being played, the next is with the hardware, and two may wait. Where none waits, a hop
 * of silence is played; one that finds no place is dropped. */
#ifndef GHOST_SPEAKER_H
#define GHOST_SPEAKER_H

#include <stdint.h>

#include "board.h"

#if defined(APP_PLAYS) && defined(BOARD_MICROPHONE_OUT_PIN)
#define GHOST_PLAYS 1

/* Takes a copy of MICROPHONE_HOP samples. */
void ghost_speaker_put(const int16_t *hop);

/* For the driver, each time the hardware begins to play a hop: where the one after it lies. */
const int16_t *ghost_speaker_next(void);

#else
#define GHOST_PLAYS 0

static inline void ghost_speaker_put(const int16_t *hop) { (void)hop; }

#endif

#endif
