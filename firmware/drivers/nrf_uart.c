/* SPDX-License-Identifier: Apache-2.0 */
/* nRF51 UART (no DMA): a byte at a time out, an interrupt per byte in; six bytes of FIFO. */
#include "board.h"
#include "runtime/console.h"
#include "runtime/cpu.h"
#include "runtime/ring.h"

#define UART(offset) GHOST_REGISTER(BOARD_CONSOLE_BASE + (offset))
#define TASKS_STARTRX UART(0x000u)
#define TASKS_STARTTX UART(0x008u)
#define EVENTS_RXDRDY UART(0x108u)
#define EVENTS_TXDRDY UART(0x11Cu)
#define INTENSET UART(0x304u)
#define ERRORSRC UART(0x480u)
#define ENABLE UART(0x500u)
#define PSELTXD UART(0x50Cu)
#define PSELRXD UART(0x514u)
#define RXD UART(0x518u)
#define TXD UART(0x51Cu)
#define BAUDRATE UART(0x524u)

#define GPIO(offset) GHOST_REGISTER(0x50000000u + (offset))
#define OUTSET GPIO(0x508u)
#define DIRSET GPIO(0x518u)
#define PIN_CNF(pin) GPIO(0x700u + 4u * (pin))

enum { ENABLED = 4, RXDRDY_BIT = 1 << 2, OVERRUN_BIT = 1, INPUT_PULLUP = 0x0C };

/* The register counts in 16 MHz / 2^32 and keeps the upper 20 bits. */
#define BAUDRATE_VALUE \
  ((uint32_t)((((uint64_t)BOARD_CONSOLE_BAUD << 32) / BOARD_CONSOLE_HZ + 0x800u) & 0xFFFFF000u))

static uint32_t overruns; /* the program's: the interrupt counts in the ring */

void ghost_console_init(void) {
  ENABLE = 0u;
  OUTSET = 1u << BOARD_CONSOLE_TX_PIN; /* idle is high */
  DIRSET = 1u << BOARD_CONSOLE_TX_PIN;
  PIN_CNF(BOARD_CONSOLE_RX_PIN) = INPUT_PULLUP; /* an open line reads as idle */
  PSELTXD = BOARD_CONSOLE_TX_PIN;
  PSELRXD = BOARD_CONSOLE_RX_PIN;
  BAUDRATE = BAUDRATE_VALUE;
  ENABLE = ENABLED;
  TASKS_STARTTX = 1u;
}

void ghost_console_send(const uint8_t *data, size_t size) {
  for (; size > 0u; size--) {
    EVENTS_TXDRDY = 0u;
    TXD = *data++;
    while (EVENTS_TXDRDY == 0u) {
    }
  }
}

void ghost_console_flush(void) {}

void ghost_console_receive(uint8_t *bytes, uint32_t size) {
  ghost_ring_init(&ghost_console_ring, bytes, size);
  EVENTS_RXDRDY = 0u;
  INTENSET = RXDRDY_BIT;
  ghost_interrupt_enable(BOARD_CONSOLE_IRQ);
  TASKS_STARTRX = 1u;
}

void ghost_console_interrupt(void) {
  if (EVENTS_RXDRDY == 0u) return;
  EVENTS_RXDRDY = 0u; /* before the read: reading moves the FIFO on and may raise it again */
  ghost_ring_put(&ghost_console_ring, (uint8_t)RXD);
}

uint32_t ghost_console_overruns(void) {
  const uint32_t errors = ERRORSRC;
  if ((errors & OVERRUN_BIT) != 0u) overruns++;
  ERRORSRC = errors; /* writing ones clears */
  return ghost_console_ring.lost + overruns;
}
