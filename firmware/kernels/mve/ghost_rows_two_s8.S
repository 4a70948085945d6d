/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The same as ghost_rows_s8 of two inputs at a time, four rows at a time: a load of either serves
 * four products of 16, one of a row two. 16 instructions for a block of 4 x 2 x 16 products, 0.125
 * each. The sums go from registers to vectors: four rows of one input are one.
 *
 *   stream    [ zero point, minimum, maximum | of each four rows: b, M, -r, four of each | W ]
 *   W         of each four rows: [ the first columns | blocks of 16 columns ], row by row; missing
 *             rows are zero. Of the first columns there are 1 to 16, so that blocks are whole: sums
 *             begin with them, which takes no zeros, and x of them stays in registers.
 *
 *   r0, r2, r4, r6     sums of the first input     r3  x    r1  W
 *   r8, r10, r12, lr   sums of the second          r5  x    r9  b, M, -r    r11  rows to go
 *   q3, q4             the first columns of x, zero behind them: there it is of no matter what q2,
 *                      some of a row, holds
 */
  .syntax unified
  .thumb
  .section .text.ghost_rows_two_s8, "ax", %progbits

  /* Members of ghost_rows_params. */
  .equ INPUTS, 0        /* and outputs */
  .equ STREAM, 8

  /* The frame. */
  .equ X, 0             /* both, behind the first columns */
  .equ FIRST, 8         /* columns */
  .equ BLOCKS, 12
  .equ FRAME, 16
  .equ Y, FRAME + 64 + 36 /* both arguments go on as rows are done */

  /* One row times the first columns. */
  .macro first a, b
  vldrb.u8 q2, [r1]
  add r1, r7
  vmladav.s8 \a, q2, q3
  vmladav.s8 \b, q2, q4
  .endm

  /* One row times 16 more. */
  .macro block a, b
  vldrb.u8 q2, [r1], #16
  vmladava.s8 \a, q2, q0
  vmladava.s8 \b, q2, q1
  .endm

  .global ghost_rows_two_s8
  .p2align 2
  .type ghost_rows_two_s8, %function
ghost_rows_two_s8:      /* r0 params    r1 scratch    r2, r3 x    stack: y of both */
  push {r4-r11, lr}
  vpush {d8-d15}
  sub sp, #FRAME
  ldrd r4, r11, [r0, #INPUTS]
  ldr r9, [r0, #STREAM]
  subs r4, #1
  lsrs r5, r4, #4
  and r4, #15
  adds r4, #1
  vctp.8 r4
  vpstt
  vldrbt.u8 q3, [r2]
  vldrbt.u8 q4, [r3]
  add r2, r4
  add r3, r4
  strd r2, r3, [sp, #X]
  strd r4, r5, [sp, #FIRST]
  ldm r9!, {r0, r2, r3}
  vdup.32 q5, r0
  vdup.32 q6, r2
  vdup.32 q7, r3
  add r1, r11, #3
  lsrs r1, r1, #2
  add r1, r1, r1, lsl #1
  add r1, r9, r1, lsl #4 /* 48 bytes for each four rows */

1:
  ldr r7, [sp, #FIRST]
  first r0, r8
  first r2, r10
  first r4, r12
  first r6, lr
  ldr r7, [sp, #BLOCKS]
  cbz r7, 3f
  ldrd r3, r5, [sp, #X]
2:
  vldrb.u8 q0, [r3], #16
  vldrb.u8 q1, [r5], #16
  block r0, r8
  block r2, r10
  block r4, r12
  block r6, lr
  subs r7, #1
  bne 2b
3:
  vmov q0[2], q0[0], r0, r4
  vmov q0[3], q0[1], r2, r6
  vmov q1[2], q1[0], r8, r12
  vmov q1[3], q1[1], r10, lr
  vldrw.u32 q2, [r9], #16
  vadd.i32 q0, q0, q2
  vadd.i32 q1, q1, q2
  vldrw.u32 q2, [r9], #16
  vqrdmulh.s32 q0, q0, q2
  vqrdmulh.s32 q1, q1, q2
  vshr.s32 q2, q0, #31
  vadd.i32 q0, q0, q2
  vshr.s32 q2, q1, #31
  vadd.i32 q1, q1, q2
  vldrw.u32 q2, [r9], #16
  vrshl.s32 q0, q0, q2
  vrshl.s32 q1, q1, q2
  vadd.i32 q0, q0, q5
  vadd.i32 q1, q1, q5
  vmax.s32 q0, q0, q6
  vmax.s32 q1, q1, q6
  vmin.s32 q0, q0, q7
  vmin.s32 q1, q1, q7
  ldrd r3, r5, [sp, #Y]
  vctp.32 r11
  vpstt
  vstrbt.32 q0, [r3], #4
  vstrbt.32 q1, [r5], #4
  strd r3, r5, [sp, #Y]
  subs r11, #4
  bgt 1b
  add sp, #FRAME
  vpop {d8-d15}
  pop {r4-r11, pc}
  .size ghost_rows_two_s8, . - ghost_rows_two_s8
