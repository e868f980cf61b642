/* convert_expand.c - operators in terms of those that were there before them. */
#include <string.h>

#include "pass/convert_rule.h"

/* A chain of nodes for one: every step is made beside it, the last one takes its output. */
typedef struct chain {
    ofz_conversion *c;
    ofz_node       *n;
    ofz_dtype       dtype;
    ofz_status      st; /* of the first step that failed */
} chain;

static chain chain_begin(ofz_conversion *c, ofz_node *n)
{
    chain k = { c, n, OFZ_UNDEFINED, OFZ_OK };

    k.st = ofz_cv_dtype(c, n, &k.dtype);
    return k;
}

static ofz_value *number(chain *k, const char *what, double x)
{
    ofz_value *v = NULL;

    if (!k->st) k->st = ofz_cv_number(k->c, k->n, what, k->dtype, x, &v);
    return v;
}

static ofz_value *one(chain *k, const char *op, ofz_value *x)
{
    ofz_value *v = NULL;

    if (!k->st) k->st = ofz_cv_unary(k->c, k->n, op, x, &v);
    return v;
}

static ofz_value *two(chain *k, const char *op, ofz_value *a, ofz_value *b)
{
    ofz_value *v = NULL;

    if (!k->st) k->st = ofz_cv_binary(k->c, k->n, op, a, b, &v);
    return v;
}

static ofz_status end(chain *k, const char *op, ofz_value *a, ofz_value *b)
{
    ofz_value *in[] = { a, b };

    if (!k->st) k->st = ofz_cv_finish(k->c, k->n, op, b ? 2 : 1, in, NULL, 0);
    return k->st;
}

/* --- activations ------------------------------------------------------------------------------ */

/* x (1 + erf(x / sqrt 2)) / 2, or with tanh(sqrt(2 / pi) (x + 0.044715 x^3)) */
OFZ_CONVERT(gelu)
{
    chain      k = chain_begin(c, n);
    ofz_value *x = ofz_cv_in(n, 0), *t, *half;

    if (ofz_cv_text_is(n, "approximate", "tanh", false)) {
        t = two(&k, "Mul", two(&k, "Mul", x, x), x);
        t = two(&k, "Add", x, two(&k, "Mul", t, number(&k, "cubic", 0.044715)));
        t = one(&k, "Tanh", two(&k, "Mul", t, number(&k, "scale", 0.79788456080286535588)));
    } else {
        t = one(&k, "Erf", two(&k, "Mul", x, number(&k, "scale", 0.70710678118654752440)));
    }
    t    = two(&k, "Add", t, number(&k, "one", 1));
    half = two(&k, "Mul", x, number(&k, "half", 0.5));
    return end(&k, "Mul", half, t);
}

OFZ_CONVERT(hard_swish)
{
    const ofz_attr attr[] = { { .name = "alpha", .type = OFZ_ATTR_FLOAT, .u.f = 1.0F / 6 },
                              { .name = "beta", .type = OFZ_ATTR_FLOAT, .u.f = 0.5F } };
    ofz_value     *x = ofz_cv_in(n, 0), *gate = NULL;

    OFZ_TRY(ofz_cv_emit(c, n, "HardSigmoid", 1, &x, attr, 2, &gate));
    return ofz_cv_finish(c, n, "Mul", 2, (ofz_value *[]){ x, gate }, NULL, 0);
}

OFZ_CONVERT(mish)
{
    chain      k = chain_begin(c, n);
    ofz_value *x = ofz_cv_in(n, 0);

    return end(&k, "Mul", x, one(&k, "Tanh", one(&k, "Softplus", x)));
}

OFZ_CONVERT(swish)
{
    const float alpha = ofz_cv_float(n, "alpha", 1);
    chain       k     = chain_begin(c, n);
    ofz_value  *x = ofz_cv_in(n, 0), *t = x;

    if (alpha != 1) t = two(&k, "Mul", x, number(&k, "alpha", (double)alpha));
    return end(&k, "Mul", x, one(&k, "Sigmoid", t));
}

/* alpha Elu(x / alpha) */
OFZ_CONVERT(celu)
{
    chain      k     = chain_begin(c, n);
    ofz_value *alpha = number(&k, "alpha", (double)ofz_cv_float(n, "alpha", 1));
    ofz_value *t     = one(&k, "Elu", two(&k, "Div", ofz_cv_in(n, 0), alpha));

    return end(&k, "Mul", t, alpha);
}

OFZ_CONVERT(thresholded_relu)
{
    chain      k     = chain_begin(c, n);
    ofz_value *x     = ofz_cv_in(n, 0);
    ofz_value *alpha = number(&k, "alpha", (double)ofz_cv_float(n, "alpha", 1));
    ofz_value *over  = two(&k, "Greater", x, alpha);
    ofz_value *zero  = number(&k, "zero", 0);

    if (k.st) return k.st;
    return ofz_cv_finish(c, n, "Where", 3, (ofz_value *[]){ over, x, zero }, NULL, 0);
}

/* --- comparisons ------------------------------------------------------------------------------ */

/* Not the negation of the other comparison: NaN is neither. */
static ofz_status or_equal(ofz_conversion *c, ofz_node *n, const char *op)
{
    chain      k = chain_begin(c, n);
    ofz_value *a = ofz_cv_in(n, 0), *b = ofz_cv_in(n, 1), *beyond = two(&k, op, a, b);

    return end(&k, "Or", beyond, two(&k, "Equal", a, b));
}

OFZ_CONVERT(greater_or_equal)
{
    return or_equal(c, n, "Greater");
}

OFZ_CONVERT(less_or_equal)
{
    return or_equal(c, n, "Less");
}

/* --- normalisation ---------------------------------------------------------------------------- */

/* All axes from `axis` on, counted from the end. */
static ofz_status tail_axes(ofz_conversion *c, const ofz_node *n, ofz_ints *out)
{
    int64_t axis = ofz_cv_int(n, "axis", -1), *x;
    int     rank = 0;
    size_t  count;

    if (axis >= 0) {
        OFZ_TRY(ofz_cv_rank(c, n, 0, &rank));
        axis -= rank;
    }
    if (axis >= 0 || axis < -OFZ_MAX_RANK)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "attribute axis: %" PRId64 ", want below the rank",
                        ofz_cv_int(n, "axis", -1));
    count = (size_t)-axis;
    x     = OFZ_NEWS(n->graph->arena, int64_t, count);
    if (!x) return ofz_fail_nomem(c->ctx, "axes", count * sizeof *x);
    for (size_t i = 0; i < count; i++) x[i] = axis + (int64_t)i;
    *out = (ofz_ints){ x, count };
    return OFZ_OK;
}

/* ReduceMean over the axes, as the version of this step has them: an input from 18 on. */
static ofz_value *mean(chain *k, ofz_value *x, ofz_ints axes)
{
    const ofz_attr attr = { .name = "axes", .type = OFZ_ATTR_INTS, .u.ints = axes };
    ofz_value     *in[] = { x, NULL }, *v = NULL;
    const bool     input = k->c->to >= 18;

    if (!k->st && input) k->st = ofz_cv_ints(k->c, k->n, "axes", axes.v, axes.count, false, &in[1]);
    if (!k->st)
        k->st = ofz_cv_emit(k->c, k->n, "ReduceMean", input ? 2 : 1, in, &attr, input ? 0 : 1, &v);
    return v;
}

/* Half floats are normalised in float32 when stash_type says so. */
static ofz_value *widen(chain *k, ofz_value *x, ofz_dtype *narrow)
{
    const ofz_dtype wide = (ofz_dtype)ofz_cv_int(k->n, "stash_type", OFZ_F32);
    ofz_value      *v    = NULL;

    *narrow = k->dtype;
    if (wide == k->dtype || k->dtype == OFZ_F64) return x;
    if (!k->st) k->st = ofz_cv_cast(k->c, k->n, x, wide, &v);
    k->dtype = wide;
    return v;
}

static ofz_value *back(chain *k, ofz_value *x, ofz_dtype narrow)
{
    ofz_value *v = NULL;

    if (narrow == k->dtype) return x;
    if (!k->st) k->st = ofz_cv_cast(k->c, k->n, x, narrow, &v);
    return v;
}

/* 1 / sqrt(mean(x^2) + epsilon) */
static ofz_value *inverse_deviation(chain *k, ofz_value *x, ofz_ints axes)
{
    ofz_value *epsilon = number(k, "epsilon", (double)ofz_cv_float(k->n, "epsilon", 1e-5F));
    ofz_value *t       = two(k, "Add", mean(k, two(k, "Mul", x, x), axes), epsilon);

    return one(k, "Reciprocal", one(k, "Sqrt", t));
}

/* Output `index` is this value: a node of the graph must make it. */
static void give_output(chain *k, size_t index, ofz_value *v)
{
    ofz_value *y = index < k->n->out_count ? k->n->out[index] : NULL;

    if (k->st || !y) return;
    ofz_node_set_output(k->n, index, NULL);
    k->st = ofz_cv_emit(k->c, k->n, "Identity", 1, &v, NULL, 0, &y);
}

OFZ_CONVERT(layer_norm)
{
    chain      k     = chain_begin(c, n);
    ofz_value *scale = ofz_cv_in(n, 1), *bias = ofz_cv_in(n, 2), *x, *m, *d, *r;
    ofz_dtype  narrow;
    ofz_ints   axes;

    OFZ_TRY(tail_axes(c, n, &axes));
    x = widen(&k, ofz_cv_in(n, 0), &narrow);
    m = mean(&k, x, axes);
    d = two(&k, "Sub", x, m);
    r = inverse_deviation(&k, d, axes);
    if (ofz_cv_out_read(n, 1)) give_output(&k, 1, m);
    if (ofz_cv_out_read(n, 2)) give_output(&k, 2, r);
    d = back(&k, two(&k, "Mul", d, r), narrow);
    if (!bias) return end(&k, "Mul", d, scale);
    return end(&k, "Add", two(&k, "Mul", d, scale), bias);
}

OFZ_CONVERT(rms_norm)
{
    chain      k     = chain_begin(c, n);
    ofz_value *scale = ofz_cv_in(n, 1), *x;
    ofz_dtype  narrow;
    ofz_ints   axes;

    OFZ_TRY(tail_axes(c, n, &axes));
    x = widen(&k, ofz_cv_in(n, 0), &narrow);
    x = two(&k, "Mul", x, inverse_deviation(&k, x, axes));
    return end(&k, "Mul", back(&k, x, narrow), scale);
}
