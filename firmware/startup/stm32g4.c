/* SPDX-License-Identifier: Apache-2.0 */
/* STM32G4: from the oscillator in the chip, which runs after a reset; boosted above 150 MHz. */
#include "startup/startup.h"
#include "startup/stm32l4_rcc.h"

enum {
  DEBUGGER = 1 << 18, /* DBG_SWEN, set after a reset: without it, no debugger */
  FLASH = BOARD_WAIT_STATES | PREFETCH | INSTRUCTIONS | DATA | DEBUGGER,
};

void ghost_startup_family(void) {
  RCC_CR |= HSI_ON; /* a debugger's reset may have left it off */
  stm32_enable_apb(PWR_BASE);
  stm32_prepare_flash(FLASH);
  stm32_run_from_pll();
}
