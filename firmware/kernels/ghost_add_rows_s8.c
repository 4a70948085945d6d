/* SPDX-License-Identifier: Apache-2.0 */
/* TFLite's ADD and SUB where a weighted sum of the operands rounds to the same, row by row. */
#include "ghost_nn.h"

void ghost_add_rows_s8(const ghost_add_rows_params *p, const int8_t *first, const int8_t *second,
                       int8_t *y) {
  const ghost_broadcast *const b = &p->broadcast;
  for (int32_t i = 0; i < b->shape[0]; i++) {
    for (int32_t j = 0; j < b->shape[1]; j++, y += b->shape[2]) {
      ghost_add_row_s8(&p->weights, first + i * b->first[0] + j * b->first[1],
                       second + i * b->second[0] + j * b->second[1], y, b->shape[2]);
    }
  }
}

void ghost_add_rows_constant_s8(const ghost_add_rows_params *p, const int8_t *x, int8_t *y) {
  ghost_add_rows_s8(p, p->constant_first ? p->constant : x, p->constant_first ? x : p->constant, y);
}
