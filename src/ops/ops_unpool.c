/* ops_unpool.c - MaxUnpool and its gradient.
 * Source: ONNX Operators.md. Indices are flat places in the tensor that the attributes imply; where
 * output_shape asks for a larger one, an element keeps its row and column. */
#include "ops/op.h"

#include <string.h>

#include "base/checked.h"
#include "ops/floats.h"
#include "ops/window.h"

/* --- shapes ----------------------------------------------------------------------------------- */

/* The dims that the attributes imply for input x; symbols where x has some. */
static ofz_status implied_dims(ofz_ctx *ctx, const ofz_window_attrs *a, const ofz_tensor *x,
                               ofz_infer_call *fresh, int64_t *dim)
{
    const int  axes = x->rank - 2;
    ofz_window at;

    if (axes < 1) return ofz_fail(ctx, OFZ_E_MODEL, "input: rank %d, want at least 3", x->rank);
    if (a->kernel_shape.count != (size_t)axes)
        return ofz_fail(ctx, OFZ_E_MODEL, "kernel_shape: %zu numbers, want %d",
                        a->kernel_shape.count, axes);
    OFZ_TRY(ofz_window_place_transposed(ctx, a, axes, x->dim + 2, a->kernel_shape.v, fresh, &at));
    for (int i = 0; i < x->rank; i++) dim[i] = i < 2 ? x->dim[i] : at.out[i - 2];
    return OFZ_OK;
}

static ofz_status unpool_infer(ofz_infer_call *c)
{
    const ofz_tensor *x = c->in[0];
    const int64_t    *shape;
    int64_t           dim[OFZ_MAX_RANK], count, joined;

    if (c->in[1]->dtype && c->in[1]->dtype != OFZ_I64)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "indices: %s, want int64",
                        ofz_dtype_name(c->in[1]->dtype));
    if (x->rank < 0) return ofz_infer_unknown(c, 0, x->dtype);
    OFZ_TRY(ofz_want_rank(c, 1, x->rank));
    for (int i = 0; c->in[1]->rank >= 0 && i < x->rank; i++)
        OFZ_TRY(ofz_unify(c->ctx, "indices", x->dim[i], c->in[1]->dim[i], &joined));
    OFZ_TRY(implied_dims(c->ctx, c->attrs, x, c, dim));
    if (c->in_count > 2 && c->in[2]) {
        if (!ofz_infer_ints(c, 2, &shape, &count)) {
            for (int i = 0; i < x->rank; i++) dim[i] = ofz_infer_fresh(c);
            return ofz_infer_set(c, 0, x->dtype, x->rank, dim);
        }
        if (count != x->rank)
            return ofz_fail(c->ctx, OFZ_E_MODEL, "output_shape: %" PRId64 " numbers, want %d",
                            count, x->rank);
        for (int i = 0; i < x->rank; i++) {
            if (shape[i] < 0)
                return ofz_fail(c->ctx, OFZ_E_MODEL,
                                "output_shape[%d]: %" PRId64 ", want at least 0", i, shape[i]);
            dim[i] = shape[i];
        }
    }
    return ofz_infer_set(c, 0, x->dtype, x->rank, dim);
}

/* --- eval ------------------------------------------------------------------------------------- */

/* Where element `index` of the implied tensor lies in y. */
static ofz_status place_of(ofz_ctx *ctx, const int64_t *implied, const ofz_tensor *y, int64_t index,
                           int64_t *out)
{
    int64_t rest = index, step = 1, at = 0;

    for (int k = y->rank - 1; k >= 0; k--) {
        const int64_t i = implied[k] ? rest % implied[k] : 0;

        if (rest < 0 || !implied[k] || i >= y->dim[k])
            return ofz_fail(ctx, OFZ_E_DATA, "index %" PRId64 ": outside the output", index);
        at += i * step;
        step *= y->dim[k];
        rest /= implied[k];
    }
    if (rest) return ofz_fail(ctx, OFZ_E_DATA, "index %" PRId64 ": outside the output", index);
    *out = at;
    return OFZ_OK;
}

static ofz_status unpool_run(ofz_eval_call *c)
{
    const ofz_tensor *x     = c->in[0];
    const int64_t    *index = c->in[1]->data;
    ofz_tensor       *y     = c->out[0];
    int64_t           implied[OFZ_MAX_RANK], at;

    OFZ_TRY(implied_dims(c->ctx, c->attrs, x, NULL, implied));
    if (y->size) memset(y->data, 0, y->size);
    for (int64_t i = 0; i < x->count; i++) {
        OFZ_TRY(place_of(c->ctx, implied, y, index[i], &at));
        if (x->dtype == OFZ_F64)
            ((double *)y->data)[at] = ((const double *)x->data)[i];
        else
            ((float *)y->data)[at] = ((const float *)x->data)[i];
    }
    return OFZ_OK;
}

/* MaxUnpoolGrad(x, indices, dy): what reached the places that x went to. */
static ofz_status unpool_grad_run(ofz_eval_call *c)
{
    const ofz_tensor *x = c->in[0], *dy = c->in[2];
    const int64_t    *index = c->in[1]->data;
    int64_t           implied[OFZ_MAX_RANK], at;

    OFZ_TRY(implied_dims(c->ctx, c->attrs, x, NULL, implied));
    for (int64_t i = 0; i < x->count; i++) {
        OFZ_TRY(place_of(c->ctx, implied, dy, index[i], &at));
        if (x->dtype == OFZ_F64)
            ((double *)c->out[0]->data)[i] = ((const double *)dy->data)[at];
        else
            ((float *)c->out[0]->data)[i] = ((const float *)dy->data)[at];
    }
    return OFZ_OK;
}

static ofz_status unpool_eval(ofz_eval_call *c)
{
    return ofz_eval_floats(c, unpool_run);
}

static ofz_status unpool_grad_eval(ofz_eval_call *c)
{
    return ofz_eval_floats(c, unpool_grad_run);
}

static ofz_status unpool_grad(ofz_grad_call *g)
{
    ofz_value *const in[] = { g->node->in[0], g->node->in[1], g->dy[0] };

    return g->need[0] ? ofz_emit_grad(g, "MaxUnpoolGrad", 3, in, &g->dx[0]) : OFZ_OK;
}

/* --- the table -------------------------------------------------------------------------------- */

static const ofz_attr_def unpool_def[] = {
    { "kernel_shape", OFZ_ATTR_INTS, offsetof(ofz_window_attrs, kernel_shape), .required = true },
    { "pads", OFZ_ATTR_INTS, offsetof(ofz_window_attrs, pads) },
    { "strides", OFZ_ATTR_INTS, offsetof(ofz_window_attrs, strides) },
    { 0 },
};

/* clang-format off */
#define UNPOOL(since)                                                                              \
    { "MaxUnpool", since, { 2, 3 }, { 1, 1 }, OFZ_OP_PURE, unpool_def, sizeof(ofz_window_attrs),   \
      unpool_infer, unpool_eval, unpool_grad, "xii" }

static const ofz_op rows[] = {
    UNPOOL(9), UNPOOL(11), UNPOOL(22),
    { "MaxUnpoolGrad", 1, { 3, 3 }, { 1, 1 }, OFZ_OP_PURE, unpool_def, sizeof(ofz_window_attrs),
      ofz_infer_same, unpool_grad_eval, NULL, "xix", "ofz" },
    { 0 },
};
/* clang-format on */
OFZ_OP_TABLE(unpool, rows);
