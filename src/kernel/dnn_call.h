/* dnn_call.h - one visit to oneDNN: engine, stream, thread count. Seen by dnn_*.c alone. */
#ifndef OFZ_KERNEL_DNN_CALL_H
#define OFZ_KERNEL_DNN_CALL_H

#include <oneapi/dnnl/dnnl.h>

#include "base/error.h"

/* Products that oneDNN sums in the time of one of ours. */
enum { OFZ_DNN_SPEED = 64 };

/* An engine and a stream of the CPU are small objects; what costs, compiled primitives, lives in
 * oneDNN's own cache, which is keyed by shape and thread count. */
typedef struct ofz_dnn {
    dnnl_engine_t engine;
    dnnl_stream_t stream;
    int           threads_before;
} ofz_dnn;

/* false when oneDNN refuses. Until _end OpenMP's thread count is what `work`
 * (products summed) is worth. */
bool ofz_dnn_begin(const ofz_ctx *ctx, int64_t work, ofz_dnn *d);
void ofz_dnn_end(ofz_dnn *d);

/* An operand: the caller's bytes in plain order, and where the primitive wants another order, a
 * buffer in that one. */
typedef struct ofz_dnn_operand {
    dnnl_memory_t plain, packed; /* packed == plain where the orders agree */
} ofz_dnn_operand;

/* `data` described by `plain`, for a primitive that wants `wanted`. */
bool ofz_dnn_operand_init(ofz_dnn *d, ofz_dnn_operand *o, const dnnl_memory_desc_t *plain,
                          const dnnl_memory_desc_t *wanted, const void *data);
bool ofz_dnn_operand_pack(ofz_dnn *d, ofz_dnn_operand *o);   /* plain -> packed */
bool ofz_dnn_operand_unpack(ofz_dnn *d, ofz_dnn_operand *o); /* packed -> plain */
void ofz_dnn_operand_deinit(ofz_dnn_operand *o);

/* Build the primitive of pd, run it with `count` arguments, wait. */
bool ofz_dnn_run(ofz_dnn *d, const_dnnl_primitive_desc_t pd, int count,
                 const dnnl_exec_arg_t *args);

#endif
