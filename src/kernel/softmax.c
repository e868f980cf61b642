/* softmax.c - see softmax.h. Rows that are contiguous are handled one by one; else BLOCK neighbouring
 * rows at a time, so that memory is read along itself. */
#include "kernel/softmax.h"

#include <math.h>

#include "base/clones.h"
#include "base/threads.h"
#include "kernel/vecmath.h"

#define LANES 8
#define BLOCK 64

#define KERNELS(T, EXP, LOG)                                                                       \
    OFZ_CLONES static void row_##T(int64_t n, bool log_of, const T *x, T *y)                       \
    {                                                                                              \
        T       max[LANES];                                                                        \
        double  sum[LANES] = { 0 }, total = 0;                                                     \
        int64_t i;                                                                                 \
        T       top = -(T)INFINITY, scale;                                                         \
                                                                                                   \
        for (int l = 0; l < LANES; l++) max[l] = top;                                              \
        for (i = 0; i + LANES <= n; i += LANES)                                                    \
            for (int l = 0; l < LANES; l++) max[l] = x[i + l] > max[l] ? x[i + l] : max[l];        \
        for (int l = 0; i < n; i++, l++) max[l] = x[i] > max[l] ? x[i] : max[l];                   \
        for (int l = 0; l < LANES; l++) top = max[l] > top ? max[l] : top;                         \
        for (i = 0; i < n; i++) y[i] = EXP(x[i] - top);                                            \
        for (i = 0; i + LANES <= n; i += LANES)                                                    \
            for (int l = 0; l < LANES; l++) sum[l] += (double)y[i + l];                            \
        for (int l = 0; i < n; i++, l++) sum[l] += (double)y[i];                                   \
        for (int l = 0; l < LANES; l++) total += sum[l];                                           \
        scale = log_of ? (T)LOG(total) : (T)(1 / total);                                           \
        if (log_of)                                                                                \
            for (i = 0; i < n; i++) y[i] = (x[i] - top) - scale;                                   \
        else                                                                                       \
            for (i = 0; i < n; i++) y[i] *= scale;                                                 \
    }                                                                                              \
    OFZ_CLONES static void row_back_##T(int64_t n, bool log_of, const T *dy, const T *y, T *dx)    \
    {                                                                                              \
        double  sum[LANES] = { 0 };                                                                \
        int64_t i          = 0;                                                                    \
        T       total;                                                                             \
                                                                                                   \
        if (log_of)                                                                                \
            for (; i + LANES <= n; i += LANES)                                                     \
                for (int l = 0; l < LANES; l++) sum[l] += (double)dy[i + l];                       \
        else                                                                                       \
            for (; i + LANES <= n; i += LANES)                                                     \
                for (int l = 0; l < LANES; l++) sum[l] += (double)dy[i + l] * (double)y[i + l];    \
        for (int l = 0; i < n; i++, l++)                                                           \
            sum[l] += log_of ? (double)dy[i] : (double)dy[i] * (double)y[i];                       \
        for (int l = 1; l < LANES; l++) sum[0] += sum[l];                                          \
        total = (T)sum[0];                                                                         \
        if (log_of)                                                                                \
            for (i = 0; i < n; i++) dx[i] = dy[i] - EXP(y[i]) * total;                             \
        else                                                                                       \
            for (i = 0; i < n; i++) dx[i] = y[i] * (dy[i] - total);                                \
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
    const int     threads =                                                                        \
        tasks < 2 || s->n * s->inner * s->outer < OFZ_THREAD_WORK ? 1 : ofz_threads(ctx);      \
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
    RUN(if (s->inner == 1) row_float(s->n, s->log, x + at, y + at);
        else rows_float(s, m, x + at, y + at));
}

void ofz_softmax_f64(ofz_ctx *ctx, const ofz_softmax *s, const double *x, double *y)
{
    RUN(if (s->inner == 1) row_double(s->n, s->log, x + at, y + at);
        else rows_double(s, m, x + at, y + at));
}

void ofz_softmax_back_f32(ofz_ctx *ctx, const ofz_softmax *s, const float *dy, const float *y,
                          float *dx)
{
    RUN(if (s->inner == 1) row_back_float(s->n, s->log, dy + at, y + at, dx + at);
        else back_float(s, m, dy + at, y + at, dx + at));
}

void ofz_softmax_back_f64(ofz_ctx *ctx, const ofz_softmax *s, const double *dy, const double *y,
                          double *dx)
{
    RUN(if (s->inner == 1) row_back_double(s->n, s->log, dy + at, y + at, dx + at);
        else back_double(s, m, dy + at, y + at, dx + at));
}
