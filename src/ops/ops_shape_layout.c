/* ops_shape_layout.c - rows that keep the elements and change their order. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/threads.h"
#include "ops/move.h"

static ofz_status box_eval(ofz_eval_call *c, const ofz_box *box)
{
    ofz_move_clear(c->out[0]);
    ofz_copy_box(box, ofz_bits(c->in[0]->dtype), c->in[0]->data, c->out[0]->data,
                 ofz_threads(c->ctx));
    return ofz_move_own(c->ctx, c->out[0]);
}

/* --- Transpose -------------------------------------------------------------------------------- */

typedef struct transpose_attrs {
    ofz_ints perm;
} transpose_attrs;

static ofz_status perm_get(ofz_ctx *ctx, const transpose_attrs *a, bool present, int rank,
                           int perm[OFZ_MAX_RANK])
{
    bool seen[OFZ_MAX_RANK] = { false };

    if (!present) {
        for (int i = 0; i < rank; i++) perm[i] = rank - 1 - i;
        return OFZ_OK;
    }
    if (a->perm.count != (size_t)rank)
        return ofz_fail(ctx, OFZ_E_MODEL, "perm: %zu axes, want %d", a->perm.count, rank);
    for (int i = 0; i < rank; i++) {
        const int64_t p = a->perm.v[i];

        if (p < 0 || p >= rank || seen[p])
            return ofz_fail(ctx, OFZ_E_MODEL, "perm: %" PRId64 ", want each of 0 to %d once", p,
                            rank - 1);
        seen[p] = true;
        perm[i] = (int)p;
    }
    return OFZ_OK;
}

static ofz_status transpose_infer(ofz_infer_call *c)
{
    const transpose_attrs *a       = c->attrs;
    const ofz_tensor      *in      = c->in[0];
    const bool             present = ofz_node_attr(c->node, "perm") != NULL;
    int                    perm[OFZ_MAX_RANK];
    int64_t                dim[OFZ_MAX_RANK];

    if (in->rank < 0 && present && a->perm.count <= OFZ_MAX_RANK)
        return ofz_infer_rank(c, 0, in->dtype, (int)a->perm.count);
    if (in->rank < 0) return ofz_infer_unknown(c, 0, in->dtype);
    OFZ_TRY(perm_get(c->ctx, a, present, in->rank, perm));
    for (int i = 0; i < in->rank; i++) dim[i] = in->dim[perm[i]];
    return ofz_infer_set(c, 0, in->dtype, in->rank, dim);
}

static ofz_status transpose_eval(ofz_eval_call *c)
{
    const ofz_tensor *in = c->in[0], *out = c->out[0];
    int               perm[OFZ_MAX_RANK];
    int64_t           stride[OFZ_MAX_RANK];
    ofz_box           box = { .rank = in->rank };

    if (!out->count) return OFZ_OK;
    OFZ_TRY(perm_get(c->ctx, c->attrs, ofz_node_attr(c->node, "perm") != NULL, in->rank, perm));
    ofz_strides(in->rank, in->dim, stride);
    ofz_strides(out->rank, out->dim, box.dst_stride);
    for (int i = 0; i < in->rank; i++) {
        box.dim[i]        = out->dim[i];
        box.src_stride[i] = stride[perm[i]];
    }
    return box_eval(c, &box);
}

static ofz_status transpose_grad(ofz_grad_call *g)
{
    const transpose_attrs *a    = g->attrs;
    ofz_attr               attr = { .name = "perm", .type = OFZ_ATTR_INTS };
    int64_t               *inverse;

    if (!g->need[0]) return OFZ_OK;
    if (!ofz_node_attr(g->node, "perm"))
        return ofz_emit(g, "", "Transpose", NULL, 1, g->dy, 1, &g->dx[0]);
    inverse = OFZ_NEWS(g->graph->arena, int64_t, a->perm.count ? a->perm.count : 1);
    if (!inverse) return ofz_fail_nomem(g->ctx, "perm", a->perm.count * sizeof *inverse);
    for (size_t i = 0; i < a->perm.count; i++) {
        if (a->perm.v[i] < 0 || (size_t)a->perm.v[i] >= a->perm.count)
            return ofz_fail(g->ctx, OFZ_E_MODEL, "perm: %" PRId64 ", want 0 to %zu", a->perm.v[i],
                            a->perm.count - 1);
        inverse[a->perm.v[i]] = (int64_t)i;
    }
    attr.u.ints = (ofz_ints){ inverse, a->perm.count };
    return ofz_emit_attrs(g, "", "Transpose", 1, &attr, 1, g->dy, 1, &g->dx[0]);
}

/* --- DepthToSpace, SpaceToDepth --------------------------------------------------------------- */

typedef struct block_attrs {
    int64_t    blocksize;
    ofz_string mode;
} block_attrs;

static bool is_text(ofz_string s, const char *want)
{
    return s.size == strlen(want) && !memcmp(s.text, want, s.size);
}

static ofz_status block_check(ofz_ctx *ctx, const block_attrs *a, bool *crd)
{
    if (a->blocksize < 1 || a->blocksize > 1 << 20)
        return ofz_fail(ctx, OFZ_E_MODEL, "blocksize: %" PRId64 ", want 1 or more", a->blocksize);
    *crd = a->mode.text && is_text(a->mode, "CRD");
    if (a->mode.text && !*crd && !is_text(a->mode, "DCR"))
        return ofz_fail(ctx, OFZ_E_MODEL, "mode: '%.*s', want DCR or CRD", (int)a->mode.size,
                        a->mode.text);
    return OFZ_OK;
}

static ofz_status dim_divide(ofz_infer_call *c, const char *what, int64_t d, int64_t by,
                             int64_t *out)
{
    if (d >= 0 && d % by)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "%s: %" PRId64 ", want a multiple of %" PRId64, what,
                        d, by);
    *out = d >= 0 ? d / by : by == 1 ? d : ofz_infer_fresh(c);
    return OFZ_OK;
}

/* to_space: [N, C, H, W] -> [N, C / b / b, H * b, W * b]; else back. */
static ofz_status block_infer(ofz_infer_call *c, bool to_space)
{
    const block_attrs *a  = c->attrs;
    const ofz_tensor  *in = c->in[0];
    const int64_t      b  = a->blocksize;
    int64_t            dim[4];
    bool               crd;

    OFZ_TRY(block_check(c->ctx, a, &crd));
    OFZ_TRY(ofz_want_rank(c, 0, 4));
    if (in->rank < 0) return ofz_infer_rank(c, 0, in->dtype, 4);
    dim[0] = in->dim[0];
    if (to_space) {
        OFZ_TRY(dim_divide(c, "channels", in->dim[1], b * b, &dim[1]));
        OFZ_TRY(ofz_dim_mul(c, in->dim[2], b, &dim[2]));
        OFZ_TRY(ofz_dim_mul(c, in->dim[3], b, &dim[3]));
    } else {
        OFZ_TRY(ofz_dim_mul(c, in->dim[1], b * b, &dim[1]));
        OFZ_TRY(dim_divide(c, "height", in->dim[2], b, &dim[2]));
        OFZ_TRY(dim_divide(c, "width", in->dim[3], b, &dim[3]));
    }
    return ofz_infer_set(c, 0, in->dtype, 4, dim);
}

static ofz_status to_space_infer(ofz_infer_call *c)
{
    return block_infer(c, true);
}

static ofz_status to_depth_infer(ofz_infer_call *c)
{
    return block_infer(c, false);
}

/* Both directions are one box over [N, C, H, bh, W, bw] where depth is [N, C * b * b, H, W] and
 * space [N, C, H * b, W * b]. */
static ofz_status block_eval(ofz_eval_call *c, bool to_space)
{
    const block_attrs *a     = c->attrs;
    const int64_t      b     = a->blocksize;
    const ofz_tensor  *depth = to_space ? c->in[0] : c->out[0];
    const int64_t      C = depth->dim[1] / (b * b), H = depth->dim[2], W = depth->dim[3];
    ofz_box            box = { .rank = 6, .dim = { depth->dim[0], C, H, b, W, b } };
    int64_t           *d   = to_space ? box.src_stride : box.dst_stride;
    int64_t           *s   = to_space ? box.dst_stride : box.src_stride;
    int64_t            P;
    bool               crd;

    OFZ_TRY(block_check(c->ctx, a, &crd));
    if (!depth->count) return OFZ_OK;
    P = H * W;
    ofz_strides(6, box.dim, s);
    d[0] = C * b * b * P;
    d[1] = crd ? b * b * P : P;
    d[2] = W;
    d[3] = crd ? b * P : b * C * P;
    d[4] = 1;
    d[5] = crd ? P : C * P;
    return box_eval(c, &box);
}

static ofz_status to_space_eval(ofz_eval_call *c)
{
    return block_eval(c, true);
}

static ofz_status to_depth_eval(ofz_eval_call *c)
{
    return block_eval(c, false);
}

static ofz_status to_space_grad(ofz_grad_call *g)
{
    if (!g->need[0]) return OFZ_OK;
    return ofz_emit_grad(g, "DepthToSpaceGrad", 1, g->dy, &g->dx[0]);
}

static ofz_status to_depth_grad(ofz_grad_call *g)
{
    if (!g->need[0]) return OFZ_OK;
    return ofz_emit(g, "", "DepthToSpace", g->node, 1, g->dy, 1, &g->dx[0]);
}

/* --- ReverseSequence -------------------------------------------------------------------------- */

typedef struct reverse_attrs {
    int64_t batch_axis, time_axis;
} reverse_attrs;

static ofz_status reverse_infer(ofz_infer_call *c)
{
    const reverse_attrs *a  = c->attrs;
    const ofz_tensor    *in = c->in[0];
    int64_t              ignored;

    if (a->batch_axis == a->time_axis || (uint64_t)a->batch_axis > 1 || (uint64_t)a->time_axis > 1)
        return ofz_fail(c->ctx, OFZ_E_MODEL,
                        "batch_axis %" PRId64 ", time_axis %" PRId64 ": want 0 and 1 or 1 and 0",
                        a->batch_axis, a->time_axis);
    OFZ_TRY(ofz_want_ints(c, 1, false));
    OFZ_TRY(ofz_want_rank(c, 1, 1));
    if (in->rank >= 0 && in->rank < 2)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "input 0: rank %d, want 2 or more", in->rank);
    if (in->rank >= 0 && c->in[1]->rank == 1)
        OFZ_TRY(
            ofz_unify(c->ctx, "sequence_lens", in->dim[a->batch_axis], c->in[1]->dim[0], &ignored));
    return ofz_infer_same(c);
}

/* Its own inverse, which is why the gradient is the same node. */
static ofz_status reverse_eval(ofz_eval_call *c)
{
    const reverse_attrs *a  = c->attrs;
    const ofz_tensor    *in = c->in[0], *out = c->out[0];
    const int            bits  = ofz_bits(in->dtype);
    const int64_t        batch = in->dim[a->batch_axis], time = in->dim[a->time_axis];
    const int64_t        inner = ofz_tensor_span(in, 2, in->rank);
    int64_t              bs, ts;

    if (!in->count) return OFZ_OK;
    bs = a->batch_axis ? inner : time * inner;
    ts = a->batch_axis ? batch * inner : inner;
    ofz_move_clear(c->out[0]);
    for (int64_t b = 0; b < batch; b++) {
        const int64_t n = ofz_int_at(c->in[1], b);

        if (n < 0 || n > time)
            return ofz_fail(c->ctx, OFZ_E_DATA,
                            "sequence_lens[%" PRId64 "]: %" PRId64 ", want 0 to %" PRId64, b, n,
                            time);
        for (int64_t t = 0; t < time; t++)
            ofz_copy_run(bits, in->data, b * bs + (t < n ? n - 1 - t : t) * ts, out->data,
                         b * bs + t * ts, inner);
    }
    return ofz_move_own(c->ctx, c->out[0]);
}

static ofz_status reverse_grad(ofz_grad_call *g)
{
    ofz_value *in[] = { g->dy[0], g->node->in[1] };

    if (!g->need[0]) return OFZ_OK;
    return ofz_emit(g, "", "ReverseSequence", g->node, 2, in, 1, &g->dx[0]);
}

/* --- Trilu ------------------------------------------------------------------------------------ */

typedef struct trilu_attrs {
    int64_t upper;
} trilu_attrs;

static ofz_status trilu_infer(ofz_infer_call *c)
{
    if (c->in[0]->rank >= 0 && c->in[0]->rank < 2)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "input 0: rank %d, want 2 or more", c->in[0]->rank);
    OFZ_TRY(ofz_want_ints(c, 1, false));
    OFZ_TRY(ofz_want_scalar(c, 1));
    return ofz_infer_same(c);
}

static ofz_status trilu_eval(ofz_eval_call *c)
{
    const trilu_attrs *a  = c->attrs;
    const ofz_tensor  *in = c->in[0], *kt = ofz_eval_in(c, 1);
    const int          bits = ofz_bits(in->dtype);
    const int64_t      H = in->dim[in->rank - 2], W = in->dim[in->rank - 1];
    const int64_t      rows = ofz_tensor_span(in, 0, in->rank - 1);
    int64_t            k    = kt ? ofz_int_at(kt, 0) : 0;

    if (!in->count) return OFZ_OK;
    if (k < -H) k = -H; /* beyond these nothing changes any more, and nothing overflows */
    if (k > W) k = W;
    if (c->out[0]->size) memset(c->out[0]->data, 0, c->out[0]->size);
    for (int64_t r = 0; r < rows; r++) {
        int64_t at = r % H + k + (a->upper ? 0 : 1); /* upper keeps [at, W), lower [0, at) */

        if (at < 0) at = 0;
        if (at > W) at = W;
        if (a->upper)
            ofz_copy_run(bits, in->data, r * W + at, c->out[0]->data, r * W + at, W - at);
        else
            ofz_copy_run(bits, in->data, r * W, c->out[0]->data, r * W, at);
    }
    return ofz_move_own(c->ctx, c->out[0]);
}

static ofz_status trilu_grad(ofz_grad_call *g)
{
    ofz_value *in[] = { g->dy[0], g->node->in_count > 1 ? g->node->in[1] : NULL };

    if (!g->need[0]) return OFZ_OK;
    return ofz_emit(g, "", "Trilu", g->node, in[1] ? 2 : 1, in, 1, &g->dx[0]);
}

/* --- the table -------------------------------------------------------------------------------- */

#define ONE                                                                                        \
    {                                                                                              \
        1, 1                                                                                       \
    }
#define TWO                                                                                        \
    {                                                                                              \
        2, 2                                                                                       \
    }
#define PURE OFZ_OP_PURE
#define MOVE (OFZ_OP_PURE | OFZ_OP_MOVE)

static const ofz_attr_def block_def[] = {
    { "blocksize", OFZ_ATTR_INT, offsetof(block_attrs, blocksize), .required = true },
    { 0 },
};
static const ofz_attr_def block11_def[] = {
    { "blocksize", OFZ_ATTR_INT, offsetof(block_attrs, blocksize), .required = true },
    { "mode", OFZ_ATTR_STRING, offsetof(block_attrs, mode), .s = "DCR" },
    { 0 },
};
static const ofz_attr_def reverse_def[] = {
    { "batch_axis", OFZ_ATTR_INT, offsetof(reverse_attrs, batch_axis), .i = 1 },
    { "time_axis", OFZ_ATTR_INT, offsetof(reverse_attrs, time_axis) },
    { 0 },
};
static const ofz_attr_def transpose_def[] = {
    { "perm", OFZ_ATTR_INTS, offsetof(transpose_attrs, perm) },
    { 0 },
};
static const ofz_attr_def trilu_def[] = {
    { "upper", OFZ_ATTR_INT, offsetof(trilu_attrs, upper), .i = 1 },
    { 0 },
};

#define TO_SPACE(v, def)                                                                           \
    {                                                                                              \
        "DepthToSpace", v, ONE, ONE, MOVE, def, sizeof(block_attrs), to_space_infer,               \
            to_space_eval, to_space_grad                                                           \
    }
#define TO_DEPTH(v)                                                                                \
    {                                                                                              \
        "SpaceToDepth", v, ONE, ONE, MOVE, block_def, sizeof(block_attrs), to_depth_infer,         \
            to_depth_eval, to_depth_grad                                                           \
    }
#define TRANSPOSE(v)                                                                               \
    {                                                                                              \
        "Transpose", v, ONE, ONE, MOVE, transpose_def, sizeof(transpose_attrs), transpose_infer,   \
            transpose_eval, transpose_grad                                                         \
    }

static const ofz_op rows[] = {
    TO_SPACE(1, block_def),
    TO_SPACE(11, block11_def),
    TO_SPACE(13, block11_def),
    { "ReverseSequence", 10, TWO, ONE, MOVE, reverse_def, sizeof(reverse_attrs), reverse_infer,
      reverse_eval, reverse_grad, "xi" },
    TO_DEPTH(1),
    TO_DEPTH(13),
    TRANSPOSE(1),
    TRANSPOSE(13),
    TRANSPOSE(21),
    TRANSPOSE(23),
    TRANSPOSE(24),
    TRANSPOSE(25),
    { "Trilu",
      14,
      { 1, 2 },
      ONE,
      PURE,
      trilu_def,
      sizeof(trilu_attrs),
      trilu_infer,
      trilu_eval,
      trilu_grad,
      "xi" },
    { "DepthToSpaceGrad", 1, ONE, ONE, MOVE, block11_def, sizeof(block_attrs), to_depth_infer,
      to_depth_eval, .domain = "ofz" },
    { 0 },
};
OFZ_OP_TABLE(shape_layout, rows);
