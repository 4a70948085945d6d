/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>

#include "board.h"
#include "runtime/console.h"
#include "runtime/counter.h"
#include "runtime/stack.h"
#include "startup/startup.h"

typedef union {
  void (*handler)(void);
  uint32_t *stack;
} vector_t;

extern const vector_t ghost_vectors[BOARD_VECTOR_COUNT];

__attribute__((section(".vectors"), used)) const vector_t ghost_vectors[BOARD_VECTOR_COUNT] = {
    [0] = {.stack = ghost_stack_top},
    [1] = {.handler = ghost_reset},
    [2 ... 14] = {.handler = ghost_fault},
    [15] = {.handler = ghost_counter_interrupt},
#if BOARD_CONSOLE_IRQ > 0
    [16 ... 15 + BOARD_CONSOLE_IRQ] = {.handler = ghost_fault},
#endif
    [16 + BOARD_CONSOLE_IRQ] = {.handler = ghost_console_interrupt},
#if 17 + BOARD_CONSOLE_IRQ < BOARD_VECTOR_COUNT
    [17 + BOARD_CONSOLE_IRQ... BOARD_VECTOR_COUNT - 1] = {.handler = ghost_fault},
#endif
};
