/* SPDX-License-Identifier: Apache-2.0 */
/* TFLite's CONV_2D as rows times what lies below the window, two places at a time. */
#include "ghost_nn.h"

/** Where the window is, and where it is to be read in the image itself. */
typedef struct {
  int32_t top;
  int32_t left;
  int32_t columns;      /**< of places, before the next row of them */
  uint32_t inside_top;  /**< below this the window lies inside; 0 where it is no stretch */
  uint32_t inside_left; /**< likewise */
} place;

static void copy(const int8_t *from, int32_t count, int8_t *to) {
#ifdef __ARM_FEATURE_MVE
  __asm volatile(
      "wlstp.8 lr, %[count], 2f\n"
      "1:\n\t"
      "vldrb.8 q0, [%[from]], #16\n\t"
      "vstrb.8 q0, [%[to]], #16\n\t"
      "letp lr, 1b\n"
      "2:"
      : [from] "+r"(from), [to] "+r"(to)
      : [count] "r"(count)
      : "q0", "lr", "memory");
#elif defined(__ARM_ARCH_ISA_THUMB) && __ARM_ARCH_ISA_THUMB < 2 /* words must be aligned */
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
static void gather(const ghost_conv_rows_params *p, const int8_t *x, int32_t top, int32_t left,
                   int8_t *to) {
  const ghost_window *const w = &p->window;
  const int32_t channels = p->channels;
  const ghost_taps rows = ghost_taps_inside(top, w->kernel_height, w->dilation_y, w->height);
  const ghost_taps columns = ghost_taps_inside(left, w->kernel_width, w->dilation_x, w->width);
  const int32_t row_bytes = w->kernel_width * channels;
  for (int32_t i = 0; i < w->kernel_height; i++, to += row_bytes) {
    if (i < rows.first || i >= rows.end) {
      fill(p->input_zero_point, row_bytes, to);
      continue;
    }
    fill(p->input_zero_point, columns.first * channels, to);
    fill(p->input_zero_point, (w->kernel_width - columns.end) * channels,
         to + columns.end * channels);
    const int8_t *const from = x + (top + i * w->dilation_y) * w->width * channels;
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
static inline const int8_t *next(const ghost_conv_rows_params *p, const int8_t *x, place *at,
                                 int8_t *room) {
  const ghost_window *const w = &p->window;
  const int32_t top = at->top;
  const int32_t left = at->left;
  at->left += w->stride_x;
  if (--at->columns == 0) {
    at->columns = w->output_width;
    at->left = -w->left;
    at->top += w->stride_y;
  }
  if ((uint32_t)top < at->inside_top && (uint32_t)left < at->inside_left) {
    return x + (top * w->width + left) * p->channels;
  }
  gather(p, x, top, left, room);
  return room;
}

/** Of how many origins do so many taps lie inside? */
static uint32_t origins(int32_t size, int32_t taps) {
  return size < taps ? 0 : (uint32_t)(size - taps + 1);
}

void ghost_conv_rows_s8(const ghost_conv_rows_params *p, void *scratch, const int8_t *x,
                        int8_t *y) {
  const ghost_window *const w = &p->window;
  const int32_t outputs = p->outputs;
  const int32_t inputs = p->inputs;
  const ghost_rows_params rows = {inputs, outputs, p->stream};
  int8_t *const rooms = scratch;
  void *const sums = rooms + ((2 * inputs + 7) & ~7);
  place at = {-w->top, -w->left, w->output_width,
              p->in_place ? origins(w->height, w->kernel_height) : 0,
              origins(w->width, w->kernel_width)};
  int32_t left = w->output_height * w->output_width;
  for (; left >= 2; left -= 2, y += 2 * outputs) {
    const int8_t *const a = next(p, x, &at, rooms);
    const int8_t *const b = next(p, x, &at, rooms + inputs);
    ghost_rows_two_s8(&rows, sums, a, b, y, y + outputs);
  }
  if (left == 0) return;
  const int8_t *const last = next(p, x, &at, rooms);
  if (p->paired != 0) {
    ghost_rows_two_s8(&rows, sums, last, last, y, y);
  } else {
    ghost_rows_s8(&rows, sums, last, y);
  }
}
