/* fourier_single.c - discrete Fourier transforms in single precision, for lengths of factors 2, 3 and 5.
 *
 * The passes of FFTPACK (Swarztrauber 1982), radix 4 before 2 before 3 before 5 but with a lone 2 in front,
 * each sum in the order written here: the order in which numpy transforms complex64, so that what is
 * exactly zero in exact arithmetic has the same rounding. Twiddle factors are rounded once from double. */
#include <math.h>
#include <stdlib.h>

#include "kernel/fourier.h"

enum { FACTORS_MOST = 64 };

typedef struct complex_single {
    float r, i;
} single;

struct ofz_fourier_single {
    int64_t n;
    int     factor[FACTORS_MOST], count;
    single *root; /* e^(2 pi i k / n) */
    single *room; /* 2 n numbers */
};

/* --- factors ---------------------------------------------------------------------------------- */

static bool factors_find(int64_t n, int *factor, int *count)
{
    static const int odd[] = { 3, 5 };

    *count = 0;
    for (; n % 4 == 0; n /= 4) factor[(*count)++] = 4;
    if (n % 2 == 0) {
        factor[(*count)++] = 2;
        n /= 2;
        if (*count > 1) {
            const int first    = factor[0];
            factor[0]          = 2;
            factor[*count - 1] = first;
        }
    }
    for (size_t k = 0; k < sizeof odd / sizeof *odd; k++)
        for (; n % odd[k] == 0; n /= odd[k]) factor[(*count)++] = odd[k];
    return n == 1;
}

bool ofz_fourier_single_takes(int64_t n)
{
    int factor[FACTORS_MOST], count;

    return n > 0 && n <= INT32_MAX && factors_find(n, factor, &count);
}

ofz_status ofz_fourier_single_new(ofz_ctx *ctx, int64_t n, ofz_fourier_single **out)
{
    const double        step = 2 * 3.14159265358979323846 / (double)n;
    ofz_fourier_single *f    = calloc(1, sizeof *f);

    if (!f) return ofz_fail_nomem(ctx, "transform", sizeof *f);
    f->n    = n;
    f->root = malloc((size_t)n * sizeof *f->root);
    f->room = malloc(2 * (size_t)n * sizeof *f->room);
    if (!f->root || !f->room) {
        ofz_fourier_single_free(f);
        return ofz_fail_nomem(ctx, "transform", (size_t)n * sizeof *f->root);
    }
    (void)factors_find(n, f->factor, &f->count);
    for (int64_t k = 0; k < n; k++)
        f->root[k] = (single){ (float)cos(step * (double)k), (float)sin(step * (double)k) };
    *out = f;
    return OFZ_OK;
}

void ofz_fourier_single_free(ofz_fourier_single *f)
{
    if (!f) return;
    free(f->root);
    free(f->room);
    free(f);
}

/* --- butterflies: c[0..radix) -> y[0..radix), s = -1 forward, 1 back -------------------------- */

static single plus(single a, single b)
{
    return (single){ a.r + b.r, a.i + b.i };
}

static single minus(single a, single b)
{
    return (single){ a.r - b.r, a.i - b.i };
}

static void two(const single *c, float s, single *y)
{
    (void)s;
    y[0] = plus(c[0], c[1]);
    y[1] = minus(c[0], c[1]);
}

static void three(const single *c, float s, single *y)
{
    const float  sine = s * 0.86602540378443864676f;
    const single sum = plus(c[1], c[2]), difference = minus(c[1], c[2]);
    const single a = { c[0].r + -0.5f * sum.r, c[0].i + -0.5f * sum.i };
    const single b = { -(sine * difference.i), sine * difference.r };

    y[0] = plus(c[0], sum);
    y[1] = plus(a, b);
    y[2] = minus(a, b);
}

static void four(const single *c, float s, single *y)
{
    const single even = plus(c[0], c[2]), even_less = minus(c[0], c[2]);
    const single odd = plus(c[1], c[3]), odd_less = minus(c[1], c[3]);
    const single turned = { -s * odd_less.i, s * odd_less.r };

    y[0] = plus(even, odd);
    y[1] = plus(even_less, turned);
    y[2] = minus(even, odd);
    y[3] = minus(even_less, turned);
}

static void five(const single *c, float s, single *y)
{
    const float  cos1 = 0.3090169943749474241f, cos2 = -0.8090169943749474241f;
    const float  sin1 = s * 0.9510565162951535721f, sin2 = s * 0.5877852522924731292f;
    const single t1 = plus(c[1], c[4]), t4 = minus(c[1], c[4]);
    const single t2 = plus(c[2], c[3]), t3 = minus(c[2], c[3]);
    const single a1 = { c[0].r + cos1 * t1.r + cos2 * t2.r, c[0].i + cos1 * t1.i + cos2 * t2.i };
    const single a2 = { c[0].r + cos2 * t1.r + cos1 * t2.r, c[0].i + cos2 * t1.i + cos1 * t2.i };
    const single b1 = { -(sin1 * t4.i + sin2 * t3.i), sin1 * t4.r + sin2 * t3.r };
    const single b2 = { -(sin2 * t4.i - sin1 * t3.i), sin2 * t4.r - sin1 * t3.r };

    y[0] = plus(plus(c[0], t1), t2);
    y[1] = plus(a1, b1);
    y[4] = minus(a1, b1);
    y[2] = plus(a2, b2);
    y[3] = minus(a2, b2);
}

/* --- passes ----------------------------------------------------------------------------------- */

static single turn(single x, single w, float s)
{
    if (s > 0) return (single){ x.r * w.r - x.i * w.i, x.r * w.i + x.i * w.r };
    return (single){ x.r * w.r + x.i * w.i, x.i * w.r - x.r * w.i };
}

/* `done`: the product of the factors before this one. */
static void pass(const ofz_fourier_single *f, int radix, int64_t done, float s, const single *from,
                 single *to)
{
    const int64_t inner = f->n / (done * radix);
    single        c[5], y[5];

    for (int64_t k = 0; k < done; k++)
        for (int64_t i = 0; i < inner; i++) {
            for (int b = 0; b < radix; b++) c[b] = from[i + inner * (b + radix * k)];
            (radix == 2 ? two : radix == 3 ? three : radix == 4 ? four : five)(c, s, y);
            for (int u = 0; u < radix; u++)
                to[i + inner * (k + done * u)] =
                    u && i ? turn(y[u], f->root[u * done * i], s) : y[u];
        }
}

void ofz_fourier_single_run(const ofz_fourier_single *f, bool inverse, double *re, double *im)
{
    const float scale = inverse ? (float)(1 / (double)f->n) : 1;
    single     *a = f->room, *b = a + f->n, *swap;
    int64_t     done = 1;

    for (int64_t k = 0; k < f->n; k++) a[k] = (single){ (float)re[k], (float)im[k] };
    for (int p = 0; p < f->count; p++) {
        pass(f, f->factor[p], done, inverse ? 1 : -1, a, b);
        done *= f->factor[p];
        swap = a;
        a    = b;
        b    = swap;
    }
    for (int64_t k = 0; k < f->n; k++) {
        re[k] = (double)(a[k].r * scale);
        im[k] = (double)(a[k].i * scale);
    }
}
