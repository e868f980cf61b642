/* test_graph_edit.c - surgery: what is rewired, renamed, taken out or copied still means the same, and
 * the graph's invariants hold after each step. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "graph_text.h"
#include "pass/infer_shapes.h"

/* a = -x; y = If(yes, a + w, x) with w inside, and z = y * x. */
static void make(graph_make *k)
{
    ofz_graph *yes, *no;

    graph_make_init(k);
    text_constant(k, "x", "F32[2] 1 2");
    text_constant(k, "yes", "BOOL[] 1");
    text_node(k, "Neg", "x", "a", NULL);
    yes = text_body(k, "");
    text_constant(k, "w", "F32[1] 10");
    text_node(k, "Add", "a w", "sum", NULL);
    text_body_end(k, "sum");
    no = text_body(k, "");
    text_node(k, "Identity", "x", "same", NULL);
    text_body_end(k, "same");
    text_node_bodies(k, "If", "yes", "y", NULL, "then_branch", yes, "else_branch", no);
    text_node(k, "Mul", "y x", "z", NULL);
    graph_output(k, "z");
}

static void verify(graph_make *k)
{
    if (ofz_graph_verify(k->ctx, k->m.graph)) fail_msg("%s", ofz_error(k->ctx));
}

static void test_replace(void **state)
{
    graph_make k;

    (void)state;
    make(&k);
    text_expect(&k, "z", "F32[2] 9 16");
    text_constant(&k, "b", "F32[2] 5 6");
    assert_int_equal(ofz_value_replace(k.ctx, graph_value(&k, "a"), graph_value(&k, "b")), OFZ_OK);
    assert_int_equal(graph_value(&k, "a")->use_count, 0);
    assert_int_equal(graph_value(&k, "b")->use_count, 2); /* the Add, and the If for it */
    verify(&k);
    text_expect(&k, "z", "F32[2] 15 32");
    graph_make_free(&k);
}

/* w means something else inside: nothing may change. */
static void test_replace_shadowed(void **state)
{
    graph_make k;

    (void)state;
    make(&k);
    text_constant(&k, "w", "F32[2] 5 6");
    assert_int_equal(ofz_value_replace(k.ctx, graph_value(&k, "a"), graph_value(&k, "w")),
                     OFZ_E_UNSUPPORTED);
    assert_non_null(strstr(ofz_error(k.ctx), "means something else by 'w'"));
    text_expect(&k, "z", "F32[2] 9 16");
    graph_make_free(&k);
}

static void test_rename(void **state)
{
    graph_make k;

    (void)state;
    make(&k);
    assert_int_equal(ofz_value_rename(k.ctx, graph_value(&k, "a"), "minus"), OFZ_OK);
    assert_null(ofz_value_find(k.m.graph, "a"));
    assert_string_equal(graph_value(&k, "minus")->file_name, "a");
    verify(&k);
    text_expect(&k, "z", "F32[2] 9 16");
    assert_int_equal(ofz_value_rename(k.ctx, graph_value(&k, "minus"), "w"), OFZ_E_MODEL);
    assert_non_null(strstr(ofz_error(k.ctx), "the name 'w' is taken"));
    assert_int_equal(ofz_value_rename(k.ctx, graph_value(&k, "minus"), "x"), OFZ_E_MODEL);
    graph_make_free(&k);
}

static void test_remove(void **state)
{
    graph_make k;

    (void)state;
    make(&k);
    text_constant(&k, "c", "F32[2] 3 4");
    assert_int_equal(ofz_value_replace(k.ctx, graph_value(&k, "y"), graph_value(&k, "c")), OFZ_OK);
    ofz_node_remove(graph_value(&k, "y")->producer);
    assert_int_equal(graph_value(&k, "a")->use_count, 0); /* the subgraph reads it no more */
    ofz_node_remove(graph_value(&k, "a")->producer);
    ofz_graph_sweep(k.m.graph, true);
    assert_int_equal(k.m.graph->node.count, 1);
    assert_null(ofz_value_find(k.m.graph, "a"));
    assert_null(ofz_value_find(k.m.graph, "yes"));
    verify(&k);
    text_expect(&k, "z", "F32[2] 3 8");
    graph_make_free(&k);
}

static void test_set_constant(void **state)
{
    graph_make    k;
    const int64_t dim[] = { 2 };
    ofz_tensor    t;

    (void)state;
    make(&k);
    assert_int_equal(ofz_tensor_new(k.ctx, &t, OFZ_F32, 1, dim), OFZ_OK);
    ((float *)t.data)[0] = 7;
    ((float *)t.data)[1] = 8;
    assert_int_equal(ofz_value_set_constant(k.ctx, graph_value(&k, "y"), &t), OFZ_OK);
    ofz_graph_sweep(k.m.graph, true);
    verify(&k);
    text_expect(&k, "z", "F32[2] 7 16");
    graph_make_free(&k);
}

static void test_attributes(void **state)
{
    graph_make     k;
    ofz_node      *n;
    const ofz_attr axis = { .name = "axis", .type = OFZ_ATTR_INT, .u.i = 1 };

    (void)state;
    graph_make_init(&k);
    text_constant(&k, "x", "F32[1,2] 1 2");
    n = text_node(&k, "Concat", "x x", "y", "axis=0");
    assert_int_equal(ofz_node_set_attr(k.ctx, n, &axis), OFZ_OK);
    text_expect(&k, "y", "F32[1,4] 1 2 1 2");
    ofz_node_drop_attr(n, "axis");
    assert_int_equal(n->attr_count, 0);
    assert_int_equal(ofz_node_set_attr(k.ctx, n, &axis), OFZ_OK);
    text_expect(&k, "y", "F32[1,4] 1 2 1 2");
    graph_make_free(&k);
}

/* The whole graph once more, reading another x; its names get numbers. */
static void test_copy(void **state)
{
    graph_make    k;
    ofz_graph    *from;
    ofz_value    *bind[1], *out[1];
    ofz_copy_spec spec = { .prefix = "two/", .bind = bind };

    (void)state;
    make(&k);
    from      = k.m.graph;
    k.m.graph = NULL;
    assert_int_equal(ofz_graph_new(k.ctx, &k.m.arena, NULL, &k.m.symbol, &k.m.graph), OFZ_OK);
    k.m.graph->opset       = from->opset;
    k.m.graph->opset_count = from->opset_count;
    assert_true(ofz_list_push(&from->input, ofz_value_find(from, "x")));
    bind[0] = text_constant(&k, "u", "F32[2] 3 4");
    assert_int_equal(ofz_graph_copy_into(k.ctx, from, k.m.graph, &spec, out), OFZ_OK);
    assert_string_equal(out[0]->name, "two/z");
    assert_null(ofz_value_find(k.m.graph, "two/x"));
    verify(&k);
    text_expect(&k, "two/z", "F32[2] 21 24");
    assert_int_equal(ofz_graph_copy_into(k.ctx, from, k.m.graph, &spec, out), OFZ_OK);
    assert_string_equal(out[0]->name, "two/z_1");
    text_expect(&k, "two/z_1", "F32[2] 21 24");
    verify(&k);
    ofz_graph_deinit(from);
    graph_make_free(&k);
}

/* A function's body: attributes by reference, given, by default, or left out. */
static void test_copy_references(void **state)
{
    graph_make     k;
    ofz_graph     *main_graph;
    ofz_node      *call;
    ofz_value     *bind[1], *out[1];
    const ofz_attr given        = { .name = "slope", .type = OFZ_ATTR_FLOAT, .u.f = 0.5F };
    const ofz_attr fallback     = { .name = "slope", .type = OFZ_ATTR_FLOAT, .u.f = 0.25F };
    ofz_attr       reference[1] = { { .name = "alpha", .type = OFZ_ATTR_FLOAT, .ref = "slope" } };
    ofz_graph     *body;
    ofz_copy_spec  spec = { .prefix = "f/", .bind = bind };

    (void)state;
    graph_make_init(&k);
    main_graph = k.m.graph;
    body       = text_body(&k, "p");
    graph_node_attrs(&k, "", "LeakyRelu", "p", "q", reference, 1);
    text_body_end(&k, "q");
    assert_ptr_equal(k.m.graph, main_graph);
    bind[0]   = text_constant(&k, "x", "F32[2] -8 2");
    call      = graph_node_attrs(&k, "", "other.F", "x", "y", &given, 1);
    spec.call = call;
    assert_int_equal(ofz_graph_copy_into(k.ctx, body, main_graph, &spec, out), OFZ_OK);
    text_expect(&k, out[0]->name, "F32[2] -4 2");
    ofz_node_drop_attr(call, "slope");
    spec.defaults      = &fallback;
    spec.default_count = 1;
    assert_int_equal(ofz_graph_copy_into(k.ctx, body, main_graph, &spec, out), OFZ_OK);
    text_expect(&k, out[0]->name, "F32[2] -2 2");
    spec.default_count = 0;
    assert_int_equal(ofz_graph_copy_into(k.ctx, body, main_graph, &spec, out), OFZ_OK);
    assert_int_equal(out[0]->producer->attr_count, 0);
    ofz_node_remove(call);
    ofz_graph_sweep(main_graph, false);
    ofz_graph_deinit(body);
    graph_make_free(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_replace),      cmocka_unit_test(test_replace_shadowed),
        cmocka_unit_test(test_rename),       cmocka_unit_test(test_remove),
        cmocka_unit_test(test_set_constant), cmocka_unit_test(test_attributes),
        cmocka_unit_test(test_copy),         cmocka_unit_test(test_copy_references),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
