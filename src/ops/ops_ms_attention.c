/* ops_ms_attention.c - ONNX Runtime's Attention, MultiHeadAttention and RotaryEmbedding.
 * Source: ONNX Runtime, ContribOperators.md. */
#include "ops/contrib_attention.h"

typedef struct rotary_attrs {
    int64_t interleaved, packed, heads, dim;
    float   scale;
} rotary_attrs;

/* --- Attention(input, weights, bias, mask, past, attention bias, past length) ------------------ */

static void attention(ofz_build *b)
{
    const ofz_part x = ofz_part_in(b, 0), w = ofz_part_in(b, 1), bias = ofz_part_in(b, 2);

    ofz_part_want_rank(b, x, "input", 3);
    ofz_part_want_rank(b, w, "weights", 2);
    ofz_part_want_rank(b, bias, "bias", 1);
    ofz_part_want_dim(b, bias, "bias", 0, ofz_part_dim(b, w, 1));
    ofz_part_want_plain(b, ofz_part_in(b, 6) < 0, "past_sequence_length");
    ofz_ms_attention_of(b, b->attrs, ofz_ms_add(b, ofz_ms_matmul(b, x, w), bias), ofz_part_in(b, 3),
                        ofz_part_in(b, 4), ofz_part_in(b, 5));
}

/* --- MultiHeadAttention(query, key, value, bias, mask, attention bias, past key, past value) --- */

/* x [batch, length, heads, parts, dim] apart along `parts`, each [batch, length, heads * dim]. */
static void unpack(ofz_build *b, ofz_part x, int parts, ofz_part *out)
{
    ofz_apply_many(b, "Split", 18, OFZ_SET(OFZ_SET_I("axis", 3), OFZ_SET_I("num_outputs", parts)),
                   OFZ_PARTS(x), parts, out);
    for (int i = 0; i < parts; i++)
        out[i] = ofz_apply(b, "Reshape", 13, NULL, OFZ_PARTS(out[i], OFZ_INTS(b, 0, 0, -1)));
}

/* [batch, heads, length, dim] as [batch, length, heads * dim]. */
static ofz_part flat(ofz_build *b, ofz_part x)
{
    static const int64_t perm[] = { 0, 2, 1, 3 };

    if (ofz_part_rank(b, x) != 4) return x;
    return ofz_apply(b, "Reshape", 13, NULL,
                     OFZ_PARTS(ofz_ms_transpose(b, x, 4, perm), OFZ_INTS(b, 0, 0, -1)));
}

/* Q, K and V in all the forms they come in; false: of unknown rank. */
static bool qkv_of(ofz_build *b, ofz_part part[3])
{
    const int rank = ofz_part_rank(b, part[0]), packed = ofz_part_rank(b, part[1]);

    if (part[1] < 0) {
        if (rank < 0) return false;
        ofz_part_want_rank(b, part[0], "query without key", 5);
        ofz_part_want_dim(b, part[0], "query without key", 3, 3);
        if (!b->status) unpack(b, part[0], 3, part);
        return true;
    }
    ofz_part_want_rank(b, part[0], "query", 3);
    if (part[2] < 0) {
        if (packed < 0) return false;
        ofz_part_want_rank(b, part[1], "key without value", 5);
        ofz_part_want_dim(b, part[1], "key without value", 3, 2);
        if (!b->status) unpack(b, part[1], 2, part + 1);
        return true;
    }
    if (packed < 0 || ofz_part_rank(b, part[2]) < 0) return false;
    for (int i = 1; i < 3; i++) part[i] = flat(b, part[i]);
    return true;
}

/* One bias for all three, as wide as they are together. */
static void bias_add(ofz_build *b, ofz_part bias, ofz_part part[3])
{
    int64_t  size[3];
    ofz_part each[3];
    bool     known = true;

    if (bias < 0) return;
    ofz_part_want_rank(b, bias, "bias", 1);
    for (int i = 0; i < 3; i++) {
        size[i] = ofz_part_dim(b, part[i], -1);
        known   = known && size[i] >= 0;
    }
    ofz_ms_split3(b, bias, known ? size : NULL, each);
    for (int i = 0; i < 3; i++) part[i] = ofz_ms_add(b, part[i], each[i]);
}

static void multi_head(ofz_build *b)
{
    const ofz_ms_attention_attrs *a  = b->attrs;
    const ofz_dtype               t  = ofz_part_type(b, ofz_part_in(b, 0))->dtype;
    ofz_ms_attention              in = { .mask    = ofz_part_in(b, 4),
                                         .bias    = ofz_part_in(b, 5),
                                         .past_k  = ofz_part_in(b, 6),
                                         .past_v  = ofz_part_in(b, 7),
                                         .heads   = a->heads,
                                         .causal  = a->causal,
                                         .present = ofz_part_wanted(b, 1) || ofz_part_wanted(b, 2),
                                         .scale   = a->scale,
                                         .filter  = a->filter };
    ofz_part part[3] = { ofz_part_in(b, 0), ofz_part_in(b, 1), ofz_part_in(b, 2) }, out[3];

    ofz_part_want_plain(b, ofz_part_in(b, 8) < 0, "past_sequence_length");
    ofz_part_want_plain(b, ofz_part_in(b, 9) < 0, "cache_indirection");
    ofz_part_want_plain(b, !ofz_part_wanted(b, 3), "output qk");
    if (!qkv_of(b, part)) {
        for (int k = 0; k < b->out_count; k++) ofz_part_open(b, k, t);
        return;
    }
    bias_add(b, ofz_part_in(b, 3), part);
    in.q = part[0];
    in.k = part[1];
    in.v = part[2];
    ofz_ms_attend(b, &in, out);
    for (int k = 0; k < (in.present ? 3 : 1); k++) ofz_part_out(b, k, out[k]);
}

/* --- RotaryEmbedding(input, position ids, cos, sin) ------------------------------------------- */

/* Positions of all tokens; one number is the position of the first. */
static ofz_part positions(ofz_build *b, ofz_part x, ofz_part ids)
{
    const bool flat_form = ofz_part_rank(b, x) == 3;
    ofz_part   all, shape;

    if (ofz_part_rank(b, ids) != 1) return ids;
    all   = ofz_ms_add(b, ofz_ms_range(b, ofz_ms_length(b, x, flat_form ? 1 : 2)), ids);
    shape = ofz_apply(b, "Shape", 15, OFZ_SET(OFZ_SET_I("start", 0), OFZ_SET_I("end", 1)),
                      OFZ_PARTS(x));
    shape =
        ofz_apply(b, "Concat", 13, OFZ_SET(OFZ_SET_I("axis", 0)), OFZ_PARTS(shape, OFZ_INTS(b, 1)));
    return ofz_apply(b, "Expand", 13, NULL, OFZ_PARTS(all, shape));
}

static void rotary(ofz_build *b)
{
    const rotary_attrs *a = b->attrs;
    const ofz_part      x = ofz_part_in(b, 0), ids = ofz_part_in(b, 1);
    const int64_t width = ofz_part_dim(b, x, -1), half = ofz_part_dim(b, ofz_part_in(b, 2), 1);
    int64_t       heads = a->heads;

    ofz_part_want_plain(b, !a->packed, "is_packed_batching");
    ofz_part_want_plain(b, !(a->scale < 1) && !(a->scale > 1), "scale");
    if (ofz_part_rank(b, ids) == 1) ofz_part_want_dim(b, ids, "position_ids", 0, 1);
    if (b->infer &&
        (ofz_part_rank(b, x) < 0 || ofz_part_rank(b, ids) < 0 || half < 0 || width < 0)) {
        ofz_part_out(b, 0, x);
        return;
    }
    if (!heads && ofz_part_rank(b, x) == 3 && half < 1)
        ofz_part_fail(
            b, ofz_fail(b->ctx, OFZ_E_MODEL, "cos_cache: %" PRId64 " columns, want more", half));
    if (b->status) return;
    if (!heads && ofz_part_rank(b, x) == 3) heads = width / (2 * half);
    ofz_part_out(
        b, 0,
        ofz_apply(b, "RotaryEmbedding", 23,
                  OFZ_SET(OFZ_SET_I("interleaved", a->interleaved), OFZ_SET_I("num_heads", heads),
                          OFZ_SET_I("rotary_embedding_dim", a->dim)),
                  OFZ_PARTS(x, ofz_part_in(b, 2), ofz_part_in(b, 3), positions(b, x, ids))));
}

OFZ_COMPOSED_GRAD(attention)
OFZ_COMPOSED_GRAD(multi_head)
OFZ_COMPOSED_GRAD(rotary)

/* --- the table -------------------------------------------------------------------------------- */

#define AT(field)  offsetof(ofz_ms_attention_attrs, field)
#define ROT(field) offsetof(rotary_attrs, field)

static const ofz_attr_def attention_def[] = {
    { "do_rotary", OFZ_ATTR_INT, AT(rotary) },
    { "mask_filter_value", OFZ_ATTR_FLOAT, AT(filter), .f = -10000 },
    { "num_heads", OFZ_ATTR_INT, AT(heads), .required = true },
    { "past_present_share_buffer", OFZ_ATTR_INT, AT(share) },
    { "qkv_hidden_sizes", OFZ_ATTR_INTS, AT(sizes) },
    { "rotary_embedding_dim", OFZ_ATTR_INT, AT(rotary_dim) },
    { "scale", OFZ_ATTR_FLOAT, AT(scale) },
    { "unidirectional", OFZ_ATTR_INT, AT(causal) },
    { 0 },
};

static const ofz_attr_def multi_def[] = {
    { "mask_filter_value", OFZ_ATTR_FLOAT, AT(filter), .f = -10000 },
    { "num_heads", OFZ_ATTR_INT, AT(heads), .required = true },
    { "scale", OFZ_ATTR_FLOAT, AT(scale) },
    { "unidirectional", OFZ_ATTR_INT, AT(causal) },
    { 0 },
};

static const ofz_attr_def rotary_def[] = {
    { "interleaved", OFZ_ATTR_INT, ROT(interleaved) },
    { "is_packed_batching", OFZ_ATTR_INT, ROT(packed) },
    { "num_heads", OFZ_ATTR_INT, ROT(heads) },
    { "rotary_embedding_dim", OFZ_ATTR_INT, ROT(dim) },
    { "scale", OFZ_ATTR_FLOAT, ROT(scale), .f = 1 },
    { 0 },
};

/* clang-format off */
#define ROW(name, least, most, outs, def, size, what, roles)                                       \
    { name, 1, { least, most }, { 1, outs }, OFZ_OP_PURE, def, size, what##_infer, what##_eval,    \
      what##_grad, roles, OFZ_MS }

static const ofz_op rows[] = {
    ROW("Attention", 2, 7, 2, attention_def, sizeof(ofz_ms_attention_attrs), attention, "xwbmxxi"),
    ROW("MultiHeadAttention", 1, 10, 4, multi_def, sizeof(ofz_ms_attention_attrs), multi_head,
        "xxxbmxxxi"),
    ROW("RotaryEmbedding", 4, 4, 1, rotary_def, sizeof(rotary_attrs), rotary, "xixx"),
    { 0 },
};
/* clang-format on */
OFZ_OP_TABLE(ms_attention, rows);
