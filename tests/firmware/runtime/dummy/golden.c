/* SPDX-License-Identifier: Apache-2.0 */
#include "golden.h"

const uint32_t golden_cases = 2;
const uint16_t golden_frames[] = {1, 3};
const int8_t golden_inputs[] = {1, 2, 3, 4, 5, 0, 0, 0, 0, 0, 7, 0, 1, 1, 1, -9};
/* 1 - 4 + 9 - 16 = -10; 5 + 21 + 1 - 2 + 3 + 36 = 64. */
const int8_t golden_outputs[] = {118, 1, 4, 64, 3, -9};
