/* container.h - sequences and optionals: values that hold tensors.
 *
 * They travel as a tensor of a private element type whose elements are tensors, so that whatever
 * carries, shares and frees a value need not know them. A container is of rank 1 (an optional has 0
 * or 1 elements), its bytes are an array of ofz_tensor in a counted buffer that releases them with
 * itself, and nobody changes one that is shared. */
#ifndef OFZ_TENSOR_CONTAINER_H
#define OFZ_TENSOR_CONTAINER_H

#include "tensor/tensor.h"

/* A new container of `count` elements, each of them undefined until the caller sets it.
 *   dtype   OFZ_SEQUENCE or OFZ_OPTIONAL
 * Errors: OFZ_E_LIMIT, OFZ_E_NOMEM. */
ofz_status ofz_container_new(ofz_ctx *ctx, ofz_tensor *t, ofz_dtype dtype,
                             int64_t count) OFZ_MUST_USE;
/* A new sequence that shares the elements [from, to) of another, with room behind them for `more`,
 * which are undefined. */
ofz_status ofz_container_part(ofz_ctx *ctx, const ofz_tensor *from_seq, int64_t from, int64_t to,
                              int64_t more, ofz_tensor *out) OFZ_MUST_USE;

static inline ofz_tensor *ofz_container_item(const ofz_tensor *t, int64_t index)
{
    return &((ofz_tensor *)t->data)[index];
}

#endif
