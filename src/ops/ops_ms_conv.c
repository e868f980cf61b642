/* ops_ms_conv.c - ONNX Runtime's convolutions with something after them, with pads as an input, and
 * with channels last; its pooling of bytes with channels last.
 * Source: ONNX Runtime, ContribOperators.md. */
#include "ops/contrib.h"

#include <math.h>

typedef struct conv_attrs {
    ofz_string activation;
    ofz_floats params;
} conv_attrs;

/* The parameters of an activation in the order in which FusedConv lists them. */
static ofz_ms_activation activation_of(const conv_attrs *a)
{
    const float v[2] = { a->params.count > 0 ? a->params.v[0] : NAN,
                         a->params.count > 1 ? a->params.v[1] : NAN };

    return (ofz_ms_activation){ .name = a->activation, .alpha = v[0], .beta = v[1], .gamma = NAN };
}

/* Activation of convolution plus input 3. */
static ofz_part fused(ofz_build *b, ofz_part x, ofz_part z)
{
    const ofz_ms_activation act = activation_of(b->attrs);
    const ofz_part          y =
        ofz_apply(b, "Conv", 22, ofz_part_attrs(b, OFZ_WITHOUT("activation", "activation_params")),
                  OFZ_PARTS(x, ofz_part_in(b, 1), ofz_part_in(b, 2)));

    if (z >= 0 && ofz_part_rank(b, y) >= 0) {
        ofz_part_want_rank(b, z, "Z", ofz_part_rank(b, y));
        for (int i = 0; i < ofz_part_rank(b, y); i++)
            ofz_part_want_dim(b, z, "Z", i, ofz_part_dim(b, y, i));
    }
    return ofz_ms_activate(b, &act, ofz_ms_add(b, y, z));
}

static void fused_conv(ofz_build *b)
{
    ofz_part_out(b, 0, fused(b, ofz_part_in(b, 0), ofz_part_in(b, 3)));
}

/* The weights keep their place: only x, Z and y have their channels last. */
static void nhwc_conv(ofz_build *b)
{
    ofz_part x = ofz_part_in(b, 0), z = ofz_part_in(b, 3);

    if (ofz_part_rank(b, x) < 0 || (z >= 0 && ofz_part_rank(b, z) < 0)) {
        ofz_part_open(b, 0, ofz_part_type(b, x)->dtype);
        return;
    }
    if (z >= 0) z = ofz_ms_channels_first(b, z);
    ofz_part_out(b, 0, ofz_ms_channels_last(b, fused(b, ofz_ms_channels_first(b, x), z)));
}

static void nhwc_max_pool(ofz_build *b)
{
    const ofz_part x = ofz_part_in(b, 0);

    if (ofz_part_rank(b, x) < 0) {
        ofz_part_open(b, 0, ofz_part_type(b, x)->dtype);
        return;
    }
    ofz_part_out(
        b, 0,
        ofz_ms_channels_last(b, ofz_apply(b, "MaxPool", 12, ofz_part_attrs(b, OFZ_WITHOUT("")),
                                          OFZ_PARTS(ofz_ms_channels_first(b, x)))));
}

/* Pads become the attribute that ConvTranspose has for them. */
static void dynamic_pads(ofz_build *b)
{
    const ofz_part  x = ofz_part_in(b, 0), pads = ofz_part_in(b, 2);
    const ofz_attr *own = ofz_part_attrs(b, OFZ_WITHOUT(""));
    ofz_attr        attr[16];
    const int64_t  *v     = NULL;
    int64_t         count = 0;
    size_t          n     = 0;

    if (pads >= 0 && !ofz_part_known(b, pads, &v, &count)) {
        ofz_part_open(b, 0, ofz_part_type(b, x)->dtype);
        return;
    }
    for (; own && own[n].name && n < 14; n++) attr[n] = own[n];
    if (pads >= 0)
        attr[n++] =
            (ofz_attr){ .name = "pads", .type = OFZ_ATTR_INTS, .u.ints = { v, (size_t)count } };
    attr[n] = (ofz_attr){ 0 };
    ofz_part_out(b, 0,
                 ofz_apply(b, "ConvTranspose", 11, attr,
                           OFZ_PARTS(x, ofz_part_in(b, 1), ofz_part_in(b, 3))));
}

OFZ_COMPOSED_GRAD(dynamic_pads)
OFZ_COMPOSED_GRAD(fused_conv)
OFZ_COMPOSED_GRAD(nhwc_conv)
OFZ_COMPOSED(nhwc_max_pool)

/* --- the table -------------------------------------------------------------------------------- */

#define AT(field) offsetof(conv_attrs, field)
#define IGNORED   OFZ_ATTR_IGNORED

/* What the row that does the work reads by itself is ignored here. */
static const ofz_attr_def conv_def[] = {
    { "activation", OFZ_ATTR_STRING, AT(activation) },
    { "activation_params", OFZ_ATTR_FLOATS, AT(params) },
    { "auto_pad", OFZ_ATTR_STRING, IGNORED },
    { "dilations", OFZ_ATTR_INTS, IGNORED },
    { "group", OFZ_ATTR_INT, IGNORED },
    { "kernel_shape", OFZ_ATTR_INTS, IGNORED },
    { "pads", OFZ_ATTR_INTS, IGNORED },
    { "strides", OFZ_ATTR_INTS, IGNORED },
    { 0 },
};

static const ofz_attr_def dynamic_def[] = {
    { "auto_pad", OFZ_ATTR_STRING, IGNORED },
    { "dilations", OFZ_ATTR_INTS, IGNORED },
    { "group", OFZ_ATTR_INT, IGNORED },
    { "kernel_shape", OFZ_ATTR_INTS, IGNORED },
    { "output_padding", OFZ_ATTR_INTS, IGNORED },
    { "strides", OFZ_ATTR_INTS, IGNORED },
    { 0 },
};

static const ofz_attr_def pool_def[] = {
    { "auto_pad", OFZ_ATTR_STRING, IGNORED },
    { "ceil_mode", OFZ_ATTR_INT, IGNORED },
    { "dilations", OFZ_ATTR_INTS, IGNORED },
    { "kernel_shape", OFZ_ATTR_INTS, IGNORED, .required = true },
    { "pads", OFZ_ATTR_INTS, IGNORED },
    { "strides", OFZ_ATTR_INTS, IGNORED },
    { 0 },
};

/* clang-format off */
#define ROW(name, least, most, def, size, what, grad, roles)                                       \
    { name, 1, { least, most }, { 1, 1 }, OFZ_OP_PURE, def, size, what##_infer, what##_eval, grad, \
      roles, OFZ_MS }

static const ofz_op rows[] = {
    ROW("ConvTransposeWithDynamicPads", 2, 4, dynamic_def, 0, dynamic_pads, dynamic_pads_grad, "xwib"),
    ROW("FusedConv", 2, 4, conv_def, sizeof(conv_attrs), fused_conv, fused_conv_grad, "xwbx"),
    ROW("NhwcFusedConv", 2, 4, conv_def, sizeof(conv_attrs), nhwc_conv, nhwc_conv_grad, "xwbx"),
    ROW("NhwcMaxPool", 1, 1, pool_def, 0, nhwc_max_pool, NULL, "x"),
    { 0 },
};
/* clang-format on */
OFZ_OP_TABLE(ms_conv, rows);
