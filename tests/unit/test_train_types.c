/* test_train_types.c - a model made by hand, y = dropout(x) W + b: element types, rates of single
 * tensors, accumulation, dropout across a resume, targets that are ignored. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "data/arrays.h"
#include "model/model.h"

enum { IN = 6, OUT = 3, SAMPLES = 24 };

typedef struct linear {
    ofz_ctx    *ctx;
    ofz_model   m;
    ofz_opset   opset;
    ofz_value  *w, *b;
    ofz_arrays *data;
} linear;

static double number(int i)
{
    return sin(1.7 * i + 0.3);
}

static ofz_value *constant(linear *l, const char *name, ofz_dtype dtype, int rank,
                           const int64_t *dim, int salt)
{
    ofz_tensor t;
    ofz_value *v;

    assert_int_equal(ofz_tensor_new(l->ctx, &t, dtype, rank, dim), OFZ_OK);
    for (int64_t i = 0; i < t.count; i++) ofz_elem_set_f64(dtype, t.data, i, number(salt + (int)i));
    assert_int_equal(ofz_constant_new(l->ctx, l->m.graph, name, &t, &v), OFZ_OK);
    v->initializer = true;
    v->mark        = OFZ_MARK_TRAINABLE;
    assert_true(ofz_list_push(&l->m.tensor, v));
    return v;
}

static ofz_value *node(linear *l, const char *op, size_t in_count, ofz_value **in,
                       size_t attr_count, const ofz_attr *attr)
{
    ofz_value    *y;
    ofz_node_spec spec = { .name       = op,
                           .op_type    = op,
                           .in_count   = in_count,
                           .out_count  = 1,
                           .attr_count = attr_count,
                           .in         = in,
                           .out        = &y,
                           .attr       = attr };

    assert_int_equal(ofz_value_new(l->ctx, l->m.graph, NULL, &y), OFZ_OK);
    assert_int_equal(ofz_node_add(l->ctx, l->m.graph, &spec, NULL), OFZ_OK);
    return y;
}

static void data_add(linear *l, const char *name, ofz_dtype dtype, int rank, const int64_t *dim)
{
    ofz_tensor t;

    assert_int_equal(ofz_tensor_new(l->ctx, &t, dtype, rank, dim), OFZ_OK);
    for (int64_t i = 0; i < t.count; i++)
        if (dtype == OFZ_I64)
            ofz_elem_set_i64(dtype, t.data, i, i % OUT);
        else
            ofz_elem_set_f64(dtype, t.data, i, number(100 + (int)i));
    assert_int_equal(ofz_arrays_put(l->ctx, l->data, name, &t), OFZ_OK);
}

/* ratio < 0: no dropout. */
static linear *linear_new(ofz_dtype dtype, float ratio)
{
    linear    *l       = calloc(1, sizeof *l);
    ofz_attr   dropout = { .name = "ratio", .type = OFZ_ATTR_FLOAT, .u.f = ratio };
    ofz_value *x, *in[2];

    assert_non_null(l);
    l->ctx   = ofz_ctx_new();
    l->opset = (ofz_opset){ "", ratio >= 0 ? 11 : 13 }; /* in 11 Dropout's ratio is an attribute */
    assert_int_equal(ofz_graph_new(l->ctx, &l->m.arena, NULL, &l->m.symbol, &l->m.graph), OFZ_OK);
    l->m.graph->opset       = &l->opset;
    l->m.graph->opset_count = 1;
    assert_int_equal(ofz_value_new(l->ctx, l->m.graph, "x", &x), OFZ_OK);
    x->is_input = true;
    assert_int_equal(ofz_tensor_set(l->ctx, &x->type, dtype, 2,
                                    (int64_t[]){ ofz_symbol_block(l->m.graph, 1), IN }),
                     OFZ_OK);
    assert_true(ofz_list_push(&l->m.graph->input, x));
    l->w = constant(l, "w", dtype, 2, (int64_t[]){ IN, OUT }, 0);
    l->b = constant(l, "b", dtype, 1, (int64_t[]){ OUT }, 50);
    if (ratio >= 0) x = node(l, "Dropout", 1, &x, 1, &dropout);
    in[0]        = x;
    in[1]        = l->w;
    in[0]        = node(l, "MatMul", 2, in, 0, NULL);
    in[1]        = l->b;
    x            = node(l, "Add", 2, in, 0, NULL);
    x->is_output = true;
    assert_true(ofz_list_push(&l->m.graph->output, x));
    assert_int_equal(ofz_arrays_new(l->ctx, &l->data), OFZ_OK);
    data_add(l, "x", OFZ_F32, 2, (int64_t[]){ SAMPLES, IN });
    data_add(l, "labels", OFZ_I64, 1, (int64_t[]){ SAMPLES });
    data_add(l, "numbers", OFZ_F64, 2, (int64_t[]){ SAMPLES, OUT });
    return l;
}

static void linear_free(linear *l)
{
    ofz_arrays_free(l->data);
    ofz_graph_deinit(l->m.graph);
    ofz_list_free(&l->m.tensor);
    ofz_symbols_free(&l->m.symbol);
    ofz_arena_free(&l->m.arena);
    ofz_ctx_free(l->ctx);
    free(l);
}

static ofz_train_options options(void)
{
    ofz_train_options o;

    ofz_train_options_init(&o);
    o.epochs     = 2;
    o.batch_size = 8;
    o.shuffle    = 0;
    o.lr         = 0.1;
    return o;
}

static ofz_train_report train(linear *l, const ofz_train_options *o)
{
    ofz_train_report r;

    if (ofz_train(l->ctx, &l->m, l->data, o, &r)) fail_msg("%s", ofz_error(l->ctx));
    return r;
}

static double weight(const linear *l, int64_t i)
{
    const ofz_tensor *t = l->w->constant;

    return ofz_elem_f64(t->dtype, t->data, i);
}

/* --- tests ------------------------------------------------------------------------------------ */

/* The same run in every type that can be trained, against float64. */
static void types_agree(void **state)
{
    static const struct {
        ofz_dtype dtype;
        double    tolerance;
    } cases[] = { { OFZ_F32, 1e-6 }, { OFZ_F16, 3e-3 }, { OFZ_BF16, 3e-2 } };
    static const ofz_optimizer rules[] = { OFZ_SGD, OFZ_ADAMW };

    (void)state;
    for (size_t r = 0; r < 2; r++) {
        linear           *exact = linear_new(OFZ_F64, -1);
        ofz_train_options o     = options();

        o.optimizer = rules[r];
        o.lr        = 0.03;
        train(exact, &o);
        for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
            linear *l = linear_new(cases[k].dtype, -1);

            train(l, &o);
            assert_true(l->w->changed);
            assert_int_equal(l->w->constant->dtype, cases[k].dtype);
            for (int64_t i = 0; i < IN * OUT; i++)
                if (fabs(weight(l, i) - weight(exact, i)) > cases[k].tolerance)
                    fail_msg("%s, rule %zu, element %d: %.9g, want %.9g",
                             ofz_dtype_name(cases[k].dtype), r, (int)i, weight(l, i),
                             weight(exact, i));
            linear_free(l);
        }
        linear_free(exact);
    }
}

/* Updates below float16's resolution add up in the master. */
static void small_steps_add_up(void **state)
{
    linear           *l = linear_new(OFZ_F16, -1), *exact = linear_new(OFZ_F64, -1);
    ofz_train_options o = options();

    (void)state;
    o.lr     = 1e-5;
    o.epochs = 400;
    train(l, &o);
    train(exact, &o);
    for (int64_t i = 0; i < IN * OUT; i++)
        assert_true(fabs(weight(l, i) - weight(exact, i)) < 1e-3);
    assert_true(l->w->changed);
    linear_free(l);
    linear_free(exact);
}

/* Four batches of 4 a step are one batch of 16, up to rounding; the rest of an epoch is a short step. */
static void accumulation_is_a_larger_batch(void **state)
{
    linear           *a = linear_new(OFZ_F64, -1), *b = linear_new(OFZ_F64, -1);
    ofz_train_options o = options();

    (void)state;
    o.loss       = OFZ_LOSS_MSE;
    o.target     = "numbers";
    o.batch_size = 16; /* 16 and 8 samples */
    train(a, &o);
    o.batch_size = 4; /* 4 batches, then 2 */
    o.accumulate = 4;
    assert_int_equal(train(b, &o).steps, 4);
    for (int64_t i = 0; i < IN * OUT; i++) assert_true(fabs(weight(a, i) - weight(b, i)) < 1e-14);
    linear_free(a);
    linear_free(b);
}

static void rates_of_single_tensors(void **state)
{
    linear           *whole = linear_new(OFZ_F64, -1), *half = linear_new(OFZ_F64, -1);
    ofz_train_options o = options();

    (void)state;
    o.epochs          = 1;
    o.batch_size      = SAMPLES; /* one step: the change is the rate times the gradient */
    half->w->lr_scale = 0.5;
    half->b->lr_scale = 0;
    train(whole, &o);
    train(half, &o);
    for (int i = 0; i < IN * OUT; i++)
        assert_true(fabs(2 * (weight(half, i) - number(i)) - (weight(whole, i) - number(i))) <
                    1e-15);
    assert_true(whole->b->changed);
    assert_false(half->b->changed);
    linear_free(whole);
    linear_free(half);
}

static int stop_at(void *user, const ofz_event *e)
{
    return e->kind == OFZ_EVENT_STEP && e->step == *(const uint64_t *)user;
}

/* Masks come from the seed, and a resumed run draws the masks that it would have drawn. */
static void dropout_resumes(void **state)
{
    char              path[] = "/tmp/ofz_dropout_XXXXXX";
    const int         fd     = mkstemp(path);
    linear           *plain = linear_new(OFZ_F32, 0), *whole = linear_new(OFZ_F32, 0.5f);
    linear           *other = linear_new(OFZ_F32, 0.5f);
    ofz_train_options o     = options();
    ofz_train_report  r;

    (void)state;
    assert_true(fd >= 0);
    close(fd);
    train(plain, &o);
    train(whole, &o);
    o.seed = 1;
    train(other, &o);
    assert_memory_not_equal(plain->w->constant->data, whole->w->constant->data, 4 * IN * OUT);
    assert_memory_not_equal(other->w->constant->data, whole->w->constant->data, 4 * IN * OUT);
    linear_free(plain);
    linear_free(other);
    o.seed       = 0;
    o.checkpoint = path;
    for (uint64_t stop = 1; stop < 6; stop++) {
        linear *l = linear_new(OFZ_F32, 0.5f), *later = linear_new(OFZ_F32, 0.5f);

        o.resume   = NULL;
        o.on_event = stop_at;
        o.user     = &stop;
        assert_int_equal(ofz_train(l->ctx, &l->m, l->data, &o, &r), OFZ_E_CANCELLED);
        assert_int_equal(r.steps, stop);
        o.resume   = path;
        o.on_event = NULL;
        train(later, &o);
        assert_memory_equal(later->w->constant->data, whole->w->constant->data, 4 * IN * OUT);
        /* The cancelled model itself may go on as well: what trains is not compared. */
        train(l, &o);
        assert_memory_equal(l->w->constant->data, whole->w->constant->data, 4 * IN * OUT);
        linear_free(l);
        linear_free(later);
    }
    linear_free(whole);
    unlink(path);
}

/* Samples whose class is -100 change nothing, also where a whole batch is of them. */
static void ignored_targets_change_nothing(void **state)
{
    linear           *few = linear_new(OFZ_F64, -1), *all = linear_new(OFZ_F64, -1);
    ofz_train_options o = options();
    ofz_tensor       *t;

    (void)state;
    o.epochs   = 1;
    o.momentum = 0;
    t          = (ofz_tensor *)ofz_arrays_tensor(all->data, "labels");
    for (int i = 8; i < SAMPLES; i++) ((int64_t *)t->data)[i] = -100;
    o.accumulate = 3;
    train(all, &o);
    o.accumulate = 1;
    o.on_event   = stop_at;
    o.lr /= 3; /* the mean over three batches, two of them nothing */
    o.user = &(uint64_t){ 1 };
    assert_int_equal(ofz_train(few->ctx, &few->m, few->data, &o, &(ofz_train_report){ 0 }),
                     OFZ_E_CANCELLED);
    for (int64_t i = 0; i < IN * OUT; i++)
        assert_true(fabs(weight(few, i) - weight(all, i)) < 1e-15);
    linear_free(few);
    linear_free(all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(types_agree),
        cmocka_unit_test(small_steps_add_up),
        cmocka_unit_test(accumulation_is_a_larger_batch),
        cmocka_unit_test(rates_of_single_tensors),
        cmocka_unit_test(dropout_resumes),
        cmocka_unit_test(ignored_targets_change_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
