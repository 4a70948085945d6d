/* SPDX-License-Identifier: Apache-2.0 */
#include "sound/ghost_detector.h"

int32_t ghost_detector_step(const ghost_detector_params *params,
                            const ghost_detector_memory *memory, const int8_t *outputs) {
  const uint32_t oldest = *memory->oldest;
  uint8_t *const frame = memory->history + oldest * params->count;
  int32_t best = -1;
  for (uint32_t i = 0u; i < params->count; i++) {
    const ghost_word_t *const word = &params->words[i];
    const uint8_t score = (uint8_t)(outputs[word->output] + 128);
    /* What leaves the window was added before, and 64 x 255 fits 16 bits: never wraps. */
    const uint32_t sum = (uint32_t)memory->sums[i] + score - frame[i];
    memory->sums[i] = (uint16_t)sum;
    frame[i] = score;
    if (sum >= word->threshold && (best < 0 || sum > memory->sums[best])) best = (int32_t)i;
  }
  *memory->oldest = oldest + 1u == params->window ? 0u : oldest + 1u;
  if (*memory->silent > 0u) {
    *memory->silent -= 1u;
    return -1;
  }
  if (best >= 0) *memory->silent = params->words[best].refractory;
  return best;
}
