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

#endif
