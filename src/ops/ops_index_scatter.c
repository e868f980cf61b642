/* ops_index_scatter.c - rows that write by index: Scatter, ScatterElements, ScatterND, and their
 * gradients. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/threads.h"
#include "kernel/slices.h"
#include "ops/places.h"

typedef struct scatter_attrs {
    int64_t    axis;
    ofz_string reduction;
} scatter_attrs;

static ofz_status reduction_get(ofz_ctx *ctx, const scatter_attrs *a, ofz_reduction *out)
{
    static const char *const name[] = { "none", "add", "mul", "max", "min" };

    *out = OFZ_REDUCE_NONE;
    if (!a->reduction.text) return OFZ_OK;
    for (int k = 0; k < 5; k++)
        if (a->reduction.size == strlen(name[k]) &&
            !memcmp(a->reduction.text, name[k], a->reduction.size)) {
            *out = (ofz_reduction)k;
            return OFZ_OK;
        }
    return ofz_fail(ctx, OFZ_E_MODEL, "reduction: '%.*s', want none, add, mul, max or min",
                    (int)a->reduction.size, a->reduction.text);
}

static ofz_status reduction_check(ofz_infer_call *c)
{
    const ofz_dtype       dtype = c->in[0]->dtype;
    const ofz_dtype_class cls   = ofz_dtype_get(dtype)->cls;
    ofz_reduction         op;

    OFZ_TRY(reduction_get(c->ctx, c->attrs, &op));
    if (op != OFZ_REDUCE_NONE && (cls == OFZ_CLASS_STRING || cls == OFZ_CLASS_COMPLEX))
        return ofz_fail(c->ctx, OFZ_E_UNSUPPORTED, "reduction: of %s", ofz_dtype_name(dtype));
    return ofz_want_same_dtype(c, 2);
}

/* Which of the two operators a row is. */
typedef ofz_status places_fn(ofz_ctx *ctx, const scatter_attrs *a, const ofz_tensor *data,
                             const ofz_tensor *index, ofz_places *p);

static ofz_status elements_places(ofz_ctx *ctx, const scatter_attrs *a, const ofz_tensor *data,
                                  const ofz_tensor *index, ofz_places *p)
{
    int axis;

    OFZ_TRY(ofz_axis(ctx, a->axis, data->rank, &axis));
    return ofz_places_elements(ctx, data, index, axis, p);
}

static ofz_status nd_places(ofz_ctx *ctx, const scatter_attrs *a, const ofz_tensor *data,
                            const ofz_tensor *index, ofz_places *p)
{
    (void)a;
    return ofz_places_nd(ctx, data, index, 0, p);
}

/* The places, and as many updates as they need. */
static ofz_status places_checked(ofz_ctx *ctx, places_fn *find, const scatter_attrs *a,
                                 const ofz_tensor *data, const ofz_tensor *index,
                                 const ofz_tensor *updates, ofz_places *p)
{
    OFZ_TRY(find(ctx, a, data, index, p));
    if (!p->n || p->n * p->inner == updates->count) return OFZ_OK;
    ofz_places_free(p);
    return ofz_fail(ctx, OFZ_E_MODEL, "updates: %" PRId64 " elements, want as many as indices name",
                    updates->count);
}

static ofz_status scatter_eval_by(ofz_eval_call *c, places_fn *find)
{
    const ofz_tensor *data = c->in[0], *updates = c->in[2];
    ofz_tensor       *out  = c->out[0];
    const int         bits = ofz_bits(data->dtype);
    ofz_reduction     op;
    ofz_places        p;

    OFZ_TRY(reduction_get(c->ctx, c->attrs, &op));
    OFZ_TRY(places_checked(c->ctx, find, c->attrs, data, c->in[1], updates, &p));
    ofz_move_clear(out);
    ofz_copy_run(bits, data->data, 0, out->data, 0, data->count);
    if (op == OFZ_REDUCE_NONE)
        ofz_slices_scatter(bits, p.n, p.inner, p.at, updates->data, out->data);
    else
        ofz_slices_reduce(op, data->dtype, p.n, p.inner, p.at, updates->data, out->data);
    ofz_places_free(&p);
    return ofz_move_own(c->ctx, out);
}

/* --- ScatterElements, Scatter ----------------------------------------------------------------- */

static ofz_status elements_infer(ofz_infer_call *c)
{
    const scatter_attrs *a    = c->attrs;
    const ofz_tensor    *data = c->in[0], *index = c->in[1], *updates = c->in[2];
    int64_t              ignored;
    int                  axis = 0;

    OFZ_TRY(reduction_check(c));
    OFZ_TRY(ofz_want_ints(c, 1, true));
    if (data->rank >= 0) OFZ_TRY(ofz_axis(c->ctx, a->axis, data->rank, &axis));
    if (data->rank >= 0 && index->rank >= 0) OFZ_TRY(ofz_want_elements(c->ctx, data, index, axis));
    if (index->rank >= 0) OFZ_TRY(ofz_want_rank(c, 2, index->rank));
    for (int i = 0; i < index->rank && updates->rank == index->rank; i++)
        OFZ_TRY(ofz_unify(c->ctx, "updates", index->dim[i], updates->dim[i], &ignored));
    return ofz_infer_same(c);
}

static ofz_status elements_eval(ofz_eval_call *c)
{
    return scatter_eval_by(c, elements_places);
}

/* --- ScatterND -------------------------------------------------------------------------------- */

static ofz_status nd_infer(ofz_infer_call *c)
{
    const ofz_tensor *data = c->in[0], *index = c->in[1], *updates = c->in[2];
    int64_t           ignored;
    int               depth, at = 0;

    OFZ_TRY(reduction_check(c));
    OFZ_TRY(ofz_want_ints(c, 1, false));
    OFZ_TRY(ofz_want_nd(c->ctx, data, index, 0, &depth));
    if (data->rank >= 0 && index->rank >= 0 && depth >= 0) {
        OFZ_TRY(ofz_want_rank(c, 2, index->rank - 1 + data->rank - depth));
        for (int i = 0; i < index->rank - 1 && updates->rank >= 0; i++)
            OFZ_TRY(ofz_unify(c->ctx, "updates", index->dim[i], updates->dim[at++], &ignored));
        for (int i = depth; i < data->rank && updates->rank >= 0; i++)
            OFZ_TRY(ofz_unify(c->ctx, "updates", data->dim[i], updates->dim[at++], &ignored));
    }
    return ofz_infer_same(c);
}

static ofz_status nd_eval(ofz_eval_call *c)
{
    return scatter_eval_by(c, nd_places);
}

/* --- gradients -------------------------------------------------------------------------------- */

/* ofz.<..>Grad(dy, data, indices, updates, y) -> (d data, d updates). */
static ofz_status emit_grad_of(ofz_grad_call *g, const char *op_type)
{
    const ofz_node *n     = g->node;
    ofz_value      *in[]  = { g->dy[0], n->in[0], n->in[1], n->in[2], n->out[0] };
    ofz_value      *out[] = { NULL, NULL };

    if (!g->need[0] && !g->need[2]) return OFZ_OK;
    OFZ_TRY(ofz_emit(g, "ofz", op_type, n, 5, in, 2, out));
    if (g->need[0]) g->dx[0] = out[0];
    if (g->need[2]) g->dx[2] = out[1];
    return OFZ_OK;
}

static ofz_status elements_grad(ofz_grad_call *g)
{
    return emit_grad_of(g, "ScatterElementsGrad");
}

static ofz_status nd_grad(ofz_grad_call *g)
{
    return emit_grad_of(g, "ScatterNDGrad");
}

static ofz_status grad_infer(ofz_infer_call *c)
{
    OFZ_TRY(ofz_want_ints(c, 2, true));
    OFZ_TRY(ofz_infer_set(c, 0, c->in[0]->dtype, c->in[1]->rank, c->in[1]->dim));
    return ofz_infer_set(c, 1, c->in[0]->dtype, c->in[3]->rank, c->in[3]->dim);
}

/* Everything a gradient needs, as numbers. Reals are read through at_() because their width varies.
 * */
typedef struct scatter_grad {
    ofz_reals     dy, data, updates, y, ddata, dupdates;
    ofz_places    p;
    ofz_reduction op;
    int64_t       count;
} scatter_grad;

static double real_at(const ofz_reals *r, int64_t i)
{
    return r->wide ? ((const double *)r->data)[i] : (double)((const float *)r->data)[i];
}

static void real_set(ofz_reals *r, int64_t i, double x)
{
    if (r->wide)
        ((double *)r->data)[i] = x;
    else
        ((float *)r->data)[i] = (float)x;
}

/* Only the last update of a place is seen in y. */
static ofz_status grad_none(ofz_ctx *ctx, scatter_grad *s)
{
    char *taken;

    OFZ_TRY(ofz_scratch(ctx, s->count, 1, &taken));
    for (int64_t i = s->p.n - 1; i >= 0; i--)
        for (int64_t k = 0; k < s->p.inner; k++) {
            const int64_t at = s->p.at[i] + k;

            real_set(&s->dupdates, i * s->p.inner + k, taken[at] ? 0 : real_at(&s->dy, at));
            real_set(&s->ddata, at, 0);
            taken[at] = 1;
        }
    free(taken);
    return OFZ_OK;
}

/* d(product)/dv is the product of the others: P / v, or when v is the only zero, the product of the
 * rest. */
static double product_without(double nonzero, int64_t zeros, double v)
{
    if (v != 0) return zeros ? 0 : nonzero / v;
    return zeros == 1 ? nonzero : 0;
}

static ofz_status grad_mul(ofz_ctx *ctx, scatter_grad *s)
{
    double    *nonzero = NULL;
    int64_t   *zeros   = NULL;
    ofz_status st      = OFZ_OK;

    OFZ_GOTO(ofz_scratch(ctx, s->count, sizeof *nonzero, &nonzero));
    OFZ_GOTO(ofz_scratch(ctx, s->count, sizeof *zeros, &zeros));
    for (int64_t i = 0; i < s->count; i++) {
        const double v = real_at(&s->data, i);

        nonzero[i] = v != 0 ? v : 1;
        zeros[i]   = v == 0;
    }
    for (int64_t i = 0; i < s->p.n * s->p.inner; i++) {
        const int64_t at = s->p.at[i / s->p.inner] + i % s->p.inner;
        const double  v  = real_at(&s->updates, i);

        if (v != 0)
            nonzero[at] *= v;
        else
            zeros[at]++;
    }
    for (int64_t i = 0; i < s->p.n * s->p.inner; i++) {
        const int64_t at = s->p.at[i / s->p.inner] + i % s->p.inner;

        real_set(&s->dupdates, i,
                 real_at(&s->dy, at) *
                     product_without(nonzero[at], zeros[at], real_at(&s->updates, i)));
    }
    for (int64_t i = 0; i < s->count; i++)
        real_set(&s->ddata, i,
                 real_at(&s->dy, i) * product_without(nonzero[i], zeros[i], real_at(&s->data, i)));
done:
    free(nonzero);
    free(zeros);
    return st;
}

/* Among all that equal the extreme the gradient is divided evenly, as in PyTorch's scatter_reduce.
 * */
static ofz_status grad_extreme(ofz_ctx *ctx, scatter_grad *s)
{
    int64_t *ties;

    OFZ_TRY(ofz_scratch(ctx, s->count, sizeof *ties, &ties));
    for (int64_t i = 0; i < s->count; i++) ties[i] = real_at(&s->data, i) == real_at(&s->y, i);
    for (int64_t i = 0; i < s->p.n * s->p.inner; i++) {
        const int64_t at = s->p.at[i / s->p.inner] + i % s->p.inner;

        ties[at] += real_at(&s->updates, i) == real_at(&s->y, at);
    }
    for (int64_t i = 0; i < s->p.n * s->p.inner; i++) {
        const int64_t at = s->p.at[i / s->p.inner] + i % s->p.inner;

        if (real_at(&s->updates, i) == real_at(&s->y, at))
            real_set(&s->dupdates, i, real_at(&s->dy, at) / (double)ties[at]);
    }
    for (int64_t i = 0; i < s->count; i++)
        real_set(&s->ddata, i,
                 real_at(&s->data, i) == real_at(&s->y, i) ? real_at(&s->dy, i) / (double)ties[i]
                                                           : 0);
    free(ties);
    return OFZ_OK;
}

static ofz_status grad_compute(ofz_ctx *ctx, scatter_grad *s)
{
    for (int64_t i = 0; i < s->count; i++) real_set(&s->ddata, i, real_at(&s->dy, i));
    switch (s->op) {
    case OFZ_REDUCE_NONE:
        return grad_none(ctx, s);
    case OFZ_REDUCE_MUL:
        return grad_mul(ctx, s);
    case OFZ_REDUCE_MAX:
    case OFZ_REDUCE_MIN:
        return grad_extreme(ctx, s);
    default:
        break;
    }
    for (int64_t i = 0; i < s->p.n * s->p.inner; i++)
        real_set(&s->dupdates, i, real_at(&s->dy, s->p.at[i / s->p.inner] + i % s->p.inner));
    return OFZ_OK;
}

static ofz_status grad_eval_by(ofz_eval_call *c, places_fn *find)
{
    const ofz_tensor *data = c->in[1], *updates = c->in[3];
    ofz_tensor        scratch[2] = { { 0 }, { 0 } };
    ofz_tensor       *out[2];
    scatter_grad      s = { .count = data->count };
    ofz_status        st;

    if (c->in[0]->count != data->count || c->in[4]->count != data->count)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "gradient: %" PRId64 " elements, want %" PRId64,
                        c->in[0]->count, data->count);
    /* both gradients are computed together; one that nobody wants goes to scratch */
    for (int k = 0; k < 2; k++) {
        const ofz_tensor *like = k ? updates : data;

        out[k] = k < c->out_count && c->out[k] ? c->out[k] : &scratch[k];
        if (out[k] == &scratch[k])
            OFZ_GOTO(ofz_tensor_new(c->ctx, out[k], c->in[0]->dtype, like->rank, like->dim));
    }
    OFZ_GOTO(reduction_get(c->ctx, c->attrs, &s.op));
    OFZ_GOTO(places_checked(c->ctx, find, c->attrs, data, c->in[2], updates, &s.p));
    OFZ_GOTO(ofz_reals_open(c->ctx, c->in[0], true, &s.dy));
    OFZ_GOTO(ofz_reals_open(c->ctx, data, true, &s.data));
    OFZ_GOTO(ofz_reals_open(c->ctx, updates, true, &s.updates));
    OFZ_GOTO(ofz_reals_open(c->ctx, c->in[4], true, &s.y));
    OFZ_GOTO(ofz_reals_open(c->ctx, out[0], false, &s.ddata));
    OFZ_GOTO(ofz_reals_open(c->ctx, out[1], false, &s.dupdates));
    st = grad_compute(c->ctx, &s);
done:
    ofz_reals_close(&s.dy, NULL);
    ofz_reals_close(&s.data, NULL);
    ofz_reals_close(&s.updates, NULL);
    ofz_reals_close(&s.y, NULL);
    ofz_reals_close(&s.ddata, st ? NULL : out[0]);
    ofz_reals_close(&s.dupdates, st ? NULL : out[1]);
    ofz_places_free(&s.p);
    ofz_tensor_release(&scratch[0]);
    ofz_tensor_release(&scratch[1]);
    return st;
}

static ofz_status elements_grad_eval(ofz_eval_call *c)
{
    return grad_eval_by(c, elements_places);
}

static ofz_status nd_grad_eval(ofz_eval_call *c)
{
    return grad_eval_by(c, nd_places);
}

/* --- the table -------------------------------------------------------------------------------- */

#define PURE OFZ_OP_PURE
#define SIZE sizeof(scatter_attrs)

static const ofz_attr_def axis_def[] = {
    { "axis", OFZ_ATTR_INT, offsetof(scatter_attrs, axis) },
    { 0 },
};
static const ofz_attr_def elements16_def[] = {
    { "axis", OFZ_ATTR_INT, offsetof(scatter_attrs, axis) },
    { "reduction", OFZ_ATTR_STRING, offsetof(scatter_attrs, reduction), .s = "none" },
    { 0 },
};
static const ofz_attr_def nd16_def[] = {
    { "reduction", OFZ_ATTR_STRING, offsetof(scatter_attrs, reduction), .s = "none" },
    { 0 },
};

#define ELEMENTS(name, v, def)                                                                     \
    {                                                                                              \
        name, v, { 3, 3 }, { 1, 1 }, PURE, def, SIZE, elements_infer, elements_eval,               \
            elements_grad, "xix"                                                                   \
    }
#define ND(v, def)                                                                                 \
    {                                                                                              \
        "ScatterND", v, { 3, 3 }, { 1, 1 }, PURE, def, SIZE, nd_infer, nd_eval, nd_grad, "xix"     \
    }

static const ofz_op rows[] = {
    { "Scatter",
      9,
      { 3, 3 },
      { 1, 1 },
      PURE,
      axis_def,
      SIZE,
      elements_infer,
      elements_eval,
      elements_grad,
      "xix" },
    { "Scatter", 11, { 3, 3 }, { 1, 1 }, .instead = "ScatterElements" },
    ELEMENTS("ScatterElements", 11, axis_def),
    ELEMENTS("ScatterElements", 13, axis_def),
    ELEMENTS("ScatterElements", 16, elements16_def),
    ELEMENTS("ScatterElements", 18, elements16_def),
    ND(11, NULL),
    ND(13, NULL),
    ND(16, nd16_def),
    ND(18, nd16_def),
    { "ScatterElementsGrad",
      1,
      { 5, 5 },
      { 1, 2 },
      PURE,
      elements16_def,
      SIZE,
      grad_infer,
      elements_grad_eval,
      .domain = "ofz" },
    { "ScatterNDGrad",
      1,
      { 5, 5 },
      { 1, 2 },
      PURE,
      nd16_def,
      SIZE,
      grad_infer,
      nd_grad_eval,
      .domain = "ofz" },
    { 0 },
};
OFZ_OP_TABLE(index_scatter, rows);
