/* SPDX-License-Identifier: Apache-2.0 */
/* What apps that hear share: how long they have heard, what they lost, how long hops take, and the
 * lines of JSON that tell of it. */
#ifndef GHOST_LIVE_H
#define GHOST_LIVE_H

#include <stdbool.h>
#include <stdint.h>

#include "hop.h"

enum { GHOST_HOP_MS = MICROPHONE_HOP * 1000u / MICROPHONE_RATE };

/* A text, then a number. */
void ghost_live_number(const char *text, uint64_t value);

/* The beginning of the line that comes first; it lacks a } or more. */
void ghost_live_start(const char *app);

/* Its end. */
void ghost_live_started(void);

/* For each hop that was taken: counts it and those dropped before it, of which it tells, and notes
 * how loud its samples are. True when a status line is due: every ten seconds of sound. */
bool ghost_live_take(const int16_t *samples);

/* Hops since the start, dropped ones included, and their milliseconds. */
uint64_t ghost_live_hops(void);
uint64_t ghost_live_ms(void);

/* Counter ticks that a hop took. */
void ghost_live_note(uint32_t ticks);

/* A line on hops so far, and on ticks and loudness since the last such line; crc is of all that was
 * made. */
void ghost_live_status(uint32_t crc);

#endif
