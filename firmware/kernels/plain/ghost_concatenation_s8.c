/* SPDX-License-Identifier: Apache-2.0 */
/* For each input, its blocks go to y, a row of all inputs' blocks apart, unless they are there. */
#include <stdarg.h>
#include <string.h>

#include "ghost_nn.h"

void ghost_concatenation_s8(const ghost_concatenation_params *p, ...) {
  va_list tensors;
  int32_t row = 0;
  va_start(tensors, p);
  for (int32_t i = 0; i < p->count; i++) {
    row += p->blocks[i];
    (void)va_arg(tensors, const int8_t *);
  }
  int8_t *y = va_arg(tensors, int8_t *);
  va_end(tensors);
  va_start(tensors, p);
  for (int32_t i = 0; i < p->count; i++) {
    const int8_t *const x = va_arg(tensors, const int8_t *);
    for (int32_t place = 0; x != y && place < p->places; place++) {
      memcpy(y + place * row, x + place * p->blocks[i], (size_t)p->blocks[i]);
    }
    y += p->blocks[i];
  }
  va_end(tensors);
}
