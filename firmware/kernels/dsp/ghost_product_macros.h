/* SPDX-License-Identifier: Apache-2.0 */
/* How ghost_product.S is called: macros of the assembler. */
#ifndef GHOST_PRODUCT_MACROS_H
#define GHOST_PRODUCT_MACROS_H
/* clang-format off */

  .equ BLOCKS, 16       /* in one round of the loop */
  .equ BLOCK_BYTES, 54

  /* The run over \pairs words: rounds of BLOCKS blocks of two, the first one entered late. */
  .macro plan pairs, to
  lsr r4, \pairs, #1
  add r5, r4, #BLOCKS - 1
  lsrs r5, r5, #4
  it eq
  moveq r5, #1
  rsb r4, r4, r5, lsl #4
  mul r7, r4, r10
  and r6, \pairs, #1
  add r6, r6, r5, lsl #1
  sub r6, r6, #1
  strd r6, r7, [sp, #\to]
  .endm

  /* The run over so many values; leaves its words in r8. */
  .macro plan_over values, to
  add r8, \values, #1
  lsr r8, r8, #1
  plan r8, \to
  .endm

#endif
