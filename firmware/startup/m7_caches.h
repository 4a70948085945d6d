/* SPDX-License-Identifier: Apache-2.0 */
/* The caches of a Cortex-M7 (Arm DDI 0489, chapter 5).
 *
 * Nothing here can get out of step: only the core writes to memory, there is no DMA; code is never
 * written while it runs; peripherals are in addresses that the core does not cache.
 */
#ifndef GHOST_M7_CACHES_H
#define GHOST_M7_CACHES_H

#include "runtime/cpu.h"

#define M7_CCR GHOST_REGISTER(0xE000ED14u)
#define M7_CCSIDR GHOST_REGISTER(0xE000ED80u) /* the size of the cache that CSSELR selects */
#define M7_CSSELR GHOST_REGISTER(0xE000ED84u)
#define M7_ICIALLU GHOST_REGISTER(0xE000EF50u) /* empties the instruction cache */
#define M7_DCISW GHOST_REGISTER(0xE000EF60u)   /* empties a line of the data cache */

enum { M7_DATA_CACHE = 1 << 16, M7_INSTRUCTION_CACHE = 1 << 17 };

static inline void m7_caches_on(void) {
  /* A boot loader may have done it; then the lines hold what RAM does not have yet. */
  if ((M7_CCR & M7_DATA_CACHE) != 0u) return;
  M7_ICIALLU = 0u; /* after power-on, caches hold rubbish */
  M7_CSSELR = 0u;  /* data, level 1 */
  ghost_barrier();
  const uint32_t last_set = M7_CCSIDR >> 13 & 0x7FFFu;
  for (uint32_t set = 0u; set <= last_set; set++) {
    for (uint32_t way = 0u; way < 4u; way++)
      M7_DCISW = way << 30 | set << 5; /* lines of 32 bytes */
  }
  ghost_barrier();
  M7_CCR |= M7_INSTRUCTION_CACHE | M7_DATA_CACHE;
  ghost_barrier();
}

#endif
