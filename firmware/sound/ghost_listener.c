/* SPDX-License-Identifier: Apache-2.0 */
#include "sound/ghost_listener.h"

int32_t ghost_listener_hop(const ghost_listener_params *params, const ghost_listener_memory *memory,
                           const int16_t *samples) {
  if (!ghost_front_end_hop(params->front_end, &memory->front_end, samples, memory->features)) {
    return -1;
  }
  if (++*memory->frames < params->step) return -1;
  *memory->frames = 0u;
  ghost_quantize_features(params->front_end, memory->features, memory->in);
  params->network(memory->model);
  return ghost_detector_step(params->detector, &memory->detector, memory->out);
}
