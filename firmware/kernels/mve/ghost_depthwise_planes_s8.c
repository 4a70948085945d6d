/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TFLite's DEPTHWISE_CONV_2D, a tile of places and 16 channels of the input at a time.
 *
 * A tile is some rows of the output, or a part of one: its places lie one behind the other.
 *
 *   scratch  [ four planes | where the first tap is in each, at each place of the tile ]
 *   plane    [ four channels of each place that the tile sees, outside the image the zero point ]
 *
 * In a plane all taps of a channel are within what a byte can say: one gather load takes them.
 */
#include <arm_mve.h>

#include "ghost_nn.h"
#include "ghost_plane_s8.h"

#define LANES 16

static int32_t least(int32_t a, int32_t b) { return a < b ? a : b; }

/** Put 16 channels of places, the first `channels` of which count, to all planes. */
static inline void spread(const int8_t *from, int32_t stride, int32_t count, int32_t channels,
                          const uint32_t *planes, int8_t *to) {
  __asm volatile(
      "vldrw.u32 q1, [%[planes]]\n\t"
      "cmp %[channels], #16\n\t"
      "bne 2f\n\t"
      "wls lr, %[count], 4f\n"
      "1:\n\t"
      "vldrb.u8 q0, [%[from]]\n\t"
      "vstrw.32 q0, [%[to], q1]\n\t"
      "add %[from], %[stride]\n\t"
      "add %[to], #4\n\t"
      "le lr, 1b\n\t"
      "b 4f\n"
      "2:\n\t" /* no more is read than there is */
      "vctp.8 %[channels]\n\t"
      "wls lr, %[count], 4f\n"
      "3:\n\t"
      "vpst\n\t"
      "vldrbt.u8 q0, [%[from]]\n\t"
      "vstrw.32 q0, [%[to], q1]\n\t"
      "add %[from], %[stride]\n\t"
      "add %[to], #4\n\t"
      "le lr, 3b\n"
      "4:"
      : [from] "+r"(from), [to] "+r"(to)
      : [stride] "r"(stride), [count] "r"(count), [channels] "r"(channels), [planes] "r"(planes)
      : "q0", "q1", "lr", "memory", "cc");
}

/** Fill the planes with the zero point: a tile may see more than the image. */
static void clear(int32_t value, uint32_t bytes, int8_t *planes) {
  const int8x16_t every = vdupq_n_s8((int8_t)value);
  for (; bytes > 0; bytes -= LANES, planes += LANES) vstrbq_s8(planes, every);
}

/** Fill the planes with what a tile sees of up to 16 channels of the image. */
static void fill(const ghost_depthwise_planes_params *p, const int8_t *x, int32_t top, int32_t left,
                 int32_t channels, const uint32_t *planes, int8_t *to) {
  const ghost_window *const w = &p->window;
  const ghost_taps rows = ghost_taps_inside(top, p->seen_height, 1, w->height);
  const ghost_taps columns = ghost_taps_inside(left, p->seen_width, 1, w->width);
  const int32_t row_bytes = w->width * p->channels;
  const int8_t *from = x + (top + rows.first) * row_bytes + (left + columns.first) * p->channels;
  to += 4 * (rows.first * p->seen_width + columns.first);
  for (int32_t i = rows.first; i < rows.end; i++, from += row_bytes, to += 4 * p->seen_width) {
    spread(from, p->channels, columns.end - columns.first, channels, planes, to);
  }
}

/** Where the first tap is in each plane, at each place of a tile; returns how many places. */
static int32_t list(const ghost_depthwise_planes_params *p, const int8_t *first, int32_t rows,
                    int32_t columns, uint32_t plane_bytes, uint32_t *places) {
  const int32_t row_bytes = 4 * p->window.stride_y * p->seen_width;
  int32_t count = 0;
  for (int32_t i = 0; i < rows; i++, first += row_bytes) {
    const int8_t *at = first;
    for (int32_t j = 0; j < columns; j++, at += 4 * p->window.stride_x) {
      places[count++] = (uint32_t)(uintptr_t)at;
    }
  }
  const int32_t all = (count + 3) & ~3;
  for (int32_t i = count; i < all; i++) places[i] = places[count - 1];
  for (int32_t i = 0; i < 3 * all; i += 4) {
    vstrwq_u32(places + all + i, vaddq_n_u32(vldrwq_u32(places + i), plane_bytes));
  }
  return count;
}

/** Outputs of up to 16 channels of a tile, from the one that is o; the offsets stay as they are. */
static void block(const ghost_depthwise_planes_params *p, ghost_plane *plane,
                  const uint32_t *places, int32_t channels, int32_t o, int8_t *y) {
  const int32_t all = 4 * (plane->fours + (plane->left > 0));
  const int8_t *weights = p->weights + o * plane->taps;
  const int32_t *scaling = p->scalings + 3 * o;
  for (int32_t c = 0; c < LANES; c++) {
    for (int32_t i = 0; i < p->multiplier && c < channels; i++) {
      ghost_plane_s8(plane, (const int8_t *const *)(const void *)places, weights, scaling, y++);
      weights += plane->taps;
      scaling += 3;
    }
    const uint8_t next = c % 4 == 3 ? (uint8_t)-3 : 1;
    vstrbq_u8(plane->offsets, vaddq_n_u8(vldrbq_u8(plane->offsets), next));
    if (next != 1) places += all;
  }
}

void ghost_depthwise_planes_s8(const ghost_depthwise_planes_params *p, void *scratch,
                               const int8_t *x, int8_t *y) {
  const ghost_window *const w = &p->window;
  const int32_t outputs = p->channels * p->multiplier;
  const uint32_t bytes = 4u * (uint32_t)(p->seen_height * p->seen_width);
  const uint32_t planes[4] = {0, bytes, 2 * bytes, 3 * bytes};
  int8_t *const first = scratch;
  uint32_t *const places = (uint32_t *)(void *)(first + 4 * bytes);
  ghost_plane plane = {.taps = w->kernel_height * w->kernel_width,
                       .zero_point = p->output_zero_point,
                       .apart = 4 * outputs};
  vstrbq_u8(plane.offsets, vldrbq_u8(p->offsets));
  vstrwq_u32(plane.lanes, vmulq_n_u32(vidupq_n_u32(0, 1), (uint32_t)outputs));
  vstrwq_s32(plane.minimum, vdupq_n_s32(p->minimum));
  vstrwq_s32(plane.maximum, vdupq_n_s32(p->maximum));
  for (int32_t row = 0; row < w->output_height; row += p->tile_height) {
    const int32_t rows = least(p->tile_height, w->output_height - row);
    for (int32_t column = 0; column < w->output_width; column += p->tile_width) {
      const int32_t columns = least(p->tile_width, w->output_width - column);
      clear(p->input_zero_point, 4 * bytes, first);
      const int32_t count = list(p, first, rows, columns, bytes, places);
      plane.fours = count / 4;
      plane.left = count % 4;
      int8_t *const to = y + (row * w->output_width + column) * outputs;
      for (int32_t c = 0; c < p->channels; c += LANES) {
        const int32_t channels = least(LANES, p->channels - c);
        fill(p, x + c, row * w->stride_y - w->top, column * w->stride_x - w->left, channels, planes,
             first);
        const int32_t o = c * p->multiplier;
        block(p, &plane, places, channels, o, to + o);
      }
    }
  }
}
