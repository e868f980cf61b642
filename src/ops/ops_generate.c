/* ops_generate.c - rows that make tensors from little or nothing: Constant, ConstantOfShape,
 * EyeLike, Range. */
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "base/half.h"
#include "ops/move.h"

/* --- Constant --------------------------------------------------------------------------------- */

static const char *const constant_name[] = { "value",         "value_float", "value_floats",
                                             "value_int",     "value_ints",  "value_string",
                                             "value_strings", "sparse_value" };

/* The one attribute that says what the constant is. */
static ofz_status constant_attr(ofz_ctx *ctx, const ofz_node *n, const ofz_attr **out)
{
    *out = NULL;
    for (size_t i = 0; i < sizeof constant_name / sizeof *constant_name; i++) {
        const ofz_attr *a = ofz_node_attr(n, constant_name[i]);

        if (a && *out)
            return ofz_fail(ctx, OFZ_E_MODEL, "attributes %s and %s: want one of them",
                            (*out)->name, a->name);
        if (a) *out = a;
    }
    if (!*out) return ofz_fail(ctx, OFZ_E_MODEL, "value: missing");
    if (((*out)->type == OFZ_ATTR_TENSOR || (*out)->type == OFZ_ATTR_SPARSE_TENSOR) && !(*out)->u.t)
        return ofz_fail(ctx, OFZ_E_MODEL, "%s: missing", (*out)->name);
    return OFZ_OK;
}

static ofz_status constant_infer(ofz_infer_call *c)
{
    const ofz_attr *a;
    int64_t         n;

    OFZ_TRY(constant_attr(c->ctx, c->node, &a));
    switch (a->type) {
    case OFZ_ATTR_TENSOR:
    case OFZ_ATTR_SPARSE_TENSOR:
        return ofz_infer_set(c, 0, a->u.t->dtype, a->u.t->rank, a->u.t->dim);
    case OFZ_ATTR_FLOAT:
        return ofz_infer_set(c, 0, OFZ_F32, 0, NULL);
    case OFZ_ATTR_INT:
        return ofz_infer_set(c, 0, OFZ_I64, 0, NULL);
    case OFZ_ATTR_STRING:
        return ofz_infer_set(c, 0, OFZ_STRING, 0, NULL);
    case OFZ_ATTR_FLOATS:
        n = (int64_t)a->u.floats.count;
        return ofz_infer_set(c, 0, OFZ_F32, 1, &n);
    case OFZ_ATTR_INTS:
        n = (int64_t)a->u.ints.count;
        return ofz_infer_set(c, 0, OFZ_I64, 1, &n);
    default:
        n = (int64_t)a->u.strings.count;
        return ofz_infer_set(c, 0, OFZ_STRING, 1, &n);
    }
}

static ofz_status constant_eval(ofz_eval_call *c)
{
    const ofz_attr *a;
    const void     *from;

    OFZ_TRY(constant_attr(c->ctx, c->node, &a));
    switch (a->type) {
    case OFZ_ATTR_TENSOR:
    case OFZ_ATTR_SPARSE_TENSOR:
        from = a->u.t->data;
        break;
    case OFZ_ATTR_FLOATS:
        from = a->u.floats.v;
        break;
    case OFZ_ATTR_INTS:
        from = a->u.ints.v;
        break;
    case OFZ_ATTR_STRINGS:
        from = a->u.strings.v;
        break;
    default:
        from = &a->u;
        break;
    }
    if (c->out[0]->size && !from) return ofz_fail(c->ctx, OFZ_E_MODEL, "value: no data");
    if (c->out[0]->size) memcpy(c->out[0]->data, from, c->out[0]->size);
    return ofz_move_own(c->ctx, c->out[0]);
}

/* --- ConstantOfShape, ZerosLike --------------------------------------------------------------- */

typedef struct fill_attrs {
    const ofz_tensor *value;
} fill_attrs;

static ofz_status fill_infer(ofz_infer_call *c)
{
    const fill_attrs *a     = c->attrs;
    const ofz_dtype   dtype = a->value ? a->value->dtype : OFZ_F32;
    const int64_t    *dim;
    int64_t           rank;

    if (a->value && (a->value->count != 1 || !a->value->data))
        return ofz_fail(c->ctx, OFZ_E_MODEL, "value: %" PRId64 " elements, want 1",
                        a->value->count);
    OFZ_TRY(ofz_want_ints(c, 0, false));
    OFZ_TRY(ofz_want_rank(c, 0, 1));
    if (!ofz_infer_dims(c, 0, &dim, &rank)) {
        rank = c->in[0]->rank == 1 ? c->in[0]->dim[0] : -1;
        if (rank < 0 || rank > OFZ_MAX_RANK) return ofz_infer_unknown(c, 0, dtype);
        return ofz_infer_rank(c, 0, dtype, (int)rank);
    }
    if (rank > OFZ_MAX_RANK)
        return ofz_fail(c->ctx, OFZ_E_LIMIT, "rank: %" PRId64 ", want at most %d", rank,
                        OFZ_MAX_RANK);
    for (int64_t i = 0; i < rank; i++)
        if (dim[i] < 0 && !OFZ_IS_SYMBOL(dim[i]))
            return ofz_fail(c->ctx, OFZ_E_MODEL, "shape: %" PRId64 ", want 0 or more", dim[i]);
    return ofz_infer_set(c, 0, dtype, (int)rank, dim);
}

static ofz_status fill_eval(ofz_eval_call *c)
{
    const fill_attrs *a   = c->attrs;
    ofz_tensor       *out = c->out[0];

    if (out->size) memset(out->data, 0, out->size);
    if (a->value) ofz_copy_fill(ofz_bits(out->dtype), a->value->data, 0, out->data, 0, out->count);
    return ofz_move_own(c->ctx, out);
}

/* --- EyeLike ---------------------------------------------------------------------------------- */

typedef struct eye_attrs {
    int64_t dtype, k;
} eye_attrs;

static ofz_status eye_infer(ofz_infer_call *c)
{
    const eye_attrs      *a     = c->attrs;
    const ofz_tensor     *in    = c->in[0];
    const ofz_dtype       dtype = a->dtype ? (ofz_dtype)a->dtype : in->dtype;
    const ofz_dtype_class cls =
        a->dtype >= 0 && a->dtype < 256 ? ofz_dtype_get(dtype)->cls : OFZ_CLASS_NONE;

    OFZ_TRY(ofz_want_rank(c, 0, 2));
    if (dtype && (cls == OFZ_CLASS_NONE || cls == OFZ_CLASS_STRING))
        return ofz_fail(c->ctx, OFZ_E_MODEL, "dtype: %" PRId64 ", want a numeric type", a->dtype);
    if (in->rank < 0) return ofz_infer_rank(c, 0, dtype, 2);
    return ofz_infer_set(c, 0, dtype, 2, in->dim);
}

static ofz_status eye_eval(ofz_eval_call *c)
{
    const eye_attrs *a   = c->attrs;
    ofz_tensor      *out = c->out[0];
    const int64_t    H = out->dim[0], W = out->dim[1];

    if (out->size) memset(out->data, 0, out->size);
    if (a->k <= -H || a->k >= W) return OFZ_OK;
    for (int64_t r = 0; r < H; r++)
        if (r + a->k >= 0 && r + a->k < W)
            ofz_elem_set_f64(out->dtype, out->data, r * W + r + a->k, 1);
    return OFZ_OK;
}

/* --- Range ------------------------------------------------------------------------------------ */

typedef struct range_attrs {
    int64_t stash_type;
} range_attrs;

/* max(ceil((limit - start) / delta), 0), exactly for integers. *count is -1 when there is none. */
static int64_t range_count(const ofz_tensor *const *in)
{
    const ofz_dtype dtype = in[0]->dtype;

    if (!ofz_dtype_is_float(dtype)) {
        const int64_t  start = ofz_elem_i64(dtype, in[0]->data, 0);
        const int64_t  limit = ofz_elem_i64(dtype, in[1]->data, 0);
        const int64_t  delta = ofz_elem_i64(dtype, in[2]->data, 0);
        const uint64_t step  = delta < 0 ? 0 - (uint64_t)delta : (uint64_t)delta;
        uint64_t       span;

        if (delta == 0) return -1;
        if (delta > 0 ? limit <= start : limit >= start) return 0;
        span = delta > 0 ? (uint64_t)limit - (uint64_t)start : (uint64_t)start - (uint64_t)limit;
        span = (span - 1) / step;
        return span < INT64_MAX ? (int64_t)span + 1 : -1;
    } else {
        const double start = ofz_elem_f64(dtype, in[0]->data, 0);
        const double limit = ofz_elem_f64(dtype, in[1]->data, 0);
        const double delta = ofz_elem_f64(dtype, in[2]->data, 0);
        double       n     = (limit - start) / delta;

        /* the quotient is taken in the type that the operator's definition computes in: 0.3f / 0.1f
         * is 3 */
        if (dtype != OFZ_F64) n = (float)(limit - start) / (float)delta;
        n = ceil(n);
        if (!(n < 0x1p62)) return -1; /* NaN included */
        return n > 0 ? (int64_t)n : 0;
    }
}

static ofz_status range_infer(ofz_infer_call *c)
{
    int64_t n     = 0;
    bool    known = true;

    for (int k = 0; k < 3; k++) {
        OFZ_TRY(ofz_want_same_dtype(c, k));
        OFZ_TRY(ofz_want_scalar(c, k));
        known = known && c->in[k]->data && c->in[k]->dtype;
    }
    if (c->in[0]->dtype == OFZ_STRING)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "input 0: string, want numbers");
    if (!known) return ofz_infer_rank(c, 0, c->in[0]->dtype, 1);
    n = range_count(c->in);
    if (n < 0)
        return ofz_fail(c->ctx, OFZ_E_DATA, "delta: no number of steps leads from start to limit");
    return ofz_infer_set(c, 0, c->in[0]->dtype, 1, &n);
}

/* start + i * delta, in double for floats and modulo 2^64 for integers. */
static ofz_status range_eval(ofz_eval_call *c)
{
    const ofz_dtype dtype = c->in[0]->dtype;
    ofz_tensor     *out   = c->out[0];

    if (!ofz_dtype_is_float(dtype)) {
        const uint64_t start = (uint64_t)ofz_elem_i64(dtype, c->in[0]->data, 0);
        const uint64_t delta = (uint64_t)ofz_elem_i64(dtype, c->in[2]->data, 0);

        for (int64_t i = 0; i < out->count; i++)
            ofz_elem_set_i64(dtype, out->data, i, (int64_t)(start + (uint64_t)i * delta));
    } else {
        const double start = ofz_elem_f64(dtype, c->in[0]->data, 0);
        const double delta = ofz_elem_f64(dtype, c->in[2]->data, 0);

        for (int64_t i = 0; i < out->count; i++)
            ofz_elem_set_f64(dtype, out->data, i, start + (double)i * delta);
    }
    return OFZ_OK;
}

/* dy to start, i dy[i] to delta; the limit only decides how many there are. */
static ofz_status range_grad(ofz_grad_call *g)
{
    ofz_value *ramp;

    if (g->need[0]) OFZ_TRY(ofz_emit_sum_to(g, g->dy[0], g->node->in[0], &g->dx[0]));
    if (!g->need[2]) return OFZ_OK;
    OFZ_TRY(ofz_emit(g, "ofz", "TimesIndex", NULL, 1, &g->dy[0], 1, &ramp));
    return ofz_emit_sum_to(g, ramp, g->node->in[2], &g->dx[2]);
}

static ofz_status times_index_eval(ofz_eval_call *c)
{
    const ofz_tensor *x = c->in[0], *y = c->out[0];

    for (int64_t i = 0; i < y->count; i++)
        ofz_elem_set_f64(y->dtype, y->data, i, (double)i * ofz_elem_f64(x->dtype, x->data, i));
    return OFZ_OK;
}

/* --- the table -------------------------------------------------------------------------------- */

#define NONE                                                                                       \
    {                                                                                              \
        0, 0                                                                                       \
    }
#define ONE                                                                                        \
    {                                                                                              \
        1, 1                                                                                       \
    }
#define THREE                                                                                      \
    {                                                                                              \
        3, 3                                                                                       \
    }
#define PURE OFZ_OP_PURE

static const ofz_attr_def constant1_def[] = {
    { "value", OFZ_ATTR_TENSOR, OFZ_ATTR_IGNORED, .required = true },
    { 0 },
};
static const ofz_attr_def constant11_def[] = {
    { "sparse_value", OFZ_ATTR_SPARSE_TENSOR, OFZ_ATTR_IGNORED },
    { "value", OFZ_ATTR_TENSOR, OFZ_ATTR_IGNORED },
    { 0 },
};
static const ofz_attr_def constant12_def[] = {
    { "sparse_value", OFZ_ATTR_SPARSE_TENSOR, OFZ_ATTR_IGNORED },
    { "value", OFZ_ATTR_TENSOR, OFZ_ATTR_IGNORED },
    { "value_float", OFZ_ATTR_FLOAT, OFZ_ATTR_IGNORED },
    { "value_floats", OFZ_ATTR_FLOATS, OFZ_ATTR_IGNORED },
    { "value_int", OFZ_ATTR_INT, OFZ_ATTR_IGNORED },
    { "value_ints", OFZ_ATTR_INTS, OFZ_ATTR_IGNORED },
    { "value_string", OFZ_ATTR_STRING, OFZ_ATTR_IGNORED },
    { "value_strings", OFZ_ATTR_STRINGS, OFZ_ATTR_IGNORED },
    { 0 },
};
static const ofz_attr_def fill_def[] = {
    { "value", OFZ_ATTR_TENSOR, offsetof(fill_attrs, value) },
    { 0 },
};
static const ofz_attr_def eye_def[] = {
    { "dtype", OFZ_ATTR_INT, offsetof(eye_attrs, dtype) },
    { "k", OFZ_ATTR_INT, offsetof(eye_attrs, k) },
    { 0 },
};
static const ofz_attr_def range27_def[] = {
    { "stash_type", OFZ_ATTR_INT, offsetof(range_attrs, stash_type), .i = 1 },
    { 0 },
};

#define CONSTANT(v, def)                                                                           \
    {                                                                                              \
        "Constant", v, NONE, ONE, PURE, def, 0, constant_infer, constant_eval                      \
    }
#define FILL(v)                                                                                    \
    {                                                                                              \
        "ConstantOfShape", v, ONE, ONE, PURE, fill_def, sizeof(fill_attrs), fill_infer, fill_eval, \
            NULL, "i"                                                                              \
    }
#define EYE(v)                                                                                     \
    {                                                                                              \
        "EyeLike", v, ONE, ONE, PURE, eye_def, sizeof(eye_attrs), eye_infer, eye_eval              \
    }
#define RANGE(v, def)                                                                              \
    {                                                                                              \
        "Range", v, THREE, ONE, PURE, def, sizeof(range_attrs), range_infer, range_eval,           \
            range_grad, "i"                                                                        \
    }

static const ofz_op rows[] = {
    CONSTANT(1, constant1_def),
    CONSTANT(9, constant1_def),
    CONSTANT(11, constant11_def),
    CONSTANT(12, constant12_def),
    CONSTANT(13, constant12_def),
    CONSTANT(19, constant12_def),
    CONSTANT(21, constant12_def),
    CONSTANT(23, constant12_def),
    CONSTANT(24, constant12_def),
    CONSTANT(25, constant12_def),
    FILL(9),
    FILL(20),
    FILL(21),
    FILL(23),
    FILL(24),
    FILL(25),
    EYE(9),
    EYE(22),
    RANGE(11, NULL),
    RANGE(27, range27_def),
    { "TimesIndex", 1, ONE, ONE, PURE, NULL, 0, ofz_infer_same, times_index_eval, NULL, "x",
      "ofz" },
    { 0 },
};
OFZ_OP_TABLE(generate, rows);
