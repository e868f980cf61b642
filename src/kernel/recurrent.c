/* recurrent.c - see recurrent.h; for float and double. */
#include "kernel/recurrent.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/threads.h"
#include "kernel/gemm.h"
#include "kernel/vecmath.h"

static int gates_of(const ofz_recurrent *s)
{
    return s->cell == OFZ_CELL_RNN ? 1 : s->cell == OFZ_CELL_GRU ? 3 : 4;
}

/* The time that sequence n is at in the k-th step of direction d; -1 behind its end. */
static int64_t time_of(const ofz_recurrent *s, int d, int64_t n, int64_t k)
{
    const int64_t end = s->length ? s->length[n] : s->steps;

    return k >= end ? -1 : s->reverse[d] ? end - 1 - k : k;
}

/* Row of x; of the states; of y. */
static int64_t row_x(const ofz_recurrent *s, int64_t n, int64_t t)
{
    return s->batch_first ? n * s->steps + t : t * s->batch + n;
}

static int64_t row_state(const ofz_recurrent *s, int d, int64_t n)
{
    return s->batch_first ? n * s->directions + d : d * s->batch + n;
}

static int64_t row_y(const ofz_recurrent *s, int d, int64_t n, int64_t t)
{
    return s->batch_first ? (n * s->steps + t) * s->directions + d
                          : (t * s->directions + d) * s->batch + n;
}

/* What one direction keeps, in elements. kept is 1, or the number of steps for the gradient. */
typedef struct sizes {
    int64_t gates, cells; /* of all sequences in one step: N G H, N H */
    int64_t kept, states; /* slots for gates, and for states */
    int64_t inputs;       /* T N G H */
    int64_t total;
} sizes;

static ofz_status sizes_get(ofz_ctx *ctx, const ofz_recurrent *s, bool keep, sizes *z)
{
    const int64_t g = gates_of(s);
    int64_t       a, b, c;

    z->kept   = keep ? s->steps : 1;
    z->states = keep ? s->steps + 1 : 2;
    if (ofz_mul(s->batch, s->hidden, &z->cells) && ofz_mul(z->cells, g, &z->gates) &&
        ofz_mul(z->gates, s->steps, &z->inputs) && ofz_mul(z->gates, z->kept, &a) &&
        ofz_mul(z->cells, z->states, &b) && ofz_mul(z->cells, z->kept, &c) && a < INT64_MAX / 128 &&
        b < INT64_MAX / 128 && c < INT64_MAX / 128 && z->inputs < INT64_MAX / 128) {
        z->total = z->inputs + 2 * a + 2 * b + 3 * c;
        return OFZ_OK;
    }
    return ofz_fail(ctx, OFZ_E_LIMIT,
                    "recurrent layer: %" PRId64 " steps of %" PRId64 " x %" PRId64 ", too many",
                    s->steps, s->batch, s->hidden);
}

static ofz_status block_new(ofz_ctx *ctx, int64_t count, size_t size, void *out)
{
    void *p = calloc((size_t)count + 1, size);

    if (!p) return ofz_fail_nomem(ctx, "recurrent layer", (size_t)count * size);
    memcpy(out, &p, sizeof p);
    return OFZ_OK;
}

#define REAL       float
#define NAME(x)    x##_f32
#define EXP(x)     ofz_exp32(x)
#define TANH(x)    ofz_tanh32(x)
#define SIGMOID(x) ofz_sigmoid32(x)
#define LOG1P(x)   log1pf(x)
#define ABS(x)     fabsf(x)
#include "kernel/recurrent_body.h"
#include "kernel/recurrent_grad_body.h"
#undef REAL
#undef NAME
#undef EXP
#undef TANH
#undef SIGMOID
#undef LOG1P
#undef ABS

static double sigmoid64(double x)
{
    const double e = exp(-fabs(x)), y = 1 / (1 + e);

    return x < 0 ? e * y : y;
}

#define REAL       double
#define NAME(x)    x##_f64
#define EXP(x)     exp(x)
#define TANH(x)    tanh(x)
#define SIGMOID(x) sigmoid64(x)
#define LOG1P(x)   log1p(x)
#define ABS(x)     fabs(x)
#include "kernel/recurrent_body.h"
#include "kernel/recurrent_grad_body.h"
