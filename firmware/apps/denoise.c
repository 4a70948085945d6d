/* SPDX-License-Identifier: Apache-2.0 */
/* Sound in, clean sound out: apps/stream.c with a hop of samples for a frame. */
#include "apps/frames.h"

static enhancer_stream_t sound;
static enhancer_work_t work;
static app_model_in_t heard;
static app_model_out_t gains;

_Static_assert(sizeof heard == ENHANCER_BANDS && sizeof gains == ENHANCER_BANDS,
               "the network reads and writes a value for each band");
_Static_assert(APP_MODEL_HEAD_PER_FRAME, "the network must have outputs for every frame");

void app_reset(app_model_state_t *state) {
  enhancer_start(&sound);
  app_model_reset(state);
}

void app_step(app_model_state_t *state, app_model_scratch_t *scratch, const app_in_t *in,
              app_out_t *out) {
  enhancer_analyse(&sound, &work, in->samples, (int8_t *)&heard);
  app_model_step(state, scratch, &heard, &gains);
  enhancer_synthesise(&sound, &work, (const int8_t *)&gains, out->samples);
}

void app_head(const app_model_state_t *state, app_model_scratch_t *scratch, app_out_t *out) {
  (void)state;
  (void)scratch;
  (void)out;
}
