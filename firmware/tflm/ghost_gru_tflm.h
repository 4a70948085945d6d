/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * The GhostGRU custom operator for TensorFlow Lite Micro:
 *
 *     tflite::MicroMutableOpResolver<N> resolver;
 *     resolver.AddCustom(GHOST_GRU_CUSTOM_CODE, ghost_gru_registration());
 */
#ifndef GHOST_GRU_TFLM_H
#define GHOST_GRU_TFLM_H

#include "tensorflow/lite/micro/micro_common.h"

/** What `.tflite` files call the operator. */
#define GHOST_GRU_CUSTOM_CODE "GhostGRU"

/** Return the operator's registration, which lives as long as the program. */
const TFLMRegistration *ghost_gru_registration();

#endif
