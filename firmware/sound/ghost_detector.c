/* SPDX-License-Identifier: Apache-2.0 */
#include "sound/ghost_detector.h"

int32_t ghost_detector_step(const ghost_detector_params *params, ghost_detector_t *state,
                            const int8_t *outputs) {
  uint8_t *const frame = state->history + state->oldest * params->count;
  int32_t best = -1;
  for (uint32_t i = 0u; i < params->count; i++) {
    const ghost_word_t *const word = &params->words[i];
    const uint8_t score = (uint8_t)(outputs[word->output] + 128);
    /* What leaves the window was added before, and 64 x 255 fits 16 bits: never wraps. */
    const uint32_t sum = (uint32_t)state->sums[i] + score - frame[i];
    state->sums[i] = (uint16_t)sum;
    frame[i] = score;
    if (sum >= word->threshold && (best < 0 || sum > state->sums[best])) best = (int32_t)i;
  }
  state->oldest = state->oldest + 1u == params->window ? 0u : state->oldest + 1u;
  if (state->silent > 0u) {
    state->silent--;
    return -1;
  }
  if (best >= 0) state->silent = params->words[best].refractory;
  return best;
}
