/* reduce.c - see reduce.h. */
#include "kernel/reduce.h"

#include <math.h>
#include <string.h>

#include "base/clones.h"
#include "base/threads.h"
#include "kernel/elementwise.h"
#include "kernel/vecmath.h"

#define LANES 8
#define BLOCK 512 /* columns accumulated side by side */

/* --- the shape, reduced ----------------------------------------------------------------------- */

/* Axes of size 1 are gone and neighbours of a kind are one; the innermost one, if it stays, is
 * `inner` and not among kept[]. */
typedef struct plan {
    int     kept_count, reduced_count;
    int64_t kept[OFZ_MAX_RANK], kept_stride[OFZ_MAX_RANK];
    int64_t reduced[OFZ_MAX_RANK], reduced_stride[OFZ_MAX_RANK];
    int64_t inner;  /* length of the innermost axis */
    bool    column; /* it stays */
    int64_t outer;  /* product of kept[] */
    int64_t rounds; /* product of reduced[] */
} plan;

int64_t ofz_reduce_count(const ofz_tensor *x, const bool *mask)
{
    int64_t n = 1;

    for (int i = 0; i < x->rank; i++)
        if (!mask[i]) n *= x->dim[i];
    return n;
}

static void plan_init(plan *p, const ofz_tensor *x, const bool *mask)
{
    int64_t size[OFZ_MAX_RANK];
    bool    kind[OFZ_MAX_RANK];
    int     n      = 0;
    int64_t stride = 1;

    *p = (plan){ .inner = 1, .outer = 1, .rounds = 1 };
    for (int i = 0; i < x->rank; i++) {
        if (x->dim[i] == 1) continue;
        if (n && kind[n - 1] == mask[i]) {
            size[n - 1] *= x->dim[i];
        } else {
            size[n]   = x->dim[i];
            kind[n++] = mask[i];
        }
    }
    if (n) {
        p->inner  = size[n - 1];
        p->column = !kind[n - 1];
        stride    = p->inner;
        n--;
    }
    for (int i = n - 1; i >= 0; i--) { /* innermost first */
        if (kind[i]) {
            p->reduced[p->reduced_count]          = size[i];
            p->reduced_stride[p->reduced_count++] = stride;
            p->rounds *= size[i];
        } else {
            p->kept[p->kept_count]          = size[i];
            p->kept_stride[p->kept_count++] = stride;
            p->outer *= size[i];
        }
        stride *= size[i];
    }
}

static int64_t offset_of(int64_t index, int count, const int64_t *size, const int64_t *stride)
{
    int64_t off = 0;

    for (int i = 0; i < count; i++) {
        off += index % size[i] * stride[i];
        index /= size[i];
    }
    return off;
}

/* --- runs of elements ------------------------------------------------------------------------- */

#define STEP_SUM(a, v)    ((a) + (v))
#define STEP_ABS(a, v)    ((a) + fabs(v))
#define STEP_SQUARE(a, v) ((a) + (v) * (v))
#define STEP_PROD(a, v)   ((a) * (v))
#define STEP_MAX(a, v)    ((v) > (a) || (v) != (v) ? (v) : (a))
#define STEP_MIN(a, v)    ((v) < (a) || (v) != (v) ? (v) : (a))
#define JOIN_ADD(a, b)    ((a) + (b))

/* One contiguous row joined to acc. */
#define ROW(name, T, A, neutral, STEP, JOIN)                                                       \
    OFZ_CLONES static A row_##name##_##T(int64_t n, const T *x, A acc)                             \
    {                                                                                              \
        A       lane[LANES];                                                                       \
        int64_t i = 0;                                                                             \
                                                                                                   \
        for (int l = 0; l < LANES; l++) lane[l] = neutral;                                         \
        for (; i + LANES <= n; i += LANES)                                                         \
            for (int l = 0; l < LANES; l++) lane[l] = STEP(lane[l], (A)x[i + l]);                  \
        for (int l = 0; i < n; i++, l++) lane[l] = STEP(lane[l], (A)x[i]);                         \
        for (int l = 0; l < LANES; l++) acc = JOIN(acc, lane[l]);                                  \
        return acc;                                                                                \
    }

/* n columns, one element each. */
#define COLUMN(name, T, A, STEP)                                                                   \
    OFZ_CLONES static void column_##name##_##T(int64_t n, const T *x, A *acc)                      \
    {                                                                                              \
        for (int64_t i = 0; i < n; i++) acc[i] = STEP(acc[i], (A)x[i]);                            \
    }

#define FLOAT_KERNELS(T)                                                                           \
    ROW(sum, T, double, 0, STEP_SUM, JOIN_ADD)                                                     \
    ROW(abs, T, double, 0, STEP_ABS, JOIN_ADD)                                                     \
    ROW(square, T, double, 0, STEP_SQUARE, JOIN_ADD)                                               \
    ROW(prod, T, double, 1, STEP_PROD, STEP_PROD)                                                  \
    ROW(max, T, double, -(double)INFINITY, STEP_MAX, STEP_MAX)                                     \
    ROW(min, T, double, (double)INFINITY, STEP_MIN, STEP_MIN)                                      \
    COLUMN(sum, T, double, STEP_SUM)                                                               \
    COLUMN(abs, T, double, STEP_ABS)                                                               \
    COLUMN(square, T, double, STEP_SQUARE)                                                         \
    COLUMN(prod, T, double, STEP_PROD)                                                             \
    COLUMN(max, T, double, STEP_MAX)                                                               \
    COLUMN(min, T, double, STEP_MIN)                                                               \
    static double row_##T(ofz_reduce_kind kind, int64_t n, const T *x, const double *off,          \
                          double acc)                                                              \
    {                                                                                              \
        switch (kind) {                                                                            \
        case OFZ_REDUCE_SUM:                                                                       \
            return row_sum_##T(n, x, acc);                                                         \
        case OFZ_REDUCE_ABS:                                                                       \
            return row_abs_##T(n, x, acc);                                                         \
        case OFZ_REDUCE_SQUARE:                                                                    \
            return row_square_##T(n, x, acc);                                                      \
        case OFZ_REDUCE_PROD:                                                                      \
            return row_prod_##T(n, x, acc);                                                        \
        case OFZ_REDUCE_MAX:                                                                       \
            return row_max_##T(n, x, acc);                                                         \
        case OFZ_REDUCE_MIN:                                                                       \
            return row_min_##T(n, x, acc);                                                         \
        default:                                                                                   \
            return row_exp_##T(n, x, *off, acc);                                                   \
        }                                                                                          \
    }                                                                                              \
    static void column_##T(ofz_reduce_kind kind, int64_t n, const T *x, const double *off,         \
                           double *acc)                                                            \
    {                                                                                              \
        switch (kind) {                                                                            \
        case OFZ_REDUCE_SUM:                                                                       \
            column_sum_##T(n, x, acc);                                                             \
            return;                                                                                \
        case OFZ_REDUCE_ABS:                                                                       \
            column_abs_##T(n, x, acc);                                                             \
            return;                                                                                \
        case OFZ_REDUCE_SQUARE:                                                                    \
            column_square_##T(n, x, acc);                                                          \
            return;                                                                                \
        case OFZ_REDUCE_PROD:                                                                      \
            column_prod_##T(n, x, acc);                                                            \
            return;                                                                                \
        case OFZ_REDUCE_MAX:                                                                       \
            column_max_##T(n, x, acc);                                                             \
            return;                                                                                \
        case OFZ_REDUCE_MIN:                                                                       \
            column_min_##T(n, x, acc);                                                             \
            return;                                                                                \
        default:                                                                                   \
            column_exp_##T(n, x, off, acc);                                                        \
            return;                                                                                \
        }                                                                                          \
    }

OFZ_CLONES static double row_exp_float(int64_t n, const float *x, double off, double acc)
{
    double      lane[LANES] = { 0 };
    const float o           = (float)off;
    int64_t     i           = 0;

    for (; i + LANES <= n; i += LANES)
        for (int l = 0; l < LANES; l++) lane[l] += (double)ofz_exp32(x[i + l] - o);
    for (int l = 0; i < n; i++, l++) lane[l] += (double)ofz_exp32(x[i] - o);
    for (int l = 0; l < LANES; l++) acc += lane[l];
    return acc;
}

static double row_exp_double(int64_t n, const double *x, double off, double acc)
{
    for (int64_t i = 0; i < n; i++) acc += exp(x[i] - off);
    return acc;
}

OFZ_CLONES static void column_exp_float(int64_t n, const float *x, const double *off, double *acc)
{
    for (int64_t i = 0; i < n; i++) acc[i] += (double)ofz_exp32(x[i] - (float)off[i]);
}

static void column_exp_double(int64_t n, const double *x, const double *off, double *acc)
{
    for (int64_t i = 0; i < n; i++) acc[i] += exp(x[i] - off[i]);
}

FLOAT_KERNELS(float)
FLOAT_KERNELS(double)

static int64_t step_integer(ofz_reduce_kind kind, int64_t a, int64_t v)
{
    const uint64_t x = (uint64_t)a, y = (uint64_t)v;

    switch (kind) {
    case OFZ_REDUCE_SUM:
        return (int64_t)(x + y);
    case OFZ_REDUCE_ABS:
        return (int64_t)(x + (v < 0 ? 0 - y : y));
    case OFZ_REDUCE_SQUARE:
        return (int64_t)(x + y * y);
    case OFZ_REDUCE_PROD:
        return (int64_t)(x * y);
    case OFZ_REDUCE_MAX:
        return v > a ? v : a;
    default:
        return v < a ? v : a;
    }
}

/* --- all elements ----------------------------------------------------------------------------- */

typedef struct job {
    const plan     *p;
    ofz_reduce_kind kind;
    ofz_dtype       dtype; /* of data: OFZ_F32, OFZ_F64 or OFZ_I64 */
    const void     *data;
    const double   *offset;
    double         *acc;     /* floats */
    int64_t        *integer; /* integers */
} job;

static void reduce_row(const job *j, int64_t o)
{
    const plan   *p    = j->p;
    const int64_t base = offset_of(o, p->kept_count, p->kept, p->kept_stride);

    for (int64_t r = 0; r < p->rounds; r++) {
        const int64_t at  = base + offset_of(r, p->reduced_count, p->reduced, p->reduced_stride);
        const double *off = j->offset ? j->offset + o : NULL;

        if (j->dtype == OFZ_F32)
            j->acc[o] = row_float(j->kind, p->inner, (const float *)j->data + at, off, j->acc[o]);
        else if (j->dtype == OFZ_F64)
            j->acc[o] = row_double(j->kind, p->inner, (const double *)j->data + at, off, j->acc[o]);
        else
            for (int64_t i = 0; i < p->inner; i++)
                j->integer[o] =
                    step_integer(j->kind, j->integer[o], ((const int64_t *)j->data)[at + i]);
    }
}

/* Columns [from, from + n) of outer index o. */
static void reduce_columns(const job *j, int64_t o, int64_t from, int64_t n)
{
    const plan   *p    = j->p;
    const int64_t base = offset_of(o, p->kept_count, p->kept, p->kept_stride) + from;
    const int64_t to   = o * p->inner + from;

    for (int64_t r = 0; r < p->rounds; r++) {
        const int64_t at  = base + offset_of(r, p->reduced_count, p->reduced, p->reduced_stride);
        const double *off = j->offset ? j->offset + to : NULL;

        if (j->dtype == OFZ_F32)
            column_float(j->kind, n, (const float *)j->data + at, off, j->acc + to);
        else if (j->dtype == OFZ_F64)
            column_double(j->kind, n, (const double *)j->data + at, off, j->acc + to);
        else
            for (int64_t i = 0; i < n; i++)
                j->integer[to + i] =
                    step_integer(j->kind, j->integer[to + i], ((const int64_t *)j->data)[at + i]);
    }
}

static void job_run(const ofz_ctx *ctx, const job *j, int64_t count)
{
    const plan   *p       = j->p;
    const int     threads = count < OFZ_THREAD_WORK ? 1 : ofz_threads(ctx);
    const int64_t blocks  = p->column ? (p->inner + BLOCK - 1) / BLOCK : 1;
    const int64_t tasks   = p->outer * blocks;

#pragma omp parallel for schedule(static) num_threads(threads) if (threads > 1 && tasks > 1)
    for (int64_t t = 0; t < tasks; t++) {
        const int64_t o = t / blocks, from = t % blocks * BLOCK;

        if (!p->column)
            reduce_row(j, o);
        else
            reduce_columns(j, o, from, p->inner - from < BLOCK ? p->inner - from : BLOCK);
    }
    (void)threads;
}

ofz_status ofz_reduce_f64(ofz_ctx *ctx, ofz_reduce_kind kind, const ofz_tensor *x, const bool *mask,
                          const double *offset, double *acc)
{
    static const double neutral[] = { [OFZ_REDUCE_PROD] = 1,
                                      [OFZ_REDUCE_MAX]  = -(double)INFINITY,
                                      [OFZ_REDUCE_MIN]  = (double)INFINITY,
                                      [OFZ_REDUCE_EXP]  = 0 };
    const int64_t       count     = ofz_reduce_count(x, mask);
    ofz_tensor          wide      = { 0 };
    plan                p;
    job                 j = { &p, kind, x->dtype, x->data, offset, acc, NULL };

    for (int64_t i = 0; i < count; i++) acc[i] = neutral[kind];
    if (!x->count) return OFZ_OK;
    if (x->dtype != OFZ_F32 && x->dtype != OFZ_F64) {
        OFZ_TRY(ofz_tensor_new(ctx, &wide, OFZ_F32, x->rank, x->dim));
        ofz_widen(x->dtype, x->data, 0, x->count, OFZ_F32, wide.data);
        j.dtype = OFZ_F32;
        j.data  = wide.data;
    }
    plan_init(&p, x, mask);
    job_run(ctx, &j, x->count);
    ofz_tensor_release(&wide);
    return OFZ_OK;
}

/* The ends of an integer type. Those of uint64 are shifted so that signed comparison orders them.
 */
static int64_t integer_neutral(ofz_reduce_kind kind, ofz_dtype dtype)
{
    const ofz_dtype_row *row = ofz_dtype_get(dtype);
    const bool           max = kind == OFZ_REDUCE_MAX;
    const int top = row->bits == 64 ? 63 : row->cls == OFZ_CLASS_INT ? row->bits - 1 : row->bits;
    const int64_t high = row->cls == OFZ_CLASS_BOOL ? 1 : (int64_t)(UINT64_MAX >> (64 - top));

    if (kind == OFZ_REDUCE_PROD) return 1;
    if (kind != OFZ_REDUCE_MAX && kind != OFZ_REDUCE_MIN) return 0;
    if (!max) return high;
    return row->cls == OFZ_CLASS_INT || dtype == OFZ_U64 ? -high - 1 : 0;
}

ofz_status ofz_reduce_i64(ofz_ctx *ctx, ofz_reduce_kind kind, const ofz_tensor *x, const bool *mask,
                          int64_t *acc)
{
    const int64_t count   = ofz_reduce_count(x, mask);
    const int64_t neutral = integer_neutral(kind, x->dtype);
    const bool    shift = x->dtype == OFZ_U64 && (kind == OFZ_REDUCE_MAX || kind == OFZ_REDUCE_MIN);
    ofz_tensor    wide;
    plan          p;
    job           j = { &p, kind, OFZ_I64, NULL, NULL, NULL, acc };

    if (kind == OFZ_REDUCE_ABS && ofz_dtype_get(x->dtype)->cls == OFZ_CLASS_UINT)
        j.kind = OFZ_REDUCE_SUM;
    for (int64_t i = 0; i < count; i++) acc[i] = neutral;
    if (x->count) {
        int64_t *v;

        OFZ_TRY(ofz_tensor_new(ctx, &wide, OFZ_I64, x->rank, x->dim));
        v = wide.data;
        for (int64_t i = 0; i < x->count; i++) {
            v[i] = ofz_elem_i64(x->dtype, x->data, i);
            if (shift) v[i] = (int64_t)((uint64_t)v[i] ^ (uint64_t)1 << 63);
        }
        j.data = v;
        plan_init(&p, x, mask);
        job_run(ctx, &j, x->count);
        ofz_tensor_release(&wide);
    }
    for (int64_t i = 0; shift && i < count; i++)
        acc[i] = (int64_t)((uint64_t)acc[i] ^ (uint64_t)1 << 63);
    return OFZ_OK;
}
