/* SPDX-License-Identifier: Apache-2.0 */
/* Arm's PL011 UART (Arm DDI 0183): 32 bytes of FIFO each way.
 *
 * Receive: an interrupt when four bytes wait, or when some wait and none came for 32 bit times.
 */
#include "board.h"
#include "runtime/console.h"
#include "runtime/cpu.h"
#include "runtime/ring.h"

#define UART(offset) GHOST_REGISTER(BOARD_CONSOLE_BASE + (offset))
#define DR UART(0x00u)   /* takes a byte into the FIFO to send, gives one received */
#define FR UART(0x18u)   /* flags */
#define IBRD UART(0x24u) /* divider, … */
#define FBRD UART(0x28u) /* … and its 64ths; both count once LCR_H is written */
#define LCR_H UART(0x2Cu)
#define CR UART(0x30u)
#define IFLS UART(0x34u) /* how full the FIFOs interrupt */
#define IMSC UART(0x38u) /* which interrupts are on */
#define RIS UART(0x3Cu)  /* which would be up */
#define ICR UART(0x44u)  /* a one ends it */

enum {
  FR_BUSY = 1 << 3,
  FR_RX_EMPTY = 1 << 4,
  FR_TX_FULL = 1 << 5,
  LCR_FIFO = 1 << 4,
  LCR_8_BITS = 3 << 5,
  CR_ON = 1 << 0,
  CR_TX = 1 << 8,
  CR_RX = 1 << 9,
  IFLS_RX_EIGHTH = 0,
  RX_BIT = 1 << 4,
  RX_TIMEOUT_BIT = 1 << 6,
  OVERRUN_BIT = 1 << 10,
};

/* A bit takes 16 ticks: the divider in 64ths, rounded. */
#define DIVIDER ((BOARD_CONSOLE_HZ * 4u + BOARD_CONSOLE_BAUD / 2u) / BOARD_CONSOLE_BAUD)

_Static_assert(BOARD_CONSOLE_HZ < 0x40000000u, "four times the clock fits 32 bits");
_Static_assert(DIVIDER / 64u >= 1u && DIVIDER / 64u <= 0xFFFFu, "console.baud is out of reach");

static uint32_t overruns; /* the program's: the interrupt counts in the ring */

void ghost_console_init(void) {
  ghost_console_flush(); /* a fault handler comes here while bytes are on their way */
  CR = 0u;
  IBRD = DIVIDER / 64u;
  FBRD = DIVIDER % 64u;
  LCR_H = LCR_FIFO | LCR_8_BITS;
  IFLS = IFLS_RX_EIGHTH;
  CR = CR_ON | CR_TX | CR_RX;
}

void ghost_console_send(const uint8_t *data, size_t size) {
  for (; size > 0u; size--) {
    while ((FR & FR_TX_FULL) != 0u) {
    }
    DR = *data++;
  }
}

void ghost_console_flush(void) {
  while ((FR & FR_BUSY) != 0u) {
  }
}

void ghost_console_receive(uint8_t *bytes, uint32_t size) {
  ghost_ring_init(&ghost_console_ring, bytes, size);
  IMSC = RX_BIT | RX_TIMEOUT_BIT;
  ghost_interrupt_enable(BOARD_CONSOLE_IRQ);
}

void ghost_console_interrupt(void) {
  /* An empty FIFO ends both interrupts. */
  while ((FR & FR_RX_EMPTY) == 0u) ghost_ring_put(&ghost_console_ring, (uint8_t)DR);
}

uint32_t ghost_console_overruns(void) {
  if ((RIS & OVERRUN_BIT) != 0u) overruns++;
  ICR = OVERRUN_BIT;
  return ghost_console_ring.lost + overruns;
}
