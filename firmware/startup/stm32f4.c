/* SPDX-License-Identifier: Apache-2.0 */
/* STM32F4: from the crystal, at the highest core voltage but without over-drive (RM0090, RM0383).
 */
#include "startup/startup.h"
#include "startup/stm32f4_rcc.h"

#define PWR_CR GHOST_REGISTER(PWR_BASE + 0x00u)

enum {
  VOLTAGE = BOARD_VOLTAGE << 14,
  WAIT_STATES = BOARD_WAIT_STATES,
  INSTRUCTIONS = 1 << 9,        /* cache of instructions */
  DATA = 1 << 10,               /* cache of constants */
  CACHES = INSTRUCTIONS | DATA, /* no prefetch: revision A of the F407 has none */
};

void ghost_startup_family(void) {
  uint32_t pll = PLL(BOARD_PLL_DIVIDE) | PLL_FROM_HSE;
  if (stm32_start_crystal() == 0u) pll = PLL(16u);
  stm32_enable_apb(PWR_BASE);
  PWR_CR |= VOLTAGE; /* takes effect with the PLL */
  FLASH_ACR = WAIT_STATES | CACHES;
  while (FLASH_ACR != (WAIT_STATES | CACHES)) {
  }
  RCC_CFGR = BUSES; /* before the clock rises */
  RCC_PLLCFGR = pll;
  RCC_CR |= PLL_ON;
  while ((RCC_CR & PLL_READY) == 0u) {
  }
  RCC_CFGR |= SYSCLK_PLL;
  while ((RCC_CFGR & SYSCLK_IS_PLL) == 0u) {
  }
}
