/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GHOST_SUMS_S8_H
#define GHOST_SUMS_S8_H

#include <stdint.h>

/**
 * acc = W x + bias for a matrix of int8.
 *
 * Seven rows at a time share each load of x; what remains goes in threes, then one by one.
 *
 *   W = [ whole blocks of 16 columns: of each group of rows block by block, of a block row by row
 *       | the columns % 16 columns that are left: row by row | up to the next multiple of 4 bytes ]
 *
 * @param weights  W, in that order; 15 bytes behind it may be read
 * @param x        columns values
 * @param columns  of W
 * @param rows     of W
 * @param bias     rows values; may be acc itself
 * @param acc      rows results
 * @return         the end of W, where the next matrix starts
 */
const int8_t *ghost_sums_s8(const int8_t *weights, const int8_t *x, int32_t columns, int32_t rows,
                            const int32_t *bias, int32_t *acc);

#endif
