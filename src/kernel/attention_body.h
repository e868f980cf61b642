/* attention_body.h - what attention.c compiles once per REAL. */

static void NAME(see)(const ofz_attention *a, int stage, int now, const REAL *p, REAL *seen)
{
    if (stage == now) memcpy(seen, p, (size_t)(a->rows * a->keys) * sizeof *p);
}

/* The scores up to p; slope (or NULL) is the softcap's derivative. */
static ofz_status NAME(scores)(ofz_ctx *ctx, const ofz_attention *a, const REAL *q, const REAL *k,
                               int stage, REAL *seen, REAL *slope, REAL *p)
{
    const int64_t     count = a->rows * a->keys;
    const ofz_softmax rows  = rows_of(a);
    const REAL        cap   = (REAL)a->softcap;
    const ofz_gemm    g     = { .trans_b = true,
                                .m       = a->rows,
                                .n       = a->keys,
                                .k       = a->dim,
                                .lda     = a->q_step,
                                .ldb     = a->dim,
                                .ldc     = a->keys,
                                .alpha   = a->scale };

    OFZ_TRY(NAME(ofz_gemm)(ctx, &g, q, k, p));
    NAME(see)(a, stage, 0, p, seen);
    for (int64_t i = 0; cap > 0 && i < count; i++) {
        const REAL t = TANH(p[i] / cap);

        if (slope) slope[i] = 1 - t * t;
        p[i] = cap * t;
    }
    NAME(see)(a, stage, 1, p, seen);
    for (int64_t i = 0; a->bias && i < count; i++) p[i] += (REAL)a->bias[i];
    NAME(see)(a, stage, 2, p, seen);
    if (count) NAME(ofz_softmax)(ctx, &rows, p, p);
    for (int64_t i = 0; a->dead && i < a->rows; i++)
        if (a->dead[i]) memset(p + i * a->keys, 0, (size_t)a->keys * sizeof *p);
    NAME(see)(a, stage, 3, p, seen);
    return OFZ_OK;
}

ofz_status NAME(ofz_attention)(ofz_ctx *ctx, const ofz_attention *a, const REAL *q, const REAL *k,
                               const REAL *v, int stage, REAL *seen, REAL *p, REAL *y)
{
    const ofz_gemm g = { .m     = a->rows,
                         .n     = a->value_dim,
                         .k     = a->keys,
                         .lda   = a->keys,
                         .ldb   = a->value_dim,
                         .ldc   = a->y_step,
                         .alpha = 1 };

    OFZ_TRY(NAME(scores)(ctx, a, q, k, stage, seen, NULL, p));
    return NAME(ofz_gemm)(ctx, &g, p, v, y);
}

ofz_status NAME(ofz_attention_back)(ofz_ctx *ctx, const ofz_attention *a, const REAL *q,
                                    const REAL *k, const REAL *v, const REAL *dy, REAL *room,
                                    REAL *dq, REAL *dk, REAL *dv, REAL *dbias)
{
    const int64_t     count = a->rows * a->keys;
    const ofz_softmax rows  = rows_of(a);
    REAL             *p = room, *d = p + count, *slope = d + count;
    const ofz_gemm    to_v = { .trans_a = true,
                               .m       = a->keys,
                               .n       = a->value_dim,
                               .k       = a->rows,
                               .lda     = a->keys,
                               .ldb     = a->y_step,
                               .ldc     = a->value_dim,
                               .alpha   = 1,
                               .beta    = 1 };
    const ofz_gemm    to_p = { .trans_b = true,
                               .m       = a->rows,
                               .n       = a->keys,
                               .k       = a->value_dim,
                               .lda     = a->y_step,
                               .ldb     = a->value_dim,
                               .ldc     = a->keys,
                               .alpha   = 1 };
    const ofz_gemm    to_q = { .m     = a->rows,
                               .n     = a->dim,
                               .k     = a->keys,
                               .lda   = a->keys,
                               .ldb   = a->dim,
                               .ldc   = a->q_step,
                               .alpha = a->scale };
    const ofz_gemm    to_k = { .trans_a = true,
                               .m       = a->keys,
                               .n       = a->dim,
                               .k       = a->rows,
                               .lda     = a->keys,
                               .ldb     = a->q_step,
                               .ldc     = a->dim,
                               .alpha   = a->scale,
                               .beta    = 1 };

    OFZ_TRY(NAME(scores)(ctx, a, q, k, -1, NULL, slope, p));
    OFZ_TRY(NAME(ofz_gemm)(ctx, &to_v, p, dy, dv));
    OFZ_TRY(NAME(ofz_gemm)(ctx, &to_p, dy, v, d));
    if (count) NAME(ofz_softmax_back)(ctx, &rows, d, p, d);
    if (dbias) memcpy(dbias, d, (size_t)count * sizeof *d);
    for (int64_t i = 0; a->softcap > 0 && i < count; i++) d[i] *= slope[i];
    OFZ_TRY(NAME(ofz_gemm)(ctx, &to_q, d, k, dq));
    return NAME(ofz_gemm)(ctx, &to_k, d, q, dk);
}
