/* test_costs.c - what nodes cost, counted by hand. */
#include "pass/costs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "graph_text.h"

/* Inputs a, b, c, ... of the shapes given ("-" for an omitted one). */
static const struct {
    const char *op, *attrs;
    int         inputs;
    const char *shape[6];
    const char *out;
    int64_t     macs, elements, activations;
} nodes[] = {
    { "Conv", NULL, 2, { "2 3 8 8", "5 3 3 3" }, "y", 2 * 5 * 6 * 6 * 27, 0, 2 * 5 * 36 * 4 },
    { "Conv", "group=2", 2, { "1 4 6 6", "4 2 3 3" }, "y", 4 * 16 * 18, 0, 64 * 4 },
    { "ConvTranspose", NULL, 2, { "1 3 4 4", "3 5 2 2" }, "y", 48 * 20, 0, 5 * 25 * 4 },
    { "Gemm", "transA=1", 2, { "7 2", "7 3" }, "y", 2 * 3 * 7, 0, 24 },
    { "MatMul", NULL, 2, { "4 1 2 7", "5 7 3" }, "y", 4 * 5 * 2 * 3 * 7, 0, 480 },
    { "MatMul", NULL, 2, { "? 7", "7 3" }, "y", -1, 0, -1 },
    { "Einsum", "equation='bij,bjk->bik'", 2, { "2 3 4", "2 4 5" }, "y", 2 * 3 * 4 * 5, 0, 120 },
    { "Einsum",
      "equation='...ij,jk,kl->...il'",
      3,
      { "6 3 4", "4 5", "5 2" },
      "y",
      2 * 6 * 120,
      0,
      144 },
    { "Einsum", "equation='ij->i'", 1, { "3 4" }, "y", 0, 0, 12 },
    { "LSTM",
      "hidden_size=4",
      3,
      { "6 2 3", "1 16 3", "1 16 4" },
      "y",
      12 * 16 * 7,
      0,
      6 * 2 * 4 * 4 },
    { "MaxPool", "kernel_shape=[3,3]", 1, { "1 2 8 8" }, "y", 0, 2 * 36 * 9, 2 * 36 * 4 },
    { "GlobalAveragePool", NULL, 1, { "1 2 8 8" }, "y", 0, 128, 8 },
    { "LRN", "size=5", 1, { "1 6 2 2" }, "y", 0, 120, 96 },
    { "Add", NULL, 2, { "4 1", "3" }, "y", 0, 12, 48 },
    { "Transpose", NULL, 1, { "4 3" }, "y", 0, 0, 48 },
    { "ReduceMean", NULL, 1, { "4 3" }, "y", 0, 12, 4 },
    { "Neg", NULL, 1, { "? 2" }, "y", 0, -1, -1 },
};

static void test_nodes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof nodes / sizeof nodes[0]; i++) {
        char            in[]  = "a b c d e f";
        ofz_arena       arena = { 0 };
        ofz_model_costs c;
        graph_make      k;

        graph_make_init(&k);
        for (int n = 0; n < nodes[i].inputs; n++)
            graph_input(&k, (char[]){ (char)('a' + n), 0 }, OFZ_F32, nodes[i].shape[n]);
        in[2 * nodes[i].inputs - 1] = '\0';
        text_node(&k, nodes[i].op, in, nodes[i].out, nodes[i].attrs);
        if (ofz_costs_count(k.ctx, &k.m, NULL, 0, &arena, &c)) fail_msg("%s", ofz_error(k.ctx));
        if (c.node[0].macs != nodes[i].macs || c.node[0].element_ops != nodes[i].elements ||
            c.node[0].activation_size != nodes[i].activations)
            fail_msg("row %zu, %s: %lld MACs, %lld elements, %lld bytes", i, nodes[i].op,
                     (long long)c.node[0].macs, (long long)c.node[0].element_ops,
                     (long long)c.node[0].activation_size);
        ofz_graph_deinit(c.graph);
        ofz_arena_free(&arena);
        graph_make_free(&k);
    }
}

/* y = loop of `trips` times x = x W, or a branch with one product against one with two. */
static void body_graph(graph_make *k, bool loop, const char *trips, const char *fixed)
{
    ofz_graph *one, *two;

    text_constant(k, "w", "F32[2,2] 1 0 0 1");
    if (fixed)
        text_constant(k, "c", fixed);
    else
        graph_input(k, "c", OFZ_BOOL, "");
    graph_input(k, "x", OFZ_F32, "3 2");
    if (loop) {
        if (trips) text_constant(k, "n", trips);
        one = text_body(k, "i go s");
        text_node(k, "MatMul", "s w", "t", NULL);
        text_node(k, "Identity", "go", "on", NULL);
        text_body_end(k, "on t");
        text_node_bodies(k, "Loop", trips ? "n c x" : "- c x", "y", NULL, "body", one, NULL, NULL);
        return;
    }
    one = text_body(k, "");
    text_node(k, "MatMul", "x w", "t", NULL);
    text_body_end(k, "t");
    two = text_body(k, "");
    text_node(k, "MatMul", "x w", "s", NULL);
    text_node(k, "MatMul", "s w", "e", NULL);
    text_body_end(k, "e");
    text_node_bodies(k, "If", "c", "y", NULL, "then_branch", one, "else_branch", two);
}

static void test_subgraphs(void **state)
{
    static const struct {
        bool        loop;
        const char *trips;
        const char *fixed; /* the condition, else an input */
        int64_t     macs;
    } cases[] = {
        { false, NULL, NULL, 24 },
        { false, NULL, "BOOL[] 1", 12 },
        { false, NULL, "BOOL[] 0", 24 },
        { true, "I64[] 5", NULL, 60 },
        { true, "I64[] -5", NULL, 0 },
        { true, NULL, NULL, -1 },
        { true, "I64[] 9223372036854775807", NULL, -1 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ofz_arena       arena = { 0 };
        ofz_model_costs c;
        graph_make      k;

        graph_make_init(&k);
        body_graph(&k, cases[i].loop, cases[i].trips, cases[i].fixed);
        assert_int_equal(ofz_costs_count(k.ctx, &k.m, NULL, 0, &arena, &c), OFZ_OK);
        assert_int_equal(c.total.macs, cases[i].macs);
        ofz_graph_deinit(c.graph);
        ofz_arena_free(&arena);
        graph_make_free(&k);
    }
}

/* A weight that two nodes read counts for both, and once in the total; a symbol is bound. */
static void test_totals(void **state)
{
    const ofz_dim   n = { "n", 5 }, wrong[] = { { "m", 5 }, { "n", -5 } };
    ofz_arena       arena = { 0 };
    ofz_model_costs c;
    graph_make      k;
    ofz_value      *x;

    (void)state;
    graph_make_init(&k);
    text_constant(&k, "w", "F32[2,2] 1 0 0 1");
    x = graph_input(&k, "x", OFZ_F32, "1 2");
    assert_int_equal(ofz_symbol(k.ctx, k.m.graph, "n", &x->type.dim[0]), OFZ_OK);
    assert_int_equal(ofz_tensor_set(k.ctx, &x->type, OFZ_F32, 2, x->type.dim), OFZ_OK);
    text_node(&k, "MatMul", "x w", "t", NULL);
    text_node(&k, "MatMul", "t w", "y", NULL);
    assert_int_equal(ofz_costs_count(k.ctx, &k.m, &n, 1, &arena, &c), OFZ_OK);
    assert_int_equal(c.node[0].weight_size, 16);
    assert_int_equal(c.node[1].weight_size, 16);
    assert_int_equal(c.total.weight_size, 16);
    assert_int_equal(c.total.macs, 40);
    assert_int_equal(c.total.activation_size, 80);
    assert_true(x->type.dim[0] < 0);
    ofz_graph_deinit(c.graph);
    assert_int_equal(ofz_costs_count(k.ctx, &k.m, &wrong[0], 1, &arena, &c), OFZ_E_ARG);
    assert_string_equal(ofz_error(k.ctx), "dimension 'm': the model has none of that name");
    assert_int_equal(ofz_costs_count(k.ctx, &k.m, &wrong[1], 1, &arena, &c), OFZ_E_ARG);
    assert_string_equal(ofz_error(k.ctx), "dimension 'n': -5, want at least 0");
    ofz_arena_free(&arena);
    graph_make_free(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nodes),
        cmocka_unit_test(test_subgraphs),
        cmocka_unit_test(test_totals),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
