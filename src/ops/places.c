/* places.c - see places.h. */
#include "ops/places.h"

#include <stdlib.h>
#include <string.h>

#include "base/checked.h"

void ofz_places_free(ofz_places *p)
{
    free(p->at);
    *p = (ofz_places){ 0 };
}

/* Element i of `index` within an axis of n elements. */
static ofz_status index_at(ofz_ctx *ctx, const ofz_tensor *index, int64_t i, int64_t n,
                           int64_t *out)
{
    const int64_t k = ofz_int_at(index, i);

    if (k < -n || k >= n)
        return ofz_fail(ctx, OFZ_E_DATA,
                        "indices[%" PRId64 "]: %" PRId64 ", want within [%" PRId64 ", %" PRId64 ")",
                        i, k, -n, n);
    *out = k < 0 ? k + n : k;
    return OFZ_OK;
}

ofz_status ofz_places_axis(ofz_ctx *ctx, const ofz_tensor *data, const ofz_tensor *index, int axis,
                           ofz_places *p)
{
    const int64_t outer = ofz_tensor_span(data, 0, axis), n = data->dim[axis];
    ofz_status    st = OFZ_OK;

    *p = (ofz_places){ .inner = ofz_tensor_span(data, axis + 1, data->rank) };
    if (!outer || !index->count || !p->inner) return OFZ_OK;
    if (!ofz_mul(outer, index->count, &p->n))
        return ofz_fail(ctx, OFZ_E_LIMIT, "indices: more than 2^63 places");
    OFZ_TRY(ofz_scratch(ctx, p->n, sizeof *p->at, &p->at));
    for (int64_t i = 0; i < index->count; i++) {
        OFZ_GOTO(index_at(ctx, index, i, n, &p->at[i]));
        p->at[i] *= p->inner;
    }
    for (int64_t o = 1; o < outer; o++)
        for (int64_t i = 0; i < index->count; i++)
            p->at[o * index->count + i] = o * n * p->inner + p->at[i];
done:
    if (st) ofz_places_free(p);
    return st;
}

ofz_status ofz_want_elements(ofz_ctx *ctx, const ofz_tensor *data, const ofz_tensor *index,
                             int axis)
{
    if (data->rank != index->rank)
        return ofz_fail(ctx, OFZ_E_MODEL, "indices: rank %d, want %d", index->rank, data->rank);
    for (int a = 0; a < data->rank; a++)
        if (a != axis && index->dim[a] >= 0 && data->dim[a] >= 0 && index->dim[a] > data->dim[a])
            return ofz_fail(ctx, OFZ_E_MODEL,
                            "indices: %" PRId64 " along axis %d, want at most %" PRId64,
                            index->dim[a], a, data->dim[a]);
    return OFZ_OK;
}

ofz_status ofz_places_elements(ofz_ctx *ctx, const ofz_tensor *data, const ofz_tensor *index,
                               int axis, ofz_places *p)
{
    int64_t    at[OFZ_MAX_RANK] = { 0 }, stride[OFZ_MAX_RANK], base = 0, k;
    ofz_status st = OFZ_OK;

    *p = (ofz_places){ .n = index->count, .inner = 1 };
    OFZ_TRY(ofz_want_elements(ctx, data, index, axis));
    ofz_strides(data->rank, data->dim, stride);
    OFZ_TRY(ofz_scratch(ctx, p->n, sizeof *p->at, &p->at));
    for (int64_t i = 0; i < p->n; i++) {
        OFZ_GOTO(index_at(ctx, index, i, data->dim[axis], &k));
        p->at[i] = base + k * stride[axis];
        for (int a = data->rank - 1; a >= 0; a--) { /* base leaves `axis` out */
            if (a != axis) base += stride[a];
            if (++at[a] < index->dim[a]) break;
            if (a != axis) base -= at[a] * stride[a];
            at[a] = 0;
        }
    }
done:
    if (st) ofz_places_free(p);
    return st;
}

ofz_status ofz_want_nd(ofz_ctx *ctx, const ofz_tensor *data, const ofz_tensor *index, int64_t batch,
                       int *depth)
{
    int64_t last;

    *depth = -1;
    if (index->rank == 0)
        return ofz_fail(ctx, OFZ_E_MODEL, "indices: a scalar, want rank 1 or more");
    if (index->rank < 0) return OFZ_OK;
    last = index->dim[index->rank - 1];
    if (batch < 0 || batch >= index->rank || (data->rank >= 0 && batch > data->rank))
        return ofz_fail(ctx, OFZ_E_MODEL, "batch_dims: %" PRId64 ", want below the ranks", batch);
    if (data->rank < 0) return OFZ_OK;
    if (last > data->rank - batch)
        return ofz_fail(ctx, OFZ_E_MODEL, "indices: %" PRId64 " coordinates, want at most %d", last,
                        data->rank - (int)batch);
    for (int a = 0; a < batch; a++)
        if (data->dim[a] >= 0 && index->dim[a] >= 0 && data->dim[a] != index->dim[a])
            return ofz_fail(ctx, OFZ_E_MODEL, "indices: %" PRId64 " along axis %d, want %" PRId64,
                            index->dim[a], a, data->dim[a]);
    if (last >= 0) *depth = (int)last;
    return OFZ_OK;
}

ofz_status ofz_places_nd(ofz_ctx *ctx, const ofz_tensor *data, const ofz_tensor *index, int batch,
                         ofz_places *p)
{
    int64_t    stride[OFZ_MAX_RANK], per, k;
    ofz_status st = OFZ_OK;
    int        depth;

    *p = (ofz_places){ 0 };
    OFZ_TRY(ofz_want_nd(ctx, data, index, batch, &depth));
    ofz_strides(data->rank, data->dim, stride);
    p->n     = ofz_tensor_span(index, 0, index->rank - 1);
    p->inner = ofz_tensor_span(data, batch + depth, data->rank);
    if (!p->inner || (!index->count && depth)) p->n = 0;
    if (!p->n) return OFZ_OK;
    per = ofz_tensor_span(index, batch, index->rank - 1); /* index tuples of one batch */
    OFZ_TRY(ofz_scratch(ctx, p->n, sizeof *p->at, &p->at));
    for (int64_t i = 0; i < p->n; i++) {
        p->at[i] = batch ? i / per * stride[batch - 1] : 0;
        for (int d = 0; d < depth; d++) {
            OFZ_GOTO(index_at(ctx, index, i * depth + d, data->dim[batch + d], &k));
            p->at[i] += k * stride[batch + d];
        }
    }
done:
    if (st) ofz_places_free(p);
    return st;
}
