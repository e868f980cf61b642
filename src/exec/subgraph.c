/* subgraph.c - running the subgraph of a node that is being evaluated: feed, run, take.
 *
 * A subgraph has a plan and an exec of its own. Between two runs its exec keeps buffers to reuse and
 * no values, so that what a loop hands from one iteration to the next has one owner. */
#include "exec/runner.h"

static const ofz_subplan *subplan_of(const ofz_step *s, const ofz_graph *body)
{
    for (int i = 0; i < s->sub_count; i++)
        if (s->sub[i]->graph == body) return s->sub[i];
    return NULL;
}

static ofz_status feed(ofz_ctx *ctx, const ofz_exec *e, ofz_exec *inner, const ofz_subplan *s,
                       const ofz_tensor *const *in, size_t in_count)
{
    for (size_t i = 0; i < in_count; i++)
        if (s->input[i] >= 0 && in[i]) OFZ_TRY(ofz_exec_feed_slot(ctx, inner, s->input[i], in[i]));
    for (size_t i = 0; i < s->captured.count; i++) {
        const ofz_value  *v = s->captured.item[i];
        const ofz_tensor *t = &e->now[s->outer[i]];

        if (!t->dtype)
            return ofz_fail(ctx, OFZ_E_MODEL, "outer value '%s': read before it is computed",
                            v->name);
        OFZ_TRY(ofz_exec_feed_slot(ctx, inner, s->inner[i], t));
    }
    return OFZ_OK;
}

static ofz_status take(ofz_ctx *ctx, const ofz_exec *inner, const ofz_subplan *s, ofz_tensor *out)
{
    for (size_t i = 0; i < s->graph->output.count; i++)
        if (!inner->now[s->output[i]].dtype)
            return ofz_fail(ctx, OFZ_E_MODEL, "output '%s' of the subgraph: not computed",
                            ((const ofz_value *)s->graph->output.item[i])->name);
    for (size_t i = 0; i < s->graph->output.count; i++)
        ofz_tensor_share(&inner->now[s->output[i]], &out[i]);
    return OFZ_OK;
}

static void forget(ofz_exec *inner)
{
    for (int k = 0; k < inner->plan->slot_count; k++) {
        ofz_exec_clear(inner, k);
        ofz_tensor_release(&inner->fed[k]);
        inner->fed[k].rank = -1;
    }
}

ofz_status ofz_eval_body(ofz_eval_call *c, const ofz_graph *body, const ofz_tensor *const *in,
                         size_t in_count, ofz_tensor *out)
{
    ofz_exec          *e = c->exec;
    const ofz_subplan *s = e ? subplan_of(e->step, body) : NULL;
    ofz_exec          *inner;
    ofz_status         st;

    if (!s) return ofz_fail(c->ctx, OFZ_E_UNSUPPORTED, "subgraph: not planned");
    if (in_count != body->input.count)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "subgraph '%.100s': %zu inputs, want %zu", body->name,
                        body->input.count, in_count);
    if (!e->sub[s->index]) OFZ_TRY(ofz_exec_new(c->ctx, s->plan, &e->sub[s->index]));
    inner = e->sub[s->index];
    ofz_exec_set_rng(inner, e->rng);
    inner->work = e->work;
    st          = feed(c->ctx, e, inner, s, in, in_count);
    if (!st) st = ofz_exec_run(c->ctx, inner);
    if (!st) st = take(c->ctx, inner, s, out);
    forget(inner);
    return st;
}
