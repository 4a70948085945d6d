/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * TFLite's int8 operators whose windows slide over an image: (height, width, channels), channels
 * next to each other. Time is the height. Taps outside the image contribute nothing.
 */
#ifndef GHOST_WINDOWS_H
#define GHOST_WINDOWS_H

#include <stdint.h>

/** How a window slides over an image. */
typedef struct {
  int32_t height; /**< of the image */
  int32_t width;
  int32_t output_height;
  int32_t output_width;
  int32_t kernel_height;
  int32_t kernel_width;
  int32_t stride_y;
  int32_t stride_x;
  int32_t dilation_y;
  int32_t dilation_x;
  int32_t top; /**< rows of padding above; those below follow from the output's height */
  int32_t left;
} ghost_window;

/** A range of a window's taps: those inside the image. */
typedef struct {
  int32_t first;
  int32_t end; /**< one behind the last */
} ghost_taps;

/**
 * Of `taps` taps at origin, origin + dilation, …, return those in [0, size). There may be none.
 */
static inline ghost_taps ghost_taps_inside(int32_t origin, int32_t taps, int32_t dilation,
                                           int32_t size) {
  ghost_taps inside = {0, taps};
  while (inside.first < taps && origin + inside.first * dilation < 0) inside.first++;
  while (inside.end > inside.first && origin + (inside.end - 1) * dilation >= size) inside.end--;
  return inside;
}

/** Constants of one TFLite CONV_2D. */
typedef struct {
  const int8_t *weights; /**< outputs x kernel height x kernel width x channels of a group */
  const int32_t *bias;
  const int32_t *multipliers; /**< one for each output, as the shifts */
  const int8_t *shifts;       /**< positive is left */
  ghost_window window;
  int32_t groups;
  int32_t group_channels; /**< of the input */
  int32_t group_outputs;
  int32_t input_zero_point;
  int32_t output_zero_point;
  int32_t minimum; /**< of the fused activation */
  int32_t maximum;
} ghost_conv_2d_params;

/** TFLite's int8 CONV_2D with its two roundings. */
void ghost_conv_2d_s8(const ghost_conv_2d_params *params, const int8_t *x, int8_t *y);

/** Constants of one TFLite DEPTHWISE_CONV_2D. */
typedef struct {
  const int8_t *weights; /**< kernel height x kernel width x (channels * multiplier) */
  const int32_t *bias;
  const int32_t *multipliers; /**< one for each output, as the shifts */
  const int8_t *shifts;       /**< positive is left */
  ghost_window window;
  int32_t channels;   /**< of the input */
  int32_t multiplier; /**< outputs of each */
  int32_t input_zero_point;
  int32_t output_zero_point;
  int32_t minimum; /**< of the fused activation */
  int32_t maximum;
} ghost_depthwise_conv_2d_params;

/** TFLite's int8 DEPTHWISE_CONV_2D with its two roundings. */
void ghost_depthwise_conv_2d_s8(const ghost_depthwise_conv_2d_params *params, const int8_t *x,
                                int8_t *y);

/** What ghost_depthwise_run_s8.S takes of one channel. */
typedef struct {
  uint32_t pairs[3];  /**< of weights in a row of the window, twice them */
  uint32_t singles;   /**< the weight beside the pair: of the first row, of the second */
  uint32_t last;      /**< the shift to the right, the third row's single */
  int32_t multiplier; /**< Q0.31 */
  int32_t added;      /**< the shift's half, and the zero point of the output */
  int32_t bias;       /**< twice it, the zero point of the input folded in */
} ghost_depthwise_channel;

/** `places` places down an image, `step` bytes apart in the output: places << 16 | stride. */
typedef void ghost_depthwise_run(const ghost_depthwise_channel *channel, const uint32_t *x,
                                 int8_t *y, uint32_t places_and_stride);

ghost_depthwise_run ghost_depthwise_even_s8, ghost_depthwise_odd_s8;
ghost_depthwise_run ghost_depthwise_even_steep_s8, ghost_depthwise_odd_steep_s8;
ghost_depthwise_run ghost_depthwise_even_2_s8, ghost_depthwise_odd_2_s8;
ghost_depthwise_run ghost_depthwise_even_2_steep_s8, ghost_depthwise_odd_2_steep_s8;

/** Constants of a DEPTHWISE_CONV_2D with windows of 3 x 3 and an output for each channel. */
typedef struct {
  const int8_t *weights; /**< 3 x 3 x channels */
  const int32_t *bias;   /**< the input zero point folded in */
  const int32_t *multipliers;
  const int8_t *shifts;
  ghost_window window; /**< strides are 1 or 2, there is no dilation */
  int32_t channels;    /**< a multiple of 4 */
  int32_t input_zero_point;
  int32_t output_zero_point;
  ghost_depthwise_run *even; /**< where a window begins at an even column of a tile */
  ghost_depthwise_run *odd;
} ghost_depthwise_3x3_params;

/** The same with DSP instructions; scratch holds a tile: 1792 bytes. */
void ghost_depthwise_3x3_s8(const ghost_depthwise_3x3_params *params, void *scratch,
                            const int8_t *x, int8_t *y);

/** Constants of one TFLite AVERAGE_POOL_2D or MAX_POOL_2D. */
typedef struct {
  ghost_window window;
  int32_t channels;
  int32_t minimum; /**< of the fused activation */
  int32_t maximum;
} ghost_pool_2d_params;

/** TFLite's int8 AVERAGE_POOL_2D: the mean of the taps inside, rounded half away from zero. */
void ghost_average_pool_2d_s8(const ghost_pool_2d_params *params, const int8_t *x, int8_t *y);

/** The same of at most 256 taps; only some variants have it, and some from 4 channels. */
void ghost_average_few_2d_s8(const ghost_pool_2d_params *params, const int8_t *x, int8_t *y);

/** TFLite's int8 MAX_POOL_2D. */
void ghost_max_pool_2d_s8(const ghost_pool_2d_params *params, const int8_t *x, int8_t *y);

/** The same of 8 or more channels; only some variants have it. */
void ghost_max_pool_2d_wide_s8(const ghost_pool_2d_params *params, const int8_t *x, int8_t *y);

#endif
