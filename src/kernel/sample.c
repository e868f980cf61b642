/* sample.c - see sample.h; for float and double. */
#include "kernel/sample.h"

#include <math.h>
#include <string.h>

#include "base/threads.h"

/* What one coordinate reads along one axis; index -1: nothing. dw is by the grid's coordinate. */
typedef struct axis_taps {
    int     count;
    int64_t index[4];
    double  w[4], dw[4];
} axis_taps;

/* Into [low, high] by mirrors at both; *slope turns with it. */
static double reflect(double x, double low, double high, double *slope)
{
    const double range = high - low;
    double       d, turns;

    if (!(range > 0)) {
        *slope = 0;
        return low;
    }
    d = x < low ? low - x : x - low;
    if (x < low) *slope = -*slope;
    turns = floor(d / range);
    d -= turns * range;
    if (fmod(turns, 2) == 0) return low + d;
    *slope = -*slope;
    return high - d;
}

static double pad_place(const ofz_grid_sample *s, double x, int64_t n, double *slope)
{
    const double last = (double)(n - 1);

    if (s->pad == OFZ_PAD_ZEROS) return x;
    if (s->pad == OFZ_PAD_REFLECTION)
        x = s->align_corners ? reflect(x, 0, last, slope) : reflect(x, -0.5, last + 0.5, slope);
    if (x > 0 && x < last) return x;
    if (!(x > 0)) *slope = x < 0 ? 0 : *slope;
    if (x > last) *slope = 0;
    return x > 0 ? last : 0;
}

/* An element's number, or -1 outside; also for NaN and infinities. */
static int64_t index_of(double x, int64_t n)
{
    return x >= 0 && x <= (double)(n - 1) ? (int64_t)x : -1;
}

static void cubic_weights(double t, double w[4], double dw[4])
{
    const double A = -0.75;

    for (int k = 0; k < 4; k++) {
        const double x = fabs(t + 1 - k), sign = t + 1 - k < 0 ? -1 : 1;

        if (x <= 1) {
            w[k]  = ((A + 2) * x - (A + 3)) * x * x + 1;
            dw[k] = sign * (3 * (A + 2) * x - 2 * (A + 3)) * x;
        } else {
            w[k]  = ((A * x - 5 * A) * x + 8 * A) * x - 4 * A;
            dw[k] = sign * ((3 * A * x - 10 * A) * x + 8 * A);
        }
    }
}

static void taps_get(const ofz_grid_sample *s, double g, int64_t n, axis_taps *t)
{
    double slope = s->align_corners ? (double)(n - 1) / 2 : (double)n / 2, ignored = 0, x;

    x = s->align_corners ? (g + 1) / 2 * (double)(n - 1) : ((g + 1) * (double)n - 1) / 2;
    if (s->mode == OFZ_SAMPLE_NEAREST) {
        *t          = (axis_taps){ .count = 1, .w = { 1 } };
        t->index[0] = index_of(pad_place(s, nearbyint(x), n, &ignored), n);
    } else if (s->mode == OFZ_SAMPLE_LINEAR) {
        x  = pad_place(s, x, n, &slope);
        *t = (axis_taps){ .count = 2,
                          .index = { index_of(floor(x), n), index_of(floor(x) + 1, n) },
                          .w     = { floor(x) + 1 - x, x - floor(x) },
                          .dw    = { -slope, slope } };
    } else {
        t->count = 4;
        cubic_weights(x - floor(x), t->w, t->dw);
        for (int k = 0; k < 4; k++) {
            t->index[k] = index_of(pad_place(s, floor(x) - 1 + k, n, &ignored), n);
            t->dw[k] *= slope;
        }
    }
}

enum { POINT_TAPS = 1024 }; /* 4 along each of OFZ_SAMPLE_AXES axes */

/* Everything that one point reads. */
typedef struct point {
    axis_taps axis[OFZ_SAMPLE_AXES];
    int       count;
} point;

static void point_get(const ofz_grid_sample *s, const double *g, point *p)
{
    p->count = 1;
    for (int a = 0; a < s->axes; a++) {
        taps_get(s, g[s->axes - 1 - a], s->in[a], &p->axis[a]);
        p->count *= p->axis[a].count;
    }
}

/* The i-th tap: its element, or -1; *w its weight; dw[a] (when not NULL) its slope along axis a. */
static int64_t point_tap(const ofz_grid_sample *s, const point *p, int i, double *w, double *dw)
{
    int64_t at = 0, step = 1;

    *w = 1;
    for (int a = 0; dw && a < s->axes; a++) dw[a] = 1;
    for (int a = s->axes - 1; a >= 0; a--) {
        const axis_taps *t = &p->axis[a];
        const int        k = i % t->count;

        i /= t->count;
        if (t->index[k] < 0) return -1;
        at += t->index[k] * step;
        step *= s->in[a];
        *w *= t->w[k];
        for (int b = 0; dw && b < s->axes; b++) dw[b] *= a == b ? t->dw[k] : t->w[k];
    }
    return at;
}

static int64_t volume(const ofz_grid_sample *s)
{
    int64_t n = 1;

    for (int a = 0; a < s->axes; a++) n *= s->in[a];
    return n;
}

/* Corners around (y, x) in a picture of in[0] x in[1], -1 where there is none. _held: up to one
 * outside the border holds; _open: what lies outside is left out. */
typedef struct corners {
    int64_t at[4];
    double  w[4];
} corners;

static void corners_held(const int64_t in[2], double y, double x, corners *c)
{
    double  at[2] = { y, x }, f[2];
    int64_t low[2], high[2];

    *c = (corners){ .at = { -1, -1, -1, -1 } };
    for (int a = 0; a < 2; a++) {
        if (!(at[a] >= -1 && at[a] <= (double)in[a])) return;
        if (at[a] < 0) at[a] = 0;
        low[a]  = (int64_t)at[a];
        high[a] = low[a] + 1;
        if (high[a] >= in[a]) low[a] = high[a] = in[a] - 1;
        f[a] = high[a] == low[a] ? 0 : at[a] - (double)low[a];
    }
    *c = (corners){ .at = { low[0] * in[1] + low[1], low[0] * in[1] + high[1],
                            high[0] * in[1] + low[1], high[0] * in[1] + high[1] },
                    .w  = { (1 - f[0]) * (1 - f[1]), (1 - f[0]) * f[1], f[0] * (1 - f[1]),
                            f[0] * f[1] } };
}

static void corners_open(const int64_t in[2], double y, double x, corners *c)
{
    const double fy = y - floor(y), fx = x - floor(x);

    *c = (corners){ .w = { (1 - fy) * (1 - fx), (1 - fy) * fx, fy * (1 - fx), fy * fx } };
    for (int k = 0; k < 4; k++) {
        const int64_t i = index_of(floor(y) + k / 2, in[0]), j = index_of(floor(x) + k % 2, in[1]);

        c->at[k] = i < 0 || j < 0 ? -1 : i * in[1] + j;
    }
}

/* A region: where its bins begin, how large they are, and how many points each has. */
typedef struct region {
    double  begin[2], bin[2];
    int64_t points[2];
} region;

/* More points than this along a bin say nothing new and would take forever. */
#define BIN_POINTS 65536

static void region_get(const ofz_roi_align *s, const double box[4], region *r)
{
    for (int a = 0; a < 2; a++) { /* box: x1 y1 x2 y2, axes: y x */
        const double offset = s->half_pixel ? 0.5 : 0, low = box[1 - a] * s->scale - offset;
        double       size = box[3 - a] * s->scale - offset - low, points;

        if (!s->half_pixel && !(size >= 1)) size = 1;
        r->begin[a]  = low;
        r->bin[a]    = size / (double)s->out[a];
        points       = s->sampling > 0 ? (double)s->sampling : ceil(r->bin[a]);
        r->points[a] = points >= BIN_POINTS ? BIN_POINTS : points >= 0 ? (int64_t)points : 0;
    }
}

/* Point i of bin `bin` along axis a. */
static double region_at(const region *r, int a, int64_t bin, int64_t i)
{
    return r->begin[a] + (double)bin * r->bin[a] +
           ((double)i + 0.5) * r->bin[a] / (double)r->points[a];
}

#define REAL    float
#define NAME(x) x##_f32
#include "kernel/sample_body.h"
#undef REAL
#undef NAME

#define REAL    double
#define NAME(x) x##_f64
#include "kernel/sample_body.h"
