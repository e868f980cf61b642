/* emit.c - what grad functions append to the graph. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ops/op.h"

static ofz_status emit_node(ofz_grad_call *g, const char *domain, const char *op_type,
                            int attr_count, const ofz_attr *attr, int in_count,
                            ofz_value *const *in, int out_count, ofz_value **out, ofz_node **node)
{
    char          name[64];
    ofz_node_spec spec = { .op_type    = op_type,
                           .domain     = domain,
                           .opset      = strcmp(domain, "ofz") ? 0 : 1,
                           .in_count   = (size_t)in_count,
                           .out_count  = (size_t)out_count,
                           .attr_count = (size_t)attr_count,
                           .in         = in,
                           .out        = out,
                           .attr       = attr,
                           .derived    = true };

    for (int i = 0; i < out_count; i++) OFZ_TRY(ofz_value_new(g->ctx, g->graph, NULL, &out[i]));
    snprintf(name, sizeof name, "%s_%zu", op_type, g->graph->node.count);
    spec.name = name;
    return ofz_node_add(g->ctx, g->graph, &spec, node);
}

ofz_status ofz_emit_attrs(ofz_grad_call *g, const char *domain, const char *op_type, int attr_count,
                          const ofz_attr *attr, int in_count, ofz_value *const *in, int out_count,
                          ofz_value **out)
{
    return emit_node(g, domain, op_type, attr_count, attr, in_count, in, out_count, out, NULL);
}

ofz_status ofz_emit_bodies(ofz_grad_call *g, const char *domain, const char *op_type,
                           int attr_count, const ofz_attr *attr, int in_count, ofz_value *const *in,
                           int out_count, ofz_value **out)
{
    ofz_node *n;

    OFZ_TRY(emit_node(g, domain, op_type, attr_count, attr, in_count, in, out_count, out, &n));
    for (size_t i = 0; i < n->attr_count; i++) {
        if (n->attr[i].type != OFZ_ATTR_GRAPH) continue;
        n->attr[i].u.g->parent_node = n;
        OFZ_TRY(ofz_node_capture(g->ctx, n, n->attr[i].u.g));
    }
    return OFZ_OK;
}

ofz_status ofz_emit(ofz_grad_call *g, const char *domain, const char *op_type, const ofz_node *like,
                    int in_count, ofz_value *const *in, int out_count, ofz_value **out)
{
    return ofz_emit_attrs(g, domain, op_type, like ? (int)like->attr_count : 0,
                          like ? like->attr : NULL, in_count, in, out_count, out);
}

ofz_status ofz_emit_grad(ofz_grad_call *g, const char *op_type, int in_count, ofz_value *const *in,
                         ofz_value **out)
{
    return ofz_emit(g, "ofz", op_type, g->node, in_count, in, 1, out);
}

ofz_status ofz_emit_each(ofz_grad_call *g, const char *op_type)
{
    const size_t n  = g->node->in_count;
    ofz_value  **in = malloc((n + 1) * sizeof *in);
    ofz_status   st = OFZ_OK;

    if (!in) return ofz_fail_nomem(g->ctx, "gradient", n * sizeof *in);
    in[0] = g->dy[0];
    memcpy(in + 1, g->node->in, n * sizeof *in);
    for (size_t i = 0; i < n && !st; i++)
        if (g->need[i]) st = ofz_emit_grad(g, op_type, (int)i + 2, in, &g->dx[i]);
    free(in);
    return st;
}

ofz_status ofz_emit_sum_to(ofz_grad_call *g, ofz_value *dy, ofz_value *x, ofz_value **out)
{
    ofz_value *in[] = { dy, x };

    return ofz_emit(g, "ofz", "SumTo", NULL, 2, in, 1, out);
}
