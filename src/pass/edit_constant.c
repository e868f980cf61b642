/* edit_constant.c - see edit_constant.h. */
#include "pass/edit_constant.h"

#include <string.h>

#include "pass/edit_names.h"
#include "pass/edit_settle.h"

/* --- values ----------------------------------------------------------------------------------- */

/* The attribute of a Constant node shares the tensor's bytes; it is written from the value. */
static ofz_status constant_attr(ofz_ctx *ctx, ofz_value *v)
{
    const ofz_attr attr = { .name = "value", .type = OFZ_ATTR_TENSOR, .u.t = v->constant };
    ofz_node      *n    = v->producer;

    if (!n) return OFZ_OK;
    n->attr_count = 0; /* whichever attribute held it: value_float, value_ints, ... */
    return ofz_node_set_attr(ctx, n, &attr);
}

ofz_status ofz_edit_set_init(ofz_ctx *ctx, ofz_model *m, const char *name, const ofz_tensor *t)
{
    ofz_value *v;
    ofz_tensor copy;
    bool       same;

    OFZ_TRY(ofz_named_value(ctx, m->graph, name, &v));
    if (!v->constant)
        return ofz_fail(ctx, OFZ_E_ARG, "value '%.100s': %s, want an initializer", name,
                        v->producer ? "made by a node" : "an input");
    if (t->dtype != v->constant->dtype)
        return ofz_fail(ctx, OFZ_E_ARG, "tensor '%.100s': %s, want %s", name,
                        ofz_dtype_name(t->dtype), ofz_dtype_name(v->constant->dtype));
    same = ofz_tensor_same_shape(t, v->constant);
    OFZ_TRY(ofz_tensor_copy(ctx, t, &copy));
    ofz_tensor_release(v->constant);
    *v->constant = copy;
    if (same && v->origin >= 0 && !v->producer) {
        v->changed = true; /* in its place in the file */
        return OFZ_OK;
    }
    OFZ_TRY(ofz_tensor_set(ctx, &v->type, copy.dtype, copy.rank, copy.dim));
    v->origin         = -1;
    v->external       = false;
    v->retyped        = true;
    v->graph->changed = true;
    OFZ_TRY(constant_attr(ctx, v));
    return same ? OFZ_OK : ofz_edit_settle(ctx, m, true);
}

/* --- places ----------------------------------------------------------------------------------- */

static bool is_constant_node(const ofz_node *n)
{
    return !n->domain[0] && !strcmp(n->op_type, "Constant") && n->out_count == 1 && n->out[0] &&
           n->out[0]->constant;
}

static ofz_status to_initializers(ofz_ctx *ctx, ofz_graph *g, size_t *count)
{
    for (size_t i = 0; i < g->node.count; i++) {
        ofz_node *n = g->node.item[i];

        for (size_t k = 0; k < n->attr_count; k++)
            if (n->attr[k].type == OFZ_ATTR_GRAPH)
                OFZ_TRY(to_initializers(ctx, n->attr[k].u.g, count));
        if (!is_constant_node(n) || n->out[0]->is_output) continue;
        n->out[0]->initializer = true;
        n->out[0]->origin      = -1;
        ofz_node_remove(n);
        ++*count;
    }
    return OFZ_OK;
}

ofz_status ofz_edit_constants_to_initializers(ofz_ctx *ctx, ofz_model *m, size_t *count)
{
    *count = 0;
    if (m->ir_version < 4)
        return ofz_fail(ctx, OFZ_E_UNSUPPORTED,
                        "IR version %" PRId64 ": wants every initializer to be an input, want 4",
                        m->ir_version);
    OFZ_TRY(to_initializers(ctx, m->graph, count));
    ofz_graph_sweep(m->graph, false);
    return OFZ_OK;
}

static ofz_status make_node(ofz_ctx *ctx, ofz_value *v)
{
    const ofz_attr      attr = { .name = "value", .type = OFZ_ATTR_TENSOR, .u.t = v->constant };
    const ofz_node_spec spec = { .op_type    = "Constant",
                                 .out_count  = 1,
                                 .attr_count = 1,
                                 .out        = (ofz_value *[]){ v },
                                 .attr       = &attr };

    v->initializer = false;
    v->external    = false;
    v->changed     = false;
    v->origin      = -1;
    return ofz_node_add(ctx, v->graph, &spec, NULL);
}

static ofz_status to_constants(ofz_ctx *ctx, ofz_graph *g, size_t *count)
{
    for (size_t i = 0; i < g->node.count; i++) {
        const ofz_node *n = g->node.item[i];

        for (size_t k = 0; k < n->attr_count; k++)
            if (n->attr[k].type == OFZ_ATTR_GRAPH)
                OFZ_TRY(to_constants(ctx, n->attr[k].u.g, count));
    }
    for (size_t i = 0; i < g->value.count; i++) {
        ofz_value *v = g->value.item[i];

        if (!v->constant || v->producer || v->is_input || v->kind != OFZ_KIND_TENSOR) continue;
        OFZ_TRY(make_node(ctx, v));
        ++*count;
    }
    return ofz_graph_sort(ctx, g);
}

ofz_status ofz_edit_initializers_to_constants(ofz_ctx *ctx, ofz_model *m, size_t *count)
{
    *count = 0;
    return to_constants(ctx, m->graph, count);
}
