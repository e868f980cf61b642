/* ops_ml_tree.c - TreeEnsembleClassifier, TreeEnsembleRegressor and TreeEnsemble of ai.onnx.ml.
 * Source: ONNX Operators-ml.md; where it is silent (two classes told apart by one score), ONNX Runtime.
 * Weights are added in double, tree after tree. */
#include "ops/op.h"

#include <stdlib.h>

#include "base/checked.h"
#include "ops/ml_model.h"
#include "ops/tree_lists.h"

typedef struct tree_attrs {
    ofz_string       post_transform, aggregate_function;
    int64_t          n_targets, post, aggregate;
    ofz_ml_labels    label;
    ofz_tree_numbers base;
    ofz_tree_lists   list;
    ofz_tree_arrays  array;
} tree_attrs;

/* Room for the work on one row. */
typedef struct tree_row {
    double *x, *score, *block;
    bool   *seen;
} tree_row;

static ofz_status row_new(ofz_ctx *ctx, int64_t features, int64_t targets, tree_row *r)
{
    int64_t count;

    if (!ofz_add(features, targets, &count) || !ofz_add(count, targets, &count) ||
        !ofz_add(count, 2, &count))
        return ofz_fail(ctx, OFZ_E_LIMIT, "targets: %" PRId64 ", too many", targets);
    OFZ_TRY(ofz_scratch(ctx, count, sizeof *r->block, &r->block));
    r->x     = r->block;
    r->score = r->x + features;
    r->seen  = (bool *)(r->score + targets + 2);
    return OFZ_OK;
}

/* --- TreeEnsembleRegressor, TreeEnsemble ------------------------------------------------------ */

static ofz_status regressor_infer_as(ofz_infer_call *c, ofz_dtype dtype)
{
    const tree_attrs *a = c->attrs;
    int64_t           rows, features;

    OFZ_TRY(ofz_ml_samples(c, &rows, &features));
    if (a->n_targets < 1)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "n_targets: %" PRId64 ", want at least 1",
                        a->n_targets);
    return ofz_infer_set(c, 0, dtype, 2, (int64_t[]){ rows, a->n_targets });
}

static ofz_status regressor_infer(ofz_infer_call *c)
{
    return regressor_infer_as(c, OFZ_F32);
}

static ofz_status ensemble_infer(ofz_infer_call *c)
{
    return regressor_infer_as(c, c->in[0]->dtype);
}

/* base  [targets] or NULL */
static ofz_status targets_run(ofz_eval_call *c, const ofz_trees *t, ofz_tree_sum sum, ofz_post post,
                              const double *base)
{
    const ofz_tensor *x        = c->in[0];
    const int64_t     features = ofz_ml_features(x), targets = c->out[0]->dim[1];
    tree_row          r;

    OFZ_TRY(row_new(c->ctx, features, targets, &r));
    for (int64_t n = 0; n < ofz_ml_rows(x); n++) {
        ofz_ml_sample(x, n, features, r.x);
        ofz_trees_run(t, sum, r.x, targets, r.score, r.seen);
        for (int64_t k = 0; base && k < targets; k++) r.score[k] += base[k];
        ofz_post_apply(post, r.score, targets);
        ofz_ml_scores_put(c->out[0], n, targets, r.score);
    }
    free(r.block);
    return OFZ_OK;
}

static ofz_status regressor_eval(ofz_eval_call *c)
{
    static const char *const names[] = { "AVERAGE", "SUM", "MIN", "MAX" };
    const tree_attrs        *a       = c->attrs;
    ofz_trees                t       = { 0 };
    double                  *base    = NULL;
    int64_t                  count;
    ofz_post                 post;
    int                      sum;
    ofz_status               st = OFZ_OK;

    OFZ_TRY(ofz_ml_post(c->ctx, a->post_transform, &post));
    OFZ_TRY(ofz_ml_name(c->ctx, "aggregate_function", a->aggregate_function, names, 4, &sum));
    OFZ_GOTO(ofz_tree_numbers_read(c->ctx, "base_values", &a->base, &base, &count));
    if (count) OFZ_GOTO(ofz_ml_want(c->ctx, "base_values", (size_t)count, a->n_targets));
    OFZ_GOTO(ofz_trees_from_lists(c->ctx, &a->list, ofz_ml_features(c->in[0]), a->n_targets, &t));
    st = targets_run(c, &t, (ofz_tree_sum)sum, post, base);
done:
    ofz_trees_free(&t);
    free(base);
    return st;
}

static ofz_status ensemble_eval(ofz_eval_call *c)
{
    const tree_attrs *a = c->attrs;
    ofz_trees         t;
    ofz_status        st;

    if (a->post < OFZ_POST_NONE || a->post > OFZ_POST_PROBIT)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "post_transform: %" PRId64 ", want 0 to 4", a->post);
    if (a->aggregate < 0 || a->aggregate >= OFZ_TREE_SUMS)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "aggregate_function: %" PRId64 ", want 0 to 3",
                        a->aggregate);
    OFZ_TRY(ofz_trees_from_arrays(c->ctx, &a->array, ofz_ml_features(c->in[0]), a->n_targets, &t));
    st = targets_run(c, &t, (ofz_tree_sum)a->aggregate, (ofz_post)a->post, NULL);
    ofz_trees_free(&t);
    return st;
}

/* --- TreeEnsembleClassifier ------------------------------------------------------------------- */

static ofz_status classifier_infer(ofz_infer_call *c)
{
    const tree_attrs *a = c->attrs;
    int64_t           rows, features;

    OFZ_TRY(ofz_ml_samples(c, &rows, &features));
    if (!ofz_ml_label_count(&a->label))
        return ofz_fail(c->ctx, OFZ_E_MODEL, "classlabels: none, want at least 1");
    return ofz_ml_classes(c, &a->label, rows, ofz_ml_label_count(&a->label));
}

/* How scores become classes. */
typedef struct tree_classes {
    int64_t       count, bases;
    const double *base;
    int64_t       only;   /* with two classes: the one that all weights speak of; else -1 */
    double        bound;  /* above it the second of two classes wins */
    bool          shares; /* no weight is negative */
    ofz_post      post;
} tree_classes;

static ofz_status classes_get(ofz_ctx *ctx, const ofz_trees *t, tree_classes *k)
{
    bool one = t->weight_count > 0;

    k->shares = true;
    for (int64_t i = 0; i < t->weight_count; i++) {
        one       = one && t->weight[i].target == t->weight[0].target;
        k->shares = k->shares && t->weight[i].value >= 0;
    }
    k->only  = k->count == 2 && one && k->bases < 2 ? t->weight[0].target : -1;
    k->bound = k->shares ? 0.5 : 0;
    if (!k->bases || k->bases == k->count || k->only >= 0) return OFZ_OK;
    return ofz_ml_want(ctx, "base_values", (size_t)k->bases, k->count);
}

/* The class that wins; scores in their final layout. */
static int64_t scores_finish(const tree_classes *k, double *score, const bool *seen)
{
    int64_t best = -1;

    if (k->only >= 0) {
        score[k->only] += k->bases ? k->base[0] : 0;
        best = score[k->only] > k->bound;
        if (k->only)
            ofz_post_apply(k->post, score, 2);
        else
            ofz_post_pair(k->post, k->shares ? OFZ_PAIR_SHARE : OFZ_PAIR_MIRROR, score);
        return best;
    }
    for (int64_t i = 0; i < k->count; i++) {
        if (k->bases) score[i] += k->base[i];
        if ((k->bases || seen[i]) && (best < 0 || score[i] > score[best])) best = i;
    }
    if (k->count == 1) best = score[0] > 0; /* one class: is it, or is it not */
    ofz_post_apply(k->post, score, k->count);
    return best < 0 ? 0 : best;
}

static ofz_status classes_run(ofz_eval_call *c, const ofz_trees *t, const tree_classes *k)
{
    static const ofz_ml_labels none     = { 0 };
    const tree_attrs          *a        = c->attrs;
    const ofz_tensor          *x        = c->in[0];
    const int64_t              features = ofz_ml_features(x);
    tree_row                   r;

    OFZ_TRY(row_new(c->ctx, features, k->count, &r));
    for (int64_t n = 0; n < ofz_ml_rows(x); n++) {
        ofz_ml_sample(x, n, features, r.x);
        ofz_trees_run(t, OFZ_TREE_SUM, r.x, k->count, r.score, r.seen);
        ofz_ml_label_put(k->count == 1 ? &none : &a->label, scores_finish(k, r.score, r.seen), n,
                         c->out[0]);
        ofz_ml_scores_put(c->out[1], n, k->count, r.score);
    }
    free(r.block);
    return ofz_ml_label_own(c->ctx, c->out[0]);
}

static ofz_status classifier_eval(ofz_eval_call *c)
{
    const tree_attrs *a    = c->attrs;
    ofz_trees         t    = { 0 };
    double           *base = NULL;
    tree_classes      k    = { .count = ofz_ml_label_count(&a->label) };
    ofz_status        st   = OFZ_OK;

    OFZ_TRY(ofz_ml_post(c->ctx, a->post_transform, &k.post));
    OFZ_GOTO(ofz_tree_numbers_read(c->ctx, "base_values", &a->base, &base, &k.bases));
    k.base = base;
    OFZ_GOTO(ofz_trees_from_lists(c->ctx, &a->list, ofz_ml_features(c->in[0]), k.count, &t));
    OFZ_GOTO(classes_get(c->ctx, &t, &k));
    st = classes_run(c, &t, &k);
done:
    ofz_trees_free(&t);
    free(base);
    return st;
}

/* --- the table ---------------------------------------------------------------------------------- */

#define AT(field) offsetof(tree_attrs, field)

#define NODES_1                                                                                    \
    { "nodes_treeids", OFZ_ATTR_INTS, AT(list.treeids) },                                          \
        { "nodes_nodeids", OFZ_ATTR_INTS, AT(list.nodeids) },                                      \
        { "nodes_featureids", OFZ_ATTR_INTS, AT(list.featureids) },                                \
        { "nodes_truenodeids", OFZ_ATTR_INTS, AT(list.yes) },                                      \
        { "nodes_falsenodeids", OFZ_ATTR_INTS, AT(list.no) },                                      \
        { "nodes_missing_value_tracks_true", OFZ_ATTR_INTS, AT(list.missing) },                    \
        { "nodes_modes", OFZ_ATTR_STRINGS, AT(list.modes) },                                       \
        { "nodes_values", OFZ_ATTR_FLOATS, AT(list.values.list) },                                 \
        { "nodes_hitrates", OFZ_ATTR_FLOATS, OFZ_ATTR_IGNORED },                                   \
        { "base_values", OFZ_ATTR_FLOATS, AT(base.list) },                                         \
    {                                                                                              \
        "post_transform", OFZ_ATTR_STRING, AT(post_transform), .s = "NONE"                         \
    }
#define NODES_3                                                                                    \
    { "nodes_values_as_tensor", OFZ_ATTR_TENSOR, AT(list.values.tensor) },                         \
        { "nodes_hitrates_as_tensor", OFZ_ATTR_TENSOR, OFZ_ATTR_IGNORED },                         \
    {                                                                                              \
        "base_values_as_tensor", OFZ_ATTR_TENSOR, AT(base.tensor)                                  \
    }
#define CLASSES                                                                                    \
    { "classlabels_int64s", OFZ_ATTR_INTS, AT(label.ints) },                                       \
        { "classlabels_strings", OFZ_ATTR_STRINGS, AT(label.strings) },                            \
        { "class_treeids", OFZ_ATTR_INTS, AT(list.weight_treeids) },                               \
        { "class_nodeids", OFZ_ATTR_INTS, AT(list.weight_nodeids) },                               \
        { "class_ids", OFZ_ATTR_INTS, AT(list.weight_ids) },                                       \
    {                                                                                              \
        "class_weights", OFZ_ATTR_FLOATS, AT(list.weights.list)                                    \
    }
#define TARGETS                                                                                    \
    { "n_targets", OFZ_ATTR_INT, AT(n_targets) },                                                  \
        { "aggregate_function", OFZ_ATTR_STRING, AT(aggregate_function), .s = "SUM" },             \
        { "target_treeids", OFZ_ATTR_INTS, AT(list.weight_treeids) },                              \
        { "target_nodeids", OFZ_ATTR_INTS, AT(list.weight_nodeids) },                              \
        { "target_ids", OFZ_ATTR_INTS, AT(list.weight_ids) },                                      \
    {                                                                                              \
        "target_weights", OFZ_ATTR_FLOATS, AT(list.weights.list)                                   \
    }

/* clang-format off */
static const ofz_attr_def classifier1_def[] = { NODES_1, CLASSES, { 0 } };
static const ofz_attr_def classifier3_def[] = {
    NODES_1, NODES_3, CLASSES,
    { "class_weights_as_tensor", OFZ_ATTR_TENSOR, AT(list.weights.tensor) },
    { 0 },
};
static const ofz_attr_def regressor1_def[] = { NODES_1, TARGETS, { 0 } };
static const ofz_attr_def regressor3_def[] = {
    NODES_1, NODES_3, TARGETS,
    { "target_weights_as_tensor", OFZ_ATTR_TENSOR, AT(list.weights.tensor) },
    { 0 },
};
static const ofz_attr_def ensemble_def[] = {
    { "aggregate_function", OFZ_ATTR_INT, AT(aggregate), .i = OFZ_TREE_SUM },
    { "post_transform", OFZ_ATTR_INT, AT(post) },
    { "n_targets", OFZ_ATTR_INT, AT(n_targets) },
    { "tree_roots", OFZ_ATTR_INTS, AT(array.roots), true },
    { "nodes_featureids", OFZ_ATTR_INTS, AT(array.featureids), true },
    { "nodes_truenodeids", OFZ_ATTR_INTS, AT(array.yes), true },
    { "nodes_falsenodeids", OFZ_ATTR_INTS, AT(array.no), true },
    { "nodes_trueleafs", OFZ_ATTR_INTS, AT(array.yes_leaf), true },
    { "nodes_falseleafs", OFZ_ATTR_INTS, AT(array.no_leaf), true },
    { "nodes_missing_value_tracks_true", OFZ_ATTR_INTS, AT(array.missing) },
    { "nodes_modes", OFZ_ATTR_TENSOR, AT(array.modes), true },
    { "nodes_splits", OFZ_ATTR_TENSOR, AT(array.splits), true },
    { "nodes_hitrates", OFZ_ATTR_TENSOR, OFZ_ATTR_IGNORED },
    { "leaf_targetids", OFZ_ATTR_INTS, AT(array.targetids), true },
    { "leaf_weights", OFZ_ATTR_TENSOR, AT(array.weights), true },
    { "membership_values", OFZ_ATTR_TENSOR, AT(array.members) },
    { 0 },
};

#define ONE        { 1, 1 }
#define TWO        { 2, 2 }
#define PURE       OFZ_OP_PURE
#define ATTRS(def) def, sizeof(tree_attrs)
#define ML         "x", "ai.onnx.ml"

static const ofz_op rows[] = {
    { "TreeEnsemble", 5, ONE, ONE, PURE, ATTRS(ensemble_def), ensemble_infer, ensemble_eval, NULL, ML },
    { "TreeEnsembleClassifier", 1, ONE, TWO, PURE, ATTRS(classifier1_def), classifier_infer, classifier_eval, NULL, ML },
    { "TreeEnsembleClassifier", 3, ONE, TWO, PURE, ATTRS(classifier3_def), classifier_infer, classifier_eval, NULL, ML },
    { "TreeEnsembleClassifier", 5, ONE, TWO, .domain = "ai.onnx.ml", .instead = "TreeEnsemble" },
    { "TreeEnsembleRegressor", 1, ONE, ONE, PURE, ATTRS(regressor1_def), regressor_infer, regressor_eval, NULL, ML },
    { "TreeEnsembleRegressor", 3, ONE, ONE, PURE, ATTRS(regressor3_def), regressor_infer, regressor_eval, NULL, ML },
    { "TreeEnsembleRegressor", 5, ONE, ONE, .domain = "ai.onnx.ml", .instead = "TreeEnsemble" },
    { 0 },
};
/* clang-format on */
OFZ_OP_TABLE(ml_tree, rows);
