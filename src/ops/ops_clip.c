/* ops_clip.c - rows with one input of almost any type: Clip, Identity, the tests for infinity and
 * NaN, and the two negations of bits.
 *
 * Clip's gradient is PyTorch's: it flows where min <= x <= max, both ends included, and never into
 * min and max. */
#include <float.h>
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "base/threads.h"
#include "kernel/elementwise.h"
#include "ops/infer.h"

/* --- Clip ------------------------------------------------------------------------------------- */

typedef struct clip_attrs {
    float min, max;
} clip_attrs;

static ofz_status clip_infer(ofz_infer_call *c)
{
    const ofz_dtype_class cls = ofz_dtype_get(c->in[0]->dtype)->cls;

    if (c->in[0]->dtype && cls != OFZ_CLASS_FLOAT && cls != OFZ_CLASS_INT && cls != OFZ_CLASS_UINT)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "input 0: %s, want a numeric type",
                        ofz_dtype_name(c->in[0]->dtype));
    for (int k = 1; k < c->in_count; k++) {
        if (!c->in[k]) continue;
        OFZ_TRY(ofz_want_same_dtype(c, k));
        if (c->in[k]->count >= 0 && c->in[k]->count != 1)
            return ofz_fail(c->ctx, OFZ_E_MODEL, "input %d: %" PRId64 " elements, want one", k,
                            c->in[k]->count);
    }
    return ofz_infer_same(c);
}

#define CLIP_ROW(type)                                                                             \
    static void clip_##type(int64_t n, void *out, const void *const *in, const int64_t *step,      \
                            const void *arg)                                                       \
    {                                                                                              \
        const type *x = in[0], min = *(const type *)in[1], max = *(const type *)in[2];             \
        type       *y = out;                                                                       \
                                                                                                   \
        (void)step, (void)arg;                                                                     \
        for (int64_t i = 0; i < n; i++) {                                                          \
            const type low = x[i] < min ? min : x[i]; /* a NaN stays one */                        \
                                                                                                   \
            y[i] = low > max ? max : low;                                                          \
        }                                                                                          \
    }

CLIP_ROW(float)
CLIP_ROW(double)
CLIP_ROW(int8_t)
CLIP_ROW(int16_t)
CLIP_ROW(int32_t)
CLIP_ROW(int64_t)
CLIP_ROW(uint8_t)
CLIP_ROW(uint16_t)
CLIP_ROW(uint32_t)
CLIP_ROW(uint64_t)

static ofz_row_fn *clip_row(ofz_dtype dtype)
{
    switch (dtype) {
    case OFZ_F64:
        return clip_double;
    case OFZ_I8:
        return clip_int8_t;
    case OFZ_I16:
        return clip_int16_t;
    case OFZ_I32:
        return clip_int32_t;
    case OFZ_I64:
        return clip_int64_t;
    case OFZ_U8:
        return clip_uint8_t;
    case OFZ_U16:
        return clip_uint16_t;
    case OFZ_U32:
        return clip_uint32_t;
    case OFZ_U64:
        return clip_uint64_t;
    default:
        return ofz_dtype_is_float(dtype) ? clip_float : NULL;
    }
}

/* The bounds, as scalars of x's type: inputs where they are given, else attributes, else as far out
 * as the type goes. */
typedef struct bounds {
    ofz_tensor t[2];
    uint64_t   bits[2];
} bounds;

static void int_bound(ofz_dtype dtype, bool high, void *data)
{
    const ofz_dtype_row *row = ofz_dtype_get(dtype);
    uint64_t             top = UINT64_MAX >> (64 - row->bits);

    if (row->cls == OFZ_CLASS_INT)
        ofz_elem_set_i64(dtype, data, 0, (int64_t)(top >> 1) * (high ? 1 : -1) - !high);
    else
        ofz_elem_set_i64(dtype, data, 0, high ? (int64_t)top : 0);
}

static ofz_status bounds_init(ofz_eval_call *c, int first, const ofz_tensor *x, const clip_attrs *a,
                              bounds *b)
{
    for (int k = 0; k < 2; k++) {
        const ofz_tensor *given = first + k < c->in_count ? c->in[first + k] : NULL;

        b->bits[k] = 0;
        OFZ_TRY(ofz_tensor_set(c->ctx, &b->t[k], x->dtype, 0, NULL));
        b->t[k].data = given ? given->data : &b->bits[k];
        if (given) continue;
        if (a)
            ofz_elem_set_f64(x->dtype, b->t[k].data, 0, (double)(k ? a->max : a->min));
        else if (ofz_dtype_is_float(x->dtype))
            ofz_elem_set_f64(x->dtype, b->t[k].data, 0, k ? INFINITY : -INFINITY);
        else
            int_bound(x->dtype, k == 1, b->t[k].data);
    }
    return OFZ_OK;
}

static ofz_status clip_with(ofz_eval_call *c, const clip_attrs *a)
{
    const ofz_dtype   dtype = c->in[0]->dtype;
    ofz_row_fn       *row   = clip_row(dtype);
    bounds            b;
    const ofz_tensor *x[] = { c->in[0], &b.t[0], &b.t[1] };

    if (!row)
        return ofz_fail(c->ctx, OFZ_E_UNSUPPORTED, "input 0: %s, want a numeric type",
                        ofz_dtype_name(dtype));
    OFZ_TRY(bounds_init(c, 1, c->in[0], a, &b));
    ofz_elementwise(ofz_threads(c->ctx), c->out[0], 3, x,
                    row == clip_float ? OFZ_F32 : OFZ_UNDEFINED, row, NULL);
    return OFZ_OK;
}

static ofz_status clip_eval(ofz_eval_call *c)
{
    return clip_with(c, NULL);
}

static ofz_status clip_attr_eval(ofz_eval_call *c)
{
    return clip_with(c, c->attrs);
}

#define CLIP_BACK_ROW(type)                                                                        \
    static void clip_back_##type(int64_t n, void *out, const void *const *in, const int64_t *step, \
                                 const void *arg)                                                  \
    {                                                                                              \
        const type *dy = in[0], *x = in[1];                                                        \
        const type  min = *(const type *)in[2], max = *(const type *)in[3];                        \
        type       *dx = out;                                                                      \
                                                                                                   \
        (void)step, (void)arg;                                                                     \
        for (int64_t i = 0; i < n; i++) dx[i] = x[i] >= min && x[i] <= max ? dy[i] : 0;            \
    }

CLIP_BACK_ROW(float)
CLIP_BACK_ROW(double)

/* ofz.ClipGrad(dy, x, min?, max?) */
static ofz_status clip_back_infer(ofz_infer_call *c)
{
    int64_t dim[OFZ_MAX_RANK];

    for (int k = 1; k < c->in_count; k++) {
        OFZ_TRY(ofz_want_same_dtype(c, k));
        if (k > 1 && c->in[k] && c->in[k]->count >= 0 && c->in[k]->count != 1)
            return ofz_fail(c->ctx, OFZ_E_MODEL, "input %d: want one element", k);
    }
    if (c->in[0]->dtype && !ofz_dtype_is_float(c->in[0]->dtype))
        return ofz_fail(c->ctx, OFZ_E_MODEL, "input 0: want a floating-point type");
    if (c->in[0]->rank < 0 || c->in[1]->rank < 0) return ofz_infer_same(c);
    OFZ_TRY(ofz_want_rank(c, 1, c->in[0]->rank));
    for (int i = 0; i < c->in[0]->rank; i++)
        OFZ_TRY(
            ofz_unify(c->ctx, "input 1: dimension", c->in[0]->dim[i], c->in[1]->dim[i], &dim[i]));
    return ofz_infer_set(c, 0, c->in[0]->dtype, c->in[0]->rank, dim);
}

static ofz_status clip_back_eval(ofz_eval_call *c)
{
    const bool        wide = c->in[0]->dtype == OFZ_F64;
    bounds            b;
    const ofz_tensor *x[] = { c->in[0], c->in[1], &b.t[0], &b.t[1] };

    OFZ_TRY(bounds_init(c, 2, c->in[1], c->attrs, &b));
    ofz_elementwise(ofz_threads(c->ctx), c->out[0], 4, x, wide ? OFZ_F64 : OFZ_F32,
                    wide ? clip_back_double : clip_back_float, NULL);
    return OFZ_OK;
}

static ofz_status clip_grad(ofz_grad_call *g)
{
    const ofz_node *n    = g->node;
    ofz_value      *in[] = { g->dy[0], n->in[0], n->in_count > 1 ? n->in[1] : NULL,
                        n->in_count > 2 ? n->in[2] : NULL };

    if (!g->need[0]) return OFZ_OK;
    return ofz_emit_grad(g, "ClipGrad", 4, in, &g->dx[0]);
}

/* --- Identity --------------------------------------------------------------------------------- */

/* Reached only where the executor cannot share the bytes. */
static ofz_status identity_eval(ofz_eval_call *c)
{
    ofz_tensor copy;

    OFZ_TRY(ofz_tensor_copy(c->ctx, c->in[0], &copy));
    ofz_tensor_release(c->out[0]);
    *c->out[0] = copy;
    return OFZ_OK;
}

static ofz_status identity_grad(ofz_grad_call *g)
{
    g->dx[0] = g->dy[0];
    return OFZ_OK;
}

/* --- IsInf, IsNaN ----------------------------------------------------------------------------- */

typedef struct isinf_attrs {
    int64_t negative, positive;
} isinf_attrs;

static ofz_status float_test_infer(ofz_infer_call *c)
{
    if (c->in[0]->dtype && !ofz_dtype_is_float(c->in[0]->dtype))
        return ofz_fail(c->ctx, OFZ_E_MODEL, "input 0: %s, want a floating-point type",
                        ofz_dtype_name(c->in[0]->dtype));
    return ofz_infer_set(c, 0, OFZ_BOOL, c->in[0]->rank, c->in[0]->dim);
}

static void isinf_row(int64_t n, void *out, const void *const *in, const int64_t *step,
                      const void *arg)
{
    const isinf_attrs *a = arg;
    const double      *x = in[0];
    uint8_t           *y = out;

    (void)step;
    for (int64_t i = 0; i < n; i++)
        y[i] =
            (x[i] == (double)INFINITY && a->positive) || (x[i] == (double)-INFINITY && a->negative);
}

static void isnan_row(int64_t n, void *out, const void *const *in, const int64_t *step,
                      const void *arg)
{
    const double *x = in[0];
    uint8_t      *y = out;

    (void)step, (void)arg;
    for (int64_t i = 0; i < n; i++) y[i] = isnan(x[i]) != 0;
}

static ofz_status isinf_eval(ofz_eval_call *c)
{
    ofz_elementwise(ofz_threads(c->ctx), c->out[0], 1, c->in, OFZ_F64, isinf_row, c->attrs);
    return OFZ_OK;
}

static ofz_status isnan_eval(ofz_eval_call *c)
{
    ofz_elementwise(ofz_threads(c->ctx), c->out[0], 1, c->in, OFZ_F64, isnan_row, NULL);
    return OFZ_OK;
}

/* --- Not, BitwiseNot -------------------------------------------------------------------------- */

static ofz_status not_infer(ofz_infer_call *c)
{
    if (c->in[0]->dtype && c->in[0]->dtype != OFZ_BOOL)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "input 0: %s, want bool",
                        ofz_dtype_name(c->in[0]->dtype));
    return ofz_infer_set(c, 0, OFZ_BOOL, c->in[0]->rank, c->in[0]->dim);
}

static ofz_status not_eval(ofz_eval_call *c)
{
    const uint8_t *x = c->in[0]->data;
    uint8_t       *y = c->out[0]->data;

    for (int64_t i = 0; i < c->out[0]->count; i++) y[i] = !x[i];
    return OFZ_OK;
}

static ofz_status bitwise_not_infer(ofz_infer_call *c)
{
    const ofz_dtype_class cls = ofz_dtype_get(c->in[0]->dtype)->cls;

    if (c->in[0]->dtype && cls != OFZ_CLASS_INT && cls != OFZ_CLASS_UINT)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "input 0: %s, want an integer type",
                        ofz_dtype_name(c->in[0]->dtype));
    return ofz_infer_same(c);
}

/* Whatever the width, the bytes are negated; bits behind the last packed element mean nothing. */
static ofz_status bitwise_not_eval(ofz_eval_call *c)
{
    const uint8_t *x = c->in[0]->data;
    uint8_t       *y = c->out[0]->data;

    for (size_t i = 0; i < c->out[0]->size; i++) y[i] = (uint8_t)~x[i];
    return OFZ_OK;
}

/* --- rows ------------------------------------------------------------------------------------- */

static const ofz_attr_def clip_6[] = {
    { "max", OFZ_ATTR_FLOAT, offsetof(clip_attrs, max), false, FLT_MAX },
    { "min", OFZ_ATTR_FLOAT, offsetof(clip_attrs, min), false, -FLT_MAX },
    { 0 },
};
static const ofz_attr_def clip_1[] = {
    { "max", OFZ_ATTR_FLOAT, offsetof(clip_attrs, max), false, FLT_MAX },
    { "min", OFZ_ATTR_FLOAT, offsetof(clip_attrs, min), false, -FLT_MAX },
    { "consumed_inputs", OFZ_ATTR_INTS, OFZ_ATTR_IGNORED },
    { 0 },
};
static const ofz_attr_def isinf_attr[] = {
    { "detect_negative", OFZ_ATTR_INT, offsetof(isinf_attrs, negative), .i = 1 },
    { "detect_positive", OFZ_ATTR_INT, offsetof(isinf_attrs, positive), .i = 1 },
    { 0 },
};

#define ONE                                                                                        \
    {                                                                                              \
        1, 1                                                                                       \
    }
#define PURE (OFZ_OP_PURE | OFZ_OP_ELEM)
#define CLIP(since)                                                                                \
    {                                                                                              \
        "Clip", since, { 1, 3 }, ONE, PURE, NULL, 0, clip_infer, clip_eval, clip_grad              \
    }
#define IDENTITY(since)                                                                            \
    {                                                                                              \
        "Identity", since, ONE, ONE, PURE | OFZ_OP_MOVE | OFZ_OP_VIEW | OFZ_OP_CONTAINER, NULL, 0, \
            ofz_infer_same, identity_eval, identity_grad                                           \
    }
#define ISINF(since)                                                                               \
    {                                                                                              \
        "IsInf", since, ONE, ONE, PURE, isinf_attr, sizeof(isinf_attrs), float_test_infer,         \
            isinf_eval                                                                             \
    }
#define ISNAN(since)                                                                               \
    {                                                                                              \
        "IsNaN", since, ONE, ONE, PURE, NULL, 0, float_test_infer, isnan_eval                      \
    }

static const ofz_op rows[] = {
    { "BitwiseNot", 18, ONE, ONE, PURE, NULL, 0, bitwise_not_infer, bitwise_not_eval },
    { "Clip", 1, ONE, ONE, PURE, clip_1, sizeof(clip_attrs), clip_infer, clip_attr_eval },
    { "Clip", 6, ONE, ONE, PURE, clip_6, sizeof(clip_attrs), clip_infer, clip_attr_eval,
      clip_grad },
    CLIP(11),
    CLIP(12),
    CLIP(13),
    IDENTITY(1),
    IDENTITY(13),
    IDENTITY(14),
    IDENTITY(16),
    IDENTITY(19),
    IDENTITY(21),
    IDENTITY(23),
    IDENTITY(24),
    IDENTITY(25),
    ISINF(10),
    ISINF(20),
    ISNAN(9),
    ISNAN(13),
    ISNAN(20),
    { "Not", 1, ONE, ONE, PURE, NULL, 0, not_infer, not_eval },
    { "ClipGrad",
      1,
      { 2, 4 },
      ONE,
      PURE,
      clip_6,
      sizeof(clip_attrs),
      clip_back_infer,
      clip_back_eval,
      NULL,
      NULL,
      "ofz" },
    { 0 },
};
OFZ_OP_TABLE(clip, rows);
