/* ops_scan.c - rows that walk along one axis: ArgMax, ArgMin, CumSum, CumProd.
 *
 * Running sums and products of floats are kept in double and rounded once per element; those of
 * integers wrap. A NaN is larger than everything for ArgMax and smaller for ArgMin, as in numpy. */
#include <math.h>
#include <stddef.h>

#include "ops/infer.h"

/* A tensor as [outer, n, inner], the axis in the middle. */
typedef struct lines {
    int64_t outer, n, inner;
} lines;

static ofz_status split(ofz_ctx *ctx, const ofz_tensor *x, int64_t axis, lines *l)
{
    int k;

    OFZ_TRY(ofz_axis(ctx, axis, x->rank, &k));
    *l = (lines){ 0, x->dim[k], 1 };
    if (!x->count) return OFZ_OK;
    l->outer = ofz_tensor_span(x, 0, k);
    l->inner = ofz_tensor_span(x, k + 1, x->rank);
    return OFZ_OK;
}

static bool is_numeric(ofz_dtype dtype)
{
    const ofz_dtype_class cls = ofz_dtype_get(dtype)->cls;

    return cls == OFZ_CLASS_FLOAT || cls == OFZ_CLASS_INT || cls == OFZ_CLASS_UINT;
}

/* --- ArgMax, ArgMin --------------------------------------------------------------------------- */

typedef struct arg_attrs {
    int64_t axis, keepdims, last;
} arg_attrs;

static ofz_status arg_infer(ofz_infer_call *c)
{
    const arg_attrs  *a = c->attrs;
    const ofz_tensor *x = c->in[0];
    int64_t           dim[OFZ_MAX_RANK];
    int               axis, rank = 0;

    if (x->dtype && !is_numeric(x->dtype))
        return ofz_fail(c->ctx, OFZ_E_MODEL, "input 0: %s, want a numeric type",
                        ofz_dtype_name(x->dtype));
    if (x->rank < 0) return ofz_infer_unknown(c, 0, OFZ_I64);
    OFZ_TRY(ofz_axis(c->ctx, a->axis, x->rank, &axis));
    if (x->dim[axis] == 0)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "input 0: no elements along axis %d", axis);
    for (int i = 0; i < x->rank; i++)
        if (i != axis)
            dim[rank++] = x->dim[i];
        else if (a->keepdims)
            dim[rank++] = 1;
    return ofz_infer_set(c, 0, OFZ_I64, rank, dim);
}

/* Does v beat the best so far? */
static bool beats_f64(double v, double best, bool max, bool last)
{
    if (isnan(best)) return last && isnan(v);
    if (isnan(v) || v == best) return isnan(v) || last;
    return max ? v > best : v < best;
}

static bool beats_i64(int64_t v, int64_t best, bool max, bool last)
{
    return v == best ? last : max ? v > best : v < best;
}

static int64_t arg_line(const ofz_tensor *x, const lines *l, int64_t at, bool max, bool last)
{
    const bool     real = ofz_dtype_is_float(x->dtype);
    const uint64_t flip = x->dtype == OFZ_U64 ? (uint64_t)1 << 63 : 0; /* orders it as signed */
    double         best = real ? ofz_elem_f64(x->dtype, x->data, at) : 0;
    int64_t whole = real ? 0 : (int64_t)((uint64_t)ofz_elem_i64(x->dtype, x->data, at) ^ flip);
    int64_t index = 0;

    for (int64_t i = 1; i < l->n; i++) {
        const int64_t k = at + i * l->inner;

        if (real) {
            const double v = ofz_elem_f64(x->dtype, x->data, k);

            if (!beats_f64(v, best, max, last)) continue;
            best = v;
        } else {
            const int64_t v = (int64_t)((uint64_t)ofz_elem_i64(x->dtype, x->data, k) ^ flip);

            if (!beats_i64(v, whole, max, last)) continue;
            whole = v;
        }
        index = i;
    }
    return index;
}

static ofz_status arg_eval(ofz_eval_call *c, bool max)
{
    const arg_attrs *a = c->attrs;
    int64_t         *y = c->out[0]->data;
    lines            l;

    OFZ_TRY(split(c->ctx, c->in[0], a->axis, &l));
    for (int64_t r = 0; r < l.outer * l.inner; r++)
        y[r] = arg_line(c->in[0], &l, r / l.inner * l.n * l.inner + r % l.inner, max, a->last != 0);
    return OFZ_OK;
}

static ofz_status argmax_eval(ofz_eval_call *c)
{
    return arg_eval(c, true);
}

static ofz_status argmin_eval(ofz_eval_call *c)
{
    return arg_eval(c, false);
}

/* --- CumSum, CumProd -------------------------------------------------------------------------- */

typedef struct scan_attrs {
    int64_t exclusive, reverse;
} scan_attrs;

static ofz_status scan_infer(ofz_infer_call *c)
{
    const ofz_tensor *x = c->in[0], *axis = c->in[1];
    const int64_t    *v;
    int64_t           count;
    int               k;

    if (x->dtype && !is_numeric(x->dtype))
        return ofz_fail(c->ctx, OFZ_E_MODEL, "input 0: %s, want a numeric type",
                        ofz_dtype_name(x->dtype));
    if (axis->dtype && axis->dtype != OFZ_I64 && axis->dtype != OFZ_I32)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "axis: %s, want int32 or int64",
                        ofz_dtype_name(axis->dtype));
    if (axis->count >= 0 && axis->count != 1)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "axis: %" PRId64 " elements, want one", axis->count);
    if (x->rank >= 0 && ofz_infer_ints(c, 1, &v, &count))
        OFZ_TRY(ofz_axis(c->ctx, v[0], x->rank, &k));
    return ofz_infer_same(c);
}

/* One line of floats. `at` is its first element. */
static void scan_floats(const scan_attrs *a, bool product, const lines *l, int64_t at,
                        const ofz_tensor *x, const ofz_tensor *y)
{
    double acc = product ? 1 : 0;

    for (int64_t i = 0; i < l->n; i++) {
        const int64_t k = at + (a->reverse ? l->n - 1 - i : i) * l->inner;
        const double  v = ofz_elem_f64(x->dtype, x->data, k), next = product ? acc * v : acc + v;

        ofz_elem_set_f64(y->dtype, y->data, k, a->exclusive ? acc : next);
        acc = next;
    }
}

static void scan_integers(const scan_attrs *a, bool product, const lines *l, int64_t at,
                          const ofz_tensor *x, const ofz_tensor *y)
{
    uint64_t acc = product ? 1 : 0;

    for (int64_t i = 0; i < l->n; i++) {
        const int64_t  k    = at + (a->reverse ? l->n - 1 - i : i) * l->inner;
        const uint64_t v    = (uint64_t)ofz_elem_i64(x->dtype, x->data, k);
        const uint64_t next = product ? acc * v : acc + v;

        ofz_elem_set_i64(y->dtype, y->data, k, (int64_t)(a->exclusive ? acc : next));
        acc = next;
    }
}

static ofz_status scan_eval(ofz_eval_call *c, bool product)
{
    const ofz_tensor *x = c->in[0];
    lines             l;

    OFZ_TRY(split(c->ctx, x, ofz_elem_i64(c->in[1]->dtype, c->in[1]->data, 0), &l));
    for (int64_t r = 0; r < l.outer * l.inner; r++) {
        const int64_t at = r / l.inner * l.n * l.inner + r % l.inner;

        if (ofz_dtype_is_float(x->dtype))
            scan_floats(c->attrs, product, &l, at, x, c->out[0]);
        else
            scan_integers(c->attrs, product, &l, at, x, c->out[0]);
    }
    return OFZ_OK;
}

static ofz_status cumsum_eval(ofz_eval_call *c)
{
    return scan_eval(c, false);
}

static ofz_status cumprod_eval(ofz_eval_call *c)
{
    return scan_eval(c, true);
}

/* The transpose of a running sum runs the other way. */
static ofz_status cumsum_grad(ofz_grad_call *g)
{
    const scan_attrs *a      = g->attrs;
    const ofz_attr    attr[] = {
           { .name = "exclusive", .type = OFZ_ATTR_INT, .u.i = a->exclusive },
           { .name = "reverse", .type = OFZ_ATTR_INT, .u.i = !a->reverse },
    };
    ofz_value *in[] = { g->dy[0], g->node->in[1] };

    if (!g->need[0]) return OFZ_OK;
    return ofz_emit_attrs(g, "", "CumSum", 2, attr, 2, in, 1, &g->dx[0]);
}

static ofz_status cumprod_grad(ofz_grad_call *g)
{
    ofz_value *in[] = { g->dy[0], g->node->in[0], g->node->in[1] };

    return g->need[0] ? ofz_emit_grad(g, "CumProdGrad", 3, in, &g->dx[0]) : OFZ_OK;
}

/* ofz.CumProdGrad(dy, x, axis) */
static ofz_status cumprod_back_infer(ofz_infer_call *c)
{
    const ofz_tensor *dy = c->in[0], *x = c->in[1], *axis = c->in[2];
    int64_t           dim[OFZ_MAX_RANK];

    OFZ_TRY(ofz_want_same_dtype(c, 1));
    if (dy->dtype && !ofz_dtype_is_float(dy->dtype))
        return ofz_fail(c->ctx, OFZ_E_MODEL, "input 0: %s, want a floating-point type",
                        ofz_dtype_name(dy->dtype));
    if ((axis->dtype && axis->dtype != OFZ_I64 && axis->dtype != OFZ_I32) ||
        (axis->count >= 0 && axis->count != 1))
        return ofz_fail(c->ctx, OFZ_E_MODEL, "axis: want one int32 or int64");
    if (dy->rank < 0 || x->rank < 0) return ofz_infer_same(c);
    OFZ_TRY(ofz_want_rank(c, 1, dy->rank));
    for (int i = 0; i < dy->rank; i++)
        OFZ_TRY(ofz_unify(c->ctx, "input 1: dimension", dy->dim[i], x->dim[i], &dim[i]));
    return ofz_infer_set(c, 0, dy->dtype, dy->rank, dim);
}

/* dx[i] = sum of dy[j] times the product that made y[j] without x[i]; written without a quotient, so
 * that zeros need no case of their own. */
static void cumprod_back_line(const scan_attrs *a, const lines *l, int64_t at, const ofz_tensor *dy,
                              const ofz_tensor *x, const ofz_tensor *dx)
{
    double before = 1;

    for (int64_t i = 0; i < l->n; i++) {
        const int64_t k    = at + (a->reverse ? l->n - 1 - i : i) * l->inner;
        double        part = before, sum = 0;

        for (int64_t j = i; j < l->n; j++) {
            const int64_t m = at + (a->reverse ? l->n - 1 - j : j) * l->inner;
            const double  g = ofz_elem_f64(dy->dtype, dy->data, m);

            if (a->exclusive && j > i) sum += g * part;
            if (j > i) part *= ofz_elem_f64(x->dtype, x->data, m);
            if (!a->exclusive) sum += g * part;
        }
        ofz_elem_set_f64(dx->dtype, dx->data, k, sum);
        before *= ofz_elem_f64(x->dtype, x->data, k);
    }
}

static ofz_status cumprod_back_eval(ofz_eval_call *c)
{
    lines l;

    OFZ_TRY(split(c->ctx, c->in[1], ofz_elem_i64(c->in[2]->dtype, c->in[2]->data, 0), &l));
    for (int64_t r = 0; r < l.outer * l.inner; r++)
        cumprod_back_line(c->attrs, &l, r / l.inner * l.n * l.inner + r % l.inner, c->in[0],
                          c->in[1], c->out[0]);
    return OFZ_OK;
}

/* --- rows ------------------------------------------------------------------------------------- */

static const ofz_attr_def arg_1[] = {
    { "axis", OFZ_ATTR_INT, offsetof(arg_attrs, axis) },
    { "keepdims", OFZ_ATTR_INT, offsetof(arg_attrs, keepdims), .i = 1 },
    { 0 },
};
static const ofz_attr_def arg_12[] = {
    { "axis", OFZ_ATTR_INT, offsetof(arg_attrs, axis) },
    { "keepdims", OFZ_ATTR_INT, offsetof(arg_attrs, keepdims), .i = 1 },
    { "select_last_index", OFZ_ATTR_INT, offsetof(arg_attrs, last) },
    { 0 },
};
static const ofz_attr_def scan_attr[] = {
    { "exclusive", OFZ_ATTR_INT, offsetof(scan_attrs, exclusive) },
    { "reverse", OFZ_ATTR_INT, offsetof(scan_attrs, reverse) },
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
#define THREE                                                                                      \
    {                                                                                              \
        3, 3                                                                                       \
    }
#define ARG(name, since, attrs, fn)                                                                \
    {                                                                                              \
        name, since, ONE, ONE, OFZ_OP_PURE, attrs, sizeof(arg_attrs), arg_infer, fn##_eval         \
    }
#define SCAN(name, since, fn)                                                                      \
    {                                                                                              \
        name, since, TWO, ONE, OFZ_OP_PURE, scan_attr, sizeof(scan_attrs), scan_infer, fn##_eval,  \
            fn##_grad, "xi"                                                                        \
    }

static const ofz_op rows[] = {
    ARG("ArgMax", 1, arg_1, argmax),
    ARG("ArgMax", 11, arg_1, argmax),
    ARG("ArgMax", 12, arg_12, argmax),
    ARG("ArgMax", 13, arg_12, argmax),
    ARG("ArgMin", 1, arg_1, argmin),
    ARG("ArgMin", 11, arg_1, argmin),
    ARG("ArgMin", 12, arg_12, argmin),
    ARG("ArgMin", 13, arg_12, argmin),
    SCAN("CumProd", 26, cumprod),
    SCAN("CumSum", 11, cumsum),
    SCAN("CumSum", 14, cumsum),
    { "CumProdGrad", 1, THREE, ONE, OFZ_OP_PURE, scan_attr, sizeof(scan_attrs), cumprod_back_infer,
      cumprod_back_eval, NULL, NULL, "ofz" },
    { 0 },
};
OFZ_OP_TABLE(scan, rows);
