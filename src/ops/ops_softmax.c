/* ops_softmax.c - Softmax, LogSoftmax and Hardmax.
 *
 * Before version 13 the axes from `axis` on are flattened into one; from 13 on `axis` alone counts.
 * Hardmax marks the first of equal maxima and has no gradient. */
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "kernel/elementwise.h"
#include "kernel/softmax.h"
#include "ops/infer.h"

typedef struct softmax_attrs {
    int64_t axis, flat;
} softmax_attrs;

/* [outer, n, inner] of x; flat as attrs->flat. A scalar is one row of one. */
static ofz_status split(ofz_ctx *ctx, const ofz_tensor *x, const softmax_attrs *a, bool flat,
                        bool log, ofz_softmax *s)
{
    int axis = 0;

    *s = (ofz_softmax){ 1, 1, 1, log };
    if (x->rank == 0 && (a->axis == 0 || a->axis == -1)) return OFZ_OK;
    if (flat && a->axis == x->rank)
        axis = x->rank;
    else
        OFZ_TRY(ofz_axis(ctx, a->axis, x->rank, &axis));
    if (!x->count) {
        s->outer = 0;
        return OFZ_OK;
    }
    s->outer = ofz_tensor_span(x, 0, axis);
    s->n     = flat ? ofz_tensor_span(x, axis, x->rank) : x->dim[axis];
    s->inner = flat ? 1 : ofz_tensor_span(x, axis + 1, x->rank);
    return OFZ_OK;
}

static ofz_status infer_with(ofz_infer_call *c, bool flat)
{
    const softmax_attrs *a    = c->attrs;
    const int            rank = c->in[0]->rank;

    if (c->in[0]->dtype && !ofz_dtype_is_float(c->in[0]->dtype))
        return ofz_fail(c->ctx, OFZ_E_MODEL, "input 0: %s, want a floating-point type",
                        ofz_dtype_name(c->in[0]->dtype));
    if (rank > 0 && (a->axis < -rank || a->axis >= rank + flat))
        return ofz_fail(c->ctx, OFZ_E_MODEL, "axis: %" PRId64 ", want within [%d, %d)", a->axis,
                        -rank, rank + flat);
    if (rank == 0 && a->axis != 0 && a->axis != -1 && !flat)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "axis: %" PRId64 ", want 0 for a scalar", a->axis);
    return ofz_infer_same(c);
}

static ofz_status softmax_infer(ofz_infer_call *c)
{
    return infer_with(c, false);
}

static ofz_status softmax_flat_infer(ofz_infer_call *c)
{
    return infer_with(c, true);
}

/* Call f32 or f64 on x, widening and narrowing other floats. */
static ofz_status forward(ofz_eval_call *c, const ofz_softmax *s)
{
    const ofz_tensor *x = c->in[0];
    ofz_tensor       *y = c->out[0], in, out;
    ofz_status        st;

    if (x->dtype == OFZ_F32) ofz_softmax_f32(c->ctx, s, x->data, y->data);
    if (x->dtype == OFZ_F64) ofz_softmax_f64(c->ctx, s, x->data, y->data);
    if (x->dtype == OFZ_F32 || x->dtype == OFZ_F64) return OFZ_OK;
    OFZ_TRY(ofz_tensor_new(c->ctx, &in, OFZ_F32, x->rank, x->dim));
    st = ofz_tensor_new(c->ctx, &out, OFZ_F32, x->rank, x->dim);
    if (!st) {
        ofz_widen(x->dtype, x->data, 0, x->count, OFZ_F32, in.data);
        ofz_softmax_f32(c->ctx, s, in.data, out.data);
        ofz_narrow(OFZ_F32, out.data, x->count, y->dtype, y->data, 0);
        ofz_tensor_release(&out);
    }
    ofz_tensor_release(&in);
    return st;
}

/* Flat rows on a scalar with whatever axis: one element. */
static ofz_status eval_with(ofz_eval_call *c, bool flat, bool log)
{
    const softmax_attrs *a    = c->attrs;
    const softmax_attrs  zero = { 0, 0 };
    ofz_softmax          s;

    OFZ_TRY(split(c->ctx, c->in[0], c->in[0]->rank ? a : &zero, flat, log, &s));
    return forward(c, &s);
}

static ofz_status softmax_eval(ofz_eval_call *c)
{
    return eval_with(c, false, false);
}

static ofz_status softmax_flat_eval(ofz_eval_call *c)
{
    return eval_with(c, true, false);
}

static ofz_status logsoftmax_eval(ofz_eval_call *c)
{
    return eval_with(c, false, true);
}

static ofz_status logsoftmax_flat_eval(ofz_eval_call *c)
{
    return eval_with(c, true, true);
}

/* --- gradients: ofz.SoftmaxGrad(dy, y), ofz.LogSoftmaxGrad(dy, y) ----------------------------- */

static ofz_status back_infer(ofz_infer_call *c)
{
    const softmax_attrs *a  = c->attrs;
    const ofz_tensor    *dy = c->in[0], *y = c->in[1];
    int64_t              dim[OFZ_MAX_RANK];

    OFZ_TRY(ofz_want_same_dtype(c, 1));
    OFZ_TRY(infer_with(c, a->flat != 0));
    if (dy->rank < 0 || y->rank < 0) return OFZ_OK;
    OFZ_TRY(ofz_want_rank(c, 1, dy->rank));
    for (int i = 0; i < dy->rank; i++)
        OFZ_TRY(ofz_unify(c->ctx, "input 1: dimension", dy->dim[i], y->dim[i], &dim[i]));
    return ofz_infer_set(c, 0, dy->dtype, dy->rank, dim);
}

static ofz_status back_narrow(ofz_eval_call *c, const ofz_softmax *s)
{
    const ofz_tensor *dy = c->in[0], *y = c->in[1];
    ofz_tensor        g, v = { 0 }, dx = { 0 };
    ofz_status        st;

    OFZ_TRY(ofz_tensor_new(c->ctx, &g, OFZ_F32, dy->rank, dy->dim));
    OFZ_GOTO(ofz_tensor_new(c->ctx, &v, OFZ_F32, dy->rank, dy->dim));
    OFZ_GOTO(ofz_tensor_new(c->ctx, &dx, OFZ_F32, dy->rank, dy->dim));
    ofz_widen(dy->dtype, dy->data, 0, dy->count, OFZ_F32, g.data);
    ofz_widen(y->dtype, y->data, 0, dy->count, OFZ_F32, v.data);
    ofz_softmax_back_f32(c->ctx, s, g.data, v.data, dx.data);
    ofz_narrow(OFZ_F32, dx.data, dy->count, c->out[0]->dtype, c->out[0]->data, 0);
done:
    ofz_tensor_release(&g);
    ofz_tensor_release(&v);
    ofz_tensor_release(&dx);
    return st;
}

static ofz_status back_with(ofz_eval_call *c, bool log)
{
    const softmax_attrs *a    = c->attrs;
    const softmax_attrs  zero = { 0, 0 };
    const ofz_tensor    *dy = c->in[0], *y = c->in[1];
    ofz_softmax          s;

    OFZ_TRY(split(c->ctx, dy, dy->rank ? a : &zero, a->flat != 0, log, &s));
    if (dy->dtype == OFZ_F32)
        ofz_softmax_back_f32(c->ctx, &s, dy->data, y->data, c->out[0]->data);
    else if (dy->dtype == OFZ_F64)
        ofz_softmax_back_f64(c->ctx, &s, dy->data, y->data, c->out[0]->data);
    else
        return back_narrow(c, &s);
    return OFZ_OK;
}

static ofz_status softmax_back_eval(ofz_eval_call *c)
{
    return back_with(c, false);
}

static ofz_status logsoftmax_back_eval(ofz_eval_call *c)
{
    return back_with(c, true);
}

static ofz_status emit(ofz_grad_call *g, const char *row)
{
    const softmax_attrs *a      = g->attrs;
    const ofz_attr       attr[] = {
              { .name = "axis", .type = OFZ_ATTR_INT, .u.i = a->axis },
              { .name = "flat", .type = OFZ_ATTR_INT, .u.i = g->node->opset < 13 },
    };
    ofz_value *in[] = { g->dy[0], g->node->out[0] };

    return ofz_emit_attrs(g, "ofz", row, 2, attr, 2, in, 1, &g->dx[0]);
}

static ofz_status softmax_grad(ofz_grad_call *g)
{
    return emit(g, "SoftmaxGrad");
}

static ofz_status logsoftmax_grad(ofz_grad_call *g)
{
    return emit(g, "LogSoftmaxGrad");
}

/* --- Hardmax ---------------------------------------------------------------------------------- */

static ofz_status hardmax_with(ofz_eval_call *c, bool flat)
{
    const softmax_attrs *a    = c->attrs;
    const softmax_attrs  zero = { 0, 0 };
    const ofz_tensor    *x = c->in[0], *y = c->out[0];
    ofz_softmax          s;

    OFZ_TRY(split(c->ctx, x, x->rank ? a : &zero, flat, false, &s));
    for (int64_t r = 0; r < s.outer * s.inner; r++) {
        const int64_t at   = r / s.inner * s.n * s.inner + r % s.inner;
        int64_t       best = 0;
        double        top  = ofz_elem_f64(x->dtype, x->data, at);

        for (int64_t i = 0; i < s.n; i++) {
            const double v = ofz_elem_f64(x->dtype, x->data, at + i * s.inner);

            if (v > top || (isnan(v) && !isnan(top))) {
                top  = v;
                best = i;
            }
            ofz_elem_set_f64(y->dtype, y->data, at + i * s.inner, 0);
        }
        ofz_elem_set_f64(y->dtype, y->data, at + best * s.inner, 1);
    }
    return OFZ_OK;
}

static ofz_status hardmax_eval(ofz_eval_call *c)
{
    return hardmax_with(c, false);
}

static ofz_status hardmax_flat_eval(ofz_eval_call *c)
{
    return hardmax_with(c, true);
}

static ofz_status hardmax_grad(ofz_grad_call *g)
{
    (void)g;
    return OFZ_OK;
}

/* --- rows ------------------------------------------------------------------------------------- */

static const ofz_attr_def axis_1[] = {
    { "axis", OFZ_ATTR_INT, offsetof(softmax_attrs, axis), .i = 1 },
    { 0 },
};
static const ofz_attr_def axis_last[] = {
    { "axis", OFZ_ATTR_INT, offsetof(softmax_attrs, axis), .i = -1 },
    { 0 },
};
static const ofz_attr_def axis_flat[] = {
    { "axis", OFZ_ATTR_INT, offsetof(softmax_attrs, axis), .i = -1 },
    { "flat", OFZ_ATTR_INT, offsetof(softmax_attrs, flat) },
    { 0 },
};

#define ONE                                                                                        \
    {                                                                                              \
        1, 1                                                                                       \
    }
#define FLAT(name, since, fn)                                                                      \
    {                                                                                              \
        name, since, ONE, ONE, OFZ_OP_PURE, axis_1, sizeof(softmax_attrs), softmax_flat_infer,     \
            fn##_flat_eval, fn##_grad                                                              \
    }
#define ROWS(name, fn)                                                                             \
    FLAT(name, 1, fn), FLAT(name, 11, fn),                                                         \
    {                                                                                              \
        name, 13, ONE, ONE, OFZ_OP_PURE, axis_last, sizeof(softmax_attrs), softmax_infer,          \
            fn##_eval, fn##_grad                                                                   \
    }
#define BACK(name, fn)                                                                             \
    {                                                                                              \
        name, 1, { 2, 2 }, ONE, OFZ_OP_PURE, axis_flat, sizeof(softmax_attrs), back_infer,         \
            fn##_back_eval, NULL, NULL, "ofz"                                                      \
    }

static const ofz_op rows[] = {
    ROWS("Hardmax", hardmax),           ROWS("LogSoftmax", logsoftmax), ROWS("Softmax", softmax),
    BACK("LogSoftmaxGrad", logsoftmax), BACK("SoftmaxGrad", softmax),   { 0 },
};
OFZ_OP_TABLE(softmax, rows);
