/* interpolate.c - see interpolate.h. */
#include "kernel/interpolate.h"

#include <math.h>

/* The place in the input that output x looks at. `length` is the output's length before rounding.
 * */
static double source_of(ofz_coordinate how, int64_t x, int64_t in, int64_t out, double scale,
                        double roi_start, double roi_end)
{
    const double length = scale * (double)in;
    const double last   = (double)(in - 1);

    switch (how) {
    case OFZ_COORDINATE_ALIGN_CORNERS:
        return length == 1 ? 0 : (double)x * last / (length - 1);
    case OFZ_COORDINATE_ASYMMETRIC:
        return (double)x / scale;
    case OFZ_COORDINATE_TF_HALF_PIXEL_FOR_NN:
        return scale == 1 ? (double)x
                          : ((double)x + 0.5) / scale; /* batch and channels stay apart */
    case OFZ_COORDINATE_TF_CROP_AND_RESIZE:
        if (out == 1) return roi_start * last + (roi_end - roi_start) * last / 2;
        return roi_start * last + (double)x * (roi_end - roi_start) * last / (double)(out - 1);
    case OFZ_COORDINATE_PYTORCH_HALF_PIXEL:
        return out == 1 ? 0 : ((double)x + 0.5) / scale - 0.5;
    case OFZ_COORDINATE_HALF_PIXEL_SYMMETRIC:
        return (double)in / 2 * (1 - (double)out / length) + ((double)x + 0.5) / scale - 0.5;
    default:
        return ((double)x + 0.5) / scale - 0.5;
    }
}

static double cubic_weight(double a, double d)
{
    const double x = fabs(d);

    if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
    if (x < 2) return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a;
    return 0;
}

static int64_t nearest_of(ofz_nearest how, double x)
{
    const double low  = floor(x);
    const double part = x - low;

    if (part == 0) return (int64_t)low;
    switch (how) {
    case OFZ_NEAREST_FLOOR:
        return (int64_t)low;
    case OFZ_NEAREST_CEIL:
        return (int64_t)low + 1;
    case OFZ_NEAREST_ROUND_PREFER_CEIL:
        return (int64_t)low + (part >= 0.5);
    default:
        return (int64_t)low + (part > 0.5);
    }
}

static int64_t clamp_index(int64_t i, int64_t n)
{
    return i < 0 ? 0 : i < n ? i : n - 1;
}

/* How many taps lie on each side of an output: 1 or 2 filter lengths, stretched when antialiasing.
 * */
static int64_t half_width(const ofz_interpolation *how, double scale)
{
    const double reach = how->filter == OFZ_FILTER_CUBIC ? 2 : 1;

    return how->antialias && scale < 1 ? -(int64_t)floor(-reach / scale) : (int64_t)reach;
}

/* Taps from ceil(x) - half to ceil(x) - 1 + half; those beyond an edge repeat the edge. Weights are
 * made to add up to 1 where something was stretched or dropped. */
static void row_add(const ofz_interpolation *how, ofz_taps *t, int64_t row, double x, int64_t half,
                    double stretch)
{
    const int64_t low   = (int64_t)ceil(x) - 1;
    const int64_t start = t->first[row];
    int64_t       n     = start;
    double        sum   = 0;

    for (int64_t k = low + 1 - half; k <= low + half; k++) {
        const double d = ((double)k - x) * stretch;
        double       w =
            how->filter == OFZ_FILTER_CUBIC ? cubic_weight(how->cubic_a, d) : fmax(0, 1 - fabs(d));

        if (how->exclude_outside && (k < 0 || k >= t->in)) w = 0;
        if (w == 0) continue;
        t->index[n]    = clamp_index(k, t->in);
        t->weight[n++] = w;
        sum += w;
    }
    if ((how->antialias || how->exclude_outside) && sum != 0)
        for (int64_t k = start; k < n; k++) t->weight[k] /= sum;
    if (n == start) { /* a row without taps would read as "outside" */
        t->index[n]    = clamp_index(low, t->in);
        t->weight[n++] = 0;
    }
    t->first[row + 1] = n;
}

ofz_status ofz_interpolate(ofz_ctx *ctx, const ofz_interpolation *how, int64_t in, int64_t out,
                           double scale, double roi_start, double roi_end, ofz_taps *t)
{
    const int64_t half = how->filter == OFZ_FILTER_NEAREST ? 1 : half_width(how, scale);

    OFZ_TRY(ofz_taps_new(ctx, in, out, 2 * half, t));
    for (int64_t j = 0; j < out; j++) {
        const double x = source_of(how->coordinate, j, in, out, scale, roi_start, roi_end);

        t->first[j + 1] = t->first[j];
        if (how->coordinate == OFZ_COORDINATE_TF_CROP_AND_RESIZE &&
            !(x >= 0 && x <= (double)(in - 1))) /* NaN is outside as well */
            continue;
        if (how->filter == OFZ_FILTER_NEAREST) {
            t->index[t->first[j]]  = clamp_index(nearest_of(how->nearest, x), in);
            t->weight[t->first[j]] = 1;
            t->first[j + 1]++;
        } else {
            row_add(how, t, j, x, half, how->antialias && scale < 1 ? scale : 1);
        }
    }
    return OFZ_OK;
}
