/* gemm.h - products of row-major matrices.
 *
 *   c = alpha * op(a) op(b) + beta * c
 *
 *   m, n, k          op(a) is [m, k], op(b) is [k, n], c is [m, n]; any may be 0
 *   trans_a, trans_b a is stored [k, m], b is stored [n, k]
 *   lda, ldb, ldc    elements between rows as stored
 *   beta             0: c is not read
 *
 * Reference: products summed in double over k ascending, alpha and beta applied in double, one
 * rounding. With oneDNN: its order, float accumulation.
 * Errors: OFZ_E_NOMEM, OFZ_E_LIMIT. */
#ifndef OFZ_KERNEL_GEMM_H
#define OFZ_KERNEL_GEMM_H

#include "base/error.h"

typedef struct ofz_gemm {
    bool    trans_a, trans_b;
    int64_t m, n, k, lda, ldb, ldc;
    double  alpha, beta;
} ofz_gemm;

ofz_status ofz_gemm_f32(ofz_ctx *ctx, const ofz_gemm *g, const float *a, const float *b,
                        float *c) OFZ_MUST_USE;
ofz_status ofz_gemm_f64(ofz_ctx *ctx, const ofz_gemm *g, const double *a, const double *b,
                        double *c) OFZ_MUST_USE;

ofz_status ofz_ref_gemm_f32(ofz_ctx *ctx, const ofz_gemm *g, const float *a, const float *b,
                            float *c) OFZ_MUST_USE;
ofz_status ofz_ref_gemm_f64(ofz_ctx *ctx, const ofz_gemm *g, const double *a, const double *b,
                            double *c) OFZ_MUST_USE;

/* `count` products of one shape: the i-th reads a + i * step_a and so on (elements). Products do
 * not overlap in c. */
ofz_status ofz_gemm_batch_f32(ofz_ctx *ctx, const ofz_gemm *g, int64_t count, const float *a,
                              int64_t step_a, const float *b, int64_t step_b, float *c,
                              int64_t step_c) OFZ_MUST_USE;
ofz_status ofz_gemm_batch_f64(ofz_ctx *ctx, const ofz_gemm *g, int64_t count, const double *a,
                              int64_t step_a, const double *b, int64_t step_b, double *c,
                              int64_t step_c) OFZ_MUST_USE;

#endif
