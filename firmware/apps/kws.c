/* SPDX-License-Identifier: Apache-2.0 */
/* Listens without end: microphone, front end, network, detector; a line of JSON for every event.
 *
 * {"event":"start",…} once, {"event":"word",…} for each word, {"event":"overrun",…} where sound was
 * lost, {"event":"status",…} every ten seconds of sound and after each byte received.
 */
#include "apps/kws.h"

#include <stdbool.h>

#include "app_model.h"
#include "board.h"
#include "front_end.h"
#include "front_end_data.h"
#include "runtime/console.h"
#include "runtime/counter.h"
#include "runtime/cpu.h"
#include "runtime/crc32.h"
#include "runtime/led.h"
#include "runtime/microphone.h"
#include "runtime/stack.h"
#include "runtime/text.h"
#include "runtime/watchdog.h"
#include "sound/ghost_listener.h"

enum {
  HOP_MS = FRONT_END_HOP * 1000u / FRONT_END_RATE,
  LED_HOPS = 300 / HOP_MS,
  STATUS_HOPS = 10000 / HOP_MS,
};
_Static_assert(APP_MODEL_HEAD_PER_FRAME, "the network must have outputs for every frame");
_Static_assert(DETECTOR_WINDOW * 255u <= UINT16_MAX, "the detector's sums have 16 bits");
_Static_assert(sizeof(app_model_in_t) == FRONT_END_CHANNELS, "the network reads one frame");

GHOST_NOINIT static front_end_state_t front_end;
GHOST_NOINIT static front_end_scratch_t front_end_scratch;
GHOST_NOINIT static app_model_state_t state;
GHOST_NOINIT static app_model_scratch_t scratch;
static app_model_in_t in;
static app_model_out_t out;

static uint16_t features[FRONT_END_CHANNELS];
static uint8_t history[DETECTOR_WINDOW * DETECTOR_WORDS];
static uint16_t sums[DETECTOR_WORDS];
static struct {
  uint32_t frames, oldest, silent;
} counts; /* the listener's */

static uint64_t hops;         /* of sound since the start, dropped ones included */
static uint64_t overruns;     /* of these, the dropped ones */
static uint32_t since_status; /* hops since the last whole ten seconds */
static uint32_t crc;          /* of all outputs of the network */
static uint8_t received[4];

/* Counter ticks from a hop's arrival until all is done, since the last status line. */
static struct {
  uint64_t total;
  uint32_t hops, least, most;
} busy;

__attribute__((weak)) void ghost_on_word(uint32_t word, uint32_t sum, uint32_t ms) {
  (void)word;
  (void)sum;
  (void)ms;
}

static void number(const char *name, uint64_t value) {
  ghost_text(name);
  ghost_text_uint(value);
}

static void hexadecimal(const char *name, uint32_t value, uint32_t digits) {
  ghost_text(name);
  while (digits-- > 0u) {
    const char digit[] = {"0123456789abcdef"[value >> 4u * digits & 15u], '\0'};
    ghost_text(digit);
  }
}

/* Long division by hand: a 64-bit divide would pull in a library. */
static uint32_t quotient(uint64_t total, uint32_t count) {
  uint32_t rest = 0u, result = 0u; /* rest < count, far below 2^31 */
  for (uint32_t bit = 64u; bit-- > 0u;) {
    rest = rest << 1 | ((uint32_t)(total >> bit) & 1u);
    result <<= 1; /* what is shifted out is 0: a mean is no more than the most of its terms */
    if (rest >= count) {
      rest -= count;
      result |= 1u;
    }
  }
  return result;
}

static void print_start(void) {
  static const uint8_t hash[16] = APP_MODEL_HASH;
  ghost_text("{\"event\":\"start\",\"app\":\"kws\",\"version\":\"" APP_FIRMWARE_VERSION
             "\",\"model\":\"" APP_MODEL_NAME "\",\"hash\":\"");
  for (uint32_t i = 0u; i < sizeof hash; i++) hexadecimal("", hash[i], 2u);
  number("\",\"rate\":", BOARD_MICROPHONE_HZ);
  number(",\"hop_ms\":", HOP_MS);
  number(",\"counter_hz\":", BOARD_COUNTER_HZ);
  ghost_text(",\"words\":");
  for (uint32_t i = 0u; i < DETECTOR_WORDS; i++) {
    ghost_text(i == 0u ? "[\"" : "\",\"");
    ghost_text(detector.words[i].name);
  }
#if BOARD_HAS_WATCHDOG
  ghost_text("\"],\"reset\":\"");
  ghost_text(ghost_reset_cause());
  ghost_text("\"}\n");
#else
  ghost_text("\"]}\n");
#endif
}

static void print_word(uint32_t word) {
  /* Thousandths, rounded down: at most 255/256. */
  const uint32_t score = sums[word] * 1000u / (256u * DETECTOR_WINDOW);
  ghost_text("{\"event\":\"word\",\"word\":\"");
  ghost_text(detector.words[word].name);
  number("\",\"ms\":", hops * HOP_MS);
  ghost_text(score < 10u ? ",\"score\":0.00" : score < 100u ? ",\"score\":0.0" : ",\"score\":0.");
  ghost_text_uint(score);
  number(",\"sum\":", sums[word]);
  ghost_text("}\n");
}

static void print_status(void) {
  number("{\"event\":\"status\",\"ms\":", hops * HOP_MS);
  number(",\"overruns\":", overruns);
  number(",\"busy\":{\"min\":", busy.least);
  number(",\"mean\":", busy.hops == 0u ? 0u : quotient(busy.total, busy.hops));
  number(",\"max\":", busy.most);
  number("},\"stack\":{\"used\":", ghost_stack_used());
  number(",\"size\":", ghost_stack_size());
  hexadecimal("},\"crc\":\"", crc, 8u);
  ghost_text("\"}\n");
  busy.hops = busy.least = busy.most = 0u;
  busy.total = 0u;
}

static void note_busy(uint32_t taken) {
  if (busy.hops == 0u || taken < busy.least) busy.least = taken;
  if (taken > busy.most) busy.most = taken;
  busy.total += taken;
  busy.hops++;
}

static void light(bool on) {
#if BOARD_HAS_LED
  ghost_led_set(on);
#else
  (void)on;
#endif
}

/* Lets time go by; true when that completes ten seconds, so that a status line is due. */
static bool pass(uint32_t count) {
  hops += count;
  since_status += count;
  if (since_status < STATUS_HOPS) return false;
  since_status %= STATUS_HOPS;
  return true;
}

/* Counts the time that dropped hops took, and says so; true when a status line is due. */
static bool count_overruns(void) {
  const uint32_t dropped = ghost_microphone_overruns() - (uint32_t)overruns;
  if (dropped == 0u) return false;
  overruns += dropped;
  const bool due = pass(dropped);
  number("{\"event\":\"overrun\",\"ms\":", hops * HOP_MS);
  number(",\"hops\":", dropped);
  ghost_text("}\n");
  return due;
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
    bool asked = count_overruns();
    if (pass(1u)) asked = true;
    const int32_t word = ghost_listener_hop(&listener, &memory, samples);
    if (lit && (int32_t)((uint32_t)hops - dark_at) >= 0) {
      lit = false;
      light(lit);
    }
    if (word >= 0) {
      print_word((uint32_t)word);
      lit = true;
      light(lit);
      dark_at = (uint32_t)hops + LED_HOPS;
      ghost_on_word((uint32_t)word, sums[word], (uint32_t)(hops * HOP_MS));
    }
    for (uint8_t byte; ghost_console_read(&byte);) asked = true;
    if (asked) print_status();
    note_busy(ghost_counter_now() - start);
    ghost_watchdog_feed();
  }
}
