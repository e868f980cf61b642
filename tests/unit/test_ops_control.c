/* test_ops_control.c - subgraphs: what they see, what they give, and where they end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "exec/exec.h"
#include "graph_text.h"
#include "pass/grad.h"
#include "pass/infer_shapes.h"

static void make(graph_make *k)
{
    graph_make_init(k);
    text_constant(k, "x", "F32[2] 1 2");
    text_constant(k, "yes", "BOOL[] 1");
    text_constant(k, "no", "BOOL[] 0");
    text_constant(k, "zero", "F32[] 0");
    text_constant(k, "three", "I64[] 3");
    text_constant(k, "minus", "I64[] -5");
    text_constant(k, "ever", "I64[] 9223372036854775807");
}

static void test_if(void **state)
{
    graph_make k;
    ofz_graph *yes, *no;

    (void)state;
    make(&k);
    yes = text_body(&k, "");
    text_node(&k, "Neg", "x", "minus_x", NULL);
    text_body_end(&k, "minus_x");
    no = text_body(&k, "");
    text_constant(&k, "w", "F32[1] 10"); /* an initializer of the subgraph */
    text_node(&k, "Add", "x w", "x10", NULL);
    text_node(&k, "Concat", "x10 x", "more", "axis=0");
    text_body_end(&k, "more");
    text_node_bodies(&k, "If", "yes", "a", NULL, "then_branch", yes, "else_branch", no);
    text_node_bodies(&k, "If", "no", "b", NULL, "then_branch", yes, "else_branch", no);
    text_expect(&k, "a", "F32[2] -1 -2");
    text_expect(&k, "b", "F32[4] 11 12 1 2");
    text_node_bodies(&k, "If", "x", "c", NULL, "then_branch", yes, "else_branch", no);
    text_expect_error(&k, "c", OFZ_E_MODEL, "input 0 (cond): float32, want bool");
    graph_make_free(&k);
}

/* A subgraph whose own value has the name of an outer one, and whose subgraph reads both. */
static void test_scopes(void **state)
{
    graph_make k;
    ofz_graph *outer, *inner, *other;
    ofz_value *v;

    (void)state;
    make(&k);
    outer = text_body(&k, "");
    assert_int_equal(ofz_value_new(k.ctx, outer, "y", &v), OFZ_OK);
    text_node(&k, "Neg", "x", "y", NULL); /* not the y below */
    inner = text_body(&k, "");
    text_node(&k, "Add", "y x", "z", NULL); /* of the scope around, and of the one around that */
    text_body_end(&k, "z");
    other = text_body(&k, "");
    text_body_end(&k, "x"); /* an outer value as an output */
    text_node_bodies(&k, "If", "yes", "t", NULL, "then_branch", inner, "else_branch", other);
    text_node_bodies(&k, "If", "no", "u", NULL, "then_branch", inner, "else_branch", other);
    text_node(&k, "Concat", "t u", "tu", "axis=0");
    text_body_end(&k, "tu");
    other = text_body(&k, "");
    text_node(&k, "Identity", "x", "xx", NULL);
    text_body_end(&k, "xx");
    text_node_bodies(&k, "If", "yes", "y", NULL, "then_branch", outer, "else_branch", other);
    text_expect(&k, "y", "F32[4] 0 0 1 2");
    graph_make_free(&k);
}

/* s += i; also every s. */
static ofz_graph *adding_body(graph_make *k)
{
    ofz_graph *body = text_body(k, "i go s");

    text_node(k, "Cast", "i", "fi", "to=1");
    text_node(k, "Add", "s fi", "s1", NULL);
    text_node(k, "Identity", "go", "go1", NULL);
    text_node(k, "Add", "s1 x", "row", NULL);
    text_body_end(k, "go1 s1 row");
    body->output.count = 3;
    ((ofz_value *)body->output.item[2])->type =
        (ofz_tensor){ .dtype = OFZ_F32, .rank = 1, .dim = { 2 }, .count = 2 };
    return body;
}

static void test_loop(void **state)
{
    graph_make k;

    (void)state;
    make(&k);
    text_node_bodies(&k, "Loop", "three yes zero", "s3 rows3", NULL, "body", adding_body(&k), NULL,
                     NULL);
    text_node_bodies(&k, "Loop", "minus yes zero", "s0 rows0", NULL, "body", adding_body(&k), NULL,
                     NULL);
    text_node_bodies(&k, "Loop", "three no zero", "sn rowsn", NULL, "body", adding_body(&k), NULL,
                     NULL);
    text_expect(&k, "s3", "F32[] 3");
    text_expect(&k, "rows3", "F32[3,2] 1 2 2 3 4 5");
    text_expect(&k, "s0", "F32[] 0");
    text_expect(&k, "rows0", "F32[0,2]");
    text_expect(&k, "rowsn", "F32[0,2]");
    graph_make_free(&k);
}

static void test_loop_ends(void **state)
{
    graph_make k;
    ofz_graph *body;

    (void)state;
    make(&k);
    text_node_bodies(&k, "Loop", "ever yes zero", "s rows", NULL, "body", adding_body(&k), NULL,
                     NULL);
    text_node_bodies(&k, "Loop", "- - zero", "s_free rows_free", NULL, "body", adding_body(&k),
                     NULL, NULL);
    body = text_body(&k, "i2 go2 v");
    text_node(&k, "Concat", "v v", "v2", "axis=0"); /* doubles each time */
    text_node(&k, "Identity", "go2", "go3", NULL);
    text_body_end(&k, "go3 v2");
    text_node_bodies(&k, "Loop", "ever yes x", "grown", NULL, "body", body, NULL, NULL);
    body = text_body(&k, "i4 go4 v4");
    text_node(&k, "Concat", "v4 x", "v5", "axis=0");
    text_node(&k, "Identity", "go4", "go5", NULL);
    text_node(&k, "Identity", "v5", "v6", NULL);
    text_body_end(&k, "go5 v5 v6");
    text_node_bodies(&k, "Loop", "three yes x", "grown2 uneven", NULL, "body", body, NULL, NULL);
    body = text_body(&k, "i7 go7");
    text_body_end(&k, "x");
    text_node_bodies(&k, "Loop", "three yes", "none", NULL, "body", body, NULL, NULL);
    text_node_bodies(&k, "Loop", "three yes x x", "many", NULL, "body", body, NULL, NULL);
    k.ctx->limits.loop_count = 1000;
    text_expect_error(&k, "s", OFZ_E_LIMIT, "loop: more than 1000 iterations");
    text_expect_error(&k, "rows_free", OFZ_E_LIMIT, "loop: more than 1000 iterations");
    k.ctx->limits.tensor_size = 4096;
    text_expect_error(&k, "grown", OFZ_E_LIMIT, "tensor: 8192 bytes, want at most 4096");
    text_expect_error(&k, "rows", OFZ_E_LIMIT, "stacked output: more than 4096 bytes");
    text_expect_error(&k, "uneven", OFZ_E_MODEL,
                      "iteration 1: stacked output: float32 [6], want float32 [4] as before");
    text_expect_error(&k, "none", OFZ_E_MODEL, "outputs, want at least 2");
    text_expect_error(&k, "many", OFZ_E_MODEL, "2 inputs, want 4");
    graph_make_free(&k);
}

static void test_loop_sequence(void **state)
{
    graph_make k;
    ofz_graph *body;

    (void)state;
    make(&k);
    text_node(&k, "SequenceEmpty", "", "none", NULL);
    body = text_body(&k, "i go seq");
    text_node(&k, "Cast", "i", "fi", "to=1");
    text_node(&k, "Add", "x fi", "xi", NULL);
    text_node(&k, "SequenceInsert", "seq xi", "seq1", NULL);
    text_node(&k, "Identity", "go", "go1", NULL);
    text_body_end(&k, "go1 seq1");
    text_node_bodies(&k, "Loop", "three yes none", "seq3", NULL, "body", body, NULL, NULL);
    text_node(&k, "ConcatFromSequence", "seq3", "y", "axis=0");
    text_expect(&k, "y", "F32[6] 1 2 2 3 3 4");
    body = text_body(&k, "e plus");
    text_node(&k, "Mul", "e plus", "f", NULL);
    text_body_end(&k, "f");
    text_node_bodies(&k, "SequenceMap", "seq3 x", "mapped", NULL, "body", body, NULL, NULL);
    text_node(&k, "ConcatFromSequence", "mapped", "m", "axis=0 new_axis=1");
    text_expect(&k, "m", "F32[3,2] 1 4 2 6 3 8");
    text_node_bodies(&k, "SequenceMap", "seq3 none", "odd", NULL, "body", body, NULL, NULL);
    text_expect_error(&k, "odd", OFZ_E_MODEL, "input 1: 0 elements, want 3");
    graph_make_free(&k);
}

static ofz_graph *scan_body(graph_make *k)
{
    ofz_graph *body = text_body(k, "s e");

    text_node(k, "Add", "s e", "s1", NULL);
    text_node(k, "Identity", "s1", "row", NULL);
    text_body_end(k, "s1 row");
    return body;
}

static void test_scan(void **state)
{
    graph_make k;

    (void)state;
    make(&k);
    text_constant(&k, "rows", "F32[3,2] iota");
    text_constant(&k, "deep", "F32[2,1,2] iota");
    text_constant(&k, "start", "F32[3] 0 0 0");
    text_node_bodies(&k, "Scan", "x rows", "f y", "num_scan_inputs=1", "body", scan_body(&k), NULL,
                     NULL);
    text_node_bodies(&k, "Scan", "x rows", "g z",
                     "num_scan_inputs=1 scan_input_directions=[1] scan_output_axes=[-1] "
                     "scan_output_directions=[1]",
                     "body", scan_body(&k), NULL, NULL);
    text_node_bodies(&k, "Scan", "start rows", "h u", "num_scan_inputs=1 scan_input_axes=[1]",
                     "body", scan_body(&k), NULL, NULL);
    text_expect(&k, "f", "F32[2] 7 11");
    text_expect(&k, "y", "F32[3,2] 1 3 3 6 7 11");
    text_expect(&k, "z", "F32[2,3] 7 7 5 11 10 7");
    text_expect(&k, "u", "F32[2,3] 0 2 4 1 5 9");
    text_node_bodies(&k, "Scan", "x rows", "bad w", "num_scan_inputs=1 scan_input_axes=[2]", "body",
                     scan_body(&k), NULL, NULL);
    text_node_bodies(&k, "Scan", "x rows", "bad2 w2", "num_scan_inputs=3", "body", scan_body(&k),
                     NULL, NULL);
    text_expect_error(&k, "w", OFZ_E_MODEL, "axis: 2, want within [-2, 2)");
    text_expect_error(&k, "w2", OFZ_E_MODEL, "num_scan_inputs: 3, want 1 to 2");
    graph_make_free(&k);
}

/* Opset 8 scans every sample of a batch, as long as its own length says. */
static void test_scan_batch(void **state)
{
    graph_make k;

    (void)state;
    make(&k);
    k.opset[0].version = 8;
    text_constant(&k, "s0", "F32[2,1] 0 100");
    text_constant(&k, "e0", "F32[2,3,1] 1 2 3 4 5 6");
    text_constant(&k, "lens", "I64[2] 3 2");
    text_constant(&k, "long", "I64[2] 3 4");
    text_node_bodies(&k, "Scan", "- s0 e0", "f y", "num_scan_inputs=1", "body", scan_body(&k), NULL,
                     NULL);
    text_node_bodies(&k, "Scan", "lens s0 e0", "g z", "num_scan_inputs=1 directions=[1]", "body",
                     scan_body(&k), NULL, NULL);
    text_node_bodies(&k, "Scan", "long s0 e0", "h w", "num_scan_inputs=1", "body", scan_body(&k),
                     NULL, NULL);
    text_expect(&k, "f", "F32[2,1] 6 115");
    text_expect(&k, "y", "F32[2,3,1] 1 3 6 104 109 115");
    text_expect(&k, "g", "F32[2,1] 6 109");
    text_expect(&k, "z", "F32[2,3,1] 3 5 6 105 109 0");
    assert_int_equal(graph_value(&k, "z")->type.rank, 3); /* known before any run */
    assert_int_equal(graph_value(&k, "z")->type.dim[1], 3);
    assert_int_equal(graph_value(&k, "g")->type.dim[0], 2);
    text_expect_error(&k, "h", OFZ_E_MODEL, "sequence_lens: 4, want 0 to 3");
    graph_make_free(&k);
}

/* A copy shares the subgraphs and runs on its own values. */
static void test_copy(void **state)
{
    graph_make  k;
    ofz_arena   arena = { 0 };
    ofz_graph  *c;
    ofz_value  *v;
    ofz_plan   *plan;
    ofz_exec   *exec;
    ofz_tensor  other;
    const char *names[] = { "rows3" };

    (void)state;
    make(&k);
    text_node_bodies(&k, "Loop", "three yes zero", "s3 rows3", NULL, "body", adding_body(&k), NULL,
                     NULL);
    assert_int_equal(ofz_graph_clone(k.ctx, k.m.graph, &arena, &c), OFZ_OK);
    assert_int_equal(ofz_graph_verify(k.ctx, c), OFZ_OK);
    assert_int_equal(ofz_infer_graph(k.ctx, c, 0), OFZ_OK);
    v = ofz_value_find(c, names[0]);
    assert_int_equal(v->type.rank, 2);
    assert_int_equal(v->type.dim[1], 2);
    assert_int_equal(ofz_plan_new(k.ctx, c, &v, 1, &plan), OFZ_OK);
    assert_int_equal(ofz_exec_new(k.ctx, plan, &exec), OFZ_OK);
    assert_int_equal(ofz_tensor_copy(k.ctx, ofz_value_find(c, "x")->constant, &other), OFZ_OK);
    ((float *)other.data)[0] = 50;
    assert_int_equal(ofz_exec_feed(k.ctx, exec, ofz_value_find(c, "x"), &other), OFZ_OK);
    assert_int_equal(ofz_exec_run(k.ctx, exec), OFZ_OK);
    assert_true(((const float *)ofz_exec_get(exec, v)->data)[4] == 53);
    ofz_tensor_release(&other);
    ofz_exec_free(exec);
    ofz_plan_free(plan);
    ofz_graph_deinit(c);
    ofz_arena_free(&arena);
    graph_make_free(&k);
}

/* What a subgraph reads of a trained value is not silently left out. */
static void test_no_gradient(void **state)
{
    graph_make k;
    ofz_graph *yes, *no;
    ofz_value *x, *loss, *dx;

    (void)state;
    make(&k);
    x   = ofz_value_find(k.m.graph, "x");
    yes = text_body(&k, "");
    text_node(&k, "Unique", "x", "once", NULL); /* has no gradient */
    text_body_end(&k, "once");
    no = text_body(&k, "");
    text_node(&k, "Identity", "zero", "nothing", NULL);
    text_body_end(&k, "nothing");
    text_node_bodies(&k, "If", "no", "y", NULL, "then_branch", yes, "else_branch", no);
    text_node(&k, "ReduceSum", "y", "loss", "keepdims=0");
    loss = ofz_value_find(k.m.graph, "loss");
    assert_int_equal(ofz_infer_graph(k.ctx, k.m.graph, 0), OFZ_OK);
    assert_int_equal(ofz_grad_append(k.ctx, k.m.graph, loss, &x, 1, &dx), OFZ_E_UNSUPPORTED);
    assert_string_equal(
        ofz_error(k.ctx),
        "node making 'y' (If-17): node making 'once' (Unique-17): no gradient, wanted for 'x'");
    graph_make_free(&k);
}

static void test_deep(void **state)
{
    enum { DEEP = 200 };
    graph_make k;
    ofz_graph *g[DEEP], *flat;
    char       name[32] = "x", next[32];

    (void)state;
    make(&k);
    for (int i = 0; i < DEEP; i++) g[i] = text_body(&k, "");
    for (int i = DEEP - 1; i >= 0; i--) {
        flat = text_body(&k, "");
        text_body_end(&k, "x");
        snprintf(next, sizeof next, "y%d", i);
        if (i == DEEP - 1)
            text_node(&k, "Neg", "x", next, NULL);
        else
            text_node_bodies(&k, "If", "yes", next, NULL, "then_branch", g[i + 1], "else_branch",
                             flat);
        text_body_end(&k, next);
        if (i == DEEP - 1) ofz_graph_deinit(flat);
        snprintf(name, sizeof name, "%s", next);
    }
    flat = text_body(&k, "");
    text_body_end(&k, "x");
    text_node_bodies(&k, "If", "yes", "y", NULL, "then_branch", g[0], "else_branch", flat);
    assert_int_equal(ofz_infer_graph(k.ctx, k.m.graph, 0), OFZ_OK);
    text_expect_error(&k, "y", OFZ_E_LIMIT, "graphs nested deeper than 100");
    graph_make_free(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_if),
        cmocka_unit_test(test_scopes),
        cmocka_unit_test(test_loop),
        cmocka_unit_test(test_loop_ends),
        cmocka_unit_test(test_loop_sequence),
        cmocka_unit_test(test_scan),
        cmocka_unit_test(test_scan_batch),
        cmocka_unit_test(test_copy),
        cmocka_unit_test(test_no_gradient),
        cmocka_unit_test(test_deep),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
