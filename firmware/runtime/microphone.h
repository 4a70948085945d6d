/* SPDX-License-Identifier: Apache-2.0 */
/* Sound, a hop at a time. One driver of firmware/drivers implements start and interrupt.
 *
 * The driver fills hops in turn: one is being filled, the next is ready for the hardware, one is
 * the program's, and one may wait. If the program keeps them all, the hop being filled is dropped
 * as a whole and counted, and the sound goes on with the next. */
#ifndef GHOST_MICROPHONE_H
#define GHOST_MICROPHONE_H

#include <stdbool.h>
#include <stdint.h>

/* Sets up pins and clocks; sound comes in from now on, for good. */
void ghost_microphone_start(void);

/* Sleeps until the next hop is complete, and returns its MICROPHONE_HOP samples. The hop before
 * goes back to the driver. */
const int16_t *ghost_microphone_take(void);

/* Whether the next hop is complete already. */
bool ghost_microphone_late(void);

/* What the counter said when the hop taken last was complete. */
uint32_t ghost_microphone_arrival(void);

/* Hops dropped since the start and before the one taken last. */
uint32_t ghost_microphone_overruns(void);

/* For drivers, each time the hardware begins to fill a hop: where the one after it goes. The first
 * call is for the first hop, which goes to ghost_microphone_first(). */
int16_t *ghost_microphone_next(void);
int16_t *ghost_microphone_first(void);

/* The driver's interrupt; the vector table holds it. */
void ghost_microphone_interrupt(void);

#endif
