/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/stack.h"

uint32_t ghost_stack_size(void) {
  return (uint32_t)((uintptr_t)ghost_stack_top - (uintptr_t)ghost_stack_limit);
}

uint32_t ghost_stack_used(void) {
  const volatile uint32_t *word = ghost_stack_limit; /* what lies there is nobody's variable */
  while ((uintptr_t)word < (uintptr_t)ghost_stack_top && *word == GHOST_STACK_PAINT) word++;
  return (uint32_t)((uintptr_t)ghost_stack_top - (uintptr_t)word);
}
