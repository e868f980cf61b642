/* ref_pool_body.h - what ref_pool.c compiles once per REAL. */

/* Index of the first maximum of the window, -1 when it is empty. */
static int64_t NAME(window_max)(const ofz_pool *s, const window *w, const REAL *x)
{
    int64_t best = -1;

    FOR_WINDOW(s, *w, i)
    if (best < 0 || x[i] > x[best] || (x[i] != x[i] && x[best] == x[best])) best = i;
    return best;
}

void NAME(ofz_max_pool)(ofz_ctx *ctx, const ofz_pool *s, const REAL *x, REAL *y, int64_t *index)
{
    const int64_t in = volume(s->in), out = volume(s->out);

    OFZ_PARALLEL_FOR(ctx, work_of(s))
    for (int64_t p = 0; p < s->planes; p++)
        for (int64_t o = 0; o < out; o++) {
            window  w;
            int64_t best;

            window_at(s, o, &w);
            best           = NAME(window_max)(s, &w, x + p * in);
            y[p * out + o] = best < 0 ? (REAL)-INFINITY : x[p * in + best];
            if (index) {
                if (best > 0 && s->column_major) best = column_major(s, best);
                index[p * out + o] = p * in + (best < 0 ? 0 : best);
            }
        }
}

void NAME(ofz_mean_pool)(ofz_ctx *ctx, const ofz_pool *s, const REAL *x, REAL *y)
{
    const int64_t in = volume(s->in), out = volume(s->out);

    OFZ_PARALLEL_FOR(ctx, work_of(s))
    for (int64_t p = 0; p < s->planes; p++)
        for (int64_t o = 0; o < out; o++) {
            const REAL *plane = x + p * in;
            double      sum   = 0;
            window      w;

            window_at(s, o, &w);
            FOR_WINDOW(s, w, i) sum += (double)plane[i];
            y[p * out + o] = (REAL)(w.size ? sum / (double)w.size : 0);
        }
}

static double NAME(power)(double x, double p)
{
    return p == 2 ? x * x : p == 1 ? fabs(x) : pow(fabs(x), p);
}

void NAME(ofz_norm_pool)(ofz_ctx *ctx, const ofz_pool *s, const REAL *x, REAL *y)
{
    const int64_t in = volume(s->in), out = volume(s->out);

    OFZ_PARALLEL_FOR(ctx, work_of(s))
    for (int64_t p = 0; p < s->planes; p++)
        for (int64_t o = 0; o < out; o++) {
            const REAL *plane = x + p * in;
            double      sum   = 0;
            window      w;

            window_at(s, o, &w);
            FOR_WINDOW(s, w, i) sum += NAME(power)((double)plane[i], s->p);
            y[p * out + o] = (REAL)(s->p == 2 ? sqrt(sum) : s->p == 1 ? sum : pow(sum, 1 / s->p));
        }
}

void NAME(ofz_max_pool_grad)(ofz_ctx *ctx, const ofz_pool *s, const REAL *x, const REAL *dy,
                             REAL *dx)
{
    const int64_t in = volume(s->in), out = volume(s->out);

    OFZ_PARALLEL_FOR(ctx, work_of(s))
    for (int64_t p = 0; p < s->planes; p++) {
        memset(dx + p * in, 0, (size_t)in * sizeof(REAL));
        for (int64_t o = 0; o < out; o++) {
            window  w;
            int64_t best;

            window_at(s, o, &w);
            best = NAME(window_max)(s, &w, x + p * in);
            if (best >= 0) dx[p * in + best] += dy[p * out + o];
        }
    }
}

void NAME(ofz_mean_pool_grad)(ofz_ctx *ctx, const ofz_pool *s, const REAL *dy, REAL *dx)
{
    const int64_t in = volume(s->in), out = volume(s->out);

    OFZ_PARALLEL_FOR(ctx, work_of(s))
    for (int64_t p = 0; p < s->planes; p++) {
        REAL *plane = dx + p * in;

        memset(plane, 0, (size_t)in * sizeof(REAL));
        for (int64_t o = 0; o < out; o++) {
            window w;
            REAL   share;

            window_at(s, o, &w);
            share = (REAL)(w.size ? (double)dy[p * out + o] / (double)w.size : 0);
            FOR_WINDOW(s, w, i) plane[i] += share;
        }
    }
}

void NAME(ofz_norm_pool_grad)(ofz_ctx *ctx, const ofz_pool *s, const REAL *x, const REAL *y,
                              const REAL *dy, REAL *dx)
{
    const int64_t in = volume(s->in), out = volume(s->out);

    OFZ_PARALLEL_FOR(ctx, work_of(s))
    for (int64_t p = 0; p < s->planes; p++) {
        memset(dx + p * in, 0, (size_t)in * sizeof(REAL));
        for (int64_t o = 0; o < out; o++) {
            const double norm = (double)y[p * out + o];
            window       w;

            if (norm == 0) continue;
            window_at(s, o, &w);
            FOR_WINDOW(s, w, i)
            {
                const double v = (double)x[p * in + i];

                dx[p * in + i] += (REAL)((double)dy[p * out + o] * ((v > 0) - (v < 0)) *
                                         pow(fabs(v) / norm, s->p - 1));
            }
        }
    }
}
