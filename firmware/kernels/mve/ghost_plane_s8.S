/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One output channel of a depthwise convolution; ghost_plane_s8.h says what is where.
 *
 * A gather load takes all taps below the window at one place, and one VMLADAV multiplies them with
 * the weights, 0 behind the last tap. Four places make a vector of int32, requantised as in
 * ghost_rows_s8.S: 23 instructions for four outputs of up to 16 taps.
 *
 *   q0  weights      q1  offsets of taps      q5, q6  limits      q7  offsets of four outputs
 *   r8  places       r5  y                    r7  b    r9  M      r11  -r      r12  zero point
 */
  .syntax unified
  .thumb
  .section .text.ghost_plane_s8, "ax", %progbits

  /* Members of ghost_plane. */
  .equ LANES, 16
  .equ MINIMUM, 32
  .equ MAXIMUM, 48
  .equ TAPS, 64         /* and the output's zero point */
  .equ FOURS, 72        /* and how far outputs of two fours are apart */
  .equ LEFT, 80

  /* The frame. */
  .equ PLANE, 64
  .equ ARGUMENT_Y, 64 + 40

  /* Outputs of four places in q4. */
  .macro four
  ldrd r1, r3, [r8], #8
  vldrb.u8 q3, [r1, q1]
  vmladav.s8 r0, q3, q0
  vldrb.u8 q4, [r3, q1]
  vmladav.s8 r2, q4, q0
  ldrd r1, r3, [r8], #8
  vldrb.u8 q3, [r1, q1]
  vmladav.s8 r4, q3, q0
  vldrb.u8 q4, [r3, q1]
  vmladav.s8 r6, q4, q0
  vmov q4[2], q4[0], r0, r4
  vmov q4[3], q4[1], r2, r6
  vadd.i32 q4, q4, r7
  vqrdmulh.s32 q4, q4, r9
  vshr.s32 q3, q4, #31
  vadd.i32 q4, q4, q3
  vrshl.s32 q4, r11
  vadd.i32 q4, q4, r12
  vmax.s32 q4, q4, q5
  vmin.s32 q4, q4, q6
  .endm

  .global ghost_plane_s8
  .p2align 2
  .type ghost_plane_s8, %function
ghost_plane_s8:         /* r0 plane    r1 places    r2 weights    r3 b, M, -r    stack: y */
  push {r0, r4-r11, lr}
  vpush {d8-d15}
  ldr r5, [sp, #ARGUMENT_Y]
  vldrb.u8 q1, [r0]
  vldrw.u32 q7, [r0, #LANES]
  vldrw.u32 q5, [r0, #MINIMUM]
  vldrw.u32 q6, [r0, #MAXIMUM]
  ldrd r6, r12, [r0, #TAPS]
  ldrd r4, r10, [r0, #FOURS]
  vctp.8 r6
  vpst
  vldrbt.u8 q0, [r2]
  mov r8, r1
  ldm r3, {r7, r9, r11}
  wls lr, r4, 2f
1:
  four
  vstrb.32 q4, [r5, q7]
  add r5, r10
  le lr, 1b
2:
  ldr r0, [sp, #PLANE]
  ldr r0, [r0, #LEFT]
  cbz r0, 3f
  vctp.32 r0
  four
  vpst
  vstrbt.32 q4, [r5, q7]
3:
  vpop {d8-d15}
  pop {r0, r4-r11, pc}
  .size ghost_plane_s8, . - ghost_plane_s8
