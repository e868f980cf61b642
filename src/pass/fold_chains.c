/* fold_chains.c - two neighbours that move or retype elements become one. */
#include <string.h>

#include "pass/fold_edit.h"

/* --- transposes ------------------------------------------------------------------------------- */

/* The node's permutation, or the reversal that it stands for; 0: unknown. */
static int perm_of(const ofz_node *n, int64_t perm[OFZ_MAX_RANK])
{
    const ofz_attr *a    = ofz_node_attr(n, "perm");
    const int       rank = a ? (int)a->u.ints.count : n->in[0]->type.rank;

    if (rank < 1 || rank > OFZ_MAX_RANK) return 0;
    for (int i = 0; i < rank; i++) {
        perm[i] = a ? a->u.ints.v[i] : rank - 1 - i;
        if (perm[i] < 0 || perm[i] >= rank) return 0;
    }
    return rank;
}

static ofz_status transpose_chain(ofz_fold *f, ofz_node *n)
{
    ofz_node *before = ofz_fold_only(f, n->in[0], "Transpose");
    int64_t   a[OFZ_MAX_RANK], b[OFZ_MAX_RANK], both[OFZ_MAX_RANK];
    int       rank;

    if (!before) return OFZ_OK;
    rank = perm_of(before, a);
    if (!rank || perm_of(n, b) != rank) return OFZ_OK;
    for (int i = 0; i < rank; i++) both[i] = a[b[i]];
    OFZ_TRY(ofz_fold_become(f, n, "Transpose", before->in, 1));
    ofz_node_remove(before);
    return ofz_fold_set_ints(f, n, "perm", both, (size_t)rank);
}

/* A Gemm transposes its operands itself. */
static ofz_status transpose_into_gemm(ofz_fold *f, ofz_node *n)
{
    static const char *const flag[] = { "transA", "transB" };

    for (size_t k = 0; k < 2; k++) {
        ofz_node *before = n->in[k] ? n->in[k]->producer : NULL;
        int64_t   perm[OFZ_MAX_RANK];

        if (!before || before->graph != n->graph || !ofz_fold_is(f, before, "Transpose")) continue;
        if (perm_of(before, perm) != 2 || perm[0] != 1 || perm[1] != 0) continue;
        OFZ_TRY(ofz_node_set_input(f->ctx, n, k, before->in[0]));
        OFZ_TRY(ofz_fold_set_int(f, n, flag[k], !ofz_fold_int(n, flag[k], 0)));
        f->edits++;
    }
    return OFZ_OK;
}

/* --- reshapes --------------------------------------------------------------------------------- */

static bool reshapes(const ofz_fold *f, const ofz_node *n)
{
    return ofz_fold_is(f, n, "Reshape") || ofz_fold_is(f, n, "Flatten") ||
           ofz_fold_is(f, n, "Squeeze") || ofz_fold_is(f, n, "Unsqueeze");
}

/* What a Reshape must be told to give the type of `y`: -1 for the one dim that may be open. */
static bool target_of(const ofz_tensor *y, int64_t dim[OFZ_MAX_RANK])
{
    int open = 0;

    if (y->rank < 0) return false;
    for (int i = 0; i < y->rank; i++) {
        if (y->dim[i] == 0) return false;
        open += y->dim[i] < 0;
        dim[i] = y->dim[i] < 0 ? -1 : y->dim[i];
    }
    return open <= 1;
}

static ofz_status reshape_chain(ofz_fold *f, ofz_node *n)
{
    ofz_value *x      = n->in[0], *in[2];
    ofz_node  *before = x->producer;
    int64_t    dim[OFZ_MAX_RANK];

    if (!before || before->graph != n->graph || n->graph->parent || !reshapes(f, before) ||
        !ofz_fold_single(x) || n->opset < 5 || !target_of(&n->out[0]->type, dim))
        return OFZ_OK;
    in[0] = before->in[0];
    OFZ_TRY(
        ofz_fold_new_ints(f, n->graph, n->out[0]->name, dim, (size_t)n->out[0]->type.rank, &in[1]));
    OFZ_TRY(ofz_fold_become(f, n, "Reshape", in, 2));
    ofz_node_remove(before);
    return OFZ_OK;
}

/* --- casts ------------------------------------------------------------------------------------ */

/* Does every number of `from` survive in `to`? */
static bool lossless(ofz_dtype from, ofz_dtype to)
{
    const ofz_dtype_row *a = ofz_dtype_get(from), *b = ofz_dtype_get(to);

    if (from == to) return true;
    if (a->cls == OFZ_CLASS_BOOL) return b->cls == OFZ_CLASS_INT || b->cls == OFZ_CLASS_UINT;
    if (a->cls == OFZ_CLASS_FLOAT)
        return (from == OFZ_F16 || from == OFZ_BF16 || from == OFZ_F32) &&
               (to == OFZ_F64 || (to == OFZ_F32 && from != OFZ_F32));
    if (a->cls != OFZ_CLASS_INT && a->cls != OFZ_CLASS_UINT) return false;
    if (a->cls == b->cls) return a->bits <= b->bits;
    return a->cls == OFZ_CLASS_UINT && b->cls == OFZ_CLASS_INT && a->bits < b->bits;
}

static ofz_status cast_chain(ofz_fold *f, ofz_node *n)
{
    ofz_node *before = ofz_fold_only(f, n->in[0], "Cast");

    /* the text of a number depends on its type */
    if (!before || !before->in[0]->type.dtype || n->out[0]->type.dtype == OFZ_STRING ||
        !lossless(before->in[0]->type.dtype, n->in[0]->type.dtype))
        return OFZ_OK;
    OFZ_TRY(ofz_node_set_input(f->ctx, n, 0, before->in[0]));
    ofz_node_remove(before);
    f->edits++;
    return OFZ_OK;
}

/* --- slices ----------------------------------------------------------------------------------- */

typedef struct slices {
    int64_t start[OFZ_MAX_RANK], end[OFZ_MAX_RANK], axis[OFZ_MAX_RANK], step[OFZ_MAX_RANK];
    int     count;
} slices;

static bool slices_of(const ofz_fold *f, const ofz_node *n, slices *s)
{
    int ends, axes, steps;

    if (n->opset < 10 || !ofz_fold_ints(f, n, 1, NULL, s->start, &s->count) || s->count < 0)
        return false;
    if (!ofz_fold_ints(f, n, 2, NULL, s->end, &ends) || ends != s->count) return false;
    if (!ofz_fold_ints(f, n, 3, NULL, s->axis, &axes)) return false;
    if (!ofz_fold_ints(f, n, 4, NULL, s->step, &steps)) return false;
    if ((axes >= 0 && axes != s->count) || (steps >= 0 && steps != s->count)) return false;
    for (int i = 0; i < s->count; i++) {
        if (axes < 0) s->axis[i] = i;
        if (steps < 0) s->step[i] = 1;
        if (s->axis[i] < 0 && n->in[0]->type.rank >= 0) s->axis[i] += n->in[0]->type.rank;
        if (s->axis[i] < 0) return false;
    }
    return true;
}

/* Slices along different axes do not see each other. */
static ofz_status slice_chain(ofz_fold *f, ofz_node *n)
{
    ofz_node   *before = ofz_fold_only(f, n->in[0], "Slice");
    const char *like   = n->out[0]->name;
    slices      a, b;
    ofz_value  *in[5];

    if (!before || !slices_of(f, before, &a) || !slices_of(f, n, &b)) return OFZ_OK;
    if (a.count + b.count > OFZ_MAX_RANK) return OFZ_OK;
    for (int i = 0; i < b.count; i++) {
        for (int k = 0; k < a.count; k++)
            if (a.axis[k] == b.axis[i]) return OFZ_OK;
        a.start[a.count + i] = b.start[i];
        a.end[a.count + i]   = b.end[i];
        a.step[a.count + i]  = b.step[i];
    }
    for (int i = 0; i < b.count; i++) a.axis[a.count + i] = b.axis[i];
    a.count += b.count;
    in[0] = before->in[0];
    OFZ_TRY(ofz_fold_new_ints(f, n->graph, like, a.start, (size_t)a.count, &in[1]));
    OFZ_TRY(ofz_fold_new_ints(f, n->graph, like, a.end, (size_t)a.count, &in[2]));
    OFZ_TRY(ofz_fold_new_ints(f, n->graph, like, a.axis, (size_t)a.count, &in[3]));
    OFZ_TRY(ofz_fold_new_ints(f, n->graph, like, a.step, (size_t)a.count, &in[4]));
    OFZ_TRY(ofz_fold_become(f, n, "Slice", in, 5));
    ofz_node_remove(before);
    return OFZ_OK;
}

/* --- others ----------------------------------------------------------------------------------- */

/* Clip(Relu(x), min >= 0, ...) = Clip(x, min, ...). */
static ofz_status relu_clip(ofz_fold *f, ofz_node *n)
{
    ofz_node         *before = ofz_fold_only(f, n->in[0], "Relu");
    const ofz_tensor *min    = n->in_count > 1 ? ofz_fold_constant(f, n->in[1]) : NULL;
    ofz_tensor        t;
    bool              fits;

    if (!before) return OFZ_OK;
    if (n->opset >= 11) {
        if (!min || min->count != 1 || ofz_tensor_copy(f->ctx, min, &t)) return OFZ_OK;
        fits = ofz_elem_f64(t.dtype, t.data, 0) >= 0;
        ofz_tensor_release(&t);
    } else {
        fits = ofz_fold_float(n, "min", -1) >= 0;
    }
    if (!fits) return OFZ_OK;
    OFZ_TRY(ofz_node_set_input(f->ctx, n, 0, before->in[0]));
    ofz_node_remove(before);
    f->edits++;
    return OFZ_OK;
}

/* Where(Not(c), a, b) = Where(c, b, a). */
static ofz_status not_where(ofz_fold *f, ofz_node *n)
{
    ofz_node  *before = ofz_fold_only(f, n->in[0], "Not");
    ofz_value *in[3];

    if (!before || n->in_count != 3) return OFZ_OK;
    in[0] = before->in[0];
    in[1] = n->in[2];
    in[2] = n->in[1];
    OFZ_TRY(ofz_fold_become(f, n, "Where", in, 3));
    ofz_node_remove(before);
    return OFZ_OK;
}

/* (1 / x) * y = y / x. */
static ofz_status reciprocal_times(ofz_fold *f, ofz_node *n)
{
    for (size_t k = 0; k < 2; k++) {
        ofz_node         *before = ofz_fold_only(f, n->in[k], "Div");
        const ofz_tensor *one    = before ? ofz_fold_constant(f, before->in[0]) : NULL;
        ofz_value        *in[2];

        if (!one || one->count != 1 || one->rank > 0 || !ofz_dtype_is_float(one->dtype) ||
            !ofz_fold_all(one, 1) || n->opset < 7)
            continue;
        in[0] = n->in[1 - k];
        in[1] = before->in[1];
        OFZ_TRY(ofz_fold_become(f, n, "Div", in, 2));
        ofz_node_remove(before);
        return OFZ_OK;
    }
    return OFZ_OK;
}

typedef ofz_status chain_fn(ofz_fold *f, ofz_node *n);

static const struct chain {
    const char *op_type;
    size_t      in_count; /* that must be there */
    chain_fn   *run;
} chains[] = {
    { "Transpose", 1, transpose_chain },
    { "Gemm", 2, transpose_into_gemm },
    { "Reshape", 1, reshape_chain },
    { "Flatten", 1, reshape_chain },
    { "Squeeze", 1, reshape_chain },
    { "Unsqueeze", 1, reshape_chain },
    { "Cast", 1, cast_chain },
    { "Slice", 1, slice_chain },
    { "Clip", 1, relu_clip },
    { "Where", 3, not_where },
    { "Mul", 2, reciprocal_times },
};

ofz_status ofz_fold_chains(ofz_fold *f, ofz_graph *g)
{
    for (size_t i = 0; i < g->node.count; i++) {
        ofz_node *n = g->node.item[i];

        for (size_t k = 0; k < sizeof chains / sizeof *chains; k++) {
            if (!ofz_fold_is(f, n, chains[k].op_type) || n->in_count < chains[k].in_count ||
                n->out_count != 1 || !n->out[0] || !n->in[0] ||
                (chains[k].in_count > 1 && !n->in[1]))
                continue;
            OFZ_TRY(chains[k].run(f, n));
            break;
        }
    }
    return OFZ_OK;
}
