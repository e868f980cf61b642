/* test_ops_norm.c - normalisation and dropout: vectors, errors and gradients. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "op_harness.h"

/* clang-format off */
static const op_case batch[] = {
    { "BatchNormalization", 15, "epsilon=0.0", { "F32[1,2,2] 1 2 3 4", "F32[2] 1 2", "F32[2] 0 1", "F32[2] 1 3", "F32[2] 1 4" }, { "F32[1,2,2] 0 1 1 2" } },
    { "BatchNormalization", 9, "epsilon=0.0", { "F64[2,1] 1 3", "F64[1] 2", "F64[1] 1", "F64[1] 1", "F64[1] 4" }, { "F64[2,1] 1 3" } },
    { "BatchNormalization", 15, "epsilon=0.0 training_mode=1 momentum=0.5", { "F32[2,1,1] 1 3", "F32[1] 2", "F32[1] 1", "F32[1] 4", "F32[1] 5" },
      { "F32[2,1,1] -1 3", "F32[1] 3", "F32[1] 3" } },
    { "BatchNormalization", 9, "epsilon=0.0 momentum=0.5", { "F32[2,1,1] 1 3", "F32[1] 2", "F32[1] 1", "F32[1] 4", "F32[1] 5" },
      { "F32[2,1,1] -1 3", "F32[1] 3", "F32[1] 3", "F32[1] 2", "F32[1] 1" } },
    { "BatchNormalization", 7, "epsilon=0.0 spatial=0", { "F32[1,1,2] 1 2", "F32[1,2] 1 2", "F32[1,2] 0 1", "F32[1,2] 0 1", "F32[1,2] 1 4" }, { "F32[1,1,2] 1 2" } },
    { "BatchNormalization", 9, "spatial=1", { "F32[1,1,1] 1", "F32[1] 1", "F32[1] 1", "F32[1] 1", "F32[1] 1" }, .error = "attribute spatial: not defined" },
    { "BatchNormalization", 6, "is_test=1 epsilon=0.0", { "F32[1,1,1] 5", "F32[1] 1", "F32[1] 1", "F32[1] 1", "F32[1] 4" }, { "F32[1,1,1] 3" } },
    { "BatchNormalization", 1, "is_test=1 epsilon=0.0 consumed_inputs=[0,0,0,1,1]", { "F32[1,1,1] 5", "F32[1] 1", "F32[1] 1", "F32[1] 1", "F32[1] 4" }, { "F32[1,1,1] 3" } },
    { "BatchNormalization", 15, "epsilon=0.0", { "F16[1,1,2] 1 2", "F32[1] 1", "F32[1] 0", "F32[1] 1", "F32[1] 1" }, { "F16[1,1,2] 0 1" } },
    { "BatchNormalization", 15, NULL, { "F32[1,2,1] 1 2", "F32[1] 1", "F32[2] 0 1", "F32[2] 1 3", "F32[2] 1 4" }, .error = "channels" },
    { "ofz:BatchNormTrain", 15, "epsilon=0.0 momentum=0.5 unbiased=1", { "F32[2,1,1] 1 3", "F32[1] 2", "F32[1] 1", "F32[1] 4", "F32[1] 5" },
      { "F32[2,1,1] -1 3", "F32[1] 3", "F32[1] 3.5", "F32[1] 2", "F32[1] 1" } },
};

static const op_case rows[] = {
    { "LayerNormalization", 17, "epsilon=0.0", { "F32[2,2] 1 3 -2 2", "F32[2] 1 10", "F32[2] 5 0" }, { "F32[2,2] 4 10 4 10", "F32[2,1] 2 0", "F32[2,1] 1 0.5" } },
    { "LayerNormalization", 1, "epsilon=0.0", { "F32[2,2] 1 3 -2 2", "F32[2] 1 10", "F32[2] 5 0" }, { "F32[2,2] 4 10 4 10", "F32[2,1] 2 0", "F32[2,1] 1 0.5" } },
    { "LayerNormalization", 17, "epsilon=0.0 axis=0", { "F32[2,2] 1 1 3 3", "F32[1,2] 1 10" }, { "F32[2,2] -1 -10 1 10", "F32[1,1] 2" } },
    { "LayerNormalization", 17, "epsilon=0.0", { "F64[2,2] 1 3 -2 2", "F64[2,1] 1 10" }, { "F64[2,2] -1 1 -10 10" } },
    { "LayerNormalization", 17, "epsilon=0.0 stash_type=16", { "BF16[1,2] 1 3", "BF16[2] 1 1" }, { "BF16[1,2] -1 1", "BF16[1,1] 2" } },
    { "LayerNormalization", 17, "axis=2", { "F32[2,2] 1 3 -2 2", "F32[2] 1 10" }, .error = "axis: 2" },
    { "LayerNormalization", 17, NULL, { "F32[2,2] 1 3 -2 2", "F32[3] 1 10 1" }, .error = "input 1: axis 0 of 3" },
    { "RMSNormalization", 23, "epsilon=0.0", { "F32[1,2] 3 3", "F32[2] 1 2" }, { "F32[1,2] 1 2" } },
    { "RMSNormalization", 23, "epsilon=0.0", { "F16[1,2] 3 3", "F32[2] 1 2" }, { "F32[1,2] 1 2" } },
    { "InstanceNormalization", 6, "epsilon=0.0", { "F32[1,2,2] 1 3 2 6", "F32[2] 1 10", "F32[2] 5 0" }, { "F32[1,2,2] 4 6 -10 10" } },
    { "InstanceNormalization", 6, NULL, { "F32[1,2,2] 1 3 2 6", "F32[3] 1 10 1", "F32[2] 5 0" }, .error = "scale" },
    { "GroupNormalization", 18, "epsilon=0.0 num_groups=1", { "F32[1,2,1] 1 3", "F32[1] 2", "F32[1] 5" }, { "F32[1,2,1] 3 7" } },
    { "GroupNormalization", 21, "epsilon=0.0 num_groups=1", { "F32[1,2,1] 1 3", "F32[2] 2 4", "F32[2] 5 6" }, { "F32[1,2,1] 3 10" } },
    { "GroupNormalization", 21, "num_groups=3", { "F32[1,2,1] 1 3", "F32[2] 2 4", "F32[2] 5 6" }, .error = "num_groups: 3" },
};

static const op_case axes[] = {
    { "LRN", 13, "size=3 alpha=3.0 beta=1.0 bias=1.0", { "F32[1,4,1] 1 2 3 4" }, { "F32[1,4,1] 0.16666667 0.13333333 0.1 0.15384615" } },
    { "LRN", 1, "size=2 alpha=2.0 beta=1.0", { "F64[1,2,2] 1 2 3 4" }, { "F64[1,2,2] 0.090909090909 0.095238095238 0.3 0.235294117647" } },
    { "LRN", 13, "size=9223372036854775807 alpha=0.0", { "F32[1,2,1] 1 2" }, { "F32[1,2,1] 1 2" } },
    { "LRN", 13, "size=0", { "F32[1,2,1] 1 2" }, .error = "size: 0" },
    { "LpNormalization", 1, NULL, { "F32[2,2] 3 4 0 0" }, { "F32[2,2] 0.6 0.8 0 0" } },
    { "LpNormalization", 22, "p=1 axis=0", { "F16[2,2] 1 4 -3 4" }, { "F16[2,2] 0.25 0.5 -0.75 0.5" } },
    { "LpNormalization", 22, "p=3", { "F32[2] 1 1" }, .error = "p: 3" },
    { "MeanVarianceNormalization", 13, "axes=[1]", { "F32[2,2] 1 3 2 6" }, { "F32[2,2] -1 1 -1 1" } },
    { "MeanVarianceNormalization", 9, NULL, { "F32[1,1,2,1] 1 3" }, { "F32[1,1,2,1] -1 1" } },
    { "MeanVarianceNormalization", 9, "axes=[0,0]", { "F32[2] 1 3" }, .error = "ax" },
};

static const op_case dropout[] = {
    { "Dropout", 7, "ratio=0.9", { "F32[3] 1 2 3" }, { "F32[3] 1 2 3", "F32[3] 1 1 1" } },
    { "Dropout", 10, NULL, { "F16[3] 1 2 3" }, { "F16[3] 1 2 3", "BOOL[3] 1 1 1" } },
    { "Dropout", 6, "is_test=1", { "F32[3] 1 2 3" }, { "F32[3] 1 2 3" } },
    { "Dropout", 13, NULL, { "F32[3] 1 2 3" }, { "F32[3] 1 2 3", "BOOL[3] 1 1 1" } },
    { "Dropout", 13, "seed=0", { "F32[3] 1 2 3", "F32[] 0.75", "BOOL[] 0" }, { "F32[3] 1 2 3", "BOOL[3] 1 1 1" } },
    { "Dropout", 13, "seed=0", { "F32[3] 1 2 3", "F32[] 0.0", "BOOL[] 1" }, { "F32[3] 1 2 3", "BOOL[3] 1 1 1" } },
    /* numpy.random.seed(0): 0.5488 0.7152 0.6028 0.5449 */
    { "Dropout", 12, "seed=0", { "F32[4] 1 2 3 4", "F64[] 0.55", "BOOL[] 1" }, { "F32[4] 0 4.444444 6.666667 0", "BOOL[4] 0 1 1 0" } },
    { "Dropout", 12, "seed=0", { "F64[4] 1 2 3 4", "-", "BOOL[] 1" }, { "F64[4] 2 4 6 8" } },
    { "Dropout", 22, "seed=0", { "BF16[2] 1 2", "F32[] 1", "BOOL[] 1" }, { "BF16[2] 0 0", "BOOL[2] 0 0" } },
    { "Dropout", 13, "seed=0", { "F32[3] 1 2 3", "F32[] 1.5", "BOOL[] 1" }, .error = "ratio: 1.5" },
    { "ofz:Dropout", 13, "ratio=0.55 seed=0", { "F32[4] 1 2 3 4" }, { "F32[4] 0 4.444444 6.666667 0", "BOOL[4] 0 1 1 0" } },
};

static const grad_case grads[] = {
    { "BatchNormalization", 15, NULL, { "F64[3,2,2,2] rand", "F64[2] rand", "F64[2] rand", "F64[2] rand", "F64[2] rand(0.5,2)" } },
    { "BatchNormalization", 9, "epsilon=0.1", { "F64[3,2] rand", "F64[2] rand", "F64[2] rand", "F64[2] rand", "F64[2] rand(0.5,2)" } },
    { "BatchNormalization", 7, "spatial=0", { "F64[3,2,2] rand", "F64[2,2] rand", "F64[2,2] rand", "F64[2,2] rand", "F64[2,2] rand(0.5,2)" } },
    { "BatchNormalization", 15, "training_mode=1", { "F64[3,2,2,2] rand", "F64[2] rand", "F64[2] rand", "F64[2] rand", "F64[2] rand(0.5,2)" }, "xxx00" },
    { "BatchNormalization", 14, "training_mode=1", { "F64[5,3] rand", "F64[3] rand", "F64[3] rand", "F64[3] rand", "F64[3] rand(0.5,2)" }, "xxx00" },
    { "ofz:BatchNormTrain", 13, "unbiased=1", { "F64[3,2,4] rand", "F64[2] rand", "F64[2] rand", "F64[2] rand", "F64[2] rand(0.5,2)" }, "xxx00" },
    { "LayerNormalization", 17, NULL, { "F64[2,3,4] rand", "F64[4] rand", "F64[4] rand" } },
    { "LayerNormalization", 17, "axis=1", { "F64[2,3,4] rand", "F64[3,4] rand", "F64[3,4] rand" } },
    { "LayerNormalization", 17, "axis=1", { "F64[2,3,4] rand", "F64[4] rand", "F64[3,1] rand" } },
    { "LayerNormalization", 17, "axis=-1", { "F64[2,3] rand", "F64[2,1] rand" } },
    { "RMSNormalization", 23, NULL, { "F64[2,3,4] rand", "F64[4] rand" } },
    { "RMSNormalization", 23, "axis=1", { "F64[2,3,4] rand", "F64[1,4] rand" } },
    { "InstanceNormalization", 7, NULL, { "F64[2,3,4] rand", "F64[3] rand", "F64[3] rand" } },
    { "GroupNormalization", 18, "num_groups=2", { "F64[2,4,3] rand", "F64[2] rand", "F64[2] rand" } },
    { "GroupNormalization", 21, "num_groups=2", { "F64[2,4,3,2] rand", "F64[4] rand", "F64[4] rand" } },
    { "LRN", 13, "size=3 alpha=0.5 bias=2.0", { "F64[2,5,3] rand" } },
    { "LRN", 7, "size=4 alpha=0.5 beta=0.6", { "F64[1,6,2,2] rand" } },
    { "LpNormalization", 22, NULL, { "F64[3,4] rand" } },
    { "LpNormalization", 7, "p=1 axis=0", { "F64[3,4] mixed(0.2,2)" } },
    { "MeanVarianceNormalization", 13, "axes=[0,2]", { "F64[3,2,4] rand" } },
    { "MeanVarianceNormalization", 9, NULL, { "F64[3,2,2,2] rand" } },
    { "Dropout", 7, NULL, { "F64[3,4] rand" } },
    { "Dropout", 13, NULL, { "F64[3,4] rand" } },
    { "Dropout", 13, "seed=3", { "F64[3,4] rand", "F64[] 0.4", "BOOL[] 1" }, "x..", 2 },
    { "Dropout", 13, "seed=3", { "F64[3,4] rand", "F64[] 0.4", "BOOL[] 0" }, "x..", 2 },
    { "Dropout", 12, "seed=3", { "F64[3,4] rand", "-", "BOOL[] 1" }, "x..", 2 },
    { "ofz:Dropout", 13, "seed=3 ratio=0.4", { "F64[3,4] rand" }, "x", 2 },
    { "ofz:Dropout", 13, "seed=3", { "F64[3,4] rand", "F32[] 0.3" }, "x.", 2 },
};
/* clang-format on */

#define WALK(name, run, table)                                                                     \
    static void name(void **state)                                                                 \
    {                                                                                              \
        (void)state;                                                                               \
        run(table);                                                                                \
    }

WALK(test_batch, OP_CASES_RUN, batch)
WALK(test_rows, OP_CASES_RUN, rows)
WALK(test_axes, OP_CASES_RUN, axes)
WALK(test_dropout, OP_CASES_RUN, dropout)
WALK(test_grads, GRAD_CASES_RUN, grads)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_batch),   cmocka_unit_test(test_rows),  cmocka_unit_test(test_axes),
        cmocka_unit_test(test_dropout), cmocka_unit_test(test_grads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
