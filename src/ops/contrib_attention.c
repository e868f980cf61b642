/* contrib_attention.c - see contrib_attention.h. ONNX's Attention does the work; what ONNX Runtime's
 * masks say becomes numbers that are added to the scores. */
#include "ops/contrib_attention.h"

/* --- masks ------------------------------------------------------------------------------------ */

/* Keys of the past and the present together, as an int64 scalar. */
static ofz_part key_count(ofz_build *b, const ofz_ms_attention *a)
{
    const ofz_part n = ofz_ms_length(b, a->k, 1);

    return a->past_k < 0 ? n : ofz_ms_add(b, n, ofz_ms_length(b, a->past_k, 2));
}

static ofz_part less(ofz_build *b, ofz_part x, ofz_part y)
{
    return ofz_apply(b, "Less", 13, NULL, OFZ_PARTS(x, y));
}

static ofz_part unsqueeze(ofz_build *b, ofz_part x, ofz_part axes)
{
    return ofz_apply(b, "Unsqueeze", 13, NULL, OFZ_PARTS(x, axes));
}

/* A vector is the lengths, or the ends followed by the starts. */
static ofz_part vector_valid(ofz_build *b, const ofz_ms_attention *a)
{
    const int64_t  batch = ofz_part_dim(b, a->q, 0), n = ofz_part_dim(b, a->mask, 0);
    const ofz_part at  = ofz_ms_cast(b, ofz_ms_range(b, key_count(b, a)), OFZ_I32);
    ofz_part       end = a->mask, bound[2];

    if (n == batch) return less(b, at, unsqueeze(b, end, OFZ_INTS(b, 1, 2, 3)));
    if (n < 0 || batch < 0) {
        if (b->grad)
            OFZ_PART_FAIL(b, OFZ_E_UNSUPPORTED,
                          "mask: rank 1 and of unknown form, want a known batch");
        return OFZ_NO_PART;
    }
    if (n != 2 * batch) {
        OFZ_PART_FAIL(b, n == 3 * batch + 2 ? OFZ_E_UNSUPPORTED : OFZ_E_MODEL,
                      "mask: %" PRId64 " elements, want %" PRId64 " or %" PRId64, n, batch,
                      2 * batch);
        return OFZ_NO_PART;
    }
    ofz_apply_many(b, "Split", 18, OFZ_SET(OFZ_SET_I("axis", 0), OFZ_SET_I("num_outputs", 2)),
                   OFZ_PARTS(end), 2, bound);
    for (int i = 0; i < 2; i++) bound[i] = unsqueeze(b, bound[i], OFZ_INTS(b, 1, 2, 3));
    return ofz_apply(b, "And", 7, NULL,
                     OFZ_PARTS(less(b, at, bound[0]),
                               ofz_apply(b, "Not", 1, NULL, OFZ_PARTS(less(b, at, bound[1])))));
}

/* Of [batch, 1, most, most] the rows that come after the past, and the keys that there are. */
static ofz_part corner(ofz_build *b, const ofz_ms_attention *a)
{
    const ofz_part rows = ofz_ms_length(b, a->q, 1), keys = key_count(b, a);
    const ofz_part past = ofz_apply(b, "Sub", 14, NULL, OFZ_PARTS(keys, rows));
    const ofz_part zero = ofz_part_number(b, keys, 0);
    const ofz_part axis = OFZ_INTS(b, 0);
    const ofz_part starts =
        ofz_apply(b, "Concat", 13, OFZ_SET(OFZ_SET_I("axis", 0)),
                  OFZ_PARTS(unsqueeze(b, past, axis), unsqueeze(b, zero, axis)));
    const ofz_part ends = ofz_apply(b, "Concat", 13, OFZ_SET(OFZ_SET_I("axis", 0)),
                                    OFZ_PARTS(unsqueeze(b, keys, axis), unsqueeze(b, keys, axis)));

    return ofz_apply(b, "Slice", 13, NULL, OFZ_PARTS(a->mask, starts, ends, OFZ_INTS(b, 2, 3)));
}

/* What is added to the scores, or OFZ_NO_PART. In inference no output depends on it. */
static ofz_part mask_numbers(ofz_build *b, const ofz_ms_attention *a)
{
    const int rank  = ofz_part_rank(b, a->mask);
    ofz_part  valid = a->mask, zero;

    if (a->mask < 0 || rank < 0 || b->infer) return OFZ_NO_PART;
    if (rank == 1) {
        valid = vector_valid(b, a);
    } else {
        if (rank == 4) valid = corner(b, a);
        if (rank == 3) valid = unsqueeze(b, valid, OFZ_INTS(b, 1));
        if (rank == 2) valid = unsqueeze(b, valid, OFZ_INTS(b, 1, 2));
        zero  = ofz_part_number(b, valid, 0);
        valid = ofz_apply(b, "Greater", 13, NULL, OFZ_PARTS(valid, zero));
    }
    return ofz_apply(
        b, "Where", 16, NULL,
        OFZ_PARTS(valid, ofz_part_number(b, a->q, 0), ofz_part_number(b, a->q, (double)a->filter)));
}

static void mask_check(ofz_build *b, const ofz_ms_attention *a)
{
    const int     rank  = ofz_part_rank(b, a->mask);
    const int64_t batch = ofz_part_dim(b, a->q, 0);

    if (rank == 0 || rank > 4) OFZ_PART_FAIL(b, OFZ_E_MODEL, "mask: rank %d, want 1 to 4", rank);
    if (rank > 1) ofz_part_want_dim(b, a->mask, "mask", 0, batch);
    if (rank == 3) ofz_part_want_dim(b, a->mask, "mask", 1, ofz_part_dim(b, a->q, 1));
    if (rank == 4) ofz_part_want_dim(b, a->mask, "mask", 1, 1);
    if (rank == 1) vector_valid(b, a);
}

/* --- attention -------------------------------------------------------------------------------- */

void ofz_ms_attend(ofz_build *b, const ofz_ms_attention *a, ofz_part out[3])
{
    const ofz_attr attr[] = {
        OFZ_SET_I("q_num_heads", a->heads),
        OFZ_SET_I("kv_num_heads", a->heads),
        OFZ_SET_I("is_causal", a->causal),
        a->scale != 0 ? (ofz_attr)OFZ_SET_F("scale", a->scale) : (ofz_attr){ 0 },
        { 0 },
    };
    ofz_part bias;

    if (a->mask >= 0) mask_check(b, a);
    bias   = ofz_ms_add(b, mask_numbers(b, a), a->bias);
    out[1] = out[2] = OFZ_NO_PART;
    ofz_apply_many(b, "Attention", 23, attr,
                   OFZ_PARTS(a->q, a->k, a->v, bias, a->past_k, a->past_v), a->present ? 3 : 1,
                   out);
}

void ofz_ms_split3(ofz_build *b, ofz_part x, const int64_t *size, ofz_part out[3])
{
    const int64_t width = ofz_part_dim(b, x, -1);

    if (size) {
        ofz_apply_many(b, "Split", 13, OFZ_SET(OFZ_SET_I("axis", -1)),
                       OFZ_PARTS(x, ofz_part_ints(b, 3, size)), 3, out);
        return;
    }
    if (width >= 0 && width % 3)
        OFZ_PART_FAIL(b, OFZ_E_MODEL, "width: %" PRId64 ", want a multiple of three", width);
    ofz_apply_many(b, "Split", 18, OFZ_SET(OFZ_SET_I("axis", -1), OFZ_SET_I("num_outputs", 3)),
                   OFZ_PARTS(x), 3, out);
}

static void past_split(ofz_build *b, ofz_part past, ofz_part *k, ofz_part *v)
{
    ofz_part half[2];

    *k = *v = OFZ_NO_PART;
    if (past < 0) return;
    ofz_part_want_rank(b, past, "past", 5);
    ofz_part_want_dim(b, past, "past", 0, 2);
    ofz_apply_many(b, "Split", 18, OFZ_SET(OFZ_SET_I("axis", 0), OFZ_SET_I("num_outputs", 2)),
                   OFZ_PARTS(past), 2, half);
    *k = ofz_apply(b, "Squeeze", 13, NULL, OFZ_PARTS(half[0], OFZ_INTS(b, 0)));
    *v = ofz_apply(b, "Squeeze", 13, NULL, OFZ_PARTS(half[1], OFZ_INTS(b, 0)));
}

void ofz_ms_attention_of(ofz_build *b, const ofz_ms_attention_attrs *a, ofz_part qkv, ofz_part mask,
                         ofz_part past, ofz_part bias)
{
    ofz_ms_attention in = { .mask    = mask,
                            .bias    = bias,
                            .heads   = a->heads,
                            .causal  = a->causal,
                            .present = ofz_part_wanted(b, 1),
                            .scale   = a->scale,
                            .filter  = a->filter };
    ofz_part         part[3], out[3];

    ofz_part_want_plain(b, !a->rotary, "do_rotary");
    ofz_part_want_plain(b, !a->share, "past_present_share_buffer");
    if (a->sizes.count && a->sizes.count != 3)
        OFZ_PART_FAIL(b, OFZ_E_MODEL, "qkv_hidden_sizes: %zu numbers, want 3", a->sizes.count);
    ofz_ms_split3(b, qkv, a->sizes.count ? a->sizes.v : NULL, part);
    in.q = part[0];
    in.k = part[1];
    in.v = part[2];
    past_split(b, past, &in.past_k, &in.past_v);
    ofz_ms_attend(b, &in, out);
    ofz_part_out(b, 0, out[0]);
    if (!in.present) return;
    for (int i = 1; i < 3; i++) out[i] = unsqueeze(b, out[i], OFZ_INTS(b, 0));
    ofz_part_out(
        b, 1, ofz_apply(b, "Concat", 13, OFZ_SET(OFZ_SET_I("axis", 0)), OFZ_PARTS(out[1], out[2])));
}
