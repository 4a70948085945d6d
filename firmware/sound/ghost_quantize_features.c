/* SPDX-License-Identifier: Apache-2.0 */
#include "ghost_front_end.h"

void ghost_quantize_features(const ghost_front_end_constants *c, const uint16_t *features,
                             int8_t *frame) {
  const uint16_t *const end = features + c->channels;
  const int32_t multiplier = c->multiplier, shift = c->shift, zero_point = c->zero_point;
  while (features != end) {
    const int32_t scaled = (*features++ * multiplier + (1 << (shift - 1))) >> shift;
    const int32_t value = scaled + zero_point;
    *frame++ = (int8_t)(value < -128 ? -128 : value > 127 ? 127 : value);
  }
}
