/* SPDX-License-Identifier: Apache-2.0 */
/* What all microphone drivers share: the ring of hops between interrupt and program. */
#include "runtime/microphone.h"

#include "hop.h"
#include "runtime/counter.h"
#include "runtime/cpu.h"

enum { HOPS = 4 }; /* a power of two: the counters below may wrap */

GHOST_NOINIT static int16_t samples[HOPS][MICROPHONE_HOP] __attribute__((aligned(4)));

static volatile uint32_t dropped_before[HOPS]; /* the interrupt's: each hop */
static volatile uint32_t arrived[HOPS];        /* the interrupt's: when each hop was complete */
static volatile uint32_t filled;   /* the interrupt's: complete hops; this one is being filled */
static volatile uint32_t released; /* the program's: hops given back */
static uint32_t taken;             /* the program's: hops taken */
static uint32_t dropped;           /* the interrupt's */
static bool running;               /* the interrupt's: a hop is being filled */
static bool doomed;                /* the interrupt's: the next hop will overwrite it */

int16_t *ghost_microphone_first(void) { return samples[0]; }

int16_t *ghost_microphone_next(void) {
  if (doomed) {
    dropped++;
  } else if (running) {
    dropped_before[filled % HOPS] = dropped;
    arrived[filled % HOPS] = ghost_counter_now();
    ghost_in_order(); /* the hop is there before the counter says so */
    filled++;
  }
  running = true;
  /* The hop after the one being filled needs a place that the program is done with. */
  doomed = filled + 1u - released >= HOPS;
  return samples[(doomed ? filled : filled + 1u) % HOPS];
}

const int16_t *ghost_microphone_take(void) {
  ghost_in_order(); /* the program is done with its hop before the counter says so */
  released = taken;
  for (;;) {
    ghost_interrupts_off(); /* a hop that ends between the test and the sleep still wakes */
    if (filled != taken) break;
    ghost_wait_for_interrupt();
    ghost_interrupts_on();
  }
  ghost_interrupts_on();
  return samples[taken++ % HOPS];
}

bool ghost_microphone_late(void) { return filled != taken; }

uint32_t ghost_microphone_overruns(void) { return dropped_before[(taken - 1u) % HOPS]; }

uint32_t ghost_microphone_arrival(void) { return arrived[(taken - 1u) % HOPS]; }
