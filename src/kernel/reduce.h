/* reduce.h - reductions over any set of axes. */
#ifndef OFZ_KERNEL_REDUCE_H
#define OFZ_KERNEL_REDUCE_H

#include "tensor/tensor.h"

typedef enum ofz_reduce_kind {
    OFZ_REDUCE_SUM,
    OFZ_REDUCE_ABS,    /* sum of |x| */
    OFZ_REDUCE_SQUARE, /* sum of x^2 */
    OFZ_REDUCE_PROD,
    OFZ_REDUCE_MAX, /* a NaN among the elements makes the result NaN */
    OFZ_REDUCE_MIN,
    OFZ_REDUCE_EXP /* sum of e^(x - offset); floats only */
} ofz_reduce_kind;

/* Elements of the result: the product of the axes that stay. */
int64_t ofz_reduce_count(const ofz_tensor *x, const bool *mask);

/* acc[o] = reduction of x over the axes with mask[i] set, accumulated in double.
 *   x       any float type, contiguous
 *   offset  [count], for OFZ_REDUCE_EXP; else NULL
 *   acc     [count] in the order of the axes that stay; the neutral element (0, 1, -inf, inf) where
 *           nothing is reduced
 * Order of summation: reduced axes from the outermost in; along a contiguous innermost axis eight
 * partial results, elements i mod 8, joined in order at its end. It does not depend on the number
 * of threads. Errors: OFZ_E_NOMEM, OFZ_E_LIMIT. */
ofz_status ofz_reduce_f64(ofz_ctx *ctx, ofz_reduce_kind kind, const ofz_tensor *x, const bool *mask,
                          const double *offset, double *acc) OFZ_MUST_USE;

/* The same for integers and bool, modulo 2^64; neutral elements of MAX and MIN are the ends of x's
 * type. OFZ_U64 results are the same bits. */
ofz_status ofz_reduce_i64(ofz_ctx *ctx, ofz_reduce_kind kind, const ofz_tensor *x, const bool *mask,
                          int64_t *acc) OFZ_MUST_USE;

#endif
