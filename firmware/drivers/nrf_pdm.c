/* SPDX-License-Identifier: Apache-2.0 */
/* nRF52 PDM (nRF52840 Product Specification, PDM): a digital microphone, decimated by hardware.
 *
 * 32 MHz / 25 = 1.280 MHz to the microphone, a sample for every 80 of its bits: exactly 16 kHz. The
 * crystal must run, start-up saw to that: the internal oscillator would be heard.
 */
#include "board.h"
#include "drivers/nrf_gpio.h"
#include "hop.h"
#include "runtime/microphone.h"

#define PDM(offset) GHOST_REGISTER(BOARD_MICROPHONE_BASE + (offset))
#define TASKS_START PDM(0x000u)
#define EVENTS_STARTED PDM(0x100u)
#define INTENSET PDM(0x304u)
#define ENABLE PDM(0x500u)
#define PDMCLKCTRL PDM(0x504u)
#define MODE PDM(0x508u)
#define GAINL PDM(0x518u)
#define GAINR PDM(0x51Cu)
#define RATIO PDM(0x520u)
#define PSEL_CLK PDM(0x540u)
#define PSEL_DIN PDM(0x544u)
#define SAMPLE_PTR PDM(0x560u)
#define SAMPLE_MAXCNT PDM(0x564u)

enum {
  STARTED_BIT = 1 << 0,
  CLOCK_1280K = 0x0A000000,
  RATIO_80 = 1,
  MONO_LEFT_FALLING = 1, /* the left microphone's bits are taken at the clock's falling edge */
};

_Static_assert(MICROPHONE_RATE == 16000u, "the dividers are for 16 kHz");
_Static_assert(MICROPHONE_HOP < 0x8000u, "MAXCNT has 15 bits");

void ghost_microphone_start(void) {
#ifdef BOARD_MICROPHONE_POWER_PIN
  nrf_gpio_output(BOARD_MICROPHONE_POWER_PIN, 1u);
#endif
  nrf_gpio_output(BOARD_MICROPHONE_CLOCK_PIN, 0u);
  NRF_PIN_CNF(BOARD_MICROPHONE_DATA_PIN) = NRF_INPUT;
  PSEL_CLK = BOARD_MICROPHONE_CLOCK_PIN;
  PSEL_DIN = BOARD_MICROPHONE_DATA_PIN;
  PDMCLKCTRL = CLOCK_1280K;
  RATIO = RATIO_80;
  MODE = MONO_LEFT_FALLING;
  GAINL = BOARD_MICROPHONE_GAIN;
  GAINR = BOARD_MICROPHONE_GAIN;
  SAMPLE_PTR = (uint32_t)(uintptr_t)ghost_microphone_first();
  SAMPLE_MAXCNT = MICROPHONE_HOP;
  ENABLE = 1u;
  INTENSET = STARTED_BIT;
  ghost_interrupt_enable(BOARD_MICROPHONE_IRQ);
  TASKS_START = 1u;
}

/* The hardware has taken over the pointer and begins to fill a hop; it needs the next within it. */
void ghost_microphone_interrupt(void) {
  EVENTS_STARTED = 0u;
  SAMPLE_PTR = (uint32_t)(uintptr_t)ghost_microphone_next();
  (void)EVENTS_STARTED; /* the event is gone before the interrupt ends */
}
