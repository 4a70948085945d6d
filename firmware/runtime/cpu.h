/* SPDX-License-Identifier: Apache-2.0 */
/* The few core instructions and registers that the runtime needs, on every Cortex-M. */
#ifndef GHOST_CPU_H
#define GHOST_CPU_H

#include <stdint.h>

#define GHOST_REGISTER(address) (*(volatile uint32_t *)(uintptr_t)(address))

/* For variables that nothing reads before it wrote them: clearing them would delay the start. */
#define GHOST_NOINIT __attribute__((section(".noinit")))

static inline void ghost_interrupts_off(void) { __asm volatile("cpsid i" ::: "memory"); }
static inline void ghost_interrupts_on(void) { __asm volatile("cpsie i" ::: "memory"); }
static inline void ghost_wait_for_interrupt(void) { __asm volatile("dsb\n\twfi" ::: "memory"); }
static inline void ghost_barrier(void) { __asm volatile("dsb\n\tisb" ::: "memory"); }

/* For what an interrupt or a DMA shares with the program: all accesses to memory before it are done
 * before all after it. The compiler would move any that are not volatile; the core does not. */
static inline void ghost_in_order(void) { __asm volatile("" ::: "memory"); }

static inline uint32_t ghost_stack_pointer(void) {
  uint32_t sp;
  __asm volatile("mov %0, sp" : "=r"(sp));
  return sp;
}

/* NVIC_ISER: lets an external interrupt through. */
static inline void ghost_interrupt_enable(uint32_t irq) {
  GHOST_REGISTER(0xE000E100u + 4u * (irq >> 5)) = 1u << (irq & 31u);
}

/* Sleeps for good; only a reset or a debugger gets out. */
static inline _Noreturn void ghost_stop(void) {
  ghost_interrupts_off();
  for (;;) ghost_wait_for_interrupt();
}

#endif
