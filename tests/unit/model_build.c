/* model_build.c - see model_build.h. */
#include "model_build.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

int model_setup(void **state)
{
    model_fixture *f = calloc(1, sizeof *f);

    f->ctx    = ofz_ctx_new();
    f->folder = ofz_test_folder();
    *state    = f;
    return 0;
}

int model_teardown(void **state)
{
    model_fixture *f = *state;

    ofz_test_folder_remove(f->folder);
    ofz_ctx_free(f->ctx);
    free(f);
    return 0;
}

ofz_model *model_load(model_fixture *f, const char *path)
{
    ofz_model *m = NULL;

    if (ofz_model_load(f->ctx, path, &m)) fail_msg("%s: %s", path, ofz_error(f->ctx));
    return m;
}

char *ofz_test_folder(void)
{
    const char *base = getenv("TMPDIR");
    char       *path = malloc(256);

    assert_non_null(path);
    snprintf(path, 256, "%.200s/onnxfreeze-test-XXXXXX", base ? base : "/tmp");
    assert_non_null(mkdtemp(path));
    return path;
}

static void remove_tree(const char *path)
{
    DIR           *d = opendir(path);
    struct dirent *e;
    char           inner[1024];

    if (!d) {
        unlink(path);
        return;
    }
    while ((e = readdir(d))) {
        if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, "..")) continue;
        snprintf(inner, sizeof inner, "%.700s/%s", path, e->d_name);
        if (e->d_type == DT_DIR)
            remove_tree(inner);
        else
            unlink(inner);
    }
    closedir(d);
    rmdir(path);
}

void ofz_test_folder_remove(char *folder)
{
    remove_tree(folder);
    free(folder);
}

const char *ofz_test_path(const char *folder, const char *name)
{
    static char buf[4][1024];
    static int  turn;
    char       *p = buf[turn++ % 4];

    snprintf(p, sizeof buf[0], "%s/%s", folder, name);
    return p;
}

const char *ofz_test_data(const char *name)
{
    return ofz_test_path(OFZ_SOURCE_DIR "/testdata", name);
}

static bool ends_with(const char *text, const char *end)
{
    const size_t n = strlen(text), k = strlen(end);

    return n >= k && !strcmp(text + n - k, end);
}

int ofz_test_each_model(const char *folder, void (*check)(void *user, const char *path), void *user)
{
    DIR           *d = opendir(folder);
    struct dirent *e;
    char           path[1024];
    int            count = 0;

    if (!d) return 0;
    while ((e = readdir(d))) {
        if (e->d_name[0] == '.') continue;
        snprintf(path, sizeof path, "%.700s/%.255s", folder, e->d_name);
        if (e->d_type == DT_DIR) {
            count += ofz_test_each_model(path, check, user);
        } else if (ends_with(path, ".onnx")) {
            check(user, path);
            count++;
        }
    }
    closedir(d);
    return count;
}

void ofz_test_write(const char *path, const void *data, size_t size)
{
    FILE *f = fopen(path, "wb");

    assert_non_null(f);
    if (size) assert_int_equal(fwrite(data, 1, size, f), size);
    assert_int_equal(fclose(f), 0);
}

ofz_file ofz_test_read(ofz_ctx *ctx, const char *path)
{
    ofz_file file;

    assert_int_equal(ofz_file_open(ctx, path, &file), OFZ_OK);
    return file;
}

bool ofz_test_same_file(ofz_ctx *ctx, const char *a, const char *b)
{
    ofz_file   x = ofz_test_read(ctx, a), y = ofz_test_read(ctx, b);
    const bool same = x.size == y.size && !memcmp(x.data, y.data, x.size);

    ofz_file_close(&x);
    ofz_file_close(&y);
    return same;
}

void ofz_test_value(ofz_bytes *graph, uint32_t number, const char *name, int rank,
                    const int64_t *dim)
{
    ofz_bytes info = { 0 }, type = { 0 }, tensor = { 0 }, shape = { 0 };

    for (int i = 0; i < rank; i++) {
        ofz_bytes d = { 0 };

        ofz_bytes_varint(&d, 1, (uint64_t)dim[i]);
        ofz_bytes_message(&shape, 1, &d);
    }
    ofz_bytes_varint(&tensor, 1, 1);
    ofz_bytes_message(&tensor, 2, &shape);
    ofz_bytes_message(&type, 1, &tensor);
    ofz_bytes_text(&info, 1, name);
    ofz_bytes_message(&info, 2, &type);
    ofz_bytes_message(graph, number, &info);
}

void ofz_test_tensor(ofz_bytes *tensor, const char *name, int dtype, int rank, const int64_t *dim)
{
    for (int i = 0; i < rank; i++) ofz_bytes_varint(tensor, 1, (uint64_t)dim[i]);
    ofz_bytes_varint(tensor, 2, (uint64_t)dtype);
    ofz_bytes_text(tensor, 8, name);
}

ofz_bytes ofz_test_model(ofz_bytes *initializer)
{
    static const int64_t four[] = { 4 };
    ofz_bytes            node = { 0 }, graph = { 0 }, opset = { 0 }, model = { 0 };

    ofz_bytes_text(&node, 1, "x");
    ofz_bytes_text(&node, 1, "w");
    ofz_bytes_text(&node, 2, "y");
    ofz_bytes_text(&node, 4, "Add");
    ofz_bytes_message(&graph, 1, &node);
    ofz_bytes_text(&graph, 2, "g");
    ofz_bytes_message(&graph, 5, initializer);
    ofz_test_value(&graph, 11, "x", 1, four);
    ofz_test_value(&graph, 12, "y", 1, four);
    ofz_bytes_varint(&model, 1, 8);
    ofz_bytes_message(&model, 7, &graph);
    ofz_bytes_text(&opset, 1, "");
    ofz_bytes_varint(&opset, 2, 13);
    ofz_bytes_message(&model, 8, &opset);
    return model;
}
