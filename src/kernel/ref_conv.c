/* ref_conv.c - the reference convolution, for float and double. Direct loops over rows: one double
 * accumulator per output element of a plane, the kernel position outermost, so that the innermost
 * loop walks memory in order. */
#include "kernel/conv.h"

#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/threads.h"

/* The outputs [*first, *last) along one axis whose input position stays inside [0, in). */
static void axis_range(const ofz_conv *s, int axis, int64_t k, int64_t *first, int64_t *last)
{
    const int64_t stride = s->stride[axis], at = k * s->dilation[axis] - s->pad[axis];
    int64_t       lo = at >= 0 ? 0 : (-at + stride - 1) / stride;
    int64_t       hi = at >= s->in[axis] ? 0 : (s->in[axis] - 1 - at) / stride + 1;

    *first = lo;
    *last  = hi < s->out[axis] ? hi : s->out[axis];
    if (*last < *first) *last = *first;
}

static int64_t volume(const int64_t d[3])
{
    return d[0] * d[1] * d[2];
}

/* One double per element of a plane, per thread. */
static ofz_status planes_new(ofz_ctx *ctx, int threads, int64_t plane, double **out)
{
    int64_t size;

    if (!ofz_mul(plane, (int64_t)sizeof(double) * threads, &size))
        return ofz_fail(ctx, OFZ_E_LIMIT, "convolution: plane of %" PRId64 " elements, too large",
                        plane);
    *out = malloc((size_t)size + 1);
    return *out ? OFZ_OK : ofz_fail_nomem(ctx, "convolution", (size_t)size);
}

static int thread_index(void)
{
#ifdef _OPENMP
    return omp_get_thread_num();
#else
    return 0;
#endif
}

#define REAL    float
#define NAME(x) x##_f32
#include "kernel/ref_conv_body.h"
#undef REAL
#undef NAME

#define REAL    double
#define NAME(x) x##_f64
#include "kernel/ref_conv_body.h"
