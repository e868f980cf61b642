/* grad.c - see grad.h. One sweep along the nodes finds what depends on `wrt`, one sweep against
 * them asks each row for the nodes of its gradient. */
#include "pass/grad.h"

#include <stdlib.h>
#include <string.h>

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

/* A value read in a subgraph of `n` that depends on some wrt, or NULL. Deeper than the limit no graph
 * is planned either. */
static const ofz_value *read_inside(const differ *d, const ofz_node *n, int depth)
{
    for (size_t i = 0; i < n->attr_count && depth < d->ctx->limits.depth; i++) {
        const ofz_graph *g = n->attr[i].type == OFZ_ATTR_GRAPH ? n->attr[i].u.g : NULL;

        for (size_t k = 0; g && k < g->output.count; k++) {
            const ofz_value *v = g->output.item[k];

            if (!v->producer && !v->is_input && ofz_map_get(&d->depends, v->name)) return v;
        }
        for (size_t k = 0; g && k < g->node.count; k++) {
            const ofz_node  *inner = g->node.item[k];
            const ofz_value *v     = read_inside(d, inner, depth + 1);

            for (size_t j = 0; j < inner->in_count && !v; j++)
                if (inner->in[j] && inner->in[j]->graph != g &&
                    ofz_map_get(&d->depends, inner->in[j]->name))
                    v = inner->in[j];
            if (v) return v;
        }
    }
    return NULL;
}

static ofz_status mark_depends(differ *d, ofz_value *const *wrt, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!ofz_map_put(&d->depends, wrt[i]->name, wrt[i]))
            return ofz_fail_nomem(d->ctx, "gradient", sizeof(void *));
    for (size_t i = 0; i < d->node_count; i++) {
        const ofz_node  *n      = d->g->node.item[i];
        const ofz_value *inside = read_inside(d, n, 0);
        ofz_value       *from   = inside ? ofz_map_get(&d->depends, inside->name) : NULL;

        for (size_t k = 0; k < n->in_count && !from; k++)
            if (n->in[k]) from = ofz_map_get(&d->depends, n->in[k]->name);
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

static ofz_status differentiate(differ *d, const ofz_node *n)
{
    const ofz_op *op   = ofz_op_find(n->domain, n->op_type, n->opset);
    ofz_value   **dy   = calloc(n->out_count + 1, sizeof *dy);
    ofz_value   **dx   = calloc(n->in_count + 1, sizeof *dx);
    bool         *need = calloc(n->in_count + 1, sizeof *need);
    ofz_grad_call g    = {
           .ctx = d->ctx, .graph = d->g, .node = n, .attrs = d->attrs, .dy = dy, .need = need, .dx = dx
    };
    bool             any_dy = false;
    const ofz_value *inside = NULL, *hidden = NULL;
    ofz_status       st = OFZ_OK;
    char             text[256];

    if (!dy || !dx || !need) OFZ_GOTO(ofz_fail_nomem(d->ctx, "gradient", sizeof *dy));
    for (size_t k = 0; k < n->out_count; k++) {
        dy[k]  = n->out[k] ? ofz_map_get(&d->grad, n->out[k]->name) : NULL;
        any_dy = any_dy || dy[k];
    }
    for (size_t k = 0; k < n->in_count; k++) {
        need[k] = n->in[k] && carries(n->in[k]) && ofz_map_get(&d->depends, n->in[k]->name);
        if (need[k] && !hidden) hidden = n->in[k];
    }
    if (any_dy) inside = read_inside(d, n, 0); /* where no row's gradient reaches */
    if (inside) hidden = inside;
    if (!any_dy || !hidden) goto done;
    if (inside || !op || !op->grad) OFZ_GOTO(no_gradient(d, n, hidden));
    OFZ_GOTO(ofz_op_parse(d->ctx, op, n, d->attrs));
    st = op->grad(&g);
    if (st) OFZ_GOTO(ofz_at(d->ctx, st, "%s", ofz_node_text(text, sizeof text, n)));
    for (size_t k = 0; k < n->in_count; k++)
        if (need[k] && dx[k]) OFZ_GOTO(accumulate(d, &g, n->in[k], dx[k]));
done:
    free(dy);
    free(dx);
    free(need);
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
    for (size_t i = d.node_count; i-- > 0;) OFZ_GOTO(differentiate(&d, g->node.item[i]));
    for (size_t i = 0; i < count; i++) out[i] = ofz_map_get(&d.grad, wrt[i]->name);
done:
    ofz_map_free(&d.depends);
    ofz_map_free(&d.grad);
    return st;
}
