/* SPDX-License-Identifier: Apache-2.0 */
/* The stack lies at the start of RAM, so an overflow runs off the memory and faults. */
#ifndef GHOST_STACK_H
#define GHOST_STACK_H

#include <stdint.h>

#define GHOST_STACK_PAINT 0xC5C5C5C5u

/* Set by linker.ld. */
extern uint32_t ghost_stack_limit[]; /* lowest address */
extern uint32_t ghost_stack_top[];

uint32_t ghost_stack_size(void);

/* Bytes that have been in use at the deepest point since reset: start-up painted the stack. */
uint32_t ghost_stack_used(void);

#endif
