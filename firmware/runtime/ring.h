/* SPDX-License-Identifier: Apache-2.0 */
/* A byte ring between one interrupt (put) and the program (get): each side writes its own index. */
#ifndef GHOST_RING_H
#define GHOST_RING_H

#include <stdbool.h>
#include <stdint.h>

typedef struct {
  uint8_t *bytes;
  uint32_t size;
  volatile uint32_t head; /* next to put; the interrupt's */
  volatile uint32_t tail; /* next to get; the program's */
  volatile uint32_t lost;
} ghost_ring_t;

/* The ring that the console's receive interrupt fills. */
extern ghost_ring_t ghost_console_ring;

static inline void ghost_ring_put(ghost_ring_t *ring, uint8_t byte) {
  const uint32_t head = ring->head;
  const uint32_t next = head + 1u == ring->size ? 0u : head + 1u;
  if (next == ring->tail) {
    ring->lost++;
    return;
  }
  ring->bytes[head] = byte;
  __asm volatile("" ::: "memory"); /* the byte is there before the index says so */
  ring->head = next;
}

static inline bool ghost_ring_get(ghost_ring_t *ring, uint8_t *byte) {
  const uint32_t tail = ring->tail;
  if (tail == ring->head) return false;
  __asm volatile("" ::: "memory");
  *byte = ring->bytes[tail];
  __asm volatile("" ::: "memory");
  ring->tail = tail + 1u == ring->size ? 0u : tail + 1u;
  return true;
}

static inline bool ghost_ring_empty(const ghost_ring_t *ring) { return ring->tail == ring->head; }

#endif
