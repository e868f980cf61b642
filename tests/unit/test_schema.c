/* test_schema.c - the rows against the schemas: same arity, same attributes, same defaults; and what the
 * schemas' notation means. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ops/op.h"

/* --- rows --------------------------------------------------------------------------------------- */

/* Where the rows differ from the letter, and why. */
static const struct {
    const char *op;
    int         since;
    const char *what, *why;
} tolerated[] = {
    { "GRU", 1, "direction", "the schema's default is misspelt 'foward'" },
    { "GRU", 1, "outputs", "with output_sequence=0 there is no Y; as in RNN-1 it may be left out" },
    { "RegexFullMatch", 20, "pattern", "without one there is nothing to match" },
    { "Resize", 11, "inputs", "exporters leave roi out where the mode does not read it" },
};

static int is_tolerated(const ofz_op *op, const char *what, size_t size)
{
    for (size_t i = 0; i < sizeof tolerated / sizeof tolerated[0]; i++)
        if (!strcmp(tolerated[i].op, op->name) && tolerated[i].since == op->since &&
            strlen(tolerated[i].what) == size && !memcmp(tolerated[i].what, what, size))
            return 1;
    return 0;
}

static const ofz_attr_def *row_attr(const ofz_op *op, const ofz_schema_attr *a)
{
    for (const ofz_attr_def *d = op->attr; d && d->name; d++)
        if (strlen(d->name) == (size_t)a->name_size &&
            !memcmp(d->name, a->name, (size_t)a->name_size))
            return d;
    return NULL;
}

static int same_default(const ofz_attr_def *d, const ofz_schema_attr *a)
{
    const char *s = d->s ? d->s : "";

    if (!a->value || d->offset == OFZ_ATTR_IGNORED) return 1;
    switch (a->type) {
    case OFZ_ATTR_FLOAT:
        return strtof(a->value, NULL) == d->f;
    case OFZ_ATTR_INT:
        return strtoll(a->value, NULL, 10) == d->i;
    case OFZ_ATTR_STRING:
        return (size_t)a->value_size == strlen(s) + 2 && !memcmp(a->value + 1, s, strlen(s));
    default:
        return 1; /* a row's code supplies defaults that are lists */
    }
}

static int attrs_agree(const ofz_op *op, const ofz_schema *s)
{
    const char     *cursor = s->attrs;
    ofz_schema_attr a;
    int             bad = 0, count = 0, own = 0;

    for (; ofz_schema_attr_next(&cursor, &a); count++) {
        const ofz_attr_def *d = row_attr(op, &a);

        if (is_tolerated(op, a.name, (size_t)a.name_size) ||
            (d && d->type == a.type && d->required == a.required && same_default(d, &a)))
            continue;
        print_error("%s-%d: attribute %.*s: %s\n", op->name, op->since, a.name_size, a.name,
                    !d                          ? "missing in the row"
                    : d->type != a.type         ? "another type"
                    : d->required != a.required ? "required or not"
                                                : "another default");
        bad++;
    }
    assert_int_equal(*cursor, 0);
    for (const ofz_attr_def *d = op->attr; d && d->name; d++) own++;
    if (own > count)
        print_error("%s-%d: %d attributes, want %d\n", op->name, op->since, own, count);
    return bad + (own > count);
}

/* Fewest and most of the formals [0, count). */
static ofz_arity formals_arity(const ofz_formal *f, int count)
{
    ofz_arity a = { 0, (uint16_t)count };

    for (int i = 0; i < count; i++) {
        if (f[i].variadic) a.max = OFZ_VARIADIC;
        if (f[i].variadic ? f[i].least : !f[i].optional) a.min = (uint16_t)(i + 1);
    }
    return a;
}

static int arity_agrees(const ofz_op *op, const char *what, ofz_arity got, ofz_arity want)
{
    if (got.min == want.min && got.max == want.max) return 1;
    if (is_tolerated(op, what, strlen(what))) return 1;
    print_error("%s-%d: %s: %d to %d, want %d to %d\n", op->name, op->since, what, got.min, got.max,
                want.min, want.max);
    return 0;
}

static void test_rows(void **state)
{
    const ofz_op *op;
    int           bad = 0;

    (void)state;
    for (size_t i = 0; (op = ofz_op_at(i)); i++) {
        const char       *domain = op->domain ? op->domain : "";
        const ofz_schema *s      = ofz_schema_find(domain, op->name, op->since);
        ofz_signature     g;

        if (!strcmp(domain, "ofz") || !strcmp(domain, "com.microsoft") || op->instead)
            continue; /* not ONNX's, or withdrawn: nothing to ask for */
        if (!s && op->since == 1 && strstr(op->name, "LayerNormalization"))
            continue; /* ONNX Runtime's, and yet in ONNX's domain, at any version */
        if (!s) {
            print_error("%s-%d: no such version\n", op->name, op->since);
            bad++;
            continue;
        }
        assert_true(ofz_signature_read(s, &g));
        bad += attrs_agree(op, s);
        bad += !arity_agrees(op, "inputs", op->in, formals_arity(g.formal, g.in_count));
        bad += !arity_agrees(op, "outputs", op->out,
                             formals_arity(g.formal + g.in_count, g.out_count));
    }
    if (bad) fail_msg("%d differences", bad);
}

/* A limit speaks of a version that there is. */
static void test_limits(void **state)
{
    static const struct {
        const char *domain, *name;
        int         from;
    } limits[] = {
#define LIMIT(domain, name, from, text) { domain, name, from },
#include "ops/limits.def"
#undef LIMIT
    };

    (void)state;
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        const ofz_op *op = ofz_op_find(limits[i].domain, limits[i].name, limits[i].from);

        if (!op) fail_msg("%s-%d: no such version", limits[i].name, limits[i].from);
        assert_int_equal(op->since, limits[i].from);
        assert_non_null(ofz_op_limit(op));
    }
    assert_null(ofz_op_limit(ofz_op_find("", "Relu", 14)));
}

/* --- the notation ------------------------------------------------------------------------------- */

static ofz_signature signature_of(const char *domain, const char *name, int since)
{
    ofz_signature s;

    assert_true(ofz_signature_read(ofz_schema_find(domain, name, since), &s));
    return s;
}

static void test_notation(void **state)
{
    char              text[OFZ_SCHEMA_TYPES_TEXT];
    ofz_signature     s = signature_of("", "Conv", 11);
    const ofz_formal *f = ofz_signature_in(&s, 2);

    (void)state;
    assert_int_equal(s.in_count, 3);
    assert_int_equal(s.out_count, 1);
    assert_true(f->optional && !f->variadic && f->variable == 0);
    assert_memory_equal(f->name, "B", 1);
    assert_string_equal(ofz_types_text(text, &f->types), "float16, float32 or float64");
    assert_null(ofz_signature_in(&s, 3));
    s = signature_of("", "Loop", 13);
    f = ofz_signature_in(&s, 40);
    assert_true(f->variadic && f->each && f->least == 0);
    assert_string_equal(ofz_types_text(text, &f->types),
                        "floats, ints, uints, complexes, bool, string or a sequence");
    s = signature_of("", "Identity", 16);
    assert_true(s.formal[0].types.optional_seq && s.formal[0].types.optional &&
                s.formal[0].types.seq);
    s = signature_of("ai.onnx.ml", "ZipMap", 1);
    assert_true(s.formal[1].types.seq_map && !s.formal[1].types.seq);
    assert_int_equal(ofz_signature_in(&s, 0)->types.tensor, 1u << OFZ_F32);
    assert_null(ofz_schema_find("", "Conv", 12));
    assert_null(ofz_schema_find("ai.onnx.ml", "Conv", 11));
    assert_true(ofz_schema_find("", "Upsample", 10)->deprecated);
}

static void test_malformed(void **state)
{
    static const ofz_schema bad[] = {
        { "", "X", 1, false, "X:T -> Y:T", "T = float99", "" },
        { "", "X", 1, false, "X:T -> Y:U", "T = floats", "" },
        { "", "X", 1, false, "X:T Y:T", "T = floats", "" },
        { "", "X", 1, false, "X -> Y:T", "T = floats", "" },
        { "", "X", 1, false, "X:T -> Y:T", "T floats", "" },
        { "", "X", 1, false, "X:T -> Y:T", "T = list(floats)", "" },
        { "", "X", 1, false, "X:T -> Y:T", "T = seq(floats", "" },
    };
    ofz_signature s;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(ofz_signature_read(&bad[i], &s));
}

/* Types of inputs, as dtypes, and what is said of them. */
static void test_check(void **state)
{
    static const struct {
        const char *op;
        int         since;
        ofz_dtype   in[3];
        ofz_dtype   out; /* what follows for output 0 */
        const char *error;
    } cases[] = {
        { "Add", 14, { OFZ_I32, OFZ_I32 }, OFZ_I32, NULL },
        { "Add", 14, { OFZ_UNDEFINED, OFZ_I32 }, OFZ_I32, NULL },
        { "Add", 14, { OFZ_UNDEFINED, OFZ_UNDEFINED }, OFZ_UNDEFINED, NULL },
        { "Equal", 13, { OFZ_F32, OFZ_F32 }, OFZ_BOOL, NULL },
        { "Add",
          7,
          { OFZ_I8 },
          OFZ_UNDEFINED,
          "input 0 (A): int8, want float16, float32, float64, int32, int64, uint32 or uint64" },
        { "Add",
          14,
          { OFZ_I32, OFZ_F32 },
          OFZ_UNDEFINED,
          "input 1 (B): float32, want int32 as input 0 (A)" },
        { "Loop", 13, { OFZ_F32 }, OFZ_UNDEFINED, "input 0 (M): float32, want int64" },
        { "Loop", 13, { OFZ_I64, OFZ_BOOL, OFZ_SEQUENCE }, OFZ_UNDEFINED, NULL },
        { "Relu", 14, { OFZ_SEQUENCE }, OFZ_UNDEFINED, "input 0 (X): sequence, want float16" },
        /* an optional may come as what it holds */
        { "OptionalHasElement", 15, { OFZ_SEQUENCE }, OFZ_BOOL, NULL },
        { "OptionalHasElement", 15, { OFZ_F32 }, OFZ_BOOL, NULL },
        { "OptionalHasElement", 15, { OFZ_BF16 }, OFZ_BOOL, "input 0 (input): bfloat16, want" },
    };
    ofz_ctx *ctx = ofz_ctx_new();

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const ofz_signature s = signature_of("", cases[i].op, cases[i].since);
        ofz_variable_type   bound[OFZ_SCHEMA_VARIABLES];
        ofz_tensor          t[3]  = { 0 };
        const ofz_tensor   *in[3] = { &t[0], &t[1], &t[2] };
        ofz_status          st;

        for (int k = 0; k < 3; k++) t[k].dtype = cases[i].in[k];
        st = ofz_signature_check(ctx, &s, in, 3, bound);
        if (cases[i].error) {
            assert_int_equal(st, OFZ_E_MODEL);
            assert_non_null(strstr(ofz_error(ctx), cases[i].error));
            continue;
        }
        assert_int_equal(st, OFZ_OK);
        assert_int_equal(ofz_signature_output(&s, 0, bound), cases[i].out);
        t[0].dtype = OFZ_STRING;
        if (cases[i].out)
            assert_int_equal(ofz_signature_check_output(ctx, &s, 0, &t[0], bound), OFZ_E_MODEL);
    }
    ofz_ctx_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),     cmocka_unit_test(test_limits),
        cmocka_unit_test(test_notation), cmocka_unit_test(test_malformed),
        cmocka_unit_test(test_check),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
