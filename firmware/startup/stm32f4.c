/* SPDX-License-Identifier: Apache-2.0 */
/* STM32F405/407: 168 MHz from the crystal (RM0090). */
#include "drivers/stm32.h"
#include "startup/startup.h"

#define RCC_CR STM32_RCC(0x00u)
#define RCC_PLLCFGR STM32_RCC(0x04u)
#define RCC_CFGR STM32_RCC(0x08u)
#define PWR_BASE 0x40007000u
#define PWR_CR GHOST_REGISTER(PWR_BASE + 0x00u)
#define FLASH_ACR GHOST_REGISTER(0x40023C00u)

enum {
  HSE_ON = 1 << 16,
  HSE_READY = 1 << 17,
  PLL_ON = 1 << 24,
  PLL_READY = 1 << 25,
  PLL_FROM_HSE = 1 << 22,
  SYSCLK_PLL = 2,
  SYSCLK_IS_PLL = 2 << 2,
  APB1_DIV4 = 5 << 10,
  APB2_DIV2 = 4 << 13,
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
  RCC_CR |= HSE_ON;
  uint32_t patience = 100000u; /* polls: about 40 ms, where a crystal takes 2 */
  while ((RCC_CR & HSE_READY) == 0u && patience > 0u) patience--;
  /* Without a crystal, the oscillator in the chip (16 MHz, to 1 %) can still say what is wrong. */
  if (patience == 0u) pll = PLL(16u);
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
