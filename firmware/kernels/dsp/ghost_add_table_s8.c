/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TFLite's ADD and SUB of two tensors of one shape, where there are many values.
 *
 * The operand of the larger scale is only shifted. What the other one becomes is looked up: its 256
 * values are computed first, doubled, with the zero point of the first one folded in. The sum then
 * is 2 a, and both roundings are one as ghost_rows_s8.S says.
 */
#include "ghost_arithmetic.h"

/** Adds what the table has for `other` and multiples of `shifted`, and requantises the sums. */
void ghost_add_looked_up(const int32_t *table, const int8_t *other, const int8_t *shifted,
                         int8_t *y, const ghost_add_table_params *p);

void ghost_add_table_s8(const ghost_add_table_params *p, void *scratch, const int8_t *first,
                        const int8_t *second, int8_t *y) {
  int32_t *const table = scratch;
  for (int32_t i = 0; i < 256; i++) {
    const int32_t value = ((int8_t)i - p->zero_point) * (1 << 20);
    table[i] = ghost_rescale(value, p->scaling.multiplier, p->scaling.shift) * p->factor + p->bias;
  }
  const bool swapped = p->swapped != 0;
  ghost_add_looked_up(table, swapped ? first : second, swapped ? second : first, y, p);
}
