/* SPDX-License-Identifier: Apache-2.0 */
/* The `stream` app on this machine: its console is stdin and stdout, a frame takes 500 ticks. */
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "runtime/console.h"
#include "runtime/counter.h"
#include "runtime/stack.h"

static uint8_t received[4096];
static size_t have, taken;

void ghost_console_init(void) {}

void ghost_console_send(const uint8_t *data, size_t size) {
  while (size > 0u) {
    const ssize_t sent = write(1, data, size);
    if (sent <= 0) exit(1);
    data += sent;
    size -= (size_t)sent;
  }
}

void ghost_console_flush(void) {}

void ghost_console_receive(uint8_t *ring, uint32_t size) {
  (void)ring;
  (void)size;
}

bool ghost_console_read(uint8_t *byte) {
  struct pollfd console = {.fd = 0, .events = POLLIN};
  if (taken == have) {
    if (poll(&console, 1, 0) <= 0) return false;
    const ssize_t got = read(0, received, sizeof received);
    if (got <= 0) exit(0); /* the cable was pulled */
    have = (size_t)got;
    taken = 0u;
  }
  *byte = received[taken++];
  return true;
}

void ghost_console_wait(void) {
  struct pollfd console = {.fd = 0, .events = POLLIN};
  (void)poll(&console, 1, -1);
}

uint32_t ghost_console_overruns(void) { return 0u; }

void ghost_counter_init(void) {}

uint32_t ghost_counter_now(void) {
  static uint32_t now;
  return now += 500u;
}

uint32_t ghost_stack_size(void) { return 2048u; }

uint32_t ghost_stack_used(void) { return 300u; }
