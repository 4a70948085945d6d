/* SPDX-License-Identifier: Apache-2.0 */
/* SysTick: 24 bits downwards, made 32 bits upwards by counting its wraps in its exception. */
#include "runtime/counter.h"
#include "runtime/cpu.h"

#define SYST_CSR GHOST_REGISTER(0xE000E010u)
#define SYST_RVR GHOST_REGISTER(0xE000E014u)
#define SYST_CVR GHOST_REGISTER(0xE000E018u)
#define ICSR GHOST_REGISTER(0xE000ED04u)

enum { ENABLE = 1, TICKINT = 2, CORE_CLOCK = 4, LARGEST = 0xFFFFFF, PENDSTSET = 1 << 26 };

static volatile uint32_t wraps; /* the exception's */

void ghost_counter_init(void) {
  SYST_RVR = LARGEST;
  SYST_CVR = 0u; /* any write clears it */
  SYST_CSR = ENABLE | TICKINT | CORE_CLOCK;
}

/* The exception becomes pending as the value reaches 0, so that is where the count goes on: 0, then
 * the reload value as 1. It may be taken some instructions later, or not at all while interrupts
 * are off or another one's handler asks: a wrap that waits to be counted is counted here. */
uint32_t ghost_counter_now(void) {
  uint32_t counted, uncounted, value;
  ghost_in_order();
  do {
    counted = wraps;
    value = SYST_CVR;
    uncounted = (ICSR & PENDSTSET) != 0u ? 1u : 0u;
    if (uncounted != 0u) value = SYST_CVR; /* again: this one is behind the wrap for certain */
  } while (counted != wraps);
  ghost_in_order();
  return ((counted + uncounted) << 24) + ((0u - value) & LARGEST);
}

void ghost_counter_interrupt(void) { wraps++; }
