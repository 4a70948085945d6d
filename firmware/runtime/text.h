/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of text on the console, without printf. A line is sent when it ends or gets too long. */
#ifndef GHOST_TEXT_H
#define GHOST_TEXT_H

#include <stdint.h>

void ghost_text(const char *string);
void ghost_text_int(int32_t value);
void ghost_text_uint(uint64_t value);
void ghost_text_hex(uint32_t value); /* 0x and eight digits */

/* Forgets what has not been sent; for a fault handler, which may have cut in anywhere. */
void ghost_text_restart(void);

#endif
