/* SPDX-License-Identifier: Apache-2.0 */
/* STM32L4R/L4S: 120 MHz from the oscillator in the chip (RM0432); the Nucleo has no fast crystal.
 */
#include "drivers/stm32.h"
#include "startup/startup.h"

#define RCC_CR STM32_RCC(0x00u)
#define RCC_CFGR STM32_RCC(0x08u)
#define RCC_PLLCFGR STM32_RCC(0x0Cu)
#define PWR_BASE 0x40007000u
#define PWR_CR2 GHOST_REGISTER(PWR_BASE + 0x04u)
#define PWR_CR5 GHOST_REGISTER(PWR_BASE + 0x80u)
#define FLASH_ACR GHOST_REGISTER(0x40022000u)

enum {
  NO_BOOST = 1 << 8,     /* R1MODE: 80 MHz at most */
  VDDIO2_VALID = 1 << 9, /* lets PG2 to PG15 out of their isolation */
  WAIT_STATES = 5,       /* one for every 20 MHz, boosted */
  PREFETCH = 1 << 8,
  INSTRUCTIONS = 1 << 9, /* cache of instructions */
  DATA = 1 << 10,        /* cache of constants */
  FLASH = WAIT_STATES | PREFETCH | INSTRUCTIONS | DATA,
  HSI_ON = 1 << 8,
  HSI_READY = 1 << 10,
  PLL_ON = 1 << 24,
  PLL_READY = 1 << 25,
  PLL_FROM_HSI = 2,
  PLL_R = 1 << 24, /* the output that SYSCLK takes */
  AHB_DIV2 = 8 << 4,
  SYSCLK_PLL = 3,
  SYSCLK_IS_PLL = 3 << 2,
};

/* 16 MHz / 2 × 30 = 240 MHz, half of that out; M is written less one, R as 0 for 2. */
#define PLL (PLL_FROM_HSI | 1u << 4 | 30u << 8 | PLL_R | 0u << 25)

void ghost_startup_family(void) {
  RCC_CR |= HSI_ON;
  stm32_enable_apb(PWR_BASE);
  PWR_CR5 &= ~(uint32_t)NO_BOOST;
  PWR_CR2 |= VDDIO2_VALID;
  FLASH_ACR = FLASH;
  while (FLASH_ACR != FLASH) {
  }
  while ((RCC_CR & HSI_READY) == 0u) {
  }
  RCC_PLLCFGR = PLL;
  RCC_CR |= PLL_ON;
  while ((RCC_CR & PLL_READY) == 0u) {
  }
  /* Above 80 MHz in two steps, a microsecond apart, so that the regulator can follow. */
  RCC_CFGR = AHB_DIV2;
  RCC_CFGR = AHB_DIV2 | SYSCLK_PLL;
  while ((RCC_CFGR & SYSCLK_IS_PLL) != SYSCLK_IS_PLL) {
  }
  for (uint32_t i = 0u; i < 60u; i++) __asm volatile("nop"); /* of 60 MHz, and more */
  RCC_CFGR = SYSCLK_PLL;
}
