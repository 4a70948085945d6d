/* SPDX-License-Identifier: Apache-2.0 */
/* Microphone in, the same sound out to the console, without end: a packet for every hop, and
 * between packets lines of JSON as the kws app has them, `status` only where a byte asks for it. */
#include <stdbool.h>
#include <stdint.h>

#include "board.h"
#include "hop.h"
#include "runtime/console.h"
#include "runtime/counter.h"
#include "runtime/cpu.h"
#include "runtime/crc32.h"
#include "runtime/hops.h"
#include "runtime/live.h"
#include "runtime/microphone.h"
#include "runtime/watchdog.h"

static uint32_t crc; /* of all samples */
static uint8_t received[4];

int main(void) {
  ghost_console_init();
  ghost_console_receive(received, sizeof received);
  ghost_counter_init();
  ghost_live_start("record");
  ghost_live_started();
  ghost_microphone_start();
  for (;;) {
    const int16_t *const samples = ghost_microphone_take();
    (void)ghost_live_take();
    ghost_hops_send((uint32_t)ghost_live_hops() - 1u, samples);
    ghost_live_note(ghost_counter_now() - ghost_microphone_arrival());
    crc = ghost_crc32(crc, samples, MICROPHONE_HOP * sizeof *samples);
    bool asked = false;
    for (uint8_t byte; ghost_console_read(&byte);) asked = true;
    if (asked) ghost_live_status(crc);
    ghost_watchdog_feed();
  }
}
