/* copy.h - moving elements without looking at them.
 *
 * Everywhere below `bits` is the width of one element as stored (ofz_dtype_get(dtype)->bits): 8,
 * 16, 32, 64 or 128 (a string moves as its descriptor), or 4 or 2 for the packed types, which share
 * bytes, low bits first. Positions and strides count elements. Source and destination do not
 * overlap. Nothing here fails: the caller has checked every bound. The result does not depend on
 * `threads`. */
#ifndef OFZ_KERNEL_COPY_H
#define OFZ_KERNEL_COPY_H

#include "tensor/tensor.h"

/* Twice the largest rank: Tile and DepthToSpace split every axis in two. */
#define OFZ_COPY_RANK (2 * OFZ_MAX_RANK)

/* For every index of the box dim[0..rank): dst[dst_at + sum i * dst_stride] =
 * src[src_at + sum i * src_stride]. Strides may be negative; src_stride may be 0; no two indices
 * may share a destination. */
typedef struct ofz_box {
    int     rank;
    int64_t src_at, dst_at;
    int64_t dim[OFZ_COPY_RANK], src_stride[OFZ_COPY_RANK], dst_stride[OFZ_COPY_RANK];
} ofz_box;

void ofz_copy_box(const ofz_box *box, int bits, const void *src, void *dst, int threads);

/* dst[dst_at + i] = src[src_at + i] for i in [0, count). */
void ofz_copy_run(int bits, const void *src, int64_t src_at, void *dst, int64_t dst_at,
                  int64_t count);

/* dst[dst_at + i] = src[src_at] for i in [0, count). */
void ofz_copy_fill(int bits, const void *src, int64_t src_at, void *dst, int64_t dst_at,
                   int64_t count);

/* One table per axis says where along that axis each element comes from:
 *   dst[i0, i1, ...] = src[sum src_stride[a] * map[a][ia]], or fill[0] where some map says -1.
 * dst is contiguous with shape dim[0..rank); rank is at most OFZ_MAX_RANK. fill may be NULL when no
 * map holds -1. */
void ofz_copy_map(int rank, const int64_t *dim, const int64_t *const *map,
                  const int64_t *src_stride, int bits, const void *src, const void *fill, void *dst,
                  int threads);

/* Row-major strides of a contiguous shape. Where a tensor without elements has dims whose product
 * no int64_t holds, the strides beyond are 0. */
void ofz_strides(int rank, const int64_t *dim, int64_t *stride);

#endif
