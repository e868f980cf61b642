/* edit_insert.c - see edit_insert.h. */
#include "pass/edit_insert.h"

#include <string.h>

#include "pass/edit_names.h"
#include "pass/edit_remove.h"
#include "pass/node_text.h"

static ofz_status inputs_find(ofz_ctx *ctx, ofz_graph *g, const ofz_node_draft *d, ofz_value **in)
{
    for (size_t i = 0; i < d->in_count; i++) {
        in[i] = NULL;
        if (d->in[i][0]) OFZ_TRY(ofz_named_value(ctx, g, d->in[i], &in[i]));
    }
    return OFZ_OK;
}

/* A value of that name that nothing makes any more is what the node makes; else it is new. */
static ofz_status outputs_make(ofz_ctx *ctx, ofz_graph *g, const ofz_node_draft *d, ofz_value **out)
{
    for (size_t i = 0; i < d->out_count; i++) {
        ofz_value *v = d->out[i][0] ? ofz_map_get(&g->by_name, d->out[i]) : NULL;

        out[i] = v;
        if (v && !v->producer && !v->constant && !v->is_input) continue;
        if (v || (d->out[i][0] && ofz_value_find(g, d->out[i])))
            return ofz_fail(ctx, OFZ_E_MODEL, "value '%.100s': the name is taken", d->out[i]);
        if (d->out[i][0]) OFZ_TRY(ofz_value_new(ctx, g, d->out[i], &out[i]));
    }
    return OFZ_OK;
}

/* As the reader does with the Constant nodes of a file. */
static ofz_status constant_know(ofz_ctx *ctx, const ofz_node *n)
{
    const ofz_attr *a = ofz_node_attr(n, "value");
    ofz_tensor     *t;

    if (strcmp(n->op_type, "Constant") != 0 || n->domain[0] || !a || a->type != OFZ_ATTR_TENSOR ||
        n->out_count != 1 || !n->out[0])
        return OFZ_OK;
    t = OFZ_NEW(n->graph->arena, ofz_tensor);
    if (!t) return ofz_fail_nomem(ctx, "constant", sizeof *t);
    *t                  = *a->u.t;
    n->out[0]->constant = t;
    return ofz_tensor_set(ctx, &n->out[0]->type, t->dtype, t->rank, t->dim);
}

static ofz_status add_nodes(ofz_ctx *ctx, ofz_model *m, const ofz_node_draft *d, size_t count,
                            ofz_node **last)
{
    ofz_graph *g = m->graph;

    for (size_t i = 0; i < count; i++) {
        ofz_value   **in   = OFZ_NEWS(&m->arena, ofz_value *, d[i].in_count + 1);
        ofz_value   **out  = OFZ_NEWS(&m->arena, ofz_value *, d[i].out_count + 1);
        ofz_node_spec spec = { NULL,           d[i].op_type,    d[i].domain, 0,   d[i].in_count,
                               d[i].out_count, d[i].attr_count, in,          out, d[i].attr };

        if (!in || !out) return ofz_fail_nomem(ctx, "nodes", d[i].in_count * sizeof *in);
        if (!ofz_graph_opset(g, d[i].domain))
            return ofz_fail(ctx, OFZ_E_ARG,
                            "operator %.60s.%.60s: the model does not import its domain",
                            d[i].domain, d[i].op_type);
        OFZ_TRY(inputs_find(ctx, g, &d[i], in));
        OFZ_TRY(outputs_make(ctx, g, &d[i], out));
        OFZ_TRY(ofz_node_add(ctx, g, &spec, last));
        OFZ_TRY(constant_know(ctx, *last));
    }
    return OFZ_OK;
}

/* Readers of `from` that stood there before read `to`. */
static ofz_status rewire(ofz_ctx *ctx, ofz_value *from, ofz_value *to, const ofz_list *node,
                         size_t first)
{
    ofz_node *maker = from->producer;
    size_t    index = (size_t)from->output;

    for (size_t i = first; i < node->count; i++) ((ofz_node *)node->item[i])->scratch = -1;
    if (from->is_output &&
        maker) { /* the name stays with the output: another value is made first */
        ofz_value  *inner;
        const char *name = ofz_arena_printf(from->graph->arena, "%s_before", from->name);

        if (!name) return ofz_fail_nomem(ctx, "name", 1);
        OFZ_TRY(ofz_name_fresh(ctx, from->graph, name, &name));
        OFZ_TRY(ofz_value_new(ctx, from->graph, name, &inner));
        inner->type = from->type;
        for (size_t u = from->use_count; u-- > 0;) {
            const ofz_use use = from->use[u];

            if (use.index >= 0 && use.node->scratch == -1)
                OFZ_TRY(ofz_node_set_input(ctx, use.node, (size_t)use.index, inner));
        }
        ofz_node_set_output(maker, index, inner);
        return ofz_edit_supplant(ctx, from, to);
    }
    for (size_t u = from->use_count; u-- > 0;) {
        const ofz_use use = u < from->use_count ? from->use[u] : (ofz_use){ NULL, -1 };

        if (use.index < 0 || use.node->scratch == -1) continue;
        OFZ_TRY(ofz_node_set_input(ctx, use.node, (size_t)use.index, to));
    }
    return OFZ_OK;
}

static ofz_status drafts_read(ofz_ctx *ctx, ofz_model *m, const char *text, ofz_node_draft **d,
                              size_t *count)
{
    return ofz_node_text_read(ctx, &m->arena, text, ofz_graph_opset(m->graph, ""), d, count);
}

static ofz_value *first_known(const ofz_graph *g, const ofz_node_draft *d, size_t count)
{
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < d[i].in_count; k++) {
            ofz_value *v = ofz_map_get(&g->by_name, d[i].in[k]);

            if (v) return v;
        }
    return NULL;
}

ofz_status ofz_edit_insert(ofz_ctx *ctx, ofz_model *m, const char *text)
{
    const size_t    first = m->graph->node.count;
    ofz_node_draft *d;
    size_t          count;
    ofz_node       *last = NULL;
    ofz_value      *from;

    OFZ_TRY(drafts_read(ctx, m, text, &d, &count));
    from = first_known(m->graph, d, count);
    if (!from)
        return ofz_fail(ctx, OFZ_E_ARG, "node text: no input is a value of the model, want one");
    for (size_t i = 0; i < m->graph->node.count; i++)
        ((ofz_node *)m->graph->node.item[i])->scratch = 0;
    OFZ_TRY(add_nodes(ctx, m, d, count, &last));
    if (!last->out[0]) return ofz_fail(ctx, OFZ_E_ARG, "node text: no first output, want a name");
    return rewire(ctx, from, last->out[0], &m->graph->node, first);
}

/* A '=' that follows the name of a node; node texts hold others. */
static ofz_status target_read(ofz_ctx *ctx, ofz_model *m, const char *text, ofz_node **n,
                              const char **rest)
{
    const char *equal = strchr(text, '='), *left;

    if (!equal || equal == text || !equal[1])
        return ofz_fail(ctx, OFZ_E_ARG, "'%.100s': want NODE=TEXT", text);
    left = ofz_arena_text(&m->arena, text, (size_t)(equal - text));
    if (!left) return ofz_fail_nomem(ctx, "name", strlen(text));
    *rest = equal + 1;
    OFZ_TRY(ofz_named_node(ctx, m->graph, left, n));
    if ((*n)->graph != m->graph)
        return ofz_fail(ctx, OFZ_E_UNSUPPORTED, "node '%.100s': stands in a subgraph", left);
    return OFZ_OK;
}

ofz_status ofz_edit_replace(ofz_ctx *ctx, ofz_model *m, const char *text)
{
    ofz_node_draft *d;
    size_t          count, out_count;
    ofz_node       *n, *last = NULL;
    ofz_value     **out;
    const char     *rest;

    OFZ_TRY(target_read(ctx, m, text, &n, &rest));
    OFZ_TRY(drafts_read(ctx, m, rest, &d, &count));
    out_count = n->out_count;
    out       = OFZ_NEWS(&m->arena, ofz_value *, out_count + 1);
    if (!out) return ofz_fail_nomem(ctx, "outputs", out_count * sizeof *out);
    for (size_t i = 0; i < out_count; i++) out[i] = n->out[i];
    ofz_node_remove(n);
    OFZ_TRY(add_nodes(ctx, m, d, count, &last));
    for (size_t i = 0; i < out_count; i++)
        if (out[i] && !out[i]->producer && (out[i]->use_count || out[i]->is_output))
            return ofz_fail(ctx, OFZ_E_ARG,
                            "value '%.100s': is %s, and the new nodes do not make it", out[i]->name,
                            out[i]->is_output ? "an output" : "read");
    return OFZ_OK;
}
