/* SPDX-License-Identifier: Apache-2.0 */
/* RP2040: 125 MHz from the crystal. */
#define RP2_RESETS 0x4000C000u
#define RP2_CLOCKS 0x40008000u
#define RP2_XOSC 0x40024000u
#define RP2_PLL_SYS 0x40028000u
#define RP2_IO 0x40014000u
#define RP2_PADS 0x4001C000u
#define RP2_RESET_IO (1u << 5)
#define RP2_RESET_PADS (1u << 8)
#define RP2_RESET_PLL_SYS (1u << 12)
#define RP2_RESET_UART0 (1u << 22)
#define RP2_DIVIDER_1 6u
#define RP2_DIVIDER_2 2u

#include "startup/rp2.h"
#include "startup/startup.h"

void ghost_startup_family(void) { rp2_start(); }
