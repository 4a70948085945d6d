/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GhostGRU, one frame, on the vector unit (Helium).
 *
 *   z = sigma(Wz x + bz + Uz s + cz)            r = sigma(Wr x + br + Ur s + cr)
 *   c = tanh(Wc x + bc + r * (Uc,h h + cc) + Uc,g g)
 *   h <- (1 - z) * c + z * h                    g <- tanh(G h + bg)         s = [h; g]
 *
 *   state    [ h: m values Q0.7 | g: n - m values Q0.7 ]  read by all products of a gate at a time
 *   carry    [ h: m values Q0.15 ]
 *   scratch  [ one: m words | two: m words | three: m words ]  each up to a multiple of 4 words
 *
 * The reset gate comes first, since its product with Uc,h h lets go of both; z comes last, and with
 * it the new h, when no product needs the old one any more. Four rows make a vector of int32; lanes
 * behind the last row compute something that nobody stores, from what happens to be there: it is
 * saturated before it becomes an index.
 */
#include "ghost_sums_s8.h"
#include "ghost_vectors.h"

/**
 * tanh of a Q3.12 sum as Q0.7. From 11000 on that is 127, so that nothing has to saturate; the two
 * roundings (v + 2^8) >> 9 and (w + 2^7) >> 8 are the one of (v + 2^8 + 2^16) >> 17.
 */
static inline int32x4_t tanh7(int32x4_t x) {
  return vrshrq_n_s32(interpolate(vmulq_n_s32(clamp(x, -21845, 11000), 6), 256), 17);
}

/** one <- r * (Uc,h h + cc), from Wr x + br, Ur s + cr and that sum; three <- 0. */
static void reset_gate(const ghost_gru_params *p, int32_t *one, const int32_t *two,
                       int32_t *three) {
  const requantizer input = prepare(p->input[1]), recurrent = prepare(p->recurrent[1]);
  const requantizer candidate = prepare(p->recurrent[2]);
  const int32_t m = p->intrinsic;
  for (int32_t i = 0; i < m; i += 4) {
    const int32x4_t r =
        sigmoid(vqaddq_s32(requantize(one + i, input), requantize(two + i, recurrent)));
    const int32x4_t h = saturate16(requantize(three + i, candidate));
    vstrwq_s32(one + i, vrshrq_n_s32(vmulq_s32(r, h), 15));
    vstrwq_s32(three + i, vdupq_n_s32(0));
  }
}

/** one <- c, from r * (Uc,h h + cc), Wc x + bc and Uc,g g. */
static void candidate(const ghost_gru_params *p, int32_t *one, const int32_t *two,
                      const int32_t *three) {
  const requantizer input = prepare(p->input[2]), recurrent = prepare(p->recurrent[2]);
  const int32_t m = p->intrinsic;
  for (int32_t i = 0; i < m; i += 4) {
    const int32x4_t sum = vqaddq_s32(requantize(two + i, input), requantize(three + i, recurrent));
    vstrwq_s32(one + i, tanh15(vqaddq_s32(vldrwq_s32(one + i), sum)));
  }
}

/**
 * carry and h, from c, Wz x + bz and Uz s + cz: (1 - z) c + z h is c + z (h - c), and so are their
 * roundings since c is whole. Products stay below 2^31: z <= 2^15, |h - c| < 2^16.
 */
static void update_gate(const ghost_gru_params *p, const int32_t *one, const int32_t *two,
                        const int32_t *three, int16_t *carry, int8_t *h) {
  const requantizer input = prepare(p->input[0]), recurrent = prepare(p->recurrent[0]);
  const int32_t m = p->intrinsic;
  for (int32_t i = 0; i < m; i += 4) {
    const mve_pred16_t rows = vctp32q((uint32_t)(m - i));
    const int32x4_t z =
        sigmoid(vqaddq_s32(requantize(two + i, input), requantize(three + i, recurrent)));
    const int32x4_t c = vldrwq_s32(one + i);
    const int32x4_t past = vsubq_s32(vldrhq_z_s32(carry + i, rows), c);
    const int32x4_t now = vaddq_s32(c, vrshrq_n_s32(vmulq_s32(z, past), 15));
    vstrhq_p_s32(carry + i, now, rows);
    vstrbq_p_s32(h + i, vminq_s32(vrshrq_n_s32(now, 8), vdupq_n_s32(127)), rows);
  }
}

static void ghosts(const ghost_gru_params *p, const int32_t *acc, int8_t *g) {
  const requantizer rq = prepare(p->ghost);
  const int32_t count = p->units - p->intrinsic;
  for (int32_t i = 0; i < count; i += 4) {
    vstrbq_p_s32(g + i, tanh7(requantize(acc + i, rq)), vctp32q((uint32_t)(count - i)));
  }
}

void ghost_gru_step_s8(const ghost_gru_params *p, int8_t *state, int16_t *carry, void *scratch,
                       const int8_t *x) {
  const int32_t d = p->inputs, n = p->units, m = p->intrinsic;
  const int32_t words = (m + 3) & ~3;
  int32_t *const one = scratch, *const two = one + words, *const three = two + words;
  const int32_t *bias = p->bias;
  const int8_t *w = p->weights;

  w = ghost_sums_s8(w, x, d, m, bias, one);
  w = ghost_sums_s8(w, state, n, m, bias + m, two);
  w = ghost_sums_s8(w, state, m, m, bias + 2 * m, three);
  reset_gate(p, one, two, three);

  w = ghost_sums_s8(w, x, d, m, bias + 3 * m, two);
  if (n > m) w = ghost_sums_s8(w, state + m, n - m, m, three, three);
  candidate(p, one, two, three);

  w = ghost_sums_s8(w, x, d, m, bias + 4 * m, two);
  w = ghost_sums_s8(w, state, n, m, bias + 5 * m, three);
  update_gate(p, one, two, three, carry, state);

  if (n > m) {
    (void)ghost_sums_s8(w, state, m, n - m, bias + 6 * m, one);
    ghosts(p, one, state + m);
  }
}
