/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ghost_dot6.c in assembly: all fourteen registers carry the product, and compilers spill around
 * it. A round of the loop takes eight entries of the table; the first round is entered where it
 * leaves a multiple of eight. Twelve products cost 31 instructions in Thumb-1 (Armv6-M),
 * 19 in Thumb-2 (Armv7-M). Of two rows, in a short loop, four products cost 13 and 9.
 *
 *   r0 weights    r1 table    r2 mask    r3 V, then r    r4 A    r5-r7 entry
 *   r8, r10, r12 sums of r    r9, r11, lr sums of r >> 16
 */
  .syntax unified
  .thumb
  .section .text.ghost_dot6, "ax", %progbits
  .global ghost_dot6
  .type ghost_dot6, %function
  .p2align 2

  .equ ENTRIES, 8

  /* Eight entries, each for three pairs of rows; behind the last entry of the table r7 is zero. */
  .macro round
  .rept ENTRIES
  rows r8, r9
  rows r10, r11
  rows r12, lr
  ldmia r1!, {r5-r7}
  .endr
  cmp r7, #0
  .endm

#if __ARM_ARCH_ISA_THUMB == 1

  .equ ENTRY_BYTES, 62

  .macro rows all, upper
  ldmia r0!, {r3}
  lsrs r4, r3, #8
  ands r4, r2
  muls r3, r5, r3
  muls r4, r6, r4
  adds r3, r3, r4
  adds r3, r3, r7
  add \all, r3
  asrs r3, r3, #16
  add \upper, r3
  .endm

  .macro starts all, upper
  ldmia r2!, {r3, r4}
  mov \all, r3
  mov \upper, r4
  .endm

  .macro mask
  movs r2, #0xff
  lsls r3, r2, #16
  orrs r2, r3
  .endm

  .macro finish all, upper
  mov r4, \upper
  lsls r6, r4, #16
  mov r3, \all
  subs r3, r3, r6
  adds r3, r3, r5
  stmia r2!, {r3, r4}
  .endm

ghost_dot6:
  push {r3-r7, lr}
  mov r4, r8
  mov r5, r9
  mov r6, r10
  mov r7, r11
  push {r4-r7}
  ldmia r2!, {r3-r7}
  mov r8, r3
  mov r9, r4
  mov r10, r5
  mov r11, r6
  mov r12, r7
  ldr r3, [r2]
  mov lr, r3
  mask
  ldmia r1!, {r4-r7}    /* -2^15 count, and the first entry */
  lsls r4, r4, #14      /* -count modulo 8 entries are skipped */
  lsrs r4, r4, #29
  movs r3, #ENTRY_BYTES
  muls r4, r3, r4
  add pc, r4            /* reads as the address behind the nop */
  nop
1:
  round
  beq 2f
  b 1b
2:
  ldr r2, [sp, #16]     /* sums */
  finish r8, r9
  finish r10, r11
  finish r12, lr
  pop {r4-r7}
  mov r8, r4
  mov r9, r5
  mov r10, r6
  mov r11, r7
  pop {r3-r7, pc}

#else

  .equ ENTRY_BYTES, 68

  .macro rows all, upper
  ldr r3, [r0], #4
  and r4, r2, r3, lsr #8
  mla r3, r3, r5, r7
  mla r3, r4, r6, r3
  add \all, r3
  add \upper, \upper, r3, asr #16
  .endm

  .macro starts all, upper
  ldm r2, {\all, \upper}
  .endm

  .macro mask
  mov r2, #0x00ff00ff
  .endm

  .macro finish all, upper
  sub r3, \all, \upper, lsl #16
  add r3, r3, r5
  strd r3, \upper, [r2], #8
  .endm

ghost_dot6:
  push {r3-r11, lr}
  ldm r2, {r8-r12, lr}
  mask
  ldm r1!, {r4-r7}      /* -2^15 count, and the first entry */
  ubfx r4, r4, #15, #3  /* -count modulo 8 entries are skipped */
  movs r3, #ENTRY_BYTES
  mul r4, r3, r4
  add pc, r4            /* reads as the address behind the nop */
  nop
1:
  round
  bne 1b
  ldr r2, [sp]          /* sums */
  finish r8, r9
  finish r10, r11
  finish r12, lr
  pop {r3-r11, pc}

#endif
  .size ghost_dot6, . - ghost_dot6

  .section .text.ghost_dot2, "ax", %progbits
  .global ghost_dot2
  .type ghost_dot2, %function
  .p2align 2
ghost_dot2:
  push {r3-r7, lr}
  starts r12, lr
  mask
  ldmia r1!, {r4-r7}    /* -2^15 count, and the first entry */
1:
  rows r12, lr
  ldmia r1!, {r5-r7}
  cmp r7, #0
  bne 1b
  ldr r2, [sp]          /* sums */
  finish r12, lr
  pop {r3-r7, pc}
  .size ghost_dot2, . - ghost_dot2
