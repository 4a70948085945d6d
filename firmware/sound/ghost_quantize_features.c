/* SPDX-License-Identifier: Apache-2.0 */
#include "ghost_front_end.h"

void ghost_quantize_features(const uint16_t *features, uint32_t channels, int32_t multiplier,
                             int32_t shift, int32_t zero_point, int8_t *frame) {
  for (uint32_t i = 0; i < channels; i++) {
    const int32_t scaled = (features[i] * multiplier + (1 << (shift - 1))) >> shift;
    const int32_t value = scaled + zero_point;
    frame[i] = (int8_t)(value < -128 ? -128 : value > 127 ? 127 : value);
  }
}
