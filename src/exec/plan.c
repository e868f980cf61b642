/* plan.c - which nodes, in which order, and when each value dies.
 *
 * Subgraphs are planned with the node that owns them. What they read of the scopes around them
 * (their captures) counts as read by that node. Names resolve by scope: a value of another graph
 * than the one being planned belongs to the nearest graph around it that is the value's own, or,
 * since a copied graph shares its subgraphs with its source, that knows the value's name. */
#include "exec/plan.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ops/work.h"

typedef struct scope {
    ofz_ctx            *ctx;
    const struct scope *outer; /* NULL for the graph that is run */
    const ofz_graph    *graph;
    ofz_plan           *plan;
    ofz_list           *captured; /* values from around, in the order of `seen` */
    ofz_map             seen;     /* their names */
    int                 depth;
} scope;

/* An error names the nodes around it, the outermost ones: the reason must fit as well. */
enum { PLACES_MOST = 4 };

static ofz_status plan_make(scope *s, ofz_value *const *wanted, size_t count);

/* --- values and slots ------------------------------------------------------------------------- */

/* Does `v`, as read in this scope, come from around it? A subgraph may name an outer value as its
 * output; to the reader that is a value of the subgraph that nobody makes. */
static bool is_captured(const scope *s, const ofz_value *v)
{
    return s->outer && (v->graph != s->graph || (!v->producer && !v->is_input && !v->constant));
}

/* What a subgraph of this scope means by `v`; NULL when nobody around knows it. */
static const ofz_value *seen_from(const scope *s, const ofz_value *v)
{
    const ofz_value *named;

    for (const scope *p = s; p; p = p->outer)
        if (p->graph == v->graph) return v;
    named = ofz_map_get(&s->graph->by_name, v->name);
    return named ? named : s->outer ? v : NULL;
}

int ofz_plan_slot(const ofz_plan *plan, const ofz_value *v)
{
    return (int)(intptr_t)ofz_map_get(&plan->by_name, v->name) - 1;
}

static int slot_of(const scope *s, const ofz_value *v)
{
    const ofz_map *map = is_captured(s, v) ? &s->plan->by_outer : &s->plan->by_name;

    return (int)(intptr_t)ofz_map_get(map, v->name) - 1;
}

/* Give `v` a slot unless it has one. Room for all was made beforehand. */
static ofz_status slot_for(const scope *s, const ofz_value *v, int *out)
{
    ofz_plan  *plan     = s->plan;
    const bool captured = is_captured(s, v);
    ofz_slot  *slot;

    *out = slot_of(s, v);
    if (*out >= 0) return OFZ_OK;
    *out = plan->slot_count;
    slot = &plan->slot[plan->slot_count++];
    if (!ofz_map_put(captured ? &plan->by_outer : &plan->by_name, v->name,
                     (void *)(intptr_t)plan->slot_count))
        return ofz_fail_nomem(s->ctx, "plan", sizeof *slot);
    slot->value    = v;
    slot->last_use = -1;
    slot->captured = captured;
    if (captured) return OFZ_OK;
    slot->is_input = v->is_input;
    if (!v->constant) return OFZ_OK;
    slot->has_constant = true;
    if (ofz_tensor_aligned(v->constant)) {
        ofz_tensor_share(v->constant, &slot->constant);
        return OFZ_OK;
    }
    return ofz_tensor_copy(s->ctx, v->constant, &slot->constant);
}

static ofz_status slots_for(const scope *s, ofz_value *const *v, int count, int **out)
{
    int *slot = OFZ_NEWS(&s->plan->arena, int, (size_t)count);

    if (!slot) return ofz_fail_nomem(s->ctx, "plan", (size_t)count * sizeof *slot);
    for (int i = 0; i < count; i++)
        if (!v[i])
            slot[i] = -1;
        else
            OFZ_TRY(slot_for(s, v[i], &slot[i]));
    *out = slot;
    return OFZ_OK;
}

/* --- subgraphs -------------------------------------------------------------------------------- */

static ofz_status sub_slots(scope *s, ofz_subplan *sub)
{
    const size_t in = sub->graph->input.count, out = sub->graph->output.count;
    const size_t count = sub->captured.count;

    sub->input  = OFZ_NEWS(&sub->plan->arena, int, in);
    sub->output = OFZ_NEWS(&sub->plan->arena, int, out);
    sub->inner  = OFZ_NEWS(&sub->plan->arena, int, count);
    if (!sub->input || !sub->output || !sub->inner)
        return ofz_fail_nomem(s->ctx, "plan", count * sizeof(int));
    for (size_t i = 0; i < in; i++)
        sub->input[i] = ofz_plan_slot(sub->plan, sub->graph->input.item[i]);
    for (size_t i = 0; i < out; i++) sub->output[i] = slot_of(s, sub->graph->output.item[i]);
    for (size_t i = 0; i < count; i++) sub->inner[i] = slot_of(s, sub->captured.item[i]);
    return OFZ_OK;
}

/* Plan the graph `g` of one of the scope's nodes. */
static ofz_status sub_new(const scope *outer, ofz_graph *g, ofz_subplan **out)
{
    ofz_ctx     *ctx = outer->ctx;
    ofz_subplan *sub = OFZ_NEW(&outer->plan->arena, ofz_subplan);
    scope        s   = { .ctx = ctx, .outer = outer, .graph = g, .depth = outer->depth + 1 };
    ofz_status   st;

    if (s.depth > ctx->limits.depth)
        return ofz_fail(ctx, OFZ_E_LIMIT, "graphs nested deeper than %d", ctx->limits.depth);
    if (!sub || !ofz_list_push(&outer->plan->sub, sub))
        return ofz_fail_nomem(ctx, "plan", sizeof *sub);
    sub->graph = g;
    sub->index = (int)outer->plan->sub.count - 1;
    s.captured = &sub->captured;
    s.plan = sub->plan = calloc(1, sizeof *sub->plan);
    if (!s.plan) return ofz_fail_nomem(ctx, "plan", sizeof *s.plan);
    st = plan_make(&s, (ofz_value *const *)g->output.item, g->output.count);
    if (!st) st = sub_slots(&s, sub);
    ofz_map_free(&s.seen);
    *out = sub;
    return st;
}

static ofz_status step_subs(const scope *s, const ofz_node *n, ofz_step *step)
{
    char       text[256];
    ofz_status st;

    for (size_t i = 0; i < n->attr_count; i++)
        step->sub_count += n->attr[i].type == OFZ_ATTR_GRAPH && n->attr[i].u.g;
    step->sub = OFZ_NEWS(&s->plan->arena, ofz_subplan *, (size_t)step->sub_count);
    if (!step->sub) return ofz_fail_nomem(s->ctx, "plan", sizeof *step->sub);
    step->sub_count = 0;
    for (size_t i = 0; i < n->attr_count; i++) {
        if (n->attr[i].type != OFZ_ATTR_GRAPH || !n->attr[i].u.g) continue;
        st = sub_new(s, n->attr[i].u.g, &step->sub[step->sub_count]);
        if (st && s->depth >= PLACES_MOST) return st;
        if (st) return ofz_at(s->ctx, st, "%s", ofz_node_text(text, sizeof text, n));
        step->sub_count++;
    }
    return OFZ_OK;
}

/* --- steps ------------------------------------------------------------------------------------ */

/* Steps of one version share its signature when they are near each other, as they mostly are. */
static ofz_status step_signature(const scope *s, ofz_step *step)
{
    enum { NEAR = 64 };
    const ptrdiff_t at = step - s->plan->step;
    ofz_signature   read, *kept;

    for (ptrdiff_t i = 1; i <= at && i <= NEAR; i++)
        if (step[-i].op == step->op && step[-i].node->derived == step->node->derived) {
            step->signature = step[-i].signature;
            return OFZ_OK;
        }
    if (!ofz_op_signature(step->op, step->node, &read)) return OFZ_OK;
    kept = OFZ_NEW(&s->plan->arena, ofz_signature);
    if (!kept) return ofz_fail_nomem(s->ctx, "plan", sizeof *kept);
    *kept           = read;
    step->signature = kept;
    return OFZ_OK;
}

/* No row evaluates the node: say why. */
static ofz_status step_refuse(ofz_ctx *ctx, const ofz_node *n, bool known)
{
    const ofz_op *gone = ofz_op_withdrawn(n->domain, n->op_type, n->opset);
    char          text[256];
    ofz_status    st;

    ofz_node_text(text, sizeof text, n);
    if (gone) {
        st = ofz_fail(ctx, OFZ_E_UNSUPPORTED, "%s: withdrawn in version %d, want %s", text,
                      gone->since, gone->instead);
        return ofz_fix(ctx, st, "make it a %s, or import an older version of the operators",
                       gone->instead);
    }
    st = ofz_fail(ctx, OFZ_E_UNSUPPORTED, "%s: %s", text,
                  known ? "no evaluation" : "unknown operator");
    return ofz_fix(ctx, st, "see 'onnxfreeze ops' for what can be evaluated");
}

static ofz_status step_fill(const scope *s, ofz_step *step)
{
    ofz_ctx        *ctx = s->ctx;
    const ofz_node *n   = step->node;
    void           *attrs;
    char            text[256];
    ofz_status      st;

    step->op = ofz_op_find(n->domain, n->op_type, n->opset);
    if (!step->op || !step->op->eval) return step_refuse(ctx, n, step->op != NULL);
    attrs = ofz_arena_alloc(&s->plan->arena, step->op->attr_size);
    if (!attrs) return ofz_fail_nomem(ctx, "plan", step->op->attr_size);
    st = ofz_op_parse(ctx, step->op, n, attrs);
    if (st) return ofz_at(ctx, st, "%s", ofz_node_text(text, sizeof text, n));
    OFZ_TRY(step_signature(s, step));
    step->attrs     = attrs;
    step->counted   = ofz_op_has_work(step->op);
    step->in_count  = (int)n->in_count;
    step->out_count = (int)n->out_count;
    OFZ_TRY(slots_for(s, n->in, step->in_count, &step->in));
    OFZ_TRY(slots_for(s, n->out, step->out_count, &step->out));
    for (int i = 0; i < step->sub_count; i++) {
        ofz_subplan *sub = step->sub[i];

        sub->outer = OFZ_NEWS(&s->plan->arena, int, sub->captured.count);
        if (!sub->outer) return ofz_fail_nomem(ctx, "plan", sizeof(int));
        for (size_t k = 0; k < sub->captured.count; k++)
            OFZ_TRY(slot_for(s, seen_from(s, sub->captured.item[k]), &sub->outer[k]));
    }
    if (step->in_count > s->plan->max_in) s->plan->max_in = step->in_count;
    if (step->out_count > s->plan->max_out) s->plan->max_out = step->out_count;
    return OFZ_OK;
}

/* --- what is needed --------------------------------------------------------------------------- */

/* `v` is read in this scope: here someone makes it, or the scope around must give it. */
static ofz_status need_value(scope *s, ofz_map *need, const ofz_value *v)
{
    if (!is_captured(s, v)) {
        if (!ofz_map_put(need, v->name, (void *)(uintptr_t)v))
            return ofz_fail_nomem(s->ctx, "plan", sizeof v);
        return OFZ_OK;
    }
    if (ofz_map_get(&s->seen, v->name)) return OFZ_OK;
    if (!ofz_map_put(&s->seen, v->name, (void *)(uintptr_t)v) ||
        !ofz_list_push(s->captured, (void *)(uintptr_t)v))
        return ofz_fail_nomem(s->ctx, "plan", sizeof v);
    return OFZ_OK;
}

static ofz_status need_node(scope *s, ofz_map *need, const ofz_node *n, ofz_list *steps,
                            size_t *slots)
{
    ofz_step *step = OFZ_NEW(&s->plan->arena, ofz_step);
    char      text[256];

    if (!step || !ofz_list_push(steps, step)) return ofz_fail_nomem(s->ctx, "plan", sizeof *step);
    step->node = n;
    OFZ_TRY(step_subs(s, n, step));
    *slots += n->in_count + n->out_count;
    for (size_t k = 0; k < n->in_count; k++)
        if (n->in[k]) OFZ_TRY(need_value(s, need, n->in[k]));
    for (int i = 0; i < step->sub_count; i++) {
        const ofz_list *captured = &step->sub[i]->captured;

        *slots += captured->count;
        for (size_t k = 0; k < captured->count; k++) {
            const ofz_value *v = captured->item[k], *here = seen_from(s, v);

            if (!here)
                return ofz_fail(s->ctx, OFZ_E_MODEL,
                                "%s: its subgraph reads '%.100s', which "
                                "nothing defines",
                                ofz_node_text(text, sizeof text, n), v->name);
            OFZ_TRY(need_value(s, need, here));
        }
    }
    return OFZ_OK;
}

/* Nodes that `wanted` depends on, by a sweep against the topological order. What makes a known
 * constant (a Constant node) need not run. */
static ofz_status needed_nodes(scope *s, ofz_value *const *wanted, size_t count, ofz_list *steps,
                               size_t *slots)
{
    ofz_map    need = { 0 };
    ofz_status st   = OFZ_OK;

    *slots = count;
    for (size_t i = 0; i < count; i++) OFZ_GOTO(need_value(s, &need, wanted[i]));
    for (size_t i = s->graph->node.count; i-- > 0;) {
        const ofz_node *n    = s->graph->node.item[i];
        bool            used = false;

        for (size_t o = 0; o < n->out_count; o++)
            used =
                used || (n->out[o] && !n->out[o]->constant && ofz_map_get(&need, n->out[o]->name));
        if (used) OFZ_GOTO(need_node(s, &need, n, steps, slots));
    }
done:
    ofz_map_free(&need);
    return st;
}

/* --- lives ------------------------------------------------------------------------------------ */

static void note_uses(ofz_plan *plan)
{
    for (int i = 0; i < plan->step_count; i++) {
        const ofz_step *s = &plan->step[i];

        for (int k = 0; k < s->in_count; k++)
            if (s->in[k] >= 0) plan->slot[s->in[k]].last_use = i;
        for (int k = 0; k < s->out_count; k++) /* nobody may read it: then it dies at once */
            if (s->out[k] >= 0) plan->slot[s->out[k]].last_use = i;
        for (int k = 0; k < s->sub_count; k++)
            for (size_t c = 0; c < s->sub[k]->captured.count; c++)
                plan->slot[s->sub[k]->outer[c]].last_use = i;
    }
}

static ofz_status note_deaths(ofz_ctx *ctx, ofz_plan *plan)
{
    for (int k = 0; k < plan->slot_count; k++)
        if (plan->slot[k].last_use >= 0) plan->step[plan->slot[k].last_use].die_count++;
    for (int i = 0; i < plan->step_count; i++) {
        plan->step[i].dies = OFZ_NEWS(&plan->arena, int, (size_t)plan->step[i].die_count);
        if (!plan->step[i].dies) return ofz_fail_nomem(ctx, "plan", sizeof(int));
        plan->step[i].die_count = 0;
    }
    for (int k = 0; k < plan->slot_count; k++) {
        const ofz_slot *s = &plan->slot[k];
        ofz_step       *t = s->last_use >= 0 ? &plan->step[s->last_use] : NULL;

        if (t && !s->wanted && !s->is_input && !s->has_constant) t->dies[t->die_count++] = k;
    }
    return OFZ_OK;
}

/* --- plans ------------------------------------------------------------------------------------ */

static ofz_status plan_make(scope *s, ofz_value *const *wanted, size_t count)
{
    ofz_plan  *plan  = s->plan;
    ofz_list   steps = { 0 };
    ofz_status st    = OFZ_OK;
    size_t     slots = 0;
    int        k;

    OFZ_GOTO(needed_nodes(s, wanted, count, &steps, &slots));
    if (slots > INT32_MAX) OFZ_GOTO(ofz_fail(s->ctx, OFZ_E_LIMIT, "plan: %zu values", slots));
    plan->step = OFZ_NEWS(&plan->arena, ofz_step, steps.count);
    plan->slot = OFZ_NEWS(&plan->arena, ofz_slot, slots);
    if (!plan->step || !plan->slot)
        OFZ_GOTO(ofz_fail_nomem(s->ctx, "plan", slots * sizeof(ofz_slot)));
    for (size_t i = steps.count; i-- > 0;) {
        plan->step[plan->step_count] = *(const ofz_step *)steps.item[i];
        OFZ_GOTO(step_fill(s, &plan->step[plan->step_count++]));
    }
    for (size_t i = 0; i < count; i++) {
        OFZ_GOTO(slot_for(s, wanted[i], &k));
        plan->slot[k].wanted = true;
    }
    note_uses(plan);
    OFZ_GOTO(note_deaths(s->ctx, plan));
done:
    ofz_list_free(&steps);
    return st;
}

ofz_status ofz_plan_new(ofz_ctx *ctx, ofz_graph *g, ofz_value *const *wanted, size_t count,
                        ofz_plan **out)
{
    ofz_plan  *plan = calloc(1, sizeof *plan);
    scope      s    = { .ctx = ctx, .graph = g, .plan = plan };
    ofz_status st;

    if (!plan) return ofz_fail_nomem(ctx, "plan", sizeof *plan);
    st = plan_make(&s, wanted, count);
    if (st)
        ofz_plan_free(plan);
    else
        *out = plan;
    return st;
}

void ofz_plan_free(ofz_plan *plan)
{
    if (!plan) return;
    for (size_t i = 0; i < plan->sub.count; i++) {
        ofz_subplan *sub = plan->sub.item[i];

        ofz_plan_free(sub->plan);
        ofz_list_free(&sub->captured);
    }
    ofz_list_free(&plan->sub);
    for (int k = 0; k < plan->slot_count; k++) ofz_tensor_release(&plan->slot[k].constant);
    ofz_map_free(&plan->by_name);
    ofz_map_free(&plan->by_outer);
    ofz_arena_free(&plan->arena);
    free(plan);
}
