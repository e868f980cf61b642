/* test_ops_ms_norm.c - ONNX Runtime's layer normalisations: what its CPU cannot say, errors, gradients. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "op_harness.h"

/* clang-format off */
#define MS "com.microsoft:"
#define X "F32[1,2,2] 1 3 2 2"
#define EMBED(mask) "I32[1,2] 1 0", "I32[1,2] 0 0", "F32[2,2] 1 2 3 4", "F32[2,2] 0 1 1 0", "F32[1,2] 5 5", "F32[2] 1 1", "F32[2] 0 0", mask
#define TABLES(ids) ids, "I32[2,3] 0 1 1 0 0 1", "F64[4,2] rand", "F64[5,2] rand", "F64[2,2] rand", "F64[2] rand", "F64[2] rand"

static const op_case cases[] = {
    { "SimplifiedLayerNormalization", 1, "epsilon=0.0", { "F32[2,2] 3 4 -1 1", "F32[2] 1 10" }, { "F32[2,2] 0.84852814 11.313708 -1 10", "F32[2,1] 0.28284271 1" } },
    { "SimplifiedLayerNormalization", 1, "epsilon=0.0", { "F16[1,2] 3 4", "F16[2] 1 1" }, { "?", "F32[1,1] 0.28284271" } },
    { "SimplifiedLayerNormalization", 1, "axis=0 epsilon=0.0", { "F32[2,2] 1 1 -1 1", "F32[2,2] 1 2 3 4" }, { "F32[2,2] 1 2 -3 4", "F32[1,1] 1" } },
    { "SimplifiedLayerNormalization", 1, "stash_type=11", { "F32[2,2] 3 4 -1 1", "F32[2] 1 10" }, .error = "stash_type other than 1: set" },
    { "SimplifiedLayerNormalization", 1, "axis=3", { "F32[2,2] 3 4 -1 1", "F32[2] 1 10" }, .error = "axis" },

    { MS "SkipLayerNormalization", 1, "epsilon=0.0", { "F32[1,1,2] 1 2", "F32[1,1,2] 0 1", "F32[2] 1 1", "F32[2] 0 1", "F32[2] 0 2" },
      { "F32[1,1,2] -1 2", "F32[1,1,1] 3", "F32[1,1,1] 0.5", "F32[1,1,2] 1 5" } },
    { MS "SkipSimplifiedLayerNormalization", 1, "epsilon=0.0", { "F32[1,2] 1 2", "F32[1,2] 2 2", "F32[2] 1 1" },
      { "F32[1,2] 0.84852814 1.1313708", "-", "F32[1,1] 0.28284271", "F32[1,2] 3 4" } },
    { MS "SkipLayerNormalization", 1, NULL, { X, X, "F32[3] 1 1 1" }, .error = "gamma: dim 0 is 3, want 2" },
    { MS "SkipLayerNormalization", 1, NULL, { X, X, "F32[2] 1 1", "F32[1] 1" }, .error = "beta: dim 0 is 1, want 2" },
    { MS "SkipLayerNormalization", 1, NULL, { X, X, "F32[2] 1 1", "-", "F32[1,2] 1 1" }, .error = "bias: rank 2, want 1" },
    { MS "SkipLayerNormalization", 1, NULL, { X, "F32[1,2,1] 1 1", "F32[2] 1 1" }, .error = "skip: dim -1 is 1, want 2" },
    { MS "SkipSimplifiedLayerNormalization", 1, NULL, { X, X, "F32[2] 1 1" }, { "?", "?" }, .error = "output mean: set, want it left out" },

    { MS "EmbedLayerNormalization", 1, "epsilon=0.0", { EMBED("I32[1,2] 1 0") }, { "?", "I32[1] 1", "F32[1,2,2] 8 10 7 7" } },
    { MS "EmbedLayerNormalization", 1, NULL, { EMBED("-"), "I32[1,2] 1 1" }, { "?", "I32[1] 0", "F32[1,2,2] 9 9 7 7" } },
    { MS "EmbedLayerNormalization", 1, NULL, { "I64[1,2] 1 0", "-", "F32[2,2] 1 2 3 4", "F32[2,2] 0 1 1 0", "-", "F32[2] 1 1", "F32[2] 0 0" }, { "?", "-", "F32[1,2,2] 3 5 2 2" } },
    { MS "EmbedLayerNormalization", 1, NULL, { "I32[1,2] 1 0", "-", "F32[2,2] 1 2 3 4", "F32[2,2] 0 1 1 0", "F32[1,2] 5 5", "F32[2] 1 1", "F32[2] 0 0" }, .error = "want both or none" },
    { MS "EmbedLayerNormalization", 1, NULL, { "I32[1,2] 1 0", "-", "F32[2,2] 1 2 3 4", "-" }, .error = "input 3: missing" },
    { MS "EmbedLayerNormalization", 1, NULL, { "I32[1,2] 1 2", "-", "F32[2,2] 1 2 3 4", "F32[2,2] 0 1 1 0", "-", "F32[2] 1 1", "F32[2] 0 0" }, .error = "Gather: " },
    { MS "EmbedLayerNormalization", 1, NULL, { "I32[1,3] 1 0 0", "-", "F32[2,2] 1 2 3 4", "F32[2,2] 0 1 1 0", "-", "F32[2] 1 1", "F32[2] 0 0" }, .error = "Gather: " },
    { MS "EmbedLayerNormalization", 1, NULL, { "I32[2] 1 0", "-", "F32[2,2] 1 2 3 4", "F32[2,2] 0 1 1 0", "-", "F32[2] 1 1", "F32[2] 0 0" }, .error = "input_ids: rank 1, want 2" },

    { MS "GroupNorm", 1, "activation=0 groups=2 epsilon=0.0", { "F32[1,2,1,2] 1 10 3 30", "F32[2] 1 1", "F32[2] 0 5" }, { "F32[1,2,1,2] -1 4 1 6" } },
    { MS "GroupNorm", 1, "activation=1 groups=1 epsilon=0.0 channels_last=0", { "F32[1,2,1,2] 1 1 3 3", "F32[2] 1 1", "F32[2] 0 0" }, { "F32[1,2,1,2] -0.26894142 -0.26894142 0.73105858 0.73105858" } },
    { MS "GroupNorm", 1, "activation=2 groups=1", { "F32[1,2,1,2] 1 1 3 3", "F32[2] 1 1", "F32[2] 0 0" }, .error = "activation: 2, want 0 or 1" },
    { MS "GroupNorm", 1, "groups=1", { "F32[1,2,1,2] 1 1 3 3", "F32[2] 1 1", "F32[2] 0 0" }, .error = "activation: missing" },
};

static const grad_case grads[] = {
    { "SimplifiedLayerNormalization", 17, NULL, { "F64[2,3,4] rand", "F64[4] rand" } },
    { "SimplifiedLayerNormalization", 17, "axis=1", { "F64[2,3,4] rand", "F64[3,4] rand" }, .outs = 2 },
    { MS "SkipLayerNormalization", 1, "epsilon=0.001", { "F64[2,3,4] rand", "F64[2,3,4] rand", "F64[4] rand", "F64[4] rand", "F64[4] rand" } },
    { MS "SkipLayerNormalization", 1, "epsilon=0.001", { "F64[2,3,4] rand", "F64[3,4] rand", "F64[4] rand" } },
    { MS "SkipSimplifiedLayerNormalization", 1, "epsilon=0.001", { "F64[2,3,4] rand", "F64[2,3,4] rand", "F64[4] rand", "F64[4] rand" } },
    { MS "EmbedLayerNormalization", 1, "epsilon=0.01", { TABLES("I32[2,3] 3 0 0 1 2 3") } },
    { MS "EmbedLayerNormalization", 1, "epsilon=0.01", { TABLES("I32[2,3] 3 0 0 1 2 3"), "-", "I32[2,3] 4 0 0 1 2 3" } },
    { MS "GroupNorm", 1, "activation=1 groups=2", { "F64[2,3,2,4] rand", "F64[4] rand", "F64[4] rand" } },
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
