/* contrib.h - what the families of ONNX Runtime's own operators (domain com.microsoft) share. */
#ifndef OFZ_OPS_CONTRIB_H
#define OFZ_OPS_CONTRIB_H

#include "ops/compose.h"

#define OFZ_MS "com.microsoft"

/* The parameters of an activation, by ONNX's names; NAN where the node does not say. */
typedef struct ofz_ms_activation {
    ofz_string name; /* empty: none */
    float      alpha, beta, gamma;
} ofz_ms_activation;

/* The activation of x. OFZ_E_UNSUPPORTED names one that is unknown. */
ofz_part ofz_ms_activate(ofz_build *b, const ofz_ms_activation *a, ofz_part x);

/* x + y, or the one of them that is there. */
ofz_part ofz_ms_add(ofz_build *b, ofz_part x, ofz_part y);
/* x with the axes of `perm`, which has the rank of x. */
ofz_part ofz_ms_transpose(ofz_build *b, ofz_part x, int rank, const int64_t *perm);
/* Between [N, C, places] and [N, places, C]. */
ofz_part ofz_ms_channels_last(ofz_build *b, ofz_part x);
ofz_part ofz_ms_channels_first(ofz_build *b, ofz_part x);
/* The length of axis `axis` of x as an int64 scalar that the run finds. */
ofz_part ofz_ms_length(ofz_build *b, ofz_part x, int axis);
/* 0, 1 ... n - 1. */
ofz_part ofz_ms_range(ofz_build *b, ofz_part n);
ofz_part ofz_ms_cast(ofz_build *b, ofz_part x, ofz_dtype to);
/* x * y, 2-d or stacked. */
ofz_part ofz_ms_matmul(ofz_build *b, ofz_part x, ofz_part y);
/* x, which has one element, as a scalar; the second leaves what has more as it is. */
ofz_part ofz_ms_scalar(ofz_build *b, ofz_part x);
ofz_part ofz_ms_scalar_or_more(ofz_build *b, ofz_part x);

/* What QuantizeLinear and DequantizeLinear do with one scale for all; the zero point may be
 * OFZ_NO_PART. like: whose type the result has without a zero point. */
ofz_part ofz_ms_dequantize(ofz_build *b, ofz_part x, ofz_part scale, ofz_part zero);
ofz_part ofz_ms_quantize(ofz_build *b, ofz_part x, ofz_part scale, ofz_part zero, ofz_part like);
/* (x - zero) * scale, each broadcast; of integers. */
ofz_part ofz_ms_rescale(ofz_build *b, ofz_part x, ofz_part scale, ofz_part zero);

#endif
