/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * The int8 operators of a generated model. Freestanding, re-entrant, no allocation: constants come
 * in `const …_params *`, memory is the caller's. The arithmetic is specified in NumPy integers, a
 * file for each kind of operator in mcu_ghost/network/ops/; every variant equals it bit for bit.
 */
#ifndef GHOST_NN_H
#define GHOST_NN_H

#include <stdbool.h>
#include <stdint.h>

#include "ghost_copies.h"
#include "ghost_gru_params.h" /* the variant's: its folder is on the include path */
#include "ghost_pairs.h"
#include "ghost_windows.h"

/**
 * One frame of a GhostGRU.
 *
 * @param params   constants
 * @param state    n values Q0.7, [intrinsic; ghost]: read as the old state, left as the new one,
 *                 which is also the layer's output
 * @param carry    m values Q0.15, the intrinsic state at full precision
 * @param scratch  what memory.py asks for this variant (none for plain C)
 * @param x        d inputs
 */
void ghost_gru_step_s8(const ghost_gru_params *params, int8_t *state, int16_t *carry, void *scratch,
                       const int8_t *x);

/** The same where the variant's usual way would not be exact; only some variants have it. */
void ghost_gru_long_step_s8(const ghost_gru_params *params, int8_t *state, int16_t *carry,
                            void *scratch, const int8_t *x);

/** Constants of a recurrent layer of gates, each a product of the input and one of the state. */
typedef struct {
  int32_t inputs;                 /**< d */
  int32_t units;                  /**< n */
  const int8_t *kernel;           /**< gates x n x d */
  const int8_t *recurrent_kernel; /**< gates x n x n */
  const int32_t *input_bias;      /**< gates x n, the input zero point folded in */
  const int32_t *recurrent_bias;  /**< gates x n, or 0 where all are 0 */
  ghost_requantizer input[4];     /**< of each gate, to pre-activations, Q3.12 */
  ghost_requantizer recurrent[4]; /**< likewise */
  int32_t slope;                  /**< of the gates' hard sigmoid, Q0.16; 0 for the sigmoid */
  int32_t cell_bits;              /**< LSTM: integer bits of the cell, 0 to 15 */
  int32_t reset_after;            /**< GRU: where the reset gate acts, 0: before the product */
  int32_t relu;                   /**< simple RNN: 0 for tanh, 1: 256 is a step of the state */
} ghost_gates_params;

/**
 * One frame of an LSTM, gates in i, f, c, o order.
 *
 * @param params   constants
 * @param state    n values Q0.7, the old state and then the new one, which is also the output
 * @param cell     n values of cell_bits integer bits
 * @param scratch  n bytes
 * @param x        d inputs
 */
void ghost_lstm_step_s8(const ghost_gates_params *params, int8_t *state, int16_t *cell,
                        void *scratch, const int8_t *x);

/** Constants of an LSTM in the way of ghost_lstm_rows_step_s8, which a variant's file describes. */
typedef struct {
  int32_t inputs;                 /**< d */
  int32_t units;                  /**< n */
  const uint32_t *stream;         /**< biases and rows, in the order of use */
  ghost_requantizer input[4];     /**< of gates i, f, g, o, to Q3.12; shifts as the variant's */
  ghost_requantizer recurrent[4]; /**< likewise */
  int32_t cell_bits;
} ghost_lstm_rows_params;

/** The same within bounds that the packing checks. */
void ghost_lstm_rows_step_s8(const ghost_lstm_rows_params *params, int8_t *state, int16_t *cell,
                             void *scratch, const int8_t *x);

/** One frame of a GRU, gates in z, r, c order; carry holds the state in Q0.15, scratch n bytes. */
void ghost_reset_gru_step_s8(const ghost_gates_params *params, int8_t *state, int16_t *carry,
                             void *scratch, const int8_t *x);

/** One frame of a simple RNN; scratch holds n bytes. */
void ghost_simple_rnn_step_s8(const ghost_gates_params *params, int8_t *state, void *scratch,
                              const int8_t *x);

/** Constants of a GRU or simple RNN in the way of a variant's ghost_…_rows_step_s8. */
typedef struct {
  int32_t inputs;                 /**< d */
  int32_t units;                  /**< n */
  const uint32_t *stream;         /**< biases and rows, in the order of use */
  ghost_requantizer input[3];     /**< of each gate, to pre-activations, Q3.12 */
  ghost_requantizer recurrent[3]; /**< likewise */
  int32_t slope;                  /**< as in ghost_gates_params */
  int32_t reset_after;            /**< likewise */
  int32_t relu;                   /**< likewise */
} ghost_gate_rows_params;

/** The same within bounds that the packing checks. */
void ghost_reset_gru_rows_step_s8(const ghost_gate_rows_params *params, int8_t *state,
                                  int16_t *carry, void *scratch, const int8_t *x);

/** The same. */
void ghost_simple_rnn_rows_step_s8(const ghost_gate_rows_params *params, int8_t *state,
                                   void *scratch, const int8_t *x);

/**
 * Add four rows of a stream, their biases ahead, times halves, requantized; none can be large.
 *
 * @return  what lies behind the rows
 */
const uint32_t *ghost_four_rows(const uint32_t *stream, const uint32_t *x, int32_t pairs,
                                int32_t sums[4], ghost_requantizer requantizer);

/** Constants of the same layers for cores without DSP instructions, weights as ghost_dot6.h says.
 */
typedef struct {
  int32_t inputs;                   /**< d */
  int32_t units;                    /**< n */
  const uint32_t *kernel;           /**< biases and rows over x, in the order of use */
  const uint32_t *recurrent_kernel; /**< likewise over the state */
  ghost_requantizer input[4];       /**< as in ghost_gates_params, like all that follows */
  ghost_requantizer recurrent[4];
  int32_t slope;
  int32_t cell_bits;
  int32_t reset_after;
  int32_t relu;
} ghost_lane_gates_params;

/** The same steps; scratch holds what ghost_dot6 reads of the input and the state. */
void ghost_lstm_lanes_step_s8(const ghost_lane_gates_params *params, int8_t *state, int16_t *cell,
                              void *scratch, const int8_t *x);
void ghost_reset_gru_lanes_step_s8(const ghost_lane_gates_params *params, int8_t *state,
                                   int16_t *carry, void *scratch, const int8_t *x);
void ghost_simple_rnn_lanes_step_s8(const ghost_lane_gates_params *params, int8_t *state,
                                    void *scratch, const int8_t *x);

/** Constants of one TFLite UNIDIRECTIONAL_SEQUENCE_LSTM, gates in i, f, c, o order. */
typedef struct {
  int32_t inputs;                 /**< d */
  int32_t units;                  /**< n */
  const int8_t *kernel;           /**< 4 x n x d */
  const int8_t *recurrent_kernel; /**< 4 x n x n */
  const int32_t *input_bias;      /**< 4 x n, the input zero point folded in */
  const int32_t *recurrent_bias;  /**< 4 x n, that of the state */
  ghost_scaling input[4];         /**< of each gate, to pre-activations, Q3.12 */
  ghost_scaling recurrent[4];     /**< likewise */
  ghost_scaling new_cell;         /**< of a product of two gates, Q0.30, to the cell */
  ghost_scaling new_state;        /**< likewise to the state */
  int32_t cell_power;             /**< the cell's scale is 2 to this, -15 to 0 */
  int32_t clip;                   /**< the cell's largest value */
  int32_t unclipped;              /**< 1: its least is one less */
  int32_t zero_point;             /**< of the state */
} ghost_sequence_lstm_params;

/** One frame of one; state and cell are its variables, scratch holds n bytes. */
void ghost_sequence_lstm_step_s8(const ghost_sequence_lstm_params *params, int8_t *state,
                                 int16_t *cell, void *scratch, const int8_t *x);

/** Constants of one TFLite FULLY_CONNECTED. */
typedef struct {
  int32_t inputs;
  int32_t outputs;
  const int8_t *weights;      /**< outputs x inputs */
  const int32_t *bias;        /**< the input zero point folded in */
  const int32_t *multipliers; /**< one, or one for each output */
  const int8_t *shifts;       /**< likewise; positive is left */
  int32_t per_output;         /**< 0: one multiplier for all, 1: one for each */
  int32_t output_zero_point;
  int32_t minimum; /**< of the fused activation */
  int32_t maximum;
} ghost_fully_connected_params;

/** TFLite's int8 FULLY_CONNECTED with its two roundings. */
void ghost_fully_connected_s8(const ghost_fully_connected_params *params, const int8_t *x,
                              int8_t *y);

/** Constants of the same in the way of ghost_rows_s8, which the variant's file describes. */
typedef struct {
  int32_t inputs;
  int32_t outputs;
  const uint32_t *stream; /**< biases, rows and requantizers, in the order of use */
} ghost_rows_params;

/** The same within bounds that the packing checks; only some variants have it. */
void ghost_rows_s8(const ghost_rows_params *params, void *scratch, const int8_t *x, int8_t *y);

/** The same of two inputs. */
void ghost_rows_two_s8(const ghost_rows_params *params, void *scratch, const int8_t *first_x,
                       const int8_t *second_x, int8_t *first_y, int8_t *second_y);

/** Constants of one TFLite CONV_2D without groups, in the way of ghost_rows_s8. */
typedef struct {
  int32_t inputs; /**< what lies below the window */
  int32_t outputs;
  const uint32_t *stream;
  ghost_window window;
  int32_t channels; /**< of the input */
  int32_t input_zero_point;
  int32_t in_place; /**< whether the window covers one stretch of the image, but for the edges */
  int32_t paired;   /**< whether the stream is that of ghost_rows_two_s8 alone */
} ghost_conv_rows_params;

/** TFLite's int8 CONV_2D; scratch holds what lies below two windows, then that of the rows. */
void ghost_conv_rows_s8(const ghost_conv_rows_params *params, void *scratch, const int8_t *x,
                        int8_t *y);

/** Constants of one TFLite DEPTHWISE_CONV_2D, in the way of ghost_depthwise_planes_s8. */
typedef struct {
  const int8_t *weights;   /**< outputs x taps */
  const int32_t *scalings; /**< of each output: bias, the zero point folded in, M and -r */
  const uint8_t *offsets;  /**< of 16 taps in a plane; those behind the last are 0 */
  ghost_window window;
  int32_t channels;    /**< of the input */
  int32_t multiplier;  /**< outputs of each */
  int32_t tile_height; /**< of the output: some of its rows, or a part of one */
  int32_t tile_width;
  int32_t seen_height; /**< of the input, for a tile */
  int32_t seen_width;
  int32_t input_zero_point;
  int32_t output_zero_point;
  int32_t minimum; /**< of the fused activation */
  int32_t maximum;
} ghost_depthwise_planes_params;

/** TFLite's int8 DEPTHWISE_CONV_2D; only some variants have it. */
void ghost_depthwise_planes_s8(const ghost_depthwise_planes_params *params, void *scratch,
                               const int8_t *x, int8_t *y);

/** Constants of one TFLite SOFTMAX. */
typedef struct {
  int32_t size;
  int32_t rows;        /**< entries in exps; values further below the largest count as zero */
  const int32_t *exps; /**< Q0.31; entry i is exp of a value i steps below the largest */
} ghost_softmax_params;

/** TFLite's int8 SOFTMAX; the output has scale 1/256 and zero point -128. */
void ghost_softmax_s8(const ghost_softmax_params *params, const int8_t *x, int8_t *y);

/** Constants of one layer normalisation. */
typedef struct {
  int32_t size;         /**< n */
  const int16_t *gamma; /**< n, in steps of the output, with fraction bits behind the point */
  const int32_t *beta;  /**< n, at the accumulator's scale, the output's zero point folded in */
  int32_t fraction;     /**< 0 to 14 */
  int64_t epsilon;      /**< 64 n^2 times it, in squares of the input's steps; at most 2^52 */
} ghost_layer_norm_params;

/** Layer normalisation of n values. */
void ghost_layer_norm_s8(const ghost_layer_norm_params *params, const int8_t *x, int8_t *y);

/** Whether n values are all this one: a frame that a mask says is none. */
static inline int32_t ghost_all_equal_s8(const int8_t *x, int32_t n, int32_t value) {
  int32_t i = 0;
  while (i < n && x[i] == value) i++;
  return i == n;
}

/** Any function of one int8 value, as its 256 answers for -128 to 127. */
void ghost_lookup_s8(const int8_t *table, int32_t size, const int8_t *x, int8_t *y);

/** The same, 16 at a time; only some variants have it. */
void ghost_lookup_wide_s8(const int8_t *table, int32_t size, const int8_t *x, int8_t *y);

/** A vector of `width` for each value; value q names row q + 128 of the table, or the last one. */
void ghost_embedding_s8(const int8_t *table, int32_t size, int32_t rows, int32_t width,
                        const int8_t *x, int8_t *y);

/** Puts a frame behind the `count` ones before, of at most `frames`, which follow `before` of
 * padding. */
void ghost_collect_s8(int32_t size, int32_t frames, int32_t before, int8_t *kept, int16_t *count,
                      const int8_t *x);

/** Lets the oldest of `length` frames go, and puts the new one behind the others. */
void ghost_ring_s8(int32_t size, int32_t length, int8_t *kept, const int8_t *x);

/** TFLite's int8 ASSIGN_VARIABLE: what the next invocation finds. */
void ghost_assign_variable_s8(int32_t size, int8_t *kept, const int8_t *x);

/** Moves a clock on by a frame; true when it strikes: after `first` frames, then every `period`. */
static inline bool ghost_tick(int16_t *count, int32_t first, int32_t period) {
  const bool due = *count == first;
  *count = (int16_t)(*count + (due ? 1 - period : 1));
  return due;
}

#endif
