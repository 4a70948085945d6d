/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/speaker.h"

#include <string.h>

#include "hop.h"
#include "runtime/cpu.h"

enum { HOPS = 4, WAITING = 2 }; /* a power of two: the counters below may wrap */

static int16_t samples[HOPS][MICROPHONE_HOP] __attribute__((aligned(4)));
static int16_t silence[MICROPHONE_HOP] __attribute__((aligned(4))); /* DMA reads no flash */

static volatile uint32_t put;   /* the program's: hops put */
static volatile uint32_t given; /* the interrupt's: hops given to the hardware */

void ghost_speaker_put(const int16_t *hop) {
  if (put - given >= WAITING) return;
  memcpy(samples[put % HOPS], hop, sizeof samples[0]);
  ghost_in_order(); /* the hop is there before the counter says so */
  put++;
}

const int16_t *ghost_speaker_next(void) { return given == put ? silence : samples[given++ % HOPS]; }
