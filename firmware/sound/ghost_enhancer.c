/* SPDX-License-Identifier: Apache-2.0 */
#include "ghost_enhancer.h"

static int32_t clamp(int32_t x, int32_t least, int32_t most) {
  return x < least ? least : x > most ? most : x;
}

void ghost_enhancer_analyse(const ghost_enhancer_constants *c, const ghost_enhancer_memory *m,
                            const int16_t *samples, int8_t *frame) {
  ghost_stft_analyse(&c->stft, m->history, samples, m->spectrum);
  ghost_bands_logarithms(&c->bands, m->spectrum, m->logarithms);
  for (uint32_t i = 0; i < c->bands.count; i++) {
    /* of 16 bits each, so that their product fits */
    const int32_t away = clamp(m->logarithms[i] - c->means[i], -32768, 32767);
    frame[i] = (int8_t)clamp((away * c->multipliers[i] + (1 << 15)) >> 16, -128, 127);
  }
}

void ghost_enhancer_synthesise(const ghost_enhancer_constants *c, const ghost_enhancer_memory *m,
                               const int8_t *outputs, int16_t *samples) {
  for (uint32_t i = 0; i < c->bands.count; i++) m->gains[i] = c->gains[outputs[i] + 128];
  ghost_bands_apply(&c->bands, m->gains, m->spectrum);
  ghost_stft_synthesise(&c->stft, m->overlap, m->spectrum, samples);
}
