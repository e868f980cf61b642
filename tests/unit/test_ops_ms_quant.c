/* test_ops_ms_quant.c - ONNX Runtime's quantised operators: vectors, errors, gradients. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "op_harness.h"

/* clang-format off */
#define MS "com.microsoft:"
#define X "U8[1,2,2] 12 14 10 20", "F32[] 0.5", "U8[] 10" /* means 1 2 0 5 */
#define AB "U8[1,2] 11 12", "I8[2,2] 1 2 3 4" /* 1 2 with zero point 10; product 7 10 */
#define W4 "U8[1,1,8] 16 50 84 118 152 186 220 254" /* 0 1 2 .. 15 */
#define ONE16 "F32[1,16] 0 1 0 0 0 0 0 0 0 0 0 0 0 0 0 1"

static const op_case cases[] = {
    { MS "QLinearAdd", 1, NULL, { X, X, "F32[] 1", "U8[] 3" }, { "U8[1,2,2] 5 7 3 13" } },
    { MS "QLinearAdd", 1, NULL, { "I8[2] 4 8", "F32[] 0.5", "-", "I8[1] 2", "F32[1] 0.5", "-", "F32[] 1" }, { "I8[2] 3 5" } },
    { MS "QLinearMul", 1, NULL, { X, X, "F32[] 1", "U8[] 3" }, { "U8[1,2,2] 4 7 3 28" } },
    { MS "QLinearSigmoid", 1, NULL, { "I8[2] 0 4", "F32[] 0.5", "I8[] 0", "F32[] 0.01", "I8[] 0" }, { "I8[2] 50 88" } },
    { MS "QLinearLeakyRelu", 1, "alpha=0.5", { "I8[2] -4 4", "F32[] 1", "-", "F32[] 1", "-" }, { "I8[2] -2 4" } },
    { MS "QLinearSoftmax", 1, "opset=13", { "U8[1,2] 0 1", "F32[] 1", "U8[] 0", "F32[] 0.01", "U8[] 0" }, { "U8[1,2] 27 73" } },
    { MS "QLinearSoftmax", 1, "opset=11 axis=0", { "U8[2,1] 0 1", "F32[] 1", "U8[] 0", "F32[] 0.01", "U8[] 0" }, { "U8[2,1] 27 73" } },
    { MS "QLinearWhere", 1, NULL, { "BOOL[2] 1 0", "U8[2] 2 4", "F32[] 1", "U8[] 0", "U8[2] 6 8", "F32[] 0.5", "U8[] 0", "F32[] 2", "U8[] 1" }, { "U8[2] 2 3" } },
    { MS "QLinearGlobalAveragePool", 1, NULL, { X, "F32[] 0.5", "U8[] 0" }, { "U8[1,2,1] 3 5" } },
    { MS "QLinearGlobalAveragePool", 1, "channels_last=1", { X, "F32[] 0.5", "U8[] 0" }, { "U8[1,1,2] 1 7" } },
    { MS "QLinearAveragePool", 1, "kernel_shape=[2]", { X, "F32[] 0.5", "U8[] 0" }, { "U8[1,2,1] 3 5" } },
    { MS "QLinearConcat", 1, "axis=0", { "F32[] 1", "U8[] 1", "U8[1] 4", "F32[] 1", "U8[] 0", "U8[1] 4", "F32[] 0.5", "U8[] 2" }, { "U8[2] 5 2" } },
    { MS "MulInteger", 1, NULL, { "U8[2] 1 2", "U8[] 3", "U8[1] 7", "U8[] 2" }, { "I32[2] -10 -5" } },
    { MS "MulInteger", 1, NULL, { "I8[2] -128 2", "-", "I8[1] -128" }, { "I32[2] 16384 -256" } },
    { MS "ReduceSumInteger", 1, "axes=[1]", { "I8[2,2] 100 100 -100 -100" }, { "I32[2,1] 200 -200" } },
    { MS "ReduceSumInteger", 1, "axes=[0,1] keepdims=0", { "U8[2,2] 100 100 200 200" }, { "U32[] 600" } },
    { MS "QuantizeLinear", 1, NULL, { "F32[3] -1 0.5 9", "F32[1] 0.5" }, { "U8[3] 0 1 18" } },
    { MS "DequantizeLinear", 1, "axis=0", { "I8[2] -4 4", "F32[2] 0.5 1", "I8[2] 0 1" }, { "F32[2] -2 3" } },
    { MS "DequantizeLinear", 1, NULL, { "I32[2] -4 4", "F32[1] 0.5" }, { "F32[2] -2 2" } },

    { MS "QLinearAdd", 1, NULL, { X }, .error = "input 3: missing" },
    { MS "QLinearAdd", 1, NULL, { X, X }, .error = "input 6: missing" },
    { MS "QLinearAdd", 1, NULL, { "F32[1] 1", "F32[] 0.5", "U8[] 10", X, "F32[] 1", "U8[] 3" }, .error = "DequantizeLinear: " },
    { MS "QLinearSoftmax", 1, NULL, { X, "F32[] 0.5", "U8[] 0" }, .error = "opset: missing" },
    { MS "QLinearSoftmax", 1, "opset=0", { X, "F32[] 0.5", "U8[] 0" }, .error = "opset: 0, want at least 1" },
    { MS "QLinearConcat", 1, "axis=0", { "F32[] 1", "U8[] 1", "U8[1] 4", "F32[] 1" }, .error = "inputs: 4, want two and three" },
    { MS "QLinearWhere", 1, NULL, { "BOOL[2] 1 0", "U8[2] 2 4", "F32[] 1", "U8[] 0", "U8[2] 6 8", "F32[] 0.5", "U8[] 0" }, .error = "input 7: missing" },
    { MS "QLinearAveragePool", 1, NULL, { X, "F32[] 0.5", "U8[] 0" }, .error = "kernel_shape: missing" },
    { MS "ReduceSumInteger", 1, "axes=[1]", { "I32[2,2] 1 1 1 1" }, .error = "input 0: int32, want int8 or uint8" },
    { MS "QuantizeLinear", 1, NULL, { "F32[2,3] 1 1 1 1 1 1", "F32[2] 0.5 1", "U8[2] 0 0" }, .error = "QuantizeLinear: " },

    { MS "DynamicQuantizeMatMul", 1, NULL, { "F32[1,2] 0 255", "I8[2,2] 1 2 3 4", "F32[2] 0.5 1", "I8[] 1", "F32[2] 1 0" }, { "F32[1,2] 256 765" } },
    { MS "MatMulIntegerToFloat", 1, NULL, { AB, "F32[] 2", "F32[] 0.5", "U8[] 10", "-", "F32[2] 1 1" }, { "F32[1,2] 8 11" } },
    { MS "QGemm", 1, NULL, { "U8[1,2] 11 12", "F32[] 2", "U8[] 10", "I8[2,2] 1 2 3 4", "F32[] 0.5", "I8[] 0", "I32[2] 3 -10" }, { "F32[1,2] 10 0" } },
    { MS "QGemm", 1, "transB=1 alpha=0.5", { "U8[1,2] 11 12", "F32[] 2", "U8[] 10", "I8[2,2] 1 3 2 4", "F32[] 0.5", "I8[] 0", "I32[2] 3 -10", "F32[] 1", "U8[] 100" }, { "U8[1,2] 105 100" } },
    { MS "QLinearConv", 1, "channels_last=1", { "U8[1,2,2] 1 2 3 4", "F32[] 1", "U8[] 0", "I8[1,2,1] 1 10", "F32[] 1", "I8[] 0", "F32[] 1", "U8[] 0" }, { "U8[1,2,1] 21 43" } },
    { MS "QLinearConv", 1, "channels_last=1", { "U8[2,2] 1 2 3 4", "F32[] 1", "U8[] 0", "I8[1,2,1] 1 10", "F32[] 1", "I8[] 0", "F32[] 1", "U8[] 0" }, .error = "rank 2, want at least 3" },
    { MS "QGemm", 1, NULL, { "U8[1,2] 11 12", "F32[] 2", "U8[] 10" }, .error = "input 3: missing" },
    { MS "MatMulIntegerToFloat", 1, NULL, { "U8[1,3] 1 2 3", "I8[2,2] 1 2 3 4", "F32[] 2", "F32[] 0.5" }, .error = "MatMul: inner dimension" },
    { MS "QAttention", 1, "num_heads=1", { "U8[1,1,1] 3", "I8[1,3] 1 1 2", "F32[3] 0 0 1", "F32[] 1", "F32[] 0.5", "-", "U8[] 1", "I8[] 0" }, { "F32[1,1,1] 3", "F32[2,1,1,1,1] 1 3" } },
    { MS "QAttention", 1, "num_heads=1", { "U8[1,1,1] 3", "I8[1,3] 1 1 2", "F32[2] 0 1", "F32[] 1", "F32[] 0.5" }, .error = "bias: dim 0 is 2, want 3" },
    { MS "QAttention", 1, "num_heads=1 do_rotary=1", { "U8[1,1,1] 3", "I8[1,3] 1 1 2", "F32[3] 0 0 1", "F32[] 1", "F32[] 0.5" }, .error = "do_rotary: set" },

    { MS "MatMulNBits", 1, "K=16 N=1 block_size=16", { ONE16, W4, "F32[1] 0.5" }, { "F32[1,1] 0" } },
    { MS "MatMulNBits", 1, "K=16 N=1 block_size=16", { ONE16, W4, "F32[1] 0.5", "U8[1] 1", "-", "F32[1] 2" }, { "F32[1,1] 9" } },
    { MS "MatMulNBits", 1, "K=16 N=1 block_size=16 bits=8", { ONE16, "U8[1,1,16] 0 200 0 0 0 0 0 0 0 0 0 0 0 0 0 130", "F32[1] 0.5" }, { "F32[1,1] 37" } },
    { MS "MatMulNBits", 1, "K=16 N=1 block_size=16 bits=8", { ONE16, "U8[1,1,16] 0 200 0 0 0 0 0 0 0 0 0 0 0 0 0 130", "F32[1] 0.5", "F32[1] 0.5" }, { "F32[1,1] 164.5" } },
    { MS "MatMulNBits", 1, "K=16 N=1 block_size=16 bits=2", { ONE16, "U8[1,1,4] 12 0 0 64", "F32[1] 1" }, { "F32[1,1] 0" } },
    { MS "MatMulNBits", 1, "K=2 N=1 block_size=16 bits=8", { "F16[1,2] 1 1", "U8[1,1,16] 130 130 0 0 0 0 0 0 0 0 0 0 0 0 0 0", "F16[1] 0.5" }, { "F16[1,1] 2" } },
    { MS "MatMulNBits", 1, "K=16 N=1 block_size=16 bits=3", { ONE16, W4, "F32[1] 0.5" }, .error = "bits: 3, want 2, 4 or 8" },
    { MS "MatMulNBits", 1, "K=16 N=1 block_size=24", { ONE16, W4, "F32[1] 0.5" }, .error = "block_size: 24, want a power of two" },
    { MS "MatMulNBits", 1, "K=0 N=1 block_size=16", { ONE16, W4, "F32[1] 0.5" }, .error = "K, N: 0 and 1, want at least 1" },
    { MS "MatMulNBits", 1, "K=9223372036854775807 N=3 block_size=16", { ONE16, W4, "F32[1] 0.5" }, .error = "too many" },
    { MS "MatMulNBits", 1, "K=16 N=2 block_size=16", { ONE16, W4, "F32[2] 0.5 1" }, .error = "B: 8 elements, want 16" },
    { MS "MatMulNBits", 1, "K=16 N=1 block_size=16", { ONE16, W4, "F32[2] 0.5 1" }, .error = "scales: 2 elements, want 1" },
    { MS "MatMulNBits", 1, "K=16 N=1 block_size=16", { ONE16, W4, "F32[1] 0.5", "U8[2] 1 1" }, .error = "zero_points: 2 elements, want 1" },
    { MS "MatMulNBits", 1, "K=16 N=1 block_size=16", { ONE16, W4, "F32[1] 0.5", "I32[1] 1" }, .error = "zero_points: int32, want uint8 or a float" },
    { MS "MatMulNBits", 1, "K=16 N=1 block_size=16", { ONE16, W4, "F32[1] 0.5", "-", "I32[1] 0" }, .error = "g_idx: 1 elements, want 16" },
    { MS "MatMulNBits", 1, "K=16 N=1 block_size=16", { ONE16, W4, "F32[1] 0.5", "-", "I32[16] 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 1" }, .error = "g_idx[15]: 1, want 0 to 0" },
    { MS "MatMulNBits", 1, "K=16 N=1 block_size=16", { ONE16, W4, "F32[1] 0.5", "-", "-", "F32[2] 0 0" }, .error = "bias: dim 0 is 2, want 1" },
    { MS "MatMulNBits", 1, "K=16 N=1 block_size=16 weight_prepacked=1", { ONE16, W4, "F32[1] 0.5" }, .error = "weight_prepacked: set" },
    { MS "MatMulNBits", 1, "K=16 N=1 block_size=16", { "F32[1,2] 1 1", W4, "F32[1] 0.5" }, .error = "MatMul: inner dimension" },
    { MS "MatMulNBits", 1, "N=1 block_size=16", { ONE16, W4, "F32[1] 0.5" }, .error = "K: missing" },
};

static const grad_case grads[] = {
    { MS "MatMulNBits", 1, "K=16 N=1 block_size=16", { "F64[2,16] rand", W4, "F64[1] 0.5", "-", "-", "F64[1] rand" }, .wrt = "x....x" },
    { MS "DequantizeLinear", 1, NULL, { "I8[3] 1 -2 3", "F64[] 0.5" }, .wrt = ".x" },
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
