/* SPDX-License-Identifier: Apache-2.0 */
#include "model.h"

#include <string.h>

/* An address at which no board that QEMU has answers. */
#if defined(__ARM_ARCH_6M__)
#define NOWHERE 0xDEADBEE0u
#else
#define NOWHERE 0xF1234560u
#endif

static const int8_t weights[4] = {1, -2, 3, -4};
static volatile uint32_t spin = 7; /* in .data: checks that start-up copies it */

void dummy_reset(dummy_state_t *state) { (void)memset(state, 0, sizeof *state); }

/* Inputs of -128 in turn make it fault, so that a test can see how that is reported. */
static void misbehave(int8_t how) {
  if (how == 1) *(volatile uint32_t *)(uintptr_t)NOWHERE = 1u;
  if (how == 2) __asm volatile("udf #0");
#if !defined(__ARM_ARCH_6M__)
  if (how == 3) {
    uint32_t zero = 0u, result;
    __asm volatile("udiv %0, %1, %1" : "=r"(result) : "r"(zero));
  }
#endif
  if (how == 5) { /* thirty million instructions */
    uint32_t left = 10000000u;
    __asm volatile(".syntax unified\n1:\tsubs %0, %0, #1\n\tcmp %0, #0\n\tbne 1b" : "+l"(left) : : "cc");
  }
  if (how == 4) {
    volatile uint8_t deep[512];
    deep[0] = 1u;
    deep[511] = deep[0];
    misbehave(how);
    deep[1] = deep[511];
  }
}

void dummy_step(dummy_state_t *state, dummy_scratch_t *scratch, const dummy_in_t *in,
                dummy_out_t *out) {
  if (in->x[0] == -128) misbehave(in->x[1]);
  for (int32_t i = 0; i < 4; i++) {
    scratch->arena[i] = in->x[i];
    state->sum += weights[i] * scratch->arena[i];
    state->last[i] = in->x[i];
  }
  if (spin != 7u) state->sum = 0;
  state->frames++;
#if DUMMY_HEAD_PER_FRAME
  dummy_head(state, scratch, out);
#else
  (void)out;
#endif
}

void dummy_head(const dummy_state_t *state, dummy_scratch_t *scratch, dummy_out_t *out) {
  scratch->arena[0] = (int8_t)(state->sum & 0x7F);
  out->y[0] = scratch->arena[0];
  out->y[1] = (int8_t)(state->frames & 0x7F);
  out->y[2] = state->last[3];
}
