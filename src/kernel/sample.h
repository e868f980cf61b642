/* sample.h - reading pictures between their elements: grids, regions, moved taps. Coordinates,
 * weights and sums are double, rounded once. */
#ifndef OFZ_KERNEL_SAMPLE_H
#define OFZ_KERNEL_SAMPLE_H

#include "base/error.h"

#define OFZ_SAMPLE_AXES 5

typedef enum ofz_sample_mode {
    OFZ_SAMPLE_NEAREST,
    OFZ_SAMPLE_LINEAR,
    OFZ_SAMPLE_CUBIC
} ofz_sample_mode;
typedef enum ofz_sample_pad { OFZ_PAD_ZEROS, OFZ_PAD_BORDER, OFZ_PAD_REFLECTION } ofz_sample_pad;

/* x [batch, channels, in...], grid [batch, points, axes] with the last axis of x first, -1 and 1 at
 * its ends (centres of the last elements when align_corners); y [batch, channels, points]. The cubic
 * has A = -0.75. Source: ONNX GridSample; Jaderberg et al. 2015. */
typedef struct ofz_grid_sample {
    int64_t         batch, channels, points;
    int             axes;
    int64_t         in[OFZ_SAMPLE_AXES];
    bool            align_corners;
    ofz_sample_mode mode;
    ofz_sample_pad  pad;
} ofz_grid_sample;

void ofz_grid_sample_f32(ofz_ctx *ctx, const ofz_grid_sample *s, const float *x, const float *grid,
                         float *y);
void ofz_grid_sample_f64(ofz_ctx *ctx, const ofz_grid_sample *s, const double *x,
                         const double *grid, double *y);
/* dx and dgrid, each set unless NULL; in order of points. As in PyTorch no slope reaches the grid
 * through nearest, nor where the border holds a coordinate. */
void ofz_grid_sample_back_f32(ofz_ctx *ctx, const ofz_grid_sample *s, const float *dy,
                              const float *x, const float *grid, float *dx, float *dgrid);
void ofz_grid_sample_back_f64(ofz_ctx *ctx, const ofz_grid_sample *s, const double *dy,
                              const double *x, const double *grid, double *dx, double *dgrid);

/* Regions roi [regions, 4] (x1 y1 x2 y2) of picture batch[r] in x [.., channels, in[0], in[1]],
 * averaged (or the largest product of a weight and an element) over points within out[0] x out[1]
 * bins; y [regions, channels, out...]. Source: ONNX RoiAlign; He et al. 2017. */
typedef struct ofz_roi_align {
    int64_t        regions, channels, in[2], out[2], sampling;
    double         scale;
    bool           half_pixel, max;
    const int64_t *batch;
} ofz_roi_align;

void ofz_roi_align_f32(ofz_ctx *ctx, const ofz_roi_align *s, const float *x, const float *roi,
                       float *y);
void ofz_roi_align_f64(ofz_ctx *ctx, const ofz_roi_align *s, const double *x, const double *roi,
                       double *y);
/* dx [pictures, channels, in...], set; for averages. */
void ofz_roi_align_back_f32(const ofz_roi_align *s, int64_t pictures, const float *dy,
                            const float *roi, float *dx);
void ofz_roi_align_back_f64(const ofz_roi_align *s, int64_t pictures, const double *dy,
                            const double *roi, double *dx);

/* The largest element of each bin; roi [regions, 5] (picture x1 y1 x2 y2), pictures checked by the
 * caller. Source: ONNX MaxRoiPool; Girshick 2015. */
void ofz_max_roi_pool_f32(ofz_ctx *ctx, const ofz_roi_align *s, const float *x, const float *roi,
                          float *y);
void ofz_max_roi_pool_f64(ofz_ctx *ctx, const ofz_roi_align *s, const double *x, const double *roi,
                          double *y);

/* Convolution whose taps are moved by offset [batch, offset_group, taps, 2, out..] (rows, columns)
 * and weighted by mask [batch, offset_group, taps, out..] or NULL; b [out_channels] or NULL.
 * Source: ONNX DeformConv; Dai et al. 2017, Zhu et al. 2019. */
typedef struct ofz_deform {
    int64_t batch, in_channels, out_channels, group, offset_group;
    int64_t in[2], out[2], kernel[2], stride[2], dilation[2], pad[2];
} ofz_deform;

void ofz_deform_conv_f32(ofz_ctx *ctx, const ofz_deform *s, const float *x, const float *w,
                         const float *offset, const float *b, const float *mask, float *y);
void ofz_deform_conv_f64(ofz_ctx *ctx, const ofz_deform *s, const double *x, const double *w,
                         const double *offset, const double *b, const double *mask, double *y);

#endif
