/* gradients.h - arithmetic on gradients themselves: of tensors, and element by element of containers. */
#ifndef OFZ_OPS_GRADIENTS_H
#define OFZ_OPS_GRADIENTS_H

#include "ops/op.h"

/* *out = a + b, of one type and shape; the caller's to release.
 * Errors: OFZ_E_MODEL when they are not alike, OFZ_E_NOMEM. */
ofz_status ofz_gradient_add(ofz_ctx *ctx, const ofz_tensor *a, const ofz_tensor *b,
                            ofz_tensor *out) OFZ_MUST_USE;
/* *sum += t, where an undefined *sum stands for nothing so far. */
ofz_status ofz_gradient_gather(ofz_ctx *ctx, ofz_tensor *sum, const ofz_tensor *t) OFZ_MUST_USE;
/* Zeros of x's type and shape, or a container of such; the caller's to release. */
ofz_status ofz_gradient_zeros(ofz_ctx *ctx, const ofz_tensor *x, ofz_tensor *out) OFZ_MUST_USE;

/* y[i] = a[i] + b[i] of tensors alike. */
void ofz_gradient_sum(const ofz_tensor *a, const ofz_tensor *b, const ofz_tensor *y);

#endif
