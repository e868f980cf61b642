/* threads.h - how many threads a kernel may use. */
#ifndef OFZ_BASE_THREADS_H
#define OFZ_BASE_THREADS_H

#include "base/error.h"

#ifdef _OPENMP
#include <omp.h>
#endif

/* ctx->threads, or what the machine offers when that is 0; 1 without OpenMP. At least 1. */
static inline int ofz_threads(const ofz_ctx *ctx)
{
#ifdef _OPENMP
    const int n = ctx && ctx->threads > 0 ? ctx->threads : omp_get_max_threads();

    return n > 0 ? n : 1;
#else
    (void)ctx;
    return 1;
#endif
}

/* Elements moved, or products summed, that keep a thread busy long enough to be worth waking. */
enum { OFZ_THREAD_WORK = 262144 };

/* At most that, and no more than `work` (elements moved, or products summed) is worth. Waking a thread
 * costs some ten thousand of them on an idle machine; on a busy one the waker waits at the end for a
 * thread that has no core, so a second one is asked only for what takes the better part of a millisecond.
 * Depends on the thread count and the work alone, so that the same call always splits alike. */
static inline int ofz_threads_for(const ofz_ctx *ctx, int64_t work)
{
    const int64_t most = ofz_threads(ctx), worth = 1 + work / OFZ_THREAD_WORK;

    return (int)(worth < most ? worth : most);
}

/* Before a for loop: its iterations are dealt out in equal runs to the threads that `work` is worth.
 * Without OpenMP it only evaluates its arguments. */
#ifdef _OPENMP
#define OFZ_PRAGMA(text) _Pragma(#text)
#define OFZ_PARALLEL_FOR(ctx, work)                                                                \
    OFZ_PRAGMA(omp parallel for schedule(static) num_threads(ofz_threads_for(ctx, work)))
#else
#define OFZ_PARALLEL_FOR(ctx, work) (void)ofz_threads_for(ctx, work);
#endif

#endif
