/* test_ops_generate.c - rows that make tensors: vectors, errors, and the properties of what is
 * drawn. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "op_harness.h"

static const op_case fixed[] = {
    { "Constant", 13, "value={F32[2] 1 2}", { NULL }, { "F32[2] 1 2" } },
    { "Constant", 13, "value_float=1.5", { NULL }, { "F32[] 1.5" } },
    { "Constant", 13, "value_floats=[1.0,2.0]", { NULL }, { "F32[2] 1 2" } },
    { "Constant", 13, "value_int=-3", { NULL }, { "I64[] -3" } },
    { "Constant", 13, "value_ints=[4,5]", { NULL }, { "I64[2] 4 5" } },
    { "Constant", 13, "value_string='x y'", { NULL }, { "STRING[] 'x y'" } },
    { "Constant", 13, "value_strings=['a','b']", { NULL }, { "STRING[2] 'a' 'b'" } },
    { "Constant", 23, "value={U4[3] 1 2 3}", { NULL }, { "U4[3] 1 2 3" } },
    { "Constant", 13, NULL, { NULL }, .error = "value: missing" },
    { "Constant", 13, "value_int=1 value_float=1.0", { NULL }, .error = "want one of them" },
    { "ConstantOfShape", 9, NULL, { "I64[2] 2 2" }, { "F32[2,2] 0 0 0 0" } },
    { "ConstantOfShape", 9, "value={I32[1] 7}", { "I64[1] 3" }, { "I32[3] 7 7 7" } },
    { "ConstantOfShape", 23, "value={I4[1] -2}", { "I64[1] 3" }, { "I4[3] -2 -2 -2" } },
    { "ConstantOfShape", 9, "value={F32[1] 2}", { "I64[0]" }, { "F32[] 2" } },
    { "ConstantOfShape", 9, NULL, { "I64[2] 0 3" }, { "F32[0,3]" } },
    { "ConstantOfShape", 9, NULL, { "I64[1] -1" }, .error = "shape: -1" },
    { "ConstantOfShape",
      9,
      "value={F32[2] 1 2}",
      { "I64[1] 1" },
      .error = "value: 2 elements, want 1" },
    { "EyeLike", 9, NULL, { "I32[2,3] 9 9 9 9 9 9" }, { "I32[2,3] 1 0 0 0 1 0" } },
    { "EyeLike", 9, "k=1 dtype=11", { "I32[2,3] 9 9 9 9 9 9" }, { "F64[2,3] 0 1 0 0 0 1" } },
    { "EyeLike", 9, "k=-1", { "F32[2,2] 9 9 9 9" }, { "F32[2,2] 0 0 1 0" } },
    { "EyeLike", 9, "k=9223372036854775807", { "F32[1,1] 9" }, { "F32[1,1] 0" } },
    { "EyeLike", 9, NULL, { "F32[2] 9 9" }, .error = "rank 1, want 2" },
    { "EyeLike", 9, "dtype=99", { "F32[1,1] 9" }, .error = "dtype: 99" },
    { "Range", 11, NULL, { "F32[] 1", "F32[] 5", "F32[] 2" }, { "F32[2] 1 3" } },
    { "Range", 11, NULL, { "I32[] 10", "I32[] 4", "I32[] -2" }, { "I32[3] 10 8 6" } },
    { "Range", 11, NULL, { "I64[] 3", "I64[] 3", "I64[] 1" }, { "I64[0]" } },
    { "Range", 11, NULL, { "F32[] 0", "F32[] 0.3", "F32[] 0.1" }, { "F32[3] 0 0.1 0.2" } },
    { "Range", 27, NULL, { "F16[] 0", "F16[] 3", "F16[] 1" }, { "F16[3] 0 1 2" } },
    { "Range", 11, NULL, { "I64[] 0", "I64[] 3", "I64[] 0" }, .error = "delta:" },
    { "Range", 11, NULL, { "F32[] 0", "F32[] nan", "F32[] 1" }, .error = "delta:" },
    { "Range", 11, NULL, { "F32[2] 0 0", "F32[] 3", "F32[] 1" }, .error = "want one element" },
};

static const op_case drawn[] = {
    { "RandomNormal", 1, "shape=[2,3] seed=1.0", { NULL }, { "?F32[2,3]" } },
    { "RandomNormal", 22, "shape=[2] dtype=16", { NULL }, { "?BF16[2]" } },
    { "RandomUniform", 1, "shape=[] dtype=11", { NULL }, { "?F64[]" } },
    { "RandomUniform", 1, "shape=[2] low=3.0 high=3.0", { NULL }, { "F32[2] 3 3" } },
    { "RandomNormal", 1, "shape=[2] mean=4.0 scale=0.0", { NULL }, { "F32[2] 4 4" } },
    { "RandomNormalLike", 1, NULL, { "F64[2,2] iota" }, { "?F64[2,2]" } },
    { "RandomUniformLike", 1, "dtype=10", { "I32[4] iota" }, { "?F16[4]" } },
    { "Bernoulli", 15, NULL, { "F32[4] 0 1 0 1" }, { "F32[4] 0 1 0 1" } },
    { "Bernoulli", 15, "dtype=9 seed=2.0", { "F64[2] 1 0" }, { "BOOL[2] 1 0" } },
    { "Multinomial", 7, "sample_size=3", { "F32[2,2] -inf 0 0 -inf" }, { "I32[2,3] 1 1 1 0 0 0" } },
    { "Multinomial", 7, "dtype=7", { "F32[1,2] 0 0" }, { "?I64[1,1]" } },
    { "RandomNormal", 1, "shape=[-1]", { NULL }, .error = "shape: -1" },
    { "RandomNormal", 1, "shape=[1] dtype=7", { NULL }, .error = "dtype: 7" },
    { "Multinomial", 7, NULL, { "F32[1,2] -inf -inf" }, .error = "no distribution" },
    { "Multinomial", 7, "sample_size=0", { "F32[1,2] 0 0" }, .error = "sample_size: 0" },
    { "Multinomial", 7, "dtype=1", { "F32[1,2] 0 0" }, .error = "dtype: 1" },
};

static void test_fixed(void **state)
{
    (void)state;
    OP_CASES_RUN(fixed);
}

static void test_drawn(void **state)
{
    (void)state;
    OP_CASES_RUN(drawn);
}

static const grad_case grads[] = {
    { "Range", 11, NULL, { "F64[] 0.5", "F64[] 3.2", "F64[] 0.7" }, "x0x" },
    { "Range", 27, NULL, { "F64[] 2", "F64[] -1.1", "F64[] -0.5" }, "x0x" },
};

static void test_grads(void **state)
{
    (void)state;
    GRAD_CASES_RUN(grads);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fixed),
        cmocka_unit_test(test_grads),
        cmocka_unit_test(test_drawn),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
