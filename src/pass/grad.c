/* grad.c - see grad.h. One sweep along the nodes finds what depends on `wrt`, one sweep against
 * them asks each row for the nodes of its gradient. */
#include "pass/grad.h"

#include <stdlib.h>
#include <string.h>

#include "pass/infer_shapes.h"

typedef struct differ {
    ofz_ctx   *ctx;
    ofz_graph *g;
    size_t     node_count; /* before anything was appended */
    ofz_map    depends;    /* values that depend on some wrt */
    ofz_map    grad;       /* value name -> its gradient so far, a value */
    _Alignas(16) char attrs[OFZ_ATTR_ROOM];
} differ;

/* Can a gradient reach `v`? Floats, and integers that a row rounded from floats and passes on. */
static bool carries(const ofz_value *v)
{
    const ofz_node *n = v->producer;
    const ofz_op   *op;

    if (!v->type.dtype || ofz_dtype_is_float(v->type.dtype)) return true;
    op = n ? ofz_op_find(n->domain, n->op_type, n->opset) : NULL;
    return op && (op->flags & OFZ_OP_STRAIGHT);
}

/* What scope `g` means by a value of a scope around one of its nodes' subgraphs: a clone shares its
 * subgraphs, so by name. */
static ofz_status add_outer(differ *d, const ofz_value *v, ofz_list *out)
{
    ofz_value *mine = ofz_map_get(&d->depends, v->name) ? ofz_value_find(d->g, v->name) : NULL;

    for (size_t i = 0; mine && i < out->count; i++)
        if (out->item[i] == mine) return OFZ_OK;
    if (!mine || ofz_list_push(out, mine)) return OFZ_OK;
    return ofz_fail_nomem(d->ctx, "gradient", sizeof mine);
}

/* The values that subgraphs of `n` read and that depend on some wrt. Deeper than the limit no graph is
 * planned either. */
static ofz_status read_inside(differ *d, const ofz_node *n, int depth, ofz_list *out)
{
    for (size_t i = 0; i < n->attr_count && depth < d->ctx->limits.depth; i++) {
        const ofz_graph *g = n->attr[i].type == OFZ_ATTR_GRAPH ? n->attr[i].u.g : NULL;

        for (size_t k = 0; g && k < g->output.count; k++) {
            const ofz_value *v = g->output.item[k];

            if (!v->producer && !v->is_input && !v->constant) OFZ_TRY(add_outer(d, v, out));
        }
        for (size_t k = 0; g && k < g->node.count; k++) {
            const ofz_node *inner = g->node.item[k];

            for (size_t j = 0; j < inner->in_count; j++)
                if (inner->in[j] && inner->in[j]->graph != g)
                    OFZ_TRY(add_outer(d, inner->in[j], out));
            OFZ_TRY(read_inside(d, inner, depth + 1, out));
        }
    }
    return OFZ_OK;
}

/* The first value that `n` or its subgraphs read and that depends on some wrt; it stands for all. */
static ofz_status first_dependence(differ *d, const ofz_node *n, ofz_value **out)
{
    ofz_list   inside = { 0 };
    ofz_status st     = read_inside(d, n, 0, &inside);

    *out =
        !st && inside.count ? ofz_map_get(&d->depends, ((ofz_value *)inside.item[0])->name) : NULL;
    for (size_t k = 0; k < n->in_count && !*out; k++)
        if (n->in[k]) *out = ofz_map_get(&d->depends, n->in[k]->name);
    ofz_list_free(&inside);
    return st;
}

static ofz_status mark_depends(differ *d, ofz_value *const *wrt, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!ofz_map_put(&d->depends, wrt[i]->name, wrt[i]))
            return ofz_fail_nomem(d->ctx, "gradient", sizeof(void *));
    for (size_t i = 0; i < d->node_count; i++) {
        const ofz_node *n = d->g->node.item[i];
        ofz_value      *from;

        OFZ_TRY(first_dependence(d, n, &from));
        /* The map remembers which wrt a value comes from, for the error that may be needed. */
        for (size_t k = 0; from && k < n->out_count; k++)
            if (n->out[k] && carries(n->out[k]) && !ofz_map_put(&d->depends, n->out[k]->name, from))
                return ofz_fail_nomem(d->ctx, "gradient", sizeof(void *));
    }
    return OFZ_OK;
}

/* grad[v] += dx. */
static ofz_status accumulate(differ *d, ofz_grad_call *g, ofz_value *v, ofz_value *dx)
{
    ofz_value *so_far = ofz_map_get(&d->grad, v->name);
    ofz_value *in[]   = { so_far, dx };

    if (so_far) OFZ_TRY(ofz_emit(g, "ofz", "Accumulate", NULL, 2, in, 1, &dx));
    if (!ofz_map_put(&d->grad, v->name, dx)) return ofz_fail_nomem(d->ctx, "gradient", sizeof dx);
    return OFZ_OK;
}

static ofz_status no_gradient(differ *d, const ofz_node *n, const ofz_value *hidden)
{
    char             text[256];
    const ofz_value *wrt = ofz_map_get(&d->depends, hidden->name);
    ofz_status       st  = ofz_fail(d->ctx, OFZ_E_UNSUPPORTED, "%s: no gradient, wanted for '%s'",
                                    ofz_node_text(text, sizeof text, n), wrt ? wrt->name : hidden->name);

    return ofz_fix(d->ctx, st, "freeze what lies before it: mark --freeze 'before:%s'",
                   n->out_count && n->out[0] ? n->out[0]->name : "");
}

/* What reached the node's outputs, and which of its inputs and outer values want what. */
static ofz_status call_fill(differ *d, ofz_grad_call *g, ofz_value **dy, bool *need,
                            ofz_list *outer, bool *wanted)
{
    const ofz_node  *n      = g->node;
    const ofz_value *hidden = NULL;
    const ofz_op    *op     = ofz_op_find(n->domain, n->op_type, n->opset);
    bool             any_dy = false;

    *wanted = false;
    for (size_t k = 0; k < n->out_count; k++) {
        dy[k]  = n->out[k] ? ofz_map_get(&d->grad, n->out[k]->name) : NULL;
        any_dy = any_dy || dy[k];
    }
    if (!any_dy) return OFZ_OK;
    OFZ_TRY(read_inside(d, n, 0, outer));
    if (outer->count) hidden = outer->item[0];
    for (size_t k = 0; k < n->in_count; k++) {
        need[k] = n->in[k] && carries(n->in[k]) && ofz_map_get(&d->depends, n->in[k]->name);
        if (need[k] && !hidden) hidden = n->in[k];
    }
    if (!hidden) return OFZ_OK;
    *wanted = true;
    return op && op->grad ? OFZ_OK : no_gradient(d, n, hidden);
}

static ofz_status call_run(differ *d, ofz_grad_call *g, ofz_value **dx, ofz_list *outer)
{
    const ofz_node *n   = g->node;
    const ofz_op   *op  = ofz_op_find(n->domain, n->op_type, n->opset);
    ofz_value     **odx = calloc(outer->count + 1, sizeof *odx);
    ofz_status      st  = OFZ_OK;
    char            text[256];

    if (!odx) return ofz_fail_nomem(d->ctx, "gradient", outer->count * sizeof *odx);
    g->outer_count = outer->count;
    g->outer       = (ofz_value *const *)outer->item;
    g->outer_dx    = odx;
    OFZ_GOTO(ofz_op_parse(d->ctx, op, n, d->attrs));
    st = op->grad(g);
    if (st) OFZ_GOTO(ofz_at(d->ctx, st, "%s", ofz_node_text(text, sizeof text, n)));
    for (size_t k = 0; k < n->in_count; k++)
        if (g->need[k] && dx[k]) OFZ_GOTO(accumulate(d, g, n->in[k], dx[k]));
    for (size_t k = 0; k < outer->count; k++)
        if (odx[k]) OFZ_GOTO(accumulate(d, g, outer->item[k], odx[k]));
done:
    free(odx);
    return st;
}

static ofz_status differentiate(differ *d, const ofz_node *n)
{
    ofz_value   **dy    = calloc(n->out_count + 1, sizeof *dy);
    ofz_value   **dx    = calloc(n->in_count + 1, sizeof *dx);
    bool         *need  = calloc(n->in_count + 1, sizeof *need);
    ofz_list      outer = { 0 };
    ofz_grad_call g     = {
            .ctx = d->ctx, .graph = d->g, .node = n, .attrs = d->attrs, .dy = dy, .need = need, .dx = dx
    };
    bool       wanted;
    ofz_status st = OFZ_OK;

    if (!dy || !dx || !need) OFZ_GOTO(ofz_fail_nomem(d->ctx, "gradient", sizeof *dy));
    OFZ_GOTO(call_fill(d, &g, dy, need, &outer, &wanted));
    if (wanted) OFZ_GOTO(call_run(d, &g, dx, &outer));
done:
    ofz_list_free(&outer);
    free(dy);
    free(dx);
    free(need);
    return st;
}

static ofz_status sweep_back(differ *d)
{
    for (size_t i = d->node_count; i-- > 0;) OFZ_TRY(differentiate(d, d->g->node.item[i]));
    return OFZ_OK;
}

/* A branch that is never taken may be at odds with the shapes around it: what cannot be inferred is
 * unknown, and the run will say. */
static ofz_status infer_body(ofz_ctx *ctx, ofz_graph *body)
{
    const ofz_status quiet = ctx->status, st = ofz_infer_graph(ctx, body, 0);

    if (!st || st == OFZ_E_NOMEM) return st;
    ctx->status  = quiet;
    ctx->text[0] = '\0';
    ctx->hint[0] = '\0';
    return OFZ_OK;
}

ofz_status ofz_grad_body(ofz_grad_call *g, ofz_graph *body, size_t y_count, ofz_value *const *y,
                         ofz_value *const *dy, size_t x_count, ofz_value *const *x, ofz_value **dx)
{
    differ        d    = { .ctx = g->ctx, .g = body, .node_count = body->node.count };
    ofz_grad_call seed = { .ctx = g->ctx, .graph = body };
    ofz_status    st   = OFZ_OK;

    OFZ_TRY(infer_body(g->ctx, body));
    OFZ_GOTO(mark_depends(&d, x, x_count));
    for (size_t k = 0; k < y_count; k++)
        if (y[k] && dy[k] && ofz_map_get(&d.depends, y[k]->name))
            OFZ_GOTO(accumulate(&d, &seed, (ofz_value *)y[k], dy[k]));
    OFZ_GOTO(sweep_back(&d));
    for (size_t i = 0; i < x_count; i++) dx[i] = ofz_map_get(&d.grad, x[i]->name);
done:
    ofz_map_free(&d.depends);
    ofz_map_free(&d.grad);
    return st;
}

ofz_status ofz_grad_append(ofz_ctx *ctx, ofz_graph *g, ofz_value *loss, ofz_value *const *wrt,
                           size_t count, ofz_value **out)
{
    differ        d    = { .ctx = ctx, .g = g, .node_count = g->node.count };
    ofz_grad_call seed = { .ctx = ctx, .graph = g };
    ofz_value    *one;
    ofz_status    st = OFZ_OK;

    OFZ_GOTO(mark_depends(&d, wrt, count));
    OFZ_GOTO(ofz_emit(&seed, "ofz", "OnesLike", NULL, 1, &loss, 1, &one));
    if (!ofz_map_put(&d.grad, loss->name, one))
        OFZ_GOTO(ofz_fail_nomem(ctx, "gradient", sizeof one));
    OFZ_GOTO(sweep_back(&d));
    for (size_t i = 0; i < count; i++) out[i] = ofz_map_get(&d.grad, wrt[i]->name);
done:
    ofz_map_free(&d.depends);
    ofz_map_free(&d.grad);
    return st;
}
