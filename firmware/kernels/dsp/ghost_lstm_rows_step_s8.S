/* SPDX-License-Identifier: Apache-2.0 */
/*
 * LSTM, one frame, on cores with the DSP extension; equal bit for bit to the plain C.
 *
 *   i, f, o = sigma(W x + U h + b)          g = tanh(Wg x + Ug h + bg)
 *   c <- f * c + i * g                      h <- o * tanh(c)
 *
 * The four gates of a unit are the four rows of ghost_product.S, so a unit is done before the next
 * begins: c and h have no copies, since products read h as it was widened.
 *
 *   stream    each unit: [ b, W | c, U ], rows i, f, g, o
 *   scratch   [ x | h ] as halves
 */
  .syntax unified
  .thumb
  .section .text.ghost_lstm_rows_step_s8, "ax", %progbits

  /* Members of ghost_lstm_rows_params. */
  .equ INPUTS, 0
  .equ UNITS, 4
  .equ STREAM, 8
  .equ REQUANTIZERS, 12

  /* The frame: requantizers, four from the input and four from the state. */
  .equ INPUT, 0
  .equ RECURRENT, 32
  .equ OVER_X, 64       /* runs: count and entry of ghost_product */
  .equ OVER_S, 72
  .equ SIGMOID, 80      /* middle of the table, and what sigma adds */
  .equ CELL, 88         /* cursors */
  .equ STATE, 92
  .equ CELL_END, 96     /* and the cell's integer bits */
  .equ SUM, 104         /* pre-activations so far */
  .equ X, 120
  .equ FRAME, 124
  .equ ARGUMENT_X, FRAME + 36

#include "ghost_step_macros.h"

  /* What sigma adds beyond tanh, before their last shifts. */
  .equ SIGMA_OVER_TANH, (1 << 24) + (1 << 9) - (1 << 8)

  /* (256 a, b) of a pair to accumulators shifted left, each by its own; its multiplier in r2. */
  .macro first_of at, row
  ldrd r2, r3, [sp, #\at]
  asr \row, \row, r3    /* by 8 less the shift */
  .endm

  .macro second_of at, row
  ldrd r2, r3, [sp, #\at]
  lsl \row, \row, r3
  .endm

  .global ghost_lstm_rows_step_s8
  .type ghost_lstm_rows_step_s8, %function
ghost_lstm_rows_step_s8:
  push {r4-r11, lr}
  sub sp, #FRAME
  strd r2, r1, [sp, #CELL]
  str r3, [sp, #X]
  add r12, r0, #REQUANTIZERS
  mov lr, sp
  ldmia r12!, {r4-r11}
  stmia lr!, {r4-r11}
  ldmia r12!, {r4-r11}
  stmia lr, {r4-r11}
  ldr r5, [r12]
  ldr r4, [r0, #UNITS]
  add r4, r2, r4, lsl #1
  strd r4, r5, [sp, #CELL_END]
  ready_table
  mov r10, #BLOCK_BYTES
  ldr r2, [r0, #INPUTS]
  plan_over r2, OVER_X
  ldr r1, [sp, #ARGUMENT_X]
  bl ghost_widen
  ldr r2, [r0, #UNITS]
  plan_over r2, OVER_S
  ldr r1, [sp, #STATE]
  bl ghost_widen
  ldr r0, [r0, #STREAM]

1:
  multiply_x
  sub r8, r8, r9
  sub r10, r10, r11
  first_of INPUT, r8
  smmulr r8, r8, r2
  second_of INPUT + 8, r9
  smmulr r9, r9, r2
  first_of INPUT + 16, r10
  smmulr r10, r10, r2
  second_of INPUT + 24, r11
  smmulr r11, r11, r2
  save SUM
  multiply OVER_S       /* h lies behind x */
  ldrd r4, r5, [sp, #SUM]
  ldrd r6, r7, [sp, #SUM + 8]
  sub r8, r8, r9
  sub r10, r10, r11
  first_of RECURRENT, r8
  smmlar r8, r8, r2, r4
  second_of RECURRENT + 8, r9
  smmlar r9, r9, r2, r5
  first_of RECURRENT + 16, r10
  smmlar r10, r10, r2, r6
  second_of RECURRENT + 24, r11
  smmlar r11, r11, r2, r7

  ldrd r4, r5, [sp, #SIGMOID]
  saturate_16
  times_3
  ssat r10, #18, r10, lsl #1
  interpolate
  sub r10, r10, #SIGMA_OVER_TANH
  asr r8, r8, #10       /* i */
  asr r9, r9, #10       /* f */
  asr r10, r10, #9      /* g */
  asr r11, r11, #10     /* o */

  ldrd r1, r2, [sp, #CELL]
  ldrd r6, r7, [sp, #CELL_END]
  mul r8, r8, r10
  ldrsh r3, [r1]
  asr r8, r8, r7
  add r8, r8, #1 << 14
  mla r8, r9, r3, r8
  ssat r8, #16, r8, asr #15
  strh r8, [r1], #2
  lsl r8, r8, r7        /* to Q3.12 */
  add r8, r8, #4
  mov r10, #512
  ssat r8, #16, r8, asr #3
  add r8, r8, r8, lsl #1
  ssat r8, #18, r8, lsl #1
  asr r3, r8, #9
  ldr r3, [r4, r3, lsl #2]
  bfi r10, r8, #16, #9
  mov r5, #1 << 8
  smlad r8, r3, r10, r5
  mov r5, #1 << 22
  asr r8, r8, #9
  mla r8, r8, r11, r5
  ssat r8, #8, r8, asr #23
  strb r8, [r2], #1
  strd r1, r2, [sp, #CELL]
  cmp r1, r6
  blo.w 1b
  add sp, #FRAME
  pop {r4-r11, pc}
  .pool
  .size ghost_lstm_rows_step_s8, . - ghost_lstm_rows_step_s8
