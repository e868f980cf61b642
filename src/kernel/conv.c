/* conv.c - which convolution runs. */
#include "kernel/conv.h"

#include "base/checked.h"

#include "kernel/dnn.h"

int64_t ofz_conv_work(const ofz_conv *s)
{
    int64_t work = s->batch;

    if (!ofz_mul(work, s->out_channels, &work) || !ofz_mul(work, s->in_channels / s->group, &work))
        return INT64_MAX;
    for (int i = 0; i < 3; i++)
        if (!ofz_mul(work, s->out[i], &work) || !ofz_mul(work, s->kernel[i], &work))
            return INT64_MAX;
    return work;
}

ofz_status ofz_conv_forward_f32(ofz_ctx *ctx, const ofz_conv *s, const float *x, const float *w,
                                const float *b, float *y)
{
#ifdef OFZ_HAVE_ONEDNN
    if (!ctx->reference && ofz_dnn_conv_forward(ctx, s, x, w, b, y)) return OFZ_OK;
#endif
    return ofz_ref_conv_forward_f32(ctx, s, x, w, b, y);
}

ofz_status ofz_conv_forward_f64(ofz_ctx *ctx, const ofz_conv *s, const double *x, const double *w,
                                const double *b, double *y)
{
    return ofz_ref_conv_forward_f64(ctx, s, x, w, b, y);
}

ofz_status ofz_conv_data_f32(ofz_ctx *ctx, const ofz_conv *s, const float *dy, const float *w,
                             const float *b, float *dx)
{
#ifdef OFZ_HAVE_ONEDNN
    if (!ctx->reference && ofz_dnn_conv_data(ctx, s, dy, w, b, dx)) return OFZ_OK;
#endif
    return ofz_ref_conv_data_f32(ctx, s, dy, w, b, dx);
}

ofz_status ofz_conv_data_f64(ofz_ctx *ctx, const ofz_conv *s, const double *dy, const double *w,
                             const double *b, double *dx)
{
    return ofz_ref_conv_data_f64(ctx, s, dy, w, b, dx);
}

ofz_status ofz_conv_weights_f32(ofz_ctx *ctx, const ofz_conv *s, const float *x, const float *dy,
                                float *dw)
{
#ifdef OFZ_HAVE_ONEDNN
    if (!ctx->reference && ofz_dnn_conv_weights(ctx, s, x, dy, dw)) return OFZ_OK;
#endif
    return ofz_ref_conv_weights_f32(ctx, s, x, dy, dw);
}

ofz_status ofz_conv_weights_f64(ofz_ctx *ctx, const ofz_conv *s, const double *x, const double *dy,
                                double *dw)
{
    return ofz_ref_conv_weights_f64(ctx, s, x, dy, dw);
}
