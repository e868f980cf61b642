/* softmax.c - see softmax.h. Rows that are contiguous are handled one by one; else BLOCK neighbouring
 * rows at a time, so that memory is read along itself. */
#include "kernel/softmax.h"

#include <math.h>

#include "base/threads.h"
#include "kernel/vecmath.h"

#define BLOCK    64
#define PARALLEL 8192

#define KERNELS(T, EXP, LOG)                                                                       \
    static void row_##T(const ofz_softmax *s, const T *x, T *y)                                    \
    {                                                                                              \
        T      max = -(T)INFINITY, scale;                                                          \
        double sum = 0;                                                                            \
                                                                                                   \
        for (int64_t i = 0; i < s->n; i++) max = x[i] > max ? x[i] : max;                          \
        for (int64_t i = 0; i < s->n; i++) y[i] = EXP(x[i] - max);                                 \
        for (int64_t i = 0; i < s->n; i++) sum += (double)y[i];                                    \
        scale = s->log ? (T)LOG(sum) : (T)(1 / sum);                                               \
        if (s->log)                                                                                \
            for (int64_t i = 0; i < s->n; i++) y[i] = (x[i] - max) - scale;                        \
        else                                                                                       \
            for (int64_t i = 0; i < s->n; i++) y[i] *= scale;                                      \
    }                                                                                              \
    /* m neighbouring rows */                                                                      \
    static void rows_##T(const ofz_softmax *s, int64_t m, const T *x, T *y)                        \
    {                                                                                              \
        T      max[BLOCK];                                                                         \
        double sum[BLOCK];                                                                         \
                                                                                                   \
        for (int64_t j = 0; j < m; j++) {                                                          \
            max[j] = -(T)INFINITY;                                                                 \
            sum[j] = 0;                                                                            \
        }                                                                                          \
        for (int64_t i = 0; i < s->n; i++)                                                         \
            for (int64_t j = 0; j < m; j++)                                                        \
                max[j] = x[i * s->inner + j] > max[j] ? x[i * s->inner + j] : max[j];              \
        for (int64_t i = 0; i < s->n; i++)                                                         \
            for (int64_t j = 0; j < m; j++) {                                                      \
                const T e = EXP(x[i * s->inner + j] - max[j]);                                     \
                                                                                                   \
                y[i * s->inner + j] = e;                                                           \
                sum[j] += (double)e;                                                               \
            }                                                                                      \
        for (int64_t j = 0; j < m; j++) sum[j] = s->log ? LOG(sum[j]) : 1 / sum[j];                \
        for (int64_t i = 0; i < s->n; i++)                                                         \
            for (int64_t j = 0; j < m; j++) {                                                      \
                const int64_t k = i * s->inner + j;                                                \
                                                                                                   \
                y[k] = s->log ? (x[k] - max[j]) - (T)sum[j] : y[k] * (T)sum[j];                    \
            }                                                                                      \
    }                                                                                              \
    static void back_##T(const ofz_softmax *s, int64_t m, const T *dy, const T *y, T *dx)          \
    {                                                                                              \
        double sum[BLOCK] = { 0 };                                                                 \
                                                                                                   \
        for (int64_t i = 0; i < s->n; i++)                                                         \
            for (int64_t j = 0; j < m; j++) {                                                      \
                const int64_t k = i * s->inner + j;                                                \
                                                                                                   \
                sum[j] += s->log ? (double)dy[k] : (double)dy[k] * (double)y[k];                   \
            }                                                                                      \
        for (int64_t i = 0; i < s->n; i++)                                                         \
            for (int64_t j = 0; j < m; j++) {                                                      \
                const int64_t k = i * s->inner + j;                                                \
                                                                                                   \
                dx[k] = s->log ? dy[k] - EXP(y[k]) * (T)sum[j] : y[k] * (dy[k] - (T)sum[j]);       \
            }                                                                                      \
    }

#define RUN(body)                                                                                  \
    const int64_t blocks = (s->inner + BLOCK - 1) / BLOCK, tasks = s->outer * blocks;              \
    const int threads = tasks < 2 || s->n * s->inner * s->outer < PARALLEL ? 1 : ofz_threads(ctx); \
                                                                                                   \
    _Pragma(                                                                                       \
        "omp parallel for schedule(static) num_threads(threads) if (threads > 1)") for (int64_t    \
                                                                                            t = 0; \
                                                                                        t < tasks; \
                                                                                        t++)       \
    {                                                                                              \
        const int64_t from = t % blocks * BLOCK, at = t / blocks * s->n * s->inner + from;         \
        const int64_t m = s->inner - from < BLOCK ? s->inner - from : BLOCK;                       \
                                                                                                   \
        body;                                                                                      \
    }                                                                                              \
    (void)threads

KERNELS(float, ofz_exp32, log)
KERNELS(double, exp, log)

void ofz_softmax_f32(ofz_ctx *ctx, const ofz_softmax *s, const float *x, float *y)
{
    RUN(if (s->inner == 1) row_float(s, x + at, y + at); else rows_float(s, m, x + at, y + at));
}

void ofz_softmax_f64(ofz_ctx *ctx, const ofz_softmax *s, const double *x, double *y)
{
    RUN(if (s->inner == 1) row_double(s, x + at, y + at); else rows_double(s, m, x + at, y + at));
}

void ofz_softmax_back_f32(ofz_ctx *ctx, const ofz_softmax *s, const float *dy, const float *y,
                          float *dx)
{
    RUN(back_float(s, m, dy + at, y + at, dx + at));
}

void ofz_softmax_back_f64(ofz_ctx *ctx, const ofz_softmax *s, const double *dy, const double *y,
                          double *dx)
{
    RUN(back_double(s, m, dy + at, y + at, dx + at));
}
