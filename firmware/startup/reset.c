/* SPDX-License-Identifier: Apache-2.0 */
/* From reset to main(): core, stack, variables. */
#include <stdint.h>

#include "board.h"
#include "runtime/cpu.h"
#include "runtime/stack.h"
#include "runtime/watchdog.h"
#include "startup/startup.h"

#define CCR GHOST_REGISTER(0xE000ED14u)
#define VTOR GHOST_REGISTER(0xE000ED08u)
#define CPACR GHOST_REGISTER(0xE000ED88u)

enum { DIV_0_TRP = 1 << 4, LOOP_CACHE = 1 << 19, FULL_ACCESS_CP10_CP11 = 0xF << 20 };

/* Set by linker.ld; all aligned to eight bytes. */
extern uint32_t ghost_data_load[], ghost_data_start[], ghost_data_end[];
extern uint32_t ghost_bss_start[], ghost_bss_end[];
extern const uint32_t ghost_vectors[];

/* Keeps a loop a loop: no call before there is a stack to trust. */
#define NO_CALL() __asm volatile("" ::: "memory")

/* Eight words at a time, then two; the ranges are multiples of eight bytes. */
static void fill(uint32_t *word, uintptr_t end, uint32_t value) {
  register uint32_t r2 __asm("r2") = value;
  register uint32_t r3 __asm("r3") = value;
  register uint32_t r4 __asm("r4") = value;
  register uint32_t r5 __asm("r5") = value;
  while (end - (uintptr_t)word >= 32u) {
    __asm volatile("stmia %0!, {r2, r3, r4, r5}\n\tstmia %0!, {r2, r3, r4, r5}"
                   : "+l"(word)
                   : "r"(r2), "r"(r3), "r"(r4), "r"(r5)
                   : "memory");
  }
  for (; (uintptr_t)word < end; word += 2) {
    word[0] = value;
    word[1] = value;
    NO_CALL();
  }
}

static void start_core(void) {
#if BOARD_ARMV6M == 0
  VTOR = (uint32_t)(uintptr_t)ghost_vectors; /* a bootloader may have left its own */
  CCR |= DIV_0_TRP;
#endif
#if BOARD_HAS_MVE
  CCR |= LOOP_CACHE; /* hardware loops without a branch each time */
#endif
#if BOARD_HAS_FPU || BOARD_HAS_MVE
  CPACR |= FULL_ACCESS_CP10_CP11;
  ghost_barrier();
#endif
#if BOARD_ARMV8M
  __asm volatile("msr msplim, %0" ::"r"(ghost_stack_limit));
#endif
}

_Noreturn void ghost_reset(void) {
  start_core();
  fill(ghost_stack_limit, (uintptr_t)(ghost_stack_pointer() - 64u) & ~(uintptr_t)7u,
       GHOST_STACK_PAINT);
  ghost_startup_family();
  const uint32_t *from = ghost_data_load;
  for (uint32_t *to = ghost_data_start; (uintptr_t)to < (uintptr_t)ghost_data_end; to++) {
    *to = *from++;
    NO_CALL();
  }
  fill(ghost_bss_start, (uintptr_t)ghost_bss_end, 0u);
  ghost_watchdog_start();
  (void)main();
  ghost_stop();
}
