/* ops_dropout.c - Dropout, and the private row that training puts in its place.
 * Source: ONNX Operators.md. With a seed the numbers are those of numpy's legacy generator, else of
 * the run's stream; an element is kept where its number in [0, 1) is at least the ratio. */
#include "ops/op.h"

#include <string.h>

#include "base/rng.h"
#include "ops/infer.h"

typedef struct dropout_attrs {
    float   ratio;
    int64_t seed, is_test;
} dropout_attrs;

/* --- shapes ----------------------------------------------------------------------------------- */

static ofz_status dropout_infer_as(ofz_infer_call *c, ofz_dtype mask)
{
    OFZ_TRY(ofz_infer_same(c));
    return ofz_infer_set(c, 1, mask, c->in[0]->rank, c->in[0]->dim);
}

static ofz_status dropout_infer_1(ofz_infer_call *c)
{
    return dropout_infer_as(c, c->in[0]->dtype);
}

static ofz_status dropout_infer_10(ofz_infer_call *c)
{
    return dropout_infer_as(c, OFZ_BOOL);
}

/* --- eval ------------------------------------------------------------------------------------- */

static ofz_tensor *mask_of(const ofz_eval_call *c)
{
    return c->out_count > 1 ? c->out[1] : NULL;
}

static ofz_status pass_through(ofz_eval_call *c)
{
    ofz_tensor *mask = mask_of(c);

    if (c->in[0]->size) memcpy(c->out[0]->data, c->in[0]->data, c->in[0]->size);
    for (int64_t i = 0; mask && i < mask->count; i++)
        ofz_elem_set_f64(mask->dtype, mask->data, i, 1);
    return OFZ_OK;
}

/* x scaled by `scale`, or 0. */
static void keep(const ofz_tensor *x, int64_t i, bool kept, double scale, ofz_tensor *y)
{
    if (x->dtype == OFZ_F32)
        ((float *)y->data)[i] = kept ? ((const float *)x->data)[i] * (float)scale : 0;
    else if (x->dtype == OFZ_F64)
        ((double *)y->data)[i] = kept ? ((const double *)x->data)[i] * scale : 0;
    else
        ofz_elem_set_f64(y->dtype, y->data, i,
                         kept ? ofz_elem_f64(x->dtype, x->data, i) * scale : 0);
}

static ofz_status ratio_check(ofz_ctx *ctx, double ratio)
{
    if (ratio >= 0 && ratio <= 1) return OFZ_OK;
    return ofz_fail(ctx, OFZ_E_MODEL, "ratio: %.9g, want within [0, 1]", ratio);
}

static ofz_status drop(ofz_eval_call *c, double ratio)
{
    const dropout_attrs *a      = c->attrs;
    const bool           seeded = ofz_node_attr(c->node, "seed") != NULL;
    const double         scale  = ratio < 1 ? 1 / (1 - ratio) : 0;
    ofz_tensor          *mask   = mask_of(c);
    ofz_mt19937          twister;

    OFZ_TRY(ratio_check(c->ctx, ratio));
    if (ratio == 0) return pass_through(c);
    if (seeded) ofz_mt19937_seed(&twister, (uint32_t)a->seed);
    for (int64_t i = 0; i < c->in[0]->count; i++) {
        const double u    = seeded ? ofz_mt19937_double(&twister) : ofz_rng_double(c->rng);
        const bool   kept = u >= ratio;

        keep(c->in[0], i, kept, scale, c->out[0]);
        if (mask && mask->dtype == OFZ_BOOL)
            ((uint8_t *)mask->data)[i] = kept;
        else if (mask)
            ofz_elem_set_f64(mask->dtype, mask->data, i, kept);
    }
    return OFZ_OK;
}

static ofz_status dropout_eval_1(ofz_eval_call *c)
{
    const dropout_attrs *a = c->attrs;

    return a->is_test ? pass_through(c) : drop(c, (double)a->ratio);
}

static const ofz_tensor *input(const ofz_eval_call *c, int k)
{
    return k < c->in_count && c->in[k] && c->in[k]->count ? c->in[k] : NULL;
}

/* The ratio is input k, or `missing`. */
static double ratio_of(const ofz_eval_call *c, int k, double missing)
{
    const ofz_tensor *t = input(c, k);

    return t ? ofz_elem_f64(t->dtype, t->data, 0) : missing;
}

static bool training_of(const ofz_eval_call *c, int k)
{
    const ofz_tensor *t = input(c, k);

    return t && ofz_elem_f64(t->dtype, t->data, 0) != 0;
}

static ofz_status dropout_eval_12(ofz_eval_call *c)
{
    return training_of(c, 2) ? drop(c, ratio_of(c, 1, 0.5)) : pass_through(c);
}

static ofz_status private_eval(ofz_eval_call *c)
{
    const dropout_attrs *a = c->attrs;

    return drop(c, ratio_of(c, 1, (double)a->ratio));
}

/* DropoutGrad(dy, mask, ratio or none, training or none): absent `training` means that it is on. */
static ofz_status grad_eval(ofz_eval_call *c)
{
    const dropout_attrs *a  = c->attrs;
    const ofz_tensor    *dy = c->in[0], *mask = c->in[1];
    const bool           training = c->in_count < 4 || !c->in[3] || training_of(c, 3);
    const double         ratio    = training ? ratio_of(c, 2, (double)a->ratio) : 0;
    const double         scale    = ratio < 1 ? 1 / (1 - ratio) : 0;

    OFZ_TRY(ratio_check(c->ctx, ratio));
    if (mask->count != dy->count)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "mask: %" PRId64 " elements, want %" PRId64,
                        mask->count, dy->count);
    for (int64_t i = 0; i < dy->count; i++) {
        const bool kept = mask->dtype == OFZ_BOOL ? ((const uint8_t *)mask->data)[i] != 0
                                                  : ofz_elem_f64(mask->dtype, mask->data, i) != 0;

        keep(dy, i, kept, scale, c->out[0]);
    }
    return OFZ_OK;
}

/* --- gradients -------------------------------------------------------------------------------- */

static ofz_status pass_through_grad(ofz_grad_call *g)
{
    if (g->need[0]) g->dx[0] = g->dy[0];
    return OFZ_OK;
}

static ofz_value *input_value(const ofz_node *n, size_t k)
{
    return k < n->in_count ? n->in[k] : NULL;
}

static ofz_status emit_masked(ofz_grad_call *g, ofz_value *ratio, ofz_value *training)
{
    ofz_value *const mask = g->node->out_count > 1 ? g->node->out[1] : NULL;
    ofz_value *const in[] = { g->dy[0], mask, ratio, training };

    if (!g->need[0] || !g->dy[0]) return OFZ_OK;
    if (!mask)
        return ofz_fail(g->ctx, OFZ_E_UNSUPPORTED,
                        "training mode without a mask output: its gradient needs one");
    return ofz_emit_grad(g, "DropoutGrad", 4, in, &g->dx[0]);
}

static ofz_status dropout_grad_1(ofz_grad_call *g)
{
    const dropout_attrs *a = g->attrs;

    return a->is_test ? pass_through_grad(g) : emit_masked(g, NULL, NULL);
}

/* Off unless training_mode is there and not a constant false. */
static ofz_status dropout_grad_12(ofz_grad_call *g)
{
    ofz_value *const  training = input_value(g->node, 2);
    const ofz_tensor *constant = training ? training->constant : NULL;

    if (!training ||
        (constant && constant->count == 1 && ofz_elem_f64(constant->dtype, constant->data, 0) == 0))
        return pass_through_grad(g);
    return emit_masked(g, input_value(g->node, 1), training);
}

static ofz_status private_grad(ofz_grad_call *g)
{
    return emit_masked(g, input_value(g->node, 1), NULL);
}

/* --- the table -------------------------------------------------------------------------------- */

#define AT(field) offsetof(dropout_attrs, field)
#define RATIO                                                                                      \
    {                                                                                              \
        "ratio", OFZ_ATTR_FLOAT, AT(ratio), .f = 0.5f                                              \
    }
#define SEED                                                                                       \
    {                                                                                              \
        "seed", OFZ_ATTR_INT, AT(seed)                                                             \
    }
#define IS_TEST                                                                                    \
    {                                                                                              \
        "is_test", OFZ_ATTR_INT, AT(is_test)                                                       \
    }
#define IGNORED                                                                                    \
    {                                                                                              \
        "consumed_inputs", OFZ_ATTR_INTS, OFZ_ATTR_IGNORED                                         \
    }

/* clang-format off */
static const ofz_attr_def def_1[]       = { RATIO, IS_TEST, IGNORED, { 0 } };
static const ofz_attr_def def_6[]       = { RATIO, IS_TEST, { 0 } };
static const ofz_attr_def def_7[]       = { RATIO, { 0 } };
/* The ratio of these versions is an input that defaults to 0.5. */
static const ofz_attr_def def_12[]      = { SEED, { 0 } };
static const ofz_attr_def private_def[] = { RATIO, SEED, { 0 } };
static const ofz_attr_def grad_def[]    = { RATIO, SEED, IS_TEST, IGNORED, { 0 } };

#define ONE    { 1, 1 }
#define UP2    { 1, 2 }
#define UP3    { 1, 3 }
#define PURE   OFZ_OP_PURE
#define RANDOM OFZ_OP_RANDOM
#define A(def) def, sizeof(dropout_attrs)
#define OLD(since, flags, def, infer, eval, grad)                                                  \
    { "Dropout", since, ONE, UP2, flags, A(def), infer, eval, grad, "x" }
#define NEW(since)                                                                                 \
    { "Dropout", since, UP3, UP2, RANDOM, A(def_12), dropout_infer_10, dropout_eval_12,            \
      dropout_grad_12, "xii" }

static const ofz_op rows[] = {
    OLD(1, RANDOM, def_1, dropout_infer_1, dropout_eval_1, dropout_grad_1),
    OLD(6, RANDOM, def_6, dropout_infer_1, dropout_eval_1, dropout_grad_1),
    OLD(7, PURE, def_7, dropout_infer_1, pass_through, pass_through_grad),
    OLD(10, PURE, def_7, dropout_infer_10, pass_through, pass_through_grad),
    NEW(12), NEW(13), NEW(22),
    { "Dropout", 1, UP2, UP2, RANDOM, A(private_def), dropout_infer_10, private_eval, private_grad,
      "xi", "ofz" },
    { "DropoutGrad", 1, { 2, 4 }, ONE, PURE, A(grad_def), ofz_infer_same, grad_eval, NULL, "xmii",
      "ofz" },
    { 0 },
};
/* clang-format on */
OFZ_OP_TABLE(dropout, rows);
