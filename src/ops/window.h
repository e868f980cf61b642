/* window.h - where a sliding window stands: what convolutions and pools share. */
#ifndef OFZ_OPS_WINDOW_H
#define OFZ_OPS_WINDOW_H

#include "ops/infer.h"

/* The attributes of all of them; each row's table names those it has. */
typedef struct ofz_window_attrs {
    ofz_string auto_pad;
    ofz_ints   kernel_shape, strides, pads, dilations, output_padding, output_shape;
    int64_t    group, ceil_mode, count_include_pad, storage_order, p;
    float      p_float; /* LpPool-1 */
} ofz_window_attrs;

/* Resolved, one entry per spatial axis. A dim is a symbol where it is unknown; begin and end count
 * only when both in and kernel are known. */
typedef struct ofz_window {
    int     axes;
    int64_t in[OFZ_MAX_RANK], kernel[OFZ_MAX_RANK], stride[OFZ_MAX_RANK], dilation[OFZ_MAX_RANK];
    int64_t begin[OFZ_MAX_RANK], end[OFZ_MAX_RANK], out[OFZ_MAX_RANK];
} ofz_window;

/* Place the windows of `axes` spatial axes with input sizes `in` and kernel sizes `kernel` (symbols
 * allowed in both) and find `out`. Unknown outputs become *fresh, counting up; fresh may be NULL
 * when everything is known. Errors: OFZ_E_MODEL for attributes of the wrong length or range, or a
 * kernel that does not fit; OFZ_E_LIMIT on overflow. */
ofz_status ofz_window_place(ofz_ctx *ctx, const ofz_window_attrs *a, int axes, const int64_t *in,
                            const int64_t *kernel, ofz_infer_call *fresh,
                            ofz_window *out) OFZ_MUST_USE;

/* The same for a transposed convolution: `in` are the sizes of its input. */
ofz_status ofz_window_place_transposed(ofz_ctx *ctx, const ofz_window_attrs *a, int axes,
                                       const int64_t *in, const int64_t *kernel,
                                       ofz_infer_call *fresh, ofz_window *out) OFZ_MUST_USE;

#endif
