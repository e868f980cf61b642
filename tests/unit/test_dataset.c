/* test_dataset.c - arrays as samples: what is bound, converted and refused, and that orders and
 * splits depend on their seed alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "data/dataset.h"

typedef struct fixture {
    ofz_ctx    *ctx;
    ofz_arrays *arrays;
    ofz_arena   arena;
    ofz_symbols symbol;
    ofz_graph  *g;
} fixture;

static int setup(void **state)
{
    fixture *f = calloc(1, sizeof *f);

    f->ctx = ofz_ctx_new();
    assert_int_equal(ofz_arrays_new(f->ctx, &f->arrays), OFZ_OK);
    assert_int_equal(ofz_graph_new(f->ctx, &f->arena, NULL, &f->symbol, &f->g), OFZ_OK);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    fixture *f = *state;

    ofz_arrays_free(f->arrays);
    ofz_graph_deinit(f->g);
    ofz_symbols_free(&f->symbol);
    ofz_arena_free(&f->arena);
    ofz_ctx_free(f->ctx);
    free(f);
    return 0;
}

/* A graph input that is an output as well, so that something reads it. */
static void input_add(fixture *f, const char *name, ofz_dtype dtype, int rank, const int64_t *dim)
{
    ofz_value *v;

    assert_int_equal(ofz_value_new(f->ctx, f->g, name, &v), OFZ_OK);
    assert_int_equal(ofz_tensor_set(f->ctx, &v->type, dtype, rank, dim), OFZ_OK);
    v->is_input = v->is_output = true;
    assert_true(ofz_list_push(&f->g->input, v));
}

static void array_add(fixture *f, const char *name, ofz_dtype dtype, int rank, const int64_t *dim,
                      const double *x)
{
    ofz_tensor t;

    assert_int_equal(ofz_tensor_new(f->ctx, &t, dtype, rank, dim), OFZ_OK);
    for (int64_t i = 0; i < t.count; i++)
        ofz_elem_set_f64(dtype, t.data, i, x ? x[i] : (double)(i % 7));
    assert_int_equal(ofz_arrays_put(f->ctx, f->arrays, name, &t), OFZ_OK);
}

#define DIMS(...)    ((const int64_t[]){ __VA_ARGS__ })
#define NUMBERS(...) ((const double[]){ __VA_ARGS__ })

static const ofz_dataset_spec classify = { .target = "labels", .loss = OFZ_LOSS_CE };

static void gathers_and_converts(void **state)
{
    fixture    *f     = *state;
    ofz_tensor  in[2] = { 0 }, target = { 0 };
    ofz_dataset ds;
    const void *was;

    input_add(f, "x", OFZ_F32, 2, DIMS(OFZ_SYMBOL(0), 2));
    input_add(f, "ids", OFZ_I64, 1, DIMS(OFZ_SYMBOL(0)));
    array_add(f, "x", OFZ_U8, 2, DIMS(3, 2), NUMBERS(0, 255, 1, 2, 3, 4));
    array_add(f, "ids", OFZ_I32, 1, DIMS(3), NUMBERS(-1, 5, 7));
    array_add(f, "labels", OFZ_F64, 1, DIMS(3), NUMBERS(2, 0, 1));
    assert_int_equal(ofz_dataset_init(f->ctx, &ds, f->g, f->arrays, &classify), OFZ_OK);
    assert_int_equal(ds.count, 3);
    assert_int_equal(ds.input_count, 2);
    assert_int_equal(ds.fixed_batch, 0);
    assert_int_equal(ofz_dataset_batch(f->ctx, &ds, DIMS(2, 0), 2, in, &target), OFZ_OK);
    assert_memory_equal(in[0].data, ((const float[]){ 3, 4, 0, 255 }), 16);
    assert_memory_equal(in[1].data, DIMS(7, -1), 16);
    assert_int_equal(target.dtype, OFZ_I64);
    assert_memory_equal(target.data, DIMS(1, 2), 16);
    was = in[0].data;
    assert_int_equal(ofz_dataset_batch(f->ctx, &ds, DIMS(1, 1), 2, in, &target), OFZ_OK);
    assert_ptr_equal(in[0].data, was);
    assert_memory_equal(in[0].data, ((const float[]){ 1, 2, 1, 2 }), 16);
    assert_int_equal(ofz_dataset_batch(f->ctx, &ds, DIMS(1), 1, in, &target), OFZ_OK);
    assert_int_equal(in[0].dim[0], 1);
    for (int i = 0; i < 2; i++) ofz_tensor_release(&in[i]);
    ofz_tensor_release(&target);
    ofz_dataset_deinit(&ds);
}

/* One array x against an input x of float32 [?, 2, 2], and labels; each row says what is wrong. */
static const struct {
    ofz_dtype   dtype;
    int         rank;
    int64_t     dim[3];
    int64_t     labels;
    const char *target, *text, *hint;
} wrong[] = {
    { OFZ_F32,
      3,
      { 4, 2, 3 },
      4,
      "labels",
      "array 'x': shape [4, 2, 3], want [?, 2, 2] for input 'x' (the first dimension counts "
      "samples)",
      "" },
    { OFZ_F32,
      2,
      { 4, 4 },
      4,
      "labels",
      "array 'x': shape [4, 4], want [?, 2, 2] for input 'x' (the first dimension counts samples)",
      "" },
    { OFZ_F32, 3, { 4, 2, 2 }, 5, "labels", "array 'labels': 5 samples, want 4 as in 'x'", "" },
    { OFZ_F32, 3, { 0, 2, 2 }, 0, "labels", "array 'x': 0 samples, want at least 1", "" },
    { OFZ_F32,
      3,
      { 4, 2, 2 },
      4,
      "y",
      "array 'y' for the target: not in the data, want one of x, labels",
      "--target labels" },
    { OFZ_STRING, 3, { 4, 2, 2 }, 4, "labels", "array 'x': string, want float32", "" },
    { OFZ_C64, 3, { 4, 2, 2 }, 4, "labels", "array 'x': complex64, want float32", "" },
};

static void refuses_wrong_arrays(void **state)
{
    fixture *f = *state;

    input_add(f, "x", OFZ_F32, 3, DIMS(OFZ_SYMBOL(7), 2, 2));
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        ofz_dataset_spec spec = classify;
        ofz_dataset      ds;
        ofz_tensor       x;

        ofz_arrays_free(f->arrays);
        assert_int_equal(ofz_arrays_new(f->ctx, &f->arrays), OFZ_OK);
        assert_int_equal(ofz_tensor_new(f->ctx, &x, wrong[i].dtype, wrong[i].rank, wrong[i].dim),
                         OFZ_OK);
        if (x.size) memset(x.data, 0, x.size);
        assert_int_equal(ofz_arrays_put(f->ctx, f->arrays, "x", &x), OFZ_OK);
        array_add(f, "labels", OFZ_I64, 1, &wrong[i].labels, NULL);
        spec.target = wrong[i].target;
        assert_int_equal(ofz_dataset_init(f->ctx, &ds, f->g, f->arrays, &spec), OFZ_E_DATA);
        assert_string_equal(ofz_error(f->ctx), wrong[i].text);
        assert_string_equal(ofz_error_hint(f->ctx), wrong[i].hint);
    }
}

static void binds_by_name(void **state)
{
    fixture          *f     = *state;
    const ofz_binding bound = { "x", "images" }, twice[2] = { bound, bound },
                      lost = { "z", "images" };
    ofz_dataset_spec spec  = classify;
    ofz_dataset      ds;

    input_add(f, "x", OFZ_F32, 2, DIMS(OFZ_SYMBOL(0), 2));
    array_add(f, "labels", OFZ_I64, 1, DIMS(3), NULL);
    array_add(f, "images", OFZ_F64, 2, DIMS(3, 2), NULL);
    assert_int_equal(ofz_dataset_init(f->ctx, &ds, f->g, f->arrays, &spec), OFZ_E_DATA);
    assert_string_equal(ofz_error(f->ctx),
                        "array 'x' for input 'x': not in the data, want one of labels, images");
    assert_string_equal(ofz_error_hint(f->ctx), "--input x=images");
    spec.bindings      = &bound;
    spec.binding_count = 1;
    assert_int_equal(ofz_dataset_init(f->ctx, &ds, f->g, f->arrays, &spec), OFZ_OK);
    assert_string_equal(ds.input[0].name, "images");
    ofz_dataset_deinit(&ds);
    spec.bindings      = twice;
    spec.binding_count = 2;
    assert_int_equal(ofz_dataset_init(f->ctx, &ds, f->g, f->arrays, &spec), OFZ_E_ARG);
    assert_string_equal(ofz_error(f->ctx), "input 'x': bound twice");
    spec.bindings      = &lost;
    spec.binding_count = 1;
    assert_int_equal(ofz_dataset_init(f->ctx, &ds, f->g, f->arrays, &spec), OFZ_E_ARG);
    assert_string_equal(ofz_error(f->ctx), "input 'z': not one of the model's 1 inputs");
}

static const struct {
    ofz_dtype   from, to;
    double      x[2];
    const char *text; /* NULL: converts exactly */
} conversions[] = {
    { OFZ_F64, OFZ_F32, { 0.5, -2 }, NULL },
    { OFZ_U8, OFZ_F16, { 3, 255 }, NULL },
    { OFZ_BOOL, OFZ_F32, { 1, 0 }, NULL },
    { OFZ_BOOL, OFZ_I64, { 1, 0 }, NULL },
    { OFZ_U8, OFZ_BOOL, { 1, 0 }, NULL },
    { OFZ_F32, OFZ_I32, { -5, 7 }, NULL },
    { OFZ_I64, OFZ_I32, { -2147483648.0, 2147483647.0 }, NULL },
    { OFZ_F32, OFZ_BF16, { 1, -2 }, NULL },
    { OFZ_U8, OFZ_BOOL, { 1, 2 }, "array 'x': element 1 is 2, want bool" },
    { OFZ_F32, OFZ_I64, { 1, 0.5 }, "array 'x': element 1 is 0.5, want int64" },
    { OFZ_I64, OFZ_I32, { 0, 2147483648.0 }, "array 'x': element 1 is 2.14748365e+09, want int32" },
    { OFZ_I32, OFZ_U8, { 0, -1 }, "array 'x': element 1 is -1, want uint8" },
    { OFZ_F64,
      OFZ_I64,
      { 0, 9223372036854775808.0 },
      "array 'x': element 1 is 9.22337204e+18, want int64" },
};

static void converts(void **state)
{
    fixture *f = *state;

    for (size_t i = 0; i < sizeof conversions / sizeof *conversions; i++) {
        ofz_dataset_spec spec = { 0 };
        ofz_dataset      ds;
        ofz_tensor       in = { 0 };
        ofz_status       st;

        teardown(state);
        setup(state);
        f = *state;
        input_add(f, "x", conversions[i].to, 1, DIMS(OFZ_SYMBOL(0)));
        array_add(f, "x", conversions[i].from, 1, DIMS(2), conversions[i].x);
        st = ofz_dataset_init(f->ctx, &ds, f->g, f->arrays, &spec);
        assert_int_equal(st, conversions[i].text ? OFZ_E_DATA : OFZ_OK);
        if (st) {
            assert_string_equal(ofz_error(f->ctx), conversions[i].text);
            continue;
        }
        assert_int_equal(ofz_dataset_batch(f->ctx, &ds, DIMS(1, 0), 2, &in, NULL), OFZ_OK);
        assert_int_equal(in.dtype, conversions[i].to);
        assert_true(ofz_elem_f64(in.dtype, in.data, 0) == conversions[i].x[1]);
        assert_true(ofz_elem_f64(in.dtype, in.data, 1) == conversions[i].x[0]);
        ofz_tensor_release(&in);
        ofz_dataset_deinit(&ds);
    }
}

static const struct {
    ofz_dtype dtype;
    int       rank;
    int64_t   dim[2];
    ofz_loss  loss;
    double    x[4];
    ofz_dtype want;
} targets[] = {
    { OFZ_U8, 1, { 4 }, OFZ_LOSS_CE, { 0, 1, 2, 3 }, OFZ_I64 },
    { OFZ_F32, 1, { 4 }, OFZ_LOSS_CE, { 0, 1, 2, 3 }, OFZ_I64 },
    { OFZ_F32, 2, { 4, 1 }, OFZ_LOSS_CE, { 0, 1, 1, 0 }, OFZ_F32 },
    { OFZ_F64, 2, { 4, 1 }, OFZ_LOSS_CE, { 0.5, 1, 0, 0 }, OFZ_F32 },
    { OFZ_I64, 1, { 4 }, OFZ_LOSS_MSE, { 1, 2, 3, 4 }, OFZ_F32 },
    { OFZ_BOOL, 1, { 4 }, OFZ_LOSS_BCE, { 1, 0, 1, 0 }, OFZ_F32 },
};

static void chooses_target_type(void **state)
{
    fixture *f = *state;

    input_add(f, "x", OFZ_F32, 1, DIMS(OFZ_SYMBOL(0)));
    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
        ofz_dataset_spec spec = { .target = "labels", .loss = targets[i].loss };
        ofz_dataset      ds;

        ofz_arrays_free(f->arrays);
        assert_int_equal(ofz_arrays_new(f->ctx, &f->arrays), OFZ_OK);
        array_add(f, "x", OFZ_F32, 1, DIMS(4), NULL);
        array_add(f, "labels", targets[i].dtype, targets[i].rank, targets[i].dim, targets[i].x);
        assert_int_equal(ofz_dataset_init(f->ctx, &ds, f->g, f->arrays, &spec), OFZ_OK);
        assert_int_equal(ds.target.dtype, targets[i].want);
        ofz_dataset_deinit(&ds);
    }
}

static void respects_fixed_batch(void **state)
{
    fixture         *f    = *state;
    ofz_dataset_spec spec = { .batch_size = 2 };
    ofz_dataset      ds;
    int64_t          n;

    input_add(f, "x", OFZ_F32, 2, DIMS(4, 1));
    array_add(f, "x", OFZ_F32, 2, DIMS(10, 1), NULL);
    assert_int_equal(ofz_dataset_init(f->ctx, &ds, f->g, f->arrays, &spec), OFZ_E_DATA);
    assert_string_equal(ofz_error(f->ctx), "batch size: 2, want 4, which the model fixes");
    assert_string_equal(ofz_error_hint(f->ctx),
                        "--batch-size 4 (--accumulate N sums the gradients of N batches)");
    spec.batch_size = 4;
    assert_int_equal(ofz_dataset_init(f->ctx, &ds, f->g, f->arrays, &spec), OFZ_OK);
    assert_int_equal(ds.fixed_batch, 4);
    assert_int_equal(ofz_dataset_batches(f->ctx, &ds, 10, 4, true, &n), OFZ_OK);
    assert_int_equal(n, 2);
    assert_int_equal(ofz_dataset_batches(f->ctx, &ds, 10, 4, false, &n), OFZ_E_DATA);
    assert_string_equal(ofz_error(f->ctx),
                        "data: 10 samples, want a multiple of 4, the model's fixed batch");
    assert_int_equal(ofz_dataset_batches(f->ctx, &ds, 3, 4, true, &n), OFZ_E_DATA);
    assert_string_equal(ofz_error(f->ctx), "data: 3 samples, want at least 4 for a batch");
    ds.fixed_batch = 0;
    assert_int_equal(ofz_dataset_batches(f->ctx, &ds, 10, 4, false, &n), OFZ_OK);
    assert_int_equal(n, 3);
    ofz_dataset_deinit(&ds);
}

static void feeds_scalars_whole(void **state)
{
    fixture         *f     = *state;
    ofz_dataset_spec spec  = { 0 };
    ofz_tensor       in[2] = { 0 };
    ofz_dataset      ds;

    input_add(f, "x", OFZ_F32, 1, DIMS(OFZ_SYMBOL(0)));
    input_add(f, "rate", OFZ_I64, 0, DIMS(0));
    array_add(f, "x", OFZ_F32, 1, DIMS(3), NULL);
    array_add(f, "rate", OFZ_I32, 0, DIMS(0), NUMBERS(16000));
    assert_int_equal(ofz_dataset_init(f->ctx, &ds, f->g, f->arrays, &spec), OFZ_OK);
    assert_int_equal(ofz_dataset_batch(f->ctx, &ds, DIMS(0, 1), 2, in, NULL), OFZ_OK);
    assert_int_equal(in[1].rank, 0);
    assert_int_equal(*(const int64_t *)in[1].data, 16000);
    for (int i = 0; i < 2; i++) ofz_tensor_release(&in[i]);
    ofz_dataset_deinit(&ds);
}

static void shuffles_by_seed_and_epoch(void **state)
{
    int64_t base[50], a[50], b[50];
    bool    seen[50] = { false };

    (void)state;
    for (int i = 0; i < 50; i++) base[i] = i;
    ofz_dataset_shuffle(7, 3, base, 50, a);
    ofz_dataset_shuffle(7, 3, base, 50, b);
    assert_memory_equal(a, b, sizeof a);
    for (int i = 0; i < 50; i++) seen[a[i]] = true;
    for (int i = 0; i < 50; i++) assert_true(seen[i]);
    ofz_dataset_shuffle(7, 4, base, 50, b);
    assert_memory_not_equal(a, b, sizeof a);
    ofz_dataset_shuffle(8, 3, base, 50, b);
    assert_memory_not_equal(a, b, sizeof a);
}

static void splits_by_class(void **state)
{
    fixture    *f = *state;
    double      label[100];
    int64_t     order[100], again[100], n, m;
    int         val[3] = { 0 };
    ofz_dataset ds;

    for (int i = 0; i < 100; i++) label[i] = i < 60 ? 0 : i < 99 ? 1 : 2;
    input_add(f, "x", OFZ_F32, 1, DIMS(OFZ_SYMBOL(0)));
    array_add(f, "x", OFZ_F32, 1, DIMS(100), NULL);
    array_add(f, "labels", OFZ_I64, 1, DIMS(100), label);
    assert_int_equal(ofz_dataset_init(f->ctx, &ds, f->g, f->arrays, &classify), OFZ_OK);
    assert_int_equal(ofz_dataset_split(f->ctx, &ds, OFZ_LOSS_CE, 0.25, 1, order, &n), OFZ_OK);
    assert_int_equal(n, 25);
    for (int64_t i = 75; i < 100; i++) val[(int)label[order[i]]]++;
    assert_int_equal(val[0], 15);
    assert_int_equal(val[1], 10);
    assert_int_equal(val[2], 0); /* its only sample is needed for training */
    for (int i = 1; i < 100; i++) assert_true(i == 75 || order[i] > order[i - 1]);
    assert_int_equal(ofz_dataset_split(f->ctx, &ds, OFZ_LOSS_CE, 0.25, 1, again, &m), OFZ_OK);
    assert_memory_equal(order, again, sizeof order);
    assert_int_equal(ofz_dataset_split(f->ctx, &ds, OFZ_LOSS_CE, 0.25, 2, again, &m), OFZ_OK);
    assert_memory_not_equal(order, again, sizeof order);
    assert_int_equal(ofz_dataset_split(f->ctx, &ds, OFZ_LOSS_MSE, 0.001, 1, again, &m), OFZ_OK);
    assert_int_equal(m, 1);
    assert_int_equal(ofz_dataset_split(f->ctx, &ds, OFZ_LOSS_CE, 0.999, 1, again, &m), OFZ_OK);
    assert_int_equal(m, 97);
    assert_int_equal(ofz_dataset_split(f->ctx, &ds, OFZ_LOSS_CE, 1, 1, again, &m), OFZ_E_ARG);
    ofz_dataset_deinit(&ds);
}

/* Every sample of a class of its own: no class can give one, and yet there must be a split. */
static void splits_singletons(void **state)
{
    fixture    *f = *state;
    int64_t     order[4], n;
    ofz_dataset ds;

    input_add(f, "x", OFZ_F32, 1, DIMS(OFZ_SYMBOL(0)));
    array_add(f, "x", OFZ_F32, 1, DIMS(4), NULL);
    array_add(f, "labels", OFZ_I64, 1, DIMS(4), NUMBERS(0, 1, 2, 3));
    assert_int_equal(ofz_dataset_init(f->ctx, &ds, f->g, f->arrays, &classify), OFZ_OK);
    assert_int_equal(ofz_dataset_split(f->ctx, &ds, OFZ_LOSS_CE, 0.5, 1, order, &n), OFZ_OK);
    assert_int_equal(n, 2);
    ofz_dataset_deinit(&ds);
}

int main(void)
{
#define DATASET_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        DATASET_TEST(gathers_and_converts), DATASET_TEST(refuses_wrong_arrays),
        DATASET_TEST(binds_by_name),        DATASET_TEST(converts),
        DATASET_TEST(chooses_target_type),  DATASET_TEST(respects_fixed_batch),
        DATASET_TEST(feeds_scalars_whole),  DATASET_TEST(shuffles_by_seed_and_epoch),
        DATASET_TEST(splits_by_class),      DATASET_TEST(splits_singletons),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
