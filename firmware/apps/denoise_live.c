/* SPDX-License-Identifier: Apache-2.0 */
/* Microphone in, clean sound out, without end: to whatever plays it, where that is wired, and to
 * the console a packet for every hop, and between packets lines of JSON as the kws app has them. */
#include <stdbool.h>
#include <stdint.h>

#include "app_model.h"
#include "board.h"
#include "enhancer.h"
#include "runtime/console.h"
#include "runtime/counter.h"
#include "runtime/cpu.h"
#include "runtime/crc32.h"
#include "runtime/hops.h"
#include "runtime/live.h"
#include "runtime/microphone.h"
#include "runtime/speaker.h"
#include "runtime/watchdog.h"

_Static_assert(APP_MODEL_HEAD_PER_FRAME, "the network must have outputs for every frame");
_Static_assert(sizeof(app_model_in_t) == ENHANCER_BANDS, "the network reads one frame");
_Static_assert(sizeof(app_model_out_t) == ENHANCER_BANDS,
               "the network writes a gain for each band");

GHOST_NOINIT static enhancer_stream_t sound;
GHOST_NOINIT static enhancer_work_t work;
GHOST_NOINIT static app_model_state_t state;
GHOST_NOINIT static app_model_scratch_t scratch;
static app_model_in_t in;
static app_model_out_t out;
static int16_t clean[ENHANCER_HOP];

static uint32_t crc; /* of all clean samples */
static uint8_t received[4];

int main(void) {
  ghost_console_init();
  ghost_console_receive(received, sizeof received);
  ghost_counter_init();
  enhancer_start(&sound);
  app_model_reset(&state);
  ghost_live_start("denoise_live");
  ghost_live_started();
  ghost_microphone_start();
  for (;;) {
    const int16_t *const samples = ghost_microphone_take();
    bool asked = ghost_live_take(samples);
    enhancer_analyse(&sound, &work, samples, (int8_t *)&in);
    app_model_step(&state, &scratch, &in, &out);
    enhancer_synthesise(&sound, &work, (const int8_t *)&out, clean);
    ghost_speaker_put(clean);
    ghost_hops_send((uint32_t)ghost_live_hops() - 1u, clean);
    ghost_live_note(ghost_counter_now() - ghost_microphone_arrival());
    crc = ghost_crc32(crc, clean, sizeof clean);
    for (uint8_t byte; ghost_console_read(&byte);) asked = true;
    if (asked) ghost_live_status(crc);
    ghost_watchdog_feed();
  }
}
