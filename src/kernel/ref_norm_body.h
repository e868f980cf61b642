/* ref_norm_body.h - what ref_norm.c compiles once per REAL. */

static double NAME(run_sum)(const REAL *x, int64_t n)
{
    double  s[4] = { 0 };
    int64_t i    = 0;

    for (; i + 4 <= n; i += 4)
        for (int k = 0; k < 4; k++) s[k] += (double)x[i + k];
    for (; i < n; i++) s[0] += (double)x[i];
    return (s[0] + s[1]) + (s[2] + s[3]);
}

/* Sum of (x - mean)^2. */
static double NAME(run_square)(const REAL *x, double mean, int64_t n)
{
    double  s[4] = { 0 };
    int64_t i    = 0;

    for (; i + 4 <= n; i += 4)
        for (int k = 0; k < 4; k++) s[k] += ((double)x[i + k] - mean) * ((double)x[i + k] - mean);
    for (; i < n; i++) s[0] += ((double)x[i] - mean) * ((double)x[i] - mean);
    return (s[0] + s[1]) + (s[2] + s[3]);
}

/* Sum of dy * (x - mean). */
static double NAME(run_dot)(const REAL *dy, const REAL *x, double mean, int64_t n)
{
    double  s[4] = { 0 };
    int64_t i    = 0;

    for (; i + 4 <= n; i += 4)
        for (int k = 0; k < 4; k++) s[k] += (double)dy[i + k] * ((double)x[i + k] - mean);
    for (; i < n; i++) s[0] += (double)dy[i] * ((double)x[i] - mean);
    return (s[0] + s[1]) + (s[2] + s[3]);
}

/* --- per parameter ---------------------------------------------------------------------------- */

/* acc[0..end-p) = sums of x of parameters p..end. */
static void NAME(tile_sum)(const ofz_affine *a, const REAL *x, int64_t p, int64_t end, double *acc)
{
    const int64_t outer = outer_of(a);

    for (int64_t q = p; q < end; q++) acc[q - p] = 0;
    for (int64_t o = 0; o < outer; o++) {
        const REAL *row = x + o * a->count * a->period;

        if (a->period == 1)
            for (int64_t q = p; q < end; q++) acc[q - p] += (double)row[q];
        else
            for (int64_t q = p; q < end; q++)
                acc[q - p] += NAME(run_sum)(row + q * a->period, a->period);
    }
}

ofz_status NAME(ofz_affine_sum)(ofz_ctx *ctx, const ofz_affine *a, const REAL *x, REAL *y)
{
    const int64_t tile = tile_of(a);

    OFZ_PARALLEL_FOR(ctx, a->total)
    for (int64_t p = 0; p < a->count; p += tile) {
        const int64_t end = p + tile < a->count ? p + tile : a->count;
        double        acc[TILE];

        NAME(tile_sum)(a, x, p, end, acc);
        for (int64_t q = p; q < end; q++) y[q] = (REAL)acc[q - p];
    }
    return OFZ_OK;
}

ofz_status NAME(ofz_batch_stats)(ofz_ctx *ctx, const ofz_affine *a, const REAL *x, double *mean,
                                 double *var)
{
    const int64_t tile = tile_of(a), outer = outer_of(a);
    const double  n = (double)outer * (double)a->period;

    OFZ_PARALLEL_FOR(ctx, a->total)
    for (int64_t p = 0; p < a->count; p += tile) {
        const int64_t end = p + tile < a->count ? p + tile : a->count;

        NAME(tile_sum)(a, x, p, end, mean + p);
        for (int64_t q = p; q < end; q++) {
            mean[q] /= n;
            var[q] = 0;
        }
        for (int64_t o = 0; o < outer; o++)
            for (int64_t q = p; q < end; q++)
                var[q] += NAME(run_square)(x + (o * a->count + q) * a->period, mean[q], a->period);
        for (int64_t q = p; q < end; q++) var[q] /= n;
    }
    return OFZ_OK;
}

ofz_status NAME(ofz_batch_sums)(ofz_ctx *ctx, const ofz_affine *a, const REAL *dy, const REAL *x,
                                const double *mean, double *sum, double *dot)
{
    const int64_t tile = tile_of(a), outer = outer_of(a);

    OFZ_PARALLEL_FOR(ctx, a->total)
    for (int64_t p = 0; p < a->count; p += tile) {
        const int64_t end = p + tile < a->count ? p + tile : a->count;

        NAME(tile_sum)(a, dy, p, end, sum + p);
        for (int64_t q = p; q < end; q++) dot[q] = 0;
        for (int64_t o = 0; o < outer; o++)
            for (int64_t q = p; q < end; q++) {
                const int64_t e = (o * a->count + q) * a->period;

                dot[q] += NAME(run_dot)(dy + e, x + e, mean[q], a->period);
            }
    }
    return OFZ_OK;
}

void NAME(ofz_affine_apply)(ofz_ctx *ctx, const ofz_affine *a, const REAL *x, const double *f,
                            const double *h, REAL *y)
{
    const int64_t runs = a->total ? a->total / a->period : 0;

    OFZ_PARALLEL_FOR(ctx, a->total)
    for (int64_t r = 0; r < runs; r++) {
        const double scale = f[r % a->count], shift = h[r % a->count];
        const REAL  *from = x + r * a->period;
        REAL        *to   = y + r * a->period;

        for (int64_t i = 0; i < a->period; i++) to[i] = (REAL)((double)from[i] * scale + shift);
    }
}

void NAME(ofz_batch_grad_x)(ofz_ctx *ctx, const ofz_affine *a, const REAL *dy, const REAL *x,
                            const double *f, const double *g, const double *h, REAL *dx)
{
    const int64_t runs = a->total ? a->total / a->period : 0;

    OFZ_PARALLEL_FOR(ctx, a->total)
    for (int64_t r = 0; r < runs; r++) {
        const int64_t p = r % a->count, e = r * a->period;

        for (int64_t i = e; i < e + a->period; i++)
            dx[i] = (REAL)((double)dy[i] * f[p] + (double)x[i] * g[p] + h[p]);
    }
}

/* --- per row ---------------------------------------------------------------------------------- */

static void NAME(row_stats)(const ofz_norm *n, const REAL *x, double *mean, double *inv_std)
{
    const double size = (double)n->inner;

    *mean    = n->centered ? NAME(run_sum)(x, n->inner) / size : 0;
    *inv_std = 1 / sqrt(NAME(run_square)(x, *mean, n->inner) / size + n->epsilon);
}

ofz_status NAME(ofz_norm_forward)(ofz_ctx *ctx, const ofz_norm *n, const REAL *x, const REAL *scale,
                                  const REAL *shift, REAL *y, REAL *mean, REAL *inv_std)
{
    const int64_t rows = n->affine.total ? n->affine.total / n->inner : 0;

    OFZ_PARALLEL_FOR(ctx, n->affine.total)
    for (int64_t r = 0; r < rows; r++) {
        const int64_t begin = r * n->inner, end = begin + n->inner;
        double        m, s;
        int64_t       p, length;

        NAME(row_stats)(n, x + begin, &m, &s);
        if (n->affine.period == 1 && n->affine.count == n->inner && scale) {
            for (int64_t i = 0; i < n->inner; i++)
                y[begin + i] = (REAL)(((double)x[begin + i] - m) * s * (double)scale[i] +
                                      (shift ? (double)shift[i] : 0));
        } else {
            for (int64_t e = begin; e < end; e += length) {
                length         = run_of(&n->affine, e, end, &p);
                const double f = scale ? (double)scale[p] : 1, h = shift ? (double)shift[p] : 0;

                for (int64_t i = e; i < e + length; i++)
                    y[i] = (REAL)(((double)x[i] - m) * s * f + h);
            }
        }
        if (mean) mean[r] = (REAL)m;
        if (inv_std) inv_std[r] = (REAL)s;
    }
    return OFZ_OK;
}

/* The usual layer norm: one scale per element of the row. */
static void NAME(row_grad_x)(const ofz_norm *n, const REAL *dy, const REAL *x, const REAL *scale,
                             double m, double s, REAL *dx)
{
    double  sum[4] = { 0 }, dot[4] = { 0 }, mean, slope;
    int64_t i = 0;

    for (; i + 4 <= n->inner; i += 4)
        for (int k = 0; k < 4; k++) {
            const double g = (double)dy[i + k] * (double)scale[i + k];

            sum[k] += g;
            dot[k] += g * ((double)x[i + k] - m);
        }
    for (; i < n->inner; i++) {
        sum[0] += (double)dy[i] * (double)scale[i];
        dot[0] += (double)dy[i] * (double)scale[i] * ((double)x[i] - m);
    }
    mean  = n->centered ? ((sum[0] + sum[1]) + (sum[2] + sum[3])) / (double)n->inner : 0;
    slope = ((dot[0] + dot[1]) + (dot[2] + dot[3])) * s * s / (double)n->inner;
    for (i = 0; i < n->inner; i++)
        dx[i] = (REAL)(s * ((double)dy[i] * (double)scale[i] - mean - ((double)x[i] - m) * slope));
}

ofz_status NAME(ofz_norm_grad_x)(ofz_ctx *ctx, const ofz_norm *n, const REAL *dy, const REAL *x,
                                 const REAL *scale, REAL *dx)
{
    const int64_t rows = n->affine.total ? n->affine.total / n->inner : 0;

    OFZ_PARALLEL_FOR(ctx, n->affine.total)
    for (int64_t r = 0; r < rows; r++) {
        const int64_t begin = r * n->inner, end = begin + n->inner;
        double        m, s, sum = 0, dot = 0;
        int64_t       p, length;

        NAME(row_stats)(n, x + begin, &m, &s);
        if (n->affine.period == 1 && n->affine.count == n->inner && scale) {
            NAME(row_grad_x)(n, dy + begin, x + begin, scale, m, s, dx + begin);
            continue;
        }
        for (int64_t e = begin; e < end; e += length) {
            length         = run_of(&n->affine, e, end, &p);
            const double f = scale ? (double)scale[p] : 1;

            if (n->centered) sum += f * NAME(run_sum)(dy + e, length);
            dot += f * NAME(run_dot)(dy + e, x + e, m, length);
        }
        sum /= (double)n->inner;
        dot *= s * s / (double)n->inner;
        for (int64_t e = begin; e < end; e += length) {
            length         = run_of(&n->affine, e, end, &p);
            const double f = scale ? (double)scale[p] : 1;

            for (int64_t i = e; i < e + length; i++)
                dx[i] = (REAL)(s * ((double)dy[i] * f - sum - ((double)x[i] - m) * dot));
        }
    }
    return OFZ_OK;
}

ofz_status NAME(ofz_norm_grad_scale)(ofz_ctx *ctx, const ofz_norm *n, const REAL *dy, const REAL *x,
                                     REAL *dscale)
{
    const ofz_affine *a    = &n->affine;
    const int64_t     rows = a->total ? a->total / n->inner : 0, tile = tile_of(a);
    const int64_t     outer = outer_of(a);
    double           *stats;
    int64_t           size;

    if (!ofz_mul(rows, 2 * (int64_t)sizeof(double), &size)) size = 0;
    stats = malloc((size_t)size + 1);
    if (!stats) return ofz_fail_nomem(ctx, "normalisation", (size_t)size);
    OFZ_PARALLEL_FOR(ctx, n->affine.total)
    for (int64_t r = 0; r < rows; r++)
        NAME(row_stats)(n, x + r * n->inner, &stats[2 * r], &stats[2 * r + 1]);
    OFZ_PARALLEL_FOR(ctx, n->affine.total)
    for (int64_t p = 0; p < a->count; p += tile) {
        const int64_t end       = p + tile < a->count ? p + tile : a->count;
        double        acc[TILE] = { 0 };

        for (int64_t o = 0; a->period == 1 && a->count == n->inner && o < outer; o++) {
            const double m = stats[2 * o], s = stats[2 * o + 1];

            for (int64_t q = p; q < end; q++)
                acc[q - p] +=
                    s * ((double)dy[o * a->count + q] * ((double)x[o * a->count + q] - m));
        }
        for (int64_t o = 0; (a->period != 1 || a->count != n->inner) && o < outer; o++)
            for (int64_t q = p; q < end; q++) {
                const int64_t e = (o * a->count + q) * a->period, r = e / n->inner;

                acc[q - p] +=
                    stats[2 * r + 1] * NAME(run_dot)(dy + e, x + e, stats[2 * r], a->period);
            }
        for (int64_t q = p; q < end; q++) dscale[q] = (REAL)acc[q - p];
    }
    free(stats);
    return OFZ_OK;
}
