/* SPDX-License-Identifier: Apache-2.0 */
/* Vectors and reset for the images of tests; handlers that a test does not have stop the board. */
#include <stdint.h>

extern uint32_t stack_top[];
int main(void);

void stop(void) {
    __asm volatile("cpsid i");
    for (;;) __asm volatile("wfi");
}

#define OTHERWISE_STOP __attribute__((weak, alias("stop")))
OTHERWISE_STOP void hard_fault(void);
OTHERWISE_STOP void systick(void);
OTHERWISE_STOP void irq0(void);
OTHERWISE_STOP void irq2(void);

__attribute__((naked)) void reset(void) {
    __asm volatile("bl main\n"
                   "1: wfi\n"
                   "b 1b");
}

__attribute__((section(".vectors"), used)) void *const vectors[48] = {
    stack_top, reset, stop, hard_fault, stop, stop, stop, stop, stop, stop,
    stop, stop, stop, stop, stop, systick, irq0, stop, irq2,
};
