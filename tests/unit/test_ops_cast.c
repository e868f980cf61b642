/* test_ops_cast.c - casts between all kinds of types, and quantisation. Expected numbers are numpy's,
 * ml_dtypes' and the specification's. */
#include "exec/exec.h"
#include "op_harness.h"
#include "pass/grad.h"
#include "pass/infer_shapes.h"

static const op_case casts[] = {
    { "Cast", 13, "to=11", { "F32[2] 1.5 -inf" }, { "F64[2] 1.5 -inf" } },
    { "Cast", 13, "to=1", { "F32[2] 1.5 -inf" }, { "F32[2] 1.5 -inf" } },
    { "Cast", 13, "to=10", { "F32[4] 1.5 70000 nan 1e-8" }, { "F16[4] 1.5 inf nan 0" } },
    { "Cast", 13, "to=1", { "F16[2] 1.5 inf" }, { "F32[2] 1.5 inf" } },
    { "Cast", 13, "to=16", { "F32[3] 1.00390625 1.01171875 nan" }, { "BF16[3] 1 1.015625 nan" } },
    { "Cast", 13, "to=7", { "F32[4] 1.9 -1.9 0 3" }, { "I64[4] 1 -1 0 3" } },
    { "Cast", 6, "to=6", { "F64[2] -7.5 7.5" }, { "I32[2] -7 7" } },
    { "Cast", 6, "to=2", { "I32[3] 256 -1 7" }, { "U8[3] 0 255 7" } },
    { "Cast", 6, "to=9", { "F32[4] 0 -0.0 0.5 nan" }, { "BOOL[4] 0 0 1 1" } },
    { "Cast", 6, "to=1", { "BOOL[2] 0 1" }, { "F32[2] 0 1" } },
    { "Cast", 6, "to=1", { "I64[1] 16777217" }, { "F32[1] 16777216" } },
    { "Cast", 6, "to=13", { "I64[1] -1" }, { "U64[1] 18446744073709551615" } },
    { "Cast", 6, "to=11", { "U64[1] 18446744073709551615" }, { "F64[1] 18446744073709551616" } },
    { "Cast", 1, "to='INT64'", { "F32[1] 2.5" }, { "I64[1] 2" } },
    { "Cast", 19, "to=17", { "F32[4] 1000 inf nan -1" }, { "F8E4M3FN[4] 448 448 nan -1" } },
    { "Cast", 19, "to=17 saturate=0", { "F32[3] 1000 inf -1" }, { "F8E4M3FN[3] nan nan -1" } },
    { "Cast", 19, "to=19", { "F32[2] 1e6 inf" }, { "F8E5M2[2] 57344 57344" } },
    { "Cast", 19, "to=19 saturate=0", { "F32[2] 1e6 -inf" }, { "F8E5M2[2] inf -inf" } },
    { "Cast", 21, "to=22", { "F32[3] 0.9 -7.9 7" }, { "I4[3] 0 -7 7" } },
    { "Cast", 21, "to=3", { "I4[3] -8 7 -1" }, { "I8[3] -8 7 -1" } },
    { "Cast", 21, "to=2", { "U4[5] 0 1 2 15 9" }, { "U8[5] 0 1 2 15 9" } },
    { "Cast", 25, "to=25", { "F32[5] 0 1 2 3 1" }, { "U2[5] 0 1 2 3 1" } },
    { "Cast", 23, "to=23", { "F32[5] 0.4 5 9 -inf nan" }, { "F4E2M1[5] 0.5 4 6 -6 -0.0" } },
    { "Cast", 24, "to=24", { "F32[3] 1 3 4" }, { "F8E8M0[3] 1 4 4" } },
    { "Cast", 24, "to=24 round_mode='down'", { "F32[3] 1 3 4" }, { "F8E8M0[3] 1 2 4" } },
    { "Cast", 24, "to=24 round_mode='nearest'", { "F32[3] 1 2.5 3" }, { "F8E8M0[3] 1 2 4" } },
    { "Cast",
      9,
      "to=8",
      { "F32[6] 1 0.1 -3.5e-5 1e20 nan -inf" },
      { "STRING[6] '1.0' '0.1' '-3.5e-05' '1e+20' 'nan' '-inf'" } },
    { "Cast",
      9,
      "to=8",
      { "F32[3] 0.47892547 9999999 123456.789" },
      { "STRING[3] '0.47892547' '9999999.0' '123456.79'" } },
    { "Cast",
      9,
      "to=8",
      { "F64[2] 0.1 999999999999999.9" },
      { "STRING[2] '0.1' '999999999999999.9'" } },
    { "Cast",
      9,
      "to=8",
      { "I64[2] -9223372036854775808 7" },
      { "STRING[2] '-9223372036854775808' '7'" } },
    { "Cast",
      9,
      "to=8",
      { "U64[1] 18446744073709551615" },
      { "STRING[1] '18446744073709551615'" } },
    { "Cast", 9, "to=8", { "STRING[1] 'as it is'" }, { "STRING[1] 'as it is'" } },
    { "Cast",
      9,
      "to=1",
      { "STRING[7] '3.14' '1e-5' '1E8' 'INF' '-inf' 'NaN' ' +2 '" },
      { "F32[7] 3.14 1e-5 1e8 inf -inf nan 2" } },
    { "Cast",
      9,
      "to=7",
      { "STRING[3] '-9223372036854775808' '42' '3.7'" },
      { "I64[3] -9223372036854775808 42 3" } },
    { "Cast", 9, "to=9", { "STRING[2] '0' '5'" }, { "BOOL[2] 0 1" } },
    { "Cast", 19, "to=17", { "STRING[1] '1000'" }, { "F8E4M3FN[1] 448" } },
    { "Cast", 13, "to=1", { "I32[0]" }, { "F32[0]" } },
    { "CastLike", 15, NULL, { "F32[2] 1.5 2", "I32[3] 1 2 3" }, { "I32[2] 1 2" } },
    { "CastLike", 19, "saturate=0", { "F32[1] 1000", "F8E4M3FN[1] 1" }, { "F8E4M3FN[1] nan" } },
    { "CastLike", 24, "round_mode='down'", { "F32[1] 3", "F8E8M0[1] 1" }, { "F8E8M0[1] 2" } },
    { "BitCast", 26, "to=6", { "F32[2] 1 -0.0" }, { "I32[2] 1065353216 -2147483648" } },
    { "BitCast", 26, "to=2", { "I8[2] -1 1" }, { "U8[2] 255 1" } },
};

static const op_case quanta[] = {
    { "QuantizeLinear",
      10,
      NULL,
      { "F32[6] 0 2 3 1000 -254 -1000", "F32[] 2", "U8[] 128" },
      { "U8[6] 128 129 130 255 1 0" } },
    { "QuantizeLinear",
      13,
      "axis=0",
      { "F32[2,2] 1 2 3 4", "F32[2] 1 2", "I8[2] 0 -1" },
      { "I8[2,2] 1 2 1 1" } },
    { "QuantizeLinear", 13, NULL, { "F32[2] 1.5 2.5", "F32[] 1" }, { "U8[2] 2 2" } },
    { "QuantizeLinear",
      21,
      "output_dtype=22",
      { "F32[3] 20 -20 3", "F32[] 1" },
      { "I4[3] 7 -8 3" } },
    { "QuantizeLinear",
      21,
      "axis=1 block_size=2",
      { "F32[1,3] 2 4 9", "F32[1,2] 2 3", "U16[1,2] 1 0" },
      { "U16[1,3] 2 3 3" } },
    { "QuantizeLinear",
      19,
      NULL,
      { "F32[2] 1 1000", "F32[] 2", "F8E4M3FN[] 0" },
      { "F8E4M3FN[2] 0.5 448" } },
    { "QuantizeLinear", 10, NULL, { "I32[2] 7 -7", "F32[] 2", "I8[] 0" }, { "I8[2] 4 -4" } },
    { "QuantizeLinear",
      10,
      NULL,
      { "F32[3] inf -inf nan", "F32[] 1", "I8[] 3" },
      { "I8[3] 127 -128 3" } },
    { "QuantizeLinear", 21, NULL, { "F16[2] 1 3", "F16[] 2", "U8[] 0" }, { "U8[2] 0 2" } },
    { "DequantizeLinear",
      10,
      NULL,
      { "U8[4] 0 3 128 255", "F32[] 2", "U8[] 128" },
      { "F32[4] -256 -250 0 254" } },
    { "DequantizeLinear",
      13,
      "axis=0",
      { "I8[2,2] 1 2 3 4", "F32[2] 1 10" },
      { "F32[2,2] 1 2 30 40" } },
    { "DequantizeLinear",
      21,
      "axis=1 block_size=2",
      { "I4[1,3] 1 2 -3", "F16[1,2] 2 3" },
      { "F16[1,3] 2 4 -9" } },
    { "DequantizeLinear",
      23,
      "output_dtype=16",
      { "F4E2M1[2] 1.5 -6", "F32[] 2" },
      { "BF16[2] 3 -12" } },
    { "DequantizeLinear",
      10,
      NULL,
      { "I32[1] 2147483647", "F32[] 1", "I32[] -1" },
      { "F32[1] 2147483648" } },
    { "DynamicQuantizeLinear",
      11,
      NULL,
      { "F32[6] 0 2 -3 -2.5 1.34 0.5" },
      { "U8[6] 153 255 0 26 221 179", "F32[] 0.019607844", "U8[] 153" } },
    { "DynamicQuantizeLinear", 11, NULL, { "F32[2] 0 0" }, { "U8[2] 0 0", "F32[] 1", "U8[] 0" } },
    { "DynamicQuantizeLinear", 11, NULL, { "F32[2] 1 3" }, { "-", "F32[] 0.011764706", "-" } },
};

static const op_case errors[] = {
    { "Cast", 13, "to=0", { "F32[1] 1" }, { 0 }, "attribute to: 0, want the number of a type" },
    { "Cast", 13, "to=99", { "F32[1] 1" }, { 0 }, "attribute to: 99" },
    { "Cast", 13, "to=14", { "F32[1] 1" }, { 0 }, "attribute to: 14" },
    { "Cast", 13, NULL, { "F32[1] 1" }, { 0 }, "attribute to: missing" },
    { "Cast",
      24,
      "to=24 round_mode='sideways'",
      { "F32[1] 1" },
      { 0 },
      "attribute round_mode: 'sideways'" },
    { "Cast", 9, "to=1", { "STRING[2] '1' '1x'" }, { 0 }, "element 1: '1x', want a number" },
    { "Cast", 9, "to=1", { "STRING[1] ''" }, { 0 }, "element 0: '', want a number" },
    { "Cast", 9, "to=1", { "STRING[1] '0x10'" }, { 0 }, "'0x10', want a number" },
    { "Cast", 9, "to=1", { "STRING[1] '+-1'" }, { 0 }, "'+-1', want a number" },
    { "Cast",
      13,
      "to=1",
      { "C64[1] 1,2" },
      { 0 },
      "input 0 (input): complex64, want floats, bfloat16, ints, uints, bool or string" },
    { "BitCast",
      26,
      "to=11",
      { "F32[1] 1" },
      { 0 },
      "input 0: float32, want a type as wide as float64" },
    { "QuantizeLinear",
      13,
      NULL,
      { "F32[2,2] 1 2 3 4", "F32[3] 1 2 3" },
      { 0 },
      "scale: 3 elements, want 2" },
    { "QuantizeLinear",
      13,
      NULL,
      { "F32[2,2] 1 2 3 4", "F32[2,2] 1 2 3 4" },
      { 0 },
      "scale: rank 2, want 0 or 1" },
    { "QuantizeLinear",
      13,
      NULL,
      { "F32[2,2] 1 2 3 4", "F32[2] 1 2", "U8[3] 1 2 3" },
      { 0 },
      "zero point: 3 at axis 0, want 2" },
    { "QuantizeLinear",
      21,
      "block_size=-1",
      { "F32[2] 1 2", "F32[] 1" },
      { 0 },
      "attribute block_size: -1" },
    { "QuantizeLinear",
      21,
      "axis=0 block_size=2",
      { "F32[3] 1 2 3", "F32[3] 1 2 3" },
      { 0 },
      "scale: 3 at axis 0, want 2" },
    { "QuantizeLinear",
      21,
      "output_dtype=1",
      { "F32[2] 1 2", "F32[] 1" },
      { 0 },
      "attribute output_dtype: 1" },
    { "QuantizeLinear",
      21,
      "output_dtype=3",
      { "F32[2] 1 2", "F32[] 1", "U8[] 1" },
      { 0 },
      "attribute output_dtype: 3, want 2" },
    { "DequantizeLinear",
      13,
      NULL,
      { "U8[2] 1 2", "F32[] 1", "I8[] 1" },
      { 0 },
      "input 2 (x_zero_point): int8, want uint8 as input 0 (x)" },
    { "DequantizeLinear",
      13,
      "axis=2",
      { "U8[2,2] 1 2 3 4", "F32[2] 1 2" },
      { 0 },
      "axis: 2, want within" },
    { "DequantizeLinear",
      13,
      NULL,
      { "F32[2] 1 2", "F32[] 1" },
      { 0 },
      "input 0 (x): float32, want int8, int32 or uint8" },
};

static const grad_case gradients[] = {
    { "Cast", 13, "to=11", { "F64[3] rand" } },
    { "CastLike", 15, NULL, { "F64[3] rand", "F64[1] 1" }, "x." },
    { "DequantizeLinear", 13, NULL, { "U8[4] 1 2 3 4", "F64[] 0.5", "U8[] 2" }, ".x." },
    { "DequantizeLinear", 13, "axis=0", { "I8[2,3] 1 2 3 4 -5 6", "F64[2] 0.5 2" }, ".x" },
    { "DequantizeLinear",
      21,
      "axis=1 block_size=2",
      { "I8[2,3] 1 2 3 4 -5 6", "F64[2,2] rand", "I8[2,2] 1 1 0 2" },
      ".x." },
};

/* The two rows that a straight-through gradient goes through, written out: scale 0.5, zero point 2,
 * the last two elements of x out of the range of uint8. */
static const op_case straight[] = {
    { "ofz:DequantizeGrad",
      21,
      NULL,
      { "F32[2] 1 -2", "U8[2] 5 7", "F32[] 0.5" },
      { "F32[2] 0.5 -1" } },
    { "ofz:DequantizeGradScale",
      21,
      NULL,
      { "F32[2] 1 -2", "U8[2] 5 7", "F32[] 0.5", "U8[] 2" },
      { "F32[] -7" } },
    { "ofz:QuantizeGrad",
      21,
      NULL,
      { "F32[4] 1 1 1 1", "F32[4] -1 126.5 127 -1.5", "F32[] 0.5", "U8[4] 0 255 255 0", "U8[] 2" },
      { "F32[4] 2 2 0 0" } },
    { "ofz:QuantizeGradScale",
      21,
      NULL,
      { "F32[4] 1 2 1 1", "F32[4] -1 126.5 127 -1.5", "F32[] 0.5", "U8[4] 0 255 255 0", "U8[] 2" },
      { "F32[] -1008" } },
    { "ofz:QuantizeGrad",
      21,
      "axis=0",
      { "F16[2] 1 1", "F16[2] 1 300", "F32[2] 1 2", "I8[2] 1 127" },
      { "F16[2] 1 0" } },
};

/* x -> QuantizeLinear -> DequantizeLinear -> loss: the integers in between carry the gradient. */
static void straight_through(const char *domain)
{
    static const char *const text[]  = { "F32[3] 0.3 1.4 200", "F32[] 0.5", "U8[] 2" };
    ofz_ctx                 *ctx     = ofz_ctx_new();
    ofz_arena                arena   = { 0 };
    ofz_symbols              symbol  = { 0 };
    ofz_opset                opset[] = { { "", 13 }, { "ofz", 1 }, { "com.microsoft", 1 } };
    ofz_graph               *g;
    ofz_tensor               t[3];
    ofz_value               *x[3], *v[4], *dx[2], *wrt[2];
    ofz_plan                *plan;
    ofz_exec                *exec;
    static const char *const names[] = { "QuantizeLinear", "DequantizeLinear", "ReduceSum" };

    assert_int_equal(ofz_graph_new(ctx, &arena, NULL, &symbol, &g), OFZ_OK);
    g->opset       = opset;
    g->opset_count = 3;
    for (int k = 0; k < 3; k++) {
        assert_non_null(op_text_tensor(ctx, text[k], 1, &t[k]));
        assert_int_equal(ofz_constant_new(ctx, g, NULL, &t[k], &x[k]), OFZ_OK);
    }
    v[0] = x[0];
    for (int k = 0; k < 3; k++) {
        ofz_value    *in[] = { v[k], x[1], x[2] };
        ofz_node     *n;
        ofz_node_spec spec = { "", names[k], k < 2 ? domain : "", 0,   k < 2 ? 3 : 1, 1,
                               0,  in,       &v[k + 1],           NULL };

        assert_int_equal(ofz_value_new(ctx, g, NULL, &v[k + 1]), OFZ_OK);
        v[k + 1]->type.rank = -1;
        assert_int_equal(ofz_node_add(ctx, g, &spec, &n), OFZ_OK);
    }
    wrt[0] = x[0];
    wrt[1] = x[1];
    assert_int_equal(ofz_infer_graph(ctx, g, 0), OFZ_OK);
    assert_int_equal(ofz_grad_append(ctx, g, v[3], wrt, 2, dx), OFZ_OK);
    assert_int_equal(ofz_infer_graph(ctx, g, 0), OFZ_OK);
    assert_int_equal(ofz_plan_new(ctx, g, dx, 2, &plan), OFZ_OK);
    assert_int_equal(ofz_exec_new(ctx, plan, &exec), OFZ_OK);
    assert_int_equal(ofz_exec_run(ctx, exec), OFZ_OK);
    /* 200 is beyond (255 - 2) / 2, so no gradient comes back to it; dL/dscale is round(x / s) - x / s
     * where x was in range and 253 where it was not. */
    assert_float_equal(((const float *)ofz_exec_get(exec, dx[0])->data)[0], 1, 1e-6);
    assert_float_equal(((const float *)ofz_exec_get(exec, dx[0])->data)[1], 1, 1e-6);
    assert_float_equal(((const float *)ofz_exec_get(exec, dx[0])->data)[2], 0, 1e-6);
    assert_float_equal(*(const float *)ofz_exec_get(exec, dx[1])->data, (1 - 0.6) + (3 - 2.8) + 253,
                       1e-4);
    ofz_exec_free(exec);
    ofz_plan_free(plan);
    ofz_graph_deinit(g);
    ofz_symbols_free(&symbol);
    ofz_arena_free(&arena);
    ofz_ctx_free(ctx);
}

static void test_straight_through(void **state)
{
    (void)state;
    straight_through("");
    straight_through("com.microsoft");
}

static void test_straight(void **state)
{
    (void)state;
    OP_CASES_RUN(straight);
}

static void test_casts(void **state)
{
    (void)state;
    OP_CASES_RUN(casts);
}

static void test_quanta(void **state)
{
    (void)state;
    OP_CASES_RUN(quanta);
}

static void test_errors(void **state)
{
    (void)state;
    OP_CASES_RUN(errors);
}

static void test_gradients(void **state)
{
    (void)state;
    GRAD_CASES_RUN(gradients);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_casts),    cmocka_unit_test(test_quanta),
        cmocka_unit_test(test_errors),   cmocka_unit_test(test_gradients),
        cmocka_unit_test(test_straight), cmocka_unit_test(test_straight_through),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
