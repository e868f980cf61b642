/* taps.h - linear maps along one axis, as sparse matrices: resizing, and the gradients of movements
 * that read an element more than once. */
#ifndef OFZ_KERNEL_TAPS_H
#define OFZ_KERNEL_TAPS_H

#include "tensor/tensor.h"

/* y[j] = sum of weight[k] * x[index[k]] for k in [first[j], first[j + 1]). All three arrays are
 * owned. */
typedef struct ofz_taps {
    int64_t  in, out; /* lengths of x and y */
    int64_t *first;   /* out + 1 numbers */
    int64_t *index;   /* in [0, in) */
    double  *weight;
} ofz_taps;

/* Room for `out` rows of `width` taps at most; first[] is zero. Errors: OFZ_E_LIMIT, OFZ_E_NOMEM.
 * */
ofz_status ofz_taps_new(ofz_ctx *ctx, int64_t in, int64_t out, int64_t width,
                        ofz_taps *t) OFZ_MUST_USE;
void       ofz_taps_free(ofz_taps *t);
/* The map y[j] = x[map[j]], or 0 where map[j] is -1. */
ofz_status ofz_taps_from_map(ofz_ctx *ctx, int64_t in, int64_t out, const int64_t *map,
                             ofz_taps *t) OFZ_MUST_USE;

/* Apply one map per axis, in ascending order of axes.
 *   wide      elements are double, else float
 *   rank, dim shape of x (transposed: of the gradient of y, which is what x then is)
 *   taps      one per axis; first == NULL stands for the identity
 *   transpose use the transposed matrices: y is then the gradient of the original input
 *   y         contiguous; every element is written
 * Each y sums its taps in ascending order (transposed: in ascending order of outputs), in the
 * element type. The result does not depend on `threads`. Errors: OFZ_E_NOMEM. */
ofz_status ofz_taps_apply(ofz_ctx *ctx, bool wide, int rank, const int64_t *dim,
                          const ofz_taps *taps, bool transpose, const void *x, void *y,
                          int threads) OFZ_MUST_USE;

#endif
