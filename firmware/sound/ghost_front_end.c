/* SPDX-License-Identifier: Apache-2.0 */
/*
 * samples --window--> spectrum --transform, energies--> spectrum --filter bank--> signal
 * signal --noise reduction, gain--> signal --log--> features
 */
#include "ghost_front_end.h"

#include <string.h>

bool ghost_front_end_hop(const ghost_front_end_constants *c, const ghost_front_end_memory *m,
                         const int16_t *samples, uint16_t *features) {
  const bool full = *m->held == c->history;
  if (full) {
    const int32_t shift = ghost_window(c, m->history, samples, m->spectrum);
    ghost_fft(m->spectrum, c->points, c->twiddles);
    ghost_energies(c, m->spectrum);
    ghost_filter_bank(c, m->spectrum, shift, m->signal);
    ghost_noise_reduction(c->channels, m->signal, m->noise);
    ghost_pcan(c, m->signal, m->noise);
    ghost_log(c, m->signal, features);
  } else {
    *m->held = (uint16_t)(*m->held + c->hop);
  }
  if (c->history > 0U) {
    const uint32_t rest = (uint32_t)c->history - c->hop;
    memmove(m->history, m->history + c->hop, rest * sizeof *samples);
    memcpy(m->history + rest, samples, c->hop * sizeof *samples);
  }
  return full;
}
