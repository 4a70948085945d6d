/* SPDX-License-Identifier: Apache-2.0 */
/* A byte ring between one interrupt (put) and the program (get): each side writes its own index. */
#ifndef GHOST_RING_H
#define GHOST_RING_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/cpu.h"

typedef struct {
  uint8_t *bytes;
  uint32_t size;
  volatile uint32_t head; /* next to put; the interrupt's */
  volatile uint32_t tail; /* next to get; the program's */
  volatile uint32_t lost; /* bytes; the interrupt's */
} ghost_ring_t;

/* The ring that the console's receive interrupt fills. */
extern ghost_ring_t ghost_console_ring;

/* Gives a ring its memory. The interrupt may be switched on right behind it. */
static inline void ghost_ring_init(ghost_ring_t *ring, uint8_t *bytes, uint32_t size) {
  ring->bytes = bytes;
  ring->size = size;
  ghost_in_order();
}

/* Counts a byte that is lost, as far as one can count; for the interrupt. */
static inline void ghost_ring_lose(ghost_ring_t *ring) {
  const uint32_t lost = ring->lost;
  if (lost != UINT32_MAX) ring->lost = lost + 1u;
}

static inline void ghost_ring_put(ghost_ring_t *ring, uint8_t byte) {
  const uint32_t head = ring->head;
  const uint32_t next = head + 1u == ring->size ? 0u : head + 1u;
  if (next == ring->tail) {
    ghost_ring_lose(ring);
    return;
  }
  ring->bytes[head] = byte;
  ghost_in_order(); /* the byte is there before the index says so */
  ring->head = next;
}

static inline bool ghost_ring_get(ghost_ring_t *ring, uint8_t *byte) {
  const uint32_t tail = ring->tail;
  if (tail == ring->head) return false;
  ghost_in_order();
  *byte = ring->bytes[tail];
  ghost_in_order();
  ring->tail = tail + 1u == ring->size ? 0u : tail + 1u;
  return true;
}

static inline bool ghost_ring_empty(const ghost_ring_t *ring) { return ring->tail == ring->head; }

#endif
