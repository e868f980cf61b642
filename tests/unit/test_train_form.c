/* test_train_form.c - the two forms of batch normalisation and dropout, node by node. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pass/form.h"

typedef struct fixture {
    ofz_ctx    *ctx;
    ofz_arena   arena;
    ofz_symbols symbol;
    ofz_graph  *g;
    ofz_value  *x, *bn[4]; /* scale, shift, mean, var */
} fixture;

static int setup(void **state)
{
    static ofz_opset opset = { "", 15 };
    fixture         *f     = calloc(1, sizeof *f);

    f->ctx = ofz_ctx_new();
    assert_int_equal(ofz_graph_new(f->ctx, &f->arena, NULL, &f->symbol, &f->g), OFZ_OK);
    f->g->opset       = &opset;
    f->g->opset_count = 1;
    assert_int_equal(ofz_value_new(f->ctx, f->g, "x", &f->x), OFZ_OK);
    f->x->is_input = true;
    *state         = f;
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

static ofz_value *constant(fixture *f, const char *name, float x)
{
    ofz_tensor t;
    ofz_value *v;

    assert_int_equal(ofz_tensor_new(f->ctx, &t, OFZ_F32, 0, NULL), OFZ_OK);
    *(float *)t.data = x;
    assert_int_equal(ofz_constant_new(f->ctx, f->g, name, &t, &v), OFZ_OK);
    return v;
}

static ofz_node *node(fixture *f, const char *op, size_t in_count, ofz_value **in, size_t out_count,
                      ofz_value **out, size_t attr_count, const ofz_attr *attr)
{
    ofz_node_spec spec = { .name       = "n",
                           .op_type    = op,
                           .in_count   = in_count,
                           .out_count  = out_count,
                           .attr_count = attr_count,
                           .in         = in,
                           .out        = out,
                           .attr       = attr };
    ofz_node     *n;

    for (size_t i = 0; i < out_count; i++)
        assert_int_equal(ofz_value_new(f->ctx, f->g, NULL, &out[i]), OFZ_OK);
    assert_int_equal(ofz_node_add(f->ctx, f->g, &spec, &n), OFZ_OK);
    return n;
}

/* A batch normalisation in training form, and somebody who reads its running mean. */
static ofz_node *bn_in_training(fixture *f, ofz_node **reader)
{
    static const char *const names[4] = { "scale", "shift", "mean", "var" };
    static const ofz_attr    attr[3]  = {
            { .name = "training_mode", .type = OFZ_ATTR_INT, .u.i = 1 },
            { .name = "momentum", .type = OFZ_ATTR_FLOAT, .u.f = 0.8f },
            { .name = "epsilon", .type = OFZ_ATTR_FLOAT, .u.f = 1e-3f },
    };
    ofz_value *in[5] = { f->x }, *out[3], *y;
    ofz_node  *n;

    for (int i = 0; i < 4; i++) in[i + 1] = f->bn[i] = constant(f, names[i], 1);
    n       = node(f, "BatchNormalization", 5, in, 3, out, 3, attr);
    *reader = node(f, "Relu", 1, &out[1], 1, &y, 0, NULL);
    return n;
}

static void inference_takes_training_away(void **state)
{
    fixture  *f = *state;
    ofz_node *reader, *n = bn_in_training(f, &reader);

    assert_int_equal(ofz_form_inference(f->ctx, f->g), OFZ_OK);
    assert_string_equal(n->op_type, "BatchNormalization");
    assert_int_equal(n->out_count, 1);
    assert_null(ofz_node_attr(n, "training_mode"));
    assert_true(ofz_node_attr(n, "epsilon")->u.f == 1e-3f);
    assert_ptr_equal(reader->in[0], f->bn[2]);
    assert_int_equal(ofz_graph_verify(f->ctx, f->g), OFZ_OK);
}

static void frozen_norms_infer(void **state)
{
    fixture          *f = *state;
    ofz_node         *reader, *n = bn_in_training(f, &reader);
    ofz_training_form form = { .bn = OFZ_BN_BATCH }; /* nothing is trained */

    assert_int_equal(ofz_form_training(f->ctx, f->g, &form), OFZ_OK);
    assert_string_equal(n->op_type, "BatchNormalization");
    assert_int_equal(n->out_count, 1);
    assert_int_equal(form.statistic_count, 0);

    form = (ofz_training_form){ .bn = OFZ_BN_FROZEN, .trained = &f->bn[0], .trained_count = 2 };
    assert_int_equal(ofz_form_training(f->ctx, f->g, &form), OFZ_OK);
    assert_string_equal(n->op_type, "BatchNormalization");
    assert_int_equal(form.statistic_count, 0);
}

static void trained_norms_take_the_batch(void **state)
{
    fixture          *f = *state;
    ofz_node         *reader, *n = bn_in_training(f, &reader);
    ofz_training_form form = { .bn = OFZ_BN_BATCH, .trained = &f->bn[1], .trained_count = 1 };

    assert_int_equal(ofz_form_training(f->ctx, f->g, &form), OFZ_OK);
    assert_string_equal(n->domain, "ofz");
    assert_string_equal(n->op_type, "BatchNormTrain");
    assert_int_equal(n->in_count, 5);
    assert_int_equal(n->out_count, 5);
    assert_true(ofz_node_attr(n, "momentum")->u.f == 0.8f);
    assert_true(ofz_node_attr(n, "epsilon")->u.f == 1e-3f);
    assert_int_equal(ofz_node_attr(n, "unbiased")->u.i, 1);
    assert_int_equal(form.statistic_count, 2);
    assert_ptr_equal(form.statistic[0].value, f->bn[2]);
    assert_ptr_equal(form.statistic[0].next, n->out[1]);
    assert_ptr_equal(form.statistic[1].value, f->bn[3]);
    assert_ptr_equal(form.statistic[1].next, n->out[2]);
    assert_ptr_equal(reader->in[0], n->out[1]);
    assert_int_equal(ofz_graph_verify(f->ctx, f->g), OFZ_OK);
}

static void shared_statistics_are_refused(void **state)
{
    fixture          *f = *state;
    ofz_node         *reader, *first = bn_in_training(f, &reader);
    ofz_training_form form = { .bn = OFZ_BN_BATCH, .trained = &f->bn[0], .trained_count = 1 };
    ofz_value        *y;

    node(f, "BatchNormalization", 5, first->in, 1, &y, 0, NULL);
    assert_int_equal(ofz_form_training(f->ctx, f->g, &form), OFZ_E_UNSUPPORTED);
    assert_string_equal(ofz_error(f->ctx),
                        "node 'n' (BatchNormalization-15): statistics 'mean' belong to another "
                        "node as well, want its own");
}

static ofz_node *dropout(fixture *f, float ratio)
{
    ofz_value *in[3] = { f->x, constant(f, "ratio", ratio), constant(f, "mode", 1) }, *y;

    return node(f, "Dropout", 3, in, 1, &y, 0, NULL);
}

static void dropout_draws_only_in_training(void **state)
{
    fixture          *f    = *state;
    ofz_node         *n    = dropout(f, 0.25f);
    ofz_value        *y    = n->out[0];
    ofz_training_form form = { 0 };

    assert_int_equal(ofz_form_inference(f->ctx, f->g), OFZ_OK);
    assert_null(n->in[2]);
    assert_string_equal(n->domain, "");
    assert_int_equal(ofz_form_training(f->ctx, f->g, &form), OFZ_OK);
    assert_string_equal(n->domain, "ofz");
    assert_int_equal(n->in_count, 1);
    assert_int_equal(n->out_count, 2);
    assert_ptr_equal(n->out[0], y);
    assert_true(ofz_node_attr(n, "ratio")->u.f == 0.25f);
    assert_int_equal(ofz_graph_verify(f->ctx, f->g), OFZ_OK);
}

static void dropout_of_nothing_passes(void **state)
{
    fixture          *f    = *state;
    ofz_node         *n    = dropout(f, 0);
    ofz_training_form form = { 0 };

    assert_int_equal(ofz_form_training(f->ctx, f->g, &form), OFZ_OK);
    assert_string_equal(n->domain, "");
    assert_null(n->in[2]);
}

static void dropout_of_everything_is_refused(void **state)
{
    fixture          *f    = *state;
    ofz_training_form form = { 0 };

    dropout(f, 1);
    assert_int_equal(ofz_form_training(f->ctx, f->g, &form), OFZ_E_MODEL);
    assert_string_equal(ofz_error(f->ctx), "node 'n' (Dropout-15): ratio 1, want 0 <= ratio < 1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(inference_takes_training_away, setup, teardown),
        cmocka_unit_test_setup_teardown(frozen_norms_infer, setup, teardown),
        cmocka_unit_test_setup_teardown(trained_norms_take_the_batch, setup, teardown),
        cmocka_unit_test_setup_teardown(shared_statistics_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(dropout_draws_only_in_training, setup, teardown),
        cmocka_unit_test_setup_teardown(dropout_of_nothing_passes, setup, teardown),
        cmocka_unit_test_setup_teardown(dropout_of_everything_is_refused, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
