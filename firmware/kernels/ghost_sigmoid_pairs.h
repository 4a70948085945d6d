/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GHOST_SIGMOID_PAIRS_H
#define GHOST_SIGMOID_PAIRS_H

#include <stdint.h>

/**
 * Halves: y = sigma(i / 24) - 1/2 in Q0.16 as in ghost_sigmoid_table, negative i included, and the
 * step to the next. i = -256 … 255 is entry 256 + i. Between nodes the table is linear and odd, so
 * counting from the node below gives the same for negative arguments as mirroring positive ones.
 */
extern const uint32_t ghost_sigmoid_pairs[512];

#endif
