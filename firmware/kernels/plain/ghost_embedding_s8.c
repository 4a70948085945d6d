/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "ghost_nn.h"

void ghost_embedding_s8(
    const int8_t *table, int32_t size, int32_t rows, int32_t width, const int8_t *x, int8_t *y) {
  for (int32_t i = 0; i < size; i++) {
    const int32_t row = x[i] + 128 < rows ? x[i] + 128 : rows - 1;
    memcpy(y + i * width, table + row * width, (size_t)width);
  }
}
