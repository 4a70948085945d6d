/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GHOST_SIGMOID_LINES_H
#define GHOST_SIGMOID_LINES_H

#include <stdint.h>

/**
 * ghost_interpolate as lines, so that the vector unit reads a segment at once and needs no sign:
 * for j = floor(u / 512) from -256 to 255, entry 256 + j holds a << 16 | b, both signed, and
 * sigma(u / 12288) - 1/2 in Q0.25 is 512 a + b u.
 */
extern const int32_t ghost_sigmoid_lines[512];

#endif
