/* SPDX-License-Identifier: Apache-2.0 */
/* y = clamp(a * b * scale + zero point), TFLite's MUL. */
#include "ghost_arithmetic.h"

void ghost_mul_s8(const ghost_mul_params *p, const int8_t *first, const int8_t *second, int8_t *y) {
  const ghost_broadcast *const b = &p->broadcast;
  for (int32_t i = 0; i < b->shape[0]; i++) {
    for (int32_t j = 0; j < b->shape[1]; j++) {
      const int8_t *one = first + i * b->first[0] + j * b->first[1];
      const int8_t *other = second + i * b->second[0] + j * b->second[1];
      for (int32_t k = 0; k < b->shape[2]; k++) {
        const int32_t product = (*one - p->first_zero_point) * (*other - p->second_zero_point);
        const int32_t value = ghost_rescale(product, p->output.multiplier, p->output.shift);
        *y++ = (int8_t)ghost_clamp(value + p->output_zero_point, p->minimum, p->maximum);
        one += b->first[2];
        other += b->second[2];
      }
    }
  }
}

void ghost_mul_constant_s8(const ghost_mul_params *p, const int8_t *x, int8_t *y) {
  ghost_mul_s8(p, p->constant_first ? p->constant : x, p->constant_first ? x : p->constant, y);
}
