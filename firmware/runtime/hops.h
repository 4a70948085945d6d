/* SPDX-License-Identifier: Apache-2.0 */
/* Hops of sound to whoever listens at the console, each a packet of the link protocol that nobody
 * asked for.
 *
 * The packet is GHOST_LINK_SOUND, its sequence number that of the packet before plus 1. The payload
 * is the hop's number since the start u32, dropped ones counted, its samples, and a CRC-32 u32 of
 * both: the packet's own CRC of 16 bits would let one damaged packet in 65 536 through. */
#ifndef GHOST_HOPS_H
#define GHOST_HOPS_H

#include <stdint.h>

/* Sends MICROPHONE_HOP samples, which may change as soon as it returns. Waits until what was sent
 * before has gone. */
void ghost_hops_send(uint32_t number, const int16_t *samples);

#endif
