/* SPDX-License-Identifier: Apache-2.0 */
/* STM32H742/743/753: up to 400 MHz from the oscillator in the chip, caches on (RM0433).
 *
 * 400 MHz is what every revision reaches at any temperature, at VOS1. Only revision V makes 480,
 * with VOS0 and up to 105 °C. The oscillator (64 MHz, to 1 %) needs neither a crystal, which the
 * Nucleo has not, nor the debugger's clock, which is there only while the debugger has power.
 */
#include "drivers/stm32.h"
#include "startup/m7_caches.h"
#include "startup/startup.h"

#define RCC_CR STM32_RCC(0x00u)
#define RCC_CFGR STM32_RCC(0x10u)
#define RCC_D1CFGR STM32_RCC(0x18u)
#define RCC_D2CFGR STM32_RCC(0x1Cu)
#define RCC_D3CFGR STM32_RCC(0x20u)
#define RCC_PLLCKSELR STM32_RCC(0x28u)
#define RCC_PLLCFGR STM32_RCC(0x2Cu)
#define RCC_PLL1DIVR STM32_RCC(0x30u)
#define PWR_CSR1 GHOST_REGISTER(0x58024804u)
#define PWR_CR3 GHOST_REGISTER(0x5802480Cu)
#define PWR_D3CR GHOST_REGISTER(0x58024818u)
#define FLASH_ACR GHOST_REGISTER(0x52002000u)

enum {
  SUPPLY_LDO = 1 << 1,     /* the chip's own regulator; writing it, once, unlocks VOS */
  VOLTAGE_READY = 1 << 13, /* of CSR1 and of D3CR */
  VOS1 = BOARD_VOLTAGE << 14,
  WAIT_STATES = BOARD_WAIT_STATES | 2 << 4, /* and the delay of writing: for up to 200 MHz */
  HSI_DIVIDE = BOARD_PLL_DIVIDE << 4,       /* 16 MHz into PLL1 */
  PLL1_IN_8_TO_16 = 3 << 2,
  PLL1_P = 1 << 16, /* the output that SYSCLK takes */
  PLL1_ON = 1 << 24,
  PLL1_READY = 1 << 25,
  AHB_DIV2 = 8,         /* half of the core's clock for AXI, flash and the buses behind it */
  D1_APB_DIV2 = 4 << 4, /* half of that for all APBs */
  D2_APB1_DIV2 = 4 << 4,
  D2_APB2_DIV2 = 4 << 8,
  D3_APB_DIV2 = 4 << 4,
  SYSCLK_PLL1 = 3,
  SYSCLK_IS_PLL1 = 3 << 3,
};

/* Written less one. Q and R as after reset. */
#define PLL1_DIVIDERS ((BOARD_PLL_TIMES - 1u) | (BOARD_PLL_OUT - 1u) << 9 | 1u << 16 | 1u << 24)

void ghost_startup_family(void) {
  m7_caches_on();
  PWR_CR3 = SUPPLY_LDO;
  while ((PWR_CSR1 & VOLTAGE_READY) == 0u) {
  }
  PWR_D3CR = VOS1;
  while ((PWR_D3CR & VOLTAGE_READY) == 0u) {
  }
  FLASH_ACR = WAIT_STATES;
  while (FLASH_ACR != WAIT_STATES) {
  }
  RCC_PLLCKSELR = HSI_DIVIDE; /* source 0, HSI */
  RCC_PLLCFGR = PLL1_IN_8_TO_16 | PLL1_P;
  RCC_PLL1DIVR = PLL1_DIVIDERS;
  RCC_CR |= PLL1_ON;
  RCC_D1CFGR = AHB_DIV2 | D1_APB_DIV2; /* before the clock rises */
  RCC_D2CFGR = D2_APB1_DIV2 | D2_APB2_DIV2;
  RCC_D3CFGR = D3_APB_DIV2;
  while ((RCC_CR & PLL1_READY) == 0u) {
  }
  RCC_CFGR = SYSCLK_PLL1;
  while ((RCC_CFGR & SYSCLK_IS_PLL1) != SYSCLK_IS_PLL1) {
  }
}
