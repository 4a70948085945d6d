/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GhostGRU, one frame, on cores with the DSP extension; equal bit for bit to the plain C.
 *
 *   z = sigma(Wz x + bz + Uz s + cz)            r = sigma(Wr x + br + Ur s + cr)
 *   c = tanh(Wc x + bc + r * (Uc,h h + cc) + Uc,g g)
 *   h <- (1 - z) * c + z * h                    g <- tanh(G h + bg)         s = [h; g]
 *
 * Assembly, since all fourteen registers carry the product and both compilers spill around it.
 *
 * The products are ghost_product.S's, exact while the rows' sums stay within its bound. Layers with
 * longer rows or larger numbers take ghost_gru_long_step_s8.c, which is also this file in C.
 *
 * The stream of weights, in the order of use, biases ahead of their rows as [ 256 a + b, b ]:
 *
 *   weights   four units: z [ b, W | c, U ]  r [ b, W | c, U ]  c [ b, W | c, Uh | Ug ], and so on;
 *             then each unit left over: rows z, r, 0, c together, [ b, W | c, Uh | Ug ]
 *   ghosts    four rows: [ b, G ], and so on; missing rows are zero
 *   scratch   [ x | s | new h ] as halves; with an odd m, Uh and Ug share a word of s
 */
  .syntax unified
  .thumb
  .section .text.ghost_gru_step_s8, "ax", %progbits

  /* Members of ghost_gru_params. */
  .equ INPUTS, 0
  .equ UNITS, 4
  .equ INTRINSIC, 8
  .equ WEIGHTS, 12
  .equ GHOST_WEIGHTS, 16
  .equ REQUANTIZERS, 20

  /* The frame: requantizers in the order of ghost_gru_params, each multiplier and shift. */
  .equ INPUT_Z, 0
  .equ INPUT_R, 8
  .equ INPUT_C, 16
  .equ RECURRENT_Z, 24
  .equ RECURRENT_R, 32
  .equ RECURRENT_C, 40
  .equ GHOST, 48
  .equ OVER_X, 56       /* runs: count and entry of ghost_product */
  .equ OVER_S, 64
  .equ OVER_H, 72
  .equ OVER_G, 80
  .equ SIGMOID, 88      /* middle of the table, and what sigma adds */
  .equ CARRY, 96        /* cursors: carry and state */
  .equ STATE, 100
  .equ SUM, 104         /* pre-activations so far, four units */
  .equ Z, 120           /* gates, four units */
  .equ R, 136
  .equ X, 152           /* vectors */
  .equ G, 156           /* 0 where there are no ghosts */
  .equ H, 160
  .equ NEW_H, 164       /* cursor into H */
  .equ FOURS_END, 168   /* where CARRY ends */
  .equ CARRY_END, 172
  .equ GHOSTS, 176      /* left to do, and their weights */
  .equ FRAME, 184
  .equ ARGUMENT_X, FRAME + 36

#include "ghost_step_macros.h"

  .global ghost_gru_step_s8
  .type ghost_gru_step_s8, %function
ghost_gru_step_s8:
  push {r4-r11, lr}
  sub sp, #FRAME
  strd r2, r1, [sp, #CARRY]
  str r3, [sp, #X]
  add r12, r0, #REQUANTIZERS
  mov lr, sp
  ldmia r12!, {r4-r10}
  stmia lr!, {r4-r10}
  ldmia r12, {r4-r10}
  stmia lr, {r4-r10}
  ready_table

  mov r10, #BLOCK_BYTES
  ldr r2, [r0, #INPUTS]
  plan_over r2, OVER_X
  ldr r1, [sp, #ARGUMENT_X]
  bl ghost_widen
  mov r9, r3            /* s */
  ldr r2, [r0, #UNITS]
  ldr r11, [r0, #INTRINSIC]
  plan_over r2, OVER_S
  sub r12, r8, r11, lsr #1
  plan r12, OVER_G
  plan_over r11, OVER_H
  ldr r4, [r0, #GHOST_WEIGHTS]
  subs r5, r2, r11
  strd r5, r4, [sp, #GHOSTS]
  lsr r4, r11, #1
  ite ne
  addne r4, r9, r4, lsl #2
  moveq r4, #0
  str r4, [sp, #G]
  ldrd r7, r1, [sp, #CARRY]
  bl ghost_widen
  strd r3, r3, [sp, #H]
  add r4, r7, r11, lsl #1
  bic r5, r11, #3
  add r3, r7, r5, lsl #1
  strd r3, r4, [sp, #FOURS_END]
  ldr r0, [r0, #WEIGHTS]
  cmp r7, r3
  bhs.w ones

fours:
  gate INPUT_Z, RECURRENT_Z, Z
  gate INPUT_R, RECURRENT_R, R
  multiply_x
  requantize INPUT_C
  save SUM
  multiply OVER_H
  requantize RECURRENT_C
  mov r12, #1 << 14
  ldrd r2, r3, [sp, #R]
  ldrd r4, r5, [sp, #R + 8]
  saturate_16
  mla r8, r8, r2, r12
  mla r9, r9, r3, r12
  mla r10, r10, r4, r12
  mla r11, r11, r5, r12
  ldrd r2, r3, [sp, #SUM]
  ldrd r4, r5, [sp, #SUM + 8]
  ldr r1, [sp, #G]
  add r8, r2, r8, asr #15
  add r9, r3, r9, asr #15
  add r10, r4, r10, asr #15
  add r11, r5, r11, asr #15
  cbz r1, 1f
  save SUM
  mov r8, #0
  mov r9, #0
  mov r10, #0
  mov r11, #0
  ldrd r2, r3, [sp, #OVER_G]
  bl ghost_product
  requantize_onto_sum RECURRENT_C
1:
  mov r5, #1 << 8
  tanh
  asr r8, r8, #9
  asr r9, r9, #9
  asr r10, r10, #9
  asr r11, r11, #9

  ldrd r1, r2, [sp, #CARRY]
  mov r12, #1 << 14
  ldrd r3, r4, [r1]
  blend_two Z, r3, r8, r9
  blend_two Z + 8, r4, r10, r11
  pkhbt r8, r8, r9, lsl #16
  pkhbt r10, r10, r11, lsl #16
  strd r8, r10, [r1], #8
  mov r12, #0x00800080  /* saturates as Q0.7 does: 32767 >> 8 is 127 */
  qadd16 r8, r8, r12
  qadd16 r10, r10, r12
  ldr r3, [sp, #NEW_H]
  sxtb16 r4, r8, ror #8
  sxtb16 r5, r10, ror #8
  strd r4, r5, [r3], #8
  str r3, [sp, #NEW_H]
  pkhbt r4, r8, r10, lsl #16
  pkhtb r5, r10, r8, asr #16
  bic r5, r5, #0x00FF00FF
  uxtab16 r4, r5, r4, ror #8
  ldr r3, [sp, #FOURS_END]
  str r4, [r2], #4
  strd r1, r2, [sp, #CARRY]
  cmp r1, r3
  blo.w fours

ones:
  ldrd r1, r2, [sp, #CARRY]
  ldr r3, [sp, #CARRY_END]
  cmp r1, r3
  bhs.w ghosts
  multiply_x            /* r8 - r9 is 256 z, r9 is r, r11 is c */
  ldrd r2, r3, [sp, #INPUT_Z]
  sub r8, r8, r9
  rsb r3, r3, #8
  asr r8, r8, r3
  smmulr r8, r8, r2
  ldrd r2, r3, [sp, #INPUT_R]
  lsl r9, r9, r3
  smmulr r9, r9, r2
  ldrd r2, r3, [sp, #INPUT_C]
  lsl r10, r11, r3
  smmulr r10, r10, r2
  save SUM
  multiply OVER_H
  ldrd r2, r3, [sp, #RECURRENT_C]
  ldr r1, [sp, #G]
  lsl r11, r11, r3
  smmulr r11, r11, r2
  str r11, [sp, #SUM + 12]
  mov r11, #0
  cbz r1, 1f
  ldrd r2, r3, [sp, #OVER_G]
  bl ghost_product
1:
  ldrd r4, r5, [sp, #SUM]
  ldrd r6, r7, [sp, #SUM + 8]
  ldrd r2, r3, [sp, #RECURRENT_Z]
  sub r8, r8, r9
  rsb r3, r3, #8
  asr r8, r8, r3
  smmlar r8, r8, r2, r4
  ldrd r2, r3, [sp, #RECURRENT_R]
  lsl r9, r9, r3
  smmlar r9, r9, r2, r5
  ldrd r2, r3, [sp, #RECURRENT_C]
  lsl r11, r11, r3
  smmlar r11, r11, r2, r6
  ldrd r4, r5, [sp, #SIGMOID]
  mov r6, #512
  ssat r8, #16, r8      /* z */
  ssat r9, #16, r9      /* r */
  add r8, r8, r8, lsl #1
  add r9, r9, r9, lsl #1
  asr r1, r8, #9
  asr r2, r9, #9
  ldr r1, [r4, r1, lsl #2]
  ldr r2, [r4, r2, lsl #2]
  bfi r6, r8, #16, #9
  smlad r8, r1, r6, r5
  bfi r6, r9, #16, #9
  smlad r9, r2, r6, r5
  asr r8, r8, #10
  asr r9, r9, #10
  mov r12, #1 << 14
  ssat r7, #16, r7      /* c */
  mla r9, r9, r7, r12
  add r11, r11, r9, asr #15
  ssat r11, #16, r11
  add r11, r11, r11, lsl #1
  ssat r11, #18, r11, lsl #1
  asr r1, r11, #9
  ldr r1, [r4, r1, lsl #2]
  bfi r6, r11, #16, #9
  mov r5, #1 << 8
  smlad r11, r1, r6, r5
  asr r11, r11, #9
  ldrd r1, r2, [sp, #CARRY]
  ldr r3, [sp, #NEW_H]
  ldrsh r4, [r1]
  sub r4, r4, r11
  mla r4, r4, r8, r12
  add r11, r11, r4, asr #15
  strh r11, [r1], #2
  add r11, r11, #1 << 7
  ssat r11, #8, r11, asr #8
  strh r11, [r3], #2
  strb r11, [r2], #1
  str r3, [sp, #NEW_H]
  strd r1, r2, [sp, #CARRY]
  b ones

ghosts:
  ldrd r3, r0, [sp, #GHOSTS]
  cmp r3, #0
  beq.w 3f
1:
  ldr r1, [sp, #H]
  multiply OVER_H
  requantize GHOST
  ldr r5, =(1 << 8) + (1 << 16) /* rounds to Q0.15, then to Q0.7, in one shift */
  tanh
  ldr r3, [sp, #GHOSTS]
  ldr r2, [sp, #STATE]
  ssat r8, #8, r8, asr #17
  ssat r9, #8, r9, asr #17
  ssat r10, #8, r10, asr #17
  ssat r11, #8, r11, asr #17
  subs r3, #4
  str r3, [sp, #GHOSTS]
  blt 2f
  strb r8, [r2], #1
  strb r9, [r2], #1
  strb r10, [r2], #1
  strb r11, [r2], #1
  str r2, [sp, #STATE]
  bne.w 1b
  b 3f
2:                      /* three of them at most */
  strb r8, [r2]
  cmp r3, #-2
  it ge
  strbge r9, [r2, #1]
  it gt
  strbgt r10, [r2, #2]
3:
  add sp, #FRAME
  pop {r4-r11, pc}
  .pool
  .size ghost_gru_step_s8, . - ghost_gru_step_s8
