/* SPDX-License-Identifier: Apache-2.0 */
/* As much of Arduino's core as the exported sketches use, on a C library. */
#ifndef ARDUINO_H
#define ARDUINO_H

#include <stdint.h>
#include <stdio.h>

struct Console {
  void begin(unsigned long) {}
  void print(const char *text) { fputs(text, stdout); }
  void println(const char *text) { puts(text); }
  explicit operator bool() const { return true; }
};
static Console Serial;

void setup();
void loop();

#endif
