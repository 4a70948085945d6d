/* SPDX-License-Identifier: Apache-2.0 */
/* The console UART. One driver of firmware/drivers implements this; board.h says which. */
#ifndef GHOST_CONSOLE_H
#define GHOST_CONSOLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Sets up pins and baud rate and starts sending; also gets a stuck transmitter going again. */
void ghost_console_init(void);

/* Sends bytes that lie in RAM and stay unchanged until ghost_console_flush() returns or a later
 * ghost_console_send() does: hardware with DMA reads them while the program goes on. */
void ghost_console_send(const uint8_t *data, size_t size);

/* Waits until everything has been sent. */
void ghost_console_flush(void);

/* Starts receiving into a ring of `size` bytes, which holds size - 1. */
void ghost_console_receive(uint8_t *ring, uint32_t size);

/* Takes one received byte; false when there is none. */
bool ghost_console_read(uint8_t *byte);

/* Sleeps until something has been received, or another interrupt came. */
void ghost_console_wait(void);

/* Bytes lost since the ring was full or the UART was not served in time. */
uint32_t ghost_console_overruns(void);

/* The receive interrupt; the vector table holds it. */
void ghost_console_interrupt(void);

#endif
