/* edit_inline.c - see edit_inline.h. */
#include "pass/edit_inline.h"

#include <string.h>

#include "ops/op.h"
#include "pass/edit_settle.h"
#include "pass/functions.h"

static ofz_status import_add(ofz_ctx *ctx, ofz_model *m, const ofz_node *n)
{
    ofz_opset *list = OFZ_NEWS(&m->arena, ofz_opset, m->opset_count + 1);

    if (!list) return ofz_fail_nomem(ctx, "opset", sizeof *list);
    if (m->opset_count) memcpy(list, m->opset, m->opset_count * sizeof *list);
    list[m->opset_count++] = (ofz_opset){ n->domain, n->opset };
    m->opset               = list;
    m->graph->opset        = list;
    m->graph->opset_count  = m->opset_count;
    m->header_changed      = true;
    return OFZ_OK;
}

/* Every node is to mean in the model's version what it means in its body's. */
static ofz_status agree(ofz_ctx *ctx, ofz_model *m, ofz_graph *g)
{
    char text[256];

    for (size_t i = 0; i < g->node.count; i++) {
        ofz_node     *n    = g->node.item[i];
        const int64_t mine = ofz_graph_opset(m->graph, n->domain);

        for (size_t k = 0; k < n->attr_count; k++)
            if (n->attr[k].type == OFZ_ATTR_GRAPH) OFZ_TRY(agree(ctx, m, n->attr[k].u.g));
        if (!n->opset || n->opset == mine) continue;
        if (!mine) {
            OFZ_TRY(import_add(ctx, m, n));
            continue;
        }
        if (ofz_op_find(n->domain, n->op_type, n->opset) !=
            ofz_op_find(n->domain, n->op_type, mine))
            return ofz_fail(
                ctx, OFZ_E_UNSUPPORTED,
                "%s: its function imports another version of the operator than the model, "
                "%" PRId64,
                ofz_node_text(text, sizeof text, n), mine);
        n->opset = mine;
    }
    return OFZ_OK;
}

ofz_status ofz_edit_inline(ofz_ctx *ctx, ofz_model *m)
{
    if (!m->function_count || m->functions_dropped) return OFZ_OK;
    OFZ_TRY(ofz_functions_inline(ctx, m, m->graph));
    OFZ_TRY(agree(ctx, m, m->graph));
    m->functions_dropped = true;
    ofz_graph_sweep(m->graph, false);
    return ofz_edit_settle(ctx, m, false);
}
