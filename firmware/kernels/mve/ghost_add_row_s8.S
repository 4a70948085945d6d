/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TFLite's ADD and SUB of two rows as weighted sums, four values at a time. A byte that is the
 * uppermost one of a word is 2^24 times its value; VMULH leaves the upper half of its product.
 * A sum has 20 fraction bits: it saturates where it is moved to 24.
 *
 *   r0  count     r1, r2  operands     r3  y     r4  added     r5  added then     r6  away
 *   q2, q3  weights
 */
  .syntax unified
  .thumb
  .section .text.ghost_add_row_s8, "ax", %progbits

  .macro row away
  wlstp.32 lr, r0, 2f
1:
  vldrb.u32 q0, [r1], #4
  vldrb.u32 q1, [r2], #4
  vshl.i32 q0, q0, #24
  vshl.i32 q1, q1, #24
  vmulh.s32 q0, q0, q2
  vmulh.s32 q1, q1, q3
  vadd.i32 q0, q0, r4
  vadd.i32 q0, q0, q1
  .if \away
  vshr.s32 q1, q0, #31
  vadd.i32 q0, q0, r5
  vadd.i32 q0, q0, q1
  .endif
  vqshl.s32 q0, q0, #4
  vshr.s32 q0, q0, #24
  vstrb.32 q0, [r3], #4
  letp lr, 1b
2:
  pop {r4-r6, pc}
  .endm

  .global ghost_add_row_s8
  .p2align 2
  .type ghost_add_row_s8, %function
ghost_add_row_s8:     /* r0 weights    r1, r2 operands    r3 y    stack: count */
  push {r4-r6, lr}
  ldrd r4, r5, [r0]
  vdup.32 q2, r4
  vdup.32 q3, r5
  ldrd r4, r5, [r0, #8]
  ldr r6, [r0, #16]
  ldr r0, [sp, #16]
  cbz r6, once
  row 1
once:
  row 0
  .size ghost_add_row_s8, . - ghost_add_row_s8
