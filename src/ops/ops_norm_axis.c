/* ops_norm_axis.c - LRN, LpNormalization, MeanVarianceNormalization and their gradients.
 * Source: ONNX Operators.md. */
#include "ops/op.h"

#include "kernel/norm_axis.h"
#include "ops/floats.h"
#include "ops/infer.h"

typedef struct axis_attrs {
    float    alpha, beta, bias;
    int64_t  size, axis, p;
    ofz_ints axes;
} axis_attrs;

/* --- shapes ----------------------------------------------------------------------------------- */

static ofz_status lrn_infer(ofz_infer_call *c)
{
    const axis_attrs *a = c->attrs;

    if (a->size < 1)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "size: %" PRId64 ", want at least 1", a->size);
    if (c->in[0]->rank >= 0 && c->in[0]->rank < 2)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "input: rank %d, want at least 2", c->in[0]->rank);
    return ofz_infer_same(c);
}

static ofz_status lp_infer(ofz_infer_call *c)
{
    const axis_attrs *a = c->attrs;
    int               axis;

    if (a->p != 1 && a->p != 2)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "p: %" PRId64 ", want 1 or 2", a->p);
    if (c->in[0]->rank >= 0) OFZ_TRY(ofz_axis(c->ctx, a->axis, c->in[0]->rank, &axis));
    return ofz_infer_same(c);
}

/* The axes that are averaged over; batch and places when the attribute is absent. */
static ofz_status mvn_axes(ofz_ctx *ctx, const axis_attrs *a, int rank, bool mask[OFZ_MAX_RANK])
{
    static const int64_t usual[] = { 0, 2, 3 };

    if (a->axes.count) return ofz_axes_mask(ctx, a->axes.v, a->axes.count, rank, mask);
    return ofz_axes_mask(ctx, usual, 3, rank, mask);
}

static ofz_status mvn_infer(ofz_infer_call *c)
{
    bool mask[OFZ_MAX_RANK];

    if (c->in[0]->rank >= 0) OFZ_TRY(mvn_axes(c->ctx, c->attrs, c->in[0]->rank, mask));
    return ofz_infer_same(c);
}

/* --- eval ------------------------------------------------------------------------------------- */

static ofz_axis_view view_of(const ofz_tensor *x, int axis)
{
    return (ofz_axis_view){ .outer = ofz_tensor_span(x, 0, axis),
                            .n     = x->dim[axis],
                            .inner = ofz_tensor_span(x, axis + 1, x->rank) };
}

static ofz_lrn lrn_of(const ofz_eval_call *c)
{
    const axis_attrs *a = c->attrs;

    return (ofz_lrn){ .view  = view_of(c->in[0], 1),
                      .size  = a->size,
                      .alpha = (double)a->alpha,
                      .beta  = (double)a->beta,
                      .bias  = (double)a->bias };
}

static ofz_status lrn_run(ofz_eval_call *c)
{
    const ofz_lrn l = lrn_of(c);

    if (c->in[0]->count)
        OFZ_BY_FLOAT(c, ofz_lrn_forward, c->ctx, &l, c->in[0]->data, c->out[0]->data);
    return OFZ_OK;
}

/* Gradient rows: (dy, x). */
static ofz_status lrn_grad_run(ofz_eval_call *c)
{
    const ofz_lrn l = lrn_of(c);

    if (!c->in[0]->count) return OFZ_OK;
    return OFZ_BY_FLOAT(c, ofz_lrn_grad, c->ctx, &l, c->in[0]->data, c->in[1]->data,
                        c->out[0]->data);
}

static ofz_status lp_run(ofz_eval_call *c)
{
    const axis_attrs *a = c->attrs;
    ofz_axis_view     v;
    int               axis;

    OFZ_TRY(ofz_axis(c->ctx, a->axis, c->in[0]->rank, &axis));
    v = view_of(c->in[0], axis);
    if (c->in[0]->count)
        OFZ_BY_FLOAT(c, ofz_lp_forward, c->ctx, &v, (int)a->p, c->in[0]->data, c->out[0]->data);
    return OFZ_OK;
}

static ofz_status lp_grad_run(ofz_eval_call *c)
{
    const axis_attrs *a = c->attrs;
    ofz_axis_view     v;
    int               axis;

    OFZ_TRY(ofz_axis(c->ctx, a->axis, c->in[0]->rank, &axis));
    v = view_of(c->in[0], axis);
    if (c->in[0]->count)
        OFZ_BY_FLOAT(c, ofz_lp_grad, c->ctx, &v, (int)a->p, c->in[0]->data, c->in[1]->data,
                     c->out[0]->data);
    return OFZ_OK;
}

/* step: OFZ_MAX_RANK numbers that *m keeps pointing at. The epsilon is that of the function body. */
static ofz_status mvn_of(ofz_eval_call *c, int64_t *step, ofz_mvn *m)
{
    const ofz_tensor *x = c->in[0];
    bool              mask[OFZ_MAX_RANK];
    int64_t           groups = 1;

    OFZ_TRY(mvn_axes(c->ctx, c->attrs, x->rank, mask));
    for (int k = x->rank - 1; x->count && k >= 0; k--) {
        step[k] = mask[k] ? 0 : groups;
        if (!mask[k]) groups *= x->dim[k];
    }
    *m = (ofz_mvn){ .total   = x->count,
                    .groups  = x->count ? groups : 0,
                    .rank    = x->rank,
                    .dim     = x->dim,
                    .step    = step,
                    .epsilon = 1e-9 };
    return OFZ_OK;
}

static ofz_status mvn_run(ofz_eval_call *c)
{
    int64_t step[OFZ_MAX_RANK];
    ofz_mvn m;

    OFZ_TRY(mvn_of(c, step, &m));
    return OFZ_BY_FLOAT(c, ofz_mvn_forward, c->ctx, &m, c->in[0]->data, c->out[0]->data);
}

static ofz_status mvn_grad_run(ofz_eval_call *c)
{
    int64_t step[OFZ_MAX_RANK];
    ofz_mvn m;

    OFZ_TRY(mvn_of(c, step, &m));
    return OFZ_BY_FLOAT(c, ofz_mvn_grad, c->ctx, &m, c->in[0]->data, c->in[1]->data,
                        c->out[0]->data);
}

#define EVAL(name)                                                                                 \
    static ofz_status name##_eval(ofz_eval_call *c)                                                \
    {                                                                                              \
        return ofz_eval_floats(c, name##_run);                                                     \
    }

EVAL(lrn)
EVAL(lrn_grad)
EVAL(lp)
EVAL(lp_grad)
EVAL(mvn)
EVAL(mvn_grad)

/* --- gradients -------------------------------------------------------------------------------- */

#define GRAD(name, ROW)                                                                            \
    static ofz_status name(ofz_grad_call *g)                                                       \
    {                                                                                              \
        ofz_value *const in[] = { g->dy[0], g->node->in[0] };                                      \
                                                                                                   \
        return g->need[0] ? ofz_emit_grad(g, ROW, 2, in, &g->dx[0]) : OFZ_OK;                      \
    }

GRAD(lrn_grad, "LRNGrad")
GRAD(lp_grad, "LpNormalizationGrad")
GRAD(mvn_grad, "MeanVarianceNormalizationGrad")

/* --- the table -------------------------------------------------------------------------------- */

#define AT(field) offsetof(axis_attrs, field)

static const ofz_attr_def lrn_def[] = {
    { "alpha", OFZ_ATTR_FLOAT, AT(alpha), .f = 1e-4f },
    { "beta", OFZ_ATTR_FLOAT, AT(beta), .f = 0.75f },
    { "bias", OFZ_ATTR_FLOAT, AT(bias), .f = 1 },
    { "size", OFZ_ATTR_INT, AT(size), .required = true },
    { 0 },
};

static const ofz_attr_def lp_def[] = {
    { "axis", OFZ_ATTR_INT, AT(axis), .i = -1 },
    { "p", OFZ_ATTR_INT, AT(p), .i = 2 },
    { 0 },
};

static const ofz_attr_def mvn_def[] = {
    { "axes", OFZ_ATTR_INTS, AT(axes) },
    { 0 },
};

/* clang-format off */
#define ONE    { 1, 1 }
#define TWO    { 2, 2 }
#define PURE   OFZ_OP_PURE
#define A(def) def, sizeof(axis_attrs)
#define X(name, since, def, what)                                                                  \
    { name, since, ONE, ONE, PURE, A(def), what##_infer, what##_eval, what##_grad, "x" }
#define P(name, def, what)                                                                         \
    { name, 1, TWO, ONE, PURE, A(def), what##_infer, what##_grad_eval, NULL, "x", "ofz" }

static const ofz_op rows[] = {
    X("LRN", 1, lrn_def, lrn), X("LRN", 13, lrn_def, lrn),
    X("LpNormalization", 1, lp_def, lp), X("LpNormalization", 22, lp_def, lp),
    X("MeanVarianceNormalization", 9, mvn_def, mvn),
    X("MeanVarianceNormalization", 13, mvn_def, mvn),
    P("LRNGrad", lrn_def, lrn),
    P("LpNormalizationGrad", lp_def, lp),
    P("MeanVarianceNormalizationGrad", mvn_def, mvn),
    { 0 },
};
/* clang-format on */
OFZ_OP_TABLE(norm_axis, rows);
