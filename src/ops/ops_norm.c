/* ops_norm.c - normalisation over rows: LayerNormalization, RMSNormalization, GroupNormalization,
 * InstanceNormalization, and their gradients.
 * Source: ONNX Operators.md. All statistics are computed in double, whatever stash_type says: that
 * attribute only names the type in which Mean and InvStdDev come out. */
#include "ops/op.h"

#include <stdlib.h>
#include <string.h>

#include "kernel/norm.h"
#include "ops/floats.h"
#include "ops/infer.h"

typedef struct norm_attrs {
    float   epsilon;
    int64_t axis, stash_type, num_groups;
} norm_attrs;

/* --- shapes ----------------------------------------------------------------------------------- */

/* Input k must broadcast to x = in[0] without making it larger. */
static ofz_status want_spread(ofz_infer_call *c, int k)
{
    const ofz_tensor *x = c->in[0], *p = k < c->in_count ? c->in[k] : NULL;

    if (!p || p->rank < 0 || x->rank < 0) return OFZ_OK;
    if (p->rank > x->rank)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "input %d: rank %d, want at most %d", k, p->rank,
                        x->rank);
    for (int i = 0; i < p->rank; i++) {
        const int64_t have = p->dim[i], want = x->dim[x->rank - p->rank + i];

        if (have >= 0 && want >= 0 && have != 1 && have != want)
            return ofz_fail(c->ctx, OFZ_E_MODEL,
                            "input %d: axis %d of %" PRId64 ", want 1 or %" PRId64, k, i, have,
                            want);
    }
    return OFZ_OK;
}

static ofz_status layer_infer(ofz_infer_call *c)
{
    const norm_attrs *a = c->attrs;
    const ofz_tensor *x = c->in[0];
    const ofz_dtype   u = a->stash_type == OFZ_BF16 ? OFZ_BF16 : OFZ_F32;
    int64_t           dim[OFZ_MAX_RANK];
    int               axis;

    OFZ_TRY(ofz_infer_same(c));
    OFZ_TRY(ofz_want_same_dtype(c, 1));
    OFZ_TRY(ofz_want_same_dtype(c, 2));
    if (x->rank < 0) {
        OFZ_TRY(ofz_infer_unknown(c, 1, u));
        return ofz_infer_unknown(c, 2, u);
    }
    OFZ_TRY(ofz_axis(c->ctx, a->axis, x->rank, &axis));
    OFZ_TRY(want_spread(c, 1));
    OFZ_TRY(want_spread(c, 2));
    for (int i = 0; i < x->rank; i++) dim[i] = i < axis ? x->dim[i] : 1;
    OFZ_TRY(ofz_infer_set(c, 1, u, x->rank, dim));
    return ofz_infer_set(c, 2, u, x->rank, dim);
}

/* The output has the type of the scale. */
static ofz_status rms_infer(ofz_infer_call *c)
{
    const norm_attrs *a = c->attrs;
    const ofz_tensor *x = c->in[0];
    int               axis;

    if (x->rank >= 0) OFZ_TRY(ofz_axis(c->ctx, a->axis, x->rank, &axis));
    OFZ_TRY(want_spread(c, 1));
    return ofz_infer_set(c, 0, c->in[1]->dtype, x->rank, x->dim);
}

static ofz_status plane_infer(ofz_infer_call *c, bool per_group)
{
    const norm_attrs *a = c->attrs;
    const ofz_tensor *x = c->in[0];
    int64_t           count, channels;

    OFZ_TRY(ofz_infer_same(c));
    if (x->rank >= 0 && x->rank < 2)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "input: rank %d, want at least 2", x->rank);
    channels = x->rank < 0 ? OFZ_SYMBOL(0) : x->dim[1];
    for (int k = 1; k < c->in_count && c->in[k]; k++) {
        OFZ_TRY(ofz_want_same_dtype(c, k));
        OFZ_TRY(ofz_want_rank(c, k, 1));
        if (c->in[k]->rank == 1)
            OFZ_TRY(ofz_unify(c->ctx, "scale", per_group ? a->num_groups : channels,
                              c->in[k]->dim[0], &count));
    }
    return OFZ_OK;
}

static ofz_status groups_check(ofz_infer_call *c)
{
    const norm_attrs *a = c->attrs;
    const ofz_tensor *x = c->in[0];

    if (a->num_groups < 1 || (x->rank >= 2 && x->dim[1] >= 0 && x->dim[1] % a->num_groups))
        return ofz_fail(c->ctx, OFZ_E_MODEL,
                        "num_groups: %" PRId64 ", want a divisor of the channels", a->num_groups);
    return OFZ_OK;
}

static ofz_status instance_infer(ofz_infer_call *c)
{
    return plane_infer(c, false);
}

static ofz_status group_infer_18(ofz_infer_call *c)
{
    OFZ_TRY(groups_check(c));
    return plane_infer(c, true);
}

static ofz_status group_infer_21(ofz_infer_call *c)
{
    OFZ_TRY(groups_check(c));
    return plane_infer(c, false);
}

/* --- what the kernels see --------------------------------------------------------------------- */

/* Scale and shift of a layer norm: one per normalised element, or, where they have another shape,
 * spread over all of x. */
typedef struct params {
    ofz_norm    norm;
    const void *scale, *shift;
    ofz_tensor  spread[2];
} params;

static bool covers(const ofz_tensor *p, const ofz_tensor *x, int axis)
{
    const int tail = x->rank - axis, lead = p->rank - tail;

    if (lead < 0) return false;
    for (int i = 0; i < p->rank; i++)
        if (p->dim[i] != (i < lead ? 1 : x->dim[axis + i - lead])) return false;
    return true;
}

/* x's elements over p's, as in broadcasting: calls out[e] = p[index of e]. */
#define SPREAD(name, TYPE)                                                                         \
    static void name(const ofz_tensor *p, const ofz_tensor *x, TYPE *out)                          \
    {                                                                                              \
        int64_t     step[OFZ_MAX_RANK];                                                            \
        const TYPE *from = p->data;                                                                \
                                                                                                   \
        ofz_broadcast_strides(p, x->rank, x->dim, step);                                           \
        for (int64_t e = 0; e < x->count; e++) {                                                   \
            int64_t rest = e, i = 0;                                                               \
                                                                                                   \
            for (int k = x->rank - 1; k >= 0; k--) {                                               \
                i += rest % x->dim[k] * step[k];                                                   \
                rest /= x->dim[k];                                                                 \
            }                                                                                      \
            out[e] = from[i];                                                                      \
        }                                                                                          \
    }

SPREAD(spread_f32, float)
SPREAD(spread_f64, double)

static ofz_status spread_one(ofz_ctx *ctx, const ofz_tensor *p, const ofz_tensor *x, ofz_tensor *to,
                             const void **data)
{
    int64_t dim[OFZ_MAX_RANK];
    int     rank;
    bool    fits;

    OFZ_TRY(ofz_broadcast(ctx, p->rank, p->dim, x->rank, x->dim, 0, &rank, dim));
    fits = rank == x->rank && (!rank || !memcmp(dim, x->dim, (size_t)rank * sizeof *dim));
    if (!fits) return ofz_fail(ctx, OFZ_E_MODEL, "scale or shift: does not spread over the input");
    OFZ_TRY(ofz_tensor_new(ctx, to, x->dtype, x->rank, x->dim));
    if (x->dtype == OFZ_F64)
        spread_f64(p, x, to->data);
    else
        spread_f32(p, x, to->data);
    *data = to->data;
    return OFZ_OK;
}

static void params_free(params *p)
{
    ofz_tensor_release(&p->spread[0]);
    ofz_tensor_release(&p->spread[1]);
}

/* For layer and RMS norms of x with scale and shift (either may be NULL). */
static ofz_status layer_params(ofz_eval_call *c, const ofz_tensor *x, const ofz_tensor *scale,
                               const ofz_tensor *shift, bool centered, params *p)
{
    const norm_attrs *a  = c->attrs;
    ofz_status        st = OFZ_OK;
    int               axis;

    memset(p, 0, sizeof *p);
    OFZ_TRY(ofz_axis(c->ctx, a->axis, x->rank, &axis));
    if ((scale && scale->dtype != x->dtype) || (shift && shift->dtype != x->dtype))
        return ofz_fail(c->ctx, OFZ_E_UNSUPPORTED, "scale or shift: not %s, as the input",
                        ofz_dtype_name(x->dtype));
    p->norm        = (ofz_norm){ .inner    = ofz_tensor_span(x, axis, x->rank),
                                 .centered = centered,
                                 .epsilon  = (double)a->epsilon };
    p->norm.affine = (ofz_affine){ .total = x->count, .period = 1, .count = p->norm.inner };
    p->scale       = scale ? scale->data : NULL;
    p->shift       = shift ? shift->data : NULL;
    if (x->count && ((scale && !covers(scale, x, axis)) || (shift && !covers(shift, x, axis)))) {
        p->norm.affine.count = x->count;
        if (scale) OFZ_GOTO(spread_one(c->ctx, scale, x, &p->spread[0], &p->scale));
        if (shift) OFZ_GOTO(spread_one(c->ctx, shift, x, &p->spread[1], &p->shift));
    }
done:
    if (st) params_free(p);
    return st;
}

/* For group norms with `count` parameters; groups = channels is an instance norm. */
static ofz_norm group_norm(const ofz_tensor *x, int64_t groups, int64_t count, double epsilon)
{
    const int64_t channels = x->dim[1], plane = ofz_tensor_span(x, 2, x->rank);

    return (ofz_norm){ .affine   = { .total  = x->count,
                                     .period = count && x->count ? channels / count * plane : 0,
                                     .count  = count },
                       .inner    = groups && x->count ? channels / groups * plane : 0,
                       .centered = true,
                       .epsilon  = epsilon };
}

static ofz_norm plane_norm(const ofz_eval_call *c, const ofz_tensor *x, int64_t count)
{
    const norm_attrs *a = c->attrs;

    return group_norm(x, a->num_groups ? a->num_groups : x->dim[1], count, (double)a->epsilon);
}

/* --- eval ------------------------------------------------------------------------------------- */

static const ofz_tensor *input(const ofz_eval_call *c, int k)
{
    return k < c->in_count ? c->in[k] : NULL;
}

static void *output_data(const ofz_eval_call *c, int k)
{
    return k < c->out_count && c->out[k] ? c->out[k]->data : NULL;
}

static ofz_status layer_forward(ofz_eval_call *c, bool centered)
{
    ofz_status st;
    params     p;

    OFZ_TRY(layer_params(c, c->in[0], input(c, 1), centered ? input(c, 2) : NULL, centered, &p));
    st = OFZ_BY_FLOAT(c, ofz_norm_forward, c->ctx, &p.norm, c->in[0]->data, p.scale, p.shift,
                      c->out[0]->data, output_data(c, 1), output_data(c, 2));
    params_free(&p);
    return st;
}

static ofz_status layer_run(ofz_eval_call *c)
{
    return layer_forward(c, true);
}

static ofz_status rms_run(ofz_eval_call *c)
{
    return layer_forward(c, false);
}

static ofz_status plane_run(ofz_eval_call *c)
{
    const ofz_norm n = plane_norm(c, c->in[0], c->in[1]->count);

    if (!c->in[0]->count) return OFZ_OK;
    return OFZ_BY_FLOAT(c, ofz_norm_forward, c->ctx, &n, c->in[0]->data, c->in[1]->data,
                        c->in[2]->data, c->out[0]->data, NULL, NULL);
}

/* Gradient rows: (dy, x, scale). */
static ofz_status layer_grad_x(ofz_eval_call *c, bool centered)
{
    ofz_status st;
    params     p;

    OFZ_TRY(layer_params(c, c->in[1], c->in[2], NULL, centered, &p));
    st = OFZ_BY_FLOAT(c, ofz_norm_grad_x, c->ctx, &p.norm, c->in[0]->data, c->in[1]->data, p.scale,
                      c->out[0]->data);
    params_free(&p);
    return st;
}

static ofz_status layer_grad_x_run(ofz_eval_call *c)
{
    return layer_grad_x(c, true);
}

static ofz_status rms_grad_x_run(ofz_eval_call *c)
{
    return layer_grad_x(c, false);
}

/* out += each element of wide at the place it was spread from. */
#define COLLECT(name, TYPE)                                                                        \
    static void name(const ofz_tensor *wide, const ofz_tensor *out, double *sum)                   \
    {                                                                                              \
        const TYPE *from = wide->data;                                                             \
        TYPE       *to   = out->data;                                                              \
        int64_t     step[OFZ_MAX_RANK];                                                            \
                                                                                                   \
        ofz_broadcast_strides(out, wide->rank, wide->dim, step);                                   \
        for (int64_t i = 0; i < out->count; i++) sum[i] = 0;                                       \
        for (int64_t e = 0; e < wide->count; e++) {                                                \
            int64_t rest = e, i = 0;                                                               \
                                                                                                   \
            for (int k = wide->rank - 1; k >= 0; k--) {                                            \
                i += rest % wide->dim[k] * step[k];                                                \
                rest /= wide->dim[k];                                                              \
            }                                                                                      \
            sum[i] += (double)from[e];                                                             \
        }                                                                                          \
        for (int64_t i = 0; i < out->count; i++) to[i] = (TYPE)sum[i];                             \
    }

COLLECT(collect_f32, float)
COLLECT(collect_f64, double)

static ofz_status layer_grad_scale(ofz_eval_call *c, bool centered)
{
    const ofz_tensor *x = c->in[1], *scale = c->in[2];
    ofz_status        st  = OFZ_OK;
    ofz_tensor        all = { 0 };
    double           *sum = NULL;
    params            p;

    OFZ_TRY(layer_params(c, x, scale, NULL, centered, &p));
    if (p.norm.affine.count == p.norm.inner && scale->count == p.norm.inner) {
        OFZ_GOTO(OFZ_BY_FLOAT(c, ofz_norm_grad_scale, c->ctx, &p.norm, c->in[0]->data, x->data,
                              c->out[0]->data));
    } else { /* one gradient per element of x, then gathered */
        OFZ_GOTO(ofz_tensor_new(c->ctx, &all, x->dtype, x->rank, x->dim));
        sum = malloc((size_t)scale->count * sizeof *sum + 1);
        if (!sum) OFZ_GOTO(ofz_fail_nomem(c->ctx, "scale", (size_t)scale->count * sizeof *sum));
        OFZ_GOTO(OFZ_BY_FLOAT(c, ofz_norm_grad_scale, c->ctx, &p.norm, c->in[0]->data, x->data,
                              all.data));
        OFZ_BY_FLOAT(c, collect, &all, c->out[0], sum);
    }
done:
    free(sum);
    ofz_tensor_release(&all);
    params_free(&p);
    return st;
}

static ofz_status layer_grad_scale_run(ofz_eval_call *c)
{
    return layer_grad_scale(c, true);
}

static ofz_status rms_grad_scale_run(ofz_eval_call *c)
{
    return layer_grad_scale(c, false);
}

static ofz_status plane_grad_x_run(ofz_eval_call *c)
{
    const ofz_norm n = plane_norm(c, c->in[1], c->in[2]->count);

    if (!c->in[1]->count) return OFZ_OK;
    return OFZ_BY_FLOAT(c, ofz_norm_grad_x, c->ctx, &n, c->in[0]->data, c->in[1]->data,
                        c->in[2]->data, c->out[0]->data);
}

static ofz_status plane_grad_scale_run(ofz_eval_call *c)
{
    const ofz_norm n = plane_norm(c, c->in[1], c->in[2]->count);

    return OFZ_BY_FLOAT(c, ofz_norm_grad_scale, c->ctx, &n, c->in[0]->data, c->in[1]->data,
                        c->out[0]->data);
}

/* (dy, x, shift): the sum of dy per parameter. */
static ofz_status plane_grad_shift_run(ofz_eval_call *c)
{
    const ofz_norm n = plane_norm(c, c->in[1], c->in[2]->count);

    return OFZ_BY_FLOAT(c, ofz_affine_sum, c->ctx, &n.affine, c->in[0]->data, c->out[0]->data);
}

#define EVAL(name)                                                                                 \
    static ofz_status name##_eval(ofz_eval_call *c)                                                \
    {                                                                                              \
        return ofz_eval_floats(c, name##_run);                                                     \
    }

EVAL(layer)
EVAL(rms)
EVAL(plane)
EVAL(layer_grad_x)
EVAL(rms_grad_x)
EVAL(layer_grad_scale)
EVAL(rms_grad_scale)
EVAL(plane_grad_x)
EVAL(plane_grad_scale)
EVAL(plane_grad_shift)

/* --- gradients -------------------------------------------------------------------------------- */

static ofz_status grad_x_infer(ofz_infer_call *c)
{
    return ofz_infer_set(c, 0, c->in[1]->dtype, c->in[1]->rank, c->in[1]->dim);
}

static ofz_status grad_param_infer(ofz_infer_call *c)
{
    return ofz_infer_set(c, 0, c->in[2]->dtype, c->in[2]->rank, c->in[2]->dim);
}

static ofz_status emit_scaled(ofz_grad_call *g, const char *row_x, const char *row_scale)
{
    ofz_value *const in[] = { g->dy[0], g->node->in[0], g->node->in[1] };

    if (g->need[0]) OFZ_TRY(ofz_emit_grad(g, row_x, 3, in, &g->dx[0]));
    if (g->need[1]) OFZ_TRY(ofz_emit_grad(g, row_scale, 3, in, &g->dx[1]));
    return OFZ_OK;
}

/* Mean and InvStdDev are taken as reports: no gradient flows through them. */
static ofz_status layer_grad(ofz_grad_call *g)
{
    if (!g->dy[0]) return OFZ_OK;
    OFZ_TRY(emit_scaled(g, "LayerNormGradX", "LayerNormGradScale"));
    if (g->node->in_count > 2 && g->node->in[2] && g->need[2])
        OFZ_TRY(ofz_emit_sum_to(g, g->dy[0], g->node->in[2], &g->dx[2]));
    return OFZ_OK;
}

static ofz_status rms_grad(ofz_grad_call *g)
{
    return emit_scaled(g, "RMSNormGradX", "RMSNormGradScale");
}

static ofz_status plane_grad(ofz_grad_call *g)
{
    ofz_value *const in[] = { g->dy[0], g->node->in[0], g->node->in[2] };

    OFZ_TRY(emit_scaled(g, "GroupNormGradX", "GroupNormGradScale"));
    if (g->need[2]) OFZ_TRY(ofz_emit_grad(g, "GroupNormGradShift", 3, in, &g->dx[2]));
    return OFZ_OK;
}

/* --- the table -------------------------------------------------------------------------------- */

#define AT(field) offsetof(norm_attrs, field)
#define EPSILON                                                                                    \
    {                                                                                              \
        "epsilon", OFZ_ATTR_FLOAT, AT(epsilon), .f = 1e-5f                                         \
    }
#define AXIS                                                                                       \
    {                                                                                              \
        "axis", OFZ_ATTR_INT, AT(axis), .i = -1                                                    \
    }
#define STASH                                                                                      \
    {                                                                                              \
        "stash_type", OFZ_ATTR_INT, AT(stash_type), .i = 1                                         \
    }
#define IGNORED                                                                                    \
    {                                                                                              \
        "consumed_inputs", OFZ_ATTR_INTS, OFZ_ATTR_IGNORED                                         \
    }

/* clang-format off */
static const ofz_attr_def layer_def[]     = { EPSILON, AXIS, STASH, { 0 } };
static const ofz_attr_def instance1_def[] = { EPSILON, IGNORED, { 0 } };
static const ofz_attr_def instance_def[]  = { EPSILON, { 0 } };
static const ofz_attr_def group18_def[]   = {
    EPSILON, { "num_groups", OFZ_ATTR_INT, AT(num_groups), .required = true }, { 0 },
};
static const ofz_attr_def group21_def[]   = {
    EPSILON, { "num_groups", OFZ_ATTR_INT, AT(num_groups), .required = true }, STASH, { 0 },
};
/* For the gradient rows of group and instance norms: without num_groups, one group per channel. */
static const ofz_attr_def plane_def[]     = {
    EPSILON, { "num_groups", OFZ_ATTR_INT, AT(num_groups) }, STASH, IGNORED, { 0 },
};

#define ONE    { 1, 1 }
#define TWO    { 2, 2 }
#define THREE  { 3, 3 }
#define IN     { 2, 3 }
#define UP3    { 1, 3 }
#define PURE   OFZ_OP_PURE
#define A(def) def, sizeof(norm_attrs)
#define GROUP(since, def, infer)                                                                   \
    { "GroupNormalization", since, THREE, ONE, PURE, A(def), infer, plane_eval, plane_grad, "xgh" }
#define INSTANCE(since, def)                                                                       \
    { "InstanceNormalization", since, THREE, ONE, PURE, A(def), instance_infer, plane_eval,        \
      plane_grad, "xgh" }
#define P(name, def, infer, eval)                                                                  \
    { name, 1, THREE, ONE, PURE, A(def), infer, eval, NULL, "xxg", "ofz" }

static const ofz_op rows[] = {
    GROUP(18, group18_def, group_infer_18),
    GROUP(21, group21_def, group_infer_21),
    INSTANCE(1, instance1_def),
    INSTANCE(6, instance_def),
    INSTANCE(22, instance_def),
    /* ONNX Runtime's fusions put it into files of any operator set, long before ONNX had it. */
    { "LayerNormalization", 1, IN, UP3, PURE, A(layer_def), layer_infer, layer_eval, layer_grad,
      "xgh" },
    { "LayerNormalization", 17, IN, UP3, PURE, A(layer_def), layer_infer, layer_eval, layer_grad,
      "xgh" },
    { "RMSNormalization", 23, TWO, ONE, PURE, A(layer_def), rms_infer, rms_eval, rms_grad, "xg" },
    P("GroupNormGradScale", plane_def, grad_param_infer, plane_grad_scale_eval),
    P("GroupNormGradShift", plane_def, grad_param_infer, plane_grad_shift_eval),
    P("GroupNormGradX", plane_def, grad_x_infer, plane_grad_x_eval),
    P("LayerNormGradScale", layer_def, grad_param_infer, layer_grad_scale_eval),
    P("LayerNormGradX", layer_def, grad_x_infer, layer_grad_x_eval),
    P("RMSNormGradScale", layer_def, grad_param_infer, rms_grad_scale_eval),
    P("RMSNormGradX", layer_def, grad_x_infer, rms_grad_x_eval),
    { 0 },
};
/* clang-format on */
OFZ_OP_TABLE(norm, rows);
