/* ops_conv.c - Conv, ConvTranspose and their gradients.
 * Source: ONNX Operators.md, Conv and ConvTranspose. */
#include "ops/op.h"

#include "base/checked.h"
#include "kernel/conv.h"
#include "kernel/norm.h"
#include "ops/conv_shape.h"
#include "ops/floats.h"

enum { MAX_AXES = 3 };

/* --- shapes ----------------------------------------------------------------------------------- */

/* dims of t, or fresh symbols where its rank is unknown. */
static void dims_or_fresh(ofz_infer_call *c, const ofz_tensor *t, int rank, int64_t *dim)
{
    for (int i = 0; i < rank; i++) dim[i] = t->rank >= 0 ? t->dim[i] : ofz_infer_fresh(c);
}

/* Kernel sizes: the attribute's, or the weight's trailing dims; both, when known, must agree. */
static ofz_status kernel_sizes(ofz_ctx *ctx, const ofz_window_attrs *a, int axes, const int64_t *w,
                               int64_t *kernel)
{
    if (a->kernel_shape.count && a->kernel_shape.count != (size_t)axes)
        return ofz_fail(ctx, OFZ_E_MODEL, "kernel_shape: %zu numbers, want %d",
                        a->kernel_shape.count, axes);
    for (int i = 0; i < axes; i++) {
        kernel[i] = w[2 + i];
        if (!a->kernel_shape.count) continue;
        if (OFZ_IS_SYMBOL(kernel[i])) {
            kernel[i] = a->kernel_shape.v[i];
        } else if (kernel[i] != a->kernel_shape.v[i]) {
            return ofz_fail(ctx, OFZ_E_MODEL,
                            "kernel_shape[%d]: %" PRId64 ", want %" PRId64 " as the weight has", i,
                            a->kernel_shape.v[i], kernel[i]);
        }
    }
    return OFZ_OK;
}

/* `per_group` channels of each of `group` groups must be `all`. Symbols are left alone. */
static ofz_status group_check(ofz_ctx *ctx, int64_t group, int64_t all, int64_t per_group)
{
    int64_t want;

    if (group < 1) return ofz_fail(ctx, OFZ_E_MODEL, "group: %" PRId64 ", want at least 1", group);
    if (OFZ_IS_SYMBOL(all) || OFZ_IS_SYMBOL(per_group)) return OFZ_OK;
    if (!ofz_mul(per_group, group, &want) || want != all)
        return ofz_fail(ctx, OFZ_E_MODEL,
                        "input channels: %" PRId64 ", want %" PRId64 " groups of %" PRId64, all,
                        group, per_group);
    return OFZ_OK;
}

static ofz_status divisible(ofz_ctx *ctx, int64_t channels, int64_t group)
{
    if (OFZ_IS_SYMBOL(channels) || channels % group == 0) return OFZ_OK;
    return ofz_fail(ctx, OFZ_E_MODEL, "channels: %" PRId64 ", want a multiple of group %" PRId64,
                    channels, group);
}

/* Input k, when it is there, has one number per channel. */
static ofz_status bias_check(ofz_infer_call *c, int k, int64_t channels)
{
    int64_t ignored;

    if (k < 0 || k >= c->in_count || !c->in[k]) return OFZ_OK;
    OFZ_TRY(ofz_want_rank(c, k, 1));
    if (c->in[k]->rank == 1)
        OFZ_TRY(ofz_unify(c->ctx, "bias", c->in[k]->dim[0], channels, &ignored));
    return OFZ_OK;
}

/* What both infer functions begin with: ranks. *rank is -1 when nothing is known. */
static ofz_status ranks_get(ofz_infer_call *c, int k_x, int k_w, int *rank)
{
    const ofz_tensor *x = c->in[k_x], *w = c->in[k_w];

    *rank = x->rank >= 0 ? x->rank : w->rank;
    if (*rank < 0) return OFZ_OK;
    if (*rank < 3) return ofz_fail(c->ctx, OFZ_E_MODEL, "input: rank %d, want at least 3", *rank);
    return ofz_want_rank(c, k_w, *rank);
}

ofz_status ofz_conv_infer_at(ofz_infer_call *c, int k_x, int k_w, int k_b, ofz_dtype dtype)
{
    const ofz_window_attrs *a = c->attrs;
    int64_t                 x[OFZ_MAX_RANK], w[OFZ_MAX_RANK], kernel[OFZ_MAX_RANK];
    ofz_window              at;
    int                     rank;

    OFZ_TRY(ranks_get(c, k_x, k_w, &rank));
    if (rank < 0) return ofz_infer_unknown(c, 0, dtype);
    dims_or_fresh(c, c->in[k_x], rank, x);
    dims_or_fresh(c, c->in[k_w], rank, w);
    OFZ_TRY(group_check(c->ctx, a->group, x[1], w[1]));
    OFZ_TRY(divisible(c->ctx, w[0], a->group));
    OFZ_TRY(bias_check(c, k_b, w[0]));
    OFZ_TRY(kernel_sizes(c->ctx, a, rank - 2, w, kernel));
    OFZ_TRY(ofz_window_place(c->ctx, a, rank - 2, x + 2, kernel, c, &at));
    x[1] = w[0];
    for (int i = 0; i < rank - 2; i++) x[2 + i] = at.out[i];
    return ofz_infer_set(c, 0, dtype, rank, x);
}

static ofz_status conv_infer(ofz_infer_call *c)
{
    OFZ_TRY(ofz_want_same_dtype(c, 1));
    OFZ_TRY(ofz_want_same_dtype(c, 2));
    return ofz_conv_infer_at(c, 0, 1, 2, c->in[0]->dtype);
}

static ofz_status transposed_infer(ofz_infer_call *c)
{
    const ofz_window_attrs *a = c->attrs;
    int64_t                 x[OFZ_MAX_RANK], w[OFZ_MAX_RANK], kernel[OFZ_MAX_RANK], channels;
    ofz_window              at;
    int                     rank;

    OFZ_TRY(ofz_want_same_dtype(c, 1));
    OFZ_TRY(ofz_want_same_dtype(c, 2));
    OFZ_TRY(ranks_get(c, 0, 1, &rank));
    if (rank < 0) return ofz_infer_unknown(c, 0, c->in[0]->dtype);
    dims_or_fresh(c, c->in[0], rank, x);
    dims_or_fresh(c, c->in[1], rank, w);
    if (a->group < 1)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "group: %" PRId64 ", want at least 1", a->group);
    OFZ_TRY(ofz_unify(c->ctx, "input channels", x[1], w[0], &channels));
    OFZ_TRY(divisible(c->ctx, channels, a->group));
    OFZ_TRY(ofz_dim_mul(c, w[1], a->group, &channels));
    OFZ_TRY(bias_check(c, 2, channels));
    OFZ_TRY(kernel_sizes(c->ctx, a, rank - 2, w, kernel));
    OFZ_TRY(ofz_window_place_transposed(c->ctx, a, rank - 2, x + 2, kernel, c, &at));
    x[1] = channels;
    for (int i = 0; i < rank - 2; i++) x[2 + i] = at.out[i];
    return ofz_infer_set(c, 0, c->in[0]->dtype, rank, x);
}

/* --- eval ------------------------------------------------------------------------------------- */

ofz_status ofz_conv_shape(ofz_eval_call *c, const ofz_tensor *x, const ofz_tensor *w,
                          bool transposed, ofz_conv *s)
{
    const ofz_window_attrs *a    = c->attrs;
    const int               axes = x->rank - 2, skip = MAX_AXES - axes;
    ofz_window              at;

    if (axes > MAX_AXES)
        return ofz_fail(c->ctx, OFZ_E_UNSUPPORTED, "input: %d spatial axes, want at most %d", axes,
                        MAX_AXES);
    if (transposed)
        OFZ_TRY(ofz_window_place_transposed(c->ctx, a, axes, x->dim + 2, w->dim + 2, NULL, &at));
    else
        OFZ_TRY(ofz_window_place(c->ctx, a, axes, x->dim + 2, w->dim + 2, NULL, &at));
    *s              = (ofz_conv){ .axes = axes, .batch = x->dim[0], .group = a->group };
    s->in_channels  = transposed ? w->dim[1] * a->group : x->dim[1];
    s->out_channels = w->dim[0];
    for (int i = 0; i < MAX_AXES; i++) {
        const bool real = i >= skip;
        const int  k    = i - skip;

        s->in[i]       = !real ? 1 : transposed ? at.out[k] : at.in[k];
        s->out[i]      = !real ? 1 : transposed ? at.in[k] : at.out[k];
        s->kernel[i]   = real ? at.kernel[k] : 1;
        s->stride[i]   = real ? at.stride[k] : 1;
        s->dilation[i] = real ? at.dilation[k] : 1;
        s->pad[i]      = real ? at.begin[k] : 0;
    }
    return OFZ_OK;
}

static const void *bias_data(const ofz_eval_call *c)
{
    return c->in_count > 2 && c->in[2] ? c->in[2]->data : NULL;
}

static ofz_status conv_run(ofz_eval_call *c)
{
    ofz_conv s;

    if (!c->out[0]->count) return OFZ_OK;
    OFZ_TRY(ofz_conv_shape(c, c->in[0], c->in[1], false, &s));
    return OFZ_BY_FLOAT(c, ofz_conv_forward, c->ctx, &s, c->in[0]->data, c->in[1]->data,
                        bias_data(c), c->out[0]->data);
}

static ofz_status transposed_run(ofz_eval_call *c)
{
    ofz_conv s;

    if (!c->out[0]->count) return OFZ_OK;
    OFZ_TRY(ofz_conv_shape(c, c->in[0], c->in[1], true, &s));
    return OFZ_BY_FLOAT(c, ofz_conv_data, c->ctx, &s, c->in[0]->data, c->in[1]->data, bias_data(c),
                        c->out[0]->data);
}

/* The gradient rows have inputs (x, w, dy). */
static ofz_status conv_grad_x_run(ofz_eval_call *c)
{
    ofz_conv s;

    if (!c->out[0]->count) return OFZ_OK;
    OFZ_TRY(ofz_conv_shape(c, c->in[0], c->in[1], false, &s));
    return OFZ_BY_FLOAT(c, ofz_conv_data, c->ctx, &s, c->in[2]->data, c->in[1]->data, NULL,
                        c->out[0]->data);
}

static ofz_status conv_grad_w_run(ofz_eval_call *c)
{
    ofz_conv s;

    if (!c->out[0]->count) return OFZ_OK;
    OFZ_TRY(ofz_conv_shape(c, c->in[0], c->in[1], false, &s));
    return OFZ_BY_FLOAT(c, ofz_conv_weights, c->ctx, &s, c->in[0]->data, c->in[2]->data,
                        c->out[0]->data);
}

static ofz_status transposed_grad_x_run(ofz_eval_call *c)
{
    ofz_conv s;

    if (!c->out[0]->count) return OFZ_OK;
    OFZ_TRY(ofz_conv_shape(c, c->in[0], c->in[1], true, &s));
    return OFZ_BY_FLOAT(c, ofz_conv_forward, c->ctx, &s, c->in[2]->data, c->in[1]->data, NULL,
                        c->out[0]->data);
}

static ofz_status transposed_grad_w_run(ofz_eval_call *c)
{
    ofz_conv s;

    if (!c->out[0]->count) return OFZ_OK;
    OFZ_TRY(ofz_conv_shape(c, c->in[0], c->in[1], true, &s));
    return OFZ_BY_FLOAT(c, ofz_conv_weights, c->ctx, &s, c->in[2]->data, c->in[0]->data,
                        c->out[0]->data);
}

#define EVAL(name)                                                                                 \
    static ofz_status name##_eval(ofz_eval_call *c)                                                \
    {                                                                                              \
        return ofz_eval_floats(c, name##_run);                                                     \
    }

EVAL(conv)
EVAL(transposed)
EVAL(conv_grad_x)
EVAL(conv_grad_w)
EVAL(transposed_grad_x)
EVAL(transposed_grad_w)

/* --- gradients -------------------------------------------------------------------------------- */

static ofz_status grad_x_infer(ofz_infer_call *c)
{
    return ofz_infer_same(c);
}

static ofz_status grad_w_infer(ofz_infer_call *c)
{
    return ofz_infer_set(c, 0, c->in[1]->dtype, c->in[1]->rank, c->in[1]->dim);
}

static ofz_status emit_grads(ofz_grad_call *g, const char *row_x, const char *row_w)
{
    ofz_value *const in[] = { g->node->in[0], g->node->in[1], g->dy[0] };

    if (!g->dy[0]) return OFZ_OK;
    if (g->need[0]) OFZ_TRY(ofz_emit_grad(g, row_x, 3, in, &g->dx[0]));
    if (g->need[1]) OFZ_TRY(ofz_emit_grad(g, row_w, 3, in, &g->dx[1]));
    if (g->node->in_count > 2 && g->node->in[2] && g->need[2])
        OFZ_TRY(ofz_emit_attrs(g, "ofz", "ChannelSum", 0, NULL, 1, &g->dy[0], 1, &g->dx[2]));
    return OFZ_OK;
}

static ofz_status conv_grad(ofz_grad_call *g)
{
    return emit_grads(g, "ConvGradX", "ConvGradW");
}

static ofz_status transposed_grad(ofz_grad_call *g)
{
    return emit_grads(g, "ConvTransposeGradX", "ConvTransposeGradW");
}

/* ChannelSum: [N, C, ...] -> [C], what the bias of a convolution and the shift of a batch norm get.
 */
static ofz_status channel_sum_infer(ofz_infer_call *c)
{
    const ofz_tensor *x = c->in[0];

    if (x->rank < 0) {
        const int64_t any = ofz_infer_fresh(c);

        return ofz_infer_set(c, 0, x->dtype, 1, &any);
    }
    if (x->rank < 2)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "input: rank %d, want at least 2", x->rank);
    return ofz_infer_set(c, 0, x->dtype, 1, &x->dim[1]);
}

static ofz_status channel_sum_run(ofz_eval_call *c)
{
    const ofz_tensor *x      = c->in[0];
    const ofz_affine  affine = { .total  = x->count,
                                 .period = ofz_tensor_span(x, 2, x->rank),
                                 .count  = x->dim[1] };

    return OFZ_BY_FLOAT(c, ofz_affine_sum, c->ctx, &affine, x->data, c->out[0]->data);
}
EVAL(channel_sum)

/* --- the table -------------------------------------------------------------------------------- */

#define AT(field) offsetof(ofz_window_attrs, field)

static const ofz_attr_def conv_def[] = {
    { "auto_pad", OFZ_ATTR_STRING, AT(auto_pad), .s = "NOTSET" },
    { "dilations", OFZ_ATTR_INTS, AT(dilations) },
    { "group", OFZ_ATTR_INT, AT(group), .i = 1 },
    { "kernel_shape", OFZ_ATTR_INTS, AT(kernel_shape) },
    { "pads", OFZ_ATTR_INTS, AT(pads) },
    { "strides", OFZ_ATTR_INTS, AT(strides) },
    { 0 },
};

static const ofz_attr_def transposed_def[] = {
    { "auto_pad", OFZ_ATTR_STRING, AT(auto_pad), .s = "NOTSET" },
    { "dilations", OFZ_ATTR_INTS, AT(dilations) },
    { "group", OFZ_ATTR_INT, AT(group), .i = 1 },
    { "kernel_shape", OFZ_ATTR_INTS, AT(kernel_shape) },
    { "output_padding", OFZ_ATTR_INTS, AT(output_padding) },
    { "output_shape", OFZ_ATTR_INTS, AT(output_shape) },
    { "pads", OFZ_ATTR_INTS, AT(pads) },
    { "strides", OFZ_ATTR_INTS, AT(strides) },
    { 0 },
};

/* clang-format off */
#define ONE        { 1, 1 }
#define THREE      { 3, 3 }
#define IN         { 2, 3 }
#define CONV       conv_def, sizeof(ofz_window_attrs)
#define TRANSPOSED transposed_def, sizeof(ofz_window_attrs)
#define PURE       OFZ_OP_PURE

static const ofz_op rows[] = {
    { "Conv", 1, IN, ONE, PURE, CONV, conv_infer, conv_eval, conv_grad, "xwb" },
    { "Conv", 11, IN, ONE, PURE, CONV, conv_infer, conv_eval, conv_grad, "xwb" },
    { "Conv", 22, IN, ONE, PURE, CONV, conv_infer, conv_eval, conv_grad, "xwb" },
    { "ConvTranspose", 1, IN, ONE, PURE, TRANSPOSED, transposed_infer, transposed_eval,
      transposed_grad, "xwb" },
    { "ConvTranspose", 11, IN, ONE, PURE, TRANSPOSED, transposed_infer, transposed_eval,
      transposed_grad, "xwb" },
    { "ConvTranspose", 22, IN, ONE, PURE, TRANSPOSED, transposed_infer, transposed_eval,
      transposed_grad, "xwb" },
    { "ChannelSum", 1, ONE, ONE, PURE, NULL, 0, channel_sum_infer, channel_sum_eval, NULL, "x",
      "ofz" },
    { "ConvGradW", 1, THREE, ONE, PURE, CONV, grad_w_infer, conv_grad_w_eval, NULL, "xwx", "ofz" },
    { "ConvGradX", 1, THREE, ONE, PURE, CONV, grad_x_infer, conv_grad_x_eval, NULL, "xwx", "ofz" },
    { "ConvTransposeGradW", 1, THREE, ONE, PURE, TRANSPOSED, grad_w_infer, transposed_grad_w_eval,
      NULL, "xwx", "ofz" },
    { "ConvTransposeGradX", 1, THREE, ONE, PURE, TRANSPOSED, grad_x_infer, transposed_grad_x_eval,
      NULL, "xwx", "ofz" },
    { 0 },
};
/* clang-format on */
OFZ_OP_TABLE(conv, rows);
