/* test_model_sparse.c - sparse tensors in files: dense once read, never trained, never written to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model_build.h"

typedef struct sparse_case {
    int         rank;
    int64_t     dim[4];
    int         nnz, width; /* width 0: flat indices */
    int64_t     index[6];
    int         count; /* of the dense tensor; 0: an error */
    float       want[6];
    const char *error;
} sparse_case;

static const sparse_case cases[] = {
    { 2, { 2, 3 }, 2, 0, { 1, 5 }, 6, { 0, 1, 0, 0, 0, 2 }, NULL },
    { 2, { 2, 3 }, 2, 2, { 0, 2, 1, 0 }, 6, { 0, 0, 1, 2, 0, 0 }, NULL },
    { 1, { 3 }, 0, 0, { 0 }, 3, { 0, 0, 0 }, NULL },
    { 1, { 4 }, 3, 1, { 0, 1, 3 }, 4, { 1, 2, 0, 3 }, NULL },
    { 0, { 0 }, 1, 0, { 0 }, 1, { 1 }, NULL },
    { 1, { 3 }, 1, 0, { 3 }, 0, { 0 }, "sparse tensor 'w': an index outside the dense shape" },
    { 1, { 3 }, 1, 0, { -1 }, 0, { 0 }, "an index outside the dense shape" },
    { 2, { 2, 3 }, 1, 2, { 0, 3 }, 0, { 0 }, "an index outside the dense shape" },
    { 1, { 3 }, 2, 0, { 2, 1 }, 0, { 0 }, "indices that do not rise" },
    { 1, { 3 }, 2, 0, { 1, 1 }, 0, { 0 }, "indices that do not rise" },
    { 2, { 2, 2 }, 2, 2, { 1, 0, 0, 1 }, 0, { 0 }, "indices that do not rise" },
    { 2, { 2, 2 }, 1, 3, { 0, 0, 0 }, 0, { 0 }, "indices of a width other than the rank" },
    { 1, { 0 }, 0, 0, { 0 }, 0, { 0 }, "a dense shape that is not positive or overflows" },
    { 1, { -3 }, 0, 0, { 0 }, 0, { 0 }, "a dense shape that is not positive or overflows" },
    { 2,
      { INT64_C(1) << 32, INT64_C(1) << 32 },
      1,
      0,
      { 0 },
      0,
      { 0 },
      "that is not positive or overflows" },
    { 2,
      { 1 << 20, 1 << 20 },
      1,
      0,
      { 7 },
      0,
      { 0 },
      "4398046511104 bytes when dense, want at most" },
};

static ofz_bytes sparse_build(const sparse_case *c)
{
    const int64_t nnz = c->nnz, shape[] = { c->nnz, c->width };
    const float   value[] = { 1, 2, 3 };
    ofz_bytes     values = { 0 }, indices = { 0 }, sparse = { 0 };

    ofz_test_tensor(&values, "w", 1, 1, &nnz);
    ofz_bytes_field(&values, 9, value, sizeof(float) * (size_t)c->nnz);
    ofz_test_tensor(&indices, "i", 7, c->width ? 2 : 1, shape);
    ofz_bytes_field(&indices, 9, c->index,
                    sizeof(int64_t) * (size_t)(c->nnz * (c->width ? c->width : 1)));
    ofz_bytes_message(&sparse, 1, &values);
    ofz_bytes_message(&sparse, 2, &indices);
    for (int i = 0; i < c->rank; i++) ofz_bytes_varint(&sparse, 3, (uint64_t)c->dim[i]);
    return sparse;
}

/* y = Identity(w) at IR 8, opset 13; w a sparse initializer, or made by a Constant node. */
static ofz_bytes model_build(const sparse_case *c, bool node_made)
{
    ofz_bytes node = { 0 }, graph = { 0 }, opset = { 0 }, model = { 0 }, attr = { 0 }, made = { 0 };
    ofz_bytes sparse = sparse_build(c);

    if (node_made) {
        ofz_bytes_text(&attr, 1, "sparse_value");
        ofz_bytes_message(&attr, 22, &sparse);
        ofz_bytes_varint(&attr, 20, 11);
        ofz_bytes_text(&made, 2, "w");
        ofz_bytes_text(&made, 4, "Constant");
        ofz_bytes_message(&made, 5, &attr);
        ofz_bytes_message(&graph, 1, &made);
    }
    ofz_bytes_text(&node, 1, "w");
    ofz_bytes_text(&node, 2, "y");
    ofz_bytes_text(&node, 4, "Identity");
    ofz_bytes_message(&graph, 1, &node);
    ofz_bytes_text(&graph, 2, "g");
    ofz_test_value(&graph, 12, "y", c->error ? 0 : c->rank, c->dim);
    if (!node_made) ofz_bytes_message(&graph, 15, &sparse);
    ofz_bytes_varint(&model, 1, 8);
    ofz_bytes_message(&model, 7, &graph);
    ofz_bytes_text(&opset, 1, "");
    ofz_bytes_varint(&opset, 2, 13);
    ofz_bytes_message(&model, 8, &opset);
    return model;
}

/* The constant is there, says that it is sparse, does not train, and a run yields it. */
static bool model_good(ofz_ctx *ctx, const sparse_case *c, ofz_model *m, bool node_made)
{
    const ofz_tensor_info info   = ofz_model_tensor(m, 0);
    const ofz_value      *v      = m->tensor.item[0];
    ofz_arrays           *inputs = NULL, *outputs = NULL;
    bool                  good = info.sparse && !info.trains && info.constant_node == node_made;
    size_t                size = (size_t)c->count * sizeof(float);
    ofz_array             array;

    good = good && v->constant->size == size && !memcmp(v->constant->data, c->want, size);
    good = good && !ofz_arrays_new(ctx, &inputs) && !ofz_model_run(ctx, m, inputs, &outputs);
    if (good) array = ofz_arrays_get(outputs, 0);
    good = good && array.size == size && !memcmp(array.data, c->want, size);
    ofz_arrays_free(inputs);
    ofz_arrays_free(outputs);
    return good;
}

static bool case_good(const sparse_case *c, bool node_made)
{
    ofz_ctx   *ctx   = ofz_ctx_new();
    ofz_bytes  bytes = model_build(c, node_made);
    ofz_model *m     = NULL;
    bool       good;

    if (ofz_model_load_memory(ctx, bytes.data, bytes.size, &m))
        good = c->error && strstr(ofz_error(ctx), c->error);
    else
        good = !c->error && model_good(ctx, c, m, node_made);
    if (!good)
        print_error("    got %s, want %s\n", ofz_error(ctx), c->error ? c->error : "it read");
    ofz_model_free(m);
    free(bytes.data);
    ofz_ctx_free(ctx);
    return good;
}

static void test_read(void **state)
{
    int failed = 0;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int made = 0; made < 2; made++)
            if (!case_good(&cases[i], made != 0)) {
                print_error("  case %zu, %s\n", i, made ? "Constant" : "initializer");
                failed++;
            }
    assert_int_equal(failed, 0);
}

/* Marks cannot be stored in it, and a copy has the file's bytes. */
static void test_kept(void **state)
{
    ofz_ctx    *ctx    = ofz_ctx_new();
    char       *folder = ofz_test_folder();
    const char *from = ofz_test_path(folder, "a.onnx"), *to = ofz_test_path(folder, "b.onnx");
    ofz_bytes   bytes = model_build(&cases[1], false);
    ofz_model  *m;

    (void)state;
    ofz_test_write(from, bytes.data, bytes.size);
    assert_int_equal(ofz_model_load(ctx, from, &m), OFZ_OK);
    assert_int_equal(ofz_model_save(ctx, m, to), OFZ_OK);
    assert_true(ofz_test_same_file(ctx, from, to));
    assert_int_equal(
        ofz_mark_apply(ctx, m, (const ofz_mark_rule[]){ { OFZ_ACTION_TRAIN, "w" } }, 1), OFZ_E_ARG);
    assert_non_null(strstr(ofz_error(ctx), "tensor 'w': sparse, want a dense one to train"));
    ofz_model_free(m);
    free(bytes.data);
    ofz_test_folder_remove(folder);
    ofz_ctx_free(ctx);
}

/* Another edit leaves it where it is; it refuses its own. */
static void test_edited(void **state)
{
    ofz_ctx    *ctx    = ofz_ctx_new();
    char       *folder = ofz_test_folder();
    const char *path   = ofz_test_path(folder, "a.onnx");
    ofz_bytes   bytes  = model_build(&cases[1], false);
    ofz_model  *m;
    ofz_value  *w;
    size_t      size, external;

    (void)state;
    assert_int_equal(ofz_model_load_memory(ctx, bytes.data, bytes.size, &m), OFZ_OK);
    w = ofz_value_find(m->graph, "w");
    assert_int_equal(ofz_value_rename(ctx, w, "v"), OFZ_E_UNSUPPORTED);
    assert_non_null(strstr(ofz_error(ctx), "value 'w': a sparse initializer, which stays"));
    assert_int_equal(ofz_value_set_constant(ctx, w, w->constant), OFZ_E_UNSUPPORTED);
    assert_int_equal(ofz_value_rename(ctx, ofz_value_find(m->graph, "y"), "z"), OFZ_OK);
    assert_int_equal(ofz_model_write_file(ctx, m, path, NULL, &size, &external), OFZ_OK);
    ofz_model_free(m);
    assert_int_equal(ofz_model_load(ctx, path, &m), OFZ_OK);
    assert_int_equal(m->tensor.count, 1);
    assert_non_null(ofz_value_find(m->graph, "z"));
    assert_true(model_good(ctx, &cases[1], m, false));
    ofz_model_free(m);
    free(bytes.data);
    ofz_test_folder_remove(folder);
    ofz_ctx_free(ctx);
}

/* SparseTensorProto in a file of data, by kind and without being told. */
static void test_data(void **state)
{
    ofz_ctx    *ctx    = ofz_ctx_new();
    char       *folder = ofz_test_folder();
    const char *path   = ofz_test_path(folder, "a.pb");
    ofz_bytes   bytes  = sparse_build(&cases[0]);
    ofz_arrays *arrays;
    ofz_tensor  t;

    (void)state;
    ofz_test_write(path, bytes.data, bytes.size);
    assert_int_equal(ofz_value_read_pb(ctx, path, OFZ_KIND_SPARSE, &t), OFZ_OK);
    assert_int_equal(t.rank, 2);
    assert_memory_equal(t.data, cases[0].want, 24);
    ofz_tensor_release(&t);
    assert_int_equal(ofz_arrays_new(ctx, &arrays), OFZ_OK);
    assert_int_equal(ofz_arrays_load(ctx, arrays, path, "x"), OFZ_OK);
    assert_memory_equal(ofz_arrays_get(arrays, 0).data, cases[0].want, 24);
    ofz_test_write(path, "\x0a", 1);
    assert_int_equal(ofz_arrays_load(ctx, arrays, path, "z"), OFZ_E_PARSE);
    ofz_arrays_free(arrays);
    free(bytes.data);
    ofz_test_folder_remove(folder);
    ofz_ctx_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read),
        cmocka_unit_test(test_kept),
        cmocka_unit_test(test_edited),
        cmocka_unit_test(test_data),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
