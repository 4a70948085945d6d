/* SPDX-License-Identifier: Apache-2.0 */
/* What the RP2040 and the RP2350 have in common: crystal, PLL, clocks, resets, and the pins GP0 and
 * GP1 of UART0. Whoever includes this says where the blocks are and by how much the PLL divides.
 *
 * Every register has three aliases: writing ones at 0x1000 flips, at 0x2000 sets, at 0x3000 clears.
 */
#ifndef GHOST_RP2_H
#define GHOST_RP2_H

#include "board.h"
#include "runtime/cpu.h"

#define RP2_SET(address) GHOST_REGISTER((address) + 0x2000u)
#define RP2_CLEAR(address) GHOST_REGISTER((address) + 0x3000u)

#define RESETS_RESET RP2_RESETS                             /* a one holds a block in reset */
#define RESETS_DONE GHOST_REGISTER(RP2_RESETS + 0x08u)      /* a one: it is out of it */
#define XOSC_CTRL GHOST_REGISTER(RP2_XOSC + 0x00u)          /* on, and what kind of crystal */
#define XOSC_STATUS GHOST_REGISTER(RP2_XOSC + 0x04u)        /* whether it is stable */
#define XOSC_STARTUP GHOST_REGISTER(RP2_XOSC + 0x0Cu)       /* 256 periods each to wait for it */
#define PLL_CS GHOST_REGISTER(RP2_PLL_SYS + 0x00u)          /* locked; divider of the crystal */
#define PLL_PWR (RP2_PLL_SYS + 0x04u)                       /* a one: that part is off */
#define PLL_FBDIV GHOST_REGISTER(RP2_PLL_SYS + 0x08u)       /* multiplier */
#define PLL_PRIM GHOST_REGISTER(RP2_PLL_SYS + 0x0Cu)        /* two dividers behind it */
#define CLK_REF_CTRL (RP2_CLOCKS + 0x30u)                   /* what clk_ref runs from … */
#define CLK_REF_SELECTED GHOST_REGISTER(RP2_CLOCKS + 0x38u) /* … and a bit for what it does */
#define CLK_SYS_CTRL (RP2_CLOCKS + 0x3Cu)                   /* likewise the core's clock */
#define CLK_SYS_SELECTED GHOST_REGISTER(RP2_CLOCKS + 0x44u) /* likewise */
#define CLK_PERI_CTRL GHOST_REGISTER(RP2_CLOCKS + 0x48u)    /* the UARTs' clock */
#define GPIO_CTRL(pin) GHOST_REGISTER(RP2_IO + 0x04u + 8u * (pin))  /* whose pin it is */
#define GPIO_PAD(pin) GHOST_REGISTER(RP2_PADS + 0x04u + 4u * (pin)) /* its electrical side */

enum {
  XOSC_ON_1_TO_15_MHZ = 0xFABAA0,
  XOSC_STARTUP_1_MS = 47, /* times 256 periods of 12 MHz */
  PLL_CORE_OFF = 1 << 0,
  PLL_DIVIDERS_OFF = 1 << 3,
  PLL_OSCILLATOR_OFF = 1 << 5,
  PLL_TIMES = 125, /* 12 MHz times 125: the oscillator may run at 750 to 1600 MHz */
  REF_FROM_XOSC = 2,
  SYS_FROM_AUX = 1,  /* of which source 0 is the PLL */
  PERI_ON = 1 << 11, /* from clk_sys */
  FUNCTION_UART = 2,
  PAD_OUTPUT = 0x12, /* 4 mA, Schmitt trigger */
  PAD_INPUT_PULLUP = 0x4A,
};

_Static_assert(12000000u * PLL_TIMES / RP2_DIVIDER_1 / RP2_DIVIDER_2 == BOARD_CPU_HZ, "PLL");
_Static_assert(BOARD_CONSOLE_HZ == BOARD_CPU_HZ, "the UART runs from the core's clock");

static inline void rp2_release(uint32_t blocks) {
  RP2_CLEAR(RESETS_RESET) = blocks;
  while ((RESETS_DONE & blocks) != blocks) {
  }
}

static inline void rp2_start(void) {
  /* A reset by the debugger leaves the clocks as they were: off the PLL before it changes. */
  RP2_CLEAR(CLK_SYS_CTRL) = SYS_FROM_AUX;
  while (CLK_SYS_SELECTED != 1u) {
  }
  RP2_CLEAR(CLK_REF_CTRL) = 3u;
  while (CLK_REF_SELECTED != 1u) {
  }
  XOSC_STARTUP = XOSC_STARTUP_1_MS;
  XOSC_CTRL = XOSC_ON_1_TO_15_MHZ;
  while (XOSC_STATUS >> 31 == 0u) {
  }
  RP2_SET(RESETS_RESET) = RP2_RESET_PLL_SYS;
  rp2_release(RP2_RESET_PLL_SYS);
  PLL_CS = 1u;
  PLL_FBDIV = PLL_TIMES;
  RP2_CLEAR(PLL_PWR) = PLL_CORE_OFF | PLL_OSCILLATOR_OFF;
  while (PLL_CS >> 31 == 0u) {
  }
  PLL_PRIM = RP2_DIVIDER_1 << 16 | RP2_DIVIDER_2 << 12;
  RP2_CLEAR(PLL_PWR) = PLL_DIVIDERS_OFF;
  GHOST_REGISTER(CLK_REF_CTRL) = REF_FROM_XOSC;
  while (CLK_REF_SELECTED != 1u << REF_FROM_XOSC) {
  }
  GHOST_REGISTER(CLK_SYS_CTRL) = 0u;    /* the PLL as the other source, … */
  RP2_SET(CLK_SYS_CTRL) = SYS_FROM_AUX; /* … and over to it */
  while (CLK_SYS_SELECTED != 1u << SYS_FROM_AUX) {
  }
  CLK_PERI_CTRL = PERI_ON;
  rp2_release(RP2_RESET_IO | RP2_RESET_PADS | RP2_RESET_UART0);
  GPIO_CTRL(0u) = FUNCTION_UART;
  GPIO_CTRL(1u) = FUNCTION_UART;
  GPIO_PAD(0u) = PAD_OUTPUT;       /* on the RP2350 this also ends the pin's isolation */
  GPIO_PAD(1u) = PAD_INPUT_PULLUP; /* an open line reads as idle */
}

#endif
