/* test_schedule.c - learning rates, step by step. Wanted numbers are worked out by hand. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "train/schedule.h"

typedef struct rate_case {
    ofz_rate rate; /* kind, lr, gamma, step_size, warmup, total_steps */
    uint64_t step;
    int      epoch;
    double   want;
} rate_case;

static const rate_case CASES[] = {
    { { OFZ_CONSTANT, 0.1, 0, 1, 0, 100 }, 0, 0, 0.1 },
    { { OFZ_CONSTANT, 0.1, 0, 1, 0, 100 }, 99, 9, 0.1 },
    { { OFZ_CONSTANT, 0.1, 0, 1, 4, 100 }, 0, 0, 0.025 },
    { { OFZ_CONSTANT, 0.1, 0, 1, 4, 100 }, 3, 0, 0.1 },
    { { OFZ_CONSTANT, 0.1, 0, 1, 4, 100 }, 4, 0, 0.1 },
    { { OFZ_STEP, 1, 0.1, 3, 0, 100 }, 10, 2, 1 },
    { { OFZ_STEP, 1, 0.1, 3, 0, 100 }, 11, 3, 0.1 },
    { { OFZ_STEP, 1, 0.5, 1, 0, 100 }, 11, 3, 0.125 },
    { { OFZ_STEP, 1, 0.5, 1, 8, 100 }, 3, 1, 0.25 }, /* half way up, one decay */
    { { OFZ_COSINE, 1, 0, 1, 0, 100 }, 0, 0, 1 },
    { { OFZ_COSINE, 1, 0, 1, 0, 100 }, 50, 0, 0.5 },
    { { OFZ_COSINE, 1, 0, 1, 0, 3 }, 1, 0, 0.75 },
    { { OFZ_COSINE, 1, 0, 1, 0, 100 }, 100, 0, 0 },
    { { OFZ_COSINE, 1, 0, 1, 10, 100 }, 4, 0, 0.5 },
    { { OFZ_COSINE, 1, 0, 1, 10, 100 }, 10, 0, 1 },
    { { OFZ_COSINE, 1, 0, 1, 10, 100 }, 55, 0, 0.5 },
    { { OFZ_COSINE, 1, 0, 1, 10, 100 }, 40, 0, 0.75 },
    { { OFZ_COSINE, 1, 0, 1, 200, 100 }, 99, 0, 0.5 }, /* warm-up longer than the run */
};

static void rates_match(void **state)
{
    int bad = 0;

    (void)state;
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        const rate_case *c   = &CASES[i];
        double           got = ofz_rate_at(&c->rate, c->step, c->epoch);

        if (fabs(got - c->want) <= 1e-15) continue;
        print_error("case %zu: got %.17g, want %.17g\n", i, got, c->want);
        bad++;
    }
    assert_int_equal(bad, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rates_match),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
