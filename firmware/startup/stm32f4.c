/* SPDX-License-Identifier: Apache-2.0 */
/* STM32F405/407: 168 MHz from the crystal (RM0090). */
#include "startup/startup.h"
#include "startup/stm32f4_rcc.h"

#define PWR_CR GHOST_REGISTER(PWR_BASE + 0x00u)

enum {
  SCALE_1 = 1 << 14,            /* the core voltage for more than 144 MHz */
  WAIT_STATES = 5,              /* one for every 30 MHz */
  INSTRUCTIONS = 1 << 9,        /* cache of instructions */
  DATA = 1 << 10,               /* cache of constants */
  CACHES = INSTRUCTIONS | DATA, /* no prefetch: revision A of the chip has none */
};

/* Clocks of 1 MHz in, 336 MHz inside, half of that out; Q, for USB, makes 48 MHz. */
#define PLL(in_megahertz) ((in_megahertz) | 336u << 6 | 0u << 16 | 7u << 24)

void ghost_startup_family(void) {
  uint32_t pll = PLL(BOARD_HSE_HZ / 1000000u) | PLL_FROM_HSE;
  if (stm32_start_crystal() == 0u) pll = PLL(16u);
  stm32_enable_apb(PWR_BASE);
  PWR_CR |= SCALE_1; /* takes effect with the PLL */
  FLASH_ACR = WAIT_STATES | CACHES;
  while (FLASH_ACR != (WAIT_STATES | CACHES)) {
  }
  RCC_CFGR = APB1_DIV4 | APB2_DIV2; /* 42 and 84 MHz, before the clock rises */
  RCC_PLLCFGR = pll;
  RCC_CR |= PLL_ON;
  while ((RCC_CR & PLL_READY) == 0u) {
  }
  RCC_CFGR |= SYSCLK_PLL;
  while ((RCC_CFGR & SYSCLK_IS_PLL) == 0u) {
  }
}
