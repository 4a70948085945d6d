/* SPDX-License-Identifier: Apache-2.0 */
/* What ghost_dot6 reads of a vector: each value is taken apart once, not once for every row. */
#include "ghost_dot6.h"

static int32_t *put(int32_t *entry, int32_t a, int32_t b) {
  entry[0] = b;
  entry[1] = a - b * 256;
  entry[2] = (int32_t)(0x8000U - 0x00800080U * (uint32_t)(a + b));
  return entry + 3;
}

int32_t *ghost_dot6_table(int32_t *table, const int8_t *x, int32_t inputs) {
  const int32_t offset = -0x8000 * ((inputs + 1) / 2);
  *table++ = offset;
  for (; inputs >= 2; inputs -= 2, x += 2) table = put(table, x[0], x[1]);
  if (inputs > 0) table = put(table, x[0], 0);
  table[0] = offset;
  table[1] = 0;
  table[2] = 0;
  return table + 3;
}
