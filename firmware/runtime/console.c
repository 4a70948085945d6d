/* SPDX-License-Identifier: Apache-2.0 */
/* What all console drivers share: the program's end of the receive ring. */
#include "runtime/console.h"

#include "runtime/cpu.h"
#include "runtime/ring.h"

ghost_ring_t ghost_console_ring;

bool ghost_console_read(uint8_t *byte) { return ghost_ring_get(&ghost_console_ring, byte); }

void ghost_console_wait(void) {
  ghost_interrupts_off(); /* a byte that comes between the test and the sleep still wakes */
  if (ghost_ring_empty(&ghost_console_ring)) ghost_wait_for_interrupt();
  ghost_interrupts_on();
}
