/* softmax.h - softmax and its logarithm along one axis, forward and backward.
 *
 * All tensors are [outer, n, inner], contiguous, and the axis is the middle one. The largest element is
 * subtracted first; sums are accumulated in double, in order of the axis or, where
 * it is the innermost one, in eight partial sums of the elements i mod 8. A row with a NaN, or whose
 * largest element is infinite, becomes NaN where the quotient says so. */
#ifndef OFZ_KERNEL_SOFTMAX_H
#define OFZ_KERNEL_SOFTMAX_H

#include "base/error.h"

typedef struct ofz_softmax {
    int64_t outer, n, inner;
    bool    log;
} ofz_softmax;

void ofz_softmax_f32(ofz_ctx *ctx, const ofz_softmax *s, const float *x, float *y);
void ofz_softmax_f64(ofz_ctx *ctx, const ofz_softmax *s, const double *x, double *y);
/* dx from dy and the forward result y: y (dy - sum dy y), or dy - e^y sum dy. */
void ofz_softmax_back_f32(ofz_ctx *ctx, const ofz_softmax *s, const float *dy, const float *y,
                          float *dx);
void ofz_softmax_back_f64(ofz_ctx *ctx, const ofz_softmax *s, const double *dy, const double *y,
                          double *dx);

#endif
