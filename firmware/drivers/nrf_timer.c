/* SPDX-License-Identifier: Apache-2.0 */
/* nRF TIMER0 as a free-running 32-bit counter of its 16 MHz clock. */
#include "board.h"
#include "runtime/counter.h"
#include "runtime/cpu.h"

#define TIMER(offset) GHOST_REGISTER(0x40008000u + (offset))
#define TASKS_START TIMER(0x000u)
#define TASKS_STOP TIMER(0x004u)
#define TASKS_CLEAR TIMER(0x00Cu)
#define TASKS_CAPTURE0 TIMER(0x040u)
#define MODE TIMER(0x504u)
#define BITMODE TIMER(0x508u)
#define PRESCALER TIMER(0x510u)
#define CC0 TIMER(0x540u)

enum { TIMER_MODE = 0, BITS_32 = 3 };

#if BOARD_COUNTER_HZ != 16000000
#error "nrf_timer runs at 16 MHz"
#endif

void ghost_counter_init(void) {
  TASKS_STOP = 1u; /* a bootloader may have left it running, and then nothing below takes effect */
  MODE = TIMER_MODE;
  BITMODE = BITS_32;
  PRESCALER = 0u;
  TASKS_CLEAR = 1u;
  TASKS_START = 1u;
}

/* An interrupt that captures between the two gives the program its own, later time. */
uint32_t ghost_counter_now(void) {
  ghost_in_order();
  TASKS_CAPTURE0 = 1u;
  const uint32_t now = CC0;
  ghost_in_order();
  return now;
}

void ghost_counter_interrupt(void) {}
