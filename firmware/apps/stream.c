/* SPDX-License-Identifier: Apache-2.0 */
/* Frames in, outputs out, over the console: what a PC speaks to through the link protocol. */
#include <stdint.h>
#include <string.h>

#include "apps/frames.h"
#include "board.h"
#include "runtime/console.h"
#include "runtime/counter.h"
#include "runtime/cpu.h"
#include "runtime/link.h"
#include "runtime/stack.h"
#include "runtime/text.h"
#include "runtime/watchdog.h"

#define LARGER(a, b) ((a) > (b) ? (a) : (b))

static const char firmware_version[] = APP_FIRMWARE_VERSION;
static const char model_name[] = APP_MODEL_NAME;
static const uint8_t model_hash[16] = APP_MODEL_HASH;

/* Largest payload in either direction: some frames at a time, the state, or HELLO with its names.
 */
enum {
  WINDOW = 2,
  HELLO_BYTES = 38u + sizeof firmware_version + sizeof model_name,
  FRAME_BYTES = LARGER(sizeof(app_in_t), sizeof(app_out_t)),
  MAX_PAYLOAD = LARGER(LARGER(LARGER(sizeof(app_model_state_t), FRAME_BYTES), HELLO_BYTES), 240u),
  RING_BYTES = WINDOW * GHOST_LINK_WIRE(MAX_PAYLOAD) + 1u,
};

#if BOARD_HAS_WATCHDOG /* a reply waits for the one before it to be sent, at ten bits a byte */
_Static_assert(20000ull * GHOST_LINK_WIRE(MAX_PAYLOAD) / BOARD_CONSOLE_BAUD < BOARD_WATCHDOG_MS,
               "watchdog.timeout_ms is less than two of the longest replies take");
#endif

GHOST_NOINIT static uint8_t ring[RING_BYTES];
GHOST_NOINIT static uint8_t packet[GHOST_LINK_PACKET(MAX_PAYLOAD)];
GHOST_NOINIT static uint8_t wire[GHOST_LINK_WIRE(MAX_PAYLOAD)];

static ghost_link_t link = {.packet = packet, .packet_size = sizeof packet, .wire = wire};
GHOST_NOINIT static app_model_state_t state;
GHOST_NOINIT static app_model_scratch_t scratch;
static app_in_t in;
static app_out_t out;

static struct {
  uint64_t step_total;
  uint32_t frames, step_min, step_max, head_total, heads;
} statistics;

static void reset(void) {
  app_reset(&state);
  (void)memset(&statistics, 0, sizeof statistics);
}

static void step(const uint8_t *input) {
  (void)memcpy(&in, input, sizeof in);
  const uint32_t start = ghost_counter_now();
  app_step(&state, &scratch, &in, &out);
  const uint32_t taken = ghost_counter_now() - start;
  if (statistics.frames == UINT32_MAX) return; /* full: what has been counted stays right */
  if (statistics.frames == 0u || taken < statistics.step_min) statistics.step_min = taken;
  if (taken > statistics.step_max) statistics.step_max = taken;
  statistics.step_total += taken;
  statistics.frames++;
}

static void put_head(void) {
  const uint32_t start = ghost_counter_now();
  app_head(&state, &scratch, &out);
  const uint32_t taken = ghost_counter_now() - start;
  if (taken <= UINT32_MAX - statistics.head_total) { /* else full: its mean stays right */
    statistics.head_total += taken;
    statistics.heads++;
  }
  ghost_link_put(&link, &out, sizeof out);
}

/* The last reply is still being sent while the first frame runs. */
static void run_frames(const ghost_link_request_t *request) {
  for (uint32_t at = 0u; at < request->size; at += sizeof in) {
    step(request->payload + at);
    if (at == 0u) ghost_link_begin(&link, request);
    if (APP_MODEL_HEAD_PER_FRAME) ghost_link_put(&link, &out, sizeof out);
    ghost_watchdog_feed();
  }
}

/* A constant that must fit the field that it is sent in. */
#define PUT_CONSTANT(bits, value)                                                             \
  do {                                                                                        \
    _Static_assert((value) < 1ull << (bits), #value " is sent in a field of " #bits " bits"); \
    ghost_link_put_u##bits(&link, (value));                                                   \
  } while (0)

static void put_hello(void) {
  PUT_CONSTANT(8, 1u); /* protocol */
  PUT_CONSTANT(8, APP_MODEL_HEAD_PER_FRAME);
  PUT_CONSTANT(8, WINDOW);
  PUT_CONSTANT(8, BOARD_COUNTER_KIND);
  PUT_CONSTANT(16, MAX_PAYLOAD);
  PUT_CONSTANT(16, sizeof in);
  PUT_CONSTANT(16, sizeof out);
  PUT_CONSTANT(16, sizeof state);
  PUT_CONSTANT(16, sizeof scratch);
  PUT_CONSTANT(32, BOARD_COUNTER_HZ);
  ghost_link_put(&link, model_hash, sizeof model_hash);
  PUT_CONSTANT(8, APP_DTYPE);
  PUT_CONSTANT(8, APP_DTYPE);
  PUT_CONSTANT(8, APP_MODEL_INPUTS);
  PUT_CONSTANT(8, APP_MODEL_OUTPUTS);
  ghost_link_put(&link, firmware_version, sizeof firmware_version);
  ghost_link_put(&link, model_name, sizeof model_name);
}

static void put_statistics(void) {
  ghost_link_put_u32(&link, statistics.frames);
  ghost_link_put_u32(&link, (uint32_t)statistics.step_total);
  ghost_link_put_u32(&link, (uint32_t)(statistics.step_total >> 32));
  ghost_link_put_u32(&link, statistics.step_min);
  ghost_link_put_u32(&link, statistics.step_max);
  ghost_link_put_u32(&link, statistics.head_total);
  ghost_link_put_u32(&link, statistics.heads);
  ghost_link_put_u32(&link, ghost_stack_used());
  ghost_link_put_u32(&link, ghost_stack_size());
  ghost_link_put_u32(&link, ghost_console_overruns());
}

/* Whole frames, and as many outputs as fit a packet. */
static bool frames_fit(uint32_t size) {
  const uint32_t count = size / sizeof in;
  return count > 0u && count * sizeof in == size &&
         (!APP_MODEL_HEAD_PER_FRAME || count * sizeof out <= MAX_PAYLOAD);
}

static void execute(const ghost_link_request_t *request) {
  const bool frames = request->type == GHOST_LINK_FRAMES;
  if (request->type < GHOST_LINK_HELLO || request->type > GHOST_LINK_STATE) {
    ghost_link_error(&link, request, GHOST_LINK_UNKNOWN_TYPE);
    return;
  }
  if (frames ? !frames_fit(request->size) : request->size != 0u) {
    ghost_link_error(&link, request, GHOST_LINK_BAD_LENGTH);
    return;
  }
  if (frames) {
    run_frames(request);
  } else {
    ghost_link_begin(&link, request);
  }
  if (request->type == GHOST_LINK_HELLO) put_hello();
  if (request->type == GHOST_LINK_RESET) reset();
  if (request->type == GHOST_LINK_HEAD) put_head();
  if (request->type == GHOST_LINK_STATS) put_statistics();
  if (request->type == GHOST_LINK_STATE) ghost_link_put(&link, &state, sizeof state);
  ghost_link_end(&link);
}

int main(void) {
  ghost_console_init();
  ghost_counter_init();
  ghost_console_receive(ring, sizeof ring);
  reset();
  ghost_text("mcu-ghost ");
  ghost_text(firmware_version);
  ghost_text(" " APP_NAME " ");
  ghost_text(model_name);
#if BOARD_HAS_WATCHDOG
  ghost_text(" reset=");
  ghost_text(ghost_reset_cause());
#endif
  ghost_text("\n");
  for (;;) {
    ghost_watchdog_feed();
    ghost_link_request_t request;
    if (ghost_link_poll(&link, &request)) {
      execute(&request);
    } else {
      ghost_console_wait();
    }
  }
}
