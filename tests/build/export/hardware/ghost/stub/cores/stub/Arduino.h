/* SPDX-License-Identifier: Apache-2.0 */
/* As much of Arduino's core as the exported sketches use, on a C library. */
#ifndef ARDUINO_H
#define ARDUINO_H

#include <stdint.h>
#include <stdio.h>

struct Console {
  void begin(unsigned long) {}
  void print(const char *text) { fputs(text, stdout); }
  void print(double value, int digits) { printf("%.*f", digits, value); }
  void println(const char *text) { puts(text); }
  int peek() { return ungetc(getchar(), stdin); }
  int read() { return getchar(); }
  int available() { return peek() == EOF ? 0 : 1; }
  float parseFloat() {
    float value = 0;
    return scanf("%f", &value) == 1 ? value : 0;
  }
  explicit operator bool() const { return true; }
};
static Console Serial;

void setup();
void loop();

#endif
