/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * Six dot products at a time, two rows in the 16-bit lanes of each multiplication.
 *
 * A word V of weights serves two rows (0, 1) and two inputs (a, b), each byte its weight + 128:
 *
 *   V = [ b0 | a0 | b1 | a1 ]     lowest byte first
 *   A = (V >> 8) & 0x00ff00ff = a0 + 2^16 a1        B = V - 2^8 A = b0 + 2^16 b1
 *
 * and the frame has for each two inputs an entry of three words, made once:
 *
 *   [ xb | xa - 2^8 xb | 2^15 - 128 (xa + xb) (1 + 2^16) ]
 *
 * so that with two multiplications, mod 2^32,
 *
 *   r = V xb + A (xa - 2^8 xb) + 2^15 - ... = A xa + B xb - 128 (xa + xb) (1 + 2^16) + 2^15
 *     = p0 + 2^15 + 2^16 p1,                  p = (a - 128) xa + (b - 128) xb of either row.
 *
 * Exact, whatever the weights: |p| <= 2 * 127 * 128 < 2^15, so p0 + 2^15 neither borrows from the
 * upper lane nor carries into it, and r >> 16 is p1. Summed over the entries, mod 2^32, the upper
 * lanes are row 1; all of r less row 1 and the entries' 2^15 is row 0.
 *
 *   table   [ e | entry 0 | … | entry count - 1 | e, 0, 0 ]     e = -2^15 count
 *
 * No entry has a third word of zero, so zero ends the table.
 */
#ifndef GHOST_DOT6_H
#define GHOST_DOT6_H

#include <stdint.h>

/** Words of the table of `inputs` values. */
static inline int32_t ghost_dot6_words(int32_t inputs) { return 4 + 3 * ((inputs + 1) / 2); }

/** Make the table of `inputs` values; an odd last one has a partner of zero. Returns its end. */
int32_t *ghost_dot6_table(int32_t *table, const int8_t *x, int32_t inputs);

/**
 * Six dot products.
 *
 * @param w       three words V for each entry: rows 0 and 1, 2 and 3, 4 and 5
 * @param table   of at least one input
 * @param starts  what the sums start from: row 0 + 2^16 row 1, row 1; the other rows likewise
 * @param sums    row 0 to 5
 * @return        the end of the weights
 */
const uint32_t *ghost_dot6(const uint32_t *w, const int32_t *table, const uint32_t *starts,
                           int32_t *sums);

/** Two of them: one word V for each entry, two starts, two sums. */
const uint32_t *ghost_dot2(const uint32_t *w, const int32_t *table, const uint32_t *starts,
                           int32_t *sums);

/**
 * The next of the rows that are left: six where there are more than four, else two, the last of
 * which may be none. Their starts lie before their weights. Returns how many were taken.
 */
static inline int32_t ghost_dot_next(const uint32_t **w, const int32_t *table, int32_t left,
                                     int32_t *sums) {
  if (left > 4) {
    *w = ghost_dot6(*w + 6, table, *w, sums);
    return 6;
  }
  *w = ghost_dot2(*w + 2, table, *w, sums);
  return 2;
}

#endif
