/* SPDX-License-Identifier: Apache-2.0 */
/* Starts the chip anew when the program no longer gets on. One driver of firmware/drivers
 * implements this where a board's file has a table [watchdog]; elsewhere there is nothing. */
#ifndef GHOST_WATCHDOG_H
#define GHOST_WATCHDOG_H

#include "board.h"

#if BOARD_HAS_WATCHDOG

/* Notes why the chip was reset last and starts the watchdog, for good: only a reset ends it. Reset
 * calls this once there are variables. */
void ghost_watchdog_start(void);

/* Gives the program another BOARD_WATCHDOG_MS. For the main loop, after it has done something;
 * never for an interrupt, which comes however dead the program is. */
void ghost_watchdog_feed(void);

/* "watchdog", "lockup", "software", "pin", "power" or "other". */
const char *ghost_reset_cause(void);

#else

static inline void ghost_watchdog_start(void) {}
static inline void ghost_watchdog_feed(void) {}

#endif
#endif
