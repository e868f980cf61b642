/* api_check.c - everything that is wrong with a model. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/view.h"
#include "model/model_file.h"
#include "ops/op.h"
#include "pass/functions.h"

typedef struct check {
    ofz_ctx         *ctx;
    const ofz_model *model;
    ofz_finding_fn  *fn;
    void            *user;
    size_t           count, grave; /* findings; those that are more than "not known here" */
    char             first[512];
} check;

static void take(void *user, ofz_status kind, const char *where, const char *text)
{
    check *c = user;

    if (!c->count++ || (kind != OFZ_E_UNSUPPORTED && !c->grave))
        snprintf(c->first, sizeof c->first, "%.200s: %.300s", where, text);
    c->grave += kind != OFZ_E_UNSUPPORTED;
    if (c->fn) c->fn(c->user, kind, where, text);
}

/* --- operators -------------------------------------------------------------------------------- */

/* The types of the inputs as far as they are declared or inferred, against the version's. */
static ofz_status check_types(check *c, const ofz_op *op, const ofz_node *n)
{
    const ofz_tensor **in   = calloc(n->in_count + 1, sizeof *in);
    ofz_tensor        *type = calloc(n->in_count + 1, sizeof *type);
    ofz_status         st   = OFZ_OK;
    ofz_variable_type  bound[OFZ_SCHEMA_VARIABLES];
    ofz_signature      s;

    if (!in || !type) st = ofz_fail_nomem(c->ctx, "check", n->in_count * sizeof *type);
    for (size_t i = 0; i < n->in_count && !st; i++) {
        if (!n->in[i]) continue;
        type[i] = ofz_value_type(n->in[i]);
        in[i]   = &type[i];
    }
    if (!st && ofz_op_signature(op, n, &s))
        st = ofz_signature_check(c->ctx, &s, in, n->in_count, bound);
    free(in);
    free(type);
    return st;
}

static ofz_status check_node(check *c, const ofz_node *n)
{
    const ofz_op *op   = ofz_op_find(n->domain, n->op_type, n->opset);
    const ofz_op *gone = ofz_op_withdrawn(n->domain, n->op_type, n->opset);
    char          where[256];
    void         *attrs;
    ofz_status    st = OFZ_OK;

    if (ofz_function_called(c->model, n)) return OFZ_OK;
    if (gone)
        st = ofz_fail(c->ctx, OFZ_E_MODEL, "withdrawn in version %d, want %s", gone->since,
                      gone->instead);
    if (st) take(c, st, ofz_node_text(where, sizeof where, n), ofz_error(c->ctx));
    if (!op) return OFZ_OK; /* an operator that we do not know may well be fine */
    for (size_t k = 0; k < n->attr_count; k++)
        if (n->attr[k].ref) return OFZ_OK; /* each call gives it others */
    attrs = malloc(op->attr_size ? op->attr_size : 1);
    if (!attrs) return ofz_fail_nomem(c->ctx, "check", op->attr_size);
    st = ofz_op_parse(c->ctx, op, n, attrs);
    free(attrs);
    if (!st) st = check_types(c, op, n);
    if (st == OFZ_E_NOMEM) return st;
    if (st) take(c, st, ofz_node_text(where, sizeof where, n), ofz_error(c->ctx));
    return OFZ_OK;
}

static ofz_status check_graph(check *c, const ofz_graph *g)
{
    for (size_t i = 0; i < g->node.count; i++) {
        const ofz_node *n = g->node.item[i];

        OFZ_TRY(check_node(c, n));
        for (size_t k = 0; k < n->attr_count; k++)
            if (n->attr[k].type == OFZ_ATTR_GRAPH && n->attr[k].u.g)
                OFZ_TRY(check_graph(c, n->attr[k].u.g));
    }
    return OFZ_OK;
}

ofz_status ofz_model_check(ofz_ctx *ctx, const ofz_model *model, ofz_finding_fn *fn, void *user)
{
    const ofz_view *view = model->view;
    check           c    = { .ctx = ctx, .model = model, .fn = fn, .user = user };
    size_t          before;

    OFZ_TRY(ofz_model_check_file(ctx, model, take, &c));
    before = c.count;
    OFZ_TRY(check_graph(&c, model->graph));
    for (size_t i = 0; i < model->function_count; i++)
        OFZ_TRY(check_graph(&c, model->function[i].graph));
    if (!c.count && view->inline_status)
        take(&c, view->inline_status, "functions", view->inline_text);
    /* a node with bad attributes stops inference: that would be the same fault twice */
    if (c.count == before && view->infer_status && view->infer_status != OFZ_E_UNSUPPORTED)
        take(&c, view->infer_status, "shape inference", view->infer_text);
    if (!c.count) return OFZ_OK;
    return ofz_fail(ctx, c.grave ? OFZ_E_MODEL : OFZ_E_UNSUPPORTED, "%s%s", c.first,
                    c.count > 1 ? " (and more)" : "");
}
