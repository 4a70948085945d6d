/* SPDX-License-Identifier: Apache-2.0 */
/* An end to every sleep: for watchdogs that count on while a program sleeps until somebody asks. */
#ifndef GHOST_WAKE_H
#define GHOST_WAKE_H

#include "board.h"
#include "runtime/cpu.h"

#define WAKE_COUNTS 0x1000000u /* of the core's clock, between two exceptions of SysTick */

_Static_assert(BOARD_WATCHDOG_MS >= 3000ull * WAKE_COUNTS / BOARD_CPU_HZ,
               "watchdog.timeout_ms is less than three times what SysTick can wait");

/* Where SysTick is the counter it comes anyway; elsewhere its exception does nothing but wake. */
static inline void ghost_wake_now_and_then(void) {
#if BOARD_COUNTER_KIND != 2
  GHOST_REGISTER(0xE000E014u) = WAKE_COUNTS - 1u; /* SYST_RVR */
  GHOST_REGISTER(0xE000E018u) = 0u;               /* SYST_CVR */
  GHOST_REGISTER(0xE000E010u) = 7u;               /* SYST_CSR: on, exception, core clock */
#endif
}

#endif
