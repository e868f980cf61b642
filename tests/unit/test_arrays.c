/* test_arrays.c - files of arrays: what is read, what is refused and with which words, and that
 * what is written is read back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <zip.h>

#include "data/arrays.h"
#include "data/npy.h"

typedef struct fixture {
    ofz_ctx    *ctx;
    ofz_arrays *arrays;
    char        folder[64];
    char        path[128];
} fixture;

static int setup(void **state)
{
    fixture *f = calloc(1, sizeof *f);

    f->ctx = ofz_ctx_new();
    snprintf(f->folder, sizeof f->folder, "/tmp/ofz_arrays_XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    assert_int_equal(ofz_arrays_new(f->ctx, &f->arrays), OFZ_OK);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    fixture *f = *state;

    if (f->path[0]) unlink(f->path);
    rmdir(f->folder);
    ofz_arrays_free(f->arrays);
    ofz_ctx_free(f->ctx);
    free(f);
    return 0;
}

static const char *path_in(fixture *f, const char *name)
{
    if (f->path[0]) unlink(f->path);
    snprintf(f->path, sizeof f->path, "%s/%s", f->folder, name);
    return f->path;
}

static void file_write(const char *path, const void *data, size_t size)
{
    FILE *file = fopen(path, "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

/* An .npy of format `version` from its header's text and its body; malloc'ed. */
static char *npy_make(int version, const char *header, const void *body, size_t body_size,
                      size_t *size)
{
    const size_t n = strlen(header), at = version == 1 ? 10 : 12;
    char        *p = calloc(1, at + n + body_size);

    memcpy(p, "\x93NUMPY", 6);
    p[6] = (char)version;
    p[8] = (char)(n & 0xff);
    p[9] = (char)(n >> 8);
    memcpy(p + at, header, n);
    if (body_size) memcpy(p + at + n, body, body_size);
    *size = at + n + body_size;
    return p;
}

/* --- reading .npy ----------------------------------------------------------------------------- */

static const struct {
    int         version;
    const char *header, *body;
    size_t      body_size;
    ofz_dtype   dtype;
    const char *shape;
    double      value[6];
} good[] = {
    { 1,
      "{'descr': '<i4', 'fortran_order': False, 'shape': (2,), }\n",
      "\1\0\0\0\2\0\0\0",
      8,
      OFZ_I32,
      "[2]",
      { 1, 2 } },
    { 2,
      "{'descr': '>i4', 'fortran_order': False, 'shape': (2,)}",
      "\0\0\0\1\0\0\1\0",
      8,
      OFZ_I32,
      "[2]",
      { 1, 256 } },
    { 3,
      "{\"shape\": (2, 3), \"fortran_order\": True, \"descr\": \"|u1\"}",
      "\1\4\2\5\3\6",
      6,
      OFZ_U8,
      "[2, 3]",
      { 1, 2, 3, 4, 5, 6 } },
    { 1,
      "{'descr': '>f2', 'fortran_order': True, 'shape': (1, 2)}",
      "\x3c\0\xc0\0",
      4,
      OFZ_F16,
      "[1, 2]",
      { 1, -2 } },
    { 1,
      "{'descr': '|b1', 'fortran_order': False, 'shape': (3,)}",
      "\0\1\7",
      3,
      OFZ_BOOL,
      "[3]",
      { 0, 1, 1 } },
    { 1,
      "{'descr': '<f8', 'fortran_order': False, 'shape': ()}",
      "\0\0\0\0\0\0\xf0\x3f",
      8,
      OFZ_F64,
      "[]",
      { 1 } },
    { 1,
      "{'descr': '<i8', 'fortran_order': False, 'shape': (0, 5)}",
      "",
      0,
      OFZ_I64,
      "[0, 5]",
      { 0 } },
    { 1,
      "{'descr': '<i2', 'fortran_order': False, 'shape': (2L,)}",
      "\xff\xff\2\0",
      4,
      OFZ_I16,
      "[2]",
      { -1, 2 } },
    { 1,
      "{'descr': '>c8', 'fortran_order': False, 'shape': (1,)}",
      "\x3f\x80\0\0\x40\0\0\0",
      8,
      OFZ_C64,
      "[1]",
      { 1 } },
};

static void reads_good(void **state)
{
    fixture *f = *state;
    char     text[64], name[8];

    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        const ofz_tensor *t;
        size_t            size;
        char *p = npy_make(good[i].version, good[i].header, good[i].body, good[i].body_size, &size);

        snprintf(name, sizeof name, "a%zu", i);
        file_write(path_in(f, "a.npy"), p, size);
        free(p);
        if (ofz_arrays_load(f->ctx, f->arrays, f->path, name) != OFZ_OK)
            fail_msg("%s: %s", good[i].header, ofz_error(f->ctx));
        t = ofz_arrays_tensor(f->arrays, name);
        assert_int_equal(t->dtype, good[i].dtype);
        assert_string_equal(ofz_shape_text(text, sizeof text, t->rank, t->dim), good[i].shape);
        for (int64_t k = 0; k < t->count; k++)
            assert_true(ofz_elem_f64(t->dtype, t->data, k) == good[i].value[k]);
    }
    assert_true(((const ofz_c64 *)ofz_arrays_tensor(f->arrays, "a8")->data)->im == 2);
}

static void reads_text(void **state)
{
    static const char wide[]  = "\xe9\0\0\0\0\0\0\0\0\xf6\1\0b\0\0\0"; /* e acute; U+1F600, b */
    static const char bytes[] = "ab\0cd\xff";
    fixture          *f       = *state;
    const ofz_string *s;
    size_t            size;
    char             *p;

    p = npy_make(1, "{'descr': '<U2', 'fortran_order': False, 'shape': (2,)}", wide, 16, &size);
    file_write(path_in(f, "texts.npy"), p, size);
    free(p);
    assert_int_equal(ofz_arrays_load(f->ctx, f->arrays, f->path, NULL), OFZ_OK);
    s = ofz_arrays_get(f->arrays, 0).data;
    assert_string_equal(ofz_arrays_get(f->arrays, 0).name, "texts");
    assert_int_equal(s[0].size, 2);
    assert_memory_equal(s[0].text, "\xc3\xa9", 2);
    assert_int_equal(s[1].size, 5);
    assert_memory_equal(s[1].text,
                        "\xf0\x9f\x98\x80"
                        "b",
                        5);
    p = npy_make(1, "{'descr': '|S3', 'fortran_order': True, 'shape': (1, 2)}", bytes, 6, &size);
    file_write(path_in(f, "b.npy"), p, size);
    free(p);
    assert_int_equal(ofz_arrays_load(f->ctx, f->arrays, f->path, NULL), OFZ_OK);
    s = ofz_arrays_get(f->arrays, 1).data;
    assert_int_equal(s[0].size, 2);
    assert_memory_equal(s[1].text, "cd\xff", 3);
}

static const struct {
    const char *header;
    size_t      body_size;
    ofz_status  status;
    const char *text; /* after "PATH: " */
} bad[] = {
    { "", 0, OFZ_E_PARSE, "header: does not begin with '{'" },
    { "{'descr': '<f4', 'fortran_order': False}", 4, OFZ_E_PARSE, "header: no shape" },
    { "{'descr': '<f4', 'fortran_order': False, 'shape': (1,)", 4, OFZ_E_PARSE,
      "header: not a dictionary of descr, fortran_order, shape" },
    { "{'descr': '<f4', 'fortran_order': False, 'shape': (1,)} x", 4, OFZ_E_PARSE,
      "header: something follows the '}'" },
    { "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (1,)}", 4, OFZ_E_PARSE,
      "header: entry 'descr' is there twice" },
    { "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'x': 1}", 4, OFZ_E_PARSE,
      "header: entry 'x' is unknown" },
    { "{'descr': '<f4', 'fortran_order': 0, 'shape': (1,)}", 4, OFZ_E_PARSE,
      "fortran_order: neither True nor False" },
    { "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}", 4, OFZ_E_PARSE,
      "shape: not a tuple of whole numbers" },
    { "{'descr': '<f4', 'fortran_order': False, 'shape': (1)}", 4, OFZ_E_PARSE,
      "shape: not a tuple of whole numbers" },
    { "{'descr': '<f4', 'fortran_order': False, 'shape': 1}", 4, OFZ_E_PARSE,
      "shape: not a tuple" },
    { "{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296)}", 4, OFZ_E_PARSE,
      "shape: more than 2^63 elements" },
    { "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)}", 4, OFZ_E_PARSE,
      "shape: not a tuple of whole numbers" },
    { "{'descr': '<f8', 'fortran_order': False, 'shape': (4611686018427387904,)}", 4, OFZ_E_PARSE,
      "body: 4 bytes, want 4611686018427387904 elements of 8 bytes" },
    { "{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}", 4, OFZ_E_PARSE,
      "body: 4 bytes, want 2 elements of 4 bytes" },
    { "{'descr': '<f4', 'fortran_order': False, 'shape': (1,)}", 5, OFZ_E_PARSE,
      "body: 5 bytes, want 1 elements of 4 bytes" },
    { "{'descr': '<U0', 'fortran_order': False, 'shape': (1000000000000,)}", 0, OFZ_E_PARSE,
      "descr: texts of no width, want no elements" },
    { "{'descr': '|O', 'fortran_order': False, 'shape': (1,)}", 8, OFZ_E_UNSUPPORTED,
      "descr: '|O' is Python objects" },
    { "{'descr': '<M8[s]', 'fortran_order': False, 'shape': (1,)}", 8, OFZ_E_PARSE,
      "descr: '<M8[s]', want a dtype such as '<f4'" },
    { "{'descr': '<f16', 'fortran_order': False, 'shape': (1,)}", 16, OFZ_E_UNSUPPORTED,
      "descr: '<f16', want bool, integers, floats to 64 bits, complex or text" },
    { "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}", 4, OFZ_E_UNSUPPORTED,
      "descr: records, want one plain dtype" },
    { "{'descr': '<U1', 'fortran_order': False, 'shape': (1,)}", 4, OFZ_E_PARSE,
      "text 0: not Unicode" },
};

static void refuses_bad(void **state)
{
    fixture *f = *state;
    char     body[16], want[256];

    memset(body, 0xd9, sizeof body);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        size_t size;
        char  *p = npy_make(1, bad[i].header, body, bad[i].body_size, &size);

        file_write(path_in(f, "a.npy"), p, size);
        free(p);
        assert_int_equal(ofz_arrays_load(f->ctx, f->arrays, f->path, NULL), bad[i].status);
        snprintf(want, sizeof want, "%s: %s", f->path, bad[i].text);
        assert_string_equal(ofz_error(f->ctx), want);
    }
    assert_int_equal(ofz_arrays_count(f->arrays), 0);
}

/* Every prefix of a good file, and every byte of it turned over, is read or refused without harm.
 */
static void survives_mutation(void **state)
{
    fixture *f = *state;
    size_t   size;
    char    *p = npy_make(1, "{'descr': '<U2', 'fortran_order': False, 'shape': (2,)}",
                          "a\0\0\0b\0\0\0c\0\0\0\0\0\0", 16, &size);

    for (size_t n = 0; n < size; n++) {
        char      *cut = malloc(n ? n : 1);
        ofz_tensor t;

        memcpy(cut, p, n);
        assert_int_not_equal(ofz_npy_read(f->ctx, cut, n, NULL, &t), OFZ_OK);
        free(cut);
    }
    for (size_t n = 0; n < size; n++)
        for (int bit = 0; bit < 8; bit++) {
            ofz_tensor t;

            p[n] = (char)(p[n] ^ 1 << bit);
            if (ofz_npy_read(f->ctx, p, size, NULL, &t) == OFZ_OK) ofz_tensor_release(&t);
            p[n] = (char)(p[n] ^ 1 << bit);
        }
    free(p);
}

static void names_what_is_no_array(void **state)
{
    fixture *f = *state;
    char     want[256];

    assert_int_equal(ofz_arrays_load(f->ctx, f->arrays, "/nonexistent/a.npy", NULL), OFZ_E_IO);
    file_write(path_in(f, "a.txt"), "hello", 5);
    assert_int_equal(ofz_arrays_load(f->ctx, f->arrays, f->path, NULL), OFZ_E_PARSE);
    snprintf(want, sizeof want, "%s: not an array, want .npz, .npy or a TensorProto .pb", f->path);
    assert_string_equal(ofz_error(f->ctx), want);
    file_write(path_in(f, "a.npz"), "", 0);
    assert_int_equal(ofz_arrays_load(f->ctx, f->arrays, f->path, NULL), OFZ_E_PARSE);
    snprintf(want, sizeof want, "%s: empty, want an array", f->path);
    assert_string_equal(ofz_error(f->ctx), want);
}

/* A TensorProto is named by itself, by the caller, or by its file. */
static void reads_pb(void **state)
{
    static const char named[] = "\x08\2\x10\6\x42\1t\x4a\x08\1\0\0\0\2\0\0"; /* int32 [2] */
    fixture          *f       = *state;

    file_write(path_in(f, "in.pb"), named, sizeof named);
    assert_int_equal(ofz_arrays_load(f->ctx, f->arrays, f->path, NULL), OFZ_OK);
    assert_int_equal(ofz_arrays_load(f->ctx, f->arrays, f->path, "other"), OFZ_OK);
    assert_string_equal(ofz_arrays_get(f->arrays, 0).name, "t");
    assert_string_equal(ofz_arrays_get(f->arrays, 1).name, "other");
    assert_memory_equal(ofz_arrays_get(f->arrays, 1).data, ((const int32_t[]){ 1, 2 }), 8);
    file_write(f->path, "\x08\2\x10\6\x4a\x08\1\0\0\0\2\0\0", 14);
    assert_int_equal(ofz_arrays_load(f->ctx, f->arrays, f->path, NULL), OFZ_OK);
    assert_string_equal(ofz_arrays_get(f->arrays, 2).name, "in");
}

/* A large file is mapped, not copied; this one is a hole but for its header. */
static void maps_large_files(void **state)
{
    fixture     *f     = *state;
    const size_t count = (size_t)256 << 20;
    size_t       size;
    char *p = npy_make(1, "{'descr': '|u1', 'fortran_order': False, 'shape': (268435456,)}", "", 0,
                       &size);

    file_write(path_in(f, "large.npy"), p, size);
    free(p);
    assert_int_equal(truncate(f->path, (off_t)(size + count)), 0);
    assert_int_equal(ofz_arrays_load(f->ctx, f->arrays, f->path, NULL), OFZ_OK);
    assert_null(ofz_arrays_at(f->arrays, 0)->t.buffer);
    assert_int_equal(((const char *)ofz_arrays_get(f->arrays, 0).data)[count - 1], 0);
}

/* --- reading .npz ----------------------------------------------------------------------------- */

static void member_add(zip_t *z, const char *name, const void *data, size_t size, int method)
{
    zip_source_t *s = zip_source_buffer(z, data, size, 0);
    zip_int64_t   i = zip_file_add(z, name, s, ZIP_FL_OVERWRITE);

    assert_true(i >= 0);
    assert_int_equal(zip_set_file_compression(z, (zip_uint64_t)i, method, 0), 0);
}

/* Members x (stored, [4] u1) and y (deflated, [n] u1 of zeros), and one that is no array. */
static void npz_write(const char *path, const char *second, size_t n)
{
    int    error, length;
    char   header[128];
    size_t x_size, y_size;
    char  *zeros = calloc(1, n + 1), *x, *y;
    zip_t *z     = zip_open(path, ZIP_CREATE | ZIP_TRUNCATE, &error);

    length = snprintf(header, sizeof header,
                      "{'descr': '|u1', 'fortran_order': False, 'shape': (%zu,)}", n);
    assert_true(length > 0);
    x = npy_make(1, "{'descr': '|u1', 'fortran_order': False, 'shape': (4,)}", "\1\2\3\4", 4,
                 &x_size);
    y = npy_make(1, header, zeros, n, &y_size);
    assert_non_null(z);
    member_add(z, "x.npy", x, x_size, ZIP_CM_STORE);
    member_add(z, second, y, y_size, ZIP_CM_DEFLATE);
    member_add(z, "readme.txt", "hello", 5, ZIP_CM_STORE);
    assert_int_equal(zip_close(z), 0);
    free(x);
    free(y);
    free(zeros);
}

static void reads_npz(void **state)
{
    fixture          *f = *state;
    const ofz_tensor *t;
    char              text[64];

    npz_write(path_in(f, "d.npz"), "../../y.npy", 100000);
    assert_int_equal(ofz_arrays_load(f->ctx, f->arrays, f->path, NULL), OFZ_OK);
    assert_int_equal(ofz_arrays_count(f->arrays), 2);
    assert_string_equal(ofz_arrays_text(text, sizeof text, f->arrays), "x, ../../y");
    t = ofz_arrays_tensor(f->arrays, "x");
    assert_int_equal(t->count, 4);
    assert_memory_equal(t->data, "\1\2\3\4", 4);
    assert_int_equal(ofz_arrays_tensor(f->arrays, "../../y")->count, 100000);
    assert_int_equal(ofz_arrays_find(f->arrays, "../../y"), 1);
    assert_int_equal(ofz_arrays_find(f->arrays, "z"), -1);
    /* the same file again: the names are taken */
    assert_int_equal(ofz_arrays_load(f->ctx, f->arrays, f->path, NULL), OFZ_E_ARG);
    assert_non_null(strstr(ofz_error(f->ctx), "member 'x.npy': array 'x': is there already"));
}

static void npz_respects_limit(void **state)
{
    fixture *f = *state;

    npz_write(path_in(f, "d.npz"), "y.npy", 100000);
    assert_int_equal(ofz_ctx_set_limit(f->ctx, OFZ_LIMIT_TENSOR, 90000), OFZ_OK);
    assert_int_equal(ofz_arrays_load(f->ctx, f->arrays, f->path, NULL), OFZ_E_LIMIT);
    assert_non_null(strstr(ofz_error(f->ctx), "want at most 90000 together"));
    assert_int_equal(ofz_arrays_count(f->arrays), 0); /* x, which came before, is not kept */
    assert_null(ofz_arrays_tensor(f->arrays, "x"));
}

static size_t file_read(const char *path, char **data)
{
    FILE  *file = fopen(path, "rb");
    size_t n;

    *data = malloc(1 << 20);
    n     = fread(*data, 1, 1 << 20, file);
    fclose(file);
    return n;
}

/* A flipped bit of stored data is found by its checksum; a flipped bit anywhere does no harm. */
static void npz_survives_mutation(void **state)
{
    fixture *f = *state;
    size_t   size, at = 0;
    char    *p;

    npz_write(path_in(f, "d.npz"), "y.npy", 300);
    size = file_read(f->path, &p);
    for (size_t i = 0; i + 4 < size; i++)
        if (!memcmp(p + i, "\1\2\3\4", 4)) at = i;
    assert_true(at > 0);
    p[at] ^= 1;
    file_write(f->path, p, size);
    p[at] ^= 1;
    assert_int_equal(ofz_arrays_load(f->ctx, f->arrays, f->path, NULL), OFZ_E_PARSE);
    assert_non_null(strstr(ofz_error(f->ctx), "member 'x.npy': cannot be read: CRC error"));
    for (size_t i = 0; i < size; i++) {
        ofz_arrays *a;

        p[i] ^= 0x55;
        file_write(f->path, p, size);
        p[i] ^= 0x55;
        assert_int_equal(ofz_arrays_new(f->ctx, &a), OFZ_OK);
        assert_true(ofz_arrays_load(f->ctx, a, f->path, NULL) <= OFZ_E_LIMIT);
        ofz_arrays_free(a);
    }
    for (size_t n = 0; n < size; n += 7) {
        file_write(f->path, p, n);
        assert_int_not_equal(ofz_arrays_load(f->ctx, f->arrays, f->path, NULL), OFZ_OK);
    }
    free(p);
}

/* --- adding and writing ----------------------------------------------------------------------- */

static void adds_copies(void **state)
{
    fixture      *f        = *state;
    const int64_t shape[2] = { 1, 2 };
    float         data[2]  = { 1, 2 };
    ofz_array     a        = { "x", OFZ_F32, 2, shape, data, sizeof data };

    assert_int_equal(ofz_arrays_add(f->ctx, f->arrays, &a), OFZ_OK);
    data[0] = 5;
    assert_true(((const float *)ofz_arrays_get(f->arrays, 0).data)[0] == 1);
    assert_int_equal(ofz_arrays_add(f->ctx, f->arrays, &a), OFZ_E_ARG);
    assert_string_equal(ofz_error(f->ctx), "array 'x': is there already, want another name");
    a.name = "y";
    a.size = 7;
    assert_int_equal(ofz_arrays_add(f->ctx, f->arrays, &a), OFZ_E_ARG);
    assert_string_equal(ofz_error(f->ctx), "array 'y': 7 bytes, want 8 for 2 of float32");
    a.dtype = (ofz_dtype)99;
    assert_int_equal(ofz_arrays_add(f->ctx, f->arrays, &a), OFZ_E_ARG);
    a.name  = NULL;
    a.dtype = OFZ_F32;
    a.size  = 8;
    assert_int_equal(ofz_arrays_add(f->ctx, f->arrays, &a), OFZ_E_ARG);
    assert_string_equal(ofz_error(f->ctx), "array: no name, want one");
}

static void writes_and_reads_back(void **state)
{
    static const ofz_string words[] = { { "h\xc3\xa9", 3 }, { "", 0 }, { "abc\0d", 5 } };
    static const struct {
        ofz_dtype   dtype, back;
        int         rank;
        int64_t     shape[2];
        const void *data;
        size_t      size;
        const char *descr;
    } row[] = {
        { OFZ_F32, OFZ_F32, 2, { 1, 2 }, "\0\0\x80\x3f\0\0\0\x40", 8, "'<f4'" },
        { OFZ_F16, OFZ_F16, 1, { 1 }, "\0\x3c", 2, "'<f2'" },
        { OFZ_BF16, OFZ_F32, 1, { 1 }, "\x80\x3f", 2, "'<f4'" },
        { OFZ_F8E4M3FN, OFZ_F32, 0, { 0 }, "\x38", 1, "'<f4'" },
        { OFZ_I4, OFZ_I8, 1, { 3 }, "\x1f\x08", 2, "'|i1'" },
        { OFZ_U2, OFZ_U8, 1, { 4 }, "\xe4", 1, "'|u1'" },
        { OFZ_BOOL, OFZ_BOOL, 1, { 2 }, "\0\1", 2, "'|b1'" },
        { OFZ_C128, OFZ_C128, 1, { 1 }, "0123456701234567", 16, "'<c16'" },
        { OFZ_I64, OFZ_I64, 2, { 0, 3 }, "", 0, "'<i8'" },
        { OFZ_STRING, OFZ_STRING, 1, { 3 }, words, sizeof words, "'<U5'" },
    };
    fixture *f = *state;

    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        char              from[8], to[8], *p;
        const ofz_tensor *a, *b;
        ofz_array         array = {
                    from, row[i].dtype, row[i].rank, row[i].shape, row[i].data, row[i].size
        };

        snprintf(from, sizeof from, "a%zu", i);
        snprintf(to, sizeof to, "b%zu", i);
        assert_int_equal(ofz_arrays_add(f->ctx, f->arrays, &array), OFZ_OK);
        assert_int_equal(ofz_arrays_save_npy(f->ctx, f->arrays, 2 * i, path_in(f, "a.npy")),
                         OFZ_OK);
        assert_int_equal(ofz_arrays_load(f->ctx, f->arrays, f->path, to), OFZ_OK);
        a = ofz_arrays_tensor(f->arrays, from);
        b = ofz_arrays_tensor(f->arrays, to);
        assert_int_equal(b->dtype, row[i].back);
        assert_int_equal(a->rank, b->rank);
        for (int64_t k = 0; k < a->count; k++)
            if (a->dtype != OFZ_STRING)
                assert_true(ofz_elem_f64(a->dtype, a->data, k) ==
                            ofz_elem_f64(b->dtype, b->data, k));
        if (a->dtype == OFZ_STRING)
            assert_true(ofz_tensor_compare(a, b, 0, 0, &(ofz_comparison){ 0 }));
        file_read(f->path, &p);
        assert_non_null(strstr(p + 10, row[i].descr));
        assert_int_equal((10 + (unsigned char)p[8] + 256 * (unsigned char)p[9]) % 64, 0);
        free(p);
    }
}

static void refuses_to_write(void **state)
{
    static const ofz_string latin = { "a\xe9", 2 }, cut = { "a\0", 2 };
    fixture                *f   = *state;
    const int64_t           one = 1;
    ofz_array               a   = { "s", OFZ_STRING, 1, &one, &latin, sizeof latin };

    assert_int_equal(ofz_arrays_add(f->ctx, f->arrays, &a), OFZ_OK);
    assert_int_equal(ofz_arrays_save_npy(f->ctx, f->arrays, 0, path_in(f, "a.npy")),
                     OFZ_E_UNSUPPORTED);
    assert_string_equal(ofz_error(f->ctx),
                        "array 's': text 0: byte 1 is not UTF-8, want text for .npy");
    a.name = "t";
    a.data = &cut;
    assert_int_equal(ofz_arrays_add(f->ctx, f->arrays, &a), OFZ_OK);
    assert_int_equal(ofz_arrays_save_npy(f->ctx, f->arrays, 1, f->path), OFZ_E_UNSUPPORTED);
    assert_int_equal(ofz_arrays_save_npy(f->ctx, f->arrays, 2, f->path), OFZ_E_ARG);
    assert_int_equal(access(f->path, F_OK), -1);
}

int main(void)
{
#define ARRAYS_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        ARRAYS_TEST(reads_good),
        ARRAYS_TEST(reads_text),
        ARRAYS_TEST(refuses_bad),
        ARRAYS_TEST(survives_mutation),
        ARRAYS_TEST(names_what_is_no_array),
        ARRAYS_TEST(reads_pb),
        ARRAYS_TEST(maps_large_files),
        ARRAYS_TEST(reads_npz),
        ARRAYS_TEST(npz_respects_limit),
        ARRAYS_TEST(npz_survives_mutation),
        ARRAYS_TEST(adds_copies),
        ARRAYS_TEST(writes_and_reads_back),
        ARRAYS_TEST(refuses_to_write),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
