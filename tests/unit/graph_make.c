/* graph_make.c - see graph_make.h. */
#include "graph_make.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

void graph_make_init(graph_make *k)
{
    *k          = (graph_make){ .ctx = ofz_ctx_new() };
    k->opset[0] = (ofz_opset){ "", 17 };
    k->opset[1] = (ofz_opset){ "other", 1 };
    assert_non_null(k->ctx);
    assert_int_equal(ofz_graph_new(k->ctx, &k->m.arena, NULL, &k->m.symbol, &k->m.graph), OFZ_OK);
    k->m.graph->opset       = k->opset;
    k->m.graph->opset_count = 2;
}

void graph_make_free(graph_make *k)
{
    ofz_graph_deinit(k->m.graph);
    ofz_list_free(&k->m.tensor);
    ofz_symbols_free(&k->m.symbol);
    ofz_arena_free(&k->m.arena);
    ofz_ctx_free(k->ctx);
}

ofz_value *graph_value(graph_make *k, const char *name)
{
    ofz_value *v = ofz_value_find(k->m.graph, name);

    if (!v) assert_int_equal(ofz_value_new(k->ctx, k->m.graph, name, &v), OFZ_OK);
    return v;
}

/* "2 ? 3" */
static int shape_read(const char *shape, int64_t *dim)
{
    int rank = 0, used;

    for (; sscanf(shape, " %*s%n", &used) == 0 && *shape; shape += used, rank++) {
        while (*shape == ' ') shape++, used--;
        dim[rank] = *shape == '?' ? OFZ_SYMBOL(rank) : strtoll(shape, NULL, 10);
    }
    return rank;
}

static ofz_tensor tensor_make(graph_make *k, ofz_dtype dtype, const char *shape, double fill)
{
    int64_t    dim[OFZ_MAX_RANK];
    const int  rank = shape_read(shape, dim);
    ofz_tensor t;

    assert_int_equal(ofz_tensor_new(k->ctx, &t, dtype, rank, dim), OFZ_OK);
    for (int64_t i = 0; i < t.count; i++) ofz_elem_set_f64(dtype, t.data, i, fill);
    return t;
}

ofz_value *graph_input(graph_make *k, const char *name, ofz_dtype dtype, const char *shape)
{
    ofz_value *v = graph_value(k, name);
    int64_t    dim[OFZ_MAX_RANK];
    const int  rank = shape_read(shape, dim);

    assert_int_equal(ofz_tensor_set(k->ctx, &v->type, dtype, rank, dim), OFZ_OK);
    v->is_input = true;
    assert_true(ofz_list_push(&k->m.graph->input, v));
    return v;
}

ofz_value *graph_constant(graph_make *k, const char *name, ofz_dtype dtype, const char *shape,
                          double fill)
{
    const ofz_tensor t = tensor_make(k, dtype, shape, fill);
    ofz_value       *v;

    assert_int_equal(ofz_constant_new(k->ctx, k->m.graph, name, &t, &v), OFZ_OK);
    v->initializer = true;
    assert_true(ofz_list_push(&k->m.tensor, v));
    return v;
}

static size_t values_read(graph_make *k, const char *names, ofz_value **v)
{
    char   name[128];
    size_t n = 0;
    int    used;

    for (; sscanf(names, " %127s%n", name, &used) == 1; names += used)
        v[n++] = strcmp(name, "-") ? graph_value(k, name) : NULL;
    return n;
}

ofz_node *graph_node_attrs(graph_make *k, const char *name, const char *op_type, const char *in,
                           const char *out, const ofz_attr *attr, size_t attr_count)
{
    const char   *dot = strchr(op_type, '.');
    ofz_value    *inputs[16], *outputs[16];
    ofz_node_spec spec = { .name       = name,
                           .op_type    = dot ? dot + 1 : op_type,
                           .domain     = dot ? "other" : "",
                           .in_count   = values_read(k, in, inputs),
                           .out_count  = values_read(k, out, outputs),
                           .in         = inputs,
                           .out        = outputs,
                           .attr       = attr,
                           .attr_count = attr_count };
    ofz_node     *n;

    assert_int_equal(ofz_node_add(k->ctx, k->m.graph, &spec, &n), OFZ_OK);
    return n;
}

ofz_node *graph_node(graph_make *k, const char *name, const char *op_type, const char *in,
                     const char *out)
{
    return graph_node_attrs(k, name, op_type, in, out, NULL, 0);
}

ofz_value *graph_constant_node(graph_make *k, const char *name, ofz_dtype dtype, const char *shape,
                               double fill)
{
    ofz_tensor *t    = OFZ_NEW(&k->m.arena, ofz_tensor);
    ofz_value  *v    = graph_value(k, name);
    ofz_attr    attr = { .name = "value", .type = OFZ_ATTR_TENSOR, .u.t = t };

    *t = tensor_make(k, dtype, shape, fill);
    graph_node_attrs(k, "", "Constant", "", name, &attr, 1);
    v->constant  = t;
    v->type      = *t;
    v->type.data = v->type.buffer = NULL;
    assert_true(ofz_list_push(&k->m.tensor, v));
    return v;
}

void graph_output(graph_make *k, const char *name)
{
    ofz_value *v = graph_value(k, name);

    v->is_output = true;
    assert_true(ofz_list_push(&k->m.graph->output, v));
}
