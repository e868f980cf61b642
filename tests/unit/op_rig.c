/* op_rig.c - see op_rig.h. */
#include "op_rig.h"

#include <stdio.h>
#include <string.h>

#include "op_text.h"
#include "tensor/container.h"

const char *const told_name[] = { "declared inputs", "constant inputs", "inputs with symbols",
                                  "inputs without rank", "inputs without type" };

void rig_deinit(rig *r)
{
    op_text_attrs_release(r->attr, r->attr_count);
    if (r->graph) ofz_graph_deinit(r->graph);
    for (int i = 0; i < r->in_count; i++) ofz_tensor_release(&r->in[i]);
    ofz_symbols_free(&r->symbol);
    ofz_arena_free(&r->arena);
    ofz_ctx_free(r->ctx);
}

ofz_status rig_init(rig *r, int opset, const char *domain, const char *attrs, const char *const *in)
{
    *r     = (rig){ 0 };
    r->ctx = ofz_ctx_new();
    assert_non_null(r->ctx);
    OFZ_TRY(ofz_graph_new(r->ctx, &r->arena, NULL, &r->symbol, &r->graph));
    r->opset[0]           = (ofz_opset){ "", *domain && strcmp(domain, "ofz") != 0 ? 17 : opset };
    r->opset[1]           = (ofz_opset){ "ofz", 1 };
    r->opset[2]           = (ofz_opset){ domain, opset };
    r->graph->opset       = r->opset;
    r->graph->opset_count = *domain && strcmp(domain, "ofz") != 0 ? 3 : 2;
    for (; r->in_count < OP_CASE_INPUTS && in[r->in_count]; r->in_count++) {
        const int k = r->in_count;

        if (!strcmp(in[k], "-")) continue;
        if (!op_text_tensor(r->ctx, in[k], k + 1, &r->in[k]))
            return ofz_fail(r->ctx, OFZ_E_ARG, "test: input %d does not parse: %s", k, in[k]);
    }
    r->attr_count = op_text_attrs(r->ctx, r->graph, attrs, r->attr, 32);
    if (r->attr_count < 0) {
        r->attr_count = 0;
        return ofz_fail(r->ctx, OFZ_E_ARG, "test: attributes do not parse: %s", attrs);
    }
    return OFZ_OK;
}

static ofz_status rig_declare(rig *r, int k, told t)
{
    const bool container = ofz_dtype_is_container(r->in[k].dtype);
    const bool ranked    = (t == TOLD_ALL || t == TOLD_RANK) && !container;
    ofz_value *v;
    int64_t    dim[OFZ_MAX_RANK];

    if (t == TOLD_CONSTANT && !container) {
        ofz_tensor shared;

        ofz_tensor_share(&r->in[k], &shared);
        return ofz_constant_new(r->ctx, r->graph, NULL, &shared, &r->x[k]);
    }
    OFZ_TRY(ofz_value_new(r->ctx, r->graph, NULL, &v));
    for (int i = 0; i < r->in[k].rank; i++) {
        dim[i] = r->in[k].dim[i];
        if (t == TOLD_RANK) dim[i] = ofz_symbol_block(r->graph, 1);
    }
    if (t != TOLD_NOTHING) v->kind = ofz_dtype_kind(r->in[k].dtype);
    OFZ_TRY(ofz_tensor_set(r->ctx, &v->type,
                           t == TOLD_NOTHING || container ? OFZ_UNDEFINED : r->in[k].dtype,
                           ranked ? r->in[k].rank : -1, dim));
    v->is_input = true;
    if (!ofz_list_push(&r->graph->input, v)) return ofz_fail_nomem(r->ctx, "input", 8);
    r->x[k] = v;
    return OFZ_OK;
}

const char *op_name(const char *op, char *domain, size_t size)
{
    const char *colon = strchr(op, ':');

    snprintf(domain, size, "%.*s", colon ? (int)(colon - op) : 0, op);
    return colon ? colon + 1 : op;
}

ofz_status rig_build(rig *r, const char *op_type, const char *domain, const told *told_of,
                     const char *const *out)
{
    ofz_node_spec spec = { "", op_type, domain, 0, 0, 0, 0, r->x, r->y, r->attr };

    for (int k = 0; k < r->in_count; k++)
        if (r->in[k].dtype) OFZ_TRY(rig_declare(r, k, told_of[k]));
    for (; r->out_count < OP_CASE_OUTPUTS && out[r->out_count]; r->out_count++) {
        ofz_value **y = &r->y[r->out_count];

        if (!strcmp(out[r->out_count], "-")) continue;
        OFZ_TRY(ofz_value_new(r->ctx, r->graph, NULL, y));
        (*y)->type.rank = -1;
    }
    spec.in_count   = (size_t)r->in_count;
    spec.out_count  = (size_t)r->out_count;
    spec.attr_count = (size_t)r->attr_count;
    OFZ_TRY(ofz_node_add(r->ctx, r->graph, &spec, &r->node));
    for (int i = 0; i < r->attr_count; i++)
        if (r->attr[i].type == OFZ_ATTR_GRAPH) r->attr[i].u.g->parent_node = r->node;
    return OFZ_OK;
}

ofz_status rig_run(rig *r, ofz_value *const *wanted, size_t count, ofz_plan **plan, ofz_exec **exec)
{
    OFZ_TRY(ofz_plan_new(r->ctx, r->graph, wanted, count, plan));
    OFZ_TRY(ofz_exec_new(r->ctx, *plan, exec));
    for (int k = 0; k < r->in_count; k++)
        if (r->x[k] && r->x[k]->is_input) OFZ_TRY(ofz_exec_feed(r->ctx, *exec, r->x[k], &r->in[k]));
    return ofz_exec_run(r->ctx, *exec);
}
