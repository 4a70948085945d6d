/* SPDX-License-Identifier: Apache-2.0 */
/* nRF5340, application core: trim values, cache, 128 MHz, crystal, debug port.
 *
 * All is secure after reset, so the registers are those of the secure aliases. The network core
 * stays in reset until somebody lets it go.
 */
#include <stdbool.h>
#include <stddef.h>

#include "runtime/cpu.h"
#include "startup/startup.h"

#define CACHE_ENABLE GHOST_REGISTER(0x50001500u)              /* of code and constants */
#define CLOCK_TASKS_HFCLKSTART GHOST_REGISTER(0x50005000u)    /* starts the crystal */
#define CLOCK_EVENTS_HFCLKSTARTED GHOST_REGISTER(0x50005100u) /* 1 once it is stable */
#define CLOCK_HFCLKCTRL GHOST_REGISTER(0x50005558u)           /* 128 MHz divided by 2^this */
#define NVMC_READY GHOST_REGISTER(0x50039400u)                /* 0 while flash is written */
#define NVMC_CONFIG GHOST_REGISTER(0x50039504u)               /* whether it may be written */
/* Each lock has an owner's half in UICR and a firmware's half in CTRL-AP. */
#define UICR_APPROTECT GHOST_REGISTER(0x00FF8000u)
#define UICR_SECUREAPPROTECT GHOST_REGISTER(0x00FF801Cu)
#define CTRLAP_APPROTECT_DISABLE GHOST_REGISTER(0x50006544u)
#define CTRLAP_SECUREAPPROTECT_DISABLE GHOST_REGISTER(0x5000654Cu)
#define FICR_PART_FAMILY GHOST_REGISTER(0x00FF0130u)                /* 7: nRF5340 */
#define FICR_REVISION GHOST_REGISTER(0x00FF0134u)                   /* 5: revision 1 */
#define FICR_TRIM_ADDRESS(i) GHOST_REGISTER(0x00FF0300u + 8u * (i)) /* a register … */
#define FICR_TRIM_DATA(i) GHOST_REGISTER(0x00FF0304u + 8u * (i))    /* … and its value */
#define AIRCR GHOST_REGISTER(0xE000ED0Cu)

enum { NVMC_READ = 0, NVMC_WRITE = 1, TRIMS = 32 };

#define ERASED 0xFFFFFFFFu
#define UNPROTECTED 0x50FA50FAu
#define SYSTEM_RESET 0x05FA0004u

/* The factory measured each chip and left it to firmware to put the values in place. */
static void trim(void) {
  for (uint32_t i = 0u; i < TRIMS && FICR_TRIM_ADDRESS(i) != ERASED; i++) {
    GHOST_REGISTER(FICR_TRIM_ADDRESS(i)) = FICR_TRIM_DATA(i);
  }
}

/* Anomaly 160: revision 1 may fail in the cold, unless registers without a public name say this. */
static void work_around_160(void) {
  static const struct {
    uint32_t address, value;
  } values[] = {
      {0x5000470Cu, 0x7Eu}, {0x5000493Cu, 0x7Eu}, {0x50002118u, 0x7Fu},
      {0x50039E04u, 0u},    {0x50039E08u, 0u},    {0x50101110u, 0u},
      {0x50002124u, 0u},    {0x5000212Cu, 0u},    {0x502012A0u, 0u},
  };
  if (FICR_PART_FAMILY != 7u || FICR_REVISION < 5u) return;
  for (size_t i = 0u; i < sizeof values / sizeof values[0]; i++) {
    GHOST_REGISTER(values[i].address) = values[i].value;
  }
}

/* Writes a word of UICR that nobody has written yet. True when it changed. */
static bool open_for_good(volatile uint32_t *word) {
  if (*word != ERASED) return false; /* the owner wanted what it says */
  NVMC_CONFIG = NVMC_WRITE;
  while (NVMC_READY == 0u) {
  }
  *word = UNPROTECTED;
  while (NVMC_READY == 0u) {
  }
  NVMC_CONFIG = NVMC_READ;
  return *word != ERASED;
}

/* The debug port locks itself at every reset, unless UICR and CTRL-AP both say otherwise, for
 * debugging as a whole and for that of secure code. On an erased chip UICR says nothing yet: write
 * it, once, and reset to make it count. */
static void open_debug_port(void) {
  const bool changed = open_for_good(&UICR_APPROTECT);
  if (open_for_good(&UICR_SECUREAPPROTECT) || changed) {
    ghost_barrier();
    AIRCR = SYSTEM_RESET;
    for (;;) {
    }
  }
  if (UICR_APPROTECT == UNPROTECTED) CTRLAP_APPROTECT_DISABLE = UNPROTECTED;
  if (UICR_SECUREAPPROTECT == UNPROTECTED) CTRLAP_SECUREAPPROTECT_DISABLE = UNPROTECTED;
}

void ghost_startup_family(void) {
  trim();
  work_around_160();
  /* The internal oscillator is too coarse for a UART; the crystal takes 0.4 ms. */
  CLOCK_EVENTS_HFCLKSTARTED = 0u;
  CLOCK_TASKS_HFCLKSTART = 1u;
  CLOCK_HFCLKCTRL = 0u; /* 64 MHz after reset */
  CACHE_ENABLE = 1u;
  open_debug_port();
  while (CLOCK_EVENTS_HFCLKSTARTED == 0u) {
  }
}
