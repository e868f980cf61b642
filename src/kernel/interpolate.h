/* interpolate.h - the weights of resizing along one axis. */
#ifndef OFZ_KERNEL_INTERPOLATE_H
#define OFZ_KERNEL_INTERPOLATE_H

#include "kernel/taps.h"

typedef enum ofz_filter { OFZ_FILTER_NEAREST, OFZ_FILTER_LINEAR, OFZ_FILTER_CUBIC } ofz_filter;

/* How an output coordinate becomes an input coordinate (ONNX coordinate_transformation_mode). */
typedef enum ofz_coordinate {
    OFZ_COORDINATE_HALF_PIXEL,
    OFZ_COORDINATE_HALF_PIXEL_SYMMETRIC,
    OFZ_COORDINATE_PYTORCH_HALF_PIXEL,
    OFZ_COORDINATE_ALIGN_CORNERS,
    OFZ_COORDINATE_ASYMMETRIC,
    OFZ_COORDINATE_TF_HALF_PIXEL_FOR_NN,
    OFZ_COORDINATE_TF_CROP_AND_RESIZE
} ofz_coordinate;

typedef enum ofz_nearest {
    OFZ_NEAREST_ROUND_PREFER_FLOOR,
    OFZ_NEAREST_ROUND_PREFER_CEIL,
    OFZ_NEAREST_FLOOR,
    OFZ_NEAREST_CEIL
} ofz_nearest;

typedef struct ofz_interpolation {
    ofz_filter     filter;
    ofz_coordinate coordinate;
    ofz_nearest    nearest;
    double         cubic_a;
    bool           exclude_outside; /* drop taps outside the input, and rescale the others to 1 */
    bool           antialias;       /* stretch the filter when shrinking; not for nearest */
} ofz_interpolation;

/* Weights for one axis.
 *   in, out             lengths, in > 0
 *   scale               out over in before rounding, > 0
 *   roi_start, roi_end  of TF_CROP_AND_RESIZE, as parts of the axis; an output that falls outside
 *                       the input gets no taps at all
 * Errors: OFZ_E_LIMIT, OFZ_E_NOMEM.
 * Source: ONNX Resize-19; Keys 1981 for the cubic kernel. */
ofz_status ofz_interpolate(ofz_ctx *ctx, const ofz_interpolation *how, int64_t in, int64_t out,
                           double scale, double roi_start, double roi_end,
                           ofz_taps *t) OFZ_MUST_USE;

#endif
