/* test_ops_ms_attention.c - ONNX Runtime's attention and convolutions: forms, errors, gradients. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "op_harness.h"

/* clang-format off */
#define MS "com.microsoft:"
/* One token attends to itself alone: the result is its value. */
#define ONE_X "F32[1,1,2] 1 2"
#define EYE3 "F32[2,6] 1 0 1 0 1 0 0 1 0 1 0 3"
#define QKV3 "F32[1,2,2] 0 0 0 0", "F32[1,2,2] 0 0 0 0", "F32[1,2,2] 2 4 6 8"
#define CONV "F32[1,1,3] 1 -2 3", "F32[1,1,2] 1 1" /* -1 1 */

static const op_case cases[] = {
    { MS "Attention", 1, "num_heads=1", { ONE_X, EYE3, "F32[6] 0 0 0 0 1 0" }, { "F32[1,1,2] 2 6" } },
    { MS "Attention", 1, "num_heads=2", { ONE_X, EYE3 }, { "F32[1,1,2] 1 6", "F32[2,1,2,1,1] 1 2 1 6" } },
    { MS "Attention", 1, "num_heads=1 mask_filter_value=0.0", { "F32[1,2,1] 1 3", "F32[1,3] 0 0 1", "-", "I32[1,1,4,4] 1 0 1 1 1 0 1 1 1 1 1 1 1 1 1 1" }, { "F32[1,2,1] 2 2" } },
    { MS "Attention", 1, "num_heads=1 mask_filter_value=-1e9", { "F32[1,2,1] 1 3", "F32[1,3] 0 0 1", "-", "I32[1,1,4,4] 1 0 1 1 0 1 1 1 1 1 1 1 1 1 1 1" }, { "F32[1,2,1] 1 3" } },
    { MS "Attention", 1, "num_heads=1 mask_filter_value=-1e9", { "F32[1,1,1] 1", "F32[1,3] 0 0 1", "-", "I32[1,1,4,4] 1 1 1 1 0 1 1 1 1 1 1 1 1 1 1 1", "F32[2,1,1,1,1] 0 8" }, { "F32[1,1,1] 1" } },
    { MS "Attention", 1, "num_heads=1", { ONE_X, "F32[2,5] 1 0 1 0 1 0 0 1 0 1" }, .error = "width: 5, want a multiple of three" },
    { MS "Attention", 1, "num_heads=1", { ONE_X, EYE3, "F32[5] 0 0 0 0 1" }, .error = "bias: dim 0 is 5, want 6" },
    { MS "Attention", 1, "num_heads=1", { "F32[1,2] 1 2", EYE3 }, .error = "input: rank 2, want 3" },
    { MS "Attention", 1, "num_heads=3", { ONE_X, EYE3 }, .error = "width 2, want 3 heads" },
    { MS "Attention", 1, "num_heads=0", { ONE_X, EYE3 }, .error = "number of heads: 0" },
    { MS "Attention", 1, NULL, { ONE_X, EYE3 }, .error = "num_heads: missing" },
    { MS "Attention", 1, "num_heads=1 qkv_hidden_sizes=[2,2]", { ONE_X, EYE3 }, .error = "qkv_hidden_sizes: 2 numbers, want 3" },
    { MS "Attention", 1, "num_heads=1 qkv_hidden_sizes=[2,2,3]", { ONE_X, EYE3 }, .error = "Split: " },
    { MS "Attention", 1, "num_heads=1 do_rotary=1", { ONE_X, EYE3 }, .error = "do_rotary: set" },
    { MS "Attention", 1, "num_heads=1 past_present_share_buffer=1", { ONE_X, EYE3 }, .error = "past_present_share_buffer: set" },
    { MS "Attention", 1, "num_heads=1", { ONE_X, EYE3, "-", "-", "-", "-", "I32[1] 0" }, .error = "past_sequence_length: set" },
    { MS "Attention", 1, "num_heads=1", { ONE_X, EYE3, "-", "I32[3] 1 1 1" }, .error = "mask: 3 elements, want 1 or 2" },
    { MS "Attention", 1, "num_heads=1", { ONE_X, EYE3, "-", "I32[5] 1 1 1 1 1" }, .error = "mask: 5 elements" },
    { MS "Attention", 1, "num_heads=1", { ONE_X, EYE3, "-", "I32[2,1] 1 1" }, .error = "mask: dim 0 is 2, want 1" },
    { MS "Attention", 1, "num_heads=1", { ONE_X, EYE3, "-", "I32[1,1,1,1,1] 1" }, .error = "mask: rank 5, want 1 to 4" },
    { MS "Attention", 1, "num_heads=1", { ONE_X, EYE3, "-", "-", "F32[1,1,1,1,2] 1 2" }, .error = "past: dim 0 is 1, want 2" },

    { MS "MultiHeadAttention", 1, "num_heads=1", { "F32[1,2,1,3,1] 0 1 2 0 1 4" }, { "F32[1,2,1] 3 3" } },
    { MS "MultiHeadAttention", 1, "num_heads=1", { "F32[1,1,1] 0", "F32[1,2,1,2,1] 1 2 1 4" }, { "F32[1,1,1] 3" } },
    { MS "MultiHeadAttention", 1, "num_heads=1", { QKV3, "F32[6] 0 0 0 0 1 0" }, { "F32[1,2,2] 5 6 5 6", "F32[1,1,2,2] 0 0 0 0", "F32[1,1,2,2] 3 4 7 8" } },
    { MS "MultiHeadAttention", 1, "num_heads=1", { "F32[1,2,1,2,1] 0 1 2 0" }, .error = "query without key: dim 3 is 2, want 3" },
    { MS "MultiHeadAttention", 1, "num_heads=1", { "F32[1,2,2] 0 1 2 0" }, .error = "query without key: rank 3, want 5" },
    { MS "MultiHeadAttention", 1, "num_heads=1", { "F32[1,1,1] 0", "F32[1,2,1] 1 2" }, .error = "key without value: rank 3, want 5" },
    { MS "MultiHeadAttention", 1, "num_heads=1", { QKV3, "F32[7] 0 0 0 0 1 0 1" }, .error = "Split: " },
    { MS "MultiHeadAttention", 1, "num_heads=1", { QKV3 }, { "?", "-", "-", "?" }, .error = "output qk: set" },
    { MS "MultiHeadAttention", 1, "num_heads=1", { QKV3, "-", "-", "-", "F32[1,1,1,2] 1 1" }, .error = "want both or none" },

    { MS "RotaryEmbedding", 1, NULL, { "F32[1,1,4] 1 2 3 4", "I64[1] 1", "F32[2,1] 1 0", "F32[2,1] 0 1" }, { "F32[1,1,4] -2 1 -4 3" } },
    { MS "RotaryEmbedding", 1, "is_packed_batching=1", { "F32[1,1,4] 1 2 3 4", "I64[1] 1", "F32[2,1] 1 0", "F32[2,1] 0 1" }, .error = "is_packed_batching: set" },
    { MS "RotaryEmbedding", 1, "scale=2.0", { "F32[1,1,4] 1 2 3 4", "I64[1] 1", "F32[2,1] 1 0", "F32[2,1] 0 1" }, .error = "scale: set" },
    { MS "RotaryEmbedding", 1, NULL, { "F32[1,1,4] 1 2 3 4", "I64[2] 1 0", "F32[2,1] 1 0", "F32[2,1] 0 1" }, .error = "position_ids: dim 0 is 2, want 1" },
    { MS "RotaryEmbedding", 1, NULL, { "F32[1,1,4] 1 2 3 4", "I64[1] 2", "F32[2,1] 1 0", "F32[2,1] 0 1" }, .error = "RotaryEmbedding: " },

    { MS "FusedConv", 1, NULL, { CONV }, { "F32[1,1,2] -1 1" } },
    { MS "FusedConv", 1, "activation='Relu' pads=[0,1]", { CONV, "F32[1] -0.5" }, { "F32[1,1,3] 0 0.5 2.5" } },
    { MS "FusedConv", 1, "activation='Relu'", { CONV, "-", "F32[1,1,2] 3 -4" }, { "F32[1,1,2] 2 0" } },
    { MS "FusedConv", 1, "activation='Clip' activation_params=[-0.5,0.25]", { CONV }, { "F32[1,1,2] -0.5 0.25" } },
    { MS "FusedConv", 1, "activation='Clip' activation_params=[0.0]", { CONV }, { "F32[1,1,2] 0 1" } },
    { MS "FusedConv", 1, "activation='Mish'", { CONV }, .error = "activation 'Mish': unknown" },
    { MS "FusedConv", 1, NULL, { CONV, "-", "F32[1,1,1] 3" }, .error = "Z: dim 2 is 1, want 2" },
    { MS "FusedConv", 1, "strides=[0]", { CONV }, .error = "Conv: " },
    { MS "NhwcFusedConv", 1, "activation='Relu'", { "F32[1,2,2] 1 2 3 -4", "F32[1,2,1] 1 10", "-", "F32[1,2,1] 0 1" }, { "F32[1,2,1] 21 0" } },
    { MS "NhwcMaxPool", 1, "kernel_shape=[2]", { "U8[1,3,2] 1 9 5 3 2 4" }, { "U8[1,2,2] 5 9 5 4" } },
    { MS "NhwcMaxPool", 1, NULL, { "U8[1,3,2] 1 9 5 3 2 4" }, .error = "kernel_shape: missing" },
    { MS "NhwcMaxPool", 1, "kernel_shape=[2]", { "U8[3,2] 1 9 5 3 2 4" }, .error = "rank 2, want at least 3" },
    { MS "ConvTransposeWithDynamicPads", 1, "strides=[2]", { "F32[1,1,2] 1 2", "F32[1,1,2] 1 10", "I64[2] 1 0" }, { "F32[1,1,3] 10 2 20" } },
    { MS "ConvTransposeWithDynamicPads", 1, NULL, { "F32[1,1,2] 1 2", "F32[1,1,2] 1 10", "-", "F32[1] 1" }, { "F32[1,1,3] 2 13 21" } },
    { MS "ConvTransposeWithDynamicPads", 1, NULL, { "F32[1,1,2] 1 2", "F32[1,1,2] 1 10", "I64[3] 1 0 1" }, .error = "ConvTranspose: " },
};

#define XWB "F64[2,3,4] rand", "F64[4,12] rand", "F64[12] rand"
#define C2 "F64[1,2,4,4] rand", "F64[2,2,3,3] rand", "F64[2] rand"

static const grad_case grads[] = {
    { MS "Attention", 1, "num_heads=2", { XWB } },
    { MS "Attention", 1, "num_heads=2 unidirectional=1 scale=0.4", { XWB } },
    { MS "Attention", 1, "num_heads=2 mask_filter_value=-1.0", { XWB, "I32[2] 2 3" } },
    { MS "Attention", 1, "num_heads=2 mask_filter_value=-1.0", { XWB, "I32[4] 2 3 1 0" } },
    { MS "Attention", 1, "num_heads=2 mask_filter_value=-1.0", { XWB, "I32[2,3] 1 0 1 1 1 0", "-", "F64[1,2,3,3] rand" } },
    { MS "Attention", 1, "num_heads=2 qkv_hidden_sizes=[4,4,2]", { "F64[2,3,4] rand", "F64[4,10] rand", "F64[10] rand" } },
    { MS "Attention", 1, "num_heads=2", { XWB, "-", "F64[2,2,2,1,2] rand" }, .outs = 2 },
    { MS "MultiHeadAttention", 1, "num_heads=2", { "F64[2,3,4] rand", "F64[2,2,4] rand", "F64[2,2,6] rand", "F64[14] rand" } },
    { MS "MultiHeadAttention", 1, "num_heads=2 unidirectional=1", { "F64[1,3,2,3,2] rand" } },
    { MS "MultiHeadAttention", 1, "num_heads=2 mask_filter_value=-1.0", { "F64[1,3,4] rand", "F64[1,2,2,2,2] rand", "-", "-", "I32[1,2] 1 0", "F64[1,1,3,2] rand" } },
    { MS "MultiHeadAttention", 1, "num_heads=2", { "F64[1,3,4] rand", "F64[1,2,2,2] rand", "F64[1,2,2,2] rand" } },
    { MS "RotaryEmbedding", 1, NULL, { "F64[2,3,8] rand", "I64[1] 1", "F64[5,2] rand", "F64[5,2] rand" }, .wrt = "x..." },
    { MS "RotaryEmbedding", 1, "interleaved=1", { "F64[2,2,3,4] rand", "I64[2,3] 1 0 3 4 2 1", "F64[5,2] rand", "F64[5,2] rand" }, .wrt = "x..." },
    { MS "FusedConv", 1, "activation='Relu' pads=[1,1,1,1]", { C2, "F64[1,2,4,4] rand" } },
    { MS "FusedConv", 1, "activation='Tanh' strides=[2,1]", { C2 } },
    { MS "FusedConv", 1, "activation='Sigmoid'", { C2 } },
    { MS "FusedConv", 1, "activation='LeakyRelu' activation_params=[0.2]", { C2 } },
    { MS "FusedConv", 1, "activation='Clip' activation_params=[-0.5,1.0]", { C2 } },
    { MS "FusedConv", 1, "activation='HardSigmoid' activation_params=[0.1,0.5]", { C2 } },
    { MS "NhwcFusedConv", 1, "activation='Tanh'", { "F64[1,4,4,2] rand", "F64[3,2,3,3] rand", "F64[3] rand", "F64[1,2,2,3] rand" } },
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
