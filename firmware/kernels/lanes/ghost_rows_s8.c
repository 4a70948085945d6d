/* SPDX-License-Identifier: Apache-2.0 */
/*
 * y = clamp((W x + b) * scale + zero point), TFLite's FULLY_CONNECTED, on cores without DSP
 * instructions.
 *
 * TFLite rounds twice: v = round(2 a M / 2^32), half up, then v / 2^(s + 1), half away from zero.
 * Away from zero is half up of v, less one where v is below zero; v has the sign of a, or is 0,
 * where the one less makes no difference. So the second is exactly
 *
 *   (v + (a >> 31) + 2^s) >> (s + 1) = (((v + (a >> 31)) >> s) + 1) >> 1
 *
 *   stream    bytes: zero point, least and largest output, 1 if every row has a scale, 0 if one
 *             serves all | M of each scale | bytes: s of each, filled up to words | the rows and
 *             their starts, as ghost_dot_next reads them
 *   scratch   the table of x
 */
#include "ghost_dot6.h"
#include "ghost_lanes.h"

/** A sum times M / 2^31, divided by 2^(s + 1). */
GHOST_ONE_COPY static int32_t rescale(int32_t acc, int32_t multiplier, int32_t s) {
  const ghost_scaler scaler = ghost_scaler_of((ghost_requantizer){multiplier, 1});
  return (((ghost_scale(acc, &scaler) + (acc >> 31)) >> s) + 1) >> 1;
}

void ghost_rows_s8(const ghost_rows_params *p, void *scratch, const int8_t *x, int8_t *y) {
  const int8_t *const head = (const int8_t *)p->stream;
  const int32_t zero_point = head[0], least = head[1], largest = head[2], step = head[3];
  const int32_t scales = step == 0 ? 1 : p->outputs;
  const int32_t *multiplier = (const int32_t *)p->stream + 1;
  const uint8_t *shift = (const uint8_t *)(multiplier + scales);
  const uint32_t *w = (const uint32_t *)(multiplier + scales + ((uint32_t)scales + 3) / 4);
  ghost_dot6_table(scratch, x, p->inputs);
  for (int32_t left = p->outputs; left > 0;) {
    int32_t sums[6];
    const int32_t taken = ghost_dot_next(&w, scratch, left, sums);
    const int32_t *const end = sums + (taken < left ? taken : left);
    for (const int32_t *sum = sums; sum < end; multiplier += step, shift += step) {
      const int32_t value = rescale(*sum++, *multiplier, *shift) + zero_point;
      *y++ = (int8_t)ghost_clamp(value, least, largest);
    }
    left -= taken;
  }
}

void ghost_rows_two_s8(const ghost_rows_params *p, void *scratch, const int8_t *first_x,
                       const int8_t *second_x, int8_t *first_y, int8_t *second_y) {
  ghost_rows_s8(p, scratch, first_x, first_y);
  ghost_rows_s8(p, scratch, second_x, second_y);
}
