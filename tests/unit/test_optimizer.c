/* test_optimizer.c - three steps of every rule against PyTorch 1.13's numbers for the same
 * gradients, and clipping. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "train/optimizer.h"

enum { COUNT = 4, STEPS = 3 };

static const double START[COUNT]       = { 0.5, -1.25, 2.0, 0.0 };
static const double GRAD[STEPS][COUNT] = {
    { 0.1, -0.2, 0.3, 0.0 },
    { -0.05, 0.4, 0.25, 1e-3 },
    { 0.7, -0.6, -0.1, 2.0 },
};

typedef struct rule_case {
    const char *name;
    ofz_rule    rule; /* kind, momentum, weight_decay, beta1, beta2, eps, nesterov */
    double      lr;
    int         slots;
    double      want[COUNT];
} rule_case;

static const rule_case CASES[] = {
    { "sgd",
      { OFZ_SGD, 0, 0, 0, 0, 0, false },
      0.05,
      0,
      { 0.46250000000000002, -1.23, 1.9775, -0.10005 } },
    { "sgd, decay",
      { OFZ_SGD, 0, 0.1, 0, 0, 0, false },
      0.05,
      0,
      { 0.45507481250000004, -1.2113433437499999, 1.9478618750000001, -0.10004975000000001 } },
    { "sgd, momentum",
      { OFZ_SGD, 0.9, 0.01, 0, 0, 0, false },
      0.05,
      1,
      { 0.45480634868749997, -1.2274042473437499, 1.9350271459999999, -0.100094975 } },
    { "sgd, nesterov",
      { OFZ_SGD, 0.9, 0.01, 0, 0, 0, true },
      0.05,
      1,
      { 0.42109071199756248, -1.2077990930307814, 1.916097724064, -0.19013540975000001 } },
    { "adam",
      { OFZ_ADAM, 0, 0, 0.9, 0.999, 1e-8, false },
      0.01,
      2,
      { 0.4807038807210241, -1.240228624931107, 1.9742522160543945, -0.013832272828416065 } },
    { "adam, decay",
      { OFZ_ADAM, 0, 0.1, 0.8, 0.95, 1e-6, false },
      0.01,
      2,
      { 0.47602112203707697, -1.2343770417707192, 1.9718252749596552, -0.014671719068166326 } },
    { "adamw",
      { OFZ_ADAMW, 0, 0.1, 0.9, 0.999, 1e-8, false },
      0.01,
      2,
      { 0.47922803358908478, -1.236498702644953, 1.968288115782115, -0.013824831565389432 } },
};

static int numbers_differ(const char *name, const char *type, int i, double got, double want,
                          double rtol)
{
    if (fabs(got - want) <= rtol * fabs(want)) return 0;
    print_error("%s, %s: element %d: got %.17g, want %.17g\n", name, type, i, got, want);
    return 1;
}

static void rules_match(void **state)
{
    int bad = 0;

    (void)state;
    for (size_t k = 0; k < sizeof CASES / sizeof *CASES; k++) {
        const rule_case *c          = &CASES[k];
        double           p64[COUNT] = { 0 }, m64[COUNT], s64[COUNT];
        float            p32[COUNT] = { 0 }, m32[COUNT], s32[COUNT], g32[COUNT];
        double *const    slot64[2]  = { m64, s64 };
        float *const     slot32[2]  = { m32, s32 };

        assert_int_equal(ofz_rule_slots(&c->rule), c->slots);
        for (int i = 0; i < COUNT; i++) {
            p32[i] = (float)(p64[i] = START[i]);
            m32[i] = s32[i] = 0;
            m64[i] = s64[i] = 0;
        }
        for (int t = 0; t < STEPS; t++) {
            for (int i = 0; i < COUNT; i++) g32[i] = (float)GRAD[t][i];
            ofz_rule_step_f64(&c->rule, c->lr, (uint64_t)t + 1, COUNT, p64, GRAD[t], slot64);
            ofz_rule_step_f32(&c->rule, c->lr, (uint64_t)t + 1, COUNT, p32, g32, slot32);
        }
        for (int i = 0; i < COUNT; i++) {
            bad += numbers_differ(c->name, "float64", i, p64[i], c->want[i], 1e-14);
            bad += numbers_differ(c->name, "float32", i, (double)p32[i], c->want[i], 1e-6);
        }
    }
    assert_int_equal(bad, 0);
}

static void clipping_shortens_only(void **state)
{
    (void)state;
    assert_true(ofz_clip_factor(10, 0) == 1);
    assert_true(ofz_clip_factor(0.5, 1) == 1);
    assert_true(ofz_clip_factor(10, 1) == 1 / (10 + 1e-6));
    assert_true(ofz_clip_factor(0, 1) == 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rules_match),
        cmocka_unit_test(clipping_shortens_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
