/* sparse.c - see sparse.h. */
#include "model/sparse.h"

#include <string.h>

#include "base/checked.h"

/* Indices are [NNZ], flat, or [NNZ, rank]; inside the dense shape, and rising. */
const char *ofz_sparse_fault(const Onnx__SparseTensorProto *p, const ofz_tensor *values,
                             const ofz_tensor *indices)
{
    const int64_t nnz    = values->count;
    const int64_t width  = indices->rank == 2 ? indices->dim[1] : 1;
    int64_t       before = -1, total = 1;

    if (values->rank != 1) return "values of a rank other than 1";
    if (indices->dtype != OFZ_I64) return "indices of a type other than int64";
    for (size_t i = 0; i < p->n_dims; i++)
        if (p->dims[i] <= 0 || !ofz_mul(total, p->dims[i], &total))
            return "a dense shape that is not positive or overflows";
    if (indices->rank < 1 || indices->rank > 2 || indices->dim[0] != nnz)
        return "indices of a shape that does not fit the values";
    if (indices->rank == 2 && width != (int64_t)p->n_dims)
        return "indices of a width other than the rank";
    for (int64_t i = 0; i < nnz; i++) {
        int64_t flat = 0;

        for (int64_t k = 0; k < width; k++) {
            const int64_t x     = ((const int64_t *)indices->data)[i * width + k];
            const int64_t limit = indices->rank == 2 ? p->dims[k] : total;

            if (x < 0 || x >= limit) return "an index outside the dense shape";
            flat = flat * limit + x;
        }
        if (flat <= before) return "indices that do not rise";
        before = flat;
    }
    return NULL;
}

/* Payloads in a mapped file need not be aligned. */
static ofz_status align(ofz_ctx *ctx, ofz_model *model, ofz_tensor *t)
{
    void *copy;

    if (ofz_tensor_aligned(t)) return OFZ_OK;
    copy = ofz_arena_alloc(&model->arena, t->size);
    if (!copy) return ofz_fail_nomem(ctx, "sparse tensor", t->size);
    memcpy(copy, t->data, t->size);
    t->data = copy;
    return OFZ_OK;
}

/* Zeros come from the arena, which has nothing else. */
static ofz_status dense_new(ofz_ctx *ctx, ofz_model *model, const Onnx__SparseTensorProto *p,
                            ofz_dtype dtype, ofz_tensor *t)
{
    if (p->n_dims > OFZ_MAX_RANK)
        return ofz_fail(ctx, OFZ_E_LIMIT, "rank %zu, want at most %d", p->n_dims, OFZ_MAX_RANK);
    OFZ_TRY(ofz_tensor_set(ctx, t, dtype, (int)p->n_dims, p->dims));
    if (t->size > ctx->limits.tensor_size)
        return ofz_fail(ctx, OFZ_E_LIMIT, "%zu bytes when dense, want at most %zu", t->size,
                        ctx->limits.tensor_size);
    t->data = ofz_arena_alloc(&model->arena, t->size);
    return t->data ? OFZ_OK : ofz_fail_nomem(ctx, "sparse tensor", t->size);
}

static void scatter(const ofz_tensor *values, const ofz_tensor *indices, ofz_tensor *t)
{
    const int64_t *index = indices->data;
    const int64_t  width = indices->rank == 2 ? indices->dim[1] : 1;
    const int      bits  = ofz_dtype_get(t->dtype)->bits;
    const size_t   size  = (size_t)bits / 8;

    for (int64_t i = 0; i < values->count; i++) {
        int64_t at = 0;

        for (int64_t k = 0; k < width; k++)
            at = (indices->rank == 2 ? at * t->dim[k] : 0) + index[i * width + k];
        if (bits < 8)
            ofz_elem_set_bits(t->dtype, t->data, at, ofz_elem_bits(t->dtype, values->data, i));
        else
            memcpy((char *)t->data + (size_t)at * size,
                   (const char *)values->data + (size_t)i * size, size);
    }
}

static ofz_status read_inner(ofz_ctx *ctx, ofz_model *model, const Onnx__SparseTensorProto *p,
                             ofz_tensor *out)
{
    ofz_tensor  values, indices, t;
    const char *fault;
    bool        external;

    if (!p->values || !p->indices)
        return ofz_fail(ctx, OFZ_E_MODEL, "no values or no indices, want both");
    OFZ_TRY(ofz_tensor_proto_read(ctx, model, p->values, &values, &external));
    OFZ_TRY(ofz_tensor_proto_read(ctx, model, p->indices, &indices, &external));
    OFZ_TRY(align(ctx, model, &indices));
    fault = ofz_sparse_fault(p, &values, &indices);
    if (fault) return ofz_fail(ctx, OFZ_E_MODEL, "%s", fault);
    OFZ_TRY(dense_new(ctx, model, p, values.dtype, &t));
    scatter(&values, &indices, &t);
    *out = t;
    return OFZ_OK;
}

ofz_status ofz_sparse_read(ofz_ctx *ctx, ofz_model *model, const Onnx__SparseTensorProto *p,
                           ofz_tensor *out)
{
    const ofz_status st = read_inner(ctx, model, p, out);

    if (!st) return OFZ_OK;
    return ofz_at(ctx, st, "sparse tensor '%.100s'",
                  p->values && p->values->name ? p->values->name : "");
}
