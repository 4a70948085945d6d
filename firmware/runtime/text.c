/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/text.h"

#include "runtime/console.h"

#ifndef GHOST_TEXT_LINE
#define GHOST_TEXT_LINE 64 /* bytes; longer lines wait for their own beginning to be sent */
#endif

/* Two buffers in turn: while one is being sent, the next line is written. ghost_console_send()
 * waits for the send before it, so the buffer that it leaves free is never still in use. */
enum { LINE = GHOST_TEXT_LINE };
static uint8_t buffers[2][LINE];
static uint32_t current, used;

static void put(char letter) {
  buffers[current][used++] = (uint8_t)letter;
  if (letter == '\n' || used == LINE) {
    ghost_console_send(buffers[current], used);
    current ^= 1u;
    used = 0u;
  }
}

void ghost_text(const char *string) {
  while (*string != '\0') put(*string++);
}

void ghost_text_uint(uint64_t value) {
  char digits[20];
  uint32_t count = 0u;
  uint32_t high = (uint32_t)(value >> 32);
  uint32_t low = (uint32_t)value;
  do {
    /* Long division by ten, 16 bits at a time: a 64-bit divide would pull in a library. */
    uint32_t rest = high % 10u;
    high /= 10u;
    rest = (rest << 16) | (low >> 16);
    const uint32_t middle = rest / 10u;
    rest = ((rest % 10u) << 16) | (low & 0xFFFFu);
    low = (middle << 16) | (rest / 10u);
    digits[count++] = (char)('0' + rest % 10u);
  } while ((high | low) != 0u);
  while (count > 0u) put(digits[--count]);
}

void ghost_text_int(int32_t value) {
  if (value < 0) put('-');
  ghost_text_uint(value < 0 ? 0u - (uint32_t)value : (uint32_t)value);
}

void ghost_text_hex(uint32_t value) {
  ghost_text("0x");
  for (int shift = 28; shift >= 0; shift -= 4) put("0123456789abcdef"[(value >> shift) & 15u]);
}

void ghost_text_restart(void) { used = 0u; }
