/* ops_logic.c - comparisons, the logic of bools, and Where. */
#include <stddef.h>
#include <string.h>

#include "base/threads.h"
#include "ops/binary.h"

/* --- comparisons ------------------------------------------------------------------------------ */

#define COMPARE_ROWS(name, op)                                                                     \
    OFZ_BINARY_ROW(name, float, float, uint8_t, a op b)                                            \
    OFZ_BINARY_ROW(name, double, double, uint8_t, a op b)                                          \
    OFZ_BINARY_ROW(name, int8_t, uint32_t, uint8_t, a op b)                                        \
    OFZ_BINARY_ROW(name, int16_t, uint32_t, uint8_t, a op b)                                       \
    OFZ_BINARY_ROW(name, int32_t, uint32_t, uint8_t, a op b)                                       \
    OFZ_BINARY_ROW(name, int64_t, uint64_t, uint8_t, a op b)                                       \
    OFZ_BINARY_ROW(name, uint8_t, uint32_t, uint8_t, a op b)                                       \
    OFZ_BINARY_ROW(name, uint16_t, uint32_t, uint8_t, a op b)                                      \
    OFZ_BINARY_ROW(name, uint32_t, uint32_t, uint8_t, a op b)                                      \
    OFZ_BINARY_ROW(name, uint64_t, uint64_t, uint8_t, a op b)

#define NUMBERS(name)                                                                              \
    [OFZ_F32] = name##_float, [OFZ_F64] = name##_double, [OFZ_I8] = name##_int8_t,                 \
    [OFZ_I16] = name##_int16_t, [OFZ_I32] = name##_int32_t, [OFZ_I64] = name##_int64_t,            \
    [OFZ_U8] = name##_uint8_t, [OFZ_U16] = name##_uint16_t, [OFZ_U32] = name##_uint32_t,           \
    [OFZ_U64] = name##_uint64_t

typedef ofz_string string;

static bool same_text(ofz_string a, ofz_string b)
{
    return a.size == b.size && (!a.size || !memcmp(a.text, b.text, a.size));
}

typedef uint8_t boolean;

COMPARE_ROWS(equal, ==)
COMPARE_ROWS(less, <)
COMPARE_ROWS(less_equal, <=)
COMPARE_ROWS(greater, >)
COMPARE_ROWS(greater_equal, >=)
OFZ_BINARY_ROW(equal, string, uint8_t, uint8_t, same_text(a, b))
OFZ_BINARY_ROW(equal, boolean, uint8_t, uint8_t, !a == !b)

static const ofz_binary equal_rows = {
    .row     = { NUMBERS(equal), [OFZ_STRING] = equal_string, [OFZ_BOOL] = equal_boolean },
    .to_bool = true
};
static const ofz_binary less_rows          = { .row = { NUMBERS(less) }, .to_bool = true };
static const ofz_binary less_equal_rows    = { .row = { NUMBERS(less_equal) }, .to_bool = true };
static const ofz_binary greater_rows       = { .row = { NUMBERS(greater) }, .to_bool = true };
static const ofz_binary greater_equal_rows = { .row = { NUMBERS(greater_equal) }, .to_bool = true };

/* --- logic ------------------------------------------------------------------------------------ */

OFZ_BINARY_ROW(and, boolean, uint8_t, uint8_t, a &&b)
OFZ_BINARY_ROW(or, boolean, uint8_t, uint8_t, a || b)
OFZ_BINARY_ROW(xor, boolean, uint8_t, uint8_t, !a != !b)

static const ofz_binary and_rows = { .row = { [OFZ_BOOL] = and_boolean }, .to_bool = true };
static const ofz_binary or_rows  = { .row = { [OFZ_BOOL] = or_boolean }, .to_bool = true };
static const ofz_binary xor_rows = { .row = { [OFZ_BOOL] = xor_boolean }, .to_bool = true };

#define FUNCTIONS(name)                                                                            \
    static ofz_status name##_infer(ofz_infer_call *c)                                              \
    {                                                                                              \
        return ofz_binary_infer(c, &name##_rows);                                                  \
    }                                                                                              \
    static ofz_status name##_eval(ofz_eval_call *c)                                                \
    {                                                                                              \
        return ofz_binary_eval(c, &name##_rows, NULL);                                             \
    }
#define OLD_FUNCTIONS(name)                                                                        \
    FUNCTIONS(name)                                                                                \
    static ofz_status name##_old_infer(ofz_infer_call *c)                                          \
    {                                                                                              \
        return ofz_binary_old_infer(c, &name##_rows);                                              \
    }                                                                                              \
    static ofz_status name##_old_eval(ofz_eval_call *c)                                            \
    {                                                                                              \
        return ofz_binary_old_eval(c, &name##_rows);                                               \
    }

OLD_FUNCTIONS(and)
OLD_FUNCTIONS(or)
OLD_FUNCTIONS(xor)
OLD_FUNCTIONS(equal)
OLD_FUNCTIONS(less)
OLD_FUNCTIONS(greater)
FUNCTIONS(less_equal)
FUNCTIONS(greater_equal)

/* --- Where ------------------------------------------------------------------------------------ */

static ofz_status where_infer(ofz_infer_call *c)
{
    const ofz_dtype dtype             = c->in[1]->dtype ? c->in[1]->dtype : c->in[2]->dtype;
    int64_t         dim[OFZ_MAX_RANK] = { 0 };
    int             rank              = 0;

    if (c->in[0]->dtype && c->in[0]->dtype != OFZ_BOOL)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "input 0: %s, want bool",
                        ofz_dtype_name(c->in[0]->dtype));
    if (c->in[2]->dtype && c->in[2]->dtype != dtype)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "input 2: %s, want %s as input 1",
                        ofz_dtype_name(c->in[2]->dtype), ofz_dtype_name(dtype));
    for (int k = 0; k < 3; k++) {
        if (c->in[k]->rank < 0) return ofz_infer_unknown(c, 0, dtype);
        OFZ_TRY(ofz_broadcast(c->ctx, rank, dim, c->in[k]->rank, c->in[k]->dim,
                              c->fresh + c->fresh_used, &rank, dim));
        c->fresh_used += OFZ_MAX_RANK;
    }
    return ofz_infer_set(c, 0, dtype, rank, dim);
}

/* One width serves every type of that width. */
#define WHERE_ROW(type)                                                                            \
    static void where_##type(int64_t n, void *out, const void *const *in, const int64_t *step,     \
                             const void *arg)                                                      \
    {                                                                                              \
        const uint8_t *k = in[0];                                                                  \
        const type    *a = in[1], *b = in[2];                                                      \
        type          *y = out;                                                                    \
                                                                                                   \
        (void)arg;                                                                                 \
        for (int64_t i = 0; i < n; i++) y[i] = k[i * step[0]] ? a[i * step[1]] : b[i * step[2]];   \
    }

WHERE_ROW(uint8_t)
WHERE_ROW(uint16_t)
WHERE_ROW(uint32_t)
WHERE_ROW(uint64_t)
WHERE_ROW(ofz_c128)
WHERE_ROW(string)

static ofz_row_fn *where_row(ofz_dtype dtype)
{
    if (dtype == OFZ_STRING) return where_string;
    switch (ofz_dtype_get(dtype)->bits) {
    case 8:
        return where_uint8_t;
    case 16:
        return where_uint16_t;
    case 32:
        return where_uint32_t;
    case 64:
        return where_uint64_t;
    case 128:
        return where_ofz_c128;
    default:
        return NULL;
    }
}

static ofz_status where_eval(ofz_eval_call *c)
{
    ofz_row_fn *row = where_row(c->in[1]->dtype);
    ofz_tensor  copy;

    if (!row)
        return ofz_fail(c->ctx, OFZ_E_UNSUPPORTED, "input 1: %s", ofz_dtype_name(c->in[1]->dtype));
    ofz_elementwise(ofz_threads(c->ctx), c->out[0], 3, c->in, OFZ_UNDEFINED, row, NULL);
    if (c->out[0]->dtype != OFZ_STRING) return OFZ_OK;
    /* The texts still lie in the inputs, which do not live as long. */
    OFZ_TRY(ofz_tensor_copy(c->ctx, c->out[0], &copy));
    ofz_tensor_release(c->out[0]);
    *c->out[0] = copy;
    return OFZ_OK;
}

/* ofz.WhereGrad(condition, dy): dy where the condition is `side`, else 0. */
typedef struct where_attrs {
    int64_t side;
} where_attrs;

static ofz_status where_back_infer(ofz_infer_call *c)
{
    const ofz_tensor *k = c->in[0], *dy = c->in[1];
    int64_t           dim[OFZ_MAX_RANK];
    int               rank;

    if (k->dtype && k->dtype != OFZ_BOOL)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "input 0: %s, want bool", ofz_dtype_name(k->dtype));
    if (dy->dtype && !ofz_dtype_is_float(dy->dtype))
        return ofz_fail(c->ctx, OFZ_E_MODEL, "input 1: %s, want a floating-point type",
                        ofz_dtype_name(dy->dtype));
    if (k->rank < 0 || dy->rank < 0) return ofz_infer_unknown(c, 0, dy->dtype);
    OFZ_TRY(ofz_broadcast(c->ctx, k->rank, k->dim, dy->rank, dy->dim, c->fresh, &rank, dim));
    return ofz_infer_set(c, 0, dy->dtype, rank, dim);
}

/* All bits zero is 0 in every float type. */
#define WHERE_BACK_ROW(type)                                                                       \
    static void where_back_##type(int64_t n, void *out, const void *const *in,                     \
                                  const int64_t *step, const void *arg)                            \
    {                                                                                              \
        const bool     side = ((const where_attrs *)arg)->side != 0;                               \
        const uint8_t *k    = in[0];                                                               \
        const type    *dy   = in[1];                                                               \
        type          *y    = out;                                                                 \
                                                                                                   \
        for (int64_t i = 0; i < n; i++) y[i] = !k[i * step[0]] == !side ? dy[i * step[1]] : 0;     \
    }

WHERE_BACK_ROW(uint8_t)
WHERE_BACK_ROW(uint16_t)
WHERE_BACK_ROW(uint32_t)
WHERE_BACK_ROW(uint64_t)

static ofz_status where_back_eval(ofz_eval_call *c)
{
    ofz_row_fn *row;

    switch (ofz_dtype_get(c->in[1]->dtype)->bits) {
    case 8:
        row = where_back_uint8_t;
        break;
    case 16:
        row = where_back_uint16_t;
        break;
    case 32:
        row = where_back_uint32_t;
        break;
    case 64:
        row = where_back_uint64_t;
        break;
    default:
        return ofz_fail(c->ctx, OFZ_E_UNSUPPORTED, "input 1: %s", ofz_dtype_name(c->in[1]->dtype));
    }
    ofz_elementwise(ofz_threads(c->ctx), c->out[0], 2, c->in, OFZ_UNDEFINED, row, c->attrs);
    return OFZ_OK;
}

static ofz_status where_grad(ofz_grad_call *g)
{
    const ofz_node *n    = g->node;
    ofz_value      *in[] = { n->in[0], g->dy[0] }, *part;

    for (int k = 1; k < 3; k++) {
        const ofz_attr side = { .name = "side", .type = OFZ_ATTR_INT, .u.i = k == 1 };

        if (!g->need[k]) continue;
        OFZ_TRY(ofz_emit_attrs(g, "ofz", "WhereGrad", 1, &side, 2, in, 1, &part));
        OFZ_TRY(ofz_emit_sum_to(g, part, n->in[k], &g->dx[k]));
    }
    return OFZ_OK;
}

/* --- rows ------------------------------------------------------------------------------------- */

static const ofz_attr_def where_attr[] = {
    { "side", OFZ_ATTR_INT, offsetof(where_attrs, side), .i = 1 },
    { 0 },
};

#define ONE                                                                                        \
    {                                                                                              \
        1, 1                                                                                       \
    }
#define TWO                                                                                        \
    {                                                                                              \
        2, 2                                                                                       \
    }
#define THREE                                                                                      \
    {                                                                                              \
        3, 3                                                                                       \
    }
#define PURE (OFZ_OP_PURE | OFZ_OP_ELEM)
#define ROW(name, since, fn)                                                                       \
    {                                                                                              \
        name, since, TWO, ONE, PURE, NULL, 0, fn##_infer, fn##_eval                                \
    }
#define OLD(name, fn)                                                                              \
    {                                                                                              \
        name, 1, TWO, ONE, OFZ_OP_PURE, ofz_old_broadcast_6, sizeof(ofz_old_broadcast),            \
            fn##_old_infer, fn##_old_eval                                                          \
    }

static const ofz_op rows[] = {
    OLD("And", and),
    ROW("And", 7, and),
    OLD("Equal", equal),
    ROW("Equal", 7, equal),
    ROW("Equal", 11, equal),
    ROW("Equal", 13, equal),
    ROW("Equal", 19, equal),
    OLD("Greater", greater),
    ROW("Greater", 7, greater),
    ROW("Greater", 9, greater),
    ROW("Greater", 13, greater),
    ROW("GreaterOrEqual", 12, greater_equal),
    ROW("GreaterOrEqual", 16, greater_equal),
    OLD("Less", less),
    ROW("Less", 7, less),
    ROW("Less", 9, less),
    ROW("Less", 13, less),
    ROW("LessOrEqual", 12, less_equal),
    ROW("LessOrEqual", 16, less_equal),
    OLD("Or", or),
    ROW("Or", 7, or),
    { "Where", 9, THREE, ONE, PURE, NULL, 0, where_infer, where_eval, where_grad, "mxx" },
    { "Where", 16, THREE, ONE, PURE, NULL, 0, where_infer, where_eval, where_grad, "mxx" },
    OLD("Xor", xor),
    ROW("Xor", 7, xor),
    { "WhereGrad", 1, TWO, ONE, PURE, where_attr, sizeof(where_attrs), where_back_infer,
      where_back_eval, NULL, NULL, "ofz" },
    { 0 },
};
OFZ_OP_TABLE(logic, rows);
