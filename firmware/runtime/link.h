/* SPDX-License-Identifier: Apache-2.0 */
/* The device's side of the link protocol, version 1.
 *
 * A packet is type u8, sequence u8, payload, CRC-16/CCITT-FALSE u16 (little endian, over all before
 * it). On the wire: 0x00, COBS(packet), 0x00. What does not decode is noise and is dropped.
 */
#ifndef GHOST_LINK_H
#define GHOST_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of a packet around its payload, and of its longest form on the wire. */
#define GHOST_LINK_PACKET(payload) ((payload) + 4u)
#define GHOST_LINK_WIRE(payload) \
  (GHOST_LINK_PACKET(payload) + GHOST_LINK_PACKET(payload) / 254u + 3u)

enum {
  GHOST_LINK_HELLO = 0x01,
  GHOST_LINK_RESET = 0x02,
  GHOST_LINK_FRAMES = 0x03,
  GHOST_LINK_HEAD = 0x04,
  GHOST_LINK_STATS = 0x05,
  GHOST_LINK_STATE = 0x06,
  GHOST_LINK_SOUND = 0x07, /* as a request: hops to send again; replies come by themselves */
  GHOST_LINK_REPLY = 0x80, /* added to the type of the request */
  GHOST_LINK_ERROR = 0xFF,
};

enum {
  GHOST_LINK_UNKNOWN_TYPE = 2,
  GHOST_LINK_BAD_LENGTH = 3,
  GHOST_LINK_BUSY = 4,
  GHOST_LINK_OUT_OF_ORDER = 5, /* a request before this one was lost, or the device was reset */
};

/* A request as it was received. */
typedef struct {
  uint8_t type;
  uint8_t sequence;
  const uint8_t *payload;
  uint32_t size;
} ghost_link_request_t;

/* One end of a link; the memory is the caller's. */
typedef struct {
  uint8_t *packet; /* the request being received: GHOST_LINK_PACKET(payload) bytes */
  uint32_t packet_size;
  uint8_t *wire; /* the last reply as it was sent: GHOST_LINK_WIRE(payload) bytes */
  uint32_t received;
  uint8_t run;      /* COBS: bytes left of this run */
  uint8_t zero_due; /* COBS: a zero follows the run */
  uint8_t broken;   /* skip up to the next delimiter */
  uint8_t known;    /* sequence and request_crc hold the last request executed */
  uint8_t sequence;
  uint16_t request_crc;
  uint16_t crc;        /* of the packet at hand */
  uint32_t wire_used;  /* bytes of the reply so far */
  uint32_t wire_code;  /* where the run's length goes */
  uint8_t refusal[12]; /* an answer that must not take the last reply's place */
} ghost_link_t;

/* Takes bytes from the console until a packet is whole, whatever its sequence number; false when no
 * more have come. The request's payload stays valid until the next call. */
bool ghost_link_take(ghost_link_t *link, ghost_link_request_t *request);

/* Takes bytes from the console until a request is to be executed; false when no more have come.
 * Answers repeated and misplaced requests by itself. */
bool ghost_link_poll(ghost_link_t *link, ghost_link_request_t *request);

/* A reply: begin, any number of puts, end. The request's payload stays valid throughout. */
void ghost_link_begin(ghost_link_t *link, const ghost_link_request_t *request);
void ghost_link_put(ghost_link_t *link, const void *data, size_t size);
void ghost_link_put_u8(ghost_link_t *link, uint32_t value);
void ghost_link_put_u16(ghost_link_t *link, uint32_t value);
void ghost_link_put_u32(ghost_link_t *link, uint32_t value);
void ghost_link_end(ghost_link_t *link);

/* The whole reply to a request that cannot be executed. */
void ghost_link_error(ghost_link_t *link, const ghost_link_request_t *request, uint32_t code);

#endif
