/* test_ops_matrix.c - matrix products: vectors, errors and gradients. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "op_harness.h"

/* clang-format off */
static const op_case matmul[] = {
    { "MatMul", 13, NULL, { "F32[2,3] 1 2 3 4 5 6", "F32[3,2] 1 0 0 1 1 1" }, { "F32[2,2] 4 5 10 11" } },
    { "MatMul", 1, NULL, { "F64[2,3] 1 2 3 4 5 6", "F64[3] 1 1 1" }, { "F64[2] 6 15" } },
    { "MatMul", 9, NULL, { "F32[3] 1 2 3", "F32[3,2] 1 0 0 1 1 1" }, { "F32[2] 4 5" } },
    { "MatMul", 13, NULL, { "F32[3] 1 2 3", "F32[3] 1 10 100" }, { "F32[] 321" } },
    { "MatMul", 13, NULL, { "F32[2,1,2] 1 2 3 4", "F32[2,1] 1 10" }, { "F32[2,1,1] 21 43" } },
    { "MatMul", 13, NULL, { "F32[2,1,1,2] 1 2 3 4", "F32[3,2,1] 1 1 1 0 0 1" }, { "F32[2,3,1,1] 3 1 2 7 3 4" } },
    { "MatMul", 13, NULL, { "F32[1,2] 1 2", "F32[2,2,1] 1 1 1 0" }, { "F32[2,1,1] 3 1" } },
    { "MatMul", 13, NULL, { "F32[2,0]", "F32[0,2]" }, { "F32[2,2] 0 0 0 0" } },
    { "MatMul", 13, NULL, { "F32[0,2]", "F32[2,3] iota" }, { "F32[0,3]" } },
    { "MatMul", 13, NULL, { "F32[0,2,3]", "F32[3,1] iota" }, { "F32[0,2,1]" } },
    { "MatMul", 13, NULL, { "F16[1,2] 1 2", "F16[2,1] 3 4" }, { "F16[1,1] 11" } },
    { "MatMul", 13, NULL, { "BF16[1,2] 1 2", "BF16[2,1] 3 4" }, { "BF16[1,1] 11" } },
    { "MatMul", 13, NULL, { "I32[1,2] 2147483647 1", "I32[2,1] 1 1" }, { "I32[1,1] -2147483648" } },
    { "MatMul", 13, NULL, { "U64[2,2] 1 2 3 4", "U64[2,2] 1 1 1 1" }, { "U64[2,2] 3 3 7 7" } },
    { "MatMul", 13, NULL, { "I64[1,2] 3 -4", "I64[2,1] 5 6" }, { "I64[1,1] -9" } },
    { "MatMul", 13, NULL, { "U32[1,2] 3 4", "U32[2,1] 5 6" }, { "U32[1,1] 39" } },
    { "MatMul", 13, NULL, { "F32[2,3] iota", "F32[2,3] iota" }, .error = "inner dimension" },
    { "MatMul", 13, NULL, { "F32[] 1", "F32[1] 1" }, .error = "rank 0, want at least 1" },
    { "MatMul", 13, NULL, { "F32[2,2,2] iota", "F32[3,2,2] iota" }, .error = "broadcast" },
    { "MatMulInteger", 10, NULL, { "U8[2,2] 11 7 3 10", "U8[2,1] 1 4", "U8[] 12", "U8[] 0" }, { "I32[2,1] -21 -17" } },
    { "MatMulInteger", 10, NULL, { "I8[1,2] -128 127", "U8[2,1] 255 2" }, { "I32[1,1] -32386" } },
    { "MatMulInteger", 10, NULL, { "U8[2,2] 1 2 3 4", "I8[2,2] 1 2 3 4", "U8[2] 1 3", "I8[2] 1 2" }, { "I32[2,2] 2 2 2 2" } },
    { "MatMulInteger", 10, NULL, { "U8[1,2] 1 2", "U8[2,1] 1 4", "U8[3] 1 2 3" }, .error = "zero point: 3 elements" },
};

static const op_case gemm[] = {
    { "Gemm", 13, NULL, { "F32[2,2] 1 2 3 4", "F32[2,2] 1 0 0 1", "F32[2] 10 20" }, { "F32[2,2] 11 22 13 24" } },
    { "Gemm", 13, "transA=1 transB=1 alpha=2.0 beta=0.5", { "F32[2,1] 1 2", "F32[3,2] 1 2 3 4 5 6", "F32[1,3] 2 4 6" }, { "F32[1,3] 11 24 37" } },
    { "Gemm", 11, NULL, { "F64[1,2] 1 2", "F64[2,1] 3 4" }, { "F64[1,1] 11" } },
    { "Gemm", 7, NULL, { "F32[2,1] 1 2", "F32[1,2] 1 1", "F32[2,1] 10 20" }, { "F32[2,2] 11 11 22 22" } },
    { "Gemm", 9, NULL, { "I32[1,2] 1 2", "I32[2,1] 3 4", "I32[] 5" }, { "I32[1,1] 16" } },
    { "Gemm", 6, "broadcast=1", { "F32[1,2] 1 2", "F32[2,1] 3 4", "F32[1] 5" }, { "F32[1,1] 16" } },
    { "Gemm", 13, "beta=0.0", { "F32[1,1] 1", "F32[1,1] 2", "F32[] nan" }, { "F32[1,1] 2" } },
    { "Gemm", 13, NULL, { "F32[2,0]", "F32[0,2]", "F32[2] 1 2" }, { "F32[2,2] 1 2 1 2" } },
    { "Gemm", 13, NULL, { "F16[1,2] 1 2", "F16[2,1] 3 4", "F16[1] 1" }, { "F16[1,1] 12" } },
    { "Gemm", 13, NULL, { "F32[2,2] iota", "F32[3,2] iota" }, .error = "inner dimension" },
    { "Gemm", 13, NULL, { "F32[2,2] iota", "F32[2,2] iota", "F32[3] iota" }, .error = "c: axis 0 of 3, want 1 or 2" },
    { "Gemm", 13, NULL, { "F32[2,2,1] iota", "F32[2,2] iota" }, .error = "rank 3, want 2" },
};

static const grad_case grads[] = {
    { "MatMul", 13, NULL, { "F64[3,4] rand", "F64[4,5] rand" } },
    { "MatMul", 13, NULL, { "F64[4] rand", "F64[4,5] rand" } },
    { "MatMul", 13, NULL, { "F64[3,4] rand", "F64[4] rand" } },
    { "MatMul", 13, NULL, { "F64[4] rand", "F64[4] rand" } },
    { "MatMul", 13, NULL, { "F64[2,3,4] rand", "F64[4,5] rand" } },
    { "MatMul", 13, NULL, { "F64[2,3,4] rand", "F64[4] rand" } },
    { "MatMul", 13, NULL, { "F64[3,4] rand", "F64[2,4,2] rand" } },
    { "MatMul", 13, NULL, { "F64[4] rand", "F64[2,4,2] rand" } },
    { "MatMul", 13, NULL, { "F64[2,3,2,4] rand", "F64[2,3,4,2] rand" } },
    { "MatMul", 13, NULL, { "F64[2,1,2,4] rand", "F64[3,4,2] rand" } },
    { "MatMul", 13, NULL, { "F64[3,2,4] rand", "F64[2,1,4,2] rand" } },
    { "MatMul", 13, NULL, { "F64[2,3,4] rand", "F64[1,4,2] rand" } },
    { "Gemm", 13, "alpha=0.5 beta=2.0", { "F64[3,4] rand", "F64[4,2] rand", "F64[2] rand" } },
    { "Gemm", 13, "transA=1", { "F64[4,3] rand", "F64[4,2] rand", "F64[3,1] rand" } },
    { "Gemm", 13, "transB=1 alpha=0.5", { "F64[3,4] rand", "F64[2,4] rand", "F64[3,2] rand" } },
    { "Gemm", 11, "transA=1 transB=1", { "F64[4,3] rand", "F64[2,4] rand" } },
    { "Gemm", 7, NULL, { "F64[3,4] rand", "F64[4,2] rand", "F64[] rand" } },
    { "Gemm", 7, NULL, { "F64[3,4] rand", "F64[4,2] rand", "F64[1,2] rand" } },
};
/* clang-format on */

static void test_matmul(void **state)
{
    (void)state;
    OP_CASES_RUN(matmul);
}

static void test_gemm(void **state)
{
    (void)state;
    OP_CASES_RUN(gemm);
}

static void test_grads(void **state)
{
    (void)state;
    GRAD_CASES_RUN(grads);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_matmul),
        cmocka_unit_test(test_gemm),
        cmocka_unit_test(test_grads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
