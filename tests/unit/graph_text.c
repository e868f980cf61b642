/* graph_text.c - see graph_text.h. */
#include "graph_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "exec/exec.h"
#include "op_harness.h"
#include "op_text.h"
#include "pass/infer_shapes.h"

ofz_value *text_constant(graph_make *k, const char *name, const char *tensor)
{
    ofz_tensor t;
    ofz_value *v;

    assert_non_null(op_text_tensor(k->ctx, tensor, 1, &t));
    assert_int_equal(ofz_constant_new(k->ctx, k->m.graph, name, &t, &v), OFZ_OK);
    return v;
}

ofz_graph *text_body(graph_make *k, const char *inputs)
{
    ofz_graph *g;
    ofz_value *v;
    char       name[64];
    int        used;

    assert_int_equal(ofz_graph_new(k->ctx, &k->m.arena, k->m.graph, &k->m.symbol, &g), OFZ_OK);
    k->m.graph = g;
    for (; sscanf(inputs, " %63s%n", name, &used) == 1; inputs += used) {
        assert_int_equal(ofz_value_new(k->ctx, g, name, &v), OFZ_OK);
        v->is_input = true;
        assert_true(ofz_list_push(&g->input, v));
    }
    return g;
}

/* An output that the subgraph does not make is a value of its own that nobody makes: so the reader
 * has it. */
void text_body_end(graph_make *k, const char *outputs)
{
    ofz_graph *g = k->m.graph;
    char       name[64];
    int        used;

    for (; sscanf(outputs, " %63s%n", name, &used) == 1; outputs += used) {
        ofz_value *v = ofz_map_get(&g->by_name, name);

        if (!v) assert_int_equal(ofz_value_new(k->ctx, g, name, &v), OFZ_OK);
        v->is_output = true;
        assert_true(ofz_list_push(&g->output, v));
    }
    k->m.graph = g->parent;
}

/* What `g` and its subgraphs read of `outer` is used by `n`. */
static void capture(graph_make *k, const ofz_graph *g, const ofz_graph *outer, ofz_node *n)
{
    for (size_t i = 0; i < g->node.count; i++) {
        const ofz_node *inner = g->node.item[i];

        for (size_t j = 0; j < inner->in_count; j++)
            if (inner->in[j] && inner->in[j]->graph == outer)
                assert_int_equal(ofz_value_use(k->ctx, inner->in[j], n, -1), OFZ_OK);
        for (size_t j = 0; j < inner->attr_count; j++)
            if (inner->attr[j].type == OFZ_ATTR_GRAPH) capture(k, inner->attr[j].u.g, outer, n);
    }
}

ofz_node *text_node_bodies(graph_make *k, const char *op_type, const char *in, const char *out,
                           const char *attrs, const char *name0, ofz_graph *body0,
                           const char *name1, ofz_graph *body1)
{
    ofz_attr  attr[10];
    int       count = attrs ? op_text_attrs(k->ctx, k->m.graph, attrs, attr, 8) : 0;
    ofz_node *n;

    assert_true(count >= 0);
    if (body0) attr[count++] = (ofz_attr){ .name = name0, .type = OFZ_ATTR_GRAPH, .u.g = body0 };
    if (body1) attr[count++] = (ofz_attr){ .name = name1, .type = OFZ_ATTR_GRAPH, .u.g = body1 };
    n = graph_node_attrs(k, "", op_type, in, out, attr, (size_t)count);
    for (int i = 0; i < 2; i++) {
        ofz_graph *g = i ? body1 : body0;

        if (!g) continue;
        g->parent_node = n;
        capture(k, g, k->m.graph, n);
    }
    return n;
}

ofz_node *text_node(graph_make *k, const char *op_type, const char *in, const char *out,
                    const char *attrs)
{
    return text_node_bodies(k, op_type, in, out, attrs, NULL, NULL, NULL, NULL);
}

/* --- running ---------------------------------------------------------------------------------- */

static ofz_status run(graph_make *k, const char *name, ofz_tensor *out)
{
    ofz_value *v    = graph_value(k, name);
    ofz_plan  *plan = NULL;
    ofz_exec  *exec = NULL;
    ofz_status st   = OFZ_OK;

    OFZ_GOTO(ofz_plan_new(k->ctx, k->m.graph, &v, 1, &plan));
    OFZ_GOTO(ofz_exec_new(k->ctx, plan, &exec));
    OFZ_GOTO(ofz_exec_run(k->ctx, exec));
    OFZ_GOTO(ofz_exec_run(k->ctx, exec)); /* with buffers that were used before */
    assert_non_null(ofz_exec_get(exec, v));
    OFZ_GOTO(ofz_tensor_copy(k->ctx, ofz_exec_get(exec, v), out));
done:
    ofz_exec_free(exec);
    ofz_plan_free(plan);
    return st;
}

static void agree(const ofz_value *v, const ofz_tensor *got)
{
    if (v->kind == OFZ_KIND_TENSOR && v->type.dtype) assert_int_equal(v->type.dtype, got->dtype);
    if (v->kind != OFZ_KIND_TENSOR || v->type.rank < 0) return;
    assert_int_equal(v->type.rank, got->rank);
    for (int i = 0; i < got->rank; i++)
        if (v->type.dim[i] >= 0) assert_int_equal(v->type.dim[i], got->dim[i]);
}

void text_expect(graph_make *k, const char *name, const char *want)
{
    ofz_tensor     got, t;
    ofz_comparison d;

    if (ofz_infer_graph(k->ctx, k->m.graph, 0) || run(k, name, &got))
        fail_msg("'%s': %s", name, ofz_error(k->ctx));
    agree(graph_value(k, name), &got);
    if (want[0] == '=') {
        assert_string_equal(ofz_dtype_name(got.dtype), want + 1);
        ofz_tensor_release(&got);
        return;
    }
    assert_non_null(op_text_tensor(k->ctx, want, 1, &t));
    if (!ofz_tensor_compare(&got, &t, 0, 0, &d) || d.bad_count) {
        char text[128];

        fail_msg("'%s': %s %s, %g at first, want %s", name, ofz_dtype_name(got.dtype),
                 ofz_shape_text(text, sizeof text, got.rank, got.dim),
                 got.count > 0 && !ofz_dtype_is_container(got.dtype) && got.dtype != OFZ_STRING
                     ? ofz_elem_f64(got.dtype, got.data, 0)
                     : 0.0,
                 want);
    }
    ofz_tensor_release(&got);
    ofz_tensor_release(&t);
}

void text_expect_error(graph_make *k, const char *name, ofz_status status, const char *error)
{
    ofz_tensor       got;
    const ofz_status st = run(k, name, &got);

    if (!st) ofz_tensor_release(&got);
    if (st != status || !strstr(ofz_error(k->ctx), error))
        fail_msg("'%s': %s '%s', want %s '%s'", name, ofz_status_name(st),
                 st ? ofz_error(k->ctx) : "", ofz_status_name(status), error);
}
