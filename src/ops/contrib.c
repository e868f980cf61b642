/* contrib.c - see contrib.h. */
#include "ops/contrib.h"

#include <math.h>
#include <string.h>

/* --- activations ------------------------------------------------------------------------------ */

static float or_default(float v, float d)
{
    return isnan(v) ? d : v;
}

static bool named(const ofz_ms_activation *a, const char *name)
{
    return a->name.size == strlen(name) && !memcmp(a->name.text, name, a->name.size);
}

/* Those without parameters, and their version. */
static const struct {
    const char *name;
    int         opset;
} plain[] = {
    { "Relu", 14 }, { "Sigmoid", 13 }, { "Softplus", 1 }, { "Softsign", 1 }, { "Tanh", 13 },
};

/* Those with alpha alone. */
static const struct {
    const char *name;
    int         opset;
    float       alpha;
} sloped[] = {
    { "Elu", 6, 1 },
    { "LeakyRelu", 16, 0.01f },
    { "ThresholdedRelu", 10, 1 },
};

ofz_part ofz_ms_activate(ofz_build *b, const ofz_ms_activation *a, ofz_part x)
{
    if (!a->name.size) return x;
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        if (named(a, plain[i].name))
            return ofz_apply(b, plain[i].name, plain[i].opset, NULL, OFZ_PARTS(x));
    for (size_t i = 0; i < sizeof sloped / sizeof *sloped; i++)
        if (named(a, sloped[i].name))
            return ofz_apply(b, sloped[i].name, sloped[i].opset,
                             OFZ_SET(OFZ_SET_F("alpha", or_default(a->alpha, sloped[i].alpha))),
                             OFZ_PARTS(x));
    if (named(a, "Clip"))
        return ofz_apply(
            b, "Clip", 13, NULL,
            OFZ_PARTS(x, isnan(a->alpha) ? OFZ_NO_PART : ofz_part_number(b, x, (double)a->alpha),
                      isnan(a->beta) ? OFZ_NO_PART : ofz_part_number(b, x, (double)a->beta)));
    if (named(a, "HardSigmoid"))
        return ofz_apply(b, "HardSigmoid", 6,
                         OFZ_SET(OFZ_SET_F("alpha", or_default(a->alpha, 0.2f)),
                                 OFZ_SET_F("beta", or_default(a->beta, 0.5f))),
                         OFZ_PARTS(x));
    if (named(a, "Selu"))
        return ofz_apply(b, "Selu", 6,
                         OFZ_SET(OFZ_SET_F("alpha", or_default(a->alpha, 1.67326319f)),
                                 OFZ_SET_F("gamma", or_default(a->gamma, 1.05070102f))),
                         OFZ_PARTS(x));
    OFZ_PART_FAIL(b, OFZ_E_UNSUPPORTED, "activation '%.*s': unknown",
                  (int)(a->name.size > 64 ? 64 : a->name.size), a->name.text);
    return OFZ_NO_PART;
}

/* --- small steps ------------------------------------------------------------------------------ */

ofz_part ofz_ms_add(ofz_build *b, ofz_part x, ofz_part y)
{
    if (x < 0 || y < 0) return x < 0 ? y : x;
    return ofz_apply(b, "Add", 14, NULL, OFZ_PARTS(x, y));
}

ofz_part ofz_ms_matmul(ofz_build *b, ofz_part x, ofz_part y)
{
    return ofz_apply(b, "MatMul", 13, NULL, OFZ_PARTS(x, y));
}

ofz_part ofz_ms_transpose(ofz_build *b, ofz_part x, int rank, const int64_t *perm)
{
    const ofz_attr a[] = {
        { .name = "perm", .type = OFZ_ATTR_INTS, .u.ints = { perm, (size_t)rank } }, { 0 }
    };

    return ofz_apply(b, "Transpose", 13, a, OFZ_PARTS(x));
}

static ofz_part channels_move(ofz_build *b, ofz_part x, bool last)
{
    const int rank = ofz_part_rank(b, x);
    int64_t   perm[OFZ_MAX_RANK];

    if (rank < 3) {
        if (rank >= 0) OFZ_PART_FAIL(b, OFZ_E_MODEL, "input: rank %d, want at least 3", rank);
        return OFZ_NO_PART;
    }
    for (int i = 0; i < rank; i++) perm[i] = i < 1 ? 0 : last ? (i + 1) % rank : i - 1;
    perm[last ? rank - 1 : 1] = last ? 1 : rank - 1;
    return ofz_ms_transpose(b, x, rank, perm);
}

ofz_part ofz_ms_channels_last(ofz_build *b, ofz_part x)
{
    return channels_move(b, x, true);
}

ofz_part ofz_ms_channels_first(ofz_build *b, ofz_part x)
{
    return channels_move(b, x, false);
}

ofz_part ofz_ms_length(ofz_build *b, ofz_part x, int axis)
{
    const ofz_part n =
        ofz_apply(b, "Shape", 15, OFZ_SET(OFZ_SET_I("start", axis), OFZ_SET_I("end", axis + 1)),
                  OFZ_PARTS(x));

    return ofz_apply(b, "Squeeze", 13, NULL, OFZ_PARTS(n, OFZ_INTS(b, 0)));
}

ofz_part ofz_ms_range(ofz_build *b, ofz_part n)
{
    return ofz_apply(b, "Range", 11, NULL,
                     OFZ_PARTS(ofz_part_number(b, n, 0), n, ofz_part_number(b, n, 1)));
}

ofz_part ofz_ms_cast(ofz_build *b, ofz_part x, ofz_dtype to)
{
    return ofz_apply(b, "Cast", 13, OFZ_SET(OFZ_SET_I("to", (int64_t)to)), OFZ_PARTS(x));
}

/* --- quantised numbers ------------------------------------------------------------------------ */

ofz_part ofz_ms_scalar(ofz_build *b, ofz_part x)
{
    if (x < 0 || ofz_part_rank(b, x) == 0) return x;
    return ofz_apply(b, "Reshape", 13, NULL, OFZ_PARTS(x, ofz_part_ints(b, 0, NULL)));
}

ofz_part ofz_ms_scalar_or_more(ofz_build *b, ofz_part x)
{
    return ofz_part_type(b, x)->count == 1 ? ofz_ms_scalar(b, x) : x;
}

ofz_part ofz_ms_dequantize(ofz_build *b, ofz_part x, ofz_part scale, ofz_part zero)
{
    return ofz_apply(b, "DequantizeLinear", 23, NULL,
                     OFZ_PARTS(x, ofz_ms_scalar(b, scale), ofz_ms_scalar(b, zero)));
}

ofz_part ofz_ms_quantize(ofz_build *b, ofz_part x, ofz_part scale, ofz_part zero, ofz_part like)
{
    const ofz_dtype dtype = ofz_part_type(b, like)->dtype;
    const ofz_attr  to[]  = { OFZ_SET_I("output_dtype", (int64_t)dtype), { 0 } };

    if (zero < 0 && !dtype) return ofz_part_unknown(b);
    return ofz_apply(b, "QuantizeLinear", 23, zero < 0 ? to : NULL,
                     OFZ_PARTS(x, ofz_ms_scalar(b, scale), ofz_ms_scalar(b, zero)));
}

ofz_part ofz_ms_rescale(ofz_build *b, ofz_part x, ofz_part scale, ofz_part zero)
{
    x = ofz_ms_cast(b, x, OFZ_F32);
    if (zero >= 0) x = ofz_apply(b, "Sub", 14, NULL, OFZ_PARTS(x, ofz_ms_cast(b, zero, OFZ_F32)));
    return ofz_apply(b, "Mul", 14, NULL, OFZ_PARTS(x, scale));
}
