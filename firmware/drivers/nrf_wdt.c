/* SPDX-License-Identifier: Apache-2.0 */
/* Nordic's WDT (nRF52840 Product Specification, WDT, and POWER for RESETREAS; the nRF51's and the
 * nRF5340's are the same at their own addresses).
 *
 * It counts a clock of 32 768 Hz, of an oscillator in the chip that it starts by itself. While a
 * debugger holds the core it waits.
 */
#include "board.h"
#include "runtime/cpu.h"
#include "runtime/watchdog.h"

#if BOARD_FAMILY_NRF5340
#define WDT(offset) GHOST_REGISTER(0x50018000u + (offset)) /* WDT0, its secure alias */
#define RESETREAS GHOST_REGISTER(0x50005400u)              /* ones stay until they are written */
enum { BY_PIN = 1 << 0, BY_WATCHDOG = 1 << 1, BY_SOFTWARE = 1 << 3, BY_LOCKUP = 1 << 4 };
#else
#define WDT(offset) GHOST_REGISTER(0x40010000u + (offset))
#define RESETREAS GHOST_REGISTER(0x40000400u) /* ones stay until they are written */
enum { BY_PIN = 1 << 0, BY_WATCHDOG = 1 << 1, BY_SOFTWARE = 1 << 2, BY_LOCKUP = 1 << 3 };
#endif

#define TASKS_START WDT(0x000u)
#define RUNSTATUS WDT(0x400u) /* 1 once it runs: from then on settings stay */
#define CRV WDT(0x504u)       /* ticks, less one */
#define RREN WDT(0x508u)      /* which reload requests it wants, the first after a reset */
#define CONFIG WDT(0x50Cu)    /* when it counts */
#define RR(number) WDT(0x600u + 4u * (number)) /* all that it wants reload it */

enum { ASLEEP = 1 << 0, REQUESTS = 8 };
#define RELOAD 0x6E524635u

#define TICKS ((uint64_t)BOARD_WATCHDOG_MS * 32768u / 1000u)
_Static_assert(TICKS > 15u && TICKS <= 0x100000000u, "watchdog.timeout_ms does not fit CRV");

static uint32_t causes;

void ghost_watchdog_start(void) {
  causes = RESETREAS;
  RESETREAS = causes;
  if (RUNSTATUS == 0u) { /* else a bootloader started it */
    CRV = (uint32_t)(TICKS - 1u);
    CONFIG = BOARD_WATCHDOG_ASLEEP ? ASLEEP : 0u;
    TASKS_START = 1u;
  }
  ghost_watchdog_feed();
}

void ghost_watchdog_feed(void) {
  const uint32_t wanted = RREN;
  for (uint32_t i = 0u; i < REQUESTS; i++) {
    if ((wanted >> i & 1u) != 0u) RR(i) = RELOAD;
  }
}

const char *ghost_reset_cause(void) {
  if ((causes & BY_WATCHDOG) != 0u) return "watchdog";
  if ((causes & BY_LOCKUP) != 0u) return "lockup";
  if ((causes & BY_SOFTWARE) != 0u) return "software";
  if ((causes & BY_PIN) != 0u) return "pin";
  return causes == 0u ? "power" : "other";
}
