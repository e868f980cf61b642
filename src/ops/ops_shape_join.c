/* ops_shape_join.c - rows that join and cut along axes: Concat, Split, Slice. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/threads.h"
#include "ops/move.h"

typedef struct axis_attrs {
    int64_t axis;
} axis_attrs;

/* Copy dst[.., to + i, ..] = src[.., from + i, ..] for i in [0, n) along `axis`; all other dims of
 * the two agree. */
static void copy_along(ofz_ctx *ctx, int axis, const ofz_tensor *src, int64_t from, ofz_tensor *dst,
                       int64_t to, int64_t n)
{
    const int64_t inner = ofz_tensor_span(src, axis + 1, src->rank);
    ofz_box       box   = { .rank = 2 };

    if (!src->count || !dst->count) return;
    box.src_at        = from * inner;
    box.dst_at        = to * inner;
    box.dim[0]        = ofz_tensor_span(src, 0, axis);
    box.dim[1]        = n * inner;
    box.src_stride[0] = src->dim[axis] * inner;
    box.dst_stride[0] = dst->dim[axis] * inner;
    box.src_stride[1] = box.dst_stride[1] = 1;
    ofz_copy_box(&box, ofz_bits(src->dtype), src->data, dst->data, ofz_threads(ctx));
}

/* A gradient's part fits the whole along all axes but one. */
static ofz_status want_part(ofz_ctx *ctx, const ofz_tensor *whole, const ofz_tensor *part, int axis)
{
    char a[128], b[128];
    bool fits = whole->rank == part->rank;

    for (int i = 0; fits && i < whole->rank; i++) fits = i == axis || whole->dim[i] == part->dim[i];
    if (fits) return OFZ_OK;
    return ofz_fail(ctx, OFZ_E_MODEL, "gradient: shape %s, want a part of %s",
                    ofz_shape_text(a, sizeof a, part->rank, part->dim),
                    ofz_shape_text(b, sizeof b, whole->rank, whole->dim));
}

/* --- Concat ----------------------------------------------------------------------------------- */

static ofz_status concat_infer(ofz_infer_call *c)
{
    const axis_attrs *a     = c->attrs;
    const ofz_tensor *like  = NULL; /* the first input of known rank */
    ofz_dtype         dtype = OFZ_UNDEFINED;
    int64_t           dim[OFZ_MAX_RANK], sum = 0;
    int               axis, unknown          = 0;
    bool              all = true;

    for (int i = 0; i < c->in_count; i++) {
        if (!c->in[i]) return ofz_fail(c->ctx, OFZ_E_MODEL, "input %d: missing", i);
        OFZ_TRY(ofz_want_same_dtype(c, i));
        if (!dtype) dtype = c->in[i]->dtype;
        if (c->in[i]->rank < 0)
            all = false;
        else if (!like)
            like = c->in[i];
    }
    if (!like) return ofz_infer_unknown(c, 0, dtype);
    OFZ_TRY(ofz_axis(c->ctx, a->axis, like->rank, &axis));
    memcpy(dim, like->dim, (size_t)like->rank * sizeof *dim);
    for (int i = 0; i < c->in_count; i++) {
        const ofz_tensor *t = c->in[i];

        if (t->rank < 0) continue;
        OFZ_TRY(ofz_want_rank(c, i, like->rank));
        for (int d = 0; d < like->rank; d++)
            if (d != axis) OFZ_TRY(ofz_unify(c->ctx, "dimension", dim[d], t->dim[d], &dim[d]));
        if (t->dim[axis] < 0)
            unknown++;
        else if (!ofz_add(sum, t->dim[axis], &sum))
            return ofz_fail(c->ctx, OFZ_E_LIMIT, "shape: more than 2^63 elements");
        if (t->dim[axis] < 0) dim[axis] = t->dim[axis];
    }
    if (!all || unknown > 1 || (unknown && sum))
        dim[axis] = ofz_infer_fresh(c);
    else if (!unknown)
        dim[axis] = sum;
    return ofz_infer_set(c, 0, dtype, like->rank, dim);
}

static ofz_status concat_eval(ofz_eval_call *c)
{
    const axis_attrs *a  = c->attrs;
    int64_t           at = 0;
    int               axis;

    OFZ_TRY(ofz_axis(c->ctx, a->axis, c->out[0]->rank, &axis));
    ofz_move_clear(c->out[0]);
    for (int i = 0; i < c->in_count; i++) {
        copy_along(c->ctx, axis, c->in[i], 0, c->out[0], at, c->in[i]->dim[axis]);
        at += c->in[i]->dim[axis];
    }
    return ofz_move_own(c->ctx, c->out[0]);
}

/* dx[i] = ofz.ConcatGrad(dy, in[0], ..., in[i]). */
static ofz_status concat_grad(ofz_grad_call *g)
{
    return ofz_emit_each(g, "ConcatGrad");
}

static ofz_status concat_grad_infer(ofz_infer_call *c)
{
    const ofz_tensor *x = c->in[c->in_count - 1];

    for (int i = 0; i < c->in_count; i++)
        if (!c->in[i]) return ofz_fail(c->ctx, OFZ_E_MODEL, "input %d: missing", i);
    return ofz_infer_set(c, 0, c->in[0]->dtype, x->rank, x->dim);
}

static ofz_status concat_grad_eval(ofz_eval_call *c)
{
    const axis_attrs *a  = c->attrs;
    int64_t           at = 0;
    int               axis;

    OFZ_TRY(ofz_axis(c->ctx, a->axis, c->in[0]->rank, &axis));
    for (int i = 1; i < c->in_count; i++) OFZ_TRY(want_part(c->ctx, c->in[0], c->in[i], axis));
    for (int i = 1; i < c->in_count; i++) {
        if (c->in[i]->dim[axis] > c->in[0]->dim[axis] - at)
            return ofz_fail(c->ctx, OFZ_E_MODEL, "input 0: too short for its parts");
        if (i < c->in_count - 1) at += c->in[i]->dim[axis];
    }
    ofz_move_clear(c->out[0]);
    copy_along(c->ctx, axis, c->in[0], at, c->out[0], 0, c->out[0]->dim[axis]);
    return ofz_move_own(c->ctx, c->out[0]);
}

/* --- Split ------------------------------------------------------------------------------------ */

typedef struct split_attrs {
    int64_t  axis, num_outputs;
    ofz_ints split; /* before version 13 */
} split_attrs;

/* Where a node's part sizes come from, in this order: input 1, the attribute, equal parts. */
typedef enum split_kind { SPLIT_EQUAL, SPLIT_NUMBERED, SPLIT_ATTR, SPLIT_INPUT } split_kind;

static split_kind split_kind_of(const ofz_node *n)
{
    if (n->in_count > 1 && n->in[1]) return SPLIT_INPUT;
    if (ofz_node_attr(n, "split")) return SPLIT_ATTR;
    return ofz_node_attr(n, "num_outputs") ? SPLIT_NUMBERED : SPLIT_EQUAL;
}

/* Size of part k of `count` along an axis of `dim` elements; a symbol when it is not known. Version
 * 18 lets the last of numbered parts be smaller; before it parts must be equal. */
static ofz_status split_part(ofz_ctx *ctx, split_kind kind, const split_attrs *a,
                             const ofz_tensor *sizes, int64_t opset, int64_t dim, int count, int k,
                             int64_t unknown, int64_t *out)
{
    int64_t part, begin, n = count;

    if (kind == SPLIT_INPUT || kind == SPLIT_ATTR) {
        n = kind == SPLIT_ATTR ? (int64_t)a->split.count : sizes->count;
        if (n >= 0 && n != count)
            return ofz_fail(ctx, OFZ_E_MODEL, "split: %" PRId64 " sizes, want %d", n, count);
        *out = unknown;
        if (kind == SPLIT_ATTR)
            *out = a->split.v[k];
        else if (sizes->data && sizes->dtype)
            *out = ofz_elem_i64(sizes->dtype, sizes->data, k);
        else
            return OFZ_OK;
        if (*out < 0) return ofz_fail(ctx, OFZ_E_MODEL, "split: %" PRId64 ", want 0 or more", *out);
        return OFZ_OK;
    }
    if (kind == SPLIT_NUMBERED && a->num_outputs != count)
        return ofz_fail(ctx, OFZ_E_MODEL, "num_outputs: %" PRId64 ", want %d", a->num_outputs,
                        count);
    *out = count == 1 ? dim : unknown;
    if (dim < 0) return OFZ_OK;
    if (opset < 18 && dim % count)
        return ofz_fail(ctx, OFZ_E_MODEL, "axis: %" PRId64 " elements, want a multiple of %d", dim,
                        count);
    part = dim / count + (dim % count != 0);
    if (!ofz_mul(part, k, &begin) || begin >= dim)
        *out = 0;
    else
        *out = dim - begin < part ? dim - begin : part;
    return OFZ_OK;
}

static ofz_status split_infer(ofz_infer_call *c)
{
    const split_attrs *a     = c->attrs;
    const ofz_tensor  *in    = c->in[0];
    const ofz_tensor  *sizes = ofz_infer_in(c, 1);
    const split_kind   kind  = split_kind_of(c->node);
    const bool         rank  = in->rank >= 0;
    int64_t            dim[OFZ_MAX_RANK], sum = 0, part;
    int                axis = 0;

    if (c->opset >= 13) OFZ_TRY(ofz_want_ints(c, 1, false));
    if (rank) OFZ_TRY(ofz_axis(c->ctx, a->axis, in->rank, &axis));
    if (rank) memcpy(dim, in->dim, (size_t)in->rank * sizeof *dim);
    for (int k = 0; k < c->out_count; k++) {
        const int64_t fresh = c->fresh + (k < 4096 ? k : 4095);

        OFZ_TRY(split_part(c->ctx, kind, a, sizes, c->opset, rank ? in->dim[axis] : -1,
                           c->out_count, k, fresh, &part));
        if (part < 0 || sum < 0)
            sum = -1;
        else if (!ofz_add(sum, part, &sum))
            return ofz_fail(c->ctx, OFZ_E_LIMIT, "split: more than 2^63 elements");
        if (rank) dim[axis] = part;
        OFZ_TRY(ofz_infer_set(c, k, in->dtype, in->rank, dim));
    }
    if (rank && sum >= 0 && in->dim[axis] >= 0 && sum != in->dim[axis])
        return ofz_fail(c->ctx, OFZ_E_MODEL, "split: sum %" PRId64 ", want %" PRId64, sum,
                        in->dim[axis]);
    return OFZ_OK;
}

static ofz_status split_eval(ofz_eval_call *c)
{
    const split_attrs *a    = c->attrs;
    const ofz_tensor  *in   = c->in[0];
    const split_kind   kind = split_kind_of(c->node);
    int64_t            at   = 0, part;
    int                axis;

    OFZ_TRY(ofz_axis(c->ctx, a->axis, in->rank, &axis));
    for (int k = 0; k < c->out_count; k++) {
        OFZ_TRY(split_part(c->ctx, kind, a, ofz_eval_in(c, 1), c->opset, in->dim[axis],
                           c->out_count, k, 0, &part));
        if (c->out[k]) {
            ofz_move_clear(c->out[k]);
            copy_along(c->ctx, axis, in, at, c->out[k], 0, part);
            OFZ_TRY(ofz_move_own(c->ctx, c->out[k]));
        }
        at += part;
    }
    return OFZ_OK;
}

/* dx = Concat(dy...), with zeros where nothing came back. An output that the node leaves out has no
 * gradient and no shape to read: ofz.SplitGrad then needs every size, which only x has. */
static ofz_status split_grad(ofz_grad_call *g)
{
    const ofz_node *n  = g->node;
    ofz_value     **in = malloc((2 * n->out_count + 2) * sizeof *in);
    ofz_status      st = OFZ_OK;

    if (!in) return ofz_fail_nomem(g->ctx, "gradient", n->out_count * sizeof *in);
    in[0] = n->in[0];
    in[1] = n->in_count > 1 ? n->in[1] : NULL;
    for (size_t k = 0; k < n->out_count; k++) in[2 + k] = g->dy[k];
    if (g->need[0]) st = ofz_emit_grad(g, "SplitGrad", (int)n->out_count + 2, in, &g->dx[0]);
    free(in);
    return st;
}

/* ofz.SplitGrad(x, sizes or absent, dy...): the parts' places follow from x, as they did before. */
static ofz_status split_grad_infer(ofz_infer_call *c)
{
    ofz_dtype dtype = OFZ_UNDEFINED;

    for (int i = 2; i < c->in_count && !dtype; i++)
        if (c->in[i]) dtype = c->in[i]->dtype;
    return ofz_infer_set(c, 0, dtype, c->in[0]->rank, c->in[0]->dim);
}

static ofz_status split_grad_eval(ofz_eval_call *c)
{
    const split_attrs *a    = c->attrs;
    ofz_tensor        *out  = c->out[0];
    const int          n    = c->in_count - 2;
    const split_kind   kind = split_kind_of(c->node);
    int64_t            at   = 0, part;
    int                axis;

    OFZ_TRY(ofz_axis(c->ctx, a->axis, out->rank, &axis));
    if (out->size) memset(out->data, 0, out->size);
    for (int k = 0; k < n; k++) {
        /* the forward node has accepted these sizes, so the looser rule of version 18 decides */
        OFZ_TRY(split_part(c->ctx, kind, a, ofz_eval_in(c, 1), 18, out->dim[axis], n, k, 0, &part));
        if (part > out->dim[axis] - at)
            return ofz_fail(c->ctx, OFZ_E_MODEL, "split: more than %" PRId64, out->dim[axis]);
        if (c->in[2 + k]) {
            OFZ_TRY(want_part(c->ctx, out, c->in[2 + k], axis));
            if (c->in[2 + k]->dim[axis] != part)
                return ofz_fail(c->ctx, OFZ_E_MODEL,
                                "gradient: %" PRId64 " elements, want %" PRId64,
                                c->in[2 + k]->dim[axis], part);
            copy_along(c->ctx, axis, c->in[2 + k], 0, out, at, part);
        }
        at += part;
    }
    return OFZ_OK;
}

/* --- Slice ------------------------------------------------------------------------------------ */

typedef struct slice_attrs {
    ofz_ints starts, ends, axes; /* version 1 */
} slice_attrs;

/* One axis of a slice. */
typedef struct slice_range {
    int64_t start, step, count;
} slice_range;

/* The numbers of one node: attributes (version 1) or inputs first.. (starts, ends, axes, steps).
 * Each is known, absent or (during inference) unknown. */
typedef struct slice_args {
    int64_t           count; /* axes that it names; -1: unknown */
    bool              known;
    const int64_t    *v[4]; /* from attributes */
    const ofz_tensor *t[4];
} slice_args;

enum { STARTS, ENDS, AXES, STEPS };

static ofz_status slice_args_get(ofz_ctx *ctx, const slice_attrs *a, int in_count,
                                 const ofz_tensor *const *in, int first, slice_args *s)
{
    *s = (slice_args){ .known = true };
    if (!in || in_count <= first) {
        s->v[STARTS] = a->starts.v;
        s->v[ENDS]   = a->ends.v;
        s->v[AXES]   = a->axes.count ? a->axes.v : NULL;
        s->count     = (int64_t)a->starts.count;
        if (a->ends.count != a->starts.count || (a->axes.count && a->axes.count != a->starts.count))
            return ofz_fail(ctx, OFZ_E_MODEL,
                            "starts, ends, axes: %zu, %zu, %zu numbers, want as many",
                            a->starts.count, a->ends.count, a->axes.count);
        return OFZ_OK;
    }
    s->count = -1;
    for (int k = 0; k < 4; k++) {
        const ofz_tensor *t = first + k < in_count ? in[first + k] : NULL;

        if (!t) continue;
        s->t[k] = t;
        if (!t->data) s->known = false;
        if (t->rank > 1)
            return ofz_fail(ctx, OFZ_E_MODEL, "input %d: rank %d, want 1", first + k, t->rank);
        if (t->count < 0) continue;
        if (s->count >= 0 && s->count != t->count)
            return ofz_fail(ctx, OFZ_E_MODEL, "input %d: %" PRId64 " numbers, want %" PRId64,
                            first + k, t->count, s->count);
        s->count = t->count;
    }
    return OFZ_OK;
}

static int64_t slice_arg(const slice_args *s, int which, int64_t i, int64_t absent)
{
    if (s->v[which]) return s->v[which][i];
    return s->t[which] ? ofz_int_at(s->t[which], i) : absent;
}

/* Python's rule, with ends beyond the axis clamped; a negative end of a descending slice that is
 * still negative after adding `dim` means "through element 0". */
static slice_range slice_resolve(int64_t dim, int64_t start, int64_t end, int64_t step)
{
    slice_range r = { 0, step, 0 };

    if (start < 0) start = start < -dim ? -1 : start + dim;
    if (end < 0) end = end < -dim ? -1 : end + dim;
    if (step > 0) {
        if (start < 0) start = 0;
        if (end > dim) end = dim;
        if (start < end) r.count = (end - start - 1) / step + 1;
    } else {
        if (start >= dim) start = dim - 1;
        if (end < start) /* -step does not overflow: -INT64_MAX at least */
            r.count = (start - end - 1) / -(step < -INT64_MAX ? -INT64_MAX : step) + 1;
    }
    r.start = r.count ? start : 0;
    if (r.count <= 1) r.step = 1;
    return r;
}

/* All axes of a slice of a shape; needs known arguments. An axis that is not known gets count -1,
 * unless the slice is the whole axis. */
static ofz_status slice_ranges(ofz_ctx *ctx, const slice_args *s, int rank, const int64_t *dim,
                               slice_range *range)
{
    bool seen[OFZ_MAX_RANK] = { false };
    int  axis;

    for (int i = 0; i < rank; i++) range[i] = (slice_range){ 0, 1, dim[i] };
    for (int64_t i = 0; i < s->count; i++) {
        const int64_t start = slice_arg(s, STARTS, i, 0), end = slice_arg(s, ENDS, i, 0);
        const int64_t step = slice_arg(s, STEPS, i, 1);

        OFZ_TRY(ofz_axis(ctx, slice_arg(s, AXES, i, i), rank, &axis));
        if (seen[axis]) return ofz_fail(ctx, OFZ_E_MODEL, "axes: %d twice", axis);
        seen[axis] = true;
        if (step == 0) return ofz_fail(ctx, OFZ_E_MODEL, "steps: 0, want any other number");
        if (dim[axis] >= 0)
            range[axis] = slice_resolve(dim[axis], start, end, step);
        else if (!(start == 0 && end >= INT32_MAX && step == 1))
            range[axis].count = -1;
    }
    return OFZ_OK;
}

/* Number i of an argument, when it can be known without data: it is a symbol or nothing else. */
static bool slice_hint(const ofz_infer_call *c, const slice_args *s, int first, int which,
                       int64_t i, int64_t absent, int64_t *out)
{
    *out = absent;
    if (!s->t[which]) return true;
    if (!c->hint || !c->hint[first + which]) return false;
    *out = c->hint[first + which][i];
    return true;
}

/* Some arguments are unknown or symbols: the axes that they do not name stay as they are, and so
 * does one that is cut from 0 to its own symbol. */
static ofz_status slice_infer_partial(ofz_infer_call *c, const slice_args *s, int first)
{
    const ofz_tensor *in = c->in[0];
    int64_t           dim[OFZ_MAX_RANK], start, end, step, which;
    int               axis;

    if (s->count < 0 || (s->t[AXES] && !s->t[AXES]->data))
        return ofz_infer_rank(c, 0, in->dtype, in->rank);
    memcpy(dim, in->dim, (size_t)in->rank * sizeof *dim);
    for (int64_t i = 0; i < s->count; i++) {
        which = slice_arg(s, AXES, i, i);
        OFZ_TRY(ofz_axis(c->ctx, which, in->rank, &axis));
        if (slice_hint(c, s, first, STARTS, i, 0, &start) &&
            slice_hint(c, s, first, ENDS, i, 0, &end) &&
            slice_hint(c, s, first, STEPS, i, 1, &step) && start == 0 && step == 1 &&
            end == in->dim[axis])
            continue;
        dim[axis] = ofz_infer_fresh(c);
    }
    return ofz_infer_set(c, 0, in->dtype, in->rank, dim);
}

static ofz_status slice_infer_at(ofz_infer_call *c, int first)
{
    const ofz_tensor *in = c->in[0];
    int64_t           dim[OFZ_MAX_RANK];
    slice_range       range[OFZ_MAX_RANK];
    slice_args        s;

    for (int k = first; k < first + 4; k++) OFZ_TRY(ofz_want_ints(c, k, true));
    OFZ_TRY(slice_args_get(c->ctx, c->attrs, c->in_count, c->in, first, &s));
    if (in->rank < 0) return ofz_infer_unknown(c, 0, in->dtype);
    if (!s.known) return slice_infer_partial(c, &s, first);
    OFZ_TRY(slice_ranges(c->ctx, &s, in->rank, in->dim, range));
    for (int i = 0; i < in->rank; i++)
        dim[i] = range[i].count == -1 ? ofz_infer_fresh(c) : range[i].count;
    return ofz_infer_set(c, 0, in->dtype, in->rank, dim);
}

static ofz_status slice_infer(ofz_infer_call *c)
{
    return slice_infer_at(c, 1);
}

/* The box between a tensor and its slice; `whole` has the tensor's dims. */
static void slice_box(const ofz_tensor *whole, const slice_range *range, ofz_box *box)
{
    int64_t dim[OFZ_MAX_RANK];

    *box = (ofz_box){ .rank = whole->rank };
    ofz_strides(whole->rank, whole->dim, box->src_stride);
    for (int i = 0; i < whole->rank; i++) {
        dim[i] = box->dim[i] = range[i].count;
        box->src_at += range[i].start * box->src_stride[i];
        box->src_stride[i] *= range[i].step;
    }
    ofz_strides(whole->rank, dim, box->dst_stride);
}

static ofz_status slice_eval(ofz_eval_call *c)
{
    const ofz_tensor *in = c->in[0];
    slice_range       range[OFZ_MAX_RANK];
    slice_args        s;
    ofz_box           box;

    if (!c->out[0]->count) return OFZ_OK;
    OFZ_TRY(slice_args_get(c->ctx, c->attrs, c->in_count, c->in, 1, &s));
    OFZ_TRY(slice_ranges(c->ctx, &s, in->rank, in->dim, range));
    slice_box(in, range, &box);
    ofz_move_clear(c->out[0]);
    ofz_copy_box(&box, ofz_bits(in->dtype), in->data, c->out[0]->data, ofz_threads(c->ctx));
    return ofz_move_own(c->ctx, c->out[0]);
}

/* ofz.SliceGrad(dy, x, starts...): dy where the slice was taken from, zeros elsewhere. */
static ofz_status slice_grad(ofz_grad_call *g)
{
    ofz_value *in[6] = { g->dy[0] };

    if (!g->need[0]) return OFZ_OK;
    for (size_t i = 0; i < g->node->in_count; i++) in[i + 1] = g->node->in[i];
    return ofz_emit_grad(g, "SliceGrad", (int)g->node->in_count + 1, in, &g->dx[0]);
}

static ofz_status slice_grad_infer(ofz_infer_call *c)
{
    for (int k = 2; k < 6; k++) OFZ_TRY(ofz_want_ints(c, k, true));
    return ofz_infer_set(c, 0, c->in[0]->dtype, c->in[1]->rank, c->in[1]->dim);
}

static ofz_status slice_grad_eval(ofz_eval_call *c)
{
    ofz_tensor       *out = c->out[0];
    const ofz_tensor *dy  = c->in[0];
    slice_range       range[OFZ_MAX_RANK];
    slice_args        s;
    ofz_box           box, back;
    int64_t           count = 1;

    if (!out->count) return OFZ_OK;
    OFZ_TRY(slice_args_get(c->ctx, c->attrs, c->in_count, c->in, 2, &s));
    OFZ_TRY(slice_ranges(c->ctx, &s, out->rank, out->dim, range));
    slice_box(out, range, &box);
    for (int i = 0; i < box.rank; i++) count *= box.dim[i];
    if (count != dy->count)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "input 0: %" PRId64 " elements, want %" PRId64,
                        dy->count, count);
    back        = box;
    back.src_at = 0;
    back.dst_at = box.src_at;
    memcpy(back.src_stride, box.dst_stride, sizeof back.src_stride);
    memcpy(back.dst_stride, box.src_stride, sizeof back.dst_stride);
    if (out->size) memset(out->data, 0, out->size);
    if (count) ofz_copy_box(&back, ofz_bits(dy->dtype), dy->data, out->data, ofz_threads(c->ctx));
    return OFZ_OK;
}

/* --- the table -------------------------------------------------------------------------------- */

#define ONE                                                                                        \
    {                                                                                              \
        1, 1                                                                                       \
    }
#define ANY                                                                                        \
    {                                                                                              \
        1, OFZ_VARIADIC                                                                            \
    }
#define PURE OFZ_OP_PURE
#define MOVE (OFZ_OP_PURE | OFZ_OP_MOVE)

static const ofz_attr_def concat1_def[] = {
    { "axis", OFZ_ATTR_INT, offsetof(axis_attrs, axis), .i = 1 },
    { 0 },
};
static const ofz_attr_def concat_def[] = {
    { "axis", OFZ_ATTR_INT, offsetof(axis_attrs, axis), .required = true },
    { 0 },
};
static const ofz_attr_def split2_def[] = {
    { "axis", OFZ_ATTR_INT, offsetof(split_attrs, axis) },
    { "split", OFZ_ATTR_INTS, offsetof(split_attrs, split) },
    { 0 },
};
static const ofz_attr_def split13_def[] = {
    { "axis", OFZ_ATTR_INT, offsetof(split_attrs, axis) },
    { 0 },
};
static const ofz_attr_def split18_def[] = {
    { "axis", OFZ_ATTR_INT, offsetof(split_attrs, axis) },
    { "num_outputs", OFZ_ATTR_INT, offsetof(split_attrs, num_outputs) },
    { 0 },
};
static const ofz_attr_def split_grad_def[] = {
    { "axis", OFZ_ATTR_INT, offsetof(split_attrs, axis) },
    { "num_outputs", OFZ_ATTR_INT, offsetof(split_attrs, num_outputs) },
    { "split", OFZ_ATTR_INTS, offsetof(split_attrs, split) },
    { 0 },
};
static const ofz_attr_def slice1_def[] = {
    { "axes", OFZ_ATTR_INTS, offsetof(slice_attrs, axes) },
    { "ends", OFZ_ATTR_INTS, offsetof(slice_attrs, ends), .required = true },
    { "starts", OFZ_ATTR_INTS, offsetof(slice_attrs, starts), .required = true },
    { 0 },
};
static const ofz_attr_def slice_grad_def[] = {
    { "axes", OFZ_ATTR_INTS, offsetof(slice_attrs, axes) },
    { "ends", OFZ_ATTR_INTS, offsetof(slice_attrs, ends) },
    { "starts", OFZ_ATTR_INTS, offsetof(slice_attrs, starts) },
    { 0 },
};

#define CONCAT(v, def)                                                                             \
    {                                                                                              \
        "Concat", v, ANY, ONE, MOVE, def, sizeof(axis_attrs), concat_infer, concat_eval,           \
            concat_grad                                                                            \
    }
#define SLICE(v)                                                                                   \
    {                                                                                              \
        "Slice", v, { 3, 5 }, ONE, MOVE, NULL, sizeof(slice_attrs), slice_infer, slice_eval,       \
            slice_grad, "xi"                                                                       \
    }
#define SPLIT(v, most, def)                                                                        \
    {                                                                                              \
        "Split", v, { 1, most }, ANY, MOVE, def, sizeof(split_attrs), split_infer, split_eval,     \
            split_grad, "xi"                                                                       \
    }

static const ofz_op rows[] = {
    CONCAT(1, concat1_def),
    CONCAT(4, concat_def),
    CONCAT(11, concat_def),
    CONCAT(13, concat_def),
    { "Slice", 1, ONE, ONE, MOVE, slice1_def, sizeof(slice_attrs), slice_infer, slice_eval,
      slice_grad },
    SLICE(10),
    SLICE(11),
    SLICE(13),
    SPLIT(1, 2, split2_def),
    SPLIT(2, 1, split2_def),
    SPLIT(11, 1, split2_def),
    SPLIT(13, 2, split13_def),
    SPLIT(18, 2, split18_def),
    { "ConcatGrad",
      1,
      { 2, OFZ_VARIADIC },
      ONE,
      MOVE,
      concat1_def,
      sizeof(axis_attrs),
      concat_grad_infer,
      concat_grad_eval,
      .domain = "ofz" },
    { "SliceGrad",
      1,
      { 2, 6 },
      ONE,
      PURE,
      slice_grad_def,
      sizeof(slice_attrs),
      slice_grad_infer,
      slice_grad_eval,
      .domain = "ofz" },
    { "SplitGrad",
      1,
      { 1, OFZ_VARIADIC },
      ONE,
      PURE,
      split_grad_def,
      sizeof(split_attrs),
      split_grad_infer,
      split_grad_eval,
      .domain = "ofz" },
    { 0 },
};
OFZ_OP_TABLE(shape_join, rows);
