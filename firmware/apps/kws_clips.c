/* SPDX-License-Identifier: Apache-2.0 */
/* The sound around each word: it is kept as it comes, and after a word sent, a hop for every hop
 * that is heard meanwhile, so that it needs no memory besides and takes no time from the network
 * but what a packet takes.
 *
 *        oldest                    newest
 *   kept [ n - KEPT + 1 … … … … … … n ]          the word is heard when n has come;
 *   sent   from there                    to n + CLIP_AFTER, each when it is the oldest */
#include "apps/kws_clips.h"

#include <stdbool.h>
#include <string.h>

#include "clip.h"
#include "hop.h"
#include "runtime/cpu.h"
#include "runtime/hops.h"
#include "runtime/live.h"
#include "runtime/text.h"

GHOST_NOINIT static int16_t clip_samples[CLIP_KEPT][MICROPHONE_HOP];
GHOST_NOINIT static uint32_t clip_numbers[CLIP_KEPT]; /* each hop's, dropped ones counted */
static uint32_t oldest;                               /* its place; the next hop goes there */
static bool full;                                     /* no place is empty any more */
static bool due;
static uint32_t end; /* the number behind the last hop that is due */

void clips_keep(uint32_t number, const int16_t *samples) {
  memcpy(clip_samples[oldest], samples, sizeof clip_samples[0]);
  clip_numbers[oldest] = number;
  if (++oldest == CLIP_KEPT) {
    oldest = 0u;
    full = true;
  }
}

void clips_word(void) {
  const uint32_t newest = clip_numbers[oldest == 0u ? CLIP_KEPT - 1u : oldest - 1u];
  const uint32_t first = clip_numbers[full ? oldest : 0u];
  end = newest + 1u + CLIP_AFTER;
  due = true;
  ghost_live_number(",\"clip\":{\"first\":", first);
  ghost_live_number(",\"hops\":", end - first);
  ghost_live_number(",\"hop_ms\":", GHOST_HOP_MS);
  ghost_text("}");
}

void clips_send(void) {
  if (!due || !full) return;
  const uint32_t number = clip_numbers[oldest];
  due = (int32_t)(end - number) > 0;
  if (due) ghost_hops_send(number, clip_samples[oldest]);
}
