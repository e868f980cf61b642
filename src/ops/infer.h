/* infer.h - what the infer functions of many rows share. All of them accept unknown ranks and
 * symbols; with concrete inputs they give concrete outputs. */
#ifndef OFZ_OPS_INFER_H
#define OFZ_OPS_INFER_H

#include "ops/op.h"

/* Infer functions that are whole answers. */
ofz_status ofz_infer_same(ofz_infer_call *c);           /* out[0]: dtype and shape of in[0] */
ofz_status ofz_infer_broadcast(ofz_infer_call *c);      /* out[0]: dtype of in[0], broadcast of all
                                                      inputs;      the inputs' dtypes must agree */
ofz_status ofz_infer_broadcast_bool(ofz_infer_call *c); /* same, dtype bool */

/* Output k gets a dtype and nothing else. */
ofz_status ofz_infer_unknown(ofz_infer_call *c, int k, ofz_dtype dtype) OFZ_MUST_USE;
/* Output k gets dtype and shape. Shorthand for ofz_tensor_set, absent outputs are skipped. */
ofz_status ofz_infer_set(ofz_infer_call *c, int k, ofz_dtype dtype, int rank,
                         const int64_t *dim) OFZ_MUST_USE;

/* OFZ_E_MODEL "input NAME: rank R, want W" unless in[k] has rank `want` or an unknown one. */
ofz_status ofz_want_rank(ofz_infer_call *c, int k, int want) OFZ_MUST_USE;
/* OFZ_E_MODEL unless in[k] (if present and typed) has the same dtype as in[0]. */
ofz_status ofz_want_same_dtype(ofz_infer_call *c, int k) OFZ_MUST_USE;
/* Two dims that must be one number: the known one of the two, OFZ_E_MODEL when both are known and
 * differ. */
ofz_status ofz_unify(ofz_ctx *ctx, const char *what, int64_t a, int64_t b,
                     int64_t *out) OFZ_MUST_USE;

/* Product of two dims: known when both are (or one is 0), the other when one is 1, else fresh.
 * OFZ_E_LIMIT on overflow. */
ofz_status ofz_dim_mul(ofz_infer_call *c, int64_t a, int64_t b, int64_t *out) OFZ_MUST_USE;
/* Product of dim[from..to) of t. */
ofz_status ofz_dim_span(ofz_infer_call *c, const ofz_tensor *t, int from, int to,
                        int64_t *out) OFZ_MUST_USE;

/* The elements of integer input k (int32 or int64) when it is a known constant without symbols:
 * *out points at `*count` numbers that live as long as the call. false when unknown. */
bool ofz_infer_ints(ofz_infer_call *c, int k, const int64_t **out, int64_t *count);
/* Same, elements may be symbols. */
bool ofz_infer_dims(ofz_infer_call *c, int k, const int64_t **out, int64_t *count);

/* A list of axes as a mask over `rank` axes. Duplicates and axes outside [-rank, rank):
 * OFZ_E_MODEL. */
ofz_status ofz_axes_mask(ofz_ctx *ctx, const int64_t *axis, size_t count, int rank,
                         bool mask[OFZ_MAX_RANK]) OFZ_MUST_USE;

#endif
