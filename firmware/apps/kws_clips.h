/* SPDX-License-Identifier: Apache-2.0 */
/* What the app kws_clips adds to kws: the sound around each word that it reports. */
#ifndef KWS_CLIPS_H
#define KWS_CLIPS_H

#include <stdint.h>

#ifdef APP_CLIPS

#define KWS_NAME "kws_clips"

/* Keeps the hop that was taken last, in place of the oldest. */
void clips_keep(uint32_t number, const int16_t *samples);

/* Has the sound around the hop kept last sent, and says in the word's line which that will be. */
void clips_word(void);

/* While a clip is due, sends the oldest hop that is kept. */
void clips_send(void);

#else

#define KWS_NAME "kws"

static inline void clips_keep(uint32_t number, const int16_t *samples) {
  (void)number;
  (void)samples;
}

static inline void clips_word(void) {}

static inline void clips_send(void) {}

#endif

#endif
