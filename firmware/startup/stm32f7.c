/* SPDX-License-Identifier: Apache-2.0 */
/* STM32F745/746/756: 216 MHz from the crystal, caches on (RM0385). */
#include "drivers/stm32.h"
#include "startup/m7_caches.h"
#include "startup/startup.h"

#define RCC_CR STM32_RCC(0x00u)
#define RCC_PLLCFGR STM32_RCC(0x04u)
#define RCC_CFGR STM32_RCC(0x08u)
#define PWR_BASE 0x40007000u
#define PWR_CR1 GHOST_REGISTER(PWR_BASE + 0x00u)
#define PWR_CSR1 GHOST_REGISTER(PWR_BASE + 0x04u)
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
  SCALE_1 = 3 << 14,    /* the core voltage for up to 180 MHz … */
  OVERDRIVE = 1 << 16,  /* … and more of it; ready is the same bit of CSR1 */
  OVERDRIVEN = 1 << 17, /* switches over to it; likewise */
  WAIT_STATES = 7,      /* one for every 30 MHz; the ART is for flash at its other address */
};

/* Clocks of 1 MHz in, 432 MHz inside, half of that out; Q, for USB, makes 48 MHz. */
#define PLL(in_megahertz) ((in_megahertz) | 432u << 6 | 0u << 16 | 9u << 24)

void ghost_startup_family(void) {
  m7_caches_on();
  uint32_t pll = PLL(BOARD_HSE_HZ / 1000000u) | PLL_FROM_HSE;
  RCC_CR |= HSE_ON;
  uint32_t patience = 100000u; /* polls: about 40 ms, where a crystal takes 2 */
  while ((RCC_CR & HSE_READY) == 0u && patience > 0u) patience--;
  /* Without a crystal, the oscillator in the chip (16 MHz, to 1 %) can still say what is wrong. */
  if (patience == 0u) pll = PLL(16u);
  stm32_enable_apb(PWR_BASE);
  PWR_CR1 |= SCALE_1; /* before the PLL runs */
  RCC_PLLCFGR = pll;
  RCC_CR |= PLL_ON;
  PWR_CR1 |= OVERDRIVE; /* while the clock still comes from elsewhere */
  while ((PWR_CSR1 & OVERDRIVE) == 0u) {
  }
  PWR_CR1 |= OVERDRIVEN;
  while ((PWR_CSR1 & OVERDRIVEN) == 0u) {
  }
  FLASH_ACR = WAIT_STATES;
  while (FLASH_ACR != WAIT_STATES) {
  }
  RCC_CFGR = APB1_DIV4 | APB2_DIV2; /* 54 and 108 MHz, before the clock rises */
  while ((RCC_CR & PLL_READY) == 0u) {
  }
  RCC_CFGR |= SYSCLK_PLL;
  while ((RCC_CFGR & SYSCLK_IS_PLL) == 0u) {
  }
}
