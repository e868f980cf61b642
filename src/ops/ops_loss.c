/* ops_loss.c - losses over classes: ONNX's SoftmaxCrossEntropyLoss and NegativeLogLikelihoodLoss,
 * and the private row CrossEntropy that training uses. Sources: ONNX Operators.md; PyTorch's
 * cross_entropy. Targets are data: no gradient flows to them. */
#include "ops/op.h"

#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "kernel/losses.h"
#include "ops/floats.h"
#include "ops/infer.h"

typedef struct loss_attrs {
    int64_t    axis, ignore_index;
    ofz_string reduction;
} loss_attrs;

typedef enum reduction { REDUCE_NONE, REDUCE_MEAN, REDUCE_SUM } reduction;

static ofz_status reduction_get(ofz_ctx *ctx, ofz_string s, reduction *out)
{
    static const char *const names[] = { "none", "mean", "sum" };

    for (int i = 0; i < 3; i++)
        if (s.size == strlen(names[i]) && !memcmp(s.text, names[i], s.size)) {
            *out = (reduction)i;
            return OFZ_OK;
        }
    return ofz_fail(ctx, OFZ_E_MODEL, "reduction: '%.*s', want none, mean or sum",
                    (int)(s.size > 40 ? 40 : s.size), s.text ? s.text : "");
}

/* --- shapes ----------------------------------------------------------------------------------- */

static bool is_integer(ofz_dtype t)
{
    const ofz_dtype_class cls = ofz_dtype_get(t)->cls;

    return cls == OFZ_CLASS_INT || cls == OFZ_CLASS_UINT || cls == OFZ_CLASS_BOOL;
}

/* labels must have scores' shape without axis `axis`. */
static ofz_status labels_check(ofz_infer_call *c, const ofz_tensor *scores,
                               const ofz_tensor *labels, int axis)
{
    int64_t dim;

    if (labels->rank < 0) return OFZ_OK;
    if (labels->rank != scores->rank - 1)
        return ofz_fail(c->ctx, OFZ_E_DATA, "labels: rank %d, want %d: one less than the scores",
                        labels->rank, scores->rank - 1);
    for (int i = 0, k = 0; i < scores->rank; i++)
        if (i != axis) OFZ_TRY(ofz_unify(c->ctx, "labels", scores->dim[i], labels->dim[k++], &dim));
    return OFZ_OK;
}

static ofz_status class_loss_infer(ofz_infer_call *c)
{
    const loss_attrs *a = c->attrs;
    const ofz_tensor *x = c->in[0], *t = c->in[1];
    int64_t           dim[OFZ_MAX_RANK], classes;
    reduction         how = REDUCE_MEAN;

    OFZ_TRY(reduction_get(c->ctx, a->reduction, &how));
    if (t->dtype && !is_integer(t->dtype))
        return ofz_fail(c->ctx, OFZ_E_MODEL, "labels: %s, want an integer type",
                        ofz_dtype_name(t->dtype));
    OFZ_TRY(ofz_infer_set(c, 1, x->dtype, x->rank, x->dim));
    if (x->rank >= 0) {
        if (x->rank < 2)
            return ofz_fail(c->ctx, OFZ_E_MODEL, "scores: rank %d, want at least 2", x->rank);
        OFZ_TRY(labels_check(c, x, t, 1));
        if (c->in_count > 2 && c->in[2]) {
            OFZ_TRY(ofz_want_same_dtype(c, 2));
            OFZ_TRY(ofz_want_rank(c, 2, 1));
            if (c->in[2]->rank == 1)
                OFZ_TRY(ofz_unify(c->ctx, "weights", x->dim[1], c->in[2]->dim[0], &classes));
        }
    }
    if (how != REDUCE_NONE) return ofz_infer_set(c, 0, x->dtype, 0, NULL);
    if (x->rank < 0) return ofz_infer_set(c, 0, x->dtype, t->rank, t->dim);
    for (int i = 0; i + 1 < x->rank; i++) dim[i] = x->dim[i ? i + 1 : 0];
    return ofz_infer_set(c, 0, x->dtype, x->rank - 1, dim);
}

/* --- labels ----------------------------------------------------------------------------------- */

/* Labels as int64 within [0, classes), -1 where ignored; free(*out). `ignore` NULL: none is. */
static ofz_status labels_new(ofz_ctx *ctx, const ofz_tensor *t, int64_t classes,
                             const int64_t *ignore, int64_t **out)
{
    int64_t *label = malloc((size_t)t->count * sizeof *label + 1);

    if (!label) return ofz_fail_nomem(ctx, "labels", (size_t)t->count * sizeof *label);
    for (int64_t i = 0; i < t->count; i++) {
        label[i] = ofz_elem_i64(t->dtype, t->data, i);
        if (ignore && label[i] == *ignore) {
            label[i] = -1;
        } else if (label[i] < 0 || label[i] >= classes) {
            const int64_t bad = label[i];

            free(label);
            ofz_fail(ctx, OFZ_E_DATA,
                     "label %" PRId64 " at sample %" PRId64
                     " of the batch: want within [0, %" PRId64 ")",
                     bad, i, classes);
            return ofz_fix(ctx, OFZ_E_DATA,
                           "number the classes from 0; the model has %" PRId64 " of them", classes);
        }
    }
    *out = label;
    return OFZ_OK;
}

static ofz_status positions_new(ofz_ctx *ctx, int64_t count, double **out)
{
    int64_t size;

    if (!ofz_mul(count, (int64_t)sizeof(double), &size))
        return ofz_fail(ctx, OFZ_E_LIMIT, "samples: %" PRId64 ", too many", count);
    *out = malloc((size_t)size + 1);
    return *out ? OFZ_OK : ofz_fail_nomem(ctx, "loss", (size_t)size);
}

static ofz_classes classes_of(const ofz_tensor *x, int axis)
{
    return (ofz_classes){ .outer   = ofz_tensor_span(x, 0, axis),
                          .classes = x->dim[axis],
                          .inner   = ofz_tensor_span(x, axis + 1, x->rank) };
}

static double scalar(const ofz_tensor *t, int64_t i)
{
    return ofz_elem_f64(t->dtype, t->data, i);
}

/* What a position counts: its class's weight, 1 without weights, 0 where ignored. */
static double weight_of(const ofz_tensor *weights, int64_t label)
{
    return label < 0 ? 0 : weights ? scalar(weights, label) : 1;
}

/* The attribute is optional: without it every label counts. */
static const int64_t *ignore_of(const ofz_eval_call *c)
{
    const loss_attrs *a = c->attrs;

    return ofz_node_attr(c->node, "ignore_index") ? &a->ignore_index : NULL;
}

static const ofz_tensor *input(const ofz_eval_call *c, int k)
{
    return k < c->in_count ? c->in[k] : NULL;
}

/* --- the losses of ONNX ----------------------------------------------------------------------- */

/* From log probabilities: loss[i] = -x[label]. */
static void picked(const ofz_tensor *x, const ofz_classes *s, const int64_t *label, double *loss)
{
    for (int64_t i = 0; i < s->outer * s->inner; i++) {
        const int64_t at = i / s->inner * s->classes * s->inner + i % s->inner;

        loss[i] = label[i] < 0 ? 0 : -scalar(x, at + label[i] * s->inner);
    }
}

/* y from the losses of all positions, as `how` says; a mean divides by the sum of the weights. */
static void reduce(reduction how, const ofz_tensor *weights, const int64_t *label, double *loss,
                   int64_t count, ofz_tensor *y)
{
    double sum = 0, total = 0;

    for (int64_t i = 0; i < count; i++) {
        const double w = weight_of(weights, label[i]);

        loss[i] = w == 0 ? 0 : loss[i] * w;
        sum += loss[i];
        total += w;
        if (how == REDUCE_NONE) ofz_elem_set_f64(y->dtype, y->data, i, loss[i]);
    }
    if (how != REDUCE_NONE)
        ofz_elem_set_f64(y->dtype, y->data, 0, how == REDUCE_MEAN ? sum / total : sum);
}

static ofz_status class_loss(ofz_eval_call *c, bool logits)
{
    const loss_attrs *a     = c->attrs;
    const ofz_tensor *x     = c->in[0];
    const ofz_classes s     = classes_of(x, 1);
    ofz_status        st    = OFZ_OK;
    double           *loss  = NULL;
    int64_t          *label = NULL;
    reduction         how   = REDUCE_MEAN;

    OFZ_TRY(reduction_get(c->ctx, a->reduction, &how));
    OFZ_GOTO(labels_new(c->ctx, c->in[1], s.classes, ignore_of(c), &label));
    OFZ_GOTO(positions_new(c->ctx, c->in[1]->count, &loss));
    if (logits)
        OFZ_BY_FLOAT(c, ofz_class_loss, c->ctx, &s, x->data, label, loss);
    else
        picked(x, &s, label, loss);
    reduce(how, input(c, 2), label, loss, c->in[1]->count, c->out[0]);
    if (logits && c->out_count > 1 && c->out[1] && s.classes)
        OFZ_BY_FLOAT(c, ofz_log_softmax, c->ctx, &s, x->data, c->out[1]->data);
done:
    free(loss);
    free(label);
    return st;
}

static ofz_status sce_run(ofz_eval_call *c)
{
    return class_loss(c, true);
}

static ofz_status nll_run(ofz_eval_call *c)
{
    return class_loss(c, false);
}

/* factor[i]: what d loss of position i is multiplied with. */
static void factors(reduction how, const ofz_tensor *dy, const ofz_tensor *weights,
                    const int64_t *label, int64_t count, double *factor)
{
    double total = 0;

    for (int64_t i = 0; i < count; i++) total += factor[i] = weight_of(weights, label[i]);
    for (int64_t i = 0; i < count; i++)
        factor[i] *= scalar(dy, how == REDUCE_NONE ? i : 0) / (how == REDUCE_MEAN ? total : 1);
}

/* dx of -x[label] * factor. */
static void picked_grad(const ofz_classes *s, const int64_t *label, const double *factor,
                        ofz_tensor *dx)
{
    if (dx->size) memset(dx->data, 0, dx->size);
    for (int64_t i = 0; i < s->outer * s->inner; i++) {
        const int64_t at = i / s->inner * s->classes * s->inner + i % s->inner;

        if (label[i] >= 0)
            ofz_elem_set_f64(dx->dtype, dx->data, at + label[i] * s->inner, -factor[i]);
    }
}

/* (x, labels, weights or none, dy) -> dx */
static ofz_status class_grad(ofz_eval_call *c, bool logits)
{
    const loss_attrs *a     = c->attrs;
    const ofz_tensor *x     = c->in[0];
    const ofz_classes s     = classes_of(x, 1);
    ofz_status        st    = OFZ_OK;
    double           *f     = NULL;
    int64_t          *label = NULL;
    reduction         how   = REDUCE_MEAN;

    OFZ_TRY(reduction_get(c->ctx, a->reduction, &how));
    OFZ_GOTO(labels_new(c->ctx, c->in[1], s.classes, ignore_of(c), &label));
    OFZ_GOTO(positions_new(c->ctx, c->in[1]->count, &f));
    factors(how, c->in[3], c->in[2], label, c->in[1]->count, f);
    if (logits)
        OFZ_BY_FLOAT(c, ofz_class_grad, c->ctx, &s, x->data, label, f, c->out[0]->data);
    else
        picked_grad(&s, label, f, c->out[0]);
done:
    free(f);
    free(label);
    return st;
}

static ofz_status sce_grad_run(ofz_eval_call *c)
{
    return class_grad(c, true);
}

static ofz_status nll_grad_run(ofz_eval_call *c)
{
    return class_grad(c, false);
}

static ofz_status emit_class_grad(ofz_grad_call *g, const char *row)
{
    ofz_value *const weights = g->node->in_count > 2 ? g->node->in[2] : NULL;
    ofz_value *const in[]    = { g->node->in[0], g->node->in[1], weights, g->dy[0] };

    if (g->node->out_count > 1 && g->dy[1])
        return ofz_fail(g->ctx, OFZ_E_UNSUPPORTED, "log_prob: no gradient flows through it");
    if (!g->need[0] || !g->dy[0]) return OFZ_OK;
    return ofz_emit_grad(g, row, 4, in, &g->dx[0]);
}

static ofz_status sce_grad(ofz_grad_call *g)
{
    return emit_class_grad(g, "SoftmaxCrossEntropyGrad");
}

static ofz_status nll_grad(ofz_grad_call *g)
{
    return emit_class_grad(g, "NegativeLogLikelihoodGrad");
}

/* --- CrossEntropy(logits, target) -> mean loss
 * --------------------------------------------------------- target: any integer type with the shape
 * of the logits without `axis`, or float probabilities of their shape. The mean is over positions
 * that are not ignored; 0 when there is none. */

static ofz_status ce_infer(ofz_infer_call *c)
{
    const loss_attrs *a = c->attrs;
    const ofz_tensor *x = c->in[0], *t = c->in[1];
    int               axis;
    int64_t           dim;

    OFZ_TRY(ofz_infer_set(c, 0, x->dtype, 0, NULL));
    if (x->rank < 0 || !t->dtype) return OFZ_OK;
    OFZ_TRY(ofz_axis(c->ctx, a->axis, x->rank, &axis));
    if (is_integer(t->dtype)) return labels_check(c, x, t, axis);
    if (!ofz_dtype_is_float(t->dtype))
        return ofz_fail(c->ctx, OFZ_E_DATA, "targets: %s, want integers or floats",
                        ofz_dtype_name(t->dtype));
    if (t->rank >= 0 && t->rank != x->rank)
        return ofz_fail(c->ctx, OFZ_E_DATA, "probabilities: rank %d, want %d as the logits have",
                        t->rank, x->rank);
    for (int i = 0; i < t->rank; i++)
        OFZ_TRY(ofz_unify(c->ctx, "probabilities", x->dim[i], t->dim[i], &dim));
    return OFZ_OK;
}

static ofz_status ce_run(ofz_eval_call *c)
{
    const loss_attrs *a = c->attrs;
    const ofz_tensor *x = c->in[0], *t = c->in[1];
    ofz_status        st   = OFZ_OK;
    double           *loss = NULL, sum = 0;
    int64_t          *label = NULL, used = 0;
    ofz_classes       s;
    int               axis;

    ofz_elem_set_f64(c->out[0]->dtype, c->out[0]->data, 0, 0);
    if (!x->count && !t->count) return OFZ_OK;
    OFZ_TRY(ofz_axis(c->ctx, a->axis, x->rank, &axis));
    s = classes_of(x, axis);
    OFZ_TRY(positions_new(c->ctx, s.outer * s.inner, &loss));
    if (is_integer(t->dtype)) {
        OFZ_GOTO(labels_new(c->ctx, t, s.classes, &a->ignore_index, &label));
        OFZ_BY_FLOAT(c, ofz_class_loss, c->ctx, &s, x->data, label, loss);
    } else if (s.classes) {
        OFZ_BY_FLOAT(c, ofz_soft_loss, c->ctx, &s, x->data, t->data, loss);
    }
    for (int64_t i = 0; s.classes && i < s.outer * s.inner; i++) {
        if (label && label[i] < 0) continue;
        sum += loss[i];
        used++;
    }
    ofz_elem_set_f64(c->out[0]->dtype, c->out[0]->data, 0, used ? sum / (double)used : 0);
done:
    free(loss);
    free(label);
    return st;
}

/* CrossEntropyGrad(logits, target, dloss) -> dlogits */
static ofz_status ce_grad_run(ofz_eval_call *c)
{
    const loss_attrs *a = c->attrs;
    const ofz_tensor *x = c->in[0], *t = c->in[1];
    ofz_status        st    = OFZ_OK;
    double           *f     = NULL;
    int64_t          *label = NULL, used = 0;
    ofz_classes       s;
    int               axis;

    if (!x->count) return OFZ_OK;
    OFZ_TRY(ofz_axis(c->ctx, a->axis, x->rank, &axis));
    s = classes_of(x, axis);
    if (!is_integer(t->dtype)) {
        OFZ_BY_FLOAT(c, ofz_soft_grad, c->ctx, &s, x->data, t->data,
                     scalar(c->in[2], 0) / (double)(s.outer * s.inner), c->out[0]->data);
        return OFZ_OK;
    }
    OFZ_TRY(labels_new(c->ctx, t, s.classes, &a->ignore_index, &label));
    OFZ_GOTO(positions_new(c->ctx, t->count, &f));
    for (int64_t i = 0; i < t->count; i++) used += label[i] >= 0;
    for (int64_t i = 0; i < t->count; i++) f[i] = used ? scalar(c->in[2], 0) / (double)used : 0;
    OFZ_BY_FLOAT(c, ofz_class_grad, c->ctx, &s, x->data, label, f, c->out[0]->data);
done:
    free(f);
    free(label);
    return st;
}

static ofz_status ce_grad(ofz_grad_call *g)
{
    ofz_value *const in[] = { g->node->in[0], g->node->in[1], g->dy[0] };

    if (!g->need[0]) return OFZ_OK;
    return ofz_emit_grad(g, "CrossEntropyGrad", 3, in, &g->dx[0]);
}

#define EVAL(name)                                                                                 \
    static ofz_status name##_eval(ofz_eval_call *c)                                                \
    {                                                                                              \
        return ofz_eval_floats(c, name##_run);                                                     \
    }

EVAL(sce)
EVAL(nll)
EVAL(sce_grad)
EVAL(nll_grad)
EVAL(ce)
EVAL(ce_grad)

/* --- the table -------------------------------------------------------------------------------- */

#define AT(field) offsetof(loss_attrs, field)

static const ofz_attr_def class_def[] = {
    { "ignore_index", OFZ_ATTR_INT, AT(ignore_index) },
    { "reduction", OFZ_ATTR_STRING, AT(reduction), .s = "mean" },
    { 0 },
};

static const ofz_attr_def ce_def[] = {
    { "axis", OFZ_ATTR_INT, AT(axis), .i = 1 },
    { "ignore_index", OFZ_ATTR_INT, AT(ignore_index), .i = -100 },
    { 0 },
};

/* clang-format off */
#define ONE    { 1, 1 }
#define TWO    { 2, 2 }
#define THREE  { 3, 3 }
#define FOUR   { 2, 4 }
#define IN     { 2, 3 }
#define ANDTWO { 1, 2 }
#define PURE   OFZ_OP_PURE
#define CLASS  class_def, sizeof(loss_attrs)
#define CE     ce_def, sizeof(loss_attrs)
#define NLL(since)                                                                                 \
    { "NegativeLogLikelihoodLoss", since, IN, ONE, PURE, CLASS, class_loss_infer, nll_eval,        \
      nll_grad, "xxx" }
#define SCE(since)                                                                                 \
    { "SoftmaxCrossEntropyLoss", since, IN, ANDTWO, PURE, CLASS, class_loss_infer, sce_eval,       \
      sce_grad, "xxx" }

static const ofz_op rows[] = {
    NLL(12), NLL(13), NLL(22),
    SCE(12), SCE(13),
    { "CrossEntropy", 1, TWO, ONE, PURE, CE, ce_infer, ce_eval, ce_grad, "x", "ofz" },
    { "CrossEntropyGrad", 1, THREE, ONE, PURE, CE, ofz_infer_same, ce_grad_eval, NULL, "x", "ofz" },
    { "NegativeLogLikelihoodGrad", 1, FOUR, ONE, PURE, CLASS, ofz_infer_same, nll_grad_eval, NULL,
      "x", "ofz" },
    { "SoftmaxCrossEntropyGrad", 1, FOUR, ONE, PURE, CLASS, ofz_infer_same, sce_grad_eval, NULL,
      "x", "ofz" },
    { 0 },
};
/* clang-format on */
OFZ_OP_TABLE(loss, rows);
