/* api_costs.c - what nodes cost, for the public interface. */
#include <stdlib.h>

#include "api/view.h"
#include "pass/costs.h"

struct ofz_costs {
    ofz_arena        arena;
    ofz_model_costs  counted;
    size_t           node_count;
    ofz_value_info **result; /* of each node, one per output */
    size_t          *result_count;
};

static const ofz_value_info value_none = { .name = "", .rank = -1 };

static ofz_status results_view(ofz_ctx *ctx, const ofz_model *m, ofz_costs *c)
{
    c->node_count   = m->graph->node.count;
    c->result       = OFZ_NEWS(&c->arena, ofz_value_info *, c->node_count);
    c->result_count = OFZ_NEWS(&c->arena, size_t, c->node_count);
    if (!c->result || !c->result_count) return ofz_fail_nomem(ctx, "costs", c->node_count);
    for (size_t i = 0; i < c->node_count; i++) {
        const ofz_node *n = m->graph->node.item[i];

        c->result[i] = OFZ_NEWS(&c->arena, ofz_value_info, n->out_count);
        if (!c->result[i]) return ofz_fail_nomem(ctx, "costs", n->out_count);
        c->result_count[i] = n->out_count;
        for (size_t k = 0; k < n->out_count; k++) {
            const ofz_value *v =
                n->out[k] ? ofz_value_find(c->counted.graph, n->out[k]->name) : NULL;

            c->result[i][k] = value_none;
            if (v) OFZ_TRY(ofz_view_value(ctx, &c->arena, v, &c->result[i][k]));
        }
    }
    return OFZ_OK;
}

ofz_status ofz_costs_new(ofz_ctx *ctx, const ofz_model *model, const ofz_dim *dims,
                         size_t dim_count, ofz_costs **out)
{
    ofz_costs *c = calloc(1, sizeof *c);
    ofz_status st;

    if (!c) return ofz_fail_nomem(ctx, "costs", sizeof *c);
    st = ofz_costs_count(ctx, model, dims, dim_count, &c->arena, &c->counted);
    if (!st) st = results_view(ctx, model, c);
    if (st)
        ofz_costs_free(c);
    else
        *out = c;
    return st;
}

void ofz_costs_free(ofz_costs *costs)
{
    if (!costs) return;
    ofz_graph_deinit(costs->counted.graph);
    ofz_arena_free(&costs->arena);
    free(costs);
}

ofz_cost ofz_costs_node(const ofz_costs *costs, size_t index)
{
    const ofz_cost none = { -1, -1, -1, -1 };

    return index < costs->node_count ? costs->counted.node[index] : none;
}

ofz_cost ofz_costs_total(const ofz_costs *costs)
{
    return costs->counted.total;
}

ofz_value_info ofz_costs_node_output(const ofz_costs *costs, size_t index, size_t output)
{
    if (index >= costs->node_count || output >= costs->result_count[index]) return value_none;
    return costs->result[index][output];
}
