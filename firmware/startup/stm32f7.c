/* SPDX-License-Identifier: Apache-2.0 */
/* STM32F745/746/756: from the crystal, caches on (RM0385). */
#include "startup/m7_caches.h"
#include "startup/startup.h"
#include "startup/stm32f4_rcc.h"

#define PWR_CR1 GHOST_REGISTER(PWR_BASE + 0x00u)
#define PWR_CSR1 GHOST_REGISTER(PWR_BASE + 0x04u)

enum {
  VOLTAGE = BOARD_VOLTAGE << 14,   /* for up to 180 MHz … */
  OVERDRIVE = 1 << 16,             /* … and more of it; ready is the same bit of CSR1 */
  OVERDRIVEN = 1 << 17,            /* switches over to it; likewise */
  WAIT_STATES = BOARD_WAIT_STATES, /* the ART is for flash at its other address */
};

void ghost_startup_family(void) {
  m7_caches_on();
  uint32_t pll = PLL(BOARD_PLL_DIVIDE) | PLL_FROM_HSE;
  if (stm32_start_crystal() == 0u) pll = PLL(16u);
  stm32_enable_apb(PWR_BASE);
  PWR_CR1 |= VOLTAGE; /* before the PLL runs */
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
  RCC_CFGR = BUSES; /* before the clock rises */
  while ((RCC_CR & PLL_READY) == 0u) {
  }
  RCC_CFGR |= SYSCLK_PLL;
  while ((RCC_CFGR & SYSCLK_IS_PLL) == 0u) {
  }
}
