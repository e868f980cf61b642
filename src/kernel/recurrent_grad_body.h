/* recurrent_grad_body.h - the way back through time, which recurrent.c compiles once per REAL. */

/* The gradients of one direction on their way. */
typedef struct NAME(back) {
    const NAME(pass) * p;
    const REAL *dy;
    REAL       *block;
    REAL       *dzx; /* [T N, G H] of what goes into the gates, rows as x has them */
    REAL       *dzr; /* [T, N, G H] of h r^T, by step: a GRU's third gate differs from dzx */
    REAL       *dh, *dc, *dq; /* [N, H] */
    double     *dp;           /* [N, 3 H] */
} NAME(back);

static void NAME(rnn_back)(const NAME(back) * v, int64_t k, int64_t n, int64_t t)
{
    const NAME(pass) *p = v->p;
    const int64_t H     = p->H;
    REAL         *dzr = v->dzr + k * p->z.gates + n * H, *dh = v->dh + n * H;
    const REAL   *da = p->da + k * p->z.gates + n * H;

    for (int64_t j = 0; j < H; j++) {
        dzr[j] = dh[j] * da[j];
        dh[j]  = 0;
    }
    memcpy(v->dzx + row_x(p->s, n, t) * H, dzr, (size_t)H * sizeof *dzr);
}

static void NAME(lstm_back)(const NAME(back) * v, int64_t k, int64_t n, int64_t t)
{
    const NAME(pass) *p = v->p;
    const int64_t H = p->H, at = k * p->z.gates + n * p->GH, cell = k * p->z.cells + n * H;
    const REAL   *i = p->a + at, *o = i + H, *f = o + H, *g = f + H, *s = p->da + at;
    const REAL   *c0 = p->c + cell, *c1 = c0 + p->z.cells, *pp = p->p;
    const REAL   *hc = p->hc + cell, *dhc = p->dhc + cell;
    REAL         *dz = v->dzr + at, *dh = v->dh + n * H, *dc = v->dc + n * H;
    double       *dp = v->dp + n * 3 * H;

    for (int64_t j = 0; j < H; j++) {
        const bool tied = p->s->input_forget;
        const REAL zo   = dh[j] * hc[j] * s[H + j];
        const REAL c    = dc[j] + dh[j] * o[j] * dhc[j] + (pp ? zo * pp[H + j] : 0);
        const REAL zi   = c * (tied ? g[j] - c0[j] : g[j]) * s[j];
        const REAL zf   = tied ? 0 : c * c0[j] * s[2 * H + j];

        dz[j]         = zi;
        dz[H + j]     = zo;
        dz[2 * H + j] = zf;
        dz[3 * H + j] = c * i[j] * s[3 * H + j];
        dc[j]         = c * f[j];
        dh[j]         = 0;
        if (!pp) continue;
        dc[j] += zi * pp[j] + zf * pp[2 * H + j];
        dp[j] += (double)zi * (double)c0[j];
        dp[H + j] += (double)zo * (double)c1[j];
        dp[2 * H + j] += (double)zf * (double)c0[j];
    }
    memcpy(v->dzx + row_x(p->s, n, t) * p->GH, dz, (size_t)p->GH * sizeof *dz);
}

/* Through the sum and the third gate; with linear_before_reset all the way. */
static void NAME(gru_back_first)(const NAME(back) * v, int64_t k, int64_t n, int64_t t)
{
    const NAME(pass) *p = v->p;
    const int64_t H = p->H, at = k * p->z.gates + n * p->GH;
    const REAL   *z = p->a + at, *r = z + H, *g = r + H, *s = p->da + at;
    const REAL   *h0 = p->h + k * p->z.cells + n * H, *q = p->q + k * p->z.cells + n * H;
    REAL         *dzr = v->dzr + at, *dzx = v->dzx + row_x(p->s, n, t) * p->GH;
    REAL         *dh = v->dh + n * H;

    for (int64_t j = 0; j < H; j++) {
        const REAL zg = dh[j] * (1 - z[j]) * s[2 * H + j];

        dzr[j] = dzx[j] = dh[j] * (h0[j] - g[j]) * s[j];
        dzx[2 * H + j] = dzr[2 * H + j] = zg;
        dh[j] *= z[j];
        if (!p->s->linear_before_reset) continue;
        dzr[H + j] = dzx[H + j] = zg * q[j] * s[H + j];
        dzr[2 * H + j]          = zg * r[j];
    }
}

/* dq is what reached reset * h. */
static void NAME(gru_back_second)(const NAME(back) * v, int64_t k, int64_t n, int64_t t)
{
    const NAME(pass) *p = v->p;
    const int64_t H = p->H, at = k * p->z.gates + n * p->GH;
    const REAL   *r = p->a + at + H, *s = p->da + at + H, *dq = v->dq + n * H;
    const REAL   *h0  = p->h + k * p->z.cells + n * H;
    REAL         *dzr = v->dzr + at + H, *dzx = v->dzx + row_x(p->s, n, t) * p->GH + H;
    REAL         *dh = v->dh + n * H;

    for (int64_t j = 0; j < H; j++) {
        dzr[j] = dzx[j] = dq[j] * h0[j] * s[j];
        dh[j] += dq[j] * r[j];
    }
}

static void NAME(back_rows)(ofz_ctx *ctx, const NAME(back) * v, int64_t k,
                            void (*row)(const NAME(back) *, int64_t, int64_t, int64_t))
{
    OFZ_PARALLEL_FOR(ctx, 4 * v->p->z.gates)
    for (int64_t n = 0; n < v->p->N; n++) {
        const int64_t t = time_of(v->p->s, v->p->d, n, k);

        if (t >= 0) row(v, k, n, t);
    }
}

/* c = beta c + dzr's columns [from, from + count) times those rows of r. */
static ofz_status NAME(back_r)(ofz_ctx *ctx, const NAME(back) * v, int64_t k, int64_t from,
                               int64_t count, double beta, REAL *c)
{
    const NAME(pass) *p = v->p;
    const ofz_gemm g    = { .m     = p->N,
                            .n     = p->H,
                            .k     = count,
                            .lda   = p->GH,
                            .ldb   = p->H,
                            .ldc   = p->H,
                            .alpha = 1,
                            .beta  = beta };

    return NAME(ofz_gemm)(ctx, &g, v->dzr + k * p->z.gates + from, p->r + from * p->H, c);
}

static ofz_status NAME(back_step)(ofz_ctx *ctx, const NAME(back) * v, int64_t k)
{
    const NAME(pass) *p = v->p;
    const int64_t H     = p->H;

    for (int64_t n = 0; v->dy && n < p->N; n++) {
        const int64_t t = time_of(p->s, p->d, n, k);

        for (int64_t j = 0; t >= 0 && j < H; j++)
            v->dh[n * H + j] += v->dy[row_y(p->s, p->d, n, t) * H + j];
    }
    if (p->s->cell != OFZ_CELL_GRU) {
        NAME(back_rows)(ctx, v, k, p->s->cell == OFZ_CELL_RNN ? NAME(rnn_back) : NAME(lstm_back));
        return NAME(back_r)(ctx, v, k, 0, p->GH, 1, v->dh);
    }
    NAME(back_rows)(ctx, v, k, NAME(gru_back_first));
    if (p->s->linear_before_reset) return NAME(back_r)(ctx, v, k, 0, 3 * H, 1, v->dh);
    OFZ_TRY(NAME(back_r)(ctx, v, k, 2 * H, H, 0, v->dq));
    NAME(back_rows)(ctx, v, k, NAME(gru_back_second));
    return NAME(back_r)(ctx, v, k, 0, 2 * H, 1, v->dh);
}

/* out[j] = sum over rows of a[row, j]. */
static void NAME(column_sums)(int64_t rows, int64_t columns, const REAL *a, REAL *out)
{
    for (int64_t j = 0; j < columns; j++) {
        double sum = 0;

        for (int64_t i = 0; i < rows; i++) sum += (double)a[i * columns + j];
        out[j] = (REAL)sum;
    }
}

/* c[count, n] (+)= a[rows, its columns from..from + count)^T b[rows, n]. */
static ofz_status NAME(weights)(ofz_ctx *ctx, const NAME(pass) * p, const REAL *a, int64_t from,
                                int64_t count, const REAL *b, int64_t n, REAL *c)
{
    const ofz_gemm g = { .trans_a = true,
                         .m       = count,
                         .n       = n,
                         .k       = p->s->steps * p->N,
                         .lda     = p->GH,
                         .ldb     = n,
                         .ldc     = n,
                         .alpha   = 1 };

    return NAME(ofz_gemm)(ctx, &g, a + from, b, c + from * n);
}

/* Everything that is summed over time. */
static ofz_status NAME(back_finish)(ofz_ctx                    *ctx, const NAME(back) * v,
                                    const ofz_recurrent_slopes *g)
{
    const NAME(pass) *p    = v->p;
    const ofz_recurrent *s = p->s;
    const int64_t        H = p->H, GH = p->GH, d = p->d, rows = s->steps * p->N;
    REAL                *db = g->db, *dp = g->dp;
    const bool           split = s->cell == OFZ_CELL_GRU && !s->linear_before_reset;

    if (g->dx) {
        const ofz_gemm x = { .m     = rows,
                             .n     = s->in,
                             .k     = GH,
                             .lda   = GH,
                             .ldb   = s->in,
                             .ldc   = s->in,
                             .alpha = 1,
                             .beta  = d ? 1 : 0 };

        OFZ_TRY(NAME(ofz_gemm)(ctx, &x, v->dzx, p->w, g->dx));
    }
    if (g->dw)
        OFZ_TRY(NAME(weights)(ctx, p, v->dzx, 0, GH, p->x, s->in, (REAL *)g->dw + d * GH * s->in));
    if (g->dr) {
        REAL *dr = (REAL *)g->dr + d * GH * H;

        OFZ_TRY(NAME(weights)(ctx, p, v->dzr, 0, split ? 2 * H : GH, p->h, H, dr));
        if (split) OFZ_TRY(NAME(weights)(ctx, p, v->dzr, 2 * H, H, p->q, H, dr));
    }
    if (db) {
        NAME(column_sums)(rows, GH, v->dzx, db + d * 2 * GH);
        NAME(column_sums)(rows, GH, v->dzr, db + d * 2 * GH + GH);
    }
    for (int64_t j = 0; dp && j < 3 * H; j++) {
        double sum = 0;

        for (int64_t n = 0; n < p->N; n++) sum += v->dp[n * 3 * H + j];
        dp[d * 3 * H + j] = (REAL)sum;
    }
    NAME(states_store)(p, v->dh, g->dh0);
    NAME(states_store)(p, v->dc, g->dc0);
    return OFZ_OK;
}

static ofz_status NAME(back_run)(ofz_ctx *ctx, const NAME(pass) * p, const ofz_recurrent_slopes *g)
{
    ofz_status st = OFZ_OK;
    NAME(back) v  = { .p = p, .dy = g->dy };

    OFZ_TRY(block_new(ctx, 2 * p->z.inputs + 3 * p->z.cells, sizeof(REAL), &v.block));
    v.dzx = v.block;
    v.dzr = v.dzx + p->z.inputs;
    v.dh  = v.dzr + p->z.inputs;
    v.dc  = v.dh + p->z.cells;
    v.dq  = v.dc + p->z.cells;
    OFZ_GOTO(block_new(ctx, 3 * p->z.cells, sizeof *v.dp, &v.dp));
    NAME(states_load)(p, g->dyh, v.dh);
    NAME(states_load)(p, g->dyc, v.dc);
    for (int64_t k = p->s->steps; k-- > 0;) OFZ_GOTO(NAME(back_step)(ctx, &v, k));
    st = NAME(back_finish)(ctx, &v, g);
done:
    free(v.block);
    free(v.dp);
    return st;
}

ofz_status NAME(ofz_recurrent_grad)(ofz_ctx *ctx, const ofz_recurrent *s,
                                    const ofz_recurrent_data *m, const ofz_recurrent_slopes *g)
{
    for (int d = 0; d < s->directions; d++) {
        NAME(pass) p;
        ofz_status st = NAME(pass_init)(ctx, s, m, d, true, &p);

        if (!st) st = NAME(pass_run)(ctx, m, &p, NULL);
        if (!st) st = NAME(back_run)(ctx, &p, g);
        free(p.block);
        if (st) return st;
    }
    return OFZ_OK;
}
