/* SPDX-License-Identifier: Apache-2.0 */
/* Says on the console what went wrong and where, then stops, or waits for the watchdog to bite.
 *
 * FAULT <kind> pc=0x… lr=0x… sp=0x… psr=0x… r0=0x… r1=0x… r2=0x… r3=0x… r12=0x… cfsr=0x…
 */
#include <stdint.h>

#include "board.h"
#include "runtime/console.h"
#include "runtime/cpu.h"
#include "runtime/stack.h"
#include "runtime/text.h"
#include "startup/startup.h"

#define ICSR GHOST_REGISTER(0xE000ED04u)
#define CFSR GHOST_REGISTER(0xE000ED28u)
#define BFAR GHOST_REGISTER(0xE000ED38u)
#define SFSR GHOST_REGISTER(0xE000EDE4u)

/* What an exception pushes. */
typedef struct {
  uint32_t r0, r1, r2, r3, r12, lr, pc, psr;
} frame_t;

_Noreturn void ghost_fault_report(const frame_t *frame, uint32_t exc_return);

#define STACK_OVERFLOW (1u << 20) /* in CFSR, of Armv8-M */

static void field(const char *name, uint32_t value) {
  ghost_text(name);
  ghost_text_hex(value);
}

#if BOARD_ARMV6M == 0
/* A bit of CFSR and what it means. */
static const struct {
  uint32_t mask;
  const char *kind;
} causes[] = {
    {1u << 25, "divide by zero"},
    {1u << 24, "unaligned access"},
    {1u << 19, "no coprocessor (FPU off?)"},
    {1u << 18, "bad exception return"},
    {1u << 17, "bad instruction set state"},
    {1u << 16, "undefined instruction"},
    {1u << 12, "bus error while entering an exception (stack overflow?)"},
    {1u << 11, "bus error while leaving an exception"},
    {1u << 10, "imprecise bus error"},
    {1u << 9, "bus error"},
    {1u << 8, "bus error on instruction fetch"},
    {1u << 4, "memory fault while entering an exception (stack overflow?)"},
    {1u << 1, "memory access not allowed"},
    {1u << 0, "execution not allowed"},
};
#endif

static void print_kind(uint32_t exception, uint32_t cfsr) {
#if BOARD_ARMV6M == 0
  for (uint32_t i = 0u; i < sizeof causes / sizeof causes[0]; i++) {
    if ((cfsr & causes[i].mask) != 0u) {
      ghost_text(causes[i].kind);
      return;
    }
  }
#else
  (void)cfsr;
#endif
  if (exception == 2u) {
    ghost_text("NMI");
  } else if (exception < 11u) {
    ghost_text("HardFault");
  } else if (exception < 16u) {
    ghost_text("exception ");
    ghost_text_uint(exception);
  } else {
    ghost_text("interrupt ");
    ghost_text_uint(exception - 16u);
  }
}

/* Called by ghost_fault with the stack pointer at the time, and a stack that can be used. */
_Noreturn void ghost_fault_report(const frame_t *frame, uint32_t exc_return) {
  const uint32_t exception = ICSR & 0x1FFu;
#if BOARD_ARMV6M == 0
  const uint32_t cfsr = CFSR;
#else
  const uint32_t cfsr = 0u;
#endif
  const uintptr_t at = (uintptr_t)frame;
  const bool on_stack = (cfsr & STACK_OVERFLOW) == 0u && at >= (uintptr_t)ghost_stack_limit &&
                        at + sizeof *frame <= (uintptr_t)ghost_stack_top;
  ghost_console_init();
  ghost_text_restart();
  ghost_text("\nFAULT ");
  if (on_stack) {
    print_kind(exception, cfsr);
    field(" pc=", frame->pc);
    field(" lr=", frame->lr);
    field(" sp=", (uint32_t)at + (uint32_t)sizeof *frame);
    field(" psr=", frame->psr);
    field(" r0=", frame->r0);
    field(" r1=", frame->r1);
    field(" r2=", frame->r2);
    field(" r3=", frame->r3);
    field(" r12=", frame->r12);
  } else { /* nothing could be saved */
    ghost_text("stack overflow");
    field(" sp=", (uint32_t)at);
    field(" exc_return=", exc_return);
  }
#if BOARD_ARMV6M == 0
  field(" cfsr=", cfsr);
  if ((cfsr & (1u << 15)) != 0u) field(" address=", BFAR);
#endif
#if BOARD_ARMV8M
  if (SFSR != 0u) field(" sfsr=", SFSR);
#endif
  ghost_text("\n");
  ghost_console_flush();
#if BOARD_HAS_WATCHDOG
  for (;;) { /* until it bites: it may not count while the core sleeps */
    ghost_in_order();
  }
#else
  ghost_stop();
#endif
}

/* If the stack pointer has left the stack, or has too little of it to report on, start over at the
 * top: by then nothing below will be returned to. */
__attribute__((naked)) void ghost_fault(void) {
  __asm volatile(
      "cpsid i\n\t"
      "mov r0, sp\n\t"
      "mov r1, lr\n\t"
      "ldr r2, =ghost_stack_limit + 256\n\t"
      "ldr r3, =ghost_stack_top\n\t"
      "cmp r0, r2\n\t"
      "blo 1f\n\t"
      "cmp r0, r3\n\t"
      "bls 2f\n"
      "1:\n\t"
      "mov sp, r3\n"
      "2:\n\t"
      "bl ghost_fault_report\n\t"
      ".pool");
}
