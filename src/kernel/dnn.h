/* dnn.h - kernels that oneDNN computes, float32. Each takes what its reference takes and returns
 * false, with its output unspecified, when oneDNN has no way for this shape: the caller then runs the
 * reference. Same thread count, same bytes. The one header besides dnn_*.c that knows of oneDNN. */
#ifndef OFZ_KERNEL_DNN_H
#define OFZ_KERNEL_DNN_H

#include "kernel/conv.h"
#include "kernel/gemm.h"

#ifdef OFZ_HAVE_ONEDNN
bool ofz_dnn_gemm(ofz_ctx *ctx, const ofz_gemm *g, const float *a, const float *b, float *c);
bool ofz_dnn_gemm_batch(ofz_ctx *ctx, const ofz_gemm *g, int64_t count, const float *a,
                        int64_t step_a, const float *b, int64_t step_b, float *c, int64_t step_c);
bool ofz_dnn_conv_forward(ofz_ctx *ctx, const ofz_conv *s, const float *x, const float *w,
                          const float *b, float *y);
bool ofz_dnn_conv_data(ofz_ctx *ctx, const ofz_conv *s, const float *dy, const float *w,
                       const float *b, float *dx);
bool ofz_dnn_conv_weights(ofz_ctx *ctx, const ofz_conv *s, const float *x, const float *dy,
                          float *dw);
#endif

#endif
