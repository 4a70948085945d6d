/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/hops.h"

#include "hop.h"
#include "runtime/crc32.h"
#include "runtime/link.h"

enum { SAMPLES = MICROPHONE_HOP * sizeof(int16_t) };

static uint8_t wire[GHOST_LINK_WIRE(sizeof(uint32_t) + SAMPLES + sizeof(uint32_t))];
static ghost_link_t link = {.wire = wire};
static ghost_link_request_t packet = {.type = GHOST_LINK_SOUND};

void ghost_hops_send(uint32_t number, const int16_t *samples) {
  ghost_link_begin(&link, &packet);
  ghost_link_put_u32(&link, number);
  ghost_link_put(&link, samples, SAMPLES);
  ghost_link_put_u32(&link, ghost_crc32(ghost_crc32(0u, &number, sizeof number), samples, SAMPLES));
  ghost_link_end(&link);
  packet.sequence++;
}
