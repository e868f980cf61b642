/* test_ops_conv.c - convolutions and pools: vectors, errors and gradients. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "op_harness.h"

/* clang-format off */
static const op_case conv[] = {
    { "Conv", 11, "kernel_shape=[3]", { "F32[1,1,5] 1 2 3 4 5", "F32[1,1,3] 1 0 -1" }, { "F32[1,1,3] -2 -2 -2" } },
    { "Conv", 11, "pads=[1,1]", { "F32[1,1,3] 1 2 3", "F32[1,1,3] 1 1 1", "F32[1] 10" }, { "F32[1,1,3] 13 16 15" } },
    { "Conv", 11, "pads=[2,0]", { "F32[1,1,3] 1 2 3", "F32[1,1,3] 1 10 100" }, { "F32[1,1,3] 100 210 321" } },
    { "Conv", 11, "auto_pad='SAME_UPPER' strides=[2]", { "F32[1,1,4] 1 2 3 4", "F32[1,1,3] 1 10 100" }, { "F32[1,1,2] 321 43" } },
    { "Conv", 11, "auto_pad='SAME_LOWER' strides=[2]", { "F32[1,1,4] 1 2 3 4", "F32[1,1,3] 1 10 100" }, { "F32[1,1,2] 210 432" } },
    { "Conv", 11, "auto_pad='VALID'", { "F32[1,1,4] 1 2 3 4", "F32[1,1,3] 1 10 100" }, { "F32[1,1,2] 321 432" } },
    { "Conv", 1, "dilations=[2]", { "F32[1,1,5] 1 2 3 4 5", "F32[1,1,2] 1 10" }, { "F32[1,1,3] 31 42 53" } },
    { "Conv", 11, "group=2", { "F32[1,2,1,1] 2 3", "F32[2,1,1,1] 10 100", "F32[2] 1 2" }, { "F32[1,2,1,1] 21 302" } },
    { "Conv", 11, "group=2", { "F64[1,4,1] 1 2 3 4", "F64[2,2,1] 1 10 1 10" }, { "F64[1,2,1] 21 43" } },
    { "Conv", 22, NULL, { "BF16[1,1,2] 1 2", "BF16[1,1,2] 1 1" }, { "BF16[1,1,1] 3" } },
    { "Conv", 11, NULL, { "F16[1,1,2] 1 2", "F16[1,1,2] 1 1" }, { "F16[1,1,1] 3" } },
    { "Conv", 11, NULL, { "F32[1,1,2,2,2] iota", "F32[1,1,2,2,2] 1 1 1 1 1 1 1 1" }, { "F32[1,1,1,1,1] 28" } },
    { "Conv", 11, NULL, { "F32[0,1,2] ", "F32[1,1,2] 1 1" }, { "F32[0,1,1]" } },
    { "Conv", 11, NULL, { "F32[1,2,2] iota", "F32[1,1,2] 1 1" }, .error = "input channels: 2" },
    { "Conv", 11, "group=2", { "F32[1,2,2] iota", "F32[3,1,1] 1 1 1" }, .error = "want a multiple of group 2" },
    { "Conv", 11, "group=0", { "F32[1,2,2] iota", "F32[3,1,1] 1 1 1" }, .error = "group: 0" },
    { "Conv", 11, "kernel_shape=[3]", { "F32[1,1,3] iota", "F32[1,1,2] 1 1" }, .error = "kernel_shape[0]: 3, want 2" },
    { "Conv", 11, "strides=[0]", { "F32[1,1,3] iota", "F32[1,1,2] 1 1" }, .error = "strides[0]: 0" },
    { "Conv", 11, "strides=[1,1]", { "F32[1,1,3] iota", "F32[1,1,2] 1 1" }, .error = "strides: 2 numbers, want 1" },
    { "Conv", 11, "pads=[-1,0]", { "F32[1,1,3] iota", "F32[1,1,2] 1 1" }, .error = "pads[0]: -1" },
    { "Conv", 11, "auto_pad='SAME'", { "F32[1,1,3] iota", "F32[1,1,2] 1 1" }, .error = "auto_pad: 'SAME'" },
    { "Conv", 11, NULL, { "F32[1,1,1] iota", "F32[1,1,2] 1 1" }, .error = "padded size 1, want at least the kernel's 2" },
    { "Conv", 11, NULL, { "F32[1,1,3] iota", "F32[1,1,2] 1 1", "F32[2] 1 1" }, .error = "bias" },
    { "Conv", 11, NULL, { "F32[1,3] iota", "F32[1,1,2] 1 1" }, .error = "rank 2, want at least 3" },
    { "ConvTranspose", 11, NULL, { "F32[1,1,2] 1 2", "F32[1,1,3] 1 10 100" }, { "F32[1,1,4] 1 12 120 200" } },
    { "ConvTranspose", 11, "strides=[2] pads=[1,0] output_padding=[1]", { "F32[1,1,2] 1 2", "F32[1,1,3] 1 10 100", "F32[1] 1000" }, { "F32[1,1,5] 1010 1102 1020 1200 1000" } },
    { "ConvTranspose", 1, "group=2", { "F32[1,2,1] 2 3", "F32[2,1,2] 1 10 1 10" }, { "F32[1,2,2] 2 20 3 30" } },
    { "ConvTranspose", 11, "strides=[2] output_shape=[4]", { "F32[1,1,2] 1 2", "F32[1,1,3] 1 10 100" }, { "F32[1,1,4] 10 102 20 200" } },
    { "ConvTranspose", 11, "strides=[2] auto_pad='SAME_UPPER'", { "F32[1,1,2] 1 2", "F32[1,1,3] 1 10 100" }, { "F32[1,1,4] 1 10 102 20" } },
    { "ConvTranspose", 11, "pads=[4,0]", { "F32[1,1,2] 1 2", "F32[1,1,3] 1 10 100" }, .error = "output size 0" },
    { "ConvTranspose", 11, NULL, { "F32[1,2,2] iota", "F32[1,1,3] 1 10 100" }, .error = "input channels" },
};

static const op_case pools[] = {
    { "MaxPool", 12, "kernel_shape=[2]", { "F32[1,1,4] 1 3 2 nan" }, { "F32[1,1,3] 3 3 nan", "I64[1,1,3] 1 1 3" } },
    { "MaxPool", 12, "kernel_shape=[2,2] strides=[2,2]", { "F32[1,2,2,2] 1 2 3 4 8 7 6 5" }, { "F32[1,2,1,1] 4 8", "I64[1,2,1,1] 3 4" } },
    { "MaxPool", 12, "kernel_shape=[2,2] storage_order=1", { "F32[1,1,2,3] 1 2 3 9 5 6" }, { "F32[1,1,1,2] 9 6", "I64[1,1,1,2] 1 5" } },
    { "MaxPool", 10, "kernel_shape=[3] strides=[2] ceil_mode=1", { "F32[1,1,4] 1 2 3 4" }, { "F32[1,1,2] 3 4" } },
    { "MaxPool", 10, "kernel_shape=[1] strides=[2] ceil_mode=1", { "F32[1,1,2] 1 2" }, { "F32[1,1,1] 1" } },
    { "MaxPool", 10, "kernel_shape=[2] dilations=[2] pads=[1,1]", { "F32[1,1,3] 1 5 2" }, { "F32[1,1,3] 5 2 5" } },
    { "MaxPool", 8, "kernel_shape=[2] auto_pad='SAME_LOWER'", { "F32[1,1,3] 1 5 2" }, { "F32[1,1,3] 1 5 5" } },
    { "MaxPool", 12, "kernel_shape=[2]", { "I8[1,1,3] -5 -7 -6" }, { "I8[1,1,2] -5 -6" } },
    { "MaxPool", 12, "kernel_shape=[2]", { "U8[1,1,3] 255 1 0" }, { "U8[1,1,2] 255 1" } },
    { "MaxPool", 22, "kernel_shape=[2]", { "BF16[1,1,3] 3 1 0" }, { "BF16[1,1,2] 3 1" } },
    { "MaxPool", 1, "kernel_shape=[2]", { "F64[1,1,3] 3 1 0" }, { "F64[1,1,2] 3 1" } },
    { "MaxPool", 12, "kernel_shape=[2,2]", { "F32[1,1,3] iota" }, .error = "kernel_shape: 2 numbers, want 1" },
    { "MaxPool", 12, "strides=[2]", { "F32[1,1,3] iota" }, .error = "kernel_shape: missing" },
    { "AveragePool", 11, "kernel_shape=[2] pads=[1,1]", { "F32[1,1,2] 2 4" }, { "F32[1,1,3] 2 3 4" } },
    { "AveragePool", 7, "kernel_shape=[2] pads=[1,1] count_include_pad=1", { "F32[1,1,2] 2 4" }, { "F32[1,1,3] 1 3 2" } },
    { "AveragePool", 10, "kernel_shape=[2] strides=[2] ceil_mode=1 count_include_pad=1", { "F32[1,1,3] 2 4 7" }, { "F32[1,1,2] 3 7" } },
    { "AveragePool", 19, "kernel_shape=[2] dilations=[2]", { "F32[1,1,4] 1 2 3 5" }, { "F32[1,1,2] 2 3.5" } },
    { "AveragePool", 1, "kernel_shape=[2] auto_pad='SAME_UPPER'", { "F32[1,1,3] 2 4 6" }, { "F32[1,1,3] 3 5 6" } },
    { "AveragePool", 22, "kernel_shape=[1,2,1]", { "F16[1,1,1,2,2] 1 2 3 4" }, { "F16[1,1,1,1,2] 2 3" } },
    { "LpPool", 11, "kernel_shape=[2]", { "F32[1,1,3] 3 -4 0" }, { "F32[1,1,2] 5 4" } },
    { "LpPool", 18, "kernel_shape=[2] p=1 dilations=[2]", { "F32[1,1,3] 3 -4 1" }, { "F32[1,1,1] 4" } },
    { "LpPool", 2, "kernel_shape=[2] p=3", { "F32[1,1,2] 1 1" }, { "F32[1,1,1] 1.25992105" } },
    { "LpPool", 18, "kernel_shape=[2] p=0", { "F32[1,1,3] 3 -4 1" }, .error = "p: 0, want at least 1" },
    { "GlobalAveragePool", 1, NULL, { "F32[1,2,2,2] iota" }, { "F32[1,2,1,1] 1.5 5.5" } },
    { "GlobalAveragePool", 22, NULL, { "BF16[1,2,2] 1 3 5 7" }, { "BF16[1,2,1] 2 6" } },
    { "GlobalMaxPool", 1, NULL, { "F64[1,2,3] 1 3 2 -5 -4 -6" }, { "F64[1,2,1] 3 -4" } },
    { "GlobalLpPool", 2, "p=2", { "F32[1,1,2] 3 4" }, { "F32[1,1,1] 5" } },
    { "GlobalLpPool", 1, "p=1.0", { "F32[1,1,2] 3 -4" }, { "F32[1,1,1] 7" } },
    { "GlobalMaxPool", 1, NULL, { "F32[3] 1 2 3" }, .error = "rank 1, want at least 2" },
};

static const op_case unpools[] = {
    { "MaxUnpool", 9, "kernel_shape=[2,2] strides=[2,2]", { "F32[1,1,1,2] 1 2", "I64[1,1,1,2] 5 3" }, { "F32[1,1,2,4] 0 0 0 2 0 1 0 0" } },
    { "MaxUnpool", 11, "kernel_shape=[2] strides=[2]", { "F16[1,2,1] 1 2", "I64[1,2,1] 1 2", "I64[3] 1 2 3" }, { "F16[1,2,3] 0 1 0 2 0 0" } },
    { "MaxUnpool", 9, "kernel_shape=[2] strides=[2]", { "F32[1,1,1] 1", "I64[1,1,1] 2" }, .error = "index 2: outside" },
    { "MaxUnpool", 9, "kernel_shape=[2] strides=[2]", { "F32[1,1,1] 1", "I64[1,1,1] -1" }, .error = "index -1: outside" },
    { "MaxUnpool", 9, "kernel_shape=[2] strides=[2]", { "F32[1,1,1] 1", "I64[1,1,1] 1", "I64[3] 1 1 1" }, .error = "index 1: outside" },
    { "MaxUnpool", 9, "kernel_shape=[2] strides=[2]", { "F32[1,1,1] 1", "I64[1,1,1] 1", "I64[2] 1 1" }, .error = "output_shape: 2 numbers" },
};

static const op_case quantised[] = {
    { "ConvInteger", 10, NULL, { "U8[1,1,3] 2 3 4", "U8[1,1,2] 1 2", "U8[] 1", "U8[1] 1" }, { "I32[1,1,2] 2 3" } },
    { "ConvInteger", 10, "pads=[1,0]", { "I8[1,1,2] -128 127", "I8[2,1,2] 1 1 1 1", "I8[] -1", "I8[2] 0 2" }, { "I32[1,2,2] -127 1 127 -1" } },
    { "ConvInteger", 10, NULL, { "U8[1,1,3] 2 3 4", "U8[1,1,2] 1 2", "U8[2] 1 1" }, .error = "zero point of x: 2 elements, want 1" },
    { "ConvInteger", 10, NULL, { "F32[1,1,3] 2 3 4", "U8[1,1,2] 1 2" }, .error = "input 0 (x): float32, want int8 or uint8" },
    { "QLinearConv", 10, NULL, { "U8[1,1,2] 3 5", "F32[] 0.5", "U8[] 1", "U8[2,1,1] 3 1", "F32[2] 1.0 2.0", "U8[2] 1 2", "F32[] 1.0", "U8[] 10", "I32[2] 1 -1" }, { "U8[1,2,2] 12 14 7 5" } },
    { "QLinearConv", 10, NULL, { "I8[1,1,1] 127", "F32[] 1.0", "I8[] 0", "I8[1,1,1] 127", "F32[] 1.0", "I8[] 0", "F32[] 1.0", "I8[] 0" }, { "I8[1,1,1] 127" } },
    { "QLinearMatMul", 10, NULL, { "U8[1,2] 2 4", "F32[] 0.5", "U8[] 1", "U8[2,1] 3 2", "F32[] 0.5", "U8[] 1", "F32[] 1.0", "U8[] 128" }, { "U8[1,1] 129" } },
    { "QLinearMatMul", 21, NULL, { "I8[2,1] 2 4", "F16[2,1] 1 0.5", "I8[2,1] 0 2", "I8[1,2] 3 -100", "F16[2] 1 2", "I8[2] 0 0", "F16[] 1", "I8[] 0" }, { "I8[2,2] 6 -128 3 -128" } },
    { "QLinearMatMul", 10, NULL, { "U8[2] 2 4", "F32[] 0.5", "U8[] 1", "U8[2,1] 3 2", "F32[] 0.5", "U8[] 1", "F32[] 1.0", "U8[] 128" }, .error = "want at least 2" },
};

static const grad_case conv_grads[] = {
    { "Conv", 11, NULL, { "F64[2,3,5,4] rand", "F64[2,3,3,2] rand", "F64[2] rand" } },
    { "Conv", 11, "strides=[2,3] pads=[1,0,2,1]", { "F64[2,3,5,6] rand", "F64[4,3,3,2] rand", "F64[4] rand" } },
    { "Conv", 11, "group=2 dilations=[2,1] pads=[2,1,0,1]", { "F64[1,4,5,4] rand", "F64[6,2,2,3] rand" } },
    { "Conv", 11, "group=4", { "F64[2,4,4] rand", "F64[4,1,3] rand", "F64[4] rand" } },
    { "Conv", 11, "auto_pad='SAME_LOWER' strides=[2,2]", { "F64[1,2,5,4] rand", "F64[3,2,2,3] rand" } },
    { "Conv", 11, "strides=[1,2,1] pads=[0,1,1,1,0,0]", { "F64[1,2,3,4,3] rand", "F64[2,2,2,2,2] rand", "F64[2] rand" } },
    { "ConvTranspose", 11, NULL, { "F64[2,3,4,3] rand", "F64[3,2,2,3] rand", "F64[2] rand" } },
    { "ConvTranspose", 11, "strides=[2,3] pads=[1,0,0,1] output_padding=[1,2]", { "F64[1,2,3,3] rand", "F64[2,3,3,2] rand" } },
    { "ConvTranspose", 11, "group=2 dilations=[2]", { "F64[2,4,3] rand", "F64[4,2,2] rand", "F64[4] rand" } },
    { "ConvTranspose", 11, "strides=[2] output_shape=[7]", { "F64[1,2,3] rand", "F64[2,1,3] rand" } },
};

static const grad_case pool_grads[] = {
    { "MaxPool", 12, "kernel_shape=[3,2] strides=[2,1] pads=[1,0,1,1]", { "F64[2,2,5,4] rand" } },
    { "MaxPool", 12, "kernel_shape=[2] dilations=[2] ceil_mode=1 strides=[3]", { "F64[1,2,7] rand" } },
    { "MaxPool", 8, "kernel_shape=[2,2,2] auto_pad='SAME_UPPER' storage_order=1", { "F64[1,1,3,3,2] rand" } },
    { "AveragePool", 19, "kernel_shape=[3,2] strides=[2,1] pads=[1,0,1,1]", { "F64[2,2,5,4] rand" } },
    { "AveragePool", 19, "kernel_shape=[3] strides=[2] pads=[1,1] count_include_pad=1 ceil_mode=1", { "F64[1,2,6] rand" } },
    { "AveragePool", 7, "kernel_shape=[2]", { "F64[1,2,6] rand" } },
    { "LpPool", 18, "kernel_shape=[3,2] strides=[2,1] pads=[1,0,1,1]", { "F64[2,2,5,4] mixed(0.2,2)" } },
    { "LpPool", 18, "kernel_shape=[2] p=3", { "F64[1,2,5] mixed(0.2,2)" } },
    { "LpPool", 11, "kernel_shape=[2] p=1", { "F64[1,2,5] mixed(0.2,2)" } },
    { "GlobalAveragePool", 7, NULL, { "F64[2,3,4,2] rand" } },
    { "GlobalMaxPool", 7, NULL, { "F64[2,3,4,2] rand" } },
    { "GlobalLpPool", 7, "p=2", { "F64[2,3,4] mixed(0.2,2)" } },
    { "GlobalLpPool", 22, "p=3", { "F64[2,3,4] mixed(0.2,2)" } },
    { "MaxUnpool", 9, "kernel_shape=[2] strides=[2]", { "F64[1,1,3] rand", "I64[1,1,3] 1 2 5", "I64[3] 1 1 8" } },
};
/* clang-format on */

#define WALK(name, run, table)                                                                     \
    static void name(void **state)                                                                 \
    {                                                                                              \
        (void)state;                                                                               \
        run(table);                                                                                \
    }

WALK(test_conv, OP_CASES_RUN, conv)
WALK(test_pools, OP_CASES_RUN, pools)
WALK(test_quantised, OP_CASES_RUN, quantised)
WALK(test_unpools, OP_CASES_RUN, unpools)
WALK(test_conv_grads, GRAD_CASES_RUN, conv_grads)
WALK(test_pool_grads, GRAD_CASES_RUN, pool_grads)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_conv),       cmocka_unit_test(test_pools),
        cmocka_unit_test(test_quantised),  cmocka_unit_test(test_unpools),
        cmocka_unit_test(test_conv_grads), cmocka_unit_test(test_pool_grads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
