/* gemm.c - which matrix product runs. */
#include "kernel/gemm.h"

#include "kernel/dnn.h"

ofz_status ofz_gemm_f32(ofz_ctx *ctx, const ofz_gemm *g, const float *a, const float *b, float *c)
{
#ifdef OFZ_HAVE_ONEDNN
    if (!ctx->reference && ofz_dnn_gemm(ctx, g, a, b, c)) return OFZ_OK;
#endif
    return ofz_ref_gemm_f32(ctx, g, a, b, c);
}

ofz_status ofz_gemm_f64(ofz_ctx *ctx, const ofz_gemm *g, const double *a, const double *b,
                        double *c)
{
    return ofz_ref_gemm_f64(ctx, g, a, b, c);
}

ofz_status ofz_gemm_batch_f32(ofz_ctx *ctx, const ofz_gemm *g, int64_t count, const float *a,
                              int64_t step_a, const float *b, int64_t step_b, float *c,
                              int64_t step_c)
{
#ifdef OFZ_HAVE_ONEDNN
    if (!ctx->reference && count > 1 &&
        ofz_dnn_gemm_batch(ctx, g, count, a, step_a, b, step_b, c, step_c))
        return OFZ_OK;
#endif
    for (int64_t i = 0; i < count; i++)
        OFZ_TRY(ofz_gemm_f32(ctx, g, a + i * step_a, b + i * step_b, c + i * step_c));
    return OFZ_OK;
}

ofz_status ofz_gemm_batch_f64(ofz_ctx *ctx, const ofz_gemm *g, int64_t count, const double *a,
                              int64_t step_a, const double *b, int64_t step_b, double *c,
                              int64_t step_c)
{
    for (int64_t i = 0; i < count; i++)
        OFZ_TRY(ofz_gemm_f64(ctx, g, a + i * step_a, b + i * step_b, c + i * step_c));
    return OFZ_OK;
}
