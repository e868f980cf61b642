/* binary.c - see binary.h. */
#include "ops/binary.h"

#include <stddef.h>

#include "base/threads.h"

#define OLD                                                                                        \
    { "axis", OFZ_ATTR_INT, offsetof(ofz_old_broadcast, axis), .i = INT64_MIN },                   \
    {                                                                                              \
        "broadcast", OFZ_ATTR_INT, offsetof(ofz_old_broadcast, broadcast)                          \
    }

const ofz_attr_def ofz_old_broadcast_1[] = {
    OLD,
    { "consumed_inputs", OFZ_ATTR_INTS, OFZ_ATTR_IGNORED },
    { 0 },
};
const ofz_attr_def ofz_old_broadcast_6[] = { OLD, { 0 } };

static ofz_row_fn *row_of(const ofz_binary *b, ofz_dtype dtype)
{
    if (dtype != OFZ_F64 && ofz_dtype_is_float(dtype)) dtype = OFZ_F32;
    return dtype <= OFZ_I2 ? b->row[dtype] : NULL;
}

static ofz_status check_types(ofz_infer_call *c, const ofz_binary *b)
{
    for (int k = 0; k < c->in_count; k++) {
        if (!c->in[k]) return ofz_fail(c->ctx, OFZ_E_MODEL, "input %d: missing", k);
        if (c->in[k]->dtype && !row_of(b, c->in[k]->dtype))
            return ofz_fail(c->ctx, OFZ_E_MODEL, "input %d: %s, which the operator does not take",
                            k, ofz_dtype_name(c->in[k]->dtype));
        OFZ_TRY(ofz_want_same_dtype(c, k));
    }
    return OFZ_OK;
}

ofz_status ofz_binary_infer(ofz_infer_call *c, const ofz_binary *b)
{
    OFZ_TRY(check_types(c, b));
    return b->to_bool ? ofz_infer_broadcast_bool(c) : ofz_infer_broadcast(c);
}

static ofz_status eval_with(ofz_eval_call *c, const ofz_binary *b, const ofz_tensor *second,
                            const void *arg)
{
    const ofz_dtype   dtype = c->in[0]->dtype;
    ofz_row_fn       *row   = row_of(b, dtype);
    const ofz_tensor *x[]   = { c->in[0], second };

    if (!row || second->dtype != dtype)
        return ofz_fail(c->ctx, OFZ_E_UNSUPPORTED, "input 0: %s", ofz_dtype_name(dtype));
    ofz_elementwise(ofz_threads(c->ctx), c->out[0], 2, x,
                    ofz_dtype_is_float(dtype) && dtype != OFZ_F64 ? OFZ_F32 : OFZ_UNDEFINED, row,
                    arg);
    return OFZ_OK;
}

ofz_status ofz_binary_eval(ofz_eval_call *c, const ofz_binary *b, const void *arg)
{
    return eval_with(c, b, c->in[1], arg);
}

/* B with axes of size 1 behind it, so that numpy's rule gives the old one. */
static ofz_status old_view(ofz_ctx *ctx, const ofz_old_broadcast *old, const ofz_tensor *a,
                           const ofz_tensor *b, ofz_tensor *view)
{
    const int room = a->rank - b->rank;
    int       axis = room;

    *view = *b;
    if (!old->broadcast || a->rank < 0 || b->rank < 0) return OFZ_OK;
    if (room < 0)
        return ofz_fail(ctx, OFZ_E_MODEL, "input 1: rank %d, want at most %d", b->rank, a->rank);
    if (old->axis != INT64_MIN && b->rank) OFZ_TRY(ofz_axis(ctx, old->axis, a->rank, &axis));
    if (axis > room)
        return ofz_fail(ctx, OFZ_E_MODEL, "attribute axis: %d, want at most %d", axis, room);
    for (int i = axis + b->rank; i < a->rank; i++) view->dim[view->rank++] = 1;
    return OFZ_OK;
}

ofz_status ofz_binary_old_infer(ofz_infer_call *c, const ofz_binary *b)
{
    const ofz_old_broadcast *old = c->attrs;
    const ofz_tensor        *a   = c->in[0];
    const ofz_dtype          to  = b->to_bool ? OFZ_BOOL : a->dtype;
    ofz_tensor               view;
    int64_t                  dim[OFZ_MAX_RANK];
    int                      rank;

    OFZ_TRY(check_types(c, b));
    OFZ_TRY(old_view(c->ctx, old, a, c->in[1], &view));
    if (a->rank < 0 || view.rank < 0) return ofz_infer_set(c, 0, to, a->rank, a->dim);
    if (!old->broadcast) OFZ_TRY(ofz_want_rank(c, 1, a->rank));
    OFZ_TRY(ofz_broadcast(c->ctx, a->rank, a->dim, view.rank, view.dim, c->fresh, &rank, dim));
    for (int i = 0; i < rank; i++)
        if (a->dim[i] >= 0 && ((dim[i] >= 0 && dim[i] != a->dim[i]) ||
                               (!old->broadcast && view.dim[i] >= 0 && view.dim[i] != a->dim[i])))
            return ofz_fail(c->ctx, OFZ_E_MODEL, "input 1: does not fit into input 0 at axis %d",
                            i);
    return ofz_infer_set(c, 0, to, a->rank, a->dim);
}

ofz_status ofz_binary_old_eval(ofz_eval_call *c, const ofz_binary *b)
{
    ofz_tensor view;

    OFZ_TRY(old_view(c->ctx, c->attrs, c->in[0], c->in[1], &view));
    return eval_with(c, b, &view, NULL);
}

ofz_status ofz_float_infer(ofz_infer_call *c)
{
    for (int k = 0; k < c->in_count; k++) {
        if (!c->in[k]) return ofz_fail(c->ctx, OFZ_E_MODEL, "input %d: missing", k);
        if (c->in[k]->dtype && !ofz_dtype_is_float(c->in[k]->dtype))
            return ofz_fail(c->ctx, OFZ_E_MODEL, "input %d: %s, want a floating-point type", k,
                            ofz_dtype_name(c->in[k]->dtype));
    }
    return ofz_infer_broadcast(c);
}

ofz_status ofz_float_eval(ofz_eval_call *c, ofz_row_fn *f32, ofz_row_fn *f64, const void *arg)
{
    const bool wide = c->in[0]->dtype == OFZ_F64;

    ofz_elementwise(ofz_threads(c->ctx), c->out[0], c->in_count, c->in, wide ? OFZ_F64 : OFZ_F32,
                    wide ? f64 : f32, arg);
    return OFZ_OK;
}
