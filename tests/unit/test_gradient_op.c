/* test_gradient_op.c - ONNX's Gradient operator: first and second derivatives, other points, errors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "graph_text.h"
#include "pass/gradient_op.h"

/* x = 3, w = 2, k = 5; y = x * x * w. */
static void make(graph_make *k)
{
    graph_make_init(k);
    text_constant(k, "x", "F32[] 3");
    text_constant(k, "w", "F32[] 2");
    text_constant(k, "k", "F32[] 5");
    text_node(k, "Mul", "x x", "xx", NULL);
    text_node(k, "Mul", "xx w", "y", NULL);
}

static void gradient(graph_make *k, const char *in, const char *out, const char *attrs)
{
    ofz_node *n = text_node(k, "other.Gradient", in, out, attrs);

    n->domain = "ai.onnx.preview.training";
    n->opset  = 1;
}

static void expand(graph_make *k)
{
    if (ofz_gradients_expand(k->ctx, k->m.graph)) fail_msg("%s", ofz_error(k->ctx));
    assert_false(ofz_graph_has_gradient(k->m.graph));
    if (ofz_graph_verify(k->ctx, k->m.graph)) fail_msg("%s", ofz_error(k->ctx));
}

static void test_first(void **state)
{
    graph_make k;

    (void)state;
    make(&k);
    gradient(&k, "x w", "dx dw", "xs=['x','w'] y='y'");
    text_node(&k, "Add", "dx dw", "sum", NULL);
    expand(&k);
    text_expect(&k, "dx", "F32[] 12");
    text_expect(&k, "sum", "F32[] 21");
    graph_make_free(&k);
}

/* zs are held fixed, and what y does not depend on has a gradient of zero. */
static void test_fixed(void **state)
{
    graph_make k;

    (void)state;
    make(&k);
    gradient(&k, "x k w", "dx dk", "xs=['x','k'] zs=['w'] y='y'");
    expand(&k);
    text_expect(&k, "dx", "F32[] 12");
    text_expect(&k, "dk", "F32[] 0");
    graph_make_free(&k);
}

/* At other values than those named: 2 x w at x = 5, w = 2. */
static void test_elsewhere(void **state)
{
    graph_make k;

    (void)state;
    make(&k);
    gradient(&k, "k w", "dx", "xs=['x'] zs=['w'] y='y'");
    expand(&k);
    text_expect(&k, "dx", "F32[] 20");
    text_expect(&k, "y", "F32[] 18");
    graph_make_free(&k);
}

/* d2 (x^2 w) / dx2 = 2 w, and the mixed derivative 2 x. */
static void test_second(void **state)
{
    graph_make k;

    (void)state;
    make(&k);
    gradient(&k, "x", "dx", "xs=['x'] y='y'");
    gradient(&k, "x w", "dxx dxw", "xs=['x','w'] y='dx'");
    expand(&k);
    text_expect(&k, "dx", "F32[] 12");
    text_expect(&k, "dxx", "F32[] 4");
    text_expect(&k, "dxw", "F32[] 6");
    graph_make_free(&k);
}

static void refused(const char *in, const char *out, const char *attrs, const char *error)
{
    graph_make k;

    make(&k);
    gradient(&k, in, out, attrs);
    assert_int_equal(ofz_gradients_expand(k.ctx, k.m.graph), OFZ_E_MODEL);
    if (!strstr(ofz_error(k.ctx), error)) fail_msg("'%s', want '%s'", ofz_error(k.ctx), error);
    graph_make_free(&k);
}

static void test_errors(void **state)
{
    (void)state;
    refused("x", "dx", "xs=['q'] y='y'", "xs: 'q', want a value of the graph");
    refused("x", "dx", "xs=['x'] y='q'", "y: 'q', want a value of the graph");
    refused("x w", "dx dw", "xs=['x'] y='y'", "2 inputs and 2 outputs, want 1");
    refused("x w", "dx dw", "xs=['x'] zs=['w'] y='y'", "at most 1");
    refused("x", "dx", "xs=['x']", "attribute y: missing");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first),     cmocka_unit_test(test_fixed),
        cmocka_unit_test(test_elsewhere), cmocka_unit_test(test_second),
        cmocka_unit_test(test_errors),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
