/* ops_sequence.c - sequences: making, taking apart, joining. Elements share their bytes with the
 * tensors they came from. */
#include <stddef.h>

#include "ops/body.h"
#include "ops/gradients.h"
#include "ops/move.h"
#include "tensor/container.h"

/* --- what the rows share ---------------------------------------------------------------------- */

static ofz_status sequence_infer(ofz_infer_call *c)
{
    return ofz_infer_unknown(c, 0, OFZ_SEQUENCE);
}

static ofz_status want_sequence(ofz_ctx *ctx, int k, const ofz_tensor *t)
{
    if (!t || t->dtype != OFZ_SEQUENCE)
        return ofz_fail(ctx, OFZ_E_MODEL, "input %d: %s, want a sequence", k,
                        t ? ofz_dtype_name(t->dtype) : "missing");
    return OFZ_OK;
}

static ofz_status want_tensor(ofz_ctx *ctx, int k, const ofz_tensor *t)
{
    if (!t || !ofz_dtype_get(t->dtype)->bits)
        return ofz_fail(ctx, OFZ_E_MODEL, "input %d: %s, want a tensor", k,
                        t ? ofz_dtype_name(t->dtype) : "missing");
    return OFZ_OK;
}

/* The position in input k, within [-count, last]; `other` when the input is absent. */
static ofz_status position_of(ofz_eval_call *c, int k, int64_t count, int64_t last, int64_t other,
                              int64_t *out)
{
    const ofz_tensor *t = ofz_eval_in(c, k);
    int64_t           at;

    if (t && ((t->dtype != OFZ_I64 && t->dtype != OFZ_I32) || t->count != 1))
        return ofz_fail(c->ctx, OFZ_E_MODEL, "position: %s, %" PRId64 " elements, want one integer",
                        ofz_dtype_name(t->dtype), t->count);
    at = t ? ofz_int_at(t, 0) : other;
    if (at < -count || at > last)
        return ofz_fail(c->ctx, OFZ_E_MODEL,
                        "position: %" PRId64 ", want within [%" PRId64 ", %" PRId64 "]", at, -count,
                        last);
    *out = at < 0 ? at + count : at;
    return OFZ_OK;
}

static ofz_status same_type(ofz_ctx *ctx, const ofz_tensor *a, const ofz_tensor *b)
{
    if (a->dtype == b->dtype) return OFZ_OK;
    return ofz_fail(ctx, OFZ_E_MODEL, "element: %s, want %s as the others",
                    ofz_dtype_name(b->dtype), ofz_dtype_name(a->dtype));
}

/* --- making ----------------------------------------------------------------------------------- */

typedef struct empty_attrs {
    int64_t dtype;
} empty_attrs;

static ofz_status empty_infer(ofz_infer_call *c)
{
    const empty_attrs *a = c->attrs;

    if (a->dtype < 0 || a->dtype > INT32_MAX || !ofz_dtype_get((ofz_dtype)a->dtype)->bits)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "dtype: %" PRId64 ", want an element type", a->dtype);
    return sequence_infer(c);
}

static ofz_status empty_eval(ofz_eval_call *c)
{
    ofz_tensor y;

    OFZ_TRY(ofz_container_new(c->ctx, &y, OFZ_SEQUENCE, 0));
    ofz_eval_take(c, 0, &y);
    return OFZ_OK;
}

static ofz_status construct_eval(ofz_eval_call *c)
{
    ofz_tensor y;

    for (int i = 0; i < c->in_count; i++) {
        OFZ_TRY(want_tensor(c->ctx, i, c->in[i]));
        OFZ_TRY(same_type(c->ctx, c->in[0], c->in[i]));
    }
    OFZ_TRY(ofz_container_new(c->ctx, &y, OFZ_SEQUENCE, c->in_count));
    for (int i = 0; i < c->in_count; i++) ofz_tensor_share(c->in[i], ofz_container_item(&y, i));
    ofz_eval_take(c, 0, &y);
    return OFZ_OK;
}

/* --- editing ---------------------------------------------------------------------------------- */

static ofz_status insert_eval(ofz_eval_call *c)
{
    const ofz_tensor *s = c->in[0], *t = c->in[1];
    ofz_tensor        y, *item;
    int64_t           at;

    OFZ_TRY(want_sequence(c->ctx, 0, s));
    OFZ_TRY(want_tensor(c->ctx, 1, t));
    if (s->count) OFZ_TRY(same_type(c->ctx, ofz_container_item(s, 0), t));
    OFZ_TRY(position_of(c, 2, s->count, s->count, s->count, &at));
    OFZ_TRY(ofz_container_part(c->ctx, s, 0, s->count, 1, &y));
    item = y.data;
    for (int64_t i = s->count; i > at; i--) item[i] = item[i - 1];
    ofz_tensor_share(t, &item[at]);
    ofz_eval_take(c, 0, &y);
    return OFZ_OK;
}

static ofz_status erase_eval(ofz_eval_call *c)
{
    const ofz_tensor *s = c->in[0];
    ofz_tensor        y;
    int64_t           at;

    OFZ_TRY(want_sequence(c->ctx, 0, s));
    OFZ_TRY(position_of(c, 1, s->count, s->count - 1, s->count - 1, &at));
    if (!s->count)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "sequence: empty, want an element to erase");
    OFZ_TRY(ofz_container_new(c->ctx, &y, OFZ_SEQUENCE, s->count - 1));
    for (int64_t i = 0; i < y.count; i++)
        ofz_tensor_share(ofz_container_item(s, i < at ? i : i + 1), ofz_container_item(&y, i));
    ofz_eval_take(c, 0, &y);
    return OFZ_OK;
}

/* --- reading ---------------------------------------------------------------------------------- */

static ofz_status at_eval(ofz_eval_call *c)
{
    const ofz_tensor *s = c->in[0];
    ofz_tensor        y;
    int64_t           at;

    OFZ_TRY(want_sequence(c->ctx, 0, s));
    if (!s->count) return ofz_fail(c->ctx, OFZ_E_MODEL, "sequence: empty, want an element to take");
    OFZ_TRY(position_of(c, 1, s->count, s->count - 1, 0, &at));
    ofz_tensor_share(ofz_container_item(s, at), &y);
    ofz_eval_take(c, 0, &y);
    return OFZ_OK;
}

static ofz_status length_infer(ofz_infer_call *c)
{
    if (c->in[0]->dtype) OFZ_TRY(want_sequence(c->ctx, 0, c->in[0]));
    return ofz_infer_set(c, 0, OFZ_I64, 0, NULL);
}

static ofz_status length_eval(ofz_eval_call *c)
{
    OFZ_TRY(want_sequence(c->ctx, 0, c->in[0]));
    *(int64_t *)c->out[0]->data = c->in[0]->count;
    return OFZ_OK;
}

/* --- splitting -------------------------------------------------------------------------------- */

typedef struct split_attrs {
    int64_t axis, keepdims;
} split_attrs;

/* Elements [from, from + count) of `t` along `axis`. */
static ofz_status part_of(ofz_ctx *ctx, const ofz_tensor *t, int axis, int64_t from, int64_t count,
                          ofz_tensor *out)
{
    const int64_t outer = ofz_tensor_span(t, 0, axis);
    const int64_t inner = ofz_tensor_span(t, axis + 1, t->rank);
    int64_t       dim[OFZ_MAX_RANK];

    for (int i = 0; i < t->rank; i++) dim[i] = i == axis ? count : t->dim[i];
    OFZ_TRY(ofz_tensor_new(ctx, out, t->dtype, t->rank, dim));
    ofz_move_clear(out);
    for (int64_t o = 0; o < outer && out->count; o++)
        ofz_copy_run(ofz_bits(t->dtype), t->data, (o * t->dim[axis] + from) * inner, out->data,
                     o * count * inner, count * inner);
    return ofz_move_own(ctx, out);
}

/* How many parts, and part i's size, from a split input of `n` along the axis. */
static ofz_status split_count(ofz_ctx *ctx, const ofz_tensor *split, int64_t n, int64_t *out)
{
    int64_t rest = n, size;

    if ((split->dtype != OFZ_I64 && split->dtype != OFZ_I32) || split->rank > 1)
        return ofz_fail(ctx, OFZ_E_MODEL, "split: %s of rank %d, want integers, at most one axis",
                        ofz_dtype_name(split->dtype), split->rank);
    if (!split->rank) {
        size = ofz_int_at(split, 0);
        if (size < 1)
            return ofz_fail(ctx, OFZ_E_MODEL, "split: %" PRId64 ", want at least 1", size);
        *out = n / size + (n % size != 0);
        return OFZ_OK;
    }
    for (int64_t i = 0; i < split->count; i++) {
        size = ofz_int_at(split, i);
        if (size < 0 || size > rest)
            return ofz_fail(ctx, OFZ_E_MODEL,
                            "split %" PRId64 ": %" PRId64 ", want parts that add up to %" PRId64, i,
                            size, n);
        rest -= size;
    }
    if (rest)
        return ofz_fail(ctx, OFZ_E_MODEL, "split: %" PRId64 " elements are left over of %" PRId64,
                        rest, n);
    *out = split->count;
    return OFZ_OK;
}

static ofz_status split_fill(ofz_eval_call *c, int axis, ofz_tensor *y)
{
    const split_attrs *a     = c->attrs;
    const ofz_tensor  *x     = c->in[0];
    const ofz_tensor  *split = ofz_eval_in(c, 1);
    const int64_t      n     = x->dim[axis];
    int64_t            from  = 0, size;

    for (int64_t i = 0; i < y->count; i++, from += size) {
        ofz_tensor *item = ofz_container_item(y, i);

        size = !split ? 1 : ofz_int_at(split, split->rank ? i : 0);
        if (size > n - from) size = n - from;
        if (!split && !a->keepdims)
            OFZ_TRY(ofz_slice_at(c->ctx, x, axis, i, item));
        else
            OFZ_TRY(part_of(c->ctx, x, axis, from, size, item));
    }
    return OFZ_OK;
}

static ofz_status split_eval(ofz_eval_call *c)
{
    const split_attrs *a     = c->attrs;
    const ofz_tensor  *split = ofz_eval_in(c, 1);
    int64_t            count;
    int                axis;
    ofz_tensor         y;
    ofz_status         st;

    OFZ_TRY(want_tensor(c->ctx, 0, c->in[0]));
    OFZ_TRY(ofz_axis(c->ctx, a->axis, c->in[0]->rank, &axis));
    count = c->in[0]->dim[axis];
    if (split) OFZ_TRY(split_count(c->ctx, split, count, &count));
    OFZ_TRY(ofz_container_new(c->ctx, &y, OFZ_SEQUENCE, count));
    st = split_fill(c, axis, &y);
    if (st)
        ofz_tensor_release(&y);
    else
        ofz_eval_take(c, 0, &y);
    return st;
}

/* --- joining ---------------------------------------------------------------------------------- */

typedef struct concat_attrs {
    int64_t axis, new_axis;
} concat_attrs;

static ofz_status concat_infer(ofz_infer_call *c)
{
    const concat_attrs *a = c->attrs;

    if (a->new_axis != 0 && a->new_axis != 1)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "new_axis: %" PRId64 ", want 0 or 1", a->new_axis);
    return ofz_infer_open(c);
}

static ofz_status concat_stack(ofz_eval_call *c, int64_t axis)
{
    const ofz_tensor *s     = c->in[0];
    ofz_stack         stack = { 0 };
    ofz_status        st    = OFZ_OK;
    ofz_tensor        y;

    for (int64_t i = 0; i < s->count && !st; i++)
        st = ofz_stack_push(c->ctx, &stack, ofz_container_item(s, i));
    if (!st) st = ofz_stack_take(c->ctx, &stack, axis, false, &y);
    if (!st) ofz_eval_take(c, 0, &y);
    ofz_stack_free(&stack);
    return st;
}

static ofz_status concat_shape(ofz_ctx *ctx, const ofz_tensor *s, int axis, int64_t *dim)
{
    const ofz_tensor *first = ofz_container_item(s, 0);
    char              a[128], b[128];

    for (int i = 0; i < first->rank; i++) dim[i] = first->dim[i];
    for (int64_t k = 1; k < s->count; k++) {
        const ofz_tensor *t    = ofz_container_item(s, k);
        bool              fits = t->rank == first->rank;

        OFZ_TRY(same_type(ctx, first, t));
        for (int i = 0; i < first->rank && fits; i++) fits = i == axis || t->dim[i] == dim[i];
        if (!fits)
            return ofz_fail(ctx, OFZ_E_MODEL,
                            "element %" PRId64 ": shape %s, want %s but for axis %d", k,
                            ofz_shape_text(a, sizeof a, t->rank, t->dim),
                            ofz_shape_text(b, sizeof b, first->rank, first->dim), axis);
        if (t->dim[axis] > INT64_MAX - dim[axis])
            return ofz_fail(ctx, OFZ_E_LIMIT, "shape: more than 2^63 elements");
        dim[axis] += t->dim[axis];
    }
    return OFZ_OK;
}

static ofz_status concat_eval(ofz_eval_call *c)
{
    const concat_attrs *a = c->attrs;
    const ofz_tensor   *s = c->in[0], *first;
    int64_t             dim[OFZ_MAX_RANK], at = 0, outer, inner;
    ofz_tensor         *y = c->out[0];
    int                 axis;

    OFZ_TRY(want_sequence(c->ctx, 0, s));
    if (!s->count) return ofz_fail(c->ctx, OFZ_E_MODEL, "sequence: empty, want something to join");
    if (a->new_axis) return concat_stack(c, a->axis);
    first = ofz_container_item(s, 0);
    OFZ_TRY(ofz_axis(c->ctx, a->axis, first->rank, &axis));
    OFZ_TRY(concat_shape(c->ctx, s, axis, dim));
    OFZ_TRY(ofz_eval_output(c, 0, first->dtype, first->rank, dim));
    ofz_move_clear(y);
    outer = y->count ? ofz_tensor_span(y, 0, axis) : 0;
    inner = y->count ? ofz_tensor_span(y, axis + 1, y->rank) : 0;
    for (int64_t k = 0; k < s->count; k++) {
        const ofz_tensor *t   = ofz_container_item(s, k);
        const int64_t     run = t->dim[axis] * inner;

        for (int64_t o = 0; o < outer; o++)
            ofz_copy_run(ofz_bits(t->dtype), t->data, o * run, y->data, o * dim[axis] * inner + at,
                         run);
        at += run;
    }
    return ofz_move_own(c->ctx, y);
}

/* --- gradients --------------------------------------------------------------------------------
 *
 * The gradient of a sequence is a sequence of as many tensors, each shaped as the element it is of. */

static ofz_status constant_int(ofz_grad_call *g, int64_t x, ofz_value **out)
{
    ofz_tensor t;

    OFZ_TRY(ofz_tensor_new(g->ctx, &t, OFZ_I64, 0, NULL));
    *(int64_t *)t.data = x;
    return ofz_constant_new(g->ctx, g->graph, NULL, &t, out);
}

static ofz_status construct_grad(ofz_grad_call *g)
{
    ofz_value *in[2] = { g->dy[0] };

    for (size_t i = 0; i < g->node->in_count; i++) {
        if (!g->need[i]) continue;
        OFZ_TRY(constant_int(g, (int64_t)i, &in[1]));
        OFZ_TRY(ofz_emit(g, "", "SequenceAt", NULL, 2, in, 1, &g->dx[i]));
    }
    return OFZ_OK;
}

static ofz_value *position_in(const ofz_grad_call *g, size_t k)
{
    return k < g->node->in_count ? g->node->in[k] : NULL;
}

static ofz_status at_grad(ofz_grad_call *g)
{
    ofz_value *in[] = { g->node->in[0], g->dy[0], position_in(g, 1) };

    return g->need[0] ? ofz_emit(g, "ofz", "SequenceAtGrad", NULL, 3, in, 1, &g->dx[0]) : OFZ_OK;
}

static ofz_status insert_grad(ofz_grad_call *g)
{
    ofz_value *in[] = { g->dy[0], position_in(g, 2) }, *out[2];

    OFZ_TRY(ofz_emit(g, "ofz", "SequenceInsertGrad", NULL, 2, in, 2, out));
    if (g->need[0]) g->dx[0] = out[0];
    if (g->need[1]) g->dx[1] = out[1];
    return OFZ_OK;
}

static ofz_status erase_grad(ofz_grad_call *g)
{
    ofz_value *in[] = { g->node->in[0], g->dy[0], position_in(g, 1) };

    return g->need[0] ? ofz_emit(g, "ofz", "SequenceEraseGrad", NULL, 3, in, 1, &g->dx[0]) : OFZ_OK;
}

static ofz_status split_grad(ofz_grad_call *g)
{
    const split_attrs *a      = g->attrs;
    const bool         single = !position_in(g, 1) && !a->keepdims;
    const ofz_attr     attr[] = {
            { .name = "axis", .type = OFZ_ATTR_INT, .u.i = a->axis },
            { .name = "new_axis", .type = OFZ_ATTR_INT, .u.i = single },
    };

    if (!g->need[0]) return OFZ_OK;
    return ofz_emit_attrs(g, "", "ConcatFromSequence", 2, attr, 1, &g->dy[0], 1, &g->dx[0]);
}

static ofz_status concat_grad(ofz_grad_call *g)
{
    ofz_value *in[] = { g->node->in[0], g->dy[0] };

    return g->need[0] ? ofz_emit_grad(g, "ConcatFromSequenceGrad", 2, in, &g->dx[0]) : OFZ_OK;
}

/* dy at the position, zeros elsewhere. */
static ofz_status at_grad_eval(ofz_eval_call *c)
{
    const ofz_tensor *s = c->in[0];
    ofz_tensor        y;
    int64_t           at;

    OFZ_TRY(want_sequence(c->ctx, 0, s));
    OFZ_TRY(position_of(c, 2, s->count, s->count - 1, 0, &at));
    OFZ_TRY(ofz_gradient_zeros(c->ctx, s, &y));
    ofz_tensor_release(ofz_container_item(&y, at));
    ofz_tensor_share(c->in[1], ofz_container_item(&y, at));
    ofz_eval_take(c, 0, &y);
    return OFZ_OK;
}

/* The sequence that was inserted into is one shorter; positions count from its ends. */
static ofz_status insert_grad_eval(ofz_eval_call *c)
{
    const ofz_tensor *dy = c->in[0];
    ofz_tensor        y, x;
    int64_t           at;

    OFZ_TRY(want_sequence(c->ctx, 0, dy));
    OFZ_TRY(position_of(c, 1, dy->count - 1, dy->count - 1, dy->count - 1, &at));
    OFZ_TRY(ofz_container_new(c->ctx, &y, OFZ_SEQUENCE, dy->count - 1));
    for (int64_t i = 0; i < y.count; i++)
        ofz_tensor_share(ofz_container_item(dy, i < at ? i : i + 1), ofz_container_item(&y, i));
    ofz_tensor_share(ofz_container_item(dy, at), &x);
    ofz_eval_take(c, 0, &y);
    ofz_eval_take(c, 1, &x);
    return OFZ_OK;
}

static ofz_status erase_grad_eval(ofz_eval_call *c)
{
    const ofz_tensor *s = c->in[0], *dy = c->in[1];
    ofz_tensor        y, *item;
    int64_t           at;
    ofz_status        st;

    OFZ_TRY(want_sequence(c->ctx, 0, s));
    OFZ_TRY(want_sequence(c->ctx, 1, dy));
    OFZ_TRY(position_of(c, 2, s->count, s->count - 1, s->count - 1, &at));
    OFZ_TRY(ofz_container_part(c->ctx, dy, 0, dy->count, 1, &y));
    item = y.data;
    for (int64_t i = dy->count; i > at; i--) item[i] = item[i - 1];
    item[at] = (ofz_tensor){ 0 };
    st       = ofz_gradient_zeros(c->ctx, ofz_container_item(s, at), &item[at]);
    if (st)
        ofz_tensor_release(&y);
    else
        ofz_eval_take(c, 0, &y);
    return st;
}

static ofz_status concat_grad_fill(ofz_eval_call *c, int axis, ofz_tensor *y)
{
    const concat_attrs *a = c->attrs;
    const ofz_tensor   *s = c->in[0], *dy = c->in[1];
    int64_t             from = 0, size;

    for (int64_t i = 0; i < y->count; i++, from += size) {
        size = a->new_axis ? 1 : ofz_container_item(s, i)->dim[axis];
        if (a->new_axis)
            OFZ_TRY(ofz_slice_at(c->ctx, dy, axis, i, ofz_container_item(y, i)));
        else
            OFZ_TRY(part_of(c->ctx, dy, axis, from, size, ofz_container_item(y, i)));
    }
    return OFZ_OK;
}

static ofz_status concat_grad_eval(ofz_eval_call *c)
{
    const concat_attrs *a = c->attrs;
    const ofz_tensor   *s = c->in[0], *dy = c->in[1];
    ofz_tensor          y;
    int                 axis;
    ofz_status          st;

    OFZ_TRY(want_sequence(c->ctx, 0, s));
    OFZ_TRY(ofz_axis(c->ctx, a->axis, dy->rank, &axis));
    OFZ_TRY(ofz_container_new(c->ctx, &y, OFZ_SEQUENCE, s->count));
    st = concat_grad_fill(c, axis, &y);
    if (st)
        ofz_tensor_release(&y);
    else
        ofz_eval_take(c, 0, &y);
    return st;
}

/* --- rows ------------------------------------------------------------------------------------- */

static const ofz_attr_def concat_attr[] = {
    { "axis", OFZ_ATTR_INT, offsetof(concat_attrs, axis), true },
    { "new_axis", OFZ_ATTR_INT, offsetof(concat_attrs, new_axis) },
    { 0 },
};
static const ofz_attr_def empty_attr[] = {
    { "dtype", OFZ_ATTR_INT, offsetof(empty_attrs, dtype), .i = OFZ_F32 },
    { 0 },
};
static const ofz_attr_def split_attr[] = {
    { "axis", OFZ_ATTR_INT, offsetof(split_attrs, axis) },
    { "keepdims", OFZ_ATTR_INT, offsetof(split_attrs, keepdims), .i = 1 },
    { 0 },
};

#define FLAGS (OFZ_OP_PURE | OFZ_OP_DYNAMIC | OFZ_OP_CONTAINER)
#define ROW(name, min, max, attr, size, infer, eval, grad)                                         \
    {                                                                                              \
        name, 11, { min, max }, { 1, 1 }, FLAGS, attr, size, infer, eval, grad                     \
    }

/* The last input, a position, may be left out. */
#define BACK(name, ins, outs, attr, size, eval)                                                    \
    {                                                                                              \
        name, 1, { ins - 1, ins }, { outs, outs }, FLAGS, attr, size, ofz_infer_open, eval, NULL,  \
            "x", "ofz"                                                                             \
    }

static const ofz_op rows[] = {
    ROW("ConcatFromSequence", 1, 1, concat_attr, sizeof(concat_attrs), concat_infer, concat_eval,
        concat_grad),
    ROW("SequenceAt", 2, 2, NULL, 0, ofz_infer_open, at_eval, at_grad),
    ROW("SequenceConstruct", 1, OFZ_VARIADIC, NULL, 0, sequence_infer, construct_eval,
        construct_grad),
    ROW("SequenceEmpty", 0, 0, empty_attr, sizeof(empty_attrs), empty_infer, empty_eval, NULL),
    ROW("SequenceErase", 1, 2, NULL, 0, sequence_infer, erase_eval, erase_grad),
    ROW("SequenceInsert", 2, 3, NULL, 0, sequence_infer, insert_eval, insert_grad),
    ROW("SequenceLength", 1, 1, NULL, 0, length_infer, length_eval, NULL),
    ROW("SplitToSequence", 1, 2, split_attr, sizeof(split_attrs), sequence_infer, split_eval,
        split_grad),
    { "SplitToSequence",
      24,
      { 1, 2 },
      { 1, 1 },
      FLAGS,
      split_attr,
      sizeof(split_attrs),
      sequence_infer,
      split_eval,
      split_grad },
    BACK("ConcatFromSequenceGrad", 2, 1, concat_attr, sizeof(concat_attrs), concat_grad_eval),
    BACK("SequenceAtGrad", 3, 1, NULL, 0, at_grad_eval),
    BACK("SequenceEraseGrad", 3, 1, NULL, 0, erase_grad_eval),
    BACK("SequenceInsertGrad", 2, 2, NULL, 0, insert_grad_eval),
    { 0 },
};
OFZ_OP_TABLE(sequence, rows);
