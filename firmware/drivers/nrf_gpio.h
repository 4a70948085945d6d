/* SPDX-License-Identifier: Apache-2.0 */
/* GPIO of the nRF52 and nRF5340: pins are numbered 32 * port + bit. */
#ifndef GHOST_NRF_GPIO_H
#define GHOST_NRF_GPIO_H

#include "board.h"
#include "runtime/cpu.h"

/* Of the nRF5340 the secure alias; P0 lies at 0x500 there, so that all offsets are the nRF52's. */
#define NRF_GPIO_BASE (BOARD_ARMV8M ? 0x50842000u : 0x50000000u)

#define NRF_GPIO(pin, offset) \
  GHOST_REGISTER(NRF_GPIO_BASE + 0x300u * ((uint32_t)(pin) >> 5) + (offset))
#define NRF_GPIO_BIT(pin) (1u << ((uint32_t)(pin) & 31u))
#define NRF_PIN_CNF(pin) NRF_GPIO(pin, 0x700u + 4u * ((uint32_t)(pin) & 31u))

enum { NRF_INPUT = 0x00, NRF_INPUT_PULLUP = 0x0C };

static inline void nrf_gpio_set(uint32_t pin, uint32_t high) {
  NRF_GPIO(pin, high != 0u ? 0x508u : 0x50Cu) = NRF_GPIO_BIT(pin); /* OUTSET, OUTCLR */
}

/* Makes a pin an output that starts at a level. */
static inline void nrf_gpio_output(uint32_t pin, uint32_t high) {
  nrf_gpio_set(pin, high);
  NRF_GPIO(pin, 0x518u) = NRF_GPIO_BIT(pin); /* DIRSET */
}

#endif
