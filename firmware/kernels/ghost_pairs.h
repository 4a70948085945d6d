/* SPDX-License-Identifier: Apache-2.0 */
/** @file TFLite's int8 operators of two values, and of all values along axes. */
#ifndef GHOST_PAIRS_H
#define GHOST_PAIRS_H

#include <stdint.h>

/** A multiplier in Q0.31 and a shift, positive to the left. */
typedef struct {
  int32_t multiplier;
  int32_t shift;
} ghost_scaling;

/**
 * How two operands are walked side by side. Axes along which both go on as before are one, so three
 * are enough. A stride is 0 where an operand is repeated.
 */
typedef struct {
  int32_t shape[3];
  int32_t first[3]; /**< strides of the first operand */
  int32_t second[3];
} ghost_broadcast;

/** Constants of one TFLite ADD or SUB. */
typedef struct {
  const int8_t *constant; /**< an operand that is no input, if there is one */
  int32_t constant_first; /**< whether it is the first */
  ghost_broadcast broadcast;
  int32_t first_zero_point;
  int32_t second_zero_point;
  int32_t output_zero_point;
  ghost_scaling first;
  ghost_scaling second;
  ghost_scaling output;
  int32_t sign;    /**< of the second operand: 1 or -1 */
  int32_t minimum; /**< of the fused activation */
  int32_t maximum;
} ghost_add_params;

/** TFLite's int8 ADD and SUB: y = first + sign * second. */
void ghost_add_s8(const ghost_add_params *params, const int8_t *first, const int8_t *second,
                  int8_t *y);

/** The same of an input and the constant. */
void ghost_add_constant_s8(const ghost_add_params *params, const int8_t *x, int8_t *y);

/**
 * What rounds to TFLite's sum of any two int8: their products with weights in Q28, each divided by
 * 2^8 and rounded down, and what is added, in Q20. Where halves have to go away from zero the sum
 * has no zero point first, loses a step if it is negative, and has the zero point added then.
 */
typedef struct {
  int32_t first; /**< weight */
  int32_t second;
  int32_t added;
  int32_t then_added;
  int32_t away; /**< whether halves go away from zero */
} ghost_weighted_sum;

/** Adds `count` values of two rows. */
void ghost_add_row_s8(const ghost_weighted_sum *weights, const int8_t *first, const int8_t *second,
                      int8_t *y, int32_t count);

/** Constants of one TFLite ADD or SUB whose operands go on value by value along the last axis. */
typedef struct {
  const int8_t *constant; /**< an operand that is no input, if there is one */
  int32_t constant_first; /**< whether it is the first */
  ghost_broadcast broadcast;
  ghost_weighted_sum weights;
} ghost_add_rows_params;

/** TFLite's int8 ADD and SUB as ghost_add_s8, where there are such weights. */
void ghost_add_rows_s8(const ghost_add_rows_params *params, const int8_t *first,
                       const int8_t *second, int8_t *y);

/** The same of an input and the constant. */
void ghost_add_rows_constant_s8(const ghost_add_rows_params *params, const int8_t *x, int8_t *y);

/** Constants of one TFLite MUL. */
typedef struct {
  const int8_t *constant; /**< an operand that is no input, if there is one */
  int32_t constant_first; /**< whether it is the first */
  ghost_broadcast broadcast;
  int32_t first_zero_point;
  int32_t second_zero_point;
  int32_t output_zero_point;
  ghost_scaling output;
  int32_t minimum; /**< of the fused activation */
  int32_t maximum;
} ghost_mul_params;

/** TFLite's int8 MUL. */
void ghost_mul_s8(const ghost_mul_params *params, const int8_t *first, const int8_t *second,
                  int8_t *y);

/** The same of an input and the constant. */
void ghost_mul_constant_s8(const ghost_mul_params *params, const int8_t *x, int8_t *y);

/** Constants of a MUL of two tensors of one shape. */
typedef struct {
  int32_t size;
  int32_t twice_second_zero_point;
  int32_t multiplier; /**< Q0.31 */
  int32_t exponent;   /**< then to the right */
  int32_t added;      /**< before it, with the output's zero point */
  int32_t first_zero_point;
} ghost_mul_even_params;

/** The same; only some variants have it. */
void ghost_mul_even_s8(const ghost_mul_even_params *params, const int8_t *first,
                       const int8_t *second, int8_t *y);

/** Constants of one TFLite MAXIMUM or MINIMUM. */
typedef struct {
  const int8_t *constant; /**< an operand that is no input, if there is one */
  int32_t constant_first; /**< whether it is the first */
  ghost_broadcast broadcast;
} ghost_extremum_params;

/** TFLite's int8 MAXIMUM. */
void ghost_maximum_s8(const ghost_extremum_params *params, const int8_t *first,
                      const int8_t *second, int8_t *y);

/** The same of an input and the constant. */
void ghost_maximum_constant_s8(const ghost_extremum_params *params, const int8_t *x, int8_t *y);

/** TFLite's int8 MINIMUM. */
void ghost_minimum_s8(const ghost_extremum_params *params, const int8_t *first,
                      const int8_t *second, int8_t *y);

/** The same of an input and the constant. */
void ghost_minimum_constant_s8(const ghost_extremum_params *params, const int8_t *x, int8_t *y);

/** Constants of one TFLite PRELU. */
typedef struct {
  const int8_t *alpha; /**< by value of a row */
  int32_t size;
  int32_t row; /**< values in a row */
  int32_t input_zero_point;
  int32_t alpha_zero_point;
  int32_t output_zero_point;
  ghost_scaling positive; /**< of an input */
  ghost_scaling negative; /**< of an input times its alpha */
} ghost_prelu_params;

/** TFLite's int8 PRELU. */
void ghost_prelu_s8(const ghost_prelu_params *params, const int8_t *x, int8_t *y);

/** Constants of one TFLite MEAN or SUM. */
typedef struct {
  int32_t before; /**< values before the axes that are summed */
  int32_t along;  /**< values of one sum */
  int32_t behind; /**< values behind the axes: a sum's are so far apart */
  int32_t offset; /**< the input's zero point, `along` times */
  ghost_scaling scaling;
  int32_t output_zero_point;
} ghost_mean_params;

/** TFLite's int8 MEAN and SUM. */
void ghost_mean_s8(const ghost_mean_params *params, const int8_t *x, int8_t *y);

/** The same of at most 256 values a sum, whose scale shrinks; only some variants have it, and some
 * from 4 sums side by side. */
void ghost_mean_few_s8(const ghost_mean_params *params, const int8_t *x, int8_t *y);

/** TFLite's int8 REDUCE_MAX, over the middle of three axes. */
void ghost_reduce_max_s8(int32_t before, int32_t along, int32_t behind, const int8_t *x, int8_t *y);

/** TFLite's int8 REDUCE_MIN, likewise. */
void ghost_reduce_min_s8(int32_t before, int32_t along, int32_t behind, const int8_t *x, int8_t *y);

#endif
