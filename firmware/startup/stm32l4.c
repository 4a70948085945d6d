/* SPDX-License-Identifier: Apache-2.0 */
/* STM32L4 and L4+: from the oscillator in the chip; the Nucleos have no fast crystal. */
#include "startup/startup.h"
#include "startup/stm32l4_rcc.h"

enum { FLASH = BOARD_WAIT_STATES | PREFETCH | INSTRUCTIONS | DATA };

void ghost_startup_family(void) {
  RCC_CR |= HSI_ON;
  stm32_enable_apb(PWR_BASE);
  stm32_prepare_flash(FLASH);
  stm32_run_from_pll();
}
