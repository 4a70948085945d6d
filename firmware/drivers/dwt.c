/* SPDX-License-Identifier: Apache-2.0 */
/* The cycle counter of the core's debug unit (v7-M and later). */
#include "board.h"
#include "runtime/counter.h"
#include "runtime/cpu.h"

#define DEMCR GHOST_REGISTER(0xE000EDFCu)
#define DWT_CTRL GHOST_REGISTER(0xE0001000u)
#define DWT_CYCCNT GHOST_REGISTER(0xE0001004u)
#define DWT_LAR GHOST_REGISTER(0xE0001FB0u)

enum { TRCENA = 1 << 24, CYCCNTENA = 1 };

void ghost_counter_init(void) {
  DEMCR |= TRCENA;
#if BOARD_CORE_M7
  DWT_LAR = 0xC5ACCE55u; /* the M7 keeps the unit locked */
#endif
  DWT_CYCCNT = 0u;
  DWT_CTRL |= CYCCNTENA;
}

uint32_t ghost_counter_now(void) {
  ghost_in_order();
  const uint32_t now = DWT_CYCCNT; /* all 32 bits at once */
  ghost_in_order();
  return now;
}

void ghost_counter_interrupt(void) {}
