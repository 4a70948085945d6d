/* SPDX-License-Identifier: Apache-2.0 */
/* What happens when the kws app has recognised a word: yours to say.
 *
 * Put a C file into the folder `user` of the build folder that defines ghost_on_word(), and build
 * again: it takes the place of the app's own, which does nothing. */
#ifndef KWS_H
#define KWS_H

#include <stdint.h>

#include "detector.h"

/* Called in the main loop, after the event's line went to the console and the LED went on. Sound
 * goes on meanwhile; what takes longer than two hops costs hops, which are counted and reported; a
 * watchdog bites if it takes that long.
 *
 *   word  its number; detector.words[word].name is its name
 *   sum   its outputs added over DETECTOR_WINDOW frames; 256 * DETECTOR_WINDOW would be certainty
 *   ms    end of the frame that completed it, in milliseconds of sound since the start; after 49
 *         days it begins at 0 again, so that the difference of two is right all the same
 */
void ghost_on_word(uint32_t word, uint32_t sum, uint32_t ms);

#endif
