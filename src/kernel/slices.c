/* slices.c - see slices.h. */
#include "kernel/slices.h"

#include <math.h>
#include <string.h>

#include "base/threads.h"
#include "kernel/copy.h"

#define GATHER_ONE(W)                                                                              \
    static void gather_##W(int64_t n, const int64_t *at, const char *src, char *dst)               \
    {                                                                                              \
        for (int64_t i = 0; i < n; i++) memcpy(dst + i * W, src + at[i] * W, W);                   \
    }
GATHER_ONE(1)
GATHER_ONE(2)
GATHER_ONE(4)
GATHER_ONE(8)
GATHER_ONE(16)

void ofz_slices_gather(int bits, int64_t n, int64_t inner, const int64_t *at, const void *src,
                       void *dst, int threads)
{
    (void)threads;
    if (inner == 1 && bits >= 8) {
        switch (bits) {
        case 8:
            gather_1(n, at, src, dst);
            return;
        case 16:
            gather_2(n, at, src, dst);
            return;
        case 32:
            gather_4(n, at, src, dst);
            return;
        case 64:
            gather_8(n, at, src, dst);
            return;
        default:
            gather_16(n, at, src, dst);
            return;
        }
    }
#pragma omp parallel for num_threads(threads)                                                      \
    schedule(static) if (bits >= 8 && n > 1 && n * inner >= OFZ_THREAD_WORK)
    for (int64_t i = 0; i < n; i++) ofz_copy_run(bits, src, at[i], dst, i * inner, inner);
}

void ofz_slices_scatter(int bits, int64_t n, int64_t inner, const int64_t *at, const void *src,
                        void *dst)
{
    for (int64_t i = 0; i < n; i++) ofz_copy_run(bits, src, i * inner, dst, at[i], inner);
}

/* Columns [from, to) of every run; threads own columns, so the order of additions never changes. */
#define ADD(suffix, T)                                                                             \
    static void add_##suffix(int64_t n, int64_t inner, int64_t from, int64_t to,                   \
                             const int64_t *at, const T *src, T *dst)                              \
    {                                                                                              \
        for (int64_t i = 0; i < n; i++) {                                                          \
            const T *s = src + i * inner;                                                          \
            T       *d = dst + at[i];                                                              \
                                                                                                   \
            for (int64_t k = from; k < to; k++) d[k] += s[k];                                      \
        }                                                                                          \
    }
ADD(f32, float)
ADD(f64, double)

void ofz_slices_add(bool wide, int64_t n, int64_t inner, const int64_t *at, const void *src,
                    void *dst, int threads)
{
    const int64_t parts = inner / 64 < threads ? inner / 64 + 1 : threads;
    const int64_t chunk = (inner + parts - 1) / parts;

#pragma omp parallel for num_threads((int)parts) schedule(static) if (n * inner >= OFZ_THREAD_WORK)
    for (int64_t p = 0; p < parts; p++) {
        const int64_t from = p * chunk;
        const int64_t to   = from + chunk < inner ? from + chunk : inner;

        if (wide)
            add_f64(n, inner, from, to, at, src, dst);
        else
            add_f32(n, inner, from, to, at, src, dst);
    }
}

/* --- reductions ------------------------------------------------------------------------------- */

static double reduce_f64(ofz_reduction op, double a, double b)
{
    switch (op) {
    case OFZ_REDUCE_ADD:
        return a + b;
    case OFZ_REDUCE_MUL:
        return a * b;
    case OFZ_REDUCE_MAX:
        return isnan(a) || a > b ? a : b;
    case OFZ_REDUCE_MIN:
        return isnan(a) || a < b ? a : b;
    default:
        return b;
    }
}

static int64_t reduce_i64(ofz_reduction op, bool is_unsigned, int64_t a, int64_t b)
{
    const bool less = is_unsigned ? (uint64_t)a < (uint64_t)b : a < b;

    switch (op) {
    case OFZ_REDUCE_ADD:
        return (int64_t)((uint64_t)a + (uint64_t)b);
    case OFZ_REDUCE_MUL:
        return (int64_t)((uint64_t)a * (uint64_t)b);
    case OFZ_REDUCE_MAX:
        return less ? b : a;
    case OFZ_REDUCE_MIN:
        return less ? a : b;
    default:
        return b;
    }
}

void ofz_slices_reduce(ofz_reduction op, ofz_dtype dtype, int64_t n, int64_t inner,
                       const int64_t *at, const void *src, void *dst)
{
    const bool is_float = ofz_dtype_is_float(dtype);

    if (op == OFZ_REDUCE_ADD && (dtype == OFZ_F32 || dtype == OFZ_F64)) {
        ofz_slices_add(dtype == OFZ_F64, n, inner, at, src, dst, 1);
        return;
    }
    for (int64_t i = 0; i < n; i++)
        for (int64_t k = 0; k < inner; k++) {
            const int64_t d = at[i] + k, s = i * inner + k;

            if (is_float)
                ofz_elem_set_f64(
                    dtype, dst, d,
                    reduce_f64(op, ofz_elem_f64(dtype, dst, d), ofz_elem_f64(dtype, src, s)));
            else
                ofz_elem_set_i64(dtype, dst, d,
                                 reduce_i64(op, dtype == OFZ_U64, ofz_elem_i64(dtype, dst, d),
                                            ofz_elem_i64(dtype, src, s)));
        }
}
