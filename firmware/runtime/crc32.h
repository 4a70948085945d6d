/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GHOST_CRC32_H
#define GHOST_CRC32_H

#include <stddef.h>
#include <stdint.h>

/* Continues a CRC-32 (that of zip and zlib) over more bytes; it begins as 0. */
static inline uint32_t ghost_crc32(uint32_t crc, const void *data, size_t size) {
  /* Half a byte at a time: i * x^28 modulo the polynomial, bits reversed. */
  static const uint32_t table[16] = {
      0x00000000u, 0x1DB71064u, 0x3B6E20C8u, 0x26D930ACu, 0x76DC4190u, 0x6B6B51F4u,
      0x4DB26158u, 0x5005713Cu, 0xEDB88320u, 0xF00F9344u, 0xD6D6A3E8u, 0xCB61B38Cu,
      0x9B64C2B0u, 0x86D3D2D4u, 0xA00AE278u, 0xBDBDF21Cu,
  };
  crc = ~crc;
  for (const uint8_t *byte = data; size > 0u; size--, byte++) {
    crc ^= *byte;
    crc = crc >> 4 ^ table[crc & 15u];
    crc = crc >> 4 ^ table[crc & 15u];
  }
  return ~crc;
}

#endif
