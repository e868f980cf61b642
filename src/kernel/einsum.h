/* einsum.h - sums of products over labelled axes.
 *
 *   target[t(p)] = sum over points p with that t of the product of source_i[s_i(p)]
 *
 * A point p gives each label l a number below dim[l]; an operand's element is at sum of p_l * step[l].
 * Elements of the target that no point reaches (off a diagonal) become 0. Different points with
 * different numbers at labels where the target's step is not 0 must reach different elements.
 *
 * Two sources whose labels form matrix products go through gemm.h and have its order and tolerance;
 * otherwise sums are in double (integers: wrap around in 64 bits), last label fastest.
 * Errors: OFZ_E_NOMEM, OFZ_E_LIMIT. */
#ifndef OFZ_KERNEL_EINSUM_H
#define OFZ_KERNEL_EINSUM_H

#include "tensor/tensor.h"

#define OFZ_EINSUM_LABELS (52 + OFZ_MAX_RANK)

typedef struct ofz_einsum_operand {
    int64_t     step[OFZ_EINSUM_LABELS];
    ofz_tensor *t;
} ofz_einsum_operand;

typedef struct ofz_einsum {
    int                       labels;
    int64_t                   dim[OFZ_EINSUM_LABELS];
    ofz_einsum_operand        target;
    int                       sources;
    const ofz_einsum_operand *source;
} ofz_einsum;

/* All tensors have one type: float32, float64 or an integer type. */
ofz_status ofz_einsum_run(ofz_ctx *ctx, const ofz_einsum *e) OFZ_MUST_USE;

#endif
