/* fold_linear.c - arithmetic with constants goes into the layer before it, and a product with something
 * added becomes a Gemm. */
#include <stdlib.h>
#include <string.h>

#include "pass/fold_edit.h"

/* --- a number for each channel ---------------------------------------------------------------- */

/* The constant's numbers, one for each channel; false when it is anything else, or makes the result
 * larger. */
static bool per_channel(const ofz_fold *f, const ofz_tensor *c, int64_t channels, int axis,
                        int rank, double *out)
{
    ofz_tensor t;

    if (c->rank > rank || (c->dtype != OFZ_F32 && c->dtype != OFZ_F64)) return false;
    for (int i = 0; i < c->rank; i++) {
        const bool here = i + rank - c->rank == axis;

        if (c->dim[i] != 1 && !(here && c->dim[i] == channels)) return false;
    }
    if (ofz_tensor_copy(f->ctx, c, &t)) return false;
    for (int64_t k = 0; k < channels; k++)
        out[k] = ofz_elem_f64(t.dtype, t.data, t.count == 1 ? 0 : k);
    ofz_tensor_release(&t);
    return true;
}

/* op(y, c), or op(c, y) when `left`, as y * scale + shift; false: it is no such thing. */
static bool as_affine(const char *op_type, bool left, int64_t channels, double *scale,
                      double *shift)
{
    const bool add = !strcmp(op_type, "Add"), sub = !strcmp(op_type, "Sub");
    const bool mul = !strcmp(op_type, "Mul"), divide = !strcmp(op_type, "Div");

    if (!add && !sub && !mul && !(divide && !left)) return false;
    for (int64_t k = 0; k < channels; k++) {
        const double c = scale[k];

        if (divide && c == 0) return false;
        scale[k] = mul ? c : divide ? 1 / c : sub && left ? -1 : 1;
        shift[k] = add || (sub && left) ? c : sub ? -c : 0;
    }
    return true;
}

static ofz_status arithmetic_fold(ofz_fold *f, ofz_node *n, size_t side)
{
    static const char *const layer[] = { "Conv", "ConvTranspose", "Gemm", "MatMul" };
    const ofz_tensor        *c       = ofz_fold_constant(f, n->in[1 - side]);
    ofz_node                *before  = NULL;
    int                      axis = 0, rank = 0;
    int64_t                  channels;
    double                  *scale;
    bool                     done = false;
    ofz_status               st   = OFZ_OK;

    for (size_t i = 0; c && !before && i < sizeof layer / sizeof *layer; i++)
        before = ofz_fold_only(f, n->in[side], layer[i]);
    channels = before ? ofz_fold_channels(f, before, &axis, &rank) : 0;
    if (!channels || c->dtype != before->in[1]->constant->dtype) return OFZ_OK;
    scale = calloc((size_t)channels, 2 * sizeof *scale);
    if (!scale) return ofz_fail_nomem(f->ctx, "folding", (size_t)channels * sizeof *scale);
    if (per_channel(f, c, channels, axis, rank, scale) &&
        as_affine(n->op_type, side == 1, channels, scale, scale + channels))
        st = ofz_fold_affine(f, before, scale, scale + channels, &done);
    free(scale);
    if (st || !done) return st;
    return ofz_fold_bypass(f, n, n->in[side], &done);
}

/* --- a product with something added ----------------------------------------------------------- */

/* Does c, which is there before the product is, broadcast to [rows, columns] and no further? */
static bool adds_to(const ofz_value *c, int64_t rows, int64_t columns)
{
    const ofz_tensor *t = &c->type;

    if (!c->constant || t->rank < 0 || t->rank > 2) return false;
    if (t->rank >= 1 && t->dim[t->rank - 1] != 1 && t->dim[t->rank - 1] != columns) return false;
    return t->rank < 2 || t->dim[0] == 1 || (rows >= 0 && t->dim[0] == rows);
}

static ofz_status gemm_make(ofz_fold *f, ofz_node *n, size_t side)
{
    ofz_node  *product = ofz_fold_only(f, n->in[side], "MatMul");
    ofz_value *c       = n->in[1 - side], *in[3];

    if (!product || !c || n->opset < 7) return OFZ_OK;
    in[0] = product->in[0];
    in[1] = product->in[1];
    in[2] = c;
    if (in[0]->type.rank != 2 || in[1]->type.rank != 2 || c->type.dtype != in[0]->type.dtype ||
        (c->type.dtype != OFZ_F32 && c->type.dtype != OFZ_F64 && c->type.dtype != OFZ_F16))
        return OFZ_OK;
    if (!OFZ_DIM_KNOWN(in[1]->type.dim[1]) || !adds_to(c, in[0]->type.dim[0], in[1]->type.dim[1]))
        return OFZ_OK;
    OFZ_TRY(ofz_fold_become(f, n, "Gemm", in, 3));
    ofz_node_remove(product);
    return OFZ_OK;
}

ofz_status ofz_fold_linear(ofz_fold *f, ofz_graph *g)
{
    for (size_t i = 0; i < g->node.count; i++) {
        ofz_node *n = g->node.item[i];

        if (n->removed || n->domain[0] || n->in_count != 2 || n->opset < 7 || !ofz_fold_row(f, n))
            continue;
        if (!n->in[0] || !n->in[1]) continue;
        for (size_t side = 0; side < 2 && !n->removed && n->in_count == 2; side++) {
            OFZ_TRY(arithmetic_fold(f, n, side));
            if (!n->removed && !strcmp(n->op_type, "Add")) OFZ_TRY(gemm_make(f, n, side));
        }
    }
    return OFZ_OK;
}
