/* test_ops_training.c - steps of optimizers of ai.onnx.preview.training: vectors and errors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "op_harness.h"

/* clang-format off */
#define AG "ai.onnx.preview.training:Adagrad", 1
#define AD "ai.onnx.preview.training:Adam", 1
#define MO "ai.onnx.preview.training:Momentum", 1
#define STANDARD "norm_coefficient=0.0 alpha=0.5 beta=0.25 mode='standard'"

static const op_case cases[] = {
    { AG, "epsilon=0.0", { "F32[] 0.5", "I64[] 0", "F32[2] 1 2", "F32[2] 3 -4", "F32[2] 16 0" }, { "F32[2] 0.7 2.5", "F32[2] 25 16" } },
    { AG, "epsilon=1.0 norm_coefficient=2.0 decay_factor=0.5", { "F64[1] 3", "I64[1] 4", "F64[1] 1", "F64[1] 1", "F64[1] 0" }, { "F64[1] 0.25", "F64[1] 9" } },
    { AG, "epsilon=0.0", { "F32[] 1", "I64[] 0", "F32[1] 1", "F64[2] 1 1", "F32[1] 2", "F64[2] 3 4", "F32[1] 0", "F64[2] 0 0" },
      { "F32[1] 0", "F64[2] 0 0", "F32[1] 4", "F64[2] 9 16" } },
    { AG, NULL, { "F32[] 1", "I64[] 0", "F32[0]", "F32[0]", "F32[0]" }, { "F32[0]", "-" } },
    { AG, NULL, { "F32[] 1", "I64[] 0", "F32[1] 1", "F32[1] 1" }, .error = "inputs: 2 behind R and T, want a multiple of 3" },
    { AG, NULL, { "F32[] 1", "I64[] 0", "F32[1] 1", "F64[1] 1", "F32[1] 1" }, .error = "input 3: float64, want float32" },
    { AG, NULL, { "F32[] 1", "I64[] 0", "F32[1] 1", "F32[2] 1 1", "F32[1] 1" }, .error = "tensor and its gradient or state" },
    { AG, NULL, { "F32[] 1", "I64[] 0", "F32[1] 1", "-", "F32[1] 1" }, .error = "input 3: missing" },
    { AG, NULL, { "F32[] 1", "I64[] 0", "I32[1] 1", "I32[1] 1", "I32[1] 1" }, .error = "input 2 (inputs): int32, want float32 or float64" },
    { AG, NULL, { "F32[2] 1 1", "I64[] 0", "F32[1] 1", "F32[1] 1", "F32[1] 1" }, .error = "input 0" },
    { AG, NULL, { "F32[] 1", "I64[] 0", "F32[1] 1", "F32[1] 1", "F32[1] 1" }, { "?", "?", "?" }, .error = "outputs: 3, want 2" },

    { AD, "alpha=0.5 beta=0.75 epsilon=0.0", { "F32[] 1", "I64[] 0", "F32[1] 1", "F32[1] 2", "F32[1] 0", "F32[1] 20" }, { "F32[1] 0.75", "F32[1] 1", "F32[1] 16" } },
    { AD, "alpha=0.5 beta=0.75 epsilon=0.0", { "F32[] 1", "I64[] 1", "F32[1] 1", "F32[1] 2", "F32[1] 0", "F32[1] 20" }, { "F32[1] 0.75", "F32[1] 1", "F32[1] 16" } },
    { AD, "alpha=0.5 beta=0.75 epsilon=1.0 norm_coefficient=1.0 norm_coefficient_post=0.5", { "F64[] 1", "I64[] 2", "F64[1] 1", "F64[1] 1", "F64[1] 2", "F64[1] 4" },
      { "F64[1] 0.206027632", "F64[1] 2", "F64[1] 4" } },
    { AD, NULL, { "F32[] 1", "I64[] 0", "F32[1] 1", "F32[1] 2", "F32[1] 0" }, .error = "inputs: 3 behind R and T, want a multiple of 4" },

    { MO, STANDARD, { "F32[] 0.5", "I64[] 0", "F32[1] 1", "F32[1] 2", "F32[1] 4" }, { "F32[1] -1", "F32[1] 4" } },
    { MO, STANDARD, { "F32[] 0.5", "I64[] 3", "F32[1] 1", "F32[1] 2", "F32[1] 4" }, { "F32[1] -0.25", "F32[1] 2.5" } },
    { MO, "norm_coefficient=1.0 alpha=0.5 beta=0.25 mode='nesterov'", { "F64[] 0.5", "I64[] 1", "F64[1] 1", "F64[1] 1", "F64[1] 4" }, { "F64[1] -0.625", "F64[1] 2.5" } },
    { MO, "norm_coefficient=1.0 alpha=0.5 beta=0.25 mode='fast'", { "F32[] 0.5", "I64[] 1", "F32[1] 1", "F32[1] 1", "F32[1] 4" }, .error = "mode: 'fast', want standard or nesterov" },
    { MO, "norm_coefficient=1.0 alpha=0.5 beta=0.25", { "F32[] 0.5", "I64[] 1", "F32[1] 1", "F32[1] 1", "F32[1] 4" }, .error = "attribute mode: missing" },

    /* what computes it is put in its place before a run, in the model's own graph */
    { "ai.onnx.preview.training:Gradient", 1, "xs=['x'] y='y'", { "F32[1] 1" }, .error = "no evaluation" },
    { "ai.onnx.preview.training:Gradient", 1, "xs=['x']", { "F32[1] 1" }, .error = "attribute y: missing" },
};
/* clang-format on */

static void test_steps(void **state)
{
    (void)state;
    OP_CASES_RUN(cases);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_steps) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
