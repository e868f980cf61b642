/* test_ops_types.c - every row that moves elements serves every element type that its version has: the
 * same movements, written once in terms of places and told in the elements of each type. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "op_harness.h"
#include "ops/op.h"

/* Six different elements of each type (four, or two, where it has no more). Element 0 is what padding
 * and zeroing put there. */
typedef struct alphabet {
    const char *type;
    const char *letter[6];
} alphabet;

static const alphabet types[] = {
    { "F32", { "0", "1.5", "-2", "inf", "4", "5" } },
    { "F64", { "0", "1.5", "-2", "inf", "4", "5" } },
    { "F16", { "0", "1.5", "-2", "inf", "4", "5" } },
    { "BF16", { "0", "1.5", "-2", "inf", "4", "5" } },
    { "F8E4M3FN", { "0", "1.5", "-2", "3", "4", "5" } },
    { "F8E4M3FNUZ", { "0", "1.5", "-2", "3", "4", "5" } },
    { "F8E5M2", { "0", "1.5", "-2", "3", "4", "5" } },
    { "F8E5M2FNUZ", { "0", "1.5", "-2", "3", "4", "5" } },
    { "F4E2M1", { "0", "1.5", "-2", "3", "4", "6" } },
    { "I8", { "0", "1", "-2", "3", "127", "-128" } },
    { "I16", { "0", "1", "-2", "3", "32767", "-32768" } },
    { "I32", { "0", "1", "-2", "3", "2147483647", "5" } },
    { "I64", { "0", "1", "-2", "3", "9223372036854775807", "5" } },
    { "U8", { "0", "1", "2", "3", "255", "5" } },
    { "U16", { "0", "1", "2", "3", "65535", "5" } },
    { "U32", { "0", "1", "2", "3", "4294967295", "5" } },
    { "U64", { "0", "1", "2", "3", "18446744073709551615", "5" } },
    { "U4", { "0", "1", "2", "3", "15", "5" } },
    { "I4", { "0", "1", "-2", "3", "7", "-8" } },
    { "U2", { "0", "1", "2", "3", "1", "2" } },
    { "I2", { "0", "1", "-2", "-1", "1", "-2" } },
    { "BOOL", { "0", "1", "1", "0", "1", "1" } },
    { "C64", { "0,0", "1,-1", "-2,3", "3,5", "4,0", "5,2" } },
    { "C128", { "0,0", "1,-1", "-2,3", "3,5", "4,0", "5,2" } },
    { "STRING", { "''", "'b'", "'cc'", "'a longer text'", "'e'", "'f'" } },
};

/* A type without a zero takes part in what neither pads nor zeroes. */
static const alphabet no_zero = { "F8E8M0", { "1", "0.5", "2", "4", "8", "16" } };

/* "@[2,3] 0 1 2 3 4 5" stands for a tensor of the type at hand; what has no @ stays as it is. */
typedef struct movement {
    const char *op;
    int         opset;
    const char *attrs, *in[4], *out[2];
    int         zeroes; /* brings in element 0 */
} movement;

static const movement movements[] = {
    { "Reshape", 25, NULL, { "@[2,3] 0 1 2 3 4 5", "I64[2] 3 2" }, { "@[3,2] 0 1 2 3 4 5" } },
    { "Squeeze", 25, NULL, { "@[1,3] 1 2 3", "I64[1] 0" }, { "@[3] 1 2 3" } },
    { "Unsqueeze", 25, NULL, { "@[3] 1 2 3", "I64[1] 0" }, { "@[1,3] 1 2 3" } },
    { "Flatten", 25, NULL, { "@[1,2,3] 0 1 2 3 4 5" }, { "@[1,6] 0 1 2 3 4 5" } },
    { "Shape", 25, NULL, { "@[1,3] 1 2 3" }, { "I64[2] 1 3" } },
    { "Size", 25, NULL, { "@[1,3] 1 2 3" }, { "I64[] 3" } },
    { "Transpose", 25, NULL, { "@[2,3] 0 1 2 3 4 5" }, { "@[3,2] 0 3 1 4 2 5" } },
    { "Transpose", 25, "perm=[1,0,2]", { "@[3,1,2] 0 1 2 3 4 5" }, { "@[1,3,2] 0 1 2 3 4 5" } },
    { "Concat", 13, "axis=0", { "@[3] 1 2 3", "@[2] 5 4" }, { "@[5] 1 2 3 5 4" } },
    { "Concat", 13, "axis=1", { "@[2,1] 1 2", "@[2,2] 3 4 5 0" }, { "@[2,3] 1 3 4 2 5 0" } },
    { "Split", 18, "num_outputs=2", { "@[5] 1 2 3 4 5" }, { "@[3] 1 2 3", "@[2] 4 5" } },
    { "Slice", 13, NULL, { "@[5] 1 2 3 4 5", "I64[1] 1", "I64[1] 4" }, { "@[3] 2 3 4" } },
    { "Slice", 13, NULL, { "@[6] 0 1 2 3 4 5", "I64[1] -1", "I64[1] -9" }, { "@[0]" } },
    { "Expand", 13, NULL, { "@[2,1] 3 5", "I64[2] 1 3" }, { "@[2,3] 3 3 3 5 5 5" } },
    { "Tile", 13, NULL, { "@[3] 1 2 3", "I64[1] 2" }, { "@[6] 1 2 3 1 2 3" } },
    { "Pad", 25, NULL, { "@[2] 4 5", "I64[2] 1 2" }, { "@[5] 0 4 5 0 0" }, 1 },
    { "Pad", 25, "mode='edge'", { "@[2] 4 5", "I64[2] 1 2" }, { "@[5] 4 4 5 5 5" } },
    { "Pad", 25, "mode='reflect'", { "@[3] 3 4 5", "I64[2] 2 1" }, { "@[6] 5 4 3 4 5 4" } },
    { "CenterCropPad", 18, NULL, { "@[2] 4 5", "I64[1] 3" }, { "@[3] 4 5 0" }, 1 },
    { "DepthToSpace", 13, "blocksize=1", { "@[1,3,1,1] 3 4 5" }, { "@[1,3,1,1] 3 4 5" } },
    { "DepthToSpace", 13, "blocksize=2", { "@[1,4,1,1] 2 3 4 5" }, { "@[1,1,2,2] 2 3 4 5" } },
    { "SpaceToDepth", 13, "blocksize=2", { "@[1,1,2,2] 2 3 4 5" }, { "@[1,4,1,1] 2 3 4 5" } },
    { "ReverseSequence",
      10,
      NULL,
      { "@[3,2] 0 1 2 3 4 5", "I64[2] 3 2" },
      { "@[3,2] 4 3 2 1 0 5" } },
    { "Trilu", 14, NULL, { "@[2,2] 1 2 3 4" }, { "@[2,2] 1 2 0 4" }, 1 },
    { "Resize", 19, NULL, { "@[3] 1 2 3", "-", "F32[1] 2" }, { "@[6] 1 1 2 2 3 3" } },
    { "Gather", 13, NULL, { "@[5] 1 2 3 4 5", "I64[3] 4 0 0" }, { "@[3] 5 1 1" } },
    { "Gather", 13, NULL, { "@[2,3] 0 1 2 3 4 5", "I64[1] 1" }, { "@[1,3] 3 4 5" } },
    { "GatherElements", 13, NULL, { "@[3] 3 4 5", "I64[2] 2 1" }, { "@[2] 5 4" } },
    { "GatherND", 13, NULL, { "@[2,3] 0 1 2 3 4 5", "I64[2,2] 1 0 0 2" }, { "@[2] 3 2" } },
    { "ScatterElements", 18, NULL, { "@[3] 3 4 5", "I64[1] 1", "@[1] 1" }, { "@[3] 3 1 5" } },
    { "ScatterND", 18, NULL, { "@[3] 3 4 5", "I64[2,1] 2 0", "@[2] 1 2" }, { "@[3] 2 4 1" } },
    { "Compress", 11, NULL, { "@[5] 1 2 3 4 5", "BOOL[5] 0 1 1 0 1" }, { "@[3] 2 3 5" } },
    { "OneHot", 11, NULL, { "I64[2] 1 0", "I64[] 2", "@[2] 4 5" }, { "@[2,2] 4 5 5 4" } },
};

#define MOVEMENT_COUNT (sizeof movements / sizeof movements[0])
#define TEXT_SIZE      512

static const char *spell(const alphabet *a, const char *text, char *buf)
{
    size_t      n;
    const char *end;

    if (!text || text[0] != '@') return text;
    end = strchr(text, ']') + 1;
    n   = (size_t)snprintf(buf, TEXT_SIZE, "%s%.*s", a->type, (int)(end - text - 1), text + 1);
    for (; *end; end++)
        if (*end >= '0' && *end <= '5')
            n += (size_t)snprintf(buf + n, TEXT_SIZE - n, " %s", a->letter[*end - '0']);
    return buf;
}

/* Does the version take the inputs' types? */
static int allowed(const op_case *c)
{
    const ofz_op     *op  = ofz_op_find("", c->op, c->opset);
    ofz_ctx          *ctx = ofz_ctx_new();
    ofz_signature     signature;
    ofz_variable_type bound[OFZ_SCHEMA_VARIABLES];
    ofz_tensor        t[4];
    const ofz_tensor *in[4] = { 0 };
    size_t            count = 0;
    int               ok;

    assert_non_null(op);
    assert_true(ofz_op_signature(op, &(const ofz_node){ 0 }, &signature));
    for (; count < 4 && c->in[count]; count++) {
        if (!strcmp(c->in[count], "-")) continue;
        assert_non_null(op_text_tensor(ctx, c->in[count], 1, &t[count]));
        in[count] = &t[count];
    }
    ok = !ofz_signature_check(ctx, &signature, in, count, bound);
    for (size_t k = 0; k < count; k++)
        if (in[k]) ofz_tensor_release(&t[k]);
    ofz_ctx_free(ctx);
    return ok;
}

static void run_movements(const alphabet *a, int with_zero)
{
    static char text[MOVEMENT_COUNT][6][TEXT_SIZE];
    op_case     cases[MOVEMENT_COUNT];
    size_t      count = 0;

    for (size_t i = 0; i < MOVEMENT_COUNT; i++) {
        const movement *m = &movements[i];

        if (m->zeroes && !with_zero) continue;
        cases[count] = (op_case){ .op = m->op, .opset = m->opset, .attrs = m->attrs };
        for (int k = 0; k < 4; k++) cases[count].in[k] = spell(a, m->in[k], text[i][k]);
        for (int k = 0; k < 2; k++) cases[count].out[k] = spell(a, m->out[k], text[i][4 + k]);
        count += (size_t)allowed(&cases[count]);
    }
    op_cases_run(cases, count);
}

static void test_every_type(void **state)
{
    (void)state;
    for (size_t t = 0; t < sizeof types / sizeof types[0]; t++) run_movements(&types[t], 1);
    run_movements(&no_zero, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_every_type) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
