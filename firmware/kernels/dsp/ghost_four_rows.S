/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ghost_product.S for C: four rows of a stream, their biases ahead, times a vector of halves,
 * requantized with one rounding and added to what is there.
 */
  .syntax unified
  .thumb
  .section .text.ghost_four_rows, "ax", %progbits

  /* The frame: the run, then where the sums go, and the requantizer above all. */
  .equ RUN, 0
  .equ SUMS, 8
  .equ REQUANTIZER, 48

#include "ghost_step_macros.h"

  .global ghost_four_rows
  .type ghost_four_rows, %function
ghost_four_rows:
  push {r3-r11, lr}
  sub sp, #SUMS
  mov r10, #BLOCK_BYTES
  plan r2, RUN
  multiply RUN
  separate REQUANTIZER
  ldr r3, [sp, #SUMS]
  ldmia r3, {r4-r7}
  smmlar r8, r8, r2, r4
  smmlar r9, r9, r2, r5
  smmlar r10, r10, r2, r6
  smmlar r11, r11, r2, r7
  stmia r3, {r8-r11}
  add sp, #SUMS + 4
  pop {r4-r11, pc}
  .size ghost_four_rows, . - ghost_four_rows
