/* SPDX-License-Identifier: Apache-2.0 */
/* A microphone that hears what comes on standard input, 100 bytes for each turn of loop(). */
#ifndef PDM_H
#define PDM_H

#include <stdio.h>

struct Microphone {
  void onReceive(void (*function)()) { received = function; }
  int begin(int channels, int rate) { return channels == 1 && rate == 16000; }
  int available() const { return have; }
  int read(void *buffer, int bytes) {
    const int got = (int)fread(buffer, 1, (size_t)(bytes < have ? bytes : have), stdin);
    have -= got;
    return got;
  }
  bool turn() {
    have = 100;
    received();
    return have == 0;
  }
  void (*received)() = nullptr;
  int have = 0;
};
static Microphone PDM;

#endif
