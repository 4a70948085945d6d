/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TFLite's ADD and SUB of two rows as weighted sums, four values at a time: six instructions for
 * each. A byte that is the upper one of a halfword is 2^8 times its value, which SMLAW multiplies
 * with 32 bits and divides by 2^16.
 *
 *   r0  count       r1, r2  operands     r3  y     r4, r5  their weights     r6  added
 *   r7  added then  r8  a sum            r9  the upper bytes of halfwords
 *   r10, r11, r12, lr  bytes 1 and 3 of the first, of the second, 0 and 2 of the first, the second
 */
  .syntax unified
  .thumb
  .section .text.ghost_add_row_s8, "ax", %progbits

  /* Half t or b of both. */
  .macro sum half, first, second, away
  smlaw\half r8, r4, \first, r6
  smlaw\half r8, r5, \second, r8
  .if \away
  add r8, r8, r8, asr #31
  add r8, r8, r7
  .endif
  ssat r8, #8, r8, asr #20
  strb r8, [r3], #1
  .endm

  .macro row away
  subs r0, #4
  blt 2f
1:
  ldr r10, [r1], #4
  ldr r11, [r2], #4
  and r12, r9, r10, lsl #8
  and lr, r9, r11, lsl #8
  and r10, r9, r10
  and r11, r9, r11
  sum b, r12, lr, \away
  sum b, r10, r11, \away
  sum t, r12, lr, \away
  sum t, r10, r11, \away
  subs r0, #4
  bge 1b
2:
  adds r0, #4
  beq 4f
3:
  ldrb r12, [r1], #1
  ldrb lr, [r2], #1
  lsl r12, r12, #8
  lsl lr, lr, #8
  sum b, r12, lr, \away
  subs r0, #1
  bne 3b
4:
  pop {r4-r11, pc}
  .endm

  .global ghost_add_row_s8
  .type ghost_add_row_s8, %function
ghost_add_row_s8:     /* r0 weights    r1, r2 operands    r3 y    stack: count */
  push {r4-r11, lr}
  ldm r0, {r4-r8}
  ldr r0, [sp, #36]
  mov r9, #0xFF00FF00
  cmp r8, #0
  beq once
  row 1
once:
  row 0
  .size ghost_add_row_s8, . - ghost_add_row_s8
