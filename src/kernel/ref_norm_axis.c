/* ref_norm_axis.c - see norm_axis.h; for float and double. */
#include "kernel/norm_axis.h"

#include <math.h>
#include <stdlib.h>

#include "base/checked.h"
#include "base/threads.h"

static int64_t view_work(const ofz_axis_view *v)
{
    return v->outer * v->n * v->inner;
}

/* Neighbours of channel c: [*first, *last). `back`: those that c is a neighbour of. */
static void neighbours(const ofz_lrn *l, int64_t c, bool back, int64_t *first, int64_t *last)
{
    const int64_t size = l->size < 2 * l->view.n ? l->size : 2 * l->view.n + 1;
    const int64_t low = (size - 1) / 2, high = size - 1 - low;

    *first = c - (back ? high : low);
    *last  = c + (back ? low : high) + 1;
    if (*first < 0) *first = 0;
    if (*last > l->view.n) *last = l->view.n;
}

/* `lists` arrays of `count` zeros in one block. */
static ofz_status doubles_new(ofz_ctx *ctx, int64_t count, int lists, double **out)
{
    int64_t total;

    if (!ofz_mul(count, lists, &total) || total > INT64_MAX / 16)
        return ofz_fail(ctx, OFZ_E_LIMIT, "normalisation: %" PRId64 " elements, too many", count);
    *out = calloc((size_t)total + 1, sizeof(double));
    return *out ? OFZ_OK : ofz_fail_nomem(ctx, "normalisation", (size_t)total * sizeof(double));
}

static int64_t group_of(const ofz_mvn *m, int64_t e)
{
    int64_t g = 0;

    for (int k = m->rank - 1; k >= 0; k--) {
        g += e % m->dim[k] * m->step[k];
        e /= m->dim[k];
    }
    return g;
}

#define REAL    float
#define NAME(x) x##_f32
#include "kernel/ref_norm_axis_body.h"
#undef REAL
#undef NAME

#define REAL    double
#define NAME(x) x##_f64
#include "kernel/ref_norm_axis_body.h"
