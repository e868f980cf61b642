/* test_ops_versions_layers.c - as test_ops_versions.c, for layers, quantisation, casts and random numbers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "op_harness.h"

/* clang-format off */
static const version_case layers[] = {
    { "Attention", "23 24 25", NULL, { "F32[1,1,1,1] 0", "F32[1,1,2,1] 1 2", "F32[1,1,2,1] 2 4", "F32[1,2] 0 0" }, { "F32[1,1,1,1] 3" } },
    { "BatchNormalization", "1", "is_test=1 epsilon=0.5 consumed_inputs=[0,0,0,1,1]", { "F32[1,2,1] 3 5", "F32[2] 1 2", "F32[2] 0 1", "F32[2] 1 2", "F32[2] 0.5 3.5" }, { "F32[1,2,1] 2 4" } },
    { "BatchNormalization", "6", "is_test=1 epsilon=0.5", { "F32[1,2,1] 3 5", "F32[2] 1 2", "F32[2] 0 1", "F32[2] 1 2", "F32[2] 0.5 3.5" }, { "F32[1,2,1] 2 4" } },
    /* spatial=0: each activation has statistics of its own */
    { "BatchNormalization", "6", "is_test=1 epsilon=0.5 spatial=0", { "F32[1,1,2] 3 5", "F32[1,2] 1 2", "F32[1,2] 0 1", "F32[1,2] 1 2", "F32[1,2] 0.5 3.5" }, { "F32[1,1,2] 2 4" } },
    { "BatchNormalization", "7", "epsilon=0.5 spatial=0", { "F32[1,1,2] 3 5", "F32[1,2] 1 2", "F32[1,2] 0 1", "F32[1,2] 1 2", "F32[1,2] 0.5 3.5" }, { "F32[1,1,2] 2 4" } },
    { "BatchNormalization", "7 9 14 15", "epsilon=0.5", { "F32[1,2,1] 3 5", "F32[2] 1 2", "F32[2] 0 1", "F32[2] 1 2", "F32[2] 0.5 3.5" }, { "F32[1,2,1] 2 4" } },
    /* momentum 0.5: running = running / 2 + batch's / 2; the batch's variance is 1 */
    { "BatchNormalization", "14 15", "training_mode=1 momentum=0.5 epsilon=0.0", { "F32[2,1] 1 3", "F32[1] 2", "F32[1] 1", "F32[1] 4", "F32[1] 3" }, { "F32[2,1] -1 3", "F32[1] 3", "F32[1] 2" } },
    { "ConvTranspose", "1 11 22", NULL, { "F32[1,1,2] 1 2", "F32[1,1,2] 1 10" }, { "F32[1,1,3] 1 12 20" } },
    { "Dropout", "1", "is_test=1 consumed_inputs=[0]", { "F32[2] 1 2" }, { "F32[2] 1 2" } },
    { "Dropout", "1 6", "is_test=1 ratio=0.75", { "F32[2] 1 2" }, { "F32[2] 1 2" } },
    { "Dropout", "7 10", "ratio=0.75", { "F32[2] 1 2" }, { "F32[2] 1 2" } },
    { "Gemm", "1", "alpha=2.0 beta=0.5 broadcast=1", { "F32[1,2] 1 2", "F32[2,2] 1 2 3 4", "F32[2] 2 4" }, { "F32[1,2] 15 22" } },
    { "Gemm", "1 6 7 9 11 13", "transB=1", { "F32[1,2] 1 2", "F32[2,2] 1 2 3 4", "F32[1,2] 1 1" }, { "F32[1,2] 6 12" } },
    { "GlobalLpPool", "1", "p=1.0", { "F32[1,1,2] 3 -4" }, { "F32[1,1,1] 7" } },
    { "GlobalLpPool", "2 22", "p=1", { "F32[1,1,2] 3 -4" }, { "F32[1,1,1] 7" } },
    { "GlobalLpPool", "1 2 22", NULL, { "F32[1,1,2] 3 -4" }, { "F32[1,1,1] 5" } },
    { "GlobalMaxPool", "1 22", NULL, { "F32[1,2,2] 3 -4 5 7" }, { "F32[1,2,1] 3 7" } },
    { "GlobalAveragePool", "1 22", NULL, { "F32[1,2,2] 3 -4 5 7" }, { "F32[1,2,1] -0.5 6" } },
    { "InstanceNormalization", "1", "epsilon=0.0 consumed_inputs=[0]", { "F32[1,1,2] 1 3", "F32[1] 2", "F32[1] 1" }, { "F32[1,1,2] -1 3" } },
    { "InstanceNormalization", "1 6 22", "epsilon=0.0", { "F32[1,1,2] 1 3", "F32[1] 2", "F32[1] 1" }, { "F32[1,1,2] -1 3" } },
    { "LpPool", "1", "kernel_shape=[2] p=2.0", { "F32[1,1,3] 3 4 0" }, { "F32[1,1,2] 5 4" } },
    { "LpPool", "2 11 18 22", "kernel_shape=[2]", { "F32[1,1,3] 3 4 0" }, { "F32[1,1,2] 5 4" } },
    { "MaxPool", "1 8 10 11 12 22", "kernel_shape=[2]", { "F32[1,1,3] 1 3 2" }, { "F32[1,1,2] 3 3" } },
    { "MaxPool", "8 10 11 12 22", "kernel_shape=[2]", { "F32[1,1,3] 1 3 2" }, { "F32[1,1,2] 3 3", "I64[1,1,2] 1 1" } },
    { "MaxUnpool", "9 11 22", "kernel_shape=[2] strides=[2]", { "F32[1,1,2] 3 5", "I64[1,1,2] 1 2" }, { "F32[1,1,4] 0 3 5 0" } },
    { "Resize", "11 13 18 19", NULL, { "F32[2] 1 2", "F32[0]", "F32[1] 2" }, { "F32[4] 1 1 2 2" } },
    { "Resize", "11 13 18 19", "mode='linear' coordinate_transformation_mode='tf_crop_and_resize'", { "F32[3] 1 2 4", "F32[2] 0 1", "-", "I64[1] 3" }, { "F32[3] 1 2 4" } },
    { "RoiAlign", "10 16 22", "sampling_ratio=1", { "F32[1,1,1,1] 5", "F32[1,4] 0 0 1 1", "I64[1] 0" }, { "F32[1,1,1,1] 5" } },
};

/* One hidden unit; only the candidate reads the input, so that every gate is open by half. */
static const version_case recurrent[] = {
    { "GRU", "1", "hidden_size=1 output_sequence=1", { "F32[1,1,1] 1", "F32[1,3,1] 0 0 1", "F32[1,3,1] 0 0 0", "F32[1,6] 0 0 0 0 0 0", "I32[1] 1", "F32[1,1,1] 4" }, { "F32[1,1,1,1] 2.38079708", "F32[1,1,1] 2.38079708" } },
    { "GRU", "1", "hidden_size=1", { "F32[1,1,1] 1", "F32[1,3,1] 0 0 1", "F32[1,3,1] 0 0 0", "-", "-", "F32[1,1,1] 4" }, { "-", "F32[1,1,1] 2.38079708" } },
    { "GRU", "3", "hidden_size=1 output_sequence=1 linear_before_reset=1", { "F32[1,1,1] 1", "F32[1,3,1] 0 0 1", "F32[1,3,1] 0 0 0", "F32[1,6] 0 0 0 0 0 0", "I32[1] 1", "F32[1,1,1] 4" }, { "F32[1,1,1,1] 2.38079708", "F32[1,1,1] 2.38079708" } },
    { "GRU", "7 14 22", "hidden_size=1", { "F32[1,1,1] 1", "F32[1,3,1] 0 0 1", "F32[1,3,1] 0 0 0", "F32[1,6] 0 0 0 0 0 0", "I32[1] 1", "F32[1,1,1] 4" }, { "F32[1,1,1,1] 2.38079708", "F32[1,1,1] 2.38079708" } },
    { "LSTM", "1", "hidden_size=1 output_sequence=1", { "F32[1,1,1] 1", "F32[1,4,1] 0 0 0 1", "F32[1,4,1] 0 0 0 0", "-", "I32[1] 1", "F32[1,1,1] 0", "F32[1,1,1] 2" }, { "F32[1,1,1,1] 0.44056481", "F32[1,1,1] 0.44056481", "F32[1,1,1] 1.38079708" } },
    { "LSTM", "1", "hidden_size=1", { "F32[1,1,1] 1", "F32[1,4,1] 0 0 0 1", "F32[1,4,1] 0 0 0 0", "-", "-", "F32[1,1,1] 0", "F32[1,1,1] 2" }, { "-", "F32[1,1,1] 0.44056481" } },
    { "LSTM", "7 14 22", "hidden_size=1", { "F32[1,1,1] 1", "F32[1,4,1] 0 0 0 1", "F32[1,4,1] 0 0 0 0", "-", "I32[1] 1", "F32[1,1,1] 0", "F32[1,1,1] 2" }, { "F32[1,1,1,1] 0.44056481", "F32[1,1,1] 0.44056481", "F32[1,1,1] 1.38079708" } },
    { "RNN", "1", "hidden_size=1 output_sequence=1", { "F32[2,1,1] 1 5", "F32[1,1,1] 1", "F32[1,1,1] 0", "-", "I32[1] 1" }, { "F32[2,1,1,1] 0.76159416 0", "F32[1,1,1] 0.76159416" } },
    { "RNN", "7 14 22", "hidden_size=1", { "F32[2,1,1] 1 5", "F32[1,1,1] 1", "F32[1,1,1] 0", "-", "I32[1] 1" }, { "F32[2,1,1,1] 0.76159416 0", "F32[1,1,1] 0.76159416" } },
};

static const version_case quantised[] = {
    { "QuantizeLinear", "10 13 19 21 23 24 25", NULL, { "F32[2] 1 -2", "F32[] 0.5", "I8[] 1" }, { "I8[2] 3 -3" } },
    { "QuantizeLinear", "13 19 21 23 24 25", "axis=0", { "F32[2,1] 1 -2", "F32[2] 0.5 1" }, { "U8[2,1] 2 0" } },
    { "QuantizeLinear", "21 23 24 25", "output_dtype=3", { "F32[2] 1 -2", "F32[] 0.5" }, { "I8[2] 2 -4" } },
    { "QuantizeLinear", "21 23 24 25", "block_size=2 axis=0", { "F32[4] 1 -2 3 4", "F32[2] 0.5 1", "I8[2] 1 0" }, { "I8[4] 3 -3 3 4" } },
    { "DequantizeLinear", "10 13 19 21 23 24 25", NULL, { "I8[2] 3 -3", "F32[] 0.5", "I8[] 1" }, { "F32[2] 1 -2" } },
    { "DequantizeLinear", "13 19 21 23 24 25", "axis=0", { "I8[2,1] 3 -3", "F32[2] 0.5 1" }, { "F32[2,1] 1.5 -3" } },
    { "DequantizeLinear", "23 24 25", "output_dtype=10", { "I8[2] 3 -3", "F32[] 0.5" }, { "F16[2] 1.5 -1.5" } },
    { "CastLike", "15 19 21 23 24 25", NULL, { "F32[2] 1.5 -2", "I32[1] 0" }, { "I32[2] 1 -2" } },
    { "Cast", "6 9 13 19 21 23 24 25", "to=6", { "F32[2] 1.5 -2" }, { "I32[2] 1 -2" } },
    { "Cast", "1", "to='FLOAT'", { "I32[2] 1 -2" }, { "F32[2] 1 -2" } },
    { "Cast", "1", "to='UINT8'", { "F32[2] 1.5 2" }, { "U8[2] 1 2" } },
    { "Cast", "1", "to='INT8'", { "F32[2] 1.5 -2" }, { "I8[2] 1 -2" } },
    { "Cast", "1", "to='UINT16'", { "F32[2] 1.5 2" }, { "U16[2] 1 2" } },
    { "Cast", "1", "to='INT16'", { "F32[2] 1.5 -2" }, { "I16[2] 1 -2" } },
    { "Cast", "1", "to='INT32'", { "F32[2] 1.5 -2" }, { "I32[2] 1 -2" } },
    { "Cast", "1", "to='INT64'", { "F32[2] 1.5 -2" }, { "I64[2] 1 -2" } },
    { "Cast", "1", "to='BOOL'", { "F32[2] 1.5 0" }, { "BOOL[2] 1 0" } },
    { "Cast", "1", "to='FLOAT16'", { "F32[2] 1.5 -2" }, { "F16[2] 1.5 -2" } },
    { "Cast", "1", "to='DOUBLE'", { "F32[2] 1.5 -2" }, { "F64[2] 1.5 -2" } },
    { "Cast", "1", "to='UINT32'", { "F32[2] 1.5 2" }, { "U32[2] 1 2" } },
    { "Cast", "1", "to='UINT64'", { "F32[2] 1.5 2" }, { "U64[2] 1 2" } },
    /* the bits of 1.0, and back */
    { "BitCast", "26", "to=4", { "F16[1] 1" }, { "U16[1] 15360" } },
    { "BitCast", "26", "to=10", { "U16[1] 15360" }, { "F16[1] 1" } },
    { "BitCast", "26", "to=5", { "BF16[1] 1" }, { "I16[1] 16256" } },
    { "BitCast", "26", "to=16", { "I16[1] 16256" }, { "BF16[1] 1" } },
    { "BitCast", "26", "to=7", { "F64[1] 1" }, { "I64[1] 4607182418800017408" } },
    { "BitCast", "26", "to=11", { "I64[1] 4607182418800017408" }, { "F64[1] 1" } },
    { "BitCast", "26", "to=13", { "C64[1] 1,0" }, { "U64[1] 1065353216" } },
    { "BitCast", "26", "to=14", { "U64[1] 1065353216" }, { "C64[1] 1,0" } },
    { "BitCast", "26", "to=15", { "C128[1] 1,2" }, { "C128[1] 1,2" } },
    { "BitCast", "26", "to=22", { "U4[2] 15 7" }, { "I4[2] -1 7" } },
    { "BitCast", "26", "to=21", { "F4E2M1[2] 1 -6" }, { "U4[2] 2 15" } },
    { "BitCast", "26", "to=23", { "I4[2] 2 -1" }, { "F4E2M1[2] 1 -6" } },
    { "BitCast", "26", "to=26", { "U2[2] 3 1" }, { "I2[2] -1 1" } },
    { "BitCast", "26", "to=25", { "I2[2] -1 1" }, { "U2[2] 3 1" } },
};

static const version_case constants[] = {
    { "Constant", "1 9 11 12 13 19 21 23 24 25", "value={F32[2] 1 2}", { 0 }, { "F32[2] 1 2" } },
    { "Constant", "12 13 19 21 23 24 25", "value_float=1.5", { 0 }, { "F32[] 1.5" } },
    { "Constant", "12 13 19 21 23 24 25", "value_floats=[1.5,2.0]", { 0 }, { "F32[2] 1.5 2" } },
    { "Constant", "12 13 19 21 23 24 25", "value_int=-3", { 0 }, { "I64[] -3" } },
    { "Constant", "12 13 19 21 23 24 25", "value_ints=[1,2]", { 0 }, { "I64[2] 1 2" } },
    { "Constant", "12 13 19 21 23 24 25", "value_string='a'", { 0 }, { "STRING[] 'a'" } },
    { "Constant", "12 13 19 21 23 24 25", "value_strings=['a','b']", { 0 }, { "STRING[2] 'a' 'b'" } },
    { "Bernoulli", "15 22", NULL, { "F32[2] 0 1" }, { "F32[2] 0 1" } },
    { "Bernoulli", "15 22", "dtype=6", { "F32[2] 0 1" }, { "I32[2] 0 1" } },
    { "Multinomial", "7 22", "sample_size=3", { "F32[1,2] 0 -1000" }, { "I32[1,3] 0 0 0" } },
    { "Multinomial", "7 22", "sample_size=2 dtype=7", { "F32[1,2] -1000 0" }, { "I64[1,2] 1 1" } },
    { "RandomNormal", "1 22", "shape=[2,3] scale=0.0 mean=4.0", { 0 }, { "F32[2,3] 4 4 4 4 4 4" } },
    { "RandomNormalLike", "1 22", "scale=0.0 mean=4.0", { "F32[2] 1 2" }, { "F32[2] 4 4" } },
    { "RandomNormalLike", "1 22", "dtype=1", { "I32[2] 1 2" }, { "?F32[2]" } },
    { "RandomUniform", "1 22", "shape=[2] low=4.0 high=4.0", { 0 }, { "F32[2] 4 4" } },
    { "RandomUniformLike", "1 22", "low=4.0 high=4.0", { "F32[2] 1 2" }, { "F32[2] 4 4" } },
    { "RandomUniformLike", "1 22", "dtype=11", { "I32[2] 1 2" }, { "?F64[2]" } },
};

static void test_layers(void **state)
{
    (void)state;
    VERSION_CASES_RUN(layers);
}

static void test_recurrent(void **state)
{
    (void)state;
    VERSION_CASES_RUN(recurrent);
}

static void test_quantised(void **state)
{
    (void)state;
    VERSION_CASES_RUN(quantised);
}

static void test_constants(void **state)
{
    (void)state;
    VERSION_CASES_RUN(constants);
}
/* clang-format on */

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_layers),
        cmocka_unit_test(test_recurrent),
        cmocka_unit_test(test_quantised),
        cmocka_unit_test(test_constants),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
