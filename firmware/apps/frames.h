/* SPDX-License-Identifier: Apache-2.0 */
/* What is a frame for apps/stream.c: one of the network, or in the denoise app a hop of sound. */
#ifndef FRAMES_H
#define FRAMES_H

#include <stdint.h>

#include "app_model.h"

#ifdef APP_HOPS

#include "enhancer.h"

#define APP_NAME "denoise"
#define APP_DTYPE 1 /* int16, of inputs and outputs */

typedef struct {
  int16_t samples[ENHANCER_HOP];
} app_in_t;
typedef app_in_t app_out_t;

void app_reset(app_model_state_t *state);
void app_step(app_model_state_t *state, app_model_scratch_t *scratch, const app_in_t *in,
              app_out_t *out);
/* Leaves the outputs as they are: the last hop's. */
void app_head(const app_model_state_t *state, app_model_scratch_t *scratch, app_out_t *out);

#else

#define APP_NAME "stream"
#define APP_DTYPE APP_MODEL_INPUT_DTYPE

typedef app_model_in_t app_in_t;
typedef app_model_out_t app_out_t;

#define app_reset app_model_reset
#define app_step app_model_step
#define app_head app_model_head

#endif

#endif
