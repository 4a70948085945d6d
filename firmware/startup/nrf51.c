/* SPDX-License-Identifier: Apache-2.0 */
/* nRF51: crystal. */
#include "runtime/cpu.h"
#include "startup/startup.h"

#define CLOCK_TASKS_HFCLKSTART GHOST_REGISTER(0x40000000u)
#define CLOCK_EVENTS_HFCLKSTARTED GHOST_REGISTER(0x40000100u)

void ghost_startup_family(void) {
  /* The internal oscillator is too coarse for a UART; the crystal takes 1 ms. */
  CLOCK_EVENTS_HFCLKSTARTED = 0u;
  CLOCK_TASKS_HFCLKSTART = 1u;
  while (CLOCK_EVENTS_HFCLKSTARTED == 0u) {
  }
}
