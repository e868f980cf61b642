/* ops_variadic.c - Max, Min, Sum and Mean of any number of broadcasting operands.
 *
 * Operands are taken from the left. Sum and Mean of narrow floats add in float32 and round once. The
 * gradient of Max and Min is shared evenly between operands that tie, as torch.maximum does. */
#include <math.h>
#include <string.h>

#include "base/threads.h"
#include "ops/binary.h"

/* NaN wins in both, as in numpy. */
#define FLOAT_ROWS(name, expr)                                                                     \
    OFZ_BINARY_ROW(name, float, float, float, expr)                                                \
    OFZ_BINARY_ROW(name, double, double, double, expr)
#define INTEGER_ROWS(name, expr)                                                                   \
    OFZ_BINARY_ROW(name, int8_t, uint32_t, int8_t, expr)                                           \
    OFZ_BINARY_ROW(name, int16_t, uint32_t, int16_t, expr)                                         \
    OFZ_BINARY_ROW(name, int32_t, uint32_t, int32_t, expr)                                         \
    OFZ_BINARY_ROW(name, int64_t, uint64_t, int64_t, expr)                                         \
    OFZ_BINARY_ROW(name, uint8_t, uint32_t, uint8_t, expr)                                         \
    OFZ_BINARY_ROW(name, uint16_t, uint32_t, uint16_t, expr)                                       \
    OFZ_BINARY_ROW(name, uint32_t, uint32_t, uint32_t, expr)                                       \
    OFZ_BINARY_ROW(name, uint64_t, uint64_t, uint64_t, expr)
#define INTEGERS(name)                                                                             \
    [OFZ_I8] = name##_int8_t, [OFZ_I16] = name##_int16_t, [OFZ_I32] = name##_int32_t,              \
    [OFZ_I64] = name##_int64_t, [OFZ_U8] = name##_uint8_t, [OFZ_U16] = name##_uint16_t,            \
    [OFZ_U32] = name##_uint32_t, [OFZ_U64] = name##_uint64_t

FLOAT_ROWS(max, a > b || a != a ? a : b)
FLOAT_ROWS(min, a < b || a != a ? a : b)
INTEGER_ROWS(max, a > b ? a : b)
INTEGER_ROWS(min, a < b ? a : b)
FLOAT_ROWS(sum, a + b)

static const ofz_binary max_rows = {
    .row = { [OFZ_F32] = max_float, [OFZ_F64] = max_double, INTEGERS(max) }
};
static const ofz_binary min_rows = {
    .row = { [OFZ_F32] = min_float, [OFZ_F64] = min_double, INTEGERS(min) }
};
static const ofz_binary sum_rows = { .row = { [OFZ_F32] = sum_float, [OFZ_F64] = sum_double } };

/* The same operand twice: x op x is x for Max and Min; for Sum the first step needs another row. */
FLOAT_ROWS(first, ((void)b, a))

/* acc = in[0] op in[1] op ..., in acc's type, which floats of another type are widened to. */
static void fold(ofz_eval_call *c, const ofz_binary *b, const ofz_tensor *acc)
{
    const ofz_dtype   dtype = acc->dtype;
    const ofz_dtype   via   = ofz_dtype_is_float(dtype) ? dtype : OFZ_UNDEFINED;
    ofz_row_fn       *row = b->row[dtype], *alone = row;
    const ofz_tensor *x[2] = { c->in[0], c->in[c->in_count > 1] };

    if (b == &sum_rows) alone = dtype == OFZ_F32 ? first_float : first_double;
    ofz_elementwise(ofz_threads(c->ctx), acc, 2, x, via, c->in_count > 1 ? row : alone, NULL);
    for (int k = 2; k < c->in_count; k++) {
        x[0] = acc;
        x[1] = c->in[k];
        ofz_elementwise(ofz_threads(c->ctx), acc, 2, x, via, row, NULL);
    }
}

/* divisor 0: no division. */
static ofz_status variadic_eval(ofz_eval_call *c, const ofz_binary *b, double divisor)
{
    ofz_tensor *y      = c->out[0];
    const bool  narrow = ofz_dtype_is_float(y->dtype) && y->dtype != OFZ_F32 && y->dtype != OFZ_F64;
    ofz_tensor  acc    = *y;

    if (narrow) OFZ_TRY(ofz_tensor_new(c->ctx, &acc, OFZ_F32, y->rank, y->dim));
    fold(c, b, &acc);
    for (int64_t i = 0; divisor > 0 && i < acc.count; i++) {
        if (acc.dtype == OFZ_F32)
            ((float *)acc.data)[i] /= (float)divisor;
        else
            ((double *)acc.data)[i] /= divisor;
    }
    if (!narrow) return OFZ_OK;
    ofz_narrow(OFZ_F32, acc.data, acc.count, y->dtype, y->data, 0);
    ofz_tensor_release(&acc);
    return OFZ_OK;
}

#define VARIADIC(name, rows, divisor)                                                              \
    static ofz_status name##_infer(ofz_infer_call *c)                                              \
    {                                                                                              \
        return ofz_binary_infer(c, &rows);                                                         \
    }                                                                                              \
    static ofz_status name##_eval(ofz_eval_call *c)                                                \
    {                                                                                              \
        return variadic_eval(c, &rows, divisor);                                                   \
    }

VARIADIC(max, max_rows, 0)
VARIADIC(min, min_rows, 0)
VARIADIC(sum, sum_rows, 0)
VARIADIC(mean, sum_rows, c->in_count)

/* --- gradients -------------------------------------------------------------------------------- */

static ofz_status sum_grad(ofz_grad_call *g)
{
    for (size_t k = 0; k < g->node->in_count; k++)
        if (g->need[k]) OFZ_TRY(ofz_emit_sum_to(g, g->dy[0], g->node->in[k], &g->dx[k]));
    return OFZ_OK;
}

static ofz_status mean_grad(ofz_grad_call *g)
{
    const ofz_attr attr = { .name = "divisor",
                            .type = OFZ_ATTR_INT,
                            .u.i  = (int64_t)g->node->in_count };
    ofz_value     *part;

    OFZ_TRY(ofz_emit_attrs(g, "ofz", "Scale", 1, &attr, 1, &g->dy[0], 1, &part));
    for (size_t k = 0; k < g->node->in_count; k++)
        if (g->need[k]) OFZ_TRY(ofz_emit_sum_to(g, part, g->node->in[k], &g->dx[k]));
    return OFZ_OK;
}

/* ofz.TieShare(dy, y, x...): dy over the number of operands that equal y. ofz.TieTake(share, y, x):
 * the share where x equals y, else 0. */
static ofz_status tie_grad(ofz_grad_call *g)
{
    const ofz_node *n      = g->node;
    ofz_value     **in     = ofz_arena_array(g->graph->arena, n->in_count + 2, sizeof *in);
    ofz_value      *take[] = { NULL, n->out[0], NULL }, *part;

    if (!in) return ofz_fail_nomem(g->ctx, "gradient", n->in_count * sizeof *in);
    in[0] = g->dy[0];
    in[1] = n->out[0];
    memcpy(in + 2, n->in, n->in_count * sizeof *in);
    OFZ_TRY(ofz_emit(g, "ofz", "TieShare", NULL, (int)n->in_count + 2, in, 1, &take[0]));
    for (size_t k = 0; k < n->in_count; k++) {
        if (!g->need[k]) continue;
        take[2] = n->in[k];
        OFZ_TRY(ofz_emit(g, "ofz", "TieTake", NULL, 3, take, 1, &part));
        OFZ_TRY(ofz_emit_sum_to(g, part, n->in[k], &g->dx[k]));
    }
    return OFZ_OK;
}

/* NaN wins in Max and Min, so it takes its share too. */
OFZ_FLOAT_ROW(tie_count, float, 3, v[0] + (T)(v[1] == v[2] || (v[1] != v[1] && v[2] != v[2])))
OFZ_FLOAT_ROW(tie_count, double, 3, v[0] + (T)(v[1] == v[2] || (v[1] != v[1] && v[2] != v[2])))
OFZ_FLOAT_ROW(tie_share, float, 2, v[0] / v[1])
OFZ_FLOAT_ROW(tie_share, double, 2, v[0] / v[1])
OFZ_FLOAT_ROWS(tie_take, 3, v[1] == v[2] || (v[1] != v[1] && v[2] != v[2]) ? v[0] : 0)

static ofz_status tie_share_eval(ofz_eval_call *c)
{
    const ofz_tensor *y    = c->out[0];
    const bool        wide = y->dtype == OFZ_F64;
    const ofz_dtype   via  = wide ? OFZ_F64 : OFZ_F32;
    ofz_tensor        count;
    const ofz_tensor *x[3] = { &count, c->in[1], NULL }, *share[2] = { c->in[0], &count };

    OFZ_TRY(ofz_tensor_new(c->ctx, &count, via, y->rank, y->dim));
    if (count.size) memset(count.data, 0, count.size);
    for (int k = 2; k < c->in_count; k++) {
        x[2] = c->in[k];
        ofz_elementwise(ofz_threads(c->ctx), &count, 3, x, via,
                        wide ? tie_count_double : tie_count_float, NULL);
    }
    ofz_elementwise(ofz_threads(c->ctx), y, 2, share, via,
                    wide ? tie_share_double : tie_share_float, NULL);
    ofz_tensor_release(&count);
    return OFZ_OK;
}

/* --- rows ------------------------------------------------------------------------------------- */

static const ofz_attr_def consumed[] = {
    { "consumed_inputs", OFZ_ATTR_INTS, OFZ_ATTR_IGNORED },
    { 0 },
};

#define ONE                                                                                        \
    {                                                                                              \
        1, 1                                                                                       \
    }
#define MANY                                                                                       \
    {                                                                                              \
        1, OFZ_VARIADIC                                                                            \
    }
#define PURE (OFZ_OP_PURE | OFZ_OP_ELEM)
#define ROW(name, since, fn, grad)                                                                 \
    {                                                                                              \
        name, since, MANY, ONE, PURE, NULL, 0, fn##_infer, fn##_eval, grad                         \
    }
#define OLD(name, fn)                                                                              \
    {                                                                                              \
        name, 1, MANY, ONE, PURE, consumed, 0, fn##_infer, fn##_eval                               \
    }

static const ofz_op rows[] = {
    OLD("Max", max),
    ROW("Max", 6, max, tie_grad),
    ROW("Max", 8, max, tie_grad),
    ROW("Max", 12, max, tie_grad),
    ROW("Max", 13, max, tie_grad),
    OLD("Mean", mean),
    ROW("Mean", 6, mean, mean_grad),
    ROW("Mean", 8, mean, mean_grad),
    ROW("Mean", 13, mean, mean_grad),
    OLD("Min", min),
    ROW("Min", 6, min, tie_grad),
    ROW("Min", 8, min, tie_grad),
    ROW("Min", 12, min, tie_grad),
    ROW("Min", 13, min, tie_grad),
    OLD("Sum", sum),
    ROW("Sum", 6, sum, sum_grad),
    ROW("Sum", 8, sum, sum_grad),
    ROW("Sum", 13, sum, sum_grad),
    { "TieShare",
      1,
      { 3, OFZ_VARIADIC },
      ONE,
      PURE,
      NULL,
      0,
      ofz_float_infer,
      tie_share_eval,
      NULL,
      NULL,
      "ofz" },
    { "TieTake",
      1,
      { 3, 3 },
      ONE,
      PURE,
      NULL,
      0,
      ofz_float_infer,
      tie_take_eval,
      NULL,
      NULL,
      "ofz" },
    { 0 },
};
OFZ_OP_TABLE(variadic, rows);
