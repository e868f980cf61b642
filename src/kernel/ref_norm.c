/* ref_norm.c - normalisation kernels, for float and double. */
#include "kernel/norm.h"

#include <math.h>
#include <stdlib.h>

#include "base/checked.h"
#include "base/threads.h"

/* Parameters that one thread sums at a time: short runs are walked side by side, in memory order.
 */
enum { SHORT_RUN = 16, TILE = 32 };

static int64_t tile_of(const ofz_affine *a)
{
    return a->period >= SHORT_RUN ? 1 : TILE;
}

static int64_t outer_of(const ofz_affine *a)
{
    return a->total ? a->total / (a->period * a->count) : 0;
}

/* How far from element e, before `end`, all elements have the parameter *p. */
static int64_t run_of(const ofz_affine *a, int64_t e, int64_t end, int64_t *p)
{
    const int64_t left = a->period - e % a->period;

    *p = e / a->period % a->count;
    return left < end - e ? left : end - e;
}

#define REAL    float
#define NAME(x) x##_f32
#include "kernel/ref_norm_body.h"
#undef REAL
#undef NAME

#define REAL    double
#define NAME(x) x##_f64
#include "kernel/ref_norm_body.h"
