/* SPDX-License-Identifier: Apache-2.0 */
/* Runs the golden cases that lie in flash and says which came out right, in text. */
#include <stdint.h>
#include <string.h>

#include "app_model.h"
#include "golden.h"
#include "runtime/console.h"
#include "runtime/counter.h"
#include "runtime/cpu.h"
#include "runtime/stack.h"
#include "runtime/text.h"

GHOST_NOINIT static app_model_state_t state;
GHOST_NOINIT static app_model_scratch_t scratch;
static app_model_in_t in;
static app_model_out_t out;

static uint64_t total;
static uint32_t frames;
static uint32_t shortest = UINT32_MAX;
static uint32_t longest;

static void step(const int8_t *input) {
  (void)memcpy(&in, input, sizeof in);
  const uint32_t start = ghost_counter_now();
  app_model_step(&state, &scratch, &in, &out);
  const uint32_t taken = ghost_counter_now() - start;
  total += taken;
  frames++;
  if (taken < shortest) shortest = taken;
  if (taken > longest) longest = taken;
}

static int32_t output_at(const int8_t *outputs, uint32_t index) {
#if APP_MODEL_OUTPUT_DTYPE == 1
  int16_t value;
  (void)memcpy(&value, outputs + 2u * index, sizeof value);
  return value;
#else
  return outputs[index];
#endif
}

/* Prints one case's line; true when every output is right. */
static bool compare(uint32_t number, const int8_t *expected) {
  ghost_text("case ");
  ghost_text_uint(number);
  for (uint32_t i = 0u; i < sizeof out / (APP_MODEL_OUTPUT_DTYPE + 1u); i++) {
    const int32_t want = output_at(expected, i);
    const int32_t got = output_at((const int8_t *)&out, i);
    if (got == want) continue;
    ghost_text(" output ");
    ghost_text_uint(i);
    ghost_text(": expected ");
    ghost_text_int(want);
    ghost_text(", got ");
    ghost_text_int(got);
    ghost_text("\n");
    return false;
  }
  ghost_text(" ok\n");
  return true;
}

static void print_summary(uint32_t failed) {
  ghost_text("counter ");
  ghost_text_uint(total);
  ghost_text(" ");
  ghost_text_uint(frames);
  ghost_text(" ");
  ghost_text_uint(frames == 0u ? 0u : shortest);
  ghost_text(" ");
  ghost_text_uint(longest);
  ghost_text("\nstack ");
  ghost_text_uint(ghost_stack_used());
  ghost_text(" ");
  ghost_text_uint(ghost_stack_size());
  ghost_text(failed == 0u ? "\nPASS " : "\nFAIL ");
  if (failed != 0u) {
    ghost_text_uint(failed);
    ghost_text(" of ");
  }
  ghost_text_uint(golden_cases);
  ghost_text("\n");
}

int main(void) {
  ghost_console_init();
  ghost_counter_init();
  ghost_text("mcu-ghost " APP_FIRMWARE_VERSION " selftest " APP_MODEL_NAME "\n");
  const int8_t *input = golden_inputs;
  const int8_t *expected = golden_outputs;
  uint32_t failed = 0u;
  for (uint32_t number = 0u; number < golden_cases; number++) {
    app_model_reset(&state);
    for (uint32_t frame = 0u; frame < golden_frames[number]; frame++) {
      step(input);
      input += sizeof in;
    }
#if !APP_MODEL_HEAD_PER_FRAME
    app_model_head(&state, &scratch, &out);
#endif
    if (!compare(number, expected)) failed++;
    expected += sizeof out;
  }
  print_summary(failed);
  ghost_console_flush();
  ghost_stop();
}
