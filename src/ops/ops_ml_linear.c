/* ops_ml_linear.c - LinearClassifier and LinearRegressor of ai.onnx.ml.
 * Source: ONNX Operators-ml.md; where it is silent (one score for two classes), ONNX Runtime. Products
 * are summed in double, feature after feature. */
#include "ops/op.h"

#include <stdlib.h>

#include "base/checked.h"
#include "ops/ml_model.h"

typedef struct linear_attrs {
    ofz_string    post_transform;
    ofz_ml_labels label;
    ofz_floats    coefficients, intercepts;
    int64_t       targets;
} linear_attrs;

/* Scores of one row; -1 while that depends on a number of features that is not known. */
static ofz_status score_count(ofz_ctx *ctx, const linear_attrs *a, int64_t features, int64_t *out)
{
    int64_t most;

    *out = a->intercepts.count ? (int64_t)a->intercepts.count : -1;
    if (features < 0) return OFZ_OK;
    if (*out < 0) *out = features ? (int64_t)a->coefficients.count / features : 1;
    if (!ofz_mul(*out, features, &most)) most = -1;
    return ofz_ml_want(ctx, "coefficients", a->coefficients.count, most);
}

static void scores_get(const ofz_floats *w, const ofz_floats *b, const double *x, int64_t features,
                       int64_t count, double *score)
{
    for (int64_t k = 0; k < count; k++) {
        score[k] = b->count ? b->v[k] : 0;
        for (int64_t i = 0; i < features; i++) score[k] += x[i] * w->v[k * features + i];
    }
}

/* --- LinearClassifier ------------------------------------------------------------------------- */

static ofz_status classifier_infer(ofz_infer_call *c)
{
    const linear_attrs *a = c->attrs;
    int64_t             rows, features, count;
    const int64_t       labels = ofz_ml_label_count(&a->label);

    OFZ_TRY(ofz_ml_samples(c, &rows, &features));
    OFZ_TRY(score_count(c->ctx, a, features, &count));
    if (count == 0)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "coefficients: too few, want one score at least");
    if (count == 1) count = 2; /* one score tells two classes apart */
    if (count > 0 && labels != count)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "classlabels: %" PRId64 ", want %" PRId64, labels,
                        count);
    return ofz_ml_classes(c, &a->label, rows, count < 0 ? ofz_infer_fresh(c) : count);
}

static int64_t class_of(const double *score, int64_t count)
{
    int64_t best = 0;

    if (count == 1) return score[0] > 0;
    for (int64_t k = 1; k < count; k++)
        if (score[k] > score[best]) best = k;
    return best;
}

static ofz_status classifier_eval(ofz_eval_call *c)
{
    const linear_attrs *a        = c->attrs;
    const ofz_tensor   *x        = c->in[0];
    const int64_t       features = ofz_ml_features(x), rows = ofz_ml_rows(x);
    int64_t             count;
    ofz_post            post;
    double             *row, *score;

    OFZ_TRY(ofz_ml_post(c->ctx, a->post_transform, &post));
    OFZ_TRY(score_count(c->ctx, a, features, &count));
    OFZ_TRY(ofz_scratch(c->ctx, features + count + 1, sizeof *row, &row));
    score = row + features;
    for (int64_t n = 0; n < rows; n++) {
        ofz_ml_sample(x, n, features, row);
        scores_get(&a->coefficients, &a->intercepts, row, features, count, score);
        ofz_ml_label_put(&a->label, class_of(score, count), n, c->out[0]);
        if (count == 1)
            ofz_post_pair(post, OFZ_PAIR_SHARE, score);
        else
            ofz_post_apply(post, score, count);
        ofz_ml_scores_put(c->out[1], n, count == 1 ? 2 : count, score);
    }
    free(row);
    return ofz_ml_label_own(c->ctx, c->out[0]);
}

/* --- LinearRegressor -------------------------------------------------------------------------- */

static ofz_status regressor_infer(ofz_infer_call *c)
{
    const linear_attrs *a = c->attrs;
    int64_t             rows, features, most;

    OFZ_TRY(ofz_ml_samples(c, &rows, &features));
    if (a->targets < 1)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "targets: %" PRId64 ", want at least 1", a->targets);
    if (a->intercepts.count)
        OFZ_TRY(ofz_ml_want(c->ctx, "intercepts", a->intercepts.count, a->targets));
    if (features >= 0) {
        if (!ofz_mul(a->targets, features, &most)) most = -1;
        OFZ_TRY(ofz_ml_want(c->ctx, "coefficients", a->coefficients.count, most));
    }
    return ofz_infer_set(c, 0, OFZ_F32, 2, (int64_t[]){ rows, a->targets });
}

static ofz_status regressor_eval(ofz_eval_call *c)
{
    const linear_attrs *a        = c->attrs;
    const ofz_tensor   *x        = c->in[0];
    ofz_tensor         *y        = c->out[0];
    const int64_t       features = ofz_ml_features(x), count = a->targets;
    ofz_post            post;
    double             *row, *score;

    OFZ_TRY(ofz_ml_post(c->ctx, a->post_transform, &post));
    OFZ_TRY(ofz_scratch(c->ctx, features + count, sizeof *row, &row));
    score = row + features;
    for (int64_t n = 0; n < y->dim[0]; n++) {
        ofz_ml_sample(x, n, features, row);
        scores_get(&a->coefficients, &a->intercepts, row, features, count, score);
        ofz_post_apply(post, score, count);
        ofz_ml_scores_put(y, n, count, score);
    }
    free(row);
    return OFZ_OK;
}

/* --- the table ---------------------------------------------------------------------------------- */

#define AT(field) offsetof(linear_attrs, field)

/* clang-format off */
static const ofz_attr_def classifier_def[] = {
    { "post_transform", OFZ_ATTR_STRING, AT(post_transform), .s = "NONE" },
    { "classlabels_ints", OFZ_ATTR_INTS, AT(label.ints) },
    { "classlabels_strings", OFZ_ATTR_STRINGS, AT(label.strings) },
    { "multi_class", OFZ_ATTR_INT, OFZ_ATTR_IGNORED },
    { "intercepts", OFZ_ATTR_FLOATS, AT(intercepts) },
    { "coefficients", OFZ_ATTR_FLOATS, AT(coefficients), true },
    { 0 },
};
static const ofz_attr_def regressor_def[] = {
    { "targets", OFZ_ATTR_INT, AT(targets), .i = 1 },
    { "intercepts", OFZ_ATTR_FLOATS, AT(intercepts) },
    { "coefficients", OFZ_ATTR_FLOATS, AT(coefficients) },
    { "post_transform", OFZ_ATTR_STRING, AT(post_transform), .s = "NONE" },
    { 0 },
};

static const ofz_op rows[] = {
    { "LinearClassifier", 1, { 1, 1 }, { 2, 2 }, OFZ_OP_PURE, classifier_def, sizeof(linear_attrs),
      classifier_infer, classifier_eval, NULL, "x", "ai.onnx.ml" },
    { "LinearRegressor", 1, { 1, 1 }, { 1, 1 }, OFZ_OP_PURE, regressor_def, sizeof(linear_attrs),
      regressor_infer, regressor_eval, NULL, "x", "ai.onnx.ml" },
    { 0 },
};
/* clang-format on */
OFZ_OP_TABLE(ml_linear, rows);
