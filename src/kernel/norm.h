/* norm.h - normalisation, and the per-channel sums it needs.
 *
 * A tensor is `total` elements in memory order. Element e belongs to row e / inner (for mean and
 * variance) and to parameter (e / period) % count (for scale and shift). So
 *   layer norm       inner = size of the normalised axes, period 1, count = inner
 *   instance norm    inner = size of a plane, period = inner, count = channels
 *   group norm       inner = channels / groups * plane, period = plane, count = channels
 *   batch norm       statistics per parameter, not per row: the ofz_batch_* functions
 * All sums are in double, four interleaved partial sums per run of elements in memory order, then
 * rounded once.
 * Errors: OFZ_E_NOMEM. */
#ifndef OFZ_KERNEL_NORM_H
#define OFZ_KERNEL_NORM_H

#include "base/error.h"

typedef struct ofz_affine {
    int64_t total, period, count; /* total is a multiple of period * count (all may be 0) */
} ofz_affine;

typedef struct ofz_norm {
    ofz_affine affine;
    int64_t    inner;    /* divides total; a multiple of affine.period */
    bool       centered; /* subtract the mean; false for RMS normalisation */
    double     epsilon;
} ofz_norm;

/* y[p] = sum of x over the elements of parameter p. */
ofz_status ofz_affine_sum_f32(ofz_ctx *ctx, const ofz_affine *a, const float *x,
                              float *y) OFZ_MUST_USE;
ofz_status ofz_affine_sum_f64(ofz_ctx *ctx, const ofz_affine *a, const double *x,
                              double *y) OFZ_MUST_USE;

/* y = (x - mean) * inv_std * scale + shift, per row; scale and shift may be NULL (1 and 0); mean
 * and inv_std, one number per row, are written where not NULL. inv_std = 1 / sqrt(var + epsilon),
 * with the population variance (of RMS norms: the mean square). */
ofz_status ofz_norm_forward_f32(ofz_ctx *ctx, const ofz_norm *n, const float *x, const float *scale,
                                const float *shift, float *y, float *mean,
                                float *inv_std) OFZ_MUST_USE;
ofz_status ofz_norm_forward_f64(ofz_ctx *ctx, const ofz_norm *n, const double *x,
                                const double *scale, const double *shift, double *y, double *mean,
                                double *inv_std) OFZ_MUST_USE;
/* dx; statistics are computed anew from x. */
ofz_status ofz_norm_grad_x_f32(ofz_ctx *ctx, const ofz_norm *n, const float *dy, const float *x,
                               const float *scale, float *dx) OFZ_MUST_USE;
ofz_status ofz_norm_grad_x_f64(ofz_ctx *ctx, const ofz_norm *n, const double *dy, const double *x,
                               const double *scale, double *dx) OFZ_MUST_USE;
/* dscale[count]. */
ofz_status ofz_norm_grad_scale_f32(ofz_ctx *ctx, const ofz_norm *n, const float *dy, const float *x,
                                   float *dscale) OFZ_MUST_USE;
ofz_status ofz_norm_grad_scale_f64(ofz_ctx *ctx, const ofz_norm *n, const double *dy,
                                   const double *x, double *dscale) OFZ_MUST_USE;

/* Mean and population variance per parameter, in double (count numbers each). */
ofz_status ofz_batch_stats_f32(ofz_ctx *ctx, const ofz_affine *a, const float *x, double *mean,
                               double *var) OFZ_MUST_USE;
ofz_status ofz_batch_stats_f64(ofz_ctx *ctx, const ofz_affine *a, const double *x, double *mean,
                               double *var) OFZ_MUST_USE;
/* y = x * f[p] + h[p]. */
void ofz_affine_apply_f32(ofz_ctx *ctx, const ofz_affine *a, const float *x, const double *f,
                          const double *h, float *y);
void ofz_affine_apply_f64(ofz_ctx *ctx, const ofz_affine *a, const double *x, const double *f,
                          const double *h, double *y);
/* sum[p] = sum dy, dot[p] = sum dy * (x - mean[p]), in double. */
ofz_status ofz_batch_sums_f32(ofz_ctx *ctx, const ofz_affine *a, const float *dy, const float *x,
                              const double *mean, double *sum, double *dot) OFZ_MUST_USE;
ofz_status ofz_batch_sums_f64(ofz_ctx *ctx, const ofz_affine *a, const double *dy, const double *x,
                              const double *mean, double *sum, double *dot) OFZ_MUST_USE;
/* dx = dy * f[p] + x * g[p] + h[p]. */
void ofz_batch_grad_x_f32(ofz_ctx *ctx, const ofz_affine *a, const float *dy, const float *x,
                          const double *f, const double *g, const double *h, float *dx);
void ofz_batch_grad_x_f64(ofz_ctx *ctx, const ofz_affine *a, const double *dy, const double *x,
                          const double *f, const double *g, const double *h, double *dx);

#endif
