/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What ghost_rows_s8.S computes, of two inputs at a time: each weight is loaded and taken apart
 * once for both, which makes 12 instructions for 16 products where one input takes 14.
 *
 *   scratch   both inputs as halves, a word of the one and a word of the other in turn
 */
  .syntax unified
  .thumb
  .section .text.ghost_rows_two_s8, "ax", %progbits

  /* Members of ghost_rows_params. */
  .equ INPUTS, 0        /* and outputs */
  .equ STREAM, 8

  /* The frame. */
  .equ RUN, 0           /* rounds of the loop, and the entry into the first */
  .equ X, 8
  .equ LEFT, 12         /* rows */
  .equ ROUNDS, 16       /* left */
  .equ FIRST_Y, 20
  .equ SECOND_Y, 24
  .equ FRAME, 28
  .equ ARGUMENTS, FRAME + 36

  .equ BLOCKS, 16       /* in one round */
  .equ BLOCK_BYTES, 48

  /* Two rows' sums of both inputs to int8: r12 and lr are free. */
  .macro rescale first, second
  ldmia r0!, {r1, r2, r3}
  smmlar r12, \first, r1, r2
  smmlar lr, \second, r1, r2
  add r12, r12, \first, asr #31
  add lr, lr, \second, asr #31
  asr r12, r12, r3
  asr lr, lr, r3
  ssat \first, #8, r12
  ssat \second, #8, lr
  .endm

  .global ghost_rows_two_s8
  .type ghost_rows_two_s8, %function
ghost_rows_two_s8:
  push {r4-r11, lr}
  sub sp, #FRAME
  str r1, [sp, #X]
  ldrd r4, r5, [sp, #ARGUMENTS]
  strd r4, r5, [sp, #FIRST_Y]
  ldrd r10, r7, [r0, #INPUTS]
  str r7, [sp, #LEFT]
  ldr r0, [r0, #STREAM]
  add r11, r10, #1
  lsr r11, r11, #1
  add r12, r11, #BLOCKS - 1
  lsr r12, r12, #4
  rsb r11, r11, r12, lsl #4
  mov r4, #BLOCK_BYTES
  mul r11, r11, r4
  strd r12, r11, [sp, #RUN]

  subs r10, #4          /* widen: r2 and r3 from, r1 to, r10 count */
  blt 2f
1:
  ldr r4, [r2], #4      /* need not be aligned */
  ldr r6, [r3], #4
  sxtb16 r5, r4, ror #8
  sxtb16 r4, r4
  sxtb16 r7, r6, ror #8
  sxtb16 r6, r6
  pkhbt r8, r4, r5, lsl #16
  pkhbt r9, r6, r7, lsl #16
  pkhtb r11, r5, r4, asr #16
  pkhtb r12, r7, r6, asr #16
  stmia r1!, {r8, r9, r11, r12}
  subs r10, #4
  bge 1b
2:
  adds r10, #4
  beq 4f
3:
  ldrsb r4, [r2], #1
  ldrsb r6, [r3], #1
  subs r10, #1
  itee eq
  moveq r5, #0
  ldrsbne r5, [r2], #1
  ldrsbne r7, [r3], #1
  it eq
  moveq r7, #0
  pkhbt r4, r4, r5, lsl #16
  pkhbt r6, r6, r7, lsl #16
  strd r4, r6, [r1], #8
  subs r10, #1
  bgt 3b
4:

fours:
  ldmia r0!, {r4, r5, r6, r7}
  ldrd r2, r3, [sp, #RUN]
  ldr r1, [sp, #X]
  str r2, [sp, #ROUNDS]
  mov r8, r4
  mov r9, r5
  mov r10, r6
  mov r11, r7
  .p2align 2
  add pc, r3            /* reads as the address behind the nop */
  nop
1:
  .rept BLOCKS
  ldrd r2, r3, [r0], #8
  ldrd r12, lr, [r1], #8
  smlad r4, r2, r12, r4
  smlad r8, r2, lr, r8
  sxtb16 r2, r2
  smlad r6, r3, r12, r6
  smlad r10, r3, lr, r10
  sxtb16 r3, r3
  smlad r5, r2, r12, r5
  smlad r9, r2, lr, r9
  smlad r7, r3, r12, r7
  smlad r11, r3, lr, r11
  .endr
  ldr r2, [sp, #ROUNDS]
  subs r2, #1
  str r2, [sp, #ROUNDS]
  bgt.w 1b

  sub r4, r4, r5
  sub r6, r6, r7
  sub r8, r8, r9
  sub r10, r10, r11
  asr r4, r4, #7
  lsl r5, r5, #1
  asr r6, r6, #7
  lsl r7, r7, #1
  asr r8, r8, #7
  lsl r9, r9, #1
  asr r10, r10, #7
  lsl r11, r11, #1
  rescale r4, r8
  rescale r5, r9
  rescale r6, r10
  rescale r7, r11
  ldrd r1, r2, [sp, #FIRST_Y]
  ldr r3, [sp, #LEFT]
  subs r3, #4
  blt 1f
  strb r4, [r1], #1
  strb r5, [r1], #1
  strb r6, [r1], #1
  strb r7, [r1], #1
  strb r8, [r2], #1
  strb r9, [r2], #1
  strb r10, [r2], #1
  strb r11, [r2], #1
  strd r1, r2, [sp, #FIRST_Y]
  str r3, [sp, #LEFT]
  bne.w fours
  b 2f
1:                      /* three of them at most */
  strb r4, [r1]
  strb r8, [r2]
  cmp r3, #-2
  blt 2f
  strb r5, [r1, #1]
  strb r9, [r2, #1]
  beq 2f
  strb r6, [r1, #2]
  strb r10, [r2, #2]
2:
  add sp, #FRAME
  pop {r4-r11, pc}
  .size ghost_rows_two_s8, . - ghost_rows_two_s8
