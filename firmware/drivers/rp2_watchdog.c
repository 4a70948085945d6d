/* SPDX-License-Identifier: Apache-2.0 */
/* The watchdog of the RP2040 and the RP2350 (their datasheets, Watchdog, and PSM for what it
 * resets).
 *
 * It counts microseconds, of the crystal, asleep too; while a debugger holds the core it waits, as
 * after a reset. Whether a bite itself switches it off the datasheets do not say: it is switched
 * off before it is set up, as the makers' SDK does.
 */
#include "board.h"
#include "drivers/wake.h"
#include "runtime/cpu.h"
#include "runtime/watchdog.h"

#if BOARD_FAMILY_RP2040
#define WATCHDOG 0x40058000u
#define PSM_WDSEL GHOST_REGISTER(0x40010008u) /* what a bite resets: */
#define ALL_BUT_OSCILLATORS 0x1FFFCu
#define COUNTS_PER_MS 2000u /* erratum RP2040-E1: it counts each microsecond twice */
#else
#define WATCHDOG 0x400D8000u
#define PSM_WDSEL GHOST_REGISTER(0x40018008u) /* what a bite resets: */
#define ALL_BUT_OSCILLATORS 0x1FFFFF3u
#define COUNTS_PER_MS 1000u
#define TICK_CTRL GHOST_REGISTER(0x40108030u) /* TICKS, of its microseconds: on */
#define TICK_CYCLES GHOST_REGISTER(0x40108034u)
#endif
#define CTRL_SET GHOST_REGISTER(WATCHDOG + 0x2000u)
#define CTRL_CLEAR GHOST_REGISTER(WATCHDOG + 0x3000u)
#define LOAD GHOST_REGISTER(WATCHDOG + 0x04u)
#define REASON GHOST_REGISTER(WATCHDOG + 0x08u) /* of the last reset; 0: power or RUN pin */
#define TICK GHOST_REGISTER(WATCHDOG + 0x2Cu)   /* of the RP2040: on, and cycles */

enum { ENABLE = 1 << 30, BY_TIMER = 1, BY_FORCE = 2, CRYSTAL_MHZ = 12, TICK_ON = 1 << 9 };

#define COUNTS (BOARD_WATCHDOG_MS * COUNTS_PER_MS)
_Static_assert(COUNTS <= 0xFFFFFFu, "watchdog.timeout_ms does not fit LOAD");

void ghost_watchdog_start(void) {
  CTRL_CLEAR = ENABLE;
#if BOARD_FAMILY_RP2040
  TICK = TICK_ON | CRYSTAL_MHZ;
#else
  TICK_CYCLES = CRYSTAL_MHZ;
  TICK_CTRL = 1u;
#endif
  PSM_WDSEL = ALL_BUT_OSCILLATORS;
  ghost_watchdog_feed();
  CTRL_SET = ENABLE;
  ghost_wake_now_and_then();
}

void ghost_watchdog_feed(void) { LOAD = COUNTS; }

const char *ghost_reset_cause(void) {
  const uint32_t reason = REASON;
  if ((reason & BY_TIMER) != 0u) return "watchdog";
  return (reason & BY_FORCE) != 0u ? "software" : "power";
}
