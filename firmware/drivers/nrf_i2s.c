/* SPDX-License-Identifier: Apache-2.0 */
/* nRF52 I2S as master (nRF52840 Product Specification, I2S): a device that sends 16 bits each side.
 *
 * 32 MHz / 63 / 32 = 15 873 Hz, 0.79 % below 16 kHz; 32 MHz / 31 / 64 would be as far above it, and
 * no other divider is nearer. In mono two samples share a word: in memory they follow one another.
 *
 * What is played goes out on the same clocks, in hops that begin when those that are heard do.
 */
#include "board.h"
#include "drivers/nrf_gpio.h"
#include "hop.h"
#include "runtime/microphone.h"
#include "runtime/speaker.h"

#define I2S(offset) GHOST_REGISTER(BOARD_MICROPHONE_BASE + (offset))
#define TASKS_START I2S(0x000u)
#define EVENTS_RXPTRUPD I2S(0x104u)
#define EVENTS_TXPTRUPD I2S(0x114u)
#define INTENSET I2S(0x304u)
#define ENABLE I2S(0x500u)
#define CONFIG_MODE I2S(0x504u)
#define CONFIG_RXEN I2S(0x508u)
#define CONFIG_TXEN I2S(0x50Cu)
#define CONFIG_MCKEN I2S(0x510u)
#define CONFIG_MCKFREQ I2S(0x514u)
#define CONFIG_RATIO I2S(0x518u)
#define CONFIG_SWIDTH I2S(0x51Cu)
#define CONFIG_ALIGN I2S(0x520u)
#define CONFIG_FORMAT I2S(0x524u)
#define CONFIG_CHANNELS I2S(0x528u)
#define RXD_PTR I2S(0x538u)
#define TXD_PTR I2S(0x540u)
#define RXTXD_MAXCNT I2S(0x550u)
#define PSEL_SCK I2S(0x564u)
#define PSEL_LRCK I2S(0x568u)
#define PSEL_SDIN I2S(0x56Cu)
#define PSEL_SDOUT I2S(0x570u)

enum {
  RXPTRUPD_BIT = 1 << 1,
  TXPTRUPD_BIT = 1 << 5,
  MASTER = 0,
  MCK_32MDIV63 = 0x04100000,
  RATIO_32X = 0,
  WIDTH_16 = 1,
  ALIGN_LEFT = 0,
  FORMAT_I2S = 0,
  LEFT = 1,
};

_Static_assert(MICROPHONE_RATE == 16000u, "the dividers are for 16 kHz");
_Static_assert(MICROPHONE_HOP / 2u < 0x4000u, "MAXCNT has 14 bits");
_Static_assert(MICROPHONE_HOP % 2u == 0u, "the DMA moves words of two samples");

void ghost_microphone_start(void) {
#ifdef BOARD_MICROPHONE_POWER_PIN
  nrf_gpio_output(BOARD_MICROPHONE_POWER_PIN, 1u);
#endif
  nrf_gpio_output(BOARD_MICROPHONE_CLOCK_PIN, 0u);
  nrf_gpio_output(BOARD_MICROPHONE_WORD_PIN, 0u);
  NRF_PIN_CNF(BOARD_MICROPHONE_DATA_PIN) = NRF_INPUT;
  PSEL_SCK = BOARD_MICROPHONE_CLOCK_PIN;
  PSEL_LRCK = BOARD_MICROPHONE_WORD_PIN;
  PSEL_SDIN = BOARD_MICROPHONE_DATA_PIN;
  CONFIG_MODE = MASTER;
  CONFIG_RXEN = 1u;
  CONFIG_TXEN = GHOST_PLAYS;
  CONFIG_MCKEN = 1u;
  CONFIG_MCKFREQ = MCK_32MDIV63;
  CONFIG_RATIO = RATIO_32X;
  CONFIG_SWIDTH = WIDTH_16;
  CONFIG_ALIGN = ALIGN_LEFT;
  CONFIG_FORMAT = FORMAT_I2S;
  CONFIG_CHANNELS = LEFT;
  RXD_PTR = (uint32_t)(uintptr_t)ghost_microphone_first();
  RXTXD_MAXCNT = MICROPHONE_HOP / 2u;
#if GHOST_PLAYS
  nrf_gpio_output(BOARD_MICROPHONE_OUT_PIN, 0u);
  PSEL_SDOUT = BOARD_MICROPHONE_OUT_PIN;
  TXD_PTR = (uint32_t)(uintptr_t)ghost_speaker_next();
  INTENSET = TXPTRUPD_BIT;
#endif
  ENABLE = 1u;
  INTENSET = RXPTRUPD_BIT;
  ghost_interrupt_enable(BOARD_MICROPHONE_IRQ);
  TASKS_START = 1u;
}

/* The hardware has taken over a pointer and begins to fill or to play a hop; it needs the next
 * within it. */
void ghost_microphone_interrupt(void) {
#if GHOST_PLAYS
  if (EVENTS_TXPTRUPD != 0u) {
    EVENTS_TXPTRUPD = 0u;
    TXD_PTR = (uint32_t)(uintptr_t)ghost_speaker_next();
    (void)EVENTS_TXPTRUPD; /* the event is gone before the interrupt ends */
  }
  if (EVENTS_RXPTRUPD == 0u) return;
#endif
  EVENTS_RXPTRUPD = 0u;
  RXD_PTR = (uint32_t)(uintptr_t)ghost_microphone_next();
  (void)EVENTS_RXPTRUPD; /* the event is gone before the interrupt ends */
}
