/* move.h - what the rows that move elements share: reading index inputs, owning text, fresh shapes,
 * and float scratch for their gradients. */
#ifndef OFZ_OPS_MOVE_H
#define OFZ_OPS_MOVE_H

#include "kernel/copy.h"
#include "ops/infer.h"

/* Element i of an int32 or int64 tensor. */
static inline int64_t ofz_int_at(const ofz_tensor *t, int64_t i)
{
    return t->dtype == OFZ_I32 ? ((const int32_t *)t->data)[i] : ((const int64_t *)t->data)[i];
}

static inline int ofz_bits(ofz_dtype dtype)
{
    return ofz_dtype_get(dtype)->bits;
}

/* Input k, or NULL when it is absent. */
static inline const ofz_tensor *ofz_infer_in(const ofz_infer_call *c, int k)
{
    return k < c->in_count ? c->in[k] : NULL;
}

static inline const ofz_tensor *ofz_eval_in(const ofz_eval_call *c, int k)
{
    return k < c->in_count ? c->in[k] : NULL;
}

/* `count` neighbouring fresh symbols; returns the first. At most OFZ_MAX_RANK. */
int64_t ofz_infer_fresh_block(ofz_infer_call *c, int count);

/* OFZ_E_MODEL unless input k is absent, untyped, int64 or (where `narrow`) int32. */
ofz_status ofz_want_ints(ofz_infer_call *c, int k, bool narrow) OFZ_MUST_USE;
/* OFZ_E_MODEL unless input k, when its shape is known, has one element. */
ofz_status ofz_want_scalar(ofz_infer_call *c, int k) OFZ_MUST_USE;

/* Out[k] gets dtype and the given rank with fresh dims. */
ofz_status ofz_infer_rank(ofz_infer_call *c, int k, ofz_dtype dtype, int rank) OFZ_MUST_USE;

/* Zero the bytes of a packed tensor, so that what is left of its last byte is defined; nothing for
 * other types. */
void ofz_move_clear(ofz_tensor *t);
/* Give a string tensor whose descriptors point at other tensors' text a copy of that text; nothing
 * for other types. Every row that moved elements ends with it. */
ofz_status ofz_move_own(ofz_ctx *ctx, ofz_tensor *t) OFZ_MUST_USE;

/* Eval of rows whose output 0 has the bytes of input 0. */
ofz_status ofz_eval_copy(ofz_eval_call *c) OFZ_MUST_USE;

/* count * size bytes, zeroed, for the caller to free; never NULL on success. Errors: OFZ_E_LIMIT
 * (no more than a tensor may have), OFZ_E_NOMEM. */
ofz_status ofz_scratch(ofz_ctx *ctx, int64_t count, size_t size, void *out) OFZ_MUST_USE;

/* A float tensor as numbers to compute with: its own data when it is float32 or float64, else a
 * float32 copy that _close rounds back into the tensor. */
typedef struct ofz_reals {
    bool  wide; /* double, else float */
    void *data;
    void *owned;
} ofz_reals;

/* fill: convert what the tensor holds; else the copy starts as zeros. Errors: OFZ_E_UNSUPPORTED
 * when t is no float type, OFZ_E_NOMEM. */
ofz_status ofz_reals_open(ofz_ctx *ctx, const ofz_tensor *t, bool fill, ofz_reals *r) OFZ_MUST_USE;
/* Release; with `store` write the numbers to it first. */
void ofz_reals_close(ofz_reals *r, ofz_tensor *store);

#endif
