/* ops_ms_quant.c - ONNX Runtime's operators between quantised numbers: what they stand for is computed
 * with the numbers meant, and the result is rounded once. Source: ONNX Runtime, ContribOperators.md. */
#include "ops/contrib.h"

typedef struct quant_attrs {
    float    alpha;
    int64_t  axis, opset, channels_last, keepdims;
    ofz_ints axes;
} quant_attrs;

/* The number that inputs k, k + 1 (scale) and k + 2 (zero point) mean. */
static ofz_part meant(ofz_build *b, int k)
{
    ofz_part_want_in(b, k);
    ofz_part_want_in(b, k + 1);
    return ofz_ms_dequantize(b, ofz_part_in(b, k), ofz_part_in(b, k + 1), ofz_part_in(b, k + 2));
}

/* Output 0 is x in terms of inputs k (scale) and k + 1 (zero point). */
static void say(ofz_build *b, ofz_part x, int k)
{
    ofz_part_want_in(b, k);
    ofz_part_out(
        b, 0, ofz_ms_quantize(b, x, ofz_part_in(b, k), ofz_part_in(b, k + 1), ofz_part_in(b, 0)));
}

/* --- element by element ----------------------------------------------------------------------- */

static void qlinear_add(ofz_build *b)
{
    say(b, ofz_ms_add(b, meant(b, 0), meant(b, 3)), 6);
}

static void qlinear_mul(ofz_build *b)
{
    say(b, ofz_apply(b, "Mul", 14, NULL, OFZ_PARTS(meant(b, 0), meant(b, 3))), 6);
}

static void qlinear_sigmoid(ofz_build *b)
{
    say(b, ofz_apply(b, "Sigmoid", 13, NULL, OFZ_PARTS(meant(b, 0))), 3);
}

static void qlinear_leaky(ofz_build *b)
{
    const quant_attrs *a = b->attrs;

    say(b,
        ofz_apply(b, "LeakyRelu", 16, OFZ_SET(OFZ_SET_F("alpha", a->alpha)),
                  OFZ_PARTS(meant(b, 0))),
        3);
}

/* `opset` says which Softmax: before 13 everything from the axis on is one row. */
static void qlinear_softmax(ofz_build *b)
{
    const quant_attrs *a = b->attrs;

    if (a->opset < 1)
        OFZ_PART_FAIL(b, OFZ_E_MODEL, "opset: %" PRId64 ", want at least 1", a->opset);
    say(b,
        ofz_apply(b, "Softmax", a->opset < 13 ? 11 : 13, OFZ_SET(OFZ_SET_I("axis", a->axis)),
                  OFZ_PARTS(meant(b, 0))),
        3);
}

/* (condition, x, its scale, its zero point, y, ..., the result's) */
static void qlinear_where(ofz_build *b)
{
    const ofz_part y =
        ofz_apply(b, "Where", 16, NULL, OFZ_PARTS(ofz_part_in(b, 0), meant(b, 1), meant(b, 4)));

    ofz_part_want_in(b, 7);
    ofz_part_out(b, 0,
                 ofz_ms_quantize(b, y, ofz_part_in(b, 7), ofz_part_in(b, 8), ofz_part_in(b, 1)));
}

/* --- pools ------------------------------------------------------------------------------------ */

/* Apply `op` to the numbers meant, channels first. */
static void pool(ofz_build *b, const char *op, int opset, const ofz_attr *attr)
{
    const quant_attrs *a = b->attrs;
    ofz_part           x = meant(b, 0);

    if (a->channels_last && ofz_part_rank(b, x) < 0) {
        ofz_part_open(b, 0, ofz_part_type(b, ofz_part_in(b, 0))->dtype);
        return;
    }
    if (a->channels_last) x = ofz_ms_channels_first(b, x);
    x = ofz_apply(b, op, opset, attr, OFZ_PARTS(x));
    if (a->channels_last) x = ofz_ms_channels_last(b, x);
    say(b, x, 3);
}

static void qlinear_average(ofz_build *b)
{
    pool(b, "AveragePool", 19, ofz_part_attrs(b, OFZ_WITHOUT("channels_last")));
}

static void qlinear_global(ofz_build *b)
{
    pool(b, "GlobalAveragePool", 1, NULL);
}

/* --- Concat(scale, zero point, then three for each tensor) ------------------------------------- */

static void qlinear_concat(ofz_build *b)
{
    const quant_attrs *a = b->attrs;
    ofz_part           y;

    if (b->in_count % 3 != 2)
        OFZ_PART_FAIL(b, OFZ_E_MODEL, "inputs: %d, want two and three for each tensor",
                      b->in_count);
    y = meant(b, 2);
    for (int k = 5; k < b->in_count && !b->status; k += 3)
        y = ofz_apply(b, "Concat", 13, OFZ_SET(OFZ_SET_I("axis", a->axis)),
                      OFZ_PARTS(y, meant(b, k)));
    ofz_part_out(b, 0,
                 ofz_ms_quantize(b, y, ofz_part_in(b, 0), ofz_part_in(b, 1), ofz_part_in(b, 2)));
}

/* --- to and from quantised numbers ------------------------------------------------------------- */

/* A vector of one number says nothing about an axis, nor does one where there is no such axis. */
static void convert(ofz_build *b, const char *op)
{
    const quant_attrs *a    = b->attrs;
    const ofz_part     x    = ofz_part_in(b, 0);
    const int          rank = ofz_part_rank(b, x);
    const bool         axis = rank < 0 || (a->axis >= -rank && a->axis < rank);
    ofz_part           param[2];

    for (int k = 0; k < 2; k++) {
        param[k] = ofz_part_in(b, k + 1);
        param[k] = axis ? ofz_ms_scalar_or_more(b, param[k]) : ofz_ms_scalar(b, param[k]);
    }
    ofz_part_out(b, 0,
                 ofz_apply(b, op, 23, OFZ_SET(OFZ_SET_I("axis", a->axis)),
                           OFZ_PARTS(x, param[0], param[1])));
}

static void dequantize(ofz_build *b)
{
    convert(b, "DequantizeLinear");
}

static void quantize(ofz_build *b)
{
    convert(b, "QuantizeLinear");
}

/* --- integers ---------------------------------------------------------------------------------- */

static ofz_part centred(ofz_build *b, int k)
{
    const ofz_part x = ofz_part_in(b, k), zero = ofz_part_in(b, k + 1);

    ofz_part_want_in(b, k);
    if (zero < 0) return ofz_ms_cast(b, x, OFZ_I32);
    return ofz_apply(b, "Sub", 14, NULL,
                     OFZ_PARTS(ofz_ms_cast(b, x, OFZ_I32), ofz_ms_cast(b, zero, OFZ_I32)));
}

static void mul_integer(ofz_build *b)
{
    ofz_part_out(b, 0, ofz_apply(b, "Mul", 14, NULL, OFZ_PARTS(centred(b, 0), centred(b, 2))));
}

static void reduce_sum_integer(ofz_build *b)
{
    const quant_attrs *a = b->attrs;
    const ofz_part     x = ofz_part_in(b, 0);
    const ofz_dtype    t = ofz_part_type(b, x)->dtype;

    if (!t) {
        ofz_part_open(b, 0, OFZ_UNDEFINED);
        return;
    }
    if (t != OFZ_U8 && t != OFZ_I8)
        OFZ_PART_FAIL(b, OFZ_E_MODEL, "input 0: %s, want int8 or uint8", ofz_dtype_name(t));
    ofz_part_out(b, 0,
                 ofz_apply(b, "ReduceSum", 13, OFZ_SET(OFZ_SET_I("keepdims", a->keepdims)),
                           OFZ_PARTS(ofz_ms_cast(b, x, t == OFZ_U8 ? OFZ_U32 : OFZ_I32),
                                     ofz_part_ints(b, (int)a->axes.count, a->axes.v))));
}

OFZ_COMPOSED_GRAD(dequantize)
OFZ_COMPOSED_GRAD(quantize)
OFZ_COMPOSED(mul_integer)
OFZ_COMPOSED(qlinear_add)
OFZ_COMPOSED(qlinear_average)
OFZ_COMPOSED(qlinear_concat)
OFZ_COMPOSED(qlinear_global)
OFZ_COMPOSED(qlinear_leaky)
OFZ_COMPOSED(qlinear_mul)
OFZ_COMPOSED(qlinear_sigmoid)
OFZ_COMPOSED(qlinear_softmax)
OFZ_COMPOSED(qlinear_where)
OFZ_COMPOSED(reduce_sum_integer)

/* --- the table -------------------------------------------------------------------------------- */

#define AT(field) offsetof(quant_attrs, field)
#define IGNORED   OFZ_ATTR_IGNORED

static const ofz_attr_def axis_def[] = {
    { "axis", OFZ_ATTR_INT, AT(axis), .i = 1 },
    { 0 },
};

static const ofz_attr_def concat_def[] = {
    { "axis", OFZ_ATTR_INT, AT(axis), .required = true },
    { 0 },
};

static const ofz_attr_def leaky_def[] = {
    { "alpha", OFZ_ATTR_FLOAT, AT(alpha), .f = 0.01f },
    { 0 },
};

static const ofz_attr_def softmax_def[] = {
    { "axis", OFZ_ATTR_INT, AT(axis), .i = -1 },
    { "opset", OFZ_ATTR_INT, AT(opset), .required = true },
    { 0 },
};

static const ofz_attr_def global_def[] = {
    { "channels_last", OFZ_ATTR_INT, AT(channels_last) },
    { 0 },
};

static const ofz_attr_def average_def[] = {
    { "auto_pad", OFZ_ATTR_STRING, IGNORED },
    { "ceil_mode", OFZ_ATTR_INT, IGNORED },
    { "channels_last", OFZ_ATTR_INT, AT(channels_last) },
    { "count_include_pad", OFZ_ATTR_INT, IGNORED },
    { "kernel_shape", OFZ_ATTR_INTS, IGNORED, .required = true },
    { "pads", OFZ_ATTR_INTS, IGNORED },
    { "strides", OFZ_ATTR_INTS, IGNORED },
    { 0 },
};

static const ofz_attr_def reduce_def[] = {
    { "axes", OFZ_ATTR_INTS, AT(axes), .required = true },
    { "keepdims", OFZ_ATTR_INT, AT(keepdims), .i = 1 },
    { 0 },
};

/* clang-format off */
#define ROW(name, least, most, flags, def, what, grad, roles)                                      \
    { name, 1, { least, most }, { 1, 1 }, OFZ_OP_PURE | (flags), def, sizeof(quant_attrs),         \
      what##_infer, what##_eval, grad, roles, OFZ_MS }

static const ofz_op rows[] = {
    ROW("DequantizeLinear", 2, 3, 0, axis_def, dequantize, dequantize_grad, "xqq"),
    ROW("MulInteger", 1, 4, 0, NULL, mul_integer, NULL, "xqxq"),
    ROW("QLinearAdd", 2, 8, 0, NULL, qlinear_add, NULL, "xqqxqqqq"),
    ROW("QLinearAveragePool", 2, 5, 0, average_def, qlinear_average, NULL, "xqqqq"),
    ROW("QLinearConcat", 3, OFZ_VARIADIC, 0, concat_def, qlinear_concat, NULL, "qqx"),
    ROW("QLinearGlobalAveragePool", 2, 5, 0, global_def, qlinear_global, NULL, "xqqqq"),
    ROW("QLinearLeakyRelu", 2, 5, 0, leaky_def, qlinear_leaky, NULL, "xqqqq"),
    ROW("QLinearMul", 2, 8, 0, NULL, qlinear_mul, NULL, "xqqxqqqq"),
    ROW("QLinearSigmoid", 2, 5, 0, NULL, qlinear_sigmoid, NULL, "xqqqq"),
    ROW("QLinearSoftmax", 2, 5, 0, softmax_def, qlinear_softmax, NULL, "xqqqq"),
    ROW("QLinearWhere", 2, 9, 0, NULL, qlinear_where, NULL, "mxqqxqqqq"),
    ROW("QuantizeLinear", 2, 3, OFZ_OP_STRAIGHT, axis_def, quantize, quantize_grad, "xqq"),
    ROW("ReduceSumInteger", 1, 1, 0, reduce_def, reduce_sum_integer, NULL, "x"),
    { 0 },
};
/* clang-format on */
OFZ_OP_TABLE(ms_quant, rows);
