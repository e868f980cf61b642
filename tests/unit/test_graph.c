/* test_graph.c - building, sorting, copying and verifying graphs; planning, running, inference and
 * gradients over small graphs made by hand. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "exec/exec.h"
#include "pass/grad.h"
#include "pass/infer_shapes.h"

typedef struct fixture {
    ofz_ctx    *ctx;
    ofz_arena   arena;
    ofz_symbols symbol;
    ofz_graph  *g;
    ofz_opset   opset;
} fixture;

static int setup(void **state)
{
    fixture *f = calloc(1, sizeof *f);

    f->ctx   = ofz_ctx_new();
    f->opset = (ofz_opset){ "", 13 };
    assert_int_equal(ofz_graph_new(f->ctx, &f->arena, NULL, &f->symbol, &f->g), OFZ_OK);
    f->g->opset       = &f->opset;
    f->g->opset_count = 1;
    *state            = f;
    return 0;
}

static int teardown(void **state)
{
    fixture *f = *state;

    ofz_graph_deinit(f->g);
    ofz_symbols_free(&f->symbol);
    ofz_arena_free(&f->arena);
    ofz_ctx_free(f->ctx);
    free(f);
    return 0;
}

static ofz_value *input(fixture *f, const char *name, int rank, const int64_t *dim)
{
    ofz_value *v;

    assert_int_equal(ofz_value_new(f->ctx, f->g, name, &v), OFZ_OK);
    v->is_input = true;
    assert_int_equal(ofz_tensor_set(f->ctx, &v->type, OFZ_F32, rank, dim), OFZ_OK);
    assert_true(ofz_list_push(&f->g->input, v));
    return v;
}

static ofz_value *constant(fixture *f, const char *name, ofz_dtype dtype, int rank,
                           const int64_t *dim, const double *x)
{
    ofz_tensor t;
    ofz_value *v;

    assert_int_equal(ofz_tensor_new(f->ctx, &t, dtype, rank, dim), OFZ_OK);
    for (int64_t i = 0; i < t.count; i++) ofz_elem_set_f64(dtype, t.data, i, x[i]);
    assert_int_equal(ofz_constant_new(f->ctx, f->g, name, &t, &v), OFZ_OK);
    v->initializer = true;
    return v;
}

static ofz_value *node(fixture *f, const char *op, const char *out, ofz_value *a, ofz_value *b)
{
    ofz_value    *in[2] = { a, b }, *y;
    ofz_node_spec spec  = {
         .name = out, .op_type = op, .in_count = b ? 2 : 1, .out_count = 1, .in = in, .out = &y
    };

    if (!(y = ofz_value_find(f->g, out)))
        assert_int_equal(ofz_value_new(f->ctx, f->g, out, &y), OFZ_OK);
    assert_int_equal(ofz_node_add(f->ctx, f->g, &spec, NULL), OFZ_OK);
    return y;
}

static void test_names(void **state)
{
    fixture   *f = *state;
    ofz_value *a = input(f, "a", 0, NULL), *v;

    assert_ptr_equal(ofz_value_find(f->g, "a"), a);
    assert_int_equal(ofz_value_new(f->ctx, f->g, "a", &v), OFZ_E_MODEL);
    assert_string_equal(ofz_error(f->ctx), "value 'a': defined twice");
    assert_int_equal(ofz_value_new(f->ctx, f->g, NULL, &v), OFZ_OK);
    assert_true(v->name[0]);
    node(f, "Relu", "y", a, NULL);
    assert_int_equal(ofz_graph_verify(f->ctx, f->g), OFZ_OK);
}

static void test_sort(void **state)
{
    fixture   *f = *state;
    ofz_value *a = input(f, "a", 0, NULL), *b, *c;

    assert_int_equal(ofz_value_new(f->ctx, f->g, "b", &b), OFZ_OK);
    c = node(f, "Neg", "c", b, NULL); /* stands before its producer */
    node(f, "Relu", "b", a, NULL);
    node(f, "Add", "d", c, b);
    assert_int_equal(ofz_graph_verify(f->ctx, f->g), OFZ_E_MODEL);
    assert_int_equal(ofz_graph_sort(f->ctx, f->g), OFZ_OK);
    assert_int_equal(ofz_graph_verify(f->ctx, f->g), OFZ_OK);
    assert_string_equal(((ofz_node *)f->g->node.item[0])->op_type, "Relu");
}

static void test_cycle(void **state)
{
    fixture   *f = *state;
    ofz_value *b;

    assert_int_equal(ofz_value_new(f->ctx, f->g, "b", &b), OFZ_OK);
    node(f, "Relu", "b", node(f, "Neg", "c", b, NULL), NULL);
    assert_int_equal(ofz_graph_sort(f->ctx, f->g), OFZ_E_MODEL);
    assert_non_null(strstr(ofz_error(f->ctx), "depends on itself"));
}

static void test_replace(void **state)
{
    fixture   *f = *state;
    ofz_value *a = input(f, "a", 0, NULL), *b = input(f, "b", 0, NULL);
    ofz_value *y = node(f, "Mul", "y", a, a);

    assert_int_equal(ofz_value_replace(f->ctx, a, b), OFZ_OK);
    assert_int_equal(a->use_count, 0);
    assert_int_equal(b->use_count, 2);
    assert_ptr_equal(y->producer->in[0], b);
    assert_int_equal(ofz_graph_verify(f->ctx, f->g), OFZ_OK);
}

static void test_clone(void **state)
{
    fixture   *f     = *state;
    int64_t    dim[] = { 2 };
    ofz_value *w     = constant(f, "w", OFZ_F32, 1, dim, (double[]){ 1, 2 });
    ofz_value *y     = node(f, "Mul", "y", input(f, "x", 1, dim), w), *copy;
    ofz_arena  arena = { 0 };
    ofz_graph *c;

    assert_true(ofz_list_push(&f->g->output, y));
    assert_int_equal(ofz_graph_clone(f->ctx, f->g, &arena, &c), OFZ_OK);
    assert_int_equal(ofz_graph_verify(f->ctx, c), OFZ_OK);
    copy = ofz_value_find(c, "w");
    assert_ptr_not_equal(copy, w);
    assert_ptr_equal(copy->constant->data, w->constant->data);
    assert_ptr_equal(c->output.item[0], ofz_value_find(c, "y"));
    ofz_graph_deinit(c);
    ofz_arena_free(&arena);
    assert_int_equal(ofz_graph_verify(f->ctx, f->g), OFZ_OK);
}

/* loss = sum((x * w + w)^2) over x [3], w scalar: d/dw = sum 2 (xw + w)(x + 1). */
static void test_gradient(void **state)
{
    fixture   *f      = *state;
    int64_t    dim[]  = { 3 };
    ofz_value *x      = input(f, "x", 1, dim);
    ofz_value *w      = constant(f, "w", OFZ_F32, 0, NULL, (double[]){ 2 });
    ofz_value *frozen = constant(f, "frozen", OFZ_F32, 1, dim, (double[]){ 0, 0, 0 });
    ofz_value *s      = node(f, "Add", "s", node(f, "Mul", "m", x, w), w);
    ofz_value *q      = node(f, "Mul", "q", s, node(f, "Add", "s2", s, frozen));
    ofz_value *loss   = node(f, "ReduceSum", "loss", q, NULL), *grad[2];
    ofz_value *wrt[]  = { w, input(f, "unused", 0, NULL) };
    ofz_plan  *plan;
    ofz_exec  *exec;
    ofz_tensor t;

    assert_int_equal(ofz_infer_graph(f->ctx, f->g, 0), OFZ_OK);
    assert_int_equal(ofz_grad_append(f->ctx, f->g, loss, wrt, 2, grad), OFZ_OK);
    assert_null(grad[1]);
    assert_int_equal(ofz_graph_verify(f->ctx, f->g), OFZ_OK);
    assert_int_equal(ofz_infer_graph(f->ctx, f->g, 0), OFZ_OK);
    assert_int_equal(grad[0]->type.rank, 0);
    assert_int_equal(ofz_plan_new(f->ctx, f->g, (ofz_value *[]){ loss, grad[0] }, 2, &plan),
                     OFZ_OK);
    assert_int_equal(ofz_exec_new(f->ctx, plan, &exec), OFZ_OK);
    assert_int_equal(ofz_exec_run(f->ctx, exec), OFZ_E_DATA);
    assert_string_equal(ofz_error(f->ctx), "input 'x': not given");
    assert_int_equal(ofz_tensor_new(f->ctx, &t, OFZ_F32, 1, dim), OFZ_OK);
    for (int round = 0; round < 3; round++) { /* buffers are reused, results stay */
        for (int i = 0; i < 3; i++) ((float *)t.data)[i] = (float)(i + round);
        assert_int_equal(ofz_exec_feed(f->ctx, exec, x, &t), OFZ_OK);
        assert_int_equal(ofz_exec_run(f->ctx, exec), OFZ_OK);
        {
            double want = 0, want_loss = 0;

            for (int i = 0; i < 3; i++) {
                const double a = (i + round) * 2.0 + 2;

                want_loss += a * a;
                want += 2 * a * (i + round + 1);
            }
            assert_true(*(float *)ofz_exec_get(exec, loss)->data == (float)want_loss);
            assert_true(*(float *)ofz_exec_get(exec, grad[0])->data == (float)want);
        }
    }
    ofz_tensor_release(&t);
    ofz_exec_free(exec);
    ofz_plan_free(plan);
}

static void test_no_gradient(void **state)
{
    fixture   *f     = *state;
    int64_t    dim[] = { 3 };
    ofz_value *w     = constant(f, "w", OFZ_F32, 1, dim, (double[]){ 2, 3, 4 }), *grad;
    ofz_value *loss  = node(f, "ReduceSum", "loss", node(f, "NonesuchOp", "n", w, NULL), NULL);

    assert_int_equal(ofz_grad_append(f->ctx, f->g, loss, &w, 1, &grad), OFZ_E_UNSUPPORTED);
    assert_string_equal(ofz_error(f->ctx), "node 'n' (NonesuchOp-13): no gradient, wanted for 'w'");
    assert_string_equal(ofz_error_hint(f->ctx),
                        "freeze what lies before it: mark --freeze 'before:n'");
}

/* Shape -> Gather -> Concat -> Reshape: the symbol of the batch arrives at the reshaped value. */
static void test_symbols(void **state)
{
    fixture      *f = *state;
    int64_t       n, one[] = { 1 };
    ofz_value    *x, *shape, *batch, *target, *y, *cat[2];
    ofz_attr      axis = { .name = "axis", .type = OFZ_ATTR_INT, .u.i = 0 };
    ofz_node_spec spec = { .name       = "c",
                           .op_type    = "Concat",
                           .in_count   = 2,
                           .out_count  = 1,
                           .attr_count = 1,
                           .in         = cat,
                           .attr       = &axis };

    assert_int_equal(ofz_symbol(f->ctx, f->g, "N", &n), OFZ_OK);
    x     = input(f, "x", 3, (int64_t[]){ n, 4, 5 });
    shape = node(f, "Shape", "shape", x, NULL);
    batch =
        node(f, "Gather", "batch", shape, constant(f, "zero", OFZ_I64, 1, one, (double[]){ 0 }));
    cat[0] = batch;
    cat[1] = constant(f, "rest", OFZ_I64, 1, one, (double[]){ 20 });
    assert_int_equal(ofz_value_new(f->ctx, f->g, "target", &target), OFZ_OK);
    spec.out = &target;
    assert_int_equal(ofz_node_add(f->ctx, f->g, &spec, NULL), OFZ_OK);
    y = node(f, "Reshape", "y", x, target);
    assert_int_equal(ofz_infer_graph(f->ctx, f->g, 0), OFZ_OK);
    assert_int_equal(y->type.rank, 2);
    assert_true(y->type.dim[0] == n && y->type.dim[1] == 20);
    assert_string_equal(ofz_symbol_name(f->g, y->type.dim[0]), "N");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_names, setup, teardown),
        cmocka_unit_test_setup_teardown(test_sort, setup, teardown),
        cmocka_unit_test_setup_teardown(test_cycle, setup, teardown),
        cmocka_unit_test_setup_teardown(test_replace, setup, teardown),
        cmocka_unit_test_setup_teardown(test_clone, setup, teardown),
        cmocka_unit_test_setup_teardown(test_gradient, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_gradient, setup, teardown),
        cmocka_unit_test_setup_teardown(test_symbols, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
