/* SPDX-License-Identifier: Apache-2.0 */
/* RP2040: the second stage of booting (RP2040 datasheet, Bootrom and SSI).
 *
 * The boot ROM copies the first 256 bytes of flash to the end of SRAM, checks their CRC and jumps to
 * them. They switch the flash (W25Q16JV, whose quad mode the factory has enabled for good) from one
 * bit at a time to four: a first "fast read quad I/O" whose mode bits tell the flash to expect
 * further reads without the command, then the SSI turned into the memory window at 0x10000000.
 * Position-independent, no stack. The four bytes at the end are the CRC of those before them; a
 * test computes it again.
 */
  .syntax unified
  .thumb

#define PAD_SCLK 0x40020004 /* pads of the flash: drive and speed of the clock … */
#define PAD_SD(i) (0x40020008 + 4 * (i)) /* … and of the data lines */
#define SSI 0x18000000
#define CTRLR0 0x00 /* lines, bits of a word, kind of transfer */
#define CTRLR1 0x04 /* words to read, less one */
#define SSIENR 0x08 /* on or off; all else changes only while off */
#define BAUDR 0x14 /* core clocks of a bit */
#define SR 0x28 /* busy; empty */
#define DR0 0x60 /* what is sent */
#define RX_SAMPLE_DLY 0xF0 /* core clocks by which to read late */
#define SPI_CTRLR0 0xF4 /* lengths of command, address and pause; command of the window */
#define VTOR 0xE000ED08

#define FAST_READ_QUAD_IO 0xEB
#define CONTINUE 0xA0 /* mode bits: the next read comes without a command */
#define QUAD_READ_32 (2 << 21 | 31 << 16 | 3 << 8) /* four lines, 32 bits, command then read */
/* 32 bits of address and mode (8 nibbles), pause of 4 clocks. */
#define COMMAND_ON_ONE_LINE (2 << 8 | 4 << 11 | 8 << 2 | 1)
#define NO_COMMAND (CONTINUE << 24 | 4 << 11 | 8 << 2 | 2)
#define IDLE 4 /* of the bits BUSY (1) and TFE (4) */

  .section .boot2, "a"
  .balign 4
  .type ghost_boot2, %object
  .global ghost_boot2
ghost_boot2:
  adr r4, settings
  ldr r5, ssi
  bl apply
  movs r0, #FAST_READ_QUAD_IO
  movs r1, #CONTINUE /* address 0: what is read does not matter */
  str r0, [r5, #DR0]
  str r1, [r5, #DR0] /* one right after the other: they are one transfer */
1:
  ldr r0, [r5, #SR]
  movs r1, #5
  ands r0, r1
  cmp r0, #IDLE
  bne 1b
  bl apply
  ldr r0, vectors
  ldmia r0!, {r1, r2}
  msr msp, r1
  bx r2

/* Stores pairs of address and value from r4 on, up to an address of 0. */
apply:
  ldmia r4!, {r0, r1}
  cmp r0, #0
  beq 2f
  str r1, [r0]
  b apply
2:
  bx lr

  .balign 4
ssi:
  .word SSI
vectors:
  .word 0x10000100
settings:
  .word PAD_SCLK, 0x21 /* 8 mA, fast */
  .word PAD_SD(0), 0x50, PAD_SD(1), 0x50, PAD_SD(2), 0x50, PAD_SD(3), 0x50 /* no Schmitt trigger */
  .word SSI + SSIENR, 0
  .word SSI + BAUDR, 2 /* 62.5 MHz once the core runs at 125 MHz; the flash may run at 133 MHz */
  .word SSI + RX_SAMPLE_DLY, 1
  .word SSI + CTRLR0, QUAD_READ_32
  .word SSI + CTRLR1, 0
  .word SSI + SPI_CTRLR0, COMMAND_ON_ONE_LINE
  .word SSI + SSIENR, 1
  .word 0, 0
  .word SSI + SSIENR, 0
  .word SSI + SPI_CTRLR0, NO_COMMAND
  .word SSI + SSIENR, 1
  .word VTOR, 0x10000100
  .word 0, 0

  .org 252
  .word 0xE780D25F /* CRC-32, polynomial 0x04C11DB7, from all ones on, nothing reflected */
  .size ghost_boot2, . - ghost_boot2
