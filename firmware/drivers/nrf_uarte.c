/* SPDX-License-Identifier: Apache-2.0 */
/* nRF52 and nRF5340 UARTE: EasyDMA in both directions.
 *
 * Receive: transfers of one byte, the interrupt starts the next. Between the two the peripheral's
 * own FIFO takes what arrives (four bytes and more), so the interrupt may come 40 us late at 1
 * Mbaud before anything is lost, and then ERRORSRC says so.
 */
#include "board.h"
#include "drivers/nrf_gpio.h"
#include "runtime/console.h"
#include "runtime/cpu.h"
#include "runtime/ring.h"

#define UARTE(offset) GHOST_REGISTER(BOARD_CONSOLE_BASE + (offset))
#define TASKS_STARTRX UARTE(0x000u)
#define TASKS_STARTTX UARTE(0x008u)
#define EVENTS_ENDRX UARTE(0x110u)
#define EVENTS_ENDTX UARTE(0x120u)
#define INTENSET UARTE(0x304u)
#define ERRORSRC UARTE(0x480u)
#define ENABLE UARTE(0x500u)
#define PSEL_TXD UARTE(0x50Cu)
#define PSEL_RXD UARTE(0x514u)
#define BAUDRATE UARTE(0x524u)
#define RXD_PTR UARTE(0x534u)
#define RXD_MAXCNT UARTE(0x538u)
#define TXD_PTR UARTE(0x544u)
#define TXD_MAXCNT UARTE(0x548u)

enum {
  ENABLED = 8,
  ENDRX_BIT = 1 << 4,
  OVERRUN_BIT = 1,
  MAXCNT_LIMIT = 255, /* the nRF52832's; the nRF52840 has room for more */
};

/* The register counts in 16 MHz / 2^32 and keeps the upper 20 bits: 1 Mbaud is 0x10000000. */
#define BAUDRATE_VALUE \
  ((uint32_t)((((uint64_t)BOARD_CONSOLE_BAUD << 32) / BOARD_CONSOLE_HZ + 0x800u) & 0xFFFFF000u))

static volatile uint8_t received; /* the target of the receive DMA */
static volatile bool sending;     /* the program's and, at the end, a fault handler's */
static uint32_t overruns;         /* the program's: the interrupt counts in the ring */

void ghost_console_init(void) {
  /* A fault handler comes here with a transfer under way: let it end, but not for ever. */
  for (uint32_t patience = 100000u; sending && EVENTS_ENDTX == 0u && patience > 0u; patience--) {
  }
  ENABLE = 0u;
  nrf_gpio_output(BOARD_CONSOLE_TX_PIN, 1u);            /* idle is high */
  NRF_PIN_CNF(BOARD_CONSOLE_RX_PIN) = NRF_INPUT_PULLUP; /* an open line reads as idle */
  PSEL_TXD = BOARD_CONSOLE_TX_PIN;
  PSEL_RXD = BOARD_CONSOLE_RX_PIN;
  BAUDRATE = BAUDRATE_VALUE;
  ENABLE = ENABLED;
  sending = false;
}

void ghost_console_flush(void) {
  if (!sending) return;
  while (EVENTS_ENDTX == 0u) {
  }
  ghost_in_order(); /* nothing is written to the bytes before the DMA has read them */
  sending = false;
}

void ghost_console_send(const uint8_t *data, size_t size) {
  while (size > 0u) {
    const size_t part = size < MAXCNT_LIMIT ? size : MAXCNT_LIMIT;
    ghost_console_flush();
    EVENTS_ENDTX = 0u;
    TXD_PTR = (uint32_t)(uintptr_t)data;
    TXD_MAXCNT = part;
    ghost_barrier(); /* the bytes are in RAM before the DMA reads them */
    TASKS_STARTTX = 1u;
    sending = true;
    data += part;
    size -= part;
  }
}

void ghost_console_receive(uint8_t *bytes, uint32_t size) {
  ghost_ring_init(&ghost_console_ring, bytes, size);
  RXD_PTR = (uint32_t)(uintptr_t)&received;
  RXD_MAXCNT = 1u;
  EVENTS_ENDRX = 0u;
  INTENSET = ENDRX_BIT;
  ghost_interrupt_enable(BOARD_CONSOLE_IRQ);
  TASKS_STARTRX = 1u;
}

void ghost_console_interrupt(void) {
  if (EVENTS_ENDRX == 0u) return;
  EVENTS_ENDRX = 0u;
  const uint8_t byte = received;
  TASKS_STARTRX = 1u;
  ghost_ring_put(&ghost_console_ring, byte);
}

uint32_t ghost_console_overruns(void) {
  const uint32_t errors = ERRORSRC;
  if ((errors & OVERRUN_BIT) != 0u) overruns++;
  ERRORSRC = errors; /* writing ones clears */
  return ghost_console_ring.lost + overruns;
}
