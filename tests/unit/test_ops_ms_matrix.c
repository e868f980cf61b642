/* test_ops_ms_matrix.c - ONNX Runtime's fused products and Gelus: vectors, errors, gradients. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "op_harness.h"

/* clang-format off */
#define MS "com.microsoft:"
#define X6 "F32[2,3] -3 -1 -0.5 0 1 2.5"
#define AB "F32[1,2] 1 -2", "F32[2,2] 1 2 3 1" /* product: -5 0 */

static const op_case cases[] = {
    { MS "Gelu", 1, NULL, { X6 }, { "F32[2,3] -0.0040496942 -0.15865526 -0.15426877 0 0.84134475 2.4844758" } },
    { MS "BiasGelu", 1, NULL, { "F32[2,3] -4 -1 -1 -1 1 2", "F32[3] 1 0 0.5" }, { "F32[2,3] -0.0040496942 -0.15865526 -0.15426877 0 0.84134475 2.4844758" } },
    { MS "FastGelu", 1, NULL, { X6 }, { "F32[2,3] -0.0036373624 -0.15880796 -0.15428598 0 0.84119201 2.4849155" } },
    { MS "FastGelu", 1, NULL, { "F32[2,3] -4 -1 -1 -1 1 2", "F32[3] 1 0 0.5" }, { "F32[2,3] -0.0036373624 -0.15880796 -0.15428598 0 0.84119201 2.4849155" } },
    { MS "QuickGelu", 1, NULL, { "F32[3] -1 0 2" }, { "F32[3] -0.15420423 0 1.9356586" } },
    { MS "QuickGelu", 1, "alpha=1.0", { "F32[2] 1 -2" }, { "F32[2] 0.73105858 -0.23840584" } },
    { MS "BiasAdd", 1, NULL, { "F32[1,2,2] 1 2 3 4", "F32[2] 10 20", "F32[1,2,2] 100 200 300 400" }, { "F32[1,2,2] 111 222 313 424" } },
    { MS "BiasSplitGelu", 1, NULL, { "F32[1,1,4] 2 3 0 1", "F32[4] 1 0 1 0" }, { "F32[1,1,2] 2.5240342 2.5240342" } },

    { MS "BiasGelu", 1, NULL, { X6, "F32[2] 1 1" }, .error = "bias: dim 0 is 2, want 3" },
    { MS "BiasGelu", 1, NULL, { X6, "F32[1,3] 1 1 1" }, .error = "bias: rank 2, want 1" },
    { MS "BiasSplitGelu", 1, NULL, { "F32[1,1,3] 2 3 0", "F32[3] 1 0 1" }, .error = "width 3, want an even one" },
    { MS "Gelu", 1, NULL, { "I32[1] 1" }, .error = "Gelu: " },

    { MS "FusedMatMul", 1, NULL, { AB }, { "F32[1,2] -5 0" } },
    { MS "FusedMatMul", 1, "alpha=0.5 transA=1", { "F32[2,1] 1 -2", "F32[2,2] 1 2 3 1" }, { "F32[1,2] -2.5 0" } },
    { MS "FusedMatMul", 1, "transB=1", { AB }, { "F32[1,2] -3 1" } },
    { MS "FusedMatMul", 1, "transA=1 transB=1", { "F32[2] 1 -2", "F32[2,2] 1 2 3 1" }, { "F32[2] -3 1" } },
    { MS "FusedMatMul", 1, "transBatchA=1", { "F32[2,1,2] 1 2 3 4", "F32[1,2,1] 1 10" }, { "F32[1,2,1] 21 43" } },
    { MS "FusedMatMul", 1, "transBatchB=1 transB=1", { "F32[1,1,2] 1 10", "F32[2,1,2] 1 2 3 4" }, { "F32[1,1,2] 21 43" } },
    { MS "TransposeMatMul", 1, "transA=1 alpha=2.0", { "F32[2,1] 1 -2", "F32[2,2] 1 2 3 1" }, { "F32[1,2] -10 0" } },
    { MS "FusedMatMul", 1, NULL, { "F32[2,2] 1 2 3 4", "F32[3,2] 1 2 3 4 5 6" }, .error = "MatMul: inner dimension" },
    { MS "TransposeMatMul", 1, "transBatchA=1", { AB }, .error = "transBatchA: not defined" },

    { MS "FusedGemm", 1, NULL, { AB, "F32[2] 1 1" }, { "F32[1,2] -4 1" } },
    { MS "FusedGemm", 1, "activation='Relu' beta=2.0", { AB, "F32[2] 1 1" }, { "F32[1,2] 0 2" } },
    { MS "FusedGemm", 1, "activation='LeakyRelu' activation_alpha=0.5", { AB }, { "F32[1,2] -2.5 0" } },
    { MS "FusedGemm", 1, "activation='Tanh' alpha=0.1", { AB }, { "F32[1,2] -0.46211716 0" } },
    { MS "FusedGemm", 1, "activation='Sigmoid' alpha=0.2", { AB }, { "F32[1,2] 0.26894142 0.5" } },
    { MS "FusedGemm", 1, "activation='HardSigmoid' activation_alpha=0.1 activation_beta=0.6", { AB }, { "F32[1,2] 0.1 0.6" } },
    { MS "FusedGemm", 1, "activation='Elu' activation_alpha=2.0 alpha=0.2", { AB }, { "F32[1,2] -1.2642411 0" } },
    { MS "FusedGemm", 1, "activation='Selu' activation_alpha=2.0 activation_gamma=3.0 alpha=0.2", { AB }, { "F32[1,2] -3.7927234 0" } },
    { MS "FusedGemm", 1, "activation='ThresholdedRelu' activation_alpha=1.0 alpha=-1.0", { AB }, { "F32[1,2] 5 0" } },
    { MS "FusedGemm", 1, "activation='Softplus' alpha=0.2", { AB }, { "F32[1,2] 0.31326169 0.69314718" } },
    { MS "FusedGemm", 1, "activation='Softsign' transA=1 transB=1", { "F32[2,1] 1 -2", "F32[2,2] 1 2 3 1" }, { "F32[1,2] -0.75 0.5" } },
    { MS "FusedGemm", 1, "activation='Cos'", { AB }, .error = "activation 'Cos': unknown" },
};

#define GEMM "F64[3,4] rand", "F64[4,2] rand", "F64[2] rand"

static const grad_case grads[] = {
    { MS "Gelu", 1, NULL, { "F64[3,2] rand" } },
    { MS "BiasGelu", 1, NULL, { "F64[2,3,2] rand", "F64[2] rand" } },
    { MS "FastGelu", 1, NULL, { "F64[3,2] rand", "F64[2] rand" } },
    { MS "QuickGelu", 1, "alpha=1.3", { "F64[3,2] rand" } },
    { MS "BiasAdd", 1, NULL, { "F64[1,2,2] rand", "F64[2] rand", "F64[1,2,2] rand" } },
    { MS "BiasSplitGelu", 1, NULL, { "F64[1,2,4] rand", "F64[4] rand" } },
    { MS "FusedMatMul", 1, "alpha=0.7", { "F64[2,3,4] rand", "F64[4,2] rand" } },
    { MS "FusedMatMul", 1, "alpha=0.7 transA=1 transB=1 transBatchA=1", { "F64[4,2,3] rand", "F64[2,5,4] rand" } },
    { MS "TransposeMatMul", 1, "transB=1", { "F64[2,3,4] rand", "F64[2,4] rand" }, .wrt = ".x" },
    { MS "FusedGemm", 1, "activation='Tanh' alpha=0.3 beta=0.5", { GEMM } },
    { MS "FusedGemm", 1, "activation='Sigmoid' transA=1", { "F64[4,3] rand", "F64[4,2] rand" } },
    { MS "FusedGemm", 1, "activation='LeakyRelu' activation_alpha=0.3", { GEMM } },
    { MS "FusedGemm", 1, "activation='Elu'", { GEMM } },
    { MS "FusedGemm", 1, "activation='Relu'", { GEMM }, .wrt = "..x" },
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
