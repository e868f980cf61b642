/* fold_control.c - an If whose condition is a constant is the branch that it takes. */
#include <stdlib.h>
#include <string.h>

#include "pass/fold_edit.h"

/* The branch that is always taken, or NULL. */
static ofz_graph *branch_of(const ofz_fold *f, const ofz_node *n)
{
    const ofz_tensor     *c    = n->in_count == 1 ? ofz_fold_constant(f, n->in[0]) : NULL;
    const ofz_fold_known *k    = NULL;
    const ofz_attr       *body = NULL;

    if (!c && n->in_count == 1 && n->in[0] && n->in[0]->graph == f->model->graph) {
        k = ofz_map_get(&f->known, n->in[0]->name);
        if (k && !k->symbolic) c = &k->t;
    }
    if (c && c->dtype == OFZ_BOOL && c->count == 1)
        body = ofz_node_attr(n, *(const uint8_t *)c->data ? "then_branch" : "else_branch");
    if (!body || body->type != OFZ_ATTR_GRAPH || body->u.g->input.count ||
        body->u.g->output.count != n->out_count)
        return NULL;
    return body->u.g;
}

/* Every value of the branch can be read, or be given a name, where the If stands. */
static bool may_inline(const ofz_node *n, const ofz_graph *body)
{
    for (size_t i = 0; i < n->out_count; i++)
        if (n->out[i] && ofz_value_out_of_reach(n->out[i])) return false;
    for (size_t i = 0; i < body->output.count; i++) {
        const ofz_value *v = body->output.item[i];

        if (!v->producer && !v->constant) return false; /* somebody else's value, by its name */
    }
    return true;
}

/* `y` is what `x`, a value of the copied branch, is: under its own name where x was made for nothing
 * else. */
static ofz_status output_bind(ofz_fold *f, ofz_graph *g, ofz_value *y, ofz_value *x, bool fresh)
{
    ofz_node *maker = x->producer;
    bool      done  = true;

    if (maker && maker->graph == g && maker->origin < 0 && !x->is_output && !x->constant && fresh) {
        const size_t at = (size_t)x->output;

        OFZ_TRY(ofz_fold_replace(f, x, y, &done));
        if (done) {
            ofz_node_set_output(maker, at, y);
            return OFZ_OK;
        }
    }
    {
        const ofz_node_spec spec = { .name      = "",
                                     .op_type   = "Identity",
                                     .domain    = "",
                                     .in_count  = 1,
                                     .out_count = 1,
                                     .in        = &x,
                                     .out       = &y };

        return ofz_node_add(f->ctx, g, &spec, NULL);
    }
}

static ofz_status inline_branch(ofz_fold *f, ofz_node *n, const ofz_graph *body)
{
    ofz_graph    *g     = n->graph;
    const size_t  count = n->out_count;
    ofz_value   **out   = calloc(2 * count + 1, sizeof *out);
    ofz_copy_spec spec  = { 0 };
    ofz_status    st    = OFZ_OK;

    if (!out) return ofz_fail_nomem(f->ctx, "folding", count * sizeof *out);
    spec.prefix = ofz_arena_printf(&f->arena, "%.200s/", n->name[0] ? n->name : "if");
    if (!spec.prefix) OFZ_GOTO(ofz_fail_nomem(f->ctx, "folding", 1));
    for (size_t i = 0; i < count; i++) out[count + i] = n->out[i];
    OFZ_GOTO(ofz_graph_copy_into(f->ctx, body, g, &spec, out));
    ofz_node_remove(n);
    for (size_t i = 0; i < count; i++) {
        ofz_value *x     = out[i];
        bool       fresh = true;

        if (!out[count + i]) continue;
        for (size_t k = 0; k < i; k++) /* the same value once more: it goes by another name */
            if (out[k] == out[i] && out[count + k]) {
                x     = out[count + k];
                fresh = false;
            }
        OFZ_GOTO(output_bind(f, g, out[count + i], x, fresh));
    }
    f->edits++;
    st = ofz_graph_sort(f->ctx, g);
done:
    free(out);
    return st;
}

ofz_status ofz_fold_control(ofz_fold *f, ofz_graph *g)
{
    const size_t count = g->node.count; /* what is appended waits for the next round */
    bool         found = true;

    /* sorting moves nodes: begin anew after each */
    while (found) {
        found = false;
        for (size_t i = 0; i < count && i < g->node.count && !found; i++) {
            ofz_node  *n    = g->node.item[i];
            ofz_graph *body = ofz_fold_is(f, n, "If") ? branch_of(f, n) : NULL;

            if (!body || !may_inline(n, body)) continue;
            OFZ_TRY(inline_branch(f, n, body));
            found = true;
        }
        if (found) ofz_graph_sweep(g, false);
    }
    return OFZ_OK;
}
