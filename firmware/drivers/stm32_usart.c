/* SPDX-License-Identifier: Apache-2.0 */
/* USART and LPUART of the STM32: a byte of buffer each way, an interrupt per byte received.
 *
 * All families have the same bits; the F1 and F4 have them in other registers.
 */
#include "board.h"
#include "drivers/stm32.h"
#include "runtime/console.h"
#include "runtime/ring.h"

#define UART(offset) GHOST_REGISTER(BOARD_CONSOLE_BASE + (offset))

#if BOARD_FAMILY_STM32F1 || BOARD_FAMILY_STM32F4
#define STATUS UART(0x00u)   /* SR */
#define RECEIVED UART(0x04u) /* DR */
#define SEND UART(0x04u)     /* DR */
#define DIVIDER UART(0x08u)  /* BRR */
#define CONTROL UART(0x0Cu)  /* CR1 */
enum { ENABLE = 1 << 13 };
#else
#define CONTROL UART(0x00u)  /* CR1 */
#define DIVIDER UART(0x0Cu)  /* BRR */
#define STATUS UART(0x1Cu)   /* ISR */
#define CLEAR UART(0x20u)    /* ICR */
#define RECEIVED UART(0x24u) /* RDR */
#define SEND UART(0x28u)     /* TDR */
enum { ENABLE = 1 };
#endif

enum {
  RX_ON = 1 << 2,
  TX_ON = 1 << 3,
  RX_INTERRUPT = 1 << 5, /* on RX_FULL and on OVERRUN */
  OVERRUN = 1 << 3,
  RX_FULL = 1 << 5,
  TX_COMPLETE = 1 << 6,
  TX_EMPTY = 1 << 7, /* room for a byte, while the one before is being sent */
};

/* The low-power UART counts in 256ths of a clock. */
#ifdef STM32_LPUART1
#define PARTS (BOARD_CONSOLE_BASE == STM32_LPUART1 ? 256u : 1u)
#else
#define PARTS 1u
#endif
#define CLOCKS_PER_BIT \
  ((uint32_t)(((uint64_t)PARTS * BOARD_CONSOLE_HZ + BOARD_CONSOLE_BAUD / 2u) / BOARD_CONSOLE_BAUD))
_Static_assert(CLOCKS_PER_BIT < (PARTS == 1u ? 0x10000u : 0x100000u), "console.baud is too low");

void ghost_console_init(void) {
  stm32_enable_apb(BOARD_CONSOLE_BASE);
  /* A fault handler comes here with bytes under way: let them go, but do not wait for ever. */
  for (uint32_t patience = 100000u; (STATUS & TX_COMPLETE) == 0u && patience > 0u; patience--) {
  }
  CONTROL = 0u; /* the divider may only change while it is off */
  DIVIDER = CLOCKS_PER_BIT;
  CONTROL = ENABLE | TX_ON;
  /* The pins last: by now the transmitter holds its line high, which is idle. */
  stm32_pin_function(BOARD_CONSOLE_TX_PIN, STM32_NO_PULL);
  /* An open line reads as idle. */
  stm32_pin_function(BOARD_CONSOLE_RX_PIN, STM32_PULL_UP);
}

void ghost_console_send(const uint8_t *data, size_t size) {
  for (; size > 0u; size--) {
    while ((STATUS & TX_EMPTY) == 0u) {
    }
    SEND = *data++;
  }
}

void ghost_console_flush(void) {
  while ((STATUS & TX_COMPLETE) == 0u) {
  }
}

void ghost_console_receive(uint8_t *bytes, uint32_t size) {
  ghost_ring_init(&ghost_console_ring, bytes, size);
  CONTROL = ENABLE | TX_ON | RX_ON | RX_INTERRUPT;
  ghost_interrupt_enable(BOARD_CONSOLE_IRQ);
}

void ghost_console_interrupt(void) {
  const uint32_t status = STATUS;
  if ((status & (RX_FULL | OVERRUN)) == 0u) return;
  const uint8_t byte = (uint8_t)RECEIVED; /* clears RX_FULL; after STATUS, OVERRUN too on F1, F4 */
  if ((status & OVERRUN) != 0u) {
#ifdef CLEAR
    CLEAR = OVERRUN;
#endif
    ghost_ring_lose(&ghost_console_ring);
  }
  if ((status & RX_FULL) != 0u) ghost_ring_put(&ghost_console_ring, byte);
}

uint32_t ghost_console_overruns(void) { return ghost_console_ring.lost; }
