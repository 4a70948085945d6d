/* SPDX-License-Identifier: Apache-2.0 */
#ifndef APP_MODEL_H
#define APP_MODEL_H

#include "model.h"

#define APP_MODEL_NAME "dummy"
#define APP_MODEL_HASH {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 255}
#define APP_FIRMWARE_VERSION "9.9"
#define APP_MODEL_INPUTS 1
#define APP_MODEL_OUTPUTS 1
#define APP_MODEL_HEAD_PER_FRAME DUMMY_HEAD_PER_FRAME
#define APP_MODEL_INPUT_DTYPE 0
#define APP_MODEL_OUTPUT_DTYPE 0

typedef dummy_in_t app_model_in_t;
typedef dummy_out_t app_model_out_t;
typedef dummy_state_t app_model_state_t;
typedef dummy_scratch_t app_model_scratch_t;

#define app_model_reset dummy_reset
#define app_model_step dummy_step
#define app_model_head dummy_head

#endif
