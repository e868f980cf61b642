/* norm_axis.h - normalisation along one axis, and over any axes; tensors are [outer, n, inner].
 * Sums in double in the order of the axis, one rounding. Errors: OFZ_E_NOMEM. */
#ifndef OFZ_KERNEL_NORM_AXIS_H
#define OFZ_KERNEL_NORM_AXIS_H

#include "base/error.h"

typedef struct ofz_axis_view {
    int64_t outer, n, inner;
} ofz_axis_view;

/* y = x / s^beta with s = bias + alpha / size * sum of x^2 over the channels from (size - 1) / 2 before,
 * rounded down, to as many after, rounded up. Source: Krizhevsky et al. 2012, 3.3. */
typedef struct ofz_lrn {
    ofz_axis_view view;
    int64_t       size;
    double        alpha, beta, bias;
} ofz_lrn;

void       ofz_lrn_forward_f32(ofz_ctx *ctx, const ofz_lrn *l, const float *x, float *y);
void       ofz_lrn_forward_f64(ofz_ctx *ctx, const ofz_lrn *l, const double *x, double *y);
ofz_status ofz_lrn_grad_f32(ofz_ctx *ctx, const ofz_lrn *l, const float *dy, const float *x,
                            float *dx) OFZ_MUST_USE;
ofz_status ofz_lrn_grad_f64(ofz_ctx *ctx, const ofz_lrn *l, const double *dy, const double *x,
                            double *dx) OFZ_MUST_USE;

/* y = x / norm with the p-norm along the axis, p 1 or 2; 0 where the norm is 0, and no slope there. */
void ofz_lp_forward_f32(ofz_ctx *ctx, const ofz_axis_view *v, int p, const float *x, float *y);
void ofz_lp_forward_f64(ofz_ctx *ctx, const ofz_axis_view *v, int p, const double *x, double *y);
void ofz_lp_grad_f32(ofz_ctx *ctx, const ofz_axis_view *v, int p, const float *dy, const float *x,
                     float *dx);
void ofz_lp_grad_f64(ofz_ctx *ctx, const ofz_axis_view *v, int p, const double *dy, const double *x,
                     double *dx);

/* y = (x - mean) / (deviation + epsilon) over groups of elements that differ only along some axes.
 * Element e = (i_0, i_1, ...) belongs to group sum of i_k * step[k]. */
typedef struct ofz_mvn {
    int64_t        total, groups;
    int            rank;
    const int64_t *dim, *step;
    double         epsilon;
} ofz_mvn;

ofz_status ofz_mvn_forward_f32(ofz_ctx *ctx, const ofz_mvn *m, const float *x,
                               float *y) OFZ_MUST_USE;
ofz_status ofz_mvn_forward_f64(ofz_ctx *ctx, const ofz_mvn *m, const double *x,
                               double *y) OFZ_MUST_USE;
ofz_status ofz_mvn_grad_f32(ofz_ctx *ctx, const ofz_mvn *m, const float *dy, const float *x,
                            float *dx) OFZ_MUST_USE;
ofz_status ofz_mvn_grad_f64(ofz_ctx *ctx, const ofz_mvn *m, const double *dy, const double *x,
                            double *dx) OFZ_MUST_USE;

#endif
