/* functions.c - see functions.h. The call graph is walked first, each function once, so that circles
 * and explosions are refused before anything is copied; then bodies are copied where calls stand. */
#include "pass/functions.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "pass/gradient_op.h"

/* --- who calls whom --------------------------------------------------------------------------- */

static bool domain_is_standard(const char *domain)
{
    return !domain[0] || !strncmp(domain, "ai.onnx.", strlen("ai.onnx."));
}

const ofz_function *ofz_function_called(const ofz_model *m, const ofz_node *n)
{
    const ofz_function *f =
        m->function_count ? ofz_model_function_find(m, n->domain, n->op_type, n->overload) : NULL;

    if (f && domain_is_standard(n->domain) && ofz_op_find(n->domain, n->op_type, n->opset))
        return NULL;
    return f;
}

bool ofz_graph_calls(const ofz_model *m, const ofz_graph *g)
{
    for (size_t i = 0; m->function_count && i < g->node.count; i++) {
        const ofz_node *n = g->node.item[i];

        if (ofz_function_called(m, n)) return true;
        for (size_t k = 0; k < n->attr_count; k++)
            if (n->attr[k].type == OFZ_ATTR_GRAPH && n->attr[k].u.g &&
                ofz_graph_calls(m, n->attr[k].u.g))
                return true;
    }
    return false;
}

typedef struct survey {
    ofz_ctx         *ctx;
    const ofz_model *m;
    struct survey_of {
        enum { NEW, OPEN, DONE } state;
        size_t size;           /* nodes once all calls are replaced */
    } * of;                    /* [function_count] */
    const ofz_function **path; /* [limits.depth + 1] the calls that lead to where the walk is */
    int                  depth;
} survey;

static ofz_status survey_graph(survey *s, const ofz_graph *g, size_t *size);

/* "F -> G -> F", as much of it as fits. */
static ofz_status circle_fail(survey *s, const ofz_function *f)
{
    char   text[400];
    size_t used = 0;
    int    at   = s->depth - 1;

    while (at > 0 && s->path[at] != f) at--;
    for (; at < s->depth && used < sizeof text / 2; at++)
        used += (size_t)snprintf(text + used, sizeof text - used, "%.60s -> ", s->path[at]->name);
    snprintf(text + used, sizeof text - used, "%s%.60s", at < s->depth ? "... -> " : "", f->name);
    return ofz_fail(s->ctx, OFZ_E_MODEL, "function '%.100s': calls itself: %s", f->name, text);
}

static ofz_status survey_call(survey *s, const ofz_function *f, size_t *size)
{
    struct survey_of *of = &s->of[f - s->m->function];

    if (of->state == OPEN) return circle_fail(s, f);
    if (of->state == NEW) {
        if (s->depth >= s->ctx->limits.depth)
            return ofz_fail(s->ctx, OFZ_E_LIMIT, "function '%.100s': calls nested deeper than %d",
                            f->name, s->ctx->limits.depth);
        of->state           = OPEN;
        s->path[s->depth++] = f;
        OFZ_TRY(survey_graph(s, f->graph, &of->size));
        s->depth--;
        of->state = DONE;
    }
    /* an empty body is work as well */
    if (!ofz_add_size(*size, of->size ? of->size : 1, size)) *size = SIZE_MAX;
    return OFZ_OK;
}

static ofz_status survey_graph(survey *s, const ofz_graph *g, size_t *size)
{
    for (size_t i = 0; i < g->node.count; i++) {
        const ofz_node     *n = g->node.item[i];
        const ofz_function *f = ofz_function_called(s->m, n);

        if (f)
            OFZ_TRY(survey_call(s, f, size));
        else if (!ofz_add_size(*size, 1, size))
            *size = SIZE_MAX;
        for (size_t k = 0; k < n->attr_count; k++)
            if (n->attr[k].type == OFZ_ATTR_GRAPH && n->attr[k].u.g)
                OFZ_TRY(survey_graph(s, n->attr[k].u.g, size));
    }
    return OFZ_OK;
}

/* Refuse circles, and more nodes than the limit. */
static ofz_status survey_all(ofz_ctx *ctx, const ofz_model *m, const ofz_graph *g)
{
    const size_t most = ctx->limits.inlined_count;
    survey       s    = { .ctx = ctx, .m = m };
    size_t       size = 0;
    ofz_status   st   = OFZ_OK;

    s.of   = calloc(m->function_count + 1, sizeof *s.of);
    s.path = calloc((size_t)(ctx->limits.depth > 0 ? ctx->limits.depth : 0) + 1, sizeof *s.path);
    if (!s.of || !s.path) OFZ_GOTO(ofz_fail_nomem(ctx, "functions", m->function_count));
    OFZ_GOTO(survey_graph(&s, g, &size));
    if (size > most)
        st =
            ofz_fail(ctx, OFZ_E_LIMIT, "functions: %s%zu nodes in place of calls, want at most %zu",
                     size == SIZE_MAX ? "more than " : "", size, most);
done:
    free(s.of);
    free(s.path);
    return st;
}

/* --- bodies in place of calls ----------------------------------------------------------------- */

typedef struct inliner {
    ofz_ctx         *ctx;
    const ofz_model *m;
    ofz_arena        scratch; /* of the prefixes */
    ofz_map          prefix;  /* those in use -> how often */
    ofz_copy_budget  budget;
    int              depth; /* of the graph at hand */
} inliner;

static ofz_status expand_graph(inliner *in, ofz_graph *g);

enum { PREFIX_MAX = 200 };

/* "name/", or "name_2/" where an earlier call has that name. */
static ofz_status prefix_make(inliner *in, const ofz_node *call, const char **out)
{
    const char *name = call->name[0] ? call->name : call->op_type;
    size_t      size = strlen(name);
    char       *base;
    intptr_t    times;

    if (size > PREFIX_MAX)
        for (size = PREFIX_MAX; size && ((unsigned char)name[size] & 0xc0) == 0x80;) size--;
    base = ofz_arena_text(&in->scratch, name, size);
    if (!base) return ofz_fail_nomem(in->ctx, "function", size);
    times = (intptr_t)ofz_map_get(&in->prefix, base) + 1;
    if (!ofz_map_put(&in->prefix, base, (void *)times))
        return ofz_fail_nomem(in->ctx, "function", size);
    *out = times == 1 ? ofz_arena_printf(&in->scratch, "%s/", base)
                      : ofz_arena_printf(&in->scratch, "%s_%d/", base, (int)times);
    return *out ? OFZ_OK : ofz_fail_nomem(in->ctx, "function", size);
}

/* y = Identity(v), for a `y` that cannot take v's place. */
static ofz_status pass_on(inliner *in, ofz_graph *g, ofz_value *v, ofz_value *y)
{
    enum { OPSET_CONTAINERS = 16 }; /* the first Identity for sequences and optionals */
    int64_t       opset = ofz_graph_opset(g, "");
    ofz_node_spec spec  = { .op_type = "Identity", .in_count = 1, .out_count = 1 };

    spec.in    = &v;
    spec.out   = &y;
    spec.opset = !opset || v->kind != OFZ_KIND_TENSOR ? OPSET_CONTAINERS : opset;
    return ofz_node_add(in->ctx, g, &spec, NULL);
}

/* `y`, which the call made, is what the body calls `v`. `fresh`: v was made for this call alone. */
static ofz_status connect(inliner *in, ofz_graph *g, ofz_value *v, ofz_value *y, bool fresh)
{
    const ofz_status quiet = in->ctx->status;
    ofz_status       st;

    if (!y->type.dtype && y->type.rank < 0) {
        y->type = v->type;
        y->kind = v->kind;
    }
    if (!fresh || !v->producer || v->constant) return pass_on(in, g, v, y);
    st = ofz_value_replace(in->ctx, v, y);
    if (st == OFZ_E_UNSUPPORTED) { /* a subgraph knows v by its name */
        in->ctx->status  = quiet;
        in->ctx->text[0] = '\0';
        return pass_on(in, g, v, y);
    }
    OFZ_TRY(st);
    ofz_node_set_output(v->producer, (size_t)v->output, y);
    return OFZ_OK;
}

/* made[k] stands for output k. One that the body lists twice, or that is an input, is passed on. */
static ofz_status connect_all(inliner *in, ofz_graph *g, ofz_value *const *bind, size_t bind_count,
                              ofz_value **made, ofz_value *const *y, size_t count)
{
    for (size_t k = 0; k < count; k++)
        if (made[k]) made[k]->scratch = 0;
    for (size_t i = 0; i < bind_count; i++)
        if (bind[i]) bind[i]->scratch = -1;
    for (size_t k = 0; k < count; k++) {
        ofz_value *v = made[k];

        if (!y[k]) continue;
        if (!v) {
            if (!y[k]->use_count && !y[k]->is_output) continue;
            return ofz_fail(in->ctx, OFZ_E_MODEL, "output %zu: an input that the call omits", k);
        }
        if (v->scratch > 0) v = y[v->scratch - 1];
        OFZ_TRY(connect(in, g, v, y[k], made[k]->scratch == 0));
        if (!made[k]->scratch) made[k]->scratch = (int)k + 1;
    }
    return OFZ_OK;
}

/* The body's nodes are appended to g->node, which is empty; the call is taken out. */
static ofz_status expand_copy(inliner *in, ofz_graph *g, ofz_node *call, const ofz_function *f,
                              ofz_value **bind, ofz_value **made, ofz_value **y)
{
    const ofz_graph *body = f->graph;
    ofz_copy_spec    spec = { .bind          = bind,
                              .call          = call,
                              .defaults      = f->defaults,
                              .default_count = f->default_count,
                              .budget        = &in->budget };

    OFZ_TRY(prefix_make(in, call, &spec.prefix));
    if (call->in_count) memcpy(bind, call->in, call->in_count * sizeof *bind);
    if (call->out_count) memcpy(y, call->out, call->out_count * sizeof *y);
    OFZ_TRY(ofz_graph_copy_into(in->ctx, body, g, &spec, made));
    ofz_node_remove(call);
    OFZ_TRY(connect_all(in, g, bind, body->input.count, made, y, body->output.count));
    for (size_t i = 0; i < call->attr_count; i++)
        if (call->attr[i].type == OFZ_ATTR_GRAPH && call->attr[i].u.g->parent_node == call)
            ofz_graph_deinit(call->attr[i].u.g);
    return OFZ_OK;
}

static ofz_status call_check(ofz_ctx *ctx, const ofz_node *call, const ofz_function *f)
{
    if (call->in_count > f->graph->input.count)
        return ofz_fail(ctx, OFZ_E_MODEL, "%zu inputs, want at most %zu, which the function has",
                        call->in_count, f->graph->input.count);
    if (call->out_count > f->graph->output.count)
        return ofz_fail(ctx, OFZ_E_MODEL, "%zu outputs, want at most %zu, which the function has",
                        call->out_count, f->graph->output.count);
    return OFZ_OK;
}

/* *body gets the nodes that stand for the call. After a failure the call's node may be among them. */
static ofz_status expand_call(inliner *in, ofz_graph *g, ofz_node *call, const ofz_function *f,
                              ofz_list *body)
{
    const ofz_list tail  = g->node;
    const size_t   count = f->graph->input.count + 2 * f->graph->output.count;
    ofz_value    **room;
    ofz_status     st = call_check(in->ctx, call, f);
    char           text[256];

    ofz_node_text(text, sizeof text, call);
    room = calloc(count + 1, sizeof(ofz_value *));
    if (!st && !room) st = ofz_fail_nomem(in->ctx, "function", count * sizeof(ofz_value *));
    g->node = (ofz_list){ 0 };
    if (!st)
        st = expand_copy(in, g, call, f, room, room + f->graph->input.count,
                         room + f->graph->input.count + f->graph->output.count);
    if (!call->removed && !ofz_list_push(&g->node, call) && !st)
        st = ofz_fail_nomem(in->ctx, "function", sizeof call);
    free(room);
    *body   = g->node;
    g->node = tail;
    return st ? ofz_at(in->ctx, st, "%s", text) : OFZ_OK;
}

/* Append the nodes of `list` to g->node, bodies in place of calls. After a failure the rest is appended
 * as it is: nodes that no list holds would never be released. */
static ofz_status expand_list(inliner *in, ofz_graph *g, const ofz_list *list)
{
    ofz_status st = OFZ_OK;

    for (size_t i = 0; i < list->count; i++) {
        ofz_node           *n    = list->item[i];
        const ofz_function *f    = st || n->removed ? NULL : ofz_function_called(in->m, n);
        ofz_list            body = { 0 };

        if (f) {
            const ofz_status call = expand_call(in, g, n, f, &body);

            st = call ? call : expand_list(in, g, &body);
            for (size_t k = 0; call && k < body.count; k++)
                if (!ofz_list_push(&g->node, body.item[k])) break;
            ofz_list_free(&body);
            continue;
        }
        if (!ofz_list_push(&g->node, n)) return ofz_fail_nomem(in->ctx, "function", sizeof n);
        for (size_t k = 0; k < n->attr_count && !st; k++)
            if (n->attr[k].type == OFZ_ATTR_GRAPH && n->attr[k].u.g)
                st = expand_graph(in, n->attr[k].u.g);
    }
    return st;
}

static ofz_status expand_graph(inliner *in, ofz_graph *g)
{
    ofz_list   list = g->node;
    ofz_status st;

    if (in->depth >= in->ctx->limits.depth)
        return ofz_fail(in->ctx, OFZ_E_LIMIT, "graphs nested deeper than %d",
                        in->ctx->limits.depth);
    in->depth++;
    g->node = (ofz_list){ 0 };
    st      = expand_list(in, g, &list);
    ofz_list_free(&list);
    in->depth--;
    return st;
}

/* --- whole graphs ----------------------------------------------------------------------------- */

ofz_status ofz_functions_inline(ofz_ctx *ctx, const ofz_model *m, ofz_graph *g)
{
    inliner    in = { .ctx = ctx, .m = m };
    ofz_status st;

    if (!ofz_graph_calls(m, g)) return OFZ_OK;
    OFZ_TRY(survey_all(ctx, m, g));
    /* the survey has seen to the limit; calls that are copied on the way, and graphs that are handed
     * to a function and read there many times, it does not count */
    if (!ofz_mul_size(ctx->limits.inlined_count, 4, &in.budget.nodes)) in.budget.nodes = SIZE_MAX;
    if (!ofz_add_size(g->arena->size, ctx->limits.structure_size, &in.budget.arena_size))
        in.budget.arena_size = SIZE_MAX;
    st = expand_graph(&in, g);
    ofz_map_free(&in.prefix);
    ofz_arena_free(&in.scratch);
    if (!st) ofz_graph_sweep(g, false);
    return st;
}

ofz_status ofz_functions_clone(ofz_ctx *ctx, const ofz_model *m, ofz_arena *arena, ofz_graph **out)
{
    ofz_graph *g;
    ofz_status st;

    if (!ofz_graph_calls(m, m->graph) && !ofz_graph_has_gradient(m->graph))
        return ofz_graph_clone(ctx, m->graph, arena, out);
    OFZ_TRY(ofz_graph_deep_copy(ctx, m->graph, arena, &g));
    st = ofz_functions_inline(ctx, m, g);
    if (!st) st = ofz_gradients_expand(ctx, g);
    if (st)
        ofz_graph_deinit(g);
    else
        *out = g;
    return st;
}

/* Values of `g`, a deep copy, stand for what they are copies of. */
static void link_values(const ofz_graph *g)
{
    for (size_t i = 0; i < g->value.count; i++) {
        ofz_value *v = g->value.item[i];

        if (v->source) v->source->flat = v;
    }
    for (size_t i = 0; i < g->node.count; i++) {
        const ofz_node *n = g->node.item[i];

        for (size_t k = 0; k < n->attr_count; k++)
            if (n->attr[k].type == OFZ_ATTR_GRAPH) link_values(n->attr[k].u.g);
    }
}

static void forget_links(const ofz_graph *g)
{
    for (size_t i = 0; i < g->value.count; i++) ((ofz_value *)g->value.item[i])->flat = NULL;
    for (size_t i = 0; i < g->node.count; i++) {
        const ofz_node *n = g->node.item[i];

        for (size_t k = 0; k < n->attr_count; k++)
            if (n->attr[k].type == OFZ_ATTR_GRAPH) forget_links(n->attr[k].u.g);
    }
}

ofz_status ofz_functions_flatten(ofz_ctx *ctx, ofz_model *m)
{
    ofz_graph *g;
    ofz_status st;

    if (m->flat) {
        forget_links(m->graph);
        ofz_graph_deinit(m->flat);
        ofz_arena_free(&m->flat_arena);
        m->flat = NULL;
    }
    if (!ofz_graph_calls(m, m->graph) && !ofz_graph_has_gradient(m->graph)) return OFZ_OK;
    OFZ_TRY(ofz_graph_deep_copy(ctx, m->graph, &m->flat_arena, &g));
    link_values(g);
    st = ofz_functions_inline(ctx, m, g);
    if (!st) st = ofz_gradients_expand(ctx, g);
    if (!st) {
        m->flat = g;
        return OFZ_OK;
    }
    forget_links(m->graph);
    ofz_graph_deinit(g);
    ofz_arena_free(&m->flat_arena);
    return st;
}
