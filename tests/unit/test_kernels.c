/* test_kernels.c - the fast kernels against the reference ones, over shapes, strides, groups, dilations
 * and tails; and the same bytes from two runs with the same threads. Without oneDNN both are the
 * reference and the test only shows that the dispatch holds. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "kernel/conv.h"
#include "kernel/fourier.h"
#include "kernel/gemm.h"
#include "kernel/pool.h"

static float *numbers(int64_t count, uint64_t seed)
{
    float  *x = malloc((size_t)count * sizeof *x + 1);
    ofz_rng rng;

    assert_non_null(x);
    ofz_rng_seed(&rng, seed);
    for (int64_t i = 0; i < count; i++) x[i] = (float)(ofz_rng_double(&rng) * 2 - 1);
    return x;
}

/* Both sum `terms` products of numbers below 1: float sums drift by about sqrt(terms) ulps. */
static void compare(const char *what, int64_t count, int64_t terms, const float *got,
                    const float *want)
{
    const double bound = 1e-6 * (4 + sqrt((double)terms));

    for (int64_t i = 0; i < count; i++)
        if (!(fabs((double)got[i] - (double)want[i]) <= bound))
            fail_msg("%s: element %d: %.9g, want %.9g within %.3g", what, (int)i, (double)got[i],
                     (double)want[i], bound);
}

/* --- matrix products -------------------------------------------------------------------------- */

typedef struct gemm_case {
    int64_t m, n, k, pad; /* pad: how much wider than needed the rows are stored */
    bool    trans_a, trans_b;
    double  alpha, beta;
} gemm_case;

static const gemm_case gemm_cases[] = {
    { 1, 1, 1, 0, false, false, 1, 0 },      { 5, 7, 3, 0, false, false, 1, 0 },
    { 5, 7, 3, 2, true, false, 1, 0 },       { 5, 7, 3, 1, false, true, 0.5, 0 },
    { 5, 7, 3, 0, true, true, 1, 1 },        { 64, 64, 64, 0, false, false, 1, 0 },
    { 33, 129, 257, 3, false, true, 2, -1 }, { 130, 1, 300, 0, false, false, 1, 0 },
    { 1, 300, 130, 0, true, false, 1, 0 },   { 260, 515, 17, 0, true, true, 1, 0.25 },
    { 0, 3, 3, 0, false, false, 1, 0 },      { 3, 3, 0, 0, false, false, 1, 0 },
};

static void test_gemm(void **state)
{
    ofz_ctx *ctx = ofz_ctx_new();

    (void)state;
    for (size_t i = 0; i < sizeof gemm_cases / sizeof *gemm_cases; i++) {
        const gemm_case *t      = &gemm_cases[i];
        const ofz_gemm   g      = { .trans_a = t->trans_a,
                                    .trans_b = t->trans_b,
                                    .m       = t->m,
                                    .n       = t->n,
                                    .k       = t->k,
                                    .lda     = (t->trans_a ? t->m : t->k) + t->pad,
                                    .ldb     = (t->trans_b ? t->k : t->n) + t->pad,
                                    .ldc     = t->n + t->pad,
                                    .alpha   = t->alpha,
                                    .beta    = t->beta };
        const int64_t    size_c = g.m * g.ldc;
        float           *a      = numbers((g.m + g.k) * g.lda, 1);
        float           *b      = numbers((g.n + g.k) * g.ldb, 2);
        float           *got = numbers(size_c, 3), *want = numbers(size_c, 3);
        float           *again = numbers(size_c, 3);

        assert_int_equal(ofz_gemm_f32(ctx, &g, a, b, got), OFZ_OK);
        assert_int_equal(ofz_gemm_f32(ctx, &g, a, b, again), OFZ_OK);
        assert_int_equal(ofz_ref_gemm_f32(ctx, &g, a, b, want), OFZ_OK);
        compare("gemm", size_c, t->k, got, want);
        assert_memory_equal(got, again, (size_t)size_c * sizeof *got);
        free(a);
        free(b);
        free(got);
        free(want);
        free(again);
    }
    ofz_ctx_free(ctx);
}

/* The reference itself, against three plain loops. */
static void test_gemm_reference(void **state)
{
    ofz_ctx       *ctx = ofz_ctx_new();
    const ofz_gemm g   = { .m = 7, .n = 9, .k = 5, .lda = 5, .ldb = 9, .ldc = 9, .alpha = 1 };
    float         *a = numbers(35, 1), *b = numbers(45, 2), *c = numbers(63, 3);

    (void)state;
    assert_int_equal(ofz_ref_gemm_f32(ctx, &g, a, b, c), OFZ_OK);
    for (int i = 0; i < 7; i++)
        for (int j = 0; j < 9; j++) {
            double sum = 0;

            for (int k = 0; k < 5; k++) sum += (double)a[i * 5 + k] * (double)b[k * 9 + j];
            assert_true(c[i * 9 + j] == (float)sum);
        }
    free(a);
    free(b);
    free(c);
    ofz_ctx_free(ctx);
}

static void test_gemm_batch(void **state)
{
    ofz_ctx *ctx = ofz_ctx_new();

    (void)state;
    for (int trans = 0; trans < 4; trans++)
        for (int shared = 0; shared < 2; shared++) {
            const int64_t  m = 9, n = 13, k = 21, count = 6;
            const ofz_gemm g = { .trans_a = (trans & 1) != 0,
                                 .trans_b = (trans & 2) != 0,
                                 .m       = m,
                                 .n       = n,
                                 .k       = k,
                                 .lda     = trans & 1 ? m : k,
                                 .ldb     = trans & 2 ? k : n,
                                 .ldc     = n,
                                 .alpha   = 1 };
            float         *a = numbers(count * m * k, 1), *b = numbers(count * k * n, 2);
            float         *got = numbers(count * m * n, 3), *want = numbers(count * m * n, 4);

            assert_int_equal(
                ofz_gemm_batch_f32(ctx, &g, count, a, m * k, b, shared ? 0 : k * n, got, m * n),
                OFZ_OK);
            for (int64_t i = 0; i < count; i++)
                assert_int_equal(ofz_ref_gemm_f32(ctx, &g, a + i * m * k,
                                                  b + (shared ? 0 : i * k * n), want + i * m * n),
                                 OFZ_OK);
            compare("batch", count * m * n, k, got, want);
            free(a);
            free(b);
            free(got);
            free(want);
        }
    ofz_ctx_free(ctx);
}

/* --- convolutions ----------------------------------------------------------------------------- */

/* Output sizes follow from floor((in + 2 pad + more - span) / stride) + 1. */
typedef struct conv_case {
    int     axes;
    int64_t batch, group, in_channels, out_channels, in, kernel, stride, dilation, pad, more;
} conv_case;

static const conv_case conv_cases[] = {
    { 2, 1, 1, 1, 1, 5, 3, 1, 1, 0, 0 },     { 2, 2, 1, 3, 8, 9, 3, 1, 1, 1, 0 },
    { 2, 2, 1, 3, 64, 23, 7, 2, 1, 3, 0 },   { 2, 3, 1, 16, 32, 14, 3, 1, 1, 1, 0 },
    { 2, 1, 1, 17, 19, 13, 3, 2, 1, 1, 0 },  { 2, 2, 4, 16, 32, 10, 3, 1, 1, 1, 0 },
    { 2, 2, 16, 16, 16, 12, 3, 1, 1, 1, 0 }, { 2, 2, 12, 12, 12, 12, 3, 2, 1, 1, 0 },
    { 2, 1, 6, 6, 12, 12, 3, 1, 2, 2, 0 },   { 2, 2, 1, 32, 64, 8, 1, 1, 1, 0, 0 },
    { 2, 2, 1, 32, 64, 9, 1, 2, 1, 0, 0 },   { 2, 2, 1, 8, 8, 11, 3, 1, 3, 3, 0 },
    { 2, 1, 1, 8, 8, 10, 3, 3, 1, 0, 0 },    { 2, 1, 1, 8, 8, 10, 2, 2, 1, 0, 1 },
    { 2, 1, 1, 8, 16, 10, 5, 1, 1, 4, 2 },   { 1, 2, 1, 5, 7, 33, 5, 2, 1, 2, 0 },
    { 1, 2, 2, 16, 32, 40, 3, 1, 2, 1, 0 },  { 1, 1, 1, 1, 8, 16, 16, 1, 1, 0, 0 },
    { 3, 1, 1, 3, 8, 6, 3, 1, 1, 1, 0 },     { 3, 2, 2, 8, 8, 7, 3, 2, 1, 1, 0 },
    { 2, 0, 1, 3, 8, 9, 3, 1, 1, 1, 0 },
};

static ofz_conv conv_of(const conv_case *t)
{
    ofz_conv s = { .axes         = t->axes,
                   .batch        = t->batch,
                   .group        = t->group,
                   .in_channels  = t->in_channels,
                   .out_channels = t->out_channels };

    for (int i = 0; i < 3; i++) {
        const bool    real = i >= 3 - t->axes;
        const int64_t span = (t->kernel - 1) * t->dilation + 1;

        s.in[i]       = real ? t->in + (i == 2) : 1; /* not square */
        s.kernel[i]   = real ? t->kernel : 1;
        s.stride[i]   = real ? t->stride : 1;
        s.dilation[i] = real ? t->dilation : 1;
        s.pad[i]      = real ? t->pad : 0;
        s.out[i]      = real ? (s.in[i] + 2 * t->pad + t->more - span) / t->stride + 1 : 1;
    }
    return s;
}

static int64_t volume(const int64_t d[3])
{
    return d[0] * d[1] * d[2];
}

static void check_conv(ofz_ctx *ctx, const ofz_conv *s)
{
    const int64_t nx = s->batch * s->in_channels * volume(s->in);
    const int64_t ny = s->batch * s->out_channels * volume(s->out);
    const int64_t cg = s->in_channels / s->group, k = volume(s->kernel);
    const int64_t nw = s->out_channels * cg * k;
    float        *x = numbers(nx, 1), *w = numbers(nw, 2), *b = numbers(s->out_channels, 3);
    float        *c = numbers(s->in_channels, 4), *dy = numbers(ny, 5);
    float        *y = numbers(ny, 6), *want_y = numbers(ny, 7), *dx = numbers(nx, 8);
    float        *want_dx = numbers(nx, 9), *dw = numbers(nw, 10), *want_dw = numbers(nw, 11);

    assert_int_equal(ofz_conv_forward_f32(ctx, s, x, w, b, y), OFZ_OK);
    assert_int_equal(ofz_ref_conv_forward_f32(ctx, s, x, w, b, want_y), OFZ_OK);
    compare("forward", ny, cg * k, y, want_y);
    assert_int_equal(ofz_conv_forward_f32(ctx, s, x, w, NULL, y), OFZ_OK);
    assert_int_equal(ofz_ref_conv_forward_f32(ctx, s, x, w, NULL, want_y), OFZ_OK);
    compare("forward without bias", ny, cg * k, y, want_y);
    assert_int_equal(ofz_conv_data_f32(ctx, s, dy, w, c, dx), OFZ_OK);
    assert_int_equal(ofz_ref_conv_data_f32(ctx, s, dy, w, c, want_dx), OFZ_OK);
    compare("data", nx, s->out_channels / s->group * k, dx, want_dx);
    assert_int_equal(ofz_conv_weights_f32(ctx, s, x, dy, dw), OFZ_OK);
    assert_int_equal(ofz_ref_conv_weights_f32(ctx, s, x, dy, want_dw), OFZ_OK);
    compare("weights", nw, s->batch * volume(s->out), dw, want_dw);
    memcpy(want_dw, dw, (size_t)nw * sizeof *dw);
    assert_int_equal(ofz_conv_weights_f32(ctx, s, x, dy, dw), OFZ_OK);
    assert_memory_equal(dw, want_dw, (size_t)nw * sizeof *dw);
    free(x);
    free(w);
    free(b);
    free(c);
    free(dy);
    free(y);
    free(want_y);
    free(dx);
    free(want_dx);
    free(dw);
    free(want_dw);
}

static void test_conv(void **state)
{
    ofz_ctx *ctx = ofz_ctx_new();

    (void)state;
    for (int threads = 1; threads <= 3; threads += 2) {
        ofz_ctx_set_threads(ctx, threads);
        for (size_t i = 0; i < sizeof conv_cases / sizeof *conv_cases; i++) {
            const ofz_conv s = conv_of(&conv_cases[i]);

            check_conv(ctx, &s);
        }
    }
    ofz_ctx_free(ctx);
}

/* --- maxima ----------------------------------------------------------------------------------- */

/* Without indices a quicker way may run; both must agree to the byte, NaN included. */
static void test_max_pool(void **state)
{
    static const ofz_pool shapes[] = {
        { .in       = { 1, 9, 11 },
          .kernel   = { 1, 2, 2 },
          .stride   = { 1, 2, 2 },
          .dilation = { 1, 1, 1 } },
        { .in       = { 1, 8, 7 },
          .kernel   = { 1, 3, 3 },
          .stride   = { 1, 2, 1 },
          .dilation = { 1, 1, 1 },
          .pad      = { 0, 1, 1 },
          .pad_end  = { 0, 1, 1 } },
        { .in       = { 1, 1, 17 },
          .kernel   = { 1, 1, 5 },
          .stride   = { 1, 1, 3 },
          .dilation = { 1, 1, 1 },
          .pad      = { 0, 0, 4 },
          .pad_end  = { 0, 0, 3 } },
        { .in       = { 1, 7, 9 },
          .kernel   = { 1, 2, 2 },
          .stride   = { 1, 1, 1 },
          .dilation = { 1, 2, 3 } },
    };
    ofz_ctx *ctx = ofz_ctx_new();

    (void)state;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        ofz_pool s = shapes[i];
        int64_t  n, m, *index;
        float   *x, *y, *want;

        s.planes = 3;
        for (int k = 0; k < 3; k++) {
            const int64_t span = (s.kernel[k] - 1) * s.dilation[k] + 1;

            s.out[k] = (s.in[k] + s.pad[k] + s.pad_end[k] - span) / s.stride[k] + 1;
        }
        n     = s.planes * volume(s.in);
        m     = s.planes * volume(s.out);
        x     = numbers(n, 1);
        y     = numbers(m, 2);
        want  = numbers(m, 3);
        index = malloc((size_t)m * sizeof *index);
        assert_non_null(index);
        x[n / 2] = NAN;
        ofz_max_pool_f32(ctx, &s, x, y, NULL);
        ofz_max_pool_f32(ctx, &s, x, want, index);
        assert_memory_equal(y, want, (size_t)m * sizeof *y);
        free(x);
        free(y);
        free(want);
        free(index);
    }
    ofz_ctx_free(ctx);
}

/* --- transforms ------------------------------------------------------------------------------- */

static void test_fourier_single(void **state)
{
    static const int64_t lengths[] = {
        1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 16, 24, 50, 60, 64, 135, 240
    };
    ofz_ctx *ctx = ofz_ctx_new();

    (void)state;
    assert_false(ofz_fourier_single_takes(7));
    assert_false(ofz_fourier_single_takes(0));
    for (size_t l = 0; l < sizeof lengths / sizeof *lengths; l++)
        for (int back = 0; back < 2; back++) {
            const int64_t       n = lengths[l];
            double              re[240], im[240], want_re[240], want_im[240], room[2048];
            ofz_fourier_single *single;
            ofz_fourier        *wide;

            assert_true(ofz_fourier_single_takes(n));
            assert_int_equal(ofz_fourier_single_new(ctx, n, &single), OFZ_OK);
            assert_int_equal(ofz_fourier_new(ctx, n, &wide), OFZ_OK);
            assert_true(ofz_fourier_room(wide) <= 2048);
            for (int64_t k = 0; k < n; k++) {
                re[k] = want_re[k] = (double)(float)sin(3.0 * (double)k + 1);
                im[k] = want_im[k] = (double)(float)cos(5.0 * (double)k);
            }
            ofz_fourier_single_run(single, back, re, im);
            ofz_fourier_run(wide, back, want_re, want_im, room);
            for (int64_t k = 0; k < n; k++) {
                const double scale = back ? (double)n : 1;

                if (fabs(re[k] * scale - want_re[k]) + fabs(im[k] * scale - want_im[k]) > 1e-4)
                    fail_msg("%d of %d: %g %g, want %g %g", (int)k, (int)n, re[k] * scale,
                             im[k] * scale, want_re[k], want_im[k]);
            }
            ofz_fourier_single_free(single);
            ofz_fourier_free(wide);
        }
    ofz_ctx_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fourier_single), cmocka_unit_test(test_gemm),
        cmocka_unit_test(test_gemm_reference), cmocka_unit_test(test_gemm_batch),
        cmocka_unit_test(test_conv),           cmocka_unit_test(test_max_pool),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
