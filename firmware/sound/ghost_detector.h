/* SPDX-License-Identifier: Apache-2.0 */
/* From the scores of every frame to words.
 *
 * A word's sum is that of its output over the last `window` frames, each as 0 to 255. When a sum
 * reaches its word's threshold, the word is reported, and nothing else for its refractory time. Of
 * several the one with the largest sum, the first of equals. `mcu_ghost/sound/detector.py`
 * specifies it.
 */
#ifndef GHOST_DETECTOR_H
#define GHOST_DETECTOR_H

#include <stdint.h>

/* A word that is reported. */
typedef struct {
  const char *name;    /* as the inside of a JSON string */
  uint32_t refractory; /* frames after it in which nothing is reported */
  uint16_t threshold;  /* least sum */
  uint16_t output;     /* of the network, that scores it */
} ghost_word_t;

/* How scores become words: the model's. */
typedef struct {
  const ghost_word_t *words; /* by rising output */
  uint32_t count;
  uint32_t window; /* frames, 1 to 64 */
} ghost_detector_params;

/* The caller's memory, which lives from frame to frame; all zero at the start. */
typedef struct {
  uint8_t *history; /* [window][count] scores */
  uint16_t *sums;   /* [count] */
  uint32_t *oldest; /* where in the history the next frame goes */
  uint32_t *silent; /* frames left in which nothing is reported */
} ghost_detector_memory;

/* Takes the network's outputs for the next frame, int8 with zero point -128. Returns the number of
 * the word that was recognised, whose sum is in `sums`, or -1. */
int32_t ghost_detector_step(const ghost_detector_params *params,
                            const ghost_detector_memory *memory, const int8_t *outputs);

#endif
