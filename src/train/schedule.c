/* schedule.c - see schedule.h. */
#include "train/schedule.h"

#include <math.h>

static const double PI = 3.14159265358979323846;

static double cosine_factor(const ofz_rate *rate, uint64_t step)
{
    double span;

    if (step < rate->warmup || rate->total_steps <= rate->warmup) return 1;
    if (step >= rate->total_steps) return 0;
    span = (double)(rate->total_steps - rate->warmup);
    return 0.5 * (1 + cos(PI * (double)(step - rate->warmup) / span));
}

double ofz_rate_at(const ofz_rate *rate, uint64_t step, int epoch)
{
    const int decays = epoch / rate->step_size;
    double    lr     = rate->lr;

    if (rate->kind == OFZ_STEP) lr *= pow(rate->gamma, decays);
    if (rate->kind == OFZ_COSINE) lr *= cosine_factor(rate, step);
    if (step < rate->warmup) lr = lr * (double)(step + 1) / (double)rate->warmup;
    return lr;
}
