/* stack.h - tensors of one type and shape, one after the other, as one tensor with an axis more:
 * what loops yield, and the way back, one slice of a tensor. */
#ifndef OFZ_OPS_STACK_H
#define OFZ_OPS_STACK_H

#include "ops/op.h"

/* Zero-initialise. */
typedef struct ofz_stack {
    ofz_tensor item; /* type and shape of all items, from the first */
    int64_t    count;
    void      *data; /* count * item.count elements */
    size_t     room;
    ofz_list   text; /* ofz_buffer, of string items */
} ofz_stack;

/* A copy of `t` becomes the last item.
 * Errors: OFZ_E_MODEL (type or shape differ from the items', or no tensor), OFZ_E_LIMIT, OFZ_E_NOMEM
 */
ofz_status ofz_stack_push(ofz_ctx *ctx, ofz_stack *s, const ofz_tensor *t) OFZ_MUST_USE;
/* `count` items of zeros (or empty strings); there must be one already, or item be set. */
ofz_status ofz_stack_push_zeros(ofz_ctx *ctx, ofz_stack *s, int64_t count) OFZ_MUST_USE;
/* All items along the new axis `axis` in [-r, r), r = item.rank + 1; `reverse`: the last one first.
 */
ofz_status ofz_stack_take(ofz_ctx *ctx, const ofz_stack *s, int64_t axis, bool reverse,
                          ofz_tensor *out) OFZ_MUST_USE;
void       ofz_stack_free(ofz_stack *s);

/* Slice `index` of `t` along `axis`, without that axis; shares the bytes where they lie together.
 *   axis in [0, t->rank), index in [0, t->dim[axis])  */
ofz_status ofz_slice_at(ofz_ctx *ctx, const ofz_tensor *t, int axis, int64_t index,
                        ofz_tensor *out) OFZ_MUST_USE;

#endif
