/* SPDX-License-Identifier: Apache-2.0 */
/* The STM32's independent watchdog (IWDG in the families' reference manuals; the flags of
 * resets are in RCC, "clock control and status" or, of the H7, "reset status").
 *
 * It counts an oscillator of its own (LSI, 32 kHz; on the F4 and F7 17 to 47; on the F1 40, that is
 * 30 to 60), which it starts by itself, asleep too, and while a debugger holds the core.
 */
#include "board.h"
#include "drivers/stm32.h"
#include "drivers/wake.h"
#include "runtime/watchdog.h"

#if BOARD_FAMILY_STM32H7
#define IWDG(offset) GHOST_REGISTER(0x58004800u + (offset)) /* IWDG1, that of the M7 */
#else
#define IWDG(offset) GHOST_REGISTER(0x40003000u + (offset))
#endif
#define KEY IWDG(0x00u)       /* KR */
#define PRESCALER IWDG(0x04u) /* PR: 4 to the left by this */
#define RELOAD IWDG(0x08u)    /* RLR: counts, less one */
#define STATUS IWDG(0x0Cu)    /* SR: what is still on its way into the other clock */

enum { START = 0xCCCC, UNLOCK = 0x5555, FEED = 0xAAAA, BY_256 = 6, UPDATING = 3 };

/* Why the chip was reset: bits that stay until REMOVE is written, and those of the pin for all. */
#if BOARD_FAMILY_STM32H7
#define RESETS STM32_RCC(0xD0u) /* RSR */
enum { REMOVE = 1 << 16, BY_POWER = 1 << 21 | 1 << 23, BY_PIN = 1 << 22 };
enum { BY_SOFTWARE = 1 << 24, BY_WATCHDOG = 1 << 26, BY_OTHERS = 5 << 28 }; /* WWDG1, LPWR */
#else
#if BOARD_FAMILY_STM32L4 || BOARD_FAMILY_STM32G4 || BOARD_FAMILY_STM32U5
enum { REMOVE = 1 << 23, BY_POWER = 1 << 27 };
#else
enum { REMOVE = 1 << 24, BY_POWER = 1 << 25 | 1 << 27 };
#endif
#if BOARD_FAMILY_STM32F1
#define RESETS STM32_RCC(0x24u) /* CSR */
#elif BOARD_FAMILY_STM32L4 || BOARD_FAMILY_STM32G4
#define RESETS STM32_RCC(0x94u) /* CSR */
#elif BOARD_FAMILY_STM32U5
#define RESETS STM32_RCC(0xF4u) /* CSR */
#else
#define RESETS STM32_RCC(0x74u) /* CSR */
#endif
enum { BY_PIN = 1 << 26, BY_SOFTWARE = 1 << 28, BY_WATCHDOG = 1 << 29 };
enum { BY_OTHERS = 1 << 30 }; /* WWDG */
#endif

#if BOARD_FAMILY_STM32F1
#define COUNTS (BOARD_WATCHDOG_MS * 5u / 32u) /* of 256 periods of 40 kHz */
#else
#define COUNTS (BOARD_WATCHDOG_MS / 8u) /* of 256 periods of 32 kHz */
#endif
_Static_assert(COUNTS > 0u && COUNTS <= 0x1000u, "watchdog.timeout_ms does not fit RLR");

static uint32_t causes;

void ghost_watchdog_start(void) {
  causes = RESETS;
  RESETS |= REMOVE;
  KEY = START; /* first, for the oscillator; it waits half a second and more as it is */
  KEY = UNLOCK;
  PRESCALER = BY_256;
  RELOAD = COUNTS - 1u;
  while ((STATUS & UPDATING) != 0u) {
  }
  ghost_watchdog_feed();
  ghost_wake_now_and_then();
}

void ghost_watchdog_feed(void) { KEY = FEED; }

const char *ghost_reset_cause(void) {
  if ((causes & BY_WATCHDOG) != 0u) return "watchdog";
  if ((causes & BY_SOFTWARE) != 0u) return "software";
  if ((causes & BY_POWER) != 0u) return "power";
  if ((causes & BY_OTHERS) != 0u) return "other";
  return (causes & BY_PIN) != 0u ? "pin" : "other"; /* every reset sets that of the pin too */
}
