/* gradient_op.c - see gradient_op.h. */
#include "pass/gradient_op.h"

#include <stdlib.h>
#include <string.h>

#include "pass/grad.h"
#include "pass/infer_shapes.h"

bool ofz_node_is_gradient(const ofz_node *n)
{
    return !strcmp(n->op_type, "Gradient") && !strcmp(n->domain, "ai.onnx.preview.training");
}

bool ofz_graph_has_gradient(const ofz_graph *g)
{
    for (size_t i = 0; i < g->node.count; i++)
        if (ofz_node_is_gradient(g->node.item[i])) return true;
    return false;
}

/* One node at work: its values by name, and what stands for them when it is computed once more. */
typedef struct expander {
    ofz_ctx    *ctx;
    ofz_graph  *g;
    ofz_node   *n;
    size_t      before;         /* nodes that the graph had */
    size_t      x_count, count; /* xs; xs and zs */
    ofz_value **named, *y;
    ofz_map     made; /* name -> the value that stands for it */
} expander;

/* --- names ------------------------------------------------------------------------------------ */

static ofz_status find(expander *e, const char *what, ofz_string name, ofz_value **out)
{
    const char *text = ofz_arena_text(e->g->arena, name.text, name.size);

    if (!text) return ofz_fail_nomem(e->ctx, "gradient", name.size);
    *out = ofz_map_get(&e->g->by_name, text);
    if (*out) return OFZ_OK;
    return ofz_fail(e->ctx, OFZ_E_MODEL, "%s: '%.100s', want a value of the graph", what, text);
}

static ofz_strings names_of(const ofz_node *n, const char *attr)
{
    const ofz_attr *a = ofz_node_attr(n, attr);

    return a && a->type == OFZ_ATTR_STRINGS ? a->u.strings : (ofz_strings){ 0 };
}

static ofz_status find_all(expander *e)
{
    const ofz_strings xs = names_of(e->n, "xs"), zs = names_of(e->n, "zs");
    const ofz_attr   *y = ofz_node_attr(e->n, "y");

    e->x_count = xs.count;
    e->count   = xs.count + zs.count;
    if (!y || y->type != OFZ_ATTR_STRING)
        return ofz_fail(e->ctx, OFZ_E_MODEL, "attribute y: missing");
    if (e->n->in_count != e->count || e->n->out_count > e->x_count)
        return ofz_fail(e->ctx, OFZ_E_MODEL,
                        "%zu inputs and %zu outputs, want %zu, as xs and zs name, and at most %zu",
                        e->n->in_count, e->n->out_count, e->count, e->x_count);
    e->named = OFZ_NEWS(e->g->arena, ofz_value *, e->count + 1);
    if (!e->named) return ofz_fail_nomem(e->ctx, "gradient", e->count);
    for (size_t i = 0; i < e->count; i++)
        OFZ_TRY(find(e, i < xs.count ? "xs" : "zs", i < xs.count ? xs.v[i] : zs.v[i - xs.count],
                     &e->named[i]));
    return find(e, "y", y->u.s, &e->y);
}

/* --- once more -------------------------------------------------------------------------------- */

static ofz_status stand_for(expander *e, const ofz_value *v, ofz_value *other)
{
    return ofz_map_put(&e->made, v->name, other) ? OFZ_OK
                                                 : ofz_fail_nomem(e->ctx, "gradient", sizeof other);
}

/* A copy of a node that reads something that stands for something else. */
static ofz_status node_again(expander *e, const ofz_node *n)
{
    ofz_value   **in    = OFZ_NEWS(e->g->arena, ofz_value *, n->in_count + 1);
    ofz_value   **out   = OFZ_NEWS(e->g->arena, ofz_value *, n->out_count + 1);
    ofz_node_spec spec  = { n->name,      n->op_type,    n->domain, n->opset, n->in_count,
                            n->out_count, n->attr_count, in,        out,      n->attr };
    bool          reads = false;

    if (!in || !out) return ofz_fail_nomem(e->ctx, "gradient", n->in_count * sizeof *in);
    for (size_t i = 0; i < n->in_count; i++) {
        ofz_value *other = n->in[i] ? ofz_map_get(&e->made, n->in[i]->name) : NULL;

        in[i] = other ? other : n->in[i];
        reads = reads || other;
    }
    if (!reads) return OFZ_OK;
    for (size_t i = 0; i < n->attr_count; i++)
        if (n->attr[i].type == OFZ_ATTR_GRAPH)
            return ofz_fail(
                e->ctx, OFZ_E_UNSUPPORTED,
                "%s: has a subgraph, want the gradient at the values that xs and zs name",
                n->op_type);
    for (size_t i = 0; i < n->out_count; i++) {
        /* what xs and zs name is given, not computed */
        if (!n->out[i] || ofz_map_get(&e->made, n->out[i]->name)) continue;
        OFZ_TRY(ofz_value_new(e->ctx, e->g, NULL, &out[i]));
        out[i]->type = n->out[i]->type;
        out[i]->kind = n->out[i]->kind;
        OFZ_TRY(stand_for(e, n->out[i], out[i]));
    }
    return ofz_node_add(e->ctx, e->g, &spec, NULL);
}

/* Where inputs are what the node names, nothing is to be done. */
static ofz_status compute_again(expander *e, ofz_value **x, ofz_value **y)
{
    bool same = true;

    for (size_t i = 0; i < e->count; i++) {
        if (!e->n->in[i]) return ofz_fail(e->ctx, OFZ_E_MODEL, "input %zu: missing", i);
        same = same && e->n->in[i] == e->named[i];
    }
    for (size_t i = 0; i < e->x_count; i++) x[i] = e->n->in[i];
    *y = e->y;
    if (same) return OFZ_OK;
    for (size_t i = 0; i < e->count; i++) OFZ_TRY(stand_for(e, e->named[i], e->n->in[i]));
    for (size_t i = 0; i < e->before; i++) {
        const ofz_node *n = e->g->node.item[i];

        if (!n->removed && n != e->n) OFZ_TRY(node_again(e, n));
    }
    *y = ofz_map_get(&e->made, e->y->name);
    if (!*y) *y = e->y; /* depends on none of them */
    return OFZ_OK;
}

/* --- one node --------------------------------------------------------------------------------- */

static ofz_status name_results(expander *e, ofz_value *const *x, ofz_value *const *dx)
{
    ofz_grad_call g     = { .ctx = e->ctx, .graph = e->g };
    const size_t  count = e->n->out_count;
    ofz_value   **out   = OFZ_NEWS(e->g->arena, ofz_value *, count + 1);

    if (!out) return ofz_fail_nomem(e->ctx, "gradient", count * sizeof *out);
    for (size_t i = 0; i < count; i++) out[i] = e->n->out[i];
    ofz_node_remove(e->n);
    for (size_t i = 0; i < count; i++) {
        ofz_value    *in   = dx[i];
        ofz_node_spec spec = {
            .op_type = "Identity", .in_count = 1, .out_count = 1, .in = &in, .out = &out[i]
        };

        if (!out[i]) continue;
        if (!in) OFZ_TRY(ofz_emit(&g, "ofz", "ZerosLike", NULL, 1, &x[i], 1, &in));
        OFZ_TRY(ofz_node_add(e->ctx, e->g, &spec, NULL));
    }
    return OFZ_OK;
}

static ofz_status expand(expander *e)
{
    ofz_value **x, **dx, *y;

    OFZ_TRY(find_all(e));
    x  = OFZ_NEWS(e->g->arena, ofz_value *, e->x_count + 1);
    dx = OFZ_NEWS(e->g->arena, ofz_value *, e->x_count + 1);
    if (!x || !dx) return ofz_fail_nomem(e->ctx, "gradient", e->x_count * sizeof *x);
    OFZ_TRY(compute_again(e, x, &y));
    OFZ_TRY(ofz_grad_append(e->ctx, e->g, y, x, e->x_count, dx));
    return name_results(e, x, dx);
}

ofz_status ofz_gradients_expand(ofz_ctx *ctx, ofz_graph *g)
{
    char       text[256];
    ofz_status st;

    for (size_t i = 0; i < g->node.count; i++) {
        expander e = { .ctx = ctx, .g = g, .n = g->node.item[i], .before = i };

        if (!ofz_node_is_gradient(e.n) || e.n->removed) continue;
        ofz_node_text(text, sizeof text, e.n);
        OFZ_TRY(
            ofz_infer_graph(ctx, g, 0)); /* rows ask for types, and integers carry no gradient */
        st = expand(&e);
        ofz_map_free(&e.made);
        if (st) return ofz_at(ctx, st, "%s", text);
        ofz_graph_sweep(g, false);
        OFZ_TRY(ofz_graph_sort(ctx, g));
        i = (size_t)-1; /* the order is another: from the start, there are few of them */
    }
    return OFZ_OK;
}
