/* SPDX-License-Identifier: Apache-2.0 */
/* ghost_dot6.S in C, for machines that it does not know. */
#include "ghost_dot6.h"

const uint32_t *ghost_dot6(const uint32_t *w, const int32_t *table, const uint32_t *starts,
                           int32_t *sums) {
  uint32_t all[3] = {starts[0], starts[2], starts[4]};
  uint32_t upper[3] = {starts[1], starts[3], starts[5]};
  const uint32_t offset = (uint32_t)*table++;
  for (; table[2] != 0; table += 3) {
    for (int32_t i = 0; i < 3; i++) {
      const uint32_t v = *w++;
      const uint32_t a = (v >> 8) & 0x00ff00ffU;
      const uint32_t r = v * (uint32_t)table[0] + a * (uint32_t)table[1] + (uint32_t)table[2];
      all[i] += r;
      upper[i] += (uint32_t)((int32_t)r >> 16);
    }
  }
  for (int32_t i = 0; i < 3; i++) {
    sums[2 * i] = (int32_t)(all[i] - (upper[i] << 16) + offset);
    sums[2 * i + 1] = (int32_t)upper[i];
  }
  return w;
}
