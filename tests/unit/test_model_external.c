/* test_model_external.c - weights in other files: what must not be reached, and what must be kept. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/sha1.h"
#include "model/model_file.h"
#include "model_build.h"

/* A model whose w, 4 floats, lies at `location`; offset and length may be NULL. */
static void write_model(model_fixture *f, const char *name, const char *location,
                        const char *offset, const char *length)
{
    static const int64_t four[] = { 4 };
    ofz_bytes            t      = { 0 }, model;

    ofz_test_tensor(&t, "w", 1, 1, four);
    if (location) ofz_bytes_entry(&t, 13, "location", location);
    if (offset) ofz_bytes_entry(&t, 13, "offset", offset);
    if (length) ofz_bytes_entry(&t, 13, "length", length);
    ofz_bytes_varint(&t, 14, 1);
    model = ofz_test_model(&t);
    ofz_test_write(ofz_test_path(f->folder, name), model.data, model.size);
    free(model.data);
}

static void write_data(model_fixture *f, const char *name)
{
    static const float data[] = { 1, 2, 3, 4, 5, 6, 7, 8 };

    ofz_test_write(ofz_test_path(f->folder, name), data, sizeof data);
}

/* --- what must not be reached ----------------------------------------------------------------- */

static void expect(model_fixture *f, const char *error)
{
    ofz_model       *m  = NULL;
    const ofz_status st = ofz_model_load(f->ctx, ofz_test_path(f->folder, "m.onnx"), &m);

    ofz_model_free(m);
    if (!error && st) fail_msg("got '%s', want success", ofz_error(f->ctx));
    if (!error) return;
    if (st != OFZ_E_MODEL || !strstr(ofz_error(f->ctx), error))
        fail_msg("got '%s', want '%s'", st ? ofz_error(f->ctx) : "success", error);
}

static void test_locations(void **state)
{
    static const struct {
        const char *location, *offset, *length, *error;
    } cases[] = {
        { "w.bin", NULL, NULL, NULL },
        { "w.bin", "16", "16", NULL },
        { "./w.bin", "0", NULL, NULL },
        { "sub/w.bin", "4", "16", NULL },
        { "w.bin", "17", "16", "bytes 17 to 33 of a file of 32" },
        { "w.bin", "0", "15", "length 15, want 16" },
        { "w.bin", "9223372036854775807", "16", "of a file of 32" },
        { "w.bin", "18446744073709551600", "16", "want a decimal number" },
        { "w.bin", "+4", NULL, "want a decimal number" },
        { "w.bin", "", NULL, "want a decimal number" },
        { "w.bin", "4 ", NULL, "want a decimal number" },
        { NULL, NULL, NULL, "no location" },
        { "", NULL, NULL, "no location" },
        { "..", NULL, NULL, "a '..' component" },
        { "sub/../w.bin", NULL, NULL, "a '..' component" },
        { "sub/..", NULL, NULL, "a '..' component" },
        { "/etc/passwd", NULL, NULL, "an absolute path" },
        { "sub\\w.bin", NULL, NULL, "a backslash" },
        { "missing.bin", NULL, NULL, "cannot open" },
        { "sub", NULL, NULL, "not a regular file" },
        { ".", NULL, NULL, "not a regular file" },
        { "fifo", NULL, NULL, "not a regular file" },
        { "link.bin", NULL, NULL, "a symbolic link" },
        { "linked/w.bin", NULL, NULL, "a symbolic link" },
        { "hard.bin", NULL, NULL, "a file with 2 names" },
    };
    model_fixture *f = *state;

    write_data(f, "w.bin");
    assert_int_equal(mkdir(ofz_test_path(f->folder, "sub"), 0700), 0);
    write_data(f, "sub/w.bin");
    write_data(f, "target.bin");
    write_data(f, "twice.bin");
    assert_int_equal(mkfifo(ofz_test_path(f->folder, "fifo"), 0600), 0);
    assert_int_equal(symlink("target.bin", ofz_test_path(f->folder, "link.bin")), 0);
    assert_int_equal(symlink("sub", ofz_test_path(f->folder, "linked")), 0);
    assert_int_equal(
        link(ofz_test_path(f->folder, "twice.bin"), ofz_test_path(f->folder, "hard.bin")), 0);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        write_model(f, "m.onnx", cases[i].location, cases[i].offset, cases[i].length);
        expect(f, cases[i].error);
    }
    ofz_ctx_set_follow_links(f->ctx, 1);
    write_model(f, "m.onnx", "link.bin", NULL, NULL);
    expect(f, NULL);
    write_model(f, "m.onnx", "../w.bin", NULL, NULL);
    expect(f, "a '..' component");
}

/* The checksum is the SHA-1 of the whole file. */
static void test_checksum(void **state)
{
    static const char *const vectors[][2] = {
        { "", "da39a3ee5e6b4b0d3255bfef95601890afd80709" },
        { "abc", "a9993e364706816aba3e25717850c26c9cd0d89d" },
        { "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
          "84983e441c3bd26ebaae4aa1f95129e5e54670f1" },
    };
    static const int64_t four[] = { 4 };
    model_fixture       *f      = *state;
    char                 text[41];
    ofz_sha1             s;

    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        ofz_sha1_init(&s);
        ofz_sha1_put(&s, vectors[i][0], strlen(vectors[i][0]));
        ofz_sha1_text(&s, text);
        assert_string_equal(text, vectors[i][1]);
    }
    ofz_sha1_init(&s); /* a million times 'a', in uneven pieces */
    memset(text, 'a', sizeof text);
    for (size_t done = 0, n = 1; done < 1000000; done += n, n = n % sizeof text + 1) {
        if (n > 1000000 - done) n = 1000000 - done;
        ofz_sha1_put(&s, text, n);
    }
    ofz_sha1_text(&s, text);
    assert_string_equal(text, "34aa973cd4c4daa4f61eeb2bdbad27316534016f");

    ofz_test_write(ofz_test_path(f->folder, "w.bin"), "abcdefghijklmnop", 16);
    ofz_sha1_init(&s);
    ofz_sha1_put(&s, "abcdefghijklmnop", 16);
    ofz_sha1_text(&s, text);
    for (int right = 0; right < 2; right++) {
        ofz_bytes t = { 0 }, model;

        ofz_test_tensor(&t, "w", 1, 1, four);
        ofz_bytes_entry(&t, 13, "location", "w.bin");
        ofz_bytes_entry(&t, 13, "checksum", right ? text : vectors[0][1]);
        ofz_bytes_varint(&t, 14, 1);
        model = ofz_test_model(&t);
        ofz_test_write(ofz_test_path(f->folder, "m.onnx"), model.data, model.size);
        free(model.data);
        expect(f, right ? NULL : "want da39a3ee5e6b4b0d3255bfef95601890afd80709");
    }
}

static void test_memory(void **state)
{
    model_fixture *f = *state;
    ofz_file       file;
    ofz_model     *m;

    write_data(f, "w.bin");
    write_model(f, "m.onnx", "w.bin", NULL, NULL);
    file = ofz_test_read(f->ctx, ofz_test_path(f->folder, "m.onnx"));
    assert_int_equal(ofz_model_load_memory(f->ctx, file.data, file.size, &m), OFZ_E_MODEL);
    assert_non_null(strstr(ofz_error(f->ctx), "a model from memory has no folder"));
    ofz_file_close(&file);
}

/* --- what must be kept ------------------------------------------------------------------------ */

static void check_weight(model_fixture *f, const char *path, float first)
{
    ofz_model *m;

    if (ofz_model_load(f->ctx, path, &m)) fail_msg("%s", ofz_error(f->ctx));
    for (int i = 0; i < 4; i++) {
        float x;

        memcpy(&x, (char *)((ofz_value *)m->tensor.item[0])->constant->data + 4 * i, 4);
        if (x != first + (float)i) fail_msg("%s: w[%d] is %g", path, i, (double)x);
    }
    ofz_model_free(m);
}

static ofz_model *load_changed(model_fixture *f, const char *path)
{
    ofz_model *m;
    ofz_value *v;
    ofz_tensor t;

    if (ofz_model_load(f->ctx, path, &m)) fail_msg("%s", ofz_error(f->ctx));
    v = m->tensor.item[0];
    assert_int_equal(ofz_tensor_copy(f->ctx, v->constant, &t), OFZ_OK);
    for (int i = 0; i < 4; i++) ((float *)t.data)[i] = (float)(100 + i);
    *v->constant = t;
    v->changed   = true;
    return m;
}

/* Into another folder: the model as it is, and its files beside it, folders included. */
static void test_copied(void **state)
{
    model_fixture *f = *state;
    ofz_model     *m;
    const char    *in, *out;

    assert_int_equal(mkdir(ofz_test_path(f->folder, "sub"), 0700), 0);
    assert_int_equal(mkdir(ofz_test_path(f->folder, "out"), 0700), 0);
    write_data(f, "sub/w.bin");
    write_model(f, "m.onnx", "sub/w.bin", "8", "16");
    in  = ofz_test_path(f->folder, "m.onnx");
    out = ofz_test_path(f->folder, "out/m.onnx");
    if (ofz_model_load(f->ctx, in, &m)) fail_msg("%s", ofz_error(f->ctx));
    if (ofz_model_save(f->ctx, m, out)) fail_msg("%s", ofz_error(f->ctx));
    ofz_model_free(m);
    assert_true(ofz_test_same_file(f->ctx, in, out));
    assert_true(ofz_test_same_file(f->ctx, ofz_test_path(f->folder, "sub/w.bin"),
                                   ofz_test_path(f->folder, "out/sub/w.bin")));
    check_weight(f, out, 3);
}

/* A changed tensor leaves the file that others may share, which nobody then touches. */
static void test_changed(void **state)
{
    model_fixture *f = *state;
    ofz_model     *m;
    struct stat    s;

    write_data(f, "w.bin");
    write_data(f, "before.bin");
    write_model(f, "m.onnx", "w.bin", NULL, NULL);
    m = load_changed(f, ofz_test_path(f->folder, "m.onnx"));
    if (ofz_model_save(f->ctx, m, ofz_test_path(f->folder, "n.onnx")))
        fail_msg("%s", ofz_error(f->ctx));
    ofz_model_free(m);
    check_weight(f, ofz_test_path(f->folder, "n.onnx"), 100);
    check_weight(f, ofz_test_path(f->folder, "m.onnx"), 1);
    assert_int_equal(stat(ofz_test_path(f->folder, "n.onnx.data"), &s), 0);
    assert_true(ofz_test_same_file(f->ctx, ofz_test_path(f->folder, "w.bin"),
                                   ofz_test_path(f->folder, "before.bin")));

    /* over itself: the old data stays whole until the new model stands */
    m = load_changed(f, ofz_test_path(f->folder, "n.onnx"));
    if (ofz_model_save(f->ctx, m, ofz_test_path(f->folder, "n.onnx")))
        fail_msg("%s", ofz_error(f->ctx));
    ofz_model_free(m);
    check_weight(f, ofz_test_path(f->folder, "n.onnx"), 100);
    assert_int_equal(stat(ofz_test_path(f->folder, "n.onnx.1.data"), &s), 0);

    /* a model must not be written over the weights it reads */
    if (ofz_model_load(f->ctx, ofz_test_path(f->folder, "m.onnx"), &m))
        fail_msg("%s", ofz_error(f->ctx));
    assert_int_equal(ofz_model_save(f->ctx, m, ofz_test_path(f->folder, "w.bin")), OFZ_E_ARG);
    ofz_model_free(m);
}

/* Weights of 1 KiB and more move out, and everything reads back. */
static void test_export(void **state)
{
    const ofz_export_options options = { .external = 1 };
    model_fixture           *f       = *state;
    const char              *out     = ofz_test_path(f->folder, "big.onnx");
    ofz_export_report        report;
    ofz_model               *a, *b;
    struct stat              s;

    assert_int_equal(ofz_model_load(f->ctx, ofz_test_data("cnn.onnx"), &a), OFZ_OK);
    if (ofz_model_export(f->ctx, a, out, &options, &report)) fail_msg("%s", ofz_error(f->ctx));
    assert_int_equal(stat(ofz_test_path(f->folder, "big.onnx.data"), &s), 0);
    assert_int_equal(report.external_size, s.st_size);
    assert_true(report.external_size > 10000);
    assert_int_equal(ofz_model_load(f->ctx, out, &b), OFZ_OK);
    assert_int_equal(ofz_model_diff(f->ctx, a, b, 0, NULL, NULL), OFZ_OK);
    for (size_t i = 0; i < b->tensor.count; i++) {
        const ofz_tensor_info info = ofz_model_tensor(b, i);

        assert_int_equal(info.external, info.size >= 1024 && !info.constant_node);
    }
    ofz_model_free(a);
    ofz_model_free(b);
}

/* A model just below 2 GiB, all hole: one mark more and no reader would take it. */
static void test_too_large(void **state)
{
    enum { REST = 200 };
    const int64_t  dim[]  = { ((int64_t)INT32_MAX - REST) / 4 };
    const size_t   weight = (size_t)dim[0] * 4;
    model_fixture *f      = *state;
    const char    *path   = ofz_test_path(f->folder, "m.onnx");
    const char    *out    = ofz_test_path(f->folder, "n.onnx");
    ofz_bytes      t = { 0 }, head = { 0 }, graph = { 0 };
    ofz_model     *m;
    FILE          *file;

    ofz_test_tensor(&t, "w", 1, 1, dim);
    ofz_bytes_field(&t, 9, NULL, weight);
    ofz_bytes_text(&graph, 2, "g");
    ofz_bytes_field(&graph, 5, NULL, t.size + weight);
    ofz_bytes_varint(&head, 1, 8);
    ofz_bytes_put(&head, "\x42\x02\x10\x0d", 4); /* opset_import 13 */
    ofz_bytes_field(&head, 7, NULL, graph.size + t.size + weight);
    file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(head.data, 1, head.size, file), head.size);
    assert_int_equal(fwrite(graph.data, 1, graph.size, file), graph.size);
    assert_int_equal(fwrite(t.data, 1, t.size, file), t.size);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(truncate(path, (off_t)(head.size + graph.size + t.size + weight)), 0);
    free(t.data);
    free(head.data);
    free(graph.data);

    if (ofz_model_load(f->ctx, path, &m)) fail_msg("%s", ofz_error(f->ctx));
    ((ofz_value *)m->tensor.item[0])->group =
        "a name of more than two hundred bytes "
        "........................................................"
        ".........................................................................................."
        "....";
    assert_int_equal(ofz_model_save(f->ctx, m, out), OFZ_E_LIMIT);
    assert_non_null(strstr(ofz_error(f->ctx), "want at most 2147483647"));
    assert_non_null(strstr(ofz_error_hint(f->ctx), "--external"));
    assert_int_equal(access(out, F_OK), -1);
    ofz_model_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_locations, model_setup, model_teardown),
        cmocka_unit_test_setup_teardown(test_checksum, model_setup, model_teardown),
        cmocka_unit_test_setup_teardown(test_too_large, model_setup, model_teardown),
        cmocka_unit_test_setup_teardown(test_memory, model_setup, model_teardown),
        cmocka_unit_test_setup_teardown(test_copied, model_setup, model_teardown),
        cmocka_unit_test_setup_teardown(test_changed, model_setup, model_teardown),
        cmocka_unit_test_setup_teardown(test_export, model_setup, model_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
