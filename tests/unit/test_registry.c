/* test_registry.c - the tables of rows keep their own promises; what no row may call is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ops/op.h"

static void test_lint(void **state)
{
    ofz_ctx         *ctx = ofz_ctx_new();
    const ofz_status st  = ofz_ops_lint(ctx);

    (void)state;
    if (st) print_error("%s\n", ofz_error(ctx));
    assert_int_equal(st, OFZ_OK);
    ofz_ctx_free(ctx);
}

static void test_versions(void **state)
{
    (void)state;
    assert_null(ofz_op_find("", "Relu", 0));
    assert_int_equal(ofz_op_find("", "Relu", 13)->since, 13);
    assert_int_equal(ofz_op_find("", "Relu", 99)->since, 14);
    assert_null(ofz_op_find("", "relu", 13));
    assert_null(ofz_op_find("com.example", "Relu", 13));
    assert_null(ofz_op_find("", "Upsample", 10));
    assert_int_equal(ofz_op_find("", "Upsample", 9)->since, 9);
    assert_string_equal(ofz_op_withdrawn("", "Upsample", 99)->instead, "Resize");
    assert_null(ofz_op_withdrawn("", "Upsample", 9));
}

static void test_sorted(void **state)
{
    (void)state;
    for (size_t i = 1; i < ofz_op_count(); i++) {
        const ofz_op_info a = ofz_op_get(i - 1), b = ofz_op_get(i);
        const int         c =
            strcmp(a.domain, b.domain) ? strcmp(a.domain, b.domain) : strcmp(a.name, b.name);

        assert_true(c < 0 || (c == 0 && a.since < b.since));
    }
}

/* ONNX's field 1 of a GraphProto is a node; 7 is the domain, 4 the op_type. */
static void test_private_domain(void **state)
{
    static const unsigned char model[] = "\x08\x08\x3a\x13\x0a\x0e\x22\x05"
                                         "Relux\x3a\x03"
                                         "ofz\x12\x00\x12\x01g\x42\x02\x10\x0d";
    ofz_ctx                   *ctx     = ofz_ctx_new();
    ofz_model                 *m;

    (void)state;
    assert_int_equal(ofz_model_load_memory(ctx, model, sizeof model - 1, &m), OFZ_E_MODEL);
    assert_non_null(strstr(ofz_error(ctx), "domain 'ofz': private, not for files"));
    ofz_ctx_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lint),
        cmocka_unit_test(test_versions),
        cmocka_unit_test(test_sorted),
        cmocka_unit_test(test_private_domain),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
