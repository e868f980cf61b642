/* sample_body.h - what sample.c compiles once per REAL. */

static void NAME(point_load)(const ofz_grid_sample *s, const REAL *grid, int64_t i, point *p)
{
    double g[OFZ_SAMPLE_AXES];

    for (int a = 0; a < s->axes; a++) g[a] = (double)grid[i * s->axes + a];
    point_get(s, g, p);
}

void NAME(ofz_grid_sample)(ofz_ctx *ctx, const ofz_grid_sample *s, const REAL *x, const REAL *grid,
                           REAL *y)
{
    const int64_t size = volume(s), total = s->batch * s->points;

#pragma omp parallel for schedule(static)                                                          \
    num_threads(ofz_threads_for(ctx, total * s->channels * 16))
    for (int64_t i = 0; i < total; i++) {
        const int64_t n = i / s->points, to = n * s->channels * s->points + i % s->points;
        int64_t       at[POINT_TAPS];
        double        w[POINT_TAPS];
        point         p;

        NAME(point_load)(s, grid, i, &p);
        for (int k = 0; k < p.count; k++) at[k] = point_tap(s, &p, k, &w[k], NULL);
        for (int64_t c = 0; c < s->channels; c++) {
            const REAL *from = x + (n * s->channels + c) * size;
            double      sum  = 0;

            for (int k = 0; k < p.count; k++)
                if (at[k] >= 0) sum += w[k] * (double)from[at[k]];
            y[to + c * s->points] = (REAL)sum;
        }
    }
}

void NAME(ofz_grid_sample_back)(ofz_ctx *ctx, const ofz_grid_sample *s, const REAL *dy,
                                const REAL *x, const REAL *grid, REAL *dx, REAL *dgrid)
{
    const int64_t size = volume(s), total = s->batch * s->points;

    (void)ctx;
    if (dx) memset(dx, 0, (size_t)(s->batch * s->channels * size) * sizeof *dx);
    for (int64_t i = 0; i < total; i++) {
        const int64_t n = i / s->points, to = n * s->channels * s->points + i % s->points;
        double        slope[OFZ_SAMPLE_AXES] = { 0 };
        point         p;

        NAME(point_load)(s, grid, i, &p);
        for (int k = 0; k < p.count; k++) {
            double        w, dw[OFZ_SAMPLE_AXES], sum = 0;
            const int64_t at = point_tap(s, &p, k, &w, dw);

            for (int64_t c = 0; at >= 0 && c < s->channels; c++) {
                const int64_t e = (n * s->channels + c) * size + at;
                const double  d = (double)dy[to + c * s->points];

                if (dx) dx[e] += (REAL)(d * w);
                sum += d * (double)x[e];
            }
            for (int a = 0; at >= 0 && a < s->axes; a++) slope[a] += sum * dw[a];
        }
        for (int a = 0; dgrid && a < s->axes; a++)
            dgrid[i * s->axes + s->axes - 1 - a] = (REAL)slope[a];
    }
}

static void NAME(region_load)(const ofz_roi_align *s, const REAL *roi, int64_t i, region *r)
{
    const double box[4] = { (double)roi[4 * i], (double)roi[4 * i + 1], (double)roi[4 * i + 2],
                            (double)roi[4 * i + 3] };

    region_get(s, box, r);
}

/* One bin of one channel. */
static REAL NAME(bin_get)(const ofz_roi_align *s, const region *r, int64_t by, int64_t bx,
                          const REAL *x)
{
    const double count = (double)r->points[0] * (double)r->points[1];
    double       sum = 0, most = -(double)INFINITY;

    for (int64_t i = 0; i < r->points[0]; i++)
        for (int64_t j = 0; j < r->points[1]; j++) {
            corners c;

            corners_held(s->in, region_at(r, 0, by, i), region_at(r, 1, bx, j), &c);
            for (int k = 0; k < 4; k++) {
                const double v = c.at[k] < 0 ? 0 : c.w[k] * (double)x[c.at[k]];

                sum += v;
                if (v > most) most = v;
            }
        }
    if (count < 1) return 0;
    return (REAL)(s->max ? most : sum / count);
}

void NAME(ofz_roi_align)(ofz_ctx *ctx, const ofz_roi_align *s, const REAL *x, const REAL *roi,
                         REAL *y)
{
    const int64_t bins = s->out[0] * s->out[1], rows = s->regions * s->channels;

#pragma omp parallel for schedule(static) num_threads(ofz_threads_for(ctx, rows *bins * 64))
    for (int64_t i = 0; i < rows; i++) {
        const REAL *from =
            x + (s->batch[i / s->channels] * s->channels + i % s->channels) * s->in[0] * s->in[1];
        region r;

        NAME(region_load)(s, roi, i / s->channels, &r);
        for (int64_t b = 0; b < bins; b++)
            y[i * bins + b] = NAME(bin_get)(s, &r, b / s->out[1], b % s->out[1], from);
    }
}

void NAME(ofz_roi_align_back)(const ofz_roi_align *s, int64_t pictures, const REAL *dy,
                              const REAL *roi, REAL *dx)
{
    const int64_t bins = s->out[0] * s->out[1], size = s->in[0] * s->in[1];

    memset(dx, 0, (size_t)(pictures * s->channels * size) * sizeof *dx);
    for (int64_t e = 0; e < s->regions * s->channels * bins; e++) {
        const int64_t row = e / bins, b = e % bins;
        REAL  *to = dx + (s->batch[row / s->channels] * s->channels + row % s->channels) * size;
        region r;
        double share;

        NAME(region_load)(s, roi, row / s->channels, &r);
        share = (double)dy[e] / ((double)r.points[0] * (double)r.points[1]);
        for (int64_t i = 0; i < r.points[0]; i++)
            for (int64_t j = 0; j < r.points[1]; j++) {
                corners c;

                corners_held(s->in, region_at(&r, 0, b / s->out[1], i),
                             region_at(&r, 1, b % s->out[1], j), &c);
                for (int k = 0; k < 4; k++)
                    if (c.at[k] >= 0) to[c.at[k]] += (REAL)(share * c.w[k]);
            }
    }
}

/* [*first, *last) of bin b of a region that begins at `begin` and has `size` elements. */
static void NAME(pool_bin)(double begin, double size, int64_t b, int64_t bins, int64_t n,
                           int64_t *first, int64_t *last)
{
    const double low  = floor((double)b * size / (double)bins) + begin;
    const double high = ceil((double)(b + 1) * size / (double)bins) + begin;

    *first = low > 0 ? low < (double)n ? (int64_t)low : n : 0;
    *last  = high > 0 ? high < (double)n ? (int64_t)high : n : 0;
}

void NAME(ofz_max_roi_pool)(ofz_ctx *ctx, const ofz_roi_align *s, const REAL *x, const REAL *roi,
                            REAL *y)
{
    const int64_t bins = s->out[0] * s->out[1], rows = s->regions * s->channels;

#pragma omp parallel for schedule(static) num_threads(ofz_threads_for(ctx, rows *bins * 64))
    for (int64_t e = 0; e < rows * bins; e++) {
        const int64_t row = e / bins, b[2] = { e % bins / s->out[1], e % s->out[1] };
        const REAL   *box = roi + row / s->channels * 5;
        const REAL   *from =
            x + ((int64_t)box[0] * s->channels + row % s->channels) * s->in[0] * s->in[1];
        int64_t first[2], last[2];
        REAL    most = -(REAL)INFINITY;

        for (int a = 0; a < 2; a++) {
            const double begin = round((double)box[2 - a] * s->scale);
            const double size  = round((double)box[4 - a] * s->scale) - begin + 1;

            NAME(pool_bin)
            (begin, size >= 1 ? size : 1, b[a], s->out[a], s->in[a], &first[a], &last[a]);
        }
        for (int64_t i = first[0]; i < last[0]; i++)
            for (int64_t j = first[1]; j < last[1]; j++)
                if (from[i * s->in[1] + j] > most) most = from[i * s->in[1] + j];
        y[e] = first[0] < last[0] && first[1] < last[1] ? most : 0;
    }
}

/* What output channel m of picture n has at (oy, ox). */
static double NAME(deform_at)(const ofz_deform *s, int64_t n, int64_t m, int64_t oy, int64_t ox,
                              const REAL *x, const REAL *w, const REAL *offset, const REAL *mask)
{
    const int64_t taps = s->kernel[0] * s->kernel[1], size = s->in[0] * s->in[1];
    const int64_t outs = s->out[0] * s->out[1], o = oy * s->out[1] + ox;
    const int64_t per = s->in_channels / s->group, first = m / (s->out_channels / s->group) * per;
    double        sum = 0;

    for (int64_t c = 0; c < per; c++) {
        const int64_t channel = first + c;
        const int64_t og      = n * s->offset_group + channel / (s->in_channels / s->offset_group);
        const REAL   *from    = x + (n * s->in_channels + channel) * size;

        for (int64_t k = 0; k < taps; k++) {
            const REAL  *at = offset + (og * taps + k) * 2 * outs + o;
            const double py =
                (double)(oy * s->stride[0] - s->pad[0] + k / s->kernel[1] * s->dilation[0]) +
                (double)at[0];
            const double px =
                (double)(ox * s->stride[1] - s->pad[1] + k % s->kernel[1] * s->dilation[1]) +
                (double)at[outs];
            corners v;
            double  value = 0;

            corners_open(s->in, py, px, &v);
            for (int i = 0; i < 4; i++)
                if (v.at[i] >= 0) value += v.w[i] * (double)from[v.at[i]];
            if (mask) value *= (double)mask[(og * taps + k) * outs + o];
            sum += value * (double)w[(m * per + c) * taps + k];
        }
    }
    return sum;
}

void NAME(ofz_deform_conv)(ofz_ctx *ctx, const ofz_deform *s, const REAL *x, const REAL *w,
                           const REAL *offset, const REAL *b, const REAL *mask, REAL *y)
{
    const int64_t outs = s->out[0] * s->out[1], rows = s->batch * s->out_channels;

#pragma omp parallel for schedule(static)                                                          \
    num_threads(ofz_threads_for(ctx, rows *outs * s->in_channels / s->group * 8))
    for (int64_t e = 0; e < rows * outs; e++) {
        const int64_t n = e / outs / s->out_channels, m = e / outs % s->out_channels;

        y[e] = (REAL)(NAME(deform_at)(s, n, m, e % outs / s->out[1], e % s->out[1], x, w, offset,
                                      mask) +
                      (b ? (double)b[m] : 0));
    }
}
