/* costs.c - see costs.h. The costs of single nodes are taken down while shapes are inferred, since what
 * is found of values in subgraphs is nowhere else; a body that is looked at again is counted anew. */
#include "pass/costs.h"

#include <string.h>

#include "ops/work.h"
#include "pass/functions.h"
#include "pass/infer_shapes.h"

static const ofz_cost    cost_none = { 0, 0, 0, 0 };
static const ofz_op_work unknown   = { -1, -1, -1, false, NULL };

/* --- sizes ------------------------------------------------------------------------------------ */

static ofz_status type_bind(ofz_ctx *ctx, ofz_tensor *t, int64_t symbol, int64_t size)
{
    int64_t dim[OFZ_MAX_RANK];
    bool    found = false;

    for (int i = 0; i < t->rank; i++) {
        dim[i] = t->dim[i] == symbol ? size : t->dim[i];
        found  = found || t->dim[i] == symbol;
    }
    return found ? ofz_tensor_set(ctx, t, t->dtype, t->rank, dim) : OFZ_OK;
}

static ofz_status graph_bind(ofz_ctx *ctx, ofz_graph *g, int64_t symbol, int64_t size)
{
    for (size_t i = 0; i < g->value.count; i++)
        OFZ_TRY(type_bind(ctx, &((ofz_value *)g->value.item[i])->type, symbol, size));
    for (size_t i = 0; i < g->node.count; i++) {
        const ofz_node *n = g->node.item[i];

        for (size_t k = 0; k < n->attr_count; k++)
            if (n->attr[k].type == OFZ_ATTR_GRAPH)
                OFZ_TRY(graph_bind(ctx, n->attr[k].u.g, symbol, size));
    }
    return OFZ_OK;
}

static ofz_status dims_bind(ofz_ctx *ctx, ofz_graph *g, const ofz_dim *dims, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const intptr_t k = (intptr_t)ofz_map_get(&g->symbol->index, dims[i].name);

        if (!k)
            return ofz_fail(ctx, OFZ_E_ARG, "dimension '%.100s': the model has none of that name",
                            dims[i].name);
        if (dims[i].size < 0)
            return ofz_fail(ctx, OFZ_E_ARG, "dimension '%.100s': %" PRId64 ", want at least 0",
                            dims[i].name, dims[i].size);
        OFZ_TRY(graph_bind(ctx, g, OFZ_SYMBOL((int64_t)k - 1), dims[i].size));
    }
    return OFZ_OK;
}

/* --- one node after the other ----------------------------------------------------------------- */

/* Nodes are numbered in node->scratch, those of subgraphs included. */
static int graph_number(const ofz_graph *g, int next)
{
    for (size_t i = 0; i < g->node.count; i++) {
        ofz_node *n = g->node.item[i];

        n->scratch = next++;
        for (size_t k = 0; k < n->attr_count; k++)
            if (n->attr[k].type == OFZ_ATTR_GRAPH) next = graph_number(n->attr[k].u.g, next);
    }
    return next;
}

/* ofz_infer_watch_fn: user is the table of work, by number. */
static void watch(void *user, const ofz_node *n, const ofz_op *op, const ofz_tensor *const *in,
                  ofz_tensor *const *out)
{
    ((ofz_op_work *)user)[n->scratch] = ofz_op_work_of(op, n, in, out);
}

static bool is_constant(const ofz_node *n)
{
    return n->out_count && n->out[0] && n->out[0]->constant;
}

/* A node with what happens in its subgraphs. */
static void node_work(const ofz_node *n, const ofz_op_work *work, int64_t *macs, int64_t *elements)
{
    const ofz_op_work *own = &work[n->scratch];
    int64_t            m = 0, e = 0;

    *macs     = own->macs;
    *elements = own->elements;
    if (is_constant(n)) *macs = *elements = 0;
    for (size_t k = 0; k < n->attr_count; k++) {
        const ofz_graph *g  = n->attr[k].type == OFZ_ATTR_GRAPH ? n->attr[k].u.g : NULL;
        int64_t          gm = 0, ge = 0, nm, ne;

        if (own->only && strcmp(own->only, n->attr[k].name) != 0) continue;
        for (size_t i = 0; g && i < g->node.count; i++) {
            node_work(g->node.item[i], work, &nm, &ne);
            gm = ofz_work_plus(gm, nm);
            ge = ofz_work_plus(ge, ne);
        }
        m = !own->either ? ofz_work_plus(m, gm) : gm < 0 || m < 0 ? -1 : gm > m ? gm : m;
        e = !own->either ? ofz_work_plus(e, ge) : ge < 0 || e < 0 ? -1 : ge > e ? ge : e;
    }
    *macs     = ofz_work_plus(*macs, m ? ofz_work_times(m, own->repeats) : 0);
    *elements = ofz_work_plus(*elements, e ? ofz_work_times(e, own->repeats) : 0);
}

/* --- bytes ------------------------------------------------------------------------------------ */

/* Constants that `n` and its subgraphs read and that do not carry the stamp yet. */
static int64_t weights_read(const ofz_node *n, int stamp)
{
    int64_t size = 0;

    for (size_t i = 0; i < n->in_count; i++) {
        ofz_value *v = n->in[i];

        if (!v || !v->constant || v->scratch == stamp) continue;
        v->scratch = stamp;
        size       = ofz_work_plus(size, (int64_t)v->constant->size);
    }
    for (size_t k = 0; k < n->attr_count; k++) {
        const ofz_graph *g = n->attr[k].type == OFZ_ATTR_GRAPH ? n->attr[k].u.g : NULL;

        for (size_t i = 0; g && i < g->node.count; i++)
            size = ofz_work_plus(size, weights_read(g->node.item[i], stamp));
    }
    return size;
}

static int64_t outputs_size(const ofz_node *n)
{
    int64_t all = 0;

    for (size_t i = 0; i < n->out_count; i++) {
        const ofz_value *v = n->out[i];
        size_t           size;

        if (!v || v->constant) continue;
        if (v->kind != OFZ_KIND_TENSOR || !v->type.dtype || v->type.count < 0 ||
            v->type.dtype == OFZ_STRING || !ofz_dtype_size(v->type.dtype, v->type.count, &size) ||
            size > INT64_MAX)
            return -1;
        all = ofz_work_plus(all, (int64_t)size);
    }
    return all;
}

/* --- the whole -------------------------------------------------------------------------------- */

/* The node of the model that `n`, of the flat graph, stands for or in: its number there. */
static int owner_of(const ofz_node *n)
{
    while (n->call) n = n->call;
    return n->scratch;
}

static void scratch_clear(const ofz_graph *g)
{
    for (size_t i = 0; i < g->value.count; i++) ((ofz_value *)g->value.item[i])->scratch = 0;
    for (size_t i = 0; i < g->node.count; i++) {
        const ofz_node *n = g->node.item[i];

        for (size_t k = 0; k < n->attr_count; k++)
            if (n->attr[k].type == OFZ_ATTR_GRAPH) scratch_clear(n->attr[k].u.g);
    }
}

/* Nodes with one owner stand in a row. */
static void sum_up(const ofz_graph *g, const int *owner, const ofz_op_work *work,
                   ofz_model_costs *out)
{
    scratch_clear(g);
    for (size_t i = 0; i < g->node.count; i++) {
        const ofz_node *n = g->node.item[i];
        ofz_cost       *c = &out->node[owner[i]];
        int64_t         macs, elements;

        node_work(n, work, &macs, &elements);
        c->macs            = ofz_work_plus(c->macs, macs);
        c->element_ops     = ofz_work_plus(c->element_ops, elements);
        c->weight_size     = ofz_work_plus(c->weight_size, weights_read(n, owner[i] + 1));
        c->activation_size = ofz_work_plus(c->activation_size, outputs_size(n));
    }
}

static ofz_status count_all(ofz_ctx *ctx, const ofz_model *m, ofz_graph *g, ofz_arena *arena,
                            ofz_model_costs *out)
{
    const size_t count = m->graph->node.count;
    int         *owner = OFZ_NEWS(arena, int, g->node.count);
    ofz_op_work *work;
    size_t       nodes;
    ofz_status   st;

    if (!owner) return ofz_fail_nomem(ctx, "costs", g->node.count);
    for (size_t i = 0; i < g->node.count; i++) owner[i] = owner_of(g->node.item[i]);
    nodes     = (size_t)graph_number(g, 0);
    work      = OFZ_NEWS(arena, ofz_op_work, nodes);
    out->node = OFZ_NEWS(arena, ofz_cost, count);
    if (!work || !out->node) return ofz_fail_nomem(ctx, "costs", nodes * sizeof *work);
    for (size_t i = 0; i < nodes; i++) work[i] = unknown;
    st = ofz_infer_watched(ctx, g, watch, work);
    if (st == OFZ_E_NOMEM) return st;
    if (st) ofz_log(ctx, OFZ_LOG_WARN, "shape inference: %s", ofz_error(ctx));
    sum_up(g, owner, work, out);
    out->total = cost_none;
    for (size_t i = 0; i < count; i++) {
        out->total.macs        = ofz_work_plus(out->total.macs, out->node[i].macs);
        out->total.element_ops = ofz_work_plus(out->total.element_ops, out->node[i].element_ops);
        out->total.activation_size =
            ofz_work_plus(out->total.activation_size, out->node[i].activation_size);
    }
    scratch_clear(g);
    for (size_t i = 0; i < g->node.count; i++)
        out->total.weight_size =
            ofz_work_plus(out->total.weight_size, weights_read(g->node.item[i], 1));
    return OFZ_OK;
}

ofz_status ofz_costs_count(ofz_ctx *ctx, const ofz_model *m, const ofz_dim *dims, size_t dim_count,
                           ofz_arena *arena, ofz_model_costs *out)
{
    ofz_graph *g;
    ofz_status st = OFZ_OK;

    *out = (ofz_model_costs){ 0 };
    OFZ_TRY(ofz_graph_deep_copy(ctx, m->graph, arena, &g));
    for (size_t i = 0; i < g->node.count; i++) ((ofz_node *)g->node.item[i])->scratch = (int)i;
    OFZ_GOTO(ofz_functions_inline(ctx, m, g));
    OFZ_GOTO(dims_bind(ctx, g, dims, dim_count));
    OFZ_GOTO(count_all(ctx, m, g, arena, out));
    out->graph = g;
    return OFZ_OK;
done:
    ofz_graph_deinit(g);
    return st;
}
