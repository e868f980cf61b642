/* test_ops_control_grad.c - gradients through If, Loop, Scan and SequenceMap against central
 * differences, in double. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "exec/exec.h"
#include "graph_text.h"
#include "pass/grad.h"
#include "pass/infer_shapes.h"

static void make(graph_make *k)
{
    graph_make_init(k);
    text_constant(k, "x", "F64[3] 0.5 -1.5 2");
    text_constant(k, "w", "F64[3] 0.3 0.7 -0.2");
    text_constant(k, "s", "F64[4,3] 1 2 3 -1 0.5 2 0.1 0.2 0.3 1.5 -2 0.7");
    text_constant(k, "yes", "BOOL[] 1");
    text_constant(k, "no", "BOOL[] 0");
    text_constant(k, "four", "I64[] 4");
    text_constant(k, "two", "I64[] 2");
    text_constant(k, "none", "I64[] 0");
}

/* --- checking --------------------------------------------------------------------------------- */

static double run(graph_make *k, ofz_value *loss)
{
    ofz_plan *plan = NULL;
    ofz_exec *exec = NULL;
    double    y;

    if (ofz_plan_new(k->ctx, k->m.graph, &loss, 1, &plan) || ofz_exec_new(k->ctx, plan, &exec) ||
        ofz_exec_run(k->ctx, exec))
        fail_msg("%s", ofz_error(k->ctx));
    y = *(double *)ofz_exec_get(exec, loss)->data;
    ofz_exec_free(exec);
    ofz_plan_free(plan);
    return y;
}

static void compare(graph_make *k, ofz_value *loss, ofz_value *v, const double *got)
{
    double *data = v->constant->data;

    for (int64_t i = 0; i < v->constant->count; i++) {
        const double was = data[i], step = 1e-5;
        double       want;

        data[i] = was + step;
        want    = run(k, loss);
        data[i] = was - step;
        want    = (want - run(k, loss)) / (2 * step);
        data[i] = was;
        if (fabs(got[i] - want) > 1e-6 + 1e-6 * fabs(want))
            fail_msg("d/d%s[%d]: %.9g, want %.9g", v->name, (int)i, got[i], want);
    }
}

/* d sum(y * y) / d each of the values named. */
static void check(graph_make *k, const char *y, const char *const *name, size_t count)
{
    ofz_value *v[8], *dx[8], *wanted[8], *loss;
    ofz_plan  *plan = NULL;
    ofz_exec  *exec = NULL;
    char       in[64];

    snprintf(in, sizeof in, "%s %s", y, y);
    text_node(k, "Mul", in, "squares", NULL);
    text_node(k, "ReduceSum", "squares", "loss", "keepdims=0");
    loss = graph_value(k, "loss");
    for (size_t i = 0; i < count; i++) v[i] = graph_value(k, name[i]);
    if (ofz_infer_graph(k->ctx, k->m.graph, 0) ||
        ofz_grad_append(k->ctx, k->m.graph, loss, v, count, dx) ||
        ofz_graph_verify(k->ctx, k->m.graph) || ofz_infer_graph(k->ctx, k->m.graph, 0))
        fail_msg("%s", ofz_error(k->ctx));
    for (size_t i = 0; i < count; i++) assert_non_null(wanted[i] = dx[i]);
    if (ofz_plan_new(k->ctx, k->m.graph, wanted, count, &plan) ||
        ofz_exec_new(k->ctx, plan, &exec) || ofz_exec_run(k->ctx, exec) ||
        ofz_exec_run(k->ctx, exec))
        fail_msg("%s", ofz_error(k->ctx));
    for (size_t i = 0; i < count; i++) {
        const ofz_tensor *t = ofz_exec_get(exec, wanted[i]);

        assert_true(ofz_tensor_same_shape(t, v[i]->constant));
        compare(k, loss, v[i], t->data);
    }
    ofz_exec_free(exec);
    ofz_plan_free(plan);
    graph_make_free(k);
}

#define CHECK(k, y, ...)                                                                           \
    do {                                                                                           \
        const char *const names[] = { __VA_ARGS__ };                                               \
        check(k, y, names, sizeof names / sizeof *names);                                          \
    } while (0)

/* --- If --------------------------------------------------------------------------------------- */

static void if_branches(graph_make *k, const char *cond)
{
    ofz_graph *yes, *no;

    make(k);
    yes = text_body(k, "");
    text_node(k, "Mul", "x w", "xw", NULL);
    text_node(k, "Sin", "xw", "left", NULL);
    text_body_end(k, "left");
    no = text_body(k, "");
    text_node(k, "Exp", "x", "right", NULL); /* does not read w */
    text_body_end(k, "right");
    text_node_bodies(k, "If", cond, "y", NULL, "then_branch", yes, "else_branch", no);
}

static void test_if(void **state)
{
    graph_make k;

    (void)state;
    if_branches(&k, "yes");
    CHECK(&k, "y", "x", "w");
    if_branches(&k, "no");
    CHECK(&k, "y", "x", "w");
}

/* A branch that gives an outer value as it is, and an If within an If. */
static void test_if_nested(void **state)
{
    graph_make k;
    ofz_graph *a, *b, *c, *d;

    (void)state;
    make(&k);
    a = text_body(&k, "");
    text_node(&k, "Mul", "x x", "xx", NULL);
    c = text_body(&k, "");
    text_node(&k, "Mul", "xx w", "xxw", NULL);
    text_body_end(&k, "xxw");
    d = text_body(&k, "");
    text_body_end(&k, "xx");
    text_node_bodies(&k, "If", "yes", "inner", NULL, "then_branch", c, "else_branch", d);
    text_body_end(&k, "inner");
    b = text_body(&k, "");
    text_body_end(&k, "x");
    text_node_bodies(&k, "If", "yes", "y", NULL, "then_branch", a, "else_branch", b);
    CHECK(&k, "y", "x", "w");
}

/* --- Loop ------------------------------------------------------------------------------------- */

/* state = tanh(state * w + i), scans state * x: both results enter the loss. */
static void loop(graph_make *k, const char *trips, const char *sum)
{
    ofz_graph *body;

    make(k);
    body = text_body(k, "i c h");
    text_node(k, "Identity", "c", "go", NULL);
    text_node(k, "Cast", "i", "f", "to=11");
    text_node(k, "Mul", "h w", "hw", NULL);
    text_node(k, "Add", "hw f", "sum", NULL);
    text_node(k, "Tanh", "sum", "next", NULL);
    text_node(k, "Mul", "next x", "scan", NULL);
    text_body_end(k, "go next scan");
    ((ofz_value *)body->output.item[2])->type.dtype = OFZ_F64;
    text_node_bodies(k, "Loop", trips, "last all", NULL, "body", body, NULL, NULL);
    text_node(k, "ReduceSum", "all", "total", "keepdims=0");
    text_node(k, "Add", sum, "y", NULL);
}

static void test_loop(void **state)
{
    graph_make k;

    (void)state;
    loop(&k, "four yes x", "last total");
    CHECK(&k, "y", "x", "w");
    loop(&k, "four - x", "total w"); /* the last state is not read */
    CHECK(&k, "y", "x", "w");
    loop(&k, "four yes s", "last w"); /* nor are the scans */
    CHECK(&k, "y", "s", "w");
}

/* No iteration: the gradient passes the loop by. */
static void test_loop_none(void **state)
{
    graph_make k;

    (void)state;
    loop(&k, "none yes x", "last w");
    CHECK(&k, "y", "x", "w");
}

/* A while loop: ends when the body says so. */
static void test_loop_condition(void **state)
{
    graph_make k;
    ofz_graph *body;

    (void)state;
    make(&k);
    body = text_body(&k, "i c h");
    text_node(&k, "Mul", "h w", "next", NULL);
    text_node(&k, "Less", "i two", "go", NULL); /* three times */
    text_body_end(&k, "go next");
    text_node_bodies(&k, "Loop", "- - x", "y", NULL, "body", body, NULL, NULL);
    CHECK(&k, "y", "x", "w");
}

/* The state grows: its shape is another in every iteration. */
static void test_loop_growing(void **state)
{
    graph_make k;
    ofz_graph *body;

    (void)state;
    make(&k);
    body = text_body(&k, "i c h");
    text_node(&k, "Identity", "c", "go", NULL);
    text_node(&k, "Mul", "x w", "xw", NULL);
    text_node(&k, "Concat", "h xw", "next", "axis=0");
    text_body_end(&k, "go next");
    text_node_bodies(&k, "Loop", "four yes x", "y", NULL, "body", body, NULL, NULL);
    CHECK(&k, "y", "x", "w");
}

/* A loop in a loop, with an If that reads a state of the outer one. */
static void test_loop_nested(void **state)
{
    graph_make k;
    ofz_graph *outer, *inner, *a, *b;

    (void)state;
    make(&k);
    outer = text_body(&k, "i c h");
    text_node(&k, "Identity", "c", "go", NULL);
    inner = text_body(&k, "j d g");
    text_node(&k, "Identity", "d", "on", NULL);
    a = text_body(&k, "");
    text_node(&k, "Mul", "g h", "gh", NULL);
    text_node(&k, "Sin", "gh", "up", NULL);
    text_body_end(&k, "up");
    b = text_body(&k, "");
    text_body_end(&k, "g");
    text_node_bodies(&k, "If", "yes", "r", NULL, "then_branch", a, "else_branch", b);
    text_node(&k, "Add", "r w", "rw", NULL);
    text_body_end(&k, "on rw");
    text_node_bodies(&k, "Loop", "two yes x", "t", NULL, "body", inner, NULL, NULL);
    text_node(&k, "Mul", "t h", "next", NULL);
    text_body_end(&k, "go next");
    text_node_bodies(&k, "Loop", "two yes w", "y", NULL, "body", outer, NULL, NULL);
    CHECK(&k, "y", "x", "w");
}

/* --- Scan ------------------------------------------------------------------------------------- */

static void scan(graph_make *k, const char *in, const char *attrs)
{
    ofz_graph *body;

    make(k);
    body = text_body(k, "h e");
    text_node(k, "Mul", "h w", "hw", NULL);
    text_node(k, "Add", "hw e", "sum", NULL);
    text_node(k, "Sigmoid", "sum", "next", NULL);
    text_node(k, "Mul", "next e", "out", NULL);
    text_body_end(k, "next out");
    text_node_bodies(k, "Scan", in, "last all", attrs, "body", body, NULL, NULL);
    text_node(k, "Mul", "all last", "y", NULL);
}

static void test_scan(void **state)
{
    graph_make k;

    (void)state;
    scan(&k, "x s", "num_scan_inputs=1");
    CHECK(&k, "y", "x", "w", "s");
    scan(&k, "x s", "num_scan_inputs=1 scan_input_directions=[1] scan_output_directions=[1]");
    CHECK(&k, "y", "x", "w", "s");
}

/* Slices along another axis, on both sides. */
static void test_scan_axes(void **state)
{
    graph_make k;
    ofz_graph *body;

    (void)state;
    make(&k);
    text_constant(&k, "h0", "F64[4] 0.1 0.2 0.3 0.4");
    body = text_body(&k, "h e");
    text_node(&k, "Mul", "h e", "he", NULL);
    text_node(&k, "Sin", "he", "next", NULL);
    text_node(&k, "Add", "next e", "out", NULL);
    text_body_end(&k, "next out");
    text_node_bodies(&k, "Scan", "h0 s", "last all",
                     "num_scan_inputs=1 scan_input_axes=[1] scan_output_axes=[1]", "body", body,
                     NULL, NULL);
    text_node(&k, "MatMul", "last all", "y", NULL);
    CHECK(&k, "y", "h0", "s");
}

/* --- sequences -------------------------------------------------------------------------------- */

/* Elements of different sizes, taken, replaced, joined. */
static void test_sequence(void **state)
{
    graph_make k;

    (void)state;
    make(&k);
    text_constant(&k, "one", "I64[] 1");
    text_constant(&k, "back", "I64[] -1");
    text_node(&k, "Mul", "x w", "xw", NULL);
    text_node(&k, "Concat", "x xw", "long", "axis=0");
    text_node(&k, "SequenceConstruct", "x long w", "a", NULL);
    text_node(&k, "SequenceErase", "a one", "b", NULL);     /* x w */
    text_node(&k, "SequenceInsert", "b xw one", "c", NULL); /* x xw w */
    text_node(&k, "SequenceInsert", "c long back", "d", NULL);
    text_node(&k, "SequenceInsert", "d x", "e", NULL);
    text_node(&k, "SequenceAt", "e back", "last", NULL);
    text_node(&k, "ConcatFromSequence", "e", "all", "axis=0");
    text_node(&k, "SequenceAt", "c one", "middle", NULL);
    text_node(&k, "Mul", "last middle", "lm", NULL);
    text_node(&k, "Concat", "all lm", "y", "axis=0");
    CHECK(&k, "y", "x", "w");
}

static void test_sequence_split(void **state)
{
    graph_make k;

    (void)state;
    make(&k);
    text_constant(&k, "one", "I64[] 1");
    text_node(&k, "Mul", "s w", "sw", NULL);
    text_node(&k, "SplitToSequence", "sw two", "pairs", "axis=0");
    text_node(&k, "ConcatFromSequence", "pairs", "stack", "axis=1 new_axis=1");
    text_node(&k, "SplitToSequence", "stack", "flat", "axis=0 keepdims=0");
    text_node(&k, "Optional", "flat", "maybe", NULL);
    text_node(&k, "OptionalGetElement", "maybe", "there", NULL);
    text_node(&k, "SequenceAt", "there one", "t", NULL);
    text_node(&k, "SequenceAt", "there none", "u", NULL);
    text_node(&k, "Mul", "t u", "y", NULL);
    CHECK(&k, "y", "s", "w");
}

/* A sequence as the state of a loop; an element of it read in another. */
static void test_sequence_loop(void **state)
{
    graph_make k;
    ofz_graph *body;

    (void)state;
    make(&k);
    text_node(&k, "SequenceConstruct", "x", "start", NULL);
    body = text_body(&k, "i c q");
    text_node(&k, "Identity", "c", "go", NULL);
    text_node(&k, "SequenceAt", "q i", "e", NULL);
    text_node(&k, "Mul", "e w", "ew", NULL);
    text_node(&k, "SequenceInsert", "q ew", "more", NULL);
    text_body_end(&k, "go more");
    text_node_bodies(&k, "Loop", "two yes start", "q2", NULL, "body", body, NULL, NULL);
    text_node(&k, "ConcatFromSequence", "q2", "y", "axis=0");
    CHECK(&k, "y", "x", "w");
}

static void test_sequence_map(void **state)
{
    graph_make k;
    ofz_graph *body;

    (void)state;
    make(&k);
    text_node(&k, "SequenceConstruct", "x w", "a", NULL);
    body = text_body(&k, "e f");
    text_node(&k, "Mul", "e f", "ef", NULL);
    text_node(&k, "Sin", "ef", "out", NULL);
    text_body_end(&k, "out");
    text_node_bodies(&k, "SequenceMap", "a x", "b", NULL, "body", body, NULL, NULL);
    text_node(&k, "ConcatFromSequence", "b", "y", "axis=0");
    CHECK(&k, "y", "x", "w");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_if),
        cmocka_unit_test(test_if_nested),
        cmocka_unit_test(test_loop),
        cmocka_unit_test(test_loop_none),
        cmocka_unit_test(test_loop_condition),
        cmocka_unit_test(test_loop_growing),
        cmocka_unit_test(test_loop_nested),
        cmocka_unit_test(test_scan),
        cmocka_unit_test(test_scan_axes),
        cmocka_unit_test(test_sequence),
        cmocka_unit_test(test_sequence_split),
        cmocka_unit_test(test_sequence_loop),
        cmocka_unit_test(test_sequence_map),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
