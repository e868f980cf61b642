/* infer.c - see infer.h. */
#include "ops/infer.h"

#include <string.h>

#include "base/checked.h"

ofz_status ofz_infer_set(ofz_infer_call *c, int k, ofz_dtype dtype, int rank, const int64_t *dim)
{
    if (k >= c->out_count || !c->out[k]) return OFZ_OK;
    return ofz_tensor_set(c->ctx, c->out[k], dtype, rank, dim);
}

ofz_status ofz_infer_unknown(ofz_infer_call *c, int k, ofz_dtype dtype)
{
    return ofz_infer_set(c, k, dtype, -1, NULL);
}

ofz_status ofz_infer_same(ofz_infer_call *c)
{
    return ofz_infer_set(c, 0, c->in[0]->dtype, c->in[0]->rank, c->in[0]->dim);
}

static ofz_status infer_broadcast_as(ofz_infer_call *c, ofz_dtype dtype)
{
    int64_t dim[OFZ_MAX_RANK] = { 0 };
    int     rank              = 0;

    for (int i = 0; i < c->in_count; i++) {
        const ofz_tensor *t = c->in[i];

        if (!t) continue;
        OFZ_TRY(ofz_want_same_dtype(c, i));
        if (t->rank < 0) return ofz_infer_unknown(c, 0, dtype);
        OFZ_TRY(ofz_broadcast(c->ctx, rank, dim, t->rank, t->dim, c->fresh + c->fresh_used, &rank,
                              dim));
        c->fresh_used += OFZ_MAX_RANK;
    }
    return ofz_infer_set(c, 0, dtype, rank, dim);
}

ofz_status ofz_infer_broadcast(ofz_infer_call *c)
{
    ofz_dtype dtype = c->in[0]->dtype;

    for (int i = 1; i < c->in_count && !dtype; i++)
        if (c->in[i]) dtype = c->in[i]->dtype;
    return infer_broadcast_as(c, dtype);
}

ofz_status ofz_infer_broadcast_bool(ofz_infer_call *c)
{
    return infer_broadcast_as(c, OFZ_BOOL);
}

ofz_status ofz_want_rank(ofz_infer_call *c, int k, int want)
{
    if (c->in[k]->rank >= 0 && c->in[k]->rank != want)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "input %d: rank %d, want %d", k, c->in[k]->rank, want);
    return OFZ_OK;
}

ofz_status ofz_want_same_dtype(ofz_infer_call *c, int k)
{
    const ofz_tensor *t = k < c->in_count ? c->in[k] : NULL;

    if (t && c->in[0] && t->dtype && c->in[0]->dtype && t->dtype != c->in[0]->dtype)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "input %d: %s, want %s as input 0", k,
                        ofz_dtype_name(t->dtype), ofz_dtype_name(c->in[0]->dtype));
    return OFZ_OK;
}

ofz_status ofz_unify(ofz_ctx *ctx, const char *what, int64_t a, int64_t b, int64_t *out)
{
    if (a >= 0 && b >= 0 && a != b)
        return ofz_fail(ctx, OFZ_E_MODEL, "%s: %" PRId64 ", want %" PRId64, what, b, a);
    *out = a >= 0 ? a : b;
    return OFZ_OK;
}

ofz_status ofz_dim_mul(ofz_infer_call *c, int64_t a, int64_t b, int64_t *out)
{
    if (a == 0 || b == 0)
        *out = 0;
    else if (a == 1)
        *out = b;
    else if (b == 1)
        *out = a;
    else if (a < 0 || b < 0)
        *out = ofz_infer_fresh(c);
    else if (!ofz_mul(a, b, out))
        return ofz_fail(c->ctx, OFZ_E_LIMIT, "shape: more than 2^63 elements");
    return OFZ_OK;
}

ofz_status ofz_dim_span(ofz_infer_call *c, const ofz_tensor *t, int from, int to, int64_t *out)
{
    int64_t n = 1;

    for (int i = from; i < to; i++) OFZ_TRY(ofz_dim_mul(c, n, t->dim[i], &n));
    *out = n;
    return OFZ_OK;
}

bool ofz_infer_dims(ofz_infer_call *c, int k, const int64_t **out, int64_t *count)
{
    if (k >= c->in_count || !c->in[k] || !c->hint || !c->hint[k]) return false;
    *out   = c->hint[k];
    *count = c->in[k]->count;
    return true;
}

bool ofz_infer_ints(ofz_infer_call *c, int k, const int64_t **out, int64_t *count)
{
    if (!ofz_infer_dims(c, k, out, count)) return false;
    for (int64_t i = 0; i < *count; i++)
        if (OFZ_IS_SYMBOL((*out)[i])) return false;
    return true;
}

ofz_status ofz_axes_mask(ofz_ctx *ctx, const int64_t *axis, size_t count, int rank,
                         bool mask[OFZ_MAX_RANK])
{
    int k;

    memset(mask, 0, OFZ_MAX_RANK * sizeof *mask);
    for (size_t i = 0; i < count; i++) {
        OFZ_TRY(ofz_axis(ctx, axis[i], rank, &k));
        if (mask[k]) return ofz_fail(ctx, OFZ_E_MODEL, "axes: %" PRId64 " twice", axis[i]);
        mask[k] = true;
    }
    return OFZ_OK;
}
