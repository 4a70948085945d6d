/* SPDX-License-Identifier: Apache-2.0 */
/* The four functions that a compiler may call in freestanding code. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Words that may alias anything, as the bytes behind a void pointer do. */
typedef uint32_t __attribute__((may_alias)) word_t;

void *memcpy(void *restrict to, const void *restrict from, size_t size) {
  uint8_t *d = to;
  const uint8_t *s = from;
  if ((((uintptr_t)d | (uintptr_t)s) & 3u) == 0u) {
    for (; size >= 4u; size -= 4u, d += 4, s += 4)
      *(word_t *)(void *)d = *(const word_t *)(const void *)s;
  }
  while (size-- > 0u) *d++ = *s++;
  return to;
}

void *memmove(void *to, const void *from, size_t size) {
  uint8_t *d = to;
  const uint8_t *s = from;
  if ((uintptr_t)d - (uintptr_t)s >= size) return memcpy(to, from, size);
  while (size-- > 0u) d[size] = s[size];
  return to;
}

void *memset(void *to, int value, size_t size) {
  uint8_t *d = to;
  const uint8_t byte = (uint8_t)value;
  if (((uintptr_t)d & 3u) == 0u) {
    const word_t word = byte * 0x01010101u;
    for (; size >= 4u; size -= 4u, d += 4) *(word_t *)(void *)d = word;
  }
  while (size-- > 0u) *d++ = byte;
  return to;
}

int memcmp(const void *a, const void *b, size_t size) {
  const uint8_t *p = a;
  const uint8_t *q = b;
  for (; size > 0u; size--, p++, q++) {
    if (*p != *q) return *p < *q ? -1 : 1;
  }
  return 0;
}
