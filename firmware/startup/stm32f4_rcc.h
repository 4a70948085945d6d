/* SPDX-License-Identifier: Apache-2.0 */
/* Clocks as the STM32F4 and the STM32F7 have them: crystal, PLL, buses (RM0090, RM0385). */
#ifndef STM32F4_RCC_H
#define STM32F4_RCC_H

#include "drivers/stm32.h"

#define RCC_CR STM32_RCC(0x00u)
#define RCC_PLLCFGR STM32_RCC(0x04u)
#define RCC_CFGR STM32_RCC(0x08u)
#define PWR_BASE 0x40007000u
#define FLASH_ACR GHOST_REGISTER(0x40023C00u)

enum {
  HSE_ON = 1 << 16,
  HSE_READY = 1 << 17,
  PLL_ON = 1 << 24,
  PLL_READY = 1 << 25,
  PLL_FROM_HSE = 1 << 22,
  SYSCLK_PLL = 2,
  SYSCLK_IS_PLL = 2 << 2,
  BUSES = STM32_PPRE(BOARD_APB1_DIVIDE) << 10 | STM32_PPRE(BOARD_APB2_DIVIDE) << 13,
};

/* Clocks of 1 MHz in, BOARD_PLL_TIMES MHz inside; Q, for USB, makes 48 MHz or less. */
#define PLL(in_megahertz)                                                    \
  ((in_megahertz) | BOARD_PLL_TIMES << 6 | (BOARD_PLL_OUT / 2u - 1u) << 16 | \
   (BOARD_PLL_TIMES + 47u) / 48u << 24)

/* Starts the crystal; returns 0 where there is none. Then the oscillator in the chip (16 MHz, to 1
 * %) can still say what is wrong. */
static inline uint32_t stm32_start_crystal(void) {
  RCC_CR |= HSE_ON;
  uint32_t patience = 100000u; /* polls: about 40 ms, where a crystal takes 2 */
  while ((RCC_CR & HSE_READY) == 0u && patience > 0u) patience--;
  return patience;
}

#endif
