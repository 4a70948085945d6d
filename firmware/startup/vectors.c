/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>

#include "board.h"
#include "runtime/console.h"
#include "runtime/counter.h"
#include "runtime/microphone.h"
#include "runtime/stack.h"
#include "startup/startup.h"

typedef union {
  void (*handler)(void);
  uint32_t *stack;
} vector_t;

extern const vector_t ghost_vectors[BOARD_VECTOR_COUNT];

/* The interrupts that are handled, by rising number. */
#if !BOARD_HAS_MICROPHONE
#define FIRST BOARD_CONSOLE_IRQ
#define FIRST_HANDLER ghost_console_interrupt
#define LAST FIRST
#elif BOARD_CONSOLE_IRQ < BOARD_MICROPHONE_IRQ
#define FIRST BOARD_CONSOLE_IRQ
#define FIRST_HANDLER ghost_console_interrupt
#define LAST BOARD_MICROPHONE_IRQ
#define LAST_HANDLER ghost_microphone_interrupt
#else
#define FIRST BOARD_MICROPHONE_IRQ
#define FIRST_HANDLER ghost_microphone_interrupt
#define LAST BOARD_CONSOLE_IRQ
#define LAST_HANDLER ghost_console_interrupt
#endif

__attribute__((section(".vectors"), used)) const vector_t ghost_vectors[BOARD_VECTOR_COUNT] = {
    [0] = {.stack = ghost_stack_top},
    [1] = {.handler = ghost_reset},
    [2 ... 14] = {.handler = ghost_fault},
    [15] = {.handler = ghost_counter_interrupt},
#if FIRST > 0
    [16 ... 15 + FIRST] = {.handler = ghost_fault},
#endif
    [16 + FIRST] = {.handler = FIRST_HANDLER},
#if LAST > FIRST + 1
    [17 + FIRST... 15 + LAST] = {.handler = ghost_fault},
#endif
#if LAST > FIRST
    [16 + LAST] = {.handler = LAST_HANDLER},
#endif
#if 17 + LAST < BOARD_VECTOR_COUNT
    [17 + LAST... BOARD_VECTOR_COUNT - 1] = {.handler = ghost_fault},
#endif
};

/* Says in the ELF file which board it is for; `mcu-ghost flash` reads it. Not a byte of it is
 * loaded: the section has no flags. An ELF note: sizes of name and content, type, then both, word
 * by word. */
__asm(
    ".pushsection .note.mcu-ghost,\"\",%note\n"
    ".balign 4\n"
    ".long 2f - 1f, 4f - 3f, 1\n"
    "1: .asciz \"mcu-ghost\"\n"
    "2: .balign 4\n"
    "3: .asciz \"" BOARD_NAME
    "\"\n"
    "4: .balign 4\n"
    ".popsection");
