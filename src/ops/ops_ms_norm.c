/* ops_ms_norm.c - ONNX Runtime's layer normalisations: after a skip connection, of embeddings, and
 * without a mean (SimplifiedLayerNormalization, which it keeps in ONNX's own domain); GroupNorm.
 * Source: ONNX Runtime, ContribOperators.md. */
#include "ops/contrib.h"

typedef struct norm_attrs {
    float   epsilon;
    int64_t axis, stash_type, mask_index_type;
    int64_t activation, channels_last, groups;
} norm_attrs;

/* --- normalisations --------------------------------------------------------------------------- */

/* LayerNormalization over the last axis; out[]: the result, mean, inverse deviation. */
static void layer(ofz_build *b, ofz_part x, ofz_part scale, ofz_part shift, int count,
                  ofz_part out[3])
{
    const norm_attrs *a = b->attrs;

    out[1] = out[2] = OFZ_NO_PART;
    ofz_apply_many(b, "LayerNormalization", 17, OFZ_SET(OFZ_SET_F("epsilon", a->epsilon)),
                   OFZ_PARTS(x, scale, shift), count, out);
}

/* axis: the first that is averaged over. */
static ofz_part rms(ofz_build *b, ofz_part x, ofz_part scale, int64_t axis)
{
    const norm_attrs *a = b->attrs;

    return ofz_apply(b, "RMSNormalization", 23,
                     OFZ_SET(OFZ_SET_F("epsilon", a->epsilon), OFZ_SET_I("axis", axis)),
                     OFZ_PARTS(x, scale));
}

/* 1 / sqrt(mean of x^2 + epsilon) over the axes from `axis` on, never narrower than float32. */
static ofz_part inverse_rms(ofz_build *b, int k, ofz_part x, int64_t axis)
{
    const norm_attrs *a    = b->attrs;
    const ofz_dtype   t    = ofz_part_type(b, x)->dtype;
    const int         rank = ofz_part_rank(b, x);
    int64_t           axes[OFZ_MAX_RANK];
    int               first = 0;
    ofz_part          y;

    if (rank < 0) {
        ofz_part_open(b, k, t == OFZ_F64 ? OFZ_F64 : t ? OFZ_F32 : OFZ_UNDEFINED);
        return OFZ_NO_PART;
    }
    if (b->status) return OFZ_NO_PART;
    ofz_part_fail(b, ofz_axis(b->ctx, axis, rank, &first));
    for (int i = first; i < rank; i++) axes[i - first] = i;
    if (t == OFZ_F16 || t == OFZ_BF16) x = ofz_ms_cast(b, x, OFZ_F32);
    y = ofz_apply(b, "Mul", 14, NULL, OFZ_PARTS(x, x));
    y = ofz_apply(b, "ReduceMean", 18, NULL, OFZ_PARTS(y, ofz_part_ints(b, rank - first, axes)));
    y = ofz_ms_add(b, y, ofz_part_number(b, y, (double)a->epsilon));
    return ofz_apply(b, "Reciprocal", 13, NULL,
                     OFZ_PARTS(ofz_apply(b, "Sqrt", 13, NULL, OFZ_PARTS(y))));
}

static void simplified(ofz_build *b)
{
    const norm_attrs *a = b->attrs;
    const ofz_part    x = ofz_part_in(b, 0);

    ofz_part_want_plain(b, a->stash_type == OFZ_F32, "stash_type other than 1");
    ofz_part_out(b, 0, rms(b, x, ofz_part_in(b, 1), a->axis));
    if (ofz_part_wanted(b, 1)) ofz_part_out(b, 1, inverse_rms(b, 1, x, a->axis));
}

/* --- after a skip connection ------------------------------------------------------------------ */

static void vector_check(ofz_build *b, int k, const char *what, ofz_part x)
{
    ofz_part_want_rank(b, ofz_part_in(b, k), what, 1);
    ofz_part_want_dim(b, ofz_part_in(b, k), what, 0, ofz_part_dim(b, x, -1));
}

/* input + skip + bias: the skip may repeat along the batch. */
static ofz_part skip_sum(ofz_build *b, int bias)
{
    const ofz_part x = ofz_part_in(b, 0), skip = ofz_part_in(b, 1);

    vector_check(b, 2, "gamma", x);
    vector_check(b, bias, "bias", x);
    ofz_part_want_dim(b, skip, "skip", -1, ofz_part_dim(b, x, -1));
    if (ofz_part_rank(b, x) >= 0 && ofz_part_rank(b, skip) > ofz_part_rank(b, x))
        ofz_part_want_rank(b, skip, "skip", ofz_part_rank(b, x));
    return ofz_ms_add(b, ofz_ms_add(b, x, skip), ofz_part_in(b, bias));
}

static void skip_layer(ofz_build *b)
{
    const ofz_part sum = skip_sum(b, 4);
    ofz_part       out[3];

    vector_check(b, 3, "beta", sum);
    layer(b, sum, ofz_part_in(b, 2), ofz_part_in(b, 3),
          ofz_part_wanted(b, 1) || ofz_part_wanted(b, 2) ? 3 : 1, out);
    for (int k = 0; k < 3; k++) ofz_part_out(b, k, out[k]);
    ofz_part_out(b, 3, sum);
}

static void skip_simplified(ofz_build *b)
{
    const ofz_part sum = skip_sum(b, 3);

    ofz_part_want_plain(b, !ofz_part_wanted(b, 1), "output mean");
    ofz_part_out(b, 0, rms(b, sum, ofz_part_in(b, 2), -1));
    if (ofz_part_wanted(b, 2)) ofz_part_out(b, 2, inverse_rms(b, 2, sum, -1));
    ofz_part_out(b, 3, sum);
}

/* --- EmbedLayerNormalization(ids, segments, words, positions, segments' rows, gamma, beta, mask,
 *     position ids) ----------------------------------------------------------------------------- */

static ofz_part rows_of(ofz_build *b, ofz_part table, ofz_part ids)
{
    ofz_part_want_rank(b, table, "embedding", 2);
    return ofz_apply(b, "Gather", 13, NULL, OFZ_PARTS(table, ids));
}

static ofz_part zeros_like(ofz_build *b, ofz_part ids)
{
    return ofz_apply(b, "Sub", 14, NULL, OFZ_PARTS(ids, ids));
}

/* 0, 1, 2 ... in every row of `ids`. */
static ofz_part counted(ofz_build *b, ofz_part ids)
{
    const ofz_part ones = ofz_ms_add(b, zeros_like(b, ids), ofz_part_number(b, ids, 1));
    const ofz_part axis = ofz_part_number(b, OFZ_INTS(b, 0), 1);

    return ofz_apply(b, "CumSum", 14, OFZ_SET(OFZ_SET_I("exclusive", 1)), OFZ_PARTS(ones, axis));
}

/* How many ones each row of the mask has; 0 without a mask. */
static ofz_part mask_index(ofz_build *b, ofz_part ids, ofz_part mask)
{
    ofz_part ones = zeros_like(b, ids);

    if (mask >= 0) {
        ofz_part_want_rank(b, mask, "mask", 2);
        ones = ofz_apply(b, "Equal", 13, NULL, OFZ_PARTS(mask, ofz_part_number(b, mask, 1)));
        ones = ofz_ms_cast(b, ones, OFZ_I32);
    }
    return ofz_apply(b, "ReduceSum", 13, OFZ_SET(OFZ_SET_I("keepdims", 0)),
                     OFZ_PARTS(ones, OFZ_INTS(b, 1)));
}

static void embed(ofz_build *b)
{
    const ofz_part ids = ofz_part_in(b, 0), segment = ofz_part_in(b, 1);
    const ofz_part mask = ofz_part_in(b, 7), places = ofz_part_in(b, 8);
    ofz_part       sum, out[3];

    for (int k = 2; k < 7; k++)
        if (k != 4) ofz_part_want_in(b, k);
    ofz_part_want_rank(b, ids, "input_ids", 2);
    if ((segment < 0) != (ofz_part_in(b, 4) < 0))
        OFZ_PART_FAIL(b, OFZ_E_MODEL, "segment_ids, segment_embedding: one, want both or none");
    ofz_part_want_rank(b, segment, "segment_ids", 2);
    ofz_part_want_rank(b, places, "position_ids", 2);
    sum = ofz_ms_add(b, rows_of(b, ofz_part_in(b, 2), ids),
                     rows_of(b, ofz_part_in(b, 3), places < 0 ? counted(b, ids) : places));
    if (segment >= 0) sum = ofz_ms_add(b, sum, rows_of(b, ofz_part_in(b, 4), segment));
    vector_check(b, 5, "gamma", sum);
    vector_check(b, 6, "beta", sum);
    layer(b, sum, ofz_part_in(b, 5), ofz_part_in(b, 6), 1, out);
    ofz_part_out(b, 0, out[0]);
    if (ofz_part_wanted(b, 1)) ofz_part_out(b, 1, mask_index(b, ids, mask));
    ofz_part_out(b, 2, sum);
}

/* --- GroupNorm(x, gamma, beta), channels last by default --------------------------------------- */

static void group(ofz_build *b)
{
    const norm_attrs *a = b->attrs;
    ofz_part          x = ofz_part_in(b, 0), y;

    if (ofz_part_rank(b, x) < 0) {
        ofz_part_open(b, 0, ofz_part_type(b, x)->dtype);
        return;
    }
    if (a->activation < 0 || a->activation > 1)
        OFZ_PART_FAIL(b, OFZ_E_MODEL, "activation: %" PRId64 ", want 0 or 1", a->activation);
    if (a->channels_last) x = ofz_ms_channels_first(b, x);
    y = ofz_apply(b, "GroupNormalization", 21,
                  OFZ_SET(OFZ_SET_F("epsilon", a->epsilon), OFZ_SET_I("num_groups", a->groups)),
                  OFZ_PARTS(x, ofz_part_in(b, 1), ofz_part_in(b, 2)));
    if (a->channels_last) y = ofz_ms_channels_last(b, y);
    if (a->activation) y = ofz_apply(b, "Swish", 24, NULL, OFZ_PARTS(y));
    ofz_part_out(b, 0, y);
}

OFZ_COMPOSED_GRAD(embed)
OFZ_COMPOSED_GRAD(group)
OFZ_COMPOSED_GRAD(simplified)
OFZ_COMPOSED_GRAD(skip_layer)
OFZ_COMPOSED_GRAD(skip_simplified)

/* --- the table -------------------------------------------------------------------------------- */

#define AT(field) offsetof(norm_attrs, field)

static const ofz_attr_def embed_def[] = {
    { "epsilon", OFZ_ATTR_FLOAT, AT(epsilon), .f = 1e-12f },
    { "mask_index_type", OFZ_ATTR_INT, AT(mask_index_type) },
    { 0 },
};

static const ofz_attr_def group_def[] = {
    { "activation", OFZ_ATTR_INT, AT(activation), .required = true },
    { "channels_last", OFZ_ATTR_INT, AT(channels_last), .i = 1 },
    { "epsilon", OFZ_ATTR_FLOAT, AT(epsilon), .f = 1e-5f },
    { "groups", OFZ_ATTR_INT, AT(groups), .required = true },
    { 0 },
};

static const ofz_attr_def simplified_def[] = {
    { "axis", OFZ_ATTR_INT, AT(axis), .i = -1 },
    { "epsilon", OFZ_ATTR_FLOAT, AT(epsilon), .f = 1e-5f },
    { "stash_type", OFZ_ATTR_INT, AT(stash_type), .i = 1 },
    { 0 },
};

static const ofz_attr_def skip_def[] = {
    { "epsilon", OFZ_ATTR_FLOAT, AT(epsilon), .f = 1e-12f },
    { 0 },
};

/* clang-format off */
#define ROW(name, least, most, outs, def, what, roles, domain)                                     \
    { name, 1, { least, most }, { 1, outs }, OFZ_OP_PURE, def, sizeof(norm_attrs), what##_infer,   \
      what##_eval, what##_grad, roles, domain }

static const ofz_op rows[] = {
    ROW("SimplifiedLayerNormalization", 2, 2, 2, simplified_def, simplified, "xg", NULL),
    ROW("EmbedLayerNormalization", 1, 9, 3, embed_def, embed, "xxeeeghmx", OFZ_MS),
    ROW("GroupNorm", 3, 3, 1, group_def, group, "xgh", OFZ_MS),
    ROW("SkipLayerNormalization", 3, 5, 4, skip_def, skip_layer, "xxghb", OFZ_MS),
    ROW("SkipSimplifiedLayerNormalization", 3, 4, 4, skip_def, skip_simplified, "xxgb", OFZ_MS),
    { 0 },
};
/* clang-format on */
OFZ_OP_TABLE(ms_norm, rows);
