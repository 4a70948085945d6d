/* SPDX-License-Identifier: Apache-2.0 */
/* What runs between reset and main(). */
#ifndef GHOST_STARTUP_H
#define GHOST_STARTUP_H

/* Where reset enters. */
_Noreturn void ghost_reset(void);

/* The family's own part: clocks, debug port, errata. Runs before .data and .bss are set up, so it
 * may use neither. */
void ghost_startup_family(void);

/* Every exception and interrupt that nothing handles. */
void ghost_fault(void);

int main(void);

#endif
