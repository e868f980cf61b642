/* sequence.h - what runs along a sequence: rotated positions, linear attention, causal convolution.
 * Arithmetic in the type, one rounding an operation. */
#ifndef OFZ_KERNEL_SEQUENCE_H
#define OFZ_KERNEL_SEQUENCE_H

#include "base/error.h"

/* Rotate pairs of the first `rotated` elements of each row: (a, b) becomes (a cos - b sin, a sin +
 * b cos). Pairs are neighbours when interleaved, else element i and i + rotated / 2.
 *
 *   rows      of x and y, contiguous, `dim` elements each
 *   cos, sin  tables whose rows have `width` numbers, at least rotated / 2
 *   place     row of the tables for each row of x
 *   sign      1, or -1 to rotate back
 * Source: Su et al. 2021. */
typedef struct ofz_rotation {
    int64_t        rows, dim, rotated, width;
    const int64_t *place;
    bool           interleaved;
    int            sign;
} ofz_rotation;

void ofz_rotate_f32(ofz_ctx *ctx, const ofz_rotation *r, const float *x, const float *cos,
                    const float *sin, float *y);
void ofz_rotate_f64(ofz_ctx *ctx, const ofz_rotation *r, const double *x, const double *cos,
                    const double *sin, double *y);

/* For each step of each head: S = e^decay S; S += k (beta (v - [delta] S^T k))^T; y = scale S^T q.
 *
 *   q [batch, steps, heads, dim], k [batch, steps, kv_heads, dim], y and v with value_dim
 *   decay  [batch, steps, kv_heads, decay_dim] with decay_dim dim or 1; NULL: none
 *   beta   [batch, steps, beta_heads] with beta_heads kv_heads or 1; NULL: 1
 *   state  [batch, kv_heads, dim, value_dim], in: S before the first step, out: after the last
 * Source: Yang et al. 2024, Gated Delta Networks. */
typedef struct ofz_linear_attention {
    int64_t batch, steps, heads, kv_heads, dim, value_dim, decay_dim, beta_heads;
    double  scale;
    bool    delta;
} ofz_linear_attention;

ofz_status ofz_linear_attention_f32(ofz_ctx *ctx, const ofz_linear_attention *a, const float *q,
                                    const float *k, const float *v, const float *decay,
                                    const float *beta, float *state, float *y) OFZ_MUST_USE;
ofz_status ofz_linear_attention_f64(ofz_ctx *ctx, const ofz_linear_attention *a, const double *q,
                                    const double *k, const double *v, const double *decay,
                                    const double *beta, double *state, double *y) OFZ_MUST_USE;

/* y[n, c, t] = f(bias[c] + sum over i of w[c, i] x[n, c, t + i - (taps - 1)]), where what lies before
 * the first step is past [batch, channels, taps - 1] (NULL: zeros); f is x sigmoid(x) or nothing.
 * present, the last taps - 1 elements of past and x, for the next call. */
typedef struct ofz_causal_conv {
    int64_t batch, channels, steps, taps;
    bool    silu;
} ofz_causal_conv;

void ofz_causal_conv_f32(ofz_ctx *ctx, const ofz_causal_conv *a, const float *x, const float *w,
                         const float *bias, const float *past, float *y, float *present);
void ofz_causal_conv_f64(ofz_ctx *ctx, const ofz_causal_conv *a, const double *x, const double *w,
                         const double *bias, const double *past, double *y, double *present);

#endif
