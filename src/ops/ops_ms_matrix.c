/* ops_ms_matrix.c - ONNX Runtime's fused matrix products: FusedMatMul, its older name
 * TransposeMatMul, and FusedGemm. Source: ONNX Runtime, ContribOperators.md. */
#include "ops/contrib.h"

#include <math.h>

typedef struct fused_attrs {
    float             alpha, beta;
    int64_t           trans_a, trans_b, batch_a, batch_b;
    ofz_ms_activation act;
} fused_attrs;

/* An operand as MatMul wants it. Axes that say nothing about a vector are left alone.
 *   swap    the last two axes change places
 *   batch   the first axis moves behind the other batch axes, before `swap` */
static ofz_part operand(ofz_build *b, ofz_part x, bool swap, bool batch)
{
    const int rank = ofz_part_rank(b, x);
    int64_t   perm[OFZ_MAX_RANK], last;

    if (rank < 2 || (!swap && !batch)) return x;
    for (int i = 0; i < rank; i++) perm[i] = i;
    for (int i = 0; batch && i < rank - 1; i++) perm[i] = (i + 1) % (rank - 1);
    if (swap) {
        last           = perm[rank - 1];
        perm[rank - 1] = perm[rank - 2];
        perm[rank - 2] = last;
    }
    return ofz_ms_transpose(b, x, rank, perm);
}

static void fused_matmul(ofz_build *b)
{
    const fused_attrs *a = b->attrs;
    const ofz_part     x = ofz_part_in(b, 0), y = ofz_part_in(b, 1);
    ofz_part           z;

    if (ofz_part_rank(b, x) < 0 || ofz_part_rank(b, y) < 0) {
        ofz_part_open(b, 0, ofz_part_type(b, x)->dtype);
        return;
    }
    z = ofz_ms_matmul(b, operand(b, x, a->trans_a, a->batch_a),
                      operand(b, y, a->trans_b, a->batch_b));
    if (a->alpha < 1 || a->alpha > 1 || isnan(a->alpha))
        z = ofz_apply(b, "Mul", 14, NULL, OFZ_PARTS(z, ofz_part_number(b, z, (double)a->alpha)));
    ofz_part_out(b, 0, z);
}

static void fused_gemm(ofz_build *b)
{
    const fused_attrs *a = b->attrs;
    const ofz_part     y =
        ofz_apply(b, "Gemm", 13,
                  ofz_part_attrs(b, OFZ_WITHOUT("activation", "activation_alpha", "activation_beta",
                                                "activation_gamma")),
                  OFZ_PARTS(ofz_part_in(b, 0), ofz_part_in(b, 1), ofz_part_in(b, 2)));

    ofz_part_out(b, 0, ofz_ms_activate(b, &a->act, y));
}

OFZ_COMPOSED_GRAD(fused_gemm)
OFZ_COMPOSED_GRAD(fused_matmul)

/* --- the table -------------------------------------------------------------------------------- */

#define AT(field) offsetof(fused_attrs, field)

static const ofz_attr_def matmul_def[] = {
    { "alpha", OFZ_ATTR_FLOAT, AT(alpha), .f = 1 }, { "transA", OFZ_ATTR_INT, AT(trans_a) },
    { "transB", OFZ_ATTR_INT, AT(trans_b) },        { "transBatchA", OFZ_ATTR_INT, AT(batch_a) },
    { "transBatchB", OFZ_ATTR_INT, AT(batch_b) },   { 0 },
};

static const ofz_attr_def old_def[] = {
    { "alpha", OFZ_ATTR_FLOAT, AT(alpha), .f = 1 },
    { "transA", OFZ_ATTR_INT, AT(trans_a) },
    { "transB", OFZ_ATTR_INT, AT(trans_b) },
    { 0 },
};

static const ofz_attr_def gemm_def[] = {
    { "activation", OFZ_ATTR_STRING, AT(act.name) },
    { "activation_alpha", OFZ_ATTR_FLOAT, AT(act.alpha), .f = NAN },
    { "activation_beta", OFZ_ATTR_FLOAT, AT(act.beta), .f = NAN },
    { "activation_gamma", OFZ_ATTR_FLOAT, AT(act.gamma), .f = NAN },
    { "alpha", OFZ_ATTR_FLOAT, AT(alpha), .f = 1 },
    { "beta", OFZ_ATTR_FLOAT, AT(beta), .f = 1 },
    { "transA", OFZ_ATTR_INT, AT(trans_a) },
    { "transB", OFZ_ATTR_INT, AT(trans_b) },
    { 0 },
};

/* clang-format off */
#define ROW(name, most, def, what, roles)                                                          \
    { name, 1, { 2, most }, { 1, 1 }, OFZ_OP_PURE, def, sizeof(fused_attrs), what##_infer,         \
      what##_eval, what##_grad, roles, OFZ_MS }

static const ofz_op rows[] = {
    ROW("FusedGemm", 3, gemm_def, fused_gemm, "xwb"),
    ROW("FusedMatMul", 2, matmul_def, fused_matmul, "w"),
    ROW("TransposeMatMul", 2, old_def, fused_matmul, "w"),
    { 0 },
};
/* clang-format on */
OFZ_OP_TABLE(ms_matrix, rows);
