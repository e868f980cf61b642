/* dnn_conv.c - convolution and its gradients by oneDNN. The primitive chooses the order of its operands;
 * ours are plain, so that each call packs its inputs and unpacks its result where they differ. */
#include "kernel/dnn.h"
#include "kernel/dnn_call.h"

/* The shape as oneDNN names it. `x`, `w`, `y` are plain, `any_*` leave the order open. */
typedef struct conv_shape {
    dnnl_memory_desc_t x, w, b, y, any_x, any_w, any_y;
    dnnl_dims_t        stride, dilation, begin, end;
} conv_shape;

/* A plain and an open description of `rank` dims. */
static bool desc_pair(int rank, const dnnl_dims_t dim, dnnl_memory_desc_t *plain,
                      dnnl_memory_desc_t *any)
{
    static const dnnl_format_tag_t tags[] = {
        dnnl_format_tag_undef, dnnl_a, dnnl_ab, dnnl_abc, dnnl_abcd, dnnl_abcde, dnnl_abcdef
    };

    for (int i = 0; i < rank; i++)
        if (dim[i] < 1) return false;
    return dnnl_memory_desc_init_by_tag(plain, rank, dim, dnnl_f32, tags[rank]) == dnnl_success &&
           dnnl_memory_desc_init_by_tag(any, rank, dim, dnnl_f32, dnnl_format_tag_any) ==
               dnnl_success;
}

static bool conv_shape_init(const ofz_conv *s, conv_shape *c)
{
    const int   skip = 3 - s->axes, grouped = s->group > 1;
    dnnl_dims_t x = { s->batch, s->in_channels }, y = { s->batch, s->out_channels };
    dnnl_dims_t w = { 0 };

    if (grouped) w[0] = s->group;
    w[grouped]     = s->out_channels / s->group;
    w[grouped + 1] = s->in_channels / s->group;
    for (int i = 0; i < s->axes; i++) {
        const int     k    = skip + i;
        const int64_t span = (s->kernel[k] - 1) * s->dilation[k] + 1;

        x[2 + i]           = s->in[k];
        y[2 + i]           = s->out[k];
        w[grouped + 2 + i] = s->kernel[k];
        c->stride[i]       = s->stride[k];
        c->dilation[i]     = s->dilation[k] - 1;
        c->begin[i]        = s->pad[k];
        c->end[i]          = (s->out[k] - 1) * s->stride[k] + span - s->in[k] - s->pad[k];
    }
    return desc_pair(s->axes + 2, x, &c->x, &c->any_x) &&
           desc_pair(s->axes + 2, y, &c->y, &c->any_y) &&
           desc_pair(s->axes + 2 + grouped, w, &c->w, &c->any_w) &&
           dnnl_memory_desc_init_by_tag(&c->b, 1, (dnnl_dims_t){ s->out_channels }, dnnl_f32,
                                        dnnl_a) == dnnl_success;
}

static bool forward_pd(ofz_dnn *d, const conv_shape *c, dnnl_prop_kind_t kind, bool bias,
                       dnnl_primitive_desc_t *pd)
{
    dnnl_convolution_desc_t desc;

    return dnnl_dilated_convolution_forward_desc_init(
               &desc, kind, dnnl_convolution_direct, &c->any_x, &c->any_w, bias ? &c->b : NULL,
               &c->any_y, c->stride, c->dilation, c->begin, c->end) == dnnl_success &&
           dnnl_primitive_desc_create(pd, &desc, NULL, d->engine, NULL) == dnnl_success;
}

static const dnnl_memory_desc_t *wanted(const_dnnl_primitive_desc_t pd, dnnl_query_t what)
{
    return dnnl_primitive_desc_query_md(pd, what, 0);
}

static bool forward(ofz_dnn *d, const conv_shape *c, const float *x, const float *w, const float *b,
                    float *y)
{
    dnnl_primitive_desc_t pd = NULL;
    ofz_dnn_operand       ox = { 0 }, ow = { 0 }, ob = { 0 }, oy = { 0 };
    bool                  done;

    if (!forward_pd(d, c, dnnl_forward_inference, b != NULL, &pd)) return false;
    done = ofz_dnn_operand_init(d, &ox, &c->x, wanted(pd, dnnl_query_src_md), x) &&
           ofz_dnn_operand_init(d, &ow, &c->w, wanted(pd, dnnl_query_weights_md), w) &&
           ofz_dnn_operand_init(d, &oy, &c->y, wanted(pd, dnnl_query_dst_md), y) &&
           (!b || ofz_dnn_operand_init(d, &ob, &c->b, &c->b, b)) && ofz_dnn_operand_pack(d, &ox) &&
           ofz_dnn_operand_pack(d, &ow) &&
           ofz_dnn_run(d, pd, b ? 4 : 3,
                       (dnnl_exec_arg_t[]){ { DNNL_ARG_SRC, ox.packed },
                                            { DNNL_ARG_WEIGHTS, ow.packed },
                                            { DNNL_ARG_DST, oy.packed },
                                            { DNNL_ARG_BIAS, ob.packed } }) &&
           ofz_dnn_operand_unpack(d, &oy);
    ofz_dnn_operand_deinit(&ox);
    ofz_dnn_operand_deinit(&ow);
    ofz_dnn_operand_deinit(&ob);
    ofz_dnn_operand_deinit(&oy);
    dnnl_primitive_desc_destroy(pd);
    return done;
}

static bool backward_data(ofz_dnn *d, const conv_shape *c, const float *dy, const float *w,
                          float *dx)
{
    dnnl_primitive_desc_t   hint = NULL, pd = NULL;
    ofz_dnn_operand         ox = { 0 }, ow = { 0 }, oy = { 0 };
    dnnl_convolution_desc_t desc;
    bool                    done = false;

    if (!forward_pd(d, c, dnnl_forward_training, false, &hint)) return false;
    if (dnnl_dilated_convolution_backward_data_desc_init(
            &desc, dnnl_convolution_direct, &c->any_x, &c->any_w, &c->any_y, c->stride, c->dilation,
            c->begin, c->end) == dnnl_success &&
        dnnl_primitive_desc_create(&pd, &desc, NULL, d->engine, hint) == dnnl_success)
        done = ofz_dnn_operand_init(d, &ox, &c->x, wanted(pd, dnnl_query_diff_src_md), dx) &&
               ofz_dnn_operand_init(d, &ow, &c->w, wanted(pd, dnnl_query_weights_md), w) &&
               ofz_dnn_operand_init(d, &oy, &c->y, wanted(pd, dnnl_query_diff_dst_md), dy) &&
               ofz_dnn_operand_pack(d, &oy) && ofz_dnn_operand_pack(d, &ow) &&
               ofz_dnn_run(d, pd, 3,
                           (dnnl_exec_arg_t[]){ { DNNL_ARG_DIFF_DST, oy.packed },
                                                { DNNL_ARG_WEIGHTS, ow.packed },
                                                { DNNL_ARG_DIFF_SRC, ox.packed } }) &&
               ofz_dnn_operand_unpack(d, &ox);
    ofz_dnn_operand_deinit(&ox);
    ofz_dnn_operand_deinit(&ow);
    ofz_dnn_operand_deinit(&oy);
    if (pd) dnnl_primitive_desc_destroy(pd);
    dnnl_primitive_desc_destroy(hint);
    return done;
}

static bool backward_weights(ofz_dnn *d, const conv_shape *c, const float *x, const float *dy,
                             float *dw)
{
    dnnl_primitive_desc_t   hint = NULL, pd = NULL;
    ofz_dnn_operand         ox = { 0 }, ow = { 0 }, oy = { 0 };
    dnnl_convolution_desc_t desc;
    bool                    done = false;

    if (!forward_pd(d, c, dnnl_forward_training, false, &hint)) return false;
    if (dnnl_dilated_convolution_backward_weights_desc_init(
            &desc, dnnl_convolution_direct, &c->any_x, &c->any_w, NULL, &c->any_y, c->stride,
            c->dilation, c->begin, c->end) == dnnl_success &&
        dnnl_primitive_desc_create(&pd, &desc, NULL, d->engine, hint) == dnnl_success)
        done = ofz_dnn_operand_init(d, &ox, &c->x, wanted(pd, dnnl_query_src_md), x) &&
               ofz_dnn_operand_init(d, &ow, &c->w, wanted(pd, dnnl_query_diff_weights_md), dw) &&
               ofz_dnn_operand_init(d, &oy, &c->y, wanted(pd, dnnl_query_diff_dst_md), dy) &&
               ofz_dnn_operand_pack(d, &ox) && ofz_dnn_operand_pack(d, &oy) &&
               ofz_dnn_run(d, pd, 3,
                           (dnnl_exec_arg_t[]){ { DNNL_ARG_SRC, ox.packed },
                                                { DNNL_ARG_DIFF_DST, oy.packed },
                                                { DNNL_ARG_DIFF_WEIGHTS, ow.packed } }) &&
               ofz_dnn_operand_unpack(d, &ow);
    ofz_dnn_operand_deinit(&ox);
    ofz_dnn_operand_deinit(&ow);
    ofz_dnn_operand_deinit(&oy);
    if (pd) dnnl_primitive_desc_destroy(pd);
    dnnl_primitive_desc_destroy(hint);
    return done;
}

bool ofz_dnn_conv_forward(ofz_ctx *ctx, const ofz_conv *s, const float *x, const float *w,
                          const float *b, float *y)
{
    conv_shape c;
    ofz_dnn    d;
    bool       done;

    if (!conv_shape_init(s, &c) || !ofz_dnn_begin(ctx, ofz_conv_work(s), &d)) return false;
    done = forward(&d, &c, x, w, b, y);
    ofz_dnn_end(&d);
    return done;
}

bool ofz_dnn_conv_data(ofz_ctx *ctx, const ofz_conv *s, const float *dy, const float *w,
                       const float *b, float *dx)
{
    const int64_t plane = s->in[0] * s->in[1] * s->in[2];
    conv_shape    c;
    ofz_dnn       d;
    bool          done;

    if (!conv_shape_init(s, &c) || !ofz_dnn_begin(ctx, ofz_conv_work(s), &d)) return false;
    done = backward_data(&d, &c, dy, w, dx);
    ofz_dnn_end(&d);
    for (int64_t p = 0; done && b && p < s->batch * s->in_channels; p++)
        for (int64_t i = 0; i < plane; i++) dx[p * plane + i] += b[p % s->in_channels];
    return done;
}

bool ofz_dnn_conv_weights(ofz_ctx *ctx, const ofz_conv *s, const float *x, const float *dy,
                          float *dw)
{
    conv_shape c;
    ofz_dnn    d;
    bool       done;

    if (!conv_shape_init(s, &c) || !ofz_dnn_begin(ctx, ofz_conv_work(s), &d)) return false;
    done = backward_weights(&d, &c, x, dy, dw);
    ofz_dnn_end(&d);
    return done;
}
