/* ref_conv_body.h - what ref_conv.c compiles once per REAL. */

/* acc (a plane of y) += one input plane under one kernel plane. */
static void NAME(gather_plane)(const ofz_conv *s, const REAL *x, const REAL *w, double *acc)
{
    int64_t d0, d1, h0, h1, v0, v1;

    for (int64_t kd = 0; kd < s->kernel[0]; kd++) {
        axis_range(s, 0, kd, &d0, &d1);
        for (int64_t kh = 0; kh < s->kernel[1]; kh++) {
            axis_range(s, 1, kh, &h0, &h1);
            for (int64_t kw = 0; kw < s->kernel[2]; kw++) {
                const double f = (double)w[(kd * s->kernel[1] + kh) * s->kernel[2] + kw];

                axis_range(s, 2, kw, &v0, &v1);
                for (int64_t d = d0; d < d1; d++)
                    for (int64_t h = h0; h < h1; h++) {
                        const int64_t id = d * s->stride[0] + kd * s->dilation[0] - s->pad[0];
                        const int64_t ih = h * s->stride[1] + kh * s->dilation[1] - s->pad[1];
                        const int64_t at = kw * s->dilation[2] - s->pad[2], step = s->stride[2];
                        const REAL   *row  = x + (id * s->in[1] + ih) * s->in[2];
                        double       *sums = acc + (d * s->out[1] + h) * s->out[2];

                        if (step == 1)
                            for (int64_t v = v0; v < v1; v++) sums[v] += f * (double)row[v + at];
                        else
                            for (int64_t v = v0; v < v1; v++)
                                sums[v] += f * (double)row[v * step + at];
                    }
            }
        }
    }
}

/* acc (a plane of x) += one plane of dy spread by one kernel plane. */
static void NAME(scatter_plane)(const ofz_conv *s, const REAL *dy, const REAL *w, double *acc)
{
    int64_t d0, d1, h0, h1, v0, v1;

    for (int64_t kd = 0; kd < s->kernel[0]; kd++) {
        axis_range(s, 0, kd, &d0, &d1);
        for (int64_t kh = 0; kh < s->kernel[1]; kh++) {
            axis_range(s, 1, kh, &h0, &h1);
            for (int64_t kw = 0; kw < s->kernel[2]; kw++) {
                const double f = (double)w[(kd * s->kernel[1] + kh) * s->kernel[2] + kw];

                axis_range(s, 2, kw, &v0, &v1);
                for (int64_t d = d0; d < d1; d++)
                    for (int64_t h = h0; h < h1; h++) {
                        const int64_t id = d * s->stride[0] + kd * s->dilation[0] - s->pad[0];
                        const int64_t ih = h * s->stride[1] + kh * s->dilation[1] - s->pad[1];
                        const int64_t at = kw * s->dilation[2] - s->pad[2], step = s->stride[2];
                        const REAL   *row  = dy + (d * s->out[1] + h) * s->out[2];
                        double       *sums = acc + (id * s->in[1] + ih) * s->in[2];

                        if (step == 1)
                            for (int64_t v = v0; v < v1; v++) sums[v + at] += f * (double)row[v];
                        else
                            for (int64_t v = v0; v < v1; v++)
                                sums[v * step + at] += f * (double)row[v];
                    }
            }
        }
    }
}

/* Sum over the outputs of dy * x at one kernel position. */
static double NAME(plane_dot)(const ofz_conv *s, const REAL *x, const REAL *dy, int64_t kd,
                              int64_t kh, int64_t kw)
{
    double  sum = 0;
    int64_t d0, d1, h0, h1, v0, v1;

    axis_range(s, 0, kd, &d0, &d1);
    axis_range(s, 1, kh, &h0, &h1);
    axis_range(s, 2, kw, &v0, &v1);
    for (int64_t d = d0; d < d1; d++)
        for (int64_t h = h0; h < h1; h++) {
            const int64_t id = d * s->stride[0] + kd * s->dilation[0] - s->pad[0];
            const int64_t ih = h * s->stride[1] + kh * s->dilation[1] - s->pad[1];
            const int64_t at = kw * s->dilation[2] - s->pad[2], step = s->stride[2];
            const REAL   *row = x + (id * s->in[1] + ih) * s->in[2];
            const REAL   *g   = dy + (d * s->out[1] + h) * s->out[2];

            for (int64_t v = v0; v < v1; v++) sum += (double)g[v] * (double)row[v * step + at];
        }
    return sum;
}

ofz_status NAME(ofz_ref_conv_forward)(ofz_ctx *ctx, const ofz_conv *s, const REAL *x, const REAL *w,
                                      const REAL *b, REAL *y)
{
    const int     threads = ofz_threads_for(ctx, ofz_conv_work(s));
    const int64_t in = volume(s->in), out = volume(s->out), kernel = volume(s->kernel);
    const int64_t cg = s->in_channels / s->group, mg = s->out_channels / s->group;
    double       *planes;

    OFZ_TRY(planes_new(ctx, threads, out, &planes));
#pragma omp parallel for schedule(static) num_threads(threads)
    for (int64_t p = 0; p < s->batch * s->out_channels; p++) {
        const int64_t n = p / s->out_channels, m = p % s->out_channels, c0 = m / mg * cg;
        double       *acc = planes + thread_index() * out;

        for (int64_t i = 0; i < out; i++) acc[i] = b ? (double)b[m] : 0;
        for (int64_t c = 0; c < cg; c++) NAME(gather_plane)
        (s, x + (n * s->in_channels + c0 + c) * in, w + (m * cg + c) * kernel, acc);
        for (int64_t i = 0; i < out; i++) y[p * out + i] = (REAL)acc[i];
    }
    free(planes);
    return OFZ_OK;
}

ofz_status NAME(ofz_ref_conv_data)(ofz_ctx *ctx, const ofz_conv *s, const REAL *dy, const REAL *w,
                                   const REAL *b, REAL *dx)
{
    const int     threads = ofz_threads_for(ctx, ofz_conv_work(s));
    const int64_t in = volume(s->in), out = volume(s->out), kernel = volume(s->kernel);
    const int64_t cg = s->in_channels / s->group, mg = s->out_channels / s->group;
    double       *planes;

    OFZ_TRY(planes_new(ctx, threads, in, &planes));
#pragma omp parallel for schedule(static) num_threads(threads)
    for (int64_t p = 0; p < s->batch * s->in_channels; p++) {
        const int64_t n = p / s->in_channels, c = p % s->in_channels, m0 = c / cg * mg;
        double       *acc = planes + thread_index() * in;

        for (int64_t i = 0; i < in; i++) acc[i] = b ? (double)b[c] : 0;
        for (int64_t m = m0; m < m0 + mg; m++) NAME(scatter_plane)
        (s, dy + (n * s->out_channels + m) * out, w + (m * cg + c % cg) * kernel, acc);
        for (int64_t i = 0; i < in; i++) dx[p * in + i] = (REAL)acc[i];
    }
    free(planes);
    return OFZ_OK;
}

ofz_status NAME(ofz_ref_conv_weights)(ofz_ctx *ctx, const ofz_conv *s, const REAL *x,
                                      const REAL *dy, REAL *dw)
{
    const int64_t in = volume(s->in), out = volume(s->out), kernel = volume(s->kernel);
    const int64_t cg = s->in_channels / s->group, mg = s->out_channels / s->group;

    OFZ_PARALLEL_FOR(ctx, ofz_conv_work(s))
    for (int64_t p = 0; p < s->out_channels * cg; p++) {
        const int64_t m = p / cg, c = m / mg * cg + p % cg;

        for (int64_t k = 0; k < kernel; k++) {
            const int64_t kw = k % s->kernel[2], kh = k / s->kernel[2] % s->kernel[1];
            const int64_t kd  = k / s->kernel[2] / s->kernel[1];
            double        sum = 0;

            for (int64_t n = 0; n < s->batch; n++)
                sum += NAME(plane_dot)(s, x + (n * s->in_channels + c) * in,
                                       dy + (n * s->out_channels + m) * out, kd, kh, kw);
            dw[p * kernel + k] = (REAL)sum;
        }
    }
    return OFZ_OK;
}
