/* SPDX-License-Identifier: Apache-2.0 */
/* The APB UART of Arm's Cortex-M System Design Kit: one byte of buffer each way. */
#include "board.h"
#include "runtime/console.h"
#include "runtime/cpu.h"
#include "runtime/ring.h"

#define UART(offset) GHOST_REGISTER(BOARD_CONSOLE_BASE + (offset))
#define DATA UART(0x00u)
#define STATE UART(0x04u)
#define CTRL UART(0x08u)
#define INTCLEAR UART(0x0Cu)
#define BAUDDIV UART(0x10u)

enum {
  TX_FULL = 1,
  RX_FULL = 2,
  RX_OVERRUN = 8, /* writing it clears it */
  TX_ENABLE = 1,
  RX_ENABLE = 2,
  RX_INTERRUPT = 8,
  RX_INTERRUPT_CLEAR = 2,
};

#define CLOCKS_PER_BIT ((BOARD_CONSOLE_HZ + BOARD_CONSOLE_BAUD / 2u) / BOARD_CONSOLE_BAUD)
_Static_assert(CLOCKS_PER_BIT >= 16u && CLOCKS_PER_BIT < 0x100000u, "BAUDDIV has 20 bits");

void ghost_console_init(void) {
  BAUDDIV = CLOCKS_PER_BIT;
  CTRL = TX_ENABLE;
}

void ghost_console_send(const uint8_t *data, size_t size) {
  for (; size > 0u; size--) {
    while ((STATE & TX_FULL) != 0u) {
    }
    DATA = *data++;
  }
}

void ghost_console_flush(void) {
  while ((STATE & TX_FULL) != 0u) {
  }
}

void ghost_console_receive(uint8_t *bytes, uint32_t size) {
  ghost_ring_init(&ghost_console_ring, bytes, size);
  CTRL = TX_ENABLE | RX_ENABLE | RX_INTERRUPT;
  ghost_interrupt_enable(BOARD_CONSOLE_IRQ);
}

void ghost_console_interrupt(void) {
  INTCLEAR = RX_INTERRUPT_CLEAR; /* before the read, which makes room for the next byte */
  const uint32_t state = STATE;
  if ((state & RX_OVERRUN) != 0u) {
    STATE = RX_OVERRUN;
    ghost_ring_lose(&ghost_console_ring);
  }
  if ((state & RX_FULL) != 0u) ghost_ring_put(&ghost_console_ring, (uint8_t)DATA);
}

uint32_t ghost_console_overruns(void) { return ghost_console_ring.lost; }
