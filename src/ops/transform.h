/* transform.h - Fourier transforms of lines of a tensor, for the rows of DFT and STFT and their gradients. */
#ifndef OFZ_OPS_TRANSFORM_H
#define OFZ_OPS_TRANSFORM_H

#include "kernel/fourier.h"
#include "ops/op.h"

typedef struct ofz_signal_attrs {
    int64_t axis, inverse, onesided, periodic, output_datatype;
} ofz_signal_attrs;

/* One complex sequence at a time, with the transform for its length. */
typedef struct ofz_transform {
    ofz_fourier *f;
    int64_t      n;
    double      *re, *im, *room, *block;
} ofz_transform;

/* For sequences of n. Errors: OFZ_E_NOMEM, OFZ_E_LIMIT. */
ofz_status ofz_transform_new(ofz_ctx *ctx, int64_t n, ofz_transform *t) OFZ_MUST_USE;
void       ofz_transform_free(ofz_transform *t);

/* Read `count` numbers of x, complex where its last dim is 2, `step` numbers apart from number `at`; what
 * the line lacks of n is zero. half: the second half of a onesided spectrum is the conjugate of the first. */
void ofz_line_load(const ofz_tensor *x, int64_t at, int64_t step, int64_t count, bool half,
                   ofz_transform *t);
/* Write `count` numbers times `scale`. */
void ofz_line_store(const ofz_transform *t, double scale, int64_t at, int64_t step, int64_t count,
                    ofz_tensor *y);

ofz_status ofz_dft_grad(ofz_grad_call *g);
ofz_status ofz_stft_grad(ofz_grad_call *g);

#endif
