/* fourier.c - see fourier.h. */
#include "kernel/fourier.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PI 3.14159265358979323846

struct ofz_fourier {
    int64_t n, m;      /* m: the power of two that is transformed; n itself, or at least 2n - 1 */
    double *cos, *sin; /* [m / 2] of 2 pi k / m */
    double *chirp_cos, *chirp_sin; /* [n] of pi k^2 / n; NULL when m is n */
    double *wave_re, *wave_im;     /* [m] the transformed conjugate chirp */
    double *block;
};

/* In place, m a power of two. */
static void powers(const ofz_fourier *f, double *re, double *im)
{
    const int64_t m = f->m;

    for (int64_t i = 1, j = 0; i < m; i++) {
        int64_t bit = m >> 1;

        for (; j & bit; bit >>= 1) j ^= bit;
        j ^= bit;
        if (i < j) {
            const double a = re[i], b = im[i];

            re[i] = re[j];
            im[i] = im[j];
            re[j] = a;
            im[j] = b;
        }
    }
    for (int64_t size = 2; size <= m; size *= 2)
        for (int64_t at = 0; at < m; at += size)
            for (int64_t k = 0; k < size / 2; k++) {
                const int64_t p = at + k, q = p + size / 2;
                const double  c = f->cos[k * (m / size)], s = f->sin[k * (m / size)];
                const double  a = re[q] * c + im[q] * s, b = im[q] * c - re[q] * s;

                re[q] = re[p] - a;
                im[q] = im[p] - b;
                re[p] += a;
                im[p] += b;
            }
}

static void tables_fill(ofz_fourier *f)
{
    const int64_t n = f->n, m = f->m;

    for (int64_t k = 0; k < m / 2; k++) {
        f->cos[k] = cos(2 * PI * (double)k / (double)m);
        f->sin[k] = sin(2 * PI * (double)k / (double)m);
    }
    if (m == n) return;
    for (int64_t k = 0, square = 0; k < n; k++) { /* k^2 mod 2n keeps the angle small */
        f->chirp_cos[k] = cos(PI * (double)square / (double)n);
        f->chirp_sin[k] = sin(PI * (double)square / (double)n);
        square          = (square + 2 * k + 1) % (2 * n);
    }
    for (int64_t k = 0; k < n; k++) {
        f->wave_re[k] = f->chirp_cos[k];
        f->wave_im[k] = f->chirp_sin[k];
        if (!k) continue;
        f->wave_re[m - k] = f->chirp_cos[k];
        f->wave_im[m - k] = f->chirp_sin[k];
    }
    powers(f, f->wave_re, f->wave_im);
}

ofz_status ofz_fourier_new(ofz_ctx *ctx, int64_t n, ofz_fourier **out)
{
    int64_t      m = 1, count;
    ofz_fourier *f;

    if (n < 1 || n > INT64_MAX / 1024)
        return ofz_fail(ctx, OFZ_E_LIMIT, "transform: length %" PRId64 ", too large", n);
    while (m < n) m *= 2;
    if (m != n)
        while (m < 2 * n - 1) m *= 2;
    count = m + (m == n ? 0 : 2 * n + 2 * m);
    f     = calloc(1, sizeof *f);
    if (!f) return ofz_fail_nomem(ctx, "transform", sizeof *f);
    f->block = calloc((size_t)count + 1, sizeof(double));
    if (!f->block) {
        free(f);
        return ofz_fail_nomem(ctx, "transform", (size_t)count * sizeof(double));
    }
    f->n   = n;
    f->m   = m;
    f->cos = f->block;
    f->sin = f->cos + m / 2;
    if (m != n) {
        f->chirp_cos = f->block + m;
        f->chirp_sin = f->chirp_cos + n;
        f->wave_re   = f->chirp_sin + n;
        f->wave_im   = f->wave_re + m;
    }
    tables_fill(f);
    *out = f;
    return OFZ_OK;
}

void ofz_fourier_free(ofz_fourier *f)
{
    if (f) free(f->block);
    free(f);
}

int64_t ofz_fourier_room(const ofz_fourier *f)
{
    return f->m == f->n ? 0 : 2 * f->m;
}

/* The transform as a convolution with a chirp: kt = (k^2 + t^2 - (k - t)^2) / 2. */
static void chirped(const ofz_fourier *f, double *re, double *im, double *room)
{
    const int64_t n = f->n, m = f->m;
    double       *a = room, *b = room + m;

    memset(room, 0, (size_t)(2 * m) * sizeof *room);
    for (int64_t t = 0; t < n; t++) {
        a[t] = re[t] * f->chirp_cos[t] + im[t] * f->chirp_sin[t];
        b[t] = im[t] * f->chirp_cos[t] - re[t] * f->chirp_sin[t];
    }
    powers(f, a, b);
    for (int64_t k = 0; k < m; k++) { /* conjugated, so that the next transform is the way back */
        const double p = a[k] * f->wave_re[k] - b[k] * f->wave_im[k];
        const double q = a[k] * f->wave_im[k] + b[k] * f->wave_re[k];

        a[k] = p;
        b[k] = -q;
    }
    powers(f, a, b);
    for (int64_t k = 0; k < n; k++) {
        const double p = a[k] / (double)m, q = -b[k] / (double)m;

        re[k] = p * f->chirp_cos[k] + q * f->chirp_sin[k];
        im[k] = q * f->chirp_cos[k] - p * f->chirp_sin[k];
    }
}

void ofz_fourier_run(const ofz_fourier *f, bool inverse, double *re, double *im, double *room)
{
    /* with real and imaginary parts exchanged the exponent's sign is the other one */
    double *a = inverse ? im : re, *b = inverse ? re : im;

    if (f->m == f->n)
        powers(f, a, b);
    else
        chirped(f, a, b, room);
}
