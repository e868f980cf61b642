/* post_transform.c - see post_transform.h. Sums run from the first score to the last. */
#include "kernel/post_transform.h"

#include <math.h>

/* Written so that the exponential of a large |x| cannot overflow. */
double ofz_logistic(double x)
{
    const double v = 1 / (1 + exp(-fabs(x)));

    return x < 0 ? 1 - v : v;
}

static double probit(double x)
{
    const double pi = 3.14159, a = 0.147; /* the digits that the reference has */
    const double y = 2 * x - 1, l = log((1 - y) * (1 + y));
    const double v = 2 / (pi * a) + 0.5 * l, w = sqrt(sqrt(v * v - l / a) - v);

    return 1.41421356 * (y < 0 ? -w : w);
}

static void softmax(double *score, int64_t count, double zero)
{
    double most = -INFINITY, sum = 0;

    for (int64_t i = 0; i < count; i++)
        if (score[i] > most) most = score[i];
    for (int64_t i = 0; i < count; i++) {
        if (fabs(score[i]) <= zero) {
            score[i] *= exp(-most);
            continue;
        }
        score[i] = exp(score[i] - most);
        sum += score[i];
    }
    for (int64_t i = 0; i < count; i++) score[i] /= sum;
}

void ofz_post_apply(ofz_post post, double *score, int64_t count)
{
    switch (count < 2 && post != OFZ_POST_PROBIT ? OFZ_POST_NONE : post) {
    case OFZ_POST_NONE:
        break;
    case OFZ_POST_SOFTMAX:
        softmax(score, count, -1);
        break;
    case OFZ_POST_LOGISTIC:
        for (int64_t i = 0; i < count; i++) score[i] = ofz_logistic(score[i]);
        break;
    case OFZ_POST_SOFTMAX_ZERO:
        softmax(score, count, 1e-7);
        break;
    case OFZ_POST_PROBIT:
        for (int64_t i = 0; i < count; i++) score[i] = probit(score[i]);
        break;
    }
}

void ofz_post_pair(ofz_post post, ofz_pair pair, double score[2])
{
    const double s = post == OFZ_POST_LOGISTIC ? ofz_logistic(score[0]) : score[0];

    score[1] = s;
    score[0] = pair == OFZ_PAIR_SHARE || post == OFZ_POST_LOGISTIC ? 1 - s : -s;
    if (post == OFZ_POST_PROBIT) ofz_post_apply(post, score, 2);
}
