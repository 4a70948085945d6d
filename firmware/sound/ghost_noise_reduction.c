/* SPDX-License-Identifier: Apache-2.0 */
/*
 * noise <- s signal + (1 - s) noise,  signal <- max(signal - noise, 0.05 signal)
 *
 * Noise has 10 fractional bits, s = 0.025 in even and 0.06 in odd channels.
 */
#include "ghost_front_end.h"

void ghost_noise_reduction(uint32_t channels, uint32_t *signal, uint32_t *noise) {
  for (uint32_t i = 0; i < channels; i++) {
    const uint32_t smoothing = (i & 1U) == 0U ? 409U : 983U; /* of 2^14 */
    const uint32_t scaled = signal[i] << 10;
    /* A mean of the two, so it fits in 32 bits. */
    const uint32_t estimate =
        (uint32_t)(((uint64_t)scaled * smoothing + (uint64_t)noise[i] * (16384U - smoothing)) >>
                   14);
    noise[i] = estimate;
    const uint32_t above = estimate < scaled ? (scaled - estimate) >> 10 : 0U;
    const uint32_t least = (uint32_t)((uint64_t)signal[i] * 819U >> 14);
    signal[i] = above > least ? above : least;
  }
}
