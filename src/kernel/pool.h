/* pool.h - sliding maxima, means and norms over planes, and their gradients.
 *
 *   x    [planes, in[0], in[1], in[2]]
 *   y    [planes, out[0], out[1], out[2]]
 *
 * Three spatial axes, as in conv.h. Positions outside x do not take part; a mean divides by the
 * number of positions that do, or with `count_pad` by those within the padding as well (pad before,
 * pad_end behind). A window without elements gives -infinity, 0 and 0. A maximum is the first one
 * in memory order; NaN wins over numbers. Sums in double in memory order of the window, rounded
 * once; gradients that fall together are added in the order of the windows, in REAL. */
#ifndef OFZ_KERNEL_POOL_H
#define OFZ_KERNEL_POOL_H

#include "base/error.h"

typedef struct ofz_pool {
    int64_t planes;
    int64_t in[3], out[3], kernel[3], stride[3], dilation[3], pad[3], pad_end[3];
    bool    count_pad;
    bool    column_major; /* of the indices within a plane: the first spatial axis runs fastest */
    double  p;            /* of the norm, at least 1 */
} ofz_pool;

/* index, where not NULL: the maximum's place in x as a flat index over all planes. */
void ofz_max_pool_f32(ofz_ctx *ctx, const ofz_pool *s, const float *x, float *y, int64_t *index);
void ofz_max_pool_f64(ofz_ctx *ctx, const ofz_pool *s, const double *x, double *y, int64_t *index);
void ofz_mean_pool_f32(ofz_ctx *ctx, const ofz_pool *s, const float *x, float *y);
void ofz_mean_pool_f64(ofz_ctx *ctx, const ofz_pool *s, const double *x, double *y);
/* y = (sum |x|^p)^(1/p). */
void ofz_norm_pool_f32(ofz_ctx *ctx, const ofz_pool *s, const float *x, float *y);
void ofz_norm_pool_f64(ofz_ctx *ctx, const ofz_pool *s, const double *x, double *y);

void ofz_max_pool_grad_f32(ofz_ctx *ctx, const ofz_pool *s, const float *x, const float *dy,
                           float *dx);
void ofz_max_pool_grad_f64(ofz_ctx *ctx, const ofz_pool *s, const double *x, const double *dy,
                           double *dx);
void ofz_mean_pool_grad_f32(ofz_ctx *ctx, const ofz_pool *s, const float *dy, float *dx);
void ofz_mean_pool_grad_f64(ofz_ctx *ctx, const ofz_pool *s, const double *dy, double *dx);
/* 0 where y is 0. */
void ofz_norm_pool_grad_f32(ofz_ctx *ctx, const ofz_pool *s, const float *x, const float *y,
                            const float *dy, float *dx);
void ofz_norm_pool_grad_f64(ofz_ctx *ctx, const ofz_pool *s, const double *x, const double *y,
                            const double *dy, double *dx);

#endif
