/* ref_pool_body.h - what ref_pool.c compiles once per REAL. */

/* Index of the first maximum of the window, -1 when it is empty. */
static int64_t NAME(window_max)(const ofz_pool *s, const window *w, const REAL *x)
{
    int64_t best = -1;
    REAL    most = (REAL)-INFINITY;

    FOR_WINDOW(s, *w, i)
    {
        if (best < 0 || x[i] > most || (x[i] != x[i] && most == most)) {
            best = i;
            most = x[i];
        }
    }
    return best;
}

/* One plane without indices: the maximum of whole rows first, which the compiler turns into vector
 * instructions, then within the row. NaN wins, as in window_max. */
static void NAME(quick_plane)(const ofz_pool *s, const REAL *x, REAL *y)
{
    REAL row[QUICK_ROW];

    for (int64_t h = 0; h < s->out[1]; h++) {
        const reach rh = reach_of(s, 1, h);

        for (int64_t i = 0; i < s->in[2]; i++) row[i] = (REAL)-INFINITY;
        for (int64_t k = rh.first; k < rh.last; k++) {
            const REAL *from = x + (rh.origin + k) * s->in[2];

            for (int64_t i = 0; i < s->in[2]; i++)
                row[i] = ((from[i] > row[i]) | (from[i] != from[i])) ? from[i] : row[i];
        }
        for (int64_t v = 0; v < s->out[2]; v++) {
            const int64_t origin = v * s->stride[2] - s->pad[2];
            const int64_t first  = origin < 0 ? 0 : origin;
            const int64_t stop =
                origin + s->kernel[2] < s->in[2] ? origin + s->kernel[2] : s->in[2];
            REAL most = row[first];

            for (int64_t i = first + 1; i < stop; i++)
                most = ((row[i] > most) | (row[i] != row[i])) ? row[i] : most;
            y[h * s->out[2] + v] = most;
        }
    }
}

void NAME(ofz_max_pool)(ofz_ctx *ctx, const ofz_pool *s, const REAL *x, REAL *y, int64_t *index)
{
    const int64_t in = volume(s->in), out = volume(s->out);

    OFZ_PARALLEL_FOR(ctx, work_of(s))
    for (int64_t p = 0; p < s->planes; p++) {
        window w = window_first(s);

        if (!index && quick_max(s)) {
            NAME(quick_plane)(s, x + p * in, y + p * out);
            continue;
        }
        for (int64_t o = 0; o < out; o++, window_next(s, &w)) {
            int64_t best   = NAME(window_max)(s, &w, x + p * in);
            y[p * out + o] = best < 0 ? (REAL)-INFINITY : x[p * in + best];
            if (index) {
                if (best > 0 && s->column_major) best = column_major(s, best);
                index[p * out + o] = p * in + (best < 0 ? 0 : best);
            }
        }
    }
}

void NAME(ofz_mean_pool)(ofz_ctx *ctx, const ofz_pool *s, const REAL *x, REAL *y)
{
    const int64_t in = volume(s->in), out = volume(s->out);

    OFZ_PARALLEL_FOR(ctx, work_of(s))
    for (int64_t p = 0; p < s->planes; p++) {
        const REAL *plane = x + p * in;
        window      w     = window_first(s);

        for (int64_t o = 0; o < out; o++, window_next(s, &w)) {
            double sum = 0;

            FOR_WINDOW(s, w, i) sum += (double)plane[i];
            y[p * out + o] = (REAL)(w.size > 0 ? sum / w.size : 0);
        }
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
    for (int64_t p = 0; p < s->planes; p++) {
        const REAL *plane = x + p * in;
        window      w     = window_first(s);

        for (int64_t o = 0; o < out; o++, window_next(s, &w)) {
            double sum = 0;

            FOR_WINDOW(s, w, i) sum += NAME(power)((double)plane[i], s->p);
            y[p * out + o] = (REAL)(s->p == 2 ? sqrt(sum) : s->p == 1 ? sum : pow(sum, 1 / s->p));
        }
    }
}

void NAME(ofz_max_pool_grad)(ofz_ctx *ctx, const ofz_pool *s, const REAL *x, const REAL *dy,
                             REAL *dx)
{
    const int64_t in = volume(s->in), out = volume(s->out);

    OFZ_PARALLEL_FOR(ctx, work_of(s))
    for (int64_t p = 0; p < s->planes; p++) {
        window w = window_first(s);

        memset(dx + p * in, 0, (size_t)in * sizeof(REAL));
        for (int64_t o = 0; o < out; o++, window_next(s, &w)) {
            const int64_t best = NAME(window_max)(s, &w, x + p * in);

            if (best >= 0) dx[p * in + best] += dy[p * out + o];
        }
    }
}

void NAME(ofz_mean_pool_grad)(ofz_ctx *ctx, const ofz_pool *s, const REAL *dy, REAL *dx)
{
    const int64_t in = volume(s->in), out = volume(s->out);

    OFZ_PARALLEL_FOR(ctx, work_of(s))
    for (int64_t p = 0; p < s->planes; p++) {
        REAL  *plane = dx + p * in;
        window w     = window_first(s);

        memset(plane, 0, (size_t)in * sizeof(REAL));
        for (int64_t o = 0; o < out; o++, window_next(s, &w)) {
            const REAL share = (REAL)(w.size > 0 ? (double)dy[p * out + o] / w.size : 0);
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
        window w = window_first(s);

        memset(dx + p * in, 0, (size_t)in * sizeof(REAL));
        for (int64_t o = 0; o < out; o++, window_next(s, &w)) {
            const double norm = (double)y[p * out + o];

            if (norm == 0) continue;
            FOR_WINDOW(s, w, i)
            {
                const double v = (double)x[p * in + i];

                dx[p * in + i] += (REAL)((double)dy[p * out + o] * ((v > 0) - (v < 0)) *
                                         pow(fabs(v) / norm, s->p - 1));
            }
        }
    }
}
