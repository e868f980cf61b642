/* attention.h - scaled dot-product attention of one head.
 *
 *   s = scale q k^T;  s = softcap tanh(s / softcap) where softcap > 0;  s = s + bias;
 *   p = softmax of each row of s, 0 where the row is dead;  y = p v
 *
 *   q [rows, dim], y [rows, value_dim]   rows are q_step and y_step elements apart
 *   k [keys, dim], v [keys, value_dim]   contiguous
 *   bias   [rows, keys] or NULL; -infinity hides a key
 *   dead   [rows] or NULL: nonzero where bias hides every key
 * Matrix products as gemm.h has them, softmax as softmax.h. Errors: what those report.
 * Source: Vaswani et al. 2017; ONNX Operators.md, Attention. */
#ifndef OFZ_KERNEL_ATTENTION_H
#define OFZ_KERNEL_ATTENTION_H

#include "base/error.h"

typedef struct ofz_attention {
    int64_t              rows, keys, dim, value_dim, q_step, y_step;
    double               scale, softcap;
    const double        *bias;
    const unsigned char *dead;
} ofz_attention;

/* stage: what to copy to `seen` [rows, keys]: 0 the product, 1 after softcap, 2 after the bias, 3
 * p; any other: nothing. p [rows, keys] is room for the scores. */
ofz_status ofz_attention_f32(ofz_ctx *ctx, const ofz_attention *a, const float *q, const float *k,
                             const float *v, int stage, float *seen, float *p,
                             float *y) OFZ_MUST_USE;
ofz_status ofz_attention_f64(ofz_ctx *ctx, const ofz_attention *a, const double *q, const double *k,
                             const double *v, int stage, double *seen, double *p,
                             double *y) OFZ_MUST_USE;

/* dq (rows q_step apart) and dbias [rows, keys] (or NULL) are set, dk and dv are added to; dy has
 * y's steps. room [3, rows, keys]. */
ofz_status ofz_attention_back_f32(ofz_ctx *ctx, const ofz_attention *a, const float *q,
                                  const float *k, const float *v, const float *dy, float *room,
                                  float *dq, float *dk, float *dv, float *dbias) OFZ_MUST_USE;
ofz_status ofz_attention_back_f64(ofz_ctx *ctx, const ofz_attention *a, const double *q,
                                  const double *k, const double *v, const double *dy, double *room,
                                  double *dq, double *dk, double *dv, double *dbias) OFZ_MUST_USE;

#endif
