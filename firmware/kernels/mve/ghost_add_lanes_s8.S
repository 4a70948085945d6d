/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TFLite's ADD and SUB of two rows, four values at a time: 22 instructions. The members of
 * ghost_add_lanes say what is multiplied with what; roundings are as in ghost_rows_s8.S.
 *
 *   r0  output's zero point      r1, r2  operands     r3  y       r4-r6   of the first operand
 *   r7-r9  of the second         r10, r11  of the sum             r12     sign
 */
  .syntax unified
  .thumb
  .section .text.ghost_add_lanes_s8, "ax", %progbits

  /* An operand on the common scale. */
  .macro scaled value, power, offset, multiplier, shift
  vmlas.s32 \value, \power, \offset
  rescaled \value, \multiplier, \shift
  .endm

  .macro rescaled value, multiplier, shift
  vqrdmulh.s32 \value, \value, \multiplier
  vshr.s32 q2, \value, #31
  vadd.i32 \value, \value, q2
  vrshl.s32 \value, \shift
  .endm

  .global ghost_add_lanes_s8
  .p2align 2
  .type ghost_add_lanes_s8, %function
ghost_add_lanes_s8:     /* r0 constants    r1, r2 operands    r3 y    stack: count */
  push {r4-r11, lr}
  vpush {d8-d15}
  ldr lr, [sp, #64 + 36]
  ldm r0!, {r4-r12}
  vldrw.u32 q3, [r0], #16
  vldrw.u32 q4, [r0], #16
  vldrw.u32 q5, [r0], #16
  vldrw.u32 q6, [r0], #16
  ldr r0, [r0]
  wlstp.32 lr, lr, 2f
1:
  vldrb.s32 q0, [r1], #4
  scaled q0, q3, r4, r5, r6
  vldrb.s32 q1, [r2], #4
  scaled q1, q4, r7, r8, r9
  vmla.s32 q0, q1, r12
  rescaled q0, r10, r11
  vadd.i32 q0, q0, r0
  vmax.s32 q0, q0, q5
  vmin.s32 q0, q0, q6
  vstrb.32 q0, [r3], #4
  letp lr, 1b
2:
  vpop {d8-d15}
  pop {r4-r11, pc}
  .size ghost_add_lanes_s8, . - ghost_add_lanes_s8
