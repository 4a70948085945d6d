/* SPDX-License-Identifier: Apache-2.0 */
/* What runtime/memory.c has of <string.h>: a bare compiler brings no C library. */
#ifndef GHOST_STRING_H
#define GHOST_STRING_H

#include <stddef.h>

void *memcpy(void *restrict to, const void *restrict from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *to, int value, size_t size);
int memcmp(const void *a, const void *b, size_t size);

#endif
