/* SPDX-License-Identifier: Apache-2.0 */
/*
 * W x + bias on the vector unit, the same code from every compiler: of intrinsics, one spills its
 * predicates and the other its pointers. A group of seven rows costs 16 instructions for a block of
 * 7 x 16 products: 0.143 each.
 *
 * VMLADAVA adds up into registers of even number, which leaves the odd ones:
 *
 *   r1  whole blocks of W     r3  x             r5   columns % 16    r7   bias
 *   r11 the columns left      r9  acc           lr   blocks to go
 *   q0  16 of x               q1  16 of a row   q2   what is left of x, zero behind its end
 *   sp  [ x | whole blocks | rows to go ]
 */
#include "ghost_rows_s8.h"

/* A row in a whole block, and in the columns left: where x is zero, weights are of no matter. */
#define BLOCK(sum) "vldrb.8 q1, [r1], #16\n\tvmladava.s8 " sum ", q1, q0\n\t"
#define REST(sum) "vldrb.8 q1, [r11]\n\tadd r11, r5\n\tvmladava.s8 " sum ", q1, q2\n\t"

#define BLOCKS_3 BLOCK("r0") BLOCK("r2") BLOCK("r4")
#define RESTS_3 REST("r0") REST("r2") REST("r4")

/* As many groups of `count` rows as there are. */
#define GROUPS(count, load, blocks, rests, store) \
  "ldr r0, [sp, #8]\n\t"                          \
  "subs r0, #" count                              \
  "\n\t"                                          \
  "blt 5f\n"                                      \
  "1:\n\t"                                        \
  "str r0, [sp, #8]\n\t" load                     \
  "\n\t"                                          \
  "ldrd r3, lr, [sp]\n\t"                         \
  "wls lr, lr, 3f\n"                              \
  "2:\n\t"                                        \
  "vldrb.8 q0, [r3], #16\n\t" blocks              \
  "le lr, 2b\n"                                   \
  "3:\n\t"                                        \
  "cbz r5, 4f\n\t" rests "4:\n\t" store           \
  "\n\t"                                          \
  "ldr r0, [sp, #8]\n\t"                          \
  "subs r0, #" count                              \
  "\n\t"                                          \
  "bge 1b\n"                                      \
  "5:\n\t"

__attribute__((naked)) const int8_t *ghost_rows_s8(__attribute__((unused)) const int8_t *weights,
                                                   __attribute__((unused)) const int8_t *x,
                                                   __attribute__((unused)) int32_t columns,
                                                   __attribute__((unused)) int32_t rows,
                                                   __attribute__((unused)) const int32_t *bias,
                                                   __attribute__((unused)) int32_t *acc) {
  __asm volatile(
      "push {r4-r11, lr}\n\t"
      "sub sp, #12\n\t"
      "and r5, r2, #15\n\t"
      "lsrs r4, r2, #4\n\t"
      "strd r1, r4, [sp]\n\t"
      "str r3, [sp, #8]\n\t"
      "ldrd r7, r9, [sp, #48]\n\t"
      "subs r2, r5\n\t"
      "mla r11, r2, r3, r0\n\t" /* behind the whole blocks of all rows */
      "add r1, r2\n\t"
      "vctp.8 r5\n\t"
      "vpst\n\t"
      "vldrbt.u8 q2, [r1]\n\t"
      "mov r1, r0\n\t"
      GROUPS("7", "ldm r7!, {r0, r2, r4, r6, r8, r10, r12}",
             BLOCKS_3 BLOCK("r6") BLOCK("r8") BLOCK("r10") BLOCK("r12"),
             RESTS_3 REST("r6") REST("r8") REST("r10") REST("r12"),
             "stm r9!, {r0, r2, r4, r6, r8, r10, r12}")
      GROUPS("3", "ldm r7!, {r0, r2, r4}", BLOCKS_3, RESTS_3, "stm r9!, {r0, r2, r4}")
      GROUPS("1", "ldr r0, [r7], #4", BLOCK("r0"), REST("r0"), "str r0, [r9], #4")
      "add r0, r11, #3\n\t"
      "bic r0, #3\n\t"
      "add sp, #12\n\t"
      "pop {r4-r11, pc}");
}
