/* SPDX-License-Identifier: Apache-2.0 */
/* What steps of recurrent layers say often: macros of the assembler, over their frames' names. */
#ifndef GHOST_STEP_MACROS_H
#define GHOST_STEP_MACROS_H
/* clang-format off */
#include "ghost_product_macros.h"

  /* What sigmoid and tanh read. */
  .macro ready_table
  ldr r4, =ghost_sigmoid_pairs + 4 * 256
  ldr r5, =(1 << 24) + (1 << 9)
  strd r4, r5, [sp, #SIGMOID]
  .endm

  /* Starts from the biases that lie ahead of the weights. */
  .macro multiply run
  ldmia r0!, {r8, r9, r10, r11}
  ldrd r2, r3, [sp, #\run]
  bl ghost_product
  .endm

  .macro multiply_x
  ldr r1, [sp, #X]
  multiply OVER_X
  .endm

  /* (256 a, b) of both pairs to accumulators shifted left: (both - second) / 256 is a. */
  .macro separate requantizer
  ldrd r2, r3, [sp, #\requantizer]
  sub r8, r8, r9
  sub r10, r10, r11
  rsb r4, r3, #8
  lsl r9, r9, r3
  asr r8, r8, r4
  lsl r11, r11, r3
  asr r10, r10, r4
  .endm

  .macro requantize requantizer
  separate \requantizer
  smmulr r8, r8, r2
  smmulr r9, r9, r2
  smmulr r10, r10, r2
  smmulr r11, r11, r2
  .endm

  /* The same, added to SUM. */
  .macro requantize_onto_sum requantizer
  separate \requantizer
  ldrd r4, r5, [sp, #SUM]
  ldrd r6, r7, [sp, #SUM + 8]
  smmlar r8, r8, r2, r4
  smmlar r9, r9, r2, r5
  smmlar r10, r10, r2, r6
  smmlar r11, r11, r2, r7
  .endm

  .macro save to
  strd r8, r9, [sp, #\to]
  strd r10, r11, [sp, #\to + 8]
  .endm

  .macro saturate_16
  ssat r8, #16, r8
  ssat r9, #16, r9
  ssat r10, #16, r10
  ssat r11, #16, r11
  .endm

  .macro times_3
  add r8, r8, r8, lsl #1
  add r9, r9, r9, lsl #1
  add r10, r10, r10, lsl #1
  add r11, r11, r11, lsl #1
  .endm

  /* u in r8-r11 to sigma(u / 12288) - 1/2 in Q0.25, plus r5. r4 is the table's middle: an entry is
   * [ node | step ], times [ 512 | u & 511 ]. Changes r1-r3, r6, r7. */
  .macro interpolate
  asr r1, r8, #9
  asr r2, r9, #9
  asr r3, r10, #9
  asr r7, r11, #9
  ldr r1, [r4, r1, lsl #2]
  ldr r2, [r4, r2, lsl #2]
  ldr r3, [r4, r3, lsl #2]
  ldr r7, [r4, r7, lsl #2]
  mov r6, #512
  bfi r6, r8, #16, #9
  smlad r8, r1, r6, r5
  bfi r6, r9, #16, #9
  smlad r9, r2, r6, r5
  bfi r6, r10, #16, #9
  smlad r10, r3, r6, r5
  bfi r6, r11, #16, #9
  smlad r11, r7, r6, r5
  .endm

  /* sigma(r8-r11), Q3.12 to Q0.15: the 1/2 and the rounding are in what interpolation adds. */
  .macro sigmoid
  ldrd r4, r5, [sp, #SIGMOID]
  saturate_16
  times_3
  interpolate
  asr r8, r8, #10
  asr r9, r9, #10
  asr r10, r10, #10
  asr r11, r11, #10
  .endm

  /* tanh(r8-r11) before its last shift, Q3.12 to Q0.24, plus r5. */
  .macro tanh
  ldr r4, [sp, #SIGMOID]
  saturate_16
  times_3
  ssat r8, #18, r8, lsl #1
  ssat r9, #18, r9, lsl #1
  ssat r10, #18, r10, lsl #1
  ssat r11, #18, r11, lsl #1
  interpolate
  .endm

  .macro gate input, recurrent, to
  multiply_x
  requantize \input
  save SUM
  multiply OVER_S       /* s lies behind x */
  requantize_onto_sum \recurrent
  sigmoid
  save \to
  .endm

  /* r8-r11: c becomes (1 - z) c + z h = c + z (h - c). */
  .macro blend_two z, h, low, high
  ldrd r5, r6, [sp, #\z]
  sxth r7, \h
  sub r7, r7, \low
  rsb \h, \high, \h, asr #16
  mla r7, r7, r5, r12
  mla \h, \h, r6, r12
  add \low, \low, r7, asr #15
  add \high, \high, \h, asr #15
  .endm

#endif
