/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values of two tensors side by side, on cores with the DSP extension: sums and products, which
 * come doubled and are requantised as ghost_rows_s8.S says.
 */
  .syntax unified
  .thumb

  /* Both: r3 y, r4 count, r6 multiplier, r7 exponent, r8 added; the doubled value is in r12. */
  .macro finish
  smmlar r9, r12, r6, r8
  add r9, r9, r12, asr #31
  asr r9, r9, r7
  ssat r9, #8, r9
  strb r9, [r3], #1
  .endm

  /* r0 a table, r1 what is looked up there, r2 what is multiplied with r5. */
  .macro sum
  ldrb r12, [r1], #1
  ldrsb r9, [r2], #1
  ldr r12, [r0, r12, lsl #2]
  mla r12, r9, r5, r12
  finish
  .endm

  /* r1, r2 values, r0 a zero point, r5 the other one doubled. */
  .macro product
  ldrsb r12, [r1], #1
  ldrsb r9, [r2], #1
  sub r12, r12, r0
  rsb r9, r5, r9, lsl #1
  mul r12, r12, r9
  finish
  .endm

  /* Two in a round; an odd number begins in the middle. */
  .macro run one, name
  lsls r9, r4, #31
  bmi 2f
1:
  \one
2:
  \one
  subs r4, #2
  bgt 1b
  pop {r4-r9, pc}
  .size \name, . - \name
  .endm

  .section .text.ghost_add_looked_up, "ax", %progbits
  .global ghost_add_looked_up
  .type ghost_add_looked_up, %function
ghost_add_looked_up:
  push {r4-r9, lr}
  ldr r12, [sp, #28]
  ldmia r12, {r4-r8}
  run sum, ghost_add_looked_up

  .section .text.ghost_mul_even_s8, "ax", %progbits
  .global ghost_mul_even_s8
  .type ghost_mul_even_s8, %function
ghost_mul_even_s8:
  push {r4-r9, lr}
  ldmia r0!, {r4-r8}
  ldr r0, [r0]
  run product, ghost_mul_even_s8
