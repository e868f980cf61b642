/* ops_ms_nbits.c - MatMulNBits: a product with weights of 2, 4 or 8 bits in blocks that have a scale and
 * a zero point each. A private row unpacks the weights. Source: ONNX Runtime, ContribOperators.md. */
#include "ops/contrib.h"

#include <stdlib.h>

#include "base/checked.h"
#include "ops/floats.h"
#include "ops/move.h"

typedef struct nbits_attrs {
    int64_t bits, block, k, n, accuracy, prepacked;
} nbits_attrs;

/* --- NBitsWeights(scales, B, zero points, group index): [N, K] -------------------------------- */

enum { SCALE, PACKED, ZERO, GROUP };

typedef struct layout {
    int64_t blocks;     /* along K */
    int64_t row, zeros; /* bytes of one row of B, and of its zero points */
    int64_t blob;       /* bytes of one block */
} layout;

static ofz_status layout_of(ofz_ctx *ctx, const nbits_attrs *a, layout *l)
{
    int64_t count;

    if (a->bits != 2 && a->bits != 4 && a->bits != 8)
        return ofz_fail(ctx, OFZ_E_MODEL, "bits: %" PRId64 ", want 2, 4 or 8", a->bits);
    if (a->k < 1 || a->n < 1)
        return ofz_fail(ctx, OFZ_E_MODEL, "K, N: %" PRId64 " and %" PRId64 ", want at least 1",
                        a->k, a->n);
    if (a->block < 16 || a->block > (1 << 30) || (a->block & (a->block - 1)))
        return ofz_fail(ctx, OFZ_E_MODEL,
                        "block_size: %" PRId64 ", want a power of two from 16 to 2^30", a->block);
    l->blocks = a->k / a->block + (a->k % a->block != 0);
    l->blob   = a->block / 8 * a->bits;
    if (!ofz_mul(l->blocks, l->blob, &l->row) || !ofz_mul(l->row, a->n, &count) ||
        !ofz_mul(a->k, a->n, &count) || !ofz_mul(l->blocks, a->bits, &l->zeros))
        return ofz_fail(ctx, OFZ_E_LIMIT, "K, N: %" PRId64 " and %" PRId64 ", too many", a->k,
                        a->n);
    l->zeros = l->zeros / 8 + (l->zeros % 8 != 0);
    return OFZ_OK;
}

static ofz_status count_check(ofz_infer_call *c, int k, const char *what, int64_t want)
{
    const ofz_tensor *t = ofz_infer_in(c, k);

    if (!t || t->count < 0 || t->count == want) return OFZ_OK;
    return ofz_fail(c->ctx, OFZ_E_MODEL, "%s: %" PRId64 " elements, want %" PRId64, what, t->count,
                    want);
}

static ofz_status weights_infer(ofz_infer_call *c)
{
    const nbits_attrs *a    = c->attrs;
    const ofz_tensor  *zero = ofz_infer_in(c, ZERO), *b = c->in[PACKED];
    layout             l;

    OFZ_TRY(layout_of(c->ctx, a, &l));
    if (b->dtype && b->dtype != OFZ_U8)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "B: %s, want uint8", ofz_dtype_name(b->dtype));
    if (zero && zero->dtype && zero->dtype != OFZ_U8 && !ofz_dtype_is_float(zero->dtype))
        return ofz_fail(c->ctx, OFZ_E_MODEL, "zero_points: %s, want uint8 or a float",
                        ofz_dtype_name(zero->dtype));
    OFZ_TRY(count_check(c, SCALE, "scales", a->n * l.blocks));
    OFZ_TRY(count_check(c, PACKED, "B", a->n * l.row));
    if (zero && zero->dtype)
        OFZ_TRY(count_check(c, ZERO, "zero_points",
                            a->n * (zero->dtype == OFZ_U8 ? l.zeros : l.blocks)));
    if (ofz_infer_in(c, GROUP) && ofz_infer_in(c, GROUP)->count >= 0 &&
        ofz_infer_in(c, GROUP)->count < a->k)
        OFZ_TRY(count_check(c, GROUP, "g_idx", a->k));
    return ofz_infer_set(c, 0, c->in[SCALE]->dtype, 2, (int64_t[]){ a->n, a->k });
}

/* Number i of those that are packed in bytes, the low bits first. */
static unsigned unpack(const uint8_t *packed, int64_t bits, int64_t i)
{
    return packed[i * bits / 8] >> (i * bits % 8) & ((1u << bits) - 1);
}

/* Row n, whose zero points are zero[0..blocks); group: the block of each number, or NULL. */
#define ROW_UNPACK(NAME, T)                                                                        \
    static void NAME(const nbits_attrs *a, const uint8_t *packed, const T *scale, const T *zero,   \
                     const int32_t *group, T *y)                                                   \
    {                                                                                              \
        for (int64_t k = 0; k < a->k; k++) {                                                       \
            const int64_t block = group ? group[k] : k / a->block;                                 \
                                                                                                   \
            y[k] = ((T)unpack(packed, a->bits, k) - zero[block]) * scale[block];                   \
        }                                                                                          \
    }

ROW_UNPACK(row_f32, float)
ROW_UNPACK(row_f64, double)

/* The zero points of row n as numbers. */
static void zeros_fill(const nbits_attrs *a, const layout *l, const ofz_tensor *t, int64_t n,
                       bool wide, void *out)
{
    for (int64_t i = 0; i < l->blocks; i++) {
        const double z = !t ? (double)(1 << (a->bits - 1))
                         : t->dtype == OFZ_U8
                             ? unpack((const uint8_t *)t->data + n * l->zeros, a->bits, i)
                             : ofz_elem_f64(t->dtype, t->data, n * l->blocks + i);

        ofz_elem_set_f64(wide ? OFZ_F64 : OFZ_F32, out, i, z);
    }
}

static ofz_status weights_run(ofz_eval_call *c)
{
    const nbits_attrs *a     = c->attrs;
    const bool         wide  = c->in[SCALE]->dtype == OFZ_F64;
    const ofz_tensor  *index = ofz_eval_in(c, GROUP);
    const int32_t     *group = index ? index->data : NULL;
    const uint8_t     *b     = c->in[PACKED]->data;
    layout             l;
    void              *zero;

    OFZ_TRY(layout_of(c->ctx, a, &l));
    if (index && index->dtype != OFZ_I32)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "g_idx: %s, want int32", ofz_dtype_name(index->dtype));
    for (int64_t k = 0; group && k < a->k; k++)
        if (group[k] < 0 || group[k] >= l.blocks)
            return ofz_fail(c->ctx, OFZ_E_DATA, "g_idx[%" PRId64 "]: %d, want 0 to %" PRId64, k,
                            (int)group[k], l.blocks - 1);
    OFZ_TRY(ofz_scratch(c->ctx, l.blocks, sizeof(double), &zero));
    for (int64_t n = 0; n < a->n; n++) {
        zeros_fill(a, &l, ofz_eval_in(c, ZERO), n, wide, zero);
        if (wide)
            row_f64(a, b + n * l.row, (const double *)c->in[SCALE]->data + n * l.blocks, zero,
                    group, (double *)c->out[0]->data + n * a->k);
        else
            row_f32(a, b + n * l.row, (const float *)c->in[SCALE]->data + n * l.blocks, zero, group,
                    (float *)c->out[0]->data + n * a->k);
    }
    free(zero);
    return OFZ_OK;
}

static ofz_status weights_eval(ofz_eval_call *c)
{
    return ofz_eval_floats(c, weights_run);
}

/* --- MatMulNBits(A, B, scales, zero points, group index, bias) -------------------------------- */

static void matmul_nbits(ofz_build *b)
{
    static const int64_t swap[] = { 1, 0 };
    const nbits_attrs   *a      = b->attrs;
    const ofz_part       x = ofz_part_in(b, 0), bias = ofz_part_in(b, 5);
    ofz_part             w;

    ofz_part_want_plain(b, !a->prepacked, "weight_prepacked");
    ofz_part_want_rank(b, bias, "bias", 1);
    ofz_part_want_dim(b, bias, "bias", 0, a->n);
    w = ofz_apply(
        b, "ofz:NBitsWeights", 1, ofz_part_attrs(b, OFZ_WITHOUT("")),
        OFZ_PARTS(ofz_part_in(b, 2), ofz_part_in(b, 1), ofz_part_in(b, 3), ofz_part_in(b, 4)));
    ofz_part_out(b, 0, ofz_ms_add(b, ofz_ms_matmul(b, x, ofz_ms_transpose(b, w, 2, swap)), bias));
}

OFZ_COMPOSED_GRAD(matmul_nbits)

/* --- the table -------------------------------------------------------------------------------- */

#define AT(field) offsetof(nbits_attrs, field)

static const ofz_attr_def nbits_def[] = {
    { "K", OFZ_ATTR_INT, AT(k), .required = true },
    { "N", OFZ_ATTR_INT, AT(n), .required = true },
    { "accuracy_level", OFZ_ATTR_INT, AT(accuracy) },
    { "bits", OFZ_ATTR_INT, AT(bits), .i = 4 },
    { "block_size", OFZ_ATTR_INT, AT(block), .required = true },
    { "weight_prepacked", OFZ_ATTR_INT, AT(prepacked) },
    { 0 },
};

/* clang-format off */
#define A nbits_def, sizeof(nbits_attrs)

static const ofz_op rows[] = {
    { "MatMulNBits", 1, { 3, 6 }, { 1, 1 }, OFZ_OP_PURE, A, matmul_nbits_infer, matmul_nbits_eval,
      matmul_nbits_grad, "xqqqib", OFZ_MS },
    { "NBitsWeights", 1, { 2, 4 }, { 1, 1 }, OFZ_OP_PURE, A, weights_infer, weights_eval, NULL, "q",
      "ofz" },
    { 0 },
};
/* clang-format on */
OFZ_OP_TABLE(ms_nbits, rows);
