/* ref_gemm_body.h - what ref_gemm.c compiles once per REAL. */

/* TILE rows of op(a) from row i as [k][TILE], rows past m as zeros. */
static void NAME(pack_a)(const ofz_gemm *g, const REAL *a, int64_t i, double *out)
{
    for (int r = 0; r < TILE; r++) {
        const bool  real = i + r < g->m;
        const REAL *p    = !real ? NULL : g->trans_a ? a + i + r : a + (i + r) * g->lda;
        int64_t     step = g->trans_a ? g->lda : 1;

        for (int64_t k = 0; k < g->k; k++) out[k * TILE + r] = real ? (double)p[k * step] : 0;
    }
}

/* TILE columns of op(b) from column j as [k][TILE], columns past n as zeros. */
static void NAME(pack_b)(const ofz_gemm *g, const REAL *b, int64_t j, double *out)
{
    for (int c = 0; c < TILE; c++) {
        const bool  real = j + c < g->n;
        const REAL *p    = !real ? NULL : g->trans_b ? b + (j + c) * g->ldb : b + j + c;
        int64_t     step = g->trans_b ? 1 : g->ldb;

        for (int64_t k = 0; k < g->k; k++) out[k * TILE + c] = real ? (double)p[k * step] : 0;
    }
}

/* Rows i.. of c against the packed columns j0..j1. */
static void NAME(gemm_rows)(const ofz_gemm *g, int64_t i, const double *pa, int64_t j0, int64_t j1,
                            const double *pb, REAL *c)
{
    double tile[TILE][TILE];

    for (int64_t j = j0; j < j1; j += TILE) {
        tile_product(g->k, pa, pb + (j - j0) * g->k, tile);
        for (int r = 0; r < TILE && i + r < g->m; r++)
            for (int64_t q = 0; q < TILE && j + q < j1; q++) {
                REAL  *at = c + (i + r) * g->ldc + j + q;
                double v  = g->alpha * tile[r][q];

                *at = (REAL)(g->beta == 0 ? v : v + g->beta * (double)*at);
            }
    }
}

ofz_status NAME(ofz_ref_gemm)(ofz_ctx *ctx, const ofz_gemm *g, const REAL *a, const REAL *b,
                              REAL *c)
{
    const int threads = ofz_threads_for(ctx, work_of(g));
    int64_t   room_a, room_b;
    double   *pa, *pb;

    if (g->m <= 0 || g->n <= 0) return OFZ_OK;
    if (!ofz_mul(g->k, (int64_t)TILE * threads * (int64_t)sizeof(double), &room_a) ||
        !ofz_mul(g->k, PANEL * (int64_t)sizeof(double), &room_b))
        return ofz_fail(ctx, OFZ_E_LIMIT, "matrix product: inner size %" PRId64 ", too large",
                        g->k);
    pa = malloc((size_t)room_a + 1);
    pb = malloc((size_t)room_b + 1);
    if (!pa || !pb) {
        free(pa);
        free(pb);
        return ofz_fail_nomem(ctx, "matrix product", (size_t)room_a + (size_t)room_b);
    }
    for (int64_t j0 = 0; j0 < g->n; j0 += PANEL) {
        const int64_t j1 = j0 + PANEL < g->n ? j0 + PANEL : g->n;

#pragma omp parallel num_threads(threads)
        {
#ifdef _OPENMP
            double *mine = pa + (size_t)omp_get_thread_num() * TILE * (size_t)g->k;
#else
            double *mine = pa;
#endif
#pragma omp for schedule(static)
            for (int64_t j = j0; j < j1; j += TILE) NAME(pack_b)(g, b, j, pb + (j - j0) * g->k);
#pragma omp for schedule(static)
            for (int64_t i = 0; i < g->m; i += TILE) {
                NAME(pack_a)(g, a, i, mine);
                NAME(gemm_rows)(g, i, mine, j0, j1, pb, c);
            }
        }
    }
    free(pa);
    free(pb);
    return OFZ_OK;
}
