/* SPDX-License-Identifier: Apache-2.0 */
/* SysTick: 24 bits downwards, made 32 bits upwards by counting its wraps in its exception. */
#include "runtime/counter.h"
#include "runtime/cpu.h"

#define SYST_CSR GHOST_REGISTER(0xE000E010u)
#define SYST_RVR GHOST_REGISTER(0xE000E014u)
#define SYST_CVR GHOST_REGISTER(0xE000E018u)

enum { ENABLE = 1, TICKINT = 2, CORE_CLOCK = 4, LARGEST = 0xFFFFFF };

static volatile uint32_t wraps;

void ghost_counter_init(void) {
  SYST_RVR = LARGEST;
  SYST_CVR = 0u; /* any write clears it */
  SYST_CSR = ENABLE | TICKINT | CORE_CLOCK;
}

uint32_t ghost_counter_now(void) {
  uint32_t before;
  uint32_t value;
  do {
    before = wraps;
    value = SYST_CVR;
  } while (before != wraps);
  /* The exception comes as the value reaches 0, so that is where the count goes on: 0, then the
   * reload value as 1. It cannot be late: interrupts are on here. */
  return (before << 24) + ((0u - value) & LARGEST);
}

void ghost_counter_interrupt(void) { wraps++; }
