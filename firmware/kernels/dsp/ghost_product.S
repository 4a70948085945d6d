/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Four rows times a vector, the loop of every product on cores with the DSP extension.
 *
 * Rows go in pairs (A, B), inputs in pairs (i, i + 1). One word of weights holds both of both:
 *
 *   weights   [ 256 A(i) + B(i) | 256 A(i+1) + B(i+1) ]     signed halves; exact, |A|, |B| <= 127
 *   x         [           x(i)  |            x(i+1)   ]     widened int8
 *
 * SMLAD of the word itself adds to 256 a + b; SXTB16 leaves [ B(i) | B(i+1) ], and SMLAD of that
 * adds to b. Sums are modulo 2^32, so their difference is 256 a, exact while |a| < 2^23.
 */
  .syntax unified
  .thumb
  .section .text.ghost_product, "ax", %progbits

#include "ghost_product_macros.h"

  /* Two inputs, two pairs of rows. */
  .macro pair x, first, second
  smlad r8, \first, \x, r8
  sxtb16 \first, \first
  smlad r9, \first, \x, r9
  smlad r10, \second, \x, r10
  sxtb16 \second, \second
  smlad r11, \second, \x, r11
  .endm

/*
 * Adds four rows to the sums r8-r11 (256 a + b, b of both pairs): 14 instructions for 16 products.
 *   r0 weights, r1 x: left behind what was read    r2 count    r3 entry into the first round
 *   changes r2-r7, r12
 */
  .p2align 2
  .global ghost_product
  .type ghost_product, %function
ghost_product:
  add pc, r3            /* reads as the address behind the nop */
  nop
1:
  .rept BLOCKS
  ldrd r3, r12, [r1], #8
  ldmia r0!, {r4, r5, r6, r7}
  pair r3, r4, r5
  pair r12, r6, r7
  .endr
  subs r2, #2
  bgt.w 1b
  bmi 2f
  ldr r3, [r1], #4      /* the count was odd: one pair of inputs more */
  ldmia r0!, {r4, r5}
  pair r3, r4, r5
2:
  bx lr
  .size ghost_product, . - ghost_product

  /* int8 to halves: r1 from, r2 count, r3 to. A last odd one is followed by 0. Changes r4-r6. */
  .global ghost_widen
  .type ghost_widen, %function
ghost_widen:
  subs r2, #4
  blt 2f
1:
  ldr r4, [r1], #4      /* need not be aligned */
  sxtb16 r5, r4
  sxtb16 r6, r4, ror #8
  pkhbt r4, r5, r6, lsl #16
  pkhtb r5, r6, r5, asr #16
  strd r4, r5, [r3], #8
  subs r2, #4
  bge 1b
2:
  adds r2, #4
  beq 4f
3:
  ldrsb r4, [r1], #1
  subs r2, #1
  ite eq
  moveq r5, #0
  ldrsbne r5, [r1], #1
  pkhbt r4, r4, r5, lsl #16
  str r4, [r3], #4
  subs r2, #1
  bgt 3b
4:
  bx lr
  .size ghost_widen, . - ghost_widen
