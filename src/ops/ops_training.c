/* ops_training.c - ai.onnx.preview.training: Gradient, and one step of Adagrad, Adam or Momentum.
 * Source: ONNX Operators.md. Inputs of a step are the rate R, the count of steps T, then n tensors, their n
 * gradients and n (Adam: 2n) tensors of state; outputs are the tensors and states after the step. */
#include "ops/infer.h"

#include <math.h>
#include <string.h>

#include "ops/move.h"

typedef struct training_attrs {
    float      norm_coefficient, norm_coefficient_post, decay_factor, alpha, beta, epsilon;
    ofz_string mode;
} training_attrs;

/* --- shapes ----------------------------------------------------------------------------------- */

/* The tensor, its gradient and its states are of one type and shape. */
static ofz_status like_check(ofz_infer_call *c, int k, const ofz_tensor *x)
{
    const ofz_tensor *t = c->in[k];

    if (!t) return ofz_fail(c->ctx, OFZ_E_MODEL, "input %d: missing", k);
    if (x->dtype && t->dtype && x->dtype != t->dtype)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "input %d: %s, want %s", k, ofz_dtype_name(t->dtype),
                        ofz_dtype_name(x->dtype));
    if (x->rank < 0 || t->rank < 0) return OFZ_OK;
    OFZ_TRY(ofz_want_rank(c, k, x->rank));
    for (int i = 0; i < x->rank; i++) {
        int64_t dim;

        OFZ_TRY(ofz_unify(c->ctx, "tensor and its gradient or state", x->dim[i], t->dim[i], &dim));
    }
    return OFZ_OK;
}

/* states: how many tensors of state each tensor has. */
static ofz_status step_infer(ofz_infer_call *c, int states)
{
    const int group = 2 + states, n = (c->in_count - 2) / group;

    OFZ_TRY(ofz_want_scalar(c, 0));
    OFZ_TRY(ofz_want_scalar(c, 1));
    OFZ_TRY(ofz_want_ints(c, 1, false));
    if ((c->in_count - 2) % group)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "inputs: %d behind R and T, want a multiple of %d",
                        c->in_count - 2, group);
    if (c->out_count > n * (1 + states))
        return ofz_fail(c->ctx, OFZ_E_MODEL, "outputs: %d, want %d", c->out_count,
                        n * (1 + states));
    for (int i = 0; i < n; i++) {
        const ofz_tensor *x = c->in[2 + i];

        if (!x) return ofz_fail(c->ctx, OFZ_E_MODEL, "input %d: missing", 2 + i);
        if (x->dtype && x->dtype != OFZ_F32 && x->dtype != OFZ_F64)
            return ofz_fail(c->ctx, OFZ_E_UNSUPPORTED, "input %d: %s, want float32 or float64",
                            2 + i, ofz_dtype_name(x->dtype));
        for (int s = 0; s <= states; s++) {
            const int out = i + s * n;

            OFZ_TRY(like_check(c, 2 + (1 + s) * n + i, x));
            if (out < c->out_count) OFZ_TRY(ofz_infer_set(c, out, x->dtype, x->rank, x->dim));
        }
    }
    return OFZ_OK;
}

static ofz_status one_infer(ofz_infer_call *c)
{
    return step_infer(c, 1);
}

static ofz_status two_infer(ofz_infer_call *c)
{
    return step_infer(c, 2);
}

/* --- steps ------------------------------------------------------------------------------------ */

/* One element: before the step in x, g and state, after it in x and state. */
typedef struct element {
    double x, g, state[2];
} element;

typedef struct rates {
    double  r;
    int64_t t;
    bool    nesterov;
} rates;

typedef void element_fn(const training_attrs *a, const rates *r, element *e);

static void adagrad_element(const training_attrs *a, const rates *r, element *e)
{
    const double g    = (double)a->norm_coefficient * e->x + e->g;
    const double rate = r->r / (1 + (double)r->t * (double)a->decay_factor);

    e->state[0] += g * g;
    e->x -= rate * g / (sqrt(e->state[0]) + (double)a->epsilon);
}

static void adam_element(const training_attrs *a, const rates *r, element *e)
{
    const double alpha = a->alpha, beta = a->beta, t = (double)r->t;
    const double g    = (double)a->norm_coefficient * e->x + e->g;
    double       rate = r->r;

    if (r->t > 0) rate *= sqrt(1 - pow(beta, t)) / (1 - pow(alpha, t));
    e->state[0] = alpha * e->state[0] + (1 - alpha) * g;
    e->state[1] = beta * e->state[1] + (1 - beta) * g * g;
    e->x -= rate * e->state[0] / (sqrt(e->state[1]) + (double)a->epsilon);
    e->x *= 1 - (double)a->norm_coefficient_post;
}

static void momentum_element(const training_attrs *a, const rates *r, element *e)
{
    const double g = (double)a->norm_coefficient * e->x + e->g;

    e->state[0] = (double)a->alpha * e->state[0] + (r->t > 0 ? (double)a->beta : 1) * g;
    e->x -= r->r * (r->nesterov ? g + (double)a->alpha * e->state[0] : e->state[0]);
}

static void put(const ofz_eval_call *c, int k, int64_t i, double x)
{
    if (k < c->out_count && c->out[k]) ofz_elem_set_f64(c->out[k]->dtype, c->out[k]->data, i, x);
}

static ofz_status step_eval(ofz_eval_call *c, int states, const rates *r, element_fn *fn)
{
    const int n = (c->in_count - 2) / (2 + states);

    for (int k = 0; k < n; k++) {
        const ofz_tensor *const *in    = c->in + 2 + k;
        const ofz_dtype          dtype = in[0]->dtype;

        for (int64_t i = 0; i < in[0]->count; i++) {
            element e = { ofz_elem_f64(dtype, in[0]->data, i),
                          ofz_elem_f64(dtype, in[n]->data, i),
                          { 0, 0 } };

            for (int s = 0; s < states; s++)
                e.state[s] = ofz_elem_f64(dtype, in[(2 + s) * n]->data, i);
            fn(c->attrs, r, &e);
            put(c, k, i, e.x);
            for (int s = 0; s < states; s++) put(c, k + (1 + s) * n, i, e.state[s]);
        }
    }
    return OFZ_OK;
}

static rates rates_of(const ofz_eval_call *c)
{
    return (rates){ ofz_elem_f64(c->in[0]->dtype, c->in[0]->data, 0), ofz_int_at(c->in[1], 0),
                    false };
}

static ofz_status adagrad_eval(ofz_eval_call *c)
{
    const rates r = rates_of(c);

    return step_eval(c, 1, &r, adagrad_element);
}

static ofz_status adam_eval(ofz_eval_call *c)
{
    const rates r = rates_of(c);

    return step_eval(c, 2, &r, adam_element);
}

static ofz_status momentum_eval(ofz_eval_call *c)
{
    const ofz_string mode = ((const training_attrs *)c->attrs)->mode;
    rates            r    = rates_of(c);

    r.nesterov = mode.size == 8 && !memcmp(mode.text, "nesterov", 8);
    if (!r.nesterov && (mode.size != 8 || memcmp(mode.text, "standard", 8) != 0))
        return ofz_fail(c->ctx, OFZ_E_MODEL, "mode: '%.*s', want standard or nesterov",
                        (int)(mode.size < 60 ? mode.size : 60), mode.text ? mode.text : "");
    return step_eval(c, 1, &r, momentum_element);
}

/* --- Gradient -----------------------------------------------------------------------------------
 *
 * The row says what a Gradient node is; the pass of that name puts what computes it in its place. */

static ofz_status gradient_infer(ofz_infer_call *c)
{
    for (int k = 0; k < c->out_count; k++) {
        const ofz_tensor *x = k < c->in_count ? c->in[k] : NULL;

        OFZ_TRY(x ? ofz_infer_set(c, k, x->dtype, x->rank, x->dim)
                  : ofz_infer_unknown(c, k, OFZ_UNDEFINED));
    }
    return OFZ_OK;
}

/* --- the table ---------------------------------------------------------------------------------- */

#define AT(field) offsetof(training_attrs, field)

/* clang-format off */
static const ofz_attr_def adagrad_def[] = {
    { "norm_coefficient", OFZ_ATTR_FLOAT, AT(norm_coefficient) },
    { "decay_factor", OFZ_ATTR_FLOAT, AT(decay_factor) },
    { "epsilon", OFZ_ATTR_FLOAT, AT(epsilon), .f = 1e-6f },
    { 0 },
};
static const ofz_attr_def adam_def[] = {
    { "norm_coefficient", OFZ_ATTR_FLOAT, AT(norm_coefficient) },
    { "norm_coefficient_post", OFZ_ATTR_FLOAT, AT(norm_coefficient_post) },
    { "alpha", OFZ_ATTR_FLOAT, AT(alpha), .f = 0.9f },
    { "beta", OFZ_ATTR_FLOAT, AT(beta), .f = 0.999f },
    { "epsilon", OFZ_ATTR_FLOAT, AT(epsilon), .f = 1e-6f },
    { 0 },
};
static const ofz_attr_def gradient_def[] = {
    { "xs", OFZ_ATTR_STRINGS, OFZ_ATTR_IGNORED, true },
    { "y", OFZ_ATTR_STRING, OFZ_ATTR_IGNORED, true },
    { "zs", OFZ_ATTR_STRINGS, OFZ_ATTR_IGNORED },
    { 0 },
};
static const ofz_attr_def momentum_def[] = {
    { "norm_coefficient", OFZ_ATTR_FLOAT, AT(norm_coefficient), true },
    { "alpha", OFZ_ATTR_FLOAT, AT(alpha), true },
    { "beta", OFZ_ATTR_FLOAT, AT(beta), true },
    { "mode", OFZ_ATTR_STRING, AT(mode), true },
    { 0 },
};

#define MANY       { 3, OFZ_VARIADIC }, { 1, OFZ_VARIADIC }
#define ATTRS(def) def, sizeof(training_attrs)
#define DOMAIN     "x", "ai.onnx.preview.training"

static const ofz_op rows[] = {
    { "Adagrad", 1, MANY, OFZ_OP_PURE, ATTRS(adagrad_def), one_infer, adagrad_eval, NULL, DOMAIN },
    { "Adam", 1, MANY, OFZ_OP_PURE, ATTRS(adam_def), two_infer, adam_eval, NULL, DOMAIN },
    { "Gradient", 1, { 1, OFZ_VARIADIC }, { 1, OFZ_VARIADIC }, 0, gradient_def, 0, gradient_infer, NULL, NULL, DOMAIN },
    { "Momentum", 1, MANY, OFZ_OP_PURE, ATTRS(momentum_def), one_infer, momentum_eval, NULL, DOMAIN },
    { 0 },
};
/* clang-format on */
OFZ_OP_TABLE(training, rows);
