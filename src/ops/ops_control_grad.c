/* ops_control_grad.c - ofz.BodyGrad: back through the iterations of Loop, Scan and SequenceMap.
 *
 * The forward body runs once more to learn the states that every iteration began with; then the backward
 * body walks from the last iteration to the first. See back.h for the layout. */
#include <stddef.h>
#include <stdlib.h>

#include "ops/back.h"
#include "ops/gradients.h"
#include "ops/move.h"
#include "tensor/container.h"

typedef struct walk {
    ofz_eval_call        *c;
    const ofz_back_attrs *a;
    size_t          lead, first, states, slices, scans; /* first: of the states among the inputs */
    int64_t         count;                              /* iterations */
    ofz_list        begin; /* ofz_row_values: lead and states at the start of each iteration */
    ofz_row_values  last;  /* states at the end */
    ofz_row_values  carry; /* gradients of the carried states, as far as the walk has come */
    ofz_row_values  sum;   /* of inputs that every iteration reads whole, then of outer values */
    ofz_stack      *stack; /* gradients of slices, last iteration first */
    ofz_row_values *item;  /* the same for elements of sequences, by iteration */
} walk;

/* --- attributes, inputs ----------------------------------------------------------------------- */

static bool flag(ofz_ints list, size_t i)
{
    return i < list.count && list.v[i] != 0;
}

static size_t flags_set(ofz_ints list, size_t count)
{
    size_t n = 0;

    for (size_t i = 0; i < count; i++) n += flag(list, i);
    return n;
}

static int64_t list_at(ofz_ints list, size_t i)
{
    return i < list.count ? list.v[i] : 0;
}

/* The gradient of the node's output k, or NULL. */
static const ofz_tensor *dy_at(const walk *w, size_t k)
{
    return flag(w->a->has_dy, k) ? w->c->in[(size_t)w->a->in_count + flags_set(w->a->has_dy, k)]
                                 : NULL;
}

static const ofz_tensor *outer_at(const walk *w, size_t k)
{
    return w->c->in[(size_t)w->a->in_count + flags_set(w->a->has_dy, w->a->has_dy.count) + k];
}

/* Does an iteration get input `first + states + s` whole? */
static bool is_whole(const walk *w, size_t s)
{
    return w->a->kind == OFZ_BACK_MAP && w->c->in[s]->dtype != OFZ_SEQUENCE;
}

/* What iteration i reads of scan input s, or of the gradient of scan output s (`axes`, `reverse`: of the
 * input's or the output's). */
static ofz_status slice_of(const walk *w, const ofz_tensor *t, ofz_ints axes, ofz_ints reverse,
                           size_t s, int64_t i, ofz_tensor *out)
{
    int axis;

    if (ofz_dtype_is_container(t->dtype)) {
        if (i >= t->count)
            return ofz_fail(w->c->ctx, OFZ_E_MODEL,
                            "sequence %zu: %" PRId64 " elements, want %" PRId64, s, t->count,
                            w->count);
        ofz_tensor_share(ofz_container_item(t, i), out);
        return OFZ_OK;
    }
    OFZ_TRY(ofz_axis(w->c->ctx, list_at(axes, s), t->rank, &axis));
    if (t->dim[axis] != w->count)
        return ofz_fail(w->c->ctx, OFZ_E_MODEL, "slices: %" PRId64 ", want %" PRId64, t->dim[axis],
                        w->count);
    return ofz_slice_at(w->c->ctx, t, axis, list_at(reverse, s) ? w->count - 1 - i : i, out);
}

static ofz_status input_slice(const walk *w, size_t s, int64_t i, ofz_tensor *out)
{
    const ofz_tensor *t = w->c->in[w->first + w->states + s];

    if (!is_whole(w, s)) return slice_of(w, t, w->a->in_axis, w->a->in_reverse, s, i, out);
    ofz_tensor_share(t, out);
    return OFZ_OK;
}

/* --- forward ---------------------------------------------------------------------------------- */

/* Trip count of Scan and SequenceMap; of Loop, the most that it may be. */
static ofz_status iterations(walk *w, bool *go)
{
    const ofz_tensor *t =
        w->a->kind == OFZ_BACK_LOOP ? w->c->in[0] : w->c->in[w->first + w->states];
    int axis;

    *go = true;
    if (w->a->kind == OFZ_BACK_LOOP) {
        w->count = t ? ofz_int_at(t, 0) : INT64_MAX;
        return w->c->in[1] ? ofz_eval_bool(w->c->ctx, "cond", w->c->in[1], go) : OFZ_OK;
    }
    w->count = t->count;
    if (w->a->kind == OFZ_BACK_MAP) return OFZ_OK;
    OFZ_TRY(ofz_axis(w->c->ctx, list_at(w->a->in_axis, 0), t->rank, &axis));
    w->count = t->dim[axis];
    return OFZ_OK;
}

static ofz_status remember(walk *w, const ofz_row_values *now, int64_t i, ofz_row_values **out)
{
    ofz_row_values *v = calloc(1, sizeof *v);

    if (!v || !ofz_list_push(&w->begin, v)) {
        free(v);
        return ofz_fail_nomem(w->c->ctx, "gradient", sizeof *v);
    }
    OFZ_TRY(ofz_row_values_new(w->c->ctx, v, w->lead + w->states + w->slices));
    if (w->lead) {
        OFZ_TRY(ofz_tensor_new(w->c->ctx, &v->t[0], OFZ_I64, 0, NULL));
        OFZ_TRY(ofz_tensor_new(w->c->ctx, &v->t[1], OFZ_BOOL, 0, NULL));
        *(int64_t *)v->t[0].data = i;
        *(uint8_t *)v->t[1].data = 1;
    }
    for (size_t k = 0; k < w->states; k++) ofz_tensor_share(&now->t[k], &v->t[w->lead + k]);
    *out = v;
    return OFZ_OK;
}

/* One iteration again: `now` becomes the states after it. */
static ofz_status step_again(walk *w, int64_t i, const ofz_tensor **in, ofz_row_values *now,
                             ofz_row_values *next, bool *go)
{
    const size_t    cond = w->lead ? 1 : 0;
    ofz_row_values *at;

    if (i >= w->c->ctx->limits.loop_count)
        return ofz_fail(w->c->ctx, OFZ_E_LIMIT, "loop: more than %" PRId64 " iterations",
                        w->c->ctx->limits.loop_count);
    OFZ_TRY(remember(w, now, i, &at));
    for (size_t s = 0; s < w->slices; s++)
        OFZ_TRY(input_slice(w, s, i, &at->t[w->lead + w->states + s]));
    for (size_t k = 0; k < at->count; k++) in[k] = &at->t[k];
    OFZ_TRY(ofz_eval_body(w->c, w->a->body, in, at->count, next->t));
    if (cond) OFZ_TRY(ofz_eval_bool(w->c->ctx, "cond of the body", &next->t[0], go));
    for (size_t k = 0; k < w->states; k++) {
        ofz_tensor_release(&now->t[k]);
        now->t[k]         = next->t[cond + k];
        next->t[cond + k] = (ofz_tensor){ 0 };
    }
    for (size_t k = 0; k < next->count; k++) ofz_tensor_release(&next->t[k]);
    return OFZ_OK;
}

static ofz_status run_again(walk *w)
{
    const ofz_tensor **in   = calloc(w->lead + w->states + w->slices + 1, sizeof *in);
    ofz_row_values     next = { 0 };
    bool               go;
    ofz_status         st = OFZ_OK;

    if (!in) return ofz_fail_nomem(w->c->ctx, "gradient", sizeof *in);
    OFZ_GOTO(ofz_row_values_new(w->c->ctx, &next, w->a->body->output.count));
    OFZ_GOTO(ofz_row_values_new(w->c->ctx, &w->last, w->states));
    for (size_t k = 0; k < w->states; k++) ofz_tensor_share(w->c->in[w->first + k], &w->last.t[k]);
    OFZ_GOTO(iterations(w, &go));
    for (int64_t i = 0; i < w->count && go; i++) {
        st = step_again(w, i, in, &w->last, &next, &go);
        if (st) OFZ_GOTO(ofz_at(w->c->ctx, st, "iteration %" PRId64, i));
    }
    w->count = (int64_t)w->begin.count;
done:
    ofz_row_values_free(&next);
    free(in);
    return st;
}

/* --- backward --------------------------------------------------------------------------------- */

static ofz_status carry_start(walk *w)
{
    OFZ_TRY(ofz_row_values_new(w->c->ctx, &w->carry, w->states));
    for (size_t k = 0; k < w->states; k++) {
        const ofz_tensor *dy = dy_at(w, k);

        if (!flag(w->a->carry, k)) continue;
        if (dy)
            ofz_tensor_share(dy, &w->carry.t[k]);
        else
            OFZ_TRY(ofz_gradient_zeros(w->c->ctx, &w->last.t[k], &w->carry.t[k]));
    }
    return OFZ_OK;
}

/* The backward body's inputs: those of the forward one, then gradients; `made` owns the slices. */
static ofz_status back_inputs(walk *w, int64_t i, const ofz_tensor **in, ofz_row_values *made)
{
    const ofz_row_values *at = w->begin.item[i];
    size_t                n  = 0;

    for (size_t k = 0; k < at->count; k++) in[n++] = &at->t[k];
    for (size_t k = 0; k < w->states; k++)
        if (flag(w->a->carry, k)) in[n++] = &w->carry.t[k];
    for (size_t k = 0; k < w->scans; k++) {
        const ofz_tensor *dy = dy_at(w, w->states + k);

        if (!dy) continue;
        OFZ_TRY(slice_of(w, dy, w->a->out_axis, w->a->out_reverse, k, i, &made->t[k]));
        in[n++] = &made->t[k];
    }
    if (n == w->a->back->input.count) return OFZ_OK;
    return ofz_fail(w->c->ctx, OFZ_E_MODEL, "gradient: %zu inputs, want %zu", n,
                    w->a->back->input.count);
}

static ofz_status take_slice(walk *w, size_t s, int64_t i, ofz_tensor *t)
{
    if (is_whole(w, s)) return ofz_gradient_gather(w->c->ctx, &w->sum.t[s], t);
    if (w->a->kind == OFZ_BACK_SCAN) return ofz_stack_push(w->c->ctx, &w->stack[s], t);
    w->item[s].t[i] = *t;
    *t              = (ofz_tensor){ 0 };
    return OFZ_OK;
}

/* What the backward body gave: next gradients of the states, slices, outer values. */
static ofz_status back_outputs(walk *w, int64_t i, ofz_row_values *got)
{
    size_t n = 0;

    for (size_t k = 0; k < w->states; k++) {
        if (!flag(w->a->carry, k)) continue;
        ofz_tensor_release(&w->carry.t[k]);
        w->carry.t[k] = got->t[n];
        got->t[n++]   = (ofz_tensor){ 0 };
    }
    for (size_t s = 0; s < w->slices; s++)
        if (flag(w->a->need, w->first + w->states + s)) OFZ_TRY(take_slice(w, s, i, &got->t[n++]));
    for (size_t k = 0; k < (size_t)w->a->outer_count; k++)
        OFZ_TRY(ofz_gradient_gather(w->c->ctx, &w->sum.t[w->slices + k], &got->t[n++]));
    for (size_t k = 0; k < got->count; k++) ofz_tensor_release(&got->t[k]);
    return OFZ_OK;
}

static ofz_status step_back(walk *w, int64_t i, const ofz_tensor **in)
{
    ofz_row_values made = { 0 }, got = { 0 };
    ofz_status     st;

    OFZ_GOTO(ofz_row_values_new(w->c->ctx, &made, w->scans));
    OFZ_GOTO(ofz_row_values_new(w->c->ctx, &got, w->a->back->output.count));
    OFZ_GOTO(back_inputs(w, i, in, &made));
    OFZ_GOTO(ofz_eval_body(w->c, w->a->back, in, w->a->back->input.count, got.t));
    OFZ_GOTO(back_outputs(w, i, &got));
done:
    ofz_row_values_free(&made);
    ofz_row_values_free(&got);
    return st;
}

static ofz_status run_back(walk *w)
{
    const ofz_tensor **in = calloc(
        w->a->back->input.count + w->lead + w->states + w->slices + w->scans + 1, sizeof *in);
    ofz_status st = in ? OFZ_OK : ofz_fail_nomem(w->c->ctx, "gradient", sizeof *in);

    for (int64_t i = w->count; i-- > 0 && !st;) {
        st = step_back(w, i, in);
        if (st) st = ofz_at(w->c->ctx, st, "back through iteration %" PRId64, i);
    }
    free(in);
    return st;
}

/* --- results ---------------------------------------------------------------------------------- */

static ofz_status sequence_of(walk *w, size_t s, ofz_tensor *out)
{
    OFZ_TRY(ofz_container_new(w->c->ctx, out, OFZ_SEQUENCE, w->count));
    for (int64_t i = 0; i < w->count; i++) {
        *ofz_container_item(out, i) = w->item[s].t[i];
        w->item[s].t[i]             = (ofz_tensor){ 0 };
    }
    return OFZ_OK;
}

/* The gradient of scan input s as a whole. */
static ofz_status slices_finish(walk *w, size_t s, ofz_tensor *out)
{
    const ofz_tensor *x       = w->c->in[w->first + w->states + s];
    const bool        reverse = list_at(w->a->in_reverse, s) == 0; /* the last came first */

    if (!is_whole(w, s) && w->a->kind == OFZ_BACK_MAP) return sequence_of(w, s, out);
    if (!w->count) return ofz_gradient_zeros(w->c->ctx, x, out);
    if (w->a->kind == OFZ_BACK_SCAN)
        return ofz_stack_take(w->c->ctx, &w->stack[s], list_at(w->a->in_axis, s), reverse, out);
    ofz_tensor_share(&w->sum.t[s], out);
    return OFZ_OK;
}

static ofz_status finish(walk *w)
{
    size_t     n = 0;
    ofz_tensor t;

    for (size_t k = 0; k < w->states; k++)
        if (flag(w->a->need, w->first + k)) ofz_eval_take(w->c, n++, &w->carry.t[k]);
    for (size_t s = 0; s < w->slices; s++) {
        if (!flag(w->a->need, w->first + w->states + s)) continue;
        OFZ_TRY(slices_finish(w, s, &t));
        ofz_eval_take(w->c, n++, &t);
    }
    for (size_t k = 0; k < (size_t)w->a->outer_count; k++) {
        ofz_tensor *sum = &w->sum.t[w->slices + k];

        if (!sum->dtype) OFZ_TRY(ofz_gradient_zeros(w->c->ctx, outer_at(w, k), sum));
        ofz_eval_take(w->c, n++, sum);
    }
    return OFZ_OK;
}

/* --- the row ---------------------------------------------------------------------------------- */

static ofz_status walk_rooms(walk *w)
{
    OFZ_TRY(ofz_row_values_new(w->c->ctx, &w->sum, w->slices + (size_t)w->a->outer_count));
    w->stack = calloc(w->slices + 1, sizeof *w->stack);
    w->item  = calloc(w->slices + 1, sizeof *w->item);
    if (!w->stack || !w->item) return ofz_fail_nomem(w->c->ctx, "gradient", sizeof *w->item);
    for (size_t s = 0; s < w->slices; s++)
        OFZ_TRY(ofz_row_values_new(w->c->ctx, &w->item[s], (size_t)w->count));
    return OFZ_OK;
}

static void walk_free(walk *w)
{
    for (size_t i = 0; i < w->begin.count; i++) {
        ofz_row_values_free(w->begin.item[i]);
        free(w->begin.item[i]);
    }
    for (size_t s = 0; s < w->slices; s++) {
        if (w->stack) ofz_stack_free(&w->stack[s]);
        if (w->item) ofz_row_values_free(&w->item[s]);
    }
    ofz_list_free(&w->begin);
    ofz_row_values_free(&w->last);
    ofz_row_values_free(&w->carry);
    ofz_row_values_free(&w->sum);
    free(w->stack);
    free(w->item);
}

static ofz_status body_grad_eval(ofz_eval_call *c)
{
    const ofz_back_attrs *a = c->attrs;
    walk                  w = { .c      = c,
                                .a      = a,
                                .lead   = a->kind == OFZ_BACK_LOOP ? 2 : 0,
                                .first  = a->kind == OFZ_BACK_LOOP ? 2 : 0,
                                .states = (size_t)a->states,
                                .scans =
                   a->has_dy.count > (size_t)a->states ? a->has_dy.count - (size_t)a->states : 0 };
    ofz_status            st;

    w.slices = (size_t)a->in_count - w.first - w.states;
    OFZ_GOTO(run_again(&w));
    OFZ_GOTO(walk_rooms(&w));
    OFZ_GOTO(carry_start(&w));
    OFZ_GOTO(run_back(&w));
    OFZ_GOTO(finish(&w));
done:
    walk_free(&w);
    return st;
}

/* A gradient is shaped as what it is of. */
static ofz_status body_grad_infer(ofz_infer_call *c)
{
    const ofz_back_attrs *a = c->attrs;
    int                   n = 0;

    for (int i = 0; i < (int)a->in_count && n < c->out_count; i++)
        if (flag(a->need, (size_t)i)) OFZ_TRY(ofz_infer_as(c, (size_t)n++, c->in[i]));
    for (int i = c->in_count - (int)a->outer_count; i < c->in_count && n < c->out_count; i++)
        OFZ_TRY(ofz_infer_as(c, (size_t)n++, c->in[i]));
    return OFZ_OK;
}

#define ATTR(name, type, field)                                                                    \
    {                                                                                              \
        name, OFZ_ATTR_##type, offsetof(ofz_back_attrs, field)                                     \
    }

static const ofz_attr_def back_attr[] = {
    ATTR("back", GRAPH, back),
    ATTR("body", GRAPH, body),
    ATTR("carry", INTS, carry),
    ATTR("has_dy", INTS, has_dy),
    ATTR("in_count", INT, in_count),
    ATTR("kind", INT, kind),
    ATTR("need", INTS, need),
    ATTR("outer_count", INT, outer_count),
    ATTR("scan_input_axes", INTS, in_axis),
    ATTR("scan_input_directions", INTS, in_reverse),
    ATTR("scan_output_axes", INTS, out_axis),
    ATTR("scan_output_directions", INTS, out_reverse),
    ATTR("states", INT, states),
    { 0 },
};

static const ofz_op rows[] = {
    { "BodyGrad",
      1,
      { 0, OFZ_VARIADIC },
      { 1, OFZ_VARIADIC },
      OFZ_OP_PURE | OFZ_OP_DYNAMIC | OFZ_OP_CONTAINER,
      back_attr,
      sizeof(ofz_back_attrs),
      body_grad_infer,
      body_grad_eval,
      NULL,
      "x",
      "ofz" },
    { 0 },
};
OFZ_OP_TABLE(control_grad, rows);
