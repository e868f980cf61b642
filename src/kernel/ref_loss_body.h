/* ref_loss_body.h - what ref_loss.c compiles once per REAL. */

/* log of the sum of exponentials over the classes of one position; x points at its first class. */
static double NAME(log_sum)(const ofz_classes *s, const REAL *x)
{
    double most = (double)x[0], sum = 0;

    for (int64_t c = 1; c < s->classes; c++) {
        const double v = (double)x[c * s->inner];

        if (!(v <= most)) most = v;
    }
    if (isinf(most) || isnan(most)) return most; /* one certain class, none, or no number at all */
    for (int64_t c = 0; c < s->classes; c++) sum += exp((double)x[c * s->inner] - most);
    return most + log(sum);
}

static const REAL *NAME(position)(const ofz_classes *s, const REAL *x, int64_t i)
{
    return x + i / s->inner * s->classes * s->inner + i % s->inner;
}

void NAME(ofz_log_softmax)(ofz_ctx *ctx, const ofz_classes *s, const REAL *x, REAL *y)
{
    OFZ_PARALLEL_FOR(ctx, work_of(s))
    for (int64_t i = 0; i < s->outer * s->inner; i++) {
        const REAL  *at  = NAME(position)(s, x, i);
        const double lse = NAME(log_sum)(s, at);

        for (int64_t c = 0; c < s->classes; c++)
            y[at - x + c * s->inner] = (REAL)((double)at[c * s->inner] - lse);
    }
}

void NAME(ofz_class_loss)(ofz_ctx *ctx, const ofz_classes *s, const REAL *x, const int64_t *label,
                          double *loss)
{
    OFZ_PARALLEL_FOR(ctx, work_of(s))
    for (int64_t i = 0; i < s->outer * s->inner; i++) {
        const REAL *at = NAME(position)(s, x, i);

        loss[i] = label[i] < 0 ? 0 : NAME(log_sum)(s, at) - (double)at[label[i] * s->inner];
    }
}

void NAME(ofz_class_grad)(ofz_ctx *ctx, const ofz_classes *s, const REAL *x, const int64_t *label,
                          const double *factor, REAL *dx)
{
    OFZ_PARALLEL_FOR(ctx, work_of(s))
    for (int64_t i = 0; i < s->outer * s->inner; i++) {
        const REAL  *at  = NAME(position)(s, x, i);
        const double lse = label[i] < 0 ? 0 : NAME(log_sum)(s, at);

        for (int64_t c = 0; c < s->classes; c++) {
            const double p = label[i] < 0 ? 0 : exp((double)at[c * s->inner] - lse);

            dx[at - x + c * s->inner] =
                (REAL)(label[i] < 0 ? 0 : (p - (c == label[i])) * factor[i]);
        }
    }
}

void NAME(ofz_soft_loss)(ofz_ctx *ctx, const ofz_classes *s, const REAL *x, const REAL *t,
                         double *loss)
{
    OFZ_PARALLEL_FOR(ctx, work_of(s))
    for (int64_t i = 0; i < s->outer * s->inner; i++) {
        const REAL  *at  = NAME(position)(s, x, i);
        const double lse = NAME(log_sum)(s, at);
        double       sum = 0;

        for (int64_t c = 0; c < s->classes; c++) {
            const double want = (double)t[at - x + c * s->inner];

            if (want != 0) sum += want * (lse - (double)at[c * s->inner]);
        }
        loss[i] = sum;
    }
}

void NAME(ofz_soft_grad)(ofz_ctx *ctx, const ofz_classes *s, const REAL *x, const REAL *t,
                         double factor, REAL *dx)
{
    OFZ_PARALLEL_FOR(ctx, work_of(s))
    for (int64_t i = 0; i < s->outer * s->inner; i++) {
        const REAL  *at   = NAME(position)(s, x, i);
        const double lse  = NAME(log_sum)(s, at);
        double       mass = 0;

        for (int64_t c = 0; c < s->classes; c++) mass += (double)t[at - x + c * s->inner];
        for (int64_t c = 0; c < s->classes; c++) {
            const int64_t e = at - x + c * s->inner;

            dx[e] = (REAL)((exp((double)x[e] - lse) * mass - (double)t[e]) * factor);
        }
    }
}

double NAME(ofz_element_loss)(ofz_element_loss kind, double delta, int64_t count, const REAL *x,
                              const REAL *t)
{
    double sum = 0;

    for (int64_t i = 0; i < count; i++)
        sum += element_loss(kind, delta, (double)x[i], (double)t[i]);
    return sum;
}

void NAME(ofz_element_grad)(ofz_ctx *ctx, ofz_element_loss kind, double delta, int64_t count,
                            const REAL *x, const REAL *t, double factor, REAL *dx)
{
    OFZ_PARALLEL_FOR(ctx, count)
    for (int64_t i = 0; i < count; i++)
        dx[i] = (REAL)(element_slope(kind, delta, (double)x[i], (double)t[i]) * factor);
}
