/* SPDX-License-Identifier: Apache-2.0 */
/* Clocks as the STM32L4 and the STM32G4 have them: from the oscillator in the chip (16 MHz, to 1
 * %), boosted where the chip can be and must (RM0351, RM0432, RM0440). */
#ifndef STM32L4_RCC_H
#define STM32L4_RCC_H

#include "drivers/stm32.h"

#define RCC_CR STM32_RCC(0x00u)
#define RCC_CFGR STM32_RCC(0x08u)
#define RCC_PLLCFGR STM32_RCC(0x0Cu)
#define PWR_BASE 0x40007000u
#define PWR_CR2 GHOST_REGISTER(PWR_BASE + 0x04u)
#define PWR_CR5 GHOST_REGISTER(PWR_BASE + 0x80u)
#define FLASH_ACR GHOST_REGISTER(0x40022000u)

enum {
  NO_BOOST = 1 << 8,     /* R1MODE */
  VDDIO2_VALID = 1 << 9, /* lets PG2 to PG15 of an L4 out of their isolation */
  PREFETCH = 1 << 8,
  INSTRUCTIONS = 1 << 9, /* cache of instructions */
  DATA = 1 << 10,        /* cache of constants */
  HSI_ON = 1 << 8,
  HSI_READY = 1 << 10,
  PLL_ON = 1 << 24,
  PLL_READY = 1 << 25,
  PLL_FROM_HSI = 2,
  PLL_R = 1 << 24, /* the output that SYSCLK takes */
  AHB_DIV2 = 8 << 4,
  SYSCLK_PLL = 3,
  SYSCLK_IS_PLL = 3 << 2,
  BUSES = STM32_PPRE(BOARD_APB1_DIVIDE) << 8 | STM32_PPRE(BOARD_APB2_DIVIDE) << 11,
};

/* What SYSCLK comes from after a reset: MSI, or HSI. */
#if BOARD_FAMILY_STM32L4
#define SYSCLK_BEFORE 0
#else
#define SYSCLK_BEFORE 1
#endif

/* M is written less one, R as 0 for 2, 1 for 4, and so on. */
#define PLL                                                                     \
  (PLL_FROM_HSI | (BOARD_PLL_DIVIDE - 1u) << 4 | BOARD_PLL_TIMES << 8 | PLL_R | \
   (BOARD_PLL_OUT / 2u - 1u) << 25)

/* Before the clock rises; `flash` is all of ACR. */
static inline void stm32_prepare_flash(uint32_t flash) {
#if BOARD_BOOST
  PWR_CR5 &= ~(uint32_t)NO_BOOST;
#endif
#if BOARD_FAMILY_STM32L4
  PWR_CR2 |= VDDIO2_VALID;
#endif
  FLASH_ACR = flash;
  while (FLASH_ACR != flash) {
  }
}

static inline void stm32_run_from_pll(void) {
  while ((RCC_CR & HSI_READY) == 0u) {
  }
  RCC_PLLCFGR = PLL;
  RCC_CR |= PLL_ON;
  while ((RCC_CR & PLL_READY) == 0u) {
  }
#if BOARD_BOOST
  /* In two steps, a microsecond apart, so that the regulator can follow. */
  RCC_CFGR = AHB_DIV2 | BUSES | SYSCLK_BEFORE;
  RCC_CFGR = AHB_DIV2 | BUSES | SYSCLK_PLL;
#else
  RCC_CFGR = BUSES | SYSCLK_BEFORE;
  RCC_CFGR = BUSES | SYSCLK_PLL;
#endif
  while ((RCC_CFGR & SYSCLK_IS_PLL) != SYSCLK_IS_PLL) {
  }
#if BOARD_BOOST
  /* Each takes a clock at least, of half the core's. */
  for (uint32_t i = 0u; i < BOARD_CPU_HZ / 2000000u; i++) __asm volatile("nop");
  RCC_CFGR = BUSES | SYSCLK_PLL;
#endif
}

#endif
