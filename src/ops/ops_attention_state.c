/* ops_attention_state.c - what stands around attention: CausalConvWithState, LinearAttention,
 * RotaryEmbedding, SwiGLU, TensorScatter. Source: ONNX Operators.md. */
#include "ops/op.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/threads.h"
#include "kernel/sequence.h"
#include "ops/binary.h"
#include "ops/floats.h"
#include "ops/move.h"

typedef struct state_attrs {
    ofz_string activation, update_rule, mode;
    float      scale, alpha;
    int64_t    kv_num_heads, q_num_heads, num_heads, rotary_embedding_dim, interleaved, axis;
} state_attrs;

static bool text_is(ofz_string s, const char *want)
{
    return s.size == strlen(want) && !memcmp(s.text, want, s.size);
}

static ofz_status text_refuse(ofz_ctx *ctx, const char *what, ofz_string s, const char *want)
{
    return ofz_fail(ctx, OFZ_E_MODEL, "%s: '%.*s', want %s", what, s.size < 64 ? (int)s.size : 64,
                    s.text, want);
}

/* Unify the dims of input k with *dim[]; absent or of unknown rank: nothing. */
static ofz_status dims_meet(ofz_infer_call *c, int k, int rank, int64_t **dim)
{
    const ofz_tensor *t = ofz_infer_in(c, k);
    char              what[48];

    if (!t || t->rank < 0) return OFZ_OK;
    OFZ_TRY(ofz_want_rank(c, k, rank));
    for (int i = 0; i < rank; i++) {
        snprintf(what, sizeof what, "input %d: dim %d", k, i);
        OFZ_TRY(ofz_unify(c->ctx, what, *dim[i], t->dim[i], dim[i]));
    }
    return OFZ_OK;
}

static const void *data_of(const ofz_eval_call *c, int k)
{
    const ofz_tensor *t = ofz_eval_in(c, k);

    return t ? t->data : NULL;
}

static ofz_status positive(ofz_ctx *ctx, const char *what, int64_t count)
{
    if (count >= 1) return OFZ_OK;
    return ofz_fail(ctx, OFZ_E_MODEL, "%s: %" PRId64 ", want at least 1", what, count);
}

/* width / count where width is known; OFZ_E_MODEL where it leaves a rest. */
static ofz_status share(ofz_infer_call *c, const char *what, int64_t width, int64_t count,
                        int64_t *each)
{
    *each = width < 0 ? ofz_infer_fresh(c) : width / count;
    if (width < 0 || width % count == 0) return OFZ_OK;
    return ofz_fail(c->ctx, OFZ_E_MODEL, "%s: width %" PRId64 ", want %" PRId64 " heads", what,
                    width, count);
}

/* --- CausalConvWithState ---------------------------------------------------------------------- */

static ofz_status conv_infer(ofz_infer_call *c)
{
    const state_attrs *a = c->attrs;
    const ofz_dtype    t = c->in[0]->dtype;
    int64_t batch = ofz_infer_fresh(c), channels = ofz_infer_fresh(c), steps = ofz_infer_fresh(c);
    int64_t taps = ofz_infer_fresh(c), past = ofz_infer_fresh(c), one = 1;

    if (!text_is(a->activation, "none") && !text_is(a->activation, "silu") &&
        !text_is(a->activation, "swish"))
        return text_refuse(c->ctx, "activation", a->activation, "'none', 'silu' or 'swish'");
    for (int k = 1; k < 4; k++) OFZ_TRY(ofz_want_same_dtype(c, k));
    OFZ_TRY(dims_meet(c, 0, 3, (int64_t *[]){ &batch, &channels, &steps }));
    OFZ_TRY(dims_meet(c, 1, 3, (int64_t *[]){ &channels, &one, &taps }));
    OFZ_TRY(dims_meet(c, 2, 1, (int64_t *[]){ &channels }));
    if (taps == 0) return ofz_fail(c->ctx, OFZ_E_MODEL, "weight: 0 taps, want at least 1");
    if (taps > 0) past = taps - 1;
    OFZ_TRY(dims_meet(c, 3, 3, (int64_t *[]){ &batch, &channels, &past }));
    OFZ_TRY(ofz_infer_set(c, 0, t, 3, (int64_t[]){ batch, channels, steps }));
    return ofz_infer_set(c, 1, t, 3, (int64_t[]){ batch, channels, past });
}

static ofz_status conv_run(ofz_eval_call *c)
{
    const ofz_tensor     *x = c->in[0];
    const ofz_causal_conv s = { .batch    = x->dim[0],
                                .channels = x->dim[1],
                                .steps    = x->dim[2],
                                .taps     = c->in[1]->dim[2],
                                .silu =
                                    !text_is(((const state_attrs *)c->attrs)->activation, "none") };

    OFZ_BY_FLOAT(c, ofz_causal_conv, c->ctx, &s, x->data, c->in[1]->data, data_of(c, 2),
                 data_of(c, 3), c->out[0]->data,
                 c->out_count > 1 && c->out[1] ? c->out[1]->data : NULL);
    return OFZ_OK;
}

static ofz_status conv_eval(ofz_eval_call *c)
{
    return ofz_eval_floats(c, conv_run);
}

/* --- LinearAttention -------------------------------------------------------------------------- */

static ofz_status rule_check(ofz_infer_call *c)
{
    const state_attrs *a     = c->attrs;
    const bool         delta = text_is(a->update_rule, "delta");
    const bool         gated = text_is(a->update_rule, "gated");
    const bool         both  = text_is(a->update_rule, "gated_delta");

    if (!delta && !gated && !both && !text_is(a->update_rule, "linear"))
        return text_refuse(c->ctx, "update_rule", a->update_rule,
                           "'linear', 'gated', 'delta' or 'gated_delta'");
    if ((gated || both) && !ofz_infer_in(c, 4))
        return ofz_fail(c->ctx, OFZ_E_MODEL, "decay: missing, want it for a gated update");
    if ((delta || both) && !ofz_infer_in(c, 5))
        return ofz_fail(c->ctx, OFZ_E_MODEL, "beta: missing, want it for a delta update");
    return OFZ_OK;
}

/* The last dim of decay or beta is one of two numbers. */
static ofz_status either(ofz_infer_call *c, int k, int64_t x, int64_t y)
{
    const ofz_tensor *t = ofz_infer_in(c, k);

    if (!t || t->rank != 3 || t->dim[2] < 0 || x < 0 || y < 0 || t->dim[2] == x || t->dim[2] == y)
        return OFZ_OK;
    return ofz_fail(c->ctx, OFZ_E_MODEL,
                    "input %d: width %" PRId64 ", want %" PRId64 " or %" PRId64, k, t->dim[2], x,
                    y);
}

static ofz_status linear_infer(ofz_infer_call *c)
{
    const state_attrs *a    = c->attrs;
    const ofz_tensor  *past = ofz_infer_in(c, 3);
    int64_t batch = ofz_infer_fresh(c), steps = ofz_infer_fresh(c), q = ofz_infer_fresh(c);
    int64_t k = ofz_infer_fresh(c), v = ofz_infer_fresh(c), any[] = { k, k }, dim, dim_k, value_dim;
    int64_t heads = a->kv_num_heads, width;

    OFZ_TRY(rule_check(c));
    OFZ_TRY(positive(c->ctx, "kv_num_heads", a->kv_num_heads));
    OFZ_TRY(positive(c->ctx, "q_num_heads", a->q_num_heads));
    if (a->q_num_heads % heads)
        return ofz_fail(c->ctx, OFZ_E_MODEL,
                        "q_num_heads: %" PRId64 ", want a multiple of %" PRId64, a->q_num_heads,
                        heads);
    for (int i = 1; i < 6; i++)
        if (i != 3) OFZ_TRY(ofz_want_same_dtype(c, i));
    OFZ_TRY(dims_meet(c, 0, 3, (int64_t *[]){ &batch, &steps, &q }));
    OFZ_TRY(dims_meet(c, 1, 3, (int64_t *[]){ &batch, &steps, &k }));
    OFZ_TRY(dims_meet(c, 2, 3, (int64_t *[]){ &batch, &steps, &v }));
    OFZ_TRY(dims_meet(c, 4, 3, (int64_t *[]){ &batch, &steps, &any[0] }));
    OFZ_TRY(dims_meet(c, 5, 3, (int64_t *[]){ &batch, &steps, &any[1] }));
    OFZ_TRY(share(c, "query", q, a->q_num_heads, &dim));
    OFZ_TRY(share(c, "key", k, heads, &dim_k));
    OFZ_TRY(share(c, "value", v, heads, &value_dim));
    OFZ_TRY(ofz_unify(c->ctx, "head size of key", dim, dim_k, &dim));
    OFZ_TRY(dims_meet(c, 3, 4, (int64_t *[]){ &batch, &heads, &dim, &value_dim }));
    OFZ_TRY(ofz_dim_mul(c, heads, dim, &width));
    OFZ_TRY(either(c, 4, width, heads));
    OFZ_TRY(either(c, 5, heads, 1));
    OFZ_TRY(ofz_dim_mul(c, a->q_num_heads, value_dim, &width));
    OFZ_TRY(ofz_infer_set(c, 0, c->in[0]->dtype, 3, (int64_t[]){ batch, steps, width }));
    return ofz_infer_set(c, 1, past && past->dtype ? past->dtype : c->in[0]->dtype, 4,
                         (int64_t[]){ batch, heads, dim, value_dim });
}

static ofz_status linear_run(ofz_eval_call *c)
{
    const state_attrs *a = c->attrs;
    const ofz_tensor  *q = c->in[0], *past = ofz_eval_in(c, 3), *out = c->out[1];
    const bool   delta = text_is(a->update_rule, "delta") || text_is(a->update_rule, "gated_delta");
    const bool   gated = !text_is(a->update_rule, "linear") && !text_is(a->update_rule, "delta");
    const size_t size  = q->dtype == OFZ_F64 ? sizeof(double) : sizeof(float);
    ofz_linear_attention s     = { .batch      = q->dim[0],
                                   .steps      = q->dim[1],
                                   .heads      = a->q_num_heads,
                                   .kv_heads   = a->kv_num_heads,
                                   .dim        = q->dim[2] / a->q_num_heads,
                                   .value_dim  = c->in[2]->dim[2] / a->kv_num_heads,
                                   .delta      = delta,
                                   .scale      = (double)a->scale,
                                   .beta_heads = delta ? c->in[5]->dim[2] : 1,
                                   .decay_dim  = gated ? c->in[4]->dim[2] / a->kv_num_heads : 1 };
    const int64_t        count = s.batch * s.kv_heads * s.dim * s.value_dim;
    ofz_status           st;
    void                *state;

    if (s.scale == 0) s.scale = 1 / sqrt(s.dim ? (double)s.dim : 1);
    OFZ_TRY(ofz_scratch(c->ctx, count, size, &state));
    if (past && count) memcpy(state, past->data, (size_t)count * size);
    st = OFZ_BY_FLOAT(c, ofz_linear_attention, c->ctx, &s, q->data, c->in[1]->data, c->in[2]->data,
                      gated ? c->in[4]->data : NULL, delta ? c->in[5]->data : NULL, state,
                      c->out[0]->data);
    if (!st && out && count) memcpy(out->data, state, (size_t)count * size);
    free(state);
    return st;
}

static ofz_status linear_eval(ofz_eval_call *c)
{
    return ofz_eval_floats(c, linear_run);
}

/* --- RotaryEmbedding ------------------------------------------------------------------------------
 * RotaryEmbeddingGrad(dy, cos, sin, positions) rotates back. */

/* Batch, heads, steps and width of a head; x is [B, heads, steps, dim] or [B, steps, heads dim]. */
typedef struct rotary {
    int64_t batch, heads, steps, dim, rotated;
} rotary;

static ofz_status rotary_get(ofz_infer_call *c, rotary *r)
{
    const state_attrs *a = c->attrs;
    const ofz_tensor  *x = c->in[0];

    if (x->rank != 3 && x->rank != 4)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "input: rank %d, want 3 or 4", x->rank);
    r->batch = x->dim[0];
    if (x->rank == 4) {
        r->heads = x->dim[1];
        r->steps = x->dim[2];
        r->dim   = x->dim[3];
    } else {
        OFZ_TRY(positive(c->ctx, "num_heads", a->num_heads));
        r->heads = a->num_heads;
        r->steps = x->dim[1];
        OFZ_TRY(share(c, "input", x->dim[2], a->num_heads, &r->dim));
    }
    r->rotated = a->rotary_embedding_dim ? a->rotary_embedding_dim : r->dim;
    if (a->rotary_embedding_dim < 0 || (r->rotated >= 0 && r->rotated % 2) ||
        (r->dim >= 0 && r->rotated > r->dim))
        return ofz_fail(c->ctx, OFZ_E_MODEL,
                        "rotary_embedding_dim: %" PRId64 ", want an even number up to %" PRId64,
                        r->rotated, r->dim);
    return OFZ_OK;
}

static ofz_status rotary_infer(ofz_infer_call *c)
{
    const bool placed = ofz_infer_in(c, 3) != NULL;
    int64_t    rows = ofz_infer_fresh(c), width = ofz_infer_fresh(c);
    rotary     r;

    OFZ_TRY(ofz_want_same_dtype(c, 1));
    OFZ_TRY(ofz_want_same_dtype(c, 2));
    OFZ_TRY(ofz_want_ints(c, 3, false));
    if (c->in[0]->rank < 0) return ofz_infer_same(c);
    OFZ_TRY(rotary_get(c, &r));
    for (int k = 1; k < 3; k++)
        if (placed)
            OFZ_TRY(dims_meet(c, k, 2, (int64_t *[]){ &rows, &width }));
        else
            OFZ_TRY(dims_meet(c, k, 3, (int64_t *[]){ &r.batch, &r.steps, &width }));
    OFZ_TRY(dims_meet(c, 3, 2, (int64_t *[]){ &r.batch, &r.steps }));
    if (width >= 0 && r.rotated >= 0 && width < r.rotated / 2)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "cos_cache: width %" PRId64 ", want %" PRId64, width,
                        r.rotated / 2);
    return ofz_infer_same(c);
}

/* The table's row for each row of x. */
static ofz_status places_get(ofz_eval_call *c, const rotary *r, int64_t *place)
{
    const ofz_tensor *x = c->in[0], *ids = ofz_eval_in(c, 3);
    const int64_t     rows = c->in[1]->dim[0];

    for (int64_t i = 0; i < r->batch * r->heads * r->steps; i++) {
        const int64_t n = i / (r->heads * r->steps);
        const int64_t t = x->rank == 4 ? i % r->steps : i / r->heads % r->steps;
        const int64_t p = ids ? ((const int64_t *)ids->data)[n * r->steps + t] : n * r->steps + t;

        if (ids && (p < -rows || p >= rows))
            return ofz_fail(c->ctx, OFZ_E_DATA,
                            "position_ids[%" PRId64 "]: %" PRId64 ", want less than %" PRId64,
                            n * r->steps + t, p, rows);
        place[i] = p < 0 ? p + rows : p;
    }
    return OFZ_OK;
}

static ofz_status rotary_run(ofz_eval_call *c, int sign)
{
    const state_attrs *a = c->attrs;
    ofz_infer_call     i = { .ctx      = c->ctx,
                             .node     = c->node,
                             .attrs    = a,
                             .in_count = c->in_count,
                             .in       = c->in,
                             .fresh    = OFZ_SYMBOL(0) };
    ofz_status         st;
    int64_t           *place;
    rotary             r;

    OFZ_TRY(rotary_get(&i, &r));
    if (!c->in[0]->count) return OFZ_OK;
    OFZ_TRY(ofz_scratch(c->ctx, r.batch * r.heads * r.steps, sizeof *place, &place));
    st = places_get(c, &r, place);
    if (!st) {
        const ofz_rotation s = { .rows        = r.batch * r.heads * r.steps,
                                 .dim         = r.dim,
                                 .rotated     = r.rotated,
                                 .width       = c->in[1]->dim[c->in[1]->rank - 1],
                                 .place       = place,
                                 .interleaved = a->interleaved != 0,
                                 .sign        = sign };

        OFZ_BY_FLOAT(c, ofz_rotate, c->ctx, &s, c->in[0]->data, c->in[1]->data, c->in[2]->data,
                     c->out[0]->data);
    }
    free(place);
    return st;
}

static ofz_status rotary_forward(ofz_eval_call *c)
{
    return rotary_run(c, 1);
}

static ofz_status rotary_backward(ofz_eval_call *c)
{
    return rotary_run(c, -1);
}

static ofz_status rotary_eval(ofz_eval_call *c)
{
    return ofz_eval_floats(c, rotary_forward);
}

static ofz_status rotary_grad_eval(ofz_eval_call *c)
{
    return ofz_eval_floats(c, rotary_backward);
}

static ofz_status rotary_grad(ofz_grad_call *g)
{
    const ofz_node  *n    = g->node;
    ofz_value *const in[] = { g->dy[0], n->in[1], n->in[2], n->in_count > 3 ? n->in[3] : NULL };

    if (g->need[1] || g->need[2])
        return ofz_fail(g->ctx, OFZ_E_UNSUPPORTED,
                        "cos_cache, sin_cache: to be trained, want them frozen");
    return g->need[0] ? ofz_emit_grad(g, "RotaryEmbeddingGrad", 4, in, &g->dx[0]) : OFZ_OK;
}

/* --- SwiGLU --------------------------------------------------------------------------------------
 * a sigmoid(alpha a) b. SwiGLUGradA(dy, a, b), SwiGLUGradB(dy, a). */

static double gate(const void *arg, double a)
{
    return 1 / (1 + exp(-(double)((const state_attrs *)arg)->alpha * a));
}

/* d/da of a sigmoid(alpha a). */
static double gate_slope(const void *arg, double a)
{
    const double s = gate(arg, a);

    return s + (double)((const state_attrs *)arg)->alpha * a * s * (1 - s);
}

OFZ_FLOAT_ROWS(swiglu, 2, (double)v[0] * gate(arg, (double)v[0]) * (double)v[1])
OFZ_FLOAT_ROWS(swiglu_a, 3, (double)v[0] * gate_slope(arg, (double)v[1]) * (double)v[2])
OFZ_FLOAT_ROWS(swiglu_b, 2, (double)v[0] * (double)v[1] * gate(arg, (double)v[1]))

static ofz_status swiglu_grad(ofz_grad_call *g)
{
    ofz_value *const in[] = { g->dy[0], g->node->in[0], g->node->in[1] };
    ofz_value       *d;

    if (g->need[0]) {
        OFZ_TRY(ofz_emit_grad(g, "SwiGLUGradA", 3, in, &d));
        OFZ_TRY(ofz_emit_sum_to(g, d, in[1], &g->dx[0]));
    }
    if (g->need[1]) {
        OFZ_TRY(ofz_emit_grad(g, "SwiGLUGradB", 2, in, &d));
        OFZ_TRY(ofz_emit_sum_to(g, d, in[2], &g->dx[1]));
    }
    return OFZ_OK;
}

/* --- TensorScatter ---------------------------------------------------------------------------- */

static ofz_status cache_infer(ofz_infer_call *c)
{
    const state_attrs *a = c->attrs;
    const ofz_tensor  *x = c->in[0], *u = c->in[1], *at = ofz_infer_in(c, 2);
    int                axis;
    int64_t            any;

    if (!text_is(a->mode, "linear") && !text_is(a->mode, "circular"))
        return text_refuse(c->ctx, "mode", a->mode, "'linear' or 'circular'");
    OFZ_TRY(ofz_want_same_dtype(c, 1));
    OFZ_TRY(ofz_want_ints(c, 2, false));
    if (x->rank < 0) return ofz_infer_same(c);
    OFZ_TRY(ofz_axis(c->ctx, a->axis, x->rank, &axis));
    if (axis == 0) return ofz_fail(c->ctx, OFZ_E_MODEL, "axis: 0, want one behind the batch");
    OFZ_TRY(ofz_want_rank(c, 1, x->rank));
    for (int i = 0; u->rank >= 0 && i < x->rank; i++) {
        if (i != axis)
            OFZ_TRY(ofz_unify(c->ctx, "update", x->dim[i], u->dim[i], &any));
        else if (x->dim[i] >= 0 && u->dim[i] > x->dim[i])
            return ofz_fail(c->ctx, OFZ_E_MODEL, "update: %" PRId64 ", want at most %" PRId64,
                            u->dim[i], x->dim[i]);
    }
    if (at && at->rank >= 0) {
        OFZ_TRY(ofz_want_rank(c, 2, 1));
        OFZ_TRY(ofz_unify(c->ctx, "write_indices", x->dim[0], at->dim[0], &any));
    }
    return ofz_infer_same(c);
}

static ofz_status cache_eval(ofz_eval_call *c)
{
    const state_attrs *a = c->attrs;
    const ofz_tensor  *x = c->in[0], *u = c->in[1], *at = ofz_eval_in(c, 2);
    const int64_t     *begin = at ? at->data : NULL;
    const int          bits  = ofz_bits(x->dtype);
    const bool         round = text_is(a->mode, "circular");
    int                axis;
    int64_t            outer, room, steps, inner;

    OFZ_TRY(ofz_axis(c->ctx, a->axis, x->rank, &axis));
    outer = ofz_tensor_span(x, 1, axis);
    room  = x->dim[axis];
    steps = u->dim[axis];
    inner = ofz_tensor_span(x, axis + 1, x->rank);
    for (int64_t n = 0; begin && n < x->dim[0]; n++)
        if (begin[n] < 0 || begin[n] > room || (!round && begin[n] > room - steps))
            return ofz_fail(c->ctx, OFZ_E_DATA,
                            "write_indices[%" PRId64 "]: %" PRId64 ", want 0 to %" PRId64, n,
                            begin[n], round ? room : room - steps);
    ofz_move_clear(c->out[0]);
    ofz_copy_run(bits, x->data, 0, c->out[0]->data, 0, x->count);
    for (int64_t i = 0; x->count && i < x->dim[0] * outer; i++)
        for (int64_t t = 0; t < steps; t++) {
            const int64_t to = ((begin ? begin[i / outer] : 0) + t) % room;

            ofz_copy_run(bits, u->data, (i * steps + t) * inner, c->out[0]->data,
                         (i * room + to) * inner, inner);
        }
    return ofz_move_own(c->ctx, c->out[0]);
}

/* --- the table -------------------------------------------------------------------------------- */

#define AT(field) offsetof(state_attrs, field)

/* clang-format off */
static const ofz_attr_def conv_def[] = {
    { "activation", OFZ_ATTR_STRING, AT(activation), .s = "none" }, { 0 }
};
static const ofz_attr_def linear_def[] = {
    { "chunk_size", OFZ_ATTR_INT, OFZ_ATTR_IGNORED },
    { "kv_num_heads", OFZ_ATTR_INT, AT(kv_num_heads), .required = true },
    { "q_num_heads", OFZ_ATTR_INT, AT(q_num_heads), .required = true },
    { "scale", OFZ_ATTR_FLOAT, AT(scale) },
    { "update_rule", OFZ_ATTR_STRING, AT(update_rule), .s = "gated_delta" },
    { 0 },
};
static const ofz_attr_def rotary_def[] = {
    { "interleaved", OFZ_ATTR_INT, AT(interleaved) },
    { "num_heads", OFZ_ATTR_INT, AT(num_heads) },
    { "rotary_embedding_dim", OFZ_ATTR_INT, AT(rotary_embedding_dim) },
    { 0 },
};
static const ofz_attr_def swiglu_def[] = { { "alpha", OFZ_ATTR_FLOAT, AT(alpha), .f = 1 }, { 0 } };
static const ofz_attr_def cache_def[] = {
    { "axis", OFZ_ATTR_INT, AT(axis), .i = -2 },
    { "mode", OFZ_ATTR_STRING, AT(mode), .s = "linear" },
    { 0 },
};

#define PURE       OFZ_OP_PURE
#define ATTRS(def) def, sizeof(state_attrs)

static const ofz_op rows[] = {
    { "CausalConvWithState", 27, { 2, 4 }, { 2, 2 }, PURE, ATTRS(conv_def), conv_infer, conv_eval,
      NULL, "xwbx" },
    { "LinearAttention", 27, { 3, 6 }, { 2, 2 }, PURE, ATTRS(linear_def), linear_infer,
      linear_eval, NULL, "x" },
    { "RotaryEmbedding", 23, { 3, 4 }, { 1, 1 }, PURE, ATTRS(rotary_def), rotary_infer,
      rotary_eval, rotary_grad, "xxxi" },
    { "SwiGLU", 28, { 2, 2 }, { 1, 1 }, PURE, ATTRS(swiglu_def), ofz_float_infer, swiglu_eval,
      swiglu_grad, "x" },
    { "TensorScatter", 24, { 2, 3 }, { 1, 1 }, PURE, ATTRS(cache_def), cache_infer, cache_eval,
      NULL, "xxi" },
    { "RotaryEmbeddingGrad", 1, { 3, 4 }, { 1, 1 }, PURE, ATTRS(rotary_def), rotary_infer,
      rotary_grad_eval, NULL, "x", "ofz" },
    { "SwiGLUGradA", 1, { 3, 3 }, { 1, 1 }, PURE, ATTRS(swiglu_def), ofz_float_infer,
      swiglu_a_eval, NULL, "x", "ofz" },
    { "SwiGLUGradB", 1, { 2, 2 }, { 1, 1 }, PURE, ATTRS(swiglu_def), ofz_float_infer,
      swiglu_b_eval, NULL, "x", "ofz" },
    { 0 },
};
/* clang-format on */
OFZ_OP_TABLE(attention_state, rows);
