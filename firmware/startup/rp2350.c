/* SPDX-License-Identifier: Apache-2.0 */
/* RP2350 with its Arm cores: 150 MHz from the crystal, and what the boot ROM looks for. */
#define RP2_RESETS 0x40020000u
#define RP2_CLOCKS 0x40010000u
#define RP2_XOSC 0x40048000u
#define RP2_PLL_SYS 0x40050000u
#define RP2_IO 0x40028000u
#define RP2_PADS 0x40038000u
#define RP2_RESET_IO (1u << 6)
#define RP2_RESET_PADS (1u << 9)
#define RP2_RESET_PLL_SYS (1u << 14)
#define RP2_RESET_UART0 (1u << 26)
#define RP2_DIVIDER_1 5u
#define RP2_DIVIDER_2 2u

#include "startup/rp2.h"
#include "startup/startup.h"

extern const uint32_t ghost_image_def[5];

/* An IMAGE_DEF (RP2350 datasheet, Bootrom, "Minimum viable image metadata"): without one in the
 * first 4096 bytes the boot ROM does not start the image. It takes the vector table from the start
 * of flash and has set up the flash's fastest mode by then. */
__attribute__((section(".image_def"), used)) const uint32_t ghost_image_def[5] = {
    0xFFFFDED3u, /* a block begins */
    0x10210142u, /* item IMAGE_TYPE, 1 word: executable, secure, Arm, RP2350 */
    0x000001FFu, /* the last item; 1 word of items before it */
    0u,          /* the next block is this one: there are no others */
    0xAB123579u, /* the block ends */
};

void ghost_startup_family(void) { rp2_start(); }
