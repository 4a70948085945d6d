/* SPDX-License-Identifier: Apache-2.0 */
/* Listens without end: microphone, front end, network, detector; a line of JSON for every event.
 *
 * {"event":"start",…} once, {"event":"word",…} for each word, {"event":"overrun",…} where sound was
 * lost, {"event":"status",…} every ten seconds of sound and after each byte received.
 */
#include "apps/kws.h"

#include <stdbool.h>

#include "app_model.h"
#include "apps/kws_clips.h"
#include "board.h"
#include "front_end.h"
#include "front_end_data.h"
#include "runtime/console.h"
#include "runtime/counter.h"
#include "runtime/cpu.h"
#include "runtime/crc32.h"
#include "runtime/led.h"
#include "runtime/live.h"
#include "runtime/microphone.h"
#include "runtime/text.h"
#include "runtime/watchdog.h"
#include "sound/ghost_listener.h"

enum { LED_HOPS = 300 / GHOST_HOP_MS };
_Static_assert(APP_MODEL_HEAD_PER_FRAME, "the network must have outputs for every frame");
_Static_assert(DETECTOR_WINDOW * 255u <= UINT16_MAX, "the detector's sums have 16 bits");
_Static_assert(sizeof(app_model_in_t) == FRONT_END_STACK * FRONT_END_CHANNELS,
               "the network reads one frame");

GHOST_NOINIT static front_end_state_t front_end;
GHOST_NOINIT static front_end_scratch_t front_end_scratch;
GHOST_NOINIT static app_model_state_t state;
GHOST_NOINIT static app_model_scratch_t scratch;
static app_model_in_t in;
static app_model_out_t out;

static uint16_t features[FRONT_END_STACK * FRONT_END_CHANNELS];
static uint8_t history[DETECTOR_WINDOW * DETECTOR_WORDS];
static uint16_t sums[DETECTOR_WORDS];
static struct {
  uint32_t frames, oldest, silent;
} counts; /* the listener's */

static uint32_t crc; /* of all outputs of the network */
static uint8_t received[4];

__attribute__((weak)) void ghost_on_word(uint32_t word, uint32_t sum, uint32_t ms) {
  (void)word;
  (void)sum;
  (void)ms;
}

static void print_start(void) {
  ghost_live_start(KWS_NAME);
  ghost_text(",\"words\":");
  for (uint32_t i = 0u; i < DETECTOR_WORDS; i++) {
    ghost_text(i == 0u ? "[\"" : "\",\"");
    ghost_text(detector.words[i].name);
  }
  ghost_text("\"]");
  ghost_live_started();
}

static void print_word(uint32_t word) {
  /* Thousandths, rounded down: at most 255/256. */
  const uint32_t score = sums[word] * 1000u / (256u * DETECTOR_WINDOW);
  ghost_text("{\"event\":\"word\",\"word\":\"");
  ghost_text(detector.words[word].name);
  ghost_live_number("\",\"ms\":", ghost_live_ms());
  ghost_text(score < 10u ? ",\"score\":0.00" : score < 100u ? ",\"score\":0.0" : ",\"score\":0.");
  ghost_text_uint(score);
  ghost_live_number(",\"sum\":", sums[word]);
  clips_word();
  ghost_text("}\n");
}

static void light(bool on) {
#if BOARD_HAS_LED
  ghost_led_set(on);
#else
  (void)on;
#endif
}

static void network(void *model) {
  (void)model;
  app_model_step(&state, &scratch, &in, &out);
  crc = ghost_crc32(crc, &out, sizeof out);
}

static const ghost_listener_params listener = {
    .front_end = &front_end_constants,
    .detector = &detector,
    .step = FRONT_END_STEP,
    .stack = FRONT_END_STACK,
    .network = network,
};
static const ghost_listener_memory memory = {
    .front_end = {&front_end.held, front_end.history, front_end.noise, front_end_scratch.spectrum,
                  front_end_scratch.signal},
    .detector = {history, sums, &counts.oldest, &counts.silent},
    .frames = &counts.frames,
    .features = features,
    .in = (int8_t *)&in,
    .out = (const int8_t *)&out,
};

int main(void) {
  ghost_console_init();
  ghost_console_receive(received, sizeof received);
  ghost_counter_init();
  front_end_reset(&front_end);
  app_model_reset(&state);
  light(false);
  print_start();
  ghost_microphone_start();
  uint32_t dark_at = 0u;
  bool lit = false;
  for (;;) {
    const int16_t *const samples = ghost_microphone_take();
    const uint32_t start = ghost_counter_now();
    bool asked = ghost_live_take(samples);
    const uint32_t hops = (uint32_t)ghost_live_hops();
    clips_keep(hops - 1u, samples);
    const int32_t word = ghost_listener_hop(&listener, &memory, samples);
    if (lit && (int32_t)(hops - dark_at) >= 0) {
      lit = false;
      light(lit);
    }
    if (word >= 0) {
      print_word((uint32_t)word);
      lit = true;
      light(lit);
      dark_at = hops + LED_HOPS;
      ghost_on_word((uint32_t)word, sums[word], (uint32_t)ghost_live_ms());
    }
    clips_send();
    for (uint8_t byte; ghost_console_read(&byte);) asked = true;
    if (asked) ghost_live_status(crc);
    ghost_live_note(ghost_counter_now() - start);
    ghost_watchdog_feed();
  }
}
