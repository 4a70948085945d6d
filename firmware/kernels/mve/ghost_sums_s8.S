/* SPDX-License-Identifier: Apache-2.0 */
/*
 * W x + bias on the vector unit; ghost_sums_s8.h says how W lies in memory.
 *
 * Assembly, since it takes fourteen registers: VMLADAVA adds up into those of even number, which
 * leaves the odd ones for all else. Seven rows cost 16 instructions for a block of 7 x 16 products,
 * 0.143 each.
 *
 *   r1   whole blocks of W      r3  x       r5  columns % 16      r7  bias
 *   r11  the columns left of W  r9  acc     lr  blocks to go
 *   q0   16 of x                q1  16 of a row
 *   q2   what is left of x, zero behind its end: there it is of no matter what q1 holds
 */
  .syntax unified
  .thumb
  .section .text.ghost_sums_s8, "ax", %progbits

  /* The frame. */
  .equ X, 0             /* x, whole blocks */
  .equ ROWS, 8          /* to go */
  .equ FRAME, 12
  .equ ARGUMENTS, FRAME + 36

  .macro load to:vararg
  ldm r7!, {\to}
  .endm

  .macro store from:vararg
  stm r9!, {\from}
  .endm

  .macro load_one to
  ldr \to, [r7], #4
  .endm

  .macro store_one from
  str \from, [r9], #4
  .endm

  /* As many groups of `count` rows as there are, with a sum for each row. */
  .macro groups count, load, store, sums:vararg
  ldr r0, [sp, #ROWS]
  subs r0, #\count
  blt 5f
1:
  str r0, [sp, #ROWS]
  \load \sums
  ldrd r3, lr, [sp, #X]
  wls lr, lr, 3f
2:
  vldrb.u8 q0, [r3], #16
  .irp sum, \sums
  vldrb.u8 q1, [r1], #16
  vmladava.s8 \sum, q1, q0
  .endr
  le lr, 2b
3:
  cbz r5, 4f
  .irp sum, \sums
  vldrb.u8 q1, [r11]
  add r11, r5
  vmladava.s8 \sum, q1, q2
  .endr
4:
  \store \sums
  ldr r0, [sp, #ROWS]
  subs r0, #\count
  bge 1b
5:
  .endm

  .global ghost_sums_s8
  .p2align 2
  .type ghost_sums_s8, %function
ghost_sums_s8:          /* r0 weights    r1 x    r2 columns    r3 rows    stack: bias, acc */
  push {r4-r11, lr}
  sub sp, #FRAME
  and r5, r2, #15
  lsrs r4, r2, #4
  strd r1, r4, [sp, #X]
  str r3, [sp, #ROWS]
  ldrd r7, r9, [sp, #ARGUMENTS]
  subs r2, r5
  mla r11, r2, r3, r0   /* behind the whole blocks of all rows */
  add r1, r2
  vctp.8 r5
  vpst
  vldrbt.u8 q2, [r1]
  mov r1, r0
  groups 7, load, store, r0, r2, r4, r6, r8, r10, r12
  groups 3, load, store, r0, r2, r4
  groups 1, load_one, store_one, r0
  add r0, r11, #3
  bic r0, #3
  add sp, #FRAME
  pop {r4-r11, pc}
  .size ghost_sums_s8, . - ghost_sums_s8
