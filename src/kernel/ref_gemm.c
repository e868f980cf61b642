/* ref_gemm.c - the reference matrix product, for float and double. */
#include "kernel/gemm.h"

#include <stdlib.h>

#include "base/checked.h"
#include "base/threads.h"

enum {
    TILE  = 4,  /* rows and columns of one register block */
    PANEL = 256 /* columns of op(b) packed at a time; bounds the copy at k * PANEL doubles */
};

/* tile[r][c] = sum over k of pa[k][r] * pb[k][c], ascending. Both are packed, so that the compiler
 * keeps the block in registers. */
static void tile_product(int64_t k, const double *pa, const double *pb, double tile[TILE][TILE])
{
    double t[TILE][TILE] = { { 0 } };

    for (int64_t i = 0; i < k; i++, pa += TILE, pb += TILE)
        for (int r = 0; r < TILE; r++)
            for (int c = 0; c < TILE; c++) t[r][c] += pa[r] * pb[c];
    for (int r = 0; r < TILE; r++)
        for (int c = 0; c < TILE; c++) tile[r][c] = t[r][c];
}

static int64_t work_of(const ofz_gemm *g)
{
    int64_t work = INT64_MAX;

    if (ofz_mul(g->m, g->n, &work) && !ofz_mul(work, g->k, &work)) work = INT64_MAX;
    return work;
}

#define REAL    float
#define NAME(x) x##_f32
#include "kernel/ref_gemm_body.h"
#undef REAL
#undef NAME

#define REAL    double
#define NAME(x) x##_f64
#include "kernel/ref_gemm_body.h"
