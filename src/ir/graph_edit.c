/* graph_edit.c - surgery on a graph: taking out, renaming, sweeping. */
#include "ir/graph.h"

#include <stdlib.h>
#include <string.h>

/* --- nodes ------------------------------------------------------------------------------------ */

/* The nodes of a subgraph read outer values no more. */
static void unread_subgraph(ofz_graph *g)
{
    for (size_t i = 0; i < g->node.count; i++) {
        ofz_node *n = g->node.item[i];

        for (size_t k = 0; k < n->in_count; k++)
            if (n->in[k] && n->in[k]->graph != g) ofz_value_unread(n->in[k], n, (int)k);
        for (size_t k = 0; k < n->attr_count; k++)
            if (n->attr[k].type == OFZ_ATTR_GRAPH) unread_subgraph(n->attr[k].u.g);
    }
}

static void node_changed(ofz_node *n)
{
    n->changed        = true;
    n->graph->changed = true;
}

void ofz_node_remove(ofz_node *n)
{
    if (n->removed) return;
    for (size_t k = 0; k < n->attr_count; k++)
        if (n->attr[k].type == OFZ_ATTR_GRAPH) unread_subgraph(n->attr[k].u.g);
    for (size_t k = 0; k < n->in_count; k++) {
        if (n->in[k]) ofz_value_unread(n->in[k], n, (int)k);
        n->in[k] = NULL;
    }
    for (size_t k = 0; k < n->out_count; k++) {
        if (n->out[k]) n->out[k]->producer = NULL;
        n->out[k] = NULL;
    }
    n->removed = true;
    node_changed(n);
}

void ofz_node_set_output(ofz_node *n, size_t index, ofz_value *v)
{
    if (n->out[index]) n->out[index]->producer = NULL;
    n->out[index] = v;
    if (v) {
        v->producer = n;
        v->output   = (int)index;
    }
    node_changed(n);
}

ofz_status ofz_node_set_attr(ofz_ctx *ctx, ofz_node *n, const ofz_attr *attr)
{
    ofz_attr *bigger;

    node_changed(n);
    for (size_t i = 0; i < n->attr_count; i++)
        if (!strcmp(n->attr[i].name, attr->name)) {
            n->attr[i] = *attr;
            return OFZ_OK;
        }
    bigger = OFZ_NEWS(n->graph->arena, ofz_attr, n->attr_count + 1);
    if (!bigger) return ofz_fail_nomem(ctx, "attribute", sizeof *bigger);
    if (n->attr_count) memcpy(bigger, n->attr, n->attr_count * sizeof *bigger);
    bigger[n->attr_count++] = *attr;
    n->attr                 = bigger;
    return OFZ_OK;
}

void ofz_node_drop_attr(ofz_node *n, const char *name)
{
    for (size_t i = 0; i < n->attr_count; i++) {
        if (strcmp(n->attr[i].name, name) != 0) continue;
        memmove(&n->attr[i], &n->attr[i + 1], (n->attr_count - i - 1) * sizeof *n->attr);
        n->attr_count--;
        node_changed(n);
        return;
    }
}

static ofz_status capture(ofz_ctx *ctx, ofz_node *n, ofz_value *v)
{
    ofz_node *owner = v ? ofz_node_within(v->graph, n) : NULL;

    return owner && !ofz_value_has_use(v, owner, -1) ? ofz_value_use(ctx, v, owner, -1) : OFZ_OK;
}

ofz_status ofz_node_capture(ofz_ctx *ctx, ofz_node *n, const ofz_graph *g)
{
    for (size_t i = 0; i < g->output.count; i++) {
        const ofz_value *v = g->output.item[i];

        if (!v->producer && !v->is_input && !v->constant && g->parent)
            OFZ_TRY(capture(ctx, n, ofz_value_find(g->parent, v->name)));
    }
    for (size_t i = 0; i < g->node.count; i++) {
        const ofz_node *inner = g->node.item[i];

        for (size_t k = 0; k < inner->in_count; k++) OFZ_TRY(capture(ctx, n, inner->in[k]));
        for (size_t k = 0; k < inner->attr_count; k++)
            if (inner->attr[k].type == OFZ_ATTR_GRAPH)
                OFZ_TRY(ofz_node_capture(ctx, n, inner->attr[k].u.g));
    }
    return OFZ_OK;
}

/* --- values ----------------------------------------------------------------------------------- */

/* A sparse initializer of the file: its bytes, and with them its name, are never written anew. */
static bool value_stays(const ofz_value *v)
{
    return v->sparse && !v->producer;
}

ofz_status ofz_value_set_constant(ofz_ctx *ctx, ofz_value *v, const ofz_tensor *t)
{
    ofz_node   *n    = v->producer;
    ofz_tensor *own  = v->constant ? v->constant : OFZ_NEW(v->graph->arena, ofz_tensor);
    bool        idle = true;

    if (value_stays(v))
        return ofz_fail(ctx, OFZ_E_UNSUPPORTED, "value '%.100s': a sparse initializer, which stays",
                        v->name);
    if (!own) return ofz_fail_nomem(ctx, v->name, sizeof *own);
    OFZ_TRY(ofz_tensor_set(ctx, &v->type, t->dtype, t->rank, t->dim));
    if (v->constant) ofz_tensor_release(v->constant);
    *own              = *t;
    v->constant       = own;
    v->kind           = OFZ_KIND_TENSOR;
    v->external       = false;
    v->sparse         = false;
    v->origin         = -1;
    v->graph->changed = true;
    if (!n) return OFZ_OK;
    ofz_node_set_output(n, (size_t)v->output, NULL);
    v->producer = NULL;
    for (size_t i = 0; i < n->out_count; i++) idle = idle && !n->out[i];
    if (idle) ofz_node_remove(n);
    return OFZ_OK;
}

/* Does a graph between the reader and v's own know `name`, or would one there be hidden by it? */
static bool name_is_taken(const ofz_value *v, const char *name)
{
    if (ofz_value_find(v->graph, name)) return true;
    for (size_t i = 0; i < v->use_count; i++)
        for (const ofz_graph *g = v->use[i].node->graph; g && g != v->graph; g = g->parent)
            if (ofz_map_get(&g->by_name, name)) return true;
    return false;
}

ofz_status ofz_value_rename(ofz_ctx *ctx, ofz_value *v, const char *name)
{
    char *copy;

    if (!strcmp(v->name, name)) return OFZ_OK;
    if (!name[0]) return ofz_fail(ctx, OFZ_E_MODEL, "value '%.100s': no new name", v->name);
    if (value_stays(v))
        return ofz_fail(ctx, OFZ_E_UNSUPPORTED, "value '%.100s': a sparse initializer, which stays",
                        v->name);
    if (ofz_value_out_of_reach(v))
        return ofz_fail(ctx, OFZ_E_UNSUPPORTED,
                        "value '%.100s': an output of a subgraph by its name", v->name);
    if (name_is_taken(v, name))
        return ofz_fail(ctx, OFZ_E_MODEL, "value '%.100s': the name '%.100s' is taken", v->name,
                        name);
    copy = ofz_arena_strdup(v->graph->arena, name);
    if (!copy || !ofz_map_put(&v->graph->by_name, copy, v))
        return ofz_fail_nomem(ctx, "name", strlen(name));
    ofz_map_remove(&v->graph->by_name, v->name);
    if (!v->file_name) v->file_name = v->name;
    v->name           = copy;
    v->graph->changed = true;
    if (v->producer) node_changed(v->producer);
    for (size_t i = 0; i < v->use_count; i++) node_changed(v->use[i].node);
    return OFZ_OK;
}

/* --- sweeping --------------------------------------------------------------------------------- */

static bool is_loose(const ofz_value *v, bool constants)
{
    if (v->producer || v->is_input || v->is_output || v->use_count) return false;
    return constants || !v->constant || !v->initializer;
}

static void forget_value(ofz_graph *g, ofz_value *v)
{
    ofz_map_remove(&g->by_name, v->name);
    if (v->constant) ofz_tensor_release(v->constant);
    v->constant = NULL;
    free(v->use);
    v->use      = NULL;
    v->use_room = 0;
}

void ofz_graph_sweep(ofz_graph *g, bool constants)
{
    size_t kept = 0;

    for (size_t i = 0; i < g->node.count; i++) {
        ofz_node *n = g->node.item[i];

        for (size_t k = 0; k < n->attr_count; k++) {
            if (n->attr[k].type != OFZ_ATTR_GRAPH || n->attr[k].u.g->parent_node != n) continue;
            if (n->removed)
                ofz_graph_deinit(n->attr[k].u.g);
            else
                ofz_graph_sweep(n->attr[k].u.g, constants);
        }
        if (!n->removed) g->node.item[kept++] = n;
    }
    g->node.count = kept;
    kept          = 0;
    for (size_t i = 0; i < g->value.count; i++) {
        ofz_value *v = g->value.item[i];

        if (is_loose(v, constants))
            forget_value(g, v);
        else
            g->value.item[kept++] = v;
    }
    g->value.count = kept;
}
