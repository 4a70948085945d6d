/* SPDX-License-Identifier: Apache-2.0 */
/* A model without a network: enough to try the runtime on. */
#ifndef DUMMY_MODEL_H
#define DUMMY_MODEL_H

#include <stdint.h>

#define DUMMY_INPUT_BYTES 4
#define DUMMY_OUTPUT_BYTES 3
#ifndef DUMMY_HEAD_PER_FRAME
#define DUMMY_HEAD_PER_FRAME 0
#endif

typedef struct {
  int8_t x[4];
} dummy_in_t;
typedef struct {
  int8_t y[3];
} dummy_out_t;
typedef struct {
  int32_t sum;
  uint32_t frames;
  int8_t last[4];
} dummy_state_t;
typedef struct {
  int8_t arena[8];
} dummy_scratch_t;

void dummy_reset(dummy_state_t *state);
void dummy_step(dummy_state_t *state, dummy_scratch_t *scratch, const dummy_in_t *in,
                dummy_out_t *out);
void dummy_head(const dummy_state_t *state, dummy_scratch_t *scratch, dummy_out_t *out);

#endif
