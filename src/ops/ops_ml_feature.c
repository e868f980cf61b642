/* ops_ml_feature.c - ai.onnx.ml rows that prepare features: Scaler, Normalizer, Imputer, Binarizer,
 * FeatureVectorizer, ArrayFeatureExtractor; and their gradients. Numbers are computed in double and
 * rounded once. */
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "ops/lookup.h"
#include "ops/move.h"

#define ML "ai.onnx.ml"

/* --- what the rows share ---------------------------------------------------------------------- */

/* The types that these rows take. */
static bool is_feature(ofz_dtype d)
{
    return d == OFZ_F32 || d == OFZ_F64 || d == OFZ_I32 || d == OFZ_I64;
}

static ofz_status want_features(ofz_infer_call *c, int k)
{
    const ofz_dtype d = c->in[k]->dtype;

    if (!d || is_feature(d)) return OFZ_OK;
    return ofz_fail(c->ctx, OFZ_E_MODEL, "input %d: %s, want float32, float64, int32 or int64", k,
                    ofz_dtype_name(d));
}

/* Length of the last axis: the number of features; 1 for a scalar. Of dims that may be symbols. */
static int64_t features_of(const ofz_tensor *x)
{
    return x->rank > 0 ? x->dim[x->rank - 1] : 1;
}

/* A list with one number per feature, or one for all. */
static ofz_status want_per_feature(ofz_infer_call *c, const char *what, size_t count)
{
    const ofz_tensor *x = c->in[0];

    if (count == 1 || x->rank < 0 || features_of(x) < 0 || features_of(x) == (int64_t)count)
        return OFZ_OK;
    return ofz_fail(c->ctx, OFZ_E_MODEL, "%s: %zu numbers, want 1 or %" PRId64 " as features", what,
                    count, features_of(x));
}

/* ofz.<..>Grad(dy, x): shaped and typed like x. */
static ofz_status like_x_infer(ofz_infer_call *c)
{
    return ofz_infer_set(c, 0, c->in[1]->dtype, c->in[1]->rank, c->in[1]->dim);
}

static ofz_status want_like_x(ofz_eval_call *c)
{
    if (c->in[0]->count == c->in[1]->count) return OFZ_OK;
    return ofz_fail(c->ctx, OFZ_E_MODEL, "input 0: %" PRId64 " elements, want %" PRId64,
                    c->in[0]->count, c->in[1]->count);
}

static ofz_status emit_like_x(ofz_grad_call *g, const char *op_type)
{
    ofz_value *in[] = { g->dy[0], g->node->in[0] };

    return g->need[0] ? ofz_emit_grad(g, op_type, 2, in, &g->dx[0]) : OFZ_OK;
}

static double real_at(const ofz_tensor *t, int64_t i)
{
    return ofz_elem_f64(t->dtype, t->data, i);
}

static void real_set(ofz_tensor *t, int64_t i, double x)
{
    ofz_elem_set_f64(t->dtype, t->data, i, x);
}

/* --- Scaler: (x - offset) * scale -------------------------------------------------------------- */

typedef struct scaler_attrs {
    ofz_floats offset, scale;
} scaler_attrs;

static double number_of(ofz_floats list, int64_t feature, double other)
{
    return !list.count ? other : list.count == 1 ? list.v[0] : list.v[feature];
}

static ofz_status scaler_infer(ofz_infer_call *c)
{
    const scaler_attrs *a = c->attrs;

    OFZ_TRY(want_features(c, 0));
    if (a->offset.count) OFZ_TRY(want_per_feature(c, "offset", a->offset.count));
    if (a->scale.count) OFZ_TRY(want_per_feature(c, "scale", a->scale.count));
    return ofz_infer_set(c, 0, OFZ_F32, c->in[0]->rank, c->in[0]->dim);
}

static ofz_status scaler_eval(ofz_eval_call *c)
{
    const scaler_attrs *a = c->attrs;
    const ofz_tensor   *x = c->in[0];
    const int64_t       n = features_of(x);
    float              *y = c->out[0]->data;

    for (int64_t i = 0; i < x->count; i++)
        y[i] = (float)((real_at(x, i) - number_of(a->offset, i % n, 0)) *
                       number_of(a->scale, i % n, 1));
    return OFZ_OK;
}

static ofz_status scaler_grad(ofz_grad_call *g)
{
    return emit_like_x(g, "ScalerGrad");
}

static ofz_status scaler_grad_eval(ofz_eval_call *c)
{
    const scaler_attrs *a = c->attrs;
    const int64_t       n = features_of(c->in[1]);

    OFZ_TRY(want_like_x(c));
    for (int64_t i = 0; i < c->in[1]->count; i++)
        real_set(c->out[0], i, real_at(c->in[0], i) * number_of(a->scale, i % n, 1));
    return OFZ_OK;
}

/* --- Normalizer ------------------------------------------------------------------------------- */

typedef struct normalizer_attrs {
    ofz_string norm;
} normalizer_attrs;

typedef enum norm { NORM_MAX, NORM_L1, NORM_L2 } norm;

static ofz_status norm_get(ofz_ctx *ctx, const normalizer_attrs *a, norm *out)
{
    static const char *const name[] = { "MAX", "L1", "L2" };
    int                      k;

    OFZ_TRY(ofz_text_choose(ctx, "norm", a->norm, name, 3, &k));
    *out = (norm)k;
    return OFZ_OK;
}

static ofz_status normalizer_infer(ofz_infer_call *c)
{
    const ofz_tensor *x = c->in[0];
    norm              kind;

    OFZ_TRY(norm_get(c->ctx, c->attrs, &kind));
    OFZ_TRY(want_features(c, 0));
    if (x->rank == 0 || x->rank > 2)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "input 0: rank %d, want 1 or 2", x->rank);
    return ofz_infer_set(c, 0, OFZ_F32, x->rank, x->dim);
}

/* The divisor of a row x[from..from + n); *top is where the largest element stands, for NORM_MAX. In
 * order. A row without a number above NaN and -inf divides by nothing. */
static double row_norm(norm kind, const ofz_tensor *x, int64_t from, int64_t n, int64_t *top)
{
    double sum = 0;

    *top = from;
    for (int64_t i = from; i < from + n; i++) {
        const double v = real_at(x, i);

        sum += kind == NORM_L2 ? v * v : fabs(v);
        if (v > real_at(x, *top) || isnan(real_at(x, *top))) *top = i;
    }
    return kind == NORM_L2 ? sqrt(sum) : kind == NORM_L1 ? sum : real_at(x, *top);
}

static ofz_status normalizer_eval(ofz_eval_call *c)
{
    const ofz_tensor *x = c->in[0];
    const int64_t     n = features_of(x);
    float            *y = c->out[0]->data;
    int64_t           top;
    norm              kind;

    OFZ_TRY(norm_get(c->ctx, c->attrs, &kind));
    for (int64_t from = 0; from < x->count; from += n) {
        const double z = row_norm(kind, x, from, n, &top);

        for (int64_t i = from; i < from + n; i++)
            y[i] = (float)(z == 0 ? real_at(x, i) : real_at(x, i) / z);
    }
    return OFZ_OK;
}

static ofz_status normalizer_grad(ofz_grad_call *g)
{
    return emit_like_x(g, "NormalizerGrad");
}

/* y = x / z: dx = dy / z - dz sum(dy x) / z^2, where dz is the sign for L1, x / z for L2, and 1 at the
 * first largest element alone for MAX. */
static void row_grad(norm kind, const ofz_tensor *dy, const ofz_tensor *x, ofz_tensor *dx,
                     int64_t from, int64_t n)
{
    int64_t      top;
    const double z   = row_norm(kind, x, from, n, &top);
    double       dot = 0;

    for (int64_t i = from; i < from + n; i++) dot += real_at(dy, i) * real_at(x, i);
    for (int64_t i = from; i < from + n; i++) {
        const double v  = real_at(x, i);
        const double dz = kind == NORM_L2 ? v / z : kind == NORM_L1 ? (v > 0) - (v < 0) : i == top;

        real_set(dx, i, z == 0 ? real_at(dy, i) : real_at(dy, i) / z - dz * dot / (z * z));
    }
}

static ofz_status normalizer_grad_eval(ofz_eval_call *c)
{
    const ofz_tensor *x = c->in[1];
    const int64_t     n = features_of(x);
    norm              kind;

    OFZ_TRY(norm_get(c->ctx, c->attrs, &kind));
    OFZ_TRY(want_like_x(c));
    for (int64_t from = 0; from < x->count; from += n)
        row_grad(kind, c->in[0], x, c->out[0], from, n);
    return OFZ_OK;
}

/* --- Imputer ---------------------------------------------------------------------------------- */

typedef struct imputer_attrs {
    ofz_floats floats;
    ofz_ints   ints;
    float      missing_float;
    int64_t    missing_int;
} imputer_attrs;

static ofz_status imputer_check(ofz_infer_call *c, const ofz_tensor *x)
{
    const imputer_attrs *a     = c->attrs;
    const bool           whole = x->dtype == OFZ_I32 || x->dtype == OFZ_I64;

    if (!a->floats.count == !a->ints.count)
        return ofz_fail(c->ctx, OFZ_E_MODEL,
                        "imputed values: %zu floats and %zu integers, want one of the two to be "
                        "empty",
                        a->floats.count, a->ints.count);
    if (x->dtype && whole != (a->ints.count > 0))
        return ofz_fail(c->ctx, OFZ_E_MODEL, "input 0: %s, want %s as the imputed values",
                        ofz_dtype_name(x->dtype), a->ints.count ? "integers" : "floats");
    return OFZ_OK;
}

static ofz_status imputer_infer(ofz_infer_call *c)
{
    const imputer_attrs *a = c->attrs;

    OFZ_TRY(want_features(c, 0));
    OFZ_TRY(imputer_check(c, c->in[0]));
    OFZ_TRY(want_per_feature(c, "imputed values", a->floats.count + a->ints.count));
    return ofz_infer_same(c);
}

static bool is_missing(const imputer_attrs *a, const ofz_tensor *x, int64_t i)
{
    double v;

    if (a->ints.count) return ofz_elem_i64(x->dtype, x->data, i) == a->missing_int;
    v = real_at(x, i);
    return v == (double)a->missing_float || (isnan(v) && isnan(a->missing_float));
}

static ofz_status imputer_eval(ofz_eval_call *c)
{
    const imputer_attrs *a = c->attrs;
    const ofz_tensor    *x = c->in[0];
    const int64_t        n = features_of(x);
    ofz_tensor          *y = c->out[0];

    if (x->size) memcpy(y->data, x->data, x->size);
    for (int64_t i = 0; i < x->count; i++) {
        if (!is_missing(a, x, i)) continue;
        if (a->ints.count)
            ofz_elem_set_i64(y->dtype, y->data, i, a->ints.v[a->ints.count == 1 ? 0 : i % n]);
        else
            real_set(y, i, number_of(a->floats, i % n, 0));
    }
    return OFZ_OK;
}

static ofz_status imputer_grad(ofz_grad_call *g)
{
    return emit_like_x(g, "ImputerGrad");
}

static ofz_status imputer_grad_eval(ofz_eval_call *c)
{
    OFZ_TRY(want_like_x(c));
    for (int64_t i = 0; i < c->in[1]->count; i++)
        real_set(c->out[0], i, is_missing(c->attrs, c->in[1], i) ? 0 : real_at(c->in[0], i));
    return OFZ_OK;
}

/* --- Binarizer -------------------------------------------------------------------------------- */

typedef struct binarizer_attrs {
    float threshold;
} binarizer_attrs;

static ofz_status binarizer_infer(ofz_infer_call *c)
{
    OFZ_TRY(want_features(c, 0));
    return ofz_infer_same(c);
}

static ofz_status binarizer_eval(ofz_eval_call *c)
{
    const binarizer_attrs *a = c->attrs;

    for (int64_t i = 0; i < c->in[0]->count; i++)
        real_set(c->out[0], i, real_at(c->in[0], i) > (double)a->threshold);
    return OFZ_OK;
}

/* --- FeatureVectorizer ------------------------------------------------------------------------ */

typedef struct vectorizer_attrs {
    ofz_ints width; /* of each input; without it as they come */
} vectorizer_attrs;

/* Rows and columns of an input: one row for rank 1; -1 where they are unknown. */
static int64_t rows_of(const ofz_tensor *x)
{
    return x->rank < 0 ? -1 : x->rank < 2 ? 1 : x->dim[0];
}

static int64_t columns_of(const ofz_tensor *x)
{
    return x->rank < 0 ? -1 : x->rank < 2 ? features_of(x) : ofz_tensor_span(x, 1, x->rank);
}

/* Columns that input k has in the result. */
static int64_t width_of(const vectorizer_attrs *a, int k, const ofz_tensor *x)
{
    return a->width.count ? a->width.v[k] : columns_of(x);
}

static ofz_status widths_check(ofz_ctx *ctx, const vectorizer_attrs *a, int inputs)
{
    if (a->width.count && a->width.count != (size_t)inputs)
        return ofz_fail(ctx, OFZ_E_MODEL, "inputdimensions: %zu, want %d as inputs", a->width.count,
                        inputs);
    for (size_t i = 0; i < a->width.count; i++)
        if (a->width.v[i] < 0)
            return ofz_fail(ctx, OFZ_E_MODEL, "inputdimensions: %" PRId64 ", want 0 or more",
                            a->width.v[i]);
    return OFZ_OK;
}

static ofz_status vectorizer_infer(ofz_infer_call *c)
{
    const vectorizer_attrs *a      = c->attrs;
    int64_t                 dim[2] = { ofz_infer_fresh(c), 0 };

    OFZ_TRY(widths_check(c->ctx, a, c->in_count));
    for (int k = 0; k < c->in_count; k++) {
        int64_t width;

        if (!c->in[k]) return ofz_fail(c->ctx, OFZ_E_MODEL, "input %d: missing", k);
        OFZ_TRY(want_features(c, k));
        OFZ_TRY(ofz_want_same_dtype(c, k));
        width = width_of(a, k, c->in[k]);
        if (rows_of(c->in[k]) >= 0)
            OFZ_TRY(ofz_unify(c->ctx, "rows", dim[0], rows_of(c->in[k]), &dim[0]));
        if (width < 0)
            dim[1] = INT64_MIN;
        else if (dim[1] >= 0 && !ofz_add(dim[1], width, &dim[1]))
            return ofz_fail(c->ctx, OFZ_E_LIMIT, "columns: more than 2^63");
    }
    if (dim[1] < 0) dim[1] = ofz_infer_fresh(c);
    return ofz_infer_set(c, 0, OFZ_F32, 2, dim);
}

/* More columns than are asked for are left out, missing ones are 0. */
static ofz_status vectorizer_eval(ofz_eval_call *c)
{
    const int64_t rows = c->out[0]->dim[0], width = c->out[0]->dim[1];
    float        *y  = c->out[0]->data;
    int64_t       at = 0;

    if (c->out[0]->size) memset(y, 0, c->out[0]->size);
    for (int k = 0; k < c->in_count; k++) {
        const ofz_tensor *x    = c->in[k];
        const int64_t     have = columns_of(x), want = width_of(c->attrs, k, x);

        for (int64_t r = 0; r < rows; r++)
            for (int64_t i = 0; i < have && i < want; i++)
                y[r * width + at + i] = (float)real_at(x, r * have + i);
        at += want;
    }
    return OFZ_OK;
}

/* dx[i] = ofz.FeatureVectorizerGrad(dy, in[0], ..., in[i]), with the widths of all. */
static ofz_status vectorizer_grad(ofz_grad_call *g)
{
    return ofz_emit_each(g, "FeatureVectorizerGrad");
}

static ofz_status vectorizer_grad_infer(ofz_infer_call *c)
{
    const ofz_tensor *x = c->in[c->in_count - 1];

    for (int i = 0; i < c->in_count; i++)
        if (!c->in[i]) return ofz_fail(c->ctx, OFZ_E_MODEL, "input %d: missing", i);
    return ofz_infer_set(c, 0, x->dtype, x->rank, x->dim);
}

static ofz_status vectorizer_grad_eval(ofz_eval_call *c)
{
    const vectorizer_attrs *a  = c->attrs;
    const int               k  = c->in_count - 2;
    const ofz_tensor       *dy = c->in[0], *x = c->in[k + 1];
    const int64_t           have = columns_of(x), rows = rows_of(x);
    int64_t                 at = 0, want;

    if (a->width.count && (size_t)k >= a->width.count)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "inputdimensions: %zu, want more than %d",
                        a->width.count, k);
    for (int i = 0; i < k; i++)
        if (width_of(a, i, c->in[i + 1]) < 0 || !ofz_add(at, width_of(a, i, c->in[i + 1]), &at))
            return ofz_fail(c->ctx, OFZ_E_LIMIT, "columns: more than 2^63");
    want = width_of(a, k, x);
    if (dy->rank != 2 || dy->dim[0] != rows || at > dy->dim[1] || want < 0 ||
        want > dy->dim[1] - at)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "input 0: does not fit the other inputs");
    for (int64_t r = 0; r < rows; r++)
        for (int64_t i = 0; i < have; i++)
            real_set(c->out[0], r * have + i, i < want ? real_at(dy, r * dy->dim[1] + at + i) : 0);
    return OFZ_OK;
}

/* --- ArrayFeatureExtractor: elements of the last axis ------------------------------------------- */

static ofz_status extractor_infer(ofz_infer_call *c)
{
    const ofz_tensor *x = c->in[0], *at = c->in[1];
    int64_t           dim[OFZ_MAX_RANK], count;

    OFZ_TRY(ofz_want_ints(c, 1, false));
    if (x->dtype && x->dtype != OFZ_STRING) OFZ_TRY(want_features(c, 0));
    if (x->rank == 0) return ofz_fail(c->ctx, OFZ_E_MODEL, "input 0: rank 0, want at least 1");
    if (x->rank < 0) return ofz_infer_unknown(c, 0, x->dtype);
    if (at->rank < 0)
        count = ofz_infer_fresh(c);
    else
        OFZ_TRY(ofz_dim_span(c, at, 0, at->rank, &count));
    for (int i = 0; i < x->rank - 1; i++) dim[i] = x->dim[i];
    dim[0]                              = x->rank == 1 ? 1 : dim[0]; /* one row */
    dim[x->rank == 1 ? 1 : x->rank - 1] = count;
    return ofz_infer_set(c, 0, x->dtype, x->rank == 1 ? 2 : x->rank, dim);
}

static ofz_status indices_check(ofz_ctx *ctx, const ofz_tensor *at, int64_t n)
{
    for (int64_t i = 0; i < at->count; i++)
        if (ofz_int_at(at, i) < 0 || ofz_int_at(at, i) >= n)
            return ofz_fail(ctx, OFZ_E_DATA,
                            "index %" PRId64 ": %" PRId64 ", want within [0, %" PRId64 ")", i,
                            ofz_int_at(at, i), n);
    return OFZ_OK;
}

static ofz_status extractor_eval(ofz_eval_call *c)
{
    const ofz_tensor *x = c->in[0], *at = c->in[1];
    const int64_t     n    = features_of(x);
    const size_t      size = (size_t)ofz_bits(x->dtype) / 8;
    char             *y    = c->out[0]->data;

    OFZ_TRY(indices_check(c->ctx, at, n));
    for (int64_t from = 0; from < x->count && at->count; from += n)
        for (int64_t i = 0; i < at->count; i++, y += size)
            memcpy(y, (const char *)x->data + (size_t)(from + ofz_int_at(at, i)) * size, size);
    return ofz_move_own(c->ctx, c->out[0]);
}

static ofz_status extractor_grad(ofz_grad_call *g)
{
    ofz_value *in[] = { g->dy[0], g->node->in[0], g->node->in[1] };

    return g->need[0] ? ofz_emit_grad(g, "ArrayFeatureExtractorGrad", 3, in, &g->dx[0]) : OFZ_OK;
}

static ofz_status extractor_grad_eval(ofz_eval_call *c)
{
    const ofz_tensor *dy = c->in[0], *x = c->in[1], *at = c->in[2];
    const int64_t     n  = features_of(x);
    ofz_reals         to = { 0 };
    int64_t           k  = 0;

    OFZ_TRY(indices_check(c->ctx, at, n));
    if (n && at->count && dy->count / at->count != x->count / n)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "input 0: does not fit the other inputs");
    OFZ_TRY(ofz_reals_open(c->ctx, c->out[0], false, &to));
    for (int64_t from = 0; from < x->count && at->count; from += n)
        for (int64_t i = 0; i < at->count; i++, k++) {
            const int64_t place = from + ofz_int_at(at, i);

            if (to.wide)
                ((double *)to.data)[place] += real_at(dy, k);
            else
                ((float *)to.data)[place] += (float)real_at(dy, k);
        }
    ofz_reals_close(&to, c->out[0]);
    return OFZ_OK;
}

/* --- the table -------------------------------------------------------------------------------- */

static const ofz_attr_def binarizer_def[] = {
    { "threshold", OFZ_ATTR_FLOAT, offsetof(binarizer_attrs, threshold) },
    { 0 },
};

static const ofz_attr_def vectorizer_def[] = {
    { "inputdimensions", OFZ_ATTR_INTS, offsetof(vectorizer_attrs, width) },
    { 0 },
};

static const ofz_attr_def imputer_def[] = {
    { "imputed_value_floats", OFZ_ATTR_FLOATS, offsetof(imputer_attrs, floats) },
    { "imputed_value_int64s", OFZ_ATTR_INTS, offsetof(imputer_attrs, ints) },
    { "replaced_value_float", OFZ_ATTR_FLOAT, offsetof(imputer_attrs, missing_float) },
    { "replaced_value_int64", OFZ_ATTR_INT, offsetof(imputer_attrs, missing_int) },
    { 0 },
};

static const ofz_attr_def normalizer_def[] = {
    { "norm", OFZ_ATTR_STRING, offsetof(normalizer_attrs, norm), .s = "MAX" },
    { 0 },
};

static const ofz_attr_def scaler_def[] = {
    { "offset", OFZ_ATTR_FLOATS, offsetof(scaler_attrs, offset) },
    { "scale", OFZ_ATTR_FLOATS, offsetof(scaler_attrs, scale) },
    { 0 },
};

#define PURE OFZ_OP_PURE
#define ONE                                                                                        \
    {                                                                                              \
        1, 1                                                                                       \
    }
#define TWO                                                                                        \
    {                                                                                              \
        2, 2                                                                                       \
    }

static const ofz_op rows[] = {
    { "ArrayFeatureExtractor", 1, TWO, ONE, PURE, NULL, 0, extractor_infer, extractor_eval,
      extractor_grad, "xi", ML },
    { "Binarizer", 1, ONE, ONE, PURE, binarizer_def, sizeof(binarizer_attrs), binarizer_infer,
      binarizer_eval, NULL, NULL, ML },
    { "FeatureVectorizer",
      1,
      { 1, OFZ_VARIADIC },
      ONE,
      PURE,
      vectorizer_def,
      sizeof(vectorizer_attrs),
      vectorizer_infer,
      vectorizer_eval,
      vectorizer_grad,
      NULL,
      ML },
    { "Imputer", 1, ONE, ONE, PURE, imputer_def, sizeof(imputer_attrs), imputer_infer, imputer_eval,
      imputer_grad, NULL, ML },
    { "Normalizer", 1, ONE, ONE, PURE, normalizer_def, sizeof(normalizer_attrs), normalizer_infer,
      normalizer_eval, normalizer_grad, NULL, ML },
    { "Scaler", 1, ONE, ONE, PURE, scaler_def, sizeof(scaler_attrs), scaler_infer, scaler_eval,
      scaler_grad, NULL, ML },
    { "ArrayFeatureExtractorGrad",
      1,
      { 3, 3 },
      ONE,
      PURE,
      NULL,
      0,
      like_x_infer,
      extractor_grad_eval,
      .domain = "ofz" },
    { "FeatureVectorizerGrad",
      1,
      { 2, OFZ_VARIADIC },
      ONE,
      PURE,
      vectorizer_def,
      sizeof(vectorizer_attrs),
      vectorizer_grad_infer,
      vectorizer_grad_eval,
      .domain = "ofz" },
    { "ImputerGrad", 1, TWO, ONE, PURE, imputer_def, sizeof(imputer_attrs), like_x_infer,
      imputer_grad_eval, .domain = "ofz" },
    { "NormalizerGrad", 1, TWO, ONE, PURE, normalizer_def, sizeof(normalizer_attrs), like_x_infer,
      normalizer_grad_eval, .domain = "ofz" },
    { "ScalerGrad", 1, TWO, ONE, PURE, scaler_def, sizeof(scaler_attrs), like_x_infer,
      scaler_grad_eval, .domain = "ofz" },
    { 0 },
};
OFZ_OP_TABLE(ml_feature, rows);
