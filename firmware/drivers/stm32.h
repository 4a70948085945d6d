/* SPDX-License-Identifier: Apache-2.0 */
/* What the families of STM32 have at different places, and pins: numbered 16 * port + bit. */
#ifndef GHOST_STM32_H
#define GHOST_STM32_H

#include "board.h"
#include "runtime/cpu.h"

/* Reset and clock control, the first port, and the registers that let clocks through to the ports
 * and to the two buses of serial ports. */
#if BOARD_FAMILY_STM32F1
#define STM32_RCC(offset) GHOST_REGISTER(0x40021000u + (offset))
#define STM32_PORTS 0x40010800u /* on APB2, as others' serial ports are */
#define STM32_APB1_CLOCKS 0x1Cu /* APB1ENR */
#define STM32_APB2_CLOCKS 0x18u /* APB2ENR */
#elif BOARD_FAMILY_STM32F4 || BOARD_FAMILY_STM32F7
#define STM32_RCC(offset) GHOST_REGISTER(0x40023800u + (offset))
#define STM32_PORTS 0x40020000u
#define STM32_PORT_CLOCKS STM32_RCC(0x30u) /* AHB1ENR */
#define STM32_APB1_CLOCKS 0x40u            /* APB1ENR */
#define STM32_APB2_CLOCKS 0x44u            /* APB2ENR */
#elif BOARD_FAMILY_STM32H7
#define STM32_RCC(offset) GHOST_REGISTER(0x58024400u + (offset))
#define STM32_PORTS 0x58020000u
#define STM32_PORT_CLOCKS STM32_RCC(0xE0u) /* AHB4ENR */
#define STM32_APB1_CLOCKS 0xE8u            /* APB1LENR, APB1HENR */
#define STM32_APB2_CLOCKS 0xF0u            /* APB2ENR */
#elif BOARD_FAMILY_STM32L4 || BOARD_FAMILY_STM32G4
#define STM32_RCC(offset) GHOST_REGISTER(0x40021000u + (offset))
#define STM32_PORTS 0x48000000u
#define STM32_PORT_CLOCKS STM32_RCC(0x4Cu) /* AHB2ENR */
#define STM32_APB1_CLOCKS 0x58u            /* APB1ENR1, APB1ENR2 */
#define STM32_APB2_CLOCKS 0x60u            /* APB2ENR */
#define STM32_LPUART1 0x40008000u
#elif BOARD_FAMILY_STM32U5
#define STM32_RCC(offset) GHOST_REGISTER(0x46020C00u + (offset))
#define STM32_PORTS 0x42020000u
#define STM32_PORT_CLOCKS STM32_RCC(0x8Cu) /* AHB2ENR1 */
#define STM32_APB1_CLOCKS 0x9Cu            /* APB1ENR1, APB1ENR2 */
#define STM32_APB2_CLOCKS 0xA4u            /* APB2ENR */
#endif

/* What a bus's prescaler takes to divide by 1, 2, 4, 8 or 16. */
#define STM32_PPRE(divide) \
  ((divide) == 1 ? 0 : (divide) == 2 ? 4 : (divide) == 4 ? 5 : (divide) == 8 ? 6 : 7)

/* Lets a clock through; the read makes sure that it arrives before the next access. */
static inline void stm32_enable(volatile uint32_t *clocks, uint32_t bit) {
  *clocks |= 1u << bit;
  (void)*clocks;
}

/* A peripheral on APB1 or APB2: its bit is its place on the bus, of 0x400 bytes each; bits from 32
 * on are in the register behind the first. */
static inline void stm32_enable_apb(uint32_t base) {
  const uint32_t place = (base & 0xFFFFu) >> 10;
  const uint32_t bus = (base & 0x10000u) != 0u ? STM32_APB2_CLOCKS : STM32_APB1_CLOCKS;
  stm32_enable(&STM32_RCC(bus + 4u * (place >> 5)), place & 31u);
}

#define STM32_PORT(pin, offset) \
  GHOST_REGISTER(STM32_PORTS + 0x400u * ((uint32_t)(pin) >> 4) + (offset))

enum { STM32_NO_PULL = 0, STM32_PULL_UP = 1 };

#if BOARD_FAMILY_STM32F1
enum { STM32_CONFIGURATION = 0x00, STM32_OUTPUT = 0x0C };
enum { STM32_DRIVEN = 0xB, STM32_INPUT_PULLED = 0x8 }; /* 50 MHz, by the peripheral */

/* Connects a pin to the peripheral that has it, which needs no number: an output where it is not
 * pulled, else an input. */
static inline void stm32_pin_function(uint32_t pin, uint32_t pull) {
  const uint32_t bit = pin & 15u;
  const uint32_t shift = 4u * (bit & 7u);
  volatile uint32_t *pins = &STM32_PORT(pin, STM32_CONFIGURATION + 4u * (bit >> 3)); /* CRL, CRH */
  stm32_enable_apb(STM32_PORTS + 0x400u * (pin >> 4));
  if (pull == STM32_PULL_UP) STM32_PORT(pin, STM32_OUTPUT) |= 1u << bit;
  *pins = (*pins & ~(15u << shift)) |
          (pull == STM32_PULL_UP ? (uint32_t)STM32_INPUT_PULLED : (uint32_t)STM32_DRIVEN) << shift;
}
#else
enum { STM32_MODE = 0x00, STM32_PULL = 0x0C, STM32_FUNCTION = 0x20 };
enum { STM32_ALTERNATE = 2 };

/* Connects a pin to the console: its function first, so that it never is another one's. */
static inline void stm32_pin_function(uint32_t pin, uint32_t pull) {
  const uint32_t function = BOARD_CONSOLE_FUNCTION;
  const uint32_t bit = pin & 15u;
  const uint32_t two = 3u << 2u * bit;
  const uint32_t four = 15u << 4u * (bit & 7u);
  volatile uint32_t *functions =
      &STM32_PORT(pin, STM32_FUNCTION + 4u * (bit >> 3)); /* AFRL, AFRH */
  stm32_enable(&STM32_PORT_CLOCKS, pin >> 4);
  *functions = (*functions & ~four) | function << 4u * (bit & 7u);
  STM32_PORT(pin, STM32_PULL) = (STM32_PORT(pin, STM32_PULL) & ~two) | pull << 2u * bit;
  STM32_PORT(pin, STM32_MODE) = (STM32_PORT(pin, STM32_MODE) & ~two) | (uint32_t)STM32_ALTERNATE
                                                                           << 2u * bit;
}
#endif

#endif
