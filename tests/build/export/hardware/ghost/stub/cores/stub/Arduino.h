/* SPDX-License-Identifier: Apache-2.0 */
/* As much of Arduino's core as the exported sketches use, on a C library. */
#ifndef ARDUINO_H
#define ARDUINO_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

struct Console {
  void begin(unsigned long) {}
  void print(const char *text) { fputs(text, stdout); }
  void print(double value, int digits) { printf("%.*f", digits, value); }
  void print(int value) { printf("%d", value); }
  void println(const char *text) { puts(text); }
  void println(int value) { printf("%d\n", value); }
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

template <typename T>
static T max(T a, T b) {
  return a > b ? a : b;
}

void setup();
void loop();

#endif
