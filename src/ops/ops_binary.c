/* ops_binary.c - arithmetic on two operands with broadcasting: Add, Sub, Mul, Div, Mod, and the
 * bits: BitShift, BitwiseAnd, BitwiseOr, BitwiseXor. Pow and PRelu stand in ops_pow.c, operators
 * with any number of operands in ops_variadic.c.
 *
 * Integers wrap as two's complement does; dividing one by zero is OFZ_E_NUMERIC. */
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "base/threads.h"
#include "ops/binary.h"

/* --- arithmetic ------------------------------------------------------------------------------- */

#define SIGNED_ROWS(name, expr)                                                                    \
    OFZ_BINARY_ROW(name, int8_t, uint32_t, int8_t, expr)                                           \
    OFZ_BINARY_ROW(name, int16_t, uint32_t, int16_t, expr)                                         \
    OFZ_BINARY_ROW(name, int32_t, uint32_t, int32_t, expr)                                         \
    OFZ_BINARY_ROW(name, int64_t, uint64_t, int64_t, expr)

#define UNSIGNED_ROWS(name, expr)                                                                  \
    OFZ_BINARY_ROW(name, uint8_t, uint32_t, uint8_t, expr)                                         \
    OFZ_BINARY_ROW(name, uint16_t, uint32_t, uint16_t, expr)                                       \
    OFZ_BINARY_ROW(name, uint32_t, uint32_t, uint32_t, expr)                                       \
    OFZ_BINARY_ROW(name, uint64_t, uint64_t, uint64_t, expr)

#define FLOAT_ROWS(name, expr)                                                                     \
    OFZ_BINARY_ROW(name, float, float, float, expr)                                                \
    OFZ_BINARY_ROW(name, double, double, double, expr)

#define FLOATS(name) [OFZ_F32] = name##_float, [OFZ_F64] = name##_double
#define SIGNED(name)                                                                               \
    [OFZ_I8] = name##_int8_t, [OFZ_I16] = name##_int16_t, [OFZ_I32] = name##_int32_t,              \
    [OFZ_I64] = name##_int64_t
#define UNSIGNED(name)                                                                             \
    [OFZ_U8] = name##_uint8_t, [OFZ_U16] = name##_uint16_t, [OFZ_U32] = name##_uint32_t,           \
    [OFZ_U64] = name##_uint64_t

/* Divisors are checked before: 0 does not get here. -1 is handled apart because the least integer
 * has no positive counterpart. */

FLOAT_ROWS(add, a + b)
SIGNED_ROWS(add, (W)a + (W)b)
UNSIGNED_ROWS(add, (W)a + (W)b)
FLOAT_ROWS(sub, a - b)
SIGNED_ROWS(sub, (W)a - (W)b)
UNSIGNED_ROWS(sub, (W)a - (W)b)
FLOAT_ROWS(mul, a *b)
SIGNED_ROWS(mul, (W)a *(W)b)
UNSIGNED_ROWS(mul, (W)a *(W)b)
FLOAT_ROWS(div, a / b)
SIGNED_ROWS(div, b == 0 ? 0 : b == -1 ? 0 - (W)a : (W)(a / b))
UNSIGNED_ROWS(div, b == 0 ? 0 : a / b)

/* Mod: the sign of the divisor as in Python, or of the dividend as in C (fmod = 1). */
OFZ_BINARY_ROW(fmod, float, float, float, fmodf(a, b))
OFZ_BINARY_ROW(fmod, double, double, double, fmod(a, b))
SIGNED_ROWS(fmod, b == 0 || b == -1 ? 0 : a % b)
UNSIGNED_ROWS(fmod, b == 0 ? 0 : a % b)
SIGNED_ROWS(mod, b == 0 || b == -1 ? 0 : a % b == 0 || (a < 0) == (b < 0) ? a % b : a % b + b)
UNSIGNED_ROWS(mod, b == 0 ? 0 : a % b)

UNSIGNED_ROWS(left, b >= 8 * sizeof a ? 0 : (W)a << b)
UNSIGNED_ROWS(right, b >= 8 * sizeof a ? 0 : (W)a >> b)
SIGNED_ROWS(and, (W)a &(W)b)
UNSIGNED_ROWS(and, (W)a &(W)b)
SIGNED_ROWS(or, (W)a | (W)b)
UNSIGNED_ROWS(or, (W)a | (W)b)
SIGNED_ROWS(xor, (W)a ^ (W)b)
UNSIGNED_ROWS(xor, (W)a ^ (W)b)

#define ARITHMETIC(name)                                                                           \
    static const ofz_binary name##_rows = { .row = { FLOATS(name), SIGNED(name),                   \
                                                     UNSIGNED(name) } };                           \
    static ofz_status       name##_infer(ofz_infer_call *c)                                        \
    {                                                                                              \
        return ofz_binary_infer(c, &name##_rows);                                                  \
    }                                                                                              \
    static ofz_status name##_old_infer(ofz_infer_call *c)                                          \
    {                                                                                              \
        return ofz_binary_old_infer(c, &name##_rows);                                              \
    }

ARITHMETIC(add)
ARITHMETIC(sub)
ARITHMETIC(mul)
ARITHMETIC(div)

#define PLAIN_EVAL(name)                                                                           \
    static ofz_status name##_eval(ofz_eval_call *c)                                                \
    {                                                                                              \
        return ofz_binary_eval(c, &name##_rows, NULL);                                             \
    }                                                                                              \
    static ofz_status name##_old_eval(ofz_eval_call *c)                                            \
    {                                                                                              \
        return ofz_binary_old_eval(c, &name##_rows);                                               \
    }

PLAIN_EVAL(add)
PLAIN_EVAL(sub)
PLAIN_EVAL(mul)

/* OFZ_E_NUMERIC when an integer divisor that is used holds a zero. */
static ofz_status check_divisor(ofz_eval_call *c)
{
    const ofz_tensor *b = c->in[1];

    if (ofz_dtype_is_float(b->dtype) || !c->out[0]->count) return OFZ_OK;
    for (int64_t i = 0; i < b->count; i++)
        if (!ofz_elem_i64(b->dtype, b->data, i))
            return ofz_fail(c->ctx, OFZ_E_NUMERIC, "input 1: element %" PRId64 " is 0, a divisor",
                            i);
    return OFZ_OK;
}

static ofz_status div_eval(ofz_eval_call *c)
{
    OFZ_TRY(check_divisor(c));
    return ofz_binary_eval(c, &div_rows, NULL);
}

static ofz_status div_old_eval(ofz_eval_call *c)
{
    OFZ_TRY(check_divisor(c));
    return ofz_binary_old_eval(c, &div_rows);
}

/* --- Mod -------------------------------------------------------------------------------------- */

typedef struct mod_attrs {
    int64_t fmod;
} mod_attrs;

static const ofz_binary fmod_rows = { { FLOATS(fmod), SIGNED(fmod), UNSIGNED(fmod) }, false };
static const ofz_binary mod_rows  = { { SIGNED(mod), UNSIGNED(mod) }, false };

static ofz_status mod_infer(ofz_infer_call *c)
{
    const mod_attrs *a = c->attrs;

    if (!a->fmod && ofz_dtype_is_float(c->in[0]->dtype))
        return ofz_fail(c->ctx, OFZ_E_MODEL, "attribute fmod: 0, want 1 for %s",
                        ofz_dtype_name(c->in[0]->dtype));
    return ofz_binary_infer(c, a->fmod ? &fmod_rows : &mod_rows);
}

static ofz_status mod_eval(ofz_eval_call *c)
{
    const mod_attrs *a = c->attrs;

    OFZ_TRY(check_divisor(c));
    return ofz_binary_eval(c, a->fmod ? &fmod_rows : &mod_rows, NULL);
}

/* --- bits ------------------------------------------------------------------------------------- */

typedef struct shift_attrs {
    ofz_string direction;
} shift_attrs;

static const ofz_binary left_rows  = { .row = { UNSIGNED(left) } };
static const ofz_binary right_rows = { .row = { UNSIGNED(right) } };
static const ofz_binary and_rows   = { { SIGNED(and), UNSIGNED(and) }, false };
static const ofz_binary or_rows    = { { SIGNED(or), UNSIGNED(or) }, false };
static const ofz_binary xor_rows   = { { SIGNED(xor), UNSIGNED(xor) }, false };

static bool is_left(const shift_attrs *a)
{
    return a->direction.size == 4 && !memcmp(a->direction.text, "LEFT", 4);
}

static ofz_status shift_infer(ofz_infer_call *c)
{
    const shift_attrs *a = c->attrs;
    const ofz_string   d = a->direction;

    if (!is_left(a) && !(d.size == 5 && !memcmp(d.text, "RIGHT", 5)))
        return ofz_fail(c->ctx, OFZ_E_MODEL, "attribute direction: '%.*s', want LEFT or RIGHT",
                        (int)(d.size < 64 ? d.size : 64), d.text ? d.text : "");
    return ofz_binary_infer(c, &left_rows);
}

static ofz_status shift_eval(ofz_eval_call *c)
{
    return ofz_binary_eval(c, is_left(c->attrs) ? &left_rows : &right_rows, NULL);
}

#define BITWISE(name)                                                                              \
    static ofz_status name##_infer(ofz_infer_call *c)                                              \
    {                                                                                              \
        return ofz_binary_infer(c, &name##_rows);                                                  \
    }                                                                                              \
    static ofz_status name##_eval(ofz_eval_call *c)                                                \
    {                                                                                              \
        return ofz_binary_eval(c, &name##_rows, NULL);                                             \
    }

BITWISE(and)
BITWISE(or)
BITWISE(xor)

/* --- gradients -------------------------------------------------------------------------------- */

static ofz_status add_grad(ofz_grad_call *g)
{
    for (int k = 0; k < 2; k++)
        if (g->need[k]) OFZ_TRY(ofz_emit_sum_to(g, g->dy[0], g->node->in[k], &g->dx[k]));
    return OFZ_OK;
}

static ofz_status sub_grad(ofz_grad_call *g)
{
    ofz_value *sum;

    if (g->need[0]) OFZ_TRY(ofz_emit_sum_to(g, g->dy[0], g->node->in[0], &g->dx[0]));
    if (!g->need[1]) return OFZ_OK;
    OFZ_TRY(ofz_emit_sum_to(g, g->dy[0], g->node->in[1], &sum));
    return ofz_emit(g, "", "Neg", NULL, 1, &sum, 1, &g->dx[1]);
}

static ofz_status mul_grad(ofz_grad_call *g)
{
    for (int k = 0; k < 2; k++) {
        ofz_value *in[] = { g->dy[0], g->node->in[1 - k] }, *product;

        if (!g->need[k]) continue;
        OFZ_TRY(ofz_emit(g, "", "Mul", NULL, 2, in, 1, &product));
        OFZ_TRY(ofz_emit_sum_to(g, product, g->node->in[k], &g->dx[k]));
    }
    return OFZ_OK;
}

/* d(a/b)/db = -(a/b)/b. */
OFZ_FLOAT_ROWS(div_back, 3, -v[0] * v[1] / v[2])

static ofz_status div_grad(ofz_grad_call *g)
{
    const ofz_node *n   = g->node;
    ofz_value      *a[] = { g->dy[0], n->in[1] }, *b[] = { g->dy[0], n->out[0], n->in[1] }, *part;

    if (g->need[0]) {
        OFZ_TRY(ofz_emit(g, "", "Div", NULL, 2, a, 1, &part));
        OFZ_TRY(ofz_emit_sum_to(g, part, n->in[0], &g->dx[0]));
    }
    if (!g->need[1]) return OFZ_OK;
    OFZ_TRY(ofz_emit(g, "ofz", "DivGrad", NULL, 3, b, 1, &part));
    return ofz_emit_sum_to(g, part, n->in[1], &g->dx[1]);
}

/* fmod(a, b) = a - b trunc(a / b). */
OFZ_FLOAT_ROWS(mod_back, 3, -v[0] * (T)trunc((double)(v[1] / v[2])))

static ofz_status mod_grad(ofz_grad_call *g)
{
    const ofz_node *n    = g->node;
    ofz_value      *in[] = { g->dy[0], n->in[0], n->in[1] }, *part;

    if (g->need[0]) OFZ_TRY(ofz_emit_sum_to(g, g->dy[0], n->in[0], &g->dx[0]));
    if (!g->need[1]) return OFZ_OK;
    OFZ_TRY(ofz_emit(g, "ofz", "ModGrad", NULL, 3, in, 1, &part));
    return ofz_emit_sum_to(g, part, n->in[1], &g->dx[1]);
}

/* --- rows ------------------------------------------------------------------------------------- */

static const ofz_attr_def mod_attr[] = {
    { "fmod", OFZ_ATTR_INT, offsetof(mod_attrs, fmod) },
    { 0 },
};
static const ofz_attr_def shift_attr[] = {
    { "direction", OFZ_ATTR_STRING, offsetof(shift_attrs, direction), true },
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
#define PURE (OFZ_OP_PURE | OFZ_OP_ELEM)

#define OLD(name, since, fn)                                                                       \
    {                                                                                              \
        name, since, TWO, ONE, OFZ_OP_PURE, ofz_old_broadcast_##since, sizeof(ofz_old_broadcast),  \
            fn##_old_infer, fn##_old_eval                                                          \
    }
#define ROW(name, since, fn, roles)                                                                \
    {                                                                                              \
        name, since, TWO, ONE, PURE, NULL, 0, fn##_infer, fn##_eval, fn##_grad, roles              \
    }
#define ROWS(name, fn, roles)                                                                      \
    OLD(name, 1, fn), OLD(name, 6, fn), ROW(name, 7, fn, roles), ROW(name, 13, fn, roles),         \
        ROW(name, 14, fn, roles)
#define BITS(name, fn)                                                                             \
    {                                                                                              \
        name, 18, TWO, ONE, PURE, NULL, 0, fn##_infer, fn##_eval                                   \
    }

static const ofz_op rows[] = {
    ROWS("Add", add, "bb"),
    { "BitShift", 11, TWO, ONE, PURE, shift_attr, sizeof(shift_attrs), shift_infer, shift_eval },
    BITS("BitwiseAnd", and),
    BITS("BitwiseOr", or),
    BITS("BitwiseXor", xor),
    ROWS("Div", div, "xx"),
    { "Mod", 10, TWO, ONE, PURE, mod_attr, sizeof(mod_attrs), mod_infer, mod_eval, mod_grad },
    { "Mod", 13, TWO, ONE, PURE, mod_attr, sizeof(mod_attrs), mod_infer, mod_eval, mod_grad },
    ROWS("Mul", mul, "gg"),
    ROWS("Sub", sub, "xx"),
    { "DivGrad",
      1,
      { 3, 3 },
      ONE,
      PURE,
      NULL,
      0,
      ofz_float_infer,
      div_back_eval,
      NULL,
      NULL,
      "ofz" },
    { "ModGrad",
      1,
      { 3, 3 },
      ONE,
      PURE,
      NULL,
      0,
      ofz_float_infer,
      mod_back_eval,
      NULL,
      NULL,
      "ofz" },
    { 0 },
};
OFZ_OP_TABLE(binary, rows);
