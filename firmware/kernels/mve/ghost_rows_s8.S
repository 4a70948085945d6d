/* SPDX-License-Identifier: Apache-2.0 */
/*
 * y = clamp((W x + b) * scale + zero point), TFLite's FULLY_CONNECTED, on the vector unit.
 *
 * TFLite rounds twice: v = round(2 a M / 2^32), half up, then v / 2^r, half away from zero. The
 * first is VQRDMULH. Away from zero is half up of v, less one where v is below zero: VRSHL of
 * v + (v >> 31), exactly, for r >= 1.
 *
 *   stream    [ zero point, minimum, maximum | b | four of M, four of -r, and so on | W ]
 *             W as ghost_sums_s8 takes it
 *   scratch   the sums
 */
  .syntax unified
  .thumb
  .section .text.ghost_rows_s8, "ax", %progbits

  /* Members of ghost_rows_params. */
  .equ INPUTS, 0        /* and outputs */
  .equ STREAM, 8

  .global ghost_rows_s8
  .p2align 2
  .type ghost_rows_s8, %function
ghost_rows_s8:          /* r0 params    r1 scratch    r2 x    r3 y */
  push {r4-r8, lr}
  mov r5, r1
  mov r4, r3
  mov r1, r2
  ldrd r2, r7, [r0, #INPUTS]
  ldr r6, [r0, #STREAM]
  add r3, r6, #12       /* b */
  strd r3, r5, [sp, #-8]!
  add r8, r3, r7, lsl #2
  add r0, r7, #3
  bic r0, #3
  add r0, r8, r0, lsl #3
  mov r3, r7
  bl ghost_sums_s8
  add sp, #8
  ldm r6, {r0, r1, r2}
  vdup.32 q2, r1
  vdup.32 q3, r2
  dlstp.32 lr, r7
1:
  vldrw.u32 q0, [r5], #16
  vldrw.u32 q1, [r8], #16
  vqrdmulh.s32 q0, q0, q1
  vshr.s32 q1, q0, #31
  vadd.i32 q0, q0, q1
  vldrw.u32 q1, [r8], #16
  vrshl.s32 q0, q0, q1
  vadd.i32 q0, q0, r0
  vmax.s32 q0, q0, q2
  vmin.s32 q0, q0, q3
  vstrb.32 q0, [r4], #4
  letp lr, 1b
  pop {r4-r8, pc}
  .size ghost_rows_s8, . - ghost_rows_s8
