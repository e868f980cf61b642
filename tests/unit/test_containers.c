/* test_containers.c - maps: making and comparing them, files of data that hold them, their arrays. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "api/spread.h"
#include "model/model.h"
#include "model_build.h"
#include "op_harness.h"
#include "tensor/container.h"

static ofz_status map_of(model_fixture *f, const char *keys, const char *values, ofz_tensor *out)
{
    ofz_tensor k, v;
    ofz_status st;

    assert_non_null(op_text_tensor(f->ctx, keys, 1, &k));
    assert_non_null(op_text_tensor(f->ctx, values, 1, &v));
    st = ofz_container_map(f->ctx, &k, &v, out);
    ofz_tensor_release(&k);
    ofz_tensor_release(&v);
    return st;
}

static void expect_text(model_fixture *f, const ofz_tensor *got, const char *want)
{
    ofz_tensor     t;
    ofz_comparison d;

    assert_non_null(op_text_tensor(f->ctx, want, 1, &t));
    if (!ofz_tensor_compare(got, &t, 0, 0, &d) || d.bad_count)
        fail_msg("%s of %lld elements, want %s", ofz_dtype_name(got->dtype), (long long)got->count,
                 want);
    ofz_tensor_release(&t);
}

/* --- making ----------------------------------------------------------------------------------- */

static void test_make(void **state)
{
    static const struct {
        const char *keys, *values, *want_keys, *want_values, *error;
    } row[] = {
        { "I64[3] 5 -1 2", "F32[3] 1 2 3", "I64[3] -1 2 5", "F32[3] 2 3 1", NULL },
        { "I64[4] 2 1 2 1", "I64[4] 1 2 3 4", "I64[2] 1 2", "I64[2] 4 3", NULL },
        { "STRING[4] 'b' 'ab' '' 'a'", "STRING[4] 'x' 'long enough' '' 'z'",
          "STRING[4] '' 'a' 'ab' 'b'", "STRING[4] '' 'z' 'long enough' 'x'", NULL },
        { "U64[2] 18446744073709551615 1", "F64[2] 1 2", "U64[2] 1 18446744073709551615",
          "F64[2] 2 1", NULL },
        { "I64[0]", "F32[0]", "I64[0]", "F32[0]", NULL },
        { "F32[1] 1", "F32[1] 1", NULL, NULL, "map: keys of rank 1 and float32, want integers" },
        { "I64[1,1] 1", "F32[1] 1", NULL, NULL, "map: keys of rank 2" },
        { "I64[1] 1", "F32[] 1", NULL, NULL, "map: values of rank 0 and float32, want a list" },
        { "I64[2] 1 2", "F32[1] 1", NULL, NULL, "map: 1 values, want 2 as keys" },
    };
    model_fixture *f = *state;

    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        ofz_tensor       map;
        const ofz_status st = map_of(f, row[i].keys, row[i].values, &map);

        assert_int_equal(st, row[i].error ? OFZ_E_DATA : OFZ_OK);
        if (st) {
            assert_non_null(strstr(ofz_error(f->ctx), row[i].error));
            continue;
        }
        assert_int_equal(map.dtype, OFZ_MAP);
        expect_text(f, ofz_container_keys(&map), row[i].want_keys);
        expect_text(f, ofz_container_values(&map), row[i].want_values);
        ofz_tensor_release(&map);
    }
}

static void test_compare_and_copy(void **state)
{
    model_fixture *f = *state;
    ofz_tensor     a, b, copy, shared;
    ofz_comparison d;

    assert_int_equal(map_of(f, "I64[2] 1 2", "F32[2] 3 4", &a), OFZ_OK);
    assert_int_equal(map_of(f, "I64[2] 2 1", "F32[2] 4.5 3", &b), OFZ_OK);
    assert_true(ofz_tensor_compare(&a, &b, 0, 0, &d));
    assert_int_equal(d.bad_count, 1);
    assert_int_equal(d.first_bad, 1); /* the values */
    assert_true(ofz_tensor_compare(&a, &b, 0, 1, &d) && d.bad_count == 0);
    assert_int_equal(ofz_tensor_copy(f->ctx, &a, &copy), OFZ_OK);
    ofz_tensor_share(&a, &shared);
    ofz_tensor_release(&a);
    assert_true(ofz_tensor_compare(&shared, &copy, 0, 0, &d) && d.bad_count == 0);
    ofz_tensor_release(&copy);
    ofz_tensor_release(&b);
    assert_int_equal(map_of(f, "I64[1] 1", "F32[1] 3", &b), OFZ_OK);
    assert_false(ofz_tensor_compare(&shared, &b, 0, 0, &d));
    ofz_tensor_release(&shared);
    ofz_tensor_release(&b);
}

/* --- files ------------------------------------------------------------------------------------ */

/* A TensorProto of one float, of `rank` dims 1. */
static ofz_bytes one_float(float x, int rank)
{
    static const int64_t ones[] = { 1, 1 };
    ofz_bytes            t      = { 0 };

    ofz_test_tensor(&t, "", OFZ_F32, rank, ones);
    ofz_bytes_field(&t, 9, &x, sizeof x);
    return t;
}

/* MapProto { key: key_type, integers `keys` or the text of `words`; values: count floats 1, 2, ... } */
static ofz_bytes map_proto(int key_type, const char *words, int key_count, int count)
{
    ofz_bytes map = { 0 }, values = { 0 };

    if (key_type) ofz_bytes_varint(&map, 2, (uint64_t)key_type);
    for (int i = 0; i < key_count; i++)
        if (words)
            ofz_bytes_field(&map, 4, words + i, 1);
        else
            ofz_bytes_varint(&map, 3, (uint64_t)(10 - i));
    for (int i = 0; i < count; i++) {
        ofz_bytes t = one_float((float)(i + 1), i % 2);

        ofz_bytes_message(&values, 3, &t);
    }
    ofz_bytes_message(&map, 5, &values);
    return map;
}

static ofz_status read_back(model_fixture *f, ofz_bytes *message, ofz_kind kind, ofz_tensor *out)
{
    const char *path = ofz_test_path(f->folder, "data.pb");

    ofz_test_write(path, message->data, message->size);
    free(message->data);
    *message = (ofz_bytes){ 0 };
    return ofz_value_read_pb(f->ctx, path, kind, out);
}

static void test_read(void **state)
{
    model_fixture *f   = *state;
    ofz_bytes      map = map_proto(OFZ_I64, NULL, 3, 3), inner, sequence = { 0 }, optional = { 0 };
    ofz_tensor     t;

    assert_int_equal(read_back(f, &map, OFZ_KIND_MAP, &t), OFZ_OK);
    expect_text(f, ofz_container_keys(&t), "I64[3] 8 9 10");
    expect_text(f, ofz_container_values(&t), "F32[3] 3 2 1");
    ofz_tensor_release(&t);
    map = map_proto(OFZ_STRING, "ba", 2, 2);
    assert_int_equal(read_back(f, &map, OFZ_KIND_MAP, &t), OFZ_OK);
    expect_text(f, ofz_container_keys(&t), "STRING[2] 'a' 'b'");
    expect_text(f, ofz_container_values(&t), "F32[2] 2 1");
    ofz_tensor_release(&t);
    map = map_proto(OFZ_I32, NULL, 0, 0);
    assert_int_equal(read_back(f, &map, OFZ_KIND_MAP, &t), OFZ_OK);
    expect_text(f, ofz_container_keys(&t), "I32[0]");
    ofz_tensor_release(&t);

    for (int i = 0; i < 2; i++) {
        inner = map_proto(OFZ_I64, NULL, 1, 1);
        ofz_bytes_message(&sequence, 6, &inner);
    }
    assert_int_equal(read_back(f, &sequence, OFZ_KIND_SEQUENCE, &t), OFZ_OK);
    assert_int_equal(t.count, 2);
    assert_int_equal(ofz_container_item(&t, 1)->dtype, OFZ_MAP);
    ofz_tensor_release(&t);
    inner = map_proto(OFZ_I64, NULL, 1, 1);
    ofz_bytes_message(&optional, 6, &inner);
    assert_int_equal(read_back(f, &optional, OFZ_KIND_OPTIONAL, &t), OFZ_OK);
    expect_text(f, ofz_container_keys(ofz_container_item(&t, 0)), "I64[1] 10");
    ofz_tensor_release(&t);
}

static void test_read_errors(void **state)
{
    static const struct {
        int         key_type, key_count, count;
        const char *words, *error;
    } row[] = {
        { OFZ_I64, 2, 1, NULL, "map: 1 values, want 2 as keys" },
        { OFZ_STRING, 1, 1, NULL, "map: 1 integers and 0 texts as keys, want string" },
        { OFZ_I64, 1, 1, "a", "map: 0 integers and 1 texts as keys, want int64" },
        { OFZ_F32, 1, 1, NULL, "map: keys of rank 1 and float32, want integers or text" },
        { OFZ_I4, 1, 1, NULL, "map: keys of rank 1 and int4, want integers or text" },
        { 99, 1, 1, NULL, "map: keys of type 99, want integers or text" },
        { 64, 1, 1, NULL, "map: keys of type 64, want integers or text" },
    };
    model_fixture *f = *state;
    ofz_tensor     t;
    ofz_bytes      deep = map_proto(OFZ_I64, NULL, 1, 1);

    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        ofz_bytes map = map_proto(row[i].key_type, row[i].words, row[i].key_count, row[i].count);

        assert_int_not_equal(read_back(f, &map, OFZ_KIND_MAP, &t), OFZ_OK);
        if (!strstr(ofz_error(f->ctx), row[i].error))
            fail_msg("got '%s', want '%s'", ofz_error(f->ctx), row[i].error);
    }
    for (int i = 0; i < 60; i++) { /* maps of sequences of maps of ... */
        ofz_bytes sequence = { 0 }, map = { 0 };

        ofz_bytes_message(&sequence, 6, &deep);
        ofz_bytes_varint(&map, 3, 1);
        ofz_bytes_message(&map, 5, &sequence);
        deep = map;
    }
    assert_int_equal(read_back(f, &deep, OFZ_KIND_MAP, &t), OFZ_E_LIMIT);
    assert_non_null(strstr(ofz_error(f->ctx), "messages nested deeper than 100"));
}

/* --- as arrays -------------------------------------------------------------------------------- */

static void expect_array(model_fixture *f, const ofz_arrays *arrays, const char *name,
                         const char *want)
{
    const ofz_tensor *t = ofz_arrays_tensor(arrays, name);

    if (!t) fail_msg("no array '%s'", name);
    expect_text(f, t, want);
}

static void test_spread(void **state)
{
    model_fixture *f = *state;
    ofz_arrays    *arrays;
    ofz_tensor     seq, odd, opt;

    assert_int_equal(ofz_arrays_new(f->ctx, &arrays), OFZ_OK);
    assert_int_equal(ofz_container_new(f->ctx, &seq, OFZ_SEQUENCE, 2), OFZ_OK);
    assert_int_equal(map_of(f, "I64[2] 1 2", "STRING[2] 'a' 'b'", ofz_container_item(&seq, 0)),
                     OFZ_OK);
    assert_int_equal(map_of(f, "I64[2] 2 1", "STRING[2] 'c' 'd'", ofz_container_item(&seq, 1)),
                     OFZ_OK);
    assert_int_equal(ofz_spread(f->ctx, arrays, "z", &seq), OFZ_OK);
    assert_int_equal(ofz_arrays_count(arrays), 2);
    expect_array(f, arrays, "z.keys", "I64[2] 1 2");
    expect_array(f, arrays, "z.values", "STRING[2,2] 'a' 'b' 'd' 'c'");
    ofz_tensor_release(&seq);

    assert_int_equal(ofz_container_new(f->ctx, &odd, OFZ_SEQUENCE, 2), OFZ_OK);
    assert_int_equal(map_of(f, "I64[1] 1", "F32[1] 5", ofz_container_item(&odd, 0)), OFZ_OK);
    assert_int_equal(map_of(f, "I64[1] 2", "F32[1] 6", ofz_container_item(&odd, 1)), OFZ_OK);
    assert_int_equal(ofz_spread(f->ctx, arrays, "y", &odd), OFZ_OK);
    expect_array(f, arrays, "y.0.keys", "I64[1] 1");
    expect_array(f, arrays, "y.1.values", "F32[1] 6");
    assert_int_equal(ofz_spread(f->ctx, arrays, "y", &odd), OFZ_E_ARG);

    assert_int_equal(ofz_container_new(f->ctx, &opt, OFZ_OPTIONAL, 1), OFZ_OK);
    ofz_tensor_share(ofz_container_item(&odd, 0), ofz_container_item(&opt, 0));
    assert_int_equal(ofz_spread(f->ctx, arrays, "o", &opt), OFZ_OK);
    expect_array(f, arrays, "o.values", "F32[1] 5");
    ofz_tensor_release(&opt);
    ofz_tensor_release(&odd);
    assert_int_equal(ofz_container_new(f->ctx, &opt, OFZ_OPTIONAL, 0), OFZ_OK);
    assert_int_equal(ofz_spread(f->ctx, arrays, "none", &opt), OFZ_OK);
    assert_int_equal(ofz_arrays_count(arrays), 8);
    ofz_tensor_release(&opt);
    ofz_arrays_free(arrays);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_make, model_setup, model_teardown),
        cmocka_unit_test_setup_teardown(test_compare_and_copy, model_setup, model_teardown),
        cmocka_unit_test_setup_teardown(test_read, model_setup, model_teardown),
        cmocka_unit_test_setup_teardown(test_read_errors, model_setup, model_teardown),
        cmocka_unit_test_setup_teardown(test_spread, model_setup, model_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
