/* SPDX-License-Identifier: Apache-2.0 */
/* STM32F103: from the crystal (RM0008).
 *
 * The oscillator in the chip makes 64 MHz at most, at which no serial port made for the board's
 * clock could say anything, so without the crystal it waits.
 */
#include "drivers/stm32.h"
#include "startup/startup.h"

#define RCC_CR STM32_RCC(0x00u)
#define RCC_CFGR STM32_RCC(0x04u)
#define FLASH_ACR GHOST_REGISTER(0x40022000u)

enum {
  FLASH = BOARD_WAIT_STATES | 1 << 4, /* and the prefetch buffer, on after a reset */
  LATENCY = 7,
  HSE_ON = 1 << 16,
  HSE_READY = 1 << 17,
  PLL_ON = 1 << 24,
  PLL_READY = 1 << 25,
  PLL_FROM_HSE = 1 << 16,
  HSE_DIVIDED = (BOARD_PLL_DIVIDE - 1) << 17, /* by two before the PLL, or not */
  PLL_TIMES = (int)(BOARD_PLL_TIMES - 2u) << 18,
  BUSES = STM32_PPRE(BOARD_APB1_DIVIDE) << 8 | STM32_PPRE(BOARD_APB2_DIVIDE) << 11,
  CLOCKS = PLL_FROM_HSE | HSE_DIVIDED | PLL_TIMES | BUSES,
  SYSCLK_PLL = 2,
  SYSCLK_IS_PLL = 2 << 2,
};

void ghost_startup_family(void) {
  RCC_CR |= HSE_ON;
  FLASH_ACR = FLASH;
  while ((FLASH_ACR & LATENCY) != (FLASH & LATENCY)) {
  }
  while ((RCC_CR & HSE_READY) == 0u) {
  }
  RCC_CFGR = CLOCKS; /* the buses before the clock rises */
  RCC_CR |= PLL_ON;
  while ((RCC_CR & PLL_READY) == 0u) {
  }
  RCC_CFGR = CLOCKS | SYSCLK_PLL;
  while ((RCC_CFGR & SYSCLK_IS_PLL) == 0u) {
  }
}
