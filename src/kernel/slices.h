/* slices.h - moving and adding runs of elements by a list of places: the common core of gathering,
 * scattering and their gradients.
 *
 * A place is the position (in elements) at which a run of `inner` elements begins; at[0..n) were
 * checked by the caller. Nothing depends on `threads`. */
#ifndef OFZ_KERNEL_SLICES_H
#define OFZ_KERNEL_SLICES_H

#include "tensor/tensor.h"

/* dst[i * inner + k] = src[at[i] + k]. bits: as in copy.h. */
void ofz_slices_gather(int bits, int64_t n, int64_t inner, const int64_t *at, const void *src,
                       void *dst, int threads);
/* dst[at[i] + k] = src[i * inner + k], in ascending i: where places overlap the last one stays. */
void ofz_slices_scatter(int bits, int64_t n, int64_t inner, const int64_t *at, const void *src,
                        void *dst);
/* dst[at[i] + k] += src[i * inner + k], each destination in ascending i. wide: double, else float.
 * */
void ofz_slices_add(bool wide, int64_t n, int64_t inner, const int64_t *at, const void *src,
                    void *dst, int threads);

typedef enum ofz_reduction {
    OFZ_REDUCE_NONE,
    OFZ_REDUCE_ADD,
    OFZ_REDUCE_MUL,
    OFZ_REDUCE_MAX,
    OFZ_REDUCE_MIN
} ofz_reduction;

/* dst[at[i] + k] = dst[at[i] + k] (op) src[i * inner + k], in ascending i. Integers wrap, floats
 * narrower than 64 bits are computed in double and rounded each time, NaN wins over any number, for
 * booleans add and max are or, mul and min are and. Not for strings and complex numbers. */
void ofz_slices_reduce(ofz_reduction op, ofz_dtype dtype, int64_t n, int64_t inner,
                       const int64_t *at, const void *src, void *dst);

#endif
