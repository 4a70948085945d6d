/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Products of values side by side, on cores with the DSP extension: they come doubled and are
 * requantised as ghost_rows_s8.S says.
 *
 *   r0  first zero point     r1, r2  values      r3  y     r4  count    r5  second zero point, twice
 *   r6  multiplier           r7  exponent        r8  added
 */
  .syntax unified
  .thumb
  .section .text.ghost_mul_even_s8, "ax", %progbits

  .macro product
  ldrsb r12, [r1], #1
  ldrsb r9, [r2], #1
  sub r12, r12, r0
  rsb r9, r5, r9, lsl #1
  mul r12, r12, r9
  smmlar r9, r12, r6, r8
  add r9, r9, r12, asr #31
  asr r9, r9, r7
  ssat r9, #8, r9
  strb r9, [r3], #1
  .endm

  .global ghost_mul_even_s8
  .type ghost_mul_even_s8, %function
ghost_mul_even_s8:
  push {r4-r9, lr}
  ldmia r0!, {r4-r8}
  ldr r0, [r0]
  lsls r9, r4, #31
  bmi 2f                  /* an odd number begins in the middle */
1:
  product
2:
  product
  subs r4, #2
  bgt 1b
  pop {r4-r9, pc}
  .size ghost_mul_even_s8, . - ghost_mul_even_s8
