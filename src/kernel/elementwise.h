/* elementwise.h - one loop for everything that works element by element.
 *
 * A row function handles a run of elements along the innermost axis; the loop broadcasts, collapses
 * axes that lie together in memory, converts narrow floats and shares the work between threads. */
#ifndef OFZ_KERNEL_ELEMENTWISE_H
#define OFZ_KERNEL_ELEMENTWISE_H

#include "tensor/tensor.h"

#define OFZ_ELEMENTWISE_MAX 4

/* y[i] = f(x[0][i * step[0]], x[1][i * step[1]], ...) for i in [0, n). A step is 1, or 0 where the
 * operand repeats one element. `arg` is the caller's. y may be one of x with step 1. */
typedef void ofz_row_fn(int64_t n, void *y, const void *const *x, const int64_t *step,
                        const void *arg);

/* y = fn(x...), with numpy broadcasting of every x to y's shape.
 *   threads  at most this many
 *   y        allocated, elements of at least 8 bits; what broadcasting x gives, or larger
 *   x        `count` operands, at most OFZ_ELEMENTWISE_MAX, aligned
 *   via      OFZ_UNDEFINED: fn sees the operands' own types. OFZ_F32 or OFZ_F64: operands (and y)
 * of any other numeric type but bool are converted to it before fn and back after, rounding once
 * (integers truncate towards zero) Every element is computed alone: the number of threads changes
 * nothing. */
void ofz_elementwise(int threads, const ofz_tensor *y, int count, const ofz_tensor *const *x,
                     ofz_dtype via, ofz_row_fn *fn, const void *arg);

/* Convert n elements of `from` at element `start` of src to floats or doubles, and back with one
 * rounding; OFZ_F32 <-> anything is a fast path for f16 and bf16. */
void ofz_widen(ofz_dtype from, const void *src, int64_t start, int64_t n, ofz_dtype to, void *dst);
void ofz_narrow(ofz_dtype from, const void *src, int64_t n, ofz_dtype to, void *dst, int64_t start);

#endif
