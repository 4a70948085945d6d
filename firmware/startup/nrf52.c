/* SPDX-License-Identifier: Apache-2.0 */
/* nRF52: debug port, instruction cache, crystal. */
#include <stdbool.h>

#include "board.h"
#include "runtime/cpu.h"
#include "startup/startup.h"

#define CLOCK_TASKS_HFCLKSTART GHOST_REGISTER(0x40000000u)    /* starts the crystal */
#define CLOCK_EVENTS_HFCLKSTARTED GHOST_REGISTER(0x40000100u) /* 1 once it is stable */
#define APPROTECT_DISABLE GHOST_REGISTER(0x40000558u)         /* firmware's half of the lock */
#define NVMC_READY GHOST_REGISTER(0x4001E400u)                /* 0 while flash is written */
#define NVMC_CONFIG GHOST_REGISTER(0x4001E504u)               /* whether it may be written */
#define NVMC_ICACHECNF GHOST_REGISTER(0x4001E540u)            /* instruction cache on or off */
#define FICR_PART_FAMILY GHOST_REGISTER(0x10000130u)          /* which chip */
#define FICR_REVISION GHOST_REGISTER(0x10000134u)             /* and which step of it */
#define UICR_APPROTECT GHOST_REGISTER(0x10001208u)            /* the owner's half of the lock */

#define AIRCR GHOST_REGISTER(0xE000ED0Cu)

enum { NVMC_READ = 0, NVMC_WRITE = 1, UNPROTECTED = 0x5A };

#define SYSTEM_RESET 0x05FA0004u

/* Whether this is the board's chip, of a revision that locks itself. */
static bool locks_itself(void) {
  return FICR_PART_FAMILY == BOARD_FICR_FAMILY && FICR_REVISION >= BOARD_LOCKS_FROM;
}

/* From that revision on the debug port locks itself at every reset, unless both UICR and this
 * register say 0x5A. On an erased chip UICR says nothing yet: write it, once, and reset to make it
 * count. What else it says, the owner wanted. Older revisions read 0x5A as "locked", so they are
 * left alone. */
static void open_debug_port(void) {
  if (!locks_itself()) return;
  if (UICR_APPROTECT == 0xFFFFFFFFu) {
    NVMC_CONFIG = NVMC_WRITE;
    while (NVMC_READY == 0u) {
    }
    UICR_APPROTECT = 0xFFFFFF00u | UNPROTECTED;
    while (NVMC_READY == 0u) {
    }
    NVMC_CONFIG = NVMC_READ;
    if (UICR_APPROTECT != 0xFFFFFFFFu) {
      ghost_barrier();
      AIRCR = SYSTEM_RESET;
      for (;;) {
      }
    }
  }
  if ((UICR_APPROTECT & 0xFFu) == UNPROTECTED) APPROTECT_DISABLE = UNPROTECTED;
}

void ghost_startup_family(void) {
  /* The internal oscillator is too coarse for a UART; the crystal takes 0.4 ms. */
  CLOCK_EVENTS_HFCLKSTARTED = 0u;
  CLOCK_TASKS_HFCLKSTART = 1u;
#if BOARD_FLASH_CACHE
  NVMC_ICACHECNF = 1u; /* flash has wait states at 64 MHz */
#endif
  open_debug_port();
  while (CLOCK_EVENTS_HFCLKSTARTED == 0u) {
  }
}
