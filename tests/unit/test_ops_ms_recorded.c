/* test_ops_ms_recorded.c - what ONNX Runtime computes with its own operators, told all that inference may
 * be told. tools/make_contrib_goldens.py writes the rows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "op_harness.h"

static const op_case cases[] = {
#include "contrib_recorded.def"
};

static void test_cases(void **state)
{
    op_case close[sizeof cases / sizeof *cases];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        close[i]      = cases[i];
        close[i].rtol = 1e-4; /* sums of floats in another order */
        close[i].atol = 1e-5;
    }
    OP_CASES_RUN(close);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_cases) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
