/* layers.c - see layers.h. Nodes are numbered, those of subgraphs included, in node->scratch; every
 * table here is indexed by that number. */
#include "pass/layers.h"

#include <stdlib.h>
#include <string.h>

enum { NOWHERE = -1, GRAPH_DEPTH = 100 };

/* Number the nodes of `g` from `next` on, and return the number after the last. The graph is
 * read-only but for its scratch, which is there for this. */
static int graph_number(const ofz_graph *g, int next, int depth)
{
    for (size_t i = 0; i < g->node.count; i++) {
        ofz_node *n = g->node.item[i];

        n->scratch = next++;
        for (size_t k = 0; k < n->attr_count && depth > 0; k++)
            if (n->attr[k].type == OFZ_ATTR_GRAPH)
                next = graph_number(n->attr[k].u.g, next, depth - 1);
    }
    return next;
}

/* The number of the node of the main graph in which `n` stands. */
static int place(const ofz_node *n)
{
    while (n->graph->parent && n->graph->parent_node) n = n->graph->parent_node;
    return n->scratch;
}

/* Tensors that make or join a layer. */
static bool role_layered(ofz_role role)
{
    return role != OFZ_ROLE_OTHER && role != OFZ_ROLE_SHAPE && role != OFZ_ROLE_MASK;
}

/* Where the readers of the model's tensors stand. */
static const ofz_graph *graph_of(const ofz_model *m)
{
    return m->flat ? m->flat : m->graph;
}

/* --- layers ----------------------------------------------------------------------------------- */

typedef struct layers {
    int *thick; /* [node] layers that one passes through in it */
    int *
        below; /* [node] layers between it and the outputs, on the longest way; -1: leads to none */
    int least; /* of the current tensor's readers */
} layers;

static bool mark_layer(void *user, const ofz_node *n, int index, bool through)
{
    layers *l = user;

    (void)index;
    if (!through) l->thick[n->scratch] = 1;
    return true;
}

static bool least_below(void *user, const ofz_node *n, int index, bool through)
{
    layers   *l     = user;
    const int below = l->below[n->scratch];

    (void)index;
    if (!through && below >= 0 && (l->least < 0 || below < l->least)) l->least = below;
    return true;
}

/* Layers from `v` to the outputs; `base` is what lies below the outputs of its graph. */
static int value_below(const ofz_value *v, int base, const layers *l)
{
    int most = v->is_output ? base : NOWHERE;

    for (size_t u = 0; u < v->use_count; u++) {
        const int at = v->use[u].node->scratch;

        if (v->use[u].index < 0 || l->below[at] < 0)
            continue; /* -1: inner nodes speak for themselves */
        if (l->below[at] + l->thick[at] > most) most = l->below[at] + l->thick[at];
    }
    return most;
}

/* Backwards over the nodes: a value's readers are done when its producer's turn comes, those inside
 * subgraphs with the node that holds the subgraph. That one is as thick as its thickest subgraph.
 * Returns the most layers that one passes through from the top of `g`. */
static int layers_count(const ofz_graph *g, int base, int depth, layers *l)
{
    int most = base;

    for (size_t i = g->node.count; i-- > 0;) {
        const ofz_node *n     = g->node.item[i];
        int             below = NOWHERE, inside;

        for (size_t k = 0; k < n->out_count; k++) {
            const int b = n->out[k] ? value_below(n->out[k], base, l) : NOWHERE;

            if (b > below) below = b;
        }
        l->below[n->scratch] = below;
        for (size_t k = 0; k < n->attr_count && depth > 0; k++) {
            if (n->attr[k].type != OFZ_ATTR_GRAPH) continue;
            inside = layers_count(n->attr[k].u.g, below, depth - 1, l) - below;
            if (inside > l->thick[n->scratch]) l->thick[n->scratch] = inside;
        }
        if (below >= 0 && below + l->thick[n->scratch] > most) most = below + l->thick[n->scratch];
    }
    return most;
}

ofz_status ofz_layers_below(ofz_ctx *ctx, const ofz_model *m, int *below)
{
    const size_t nodes = (size_t)graph_number(graph_of(m), 0, GRAPH_DEPTH) + 1;
    layers       l    = { calloc(nodes, sizeof *l.thick), calloc(nodes, sizeof *l.below), NOWHERE };
    ofz_role    *role = calloc(m->tensor.count + 1, sizeof *role);
    ofz_status   st   = OFZ_OK;

    if (!l.thick || !l.below || !role) OFZ_GOTO(ofz_fail_nomem(ctx, "layers", nodes));
    for (size_t i = 0; i < m->tensor.count; i++) {
        role[i] = ofz_value_role(m->tensor.item[i]);
        if (role[i] == OFZ_ROLE_WEIGHT || role[i] == OFZ_ROLE_EMBEDDING)
            ofz_value_readers(m->tensor.item[i], mark_layer, &l);
    }
    layers_count(graph_of(m), 0, GRAPH_DEPTH, &l);
    for (size_t i = 0; i < m->tensor.count; i++) {
        l.least = NOWHERE;
        if (role_layered(role[i])) ofz_value_readers(m->tensor.item[i], least_below, &l);
        below[i] = l.least;
    }
done:
    free(l.thick);
    free(l.below);
    free(role);
    return st;
}

/* --- sides ------------------------------------------------------------------------------------ */

typedef struct side {
    bool *in;     /* [node] stands on the side asked for */
    bool *anchor; /* [node] */
    bool  any, all;
} side;

static bool mark_anchor(void *user, const ofz_node *n, int index, bool through)
{
    side *s = user;

    (void)index;
    if (!through) s->anchor[place(n)] = true;
    return true;
}

static bool all_in(void *user, const ofz_node *n, int index, bool through)
{
    side *s = user;

    (void)index;
    if (through) return true;
    s->any = true;
    s->all = s->all && s->in[place(n)];
    return s->all;
}

/* Is node i, or anything that its results lead to, set? Backwards. */
static void spread_up(const ofz_graph *g, bool *set)
{
    for (size_t i = g->node.count; i-- > 0;) {
        const ofz_node *n  = g->node.item[i];
        bool           *at = &set[n->scratch];

        for (size_t k = 0; k < n->out_count && !*at; k++)
            for (size_t u = 0; n->out[k] && u < n->out[k]->use_count; u++)
                *at = *at || set[place(n->out[k]->use[u].node)];
    }
}

/* Is node i, or anything that it depends on, set? Forwards, from results to their readers. */
static void spread_down(const ofz_graph *g, bool *set)
{
    for (size_t i = 0; i < g->node.count; i++) {
        const ofz_node *n = g->node.item[i];

        for (size_t k = 0; k < n->out_count && set[n->scratch]; k++)
            for (size_t u = 0; n->out[k] && u < n->out[k]->use_count; u++)
                set[place(n->out[k]->use[u].node)] = true;
    }
}

/* Set s->in from `at`. Before a constant: what its readers depend on, and not what depends on one of
 * them, which tied weights would make both. */
static ofz_status side_fill(ofz_ctx *ctx, const ofz_graph *g, size_t nodes, const ofz_value *at,
                            bool after, side *s)
{
    bool *down;

    if (at->constant)
        ofz_value_readers(at, mark_anchor, s);
    else if (after)
        for (size_t u = 0; u < at->use_count; u++) s->anchor[place(at->use[u].node)] = true;
    else if (at->producer)
        s->anchor[place(at->producer)] = true;
    memcpy(s->in, s->anchor, nodes * sizeof *s->in);
    if (after) {
        spread_down(g, s->in);
        return OFZ_OK;
    }
    spread_up(g, s->in);
    if (!at->constant) return OFZ_OK;
    down = malloc(nodes * sizeof *down);
    if (!down) return ofz_fail_nomem(ctx, "nodes", nodes);
    memcpy(down, s->anchor, nodes * sizeof *down);
    spread_down(g, down);
    for (size_t i = 0; i < nodes; i++) s->in[i] = s->in[i] && !down[i];
    free(down);
    return OFZ_OK;
}

ofz_status ofz_layers_side(ofz_ctx *ctx, const ofz_model *m, const ofz_value *at, bool after,
                           bool *hit)
{
    const size_t nodes = (size_t)graph_number(graph_of(m), 0, GRAPH_DEPTH) + 1;
    side         s  = { calloc(nodes, sizeof *s.in), calloc(nodes, sizeof *s.anchor), false, true };
    ofz_status   st = OFZ_OK;

    if (!s.in || !s.anchor) OFZ_GOTO(ofz_fail_nomem(ctx, "nodes", nodes));
    OFZ_GOTO(side_fill(ctx, graph_of(m), nodes, at->flat ? at->flat : at, after, &s));
    for (size_t i = 0; i < m->tensor.count; i++) {
        s.any = false;
        s.all = true;
        ofz_value_readers(m->tensor.item[i], all_in, &s);
        hit[i] = s.any && s.all;
    }
done:
    free(s.in);
    free(s.anchor);
    return st;
}
