/* test_random_judge.c - backend tests whose outputs are drawn: what passes by property, what does not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "model_build.h"

typedef struct judge_case {
    const char *op;         /* y = op(x) */
    float       x[4], y[4]; /* the record */
    int         type;       /* of y */
    float       z[4];       /* z = x + x as recorded */
    const char *error;      /* NULL: passes */
} judge_case;

#define HALF                                                                                       \
    {                                                                                              \
        0.5f, 0.5f, 0.5f, 0.5f                                                                     \
    }
#define ONES                                                                                       \
    {                                                                                              \
        1, 1, 1, 1                                                                                 \
    }

static const judge_case cases[] = {
    { "Bernoulli", HALF, { 0, 1, 0, 0 }, 1, ONES, NULL },
    { "Bernoulli", HALF, { 0, 1, 0, 0 }, 1, { 1, 1, 1, 2 }, "output 'z': element 3 is 1, want 2" },
    { "Bernoulli", HALF, { 0, 1, 0, 0 }, 6, ONES, "output 'y': numbers of another type or shape" },
    { "Bernoulli", { 0, 0, 0, 0.25f }, { 0, 0, 0, 1 }, 1, { 0, 0, 0, 0.5f }, NULL },
    { "RandomUniformLike", HALF, { 0.1f, 0.9f, 0.4f, 0.7f }, 1, ONES, NULL },
    { "RandomUniformLike", HALF, { 7, 7, 7, 7.1f }, 1, ONES, "the mean of 1024 draws is" },
    { "RandomUniformLike",
      HALF,
      { 0, 1, 0, 1 },
      1,
      ONES,
      "output 'y': other numbers, want 0 and 1" },
    { "Neg", HALF, { 0, 1, 0, 0 }, 1, ONES, "output 'y': element 0 is -0.5, want 0" },
};

static const int64_t four[] = { 4 };

static void node_put(ofz_bytes *graph, const char *op, const char *a, const char *b, const char *y)
{
    ofz_bytes node = { 0 };

    ofz_bytes_text(&node, 1, a);
    if (b) ofz_bytes_text(&node, 1, b);
    ofz_bytes_text(&node, 2, y);
    ofz_bytes_text(&node, 4, op);
    ofz_bytes_message(graph, 1, &node);
}

static void model_put(const char *path, const char *op)
{
    ofz_bytes graph = { 0 }, opset = { 0 }, model = { 0 };

    node_put(&graph, op, "x", NULL, "y");
    node_put(&graph, "Add", "x", "x", "z");
    ofz_bytes_text(&graph, 2, "g");
    ofz_test_value(&graph, 11, "x", 1, four);
    ofz_test_value(&graph, 12, "y", 1, four);
    ofz_test_value(&graph, 12, "z", 1, four);
    ofz_bytes_varint(&model, 1, 8);
    ofz_bytes_message(&model, 7, &graph);
    ofz_bytes_text(&opset, 1, "");
    ofz_bytes_varint(&opset, 2, 15);
    ofz_bytes_message(&model, 8, &opset);
    ofz_test_write(path, model.data, model.size);
    free(model.data);
}

/* float32, or int32 (type 6) of the same numbers. */
static void tensor_put(const char *path, const char *name, int type, const float *x)
{
    const int32_t whole[] = { (int32_t)x[0], (int32_t)x[1], (int32_t)x[2], (int32_t)x[3] };
    ofz_bytes     t       = { 0 };

    ofz_test_tensor(&t, name, type, 1, four);
    ofz_bytes_field(&t, 9, type == 6 ? (const void *)whole : x, 16);
    ofz_test_write(path, t.data, t.size);
    free(t.data);
}

static bool case_good(const judge_case *c)
{
    ofz_ctx   *ctx         = ofz_ctx_new();
    char      *folder      = ofz_test_folder();
    int        by_property = 0;
    ofz_status st;
    bool       good;

    model_put(ofz_test_path(folder, "model.onnx"), c->op);
    assert_int_equal(mkdir(ofz_test_path(folder, "test_data_set_0"), 0700), 0);
    tensor_put(ofz_test_path(folder, "test_data_set_0/input_0.pb"), "x", 1, c->x);
    tensor_put(ofz_test_path(folder, "test_data_set_0/output_0.pb"), "y", c->type, c->y);
    tensor_put(ofz_test_path(folder, "test_data_set_0/output_1.pb"), "z", 1, c->z);
    st   = ofz_backend_test(ctx, folder, 1e-3, 1e-7, &by_property);
    good = c->error ? st == OFZ_E_DIFFERENT && strstr(ofz_error(ctx), c->error) && !by_property
                    : !st && by_property;
    if (!good)
        print_error("%s: got %s, want %s\n", c->op, st ? ofz_error(ctx) : "a pass",
                    c->error ? c->error : "a pass by property");
    ofz_test_folder_remove(folder);
    ofz_ctx_free(ctx);
    return good;
}

static void test_judge(void **state)
{
    int failed = 0;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) failed += !case_good(&cases[i]);
    assert_int_equal(failed, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_judge) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
