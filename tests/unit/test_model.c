/* test_model.c - reading and writing: byte identity, marks, changed weights, element types. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model/model_file.h"
#include "model_build.h"

static void save(model_fixture *f, const ofz_model *m, const char *path)
{
    if (ofz_model_save(f->ctx, m, path)) fail_msg("%s: %s", path, ofz_error(f->ctx));
}

static ofz_value *tensor(const ofz_model *m, const char *name)
{
    const int i = ofz_model_find_tensor(m, name);

    if (i < 0) fail_msg("no tensor '%s'", name);
    return m->tensor.item[i];
}

/* --- nothing is lost -------------------------------------------------------------------------- */

static void check_identity(void *user, const char *path)
{
    model_fixture *f   = user;
    const char    *out = ofz_test_path(f->folder, "copy.onnx");
    ofz_model     *m   = model_load(f, path);

    assert_int_equal(ofz_graph_verify(f->ctx, m->graph), OFZ_OK);
    save(f, m, out);
    ofz_model_free(m);
    if (!ofz_test_same_file(f->ctx, path, out)) fail_msg("%s: a copy differs", path);
}

static void test_identity(void **state)
{
    static const char *const names[] = { "cnn.onnx",        "cnn_bn.onnx",
                                         "cnn_train.onnx",  "mlp.onnx",
                                         "mlp_binary.onnx", "mlp_regression.onnx",
                                         "mlp_softmax.onnx" };

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        check_identity(*state, ofz_test_data(names[i]));
    assert_true(ofz_test_each_model(OFZ_SOURCE_DIR "/testdata/odd", check_identity, *state) > 20);
}

static void test_identity_suites(void **state)
{
    const char *folder = getenv("OFZ_CONFORMANCE");

    if (!folder || !*folder) {
        print_message("skipped: OFZ_CONFORMANCE does not name the suites' folder\n");
        skip();
    }
    assert_true(ofz_test_each_model(folder, check_identity, *state) > 100);
}

static void test_memory(void **state)
{
    model_fixture *f    = *state;
    ofz_file       file = ofz_test_read(f->ctx, ofz_test_data("mlp.onnx"));
    const char    *out  = ofz_test_path(f->folder, "copy.onnx");
    ofz_model     *m;

    assert_int_equal(ofz_model_load_memory(f->ctx, file.data, file.size, &m), OFZ_OK);
    ofz_file_close(&file); /* the bytes are copied */
    save(f, m, out);
    ofz_model_free(m);
    assert_true(ofz_test_same_file(f->ctx, ofz_test_data("mlp.onnx"), out));
}

/* --- marks ------------------------------------------------------------------------------------ */

static void test_marks(void **state)
{
    model_fixture     *f      = *state;
    const char        *marked = ofz_test_path(f->folder, "marked.onnx");
    const char        *again  = ofz_test_path(f->folder, "again.onnx");
    const char        *plain  = ofz_test_path(f->folder, "plain.onnx");
    ofz_model         *m      = model_load(f, ofz_test_data("cnn.onnx"));
    ofz_value         *a = m->tensor.item[0], *b = m->tensor.item[1];
    ofz_export_options strip = { .strip = 1 };

    a->mark     = OFZ_MARK_TRAINABLE;
    a->group    = "head \xc3\xa9";
    a->lr_scale = 0.1;
    b->mark     = OFZ_MARK_FROZEN;
    save(f, m, marked);
    ofz_model_free(m);

    m = model_load(f, marked);
    a = m->tensor.item[0];
    b = m->tensor.item[1];
    assert_int_equal(a->mark, OFZ_MARK_TRAINABLE);
    assert_string_equal(a->group, "head \xc3\xa9");
    assert_true(a->lr_scale == 0.1);
    assert_int_equal(b->mark, OFZ_MARK_FROZEN);
    assert_int_equal(((ofz_value *)m->tensor.item[2])->mark, OFZ_MARK_NONE);
    assert_int_equal(ofz_model_check(f->ctx, m, NULL, NULL), OFZ_OK);
    save(f, m, again);
    assert_true(ofz_test_same_file(f->ctx, marked, again));
    assert_int_equal(ofz_model_export(f->ctx, m, plain, &strip, NULL), OFZ_OK);
    ofz_model_free(m);
    assert_true(ofz_test_same_file(f->ctx, ofz_test_data("cnn.onnx"), plain));
}

static void test_strip(void **state)
{
    model_fixture       *f      = *state;
    const char          *path   = ofz_test_path(f->folder, "odd.onnx");
    const char          *plain  = ofz_test_path(f->folder, "plain.onnx");
    static const int64_t four[] = { 4 };
    ofz_bytes            t      = { 0 }, model;
    ofz_model           *m;

    ofz_test_tensor(&t, "w", 1, 1, four);
    ofz_bytes_entry(&t, 16, "onnxfreeze.mark", "no such word");
    ofz_bytes_entry(&t, 16, "onnxfreeze.later", "1");
    ofz_bytes_entry(&t, 16, "theirs", "kept");
    ofz_bytes_field(&t, 9, "abcdefghijklmnop", 16);
    model = ofz_test_model(&t);
    ofz_test_write(path, model.data, model.size);
    free(model.data);

    m = model_load(f, path);
    assert_int_equal(tensor(m, "w")->mark, OFZ_MARK_NONE);
    assert_int_equal(ofz_model_check(f->ctx, m, NULL, NULL), OFZ_E_MODEL);
    assert_non_null(strstr(ofz_error(f->ctx), "'onnxfreeze.mark' is 'no such word'"));
    save(f, m, plain); /* what is not understood is not touched */
    assert_true(ofz_test_same_file(f->ctx, path, plain));
    ofz_mark_strip(m);
    save(f, m, plain);
    ofz_model_free(m);

    m = model_load(f, plain);
    assert_null(memmem(m->bytes, m->size, "onnxfreeze", 10));
    assert_non_null(memmem(m->bytes, m->size, "theirs", 6));
    assert_memory_equal(tensor(m, "w")->constant->data, "abcdefghijklmnop", 16);
    ofz_model_free(m);
}

/* --- changed weights -------------------------------------------------------------------------- */

static void change(model_fixture *f, ofz_value *v)
{
    ofz_tensor copy;

    assert_int_equal(ofz_tensor_copy(f->ctx, v->constant, &copy), OFZ_OK);
    for (int64_t i = 0; i < copy.count; i++) ((float *)copy.data)[i] = (float)i + 0.5f;
    ofz_tensor_release(v->constant);
    *v->constant = copy;
    v->changed   = true;
}

static void check_changed(const ofz_value *v)
{
    for (int64_t i = 0; i < v->constant->count; i++) {
        float x;

        memcpy(&x, (const char *)v->constant->data + 4 * i, 4);
        if (x != (float)i + 0.5f) fail_msg("%s[%d]: %g", v->name, (int)i, (double)x);
    }
}

static void check_change(model_fixture *f, const char *path, size_t index)
{
    const char       *out = ofz_test_path(f->folder, "changed.onnx");
    ofz_model        *m   = model_load(f, path), *back;
    ofz_export_report report;

    if (index >= m->tensor.count ||
        ((ofz_value *)m->tensor.item[index])->constant->dtype != OFZ_F32 ||
        ((ofz_value *)m->tensor.item[index])->origin < 0) {
        ofz_model_free(m);
        return;
    }
    change(f, m->tensor.item[index]);
    if (ofz_model_export(f->ctx, m, out, NULL, &report))
        fail_msg("%s: %s", path, ofz_error(f->ctx));
    assert_int_equal(report.trained_count, 1);
    assert_int_equal(report.verified, 1);
    back = model_load(f, out);
    check_changed(back->tensor.item[index]);
    for (size_t i = 0; i < m->tensor.count; i++) { /* all others byte for byte */
        char a[33], b[33];

        assert_int_equal(ofz_model_hash_tensor(f->ctx, m, i, a), OFZ_OK);
        assert_int_equal(ofz_model_hash_tensor(f->ctx, back, i, b), OFZ_OK);
        assert_string_equal(a, b);
    }
    ofz_model_free(m);
    ofz_model_free(back);
}

static void test_changed(void **state)
{
    static const char *const names[] = {
        "cnn.onnx",
        "mlp.onnx",
        "odd/float_data_parts.onnx",
        "odd/float_data_unpacked.onnx",
        "odd/reverse_order.onnx",
        "odd/wide_varints.onnx",
        "odd/if_weights.onnx",
        "odd/deep_if.onnx",
        "odd/constant_weights.onnx",
        "odd/ir3.onnx",
        "odd/unknown_fields.onnx",
    };

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        for (size_t k = 0; k < 6; k++) check_change(*state, ofz_test_data(names[i]), k);
}

/* --- element types ---------------------------------------------------------------------------- */

static void test_dtypes(void **state)
{
    model_fixture *f        = *state;
    ofz_model     *raw      = model_load(f, ofz_test_data("odd/dtypes_raw.onnx"));
    ofz_model     *typed    = model_load(f, ofz_test_data("odd/dtypes_typed.onnx"));
    bool           seen[27] = { false };

    for (size_t i = 0; i < typed->tensor.count; i++) {
        const ofz_value *b = typed->tensor.item[i], *a = tensor(raw, b->name);

        seen[b->constant->dtype] = true;
        assert_true(ofz_tensor_same_shape(a->constant, b->constant));
        assert_true(b->constant->count > 0);
        if (b->constant->dtype == OFZ_STRING) {
            for (int64_t k = 0; k < b->constant->count; k++) {
                const ofz_string *x = (ofz_string *)a->constant->data + k;
                const ofz_string *y = (ofz_string *)b->constant->data + k;

                assert_int_equal(x->size, y->size);
                assert_memory_equal(x->text, y->text, x->size);
            }
        } else if (memcmp(a->constant->data, b->constant->data, a->constant->size) != 0) {
            fail_msg("%s: typed and raw storage decode to different bytes", b->name);
        }
    }
    for (int d = 1; d <= 26; d++)
        if (!seen[d]) fail_msg("no tensor of type %s", ofz_dtype_name((ofz_dtype)d));
    ofz_model_free(raw);
    ofz_model_free(typed);
}

/* A typed array: its field, the varints in it, and the bytes that must come of it. */
static const struct {
    int         dtype, field, count;
    uint64_t    entry[8];
    int         entries;
    const char *bytes;
    size_t      size;
} typed[] = {
    { OFZ_I8, 5, 3, { 1, (uint64_t)-1, (uint64_t)-128 }, 3, "\x01\xff\x80", 3 },
    { OFZ_U16, 5, 2, { 65535, 258 }, 2, "\xff\xff\x02\x01", 4 },
    { OFZ_BOOL, 5, 3, { 0, 1, 7 }, 3, "\x00\x01\x01", 3 },
    { OFZ_F16, 5, 2, { 0x3c00, 0xc000 }, 2, "\x00\x3c\x00\xc0", 4 },
    { OFZ_I32, 5, 1, { (uint64_t)-2 }, 1, "\xfe\xff\xff\xff", 4 },
    { OFZ_U32, 11, 1, { 0xfffffffe }, 1, "\xfe\xff\xff\xff", 4 },
    { OFZ_U64, 11, 1, { UINT64_MAX }, 1, "\xff\xff\xff\xff\xff\xff\xff\xff", 8 },
    { OFZ_I64, 7, 1, { (uint64_t)-3 }, 1, "\xfd\xff\xff\xff\xff\xff\xff\xff", 8 },
    { OFZ_I4, 5, 3, { 0x21, 0x0f }, 2, "\x21\x0f", 2 },                 /* two per entry */
    { OFZ_U4, 5, 9, { 0x87654321, 9 }, 2, "\x21\x43\x65\x87\x09", 5 },  /* eight per entry */
    { OFZ_U2, 5, 5, { 0xe4, 3 }, 2, "\xe4\x03", 2 },                    /* four per entry */
    { OFZ_I2, 5, 17, { 0xe4e4e4e4, 2 }, 2, "\xe4\xe4\xe4\xe4\x02", 5 }, /* sixteen per entry */
    { OFZ_F4E2M1, 5, 4, { 0x10, 0x32 }, 2, "\x10\x32", 2 },
};

static void test_typed(void **state)
{
    model_fixture *f = *state;

    for (size_t i = 0; i < sizeof typed / sizeof typed[0]; i++) {
        const int64_t dim[] = { typed[i].count };
        ofz_bytes     t     = { 0 }, model;
        ofz_model    *m;

        ofz_test_tensor(&t, "w", typed[i].dtype, 1, dim);
        for (int k = 0; k < typed[i].entries; k++)
            ofz_bytes_varint(&t, (uint32_t)typed[i].field, typed[i].entry[k]);
        model = ofz_test_model(&t);
        if (ofz_model_load_memory(f->ctx, model.data, model.size, &m))
            fail_msg("case %zu: %s", i, ofz_error(f->ctx));
        free(model.data);
        assert_int_equal(tensor(m, "w")->constant->size, typed[i].size);
        if (memcmp(tensor(m, "w")->constant->data, typed[i].bytes, typed[i].size) != 0)
            fail_msg("case %zu: decoded to other bytes", i);
        ofz_model_free(m);
    }
}

/* --- odd graphs ------------------------------------------------------------------------------- */

static void test_subgraphs(void **state)
{
    model_fixture *f      = *state;
    ofz_model     *m      = model_load(f, ofz_test_data("odd/if_weights.onnx"));
    int            inside = 0;

    assert_int_equal(m->tensor.count, 2);
    for (size_t i = 0; i < m->tensor.count; i++)
        assert_ptr_equal(((ofz_value *)m->tensor.item[i])->graph->parent, m->graph);
    for (size_t i = 0; i < m->graph->value.count; i++) {
        const ofz_value *v = m->graph->value.item[i];

        for (size_t u = 0; u < v->use_count; u++) inside += v->use[u].index == -1;
    }
    assert_int_equal(inside, 1); /* both branches read x; the If node counts once */
    ofz_model_free(m);
}

static void test_constants(void **state)
{
    model_fixture *f     = *state;
    ofz_model     *m     = model_load(f, ofz_test_data("odd/constant_floats.onnx"));
    int            found = 0;

    for (size_t i = 0; i < m->tensor.count; i++) {
        const ofz_tensor_info info = ofz_model_tensor(m, i);
        const ofz_value      *v    = m->tensor.item[i];

        if (!info.constant_node) continue;
        found++;
        assert_int_equal(v->origin, -1); /* nothing in the file could carry a mark */
        assert_memory_equal(v->constant->data, ((float[]){ 5, 6 }), 8);
        assert_int_equal(info.trains, 0);
    }
    assert_int_equal(found, 1);
    ofz_model_free(m);
}

static void test_unsorted(void **state)
{
    model_fixture *f = *state;
    ofz_model     *m = model_load(f, ofz_test_data("bad/graph_not_sorted.onnx"));

    assert_int_equal(ofz_graph_verify(f->ctx, m->graph), OFZ_OK); /* sorted in memory */
    assert_int_equal(ofz_model_check(f->ctx, m, NULL, NULL), OFZ_E_MODEL);
    assert_non_null(strstr(ofz_error(f->ctx), "stands before the nodes it reads from"));
    ofz_model_free(m);
}

/* --- bad files -------------------------------------------------------------------------------- */

/* Every file of the table that `check` must refuse is refused, by loading or by the check. */
static void test_bad(void **state)
{
    model_fixture *f     = *state;
    FILE          *cases = fopen(ofz_test_data("bad/cases.tsv"), "r");
    char           name[200], command[20], path[256];
    int            code, count = 0;

    assert_non_null(cases);
    while (fscanf(cases, "%199s %19s %d", name, command, &code) == 3) {
        ofz_model *m;
        ofz_status st;

        snprintf(path, sizeof path, "bad/%s", name);
        st = ofz_model_load(f->ctx, ofz_test_data(path), &m);
        if (!st) {
            st = ofz_model_check(f->ctx, m, NULL, NULL);
            ofz_model_free(m);
        }
        if (strcmp(command, "check") != 0) continue;
        if (!st) fail_msg("%s: accepted", name);
        if ((st == OFZ_E_UNSUPPORTED) != (code == 4)) fail_msg("%s: %s", name, ofz_error(f->ctx));
        if (st == OFZ_E_IO || st == OFZ_E_NOMEM) fail_msg("%s: %s", name, ofz_error(f->ctx));
        assert_true(ofz_error(f->ctx)[0] && !strchr(ofz_error(f->ctx), '\n'));
        count++;
    }
    fclose(cases);
    assert_true(count > 90);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_identity, model_setup, model_teardown),
        cmocka_unit_test_setup_teardown(test_identity_suites, model_setup, model_teardown),
        cmocka_unit_test_setup_teardown(test_memory, model_setup, model_teardown),
        cmocka_unit_test_setup_teardown(test_marks, model_setup, model_teardown),
        cmocka_unit_test_setup_teardown(test_strip, model_setup, model_teardown),
        cmocka_unit_test_setup_teardown(test_changed, model_setup, model_teardown),
        cmocka_unit_test_setup_teardown(test_dtypes, model_setup, model_teardown),
        cmocka_unit_test_setup_teardown(test_typed, model_setup, model_teardown),
        cmocka_unit_test_setup_teardown(test_subgraphs, model_setup, model_teardown),
        cmocka_unit_test_setup_teardown(test_constants, model_setup, model_teardown),
        cmocka_unit_test_setup_teardown(test_unsorted, model_setup, model_teardown),
        cmocka_unit_test_setup_teardown(test_bad, model_setup, model_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
