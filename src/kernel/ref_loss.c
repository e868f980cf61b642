/* ref_loss.c - losses, for float and double. */
#include "kernel/losses.h"

#include <math.h>

#include "base/checked.h"
#include "base/threads.h"

static double element_loss(ofz_element_loss kind, double delta, double x, double t)
{
    const double d = fabs(x - t);

    switch (kind) {
    case OFZ_ELEMENT_MSE:
        return d * d;
    case OFZ_ELEMENT_L1:
        return d;
    case OFZ_ELEMENT_HUBER:
        return d < delta ? 0.5 * d * d : delta * (d - 0.5 * delta);
    case OFZ_ELEMENT_BCE:
        return -(t * fmax(log(x), -100) + (1 - t) * fmax(log1p(-x), -100));
    case OFZ_ELEMENT_BCE_LOGITS:
        return fmax(x, 0) - x * t + log1p(exp(-fabs(x)));
    }
    return 0;
}

static double element_slope(ofz_element_loss kind, double delta, double x, double t)
{
    const double d = x - t, sign = (d > 0) - (d < 0);

    switch (kind) {
    case OFZ_ELEMENT_MSE:
        return 2 * d;
    case OFZ_ELEMENT_L1:
        return sign;
    case OFZ_ELEMENT_HUBER:
        return fabs(d) < delta ? d : delta * sign;
    case OFZ_ELEMENT_BCE:
        return d / fmax(x * (1 - x), 1e-12);
    case OFZ_ELEMENT_BCE_LOGITS:
        return (x >= 0 ? 1 / (1 + exp(-x)) : exp(x) / (1 + exp(x))) - t;
    }
    return 0;
}

/* An exponential is worth some ten sums. */
static int64_t work_of(const ofz_classes *s)
{
    int64_t work;

    return ofz_mul(s->outer * s->inner, s->classes, &work) && ofz_mul(work, 8, &work) ? work
                                                                                      : INT64_MAX;
}

#define REAL    float
#define NAME(x) x##_f32
#include "kernel/ref_loss_body.h"
#undef REAL
#undef NAME

#define REAL    double
#define NAME(x) x##_f64
#include "kernel/ref_loss_body.h"
