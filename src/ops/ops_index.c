/* ops_index.c - rows that read by index: Gather, GatherElements, GatherND, and their gradients,
 * which add into zeros at the same places. */
#include <stddef.h>
#include <string.h>

#include "base/threads.h"
#include "kernel/slices.h"
#include "ops/places.h"

typedef struct gather_attrs {
    int64_t axis, batch_dims;
} gather_attrs;

/* How the three operators find their places; indices are given apart because gradients have them at
 * another input. */
typedef ofz_status places_fn(ofz_ctx *ctx, const gather_attrs *a, const ofz_tensor *data,
                             const ofz_tensor *index, ofz_places *p);

static ofz_status gather_places(ofz_ctx *ctx, const gather_attrs *a, const ofz_tensor *data,
                                const ofz_tensor *index, ofz_places *p)
{
    int axis;

    OFZ_TRY(ofz_axis(ctx, a->axis, data->rank, &axis));
    return ofz_places_axis(ctx, data, index, axis, p);
}

static ofz_status elements_places(ofz_ctx *ctx, const gather_attrs *a, const ofz_tensor *data,
                                  const ofz_tensor *index, ofz_places *p)
{
    int axis;

    OFZ_TRY(ofz_axis(ctx, a->axis, data->rank, &axis));
    return ofz_places_elements(ctx, data, index, axis, p);
}

static ofz_status nd_places(ofz_ctx *ctx, const gather_attrs *a, const ofz_tensor *data,
                            const ofz_tensor *index, ofz_places *p)
{
    return ofz_places_nd(ctx, data, index, (int)a->batch_dims, p);
}

static ofz_status gather_eval_by(ofz_eval_call *c, places_fn *find)
{
    const ofz_tensor *data = c->in[0];
    ofz_places        p;

    OFZ_TRY(find(c->ctx, c->attrs, data, c->in[1], &p));
    ofz_move_clear(c->out[0]);
    ofz_slices_gather(ofz_bits(data->dtype), p.n, p.inner, p.at, data->data, c->out[0]->data,
                      ofz_threads(c->ctx));
    ofz_places_free(&p);
    return ofz_move_own(c->ctx, c->out[0]);
}

/* ofz.<..>Grad(dy, x, indices): equal indices add up, in the order in which they stand. */
static ofz_status gather_grad_by(ofz_eval_call *c, places_fn *find)
{
    const ofz_tensor *dy   = c->in[0];
    ofz_reals         from = { 0 }, to = { 0 };
    ofz_places        p  = { 0 };
    ofz_status        st = OFZ_OK;

    OFZ_TRY(find(c->ctx, c->attrs, c->in[1], c->in[2], &p));
    if (p.n && p.n * p.inner != dy->count)
        OFZ_GOTO(ofz_fail(c->ctx, OFZ_E_MODEL, "input 0: %" PRId64 " elements, want %" PRId64,
                          dy->count, p.n * p.inner));
    OFZ_GOTO(ofz_reals_open(c->ctx, dy, true, &from));
    OFZ_GOTO(ofz_reals_open(c->ctx, c->out[0], false, &to));
    ofz_slices_add(to.wide, p.n, p.inner, p.at, from.data, to.data, ofz_threads(c->ctx));
done:
    ofz_reals_close(&from, NULL);
    ofz_reals_close(&to, st ? NULL : c->out[0]);
    ofz_places_free(&p);
    return st;
}

static ofz_status grad_infer(ofz_infer_call *c)
{
    OFZ_TRY(ofz_want_ints(c, 2, true));
    return ofz_infer_set(c, 0, c->in[0]->dtype, c->in[1]->rank, c->in[1]->dim);
}

static ofz_status emit_grad_of(ofz_grad_call *g, const char *op_type)
{
    ofz_value *in[] = { g->dy[0], g->node->in[0], g->node->in[1] };

    return g->need[0] ? ofz_emit_grad(g, op_type, 3, in, &g->dx[0]) : OFZ_OK;
}

/* --- Gather ----------------------------------------------------------------------------------- */

static ofz_status gather_infer(ofz_infer_call *c)
{
    const gather_attrs *a    = c->attrs;
    const ofz_tensor   *data = c->in[0], *index = c->in[1];
    int64_t             dim[2 * OFZ_MAX_RANK];
    int                 axis, rank = 0;

    OFZ_TRY(ofz_want_ints(c, 1, true));
    if (data->rank >= 0) OFZ_TRY(ofz_axis(c->ctx, a->axis, data->rank, &axis));
    if (data->rank < 0 || index->rank < 0) return ofz_infer_unknown(c, 0, data->dtype);
    for (int i = 0; i < axis; i++) dim[rank++] = data->dim[i];
    for (int i = 0; i < index->rank; i++) dim[rank++] = index->dim[i];
    for (int i = axis + 1; i < data->rank; i++) dim[rank++] = data->dim[i];
    return ofz_infer_set(c, 0, data->dtype, rank, dim);
}

static ofz_status gather_eval(ofz_eval_call *c)
{
    return gather_eval_by(c, gather_places);
}

static ofz_status gather_grad(ofz_grad_call *g)
{
    return emit_grad_of(g, "GatherGrad");
}

static ofz_status gather_grad_eval(ofz_eval_call *c)
{
    return gather_grad_by(c, gather_places);
}

/* --- GatherElements --------------------------------------------------------------------------- */

static ofz_status elements_infer(ofz_infer_call *c)
{
    const gather_attrs *a    = c->attrs;
    const ofz_tensor   *data = c->in[0], *index = c->in[1];
    int                 axis;

    OFZ_TRY(ofz_want_ints(c, 1, true));
    if (data->rank >= 0) OFZ_TRY(ofz_axis(c->ctx, a->axis, data->rank, &axis));
    if (data->rank >= 0 && index->rank >= 0) OFZ_TRY(ofz_want_elements(c->ctx, data, index, axis));
    return ofz_infer_set(c, 0, data->dtype, index->rank, index->dim);
}

static ofz_status elements_eval(ofz_eval_call *c)
{
    return gather_eval_by(c, elements_places);
}

static ofz_status elements_grad(ofz_grad_call *g)
{
    return emit_grad_of(g, "GatherElementsGrad");
}

static ofz_status elements_grad_eval(ofz_eval_call *c)
{
    return gather_grad_by(c, elements_places);
}

/* --- GatherND --------------------------------------------------------------------------------- */

static ofz_status nd_infer(ofz_infer_call *c)
{
    const gather_attrs *a    = c->attrs;
    const ofz_tensor   *data = c->in[0], *index = c->in[1];
    int64_t             dim[2 * OFZ_MAX_RANK];
    int                 depth, rank = 0;

    OFZ_TRY(ofz_want_ints(c, 1, false));
    OFZ_TRY(ofz_want_nd(c->ctx, data, index, a->batch_dims, &depth));
    if (data->rank < 0 || index->rank < 0 || depth < 0) return ofz_infer_unknown(c, 0, data->dtype);
    for (int i = 0; i < index->rank - 1; i++) dim[rank++] = index->dim[i];
    for (int i = (int)a->batch_dims + depth; i < data->rank; i++) dim[rank++] = data->dim[i];
    return ofz_infer_set(c, 0, data->dtype, rank, dim);
}

static ofz_status nd_eval(ofz_eval_call *c)
{
    return gather_eval_by(c, nd_places);
}

static ofz_status nd_grad(ofz_grad_call *g)
{
    return emit_grad_of(g, "GatherNDGrad");
}

static ofz_status nd_grad_eval(ofz_eval_call *c)
{
    return gather_grad_by(c, nd_places);
}

/* --- the table -------------------------------------------------------------------------------- */

#define ONE                                                                                        \
    {                                                                                              \
        1, 1                                                                                       \
    }
#define TWO                                                                                        \
    {                                                                                              \
        2, 2                                                                                       \
    }
#define THREE                                                                                      \
    {                                                                                              \
        3, 3                                                                                       \
    }
#define PURE OFZ_OP_PURE
#define MOVE (OFZ_OP_PURE | OFZ_OP_MOVE)

static const ofz_attr_def axis_def[] = {
    { "axis", OFZ_ATTR_INT, offsetof(gather_attrs, axis) },
    { 0 },
};
static const ofz_attr_def batch_def[] = {
    { "batch_dims", OFZ_ATTR_INT, offsetof(gather_attrs, batch_dims) },
    { 0 },
};

#define GATHER(v)                                                                                  \
    {                                                                                              \
        "Gather", v, TWO, ONE, MOVE, axis_def, sizeof(gather_attrs), gather_infer, gather_eval,    \
            gather_grad, "ei"                                                                      \
    }
#define ELEMENTS(v)                                                                                \
    {                                                                                              \
        "GatherElements", v, TWO, ONE, MOVE, axis_def, sizeof(gather_attrs), elements_infer,       \
            elements_eval, elements_grad, "xi"                                                     \
    }
#define ND(v, def)                                                                                 \
    {                                                                                              \
        "GatherND", v, TWO, ONE, MOVE, def, sizeof(gather_attrs), nd_infer, nd_eval, nd_grad, "xi" \
    }
#define GRAD(name, def, eval)                                                                      \
    {                                                                                              \
        name, 1, THREE, ONE, PURE, def, sizeof(gather_attrs), grad_infer, eval, .domain = "ofz"    \
    }

static const ofz_op rows[] = {
    GATHER(1),
    GATHER(11),
    GATHER(13),
    ELEMENTS(11),
    ELEMENTS(13),
    ND(11, NULL),
    ND(12, batch_def),
    ND(13, batch_def),
    GRAD("GatherElementsGrad", axis_def, elements_grad_eval),
    GRAD("GatherGrad", axis_def, gather_grad_eval),
    GRAD("GatherNDGrad", batch_def, nd_grad_eval),
    { 0 },
};
OFZ_OP_TABLE(index, rows);
