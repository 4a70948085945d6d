/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One channel of a 3 x 3 window down an image, on cores with the DSP extension.
 *
 * Everything of the channel stays in registers. A row of the image is loaded once and adds to the
 * three places that see it: the oldest sum is done, the one between goes on, a new one begins.
 *
 *   x         each row: two words of two columns each, as halves; 16 bytes to the next row
 *   even      the window lies on columns 0 to 2:  [ w0 | w1 ] . x0  +  w2 * low half of x1
 *   odd       on columns 1 to 3:                  w0 * high half of x0  +  [ w1 | w2 ] . x1
 *
 * Weights and bias come doubled, so sums are 2 a: ghost_rows_s8.S says how that is rounded twice in
 * one. `a >> 31` there makes no difference where the zero point is -128, which is then the result
 * of whatever is below zero: `steep` leaves it out.
 */
  .syntax unified
  .thumb

  /* r0 added or free, r1 x, r2 y, r3 [ places left | bytes to the next one ] */
  .equ ADDED, 0         /* the frame */
  .equ BIAS, 4

  .macro even sum, pair, half, single
  smlad \sum, \pair, r12, \sum
  smlab\half \sum, lr, \single, \sum
  .endm

  .macro odd sum, pair, half, single
  smlad \sum, \pair, lr, \sum
  smlat\half \sum, r12, \single, \sum
  .endm

  .macro begin way, sum
  ldr \sum, [sp, #BIAS]
  \way \sum, r4, b, r7
  .endm

  .macro signed sum
  ldr r0, [sp, #ADDED]
  smmlar r0, \sum, r9, r0
  add r0, r0, \sum, asr #31
  asr r0, r0, r8
  ssat r0, #8, r0
  strb r0, [r2]
  .endm

  .macro steep sum
  smmlar \sum, \sum, r9, r0
  asr \sum, \sum, r8
  ssat \sum, #8, \sum
  strb \sum, [r2]
  .endm

  .macro place way, rounding, oldest, between
  ldrd r12, lr, [r1], #16
  \way \oldest, r6, t, r8
  \way \between, r5, t, r7
  \rounding \oldest
  uxtah r2, r2, r3
  begin \way, \oldest
  .endm

  /* Reads three pairs, singles, [ shift | single ], multiplier, added, bias. */
  .macro enter
  push {r4-r11, lr}
  ldmia r0, {r4-r11}
  push {r10, r11}
  mov r0, r10
  ldrd r12, lr, [r1], #16
  .endm

  .macro leave
  add sp, #8
  pop {r4-r11, pc}
  .endm

  .macro function name
  .section .text.\name, "ax", %progbits
  .global \name
  .type \name, %function
\name:
  .endm

  /* void (constants, x, y, places and step): a place in every row. */
  .macro every_row name, way, rounding
  function \name
  enter
  begin \way, r10
  ldrd r12, lr, [r1], #16
  \way r10, r5, t, r7
  begin \way, r11
  sub r3, r3, #1 << 16
  lsls r12, r3, #15
  bmi 1f
  mov r12, r10          /* an odd number of places */
  mov r10, r11
  mov r11, r12
  b 2f
1:
  place \way, \rounding, r10, r11
2:
  place \way, \rounding, r11, r10
  subs r3, r3, #2 << 16
  bpl 1b
  leave
  .size \name, . - \name
  .endm

  /* The same, a place in every second row. */
  .macro every_other name, way, rounding
  function \name
  enter
  sub r3, r3, #1 << 16
  begin \way, r10
1:
  ldrd r12, lr, [r1], #16
  \way r10, r5, t, r7
  ldrd r12, lr, [r1], #16
  \way r10, r6, t, r8
  \rounding r10
  uxtah r2, r2, r3
  begin \way, r10
  subs r3, r3, #1 << 16
  bpl 1b
  leave
  .size \name, . - \name
  .endm

  every_row ghost_depthwise_even_s8, even, signed
  every_row ghost_depthwise_odd_s8, odd, signed
  every_row ghost_depthwise_even_steep_s8, even, steep
  every_row ghost_depthwise_odd_steep_s8, odd, steep
  every_other ghost_depthwise_even_2_s8, even, signed
  every_other ghost_depthwise_odd_2_s8, odd, signed
  every_other ghost_depthwise_even_2_steep_s8, even, steep
  every_other ghost_depthwise_odd_2_steep_s8, odd, steep
