/* conv_shape.h - what the rows of convolutions share, whatever their numbers are made of. Their attributes
 * are an ofz_window_attrs. */
#ifndef OFZ_OPS_CONV_SHAPE_H
#define OFZ_OPS_CONV_SHAPE_H

#include "kernel/conv.h"
#include "ops/window.h"

/* Output 0 is the convolution of input x with the weight in input w, of type dtype; input b, where
 * there is one (-1: none), is checked to have one number per output channel. OFZ_E_MODEL. */
ofz_status ofz_conv_infer_at(ofz_infer_call *c, int x, int w, int b, ofz_dtype dtype) OFZ_MUST_USE;

/* The kernel's view: up to three spatial axes, moved to the end. `transposed`: x is the narrow side and
 * the output plays the convolution's input. OFZ_E_UNSUPPORTED for more axes. */
ofz_status ofz_conv_shape(ofz_eval_call *c, const ofz_tensor *x, const ofz_tensor *w,
                          bool transposed, ofz_conv *s) OFZ_MUST_USE;

#endif
