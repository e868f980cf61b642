/* plan.c - which nodes, in which order, and when each value dies. */
#include "exec/plan.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int ofz_plan_slot(const ofz_plan *plan, const ofz_value *v)
{
    return (int)(intptr_t)ofz_map_get(&plan->by_name, v->name) - 1;
}

/* Give `v` a slot unless it has one. Room for all was made beforehand. */
static ofz_status slot_for(ofz_ctx *ctx, ofz_plan *plan, const ofz_value *v, int *out)
{
    int       k = ofz_plan_slot(plan, v);
    ofz_slot *s;

    *out = k;
    if (k >= 0) return OFZ_OK;
    *out = plan->slot_count;
    s    = &plan->slot[plan->slot_count++];
    if (!ofz_map_put(&plan->by_name, v->name, (void *)(intptr_t)plan->slot_count))
        return ofz_fail_nomem(ctx, "plan", sizeof *s);
    s->value    = v;
    s->last_use = -1;
    s->is_input = v->is_input;
    if (!v->constant) return OFZ_OK;
    s->has_constant = true;
    if (ofz_tensor_aligned(v->constant)) {
        ofz_tensor_share(v->constant, &s->constant);
        return OFZ_OK;
    }
    return ofz_tensor_copy(ctx, v->constant, &s->constant);
}

static ofz_status step_fill(ofz_ctx *ctx, ofz_plan *plan, ofz_step *s, const ofz_node *n)
{
    void      *attrs;
    char       text[256];
    ofz_status st;

    s->node = n;
    s->op   = ofz_op_find(n->domain, n->op_type, n->opset);
    if (!s->op || !s->op->eval) {
        st = ofz_fail(ctx, OFZ_E_UNSUPPORTED, "%s: %s", ofz_node_text(text, sizeof text, n),
                      s->op ? "no evaluation" : "unknown operator");
        return ofz_fix(ctx, st, "see 'onnxfreeze ops' for what can be evaluated");
    }
    s->in_count  = (int)n->in_count;
    s->out_count = (int)n->out_count;
    s->in        = OFZ_NEWS(&plan->arena, int, n->in_count);
    s->out       = OFZ_NEWS(&plan->arena, int, n->out_count);
    attrs        = ofz_arena_alloc(&plan->arena, s->op->attr_size);
    if (!s->in || !s->out || !attrs) return ofz_fail_nomem(ctx, "plan", n->in_count * sizeof(int));
    st = ofz_op_parse(ctx, s->op, n, attrs);
    if (st) return ofz_at(ctx, st, "%s", ofz_node_text(text, sizeof text, n));
    s->attrs = attrs;
    for (int i = 0; i < s->in_count; i++)
        if (!n->in[i])
            s->in[i] = -1;
        else
            OFZ_TRY(slot_for(ctx, plan, n->in[i], &s->in[i]));
    for (int i = 0; i < s->out_count; i++)
        if (!n->out[i])
            s->out[i] = -1;
        else
            OFZ_TRY(slot_for(ctx, plan, n->out[i], &s->out[i]));
    if (s->in_count > plan->max_in) plan->max_in = s->in_count;
    if (s->out_count > plan->max_out) plan->max_out = s->out_count;
    return OFZ_OK;
}

/* Nodes that `wanted` depends on, by a sweep against the topological order. What makes a known
 * constant (a Constant node) need not run. */
static ofz_status needed_nodes(ofz_ctx *ctx, const ofz_graph *g, ofz_value *const *wanted,
                               size_t count, ofz_list *out, size_t *slots)
{
    ofz_map    need = { 0 };
    ofz_status st   = OFZ_OK;

    *slots = count;
    for (size_t i = 0; i < count; i++)
        if (!ofz_map_put(&need, wanted[i]->name, wanted[i]))
            OFZ_GOTO(ofz_fail_nomem(ctx, "plan", sizeof(void *)));
    for (size_t i = g->node.count; i-- > 0;) {
        ofz_node *n    = g->node.item[i];
        bool      used = false;

        for (size_t o = 0; o < n->out_count; o++)
            used =
                used || (n->out[o] && !n->out[o]->constant && ofz_map_get(&need, n->out[o]->name));
        if (!used) continue;
        if (!ofz_list_push(out, n)) OFZ_GOTO(ofz_fail_nomem(ctx, "plan", sizeof(void *)));
        *slots += n->in_count + n->out_count;
        for (size_t k = 0; k < n->in_count; k++)
            if (n->in[k] && !ofz_map_put(&need, n->in[k]->name, n->in[k]))
                OFZ_GOTO(ofz_fail_nomem(ctx, "plan", sizeof(void *)));
    }
done:
    ofz_map_free(&need);
    return st;
}

static void note_uses(ofz_plan *plan)
{
    for (int i = 0; i < plan->step_count; i++) {
        const ofz_step *s = &plan->step[i];

        for (int k = 0; k < s->in_count; k++)
            if (s->in[k] >= 0) plan->slot[s->in[k]].last_use = i;
        for (int k = 0; k < s->out_count; k++) /* nobody may read it: then it dies at once */
            if (s->out[k] >= 0) plan->slot[s->out[k]].last_use = i;
    }
}

static ofz_status note_deaths(ofz_ctx *ctx, ofz_plan *plan)
{
    for (int k = 0; k < plan->slot_count; k++)
        if (plan->slot[k].last_use >= 0) plan->step[plan->slot[k].last_use].die_count++;
    for (int i = 0; i < plan->step_count; i++) {
        plan->step[i].dies = OFZ_NEWS(&plan->arena, int, plan->step[i].die_count);
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

ofz_status ofz_plan_new(ofz_ctx *ctx, ofz_graph *g, ofz_value *const *wanted, size_t count,
                        ofz_plan **out)
{
    ofz_plan  *plan  = calloc(1, sizeof *plan);
    ofz_list   nodes = { 0 };
    ofz_status st    = OFZ_OK;
    size_t     slots = 0;
    int        k;

    if (!plan) return ofz_fail_nomem(ctx, "plan", sizeof *plan);
    OFZ_GOTO(needed_nodes(ctx, g, wanted, count, &nodes, &slots));
    if (slots > INT32_MAX) OFZ_GOTO(ofz_fail(ctx, OFZ_E_LIMIT, "plan: %zu values", slots));
    plan->step = OFZ_NEWS(&plan->arena, ofz_step, nodes.count);
    plan->slot = OFZ_NEWS(&plan->arena, ofz_slot, slots);
    if (!plan->step || !plan->slot) OFZ_GOTO(ofz_fail_nomem(ctx, "plan", slots * sizeof(ofz_slot)));
    for (size_t i = nodes.count; i-- > 0;)
        OFZ_GOTO(step_fill(ctx, plan, &plan->step[plan->step_count++], nodes.item[i]));
    for (size_t i = 0; i < count; i++) {
        OFZ_GOTO(slot_for(ctx, plan, wanted[i], &k));
        plan->slot[k].wanted = true;
    }
    note_uses(plan);
    OFZ_GOTO(note_deaths(ctx, plan));
    *out = plan;
    plan = NULL;
done:
    ofz_list_free(&nodes);
    ofz_plan_free(plan);
    return st;
}

void ofz_plan_free(ofz_plan *plan)
{
    if (!plan) return;
    for (int k = 0; k < plan->slot_count; k++) ofz_tensor_release(&plan->slot[k].constant);
    ofz_map_free(&plan->by_name);
    ofz_arena_free(&plan->arena);
    free(plan);
}
