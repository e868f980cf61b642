/* ops_generate_random.c - rows that draw: RandomNormal, RandomUniform, their Like forms, Bernoulli,
 * Multinomial. A `seed` attribute makes a stream of its own, so that the node yields the same
 * numbers in every run; without one the numbers come from the run's stream. */
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "ops/move.h"

typedef struct random_attrs {
    int64_t  dtype, sample_size;
    ofz_ints shape;
    float    seed, a, b; /* a, b: mean and scale, or low and high */
} random_attrs;

static ofz_rng *stream_of(const ofz_eval_call *c, ofz_rng *own)
{
    const random_attrs *a = c->attrs;
    uint32_t            bits;

    if (!ofz_node_attr(c->node, "seed") && c->rng) return c->rng;
    memcpy(&bits, &a->seed, sizeof bits);
    ofz_rng_seed(own, bits);
    return own;
}

/* The attribute's type, or that of `like`; `any`: integers and booleans too. */
static ofz_status dtype_get(ofz_infer_call *c, const ofz_tensor *like, bool any, ofz_dtype *out)
{
    const int64_t   n = ((const random_attrs *)c->attrs)->dtype;
    const ofz_dtype d = n > 0 && n < 256 ? (ofz_dtype)n : !n && like ? like->dtype : OFZ_UNDEFINED;
    const ofz_dtype_class cls = ofz_dtype_get(d)->cls;

    *out = d;
    if (n == 0 && like && d == OFZ_UNDEFINED) return OFZ_OK; /* of an input that has no type yet */
    if (cls == OFZ_CLASS_FLOAT) return OFZ_OK;
    if (any && (cls == OFZ_CLASS_INT || cls == OFZ_CLASS_UINT || cls == OFZ_CLASS_BOOL))
        return OFZ_OK;
    return ofz_fail(c->ctx, OFZ_E_MODEL, "dtype: %" PRId64 ", want %s", n ? n : (int64_t)d,
                    any ? "a number or bool" : "a float type");
}

/* --- RandomNormal, RandomUniform -------------------------------------------------------------- */

static ofz_status shaped_infer(ofz_infer_call *c)
{
    const random_attrs *a = c->attrs;
    ofz_dtype           dtype;

    OFZ_TRY(dtype_get(c, NULL, false, &dtype));
    if (a->shape.count > OFZ_MAX_RANK)
        return ofz_fail(c->ctx, OFZ_E_LIMIT, "rank: %zu, want at most %d", a->shape.count,
                        OFZ_MAX_RANK);
    for (size_t i = 0; i < a->shape.count; i++)
        if (a->shape.v[i] < 0)
            return ofz_fail(c->ctx, OFZ_E_MODEL, "shape: %" PRId64 ", want 0 or more",
                            a->shape.v[i]);
    return ofz_infer_set(c, 0, dtype, (int)a->shape.count, a->shape.v);
}

static ofz_status like_infer_as(ofz_infer_call *c, bool any)
{
    ofz_dtype dtype;

    OFZ_TRY(dtype_get(c, c->in[0], any, &dtype));
    return ofz_infer_set(c, 0, dtype, c->in[0]->rank, c->in[0]->dim);
}

static ofz_status like_infer(ofz_infer_call *c)
{
    return like_infer_as(c, false);
}

static ofz_status normal_eval(ofz_eval_call *c)
{
    const random_attrs *a   = c->attrs;
    ofz_tensor         *out = c->out[0];
    ofz_rng             own, *rng = stream_of(c, &own);

    ofz_move_clear(out);
    for (int64_t i = 0; i < out->count; i++)
        ofz_elem_set_f64(out->dtype, out->data, i,
                         (double)a->a + (double)a->b * ofz_rng_normal(rng));
    return OFZ_OK;
}

/* Rounding to a narrow type may not reach `high`, which is excluded: such a draw is repeated, a few
 * times at most, because low == high would repeat for ever. */
static ofz_status uniform_eval(ofz_eval_call *c)
{
    const random_attrs *a   = c->attrs;
    ofz_tensor         *out = c->out[0];
    ofz_rng             own, *rng = stream_of(c, &own);

    ofz_move_clear(out);
    for (int64_t i = 0; i < out->count; i++) {
        int tries = 0;

        do
            ofz_elem_set_f64(out->dtype, out->data, i,
                             (double)a->a + ((double)a->b - (double)a->a) * ofz_rng_double(rng));
        while (ofz_elem_f64(out->dtype, out->data, i) >= (double)a->b && ++tries < 16);
    }
    return OFZ_OK;
}

/* --- Bernoulli, Multinomial ------------------------------------------------------------------- */

static ofz_status bernoulli_infer(ofz_infer_call *c)
{
    if (c->in[0]->dtype && !ofz_dtype_is_float(c->in[0]->dtype))
        return ofz_fail(c->ctx, OFZ_E_MODEL, "input 0: %s, want a float type",
                        ofz_dtype_name(c->in[0]->dtype));
    return like_infer_as(c, true);
}

static ofz_status bernoulli_eval(ofz_eval_call *c)
{
    const ofz_tensor *p   = c->in[0];
    ofz_tensor       *out = c->out[0];
    ofz_rng           own, *rng = stream_of(c, &own);

    ofz_move_clear(out);
    for (int64_t i = 0; i < out->count; i++)
        ofz_elem_set_f64(out->dtype, out->data, i,
                         ofz_rng_double(rng) < ofz_elem_f64(p->dtype, p->data, i) ? 1 : 0);
    return OFZ_OK;
}

static ofz_status multinomial_infer(ofz_infer_call *c)
{
    const random_attrs *a  = c->attrs;
    const ofz_tensor   *in = c->in[0];
    int64_t             dim[2];

    OFZ_TRY(ofz_want_rank(c, 0, 2));
    if (in->dtype && !ofz_dtype_is_float(in->dtype))
        return ofz_fail(c->ctx, OFZ_E_MODEL, "input 0: %s, want a float type",
                        ofz_dtype_name(in->dtype));
    if (a->dtype != OFZ_I32 && a->dtype != OFZ_I64)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "dtype: %" PRId64 ", want int32 or int64", a->dtype);
    if (a->sample_size < 1)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "sample_size: %" PRId64 ", want 1 or more",
                        a->sample_size);
    dim[0] = in->rank == 2 ? in->dim[0] : ofz_infer_fresh(c);
    dim[1] = a->sample_size;
    return ofz_infer_set(c, 0, (ofz_dtype)a->dtype, 2, dim);
}

/* The input holds unnormalised log probabilities. Each draw walks the cumulative sum of one row. */
static ofz_status multinomial_eval(ofz_eval_call *c)
{
    const ofz_tensor *in  = c->in[0];
    ofz_tensor       *out = c->out[0];
    const int64_t     n = in->dim[1], samples = out->dim[1];
    ofz_rng           own, *rng               = stream_of(c, &own);
    double           *sum;

    if (!out->count) return OFZ_OK;
    if (!n) return ofz_fail(c->ctx, OFZ_E_DATA, "input 0: no classes to draw from");
    OFZ_TRY(ofz_scratch(c->ctx, n, sizeof *sum, &sum));
    for (int64_t b = 0; b < in->dim[0]; b++) {
        double most = -INFINITY, total = 0;

        for (int64_t i = 0; i < n; i++)
            most = fmax(most, ofz_elem_f64(in->dtype, in->data, b * n + i));
        for (int64_t i = 0; i < n; i++) {
            total += exp(ofz_elem_f64(in->dtype, in->data, b * n + i) - most);
            sum[i] = total;
        }
        if (!(total > 0) || !isfinite(total)) {
            free(sum);
            return ofz_fail(c->ctx, OFZ_E_NUMERIC, "row %" PRId64 ": no distribution", b);
        }
        for (int64_t s = 0; s < samples; s++) {
            const double x = ofz_rng_double(rng) * total;
            int64_t      i = 0;

            while (i < n - 1 && sum[i] <= x) i++;
            ofz_elem_set_i64(out->dtype, out->data, b * samples + s, i);
        }
    }
    free(sum);
    return OFZ_OK;
}

/* --- the table -------------------------------------------------------------------------------- */

#define RANDOM OFZ_OP_RANDOM
#define SIZE   sizeof(random_attrs)
#define AT(f)  offsetof(random_attrs, f)

#define NORMAL_ATTRS                                                                               \
    { "mean", OFZ_ATTR_FLOAT, AT(a) }, { "scale", OFZ_ATTR_FLOAT, AT(b), .f = 1 },                 \
    {                                                                                              \
        "seed", OFZ_ATTR_FLOAT, AT(seed)                                                           \
    }
#define UNIFORM_ATTRS                                                                              \
    { "high", OFZ_ATTR_FLOAT, AT(b), .f = 1 }, { "low", OFZ_ATTR_FLOAT, AT(a) },                   \
    {                                                                                              \
        "seed", OFZ_ATTR_FLOAT, AT(seed)                                                           \
    }
#define SHAPE_ATTRS                                                                                \
    { "dtype", OFZ_ATTR_INT, AT(dtype), .i = OFZ_F32 },                                            \
    {                                                                                              \
        "shape", OFZ_ATTR_INTS, AT(shape), .required = true                                        \
    }

static const ofz_attr_def normal_def[]       = { SHAPE_ATTRS, NORMAL_ATTRS, { 0 } };
static const ofz_attr_def uniform_def[]      = { SHAPE_ATTRS, UNIFORM_ATTRS, { 0 } };
static const ofz_attr_def normal_like_def[]  = { { "dtype", OFZ_ATTR_INT, AT(dtype) },
                                                 NORMAL_ATTRS,
                                                 { 0 } };
static const ofz_attr_def uniform_like_def[] = { { "dtype", OFZ_ATTR_INT, AT(dtype) },
                                                 UNIFORM_ATTRS,
                                                 { 0 } };
static const ofz_attr_def bernoulli_def[]    = {
       { "dtype", OFZ_ATTR_INT, AT(dtype) },
       { "seed", OFZ_ATTR_FLOAT, AT(seed) },
       { 0 },
};
static const ofz_attr_def multinomial_def[] = {
    { "dtype", OFZ_ATTR_INT, AT(dtype), .i = OFZ_I32 },
    { "sample_size", OFZ_ATTR_INT, AT(sample_size), .i = 1 },
    { "seed", OFZ_ATTR_FLOAT, AT(seed) },
    { 0 },
};

#define ROW(name, v, ins, def, infer, eval)                                                        \
    {                                                                                              \
        name, v, { ins, ins }, { 1, 1 }, RANDOM, def, SIZE, infer, eval                            \
    }
#define LIKE(name, v, def, eval)                                                                   \
    {                                                                                              \
        name, v, { 1, 1 }, { 1, 1 }, RANDOM | OFZ_OP_SHAPE, def, SIZE, like_infer, eval            \
    }

static const ofz_op rows[] = {
    ROW("Bernoulli", 15, 1, bernoulli_def, bernoulli_infer, bernoulli_eval),
    ROW("Bernoulli", 22, 1, bernoulli_def, bernoulli_infer, bernoulli_eval),
    ROW("Multinomial", 7, 1, multinomial_def, multinomial_infer, multinomial_eval),
    ROW("Multinomial", 22, 1, multinomial_def, multinomial_infer, multinomial_eval),
    ROW("RandomNormal", 1, 0, normal_def, shaped_infer, normal_eval),
    ROW("RandomNormal", 22, 0, normal_def, shaped_infer, normal_eval),
    LIKE("RandomNormalLike", 1, normal_like_def, normal_eval),
    LIKE("RandomNormalLike", 22, normal_like_def, normal_eval),
    ROW("RandomUniform", 1, 0, uniform_def, shaped_infer, uniform_eval),
    ROW("RandomUniform", 22, 0, uniform_def, shaped_infer, uniform_eval),
    LIKE("RandomUniformLike", 1, uniform_like_def, uniform_eval),
    LIKE("RandomUniformLike", 22, uniform_like_def, uniform_eval),
    { 0 },
};
OFZ_OP_TABLE(generate_random, rows);
