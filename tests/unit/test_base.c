/* test_base.c - arenas, maps, narrow floats, random numbers, texts of errors. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/checked.h"
#include "base/half.h"
#include "base/map.h"
#include "base/rng.h"
#include "tensor/tensor.h"

static void test_arena(void **state)
{
    ofz_arena a = { 0 };
    char     *big;

    (void)state;
    for (int i = 0; i < 1000; i++) {
        unsigned char *p = ofz_arena_alloc(&a, (size_t)i);

        assert_non_null(p);
        assert_int_equal((uintptr_t)p % 16, 0);
        for (int k = 0; k < i; k++) assert_int_equal(p[k], 0);
        memset(p, 0xff, (size_t)i);
    }
    big = ofz_arena_alloc(&a, 5 << 20);
    assert_non_null(big);
    assert_null(ofz_arena_alloc(&a, SIZE_MAX - 3));
    assert_null(ofz_arena_array(&a, SIZE_MAX / 2, 3));
    assert_string_equal(ofz_arena_printf(&a, "%d-%s", 7, "x"), "7-x");
    ofz_arena_free(&a);
}

static void test_map(void **state)
{
    enum { COUNT = 5000 };
    static char key[COUNT][16];
    ofz_map     m = { 0 };

    (void)state;
    assert_null(ofz_map_get(&m, "nothing"));
    assert_false(ofz_map_remove(&m, "nothing"));
    for (int i = 0; i < COUNT; i++) {
        snprintf(key[i], sizeof key[i], "key%d", i);
        assert_true(ofz_map_put(&m, key[i], key[i]));
    }
    for (int i = 0; i < COUNT; i += 2) assert_true(ofz_map_remove(&m, key[i]));
    for (int i = 0; i < COUNT; i++)
        assert_ptr_equal(ofz_map_get(&m, key[i]), i % 2 ? key[i] : NULL);
    assert_int_equal(m.count, COUNT / 2);
    ofz_map_free(&m);
}

/* Every bit pattern of every narrow format decodes to a number that encodes to itself. */
static void test_minifloat_round_trip(void **state)
{
    const ofz_minifloat *const f[] = { &ofz_f16,    &ofz_bf16,       &ofz_f8e4m3fn, &ofz_f8e4m3fnuz,
                                       &ofz_f8e5m2, &ofz_f8e5m2fnuz, &ofz_f4e2m1 };

    (void)state;
    for (size_t k = 0; k < sizeof f / sizeof f[0]; k++)
        for (unsigned b = 0; b < 1u << (1 + f[k]->exp + f[k]->man); b++) {
            const float x = ofz_minifloat_decode(f[k], b);

            if (isnan(x))
                assert_true(isnan(ofz_minifloat_decode(f[k], ofz_minifloat_encode(f[k], x, true))));
            else
                assert_int_equal(ofz_minifloat_encode(f[k], x, false), b);
        }
    for (unsigned b = 0; b < 1u << 16; b++) {
        const float x = ofz_bf16_decode((uint16_t)b);

        if (!isnan(x)) assert_int_equal(ofz_bf16_encode(x), b);
    }
    for (unsigned b = 0; b < 255; b++)
        assert_int_equal(ofz_e8m0_encode(ofz_e8m0_decode((uint8_t)b), OFZ_E8M0_UP, true), b);
}

static void test_minifloat_rounding(void **state)
{
    static const struct {
        const ofz_minifloat *f;
        double               x;
        bool                 saturate;
        unsigned             bits;
    } row[] = {
        { &ofz_f16, 65504, false, 0x7bff },
        { &ofz_f16, 65519.99, false, 0x7bff },
        { &ofz_f16, 65520, false, 0x7c00 }, /* halfway to 65536 goes to the even: infinity */
        { &ofz_f16, 0x1p-25, false, 0 },    /* half of the smallest, tie to even */
        { &ofz_f16, 0x1.8p-25, false, 1 },
        { &ofz_f16, 1 + 0x1p-11, false, 0x3c00 },
        { &ofz_f16, 1 + 0x3p-11, false, 0x3c02 },
        { &ofz_f16, -INFINITY, false, 0xfc00 },
        { &ofz_f8e4m3fn, 448, false, 0x7e },
        { &ofz_f8e4m3fn, 1e6, true, 0x7e },
        { &ofz_f8e4m3fn, 1e6, false, 0x7f },
        { &ofz_f8e4m3fnuz, -0.0, false, 0 }, /* its bit pattern would be NaN */
        { &ofz_f8e4m3fnuz, INFINITY, false, 0x80 },
        { &ofz_f8e5m2, 1e6, false, 0x7c },
        { &ofz_f4e2m1, 100, false, 7 },
        { &ofz_f4e2m1, 2.5, false, 4 },   /* between 2 and 3, to even */
        { &ofz_f4e2m1, -0.25, false, 8 }, /* between 0 and 0.5, to even, sign kept */
    };

    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++)
        assert_int_equal(ofz_minifloat_encode(row[i].f, row[i].x, row[i].saturate), row[i].bits);
    assert_int_equal(ofz_e8m0_encode(3, OFZ_E8M0_UP, true), 129);
    assert_int_equal(ofz_e8m0_encode(3, OFZ_E8M0_DOWN, true), 128);
    assert_int_equal(ofz_e8m0_encode(2.9f, OFZ_E8M0_NEAREST, true), 128);
}

/* Expected numbers: numpy 1.24, RandomState(42).random_sample(3). */
static void test_random(void **state)
{
    static const double numpy[] = { 0.3745401188473625, 0.9507143064099162, 0.7319939418114051 };
    ofz_mt19937         m;
    ofz_rng             a, b;
    int64_t             order[100];
    bool                seen[100] = { false };

    (void)state;
    ofz_mt19937_seed(&m, 42);
    for (int i = 0; i < 3; i++) assert_true(ofz_mt19937_double(&m) == numpy[i]);
    ofz_rng_seed(&a, 7);
    b = a;
    for (int i = 0; i < 1000; i++) {
        const double x = ofz_rng_double(&a);

        assert_true(x >= 0 && x < 1 && x == ofz_rng_double(&b));
        assert_true(ofz_rng_below(&a, 7) < 7);
        b = a;
    }
    for (int i = 0; i < 100; i++) order[i] = i;
    ofz_rng_shuffle(&a, order, 100);
    for (int i = 0; i < 100; i++) seen[order[i]] = true;
    for (int i = 0; i < 100; i++) assert_true(seen[i]);
}

static void test_error_text(void **state)
{
    ofz_ctx   *ctx = ofz_ctx_new();
    ofz_status st;
    char       longer[2000];

    (void)state;
    st = ofz_fail(ctx, OFZ_E_MODEL, "name '%s'", "a\nb\x1b[2J");
    assert_string_equal(ofz_error(ctx), "name 'a?b?[2J'");
    st = ofz_at(ctx, st, "node '%s'", "n");
    assert_int_equal(st, OFZ_E_MODEL);
    assert_string_equal(ofz_error(ctx), "node 'n': name 'a?b?[2J'");
    assert_string_equal(ofz_error_hint(ctx), "");
    st = ofz_fix(ctx, st, "do %s", "this");
    assert_string_equal(ofz_error_hint(ctx), "do this");
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    assert_int_equal(ofz_fail(ctx, OFZ_E_IO, "%s", longer), OFZ_E_IO);
    assert_true(strlen(ofz_error(ctx)) < 1024);
    ofz_ctx_free(ctx);
}

static void test_elements(void **state)
{
    uint8_t packed[2] = { 0 };
    int64_t shape[2]  = { INT64_MAX, 2 }, n;
    size_t  size;

    (void)state;
    for (int i = 0; i < 4; i++) ofz_elem_set_i64(OFZ_I4, packed, i, i - 2);
    for (int i = 0; i < 4; i++) assert_int_equal(ofz_elem_i64(OFZ_I4, packed, i), i - 2);
    assert_int_equal(packed[0], 0xfe); /* first element in the low nibble */
    assert_true(ofz_dtype_size(OFZ_I4, 3, &size) && size == 2);
    assert_true(ofz_dtype_size(OFZ_U2, 5, &size) && size == 2);
    assert_false(ofz_dtype_size(OFZ_F64, INT64_MAX / 2, &size));
    assert_false(ofz_mul(shape[0], shape[1], &n));
    assert_string_equal(ofz_dtype_name((ofz_dtype)77), "undefined");
    assert_true(ofz_elem_i64(OFZ_F32, &(float){ NAN }, 0) == 0);
    assert_true(ofz_elem_i64(OFZ_F32, &(float){ INFINITY }, 0) == INT64_MAX);
}

static void test_tensors(void **state)
{
    ofz_ctx   *ctx = ofz_ctx_new();
    ofz_tensor t, u;
    int64_t    dim[OFZ_MAX_RANK + 1] = { 0 }, a[] = { 2, 1, 4 }, b[] = { 3, 1 }, out[OFZ_MAX_RANK];
    int        rank;
    ofz_comparison diff;

    (void)state;
    assert_int_equal(ofz_tensor_set(ctx, &t, OFZ_F32, OFZ_MAX_RANK + 1, dim), OFZ_E_LIMIT);
    dim[0] = dim[1] = INT64_MAX;
    assert_int_equal(ofz_tensor_set(ctx, &t, OFZ_F32, 2, dim), OFZ_E_LIMIT);
    dim[1] = 0; /* a zero makes the huge one harmless */
    assert_int_equal(ofz_tensor_set(ctx, &t, OFZ_F32, 2, dim), OFZ_OK);
    assert_int_equal(t.count, 0);
    dim[0] = (int64_t)1 << 40;
    assert_int_equal(ofz_tensor_new(ctx, &t, OFZ_F32, 1, dim), OFZ_E_LIMIT);
    assert_int_equal(ofz_broadcast(ctx, 3, a, 2, b, OFZ_SYMBOL(5), &rank, out), OFZ_OK);
    assert_true(rank == 3 && out[0] == 2 && out[1] == 3 && out[2] == 4);
    a[1] = 5;
    assert_int_equal(ofz_broadcast(ctx, 3, a, 2, b, OFZ_SYMBOL(5), &rank, out), OFZ_E_MODEL);
    assert_string_equal(ofz_error(ctx), "shapes [2, 5, 4] and [3, 1]: do not broadcast");
    a[1] = OFZ_SYMBOL(1);
    b[0] = OFZ_SYMBOL(2);
    assert_int_equal(ofz_broadcast(ctx, 3, a, 2, b, OFZ_SYMBOL(50), &rank, out), OFZ_OK);
    assert_true(out[1] == OFZ_SYMBOL(51));
    dim[0] = 2;
    assert_int_equal(ofz_tensor_new(ctx, &t, OFZ_F32, 1, dim), OFZ_OK);
    ((float *)t.data)[0] = NAN;
    ((float *)t.data)[1] = 1;
    assert_int_equal(ofz_tensor_copy(ctx, &t, &u), OFZ_OK);
    ((float *)u.data)[1] = 1.0005f;
    assert_true(ofz_tensor_compare(&t, &u, 1e-3, 0, &diff));
    assert_true(diff.bad_count == 0 && diff.changed_count == 1);
    assert_true(ofz_tensor_compare(&t, &u, 1e-4, 0, &diff));
    assert_true(diff.bad_count == 1 && diff.first_bad == 1);
    ofz_tensor_release(&t);
    ofz_tensor_release(&u);
    ofz_ctx_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_arena),
        cmocka_unit_test(test_map),
        cmocka_unit_test(test_minifloat_round_trip),
        cmocka_unit_test(test_minifloat_rounding),
        cmocka_unit_test(test_random),
        cmocka_unit_test(test_error_text),
        cmocka_unit_test(test_elements),
        cmocka_unit_test(test_tensors),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
