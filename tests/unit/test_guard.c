/* test_guard.c - wire bytes that must be refused, and what the guard makes of good ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model/guard.h"
#include "model/wire.h"
#include "model_build.h"

static ofz_status guard(ofz_ctx *ctx, const void *data, size_t size, ofz_guarded *out)
{
    const ofz_file file = { .data = data, .size = size, .fd = -1 };

    return ofz_guard(ctx, &file, OFZ_ORIGIN_MODEL, out);
}

/* --- refused ---------------------------------------------------------------------------------- */

#define BYTES(text) text, sizeof(text) - 1

static const struct {
    const char *bytes;
    size_t      size;
    const char *error;
} refused[] = {
    { BYTES("\x08"), "byte 0, in a ModelProto: cut off in a number" },
    { BYTES("\x08\x80"), "byte 0, in a ModelProto: cut off in a number" },
    { BYTES("\x08\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01"), "more than 64 bits" },
    { BYTES("\x08\x80\x80\x80\x80\x80\x80\x80\x80\x80\x02"), "more than 64 bits" },
    { BYTES("\x00\x01"), "field number 0" },
    { BYTES("\x80\x80\x80\x80\x10\x01"), "a field number above 2^29 - 1" },
    { BYTES("\x0b\x0c"), "a group" },
    { BYTES("\x0c"), "a group" },
    { BYTES("\x0e\x01"), "an undefined wire type" },
    { BYTES("\x12\x05"
            "ab"),
      "a field longer than what holds it" },
    { BYTES("\x12\x03"
            "a\0b"),
      "a text with a NUL byte" },
    { BYTES("\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), "a field longer than what holds it" },
    { BYTES("\x38\x01"), "field 'graph' has wire type 0, want 2" },
    { BYTES("\x0a\x01\x01"), "field 'ir_version' has wire type 2, want 0" },
    { BYTES("\x3a\x00\x3a\x00"), "the same single message a second time" },
    { BYTES("\x3a\x02\x0a\x05"), "in a GraphProto: a field longer than what holds it" },
    { BYTES("\xf9\x01\x00\x00"), "cut off in a field" }, /* an unknown field of 8 bytes */
    { BYTES("\x3a\x07\x2a\x05\x0a\x03\x80\x80\x80"), "cut off in a number" }, /* packed dims */
    { BYTES("\x3a\x09\x0a\x07\x2a\x05\x3a\x03\x01\x02\x03"), "ends inside a number" }, /* floats */
};

static void test_refused(void **state)
{
    ofz_ctx *ctx = ofz_ctx_new();

    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        ofz_guarded g;

        if (guard(ctx, refused[i].bytes, refused[i].size, &g) != OFZ_E_PARSE ||
            !strstr(ofz_error(ctx), refused[i].error))
            fail_msg("case %zu: got '%s', want '%s'", i, ofz_error(ctx), refused[i].error);
    }
    ofz_ctx_free(ctx);
}

/* --- accepted --------------------------------------------------------------------------------- */

static const struct {
    const char *bytes;
    size_t      size;
} accepted[] = {
    { BYTES("") },
    { BYTES("\x08\x88\x80\x00") },                         /* a number longer than it need be */
    { BYTES("\x08\x01\x08\x02") },                         /* a scalar twice */
    { BYTES("\x12\x02\xff\xfe") },                         /* a text that is not UTF-8 */
    { BYTES("\xfa\x01\x02\x0b\x00") },                     /* an unknown field, whatever it holds */
    { BYTES("\x3a\x04\x2a\x02\x0a\x00") },                 /* packed, and nothing in it */
    { BYTES("\x3a\x08\x2a\x06\x0a\x02\x01\x02\x08\x03") }, /* dims packed and not */
};

static void test_accepted(void **state)
{
    ofz_ctx *ctx = ofz_ctx_new();

    (void)state;
    for (size_t i = 0; i < sizeof accepted / sizeof accepted[0]; i++) {
        ofz_guarded g;

        if (guard(ctx, accepted[i].bytes, accepted[i].size, &g))
            fail_msg("case %zu: %s", i, ofz_error(ctx));
        ofz_guarded_free(&g);
    }
    ofz_ctx_free(ctx);
}

/* --- depth ------------------------------------------------------------------------------------ */

/* `levels` graphs, each in an attribute of a node of the one around it. */
static ofz_bytes nested(int levels)
{
    ofz_bytes graph = { 0 };

    for (int i = 0; i < levels; i++) {
        ofz_bytes attribute = { 0 }, node = { 0 }, outer = { 0 };

        ofz_bytes_message(&attribute, 6, &graph);
        ofz_bytes_message(&node, 5, &attribute);
        ofz_bytes_message(&outer, 1, &node);
        graph = outer;
    }
    return graph;
}

static void test_depth(void **state)
{
    ofz_ctx *ctx = ofz_ctx_new();

    (void)state;
    for (int levels = 30; levels <= 3000; levels = levels < 40 ? levels + 1 : levels * 2) {
        ofz_bytes   graph = nested(levels), model = { 0 };
        ofz_guarded g;
        ofz_status  st;

        ofz_bytes_message(&model, 7, &graph);
        st = guard(ctx, model.data, model.size, &g);
        free(model.data);
        /* a model, a graph, and three messages for each further graph */
        if (2 + 3 * levels <= 100) {
            assert_int_equal(st, OFZ_OK);
            ofz_guarded_free(&g);
        } else {
            assert_int_equal(st, OFZ_E_LIMIT);
            assert_non_null(strstr(ofz_error(ctx), "messages nested deeper than 100"));
        }
    }
    ofz_ctx_free(ctx);
}

/* --- budgets ---------------------------------------------------------------------------------- */

static void test_budgets(void **state)
{
    ofz_ctx    *ctx   = ofz_ctx_new();
    ofz_bytes   graph = { 0 }, model = { 0 };
    ofz_guarded g;

    (void)state;
    for (int i = 0; i < 1000; i++) ofz_bytes_put(&graph, "\x0a\x00", 2);
    ofz_bytes_message(&model, 7, &graph);
    assert_int_equal(guard(ctx, model.data, model.size, &g), OFZ_OK);
    ofz_guarded_free(&g);
    ctx->limits.structure_count = 1000;
    assert_int_equal(guard(ctx, model.data, model.size, &g), OFZ_E_LIMIT);
    assert_string_equal(ofz_error(ctx), "model: more than 1000 fields");
    ctx->limits.structure_count = 1 << 20;
    ctx->limits.structure_size  = 100000; /* two bytes in the file, some two hundred in memory */
    assert_int_equal(guard(ctx, model.data, model.size, &g), OFZ_E_LIMIT);
    assert_non_null(strstr(ofz_error(ctx), "needs more than 100000 bytes"));
    free(model.data);
    ofz_ctx_free(ctx);
}

/* --- the skeleton ----------------------------------------------------------------------------- */

static void test_skeleton(void **state)
{
    static const int64_t dim[]  = { 1000, 250 };
    ofz_ctx             *ctx    = ofz_ctx_new();
    uint8_t             *weight = calloc(1000000, 1);
    ofz_bytes            tensor = { 0 }, model;
    ofz_guarded          g;
    const ofz_origin    *o = NULL;

    (void)state;
    ofz_test_tensor(&tensor, "w", 1, 2, dim);
    ofz_bytes_field(&tensor, 9, weight, 1000000);
    ofz_bytes_text(&tensor, 12, "a comment");
    ofz_bytes_varint(&tensor, OFZ_ORIGIN_FIELD, 77); /* unknown to ONNX: must not be believed */
    model = ofz_test_model(&tensor);
    assert_int_equal(guard(ctx, model.data, model.size, &g), OFZ_OK);
    assert_true(g.skeleton_size < 200);
    for (size_t i = 0; i < g.origin_count; i++) {
        assert_true(g.origin[i].parent < (int)i);
        if (g.origin[i].kind == OFZ_ORIGIN_TENSOR) o = &g.origin[i];
    }
    assert_non_null(o);
    assert_int_equal(o->number, 5);
    assert_int_equal(model.data[o->tag], 5 << 3 | 2);
    assert_true(o->end - o->begin > 1000000 && o->end <= model.size);
    assert_int_equal(g.origin[o->parent].kind, OFZ_ORIGIN_GRAPH);
    ofz_guarded_free(&g);
    free(model.data);
    free(weight);
    ofz_ctx_free(ctx);
}

/* --- numbers ---------------------------------------------------------------------------------- */

static void test_varints(void **state)
{
    static const uint64_t number[] = { 0,          1,          127,        128,       16383, 16384,
                                       UINT32_MAX, 1ull << 63, UINT64_MAX, INT64_MAX, 300,   5 };

    (void)state;
    for (size_t i = 0; i < sizeof number / sizeof number[0]; i++) {
        uint8_t      buf[10];
        const size_t n = ofz_wire_put_varint(buf, number[i]);
        ofz_wire     w = { buf, buf + n, NULL };
        uint64_t     x;

        assert_int_equal(n, ofz_wire_varint_size(number[i]));
        assert_true(ofz_wire_varint(&w, &x));
        assert_true(x == number[i] && w.p == w.end);
        w = (ofz_wire){ buf, buf + n - 1, NULL };
        assert_false(ofz_wire_varint(&w, &x));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refused),  cmocka_unit_test(test_accepted),
        cmocka_unit_test(test_depth),    cmocka_unit_test(test_budgets),
        cmocka_unit_test(test_skeleton), cmocka_unit_test(test_varints),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
