/* sequence_body.h - what sequence.c compiles once per REAL. */

void NAME(ofz_rotate)(ofz_ctx *ctx, const ofz_rotation *r, const REAL *x, const REAL *cos,
                      const REAL *sin, REAL *y)
{
    const int64_t half = r->rotated / 2, step = r->interleaved ? 2 : 1;
    const int64_t other = r->interleaved ? 1 : half;
    const REAL    sign  = (REAL)r->sign;

#pragma omp parallel for schedule(static) num_threads(ofz_threads_for(ctx, r->rows * r->dim))
    for (int64_t i = 0; i < r->rows; i++) {
        const REAL *a = x + i * r->dim, *c = cos + r->place[i] * r->width;
        const REAL *s = sin + r->place[i] * r->width;
        REAL       *b = y + i * r->dim;

        for (int64_t j = 0; j < half; j++) {
            const int64_t p = j * step, q = p + other;

            b[p] = a[p] * c[j] - a[q] * (sign * s[j]);
            b[q] = a[p] * (sign * s[j]) + a[q] * c[j];
        }
        for (int64_t j = 2 * half; j < r->dim; j++) b[j] = a[j];
    }
}

/* All steps of one key and value head; kept [value_dim] is room. */
static void NAME(linear_head)(const ofz_linear_attention *a, int64_t n, int64_t h, const REAL *q,
                              const REAL *k, const REAL *v, const REAL *decay, const REAL *beta,
                              REAL *state, REAL *y, REAL *kept)
{
    const int64_t D = a->dim, E = a->value_dim, group = a->heads / a->kv_heads;
    REAL         *S = state + (n * a->kv_heads + h) * D * E;

    for (int64_t t = 0; t < a->steps; t++) {
        const int64_t at = n * a->steps + t, kv = at * a->kv_heads + h;
        const REAL   *key = k + kv * D, *d = decay ? decay + kv * a->decay_dim : NULL;
        const REAL    b = beta ? beta[at * a->beta_heads + (a->beta_heads > 1 ? h : 0)] : 1;

        for (int64_t i = 0; d && i < D; i++) {
            const REAL keep = EXP(d[a->decay_dim > 1 ? i : 0]);

            for (int64_t j = 0; j < E; j++) S[i * E + j] *= keep;
        }
        memcpy(kept, v + kv * E, (size_t)E * sizeof *kept);
        for (int64_t i = 0; a->delta && i < D; i++)
            for (int64_t j = 0; j < E; j++) kept[j] -= S[i * E + j] * key[i];
        for (int64_t i = 0; i < D; i++)
            for (int64_t j = 0; j < E; j++) S[i * E + j] += key[i] * (b * kept[j]);
        for (int64_t g = 0; g < group; g++) {
            const int64_t head = at * a->heads + h * group + g;

            memset(y + head * E, 0, (size_t)E * sizeof *y);
            for (int64_t i = 0; i < D; i++)
                for (int64_t j = 0; j < E; j++) y[head * E + j] += q[head * D + i] * S[i * E + j];
            for (int64_t j = 0; j < E; j++) y[head * E + j] *= (REAL)a->scale;
        }
    }
}

ofz_status NAME(ofz_linear_attention)(ofz_ctx *ctx, const ofz_linear_attention *a, const REAL *q,
                                      const REAL *k, const REAL *v, const REAL *decay,
                                      const REAL *beta, REAL *state, REAL *y)
{
    const int64_t count = a->batch * a->kv_heads;
    REAL         *kept  = calloc((size_t)(count * a->value_dim) + 1, sizeof *kept);

    if (!kept)
        return ofz_fail_nomem(ctx, "linear attention",
                              (size_t)(count * a->value_dim) * sizeof *kept);
#pragma omp parallel for schedule(static)                                                          \
    num_threads(ofz_threads_for(ctx, count * a->steps * a->dim * a->value_dim))
    for (int64_t i = 0; i < count; i++) NAME(linear_head)
    (a, i / a->kv_heads, i % a->kv_heads, q, k, v, decay, beta, state, y, kept + i * a->value_dim);
    free(kept);
    return OFZ_OK;
}

void NAME(ofz_causal_conv)(ofz_ctx *ctx, const ofz_causal_conv *a, const REAL *x, const REAL *w,
                           const REAL *bias, const REAL *past, REAL *y, REAL *present)
{
    const int64_t rows = a->batch * a->channels, T = a->steps, P = a->taps - 1;

#pragma omp parallel for schedule(static) num_threads(ofz_threads_for(ctx, rows *T * a->taps))
    for (int64_t r = 0; r < rows; r++) {
        const REAL *f = w + r % a->channels * a->taps, *at = x + r * T;
        const REAL *old = past ? past + r * P : NULL;

        for (int64_t t = 0; t < T; t++) {
            REAL sum = bias ? bias[r % a->channels] : 0;

            for (int64_t i = 0; i <= P; i++) {
                const int64_t from = t + i - P;

                sum += f[i] * (from >= 0 ? at[from] : old ? old[P + from] : 0);
            }
            y[r * T + t] = a->silu ? sum * SIGMOID(sum) : sum;
        }
        for (int64_t i = 0; present && i < P; i++) {
            const int64_t from = T - P + i;

            present[r * P + i] = from >= 0 ? at[from] : old ? old[P + from] : 0;
        }
    }
}
