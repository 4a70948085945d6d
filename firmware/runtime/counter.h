/* SPDX-License-Identifier: Apache-2.0 */
/* The counter that times a frame. One driver of firmware/drivers implements this. */
#ifndef GHOST_COUNTER_H
#define GHOST_COUNTER_H

#include <stdint.h>

void ghost_counter_init(void);

/* A free-running 32-bit count in units of 1 / BOARD_COUNTER_HZ; differences are exact modulo 2^32.
 * What stands before a call in the source has been done by then, and nothing that stands behind it.
 */
uint32_t ghost_counter_now(void);

/* SysTick's exception; only the SysTick driver uses it. */
void ghost_counter_interrupt(void);

#endif
