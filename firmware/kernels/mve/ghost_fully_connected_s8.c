/* SPDX-License-Identifier: Apache-2.0 */
/* y = clamp((W x + b) * scale + zero point), TFLite's FULLY_CONNECTED, 16 products at a time. */
#include "ghost_arithmetic.h"

/** acc + w x; of the last vector, only the lanes that are left take part. */
static int32_t dot(const int8_t *w, const int8_t *x, int32_t count, int32_t acc) {
  __asm volatile(
      "dlstp.8 lr, %[count]\n"
      "1:\n\t"
      "vldrb.8 q0, [%[w]], #16\n\t"
      "vldrb.8 q1, [%[x]], #16\n\t"
      "vmladava.s8 %[acc], q0, q1\n\t"
      "letp lr, 1b"
      : [acc] "+Te"(acc), [w] "+r"(w), [x] "+r"(x)
      : [count] "r"(count)
      : "q0", "q1", "lr", "memory");
  return acc;
}

void ghost_fully_connected_s8(const ghost_fully_connected_params *p, const int8_t *x, int8_t *y) {
  const int8_t *w = p->weights;
  for (int32_t row = 0; row < p->outputs; row++, w += p->inputs) {
    const int32_t acc = dot(w, x, p->inputs, p->bias[row]);
    const int32_t pair = p->per_output ? row : 0;
    const int32_t value = ghost_rescale(acc, p->multipliers[pair], p->shifts[pair]);
    y[row] = (int8_t)ghost_clamp(value + p->output_zero_point, p->minimum, p->maximum);
  }
}
