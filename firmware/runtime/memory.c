/* SPDX-License-Identifier: Apache-2.0 */
/* The four functions that a compiler may call in freestanding code. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Keeps the loops below from becoming calls of the functions that they implement. */
#if defined(__clang__)
#define NO_CALL __attribute__((no_builtin))
#else
#define NO_CALL __attribute__((optimize("no-tree-loop-distribute-patterns")))
#endif

/* Words that may alias anything, as the bytes behind a void pointer do. */
typedef uint32_t __attribute__((may_alias)) word_t;

NO_CALL void *memcpy(void *restrict to, const void *restrict from, size_t size) {
  uint8_t *d = to;
  const uint8_t *s = from;
  if ((((uintptr_t)d | (uintptr_t)s) & 3u) == 0u) {
    for (; size >= 4u; size -= 4u, d += 4, s += 4)
      *(word_t *)(void *)d = *(const word_t *)(const void *)s;
  }
  while (size-- > 0u) *d++ = *s++;
  return to;
}

/* Away from the overlap; not by memcpy, whose `restrict` rules any out. Words go forward only where
 * both ends are aligned, so that they lie four bytes apart or more and none is read too late. */
NO_CALL void *memmove(void *to, const void *from, size_t size) {
  uint8_t *d = to;
  const uint8_t *s = from;
  if ((uintptr_t)d < (uintptr_t)s) {
    if ((((uintptr_t)d | (uintptr_t)s) & 3u) == 0u) {
      for (; size >= 4u; size -= 4u, d += 4, s += 4)
        *(word_t *)(void *)d = *(const word_t *)(const void *)s;
    }
    while (size-- > 0u) *d++ = *s++;
  } else {
    while (size-- > 0u) d[size] = s[size];
  }
  return to;
}

NO_CALL void *memset(void *to, int value, size_t size) {
  uint8_t *d = to;
  const uint8_t byte = (uint8_t)value;
  if (((uintptr_t)d & 3u) == 0u) {
    const word_t word = byte * 0x01010101u;
    for (; size >= 4u; size -= 4u, d += 4) *(word_t *)(void *)d = word;
  }
  while (size-- > 0u) *d++ = byte;
  return to;
}

NO_CALL int memcmp(const void *a, const void *b, size_t size) {
  const uint8_t *p = a;
  const uint8_t *q = b;
  for (; size > 0u; size--, p++, q++) {
    if (*p != *q) return *p < *q ? -1 : 1;
  }
  return 0;
}
