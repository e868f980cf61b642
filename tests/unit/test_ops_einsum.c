/* test_ops_einsum.c - Einsum: vectors, errors and gradients. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "op_harness.h"

/* clang-format off */
static const op_case cases[] = {
    { "Einsum", 12, "equation='ij->ji'", { "F32[2,3] iota" }, { "F32[3,2] 0 3 1 4 2 5" } },
    { "Einsum", 12, "equation='ij->i'", { "F32[2,3] iota" }, { "F32[2] 3 12" } },
    { "Einsum", 12, "equation='ij,jk'", { "F32[2,2] 1 2 3 4", "F32[2,2] 1 0 1 1" }, { "F32[2,2] 3 2 7 4" } },
    { "Einsum", 12, "equation=' b i j , b j k -> b k i '", { "F64[1,2,2] 1 2 3 4", "F64[1,2,2] 1 0 1 1" }, { "F64[1,2,2] 3 7 2 4" } },
    { "Einsum", 12, "equation='ii->i'", { "F32[2,2] iota" }, { "F32[2] 0 3" } },
    { "Einsum", 12, "equation='ii'", { "F32[2,2] iota" }, { "F32[] 3" } },
    { "Einsum", 12, "equation='...ii->...i'", { "F32[2,2,2] iota" }, { "F32[2,2] 0 3 4 7" } },
    { "Einsum", 12, "equation='...ij,...jk->...ik'", { "F32[2,1,2] 1 2 3 4", "F32[2,1] 1 10" }, { "F32[2,1,1] 21 43" } },
    { "Einsum", 12, "equation='...,...'", { "F32[2] 1 2", "F32[2,1] 1 10" }, { "F32[2,2] 1 2 10 20" } },
    { "Einsum", 12, "equation='i,j,k->ijk'", { "F32[2] 1 2", "F32[1] 3", "F32[2] 1 10" }, { "F32[2,1,2] 3 30 6 60" } },
    { "Einsum", 12, "equation='->'", { "F32[] 7" }, { "F32[] 7" } },
    { "Einsum", 12, "equation=''", { "F32[] 7" }, { "F32[] 7" } },
    { "Einsum", 12, "equation='ij,j->i'", { "I32[2,2] 1 2 3 4", "I32[2] 1 10" }, { "I32[2] 21 43" } },
    { "Einsum", 12, "equation='i,i'", { "U8[2] 16 16", "U8[2] 16 1" }, { "U8[] 16" } },
    { "Einsum", 12, "equation='ij,jk->ik'", { "F16[1,2] 1 2", "F16[2,1] 3 4" }, { "F16[1,1] 11" } },
    { "Einsum", 12, "equation='ij,jk->ik'", { "F32[1,0]", "F32[0,1]" }, { "F32[1,1] 0" } },
    { "Einsum", 12, "equation='ij,jk->ik'", { "F32[2,3] iota", "F32[2,3] iota" }, .error = "one label for 3 and 2" },
    { "Einsum", 12, "equation='i,j,i->ij'", { "F32[2] iota", "-", "F32[2] iota" }, .error = "input 1: missing" },
    { "Einsum", 12, "equation='ij->k'", { "F32[2,3] iota" }, .error = "output label 0" },
    { "Einsum", 12, "equation='ij->ii'", { "F32[2,3] iota" }, .error = "output label 1" },
    { "Einsum", 12, "equation='i1->i'", { "F32[2,3] iota" }, .error = "character 49 at 1" },
    { "Einsum", 12, "equation='i..->i'", { "F32[2,3] iota" }, .error = "'.' at 1" },
    { "Einsum", 12, "equation='ij'", { "F32[2,3] iota", "F32[2,3] iota" }, .error = "1 terms, want 2" },
    { "Einsum", 12, "equation='ij,jk'", { "F32[2,3] iota" }, .error = "want '->' after 1 terms" },
    { "Einsum", 12, "equation='ijk'", { "F32[2,3] iota" }, .error = "rank 2, want 3" },
    { "Einsum", 12, "equation='ijk...'", { "F32[2,3] iota" }, .error = "rank 2, want at least 3" },
};

static const grad_case grads[] = {
    { "Einsum", 12, "equation='ij,jk->ik'", { "F64[2,3] rand", "F64[3,4] rand" } },
    { "Einsum", 12, "equation='bij,bjk->bki'", { "F64[2,2,3] rand", "F64[2,3,4] rand" } },
    { "Einsum", 12, "equation='...ij,jk->k...'", { "F64[2,2,3] rand", "F64[3,4] rand" } },
    { "Einsum", 12, "equation='...i,...i->...'", { "F64[2,1,3] rand", "F64[4,3] rand" } },
    { "Einsum", 12, "equation='ii->i'", { "F64[3,3] rand" } },
    { "Einsum", 12, "equation='ij->'", { "F64[2,3] rand" } },
    { "Einsum", 12, "equation='i,ij,j'", { "F64[2] rand", "F64[2,3] rand", "F64[3] rand" } },
    { "Einsum", 12, "equation='bhid,bhjd->bhij'", { "F64[2,2,3,4] rand", "F64[2,2,3,4] rand" } },
};
/* clang-format on */

static void test_cases(void **state)
{
    (void)state;
    OP_CASES_RUN(cases);
}

static void test_grads(void **state)
{
    (void)state;
    GRAD_CASES_RUN(grads);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_grads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
