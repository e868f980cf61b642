/* ops_reduce.c - the ten reductions over axes, and their gradients.
 *
 * Floats accumulate in double, integers modulo 2^64 (kernel/reduce.h); a result that is not an
 * integer is truncated for an integer type. The gradients of ReduceMax and ReduceMin share dy
 * evenly between tied elements, as PyTorch's amax does; that of ReduceL2 is 0 at 0. */
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "base/threads.h"
#include "kernel/elementwise.h"
#include "kernel/reduce.h"
#include "ops/infer.h"

typedef struct reduce_attrs {
    ofz_ints axes;
    int64_t  keepdims, noop;
} reduce_attrs;

typedef enum reduce_op {
    REDUCE_L1,
    REDUCE_L2,
    REDUCE_LOG_SUM,
    REDUCE_LOG_SUM_EXP,
    REDUCE_MAX,
    REDUCE_MEAN,
    REDUCE_MIN,
    REDUCE_PROD,
    REDUCE_SUM,
    REDUCE_SUM_SQUARE
} reduce_op;

/* The axes that go: listed, or all where none is listed, or none with noop_with_empty_axes. */
static ofz_status mask_of(ofz_ctx *ctx, const reduce_attrs *a, const int64_t *axis, size_t count,
                          int rank, bool mask[OFZ_MAX_RANK])
{
    OFZ_TRY(ofz_axes_mask(ctx, axis, count, rank, mask));
    for (int i = 0; i < rank && !count && !a->noop; i++) mask[i] = true;
    return OFZ_OK;
}

/* --- inference -------------------------------------------------------------------------------- */

static ofz_status check_type(ofz_infer_call *c, bool bools)
{
    const ofz_dtype_class cls = ofz_dtype_get(c->in[0]->dtype)->cls;

    if (c->in[0]->dtype && cls != OFZ_CLASS_FLOAT && cls != OFZ_CLASS_INT &&
        cls != OFZ_CLASS_UINT && !(bools && cls == OFZ_CLASS_BOOL))
        return ofz_fail(c->ctx, OFZ_E_MODEL, "input 0: %s, want a numeric type",
                        ofz_dtype_name(c->in[0]->dtype));
    if (c->in_count > 1 && c->in[1] && c->in[1]->dtype && c->in[1]->dtype != OFZ_I64)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "axes: %s, want int64",
                        ofz_dtype_name(c->in[1]->dtype));
    return OFZ_OK;
}

/* Axes are an input whose elements nobody knows yet. */
static ofz_status infer_blind(ofz_infer_call *c, const reduce_attrs *a)
{
    const ofz_tensor *x = c->in[0];
    int64_t           dim[OFZ_MAX_RANK], rank = x->rank;

    if (!a->keepdims) {
        if (c->in[1]->count < 0) return ofz_infer_unknown(c, 0, x->dtype);
        rank -= c->in[1]->count;
        if (rank < 0)
            return ofz_fail(c->ctx, OFZ_E_MODEL, "axes: %" PRId64 " of them, want at most %d",
                            c->in[1]->count, x->rank);
    }
    for (int64_t i = 0; i < rank; i++) dim[i] = ofz_infer_fresh(c);
    return ofz_infer_set(c, 0, x->dtype, (int)rank, dim);
}

static ofz_status reduce_infer_any(ofz_infer_call *c, bool bools)
{
    const reduce_attrs *a     = c->attrs;
    const ofz_tensor   *x     = c->in[0];
    const int64_t      *axis  = a->axes.v;
    int64_t             count = (int64_t)a->axes.count, dim[OFZ_MAX_RANK];
    bool                mask[OFZ_MAX_RANK];
    int                 rank = 0;

    OFZ_TRY(check_type(c, bools));
    if (x->rank < 0) return ofz_infer_unknown(c, 0, x->dtype);
    if (c->in_count > 1 && c->in[1] && !ofz_infer_ints(c, 1, &axis, &count)) {
        if (c->in[1]->count != 0) return infer_blind(c, a);
        count = 0;
    }
    OFZ_TRY(mask_of(c->ctx, a, axis, (size_t)count, x->rank, mask));
    for (int i = 0; i < x->rank; i++)
        if (!mask[i])
            dim[rank++] = x->dim[i];
        else if (a->keepdims)
            dim[rank++] = 1;
    return ofz_infer_set(c, 0, x->dtype, rank, dim);
}

static ofz_status reduce_infer(ofz_infer_call *c)
{
    return reduce_infer_any(c, false);
}

static ofz_status reduce_bool_infer(ofz_infer_call *c)
{
    return reduce_infer_any(c, true);
}

/* --- evaluation ------------------------------------------------------------------------------- */

static ofz_status eval_mask(ofz_eval_call *c, int rank, int input, bool mask[OFZ_MAX_RANK])
{
    const reduce_attrs *a = c->attrs;

    if (input < c->in_count && c->in[input]) {
        if (c->in[input]->dtype != OFZ_I64)
            return ofz_fail(c->ctx, OFZ_E_MODEL, "axes: %s, want int64",
                            ofz_dtype_name(c->in[input]->dtype));
        return mask_of(c->ctx, a, c->in[input]->data, (size_t)c->in[input]->count, rank, mask);
    }
    return mask_of(c->ctx, a, a->axes.v, a->axes.count, rank, mask);
}

static ofz_reduce_kind kind_of(reduce_op op)
{
    switch (op) {
    case REDUCE_L1:
        return OFZ_REDUCE_ABS;
    case REDUCE_L2:
    case REDUCE_SUM_SQUARE:
        return OFZ_REDUCE_SQUARE;
    case REDUCE_LOG_SUM_EXP:
        return OFZ_REDUCE_EXP;
    case REDUCE_MAX:
        return OFZ_REDUCE_MAX;
    case REDUCE_MIN:
        return OFZ_REDUCE_MIN;
    case REDUCE_PROD:
        return OFZ_REDUCE_PROD;
    default:
        return OFZ_REDUCE_SUM;
    }
}

/* The largest element goes out of the exponential first; infinite ones stay in. */
static ofz_status log_sum_exp(ofz_ctx *ctx, const ofz_tensor *x, const bool *mask, int64_t count,
                              double *acc)
{
    const int64_t dim = count;
    ofz_tensor    max;
    double       *m;
    ofz_status    st;

    OFZ_TRY(ofz_tensor_new(ctx, &max, OFZ_F64, 1, &dim));
    m = max.data;
    OFZ_GOTO(ofz_reduce_f64(ctx, OFZ_REDUCE_MAX, x, mask, NULL, m));
    for (int64_t i = 0; i < count; i++)
        if (isinf(m[i])) m[i] = 0;
    OFZ_GOTO(ofz_reduce_f64(ctx, OFZ_REDUCE_EXP, x, mask, m, acc));
    for (int64_t i = 0; i < count; i++) acc[i] = log(acc[i]) + m[i];
done:
    ofz_tensor_release(&max);
    return st;
}

static ofz_status reduce_floats(ofz_eval_call *c, reduce_op op, const ofz_tensor *x,
                                const bool *mask)
{
    ofz_tensor   *y     = c->out[0];
    const int64_t count = y->count, n = count ? x->count / count : 0;
    ofz_tensor    temp = { 0 };
    double       *acc  = y->data;
    ofz_status    st;

    if (y->dtype != OFZ_F64) {
        OFZ_TRY(ofz_tensor_new(c->ctx, &temp, OFZ_F64, y->rank, y->dim));
        acc = temp.data;
    }
    if (op == REDUCE_LOG_SUM_EXP)
        OFZ_GOTO(log_sum_exp(c->ctx, x, mask, count, acc));
    else
        OFZ_GOTO(ofz_reduce_f64(c->ctx, kind_of(op), x, mask, NULL, acc));
    for (int64_t i = 0; i < count; i++) {
        if (op == REDUCE_MEAN) acc[i] /= (double)n;
        if (op == REDUCE_L2) acc[i] = sqrt(acc[i]);
        if (op == REDUCE_LOG_SUM) acc[i] = log(acc[i]);
    }
    if (temp.data) ofz_narrow(OFZ_F64, acc, count, y->dtype, y->data, 0);
done:
    ofz_tensor_release(&temp);
    return st;
}

/* Integers whose result is one. */
static ofz_status reduce_integers(ofz_eval_call *c, reduce_op op, const bool *mask)
{
    const ofz_tensor *x     = c->in[0];
    ofz_tensor       *y     = c->out[0];
    const int64_t     count = y->count, n = count ? x->count / count : 0;
    ofz_tensor        temp;
    int64_t          *acc;
    ofz_status        st;

    OFZ_TRY(ofz_tensor_new(c->ctx, &temp, OFZ_I64, y->rank, y->dim));
    acc = temp.data;
    OFZ_GOTO(ofz_reduce_i64(c->ctx, kind_of(op), x, mask, acc));
    for (int64_t i = 0; i < count; i++) {
        if (op == REDUCE_MEAN)
            acc[i] = !n                    ? 0
                     : x->dtype == OFZ_U64 ? (int64_t)((uint64_t)acc[i] / (uint64_t)n)
                                           : acc[i] / n;
        ofz_elem_set_i64(y->dtype, y->data, i, acc[i]);
    }
done:
    ofz_tensor_release(&temp);
    return st;
}

static ofz_status reduce_eval(ofz_eval_call *c, reduce_op op)
{
    const ofz_tensor *x = c->in[0];
    bool              mask[OFZ_MAX_RANK];
    ofz_tensor        wide;
    ofz_status        st;

    OFZ_TRY(eval_mask(c, x->rank, 1, mask));
    if (ofz_dtype_is_float(x->dtype)) return reduce_floats(c, op, x, mask);
    if (op != REDUCE_L2 && op != REDUCE_LOG_SUM && op != REDUCE_LOG_SUM_EXP)
        return reduce_integers(c, op, mask);
    OFZ_TRY(ofz_tensor_new(c->ctx, &wide, OFZ_F64, x->rank, x->dim));
    ofz_widen(x->dtype, x->data, 0, x->count, OFZ_F64, wide.data);
    st = reduce_floats(c, op, &wide, mask);
    ofz_tensor_release(&wide);
    return st;
}

/* --- gradients -------------------------------------------------------------------------------- */

/* ofz.Reduce*Grad(dy, x, y, axes?): dx in the shape of x. */
static ofz_status reduce_back_infer(ofz_infer_call *c)
{
    for (int k = 0; k < 3; k++)
        if (c->in[k]->dtype && !ofz_dtype_is_float(c->in[k]->dtype))
            return ofz_fail(c->ctx, OFZ_E_MODEL, "input %d: %s, want a floating-point type", k,
                            ofz_dtype_name(c->in[k]->dtype));
    return ofz_infer_set(c, 0, c->in[1]->dtype, c->in[1]->rank, c->in[1]->dim);
}

/* t (dy or y) as it would be with keepdims = 1. */
static ofz_status keep_dims(ofz_ctx *ctx, const ofz_tensor *t, const ofz_tensor *x,
                            const bool *mask, ofz_tensor *out)
{
    int64_t dim[OFZ_MAX_RANK];

    for (int i = 0; i < x->rank; i++) dim[i] = mask[i] ? 1 : x->dim[i];
    OFZ_TRY(ofz_tensor_set(ctx, out, t->dtype, x->rank, dim));
    if (out->count != t->count)
        return ofz_fail(ctx, OFZ_E_MODEL, "input 0: %" PRId64 " elements, want %" PRId64, t->count,
                        out->count);
    out->data = t->data;
    return OFZ_OK;
}

/* Backward rows: v[0] dy, v[1] x, v[2] y, or what the comment says; p[0] the number of elements
 * that made one. */
#define BACK_ROW(name, type, count, expr)                                                          \
    static void name##_##type(int64_t n, void *out, const void *const *in, const int64_t *step,    \
                              const void *arg)                                                     \
    {                                                                                              \
        const double *p  = arg;                                                                    \
        type         *dx = out;                                                                    \
                                                                                                   \
        (void)p;                                                                                   \
        for (int64_t i = 0; i < n; i++) {                                                          \
            type v[4];                                                                             \
                                                                                                   \
            for (int k = 0; k < (count); k++) v[k] = ((const type *)in[k])[i * step[k]];           \
            dx[i] = (type)(expr);                                                                  \
        }                                                                                          \
    }
#define BACK_ROWS(name, count, expr)                                                               \
    BACK_ROW(name, float, count, expr)                                                             \
    BACK_ROW(name, double, count, expr)

BACK_ROWS(sum_back, 1, v[0])
BACK_ROWS(mean_back, 1, (double)v[0] * p[0])
BACK_ROWS(l1_back, 2, v[1] > 0 ? v[0] : v[1] < 0 ? -v[0] : 0)
BACK_ROWS(l2_back, 3, v[2] == 0 ? 0 : v[0] * v[1] / v[2])
BACK_ROWS(log_sum_back, 3, (double)v[0] * exp(-(double)v[2]))
BACK_ROWS(log_sum_exp_back, 3, (double)v[0] * exp((double)v[1] - (isinf(v[2]) ? 0 : (double)v[2])))
BACK_ROWS(sum_square_back, 2, 2 * v[0] * v[1])
BACK_ROWS(tie_back, 4, v[1] == v[2] ? v[0] / v[3] : 0) /* [3] number of ties */
BACK_ROWS(prod_back, 4,
          v[3] == 0                ? v[0] * v[2] / v[1] /* [2] product without zeros */
          : v[3] == 1 && v[1] == 0 ? v[0] * v[2]
                                   : 0) /* [3] number of zeros */

BACK_ROWS(equal, 2, v[0] == v[1])
BACK_ROWS(is_zero, 1, v[0] == 0)
BACK_ROWS(not_zero, 1, v[0] == 0 ? 1 : v[0])

typedef struct back {
    ofz_eval_call    *c;
    const ofz_tensor *x;
    bool              mask[OFZ_MAX_RANK];
    ofz_tensor        dy, y; /* with keepdims */
    bool              wide;
} back;

static void map(const back *b, const ofz_tensor *out, int count, const ofz_tensor *const *in,
                ofz_row_fn *f32, ofz_row_fn *f64, const double *p)
{
    ofz_elementwise(ofz_threads(b->c->ctx), out, count, in, b->wide ? OFZ_F64 : OFZ_F32,
                    b->wide ? f64 : f32, p);
}

/* out (keepdims shape, float64) = reduction of f(in...) computed elementwise in x's shape. */
static ofz_status reduce_of(const back *b, ofz_reduce_kind kind, int count,
                            const ofz_tensor *const *in, ofz_row_fn *f32, ofz_row_fn *f64,
                            ofz_tensor *out)
{
    ofz_tensor temp;
    ofz_status st;

    OFZ_TRY(ofz_tensor_new(b->c->ctx, &temp, b->wide ? OFZ_F64 : OFZ_F32, b->x->rank, b->x->dim));
    st = ofz_tensor_new(b->c->ctx, out, OFZ_F64, b->dy.rank, b->dy.dim);
    if (!st) {
        map(b, &temp, count, in, f32, f64, NULL);
        st = ofz_reduce_f64(b->c->ctx, kind, &temp, b->mask, NULL, out->data);
    }
    ofz_tensor_release(&temp);
    return st;
}

static ofz_status tie_eval(const back *b)
{
    const ofz_tensor *pair[] = { b->x, &b->y };
    ofz_tensor        ties   = { 0 };
    const ofz_tensor *in[]   = { &b->dy, b->x, &b->y, &ties };
    ofz_status        st = reduce_of(b, OFZ_REDUCE_SUM, 2, pair, equal_float, equal_double, &ties);

    if (!st) map(b, b->c->out[0], 4, in, tie_back_float, tie_back_double, NULL);
    ofz_tensor_release(&ties);
    return st;
}

static ofz_status prod_eval(const back *b)
{
    ofz_tensor        zeros = { 0 }, rest = { 0 };
    const ofz_tensor *in[] = { &b->dy, b->x, &rest, &zeros };
    ofz_status        st;

    OFZ_GOTO(reduce_of(b, OFZ_REDUCE_SUM, 1, &b->x, is_zero_float, is_zero_double, &zeros));
    OFZ_GOTO(reduce_of(b, OFZ_REDUCE_PROD, 1, &b->x, not_zero_float, not_zero_double, &rest));
    map(b, b->c->out[0], 4, in, prod_back_float, prod_back_double, NULL);
done:
    ofz_tensor_release(&zeros);
    ofz_tensor_release(&rest);
    return st;
}

#define MAP(name, count) map(&b, c->out[0], count, in, name##_float, name##_double, &scale)

static ofz_status reduce_back_eval(ofz_eval_call *c, reduce_op op)
{
    back              b    = { .c = c, .x = c->in[1], .wide = c->in[1]->dtype == OFZ_F64 };
    const ofz_tensor *in[] = { &b.dy, b.x, &b.y };
    double            scale;

    OFZ_TRY(eval_mask(c, b.x->rank, 3, b.mask));
    OFZ_TRY(keep_dims(c->ctx, c->in[0], b.x, b.mask, &b.dy));
    OFZ_TRY(keep_dims(c->ctx, c->in[2], b.x, b.mask, &b.y));
    scale = b.x->count ? (double)b.dy.count / (double)b.x->count : 0;
    switch (op) {
    case REDUCE_L1:
        MAP(l1_back, 2);
        return OFZ_OK;
    case REDUCE_L2:
        MAP(l2_back, 3);
        return OFZ_OK;
    case REDUCE_LOG_SUM:
        MAP(log_sum_back, 3);
        return OFZ_OK;
    case REDUCE_LOG_SUM_EXP:
        MAP(log_sum_exp_back, 3);
        return OFZ_OK;
    case REDUCE_MEAN:
        MAP(mean_back, 1);
        return OFZ_OK;
    case REDUCE_SUM:
        MAP(sum_back, 1);
        return OFZ_OK;
    case REDUCE_SUM_SQUARE:
        MAP(sum_square_back, 2);
        return OFZ_OK;
    case REDUCE_PROD:
        return prod_eval(&b);
    default:
        return tie_eval(&b);
    }
}

static ofz_status reduce_grad(ofz_grad_call *g, const char *row)
{
    const ofz_node *n    = g->node;
    ofz_value      *in[] = { g->dy[0], n->in[0], n->out[0], n->in_count > 1 ? n->in[1] : NULL };

    if (!g->need[0]) return OFZ_OK;
    return ofz_emit_grad(g, row, n->in_count > 1 ? 4 : 3, in, &g->dx[0]);
}

#define REDUCTION(name, op)                                                                        \
    static ofz_status name##_eval(ofz_eval_call *c)                                                \
    {                                                                                              \
        return reduce_eval(c, REDUCE_##op);                                                        \
    }                                                                                              \
    static ofz_status name##_back_eval(ofz_eval_call *c)                                           \
    {                                                                                              \
        return reduce_back_eval(c, REDUCE_##op);                                                   \
    }                                                                                              \
    static ofz_status name##_grad(ofz_grad_call *g)                                                \
    {                                                                                              \
        return reduce_grad(g, #name "Grad");                                                       \
    }

REDUCTION(ReduceL1, L1)
REDUCTION(ReduceL2, L2)
REDUCTION(ReduceLogSum, LOG_SUM)
REDUCTION(ReduceLogSumExp, LOG_SUM_EXP)
REDUCTION(ReduceMax, MAX)
REDUCTION(ReduceMean, MEAN)
REDUCTION(ReduceMin, MIN)
REDUCTION(ReduceProd, PROD)
REDUCTION(ReduceSum, SUM)
REDUCTION(ReduceSumSquare, SUM_SQUARE)

/* --- rows ------------------------------------------------------------------------------------- */

#define AXES                                                                                       \
    {                                                                                              \
        "axes", OFZ_ATTR_INTS, offsetof(reduce_attrs, axes)                                        \
    }
#define KEEP                                                                                       \
    {                                                                                              \
        "keepdims", OFZ_ATTR_INT, offsetof(reduce_attrs, keepdims), .i = 1                         \
    }
#define NOOP                                                                                       \
    {                                                                                              \
        "noop_with_empty_axes", OFZ_ATTR_INT, offsetof(reduce_attrs, noop)                         \
    }

static const ofz_attr_def by_attr[]  = { AXES, KEEP, { 0 } };
static const ofz_attr_def by_input[] = { KEEP, NOOP, { 0 } };
static const ofz_attr_def by_both[]  = { AXES, KEEP, NOOP, { 0 } };

#define ONE                                                                                        \
    {                                                                                              \
        1, 1                                                                                       \
    }
#define ATTR(name, since, infer)                                                                   \
    {                                                                                              \
#name, since, ONE, ONE, OFZ_OP_PURE, by_attr, sizeof(reduce_attrs), infer, name##_eval,    \
            name##_grad                                                                            \
    }
#define INPUT(name, since, infer)                                                                  \
    {                                                                                              \
#name, since,                                                                              \
            { 1, 2 }, ONE, OFZ_OP_PURE, by_input, sizeof(reduce_attrs), infer, name##_eval,        \
              name##_grad, "xi"                                                                    \
    }
#define ROWS(name)                                                                                 \
    ATTR(name, 1, reduce_infer), ATTR(name, 11, reduce_infer), ATTR(name, 13, reduce_infer),       \
        INPUT(name, 18, reduce_infer)
#define BACK(name)                                                                                 \
    {                                                                                              \
#name "Grad", 1,                                                                           \
            { 3, 4 }, ONE, OFZ_OP_PURE, by_both, sizeof(reduce_attrs), reduce_back_infer,          \
              name##_back_eval, NULL, NULL, "ofz"                                                  \
    }

static const ofz_op rows[] = {
    ROWS(ReduceL1),
    ROWS(ReduceL2),
    ROWS(ReduceLogSum),
    ROWS(ReduceLogSumExp),
    ATTR(ReduceMax, 1, reduce_infer),
    ATTR(ReduceMax, 11, reduce_infer),
    ATTR(ReduceMax, 12, reduce_infer),
    ATTR(ReduceMax, 13, reduce_infer),
    INPUT(ReduceMax, 18, reduce_infer),
    INPUT(ReduceMax, 20, reduce_bool_infer),
    ROWS(ReduceMean),
    ATTR(ReduceMin, 1, reduce_infer),
    ATTR(ReduceMin, 11, reduce_infer),
    ATTR(ReduceMin, 12, reduce_infer),
    ATTR(ReduceMin, 13, reduce_infer),
    INPUT(ReduceMin, 18, reduce_infer),
    INPUT(ReduceMin, 20, reduce_bool_infer),
    ROWS(ReduceProd),
    ATTR(ReduceSum, 1, reduce_infer),
    ATTR(ReduceSum, 11, reduce_infer),
    INPUT(ReduceSum, 13, reduce_infer),
    ROWS(ReduceSumSquare),
    BACK(ReduceL1),
    BACK(ReduceL2),
    BACK(ReduceLogSumExp),
    BACK(ReduceLogSum),
    BACK(ReduceMax),
    BACK(ReduceMean),
    BACK(ReduceMin),
    BACK(ReduceProd),
    BACK(ReduceSum),
    BACK(ReduceSumSquare),
    { 0 },
};
OFZ_OP_TABLE(reduce, rows);
