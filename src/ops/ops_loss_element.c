/* ops_loss_element.c - private rows of the losses that compare element by element, mean over all:
 * MseLoss, L1Loss, HuberLoss, BceLoss, BceLogitsLoss (prediction, target) -> scalar. Values and
 * slopes as PyTorch has them. The target may have any numeric type and any shape of as many
 * elements; it is data: no gradient flows to it. */
#include "ops/op.h"

#include "kernel/losses.h"
#include "ops/floats.h"
#include "ops/infer.h"

typedef struct huber_attrs {
    float delta;
} huber_attrs;

static ofz_status element_infer(ofz_infer_call *c)
{
    const ofz_tensor *x = c->in[0], *t = c->in[1];

    if (x->count >= 0 && t->count >= 0 && x->rank >= 0 && t->rank >= 0 && x->count != t->count)
        return ofz_fail(c->ctx, OFZ_E_DATA,
                        "targets: %" PRId64 " elements, want %" PRId64 " as predicted", t->count,
                        x->count);
    if (t->dtype == OFZ_STRING)
        return ofz_fail(c->ctx, OFZ_E_DATA, "targets: strings, want numbers");
    return ofz_infer_set(c, 0, x->dtype, 0, NULL);
}

/* The target in the type of the prediction: as it is, or converted into *copy. */
static ofz_status target_get(ofz_eval_call *c, ofz_tensor *copy, const void **data)
{
    const ofz_tensor *x = c->in[0], *t = c->in[1];

    *copy = (ofz_tensor){ 0 };
    *data = t->data;
    if (t->dtype == x->dtype) return OFZ_OK;
    OFZ_TRY(ofz_tensor_new(c->ctx, copy, x->dtype, t->rank, t->dim));
    for (int64_t i = 0; i < t->count; i++)
        ofz_elem_set_f64(x->dtype, copy->data, i, ofz_elem_f64(t->dtype, t->data, i));
    *data = copy->data;
    return OFZ_OK;
}

static ofz_status probabilities_check(ofz_ctx *ctx, const ofz_tensor *x)
{
    for (int64_t i = 0; i < x->count; i++) {
        const double p = ofz_elem_f64(x->dtype, x->data, i);

        if (p < 0 || p > 1)
            return ofz_fail(ctx, OFZ_E_NUMERIC,
                            "prediction %" PRId64 ": %.9g, want a probability within [0, 1]", i, p);
    }
    return OFZ_OK;
}

static ofz_status element_run(ofz_eval_call *c, ofz_element_loss kind, double delta)
{
    const ofz_tensor *x = c->in[0];
    const void       *t;
    ofz_tensor        copy;
    double            sum;

    if (kind == OFZ_ELEMENT_BCE) OFZ_TRY(probabilities_check(c->ctx, x));
    OFZ_TRY(target_get(c, &copy, &t));
    sum = OFZ_BY_FLOAT(c, ofz_element_loss, kind, delta, x->count, x->data, t);
    ofz_elem_set_f64(c->out[0]->dtype, c->out[0]->data, 0, x->count ? sum / (double)x->count : 0);
    ofz_tensor_release(&copy);
    return OFZ_OK;
}

/* (prediction, target, dloss) -> dprediction */
static ofz_status element_grad_run(ofz_eval_call *c, ofz_element_loss kind, double delta)
{
    const ofz_tensor *x = c->in[0], *dy = c->in[2];
    const double factor = x->count ? ofz_elem_f64(dy->dtype, dy->data, 0) / (double)x->count : 0;
    const void  *t;
    ofz_tensor   copy;

    OFZ_TRY(target_get(c, &copy, &t));
    OFZ_BY_FLOAT(c, ofz_element_grad, c->ctx, kind, delta, x->count, x->data, t, factor,
                 c->out[0]->data);
    ofz_tensor_release(&copy);
    return OFZ_OK;
}

static double delta_of(const void *attrs)
{
    return (double)((const huber_attrs *)attrs)->delta;
}

/* Define eval, gradient eval and grad of one loss. */
#define LOSS(name, ROW, KIND, DELTA)                                                               \
    static ofz_status name##_run(ofz_eval_call *c)                                                 \
    {                                                                                              \
        return element_run(c, KIND, DELTA);                                                        \
    }                                                                                              \
    static ofz_status name##_grad_run(ofz_eval_call *c)                                            \
    {                                                                                              \
        return element_grad_run(c, KIND, DELTA);                                                   \
    }                                                                                              \
    static ofz_status name##_eval(ofz_eval_call *c)                                                \
    {                                                                                              \
        return ofz_eval_floats(c, name##_run);                                                     \
    }                                                                                              \
    static ofz_status name##_grad_eval(ofz_eval_call *c)                                           \
    {                                                                                              \
        return ofz_eval_floats(c, name##_grad_run);                                                \
    }                                                                                              \
    static ofz_status name##_grad(ofz_grad_call *g)                                                \
    {                                                                                              \
        ofz_value *const in[] = { g->node->in[0], g->node->in[1], g->dy[0] };                      \
                                                                                                   \
        return g->need[0] ? ofz_emit_grad(g, ROW "Grad", 3, in, &g->dx[0]) : OFZ_OK;               \
    }

LOSS(mse, "MseLoss", OFZ_ELEMENT_MSE, 0)
LOSS(l1, "L1Loss", OFZ_ELEMENT_L1, 0)
LOSS(huber, "HuberLoss", OFZ_ELEMENT_HUBER, delta_of(c->attrs))
LOSS(bce, "BceLoss", OFZ_ELEMENT_BCE, 0)
LOSS(bce_logits, "BceLogitsLoss", OFZ_ELEMENT_BCE_LOGITS, 0)

static const ofz_attr_def huber_def[] = {
    { "delta", OFZ_ATTR_FLOAT, offsetof(huber_attrs, delta), .f = 1 },
    { 0 },
};

/* clang-format off */
#define ONE    { 1, 1 }
#define TWO    { 2, 2 }
#define THREE  { 3, 3 }
#define PURE   OFZ_OP_PURE
#define NONE   NULL, 0
#define HUBER  huber_def, sizeof(huber_attrs)
#define BOTH(ROW, attrs, name)                                                                     \
    { ROW, 1, TWO, ONE, PURE, attrs, element_infer, name##_eval, name##_grad, "x", "ofz" },        \
    { ROW "Grad", 1, THREE, ONE, PURE, attrs, ofz_infer_same, name##_grad_eval, NULL, "x", "ofz" }

static const ofz_op rows[] = {
    BOTH("BceLogitsLoss", NONE, bce_logits),
    BOTH("BceLoss", NONE, bce),
    BOTH("HuberLoss", HUBER, huber),
    BOTH("L1Loss", NONE, l1),
    BOTH("MseLoss", NONE, mse),
    { 0 },
};
/* clang-format on */
OFZ_OP_TABLE(loss_element, rows);
