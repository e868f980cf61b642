/* test_ops_loss.c - losses: vectors, errors and gradients. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "op_harness.h"

/* clang-format off */
static const op_case classes[] = {
    { "SoftmaxCrossEntropyLoss", 13, NULL, { "F32[2,2] 0 0 0 0", "I64[2] 0 1" }, { "F32[] 0.69314718", "F32[2,2] -0.69314718 -0.69314718 -0.69314718 -0.69314718" } },
    { "SoftmaxCrossEntropyLoss", 12, "reduction='none'", { "F32[2,2] 100 0 0 1000", "I32[2] 1 1" }, { "F32[2] 100 0" } },
    { "SoftmaxCrossEntropyLoss", 13, "reduction='sum' ignore_index=1", { "F64[2,2] 0 0 0 0", "I64[2] 0 1" }, { "F64[] 0.69314718055994530" } },
    { "SoftmaxCrossEntropyLoss", 13, "ignore_index=-1", { "F32[2,2] 0 0 0 0", "I64[2] 0 -1", "F32[2] 4 1" }, { "F32[] 0.69314718" } },
    { "SoftmaxCrossEntropyLoss", 13, NULL, { "F16[1,2,2] 0 0 0 0", "I64[1,2] 0 1" }, { "F16[] 0.693359375" } },
    { "SoftmaxCrossEntropyLoss", 13, NULL, { "F32[2,2] 0 0 0 0", "I64[2] 0 2" }, .error = "label 2 at sample 1 of the batch: want within [0, 2)" },
    { "SoftmaxCrossEntropyLoss", 13, NULL, { "F32[2,2] 0 0 0 0", "I64[2] 0 -1" }, .error = "label -1 at sample 1" },
    { "SoftmaxCrossEntropyLoss", 13, NULL, { "F32[2,2] 0 0 0 0", "I64[2,1] 0 1" }, .error = "labels: rank 2, want 1" },
    { "SoftmaxCrossEntropyLoss", 13, "reduction='avg'", { "F32[2,2] 0 0 0 0", "I64[2] 0 1" }, .error = "reduction: 'avg'" },
    { "NegativeLogLikelihoodLoss", 13, "reduction='none'", { "F32[1,2,2] -1 -2 -3 -4", "I64[1,2] 0 1" }, { "F32[1,2] 1 4" } },
    { "NegativeLogLikelihoodLoss", 22, NULL, { "F32[2,2] -1 -2 -3 -4", "I32[2] 0 1", "F32[2] 1 3" }, { "F32[] 3.25" } },
    { "NegativeLogLikelihoodLoss", 12, "ignore_index=0", { "F32[2,2] -1 -2 -3 -4", "I64[2] 0 1" }, { "F32[] 4" } },
    { "ofz:CrossEntropy", 13, NULL, { "F32[2,3] 0 0 0 0 0 0", "I64[2] 0 2" }, { "F32[] 1.09861229" } },
    { "ofz:CrossEntropy", 13, NULL, { "F32[2,3] 0 0 0 5 0 0", "U8[2] 2 0" }, { "F32[] 0.5559991" } },
    { "ofz:CrossEntropy", 13, NULL, { "F32[2,3] 0 0 0 5 0 0", "I64[2] 1 -100" }, { "F32[] 1.09861229" } },
    { "ofz:CrossEntropy", 13, NULL, { "F32[1,3] 0 0 0", "I64[1] -100" }, { "F32[] 0" } },
    { "ofz:CrossEntropy", 13, NULL, { "F32[1,2] 0 0", "F32[1,2] 0.5 0.5" }, { "F32[] 0.69314718" } },
    { "ofz:CrossEntropy", 13, "axis=-1", { "F32[1,2,2] 0 0 0 100", "I64[1,2] 0 0" }, { "F32[] 50.34657359" } },
    { "ofz:CrossEntropy", 13, NULL, { "F32[4,10] rand", "I64[4] 0 1 2 12" }, .error = "label 12 at sample 3 of the batch: want within [0, 10)" },
    { "ofz:CrossEntropy", 13, NULL, { "F32[1,2] 0 0", "F32[1,3] 0.5 0.5 0" }, .error = "probabilities" },
    { "ofz:CrossEntropy", 13, NULL, { "F32[2,2] 0 0 0 0", "I64[1] 0" }, .error = "labels" },
};

static const op_case elements[] = {
    { "ofz:MseLoss", 13, NULL, { "F32[2] 1 5", "F32[2,1] 3 4" }, { "F32[] 2.5" } },
    { "ofz:L1Loss", 13, NULL, { "F64[2] 1 5", "I64[2] 3 4" }, { "F64[] 1.5" } },
    { "ofz:HuberLoss", 13, NULL, { "F32[2] 0 0", "F32[2] 3 0.5" }, { "F32[] 1.3125" } },
    { "ofz:HuberLoss", 13, "delta=2.0", { "F32[1] 0", "F32[1] 3" }, { "F32[] 4" } },
    { "ofz:BceLoss", 13, NULL, { "F32[2] 0.5 0", "F32[2] 1 1" }, { "F32[] 50.346574" } },
    { "ofz:BceLogitsLoss", 13, NULL, { "F32[2] 0 -1000", "BOOL[2] 1 0" }, { "F32[] 0.346574" } },
    { "ofz:BceLoss", 13, NULL, { "F32[2] 0.5 1.5", "F32[2] 1 1" }, .error = "prediction 1: 1.5, want a probability" },
    { "ofz:MseLoss", 13, NULL, { "F32[2] 1 5", "F32[3] 3 4 5" }, .error = "targets: 3 elements, want 2" },
};

static const grad_case grads[] = {
    { "SoftmaxCrossEntropyLoss", 13, NULL, { "F64[3,4] rand", "I64[3] 0 3 2" } },
    { "SoftmaxCrossEntropyLoss", 13, "reduction='none'", { "F64[2,3,2] rand", "I64[2,2] 0 1 2 1", "F64[3] rand(0.5,2)" }, "x." },
    { "SoftmaxCrossEntropyLoss", 12, "reduction='sum' ignore_index=1", { "F64[2,3,2] rand", "I64[2,2] 0 1 2 1" } },
    { "SoftmaxCrossEntropyLoss", 12, "ignore_index=5", { "F64[3,3] rand", "I32[3] 0 5 2", "F64[3] rand(0.5,2)" }, "x.." },
    { "NegativeLogLikelihoodLoss", 13, NULL, { "F64[3,4] rand", "I64[3] 0 3 2" } },
    { "NegativeLogLikelihoodLoss", 22, "reduction='none' ignore_index=0", { "F64[2,3,2] rand", "I64[2,2] 0 1 2 1", "F64[3] rand(0.5,2)" }, "x.." },
    { "NegativeLogLikelihoodLoss", 12, "reduction='sum'", { "F64[3,4] rand", "I64[3] 0 3 2" } },
    { "ofz:CrossEntropy", 13, NULL, { "F64[3,4] rand", "I64[3] 0 3 2" } },
    { "ofz:CrossEntropy", 13, NULL, { "F64[2,4,2] rand", "I32[2,2] 0 3 -100 2" } },
    { "ofz:CrossEntropy", 13, "axis=-1", { "F64[2,2,4] rand", "I32[2,2] 0 3 -100 2" } },
    { "ofz:CrossEntropy", 13, NULL, { "F64[2,3] rand", "F64[2,3] rand(0,1)" }, "x." },
    { "ofz:MseLoss", 13, NULL, { "F64[2,3] rand", "F64[2,3] rand" }, "x." },
    { "ofz:L1Loss", 13, NULL, { "F64[2,3] rand", "F64[2,3] rand" }, "x." },
    { "ofz:HuberLoss", 13, "delta=0.7", { "F64[2,3] rand", "F64[2,3] rand" }, "x." },
    { "ofz:BceLoss", 13, NULL, { "F64[2,3] rand(0.1,0.9)", "F64[2,3] rand(0,1)" }, "x." },
    { "ofz:BceLogitsLoss", 13, NULL, { "F64[2,3] rand", "F64[2,3] rand(0,1)" }, "x." },
};
/* clang-format on */

#define WALK(name, run, table)                                                                     \
    static void name(void **state)                                                                 \
    {                                                                                              \
        (void)state;                                                                               \
        run(table);                                                                                \
    }

WALK(test_classes, OP_CASES_RUN, classes)
WALK(test_elements, OP_CASES_RUN, elements)
WALK(test_grads, GRAD_CASES_RUN, grads)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_classes),
        cmocka_unit_test(test_elements),
        cmocka_unit_test(test_grads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
