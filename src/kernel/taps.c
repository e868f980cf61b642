/* taps.c - see taps.h. */
#include "kernel/taps.h"

#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/threads.h"

ofz_status ofz_taps_new(ofz_ctx *ctx, int64_t in, int64_t out, int64_t width, ofz_taps *t)
{
    int64_t n;

    *t = (ofz_taps){ .in = in, .out = out };
    if (!ofz_mul(out, width, &n) || (uint64_t)n > ctx->limits.tensor_size / 8 ||
        (uint64_t)out > ctx->limits.tensor_size / 8)
        return ofz_fail(ctx, OFZ_E_LIMIT, "axis: %" PRId64 " elements of %" PRId64 " taps", out,
                        width);
    t->first  = calloc((size_t)out + 1, sizeof *t->first);
    t->index  = malloc((size_t)(n ? n : 1) * sizeof *t->index);
    t->weight = malloc((size_t)(n ? n : 1) * sizeof *t->weight);
    if (t->first && t->index && t->weight) return OFZ_OK;
    ofz_taps_free(t);
    return ofz_fail_nomem(ctx, "taps", (size_t)n * 16);
}

void ofz_taps_free(ofz_taps *t)
{
    free(t->first);
    free(t->index);
    free(t->weight);
    *t = (ofz_taps){ 0 };
}

ofz_status ofz_taps_from_map(ofz_ctx *ctx, int64_t in, int64_t out, const int64_t *map, ofz_taps *t)
{
    int64_t n = 0;

    OFZ_TRY(ofz_taps_new(ctx, in, out, 1, t));
    for (int64_t j = 0; j < out; j++) {
        if (map[j] >= 0) {
            t->index[n]    = map[j];
            t->weight[n++] = 1;
        }
        t->first[j + 1] = n;
    }
    return OFZ_OK;
}

/* One slab [len, inner] of each. A gather writes y row by row; its transpose adds into zeroed rows.
 * With inner 1 a row is one number, and the sum stays in a register. */
#define SLAB(suffix, T)                                                                            \
    static void slab_##suffix(const ofz_taps *t, const T *weight, bool transpose, int64_t inner,   \
                              const T *x, T *y)                                                    \
    {                                                                                              \
        if (inner == 1 && !transpose) {                                                            \
            for (int64_t j = 0; j < t->out; j++) {                                                 \
                T sum = 0;                                                                         \
                                                                                                   \
                for (int64_t k = t->first[j]; k < t->first[j + 1]; k++)                            \
                    sum += weight[k] * x[t->index[k]];                                             \
                y[j] = sum;                                                                        \
            }                                                                                      \
            return;                                                                                \
        }                                                                                          \
        memset(y, 0, (size_t)((transpose ? t->in : t->out) * inner) * sizeof *y);                  \
        for (int64_t j = 0; j < t->out; j++)                                                       \
            for (int64_t k = t->first[j]; k < t->first[j + 1]; k++) {                              \
                const T *from = x + (transpose ? j : t->index[k]) * inner;                         \
                T       *to   = y + (transpose ? t->index[k] : j) * inner;                         \
                const T  w    = weight[k];                                                         \
                                                                                                   \
                if (inner == 1)                                                                    \
                    to[0] += w * from[0];                                                          \
                else                                                                               \
                    for (int64_t i = 0; i < inner; i++) to[i] += w * from[i];                      \
            }                                                                                      \
    }
SLAB(f32, float)
SLAB(f64, double)

static ofz_status axis_apply(ofz_ctx *ctx, const ofz_taps *t, bool wide, bool transpose,
                             int64_t outer, int64_t inner, const void *x, void *y, int threads)
{
    const int64_t from   = (transpose ? t->out : t->in) * inner;
    const int64_t to     = (transpose ? t->in : t->out) * inner;
    const int64_t count  = t->first[t->out];
    float        *narrow = NULL;

    (void)threads;
    if (!wide) { /* converted once, not once per slab */
        narrow = malloc((size_t)count * sizeof *narrow + 1);
        if (!narrow) return ofz_fail_nomem(ctx, "taps", (size_t)count * sizeof *narrow);
        for (int64_t k = 0; k < count; k++) narrow[k] = (float)t->weight[k];
    }
#pragma omp parallel for num_threads(threads)                                                      \
    schedule(static) if (outer > 1 && outer * to > OFZ_THREAD_WORK)
    for (int64_t o = 0; o < outer; o++) {
        if (wide)
            slab_f64(t, t->weight, transpose, inner, (const double *)x + o * from,
                     (double *)y + o * to);
        else
            slab_f32(t, narrow, transpose, inner, (const float *)x + o * from, (float *)y + o * to);
    }
    free(narrow);
    return OFZ_OK;
}

ofz_status ofz_taps_apply(ofz_ctx *ctx, bool wide, int rank, const int64_t *dim,
                          const ofz_taps *taps, bool transpose, const void *x, void *y, int threads)
{
    const size_t size = wide ? sizeof(double) : sizeof(float);
    int64_t      now[OFZ_MAX_RANK], count = 1;
    void        *room[2] = { NULL, NULL };
    const void  *from    = x;
    int          last = -1, turn = 0;
    ofz_status   st = OFZ_OK;

    for (int a = 0; a < rank; a++) {
        now[a] = dim[a];
        count *= dim[a];
        if (taps[a].first) last = a;
    }
    if (last < 0) {
        if (count) memcpy(y, x, (size_t)count * size);
        return OFZ_OK;
    }
    for (int a = 0; a <= last; a++) {
        int64_t outer = 1, inner = 1;
        void   *to = y;

        if (!taps[a].first) continue;
        for (int i = 0; i < a; i++) outer *= now[i];
        for (int i = a + 1; i < rank; i++) inner *= now[i];
        now[a] = transpose ? taps[a].in : taps[a].out;
        if (a != last) {
            free(room[turn]);
            to = room[turn] = malloc((size_t)(outer * now[a] * inner) * size + 1);
            if (!to) OFZ_GOTO(ofz_fail_nomem(ctx, "taps", (size_t)(outer * now[a] * inner) * size));
        }
        OFZ_GOTO(axis_apply(ctx, &taps[a], wide, transpose, outer, inner, from, to, threads));
        from = to;
        turn = !turn;
    }
done:
    free(room[0]);
    free(room[1]);
    return st;
}
