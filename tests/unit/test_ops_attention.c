/* test_ops_attention.c - Attention: PyTorch's numbers, masks, caches, errors and gradients. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "op_harness.h"

/* clang-format off */
#define QKV "F64[1,2,2,2] 0.7 0.3 0.1 0.6 -0.5 -0.2 -1.5 0.4", "F64[1,2,2,2] -1 -0.6 -0.9 -0.1 -0.2 -1 0.4 0.3", \
    "F64[1,2,2,2] -0.4 -0.5 -1.6 -0.1 3.6 -1.8 1.6 -1.3"
#define FLAT(q) "F32[1,1,2] " q, "F32[1,2,2] 0 0 0 0", "F32[1,2,2] 1 10 3 20"

/* All queries 0: every key that is seen counts alike. */
#define SAME(q) q, "F32[1,1,4,1] 0 0 0 0", "F32[1,1,4,1] 1 2 4 8"
#define Q1 "F32[1,1,1,1] 0"
#define Q3 "F32[1,1,3,1] 0 0 0"

static const op_case cases[] = {
    { "Attention", 23, NULL, { QKV }, { "F64[1,2,2,2] -1.046575 -0.2844749 -1.065499 -0.278167 2.795443 -1.598861 2.733548 -1.583387" } },
    { "Attention", 24, "is_causal=1", { QKV }, { "F64[1,2,2,2] -0.4 -0.5 -1.065499 -0.278167 3.6 -1.8 2.733548 -1.583387" } },
    { "Attention", 25, "left_window_size=-1 right_window_size=0", { QKV },
      { "F64[1,2,2,2] -0.4 -0.5 -1.065499 -0.278167 3.6 -1.8 2.733548 -1.583387" } },
    { "Attention", 25, "left_window_size=1 right_window_size=1", { SAME(Q3) }, { "F32[1,1,3,1] 1.5 2.3333333 4.6666667" } },
    { "Attention", 25, "left_window_size=0", { SAME(Q3) }, { "F32[1,1,3,1] 3.75 4.6666667 6" } },
    { "Attention", 25, "left_window_size=9223372036854775807 right_window_size=9223372036854775807", { SAME(Q1) }, { "F32[1,1,1,1] 3.75" } },
    { "Attention", 23, "q_num_heads=2 kv_num_heads=2", { FLAT("5 7") }, { "F32[1,1,2] 2 15" } },
    { "Attention", 23, "q_num_heads=2 kv_num_heads=1", { "F32[1,1,2] 1 2", "F32[1,2,1] 0 0", "F32[1,2,3] 1 2 3 3 4 5" },
      { "F32[1,1,6] 2 3 4 2 3 4", "F32[1,1,2,1] 0 0", "F32[1,1,2,3] 1 2 3 3 4 5" } },
    { "Attention", 23, NULL, { SAME(Q3), "BOOL[3,4] 1 0 0 0 0 1 1 0 0 0 0 0" }, { "F32[1,1,3,1] 1 3 0" } },
    { "Attention", 23, "qk_matmul_output_mode=3", { SAME(Q1), "BOOL[1,4] 0 0 0 0" },
      { "F32[1,1,1,1] 0", "-", "-", "F32[1,1,1,4] 0 0 0 0" } },
    { "Attention", 23, "qk_matmul_output_mode=2", { SAME(Q1), "BOOL[1,2] 1 1" },
      { "F32[1,1,1,1] 1.5", "-", "-", "F32[1,1,1,4] 0 0 -inf -inf" } },
    { "Attention", 23, NULL, { SAME(Q1), "I32[4] 0 0 0 0" }, { "F32[1,1,1,1] 3.75" } },
    { "Attention", 23, "softcap=2.0 scale=1.0 qk_matmul_output_mode=1", { "F32[1,1,1,1] 1", "F32[1,1,2,1] 2 100", "F32[1,1,2,1] 0 1" },
      { "?", "-", "-", "F32[1,1,1,2] 1.5231883 2" } },
    { "Attention", 24, "is_causal=1", { "F32[1,1,2,1] 0 0", "F32[1,1,2,1] 0 0", "F32[1,1,2,1] 4 8", "-", "F32[1,1,2,1] 0 0", "F32[1,1,2,1] 1 2" },
      { "F32[1,1,2,1] 2.3333333 3.75", "F32[1,1,4,1] 0 0 0 0", "F32[1,1,4,1] 1 2 4 8" } },
    { "Attention", 24, NULL, { SAME(Q1), "-", "-", "-", "I64[1] 2" }, { "F32[1,1,1,1] 1.5" } },
    { "Attention", 24, "is_causal=1", { SAME("F32[1,1,2,1] 0 0"), "-", "-", "-", "I64[1] 3" }, { "F32[1,1,2,1] 1.5 2.3333333" } },
    { "Attention", 23, NULL, { "F16[1,1,1,1] 0", "F16[1,1,2,1] 0 0", "F32[1,1,2,1] 1 2" }, { "F16[1,1,1,1] 1.5", "F16[1,1,2,1] 0 0", "F32[1,1,2,1] 1 2" } },
    { "Attention", 23, NULL, { "F32[1,1,0,1]", "F32[1,1,0,1]", "F32[1,1,0,1]" }, { "F32[1,1,0,1]" } },
    { "Attention", 23, NULL, { "F32[1,1,1,1] 3", "F32[1,1,0,1]", "F32[1,1,0,2]" }, { "F32[1,1,1,2] 0 0" } },

    { "Attention", 23, NULL, { "F32[2] 1 2", "F32[2] 1 2", "F32[2] 1 2" }, .error = "rank 1, want 3 or 4" },
    { "Attention", 23, NULL, { FLAT("5 7") }, .error = "number of heads: 0" },
    { "Attention", 23, "q_num_heads=3 kv_num_heads=2", { FLAT("5 7") }, .error = "width 2, want 3 heads" },
    { "Attention", 23, NULL, { "F32[1,3,1,1] 1 2 3", "F32[1,2,1,1] 1 2", "F32[1,2,1,1] 1 2" }, .error = "query heads: 3" },
    { "Attention", 23, NULL, { "F32[1,1,1,2] 1 2", "F32[1,1,1,1] 1", "F32[1,1,1,1] 1" }, .error = "K: 1, want 2" },
    { "Attention", 23, NULL, { SAME(Q1), "F32[1,5] 1 2 3 4 5" }, .error = "attn_mask" },
    { "Attention", 23, NULL, { SAME(Q3), "F32[2,4] 1 2 3 4 5 6 7 8" }, .error = "attn_mask" },
    { "Attention", 23, NULL, { SAME(Q1), "-", "F32[1,1,1,1] 1" }, .error = "want both or none" },
    { "Attention", 24, NULL, { SAME(Q1), "-", "-", "-", "I64[1] 5" }, .error = "nonpad_kv_seqlen[0]: 5, want 0 to 4" },
    { "Attention", 24, NULL, { SAME(Q1), "-", "-", "-", "I64[1] -1" }, .error = "nonpad_kv_seqlen[0]: -1" },
    { "Attention", 24, NULL, { SAME(Q1), "-", "-", "-", "I64[2] 1 1" }, .error = "2, want 1" },
    { "Attention", 23, "qk_matmul_output_mode=4", { SAME(Q1) }, .error = "qk_matmul_output_mode: 4" },
    { "Attention", 24, "left_window_size=1", { SAME(Q1) }, .error = "left_window_size" },

    { "ai.onnx.preview:FlexAttention", 1, NULL, { QKV }, { "F64[1,2,2,2] -1.046575 -0.2844749 -1.065499 -0.278167 2.795443 -1.598861 2.733548 -1.583387" } },
    { "ai.onnx.preview:FlexAttention", 1, "scale=0.0", { "F16[1,2,1,1] 5 6", "F16[1,1,2,1] 1 2", "F16[1,1,2,2] 1 2 3 4" }, { "F16[1,2,1,2] 2 3 2 3" } },
    { "ai.onnx.preview:FlexAttention", 1, NULL, { "F32[1,3,1,1] 1 2 3", "F32[1,2,1,1] 1 2", "F32[1,2,1,1] 1 2" }, .error = "query heads: 3" },
    { "ai.onnx.preview:FlexAttention", 1, NULL, { "F32[1,1,1,2] 1 2", "F32[1,1,1,1] 1", "F32[1,1,1,1] 1" }, .error = "K: 1, want 2" },
    { "ai.onnx.preview:FlexAttention", 1, "softmax_precision=7", { SAME(Q1) }, .error = "softmax_precision: 7" },
};

static const grad_case grads[] = {
    { "Attention", 23, NULL, { "F64[2,2,3,4] rand", "F64[2,2,5,4] rand", "F64[2,2,5,3] rand" } },
    { "Attention", 23, "is_causal=1 scale=0.7", { "F64[1,4,3,2] rand", "F64[1,2,3,2] rand", "F64[1,2,3,2] rand" } },
    { "Attention", 23, "q_num_heads=4 kv_num_heads=2 softcap=1.5", { "F64[2,3,8] rand", "F64[2,2,4] rand", "F64[2,2,6] rand", "F64[3,2] rand" } },
    { "Attention", 23, NULL, { "F64[2,2,3,2] rand", "F64[2,1,2,2] rand", "F64[2,1,2,2] rand", "F64[2,1,3,3] rand", "F64[2,1,2,2] rand", "F64[2,1,2,2] rand" }, .outs = 3 },
    { "Attention", 24, "is_causal=1 q_num_heads=2 kv_num_heads=1", { "F64[1,2,4] rand", "F64[1,4,2] rand", "F64[1,4,2] rand", "BOOL[2,4] 1 1 0 1 1 1 1 0", "-", "-", "I64[1] 3" } },
    { "Attention", 25, "left_window_size=1", { "F64[1,1,4,2] rand", "F64[1,1,4,2] rand", "F64[1,1,4,2] rand" }, .wrt = ".x." },
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
