/* SPDX-License-Identifier: Apache-2.0 */
/* TFLite's CONV_2D as rows times what lies below the window, two places at a time. */
#include "ghost_nn.h"

/** A run over the places of an image, and room for what lies below the window at one of them. */
typedef struct {
  const ghost_conv_rows_params *p;
  const int8_t *x;
  int32_t row;
  int32_t column;
} place;

static void copy(const int8_t *from, int32_t count, int8_t *to) {
#if defined(__ARM_ARCH_ISA_THUMB) && __ARM_ARCH_ISA_THUMB < 2 /* words must be aligned */
  __builtin_memcpy(to, from, (uint32_t)count);
#else
  for (; count >= 4; count -= 4, from += 4, to += 4) __builtin_memcpy(to, from, 4);
  for (; count > 0; count--) *to++ = *from++;
#endif
}

static void fill(int32_t value, int32_t count, int8_t *to) {
  for (; count > 0; count--) *to++ = (int8_t)value;
}

/** Copy what lies below the window; outside the image it is the zero point. */
static void gather(const place *at, int32_t top, int32_t left, int8_t *to) {
  const ghost_window *const w = &at->p->window;
  const int32_t channels = at->p->channels;
  const ghost_taps rows = ghost_taps_inside(top, w->kernel_height, w->dilation_y, w->height);
  const ghost_taps columns = ghost_taps_inside(left, w->kernel_width, w->dilation_x, w->width);
  const int32_t row_bytes = w->kernel_width * channels;
  for (int32_t i = 0; i < w->kernel_height; i++, to += row_bytes) {
    if (i < rows.first || i >= rows.end) {
      fill(at->p->input_zero_point, row_bytes, to);
      continue;
    }
    fill(at->p->input_zero_point, columns.first * channels, to);
    fill(at->p->input_zero_point, (w->kernel_width - columns.end) * channels,
         to + columns.end * channels);
    const int8_t *const from = at->x + (top + i * w->dilation_y) * w->width * channels;
    if (w->dilation_x == 1) {
      const int32_t first = columns.first;
      copy(from + (left + first) * channels, (columns.end - first) * channels,
           to + first * channels);
      continue;
    }
    for (int32_t j = columns.first; j < columns.end; j++) {
      copy(from + (left + j * w->dilation_x) * channels, channels, to + j * channels);
    }
  }
}

/** Return what lies below the window, in the image itself where it can be read there; go on. */
static const int8_t *next(place *at, int8_t *room) {
  const ghost_window *const w = &at->p->window;
  const int32_t top = at->row * w->stride_y - w->top;
  const int32_t left = at->column * w->stride_x - w->left;
  if (++at->column == w->output_width) {
    at->column = 0;
    at->row++;
  }
  if (at->p->in_place != 0 && top >= 0 && top + w->kernel_height <= w->height && left >= 0 &&
      left + w->kernel_width <= w->width) {
    return at->x + (top * w->width + left) * at->p->channels;
  }
  gather(at, top, left, room);
  return room;
}

void ghost_conv_rows_s8(const ghost_conv_rows_params *p, void *scratch, const int8_t *x,
                        int8_t *y) {
  const int32_t outputs = p->outputs;
  const int32_t inputs = p->inputs;
  const ghost_rows_params rows = {inputs, outputs, p->stream};
  int8_t *const rooms = scratch;
  void *const behind = rooms + ((2 * inputs + 7) & ~7);
  place at = {p, x, 0, 0};
  int32_t left = p->window.output_height * p->window.output_width;
  for (; left >= 2; left -= 2, y += 2 * outputs) {
    const int8_t *const a = next(&at, rooms);
    const int8_t *const b = next(&at, rooms + inputs);
    ghost_rows_two_s8(&rows, behind, a, b, y, y + outputs);
  }
  if (left > 0) ghost_rows_s8(&rows, behind, next(&at, rooms), y);
}
