/* edit_extract.c - see edit_extract.h. Values and nodes that stay are flagged in scratch. */
#include "pass/edit_extract.h"

#include <string.h>

#include "pass/edit_names.h"

/* What stays: everything between the values `in` and `out`. */
typedef struct cut {
    ofz_value **in, **out;
    size_t      in_count, out_count;
} cut;

/* --- walking ---------------------------------------------------------------------------------- */

/* Reads from inside a subgraph count as reads of the node that owns it. */
static bool read_by_flagged(const ofz_value *v)
{
    for (size_t u = 0; u < v->use_count; u++)
        if (v->use[u].node->graph == v->graph && v->use[u].node->scratch) return true;
    return false;
}

static void clear_flags(ofz_graph *g)
{
    for (size_t i = 0; i < g->node.count; i++) ((ofz_node *)g->node.item[i])->scratch = 0;
    for (size_t i = 0; i < g->value.count; i++) ((ofz_value *)g->value.item[i])->scratch = 0;
}

/* Flag nodes that a flagged value depends on, and what they read. */
static void flag_needed(ofz_graph *g)
{
    for (size_t i = g->node.count; i-- > 0;) {
        ofz_node *n = g->node.item[i];

        for (size_t k = 0; k < n->out_count && !n->scratch; k++)
            n->scratch = n->out[k] && (n->out[k]->scratch || read_by_flagged(n->out[k]));
    }
    for (size_t i = 0; i < g->value.count; i++) {
        ofz_value *v = g->value.item[i];

        v->scratch = v->scratch || read_by_flagged(v);
    }
}

/* Flag nodes that depend on a flagged value, and what they make. */
static void flag_dependent(ofz_graph *g)
{
    for (size_t i = 0; i < g->value.count; i++) {
        const ofz_value *v = g->value.item[i];

        for (size_t u = 0; v->scratch && u < v->use_count; u++) v->use[u].node->scratch = 1;
    }
    for (size_t i = 0; i < g->node.count; i++) {
        const ofz_node *n = g->node.item[i];

        for (size_t k = 0; n->scratch && k < n->out_count; k++) {
            if (!n->out[k]) continue;
            n->out[k]->scratch = 1;
            for (size_t u = 0; u < n->out[k]->use_count; u++) n->out[k]->use[u].node->scratch = 1;
        }
    }
}

/* --- cutting ---------------------------------------------------------------------------------- */

static bool is_listed(ofz_value *const *list, size_t count, const ofz_value *v)
{
    for (size_t i = 0; i < count; i++)
        if (list[i] == v) return true;
    return false;
}

/* Nothing makes `v` any more. */
static ofz_status become_input(ofz_ctx *ctx, ofz_value *v)
{
    if (v->is_input && !v->producer) return OFZ_OK;
    if (v->kind == OFZ_KIND_TENSOR && !v->type.dtype) {
        ofz_fail(ctx, OFZ_E_ARG, "input '%.100s': its type is unknown to inference", v->name);
        return ofz_fix(ctx, OFZ_E_ARG, "cut at a value whose type 'onnxfreeze inspect' shows");
    }
    if (v->producer) ofz_node_set_output(v->producer, (size_t)v->output, NULL);
    v->producer = NULL;
    if (v->constant) ofz_tensor_release(v->constant);
    v->constant       = NULL;
    v->initializer    = false;
    v->origin         = -1;
    v->graph->changed = true;
    return OFZ_OK;
}

static ofz_status check_complete(ofz_ctx *ctx, const ofz_graph *g, const cut *c)
{
    for (size_t i = 0; i < g->value.count; i++) {
        const ofz_value *v = g->value.item[i];

        if (!v->scratch || v->producer || v->constant || is_listed(c->in, c->in_count, v)) continue;
        ofz_fail(ctx, OFZ_E_ARG, "outputs: need '%.100s' as well, which is no input given",
                 v->name);
        return ofz_fix(ctx, OFZ_E_ARG, "list '%.100s' among the inputs", v->name);
    }
    for (size_t i = 0; i < c->in_count; i++)
        if (!c->in[i]->scratch)
            ofz_log(ctx, OFZ_LOG_WARN, "input '%s': no output depends on it", c->in[i]->name);
    return OFZ_OK;
}

static ofz_status list_set(ofz_ctx *ctx, ofz_list *list, ofz_value *const *v, size_t count)
{
    list->count = 0;
    for (size_t i = 0; i < count; i++)
        if (!ofz_list_push(list, v[i])) return ofz_fail_nomem(ctx, "graph", sizeof *v);
    return OFZ_OK;
}

/* The new inputs; behind them, initializers that were inputs and are still read. */
static ofz_status set_inputs(ofz_ctx *ctx, ofz_graph *g, const cut *c)
{
    size_t      count = c->in_count;
    ofz_value **all   = OFZ_NEWS(g->arena, ofz_value *, c->in_count + g->input.count);

    if (!all) return ofz_fail_nomem(ctx, "graph", g->input.count * sizeof *all);
    if (count) memcpy(all, c->in, count * sizeof *all);
    for (size_t i = 0; i < g->input.count; i++) {
        ofz_value *v = g->input.item[i];

        v->is_input = v->constant && v->scratch && !is_listed(c->in, c->in_count, v);
        if (v->is_input) all[count++] = v;
    }
    for (size_t i = 0; i < c->in_count; i++) c->in[i]->is_input = true;
    return list_set(ctx, &g->input, all, count);
}

static ofz_status cut_out(ofz_ctx *ctx, ofz_model *m, const cut *c)
{
    ofz_graph *g = m->graph;

    for (size_t i = 0; i < c->in_count; i++) OFZ_TRY(become_input(ctx, c->in[i]));
    clear_flags(g);
    for (size_t i = 0; i < c->out_count; i++) c->out[i]->scratch = 1;
    flag_needed(g);
    OFZ_TRY(check_complete(ctx, g, c));
    OFZ_TRY(set_inputs(ctx, g, c));
    for (size_t i = 0; i < g->output.count; i++)
        ((ofz_value *)g->output.item[i])->is_output = false;
    for (size_t i = 0; i < c->out_count; i++) c->out[i]->is_output = true;
    OFZ_TRY(list_set(ctx, &g->output, c->out, c->out_count));
    for (size_t i = g->node.count; i-- > 0;) {
        ofz_node *n = g->node.item[i];

        if (!n->scratch) ofz_node_remove(n);
    }
    ofz_graph_sweep(g, true);
    g->changed = true;
    return OFZ_OK;
}

/* --- between values --------------------------------------------------------------------------- */

/* Are all names of the list values of the graph? */
static bool all_known(const ofz_graph *g, const char *text, size_t size)
{
    while (true) {
        const char  *comma = memchr(text, ',', size);
        const size_t n     = comma ? (size_t)(comma - text) : size;
        const char  *name  = ofz_arena_text(g->arena, text, n);

        if (!name || !ofz_map_get(&g->by_name, name)) return false;
        if (!comma) return true;
        text += n + 1;
        size -= n + 1;
    }
}

/* Names may hold ':' themselves: it divides where both sides are known, else at the first. */
static const char *divide(const ofz_graph *g, const char *text)
{
    for (const char *p = strchr(text, ':'); p; p = strchr(p + 1, ':'))
        if (all_known(g, text, (size_t)(p - text)) && all_known(g, p + 1, strlen(p + 1))) return p;
    return strchr(text, ':');
}

ofz_status ofz_edit_extract(ofz_ctx *ctx, ofz_model *m, const char *text)
{
    const char *colon = divide(m->graph, text), *left;
    cut         c     = { 0 };

    if (!colon || colon == text || !colon[1])
        return ofz_fail(ctx, OFZ_E_ARG, "'%.100s': want IN[,IN..]:OUT[,OUT..]", text);
    left = ofz_arena_text(m->graph->arena, text, (size_t)(colon - text));
    if (!left) return ofz_fail_nomem(ctx, "names", strlen(text));
    OFZ_TRY(ofz_named_values(ctx, m->graph, left, &c.in, &c.in_count));
    OFZ_TRY(ofz_named_values(ctx, m->graph, colon + 1, &c.out, &c.out_count));
    return cut_out(ctx, m, &c);
}

/* --- halves ----------------------------------------------------------------------------------- */

static ofz_status check_points(ofz_ctx *ctx, ofz_value *const *at, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!at[i]->producer || at[i]->constant)
            return ofz_fail(ctx, OFZ_E_ARG, "value '%.100s': %s, want one that a node computes",
                            at[i]->name, at[i]->constant ? "a constant" : "an input");
    return OFZ_OK;
}

/* Nodes and values that depend on the cut carry 1 in scratch: these outputs, or the others. */
static ofz_status pick_outputs(ofz_ctx *ctx, const ofz_graph *g, int flag, ofz_value *const *first,
                               size_t first_count, cut *c)
{
    c->out = OFZ_NEWS(g->arena, ofz_value *, g->output.count + first_count);
    if (!c->out) return ofz_fail_nomem(ctx, "graph", g->output.count * sizeof *c->out);
    for (size_t i = 0; i < first_count; i++) c->out[c->out_count++] = first[i];
    for (size_t i = 0; i < g->output.count; i++) {
        ofz_value *v = g->output.item[i];

        if (v->scratch == flag && !is_listed(first, first_count, v)) c->out[c->out_count++] = v;
    }
    return OFZ_OK;
}

static ofz_status inputs_needed(ofz_ctx *ctx, const ofz_graph *g, ofz_value *const *first,
                                size_t first_count, cut *c)
{
    c->in = OFZ_NEWS(g->arena, ofz_value *, g->input.count + first_count);
    if (!c->in) return ofz_fail_nomem(ctx, "graph", g->input.count * sizeof *c->in);
    for (size_t i = 0; i < first_count; i++) c->in[c->in_count++] = first[i];
    for (size_t i = 0; i < g->input.count; i++) {
        ofz_value *v = g->input.item[i];

        if (v->scratch && !v->constant) c->in[c->in_count++] = v;
    }
    return OFZ_OK;
}

/* Something that an input reaches is read behind the cut. behind: one flag per value, what depends on the
 * cut; what an input reaches is flagged. */
static ofz_status check_crossing(ofz_ctx *ctx, const ofz_graph *g, const bool *behind,
                                 ofz_value *const *at, size_t count)
{
    for (size_t i = 0; i < g->value.count; i++) {
        const ofz_value *v = g->value.item[i];

        if (!v->scratch || behind[i] || v->is_input || is_listed(at, count, v)) continue;
        for (size_t u = 0; u < v->use_count; u++) {
            const ofz_node *n = v->use[u].node;

            if (n->graph != g || n->scratch != 2) continue;
            ofz_fail(ctx, OFZ_E_ARG, "value '%.100s': crosses the cut, want it among its values",
                     v->name);
            return ofz_fix(ctx, OFZ_E_ARG, "add ,%.100s", v->name);
        }
    }
    return OFZ_OK;
}

/* The outputs behind the cut, and that nothing else crosses it. */
static ofz_status look_behind(ofz_ctx *ctx, ofz_graph *g, ofz_value *const *at, size_t count,
                              cut *c)
{
    bool *behind = OFZ_NEWS(g->arena, bool, g->value.count);

    if (!behind) return ofz_fail_nomem(ctx, "graph", g->value.count);
    clear_flags(g);
    for (size_t i = 0; i < count; i++) at[i]->scratch = 1;
    flag_dependent(g);
    for (size_t i = 0; i < count; i++) at[i]->scratch = 0;
    OFZ_TRY(pick_outputs(ctx, g, 1, NULL, 0, c));
    if (!c->out_count)
        return ofz_fail(ctx, OFZ_E_ARG, "value '%.100s': no output depends on it", at[0]->name);
    for (size_t i = 0; i < g->value.count; i++)
        behind[i] = ((const ofz_value *)g->value.item[i])->scratch != 0;
    clear_flags(g);
    for (size_t i = 0; i < g->input.count; i++) {
        ofz_value *v = g->input.item[i];

        v->scratch = !v->constant;
    }
    flag_dependent(g);
    for (size_t i = 0; i < g->value.count; i++) {
        const ofz_value *v = g->value.item[i];

        if (behind[i] && v->producer) v->producer->scratch = 2;
    }
    return check_crossing(ctx, g, behind, at, count);
}

static ofz_status take_head(ofz_ctx *ctx, ofz_graph *g, ofz_value *const *at, size_t count, cut *c)
{
    clear_flags(g);
    for (size_t i = 0; i < count; i++) at[i]->scratch = 1;
    flag_dependent(g);
    OFZ_TRY(pick_outputs(ctx, g, 0, at, count, c));
    clear_flags(g);
    for (size_t i = 0; i < c->out_count; i++) c->out[i]->scratch = 1;
    flag_needed(g);
    return inputs_needed(ctx, g, NULL, 0, c);
}

static ofz_status take_tail(ofz_ctx *ctx, ofz_graph *g, ofz_value *const *at, size_t count, cut *c)
{
    for (size_t i = 0; i < count; i++) OFZ_TRY(become_input(ctx, at[i]));
    clear_flags(g);
    for (size_t i = 0; i < c->out_count; i++) c->out[i]->scratch = 1;
    flag_needed(g);
    return inputs_needed(ctx, g, at, count, c);
}

ofz_status ofz_edit_half(ofz_ctx *ctx, ofz_model *m, const char *text, ofz_half half)
{
    ofz_graph  *g = m->graph;
    cut         c = { 0 }, behind = { 0 };
    ofz_value **at;
    size_t      count;

    OFZ_TRY(ofz_named_values(ctx, g, text, &at, &count));
    OFZ_TRY(check_points(ctx, at, count));
    OFZ_TRY(look_behind(ctx, g, at, count, &behind));
    if (half == OFZ_HALF_TAIL) {
        c = behind;
        OFZ_TRY(take_tail(ctx, g, at, count, &c));
    } else {
        OFZ_TRY(take_head(ctx, g, at, count, &c));
    }
    return cut_out(ctx, m, &c);
}
