/* SPDX-License-Identifier: Apache-2.0 */
/*
 * y = (W x + b) * scale + zero point, TFLite's FULLY_CONNECTED, on cores with the DSP extension.
 *
 * TFLite rounds twice: v = round(2 a M / 2^32), half up, then v / 2^r, half away from zero. The
 * first is SMMLAR. Away from zero is half up of v, less one where v is below zero; v has the sign
 * of a, or is 0, where the one less makes no difference. So
 *
 *   y = (v + 2^(r-1) + (zero point << r) + (a >> 31)) >> r        saturated to 8 bits
 *
 * exactly, for r >= 1. SMMLAR adds the two terms in the middle, which are one number of the row.
 *
 *   stream    four rows: [ 256 a + b, b ] of both pairs, the rows as ghost_product.S reads them,
 *             then for each row M, what is added, r; missing rows are zero
 *   scratch   x as halves
 */
  .syntax unified
  .thumb
  .section .text.ghost_rows_s8, "ax", %progbits

  /* Members of ghost_rows_params. */
  .equ INPUTS, 0        /* and outputs */
  .equ STREAM, 8

  /* The frame. */
  .equ RUN, 0           /* count and entry of ghost_product */
  .equ X, 8
  .equ LEFT, 12         /* rows, and where the next ones go */
  .equ Y, 16
  .equ FRAME, 24

#include "ghost_product_macros.h"

  /* Two sums of one pair, 2 a and 2 b, to int8. */
  .macro rescale first, second
  ldmia r0!, {r2, r3, r4, r5, r6, r7}
  smmlar r2, \first, r2, r3
  smmlar r5, \second, r5, r6
  add r2, r2, \first, asr #31
  add r5, r5, \second, asr #31
  asr r2, r2, r4
  asr r5, r5, r7
  ssat \first, #8, r2
  ssat \second, #8, r5
  .endm

  .global ghost_rows_s8
  .type ghost_rows_s8, %function
ghost_rows_s8:
  push {r4-r11, lr}
  sub sp, #FRAME
  str r1, [sp, #X]
  str r3, [sp, #Y]
  mov r3, r1
  mov r1, r2
  ldrd r2, r7, [r0, #INPUTS]
  str r7, [sp, #LEFT]
  ldr r0, [r0, #STREAM]
  mov r10, #BLOCK_BYTES
  plan_over r2, RUN
  bl ghost_widen

1:
  ldmia r0!, {r8, r9, r10, r11}
  ldr r1, [sp, #X]
  ldrd r2, r3, [sp, #RUN]
  bl ghost_product
  sub r8, r8, r9
  sub r10, r10, r11
  asr r8, r8, #7
  lsl r9, r9, #1
  asr r10, r10, #7
  lsl r11, r11, #1
  rescale r8, r9
  rescale r10, r11
  ldrd r2, r3, [sp, #LEFT]
  subs r2, #4
  blt 2f
  strb r8, [r3], #1
  strb r9, [r3], #1
  strb r10, [r3], #1
  strb r11, [r3], #1
  strd r2, r3, [sp, #LEFT]
  bne 1b
  b 3f
2:                      /* three of them at most */
  strb r8, [r3]
  cmp r2, #-2
  it ge
  strbge r9, [r3, #1]
  it gt
  strbgt r10, [r3, #2]
3:
  add sp, #FRAME
  pop {r4-r11, pc}
  .size ghost_rows_s8, . - ghost_rows_s8
