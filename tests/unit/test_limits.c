/* test_limits.c - limits by number, and what counts against those of memory and work. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "exec/exec.h"
#include "graph_text.h"

static void test_values(void **state)
{
    static const struct {
        ofz_limit limit;
        uint64_t  most;
    } rows[] = {
        { OFZ_LIMIT_DEPTH, 1000 },          { OFZ_LIMIT_TENSOR, PTRDIFF_MAX },
        { OFZ_LIMIT_FIELDS, PTRDIFF_MAX },  { OFZ_LIMIT_STRUCTURE, PTRDIFF_MAX },
        { OFZ_LIMIT_INLINED, PTRDIFF_MAX }, { OFZ_LIMIT_LOOP, INT64_MAX },
        { OFZ_LIMIT_MEMORY, SIZE_MAX },     { OFZ_LIMIT_WORK, INT64_MAX },
    };
    ofz_ctx *ctx = ofz_ctx_new();

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_true(ofz_ctx_get_limit(ctx, rows[i].limit) > 0);
        assert_int_equal(ofz_ctx_set_limit(ctx, rows[i].limit, 0), OFZ_E_ARG);
        assert_int_equal(ofz_ctx_set_limit(ctx, rows[i].limit, 7), OFZ_OK);
        assert_int_equal(ofz_ctx_get_limit(ctx, rows[i].limit), 7);
        assert_int_equal(ofz_ctx_set_limit(ctx, rows[i].limit, rows[i].most), OFZ_OK);
        if (rows[i].most < UINT64_MAX)
            assert_int_equal(ofz_ctx_set_limit(ctx, rows[i].limit, rows[i].most + 1), OFZ_E_ARG);
        assert_true(ofz_ctx_get_limit(ctx, rows[i].limit) == rows[i].most);
    }
    assert_int_equal(ofz_ctx_set_limit(ctx, OFZ_LIMIT_DEPTH, 1001), OFZ_E_ARG);
    assert_string_equal(ofz_error(ctx), "limit: 1001, want 1 to 1000");
    assert_int_equal(ofz_ctx_set_limit(ctx, (ofz_limit)99, 1), OFZ_E_ARG);
    assert_string_equal(ofz_error(ctx), "limit 99: no such limit");
    ofz_ctx_free(ctx);
}

/* What is released counts no more, and a tensor may outlive its ctx. */
static void test_memory(void **state)
{
    const int64_t dim[1] = { 250 };
    ofz_ctx      *ctx    = ofz_ctx_new();
    ofz_tensor    a, b;

    (void)state;
    assert_int_equal(ofz_ctx_set_limit(ctx, OFZ_LIMIT_MEMORY, 1999), OFZ_OK);
    assert_int_equal(ofz_tensor_new(ctx, &a, OFZ_F32, 1, dim), OFZ_OK);
    assert_int_equal(ofz_tensor_new(ctx, &b, OFZ_F32, 1, dim), OFZ_E_LIMIT);
    assert_string_equal(ofz_error(ctx), "tensor: 1000 bytes more, want at most 1999 in all");
    ofz_tensor_share(&a, &b);
    ofz_tensor_release(&a);
    assert_int_equal(ofz_tensor_new(ctx, &a, OFZ_F32, 1, dim), OFZ_E_LIMIT);
    ofz_tensor_release(&b);
    assert_int_equal(ofz_tensor_new(ctx, &a, OFZ_F32, 1, dim), OFZ_OK);
    ofz_ctx_free(ctx);
    ofz_tensor_release(&a);
}

/* Each run has the whole budget; those of subgraphs share it. */
static void test_work(void **state)
{
    static const struct {
        const char *trips;
        int64_t     work;
        const char *error;
    } rows[] = {
        { "I64[] 3", 10000, NULL },
        { "I64[] 30", 100, "run: more than 100 elements to work on" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        graph_make k;
        ofz_graph *body;

        graph_make_init(&k);
        text_constant(&k, "n", rows[i].trips);
        text_constant(&k, "c", "BOOL[] 1");
        text_constant(&k, "x", "F32[1] 1");
        body = text_body(&k, "i go s");
        text_node(&k, "Add", "s s", "t", NULL);
        text_node(&k, "Identity", "go", "on", NULL);
        text_body_end(&k, "on t");
        text_node_bodies(&k, "Loop", "n c x", "y", NULL, "body", body, NULL, NULL);
        k.ctx->limits.work_count = rows[i].work;
        if (rows[i].error)
            text_expect_error(&k, "y", OFZ_E_LIMIT, rows[i].error);
        else
            text_expect(&k, "y", "F32[1] 8");
        graph_make_free(&k);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_work),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
