/* back.c - from the subgraphs of a node to those of its gradient.
 *
 * A backward body computes the forward body again, from the same inputs, and then its gradients: nothing
 * but the states need be kept of an iteration. */
#include "ops/back.h"

#include <stdlib.h>
#include <string.h>

/* --- building --------------------------------------------------------------------------------- */

/* An empty graph around which g->graph stands. */
static ofz_status back_new(ofz_grad_call *g, ofz_graph **out)
{
    OFZ_TRY(ofz_graph_new(g->ctx, g->graph->arena, g->graph, g->graph->symbol, out));
    (*out)->name = "gradient";
    return OFZ_OK;
}

/* A new input of `b`, typed as `like` says; NULL: not typed. */
static ofz_status back_input(ofz_grad_call *g, ofz_graph *b, const ofz_value *like, ofz_value **out)
{
    ofz_value *v;

    OFZ_TRY(ofz_value_new(g->ctx, b, NULL, &v));
    v->is_input = true;
    if (like) {
        v->kind = like->kind;
        v->type = like->type;
    }
    *out = v;
    return ofz_list_push(&b->input, v) ? OFZ_OK : ofz_fail_nomem(g->ctx, "gradient", sizeof v);
}

/* The gradient `dx` of `x` becomes an output of `b`; zeros where none came. An output that is an input or
 * stands there twice goes through Identity, for each must have a producer of its own. */
static ofz_status back_output(ofz_grad_call *g, ofz_graph *b, ofz_value *x, ofz_value *dx)
{
    ofz_grad_call call = { .ctx = g->ctx, .graph = b };
    ofz_value    *y    = dx;

    if (!dx)
        OFZ_TRY(ofz_emit(&call, "ofz", "ZerosLike", NULL, 1, &x, 1, &y));
    else if (dx->is_output || dx->graph != b || !dx->producer)
        OFZ_TRY(ofz_emit(&call, "", "Identity", NULL, 1, &dx, 1, &y));
    y->is_output = true;
    return ofz_list_push(&b->output, y) ? OFZ_OK : ofz_fail_nomem(g->ctx, "gradient", sizeof y);
}

static ofz_status back_outputs(ofz_grad_call *g, ofz_graph *b, size_t count, ofz_value *const *x,
                               ofz_value *const *dx)
{
    for (size_t i = 0; i < count; i++) OFZ_TRY(back_output(g, b, x[i], dx[i]));
    return OFZ_OK;
}

/* Copies `body` into `b`, with what stands for its inputs; y[]: what its outputs became. */
static ofz_status back_copy(ofz_grad_call *g, const ofz_graph *body, ofz_graph *b,
                            ofz_value *const *bind, ofz_value **y)
{
    const ofz_copy_spec spec = { .prefix = "", .bind = bind };

    return ofz_graph_copy_into(g->ctx, body, b, &spec, y);
}

/* --- If --------------------------------------------------------------------------------------- */

/* A branch gives the gradients of all outer values, those that it does not read included. */
static ofz_status branch_back(ofz_grad_call *g, const ofz_graph *branch, ofz_graph **out)
{
    ofz_value **y  = calloc(branch->output.count + 1, sizeof *y);
    ofz_value **dx = calloc(g->outer_count + 1, sizeof *dx);
    ofz_graph  *b  = NULL;
    ofz_status  st = OFZ_OK;

    if (!y || !dx) OFZ_GOTO(ofz_fail_nomem(g->ctx, "gradient", sizeof *y));
    OFZ_GOTO(back_new(g, &b));
    OFZ_GOTO(back_copy(g, branch, b, NULL, y));
    OFZ_GOTO(ofz_grad_body(g, b, g->node->out_count, y, g->dy, g->outer_count, g->outer, dx));
    OFZ_GOTO(back_outputs(g, b, g->outer_count, g->outer, dx));
    *out = b;
done:
    if (st) ofz_graph_deinit(b);
    free(y);
    free(dx);
    return st;
}

static ofz_status if_emit(ofz_grad_call *g, ofz_graph *yes, ofz_graph *no)
{
    const ofz_attr attr[] = {
        { .name = "then_branch", .type = OFZ_ATTR_GRAPH, .u.g = yes },
        { .name = "else_branch", .type = OFZ_ATTR_GRAPH, .u.g = no },
    };

    return ofz_emit_bodies(g, "", "If", 2, attr, 1, g->node->in, (int)g->outer_count, g->outer_dx);
}

ofz_status ofz_if_grad(ofz_grad_call *g)
{
    ofz_graph *yes = NULL, *no = NULL;
    ofz_status st;

    if (!g->outer_count) return OFZ_OK;
    st = branch_back(g, ofz_node_attr(g->node, "then_branch")->u.g, &yes);
    if (!st) st = branch_back(g, ofz_node_attr(g->node, "else_branch")->u.g, &no);
    if (!st) st = if_emit(g, yes, no);
    if (!st) return OFZ_OK;
    if (yes && !yes->parent_node) ofz_graph_deinit(yes);
    if (no && !no->parent_node) ofz_graph_deinit(no);
    return st;
}

/* --- Loop, Scan and SequenceMap --------------------------------------------------------------- */

typedef struct maker {
    ofz_grad_call   *g;
    const ofz_graph *body;
    ofz_back_kind    kind;
    size_t      lead, first, states, in_count, scans; /* first: of the node's states among inputs */
    ofz_graph  *back;
    ofz_value **in, **y,
        **dy;            /* inputs of `back` for the body; its outputs there; their gradients */
    ofz_value **x, **dx; /* what gradients are wanted of, in the order of back's outputs */
    size_t      x_count;
    int64_t    *need, *has_dy, *carry;
} maker;

/* Integer states carry no gradient, and slices are wanted where the input's is. */
static bool state_carries(const maker *m, size_t k)
{
    const ofz_value *v = m->g->node->in[m->first + k];

    return v && (!v->type.dtype || ofz_dtype_is_float(v->type.dtype));
}

static ofz_status maker_init(maker *m)
{
    const size_t in = m->in_count + m->lead + 1, out = m->g->node->out_count + 1;
    ofz_arena   *a = m->g->graph->arena;

    m->scans  = m->g->node->out_count > m->states ? m->g->node->out_count - m->states : 0;
    m->in     = OFZ_NEWS(a, ofz_value *, in);
    m->y      = OFZ_NEWS(a, ofz_value *, m->body->output.count + 1);
    m->dy     = OFZ_NEWS(a, ofz_value *, m->body->output.count + 1);
    m->x      = OFZ_NEWS(a, ofz_value *, in + m->g->outer_count);
    m->dx     = OFZ_NEWS(a, ofz_value *, in + m->g->outer_count);
    m->need   = OFZ_NEWS(a, int64_t, in);
    m->carry  = OFZ_NEWS(a, int64_t, in);
    m->has_dy = OFZ_NEWS(a, int64_t, out);
    if (!m->in || !m->y || !m->dy || !m->x || !m->dx || !m->need || !m->carry || !m->has_dy)
        return ofz_fail_nomem(m->g->ctx, "gradient", in * sizeof *m->in);
    for (size_t k = 0; k < m->g->node->out_count; k++) m->has_dy[k] = m->g->dy[k] != NULL;
    for (size_t k = 0; k < m->states; k++) m->carry[k] = state_carries(m, k);
    for (size_t i = 0; i < m->in_count; i++) m->need[i] = m->g->need[i];
    return back_new(m->g, &m->back);
}

/* The body's inputs, then the gradients that come from outside. A state's type is what the node says of
 * it at the end, which covers every iteration; a slice's is left to what the body does with it. */
static ofz_status maker_inputs(maker *m)
{
    const size_t slices = m->body->input.count - m->lead - m->states;

    for (size_t k = 0; k < m->lead; k++) OFZ_TRY(back_input(m->g, m->back, NULL, &m->in[k]));
    for (size_t k = 0; k < m->states; k++)
        OFZ_TRY(back_input(m->g, m->back, m->g->node->out_count > k ? m->g->node->out[k] : NULL,
                           &m->in[m->lead + k]));
    for (size_t k = 0; k < slices; k++)
        OFZ_TRY(back_input(m->g, m->back, m->body->input.item[m->lead + m->states + k],
                           &m->in[m->lead + m->states + k]));
    for (size_t k = 0; k < m->states; k++)
        if (m->carry[k]) OFZ_TRY(back_input(m->g, m->back, m->in[m->lead + k], &m->dy[k]));
    for (size_t k = 0; k < m->scans; k++)
        if (m->has_dy[m->states + k])
            OFZ_TRY(back_input(m->g, m->back, NULL, &m->dy[m->states + k]));
    return OFZ_OK;
}

/* What the gradients are wanted of: carried states, slices, outer values. */
static void maker_wanted(maker *m)
{
    const size_t slice = m->first + m->states;

    for (size_t k = 0; k < m->states; k++)
        if (m->carry[k]) m->x[m->x_count++] = m->in[m->lead + k];
    for (size_t i = slice; i < m->in_count; i++)
        if (m->need[i]) m->x[m->x_count++] = m->in[m->lead + m->states + i - slice];
    for (size_t k = 0; k < m->g->outer_count; k++) m->x[m->x_count++] = m->g->outer[k];
}

static ofz_status maker_body(maker *m)
{
    const size_t lead = m->kind == OFZ_BACK_LOOP ? 1 : 0; /* the condition comes first */

    OFZ_TRY(maker_inputs(m));
    OFZ_TRY(back_copy(m->g, m->body, m->back, m->in, m->y));
    maker_wanted(m);
    OFZ_TRY(ofz_grad_body(m->g, m->back, m->states + m->scans, m->y + lead, m->dy, m->x_count, m->x,
                          m->dx));
    return back_outputs(m->g, m->back, m->x_count, m->x, m->dx);
}

static ofz_attr int_attr(const char *name, size_t x)
{
    return (ofz_attr){ .name = name, .type = OFZ_ATTR_INT, .u.i = (int64_t)x };
}

static ofz_attr flags_attr(const char *name, const int64_t *v, size_t count)
{
    return (ofz_attr){ .name = name, .type = OFZ_ATTR_INTS, .u.ints = { v, count } };
}

enum { ATTR_COUNT = 13 };

/* The attributes of BodyGrad; the node keeps its body, which two nodes then share: the copy is the
 * gradient's own. */
static ofz_status maker_attrs(maker *m, ofz_graph *body, ofz_attr *attr, int *count)
{
    static const char *const axes[] = { "scan_input_axes", "scan_input_directions",
                                        "scan_output_axes", "scan_output_directions" };
    const ofz_attr          *a;

    attr[(*count)++] = (ofz_attr){ .name = "body", .type = OFZ_ATTR_GRAPH, .u.g = body };
    attr[(*count)++] = (ofz_attr){ .name = "back", .type = OFZ_ATTR_GRAPH, .u.g = m->back };
    attr[(*count)++] = int_attr("kind", m->kind);
    attr[(*count)++] = int_attr("in_count", m->in_count);
    attr[(*count)++] = int_attr("states", m->states);
    attr[(*count)++] = int_attr("outer_count", m->g->outer_count);
    attr[(*count)++] = flags_attr("need", m->need, m->in_count);
    attr[(*count)++] = flags_attr("has_dy", m->has_dy, m->g->node->out_count);
    attr[(*count)++] = flags_attr("carry", m->carry, m->states);
    for (size_t i = 0; i < sizeof axes / sizeof axes[0]; i++)
        if ((a = ofz_node_attr(m->g->node, axes[i]))) attr[(*count)++] = *a;
    return OFZ_OK;
}

static ofz_status maker_emit(maker *m, ofz_graph *body)
{
    const ofz_node *n    = m->g->node;
    const size_t    room = m->in_count + n->out_count + m->g->outer_count;
    ofz_value     **in   = OFZ_NEWS(m->g->graph->arena, ofz_value *, room + 1);
    ofz_value     **out  = OFZ_NEWS(m->g->graph->arena, ofz_value *, room + 1);
    ofz_attr        attr[ATTR_COUNT];
    int             count = 0, ins = 0, outs = 0;

    if (!in || !out) return ofz_fail_nomem(m->g->ctx, "gradient", room * sizeof *in);
    for (size_t i = 0; i < m->in_count; i++) in[ins++] = n->in[i];
    for (size_t k = 0; k < n->out_count; k++)
        if (m->has_dy[k]) in[ins++] = m->g->dy[k];
    for (size_t k = 0; k < m->g->outer_count; k++) in[ins++] = m->g->outer[k];
    for (size_t i = 0; i < m->in_count; i++) outs += m->need[i] != 0;
    outs += (int)m->g->outer_count;
    OFZ_TRY(maker_attrs(m, body, attr, &count));
    OFZ_TRY(ofz_emit_bodies(m->g, "ofz", "BodyGrad", count, attr, ins, in, outs, out));
    for (size_t i = 0; i < m->in_count; i++)
        if (m->need[i]) m->g->dx[i] = *out++;
    for (size_t k = 0; k < m->g->outer_count; k++) m->g->outer_dx[k] = out[k];
    return OFZ_OK;
}

/* A copy of the forward body for the node that runs it again. */
static ofz_status body_again(maker *m, ofz_graph **out)
{
    ofz_grad_call *g  = m->g;
    ofz_value    **in = OFZ_NEWS(g->graph->arena, ofz_value *, m->body->input.count + 1);
    ofz_value    **y  = OFZ_NEWS(g->graph->arena, ofz_value *, m->body->output.count + 1);
    ofz_graph     *b;
    ofz_status     st = OFZ_OK;

    if (!in || !y) return ofz_fail_nomem(g->ctx, "gradient", sizeof *in);
    OFZ_TRY(back_new(g, &b));
    for (size_t k = 0; k < m->body->input.count && !st; k++)
        st = back_input(g, b, m->body->input.item[k], &in[k]);
    if (!st) st = back_copy(g, m->body, b, in, y);
    for (size_t k = 0; k < m->body->output.count && !st; k++) st = back_output(g, b, y[k], y[k]);
    if (st)
        ofz_graph_deinit(b);
    else
        *out = b;
    return st;
}

static ofz_status walk_back(ofz_grad_call *g, ofz_back_kind kind, size_t states)
{
    const ofz_node *n    = g->node;
    maker           m    = { .g        = g,
                             .body     = ofz_node_attr(n, "body")->u.g,
                             .kind     = kind,
                             .lead     = kind == OFZ_BACK_LOOP ? 2 : 0,
                             .first    = kind == OFZ_BACK_LOOP ? 2 : 0,
                             .states   = states,
                             .in_count = n->in_count };
    ofz_graph      *body = NULL;
    ofz_status      st;

    st = maker_init(&m);
    if (!st) st = maker_body(&m);
    if (!st) st = body_again(&m, &body);
    if (!st) st = maker_emit(&m, body);
    if (!st) return OFZ_OK;
    if (body && !body->parent_node) ofz_graph_deinit(body);
    if (m.back && !m.back->parent_node) ofz_graph_deinit(m.back);
    return st;
}

ofz_status ofz_loop_grad(ofz_grad_call *g)
{
    return walk_back(g, OFZ_BACK_LOOP, g->node->in_count - 2);
}

ofz_status ofz_scan_grad(ofz_grad_call *g)
{
    const ofz_attr *count = ofz_node_attr(g->node, "num_scan_inputs");

    return walk_back(g, OFZ_BACK_SCAN, g->node->in_count - (size_t)count->u.i);
}

ofz_status ofz_sequence_map_grad(ofz_grad_call *g)
{
    return walk_back(g, OFZ_BACK_MAP, 0);
}
