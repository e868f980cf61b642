/* ops_ms_quant_matrix.c - ONNX Runtime's products of quantised numbers: with float results
 * (DynamicQuantizeMatMul, MatMulIntegerToFloat, QAttention) or rounded again (QGemm, QLinearConv).
 * The numbers meant are multiplied as floats. Source: ONNX Runtime, ContribOperators.md. */
#include "ops/contrib_attention.h"

typedef struct product_attrs {
    float   alpha;
    int64_t trans_a, trans_b, channels_last;
} product_attrs;

/* A has one scale; those of B are one, or one for each column. */
static ofz_part product(ofz_build *b, ofz_part x, ofz_part w, ofz_part bias)
{
    return ofz_ms_add(b, ofz_ms_matmul(b, x, w), bias);
}

/* (A, B, scale of B, zero point of B, bias): A is quantised to bytes here. */
static void dynamic_matmul(ofz_build *b)
{
    ofz_part q[3];

    ofz_apply_many(b, "DynamicQuantizeLinear", 11, NULL, OFZ_PARTS(ofz_part_in(b, 0)), 3, q);
    ofz_part_out(b, 0,
                 product(b, ofz_ms_rescale(b, q[0], q[1], q[2]),
                         ofz_ms_rescale(b, ofz_part_in(b, 1), ofz_part_in(b, 2), ofz_part_in(b, 3)),
                         ofz_part_in(b, 4)));
}

/* (A, B, scale of A, scale of B, zero point of A, zero point of B, bias) */
static void integer_to_float(ofz_build *b)
{
    ofz_part_out(b, 0,
                 product(b,
                         ofz_ms_rescale(b, ofz_part_in(b, 0), ofz_part_in(b, 2), ofz_part_in(b, 4)),
                         ofz_ms_rescale(b, ofz_part_in(b, 1), ofz_part_in(b, 3), ofz_part_in(b, 5)),
                         ofz_part_in(b, 6)));
}

/* (input, weights, bias, their scales, mask, their zero points, past) */
static void qattention(ofz_build *b)
{
    const ofz_part x = ofz_part_in(b, 0), w = ofz_part_in(b, 1), bias = ofz_part_in(b, 2);

    ofz_part_want_rank(b, x, "input", 3);
    ofz_part_want_rank(b, w, "weights", 2);
    ofz_part_want_rank(b, bias, "bias", 1);
    ofz_part_want_dim(b, bias, "bias", 0, ofz_part_dim(b, w, 1));
    ofz_ms_attention_of(b, b->attrs,
                        product(b, ofz_ms_rescale(b, x, ofz_part_in(b, 3), ofz_part_in(b, 6)),
                                ofz_ms_rescale(b, w, ofz_part_in(b, 4), ofz_part_in(b, 7)), bias),
                        ofz_part_in(b, 5), ofz_part_in(b, 8), OFZ_NO_PART);
}

/* (A, scale, zero point, B, scale, zero point, C, scale of Y, zero point of Y). C is counted in
 * products of the two scales. */
static void qgemm(ofz_build *b)
{
    const product_attrs *a     = b->attrs;
    const ofz_part       scale = ofz_ms_scalar(b, ofz_part_in(b, 1));
    const ofz_part       each  = ofz_ms_scalar_or_more(b, ofz_part_in(b, 4));
    ofz_part             x, w, c = ofz_part_in(b, 6), y;

    for (int k = 3; k < 6; k++) ofz_part_want_in(b, k);
    x = ofz_ms_rescale(b, ofz_part_in(b, 0), scale, ofz_ms_scalar(b, ofz_part_in(b, 2)));
    w = ofz_part_in(b, 3);
    if (a->trans_b) w = ofz_apply(b, "Transpose", 13, NULL, OFZ_PARTS(w));
    w = ofz_ms_rescale(b, w, each, ofz_ms_scalar_or_more(b, ofz_part_in(b, 5)));
    if (c >= 0)
        c = ofz_ms_rescale(b, c, ofz_apply(b, "Mul", 14, NULL, OFZ_PARTS(scale, each)),
                           OFZ_NO_PART);
    y = ofz_apply(b, "Gemm", 13,
                  OFZ_SET(OFZ_SET_F("alpha", a->alpha), OFZ_SET_F("beta", a->alpha),
                          OFZ_SET_I("transA", a->trans_a)),
                  OFZ_PARTS(x, w, c));
    if (ofz_part_in(b, 7) >= 0)
        y = ofz_ms_quantize(b, y, ofz_part_in(b, 7), ofz_part_in(b, 8), ofz_part_in(b, 0));
    ofz_part_out(b, 0, y);
}

/* ONNX's, or the same with the channels of x and y last. */
static void qlinear_conv(ofz_build *b)
{
    const product_attrs *a = b->attrs;
    ofz_part             in[10];

    for (int k = 0; k < 9; k++) in[k] = ofz_part_in(b, k);
    in[9] = OFZ_LAST_PART;
    if (a->channels_last && ofz_part_rank(b, in[0]) < 0) {
        ofz_part_open(b, 0, ofz_part_type(b, in[7])->dtype);
        return;
    }
    if (a->channels_last) in[0] = ofz_ms_channels_first(b, in[0]);
    in[0] = ofz_apply(b, "QLinearConv", 10, ofz_part_attrs(b, OFZ_WITHOUT("channels_last")), in);
    if (a->channels_last) in[0] = ofz_ms_channels_last(b, in[0]);
    ofz_part_out(b, 0, in[0]);
}

OFZ_COMPOSED(dynamic_matmul)
OFZ_COMPOSED(integer_to_float)
OFZ_COMPOSED(qattention)
OFZ_COMPOSED(qgemm)
OFZ_COMPOSED(qlinear_conv)

/* --- the table -------------------------------------------------------------------------------- */

#define AT(field)  offsetof(product_attrs, field)
#define ATT(field) offsetof(ofz_ms_attention_attrs, field)
#define IGNORED    OFZ_ATTR_IGNORED

static const ofz_attr_def attention_def[] = {
    { "do_rotary", OFZ_ATTR_INT, ATT(rotary) },
    { "mask_filter_value", OFZ_ATTR_FLOAT, ATT(filter), .f = -10000 },
    { "num_heads", OFZ_ATTR_INT, ATT(heads), .required = true },
    { "past_present_share_buffer", OFZ_ATTR_INT, ATT(share) },
    { "scale", OFZ_ATTR_FLOAT, ATT(scale) },
    { "unidirectional", OFZ_ATTR_INT, ATT(causal) },
    { 0 },
};

static const ofz_attr_def gemm_def[] = {
    { "alpha", OFZ_ATTR_FLOAT, AT(alpha), .f = 1 },
    { "transA", OFZ_ATTR_INT, AT(trans_a) },
    { "transB", OFZ_ATTR_INT, AT(trans_b) },
    { 0 },
};

static const ofz_attr_def conv_def[] = {
    { "auto_pad", OFZ_ATTR_STRING, IGNORED },
    { "channels_last", OFZ_ATTR_INT, AT(channels_last) },
    { "dilations", OFZ_ATTR_INTS, IGNORED },
    { "group", OFZ_ATTR_INT, IGNORED },
    { "kernel_shape", OFZ_ATTR_INTS, IGNORED },
    { "pads", OFZ_ATTR_INTS, IGNORED },
    { "strides", OFZ_ATTR_INTS, IGNORED },
    { 0 },
};

/* clang-format off */
#define ROW(name, least, most, outs, def, size, what, roles)                                       \
    { name, 1, { least, most }, { 1, outs }, OFZ_OP_PURE, def, size, what##_infer, what##_eval,    \
      NULL, roles, OFZ_MS }

static const ofz_op rows[] = {
    ROW("DynamicQuantizeMatMul", 3, 5, 1, NULL, 0, dynamic_matmul, "xwqqb"),
    ROW("MatMulIntegerToFloat", 4, 7, 1, NULL, 0, integer_to_float, "xwqqqqb"),
    ROW("QAttention", 5, 9, 2, attention_def, sizeof(ofz_ms_attention_attrs), qattention, "xwbqqmqqx"),
    ROW("QGemm", 3, 9, 1, gemm_def, sizeof(product_attrs), qgemm, "xqqwqqbqq"),
    ROW("QLinearConv", 8, 9, 1, conv_def, sizeof(product_attrs), qlinear_conv, "xqqwqqqqb"),
    { 0 },
};
/* clang-format on */
OFZ_OP_TABLE(ms_quant_matrix, rows);
