/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GOLDEN_H
#define GOLDEN_H

#include <stdint.h>

extern const uint32_t golden_cases;
extern const uint16_t golden_frames[];
extern const int8_t golden_inputs[];
extern const int8_t golden_outputs[];

#endif
