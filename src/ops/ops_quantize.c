/* ops_quantize.c - QuantizeLinear, DequantizeLinear, DynamicQuantizeLinear.
 *
 * One scale for the tensor, one per index of an axis, or one per block of an axis. Quotients are
 * rounded to even and saturate. Gradients go straight through the rounding, and stop where it
 * saturated. */
#include <math.h>
#include <stddef.h>

#include "base/threads.h"
#include "kernel/elementwise.h"
#include "kernel/recast.h"
#include "ops/infer.h"

typedef struct quantize_attrs {
    int64_t axis, block_size, saturate, output_dtype, precision;
} quantize_attrs;

/* Where the scale of an element lies: x is [outer, n, inner]; scale is [1], [n] or
 * [outer, blocks, inner]. */
typedef struct grid {
    int64_t outer, n, inner; /* of x */
    int64_t block;           /* elements of the axis that share a scale */
    int64_t blocks;
    bool    single, blocked;
} grid;

static int64_t scale_index(const grid *g, int64_t o, int64_t a, int64_t i)
{
    if (g->single) return 0;
    return g->blocked ? (o * g->blocks + a / g->block) * g->inner + i : a;
}

/* --- inference -------------------------------------------------------------------------------- */

/* Shapes of x and scale with one another; dims may be symbols. */
static ofz_status check_scale(ofz_ctx *ctx, const quantize_attrs *a, const ofz_tensor *x,
                              const ofz_tensor *scale)
{
    int axis;

    if (a->block_size < 0)
        return ofz_fail(ctx, OFZ_E_MODEL, "attribute block_size: %" PRId64 ", want at least 0",
                        a->block_size);
    if (x->rank < 0 || scale->rank < 0 || scale->count == 1) return OFZ_OK;
    if (!a->block_size && scale->rank == 0) return OFZ_OK;
    OFZ_TRY(ofz_axis(ctx, a->axis, x->rank, &axis));
    if (!a->block_size) {
        if (scale->rank != 1)
            return ofz_fail(ctx, OFZ_E_MODEL, "scale: rank %d, want 0 or 1", scale->rank);
        if (scale->dim[0] >= 0 && x->dim[axis] >= 0 && scale->dim[0] != x->dim[axis])
            return ofz_fail(ctx, OFZ_E_MODEL, "scale: %" PRId64 " elements, want %" PRId64,
                            scale->dim[0], x->dim[axis]);
        return OFZ_OK;
    }
    if (scale->rank != x->rank)
        return ofz_fail(ctx, OFZ_E_MODEL, "scale: rank %d, want %d", scale->rank, x->rank);
    for (int i = 0; i < x->rank; i++) {
        const int64_t d    = x->dim[i];
        const int64_t want = i != axis ? d : d / a->block_size + (d % a->block_size != 0);

        if (d >= 0 && scale->dim[i] >= 0 && scale->dim[i] != want)
            return ofz_fail(ctx, OFZ_E_MODEL, "scale: %" PRId64 " at axis %d, want %" PRId64,
                            scale->dim[i], i, want);
    }
    return OFZ_OK;
}

/* The zero point has the shape of the scale. */
static ofz_status check_zero(ofz_infer_call *c)
{
    const ofz_tensor *s = c->in[1], *z = c->in_count > 2 ? c->in[2] : NULL;

    if (!z || z->rank < 0 || s->rank < 0) return OFZ_OK;
    if (z->count == 1 && s->count == 1) return OFZ_OK;
    OFZ_TRY(ofz_want_rank(c, 2, s->rank));
    for (int i = 0; i < s->rank; i++)
        if (z->dim[i] >= 0 && s->dim[i] >= 0 && z->dim[i] != s->dim[i])
            return ofz_fail(c->ctx, OFZ_E_MODEL,
                            "zero point: %" PRId64 " at axis %d, want %" PRId64, z->dim[i], i,
                            s->dim[i]);
    return OFZ_OK;
}

static bool is_quantum(ofz_dtype dtype)
{
    const ofz_dtype_row *row = ofz_dtype_get(dtype);

    return row->cls == OFZ_CLASS_INT || row->cls == OFZ_CLASS_UINT ||
           (row->cls == OFZ_CLASS_FLOAT && row->bits <= 8);
}

static bool is_real(ofz_dtype dtype)
{
    return ofz_dtype_is_float(dtype);
}

static ofz_status want_type(ofz_infer_call *c, const char *what, ofz_dtype got, bool ok)
{
    if (got && !ok)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "%s: %s, which the operator does not take", what,
                        ofz_dtype_name(got));
    return OFZ_OK;
}

static ofz_status quantize_infer(ofz_infer_call *c)
{
    const quantize_attrs *a = c->attrs;
    const ofz_tensor     *x = c->in[0], *z = c->in_count > 2 ? c->in[2] : NULL;
    ofz_dtype             to = z ? z->dtype : a->output_dtype ? (ofz_dtype)a->output_dtype : OFZ_U8;

    OFZ_TRY(want_type(c, "input 0", x->dtype, is_real(x->dtype) || x->dtype == OFZ_I32));
    OFZ_TRY(want_type(c, "scale", c->in[1]->dtype,
                      is_real(c->in[1]->dtype) || c->in[1]->dtype == OFZ_I32));
    if (a->output_dtype < 0 || a->output_dtype > OFZ_I2 ||
        (a->output_dtype && !is_quantum((ofz_dtype)a->output_dtype)))
        return ofz_fail(c->ctx, OFZ_E_MODEL, "attribute output_dtype: %" PRId64, a->output_dtype);
    if (a->precision && a->precision != OFZ_F32 && a->precision != OFZ_F16 &&
        a->precision != OFZ_BF16)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "attribute precision: %" PRId64 ", want 1, 10 or 16",
                        a->precision);
    OFZ_TRY(want_type(c, "zero point", to, is_quantum(to)));
    if (z && z->dtype && a->output_dtype && a->output_dtype != (int64_t)z->dtype)
        return ofz_fail(c->ctx, OFZ_E_MODEL,
                        "attribute output_dtype: %" PRId64 ", want %d as the zero point",
                        a->output_dtype, (int)z->dtype);
    OFZ_TRY(check_scale(c->ctx, a, x, c->in[1]));
    OFZ_TRY(check_zero(c));
    return ofz_infer_set(c, 0, to, x->rank, x->dim);
}

static ofz_status dequantize_infer(ofz_infer_call *c)
{
    const quantize_attrs *a = c->attrs;
    const ofz_tensor     *x = c->in[0], *s = c->in[1], *z = c->in_count > 2 ? c->in[2] : NULL;
    const ofz_dtype       to = a->output_dtype ? (ofz_dtype)a->output_dtype : s->dtype;

    OFZ_TRY(want_type(c, "input 0", x->dtype, is_quantum(x->dtype)));
    OFZ_TRY(want_type(c, "scale", s->dtype, is_real(s->dtype)));
    if (a->output_dtype && a->output_dtype != OFZ_F32 && a->output_dtype != OFZ_F16 &&
        a->output_dtype != OFZ_BF16)
        return ofz_fail(c->ctx, OFZ_E_MODEL,
                        "attribute output_dtype: %" PRId64 ", want 1, 10 or 16", a->output_dtype);
    if (z && z->dtype && x->dtype && z->dtype != x->dtype)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "zero point: %s, want %s as input 0",
                        ofz_dtype_name(z->dtype), ofz_dtype_name(x->dtype));
    OFZ_TRY(check_scale(c->ctx, a, x, s));
    OFZ_TRY(check_zero(c));
    return ofz_infer_set(c, 0, to, x->rank, x->dim);
}

/* --- evaluation ------------------------------------------------------------------------------- */

static ofz_status grid_init(ofz_ctx *ctx, const quantize_attrs *a, const ofz_tensor *x,
                            const ofz_tensor *scale, const ofz_tensor *zero, grid *g)
{
    int axis = 0;

    *g = (grid){ 0, 1, 1, 1, 1, scale->count == 1, a->block_size > 0 };
    if (zero && zero->count != scale->count)
        return ofz_fail(ctx, OFZ_E_MODEL, "zero point: %" PRId64 " elements, want %" PRId64,
                        zero->count, scale->count);
    if (!x->count) return OFZ_OK;
    g->outer = 1;
    g->n     = x->count;
    if (g->single) return OFZ_OK;
    OFZ_TRY(ofz_axis(ctx, a->axis, x->rank, &axis));
    g->outer  = ofz_tensor_span(x, 0, axis);
    g->n      = x->dim[axis];
    g->inner  = ofz_tensor_span(x, axis + 1, x->rank);
    g->block  = g->blocked ? a->block_size : 1;
    g->blocks = g->blocked ? (g->n - 1) / g->block + 1 : g->n;
    if (scale->count != (g->blocked ? g->outer * g->blocks * g->inner : g->n))
        return ofz_fail(ctx, OFZ_E_MODEL, "scale: %" PRId64 " elements, which do not fit",
                        scale->count);
    return OFZ_OK;
}

/* A quotient in the precision asked for. */
static float at_precision(float q, ofz_dtype precision)
{
    if (precision == OFZ_F16) return ofz_f16_decode(ofz_f16_encode(q));
    if (precision == OFZ_BF16) return ofz_bf16_decode(ofz_bf16_encode(q));
    return q;
}

typedef struct limits {
    double low, high;
} limits;

static limits limits_of(ofz_dtype dtype)
{
    const ofz_dtype_row *row = ofz_dtype_get(dtype);

    if (row->cls == OFZ_CLASS_UINT) return (limits){ 0, ldexp(1, row->bits) - 1 };
    return (limits){ -ldexp(1, row->bits - 1), ldexp(1, row->bits - 1) - 1 };
}

/* Rounded, shifted, held within the type; NaN becomes the zero point. */
static int64_t quantum(float q, double zero, limits l)
{
    const double v = isnan(q) ? zero : (double)rintf(q) + zero;

    return (int64_t)(v < l.low ? l.low : v > l.high ? l.high : v);
}

static const ofz_minifloat *small_float(ofz_dtype dtype)
{
    switch (dtype) {
    case OFZ_F8E4M3FN:
        return &ofz_f8e4m3fn;
    case OFZ_F8E4M3FNUZ:
        return &ofz_f8e4m3fnuz;
    case OFZ_F8E5M2:
        return &ofz_f8e5m2;
    case OFZ_F8E5M2FNUZ:
        return &ofz_f8e5m2fnuz;
    case OFZ_F4E2M1:
        return &ofz_f4e2m1;
    default:
        return NULL;
    }
}

static ofz_status quantize_eval(ofz_eval_call *c)
{
    const quantize_attrs *a = c->attrs;
    const ofz_tensor     *x = c->in[0], *s = c->in[1], *z = c->in_count > 2 ? c->in[2] : NULL;
    ofz_tensor           *y         = c->out[0];
    const ofz_minifloat  *small     = small_float(y->dtype);
    const ofz_dtype       precision = a->precision ? (ofz_dtype)a->precision : s->dtype;
    grid                  g;
    limits                l;

    if (!small && ofz_dtype_is_float(y->dtype))
        return ofz_fail(c->ctx, OFZ_E_UNSUPPORTED, "output 0: %s", ofz_dtype_name(y->dtype));
    OFZ_TRY(grid_init(c->ctx, a, x, s, z, &g));
    l = small ? (limits){ 0, 0 } : limits_of(y->dtype);
    for (int64_t o = 0, k = 0; o < g.outer; o++)
        for (int64_t n = 0; n < g.n; n++)
            for (int64_t i = 0; i < g.inner; i++, k++) {
                const int64_t at   = scale_index(&g, o, n, i);
                const float   step = (float)ofz_elem_f64(s->dtype, s->data, at);
                const double  zero = z ? ofz_elem_f64(z->dtype, z->data, at) : 0;
                const float   q =
                    at_precision((float)ofz_elem_f64(x->dtype, x->data, k) / step, precision);

                if (small)
                    ofz_elem_set_bits(
                        y->dtype, y->data, k,
                        (uint8_t)ofz_minifloat_encode(small, (double)q + zero, a->saturate != 0));
                else
                    ofz_elem_set_i64(y->dtype, y->data, k, quantum(q, zero, l));
            }
    return OFZ_OK;
}

static ofz_status dequantize_eval(ofz_eval_call *c)
{
    const ofz_tensor *x = c->in[0], *s = c->in[1], *z = c->in_count > 2 ? c->in[2] : NULL;
    ofz_tensor       *y = c->out[0];
    grid              g;

    OFZ_TRY(grid_init(c->ctx, c->attrs, x, s, z, &g));
    for (int64_t o = 0, k = 0; o < g.outer; o++)
        for (int64_t n = 0; n < g.n; n++)
            for (int64_t i = 0; i < g.inner; i++, k++) {
                const int64_t at   = scale_index(&g, o, n, i);
                const double  zero = z ? ofz_elem_f64(z->dtype, z->data, at) : 0;
                const double  step = ofz_elem_f64(s->dtype, s->data, at);

                ofz_elem_set_f64(y->dtype, y->data, k,
                                 (ofz_elem_f64(x->dtype, x->data, k) - zero) * step);
            }
    return OFZ_OK;
}

/* --- gradients -------------------------------------------------------------------------------- */

/* Straight through: the gradient of a quantised tensor q is that of x / scale + zero point, a float
 * tensor of its shape, and flows on where nothing was cut off.
 *
 *   ofz.DequantizeGrad(dy, x, scale)               dy scale
 *   ofz.DequantizeGradScale(dy, x, scale, zero?)   sum(dy (x - zero))
 *   ofz.QuantizeGrad(dq, x, scale, q, zero?)       dq / scale where x was in range
 *   ofz.QuantizeGradScale(dq, x, scale, q, zero?)  sum(-dq x / scale^2) over the same */
typedef enum back_kind { DQ_X, DQ_SCALE, Q_X, Q_SCALE } back_kind;

static const ofz_tensor *back_zero(const ofz_tensor *const *in, int in_count, back_kind kind)
{
    const int k = kind == DQ_SCALE ? 3 : 4;

    return kind != DQ_X && k < in_count ? in[k] : NULL;
}

static ofz_status want_count(ofz_infer_call *c, int k, int64_t want)
{
    if (c->in[k]->count >= 0 && want >= 0 && c->in[k]->count != want)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "input %d: %" PRId64 " elements, want %" PRId64, k,
                        c->in[k]->count, want);
    return OFZ_OK;
}

static ofz_status back_infer(ofz_infer_call *c, back_kind kind)
{
    const ofz_tensor *dy = c->in[0], *x = c->in[1], *s = c->in[2];
    const ofz_tensor *z = back_zero(c->in, c->in_count, kind);
    const bool        q = kind == Q_X || kind == Q_SCALE;

    OFZ_TRY(want_type(c, "input 0", dy->dtype, is_real(dy->dtype)));
    OFZ_TRY(want_type(c, "input 1", x->dtype, q ? is_real(x->dtype) : is_quantum(x->dtype)));
    OFZ_TRY(want_type(c, "scale", s->dtype, is_real(s->dtype)));
    OFZ_TRY(check_scale(c->ctx, c->attrs, x, s));
    OFZ_TRY(want_count(c, 0, x->count));
    if (q) OFZ_TRY(want_type(c, "input 3", c->in[3]->dtype, is_quantum(c->in[3]->dtype)));
    if (z) OFZ_TRY(want_type(c, "zero point", z->dtype, is_quantum(z->dtype)));
    if (kind == DQ_SCALE || kind == Q_SCALE) return ofz_infer_set(c, 0, s->dtype, s->rank, s->dim);
    return ofz_infer_set(c, 0, kind == Q_X ? x->dtype : s->dtype, x->rank, x->dim);
}

/* d(result)/d(input) at element k, whose scale is element `at`. */
static double slope(const ofz_eval_call *c, back_kind kind, int64_t k, int64_t at)
{
    const ofz_tensor *x = c->in[1], *s = c->in[2];
    const ofz_tensor *z    = back_zero(c->in, c->in_count, kind);
    const double      v    = ofz_elem_f64(x->dtype, x->data, k);
    const double      step = ofz_elem_f64(s->dtype, s->data, at);
    const double      zero = z ? ofz_elem_f64(z->dtype, z->data, at) : 0;

    if (kind == DQ_X) return step;
    if (kind == DQ_SCALE) return v - zero;
    if (!ofz_dtype_is_float(c->in[3]->dtype)) {
        const limits l = limits_of(c->in[3]->dtype);
        const double q = rint(v / step) + zero;

        if (!(q >= l.low && q <= l.high)) return 0;
    }
    return kind == Q_X ? 1 / step : -v / (step * step);
}

static ofz_status back_eval(ofz_eval_call *c, back_kind kind)
{
    const ofz_tensor *dy = c->in[0], *x = c->in[1], *s = c->in[2], *out = c->out[0];
    const bool        sum = kind == DQ_SCALE || kind == Q_SCALE;
    ofz_tensor        total;
    double           *acc;
    grid              g;

    OFZ_TRY(grid_init(c->ctx, c->attrs, x, s, back_zero(c->in, c->in_count, kind), &g));
    OFZ_TRY(ofz_tensor_new(c->ctx, &total, OFZ_F64, out->rank, out->dim));
    acc = total.data;
    for (int64_t i = 0; i < total.count; i++) acc[i] = 0;
    for (int64_t o = 0, k = 0; o < g.outer; o++)
        for (int64_t n = 0; n < g.n; n++)
            for (int64_t i = 0; i < g.inner; i++, k++) {
                const int64_t at = scale_index(&g, o, n, i);

                acc[sum ? at : k] += ofz_elem_f64(dy->dtype, dy->data, k) * slope(c, kind, k, at);
            }
    ofz_narrow(OFZ_F64, acc, total.count, out->dtype, out->data, 0);
    ofz_tensor_release(&total);
    return OFZ_OK;
}

#define BACK(name, kind)                                                                           \
    static ofz_status name##_infer(ofz_infer_call *c)                                              \
    {                                                                                              \
        return back_infer(c, kind);                                                                \
    }                                                                                              \
    static ofz_status name##_eval(ofz_eval_call *c)                                                \
    {                                                                                              \
        return back_eval(c, kind);                                                                 \
    }

BACK(dq_x, DQ_X)
BACK(dq_scale, DQ_SCALE)
BACK(q_x, Q_X)
BACK(q_scale, Q_SCALE)

static ofz_status emit_back(ofz_grad_call *g, const char *row, int count, ofz_value *const *in,
                            ofz_value **dx)
{
    const quantize_attrs *a      = g->attrs;
    const ofz_attr        attr[] = {
               { .name = "axis", .type = OFZ_ATTR_INT, .u.i = a->axis },
               { .name = "block_size", .type = OFZ_ATTR_INT, .u.i = a->block_size },
    };

    return ofz_emit_attrs(g, "ofz", row, 2, attr, in[count - 1] ? count : count - 1, in, 1, dx);
}

static ofz_status dequantize_grad(ofz_grad_call *g)
{
    const ofz_node *n    = g->node;
    ofz_value      *in[] = { g->dy[0], n->in[0], n->in[1], n->in_count > 2 ? n->in[2] : NULL };

    if (g->need[0]) OFZ_TRY(emit_back(g, "DequantizeGrad", 3, in, &g->dx[0]));
    if (g->need[1]) OFZ_TRY(emit_back(g, "DequantizeGradScale", 4, in, &g->dx[1]));
    return OFZ_OK;
}

static ofz_status quantize_grad(ofz_grad_call *g)
{
    const ofz_node *n    = g->node;
    ofz_value      *in[] = { g->dy[0], n->in[0], n->in[1], n->out[0],
                        n->in_count > 2 ? n->in[2] : NULL };

    if (g->need[0]) OFZ_TRY(emit_back(g, "QuantizeGrad", 5, in, &g->dx[0]));
    if (g->need[1]) OFZ_TRY(emit_back(g, "QuantizeGradScale", 5, in, &g->dx[1]));
    return OFZ_OK;
}

/* --- DynamicQuantizeLinear -------------------------------------------------------------------- */

static ofz_status dynamic_infer(ofz_infer_call *c)
{
    OFZ_TRY(want_type(c, "input 0", c->in[0]->dtype, c->in[0]->dtype == OFZ_F32));
    OFZ_TRY(ofz_infer_set(c, 0, OFZ_U8, c->in[0]->rank, c->in[0]->dim));
    OFZ_TRY(ofz_infer_set(c, 1, OFZ_F32, 0, NULL));
    return ofz_infer_set(c, 2, OFZ_U8, 0, NULL);
}

/* The range always holds 0. A tensor of zeros has scale 1. */
static ofz_status dynamic_eval(ofz_eval_call *c)
{
    const float *x   = c->in[0]->data;
    float        min = 0, max = 0, scale, zero;

    for (int64_t i = 0; i < c->in[0]->count; i++) {
        min = x[i] < min ? x[i] : min;
        max = x[i] > max ? x[i] : max;
    }
    scale = max == min ? 1.0f : (max - min) / 255.0f;
    zero  = (float)quantum(-min / scale, 0, (limits){ 0, 255 });
    for (int64_t i = 0; c->out[0] && i < c->in[0]->count; i++)
        ((uint8_t *)c->out[0]->data)[i] =
            (uint8_t)quantum(x[i] / scale, (double)zero, (limits){ 0, 255 });
    if (c->out_count > 1 && c->out[1]) *(float *)c->out[1]->data = scale;
    if (c->out_count > 2 && c->out[2]) *(uint8_t *)c->out[2]->data = (uint8_t)zero;
    return OFZ_OK;
}

/* --- rows ------------------------------------------------------------------------------------- */

#define FIELD(name) offsetof(quantize_attrs, name)
#define AXIS                                                                                       \
    {                                                                                              \
        "axis", OFZ_ATTR_INT, FIELD(axis), .i = 1                                                  \
    }
#define BLOCK                                                                                      \
    {                                                                                              \
        "block_size", OFZ_ATTR_INT, FIELD(block_size)                                              \
    }
#define OUTPUT_DTYPE                                                                               \
    {                                                                                              \
        "output_dtype", OFZ_ATTR_INT, FIELD(output_dtype)                                          \
    }
#define PRECISION                                                                                  \
    {                                                                                              \
        "precision", OFZ_ATTR_INT, FIELD(precision)                                                \
    }
#define SATURATE                                                                                   \
    {                                                                                              \
        "saturate", OFZ_ATTR_INT, FIELD(saturate), .i = 1                                          \
    }

static const ofz_attr_def axis_only[]   = { AXIS, { 0 } };
static const ofz_attr_def quantize_19[] = { AXIS, SATURATE, { 0 } };
static const ofz_attr_def quantize_21[] = { AXIS, BLOCK, OUTPUT_DTYPE, SATURATE, { 0 } };
static const ofz_attr_def quantize_23[] = { AXIS, BLOCK, OUTPUT_DTYPE, PRECISION, SATURATE, { 0 } };
static const ofz_attr_def dequantize_21[] = { AXIS, BLOCK, { 0 } };
static const ofz_attr_def dequantize_23[] = { AXIS, BLOCK, OUTPUT_DTYPE, { 0 } };

#define ONE                                                                                        \
    {                                                                                              \
        1, 1                                                                                       \
    }
#define QUANT                                                                                      \
    {                                                                                              \
        2, 3                                                                                       \
    }
#define Q(since, attrs)                                                                            \
    {                                                                                              \
        "QuantizeLinear", since, QUANT, ONE, OFZ_OP_PURE | OFZ_OP_STRAIGHT, attrs,                 \
            sizeof(quantize_attrs), quantize_infer, quantize_eval, quantize_grad, "xqq"            \
    }
#define DQ(since, attrs)                                                                           \
    {                                                                                              \
        "DequantizeLinear", since, QUANT, ONE, OFZ_OP_PURE, attrs, sizeof(quantize_attrs),         \
            dequantize_infer, dequantize_eval, dequantize_grad, "xqq"                              \
    }
#define PRIVATE(name, least, most, fn)                                                             \
    {                                                                                              \
        name, 1, { least, most }, ONE, OFZ_OP_PURE, dequantize_21, sizeof(quantize_attrs),         \
            fn##_infer, fn##_eval, NULL, NULL, "ofz"                                               \
    }

static const ofz_op rows[] = {
    DQ(10, NULL),
    DQ(13, axis_only),
    DQ(19, axis_only),
    DQ(21, dequantize_21),
    DQ(23, dequantize_23),
    DQ(24, dequantize_23),
    DQ(25, dequantize_23),
    { "DynamicQuantizeLinear",
      11,
      ONE,
      { 3, 3 },
      OFZ_OP_PURE,
      NULL,
      0,
      dynamic_infer,
      dynamic_eval },
    Q(10, NULL),
    Q(13, axis_only),
    Q(19, quantize_19),
    Q(21, quantize_21),
    Q(23, quantize_23),
    Q(24, quantize_23),
    Q(25, quantize_23),
    PRIVATE("DequantizeGrad", 3, 3, dq_x),
    PRIVATE("DequantizeGradScale", 3, 4, dq_scale),
    PRIVATE("QuantizeGrad", 4, 5, q_x),
    PRIVATE("QuantizeGradScale", 4, 5, q_scale),
    { 0 },
};
OFZ_OP_TABLE(quantize, rows);
