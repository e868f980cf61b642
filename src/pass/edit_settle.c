/* edit_settle.c - see edit_settle.h. */
#include "pass/edit_settle.h"

#include <stdlib.h>

#include "pass/infer_shapes.h"

static bool has_row(const ofz_value *v)
{
    const ofz_node *n = v->producer;

    return n && ofz_op_find(n->domain, n->op_type, n->opset);
}

/* A dim without a name says nothing. */
static bool dim_open(const ofz_graph *g, int64_t dim)
{
    return !OFZ_DIM_KNOWN(dim) && !ofz_symbol_name(g, dim);
}

/* Does `is` say something else than `was`, or less? */
static bool type_differs(const ofz_graph *g, const ofz_tensor *was, const ofz_tensor *is)
{
    if (was->dtype && was->dtype != is->dtype) return true;
    if (was->rank < 0) return false;
    if (was->rank != is->rank) return true;
    for (int i = 0; i < was->rank; i++)
        if (was->dim[i] != is->dim[i] && !dim_open(g, was->dim[i])) return true;
    return false;
}

/* A graph output whose rank inference does not find keeps the one it had: the format wants a shape. */
static ofz_status keep_rank(ofz_ctx *ctx, ofz_value *v, const ofz_tensor *was)
{
    int64_t         dim[OFZ_MAX_RANK];
    const ofz_dtype dtype = v->type.dtype ? v->type.dtype : was->dtype;

    if (v->type.rank >= 0 || was->rank < 0) return OFZ_OK;
    for (int i = 0; i < was->rank; i++) dim[i] = ofz_symbol_block(v->graph, 1);
    return ofz_tensor_set(ctx, &v->type, dtype, was->rank, dim);
}

static ofz_status note_changes(ofz_ctx *ctx, ofz_model *m, const ofz_tensor *was, size_t count)
{
    const ofz_graph *g = m->graph;

    for (size_t i = 0; i < count; i++) {
        ofz_value *v = g->value.item[i];

        if (v->kind != OFZ_KIND_TENSOR || !v->producer) continue;
        if (v->is_output) OFZ_TRY(keep_rank(ctx, v, &was[i]));
        if (!type_differs(g, &was[i], &v->type)) continue;
        m->shapes_dropped = true;
        v->retyped        = v->retyped || v->is_output;
    }
    return OFZ_OK;
}

ofz_status ofz_edit_settle(ofz_ctx *ctx, ofz_model *m, bool anew)
{
    ofz_graph   *g     = m->graph;
    const size_t count = g->value.count;
    ofz_tensor  *was   = malloc((count + 1) * sizeof *was);
    ofz_status   st    = OFZ_OK;

    if (!was) return ofz_fail_nomem(ctx, "types", count * sizeof *was);
    OFZ_GOTO(ofz_graph_sort(ctx, g));
    for (size_t i = 0; i < count; i++) {
        ofz_value *v = g->value.item[i];

        was[i] = v->type;
        if (!anew || v->kind != OFZ_KIND_TENSOR || v->constant || !has_row(v)) continue;
        OFZ_GOTO(ofz_tensor_set(ctx, &v->type, OFZ_UNDEFINED, -1, NULL));
    }
    OFZ_GOTO(ofz_infer_graph(ctx, g, 0));
    OFZ_GOTO(note_changes(ctx, m, was, count));
done:
    free(was);
    return st;
}
