/* ops_gradient.c - private rows that the gradients of many operators emit.
 *
 *   SumTo(dy, x)        dy summed over the axes along which x was broadcast; x gives the shape
 * alone BroadcastTo(t, x)   t repeated to x's shape; x gives the shape alone Scale(t)            t
 * times the attribute `factor`, over the attribute `divisor` */
#include <math.h>
#include <stddef.h>

#include "base/threads.h"
#include "kernel/elementwise.h"
#include "kernel/reduce.h"
#include "ops/infer.h"

/* --- SumTo ------------------------------------------------------------------------------------ */

/* Type of dy, shape of x. */
static ofz_status like_second_infer(ofz_infer_call *c)
{
    return ofz_infer_set(c, 0, c->in[0]->dtype, c->in[1]->rank, c->in[1]->dim);
}

static ofz_status sum_to_infer(ofz_infer_call *c)
{
    if (c->in[0]->dtype && !ofz_dtype_is_float(c->in[0]->dtype))
        return ofz_fail(c->ctx, OFZ_E_MODEL, "input 0: %s, want a floating-point type",
                        ofz_dtype_name(c->in[0]->dtype));
    return like_second_infer(c);
}

static ofz_status sum_to_eval(ofz_eval_call *c)
{
    const ofz_tensor *dy = c->in[0], *x = c->in[1];
    ofz_tensor       *y = c->out[0];
    ofz_tensor        temp;
    bool              mask[OFZ_MAX_RANK];
    ofz_status        st;

    if (x->rank > dy->rank)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "input 1: rank %d, want at most %d", x->rank,
                        dy->rank);
    for (int i = 0; i < dy->rank; i++) {
        const int     k    = i - (dy->rank - x->rank);
        const int64_t want = k < 0 ? 1 : x->dim[k];

        if (want != 1 && want != dy->dim[i])
            return ofz_fail(c->ctx, OFZ_E_MODEL, "input 1: %" PRId64 " at axis %d, want %" PRId64,
                            want, k, dy->dim[i]);
        mask[i] = want == 1;
    }
    if (y->dtype == OFZ_F64) return ofz_reduce_f64(c->ctx, OFZ_REDUCE_SUM, dy, mask, NULL, y->data);
    OFZ_TRY(ofz_tensor_new(c->ctx, &temp, OFZ_F64, y->rank, y->dim));
    st = ofz_reduce_f64(c->ctx, OFZ_REDUCE_SUM, dy, mask, NULL, temp.data);
    if (!st) ofz_narrow(OFZ_F64, temp.data, y->count, y->dtype, y->data, 0);
    ofz_tensor_release(&temp);
    return st;
}

/* --- BroadcastTo ------------------------------------------------------------------------------ */

#define COPY_ROW(type)                                                                             \
    static void copy_##type(int64_t n, void *out, const void *const *in, const int64_t *step,      \
                            const void *arg)                                                       \
    {                                                                                              \
        const type *x = in[0];                                                                     \
        type       *y = out;                                                                       \
                                                                                                   \
        (void)arg;                                                                                 \
        for (int64_t i = 0; i < n; i++) y[i] = x[i * step[0]];                                     \
    }

COPY_ROW(uint8_t)
COPY_ROW(uint16_t)
COPY_ROW(uint32_t)
COPY_ROW(uint64_t)

static ofz_status broadcast_to_eval(ofz_eval_call *c)
{
    const ofz_tensor *t = c->in[0], *y = c->out[0];
    int64_t           dim[OFZ_MAX_RANK];
    int               rank;
    ofz_row_fn       *row = NULL;

    OFZ_TRY(ofz_broadcast(c->ctx, t->rank, t->dim, y->rank, y->dim, 0, &rank, dim));
    if (rank != y->rank)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "input 0: rank %d, want at most %d", t->rank, y->rank);
    for (int i = 0; i < rank; i++)
        if (dim[i] != y->dim[i])
            return ofz_fail(c->ctx, OFZ_E_MODEL, "input 0: does not broadcast to input 1");
    switch (t->dtype == OFZ_STRING ? 0 : ofz_dtype_get(t->dtype)->bits) {
    case 8:
        row = copy_uint8_t;
        break;
    case 16:
        row = copy_uint16_t;
        break;
    case 32:
        row = copy_uint32_t;
        break;
    case 64:
        row = copy_uint64_t;
        break;
    default:
        return ofz_fail(c->ctx, OFZ_E_UNSUPPORTED, "input 0: %s", ofz_dtype_name(t->dtype));
    }
    ofz_elementwise(ofz_threads(c->ctx), y, 1, &t, OFZ_UNDEFINED, row, NULL);
    return OFZ_OK;
}

/* d/dt of a repetition is the sum over the copies. */
static ofz_status broadcast_to_grad(ofz_grad_call *g)
{
    return g->need[0] ? ofz_emit_sum_to(g, g->dy[0], g->node->in[0], &g->dx[0]) : OFZ_OK;
}

static ofz_status sum_to_grad(ofz_grad_call *g)
{
    ofz_value *in[] = { g->dy[0], g->node->in[0] };

    return g->need[0] ? ofz_emit(g, "ofz", "BroadcastTo", NULL, 2, in, 1, &g->dx[0]) : OFZ_OK;
}

/* --- Scale ------------------------------------------------------------------------------------ */

typedef struct scale_attrs {
    float   factor;
    int64_t divisor;
} scale_attrs;

static ofz_status scale_infer(ofz_infer_call *c)
{
    if (c->in[0]->dtype && !ofz_dtype_is_float(c->in[0]->dtype))
        return ofz_fail(c->ctx, OFZ_E_MODEL, "input 0: %s, want a floating-point type",
                        ofz_dtype_name(c->in[0]->dtype));
    return ofz_infer_same(c);
}

static void scale_float(int64_t n, void *out, const void *const *in, const int64_t *step,
                        const void *arg)
{
    const scale_attrs *a = arg;
    const float       *x = in[0], f = a->factor, d = (float)a->divisor;
    float             *y = out;

    (void)step;
    for (int64_t i = 0; i < n; i++) y[i] = x[i] * f / d;
}

static void scale_double(int64_t n, void *out, const void *const *in, const int64_t *step,
                         const void *arg)
{
    const scale_attrs *a = arg;
    const double      *x = in[0], f = (double)a->factor, d = (double)a->divisor;
    double            *y = out;

    (void)step;
    for (int64_t i = 0; i < n; i++) y[i] = x[i] * f / d;
}

static ofz_status scale_eval(ofz_eval_call *c)
{
    const scale_attrs *a    = c->attrs;
    const bool         wide = c->in[0]->dtype == OFZ_F64;

    ofz_elementwise(ofz_threads(c->ctx), c->out[0], 1, c->in, wide ? OFZ_F64 : OFZ_F32,
                    wide ? scale_double : scale_float, a);
    return OFZ_OK;
}

static ofz_status scale_grad(ofz_grad_call *g)
{
    return ofz_emit_grad(g, "Scale", 1, &g->dy[0], &g->dx[0]);
}

static const ofz_attr_def scale_attr[] = {
    { "factor", OFZ_ATTR_FLOAT, offsetof(scale_attrs, factor), false, 1.0f },
    { "divisor", OFZ_ATTR_INT, offsetof(scale_attrs, divisor), .i = 1 },
    { 0 },
};

#define ONE                                                                                        \
    {                                                                                              \
        1, 1                                                                                       \
    }
#define TWO                                                                                        \
    {                                                                                              \
        2, 2                                                                                       \
    }

static const ofz_op rows[] = {
    { "BroadcastTo", 1, TWO, ONE, OFZ_OP_PURE | OFZ_OP_VIEW, NULL, 0, like_second_infer,
      broadcast_to_eval, broadcast_to_grad, NULL, "ofz" },
    { "Scale", 1, ONE, ONE, OFZ_OP_PURE | OFZ_OP_ELEM, scale_attr, sizeof(scale_attrs), scale_infer,
      scale_eval, scale_grad, NULL, "ofz" },
    { "SumTo", 1, TWO, ONE, OFZ_OP_PURE | OFZ_OP_VIEW, NULL, 0, sum_to_infer, sum_to_eval,
      sum_to_grad, NULL, "ofz" },
    { 0 },
};
OFZ_OP_TABLE(gradient, rows);
