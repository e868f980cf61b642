/* ops_pool.c - pools, global pools and their gradients.
 * Sources: ONNX Operators.md, MaxPool, AveragePool, LpPool and the global ones. PyTorch's rule
 * where several elements are the maximum: the first takes the gradient. */
#include "ops/op.h"

#include "kernel/pool.h"
#include "ops/floats.h"
#include "ops/window.h"

enum { MAX_AXES = 3 };

/* --- shapes ----------------------------------------------------------------------------------- */

static ofz_status pool_rank(ofz_infer_call *c, int *rank)
{
    const ofz_window_attrs *a = c->attrs;

    *rank = c->in[0]->rank;
    if (*rank < 0) return OFZ_OK;
    if (*rank < 3) return ofz_fail(c->ctx, OFZ_E_MODEL, "input: rank %d, want at least 3", *rank);
    if (a->kernel_shape.count != (size_t)(*rank - 2))
        return ofz_fail(c->ctx, OFZ_E_MODEL, "kernel_shape: %zu numbers, want %d",
                        a->kernel_shape.count, *rank - 2);
    return OFZ_OK;
}

static ofz_status pool_outputs(ofz_infer_call *c, int rank, const int64_t *dim)
{
    OFZ_TRY(ofz_infer_set(c, 0, c->in[0]->dtype, rank, dim));
    if (c->out_count > 1) OFZ_TRY(ofz_infer_set(c, 1, OFZ_I64, rank, dim));
    return OFZ_OK;
}

static ofz_status pool_infer(ofz_infer_call *c)
{
    const ofz_window_attrs *a = c->attrs;
    const ofz_tensor       *x = c->in[0];
    int64_t                 dim[OFZ_MAX_RANK];
    ofz_window              at;
    int                     rank;

    OFZ_TRY(pool_rank(c, &rank));
    if (rank < 0) {
        OFZ_TRY(ofz_infer_unknown(c, 0, x->dtype));
        return c->out_count > 1 ? ofz_infer_unknown(c, 1, OFZ_I64) : OFZ_OK;
    }
    OFZ_TRY(ofz_window_place(c->ctx, a, rank - 2, x->dim + 2, a->kernel_shape.v, c, &at));
    for (int i = 0; i < rank; i++) dim[i] = i < 2 ? x->dim[i] : at.out[i - 2];
    return pool_outputs(c, rank, dim);
}

static ofz_status global_infer(ofz_infer_call *c)
{
    const ofz_tensor *x = c->in[0];
    int64_t           dim[OFZ_MAX_RANK];

    if (x->rank < 0) return ofz_infer_unknown(c, 0, x->dtype);
    if (x->rank < 2)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "input: rank %d, want at least 2", x->rank);
    for (int i = 0; i < x->rank; i++) dim[i] = i < 2 ? x->dim[i] : 1;
    return ofz_infer_set(c, 0, x->dtype, x->rank, dim);
}

/* --- eval ------------------------------------------------------------------------------------- */

static ofz_status pool_shape(ofz_eval_call *c, ofz_pool *s)
{
    const ofz_window_attrs *a    = c->attrs;
    const ofz_tensor       *x    = c->in[0];
    const int               axes = x->rank - 2, skip = MAX_AXES - axes;
    ofz_window              at;

    if (axes > MAX_AXES)
        return ofz_fail(c->ctx, OFZ_E_UNSUPPORTED, "input: %d spatial axes, want at most %d", axes,
                        MAX_AXES);
    OFZ_TRY(ofz_window_place(c->ctx, a, axes, x->dim + 2, a->kernel_shape.v, NULL, &at));
    *s = (ofz_pool){ .planes       = x->dim[0] * x->dim[1],
                     .count_pad    = a->count_include_pad != 0,
                     .column_major = a->storage_order != 0 };
    for (int i = 0; i < MAX_AXES; i++) {
        const bool real = i >= skip;
        const int  k    = i - skip;

        s->in[i]       = real ? at.in[k] : 1;
        s->out[i]      = real ? at.out[k] : 1;
        s->kernel[i]   = real ? at.kernel[k] : 1;
        s->stride[i]   = real ? at.stride[k] : 1;
        s->dilation[i] = real ? at.dilation[k] : 1;
        s->pad[i]      = real ? at.begin[k] : 0;
        s->pad_end[i]  = real ? at.end[k] : 0;
    }
    return OFZ_OK;
}

/* One window that covers each plane, whatever its rank. */
static ofz_status global_shape(ofz_eval_call *c, ofz_pool *s)
{
    const ofz_tensor *x    = c->in[0];
    const int64_t     size = ofz_tensor_span(x, 2, x->rank);

    *s = (ofz_pool){ .planes   = x->dim[0] * x->dim[1],
                     .in       = { 1, 1, size },
                     .out      = { 1, 1, 1 },
                     .kernel   = { 1, 1, size },
                     .stride   = { 1, 1, 1 },
                     .dilation = { 1, 1, 1 } };
    return OFZ_OK;
}

/* The power, which only the rows of norms have an attribute for. */
static ofz_status norm_power(ofz_eval_call *c, ofz_pool *s)
{
    const ofz_window_attrs *a = c->attrs;

    s->p = a->p_float != 0 ? (double)a->p_float : (double)a->p;
    if (s->p >= 1) return OFZ_OK;
    return ofz_fail(c->ctx, OFZ_E_MODEL, "p: %.9g, want at least 1", s->p);
}

/* Define <prefix>_<kind>_eval and the evals of the gradient rows; SHAPE fills the ofz_pool.
 * Gradient rows have the inputs (x, dy), norms (x, y, dy). */
#define POOLS(prefix, SHAPE)                                                                       \
    static ofz_status prefix##_max_run(ofz_eval_call *c)                                           \
    {                                                                                              \
        int64_t *index = c->out_count > 1 && c->out[1] ? c->out[1]->data : NULL;                   \
        ofz_pool s;                                                                                \
                                                                                                   \
        if (!c->out[0]->count) return OFZ_OK;                                                      \
        OFZ_TRY(SHAPE(c, &s));                                                                     \
        OFZ_BY_FLOAT(c, ofz_max_pool, c->ctx, &s, c->in[0]->data, c->out[0]->data, index);         \
        return OFZ_OK;                                                                             \
    }                                                                                              \
    static ofz_status prefix##_mean_run(ofz_eval_call *c)                                          \
    {                                                                                              \
        ofz_pool s;                                                                                \
                                                                                                   \
        if (!c->out[0]->count) return OFZ_OK;                                                      \
        OFZ_TRY(SHAPE(c, &s));                                                                     \
        OFZ_BY_FLOAT(c, ofz_mean_pool, c->ctx, &s, c->in[0]->data, c->out[0]->data);               \
        return OFZ_OK;                                                                             \
    }                                                                                              \
    static ofz_status prefix##_norm_run(ofz_eval_call *c)                                          \
    {                                                                                              \
        ofz_pool s;                                                                                \
                                                                                                   \
        if (!c->out[0]->count) return OFZ_OK;                                                      \
        OFZ_TRY(SHAPE(c, &s));                                                                     \
        OFZ_TRY(norm_power(c, &s));                                                                \
        OFZ_BY_FLOAT(c, ofz_norm_pool, c->ctx, &s, c->in[0]->data, c->out[0]->data);               \
        return OFZ_OK;                                                                             \
    }                                                                                              \
    static ofz_status prefix##_max_grad_run(ofz_eval_call *c)                                      \
    {                                                                                              \
        ofz_pool s;                                                                                \
                                                                                                   \
        if (!c->out[0]->count) return OFZ_OK;                                                      \
        OFZ_TRY(SHAPE(c, &s));                                                                     \
        OFZ_BY_FLOAT(c, ofz_max_pool_grad, c->ctx, &s, c->in[0]->data, c->in[1]->data,             \
                     c->out[0]->data);                                                             \
        return OFZ_OK;                                                                             \
    }                                                                                              \
    static ofz_status prefix##_mean_grad_run(ofz_eval_call *c)                                     \
    {                                                                                              \
        ofz_pool s;                                                                                \
                                                                                                   \
        if (!c->out[0]->count) return OFZ_OK;                                                      \
        OFZ_TRY(SHAPE(c, &s));                                                                     \
        OFZ_BY_FLOAT(c, ofz_mean_pool_grad, c->ctx, &s, c->in[1]->data, c->out[0]->data);          \
        return OFZ_OK;                                                                             \
    }                                                                                              \
    static ofz_status prefix##_norm_grad_run(ofz_eval_call *c)                                     \
    {                                                                                              \
        ofz_pool s;                                                                                \
                                                                                                   \
        if (!c->out[0]->count) return OFZ_OK;                                                      \
        OFZ_TRY(SHAPE(c, &s));                                                                     \
        OFZ_TRY(norm_power(c, &s));                                                                \
        OFZ_BY_FLOAT(c, ofz_norm_pool_grad, c->ctx, &s, c->in[0]->data, c->in[1]->data,            \
                     c->in[2]->data, c->out[0]->data);                                             \
        return OFZ_OK;                                                                             \
    }

POOLS(pool, pool_shape)
POOLS(global, global_shape)

#define EVAL(name)                                                                                 \
    static ofz_status name##_eval(ofz_eval_call *c)                                                \
    {                                                                                              \
        return ofz_eval_floats(c, name##_run);                                                     \
    }

EVAL(pool_mean)
EVAL(pool_norm)
EVAL(pool_max_grad)
EVAL(pool_mean_grad)
EVAL(pool_norm_grad)
EVAL(global_max)
EVAL(global_mean)
EVAL(global_norm)
EVAL(global_max_grad)
EVAL(global_mean_grad)
EVAL(global_norm_grad)

static ofz_status pool_max_eval(ofz_eval_call *c)
{
    return ofz_eval_floats_or_i8(c, pool_max_run);
}

/* --- gradients -------------------------------------------------------------------------------- */

static ofz_status emit_grad(ofz_grad_call *g, const char *row, bool with_y)
{
    ofz_value *in[3] = { g->node->in[0], g->dy[0] };

    if (!g->dy[0] || !g->need[0]) return OFZ_OK;
    if (with_y) {
        in[1] = g->node->out[0];
        in[2] = g->dy[0];
    }
    return ofz_emit_grad(g, row, with_y ? 3 : 2, in, &g->dx[0]);
}

#define GRAD(name, ROW, WITH_Y)                                                                    \
    static ofz_status name(ofz_grad_call *g)                                                       \
    {                                                                                              \
        return emit_grad(g, ROW, WITH_Y);                                                          \
    }

GRAD(max_grad, "MaxPoolGrad", false)
GRAD(mean_grad, "AveragePoolGrad", false)
GRAD(norm_grad, "LpPoolGrad", true)
GRAD(global_max_grad, "GlobalMaxPoolGrad", false)
GRAD(global_mean_grad, "GlobalAveragePoolGrad", false)
GRAD(global_norm_grad, "GlobalLpPoolGrad", true)

/* --- the table -------------------------------------------------------------------------------- */

#define AT(field) offsetof(ofz_window_attrs, field)

/* What every pool has had since version 1; the defaults of `kernel_shape` differ. */
#define BASIC                                                                                      \
    { "auto_pad", OFZ_ATTR_STRING, AT(auto_pad), .s = "NOTSET" },                                  \
        { "kernel_shape", OFZ_ATTR_INTS, AT(kernel_shape), .required = true },                     \
        { "pads", OFZ_ATTR_INTS, AT(pads) },                                                       \
    {                                                                                              \
        "strides", OFZ_ATTR_INTS, AT(strides)                                                      \
    }
#define CEIL                                                                                       \
    {                                                                                              \
        "ceil_mode", OFZ_ATTR_INT, AT(ceil_mode)                                                   \
    }
#define DILATIONS                                                                                  \
    {                                                                                              \
        "dilations", OFZ_ATTR_INTS, AT(dilations)                                                  \
    }
#define INCLUDE                                                                                    \
    {                                                                                              \
        "count_include_pad", OFZ_ATTR_INT, AT(count_include_pad)                                   \
    }
#define STORAGE                                                                                    \
    {                                                                                              \
        "storage_order", OFZ_ATTR_INT, AT(storage_order)                                           \
    }
#define POWER                                                                                      \
    {                                                                                              \
        "p", OFZ_ATTR_INT, AT(p), .i = 2                                                           \
    }
#define POWER_FLOAT                                                                                \
    {                                                                                              \
        "p", OFZ_ATTR_FLOAT, AT(p_float), .f = 2                                                   \
    }

/* clang-format off */
static const ofz_attr_def basic_def[]     = { BASIC, { 0 } };
static const ofz_attr_def max8_def[]      = { BASIC, STORAGE, { 0 } };
static const ofz_attr_def max_def[]       = { BASIC, STORAGE, CEIL, DILATIONS, { 0 } };
static const ofz_attr_def mean7_def[]     = { BASIC, INCLUDE, { 0 } };
static const ofz_attr_def mean10_def[]    = { BASIC, INCLUDE, CEIL, { 0 } };
static const ofz_attr_def mean_def[]      = { BASIC, INCLUDE, CEIL, DILATIONS, { 0 } };
static const ofz_attr_def norm1_def[]     = {
    { "auto_pad", OFZ_ATTR_STRING, AT(auto_pad), .s = "NOTSET" },
    { "kernel_shape", OFZ_ATTR_INTS, AT(kernel_shape) },
    POWER_FLOAT,
    { "pads", OFZ_ATTR_INTS, AT(pads) },
    { "strides", OFZ_ATTR_INTS, AT(strides) },
    { 0 },
};
static const ofz_attr_def norm2_def[]     = { BASIC, POWER, { 0 } };
static const ofz_attr_def norm_def[]      = { BASIC, POWER, CEIL, DILATIONS, { 0 } };
static const ofz_attr_def global1_def[]   = { POWER_FLOAT, { 0 } };
static const ofz_attr_def global_def[]    = { POWER, { 0 } };

#define ONE    { 1, 1 }
#define TWO    { 2, 2 }
#define THREE  { 3, 3 }
#define ANDTWO { 1, 2 }
#define PURE   OFZ_OP_PURE
#define A(def) def, sizeof(ofz_window_attrs)

#define MAX(since, out, def)                                                                       \
    { "MaxPool", since, ONE, out, PURE, A(def), pool_infer, pool_max_eval, max_grad, "x" }
#define MEAN(since, def)                                                                           \
    { "AveragePool", since, ONE, ONE, PURE, A(def), pool_infer, pool_mean_eval, mean_grad, "x" }
#define NORM(since, def, grad)                                                                     \
    { "LpPool", since, ONE, ONE, PURE, A(def), pool_infer, pool_norm_eval, grad, "x" }
#define GLOBAL_MAX(since)                                                                          \
    { "GlobalMaxPool", since, ONE, ONE, PURE, NULL, 0, global_infer, global_max_eval,              \
      global_max_grad, "x" }
#define GLOBAL_MEAN(since)                                                                         \
    { "GlobalAveragePool", since, ONE, ONE, PURE, NULL, 0, global_infer, global_mean_eval,         \
      global_mean_grad, "x" }
#define GLOBAL_NORM(since, def, grad)                                                              \
    { "GlobalLpPool", since, ONE, ONE, PURE, A(def), global_infer, global_norm_eval, grad, "x" }

/* The gradient rows take every attribute that some version of their operator had. */
#define P(name, in, def, eval)                                                                     \
    { name, 1, in, ONE, PURE, def, sizeof(ofz_window_attrs), ofz_infer_same, eval, NULL, "x", "ofz" }

static const ofz_op rows[] = {
    MEAN(1, basic_def), MEAN(7, mean7_def), MEAN(10, mean10_def), MEAN(11, mean10_def),
    MEAN(19, mean_def), MEAN(22, mean_def),
    GLOBAL_MEAN(1), GLOBAL_MEAN(22),
    GLOBAL_NORM(1, global1_def, NULL), GLOBAL_NORM(2, global_def, global_norm_grad),
    GLOBAL_NORM(22, global_def, global_norm_grad),
    GLOBAL_MAX(1), GLOBAL_MAX(22),
    NORM(1, norm1_def, NULL), NORM(2, norm2_def, norm_grad), NORM(11, norm2_def, norm_grad),
    NORM(18, norm_def, norm_grad), NORM(22, norm_def, norm_grad),
    MAX(1, ONE, basic_def), MAX(8, ANDTWO, max8_def), MAX(10, ANDTWO, max_def),
    MAX(11, ANDTWO, max_def), MAX(12, ANDTWO, max_def), MAX(22, ANDTWO, max_def),
    P("AveragePoolGrad", TWO, mean_def, pool_mean_grad_eval),
    { "GlobalAveragePoolGrad", 1, TWO, ONE, PURE, NULL, 0, ofz_infer_same, global_mean_grad_eval,
      NULL, "x", "ofz" },
    P("GlobalLpPoolGrad", THREE, global_def, global_norm_grad_eval),
    { "GlobalMaxPoolGrad", 1, TWO, ONE, PURE, NULL, 0, ofz_infer_same, global_max_grad_eval, NULL,
      "x", "ofz" },
    P("LpPoolGrad", THREE, norm_def, pool_norm_grad_eval),
    P("MaxPoolGrad", TWO, max_def, pool_max_grad_eval),
    { 0 },
};
/* clang-format on */
OFZ_OP_TABLE(pool, rows);
