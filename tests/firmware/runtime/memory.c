/* SPDX-License-Identifier: Apache-2.0 */
/* runtime/memory.c on the host, under other names: every alignment, length and distance. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

void *ghost_memcpy(void *restrict to, const void *restrict from, size_t size);
void *ghost_memmove(void *to, const void *from, size_t size);
void *ghost_memset(void *to, int value, size_t size);
int ghost_memcmp(const void *a, const void *b, size_t size);

enum { SPACE = 64, LONGEST = 21 };
static _Alignas(8) uint8_t bytes[SPACE], before[SPACE];

static void fill(void) {
  for (uint32_t i = 0u; i < SPACE; i++) before[i] = bytes[i] = (uint8_t)(i * 7u + 1u);
}

static void check(const void *returned, uint32_t to, uint32_t from, uint32_t size) {
  for (uint32_t i = 0u; i < SPACE; i++) {
    const uint8_t want = i - to < size ? before[from + (i - to)] : before[i];
    if (bytes[i] != want || returned != bytes + to) {
      printf("%u bytes from %u to %u: byte %u is %u, not %u\n", size, from, to, i, bytes[i], want);
      exit(1);
    }
  }
}

int main(void) {
  for (uint32_t size = 0u; size <= LONGEST; size++) {
    for (uint32_t to = 0u; to + size <= SPACE; to++) {
      for (uint32_t from = 0u; from + size <= SPACE; from++) {
        fill();
        check(ghost_memmove(bytes + to, bytes + from, size), to, from, size);
        if (from + size > to && to + size > from) continue; /* memcpy may not overlap */
        fill();
        check(ghost_memcpy(bytes + to, bytes + from, size), to, from, size);
        if (ghost_memcmp(bytes + to, before + from, size) != 0) return 2;
      }
      fill();
      if (ghost_memset(bytes + to, 0x1A5, size) != bytes + to) return 3;
      for (uint32_t i = 0u; i < SPACE; i++) {
        if (bytes[i] != (i - to < size ? 0xA5u : before[i])) return 4;
      }
      if (size > 0u && ghost_memcmp("\x7F", "\x80", 1u) >= 0) return 5;
    }
  }
  return 0;
}
