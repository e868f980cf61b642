/* move.c - see move.h. */
#include "ops/move.h"

#include <stdlib.h>
#include <string.h>

#include "base/checked.h"

int64_t ofz_infer_fresh_block(ofz_infer_call *c, int count)
{
    const int64_t first = c->fresh + c->fresh_used;

    c->fresh_used += count;
    return first;
}

ofz_status ofz_want_ints(ofz_infer_call *c, int k, bool narrow)
{
    const ofz_tensor *t = ofz_infer_in(c, k);

    if (!t || !t->dtype || t->dtype == OFZ_I64 || (narrow && t->dtype == OFZ_I32)) return OFZ_OK;
    return ofz_fail(c->ctx, OFZ_E_MODEL, "input %d: %s, want %s", k, ofz_dtype_name(t->dtype),
                    narrow ? "int32 or int64" : "int64");
}

ofz_status ofz_want_scalar(ofz_infer_call *c, int k)
{
    const ofz_tensor *t = ofz_infer_in(c, k);
    char              text[128];

    if (!t || t->rank < 0 || t->count < 0 || t->count == 1) return OFZ_OK;
    return ofz_fail(c->ctx, OFZ_E_MODEL, "input %d: shape %s, want one element", k,
                    ofz_shape_text(text, sizeof text, t->rank, t->dim));
}

ofz_status ofz_infer_rank(ofz_infer_call *c, int k, ofz_dtype dtype, int rank)
{
    int64_t dim[OFZ_MAX_RANK], first;

    if (rank > OFZ_MAX_RANK)
        return ofz_fail(c->ctx, OFZ_E_LIMIT, "rank: %d, want at most %d", rank, OFZ_MAX_RANK);
    first = ofz_infer_fresh_block(c, rank);
    for (int i = 0; i < rank; i++) dim[i] = first + i;
    return ofz_infer_set(c, k, dtype, rank, dim);
}

void ofz_move_clear(ofz_tensor *t)
{
    if (ofz_bits(t->dtype) < 8 && t->size) memset(t->data, 0, t->size);
}

ofz_status ofz_move_own(ofz_ctx *ctx, ofz_tensor *t)
{
    ofz_tensor own;

    if (t->dtype != OFZ_STRING) return OFZ_OK;
    OFZ_TRY(ofz_tensor_copy(ctx, t, &own));
    ofz_tensor_release(t);
    *t = own;
    return OFZ_OK;
}

ofz_status ofz_eval_copy(ofz_eval_call *c)
{
    ofz_move_clear(c->out[0]);
    ofz_copy_run(ofz_bits(c->in[0]->dtype), c->in[0]->data, 0, c->out[0]->data, 0, c->in[0]->count);
    return ofz_move_own(c->ctx, c->out[0]);
}

ofz_status ofz_scratch(ofz_ctx *ctx, int64_t count, size_t size, void *out)
{
    size_t bytes;
    void  *p;

    if (count < 0 || !ofz_mul_size((size_t)count, size, &bytes) || bytes > ctx->limits.tensor_size)
        return ofz_fail(ctx, OFZ_E_LIMIT, "scratch: %" PRId64 " numbers", count);
    p = calloc(1, bytes ? bytes : 1);
    if (!p) return ofz_fail_nomem(ctx, "scratch", bytes);
    memcpy(out, &p, sizeof p);
    return OFZ_OK;
}

ofz_status ofz_reals_open(ofz_ctx *ctx, const ofz_tensor *t, bool fill, ofz_reals *r)
{
    float *f;

    *r = (ofz_reals){ t->dtype == OFZ_F64, t->data, NULL };
    if (!ofz_dtype_is_float(t->dtype))
        return ofz_fail(ctx, OFZ_E_UNSUPPORTED, "gradient: %s, want a float type",
                        ofz_dtype_name(t->dtype));
    if (t->dtype == OFZ_F32 || t->dtype == OFZ_F64) {
        if (!fill && t->size) memset(t->data, 0, t->size);
        return OFZ_OK;
    }
    OFZ_TRY(ofz_scratch(ctx, t->count, sizeof *f, &f));
    for (int64_t i = 0; fill && i < t->count; i++) f[i] = (float)ofz_elem_f64(t->dtype, t->data, i);
    r->data = r->owned = f;
    return OFZ_OK;
}

void ofz_reals_close(ofz_reals *r, ofz_tensor *store)
{
    if (store && r->owned)
        for (int64_t i = 0; i < store->count; i++)
            ofz_elem_set_f64(store->dtype, store->data, i, ((const float *)r->owned)[i]);
    free(r->owned);
    r->owned = NULL;
}
