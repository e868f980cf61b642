/* ops_pow.c - Pow and PRelu: two operands whose types or shapes are not treated alike.
 *
 * Pow on floats is computed in double; on integers exactly, modulo 2^64, where a negative exponent
 * gives the truncated fraction (1, -1 or 0). Its gradients are PyTorch's: nothing flows to x where the
 * exponent is 0, nor to the exponent where x is 0 and the exponent is not negative. PRelu's slope at
 * 0 is that of the negative side. */
#include <math.h>
#include <stddef.h>

#include "base/threads.h"
#include "ops/binary.h"

/* --- Pow -------------------------------------------------------------------------------------- */

static bool is_integer(ofz_dtype dtype)
{
    const ofz_dtype_class cls = ofz_dtype_get(dtype)->cls;

    return cls == OFZ_CLASS_INT || cls == OFZ_CLASS_UINT;
}

/* Type of x; the exponent may have another one from version 12 on. */
static ofz_status pow_infer(ofz_infer_call *c)
{
    const ofz_tensor *x = c->in[0], *e = c->in[1];
    int64_t           dim[OFZ_MAX_RANK];
    int               rank;

    for (int k = 0; k < 2; k++)
        if (c->in[k]->dtype && !ofz_dtype_is_float(c->in[k]->dtype) && !is_integer(c->in[k]->dtype))
            return ofz_fail(c->ctx, OFZ_E_MODEL, "input %d: %s, want a numeric type", k,
                            ofz_dtype_name(c->in[k]->dtype));
    if (x->rank < 0 || e->rank < 0) return ofz_infer_unknown(c, 0, x->dtype);
    OFZ_TRY(ofz_broadcast(c->ctx, x->rank, x->dim, e->rank, e->dim, c->fresh, &rank, dim));
    return ofz_infer_set(c, 0, x->dtype, rank, dim);
}

static double pow_double(double x, double e)
{
    return e == 2 ? x * x : e == 1 ? x : pow(x, e);
}

static void pow_row(int64_t n, void *out, const void *const *in, const int64_t *step,
                    const void *arg)
{
    const double *x = in[0], *e = in[1];
    double       *y = out;

    (void)arg;
    if (step[0] && !step[1] && *e == 2)
        for (int64_t i = 0; i < n; i++) y[i] = x[i] * x[i];
    else if (step[0] && !step[1] && *e == 3)
        for (int64_t i = 0; i < n; i++) y[i] = x[i] * x[i] * x[i];
    else if (step[0] && !step[1] && *e == 0.5) /* as pow has it: -inf gives inf, -0 gives 0 */
        for (int64_t i = 0; i < n; i++) y[i] = isinf(x[i]) ? (double)INFINITY : sqrt(x[i]) + 0;
    else
        for (int64_t i = 0; i < n; i++) y[i] = pow_double(x[i * step[0]], e[i * step[1]]);
}

static int64_t pow_integer(int64_t x, int64_t e)
{
    uint64_t base = (uint64_t)x, y = 1;

    if (e < 0) return x == 1 ? 1 : x == -1 ? (e % 2 ? -1 : 1) : 0;
    for (uint64_t k = (uint64_t)e; k; k >>= 1) {
        if (k & 1) y *= base;
        base *= base;
    }
    return (int64_t)y;
}

static void pow_integer_row(int64_t n, void *out, const void *const *in, const int64_t *step,
                            const void *arg)
{
    const int64_t *x = in[0], *e = in[1];
    int64_t       *y = out;

    (void)arg;
    for (int64_t i = 0; i < n; i++) y[i] = pow_integer(x[i * step[0]], e[i * step[1]]);
}

static ofz_status to_int64(ofz_ctx *ctx, const ofz_tensor *t, ofz_tensor *out)
{
    OFZ_TRY(ofz_tensor_new(ctx, out, OFZ_I64, t->rank, t->dim));
    for (int64_t i = 0; i < t->count; i++)
        ((int64_t *)out->data)[i] = ofz_elem_i64(t->dtype, t->data, i);
    return OFZ_OK;
}

/* Widened to int64, where wrapping commutes with cutting the result down. */
static ofz_status pow_integers(ofz_eval_call *c)
{
    ofz_tensor        x = { 0 }, e = { 0 }, y = { 0 };
    const ofz_tensor *in[] = { &x, &e };
    ofz_tensor       *out  = c->out[0];
    ofz_status        st;

    OFZ_GOTO(to_int64(c->ctx, c->in[0], &x));
    OFZ_GOTO(to_int64(c->ctx, c->in[1], &e));
    OFZ_GOTO(ofz_tensor_new(c->ctx, &y, OFZ_I64, out->rank, out->dim));
    ofz_elementwise(ofz_threads(c->ctx), &y, 2, in, OFZ_UNDEFINED, pow_integer_row, NULL);
    for (int64_t i = 0; i < out->count; i++)
        ofz_elem_set_i64(out->dtype, out->data, i, ((const int64_t *)y.data)[i]);
done:
    ofz_tensor_release(&x);
    ofz_tensor_release(&e);
    ofz_tensor_release(&y);
    return st;
}

static ofz_status pow_eval(ofz_eval_call *c)
{
    if (is_integer(c->in[0]->dtype) && is_integer(c->in[1]->dtype)) return pow_integers(c);
    ofz_elementwise(ofz_threads(c->ctx), c->out[0], 2, c->in, OFZ_F64, pow_row, NULL);
    return OFZ_OK;
}

/* Before opset 7 the exponent was aligned by an attribute; that is the old rule of Add. */
OFZ_BINARY_ROW(old_pow, float, float, float, (float)pow_double((double)a, (double)b))
OFZ_BINARY_ROW(old_pow, double, double, double, pow_double(a, b))
static const ofz_binary old_pow_rows = {
    .row = { [OFZ_F32] = old_pow_float, [OFZ_F64] = old_pow_double }
};

static ofz_status old_pow_infer(ofz_infer_call *c)
{
    return ofz_binary_old_infer(c, &old_pow_rows);
}

static ofz_status old_pow_eval(ofz_eval_call *c)
{
    return ofz_binary_old_eval(c, &old_pow_rows);
}

/* --- Pow's gradients -------------------------------------------------------------------------- */

/* ofz.PowGrad(dy, x, e): dy e x^(e-1), in the type of x. */
static void pow_back_row(int64_t n, void *out, const void *const *in, const int64_t *step,
                         const void *arg)
{
    const double *dy = in[0], *x = in[1], *e = in[2];
    double       *dx = out;

    (void)arg;
    for (int64_t i = 0; i < n; i++) {
        const double k = e[i * step[2]];

        dx[i] = k == 0 ? 0 : dy[i * step[0]] * k * pow_double(x[i * step[1]], k - 1);
    }
}

/* ofz.PowGradExponent(dy, x, e, y): dy y log(x), in the type of e. */
static void pow_exponent_row(int64_t n, void *out, const void *const *in, const int64_t *step,
                             const void *arg)
{
    const double *dy = in[0], *x = in[1], *e = in[2], *y = in[3];
    double       *de = out;

    (void)arg;
    for (int64_t i = 0; i < n; i++) {
        const double base = x[i * step[1]];

        de[i] = base == 0 && e[i * step[2]] >= 0 ? 0 : dy[i * step[0]] * y[i * step[3]] * log(base);
    }
}

/* Broadcast of everything; the type of the input that the gradient belongs to. */
static ofz_status pow_back_infer_as(ofz_infer_call *c, ofz_dtype dtype)
{
    int64_t dim[OFZ_MAX_RANK] = { 0 };
    int     rank              = 0;

    if (dtype && !ofz_dtype_is_float(dtype))
        return ofz_fail(c->ctx, OFZ_E_MODEL, "input: %s, want a floating-point type",
                        ofz_dtype_name(dtype));
    for (int k = 0; k < c->in_count; k++) {
        const ofz_tensor *t = c->in[k];

        if (t->dtype && !ofz_dtype_is_float(t->dtype) && !is_integer(t->dtype))
            return ofz_fail(c->ctx, OFZ_E_MODEL, "input %d: %s, want a numeric type", k,
                            ofz_dtype_name(t->dtype));
        if (t->rank < 0) return ofz_infer_unknown(c, 0, dtype);
        OFZ_TRY(ofz_broadcast(c->ctx, rank, dim, t->rank, t->dim, c->fresh + c->fresh_used, &rank,
                              dim));
        c->fresh_used += OFZ_MAX_RANK;
    }
    return ofz_infer_set(c, 0, dtype, rank, dim);
}

static ofz_status pow_back_infer(ofz_infer_call *c)
{
    return pow_back_infer_as(c, c->in[1]->dtype);
}

static ofz_status pow_exponent_infer(ofz_infer_call *c)
{
    return pow_back_infer_as(c, c->in[2]->dtype);
}

static ofz_status pow_back_eval(ofz_eval_call *c)
{
    ofz_elementwise(ofz_threads(c->ctx), c->out[0], 3, c->in, OFZ_F64, pow_back_row, NULL);
    return OFZ_OK;
}

static ofz_status pow_exponent_eval(ofz_eval_call *c)
{
    ofz_elementwise(ofz_threads(c->ctx), c->out[0], 4, c->in, OFZ_F64, pow_exponent_row, NULL);
    return OFZ_OK;
}

static ofz_status pow_grad(ofz_grad_call *g)
{
    const ofz_node *n    = g->node;
    ofz_value      *in[] = { g->dy[0], n->in[0], n->in[1], n->out[0] }, *part;

    if (g->need[0]) {
        OFZ_TRY(ofz_emit(g, "ofz", "PowGrad", NULL, 3, in, 1, &part));
        OFZ_TRY(ofz_emit_sum_to(g, part, n->in[0], &g->dx[0]));
    }
    if (!g->need[1]) return OFZ_OK;
    OFZ_TRY(ofz_emit(g, "ofz", "PowGradExponent", NULL, 4, in, 1, &part));
    return ofz_emit_sum_to(g, part, n->in[1], &g->dx[1]);
}

/* --- PRelu ------------------------------------------------------------------------------------ */

#define PRELU(type, wide)                                                                          \
    OFZ_BINARY_ROW(prelu, type, wide, type, a >= 0 ? (wide)a : (wide)a * (wide)b)

PRELU(float, float)
PRELU(double, double)
PRELU(int32_t, uint32_t)
PRELU(int64_t, uint64_t)
OFZ_BINARY_ROW(prelu, uint32_t, uint32_t, uint32_t, ((void)b, a))
OFZ_BINARY_ROW(prelu, uint64_t, uint64_t, uint64_t, ((void)b, a))

static const ofz_binary prelu_rows = { .row = { [OFZ_F32] = prelu_float,
                                                [OFZ_F64] = prelu_double,
                                                [OFZ_I32] = prelu_int32_t,
                                                [OFZ_I64] = prelu_int64_t,
                                                [OFZ_U32] = prelu_uint32_t,
                                                [OFZ_U64] = prelu_uint64_t } };

/* The slope broadcasts to x, not the other way round. */
static ofz_status prelu_infer(ofz_infer_call *c)
{
    const ofz_tensor *x = c->in[0];
    ofz_tensor       *y = c->out_count ? c->out[0] : NULL;

    OFZ_TRY(ofz_binary_infer(c, &prelu_rows));
    if (!y || x->rank < 0 || y->rank < 0) return OFZ_OK;
    if (y->rank != x->rank)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "slope: rank %d, want at most %d", y->rank, x->rank);
    for (int i = 0; i < x->rank; i++)
        if (x->dim[i] >= 0 && y->dim[i] >= 0 && x->dim[i] != y->dim[i])
            return ofz_fail(c->ctx, OFZ_E_MODEL, "slope: %" PRId64 " at axis %d, want %" PRId64,
                            y->dim[i], i, x->dim[i]);
    return ofz_infer_same(c);
}

static ofz_status prelu_eval(ofz_eval_call *c)
{
    return ofz_binary_eval(c, &prelu_rows, NULL);
}

/* Before opset 7 a slope of one element or one per channel (axis 1). */
static ofz_status old_prelu_slope(ofz_ctx *ctx, const ofz_tensor *x, const ofz_tensor *slope,
                                  ofz_tensor *view)
{
    *view = *slope;
    if (slope->rank != 1 || x->rank < 2 || slope->dim[0] == 1) return OFZ_OK;
    if (slope->dim[0] >= 0 && x->dim[1] >= 0 && slope->dim[0] != x->dim[1])
        return ofz_fail(ctx, OFZ_E_MODEL, "slope: %" PRId64 ", want 1 or %" PRId64, slope->dim[0],
                        x->dim[1]);
    for (int i = 2; i < x->rank; i++) view->dim[view->rank++] = 1;
    return OFZ_OK;
}

static ofz_status old_prelu_infer(ofz_infer_call *c)
{
    ofz_tensor        view;
    const ofz_tensor *in[] = { c->in[0], &view };
    ofz_infer_call    call = *c;

    if (c->in[0]->rank < 0) return ofz_infer_same(c);
    OFZ_TRY(old_prelu_slope(c->ctx, c->in[0], c->in[1], &view));
    call.in = in;
    return prelu_infer(&call);
}

static ofz_status old_prelu_eval(ofz_eval_call *c)
{
    ofz_tensor        view;
    const ofz_tensor *in[] = { c->in[0], &view };
    ofz_eval_call     call = *c;

    OFZ_TRY(old_prelu_slope(c->ctx, c->in[0], c->in[1], &view));
    call.in = in;
    return prelu_eval(&call);
}

OFZ_FLOAT_ROWS(prelu_back, 3, v[1] > 0 ? v[0] : v[0] * v[2])
OFZ_FLOAT_ROWS(prelu_slope, 2, v[1] > 0 ? 0 : v[0] * v[1])

static ofz_status prelu_grad(ofz_grad_call *g)
{
    const ofz_node *n    = g->node;
    ofz_value      *in[] = { g->dy[0], n->in[0], n->in[1] }, *part;

    if (g->need[0]) OFZ_TRY(ofz_emit(g, "ofz", "PReluGrad", NULL, 3, in, 1, &g->dx[0]));
    if (!g->need[1]) return OFZ_OK;
    OFZ_TRY(ofz_emit(g, "ofz", "PReluGradSlope", NULL, 2, in, 1, &part));
    return ofz_emit_sum_to(g, part, n->in[1], &g->dx[1]);
}

/* --- rows ------------------------------------------------------------------------------------- */

static const ofz_attr_def consumed[] = {
    { "consumed_inputs", OFZ_ATTR_INTS, OFZ_ATTR_IGNORED },
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
#define PURE (OFZ_OP_PURE | OFZ_OP_ELEM)
#define POW(since)                                                                                 \
    {                                                                                              \
        "Pow", since, TWO, ONE, PURE, NULL, 0, pow_infer, pow_eval, pow_grad                       \
    }
#define PRELU_ROW(since)                                                                           \
    {                                                                                              \
        "PRelu", since, TWO, ONE, PURE, NULL, 0, prelu_infer, prelu_eval, prelu_grad, "xw"         \
    }
#define BACK(name, count, fn)                                                                      \
    {                                                                                              \
        name, 1, { count, count }, ONE, PURE, NULL, 0, fn##_infer, fn##_eval, NULL, NULL, "ofz"    \
    }
#define prelu_back_infer  ofz_float_infer
#define prelu_slope_infer ofz_float_infer

static const ofz_op rows[] = {
    { "PRelu", 1, TWO, ONE, OFZ_OP_PURE, consumed, 0, old_prelu_infer, old_prelu_eval },
    { "PRelu", 6, TWO, ONE, OFZ_OP_PURE, NULL, 0, old_prelu_infer, old_prelu_eval },
    PRELU_ROW(7),
    PRELU_ROW(9),
    PRELU_ROW(16),
    { "Pow", 1, TWO, ONE, OFZ_OP_PURE, ofz_old_broadcast_6, sizeof(ofz_old_broadcast),
      old_pow_infer, old_pow_eval },
    POW(7),
    POW(12),
    POW(13),
    POW(15),
    BACK("PReluGrad", 3, prelu_back),
    BACK("PReluGradSlope", 2, prelu_slope),
    BACK("PowGrad", 3, pow_back),
    BACK("PowGradExponent", 4, pow_exponent),
    { 0 },
};
OFZ_OP_TABLE(pow, rows);
