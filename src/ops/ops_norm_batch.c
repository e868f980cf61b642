/* ops_norm_batch.c - BatchNormalization, in inference and in training form, and their gradients.
 * Sources: ONNX Operators.md; Ioffe & Szegedy 2015. ONNX keeps running = old * momentum + batch *
 * (1 - momentum) with the population variance; PyTorch keeps the unbiased one, which the private
 * row BatchNormTrain offers. */
#include "ops/op.h"

#include <math.h>
#include <stdlib.h>

#include "base/checked.h"
#include "kernel/norm.h"
#include "ops/floats.h"
#include "ops/infer.h"

typedef struct bn_attrs {
    float   epsilon, momentum;
    int64_t is_test, training_mode, unbiased;
} bn_attrs;

/* --- shapes ----------------------------------------------------------------------------------- */

/* `spatial`, which only versions before 9 may have, is asked of the node: its absence means 1. */
static bool per_channel(const ofz_node *n)
{
    const ofz_attr *spatial = ofz_node_attr(n, "spatial");

    return !spatial || spatial->u.i != 0;
}

/* Statistics of in[0]: [C], or with spatial = 0 everything but the batch. */
static ofz_status bn_infer(ofz_infer_call *c)
{
    const ofz_tensor *x = c->in[0];
    int64_t           dim[OFZ_MAX_RANK];
    int               rank;

    OFZ_TRY(ofz_infer_same(c));
    if (x->rank >= 0 && x->rank < 2)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "input: rank %d, want at least 2", x->rank);
    rank = per_channel(c->node) ? 1 : x->rank < 0 ? -1 : x->rank - 1;
    for (int i = 0; i < rank; i++) dim[i] = x->rank < 0 ? OFZ_SYMBOL(0) : x->dim[1 + i];
    for (int k = 1; k < 5; k++) {
        if (rank >= 0) OFZ_TRY(ofz_want_rank(c, k, rank));
        for (int i = 0; c->in[k]->rank >= 0 && i < rank; i++)
            OFZ_TRY(ofz_unify(c->ctx, "channels", dim[i], c->in[k]->dim[i], &dim[i]));
    }
    for (int i = 0; i < rank; i++)
        if (x->rank < 0 && dim[i] == OFZ_SYMBOL(0)) dim[i] = ofz_infer_fresh(c);
    for (int k = 1; k < c->out_count; k++) OFZ_TRY(ofz_infer_set(c, k, c->in[3]->dtype, rank, dim));
    return OFZ_OK;
}

static ofz_affine affine_of(const ofz_eval_call *c)
{
    const ofz_tensor *x     = c->in[0];
    const int         split = per_channel(c->node) ? 2 : x->rank;

    return (ofz_affine){ .total  = x->count,
                         .period = ofz_tensor_span(x, split, x->rank),
                         .count  = ofz_tensor_span(x, 1, split) };
}

/* --- eval ------------------------------------------------------------------------------------- */

static double at(const ofz_tensor *t, int64_t i)
{
    return ofz_elem_f64(t->dtype, t->data, i);
}

static void put(ofz_tensor *const *out, int count, int k, int64_t i, double x)
{
    if (k < count && out[k]) ofz_elem_set_f64(out[k]->dtype, out[k]->data, i, x);
}

/* `lists` arrays of `count` doubles in one block; free it. */
static ofz_status doubles_new(ofz_ctx *ctx, int64_t count, int lists, double **out)
{
    int64_t size;

    if (!ofz_mul(count, lists * (int64_t)sizeof(double), &size))
        return ofz_fail(ctx, OFZ_E_LIMIT, "channels: %" PRId64 ", too many", count);
    *out = malloc((size_t)size + 1);
    return *out ? OFZ_OK : ofz_fail_nomem(ctx, "batch norm", (size_t)size);
}

static ofz_status bn_inference_run(ofz_eval_call *c)
{
    const bn_attrs  *a = c->attrs;
    const ofz_affine p = affine_of(c);
    double          *f, *h;

    OFZ_TRY(doubles_new(c->ctx, p.count, 2, &f));
    h = f + p.count;
    for (int64_t i = 0; i < p.count; i++) {
        f[i] = at(c->in[1], i) / sqrt(at(c->in[4], i) + (double)a->epsilon);
        h[i] = at(c->in[2], i) - at(c->in[3], i) * f[i];
    }
    OFZ_BY_FLOAT(c, ofz_affine_apply, c->ctx, &p, c->in[0]->data, f, h, c->out[0]->data);
    free(f);
    return OFZ_OK;
}

/* Outputs: y, running mean, running var, and where present the batch's mean and (saved_inverse)
 * inverse deviation or variance. */
static ofz_status bn_training(ofz_eval_call *c, bool saved_inverse)
{
    const bn_attrs  *a = c->attrs;
    const ofz_affine p = affine_of(c);
    const double     m = (double)a->momentum, n = p.count ? (double)(p.total / p.count) : 0;
    ofz_status       st = OFZ_OK;
    double          *mean, *var, *f, *h;

    OFZ_TRY(doubles_new(c->ctx, p.count, 4, &mean));
    var = mean + p.count;
    f   = var + p.count;
    h   = f + p.count;
    OFZ_GOTO(OFZ_BY_FLOAT(c, ofz_batch_stats, c->ctx, &p, c->in[0]->data, mean, var));
    for (int64_t i = 0; i < p.count; i++) {
        const double inverse = 1 / sqrt(var[i] + (double)a->epsilon);
        const double kept    = a->unbiased && n > 1 ? var[i] * n / (n - 1) : var[i];

        f[i] = at(c->in[1], i) * inverse;
        h[i] = at(c->in[2], i) - mean[i] * f[i];
        put(c->out, c->out_count, 1, i, at(c->in[3], i) * m + mean[i] * (1 - m));
        put(c->out, c->out_count, 2, i, at(c->in[4], i) * m + kept * (1 - m));
        put(c->out, c->out_count, 3, i, mean[i]);
        put(c->out, c->out_count, 4, i, saved_inverse ? inverse : var[i]);
    }
    OFZ_BY_FLOAT(c, ofz_affine_apply, c->ctx, &p, c->in[0]->data, f, h, c->out[0]->data);
done:
    free(mean);
    return st;
}

static ofz_status bn_training_run(ofz_eval_call *c)
{
    return bn_training(c, false);
}

static ofz_status bn_train_run(ofz_eval_call *c)
{
    return bn_training(c, true);
}

static bool wants_statistics(const ofz_eval_call *c)
{
    for (int k = 1; k < c->out_count; k++)
        if (c->out[k]) return true;
    return false;
}

/* Versions 1 and 6 train unless is_test is set, 7 and 9 when statistics are asked for, 14 and later
 * by attribute. A model of version 1 or 6 that asks for no statistics is read as an inference one.
 */
static ofz_status bn_eval_1(ofz_eval_call *c)
{
    const bn_attrs *a = c->attrs;

    return ofz_eval_floats(c,
                           !a->is_test && wants_statistics(c) ? bn_training_run : bn_inference_run);
}

static ofz_status bn_eval_7(ofz_eval_call *c)
{
    return ofz_eval_floats(c, wants_statistics(c) ? bn_training_run : bn_inference_run);
}

/* In inference form the statistics that come out are those that went in. */
static ofz_status bn_eval_14(ofz_eval_call *c)
{
    const bn_attrs *a = c->attrs;

    if (a->training_mode) return ofz_eval_floats(c, bn_training_run);
    for (int k = 1; k < c->out_count; k++)
        for (int64_t i = 0; c->out[k] && i < c->out[k]->count; i++)
            put(c->out, c->out_count, k, i, at(c->in[k + 2], i));
    return ofz_eval_floats(c, bn_inference_run);
}

static ofz_status bn_train_eval(ofz_eval_call *c)
{
    return ofz_eval_floats(c, bn_train_run);
}

/* --- gradients of the inference form: the statistics are constants ---------------------------- */

/* BatchNormGradX(dy, scale, var): dy * scale / sqrt(var + epsilon). */
static ofz_status bn_grad_x_run(ofz_eval_call *c)
{
    const bn_attrs  *a = c->attrs;
    const ofz_affine p = affine_of(c);
    double          *f, *h;

    OFZ_TRY(doubles_new(c->ctx, p.count, 2, &f));
    h = f + p.count;
    for (int64_t i = 0; i < p.count; i++) {
        f[i] = at(c->in[1], i) / sqrt(at(c->in[2], i) + (double)a->epsilon);
        h[i] = 0;
    }
    OFZ_BY_FLOAT(c, ofz_affine_apply, c->ctx, &p, c->in[0]->data, f, h, c->out[0]->data);
    free(f);
    return OFZ_OK;
}

/* BatchNormGradParams(dy, x, scale, mean, var) -> dscale, dshift, dmean, dvar. */
static ofz_status bn_grad_params_run(ofz_eval_call *c)
{
    const bn_attrs  *a  = c->attrs;
    const ofz_affine p  = affine_of(c);
    ofz_status       st = OFZ_OK;
    double          *mean, *sum, *dot;

    OFZ_TRY(doubles_new(c->ctx, p.count, 3, &mean));
    sum = mean + p.count;
    dot = sum + p.count;
    for (int64_t i = 0; i < p.count; i++) mean[i] = at(c->in[3], i);
    OFZ_GOTO(OFZ_BY_FLOAT(c, ofz_batch_sums, c->ctx, &p, c->in[0]->data, c->in[1]->data, mean, sum,
                          dot));
    for (int64_t i = 0; i < p.count; i++) {
        const double s = 1 / sqrt(at(c->in[4], i) + (double)a->epsilon), scale = at(c->in[2], i);

        put(c->out, c->out_count, 0, i, dot[i] * s);
        put(c->out, c->out_count, 1, i, sum[i]);
        put(c->out, c->out_count, 2, i, -sum[i] * scale * s);
        put(c->out, c->out_count, 3, i, -0.5 * dot[i] * scale * s * s * s);
    }
done:
    free(mean);
    return st;
}

static ofz_status bn_grad_params_infer(ofz_infer_call *c)
{
    for (int k = 0; k < c->out_count; k++)
        OFZ_TRY(ofz_infer_set(c, k, c->in[2]->dtype, c->in[2]->rank, c->in[2]->dim));
    return OFZ_OK;
}

/* --- gradients of the training form ----------------------------------------------------------- */

/* BatchNormTrainGrad(dy, x, scale) -> dx, dscale, dshift; statistics are computed anew from x. */
static ofz_status bn_train_grad_run(ofz_eval_call *c)
{
    const bn_attrs  *a  = c->attrs;
    const ofz_affine p  = affine_of(c);
    const double     n  = p.count ? (double)(p.total / p.count) : 0;
    ofz_status       st = OFZ_OK;
    double          *mean, *var, *sum, *dot, *f, *g, *h;

    OFZ_TRY(doubles_new(c->ctx, p.count, 7, &mean));
    var = mean + p.count;
    sum = var + p.count;
    dot = sum + p.count;
    f   = dot + p.count;
    g   = f + p.count;
    h   = g + p.count;
    OFZ_GOTO(OFZ_BY_FLOAT(c, ofz_batch_stats, c->ctx, &p, c->in[1]->data, mean, var));
    OFZ_GOTO(OFZ_BY_FLOAT(c, ofz_batch_sums, c->ctx, &p, c->in[0]->data, c->in[1]->data, mean, sum,
                          dot));
    for (int64_t i = 0; i < p.count; i++) {
        const double s = 1 / sqrt(var[i] + (double)a->epsilon);

        /* dx = scale s (dy - sum/n - (x - mean) s^2 dot/n) */
        f[i] = at(c->in[2], i) * s;
        g[i] = -f[i] * s * s * dot[i] / n;
        h[i] = -f[i] * sum[i] / n - mean[i] * g[i];
        put(c->out, c->out_count, 1, i, dot[i] * s);
        put(c->out, c->out_count, 2, i, sum[i]);
    }
    if (c->out[0])
        OFZ_BY_FLOAT(c, ofz_batch_grad_x, c->ctx, &p, c->in[0]->data, c->in[1]->data, f, g, h,
                     c->out[0]->data);
done:
    free(mean);
    return st;
}

static ofz_status bn_train_grad_infer(ofz_infer_call *c)
{
    OFZ_TRY(ofz_infer_same(c));
    for (int k = 1; k < c->out_count; k++)
        OFZ_TRY(ofz_infer_set(c, k, c->in[2]->dtype, c->in[2]->rank, c->in[2]->dim));
    return OFZ_OK;
}

static ofz_status emit_training(ofz_grad_call *g)
{
    ofz_value *const in[] = { g->dy[0], g->node->in[0], g->node->in[1] };
    ofz_value       *out[3];

    OFZ_TRY(ofz_emit(g, "ofz", "BatchNormTrainGrad", g->node, 3, in, 3, out));
    for (int i = 0; i < 3; i++)
        if (g->need[i]) g->dx[i] = out[i];
    return OFZ_OK;
}

static ofz_status emit_inference(ofz_grad_call *g)
{
    ofz_value *const *in  = g->node->in;
    ofz_value *const  x[] = { g->dy[0], in[1], in[4] };
    ofz_value *const  p[] = { g->dy[0], in[0], in[1], in[3], in[4] };
    ofz_value        *out[4];

    if (g->need[0]) OFZ_TRY(ofz_emit_grad(g, "BatchNormGradX", 3, x, &g->dx[0]));
    if (!g->need[1] && !g->need[2] && !g->need[3] && !g->need[4]) return OFZ_OK;
    OFZ_TRY(ofz_emit(g, "ofz", "BatchNormGradParams", g->node, 5, p, 4, out));
    for (int i = 1; i < 5; i++)
        if (g->need[i]) g->dx[i] = out[i - 1];
    return OFZ_OK;
}

static bool node_wants_statistics(const ofz_node *n)
{
    for (size_t k = 1; k < n->out_count; k++)
        if (n->out[k]) return true;
    return false;
}

static ofz_status bn_grad_1(ofz_grad_call *g)
{
    const bn_attrs *a = g->attrs;

    if (!g->dy[0]) return OFZ_OK;
    return !a->is_test && node_wants_statistics(g->node) ? emit_training(g) : emit_inference(g);
}

static ofz_status bn_grad_7(ofz_grad_call *g)
{
    if (!g->dy[0]) return OFZ_OK;
    return node_wants_statistics(g->node) ? emit_training(g) : emit_inference(g);
}

static ofz_status bn_grad_14(ofz_grad_call *g)
{
    const bn_attrs *a = g->attrs;

    if (!g->dy[0]) return OFZ_OK;
    return a->training_mode ? emit_training(g) : emit_inference(g);
}

static ofz_status bn_train_grad(ofz_grad_call *g)
{
    return g->dy[0] ? emit_training(g) : OFZ_OK;
}

#define EVAL(name)                                                                                 \
    static ofz_status name##_eval(ofz_eval_call *c)                                                \
    {                                                                                              \
        return ofz_eval_floats(c, name##_run);                                                     \
    }

EVAL(bn_grad_x)
EVAL(bn_grad_params)
EVAL(bn_train_grad)

/* --- the table -------------------------------------------------------------------------------- */

#define AT(field) offsetof(bn_attrs, field)
#define EPSILON                                                                                    \
    {                                                                                              \
        "epsilon", OFZ_ATTR_FLOAT, AT(epsilon), .f = 1e-5f                                         \
    }
#define MOMENTUM                                                                                   \
    {                                                                                              \
        "momentum", OFZ_ATTR_FLOAT, AT(momentum), .f = 0.9f                                        \
    }
#define IS_TEST                                                                                    \
    {                                                                                              \
        "is_test", OFZ_ATTR_INT, AT(is_test)                                                       \
    }
#define TRAINING                                                                                   \
    {                                                                                              \
        "training_mode", OFZ_ATTR_INT, AT(training_mode)                                           \
    }
#define UNBIASED                                                                                   \
    {                                                                                              \
        "unbiased", OFZ_ATTR_INT, AT(unbiased)                                                     \
    }
#define SPATIAL                                                                                    \
    {                                                                                              \
        "spatial", OFZ_ATTR_INT, OFZ_ATTR_IGNORED                                                  \
    }
#define CONSUMED                                                                                   \
    {                                                                                              \
        "consumed_inputs", OFZ_ATTR_INTS, OFZ_ATTR_IGNORED, .required = true                       \
    }

/* clang-format off */
static const ofz_attr_def bn1_def[]   = { EPSILON, MOMENTUM, IS_TEST, SPATIAL, CONSUMED, { 0 } };
static const ofz_attr_def bn6_def[]   = { EPSILON, MOMENTUM, IS_TEST, SPATIAL, { 0 } };
static const ofz_attr_def bn7_def[]   = { EPSILON, MOMENTUM, SPATIAL, { 0 } };
static const ofz_attr_def bn9_def[]   = { EPSILON, MOMENTUM, { 0 } };
static const ofz_attr_def bn14_def[]  = { EPSILON, MOMENTUM, TRAINING, { 0 } };
static const ofz_attr_def train_def[] = {
    EPSILON, MOMENTUM, UNBIASED, IS_TEST, TRAINING, SPATIAL, { "consumed_inputs", OFZ_ATTR_INTS, OFZ_ATTR_IGNORED }, { 0 },
};

#define ONE    { 1, 1 }
#define THREE  { 3, 3 }
#define FOUR   { 4, 4 }
#define FIVE   { 5, 5 }
#define UP5    { 1, 5 }
#define UP3    { 1, 3 }
#define PURE   OFZ_OP_PURE
#define A(def) def, sizeof(bn_attrs)

#define BN(since, out, def, eval, grad)                                                            \
    { "BatchNormalization", since, FIVE, out, PURE, A(def), bn_infer, eval, grad, "xghss" }
#define P(name, in, out, infer, eval, grad, roles)                                                 \
    { name, 1, in, out, PURE, A(train_def), infer, eval, grad, roles, "ofz" }

static const ofz_op rows[] = {
    BN(1, UP5, bn1_def, bn_eval_1, bn_grad_1),
    BN(6, UP5, bn6_def, bn_eval_1, bn_grad_1),
    BN(7, UP5, bn7_def, bn_eval_7, bn_grad_7),
    BN(9, UP5, bn9_def, bn_eval_7, bn_grad_7),
    BN(14, UP3, bn14_def, bn_eval_14, bn_grad_14),
    BN(15, UP3, bn14_def, bn_eval_14, bn_grad_14),
    P("BatchNormGradParams", FIVE, FOUR, bn_grad_params_infer, bn_grad_params_eval, NULL,
      "xxgss"),
    P("BatchNormGradX", THREE, ONE, ofz_infer_same, bn_grad_x_eval, NULL, "xgs"),
    P("BatchNormTrain", FIVE, UP5, bn_infer, bn_train_eval, bn_train_grad, "xghss"),
    P("BatchNormTrainGrad", THREE, THREE, bn_train_grad_infer, bn_train_grad_eval, NULL, "xxg"),
    { 0 },
};
/* clang-format on */
OFZ_OP_TABLE(norm_batch, rows);
