/* SPDX-License-Identifier: Apache-2.0 */
/* Sound in, words out.
 *
 * samples --front end--> features --after every step-th--> in --network--> out --detector--> word
 */
#ifndef GHOST_LISTENER_H
#define GHOST_LISTENER_H

#include <stdint.h>

#include "sound/ghost_detector.h"
#include "sound/ghost_front_end.h"

/* How a model listens. */
typedef struct {
  const ghost_front_end_constants *front_end;
  const ghost_detector_params *detector;
  uint32_t step;                /* features from one frame of the network to the next */
  uint32_t stack;               /* features of a frame: the last ones */
  void (*network)(void *model); /* goes on by a frame, from `in` to `out` of the memory below */
} ghost_listener_params;

/* The caller's memory. */
typedef struct {
  ghost_front_end_memory front_end;
  ghost_detector_memory detector;
  uint32_t *frames;   /* features since the network's last frame; lives on */
  uint16_t *features; /* [stack * channels], the newest last; lives on */
  int8_t *in;         /* the network's input, [stack * channels], for one call */
  const int8_t *out;  /* the network's outputs, int8 with zero point -128 */
  void *model;        /* what `network` is given */
} ghost_listener_memory;

/* Takes one hop of samples. All that lives on is zero before the first. Returns the number of the
 * word that was recognised, or -1. */
int32_t ghost_listener_hop(const ghost_listener_params *params, const ghost_listener_memory *memory,
                           const int16_t *samples);

#endif
