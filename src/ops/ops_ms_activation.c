/* ops_ms_activation.c - ONNX Runtime's activations: the Gelus, alone and after a bias.
 * Source: ONNX Runtime, ContribOperators.md. */
#include "ops/contrib.h"

typedef struct gelu_attrs {
    float alpha;
} gelu_attrs;

/* A bias has one number for each of the last axis of x. */
static ofz_part biased(ofz_build *b, ofz_part x, ofz_part bias)
{
    ofz_part_want_rank(b, bias, "bias", 1);
    ofz_part_want_dim(b, bias, "bias", 0, ofz_part_dim(b, x, -1));
    return ofz_ms_add(b, x, bias);
}

static ofz_part erf_gelu(ofz_build *b, ofz_part x)
{
    return ofz_apply(b, "Gelu", 20, NULL, OFZ_PARTS(x));
}

static void gelu(ofz_build *b)
{
    ofz_part_out(b, 0, erf_gelu(b, ofz_part_in(b, 0)));
}

static void bias_gelu(ofz_build *b)
{
    ofz_part_out(b, 0, erf_gelu(b, biased(b, ofz_part_in(b, 0), ofz_part_in(b, 1))));
}

static void fast_gelu(ofz_build *b)
{
    const ofz_part x = biased(b, ofz_part_in(b, 0), ofz_part_in(b, 1));

    ofz_part_out(b, 0,
                 ofz_apply(b, "Gelu", 20, OFZ_SET(OFZ_SET_S("approximate", "tanh")), OFZ_PARTS(x)));
}

static void quick_gelu(ofz_build *b)
{
    const gelu_attrs *a = b->attrs;

    ofz_part_out(b, 0,
                 ofz_apply(b, "Swish", 24, OFZ_SET(OFZ_SET_F("alpha", a->alpha)),
                           OFZ_PARTS(ofz_part_in(b, 0))));
}

static void bias_add(ofz_build *b)
{
    const ofz_part x = biased(b, ofz_part_in(b, 0), ofz_part_in(b, 1));

    ofz_part_out(b, 0, ofz_ms_add(b, x, ofz_part_in(b, 2)));
}

/* The first half of the last axis times Gelu of the second. */
static void bias_split_gelu(ofz_build *b)
{
    ofz_part      half[2];
    const int64_t width = ofz_part_dim(b, ofz_part_in(b, 0), -1);

    if (width > 0 && width % 2)
        OFZ_PART_FAIL(b, OFZ_E_MODEL, "input 0: width %" PRId64 ", want an even one", width);
    ofz_apply_many(b, "Split", 18, OFZ_SET(OFZ_SET_I("axis", -1), OFZ_SET_I("num_outputs", 2)),
                   OFZ_PARTS(biased(b, ofz_part_in(b, 0), ofz_part_in(b, 1))), 2, half);
    ofz_part_out(b, 0, ofz_apply(b, "Mul", 14, NULL, OFZ_PARTS(half[0], erf_gelu(b, half[1]))));
}

OFZ_COMPOSED_GRAD(bias_add)
OFZ_COMPOSED_GRAD(bias_gelu)
OFZ_COMPOSED_GRAD(bias_split_gelu)
OFZ_COMPOSED_GRAD(fast_gelu)
OFZ_COMPOSED_GRAD(gelu)
OFZ_COMPOSED_GRAD(quick_gelu)

/* --- the table -------------------------------------------------------------------------------- */

static const ofz_attr_def quick_def[] = {
    { "alpha", OFZ_ATTR_FLOAT, offsetof(gelu_attrs, alpha), .f = 1.702f },
    { 0 },
};

/* clang-format off */
#define ROW(name, least, most, def, size, what, roles)                                             \
    { name, 1, { least, most }, { 1, 1 }, OFZ_OP_PURE, def, size, what##_infer, what##_eval,       \
      what##_grad, roles, OFZ_MS }

static const ofz_op rows[] = {
    ROW("BiasAdd", 3, 3, NULL, 0, bias_add, "xbx"),
    ROW("BiasGelu", 2, 2, NULL, 0, bias_gelu, "xb"),
    ROW("BiasSplitGelu", 2, 2, NULL, 0, bias_split_gelu, "xb"),
    ROW("FastGelu", 1, 2, NULL, 0, fast_gelu, "xb"),
    ROW("Gelu", 1, 1, NULL, 0, gelu, "x"),
    ROW("QuickGelu", 1, 1, quick_def, sizeof(gelu_attrs), quick_gelu, "x"),
    { 0 },
};
/* clang-format on */
OFZ_OP_TABLE(ms_activation, rows);
