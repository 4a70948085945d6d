/* SPDX-License-Identifier: Apache-2.0 */
/* link.c on the host: bytes from stdin, every request answered with its own payload on stdout. */
#include <stdio.h>

#include "runtime/console.h"
#include "runtime/link.h"

enum { PAYLOAD = 600 };

bool ghost_console_read(uint8_t *byte) {
  const int got = getchar();
  *byte = (uint8_t)got;
  return got != EOF;
}

void ghost_console_send(const uint8_t *data, size_t size) { fwrite(data, 1, size, stdout); }

void ghost_console_flush(void) {}

int main(void) {
  static uint8_t packet[GHOST_LINK_PACKET(PAYLOAD)];
  static uint8_t wire[GHOST_LINK_WIRE(PAYLOAD)];
  ghost_link_t link = {.packet = packet, .packet_size = sizeof packet, .wire = wire};
  ghost_link_request_t request;
  while (ghost_link_poll(&link, &request)) {
    ghost_link_begin(&link, &request);
    ghost_link_put(&link, request.payload, request.size);
    ghost_link_end(&link);
  }
  return 0;
}
