/* test_functions.c - model-local functions: bodies in place of calls, and what is refused. */
#include "pass/functions.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "graph_text.h"
#include "pass/roles.h"

enum { FUNCTIONS_MOST = 128 };

/* Functions of domain "other", and the graph that calls them. */
typedef struct maker {
    graph_make   k;
    ofz_graph   *main_graph;
    ofz_function function[FUNCTIONS_MOST];
    ofz_opset    opset[2]; /* of the bodies */
} maker;

static void maker_init(maker *t)
{
    *t = (maker){ 0 };
    graph_make_init(&t->k);
    t->main_graph   = t->k.m.graph;
    t->k.m.function = t->function;
    t->opset[0]     = (ofz_opset){ "", 17 };
    t->opset[1]     = (ofz_opset){ "other", 1 };
}

static void maker_free(maker *t)
{
    for (size_t i = 0; i < t->k.m.function_count; i++) ofz_graph_deinit(t->function[i].graph);
    ofz_map_free(&t->k.m.function_by_name);
    ofz_graph_deinit(t->k.m.flat);
    ofz_arena_free(&t->k.m.flat_arena);
    graph_make_free(&t->k);
}

/* From here on nodes are those of a function's body. */
static ofz_function *body_begin(maker *t, const char *name, const char *inputs)
{
    ofz_function *f = &t->function[t->k.m.function_count++];

    assert_true(t->k.m.function_count <= FUNCTIONS_MOST);
    *f                    = (ofz_function){ .domain = "other", .name = name, .overload = "" };
    f->graph              = text_body(&t->k, inputs);
    f->graph->parent      = NULL;
    f->graph->opset       = t->opset;
    f->graph->opset_count = 2;
    f->next               = ofz_map_get(&t->k.m.function_by_name, name);
    assert_true(ofz_map_put(&t->k.m.function_by_name, name, f));
    return f;
}

static void body_end(maker *t, const char *outputs)
{
    text_body_end(&t->k, outputs);
    t->k.m.graph = t->main_graph;
}

/* The function `name`: its one node computes y of x. */
static void body_of(maker *t, const char *name, const char *op_type, const char *attrs)
{
    body_begin(t, name, "x");
    text_node(&t->k, op_type, "x", "y", attrs);
    body_end(t, "y");
}

static void inlined(maker *t)
{
    if (ofz_functions_inline(t->k.ctx, &t->k.m, t->main_graph)) fail_msg("%s", ofz_error(t->k.ctx));
    assert_false(ofz_graph_calls(&t->k.m, t->main_graph));
    if (ofz_graph_verify(t->k.ctx, t->main_graph)) fail_msg("%s", ofz_error(t->k.ctx));
}

static void refused(maker *t, ofz_status status, const char *text)
{
    assert_int_equal(ofz_functions_inline(t->k.ctx, &t->k.m, t->main_graph), status);
    assert_string_equal(ofz_error(t->k.ctx), text);
}

/* --- what calls compute ----------------------------------------------------------------------- */

static void test_nested(void **state)
{
    maker t;

    (void)state;
    maker_init(&t);
    body_of(&t, "Neg", "Neg", NULL);
    body_begin(&t, "Twice", "x w");
    text_node(&t.k, "Mul", "x w", "m", NULL);
    text_node(&t.k, "other.Neg", "m", "n", NULL);
    text_node(&t.k, "Mul", "n w", "y", NULL);
    body_end(&t, "y m");
    text_constant(&t.k, "a", "F32[2] 1 2");
    text_constant(&t.k, "m", "F32[2] 3 5");
    text_node(&t.k, "other.Twice", "a m", "b -", NULL);
    text_node(&t.k, "other.Twice", "b m", "c d", NULL);
    graph_output(&t.k, "c");
    inlined(&t);
    text_expect(&t.k, "b", "F32[2] -9 -50");
    text_expect(&t.k, "c", "F32[2] 81 1250");
    text_expect(&t.k, "d", "F32[2] -27 -250");
    assert_non_null(ofz_value_find(t.main_graph, "Twice/m"));
    assert_non_null(ofz_value_find(t.main_graph, "Twice_2/n"));
    maker_free(&t);
}

/* Inputs that come out again, outputs that are one, a constant, an omitted input. */
static void test_outputs(void **state)
{
    maker t;

    (void)state;
    maker_init(&t);
    body_begin(&t, "F", "x low high");
    text_node(&t.k, "Clip", "x low high", "y", NULL);
    text_node(&t.k, "Constant", "", "k", "value_float=2.5");
    body_end(&t, "x y y k");
    text_constant(&t.k, "a", "F32[3] 1 2 3");
    text_constant(&t.k, "two", "F32[] 2");
    text_node(&t.k, "other.F", "a - two", "p q r s", NULL);
    text_node(&t.k, "other.F", "a two", "- - u -", NULL);
    inlined(&t);
    text_expect(&t.k, "p", "F32[3] 1 2 3");
    text_expect(&t.k, "q", "F32[3] 1 2 2");
    text_expect(&t.k, "r", "F32[3] 1 2 2");
    text_expect(&t.k, "s", "F32[] 2.5");
    text_expect(&t.k, "u", "F32[3] 2 2 3");
    maker_free(&t);
}

/* References through two calls, a default, one left out, and a Constant node's value. */
static void test_attributes(void **state)
{
    ofz_attr      leaky    = { .name = "alpha", .type = OFZ_ATTR_FLOAT, .ref = "slope" };
    ofz_attr      passed   = { .name = "slope", .type = OFZ_ATTR_FLOAT, .ref = "outer" };
    ofz_attr      value    = { .name = "value_float", .type = OFZ_ATTR_FLOAT, .ref = "outer" };
    ofz_attr      fallback = { .name = "outer", .type = OFZ_ATTR_FLOAT, .u.f = 4 };
    ofz_function *f;
    maker         t;

    (void)state;
    maker_init(&t);
    body_begin(&t, "Inner", "x");
    graph_node_attrs(&t.k, "", "LeakyRelu", "x", "y", &leaky, 1);
    body_end(&t, "y");
    f = body_begin(&t, "Outer", "x");
    graph_node_attrs(&t.k, "", "other.Inner", "x", "i", &passed, 1);
    graph_node_attrs(&t.k, "", "Constant", "", "k", &value, 1);
    text_node(&t.k, "Add", "i k", "y", NULL);
    body_end(&t, "y");
    f->defaults      = &fallback;
    f->default_count = 1;
    text_constant(&t.k, "a", "F32[2] -1 1");
    text_node(&t.k, "other.Outer", "a", "given", "outer=2.0");
    text_node(&t.k, "other.Outer", "a", "default", NULL);
    text_node(&t.k, "other.Inner", "a", "none", NULL);
    inlined(&t);
    text_expect(&t.k, "given", "F32[2] 0 3");
    text_expect(&t.k, "default", "F32[2] 0 5");
    text_expect(&t.k, "none", "F32[2] -0.01 1");
    assert_non_null(ofz_value_find(t.main_graph, "Outer/k")->constant);
    maker_free(&t);
}

/* A body of opset 12 in a graph of 17: Softmax flattens what is behind its axis. */
static void test_opsets(void **state)
{
    maker t;

    (void)state;
    maker_init(&t);
    t.opset[0].version = 12;
    body_of(&t, "Soft", "Softmax", NULL);
    text_constant(&t.k, "a", "F32[1,2,2] 0 0 0 0");
    text_node(&t.k, "other.Soft", "a", "old", NULL);
    text_node(&t.k, "Softmax", "a", "new", NULL);
    inlined(&t);
    text_expect(&t.k, "old", "F32[1,2,2] 0.25 0.25 0.25 0.25");
    text_expect(&t.k, "new", "F32[1,2,2] 0.5 0.5 0.5 0.5");
    maker_free(&t);
}

/* An operator of the standard stays what it is; in other domains, and for what has no row, the function
 * speaks; overloads are told apart. */
static void test_which(void **state)
{
    ofz_node *n;
    maker     t;

    (void)state;
    maker_init(&t);
    body_of(&t, "Relu", "Neg", NULL);
    t.function[0].domain = "";
    body_of(&t, "Novel", "Neg", NULL);
    t.function[1].domain = "";
    body_of(&t, "Act", "Abs", NULL);
    body_of(&t, "Act", "Neg", NULL);
    t.function[3].overload = "n";
    text_constant(&t.k, "a", "F32[2] -1 2");
    text_node(&t.k, "Relu", "a", "relu", NULL);
    text_node(&t.k, "Novel", "a", "novel", NULL);
    text_node(&t.k, "other.Act", "a", "abs", NULL);
    n           = text_node(&t.k, "other.Act", "a", "neg", NULL);
    n->overload = "n";
    n           = text_node(&t.k, "other.Act", "a", "unknown", NULL);
    n->overload = "m";
    assert_null(ofz_function_called(&t.k.m, n));
    inlined(&t);
    text_expect(&t.k, "relu", "F32[2] 0 2");
    text_expect(&t.k, "novel", "F32[2] 1 -2");
    text_expect(&t.k, "abs", "F32[2] 1 2");
    text_expect(&t.k, "neg", "F32[2] 1 -2");
    maker_free(&t);
}

/* Calls in branches, branches in bodies, whose outputs name values of the scopes around. */
static void test_branches(void **state)
{
    ofz_graph *yes, *no;
    maker      t;

    (void)state;
    maker_init(&t);
    body_of(&t, "Neg", "Neg", NULL);
    body_begin(&t, "Choose", "c x z");
    yes = text_body(&t.k, "");
    text_node(&t.k, "other.Neg", "x", "r", NULL);
    text_body_end(&t.k, "r");
    no = text_body(&t.k, "");
    text_body_end(&t.k, "z");
    text_node_bodies(&t.k, "If", "c", "y", NULL, "then_branch", yes, "else_branch", no);
    body_end(&t, "y");
    text_constant(&t.k, "true", "BOOL[] 1");
    text_constant(&t.k, "false", "BOOL[] 0");
    text_constant(&t.k, "a", "F32[1] 3");
    yes = text_body(&t.k, "");
    text_node(&t.k, "other.Choose", "false a a", "r", NULL);
    text_body_end(&t.k, "r");
    no = text_body(&t.k, "");
    text_node(&t.k, "other.Choose", "true a a", "r", NULL);
    text_body_end(&t.k, "r");
    text_node_bodies(&t.k, "If", "true", "p", NULL, "then_branch", yes, "else_branch", no);
    text_node(&t.k, "other.Choose", "true p a", "q", NULL);
    inlined(&t);
    text_expect(&t.k, "p", "F32[1] 3");
    text_expect(&t.k, "q", "F32[1] -3");
    maker_free(&t);
}

/* A graph that is handed to a function as an attribute, and read twice there. */
static void test_graph_attribute(void **state)
{
    ofz_attr   ref = { .name = "then_branch", .type = OFZ_ATTR_GRAPH, .ref = "what" };
    ofz_attr   attr[2];
    ofz_graph *g;
    ofz_node  *n;
    maker      t;

    (void)state;
    maker_init(&t);
    body_of(&t, "Neg", "Neg", NULL);
    body_begin(&t, "Apply", "c x");
    for (int i = 0; i < 2; i++) {
        g = text_body(&t.k, "");
        text_node(&t.k, "Identity", "x", "r", NULL);
        text_body_end(&t.k, "r");
        attr[0]        = ref;
        attr[1]        = (ofz_attr){ .name = "else_branch", .type = OFZ_ATTR_GRAPH, .u.g = g };
        n              = graph_node_attrs(&t.k, "", "If", "c", i ? "y" : "z", attr, 2);
        g->parent_node = n;
        assert_int_equal(ofz_value_use(t.k.ctx, graph_value(&t.k, "x"), n, -1), OFZ_OK);
    }
    body_end(&t, "y z");
    text_constant(&t.k, "true", "BOOL[] 1");
    text_constant(&t.k, "a", "F32[1] 3");
    g = text_body(&t.k, "");
    text_node(&t.k, "other.Neg", "a", "r", NULL);
    text_body_end(&t.k, "r");
    text_node_bodies(&t.k, "other.Apply", "true a", "p q", NULL, "what", g, NULL, NULL);
    inlined(&t);
    text_expect(&t.k, "p", "F32[1] -3");
    text_expect(&t.k, "q", "F32[1] -3");
    maker_free(&t);
}

/* --- what is refused -------------------------------------------------------------------------- */

static void test_circles(void **state)
{
    ofz_graph *yes, *no;
    maker      t;

    (void)state;
    maker_init(&t);
    body_of(&t, "F", "other.F", NULL);
    text_node(&t.k, "other.F", "a", "b", NULL);
    refused(&t, OFZ_E_MODEL, "function 'F': calls itself: F -> F");
    maker_free(&t);

    maker_init(&t);
    body_of(&t, "F", "other.G", NULL);
    body_of(&t, "G", "other.H", NULL);
    body_begin(&t, "H", "x");
    yes = text_body(&t.k, "");
    text_node(&t.k, "other.G", "x", "r", NULL);
    text_body_end(&t.k, "r");
    no = text_body(&t.k, "");
    text_body_end(&t.k, "x");
    text_node_bodies(&t.k, "If", "x", "y", NULL, "then_branch", yes, "else_branch", no);
    body_end(&t, "y");
    text_node(&t.k, "other.F", "a", "b", NULL);
    refused(&t, OFZ_E_MODEL, "function 'G': calls itself: G -> H -> G");
    maker_free(&t);
}

/* A chain of functions, each calling the next `times`. */
static void chain(maker *t, int length, int times)
{
    static char name[FUNCTIONS_MOST][16];
    char        call[32];

    for (int i = 0; i < length; i++) {
        snprintf(name[i], sizeof name[i], "F%d", i);
        snprintf(call, sizeof call, "other.F%d", i + 1);
        body_begin(t, name[i], "x");
        if (i + 1 == length)
            text_node(&t->k, "Neg", "x", "y", NULL);
        else if (times == 1)
            text_node(&t->k, call, "x", "y", NULL);
        else {
            text_node(&t->k, call, "x", "h", NULL);
            text_node(&t->k, call, "h", "y", NULL);
        }
        body_end(t, "y");
    }
    text_constant(&t->k, "a", "F32[1] 3");
    text_node(&t->k, "other.F0", "a", "b", NULL);
}

static void test_limits(void **state)
{
    maker t;

    (void)state;
    maker_init(&t);
    chain(&t, 100, 1);
    inlined(&t);
    text_expect(&t.k, "b", "F32[1] -3");
    maker_free(&t);

    maker_init(&t);
    chain(&t, 101, 1);
    refused(&t, OFZ_E_LIMIT, "function 'F100': calls nested deeper than 100");
    maker_free(&t);

    maker_init(&t);
    chain(&t, 11, 2);
    t.k.ctx->limits.inlined_count = 1023;
    refused(&t, OFZ_E_LIMIT, "functions: 1024 nodes in place of calls, want at most 1023");
    t.k.ctx->limits.inlined_count = 1024;
    inlined(&t);
    assert_int_equal(t.main_graph->node.count, 1024);
    maker_free(&t);

    maker_init(&t);
    chain(&t, 80, 2);
    refused(
        &t, OFZ_E_LIMIT,
        "functions: more than 18446744073709551615 nodes in place of calls, want at most 2097152");
    maker_free(&t);
}

/* Functions that do nothing, called 2^40 times, are refused as well. */
static void test_empty_bodies(void **state)
{
    maker t;

    (void)state;
    maker_init(&t);
    chain(&t, 41, 2);
    ofz_node_remove(t.function[40].graph->node.item[0]);
    ofz_graph_sweep(t.function[40].graph, false);
    t.function[40].graph->output.item[0] = t.function[40].graph->input.item[0];
    refused(&t, OFZ_E_LIMIT,
            "functions: 1099511627776 nodes in place of calls, want at most 2097152");
    maker_free(&t);
}

static void test_wrong_calls(void **state)
{
    static const struct {
        const char *in, *out, *attrs, *text;
    } calls[] = {
        { "a a a", "b", NULL, "3 inputs, want at most 2, which the function has" },
        { "a", "b c d", NULL, "3 outputs, want at most 2, which the function has" },
        { "a", "b c", NULL, "output 1: an input that the call omits" },
        { "a a", "b c", "slope=1",
          "attribute 'slope': type 2, where 'alpha' refers to it as type 1" },
    };
    ofz_attr leaky = { .name = "alpha", .type = OFZ_ATTR_FLOAT, .ref = "slope" };

    (void)state;
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        char  want[256];
        maker t;

        maker_init(&t);
        body_begin(&t, "F", "x z");
        graph_node_attrs(&t.k, "", "LeakyRelu", "x", "y", &leaky, 1);
        body_end(&t, "y z");
        text_constant(&t.k, "a", "F32[1] 3");
        text_node(&t.k, "other.F", calls[i].in, calls[i].out, calls[i].attrs);
        for (size_t k = 0; k < t.main_graph->value.count; k++)
            if (((ofz_value *)t.main_graph->value.item[k])->name[0] == 'c') graph_output(&t.k, "c");
        snprintf(want, sizeof want, "node making 'b' (other.F-1): %s", calls[i].text);
        refused(&t, OFZ_E_MODEL, want);
        maker_free(&t);
    }
}

/* --- what values are for ---------------------------------------------------------------------- */

static void test_flat(void **state)
{
    ofz_value *w, *b, *scale, *shift, *mean, *var;
    maker      t;

    (void)state;
    maker_init(&t);
    body_begin(&t, "Layer", "x w b");
    text_node(&t.k, "Transpose", "w", "turned", NULL);
    text_node(&t.k, "MatMul", "x turned", "p", NULL);
    text_node(&t.k, "Add", "p b", "y", NULL);
    body_end(&t, "y");
    body_begin(&t, "Norm", "x s h m v");
    text_node(&t.k, "BatchNormalization", "x s h m v", "y", NULL);
    body_end(&t, "y");
    graph_input(&t.k, "x", OFZ_F32, "2 3");
    w     = graph_constant(&t.k, "w", OFZ_F32, "4 3", 1);
    b     = graph_constant(&t.k, "b", OFZ_F32, "4", 1);
    scale = graph_constant(&t.k, "scale", OFZ_F32, "4", 1);
    shift = graph_constant(&t.k, "shift", OFZ_F32, "4", 1);
    mean  = graph_constant(&t.k, "mean", OFZ_F32, "4", 1);
    var   = graph_constant(&t.k, "var", OFZ_F32, "4", 1);
    text_node(&t.k, "other.Layer", "x w b", "h", NULL);
    text_node(&t.k, "other.Norm", "h scale shift mean var", "y", NULL);
    graph_output(&t.k, "y");
    for (int again = 0; again < 2; again++) {
        assert_int_equal(ofz_functions_flatten(t.k.ctx, &t.k.m), OFZ_OK);
        assert_int_equal(t.main_graph->node.count, 2);
        assert_int_equal(t.k.m.flat->node.count, 4);
        assert_int_equal(ofz_graph_verify(t.k.ctx, t.k.m.flat), OFZ_OK);
        assert_int_equal(ofz_value_role(w), OFZ_ROLE_WEIGHT);
        assert_int_equal(ofz_value_role(b), OFZ_ROLE_BIAS);
        assert_int_equal(ofz_value_role(scale), OFZ_ROLE_NORM_SCALE);
        assert_int_equal(ofz_value_role(shift), OFZ_ROLE_NORM_SHIFT);
        assert_int_equal(ofz_value_role(mean), OFZ_ROLE_NORM_STATISTIC);
    }
    assert_true(ofz_value_moves(mean, false));
    scale->mark = OFZ_MARK_FROZEN;
    shift->mark = OFZ_MARK_FROZEN;
    assert_false(ofz_value_moves(var, true));
    shift->mark = OFZ_MARK_TRAINABLE;
    assert_true(ofz_value_moves(var, true));
    maker_free(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nested),       cmocka_unit_test(test_outputs),
        cmocka_unit_test(test_attributes),   cmocka_unit_test(test_opsets),
        cmocka_unit_test(test_which),        cmocka_unit_test(test_branches),
        cmocka_unit_test(test_circles),      cmocka_unit_test(test_graph_attribute),
        cmocka_unit_test(test_limits),       cmocka_unit_test(test_wrong_calls),
        cmocka_unit_test(test_empty_bodies), cmocka_unit_test(test_flat),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
