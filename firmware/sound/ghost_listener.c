/* SPDX-License-Identifier: Apache-2.0 */
#include "sound/ghost_listener.h"

#include <string.h>

int32_t ghost_listener_hop(const ghost_listener_params *params, const ghost_listener_memory *memory,
                           const int16_t *samples) {
  const uint32_t channels = params->front_end->channels, last = (params->stack - 1u) * channels;
  memmove(memory->features, memory->features + channels, last * sizeof *memory->features);
  if (!ghost_front_end_hop(params->front_end, &memory->front_end, samples,
                           memory->features + last)) {
    return -1;
  }
  if (++*memory->frames < params->step) return -1;
  *memory->frames = 0u;
  for (uint32_t at = 0u; at <= last; at += channels) {
    ghost_quantize_features(params->front_end, memory->features + at, memory->in + at);
  }
  params->network(memory->model);
  return ghost_detector_step(params->detector, &memory->detector, memory->out);
}
