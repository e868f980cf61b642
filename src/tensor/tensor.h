/* tensor.h - a typed, shaped, contiguous block of elements. */
#ifndef OFZ_TENSOR_TENSOR_H
#define OFZ_TENSOR_TENSOR_H

#include "tensor/dtype.h"

/* numpy's and PyTorch's own bound is 64; a file that asks for more gets OFZ_E_LIMIT. */
#define OFZ_MAX_RANK 64

/* A dimension is a number of elements (>= 0), or a symbol that names an unknown: INT64_MIN + k. Two
 * equal symbols are the same unknown number. Concrete tensors have no symbols. The same encoding
 * travels through int64 shape values, where small negative numbers (-1 of Reshape) are numbers. */
#define OFZ_SYMBOL(k)    (INT64_MIN + (k))
#define OFZ_IS_SYMBOL(d) ((d) < INT64_MIN / 2)
#define OFZ_DIM_KNOWN(d) ((d) >= 0)

/* Bytes shared by tensors, counted. Threads may share a buffer; its count is atomic. */
typedef struct ofz_buffer ofz_buffer;

/* size bytes, aligned to 64, contents undefined. Errors: OFZ_E_NOMEM, OFZ_E_LIMIT. */
ofz_status ofz_buffer_new(ofz_ctx *ctx, size_t size, ofz_buffer **out) OFZ_MUST_USE;
/* Wrap memory that someone else owns and that outlives the buffer. */
ofz_status  ofz_buffer_wrap(ofz_ctx *ctx, void *data, size_t size, ofz_buffer **out) OFZ_MUST_USE;
ofz_buffer *ofz_buffer_retain(ofz_buffer *b);
void        ofz_buffer_release(ofz_buffer *b); /* NULL is fine */
void       *ofz_buffer_data(const ofz_buffer *b);
size_t      ofz_buffer_size(const ofz_buffer *b);
bool        ofz_buffer_shared(const ofz_buffer *b); /* more than one owner */
/* One owner, and memory of its own that others may write anything to. */
bool ofz_buffer_reusable(const ofz_buffer *b);
/* Call `drop` before the memory goes. */
void ofz_buffer_on_drop(ofz_buffer *b, void (*drop)(void *data, size_t size));

/* In ONNX's raw_data layout: little endian, 4- and 2-bit elements packed low bits first, so that a
 * tensor may point into a mapped file. A string tensor is an array of ofz_string, a sequence, an
 * optional or a map one of ofz_tensor (container.h).
 *
 * During inference a tensor describes a value: rank -1 is an unknown rank, dtype OFZ_UNDEFINED an
 * unknown type, dims may be symbols, count is -1 unless all are known, data is NULL unless the
 * value is a known constant. */
typedef struct ofz_tensor {
    ofz_dtype   dtype;
    int         rank;
    int64_t     dim[OFZ_MAX_RANK]; /* elements; dim[0] is outermost */
    int64_t     count;             /* product of dim[], checked when set; 1 for a scalar */
    size_t      size;              /* bytes at data */
    void       *data;
    ofz_buffer *buffer; /* owner of data, or NULL when borrowed */
} ofz_tensor;

/* Set dtype and shape and compute count and size; data and buffer become NULL. Symbols are allowed.
 * Errors: OFZ_E_LIMIT (rank, or more elements than an int64_t counts). */
ofz_status ofz_tensor_set(ofz_ctx *ctx, ofz_tensor *t, ofz_dtype dtype, int rank,
                          const int64_t *dim) OFZ_MUST_USE;
/* As _set, and allocate: all dims known, at most ctx->limits.tensor_size bytes. String tensors are
 * filled with empty strings; everything else is uninitialised.
 * Errors: OFZ_E_LIMIT, OFZ_E_NOMEM. */
ofz_status ofz_tensor_new(ofz_ctx *ctx, ofz_tensor *t, ofz_dtype dtype, int rank,
                          const int64_t *dim) OFZ_MUST_USE;
/* Drop the buffer and forget everything. */
void ofz_tensor_release(ofz_tensor *t);
/* *out becomes another owner of the same bytes (or another borrower of them). */
void ofz_tensor_share(const ofz_tensor *t, ofz_tensor *out);
/* A deep copy with bytes of its own; of a container, down to its elements' bytes. */
ofz_status ofz_tensor_copy(ofz_ctx *ctx, const ofz_tensor *t, ofz_tensor *out) OFZ_MUST_USE;
/* Data aligned for its C type? Payloads in a mapped file often are not. */
bool ofz_tensor_aligned(const ofz_tensor *t);

/* Same dtype, rank and dims. */
bool ofz_tensor_same_shape(const ofz_tensor *a, const ofz_tensor *b);
/* Same dtype, shape and bytes; strings by their text. */
bool ofz_tensor_identical(const ofz_tensor *a, const ofz_tensor *b);
/* Product of dim[from..to). Overflow cannot happen on a tensor whose count was computed, unless a
 * dim is 0; then the result saturates at INT64_MAX. Symbols make it -1. */
int64_t ofz_tensor_span(const ofz_tensor *t, int from, int to);
/* "[2, 3, ?]" into buf; returns buf. */
const char *ofz_shape_text(char *buf, size_t size, int rank, const int64_t *dim);

/* Turn `axis` in [-rank, rank) into [0, rank). OFZ_E_MODEL otherwise. */
ofz_status ofz_axis(ofz_ctx *ctx, int64_t axis, int rank, int *out) OFZ_MUST_USE;

/* Multidirectional (numpy) broadcasting of two shapes with known or symbolic dims. Where one dim is
 * a symbol and the other is 1, the symbol; where the other is larger, that one. Where none
 * decides (two different symbols), dim i of the result is the symbol fresh + i.
 * Errors: OFZ_E_MODEL when known dims disagree, OFZ_E_LIMIT. */
ofz_status ofz_broadcast(ofz_ctx *ctx, int rank_a, const int64_t *a, int rank_b, const int64_t *b,
                         int64_t fresh, int *rank, int64_t *dim) OFZ_MUST_USE;

/* Row-major strides in elements of `t` seen as broadcast to `rank` dims: 0 where it repeats. */
void ofz_broadcast_strides(const ofz_tensor *t, int rank, const int64_t *dim, int64_t *stride);

/* The order of element i of `a` and element j of `b`, of one type: below, at or above 0. Text by its
 * bytes; NaN equals NaN and is above every number. Not for complex numbers. */
int ofz_elem_order(const ofz_tensor *a, int64_t i, const ofz_tensor *b, int64_t j);

/* How two tensors differ, for tests and diff. NaN equals NaN. Strings, booleans and integers
 * exactly; floats and complex |a - b| <= atol + rtol * |b|. */
typedef struct ofz_comparison {
    int64_t bad_count;       /* elements out of tolerance */
    int64_t changed_count;   /* elements that are not identical */
    int64_t first_bad;       /* index, or -1 */
    double  max_abs, sum_sq; /* of a - b over finite pairs */
} ofz_comparison;

/* false when dtype or shape differ; then *out is zeroed. Containers: the sum over their elements,
 * first_bad is the first element with a difference. */
bool ofz_tensor_compare(const ofz_tensor *a, const ofz_tensor *b, double rtol, double atol,
                        ofz_comparison *out);

#endif
