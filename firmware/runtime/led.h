/* SPDX-License-Identifier: Apache-2.0 */
/* The board's light. One driver of firmware/drivers implements this. */
#ifndef GHOST_LED_H
#define GHOST_LED_H

#include <stdbool.h>

void ghost_led_set(bool on);

#endif
