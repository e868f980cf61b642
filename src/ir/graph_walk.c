/* graph_walk.c - whole-graph work: sorting, copying, checking the invariants. */
#include "ir/graph.h"

#include <stdlib.h>
#include <string.h>

/* --- topological order ------------------------------------------------------------------------ */

/* Call `edge` for every edge between two nodes of the graph, subgraph reads included: those are
 * recorded as uses with index -1. Node positions stand in scratch. */
static bool each_edge(ofz_graph *g, bool (*edge)(size_t from, size_t to, void *arg), void *arg)
{
    for (size_t i = 0; i < g->node.count; i++) ((ofz_node *)g->node.item[i])->scratch = (int)i;
    for (size_t i = 0; i < g->value.count; i++) {
        const ofz_value *v = g->value.item[i];

        if (!v->producer || v->producer->graph != g) continue;
        for (size_t u = 0; u < v->use_count; u++)
            if (v->use[u].node->graph == g &&
                !edge((size_t)v->producer->scratch, (size_t)v->use[u].node->scratch, arg))
                return false;
    }
    return true;
}

static bool edge_forward(size_t from, size_t to, void *arg)
{
    (void)arg;
    return from < to;
}

static bool edge_count(size_t from, size_t to, void *arg)
{
    (void)from;
    ((size_t *)arg)[to]++;
    return true;
}

/* Binary heap on the original position, so that the sort is stable. */
static void heap_push(size_t *heap, size_t *count, size_t x)
{
    size_t i = (*count)++;

    for (; i && heap[(i - 1) / 2] > x; i = (i - 1) / 2) heap[i] = heap[(i - 1) / 2];
    heap[i] = x;
}

static size_t heap_pop(size_t *heap, size_t *count)
{
    const size_t top = heap[0], last = heap[--*count];
    size_t       i = 0, c;

    for (; (c = 2 * i + 1) < *count; i = c) {
        if (c + 1 < *count && heap[c + 1] < heap[c]) c++;
        if (last <= heap[c]) break;
        heap[i] = heap[c];
    }
    heap[i] = last;
    return top;
}

/* A node is done: its readers have one edge less to wait for. */
static void release_readers(const ofz_graph *g, const ofz_node *n, size_t *waits, size_t *heap,
                            size_t *ready)
{
    for (size_t o = 0; o < n->out_count; o++)
        for (size_t u = 0; n->out[o] && u < n->out[o]->use_count; u++) {
            const ofz_node *reader = n->out[o]->use[u].node;

            if (reader->graph == g && !--waits[reader->scratch])
                heap_push(heap, ready, (size_t)reader->scratch);
        }
}

ofz_status ofz_graph_sort(ofz_ctx *ctx, ofz_graph *g)
{
    const size_t n     = g->node.count;
    size_t       ready = 0, done = 0, *heap, *waits;
    void       **order;
    ofz_status   st = OFZ_OK;
    char         text[256];

    if (each_edge(g, edge_forward, NULL)) return OFZ_OK;
    heap  = malloc(n * sizeof *heap);
    waits = calloc(n, sizeof *waits);
    order = malloc(n * sizeof *order);
    if (!heap || !waits || !order) OFZ_GOTO(ofz_fail_nomem(ctx, "graph", n * sizeof *heap));
    each_edge(g, edge_count, waits);
    for (size_t i = 0; i < n; i++)
        if (!waits[i]) heap_push(heap, &ready, i);
    while (ready) {
        ofz_node *node = g->node.item[heap_pop(heap, &ready)];

        order[done++] = node;
        release_readers(g, node, waits, heap, &ready);
    }
    for (size_t i = 0; i < n && done < n; i++)
        if (waits[i])
            OFZ_GOTO(ofz_fail(ctx, OFZ_E_MODEL, "%s: depends on itself",
                              ofz_node_text(text, sizeof text, g->node.item[i])));
    memcpy(g->node.item, order, n * sizeof *order);
done:
    free(heap);
    free(waits);
    free(order);
    return st;
}

/* --- copying ---------------------------------------------------------------------------------- */

static ofz_status clone_value(ofz_ctx *ctx, ofz_graph *to, const ofz_value *v)
{
    ofz_value *c;

    OFZ_TRY(ofz_value_new(ctx, to, v->name, &c));
    c->kind        = v->kind;
    c->type        = v->type;
    c->is_input    = v->is_input;
    c->is_output   = v->is_output;
    c->initializer = v->initializer;
    c->external    = v->external;
    c->sparse      = v->sparse;
    c->changed     = v->changed;
    c->origin      = v->origin;
    c->declared    = v->declared;
    c->file_name   = v->file_name;
    c->retyped     = v->retyped;
    c->mark        = v->mark;
    c->group       = v->group;
    c->lr_scale    = v->lr_scale;
    if (v->constant) {
        c->constant = OFZ_NEW(to->arena, ofz_tensor);
        if (!c->constant) return ofz_fail_nomem(ctx, v->name, sizeof *c->constant);
        ofz_tensor_share(v->constant, c->constant);
    }
    return OFZ_OK;
}

/* The copy of a value: the one of the same name. */
static ofz_value *clone_of(const ofz_graph *to, const ofz_value *v)
{
    return v ? ofz_map_get(&to->by_name, v->name) : NULL;
}

static ofz_status clone_node(ofz_ctx *ctx, const ofz_graph *from, ofz_graph *to, const ofz_node *n)
{
    ofz_value   **in  = OFZ_NEWS(to->arena, ofz_value *, n->in_count);
    ofz_value   **out = OFZ_NEWS(to->arena, ofz_value *, n->out_count);
    ofz_node     *c;
    ofz_node_spec spec = { n->name,      n->op_type,    n->domain, n->opset, n->in_count,
                           n->out_count, n->attr_count, in,        out,      n->attr };

    if (!in || !out) return ofz_fail_nomem(ctx, "graph", n->in_count * sizeof *in);
    for (size_t i = 0; i < n->in_count; i++)
        in[i] = n->in[i] && n->in[i]->graph != from ? n->in[i] : clone_of(to, n->in[i]);
    for (size_t i = 0; i < n->out_count; i++) out[i] = clone_of(to, n->out[i]);
    OFZ_TRY(ofz_node_add(ctx, to, &spec, &c));
    c->opset    = n->opset;
    c->overload = n->overload;
    c->origin   = n->origin;
    c->derived  = n->derived;
    c->changed  = n->changed;
    return OFZ_OK;
}

/* Reads from inside subgraphs hold a value alive; the readers of the copy are the copied nodes. One
 * without outputs is found by nobody, and nobody waits for it. */
static ofz_status clone_captures(ofz_ctx *ctx, ofz_graph *to, const ofz_value *v)
{
    for (size_t u = 0; u < v->use_count; u++) {
        const ofz_node *n    = v->use[u].node;
        ofz_value      *made = NULL;

        if (v->use[u].index >= 0) continue;
        for (size_t o = 0; o < n->out_count && !made; o++) made = clone_of(to, n->out[o]);
        if (made) OFZ_TRY(ofz_value_use(ctx, clone_of(to, v), made->producer, -1));
    }
    return OFZ_OK;
}

ofz_status ofz_graph_clone(ofz_ctx *ctx, const ofz_graph *g, ofz_arena *arena, ofz_graph **out)
{
    ofz_graph *c;
    ofz_status st = OFZ_OK;

    OFZ_TRY(ofz_graph_new(ctx, arena, g->parent, g->symbol, &c));
    c->name        = g->name;
    c->opset       = g->opset;
    c->opset_count = g->opset_count;
    c->next_name   = g->next_name;
    c->next_symbol = g->next_symbol;
    for (size_t i = 0; i < g->value.count; i++) OFZ_GOTO(clone_value(ctx, c, g->value.item[i]));
    for (size_t i = 0; i < g->node.count; i++) OFZ_GOTO(clone_node(ctx, g, c, g->node.item[i]));
    for (size_t i = 0; i < g->input.count; i++)
        if (!ofz_list_push(&c->input, clone_of(c, g->input.item[i])))
            OFZ_GOTO(ofz_fail_nomem(ctx, "graph", sizeof(void *)));
    for (size_t i = 0; i < g->output.count; i++)
        if (!ofz_list_push(&c->output, clone_of(c, g->output.item[i])))
            OFZ_GOTO(ofz_fail_nomem(ctx, "graph", sizeof(void *)));
    for (size_t i = 0; i < g->value.count; i++) OFZ_GOTO(clone_captures(ctx, c, g->value.item[i]));
    c->changed = g->changed;
    *out       = c;
    return OFZ_OK;
done:
    ofz_graph_deinit(c);
    return st;
}

/* --- invariants ------------------------------------------------------------------------------- */

static ofz_status verify_value(ofz_ctx *ctx, const ofz_graph *g, const ofz_value *v)
{
    if (!v->name[0] || ofz_map_get(&g->by_name, v->name) != v)
        return ofz_fail(ctx, OFZ_E_MODEL, "value '%s': not known by its name", v->name);
    if (v->producer && v->producer->out[v->output] != v)
        return ofz_fail(ctx, OFZ_E_MODEL, "value '%s': its producer does not make it", v->name);
    for (size_t u = 0; u < v->use_count; u++) {
        const ofz_use *use = &v->use[u];

        if (use->index >= 0 && use->node->in[use->index] != v)
            return ofz_fail(ctx, OFZ_E_MODEL, "value '%s': used by a node that does not read it",
                            v->name);
    }
    return OFZ_OK;
}

ofz_status ofz_graph_verify(ofz_ctx *ctx, const ofz_graph *g)
{
    char text[256];

    for (size_t i = 0; i < g->value.count; i++) OFZ_TRY(verify_value(ctx, g, g->value.item[i]));
    for (size_t i = 0; i < g->node.count; i++) {
        const ofz_node *n = g->node.item[i];

        for (size_t k = 0; k < n->in_count; k++)
            if (n->in[k] && !ofz_value_has_use(n->in[k], n, (int)k))
                return ofz_fail(ctx, OFZ_E_MODEL, "%s: input %zu does not know its reader",
                                ofz_node_text(text, sizeof text, n), k);
        for (size_t k = 0; k < n->out_count; k++)
            if (n->out[k] && n->out[k]->producer != n)
                return ofz_fail(ctx, OFZ_E_MODEL, "%s: output %zu has another producer",
                                ofz_node_text(text, sizeof text, n), k);
    }
    if (!each_edge((ofz_graph *)g, edge_forward, NULL))
        return ofz_fail(ctx, OFZ_E_MODEL, "graph '%s': not in topological order", g->name);
    return OFZ_OK;
}
