/* test_api_model.c - what the public interface says of a model, exports and differences. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <dirent.h>

#include "model/model_file.h"
#include "model_build.h"

/* --- looking ---------------------------------------------------------------------------------- */

static void test_info(void **state)
{
    model_fixture  *f = *state;
    ofz_model      *m = model_load(f, ofz_test_data("mlp.onnx"));
    ofz_model_info  info;
    ofz_tensor_info t;
    size_t          count = 0;

    ofz_model_get_info(m, &info);
    assert_int_equal(info.input_count, 1);
    assert_int_equal(info.output_count, 1);
    assert_true(info.ir_version >= 3);
    assert_int_equal(info.opset_count, 1);
    assert_string_equal(ofz_model_opset(m, 0).domain, "");
    assert_true(info.file_size > info.parameter_size);
    assert_int_equal(info.trainable_count, info.parameter_count);
    for (size_t i = 0; i < ofz_model_tensor_count(m); i++) {
        t = ofz_model_tensor(m, i);
        count += t.count;
        assert_true(t.user_count >= 1);
        assert_int_equal(t.size, 4 * t.count);
        assert_int_equal(ofz_model_find_tensor(m, t.name), i);
        assert_int_equal(t.role, t.rank == 1 ? OFZ_ROLE_BIAS : OFZ_ROLE_WEIGHT);
    }
    assert_int_equal(count, info.parameter_count);
    assert_int_equal(ofz_model_find_tensor(m, "no such tensor"), -1);
    assert_int_equal(ofz_model_input(m, 0).shape[0], -1); /* the batch */
    assert_true(ofz_model_output(m, 0).rank >= 1);
    for (size_t i = 0; i < info.node_count; i++) {
        const ofz_node_info n = ofz_model_node(m, i);

        assert_int_equal(n.depth, i + 1); /* a chain */
        assert_true(n.known);
        assert_true(n.input_count >= 1 && n.output_count == 1);
        assert_string_equal(ofz_model_node_output(m, i, 0).name, n.output[0]);
    }
    /* past the end there is nothing, and no crash */
    assert_string_equal(ofz_model_tensor(m, 1000).name, "");
    assert_string_equal(ofz_model_node(m, 1000).op_type, "");
    assert_string_equal(ofz_model_input(m, 1000).name, "");
    assert_string_equal(ofz_model_output(m, 1000).name, "");
    assert_string_equal(ofz_model_node_output(m, 0, 1000).name, "");
    assert_string_equal(ofz_model_opset(m, 1000).domain, "");
    ofz_model_free(m);
    ofz_model_free(NULL);
}

static void test_read_tensor(void **state)
{
    model_fixture *f = *state;
    ofz_model     *m = model_load(f, ofz_test_data("mlp.onnx"));
    ofz_arrays    *arrays;
    ofz_array      a;
    char           x[33], y[33];

    assert_int_equal(ofz_arrays_new(f->ctx, &arrays), OFZ_OK);
    assert_int_equal(ofz_model_read_tensor(f->ctx, m, 0, arrays), OFZ_OK);
    assert_int_equal(ofz_model_read_tensor(f->ctx, m, 1000, arrays), OFZ_E_ARG);
    a = ofz_arrays_get(arrays, 0);
    assert_string_equal(a.name, ofz_model_tensor(m, 0).name);
    assert_memory_equal(a.data, ((ofz_value *)m->tensor.item[0])->constant->data, a.size);
    assert_int_equal(ofz_model_hash_tensor(f->ctx, m, 0, x), OFZ_OK);
    assert_int_equal(ofz_model_hash_tensor(f->ctx, m, 1, y), OFZ_OK);
    assert_int_equal(strlen(x), 32);
    assert_string_not_equal(x, y);
    assert_int_equal(ofz_model_hash_tensor(f->ctx, m, 1000, y), OFZ_E_ARG);
    ofz_arrays_free(arrays);
    ofz_model_free(m);
}

/* --- comparing -------------------------------------------------------------------------------- */

typedef struct entries {
    int            count;
    ofz_diff_entry last;
    char           text[512];
} entries;

static void count_entry(void *user, const ofz_diff_entry *e)
{
    entries *out = user;

    out->count++;
    out->last = *e;
    snprintf(out->text, sizeof out->text, "%s", e->text);
}

static void test_diff(void **state)
{
    model_fixture *f = *state;
    ofz_model     *a = model_load(f, ofz_test_data("mlp.onnx")),
              *b     = model_load(f, ofz_test_data("mlp.onnx"));
    ofz_model *c     = model_load(f, ofz_test_data("cnn.onnx"));
    ofz_value *w     = b->tensor.item[0];
    ofz_tensor t;
    entries    e = { 0 };

    assert_int_equal(ofz_model_diff(f->ctx, a, b, 0, count_entry, &e), OFZ_OK);
    assert_int_equal(e.count, 0);
    assert_int_equal(ofz_tensor_copy(f->ctx, w->constant, &t), OFZ_OK);
    ((float *)t.data)[1] += 2;
    ((float *)t.data)[2] -= 1;
    *w->constant = t;
    assert_int_equal(ofz_model_diff(f->ctx, a, b, 0, count_entry, &e), OFZ_E_DIFFERENT);
    assert_int_equal(e.count, 1);
    assert_int_equal(e.last.kind, OFZ_DIFF_VALUES);
    assert_int_equal(e.last.changed_count, 2);
    assert_true(e.last.max_abs > 1.999 && e.last.max_abs < 2.001);
    assert_true(e.last.l2 > 2.235 && e.last.l2 < 2.237);
    /* the tensor trains: nothing frozen differs */
    assert_int_equal(ofz_model_diff(f->ctx, a, b, 1, NULL, NULL), OFZ_OK);
    ((ofz_value *)a->tensor.item[0])->mark = OFZ_MARK_FROZEN;
    e.count                                = 0;
    assert_int_equal(ofz_model_diff(f->ctx, a, b, 1, count_entry, &e), OFZ_E_DIFFERENT);
    assert_int_equal(e.count, 1);
    assert_int_equal(e.last.frozen, 1);
    e.count = 0;
    assert_int_equal(ofz_model_diff(f->ctx, a, b, 0, count_entry, &e), OFZ_E_DIFFERENT);
    assert_int_equal(e.count, 2);
    assert_int_equal(e.last.kind, OFZ_DIFF_MARK);
    e.count = 0;
    assert_int_equal(ofz_model_diff(f->ctx, a, c, 0, count_entry, &e), OFZ_E_DIFFERENT);
    assert_true(e.count > 5);
    ofz_model_free(a);
    ofz_model_free(b);
    ofz_model_free(c);
}

/* --- exporting -------------------------------------------------------------------------------- */

/* Marks become a TrainingInfoProto; the graph is what it was. */
static void test_training_info(void **state)
{
    const ofz_export_options options = { .training_info = 1 };
    model_fixture           *f       = *state;
    const char              *out     = ofz_test_path(f->folder, "t.onnx");
    const char              *again   = ofz_test_path(f->folder, "u.onnx");
    ofz_model               *a       = model_load(f, ofz_test_data("odd/ir3.onnx")), *b;
    ofz_export_report        report;

    ((ofz_value *)a->tensor.item[0])->mark = OFZ_MARK_TRAINABLE;
    if (ofz_model_export(f->ctx, a, out, &options, &report)) fail_msg("%s", ofz_error(f->ctx));
    b = model_load(f, out);
    assert_int_equal(b->ir_version, 7); /* the first that knows the message */
    assert_int_equal(b->opset_count, a->opset_count);
    assert_null(memmem(b->bytes, b->size, "onnxfreeze.mark", 15));
    assert_non_null(memmem(b->bytes, b->size, "Identity", 8));
    assert_int_equal(((ofz_value *)b->tensor.item[0])->mark, OFZ_MARK_NONE);
    assert_int_equal(ofz_model_check(f->ctx, b, NULL, NULL), OFZ_OK);
    /* once more: it replaces what is there */
    ((ofz_value *)b->tensor.item[0])->mark = OFZ_MARK_TRAINABLE;
    assert_int_equal(ofz_model_export(f->ctx, b, again, &options, &report), OFZ_OK);
    assert_true(ofz_test_same_file(f->ctx, out, again));
    ofz_model_free(a);
    ofz_model_free(b);
}

static void test_report(void **state)
{
    model_fixture    *f = *state;
    ofz_model        *m = model_load(f, ofz_test_data("cnn.onnx"));
    ofz_export_report a, b;

    for (size_t i = 0; i < m->tensor.count; i++)
        ((ofz_value *)m->tensor.item[i])->mark = OFZ_MARK_FROZEN;
    assert_int_equal(ofz_model_export(f->ctx, m, ofz_test_path(f->folder, "a.onnx"), NULL, &a),
                     OFZ_OK);
    assert_int_equal(a.frozen_count, m->tensor.count);
    assert_int_equal(a.trained_count, 0);
    assert_int_equal(a.external_size, 0);
    ((ofz_value *)m->tensor.item[0])->mark = OFZ_MARK_TRAINABLE;
    assert_int_equal(ofz_model_export(f->ctx, m, ofz_test_path(f->folder, "b.onnx"), NULL, &b),
                     OFZ_OK);
    assert_int_equal(b.frozen_count, m->tensor.count - 1);
    assert_true(b.frozen_size < a.frozen_size);
    assert_string_not_equal(a.frozen_hash, b.frozen_hash);
    ofz_model_free(m);
}

/* --- files that cannot be written ------------------------------------------------------------- */

static int files_in(const char *folder)
{
    DIR *d     = opendir(folder);
    int  count = 0;

    assert_non_null(d);
    while (readdir(d)) count++;
    closedir(d);
    return count - 2;
}

static void test_unwritable(void **state)
{
    model_fixture *f = *state;
    ofz_model     *m = model_load(f, ofz_test_data("cnn.onnx"));
    struct rlimit  old, small;
    struct stat    s;

    assert_int_equal(ofz_model_save(f->ctx, m, ofz_test_path(f->folder, "no/such/m.onnx")),
                     OFZ_E_IO);
    assert_non_null(strstr(ofz_error(f->ctx), "cannot open its folder"));
    assert_string_equal(ofz_error_hint(f->ctx), "make the folder first");
    assert_int_equal(mkdir(ofz_test_path(f->folder, "dir"), 0700), 0);
    assert_int_equal(ofz_model_save(f->ctx, m, ofz_test_path(f->folder, "dir")), OFZ_E_IO);
    assert_non_null(strstr(ofz_error(f->ctx), "not a regular file"));
    assert_int_equal(ofz_model_save(f->ctx, m, "/dev/null"), OFZ_E_IO);
    assert_int_equal(ofz_model_save(f->ctx, m, ""), OFZ_E_IO);

    /* a file that stops growing half way: the target stays, the temporary file goes */
    ofz_test_write(ofz_test_path(f->folder, "m.onnx"), "old", 3);
    assert_int_equal(chmod(ofz_test_path(f->folder, "m.onnx"), 0640), 0);
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    small = (struct rlimit){ 4096, old.rlim_max };
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    assert_int_equal(ofz_model_save(f->ctx, m, ofz_test_path(f->folder, "m.onnx")), OFZ_E_IO);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    assert_non_null(strstr(ofz_error(f->ctx), "cannot write"));
    assert_int_equal(stat(ofz_test_path(f->folder, "m.onnx"), &s), 0);
    assert_int_equal(s.st_size, 3);
    assert_int_equal(files_in(f->folder), 2);

    /* and one that works keeps the mode of what it replaces */
    assert_int_equal(ofz_model_save(f->ctx, m, ofz_test_path(f->folder, "m.onnx")), OFZ_OK);
    assert_int_equal(stat(ofz_test_path(f->folder, "m.onnx"), &s), 0);
    assert_int_equal(s.st_mode & 0777, 0640);
    assert_int_equal(files_in(f->folder), 2);
    ofz_model_free(m);
}

/* --- tensors on their own --------------------------------------------------------------------- */

static void test_tensor_pb(void **state)
{
    static const int64_t dim[]  = { 2, 2 };
    static const float   data[] = { 1, 2, 3, 4 };
    model_fixture       *f      = *state;
    const char          *path   = ofz_test_path(f->folder, "t.pb"), *name;
    ofz_arena            arena  = { 0 };
    ofz_bytes            b      = { 0 };
    ofz_tensor           t;

    ofz_test_tensor(&b, "x", 1, 2, dim);
    ofz_bytes_field(&b, 4, data, sizeof data);
    ofz_test_write(path, b.data, b.size);
    assert_int_equal(ofz_tensor_read_pb(f->ctx, path, &arena, &t, &name), OFZ_OK);
    assert_string_equal(name, "x");
    assert_int_equal(t.rank, 2);
    assert_memory_equal(t.data, data, sizeof data);
    ofz_tensor_release(&t);
    ofz_test_write(path, b.data, b.size - 1);
    assert_int_equal(ofz_tensor_read_pb(f->ctx, path, &arena, &t, &name), OFZ_E_PARSE);
    ofz_test_write(path, "", 0); /* a tensor of no type */
    assert_int_equal(ofz_tensor_read_pb(f->ctx, path, &arena, &t, &name), OFZ_E_MODEL);
    assert_int_equal(ofz_tensor_read_pb(f->ctx, "no such file", &arena, &t, &name), OFZ_E_IO);
    free(b.data);
    ofz_arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_info, model_setup, model_teardown),
        cmocka_unit_test_setup_teardown(test_read_tensor, model_setup, model_teardown),
        cmocka_unit_test_setup_teardown(test_diff, model_setup, model_teardown),
        cmocka_unit_test_setup_teardown(test_training_info, model_setup, model_teardown),
        cmocka_unit_test_setup_teardown(test_report, model_setup, model_teardown),
        cmocka_unit_test_setup_teardown(test_unwritable, model_setup, model_teardown),
        cmocka_unit_test_setup_teardown(test_tensor_pb, model_setup, model_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
