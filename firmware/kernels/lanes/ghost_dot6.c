/* SPDX-License-Identifier: Apache-2.0 */
/* ghost_dot6.S in C, for machines that it does not know. */
#include "ghost_dot6.h"

static const uint32_t *dot(const uint32_t *w, const int32_t *table, const uint32_t *starts,
                           int32_t pairs, int32_t *sums) {
  const uint32_t offset = (uint32_t)table[0];
  for (int32_t i = 0; i < pairs; i++) {
    uint32_t all = starts[2 * i];
    uint32_t upper = starts[2 * i + 1];
    const uint32_t *word = w + i;
    for (const int32_t *entry = table + 1; entry[2] != 0; entry += 3, word += pairs) {
      const uint32_t a = (*word >> 8) & 0x00ff00ffU;
      const uint32_t r = *word * (uint32_t)entry[0] + a * (uint32_t)entry[1] + (uint32_t)entry[2];
      all += r;
      upper += (uint32_t)((int32_t)r >> 16);
    }
    sums[2 * i] = (int32_t)(all - (upper << 16) + offset);
    sums[2 * i + 1] = (int32_t)upper;
  }
  while (table[3] != 0) table += 3, w += pairs;
  return w;
}

const uint32_t *ghost_dot6(const uint32_t *w, const int32_t *table, const uint32_t *starts,
                           int32_t *sums) {
  return dot(w, table, starts, 3, sums);
}

const uint32_t *ghost_dot2(const uint32_t *w, const int32_t *table, const uint32_t *starts,
                           int32_t *sums) {
  return dot(w, table, starts, 1, sums);
}
