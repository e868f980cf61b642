/* ops_ml_svm.c - SVMClassifier and SVMRegressor of ai.onnx.ml.
 * Source: ONNX Operators-ml.md; Wu, Lin & Weng 2004 for probabilities of more than two classes; where
 * both are silent (the layout of scores), ONNX Runtime. Sums are in double, in the order of the lists. */
#include "ops/op.h"

#include <math.h>
#include <stdlib.h>

#include "base/checked.h"
#include "ops/ml_model.h"

typedef enum svm_kernel { LINEAR, POLY, RBF, SIGMOID } svm_kernel;

typedef struct svm_attrs {
    ofz_string    post_transform, kernel_type;
    ofz_ml_labels label;
    ofz_floats    rho, prob_a, prob_b, coefficients, support_vectors, kernel_params;
    ofz_ints      vectors_per_class;
    int64_t       n_supports, one_class;
} svm_attrs;

/* --- the kernel functions --------------------------------------------------------------------- */

typedef struct svm {
    svm_kernel kernel;
    double     gamma, coef0, degree;
    ofz_post   post;
} svm;

static ofz_status svm_open(ofz_ctx *ctx, const svm_attrs *a, bool linear, svm *s)
{
    static const char *const names[] = { "LINEAR", "POLY", "RBF", "SIGMOID" };
    const float             *p       = a->kernel_params.v;
    int                      kernel;

    *s = (svm){ .kernel = LINEAR };
    OFZ_TRY(ofz_ml_post(ctx, a->post_transform, &s->post));
    OFZ_TRY(ofz_ml_name(ctx, "kernel_type", a->kernel_type, names, 4, &kernel));
    if (a->kernel_params.count) {
        OFZ_TRY(ofz_ml_want(ctx, "kernel_params", a->kernel_params.count, 3));
        s->gamma  = p[0];
        s->coef0  = p[1];
        s->degree = p[2];
    }
    if (!linear)
        s->kernel = (svm_kernel)kernel; /* without support vectors there is but a product */
    return OFZ_OK;
}

static double kernel_run(const svm *s, const double *x, const float *v, int64_t count)
{
    double sum = 0;

    if (s->kernel == RBF) {
        for (int64_t i = 0; i < count; i++) sum += (x[i] - v[i]) * (x[i] - v[i]);
        return exp(-s->gamma * sum);
    }
    for (int64_t i = 0; i < count; i++) sum += x[i] * v[i];
    if (s->kernel == POLY) return pow(s->gamma * sum + s->coef0, s->degree);
    return s->kernel == SIGMOID ? tanh(s->gamma * sum + s->coef0) : sum;
}

/* --- SVMClassifier ---------------------------------------------------------------------------- */

/* Sizes of one classifier: its classes, their pairs, its support vectors (0: linear). */
typedef struct svm_size {
    int64_t classes, pairs, vectors;
    bool    probable; /* it gives probabilities */
} svm_size;

static ofz_status vectors_count(ofz_ctx *ctx, const ofz_ints *per, int64_t *out)
{
    *out = 0;
    for (size_t i = 0; i < per->count; i++)
        if (per->v[i] < 0 || !ofz_add(*out, per->v[i], out))
            return ofz_fail(ctx, OFZ_E_MODEL, "vectors_per_class[%zu]: %" PRId64 ", want a count",
                            i, per->v[i]);
    return OFZ_OK;
}

static ofz_status size_get(ofz_ctx *ctx, const svm_attrs *a, svm_size *s)
{
    int64_t want;

    *s = (svm_size){ .classes = ofz_ml_label_count(&a->label) };
    if (s->classes < 1 || s->classes > 65535)
        return ofz_fail(ctx, OFZ_E_MODEL, "classlabels: %" PRId64 ", want 1 to 65535", s->classes);
    s->pairs = s->classes * (s->classes - 1) / 2;
    OFZ_TRY(vectors_count(ctx, &a->vectors_per_class, &s->vectors));
    if (!s->vectors) {
        if (!a->rho.count) return ofz_fail(ctx, OFZ_E_MODEL, "rho: no numbers, want 1");
        return OFZ_OK;
    }
    if (s->classes < 2) return ofz_fail(ctx, OFZ_E_MODEL, "classlabels: 1, want at least 2");
    s->probable = a->prob_a.count != 0;
    OFZ_TRY(ofz_ml_want(ctx, "vectors_per_class", a->vectors_per_class.count, s->classes));
    if (!ofz_mul(s->classes - 1, s->vectors, &want)) want = -1;
    OFZ_TRY(ofz_ml_want(ctx, "coefficients", a->coefficients.count, want));
    OFZ_TRY(ofz_ml_want(ctx, "rho", a->rho.count, s->pairs));
    if (!s->probable && !a->prob_b.count) return OFZ_OK;
    OFZ_TRY(ofz_ml_want(ctx, "prob_a", a->prob_a.count, s->pairs));
    return ofz_ml_want(ctx, "prob_b", a->prob_b.count, s->pairs);
}

/* Linear: one score a class. Else with probabilities the same, without them one for each pair of
 * classes, except that two classes have two. */
static int64_t width_of(const svm_size *s)
{
    return s->vectors && !s->probable && s->classes > 2 ? s->pairs : s->classes;
}

static ofz_status classifier_infer(ofz_infer_call *c)
{
    const svm_attrs *a = c->attrs;
    int64_t          rows, features, want;
    svm_size         s;

    OFZ_TRY(ofz_ml_samples(c, &rows, &features));
    OFZ_TRY(size_get(c->ctx, a, &s));
    if (features >= 0) {
        if (!ofz_mul(features, s.vectors ? s.vectors : s.classes, &want)) want = -1;
        OFZ_TRY(s.vectors ? ofz_ml_want(c->ctx, "support_vectors", a->support_vectors.count, want)
                          : ofz_ml_want(c->ctx, "coefficients", a->coefficients.count, want));
    }
    return ofz_ml_classes(c, &a->label, rows, width_of(&s));
}

/* Arrays for one sample. */
typedef struct svm_room {
    double *x, *kernel, *score, *vote, *pair, *q, *block;
} svm_room;

static ofz_status room_new(ofz_ctx *ctx, const svm_size *s, int64_t features, svm_room *r)
{
    const int64_t square = s->probable ? s->classes * s->classes : 0;
    const int64_t width  = s->pairs > s->classes ? s->pairs : s->classes;
    int64_t       count  = 2 * square + 2 * s->classes + 2 * width + 2;

    if (!ofz_add(count, features, &count) || !ofz_add(count, s->vectors, &count))
        return ofz_fail(ctx, OFZ_E_LIMIT, "support vectors: too many");
    OFZ_TRY(ofz_scratch(ctx, count, sizeof(double), &r->block));
    r->x      = r->block;
    r->kernel = r->x + features;
    r->score  = r->kernel + s->vectors;
    r->vote   = r->score + width + 2;
    r->pair   = r->vote + s->classes;
    r->q      = r->pair + square;
    return OFZ_OK;
}

/* The decisions between all pairs of classes, and the votes that follow from them. Row j - 1 of the
 * coefficients belongs to class i's vectors against j, row i to j's against i. */
static void pairs_decide(const svm_attrs *a, const svm_size *s, svm_room *r)
{
    const float *w  = a->coefficients.v;
    int64_t      at = 0, from_i = 0;

    for (int64_t i = 0; i < s->classes; i++) r->vote[i] = 0;
    for (int64_t i = 0; i < s->classes; i++) {
        const int64_t end_i  = from_i + a->vectors_per_class.v[i];
        int64_t       from_j = end_i;

        for (int64_t j = i + 1; j < s->classes; j++, at++) {
            const int64_t end_j = from_j + a->vectors_per_class.v[j];
            double        sum   = 0;

            for (int64_t m = from_i; m < end_i; m++)
                sum += w[(j - 1) * s->vectors + m] * r->kernel[m];
            for (int64_t m = from_j; m < end_j; m++) sum += w[i * s->vectors + m] * r->kernel[m];
            sum += a->rho.v[at];
            r->score[at] = sum;
            r->vote[sum > 0 ? i : j]++;
            from_j = end_j;
        }
        from_i = end_i;
    }
}

/* p[0..k) from pair[i * k + j], the probability of i where it is i or j: least squares by a fixed point.
 * q  [k * k] and then [k], room */
static void couple(const double *pair, int64_t k, double *q, double *qp, double *p)
{
    for (int64_t i = 0; i < k; i++) {
        p[i]         = 1.0 / (double)k;
        q[i * k + i] = 0;
        for (int64_t j = 0; j < k; j++)
            if (j != i) {
                q[i * k + i] += pair[j * k + i] * pair[j * k + i];
                q[i * k + j] = -pair[j * k + i] * pair[i * k + j];
            }
    }
    for (int round = 0; round < 100; round++) {
        double pqp = 0, worst = 0;

        for (int64_t i = 0; i < k; i++) {
            qp[i] = 0;
            for (int64_t j = 0; j < k; j++) qp[i] += q[i * k + j] * p[j];
            pqp += p[i] * qp[i];
        }
        for (int64_t i = 0; i < k; i++) worst = fmax(worst, fabs(qp[i] - pqp));
        if (worst < 0.005 / (double)k) return;
        for (int64_t i = 0; i < k; i++) {
            const double diff = (pqp - qp[i]) / q[i * k + i], one = 1 + diff;

            p[i] += diff;
            pqp = (pqp + diff * (diff * q[i * k + i] + 2 * qp[i])) / one / one;
            for (int64_t j = 0; j < k; j++) {
                qp[j] = (qp[j] + diff * q[i * k + j]) / one;
                p[j] /= one;
            }
        }
    }
}

static void probabilities(const svm_attrs *a, const svm_size *s, svm_room *r)
{
    const int64_t k = s->classes;

    for (int64_t i = 0, at = 0; i < k; i++)
        for (int64_t j = i + 1; j < k; j++, at++) {
            const double p = 1 - ofz_logistic(r->score[at] * a->prob_a.v[at] + a->prob_b.v[at]);

            r->pair[i * k + j] = fmin(fmax(p, 1e-7), 1 - 1e-7);
            r->pair[j * k + i] = 1 - r->pair[i * k + j];
        }
    couple(r->pair, k, r->q, r->q + k * k, r->score);
}

static int64_t greatest(const double *x, int64_t count)
{
    int64_t best = 0;

    for (int64_t i = 1; i < count; i++)
        if (x[i] > x[best]) best = i;
    return best;
}

/* The class of two from linear scores: the greater one's unless it passes a bound that makes it the
 * second, which depends on whether coefficients can be negative. */
static int64_t linear_class(const svm_attrs *a, const double *score, int64_t classes)
{
    const int64_t best     = greatest(score, classes);
    bool          positive = true;

    for (size_t i = 0; i < a->coefficients.count; i++)
        positive = positive && a->coefficients.v[i] >= 0;
    if (classes == 2 && (positive ? score[best] >= 0.5 : score[best] > 0)) return 1;
    return best;
}

static void sample_score(const svm_attrs *a, const svm *s, const svm_size *size, svm_room *r,
                         int64_t features, int64_t *label)
{
    if (!size->vectors) {
        for (int64_t k = 0; k < size->classes; k++)
            r->score[k] =
                kernel_run(s, r->x, a->coefficients.v + k * features, features) + a->rho.v[0];
        *label = linear_class(a, r->score, size->classes);
        ofz_post_apply(s->post, r->score, size->classes);
        return;
    }
    for (int64_t v = 0; v < size->vectors; v++)
        r->kernel[v] = kernel_run(s, r->x, a->support_vectors.v + v * features, features);
    pairs_decide(a, size, r);
    *label = greatest(r->vote, size->classes);
    if (size->probable) {
        probabilities(a, size, r);
        ofz_post_apply(s->post, r->score, size->classes);
    } else if (size->classes <= 2) {
        ofz_post_pair(s->post, s->post == OFZ_POST_NONE ? OFZ_PAIR_MIRROR : OFZ_PAIR_SHARE,
                      r->score);
    } else {
        ofz_post_apply(s->post, r->score, size->pairs);
    }
}

static ofz_status classifier_eval(ofz_eval_call *c)
{
    const svm_attrs  *a        = c->attrs;
    const ofz_tensor *x        = c->in[0];
    const int64_t     features = ofz_ml_features(x);
    svm               s;
    svm_size          size;
    svm_room          r;

    OFZ_TRY(size_get(c->ctx, a, &size));
    OFZ_TRY(svm_open(c->ctx, a, !size.vectors, &s));
    OFZ_TRY(room_new(c->ctx, &size, features, &r));
    for (int64_t n = 0; n < ofz_ml_rows(x); n++) {
        int64_t label;

        ofz_ml_sample(x, n, features, r.x);
        sample_score(a, &s, &size, &r, features, &label);
        ofz_ml_label_put(&a->label, label, n, c->out[0]);
        ofz_ml_scores_put(c->out[1], n, width_of(&size), r.score);
    }
    free(r.block);
    return ofz_ml_label_own(c->ctx, c->out[0]);
}

/* --- SVMRegressor ----------------------------------------------------------------------------- */

static ofz_status regressor_infer(ofz_infer_call *c)
{
    const svm_attrs *a = c->attrs;
    int64_t          rows, features, want;

    OFZ_TRY(ofz_ml_samples(c, &rows, &features));
    OFZ_TRY(ofz_ml_want(c->ctx, "rho", a->rho.count, 1));
    if (a->n_supports > 0)
        OFZ_TRY(ofz_ml_want(c->ctx, "coefficients", a->coefficients.count, a->n_supports));
    if (features >= 0) {
        if (!ofz_mul(features, a->n_supports > 0 ? a->n_supports : 1, &want)) want = -1;
        OFZ_TRY(a->n_supports > 0
                    ? ofz_ml_want(c->ctx, "support_vectors", a->support_vectors.count, want)
                    : ofz_ml_want(c->ctx, "coefficients", a->coefficients.count, want));
    }
    return ofz_infer_set(c, 0, OFZ_F32, 2, (int64_t[]){ rows, 1 });
}

static ofz_status regressor_eval(ofz_eval_call *c)
{
    const svm_attrs  *a        = c->attrs;
    const ofz_tensor *x        = c->in[0];
    const int64_t     features = ofz_ml_features(x);
    double           *row;
    svm               s;

    OFZ_TRY(svm_open(c->ctx, a, a->n_supports <= 0, &s));
    OFZ_TRY(ofz_scratch(c->ctx, features, sizeof *row, &row));
    for (int64_t n = 0; n < ofz_ml_rows(x); n++) {
        double y = 0;

        ofz_ml_sample(x, n, features, row);
        for (int64_t v = 0; v < a->n_supports; v++)
            y += a->coefficients.v[v] *
                 kernel_run(&s, row, a->support_vectors.v + v * features, features);
        if (a->n_supports <= 0) y = kernel_run(&s, row, a->coefficients.v, features);
        y += a->rho.v[0];
        if (a->one_class) y = y > 0 ? 1 : -1;
        ofz_ml_scores_put(c->out[0], n, 1, &y);
    }
    free(row);
    return OFZ_OK;
}

/* --- the table ---------------------------------------------------------------------------------- */

#define AT(field) offsetof(svm_attrs, field)
#define COMMON                                                                                     \
    { "rho", OFZ_ATTR_FLOATS, AT(rho) }, { "coefficients", OFZ_ATTR_FLOATS, AT(coefficients) },    \
        { "support_vectors", OFZ_ATTR_FLOATS, AT(support_vectors) },                               \
        { "post_transform", OFZ_ATTR_STRING, AT(post_transform), .s = "NONE" },                    \
        { "kernel_params", OFZ_ATTR_FLOATS, AT(kernel_params) },                                   \
    {                                                                                              \
        "kernel_type", OFZ_ATTR_STRING, AT(kernel_type), .s = "LINEAR"                             \
    }

/* clang-format off */
static const ofz_attr_def classifier_def[] = {
    COMMON,
    { "classlabels_ints", OFZ_ATTR_INTS, AT(label.ints) },
    { "classlabels_strings", OFZ_ATTR_STRINGS, AT(label.strings) },
    { "prob_a", OFZ_ATTR_FLOATS, AT(prob_a) },
    { "prob_b", OFZ_ATTR_FLOATS, AT(prob_b) },
    { "vectors_per_class", OFZ_ATTR_INTS, AT(vectors_per_class) },
    { 0 },
};
static const ofz_attr_def regressor_def[] = {
    COMMON,
    { "n_supports", OFZ_ATTR_INT, AT(n_supports) },
    { "one_class", OFZ_ATTR_INT, AT(one_class) },
    { 0 },
};

static const ofz_op rows[] = {
    { "SVMClassifier", 1, { 1, 1 }, { 2, 2 }, OFZ_OP_PURE, classifier_def, sizeof(svm_attrs),
      classifier_infer, classifier_eval, NULL, "x", "ai.onnx.ml" },
    { "SVMRegressor", 1, { 1, 1 }, { 1, 1 }, OFZ_OP_PURE, regressor_def, sizeof(svm_attrs),
      regressor_infer, regressor_eval, NULL, "x", "ai.onnx.ml" },
    { 0 },
};
/* clang-format on */
OFZ_OP_TABLE(ml_svm, rows);
