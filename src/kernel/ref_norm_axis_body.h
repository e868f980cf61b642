/* ref_norm_axis_body.h - what ref_norm_axis.c compiles once per REAL. */

/* s of channel c at one place; x points at channel 0 there. */
static double NAME(lrn_sum)(const ofz_lrn *l, const REAL *x, int64_t c)
{
    int64_t first, last;
    double  sum = 0;

    neighbours(l, c, false, &first, &last);
    for (int64_t j = first; j < last; j++)
        sum += (double)x[j * l->view.inner] * (double)x[j * l->view.inner];
    return l->bias + l->alpha / (double)l->size * sum;
}

void NAME(ofz_lrn_forward)(ofz_ctx *ctx, const ofz_lrn *l, const REAL *x, REAL *y)
{
    const ofz_axis_view *v = &l->view;

    OFZ_PARALLEL_FOR(ctx, 16 * view_work(v))
    for (int64_t r = 0; r < v->outer * v->n; r++) {
        const REAL *block = x + r / v->n * v->n * v->inner;

        for (int64_t i = 0; i < v->inner; i++)
            y[r * v->inner + i] = (REAL)((double)x[r * v->inner + i] *
                                         pow(NAME(lrn_sum)(l, block + i, r % v->n), -l->beta));
    }
}

/* dx = dy s^-beta - 2 alpha beta / size * x * sum over the back neighbours of dy x s^(-beta - 1). */
ofz_status NAME(ofz_lrn_grad)(ofz_ctx *ctx, const ofz_lrn *l, const REAL *dy, const REAL *x,
                              REAL *dx)
{
    const ofz_axis_view *v = &l->view;
    double              *t;

    OFZ_TRY(doubles_new(ctx, view_work(v), 1, &t));
    OFZ_PARALLEL_FOR(ctx, 16 * view_work(v))
    for (int64_t r = 0; r < v->outer * v->n; r++)
        for (int64_t i = 0; i < v->inner; i++) {
            const int64_t e = r * v->inner + i;
            const double  s = NAME(lrn_sum)(l, x + r / v->n * v->n * v->inner + i, r % v->n);

            t[e]  = (double)dy[e] * (double)x[e] * pow(s, -l->beta - 1);
            dx[e] = (REAL)((double)dy[e] * pow(s, -l->beta));
        }
    OFZ_PARALLEL_FOR(ctx, 16 * view_work(v))
    for (int64_t r = 0; r < v->outer * v->n; r++) {
        const double *block = t + r / v->n * v->n * v->inner;
        int64_t       first, last;

        neighbours(l, r % v->n, true, &first, &last);
        for (int64_t i = 0; i < v->inner; i++) {
            const int64_t e   = r * v->inner + i;
            double        sum = 0;

            for (int64_t j = first; j < last; j++) sum += block[j * v->inner + i];
            dx[e] = (REAL)((double)dx[e] -
                           2 * l->alpha * l->beta / (double)l->size * (double)x[e] * sum);
        }
    }
    free(t);
    return OFZ_OK;
}

static double NAME(lp_norm)(const ofz_axis_view *v, int p, const REAL *x)
{
    double sum = 0;

    for (int64_t k = 0; k < v->n; k++) {
        const double a = fabs((double)x[k * v->inner]);

        sum += p == 1 ? a : a * a;
    }
    return p == 1 ? sum : sqrt(sum);
}

void NAME(ofz_lp_forward)(ofz_ctx *ctx, const ofz_axis_view *v, int p, const REAL *x, REAL *y)
{
    OFZ_PARALLEL_FOR(ctx, view_work(v))
    for (int64_t r = 0; r < v->outer * v->inner; r++) {
        const int64_t at   = r / v->inner * v->n * v->inner + r % v->inner;
        const double  norm = NAME(lp_norm)(v, p, x + at);

        for (int64_t k = 0; k < v->n; k++)
            y[at + k * v->inner] = (REAL)(norm == 0 ? 0 : (double)x[at + k * v->inner] / norm);
    }
}

/* dx = (dy - slope of the norm * sum(dy x) / norm) / norm, all over the axis. */
void NAME(ofz_lp_grad)(ofz_ctx *ctx, const ofz_axis_view *v, int p, const REAL *dy, const REAL *x,
                       REAL *dx)
{
    OFZ_PARALLEL_FOR(ctx, view_work(v))
    for (int64_t r = 0; r < v->outer * v->inner; r++) {
        const int64_t at   = r / v->inner * v->n * v->inner + r % v->inner;
        const double  norm = NAME(lp_norm)(v, p, x + at);
        double        dot  = 0;

        for (int64_t k = 0; k < v->n; k++)
            dot += (double)dy[at + k * v->inner] * (double)x[at + k * v->inner];
        for (int64_t k = 0; k < v->n; k++) {
            const double a     = (double)x[at + k * v->inner];
            const double slope = p == 1 ? (a > 0) - (a < 0) : a / norm;

            dx[at + k * v->inner] =
                (REAL)(norm == 0 ? 0 : ((double)dy[at + k * v->inner] - slope * dot / norm) / norm);
        }
    }
}

/* mean and mean of squared distances per group, both zeroed before; elements in memory order. */
static void NAME(mvn_stats)(const ofz_mvn *m, const REAL *x, double *mean, double *var)
{
    const double size = m->groups ? (double)(m->total / m->groups) : 0;

    for (int64_t e = 0; e < m->total; e++) mean[group_of(m, e)] += (double)x[e];
    for (int64_t g = 0; g < m->groups; g++) mean[g] /= size;
    for (int64_t e = 0; e < m->total; e++) {
        const int64_t g = group_of(m, e);

        var[g] += ((double)x[e] - mean[g]) * ((double)x[e] - mean[g]);
    }
    for (int64_t g = 0; g < m->groups; g++) var[g] /= size;
}

ofz_status NAME(ofz_mvn_forward)(ofz_ctx *ctx, const ofz_mvn *m, const REAL *x, REAL *y)
{
    double *mean, *var;

    OFZ_TRY(doubles_new(ctx, m->groups, 2, &mean));
    var = mean + m->groups;
    NAME(mvn_stats)(m, x, mean, var);
    for (int64_t e = 0; e < m->total; e++) {
        const int64_t g = group_of(m, e);

        y[e] = (REAL)(((double)x[e] - mean[g]) / (sqrt(var[g]) + m->epsilon));
    }
    free(mean);
    return OFZ_OK;
}

/* With c = x - mean and r = 1 / (deviation + epsilon):
 * dx = r (dy - mean(dy)) - c r^2 mean(dy c) / deviation. */
ofz_status NAME(ofz_mvn_grad)(ofz_ctx *ctx, const ofz_mvn *m, const REAL *dy, const REAL *x,
                              REAL *dx)
{
    const double size = m->groups ? (double)(m->total / m->groups) : 0;
    double      *mean, *var, *sum, *dot;

    OFZ_TRY(doubles_new(ctx, m->groups, 4, &mean));
    var = mean + m->groups;
    sum = var + m->groups;
    dot = sum + m->groups;
    NAME(mvn_stats)(m, x, mean, var);
    for (int64_t e = 0; e < m->total; e++) {
        const int64_t g = group_of(m, e);

        sum[g] += (double)dy[e];
        dot[g] += (double)dy[e] * ((double)x[e] - mean[g]);
    }
    for (int64_t e = 0; e < m->total; e++) {
        const int64_t g = group_of(m, e);
        const double  s = sqrt(var[g]), r = 1 / (s + m->epsilon);

        dx[e] = (REAL)(r * ((double)dy[e] - sum[g] / size) -
                       (s == 0 ? 0 : ((double)x[e] - mean[g]) * r * r * dot[g] / size / s));
    }
    free(mean);
    return OFZ_OK;
}
