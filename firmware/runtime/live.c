/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/live.h"

#include <string.h>

#include "app_model.h"
#include "board.h"
#include "runtime/microphone.h"
#include "runtime/stack.h"
#include "runtime/text.h"
#include "runtime/watchdog.h"

enum { STATUS_HOPS = 10000 / GHOST_HOP_MS };

static uint64_t hops;         /* of sound since the start, dropped ones included */
static uint64_t overruns;     /* of these, the dropped ones */
static uint32_t since_status; /* hops since the last whole ten seconds */

/* Since the last status line. */
static struct {
  uint64_t total;
  uint32_t hops, least, most;
} busy;

_Static_assert(MICROPHONE_HOP % 2u == 0u, "samples are taken two at a time");

/* Since the last status line. */
static struct {
  uint32_t peak; /* has the highest bit of the largest amplitude, and lower ones */
  uint32_t clipped;
} loudness;

static void hexadecimal(const char *text, uint32_t value, uint32_t digits) {
  ghost_text(text);
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

void ghost_live_number(const char *text, uint64_t value) {
  ghost_text(text);
  ghost_text_uint(value);
}

void ghost_live_start(const char *app) {
  static const uint8_t hash[16] = APP_MODEL_HASH;
  ghost_text("{\"event\":\"start\",\"app\":\"");
  ghost_text(app);
  ghost_text("\",\"version\":\"" APP_FIRMWARE_VERSION "\",\"model\":\"" APP_MODEL_NAME
             "\",\"hash\":\"");
  for (uint32_t i = 0u; i < sizeof hash; i++) hexadecimal("", hash[i], 2u);
  ghost_live_number("\",\"rate\":", BOARD_MICROPHONE_HZ);
  ghost_live_number(",\"hop_ms\":", GHOST_HOP_MS);
  ghost_live_number(",\"counter_hz\":", BOARD_COUNTER_HZ);
}

void ghost_live_started(void) {
#if BOARD_HAS_WATCHDOG
  ghost_text(",\"reset\":\"");
  ghost_text(ghost_reset_cause());
  ghost_text("\"}\n");
#else
  ghost_text("}\n");
#endif
}

/* Lets time go by; true when that completes ten seconds. */
static bool pass(uint32_t count) {
  hops += count;
  since_status += count;
  if (since_status < STATUS_HOPS) return false;
  since_status %= STATUS_HOPS;
  return true;
}

static void hear(const int16_t *samples) {
  uint32_t peaks = 0u; /* two side by side; of a negative amplitude its complement */
  for (uint32_t i = 0u; i < MICROPHONE_HOP; i += 2u) {
    uint32_t pair;
    memcpy(&pair, samples + i, sizeof pair);
    const uint32_t negative = pair >> 15 & 0x00010001u;
    peaks |= pair ^ negative * 0xffffu;
  }
  const uint32_t peak = (peaks | peaks >> 16) & 0x7fffu;
  loudness.peak |= peak;
  if (peak >> 14 == 0u) return; /* far from full scale, as nearly always */
  for (uint32_t i = 0u; i < MICROPHONE_HOP; i++) {
    loudness.clipped += samples[i] == INT16_MAX || samples[i] == INT16_MIN;
  }
}

static uint32_t bits(uint32_t value) {
  uint32_t count = 0u;
  for (; value != 0u; value >>= 1) count++;
  return count;
}

bool ghost_live_take(const int16_t *samples) {
  hear(samples);
  const uint32_t dropped = ghost_microphone_overruns() - (uint32_t)overruns;
  bool due = false;
  if (dropped != 0u) {
    overruns += dropped;
    due = pass(dropped);
    ghost_live_number("{\"event\":\"overrun\",\"ms\":", ghost_live_ms());
    ghost_live_number(",\"hops\":", dropped);
    ghost_text("}\n");
  }
  return pass(1u) || due;
}

uint64_t ghost_live_hops(void) { return hops; }

uint64_t ghost_live_ms(void) { return hops * GHOST_HOP_MS; }

void ghost_live_note(uint32_t ticks) {
  if (busy.hops == 0u || ticks < busy.least) busy.least = ticks;
  if (ticks > busy.most) busy.most = ticks;
  busy.total += ticks;
  busy.hops++;
}

void ghost_live_status(uint32_t crc) {
  ghost_live_number("{\"event\":\"status\",\"ms\":", ghost_live_ms());
  ghost_live_number(",\"overruns\":", overruns);
  ghost_live_number(",\"busy\":{\"min\":", busy.least);
  ghost_live_number(",\"mean\":", busy.hops == 0u ? 0u : quotient(busy.total, busy.hops));
  ghost_live_number(",\"max\":", busy.most);
  ghost_live_number("},\"stack\":{\"used\":", ghost_stack_used());
  ghost_live_number(",\"size\":", ghost_stack_size());
  ghost_live_number("},\"sound\":{\"bits\":", bits(loudness.peak));
  ghost_live_number(",\"clipped\":", loudness.clipped);
  hexadecimal("},\"crc\":\"", crc, 8u);
  ghost_text("\"}\n");
  busy.hops = busy.least = busy.most = 0u;
  busy.total = 0u;
  loudness.peak = loudness.clipped = 0u;
}
