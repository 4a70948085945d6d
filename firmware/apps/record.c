/* SPDX-License-Identifier: Apache-2.0 */
/* Microphone in, the same sound out to the console, without end: a packet for every hop, and
 * between packets lines of JSON as the kws app has them.
 *
 * Two requests are known. SOUND has hops that were lost on the line sent once more: the number of
 * the first u32, then for each a byte, how far its number is behind that. The latest request
 * counts; of what it wants, one hop is sent after each new one. STATS asks for a `status` line. */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "board.h"
#include "hop.h"
#include "runtime/console.h"
#include "runtime/counter.h"
#include "runtime/cpu.h"
#include "runtime/crc32.h"
#include "runtime/hops.h"
#include "runtime/link.h"
#include "runtime/live.h"
#include "runtime/microphone.h"
#include "runtime/watchdog.h"

enum {
  KEPT = 512, /* hops, a power of two: what may be asked for again */
  WANTED = 16,
};

GHOST_NOINIT static int16_t kept_samples[KEPT][MICROPHONE_HOP];
static uint32_t kept_numbers[KEPT]; /* each hop's, and 1 */

static uint8_t received[64]; /* two requests, and more */
static uint8_t packet[GHOST_LINK_PACKET(sizeof(uint32_t) + WANTED)];
static ghost_link_t link = {.packet = packet, .packet_size = sizeof packet};
static struct {
  uint32_t first;
  uint8_t behind[WANTED];
  uint32_t count, done;
} wanted;
static uint32_t crc; /* of all samples */

static void keep(uint32_t number, const int16_t *samples) {
  memcpy(kept_samples[number % KEPT], samples, sizeof kept_samples[0]);
  kept_numbers[number % KEPT] = number + 1u;
}

static void take_requests(void) {
  bool asked = false;
  for (ghost_link_request_t request; ghost_link_take(&link, &request);) {
    if (request.type == GHOST_LINK_STATS) asked = true;
    if (request.type != GHOST_LINK_SOUND || request.size < sizeof wanted.first) continue;
    memcpy(&wanted.first, request.payload, sizeof wanted.first);
    wanted.count = request.size - sizeof wanted.first;
    memcpy(wanted.behind, request.payload + sizeof wanted.first, wanted.count);
    wanted.done = 0u;
  }
  if (asked) ghost_live_status(crc);
}

/* What is new comes first: the line has room for two packets in a hop, and not for much besides. */
static void send_again(void) {
  while (wanted.done < wanted.count && !ghost_microphone_late()) {
    const uint32_t number = wanted.first + wanted.behind[wanted.done++];
    if (kept_numbers[number % KEPT] != number + 1u) continue;
    ghost_hops_send(number, kept_samples[number % KEPT]);
    return;
  }
}

int main(void) {
  ghost_console_init();
  ghost_console_receive(received, sizeof received);
  ghost_counter_init();
  ghost_live_start("record");
  ghost_live_started();
  ghost_microphone_start();
  for (;;) {
    const int16_t *const samples = ghost_microphone_take();
    (void)ghost_live_take(samples);
    const uint32_t number = (uint32_t)ghost_live_hops() - 1u;
    ghost_hops_send(number, samples);
    ghost_live_note(ghost_counter_now() - ghost_microphone_arrival());
    crc = ghost_crc32(crc, samples, MICROPHONE_HOP * sizeof *samples);
    keep(number, samples);
    take_requests();
    send_again();
    ghost_watchdog_feed();
  }
}
