/* SPDX-License-Identifier: Apache-2.0 */
/* STM32U575/585 without TrustZone, as it is delivered: up to 160 MHz from the oscillator in the
 * chip, cache on (RM0456); the Nucleo has no fast crystal. */
#include "drivers/stm32.h"
#include "startup/startup.h"

#define RCC_CR STM32_RCC(0x00u)
#define RCC_CFGR1 STM32_RCC(0x1Cu)
#define RCC_PLL1CFGR STM32_RCC(0x28u)
#define RCC_PLL1DIVR STM32_RCC(0x34u)
#define RCC_AHB3ENR STM32_RCC(0x94u)
#define PWR_VOSR GHOST_REGISTER(0x4602080Cu)
#define FLASH_ACR GHOST_REGISTER(0x40022000u)
#define ICACHE_CR GHOST_REGISTER(0x40030400u)
#define ICACHE_SR GHOST_REGISTER(0x40030404u)

enum {
  PWR_CLOCK = 2, /* a bit's number */
  RANGE_1 = BOARD_VOLTAGE << 16,
  VOLTAGE_READY = 1 << 15,
  BOOST = 1 << 18, /* wanted above 55 MHz; runs from what PLL1 runs from, 4 to 16 MHz */
  BOOST_READY = 1 << 14,
  WAIT_STATES = BOARD_WAIT_STATES,
  PREFETCH = 1 << 8,
  HSI_ON = 1 << 8,
  HSI_READY = 1 << 10,
  PLL1_ON = 1 << 24,
  PLL1_READY = 1 << 25,
  PLL1_FROM_HSI = 2,
  PLL1_DIVIDE = (BOARD_PLL_DIVIDE - 1) << 8,
  PLL1_IN = (BOARD_PLL_DIVIDE <= 2 ? 3 : 0) << 2, /* 8 to 16 MHz, or 4 to 8 */
  PLL1_R = 1 << 18,                               /* the output that SYSCLK takes */
  SYSCLK_PLL1 = 3,
  SYSCLK_IS_PLL1 = 3 << 2,
  CACHE_BUSY = 1,
  CACHE_ON = 1,
};

/* Written less one. P and Q as after reset. */
#define PLL1_DIVIDERS ((BOARD_PLL_TIMES - 1u) | 1u << 9 | 1u << 16 | (BOARD_PLL_OUT - 1u) << 24)

void ghost_startup_family(void) {
  while ((ICACHE_SR & CACHE_BUSY) != 0u) { /* it empties itself after a reset */
  }
  ICACHE_CR |= CACHE_ON; /* the bit beside it, set after a reset, gives it two ways */
  RCC_CR |= HSI_ON;
  while ((RCC_CR & HSI_READY) == 0u) {
  }
  stm32_enable(&RCC_AHB3ENR, PWR_CLOCK);
  RCC_PLL1CFGR =
      PLL1_FROM_HSI | PLL1_IN | PLL1_DIVIDE | PLL1_R; /* the booster's divider is 0, for 1 */
  PWR_VOSR = RANGE_1;
  while ((PWR_VOSR & VOLTAGE_READY) == 0u) {
  }
  PWR_VOSR = RANGE_1 | BOOST;
  while ((PWR_VOSR & BOOST_READY) == 0u) {
  }
  FLASH_ACR = WAIT_STATES | PREFETCH;
  while (FLASH_ACR != (WAIT_STATES | PREFETCH)) {
  }
  RCC_PLL1DIVR = PLL1_DIVIDERS;
  RCC_CR |= PLL1_ON;
  while ((RCC_CR & PLL1_READY) == 0u) {
  }
  RCC_CFGR1 = SYSCLK_PLL1; /* the buses' dividers are 1 after a reset */
  while ((RCC_CFGR1 & SYSCLK_IS_PLL1) != SYSCLK_IS_PLL1) {
  }
}
