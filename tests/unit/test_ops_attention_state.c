/* test_ops_attention_state.c - CausalConvWithState, LinearAttention, RotaryEmbedding, SwiGLU,
 * TensorScatter: vectors, errors and gradients. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "op_harness.h"

/* clang-format off */
/* 90 degrees at position 1, 180 at position 2. */
#define TURNS "F32[3,1] 1 0 -1", "F32[3,1] 0 1 0"
#define HEADS "q_num_heads=1 kv_num_heads=1 scale=1.0"

static const op_case cases[] = {
    { "CausalConvWithState", 27, NULL, { "F32[1,1,3] 1 2 3", "F32[1,1,2] 10 1" }, { "F32[1,1,3] 1 12 23", "F32[1,1,1] 3" } },
    { "CausalConvWithState", 27, NULL, { "F32[1,2,1] 1 2", "F32[2,1,3] 1 1 1 1 10 100", "F32[2] 5 0", "F32[1,2,2] 7 8 3 4" },
      { "F32[1,2,1] 21 243", "F32[1,2,2] 8 1 4 2" } },
    { "CausalConvWithState", 27, "activation='silu'", { "F32[1,1,2] 0 2", "F32[1,1,1] 1" }, { "F32[1,1,2] 0 1.7615942", "F32[1,1,0]" } },
    { "CausalConvWithState", 27, "activation='tanh'", { "F32[1,1,2] 0 2", "F32[1,1,1] 1" }, { "?", "?" }, .error = "activation: 'tanh'" },
    { "CausalConvWithState", 27, NULL, { "F32[1,2,2] 0 2 1 1", "F32[1,1,1] 1" }, { "?", "?" }, .error = "1, want 2" },
    { "CausalConvWithState", 27, NULL, { "F32[1,1,2] 0 2", "F32[1,1,0]" }, { "?", "?" }, .error = "0 taps" },
    { "CausalConvWithState", 27, NULL, { "F32[1,1,2] 0 2", "F32[1,1,2] 1 1", "-", "F32[1,1,2] 1 1" }, { "?", "?" }, .error = "input 3" },

    { "LinearAttention", 27, HEADS " update_rule='linear'", { "F32[1,2,1] 1 10", "F32[1,2,1] 2 3", "F32[1,2,1] 1 1" },
      { "F32[1,2,1] 2 50", "F32[1,1,1,1] 5" } },
    { "LinearAttention", 27, HEADS " update_rule='linear'", { "F32[1,1,2] 1 10", "F32[1,1,2] 1 1", "F32[1,1,1] 1", "F32[1,1,2,1] 1 2" },
      { "F32[1,1,1] 32", "F32[1,1,2,1] 2 3" } },
    { "LinearAttention", 27, HEADS " update_rule='delta'", { "F32[1,2,1] 1 1", "F32[1,2,1] 1 1", "F32[1,2,1] 4 8", "-", "-", "F32[1,2,1] 1 0.5" },
      { "F32[1,2,1] 4 6", "F32[1,1,1,1] 6" } },
    { "LinearAttention", 27, HEADS " update_rule='gated'", { "F32[1,1,1] 1", "F32[1,1,1] 1", "F32[1,1,1] 4", "F32[1,1,1,1] 8", "F32[1,1,1] -0.6931472" },
      { "F32[1,1,1] 8", "F32[1,1,1,1] 8" } },
    { "LinearAttention", 27, "q_num_heads=2 kv_num_heads=1 update_rule='linear'", { "F16[1,1,8] 1 0 0 0 2 0 0 0", "F16[1,1,4] 4 0 0 0", "F16[1,1,1] 1" },
      { "F16[1,1,2] 2 4", "F16[1,1,4,1] 4 0 0 0" } },
    { "LinearAttention", 27, HEADS " update_rule='gated'", { "F32[1,1,1] 1", "F32[1,1,1] 1", "F32[1,1,1] 4" }, { "?", "?" }, .error = "decay: missing" },
    { "LinearAttention", 27, HEADS " update_rule='delta'", { "F32[1,1,1] 1", "F32[1,1,1] 1", "F32[1,1,1] 4" }, { "?", "?" }, .error = "beta: missing" },
    { "LinearAttention", 27, HEADS " update_rule='other'", { "F32[1,1,1] 1", "F32[1,1,1] 1", "F32[1,1,1] 4" }, { "?", "?" }, .error = "'other'" },
    { "LinearAttention", 27, "q_num_heads=1 kv_num_heads=0", { "F32[1,1,1] 1", "F32[1,1,1] 1", "F32[1,1,1] 4" }, { "?", "?" }, .error = "missing" },
    { "LinearAttention", 27, "q_num_heads=1 kv_num_heads=0 update_rule='linear'", { "F32[1,1,1] 1", "F32[1,1,1] 1", "F32[1,1,1] 4" }, { "?", "?" }, .error = "kv_num_heads: 0" },
    { "LinearAttention", 27, "q_num_heads=3 kv_num_heads=2 update_rule='linear'", { "F32[1,1,1] 1", "F32[1,1,1] 1", "F32[1,1,1] 4" }, { "?", "?" }, .error = "q_num_heads: 3" },
    { "LinearAttention", 27, "q_num_heads=2 kv_num_heads=2 update_rule='linear'", { "F32[1,1,1] 1", "F32[1,1,1] 1", "F32[1,1,1] 4" }, { "?", "?" }, .error = "query: width 1" },
    { "LinearAttention", 27, HEADS, { "F32[1,1,2] 1 1", "F32[1,1,2] 1 1", "F32[1,1,2] 4 4", "-", "F32[1,1,3] 1 1 1", "F32[1,1,1] 1" }, { "?", "?" }, .error = "input 4: width 3" },

    { "RotaryEmbedding", 23, NULL, { "F32[1,1,2,2] 1 2 3 4", TURNS, "I64[1,2] 1 2" }, { "F32[1,1,2,2] -2 1 -3 -4" } },
    { "RotaryEmbedding", 23, NULL, { "F32[1,1,1,4] 1 2 3 4", "F32[1,1,2] 0 1", "F32[1,1,2] 1 0" }, { "F32[1,1,1,4] -3 2 1 4" } },
    { "RotaryEmbedding", 23, "interleaved=1", { "F32[1,1,1,4] 1 2 3 4", "F32[1,1,2] 0 1", "F32[1,1,2] 1 0" }, { "F32[1,1,1,4] -2 1 3 4" } },
    { "RotaryEmbedding", 23, "rotary_embedding_dim=2", { "F32[1,1,1,4] 1 2 3 4", TURNS, "I64[1,1] -2" }, { "F32[1,1,1,4] -2 1 3 4" } },
    { "RotaryEmbedding", 23, "num_heads=2", { "F32[1,2,4] 1 2 3 4 5 6 7 8", "F32[1,2,1] 1 0", "F32[1,2,1] 0 1" }, { "F32[1,2,4] 1 2 3 4 -6 5 -8 7" } },
    { "RotaryEmbedding", 23, NULL, { "F32[1,1,2,2] 1 2 3 4", TURNS, "I64[1,2] 1 3" }, .error = "position_ids[1]: 3, want less than 3" },
    { "RotaryEmbedding", 23, NULL, { "F32[1,1,2,2] 1 2 3 4", TURNS, "I64[1,2] 1 -4" }, .error = "position_ids[1]: -4" },
    { "RotaryEmbedding", 23, NULL, { "F32[1,2,2] 1 2 3 4", TURNS, "I64[1,2] 1 2" }, .error = "num_heads: 0" },
    { "RotaryEmbedding", 23, NULL, { "F32[1,1,1,3] 1 2 3", TURNS, "I64[1,1] 1" }, .error = "rotary_embedding_dim: 3" },
    { "RotaryEmbedding", 23, "rotary_embedding_dim=6", { "F32[1,1,1,4] 1 2 3 4", TURNS, "I64[1,1] 1" }, .error = "rotary_embedding_dim: 6" },
    { "RotaryEmbedding", 23, NULL, { "F32[1,1,1,4] 1 2 3 4", TURNS, "I64[1,1] 1" }, .error = "cos_cache: width 1, want 2" },

    { "SwiGLU", 28, NULL, { "F32[2] 0 2", "F32[2] 3 5" }, { "F32[2] 0 8.807971" } },
    { "SwiGLU", 28, "alpha=0.5", { "F32[2] 0 2", "F32[2] 3 5" }, { "F32[2] 0 7.310586" } },

    { "TensorScatter", 24, "axis=1", { "F32[2,3] 1 2 3 4 5 6", "F32[2,1] 10 20", "I64[2] 0 2" }, { "F32[2,3] 10 2 3 4 5 20" } },
    { "TensorScatter", 24, "mode='circular'", { "F32[1,3,1] 1 2 3", "F32[1,2,1] 10 20", "I64[1] 2" }, { "F32[1,3,1] 20 2 10" } },
    { "TensorScatter", 24, NULL, { "STRING[1,2,1] 'a' 'b'", "STRING[1,1,1] 'c'" }, { "STRING[1,2,1] 'c' 'b'" } },
    { "TensorScatter", 24, NULL, { "I4[1,3,1] 1 2 3", "I4[1,1,1] -4", "I64[1] 1" }, { "I4[1,3,1] 1 -4 3" } },
    { "TensorScatter", 24, NULL, { "F32[1,3,1] 1 2 3", "F32[1,2,1] 10 20", "I64[1] 2" }, .error = "write_indices[0]: 2, want 0 to 1" },
    { "TensorScatter", 24, NULL, { "F32[1,3,1] 1 2 3", "F32[1,2,1] 10 20", "I64[1] -1" }, .error = "write_indices[0]: -1" },
    { "TensorScatter", 24, NULL, { "F32[1,1,1] 1", "F32[1,2,1] 10 20" }, .error = "update: 2, want at most 1" },
    { "TensorScatter", 24, "axis=0", { "F32[1,1,1] 1", "F32[1,1,1] 10" }, .error = "axis: 0" },
    { "TensorScatter", 24, "mode='up'", { "F32[1,1,1] 1", "F32[1,1,1] 10" }, .error = "mode: 'up'" },
};

static const grad_case grads[] = {
    { "RotaryEmbedding", 23, NULL, { "F64[1,2,3,4] rand", "F64[5,2] rand", "F64[5,2] rand", "I64[1,3] 1 4 0" }, .wrt = "x..." },
    { "RotaryEmbedding", 23, "num_heads=2 interleaved=1", { "F64[2,3,12] rand", "F64[2,3,3] rand", "F64[2,3,3] rand" }, .wrt = "x.." },
    { "SwiGLU", 28, "alpha=1.5", { "F64[2,3] rand", "F64[2,3] rand" } },
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
