/* test_vecmath.c - the vectorised functions against the C library's in double. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "kernel/vecmath.h"

#define STEPS 200000

static float call_exp(float x)
{
    return ofz_exp32(x);
}
static float call_sigmoid(float x)
{
    return ofz_sigmoid32(x);
}
static float call_tanh(float x)
{
    return ofz_tanh32(x);
}
static float call_erf(float x)
{
    return ofz_erf32(x);
}
static float call_erfc(float x)
{
    return ofz_erfc32(x);
}
static float call_log(float x)
{
    return ofz_log32(x);
}

static float call_cdf(float x)
{
    return ofz_normal_cdf32(x);
}
static float call_pdf(float x)
{
    return ofz_normal_pdf32(x);
}

static double sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

static double cdf(double x)
{
    return 0.5 * erfc(x * -0.70710678118654752440);
}

static double pdf(double x)
{
    return 0.39894228040143267794 * exp(-0.5 * x * x);
}

typedef struct function {
    const char *name;
    float (*f)(float);
    double (*exact)(double);
    float  low, high;
    double most;              /* relative error, in units of 2^-24 */
    float  at_minus, at_plus; /* values at -infinity and infinity */
} function;

static const function table[] = {
    { "exp", call_exp, exp, -87, 88.5f, 4, 0, INFINITY },
    { "sigmoid", call_sigmoid, sigmoid, -87, 50, 6, 0, 1 },
    { "tanh", call_tanh, tanh, -12, 12, 6, -1, 1 },
    { "tanh near 0", call_tanh, tanh, -0.7f, 0.7f, 6, -1, 1 },
    { "erf", call_erf, erf, -5, 5, 6, -1, 1 },
    { "erf near 0", call_erf, erf, -1e-3f, 1e-3f, 6, -1, 1 },
    { "erfc", call_erfc, erfc, -3, 5, 48, 2, 0 },
    { "log", call_log, log, 1e-3f, 100, 6, NAN, INFINITY },
    { "log near 1", call_log, log, 0.9f, 1.1f, 6, NAN, INFINITY },
    { "log of little", call_log, log, 1e-44f, 1e-37f, 6, NAN, INFINITY },
    { "normal cdf", call_cdf, cdf, -6, 6, 96, 0, 1 },
    { "normal pdf", call_pdf, pdf, -6, 6, 64, 0, 0 },
};

static void test_against_libm(void **state)
{
    (void)state;
    for (size_t k = 0; k < sizeof table / sizeof *table; k++) {
        const function *t     = &table[k];
        double          worst = 0, where = 0;

        for (int i = 0; i <= STEPS; i++) {
            const float  x    = t->low + (t->high - t->low) * ((float)i / STEPS);
            const double want = t->exact((double)x), got = (double)t->f(x);
            const double e = want == got ? 0 : fabs(got - want) / fabs(want) * 0x1p24;

            if (!(e <= worst)) worst = e, where = (double)x;
        }
        if (!(worst <= t->most))
            fail_msg("%s at %.9g: off by %g units, want at most %g", t->name, where, worst,
                     t->most);
    }
}

static void test_ends(void **state)
{
    (void)state;
    for (size_t k = 0; k < sizeof table / sizeof *table; k++) {
        const function *t = &table[k];

        if (!isnan(t->f(NAN))) fail_msg("%s of nan: %g", t->name, (double)t->f(NAN));
        if (t->f(-INFINITY) != t->at_minus && !(isnan(t->at_minus) && isnan(t->f(-INFINITY))))
            fail_msg("%s of -inf: %g", t->name, (double)t->f(-INFINITY));
        if (t->f(INFINITY) != t->at_plus)
            fail_msg("%s of inf: %g", t->name, (double)t->f(INFINITY));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_libm),
        cmocka_unit_test(test_ends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
