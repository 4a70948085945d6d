/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/link.h"

#include "runtime/console.h"

/* CRC-16/CCITT-FALSE, half a byte at a time: the 16 remainders of x^16 + x^12 + x^5 + 1. */
static uint16_t crc_add(uint16_t crc, uint8_t byte) {
  static const uint16_t table[16] = {
      0x0000, 0x1021, 0x2042, 0x3063, 0x4084, 0x50A5, 0x60C6, 0x70E7,
      0x8108, 0x9129, 0xA14A, 0xB16B, 0xC18C, 0xD1AD, 0xE1CE, 0xF1EF,
  };
  crc = (uint16_t)((uint32_t)crc << 4 ^ table[(crc >> 12) ^ (byte >> 4)]);
  return (uint16_t)((uint32_t)crc << 4 ^ table[(crc >> 12) ^ (byte & 15u)]);
}

static void receive_restart(ghost_link_t *link) {
  link->received = 0u;
  link->run = 0u;
  link->zero_due = 0u;
  link->broken = 0u;
}

static void receive_put(ghost_link_t *link, uint8_t byte) {
  if (link->received == link->packet_size) {
    link->broken = 1u;
  } else {
    link->packet[link->received++] = byte;
  }
}

/* Feeds one byte of COBS; true when it ended a packet whose CRC is right. */
static bool receive_byte(ghost_link_t *link, uint8_t byte) {
  if (byte == 0u) {
    bool good = link->broken == 0u && link->run == 0u && link->received >= 4u;
    if (good) {
      const uint32_t end = link->received - 2u;
      uint16_t crc = 0xFFFFu;
      for (uint32_t i = 0u; i < end; i++) crc = crc_add(crc, link->packet[i]);
      good = link->packet[end] == (crc & 0xFFu) && link->packet[end + 1u] == crc >> 8;
      link->crc = crc;
      if (good) return true;
    }
    receive_restart(link);
    return false;
  }
  if (link->broken != 0u) return false;
  if (link->run == 0u) {
    if (link->zero_due != 0u) receive_put(link, 0u);
    link->run = (uint8_t)(byte - 1u);
    link->zero_due = byte != 0xFFu;
  } else {
    receive_put(link, byte);
    link->run--;
  }
  return false;
}

/* Answers a misplaced request and keeps the last reply for a repetition. */
static void refuse(ghost_link_t *link, const ghost_link_request_t *request) {
  uint8_t *const wire = link->wire;
  const uint32_t used = link->wire_used;
  ghost_console_flush();
  link->wire = link->refusal;
  ghost_link_error(link, request, GHOST_LINK_OUT_OF_ORDER);
  link->wire = wire;
  link->wire_used = used;
}

bool ghost_link_take(ghost_link_t *link, ghost_link_request_t *request) {
  uint8_t byte;
  while (ghost_console_read(&byte)) {
    if (!receive_byte(link, byte)) continue;
    request->type = link->packet[0];
    request->sequence = link->packet[1];
    request->payload = link->packet + 2;
    request->size = link->received - 4u;
    receive_restart(link);
    return true;
  }
  return false;
}

bool ghost_link_poll(ghost_link_t *link, ghost_link_request_t *request) {
  while (ghost_link_take(link, request)) {
    /* HELLO and RESET start a session with any sequence number; everything else must follow. */
    const bool starts = request->type == GHOST_LINK_HELLO || request->type == GHOST_LINK_RESET;
    if (link->known != 0u && request->sequence == link->sequence &&
        link->crc == link->request_crc) {
      ghost_console_send(link->wire, link->wire_used);
    } else if (starts ||
               (link->known != 0u && request->sequence == (uint8_t)(link->sequence + 1u))) {
      link->known = 1u;
      link->sequence = request->sequence;
      link->request_crc = link->crc;
      return true;
    } else {
      refuse(link, request);
    }
  }
  return false;
}

/* Appends one byte to the reply; wire[wire_code] counts the run that it belongs to. */
static void send_byte(ghost_link_t *link, uint8_t byte) {
  if (byte != 0u) link->wire[link->wire_used++] = byte;
  const uint32_t run = link->wire_used - link->wire_code;
  if (byte == 0u || run == 255u) {
    link->wire[link->wire_code] = (uint8_t)run;
    link->wire_code = link->wire_used++;
  }
}

void ghost_link_begin(ghost_link_t *link, const ghost_link_request_t *request) {
  ghost_console_flush();
  link->wire[0] = 0u;
  link->wire_code = 1u;
  link->wire_used = 2u;
  link->crc = 0xFFFFu;
  ghost_link_put_u8(link, request->type | (uint32_t)GHOST_LINK_REPLY);
  ghost_link_put_u8(link, request->sequence);
}

void ghost_link_put(ghost_link_t *link, const void *data, size_t size) {
  const uint8_t *bytes = data;
  for (; size > 0u; size--) {
    link->crc = crc_add(link->crc, *bytes);
    send_byte(link, *bytes++);
  }
}

void ghost_link_put_u8(ghost_link_t *link, uint32_t value) {
  const uint8_t byte = (uint8_t)value;
  ghost_link_put(link, &byte, 1u);
}

void ghost_link_put_u16(ghost_link_t *link, uint32_t value) {
  ghost_link_put_u8(link, value);
  ghost_link_put_u8(link, value >> 8);
}

void ghost_link_put_u32(ghost_link_t *link, uint32_t value) {
  ghost_link_put_u16(link, value);
  ghost_link_put_u16(link, value >> 16);
}

void ghost_link_end(ghost_link_t *link) {
  const uint16_t crc = link->crc;
  send_byte(link, (uint8_t)crc);
  send_byte(link, (uint8_t)(crc >> 8));
  link->wire[link->wire_code] = (uint8_t)(link->wire_used - link->wire_code);
  link->wire[link->wire_used++] = 0u;
  ghost_console_send(link->wire, link->wire_used);
}

void ghost_link_error(ghost_link_t *link, const ghost_link_request_t *request, uint32_t code) {
  const ghost_link_request_t as = {GHOST_LINK_ERROR, request->sequence, request->payload, 0u};
  ghost_link_begin(link, &as);
  ghost_link_put_u8(link, code);
  ghost_link_end(link);
}
