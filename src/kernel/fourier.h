/* fourier.h - discrete Fourier transforms of any length, in double. */
#ifndef OFZ_KERNEL_FOURIER_H
#define OFZ_KERNEL_FOURIER_H

#include "base/error.h"

/* Tables for one length; read only once made, so threads may share it. */
typedef struct ofz_fourier ofz_fourier;

/* n at least 1. Errors: OFZ_E_NOMEM, OFZ_E_LIMIT. */
ofz_status ofz_fourier_new(ofz_ctx *ctx, int64_t n, ofz_fourier **out) OFZ_MUST_USE;
void       ofz_fourier_free(ofz_fourier *f);
/* Doubles that _run needs as room. */
int64_t ofz_fourier_room(const ofz_fourier *f);

/* re, im [n] are replaced by X[k] = sum over t of x[t] e^(-2 pi i k t / n); inverse: e^+, not divided
 * by n. Powers of two by Cooley & Tukey 1965, other lengths as a convolution by Bluestein 1970. */
void ofz_fourier_run(const ofz_fourier *f, bool inverse, double *re, double *im, double *room);

/* The same in single precision, for lengths that have no factors but 2, 3 and 5: one thread each. The
 * numbers are float32 on the way in and out, whatever the arrays' type; inverse: divided by n. */
typedef struct ofz_fourier_single ofz_fourier_single;

bool       ofz_fourier_single_takes(int64_t n);
ofz_status ofz_fourier_single_new(ofz_ctx *ctx, int64_t n, ofz_fourier_single **out) OFZ_MUST_USE;
void       ofz_fourier_single_free(ofz_fourier_single *f);
void ofz_fourier_single_run(const ofz_fourier_single *f, bool inverse, double *re, double *im);

#endif
