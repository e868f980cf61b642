/* ops_quant_linear.c - products of quantised numbers: ConvInteger, QLinearConv, QLinearMatMul.
 * Source: ONNX Operators.md. Elements minus their zero point are summed in double, where every sum
 * below 2^53 is exact; requantised results are rounded once, ties to even, and clipped to the type. */
#include "ops/op.h"

#include <math.h>
#include <string.h>

#include "kernel/gemm.h"
#include "ops/conv_shape.h"
#include "ops/infer.h"

/* --- numbers ---------------------------------------------------------------------------------- */

static const ofz_tensor *input(const ofz_eval_call *c, int k)
{
    return k >= 0 && k < c->in_count ? c->in[k] : NULL;
}

static double at(const ofz_tensor *t, int64_t i)
{
    return ofz_elem_f64(t->dtype, t->data, i);
}

/* A parameter is one number, or one for each of `want`. */
static ofz_status param_check(ofz_ctx *ctx, const char *what, const ofz_tensor *t, int64_t want)
{
    if (!t || t->count == 1 || t->count == want) return OFZ_OK;
    return ofz_fail(ctx, OFZ_E_MODEL, "%s: %" PRId64 " elements, want 1 or %" PRId64, what,
                    t->count, want);
}

static double param(const ofz_tensor *t, int64_t i, double missing)
{
    return !t ? missing : at(t, t->count == 1 ? 0 : i);
}

/* t minus its zero points in double. The zero point's index is (e / inner) % outer. */
static ofz_status centred(ofz_ctx *ctx, const ofz_tensor *t, const ofz_tensor *zero, int64_t inner,
                          int64_t outer, ofz_tensor *out)
{
    double *y;

    OFZ_TRY(ofz_tensor_new(ctx, out, OFZ_F64, t->rank, t->dim));
    y = out->data;
    for (int64_t e = 0; e < t->count; e++) y[e] = at(t, e) - param(zero, e / inner % outer, 0);
    return OFZ_OK;
}

/* round(x) + zero, clipped; floats of 8 bits are rounded by their own format. */
static void requantise(ofz_tensor *y, int64_t e, double x, const ofz_tensor *zero)
{
    const double z  = param(zero, 0, 0);
    const double lo = y->dtype == OFZ_I8 ? -128 : 0, hi = y->dtype == OFZ_I8 ? 127 : 255;

    if (ofz_dtype_is_float(y->dtype)) {
        ofz_elem_set_f64(y->dtype, y->data, e, x + z);
    } else {
        x = rint(x) + z;
        x = x > hi ? hi : x > lo ? x : lo; /* NaN becomes lo */
        ofz_elem_set_f64(y->dtype, y->data, e, x);
    }
}

static bool is_byte(ofz_dtype t)
{
    return t == OFZ_I8 || t == OFZ_U8;
}

static ofz_status bytes_check(ofz_infer_call *c, int k)
{
    const ofz_tensor *t = k < c->in_count ? c->in[k] : NULL;

    if (!t || !t->dtype || is_byte(t->dtype) ||
        (ofz_dtype_is_float(t->dtype) && ofz_dtype_get(t->dtype)->bits == 8))
        return OFZ_OK;
    return ofz_fail(c->ctx, OFZ_E_MODEL, "input %d: %s, want a type of 8 bits", k,
                    ofz_dtype_name(t->dtype));
}

/* --- convolutions ----------------------------------------------------------------------------- */

static ofz_status conv_integer_infer(ofz_infer_call *c)
{
    for (int k = 0; k < c->in_count; k++) OFZ_TRY(bytes_check(c, k));
    return ofz_conv_infer_at(c, 0, 1, -1, OFZ_I32);
}

static ofz_status qlinear_conv_infer(ofz_infer_call *c)
{
    for (int k = 0; k < 6; k += k % 3 == 0 ? 2 : 1) OFZ_TRY(bytes_check(c, k));
    OFZ_TRY(bytes_check(c, 7));
    return ofz_conv_infer_at(c, 0, 3, 8, c->in[7]->dtype);
}

/* The convolution of centred operands into a new double tensor *y of out[0]'s shape. */
static ofz_status conv_sums(ofz_eval_call *c, int k_x, int k_x_zero, int k_w, int k_w_zero,
                            ofz_conv *s, ofz_tensor *y)
{
    const ofz_tensor *x = c->in[k_x], *w = c->in[k_w];
    const ofz_tensor *x_zero = input(c, k_x_zero), *w_zero = input(c, k_w_zero);
    ofz_tensor        wide_x = { 0 }, wide_w = { 0 };
    ofz_status        st = OFZ_OK;

    OFZ_TRY(param_check(c->ctx, "zero point of x", x_zero, 1));
    OFZ_TRY(param_check(c->ctx, "zero point of w", w_zero, w->dim[0]));
    OFZ_TRY(ofz_conv_shape(c, x, w, false, s));
    OFZ_GOTO(centred(c->ctx, x, x_zero, 1, 1, &wide_x));
    OFZ_GOTO(centred(c->ctx, w, w_zero, w->count ? w->count / w->dim[0] : 1, w->dim[0], &wide_w));
    OFZ_GOTO(ofz_tensor_new(c->ctx, y, OFZ_F64, c->out[0]->rank, c->out[0]->dim));
    st = ofz_conv_forward_f64(c->ctx, s, wide_x.data, wide_w.data, NULL, y->data);
    if (st) ofz_tensor_release(y);
done:
    ofz_tensor_release(&wide_x);
    ofz_tensor_release(&wide_w);
    return st;
}

static ofz_status conv_integer_eval(ofz_eval_call *c)
{
    int32_t   *y = c->out[0]->data;
    ofz_tensor sums;
    ofz_conv   s;

    if (!c->out[0]->count) return OFZ_OK;
    OFZ_TRY(conv_sums(c, 0, 2, 1, 3, &s, &sums));
    for (int64_t e = 0; e < sums.count; e++) /* wraps around as int32 accumulators do */
        y[e] = (int32_t)(uint32_t)(int64_t)fmod(((const double *)sums.data)[e], 4294967296.0);
    ofz_tensor_release(&sums);
    return OFZ_OK;
}

static ofz_status qlinear_conv_eval(ofz_eval_call *c)
{
    const ofz_tensor *x_scale = c->in[1], *w_scale = c->in[4], *y_scale = c->in[6];
    const ofz_tensor *bias  = input(c, 8);
    const int64_t     plane = ofz_tensor_span(c->out[0], 2, c->out[0]->rank);
    ofz_tensor        sums;
    ofz_conv          s;

    if (!c->out[0]->count) return OFZ_OK;
    OFZ_TRY(param_check(c->ctx, "scale of x", x_scale, 1));
    OFZ_TRY(param_check(c->ctx, "scale of w", w_scale, c->in[3]->dim[0]));
    OFZ_TRY(param_check(c->ctx, "scale of y", y_scale, 1));
    OFZ_TRY(param_check(c->ctx, "zero point of y", c->in[7], 1));
    OFZ_TRY(conv_sums(c, 0, 2, 3, 5, &s, &sums));
    for (int64_t e = 0; e < sums.count; e++) {
        const int64_t m = e / plane % s.out_channels;
        const double  f = param(x_scale, 0, 1) * param(w_scale, m, 1) / param(y_scale, 0, 1);

        requantise(c->out[0], e, (((const double *)sums.data)[e] + (bias ? at(bias, m) : 0)) * f,
                   c->in[7]);
    }
    ofz_tensor_release(&sums);
    return OFZ_OK;
}

/* --- QLinearMatMul(a, a_scale, a_zero, b, b_scale, b_zero, y_scale, y_zero) ------------------- */

static ofz_status qlinear_matmul_infer(ofz_infer_call *c)
{
    const ofz_tensor *a = c->in[0], *b = c->in[3];
    int64_t           dim[OFZ_MAX_RANK + 2], inner;
    int               rank;

    OFZ_TRY(bytes_check(c, 0));
    OFZ_TRY(bytes_check(c, 3));
    OFZ_TRY(bytes_check(c, 7));
    if (a->rank < 0 || b->rank < 0) return ofz_infer_unknown(c, 0, c->in[7]->dtype);
    if (a->rank < 2 || b->rank < 2)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "inputs: ranks %d and %d, want at least 2", a->rank,
                        b->rank);
    OFZ_TRY(ofz_unify(c->ctx, "inner dimension", a->dim[a->rank - 1], b->dim[b->rank - 2], &inner));
    OFZ_TRY(ofz_broadcast(c->ctx, a->rank - 2, a->dim, b->rank - 2, b->dim,
                          c->fresh + c->fresh_used, &rank, dim));
    c->fresh_used += OFZ_MAX_RANK;
    dim[rank++] = a->dim[a->rank - 2];
    dim[rank++] = b->dim[b->rank - 1];
    return ofz_infer_set(c, 0, c->in[7]->dtype, rank, dim);
}

/* Elements from the start of t to matrix `i` of the broadcast batch of y. */
static int64_t matrix_at(const ofz_tensor *t, const ofz_tensor *y, int64_t i)
{
    int64_t at_t = 0, step = t->dim[t->rank - 1] * t->dim[t->rank - 2];

    for (int k = y->rank - 3; k >= 0; k--) {
        const int     j = k - (y->rank - t->rank);
        const int64_t p = i % y->dim[k];

        i /= y->dim[k];
        if (j < 0) continue;
        if (t->dim[j] != 1) at_t += p * step;
        step *= t->dim[j];
    }
    return at_t;
}

static ofz_status qlinear_products(ofz_eval_call *c, const double *a, const double *b, double *y)
{
    const ofz_tensor *ta = c->in[0], *tb = c->in[3], *ty = c->out[0];
    const int64_t     m = ty->dim[ty->rank - 2], n = ty->dim[ty->rank - 1];
    const int64_t     k = ta->dim[ta->rank - 1];
    const ofz_gemm    g = { .m = m, .n = n, .k = k, .lda = k, .ldb = n, .ldc = n, .alpha = 1 };

    for (int64_t i = 0; i < ty->count / (m * n); i++)
        OFZ_TRY(ofz_gemm_f64(c->ctx, &g, a + (k ? matrix_at(ta, ty, i) : 0),
                             b + (k ? matrix_at(tb, ty, i) : 0), y + i * m * n));
    return OFZ_OK;
}

/* Scales and zero points of a are one or one per row, those of b one or one per column. */
static ofz_status qlinear_matmul_eval(ofz_eval_call *c)
{
    const ofz_tensor *ty = c->out[0];
    const int64_t     m = ty->dim[ty->rank - 2], n = ty->dim[ty->rank - 1];
    const int64_t     k = c->in[0]->dim[c->in[0]->rank - 1];
    ofz_tensor        a = { 0 }, b = { 0 }, y = { 0 };
    ofz_status        st = OFZ_OK;

    if (!ty->count) return OFZ_OK;
    for (int i = 1; i < 3; i++) OFZ_TRY(param_check(c->ctx, "parameter of a", c->in[i], m));
    for (int i = 4; i < 6; i++) OFZ_TRY(param_check(c->ctx, "parameter of b", c->in[i], n));
    for (int i = 6; i < 8; i++) OFZ_TRY(param_check(c->ctx, "parameter of y", c->in[i], 1));
    OFZ_GOTO(centred(c->ctx, c->in[0], c->in[2], k ? k : 1, m, &a));
    OFZ_GOTO(centred(c->ctx, c->in[3], c->in[5], 1, n, &b));
    OFZ_GOTO(ofz_tensor_new(c->ctx, &y, OFZ_F64, ty->rank, ty->dim));
    OFZ_GOTO(qlinear_products(c, a.data, b.data, y.data));
    for (int64_t e = 0; e < ty->count; e++) {
        const double f =
            param(c->in[1], e / n % m, 1) * param(c->in[4], e % n, 1) / param(c->in[6], 0, 1);

        requantise(c->out[0], e, ((const double *)y.data)[e] * f, c->in[7]);
    }
done:
    ofz_tensor_release(&a);
    ofz_tensor_release(&b);
    ofz_tensor_release(&y);
    return st;
}

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

/* clang-format off */
#define ONE   { 1, 1 }
#define PURE  OFZ_OP_PURE
#define CONV  conv_def, sizeof(ofz_window_attrs)

static const ofz_op rows[] = {
    { "ConvInteger", 10, { 2, 4 }, ONE, PURE, CONV, conv_integer_infer, conv_integer_eval, NULL,
      "xwqq" },
    { "QLinearConv", 10, { 8, 9 }, ONE, PURE, CONV, qlinear_conv_infer, qlinear_conv_eval, NULL,
      "xqqwqqqqb" },
    { "QLinearMatMul", 10, { 8, 8 }, ONE, PURE, NULL, 0, qlinear_matmul_infer, qlinear_matmul_eval,
      NULL, "wqqwqqqq" },
    { "QLinearMatMul", 21, { 8, 8 }, ONE, PURE, NULL, 0, qlinear_matmul_infer, qlinear_matmul_eval,
      NULL, "wqqwqqqq" },
    { 0 },
};
/* clang-format on */
OFZ_OP_TABLE(quant_linear, rows);
