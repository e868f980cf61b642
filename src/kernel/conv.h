/* conv.h - convolution (cross-correlation) and its two gradients.
 *
 * Always three spatial axes, depth, height and width; an absent leading axis has size 1, kernel 1,
 * stride 1, dilation 1, padding 0.
 *
 *   x    [batch, in_channels, in[0], in[1], in[2]]
 *   w    [out_channels, in_channels / group, kernel[0..2]]
 *   b    [out_channels], or NULL
 *   y    [batch, out_channels, out[0], out[1], out[2]]
 *
 * y[n, m, o] = b[m] + sum over c, k of w[m, c, k] x[n, c, o * stride + k * dilation - pad], where x
 * outside its bounds is 0. `out` is free: padding at the end follows from it. in_channels and
 * out_channels are multiples of group.
 *
 * Reference: double accumulation over c, then kernel depth, height, width (forward), over m then
 * the kernel axes (backward data), over batch then out depth, height, width (backward weights), one
 * rounding. A transposed convolution is backward data with x and y in each other's place.
 * Errors: OFZ_E_NOMEM, OFZ_E_LIMIT. */
#ifndef OFZ_KERNEL_CONV_H
#define OFZ_KERNEL_CONV_H

#include "base/error.h"

typedef struct ofz_conv {
    int     axes; /* how many of the last spatial axes are real: 1 to 3 */
    int64_t batch, group, in_channels, out_channels;
    int64_t in[3], out[3], kernel[3], stride[3], dilation[3], pad[3];
} ofz_conv;

/* Products that a call sums; INT64_MAX when they do not fit. */
int64_t ofz_conv_work(const ofz_conv *s);

ofz_status ofz_conv_forward_f32(ofz_ctx *ctx, const ofz_conv *s, const float *x, const float *w,
                                const float *b, float *y) OFZ_MUST_USE;
ofz_status ofz_conv_forward_f64(ofz_ctx *ctx, const ofz_conv *s, const double *x, const double *w,
                                const double *b, double *y) OFZ_MUST_USE;
/* dx from dy; b, when not NULL, is [in_channels] and added (for transposed convolutions). */
ofz_status ofz_conv_data_f32(ofz_ctx *ctx, const ofz_conv *s, const float *dy, const float *w,
                             const float *b, float *dx) OFZ_MUST_USE;
ofz_status ofz_conv_data_f64(ofz_ctx *ctx, const ofz_conv *s, const double *dy, const double *w,
                             const double *b, double *dx) OFZ_MUST_USE;
/* dw from x and dy. */
ofz_status ofz_conv_weights_f32(ofz_ctx *ctx, const ofz_conv *s, const float *x, const float *dy,
                                float *dw) OFZ_MUST_USE;
ofz_status ofz_conv_weights_f64(ofz_ctx *ctx, const ofz_conv *s, const double *x, const double *dy,
                                double *dw) OFZ_MUST_USE;

ofz_status ofz_ref_conv_forward_f32(ofz_ctx *ctx, const ofz_conv *s, const float *x, const float *w,
                                    const float *b, float *y) OFZ_MUST_USE;
ofz_status ofz_ref_conv_forward_f64(ofz_ctx *ctx, const ofz_conv *s, const double *x,
                                    const double *w, const double *b, double *y) OFZ_MUST_USE;
ofz_status ofz_ref_conv_data_f32(ofz_ctx *ctx, const ofz_conv *s, const float *dy, const float *w,
                                 const float *b, float *dx) OFZ_MUST_USE;
ofz_status ofz_ref_conv_data_f64(ofz_ctx *ctx, const ofz_conv *s, const double *dy, const double *w,
                                 const double *b, double *dx) OFZ_MUST_USE;
ofz_status ofz_ref_conv_weights_f32(ofz_ctx *ctx, const ofz_conv *s, const float *x,
                                    const float *dy, float *dw) OFZ_MUST_USE;
ofz_status ofz_ref_conv_weights_f64(ofz_ctx *ctx, const ofz_conv *s, const double *x,
                                    const double *dy, double *dw) OFZ_MUST_USE;

#endif
