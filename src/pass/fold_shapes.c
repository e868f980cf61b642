/* fold_shapes.c - a Reshape whose target is computed from shapes is told it as a constant: dims that are
 * known as they are, dims that stand in the same place of its input as 0, and one other as -1. */
#include <string.h>

#include "pass/fold_edit.h"

/* With 0 for "as in the input"; false when more than one dim is left open. */
static bool target_of(const ofz_tensor *x, const ofz_tensor *y, int64_t dim[OFZ_MAX_RANK])
{
    int  open = 0;
    bool zero = false;

    if (y->rank < 0) return false;
    for (int i = 0; i < y->rank; i++) {
        if (y->dim[i] == 0) return false; /* 0 would mean something else */
        dim[i] = y->dim[i];
        if (y->dim[i] > 0) continue;
        dim[i] = -1;
        open++;
        if (i < x->rank && x->dim[i] == y->dim[i]) dim[i] = 0;
        zero = zero || dim[i] == 0;
    }
    if (open > 1 && zero) { /* only now is it worth to look at places */
        open = 0;
        for (int i = 0; i < y->rank; i++) open += dim[i] == -1;
        return open <= 1;
    }
    for (int i = 0; i < y->rank; i++)
        if (dim[i] == 0) dim[i] = -1;
    return open <= 1;
}

ofz_status ofz_fold_shapes(ofz_fold *f, ofz_graph *g)
{
    for (size_t i = 0; i < g->node.count; i++) {
        ofz_node  *n = g->node.item[i];
        ofz_value *to;
        int64_t    dim[OFZ_MAX_RANK];

        if (g->parent || !ofz_fold_is(f, n, "Reshape") || n->in_count != 2 || !n->in[0] ||
            !n->in[1] || n->in[1]->constant || ofz_fold_int(n, "allowzero", 0) || !n->out[0])
            continue;
        if (!target_of(&n->in[0]->type, &n->out[0]->type, dim)) continue;
        OFZ_TRY(ofz_fold_new_ints(f, g, n->in[1]->name, dim, (size_t)n->out[0]->type.rank, &to));
        OFZ_TRY(ofz_node_set_input(f->ctx, n, 1, to));
        f->edits++;
    }
    return OFZ_OK;
}
