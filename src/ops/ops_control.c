/* ops_control.c - If and Loop: rows whose attributes are graphs. The executor runs those. */
#include <stddef.h>
#include <stdlib.h>

#include "ops/back.h"

/* --- If --------------------------------------------------------------------------------------- */

typedef struct if_attrs {
    ofz_graph *yes, *no;
} if_attrs;

/* What holds for `a` and for `b`. */
static ofz_status unify_types(ofz_infer_call *c, ofz_tensor *a, const ofz_tensor *b)
{
    int64_t dim[OFZ_MAX_RANK];
    int     rank = a->rank == b->rank ? a->rank : -1;

    if (!a->dtype) a->dtype = b->dtype;
    if (b->dtype && b->dtype != a->dtype) a->dtype = OFZ_UNDEFINED;
    if (ofz_dtype_is_container(a->dtype)) rank = -1;
    for (int i = 0; i < rank; i++) dim[i] = a->dim[i] == b->dim[i] ? a->dim[i] : ofz_infer_fresh(c);
    return ofz_tensor_set(c->ctx, a, a->dtype, rank, dim);
}

static ofz_status branch_check(ofz_ctx *ctx, const ofz_graph *g, int out_count)
{
    if (g->output.count < (size_t)out_count)
        return ofz_fail(ctx, OFZ_E_MODEL, "branch '%.100s': %zu outputs, want %d", g->name,
                        g->output.count, out_count);
    return OFZ_OK;
}

static ofz_status if_infer(ofz_infer_call *c)
{
    const if_attrs   *a    = c->attrs;
    const ofz_tensor *cond = c->in[0];
    const bool        one  = cond->data && cond->dtype == OFZ_BOOL && cond->count == 1;
    const ofz_graph  *g    = one && !*(const uint8_t *)cond->data ? a->no : a->yes;
    ofz_row_values    x = { 0 }, y = { 0 };
    ofz_status        st = OFZ_OK;

    if (cond->dtype && cond->dtype != OFZ_BOOL)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "cond: %s, want bool", ofz_dtype_name(cond->dtype));
    OFZ_TRY(branch_check(c->ctx, a->yes, c->out_count));
    OFZ_TRY(branch_check(c->ctx, a->no, c->out_count));
    if (!c->scope) return ofz_infer_open(c);
    OFZ_GOTO(ofz_row_values_new(c->ctx, &x, g->output.count));
    OFZ_GOTO(ofz_row_values_new(c->ctx, &y, a->no->output.count));
    OFZ_GOTO(ofz_infer_body(c, g, NULL, 0, x.t));
    if (!one) OFZ_GOTO(ofz_infer_body(c, a->no, NULL, 0, y.t));
    for (int k = 0; k < c->out_count; k++) {
        if (!one) OFZ_GOTO(unify_types(c, &x.t[k], &y.t[k]));
        OFZ_GOTO(ofz_infer_as(c, (size_t)k, &x.t[k]));
    }
done:
    ofz_row_values_free(&x);
    ofz_row_values_free(&y);
    return st;
}

static ofz_status if_eval(ofz_eval_call *c)
{
    const if_attrs  *a = c->attrs;
    const ofz_graph *g;
    ofz_row_values   y = { 0 };
    ofz_status       st;
    bool             cond;

    OFZ_TRY(ofz_eval_bool(c->ctx, "cond", c->in[0], &cond));
    g = cond ? a->yes : a->no;
    OFZ_TRY(ofz_row_values_new(c->ctx, &y, g->output.count));
    st = ofz_eval_body(c, g, NULL, 0, y.t);
    if (st)
        ofz_at(c->ctx, st, "%s", cond ? "then_branch" : "else_branch");
    else
        for (size_t k = 0; k < y.count; k++) ofz_eval_take(c, k, &y.t[k]);
    ofz_row_values_free(&y);
    return st;
}

/* --- Loop ------------------------------------------------------------------------------------- */

typedef struct loop_attrs {
    ofz_graph *body;
} loop_attrs;

/* Inputs: trip count, condition, states. The body takes iteration, condition, states and gives
 * condition, states, scan outputs. */
static ofz_status loop_check(ofz_ctx *ctx, const ofz_graph *body, size_t in_count, size_t out_count)
{
    if (in_count < 2) return ofz_fail(ctx, OFZ_E_MODEL, "inputs: %zu, want at least 2", in_count);
    if (body->input.count != in_count)
        return ofz_fail(ctx, OFZ_E_MODEL, "body '%.100s': %zu inputs, want %zu", body->name,
                        body->input.count, in_count);
    if (body->output.count < in_count - 1 || body->output.count - 1 < out_count)
        return ofz_fail(ctx, OFZ_E_MODEL, "body '%.100s': %zu outputs, want at least %zu",
                        body->name, body->output.count,
                        in_count - 1 > out_count + 1 ? in_count - 1 : out_count + 1);
    return OFZ_OK;
}

static ofz_status loop_infer_types(ofz_infer_call *c, const ofz_graph *body, const ofz_tensor **in,
                                   ofz_tensor *room, ofz_tensor *out)
{
    const size_t states = (size_t)c->in_count - 2;
    ofz_tensor   iter, cond;

    OFZ_TRY(ofz_tensor_set(c->ctx, &iter, OFZ_I64, 0, NULL));
    OFZ_TRY(ofz_tensor_set(c->ctx, &cond, OFZ_BOOL, 0, NULL));
    in[0] = &iter;
    in[1] = &cond;
    for (size_t i = 0; i < states; i++) {
        if (!c->in[2 + i]) return ofz_fail(c->ctx, OFZ_E_MODEL, "input %zu: missing", 2 + i);
        room[i]   = *c->in[2 + i];
        in[2 + i] = &room[i];
    }
    OFZ_TRY(ofz_infer_states(c, body, in, (size_t)c->in_count, room, states, out, 1));
    for (size_t k = 0; k < (size_t)c->out_count; k++)
        if (k < states)
            OFZ_TRY(ofz_infer_as(c, k, &room[k]));
        else
            OFZ_TRY(ofz_infer_stack(c, k, &out[1 + k], 0, ofz_infer_fresh(c)));
    return OFZ_OK;
}

static ofz_status loop_infer(ofz_infer_call *c)
{
    const loop_attrs  *a    = c->attrs;
    const ofz_graph   *body = a->body;
    const ofz_tensor **in;
    ofz_row_values     room = { 0 }, out = { 0 };
    ofz_status         st;

    OFZ_TRY(loop_check(c->ctx, body, (size_t)c->in_count, (size_t)c->out_count));
    if (!c->scope) return ofz_infer_open(c);
    in = calloc((size_t)c->in_count, sizeof *in);
    st = in ? OFZ_OK : ofz_fail_nomem(c->ctx, "loop", sizeof *in);
    if (!st) st = ofz_row_values_new(c->ctx, &room, (size_t)c->in_count);
    if (!st) st = ofz_row_values_new(c->ctx, &out, body->output.count);
    if (!st) st = loop_infer_types(c, body, in, room.t, out.t);
    free(room.t); /* descriptions own nothing */
    free(out.t);
    free(in);
    return st;
}

typedef struct loop {
    ofz_eval_call     *c;
    const ofz_graph   *body;
    size_t             states, scans;
    const ofz_tensor **in;        /* of the body */
    ofz_row_values     now, next; /* iteration, condition, states; condition, states, scans */
    ofz_stack         *stack;
} loop;

static ofz_status loop_start(loop *l, int64_t *trips, bool *go)
{
    ofz_eval_call    *c = l->c;
    const ofz_tensor *m = c->in[0];

    if (m && (m->dtype != OFZ_I64 || m->count != 1))
        return ofz_fail(c->ctx, OFZ_E_MODEL, "trip count: %s, %" PRId64 " elements, want one int64",
                        ofz_dtype_name(m->dtype), m->count);
    *trips = m ? *(const int64_t *)m->data : INT64_MAX;
    *go    = true;
    if (c->in[1]) OFZ_TRY(ofz_eval_bool(c->ctx, "cond", c->in[1], go));
    for (size_t i = 0; i < l->states; i++) {
        if (!c->in[2 + i]) return ofz_fail(c->ctx, OFZ_E_MODEL, "input %zu: missing", 2 + i);
        ofz_tensor_share(c->in[2 + i], &l->now.t[2 + i]);
    }
    OFZ_TRY(ofz_tensor_new(c->ctx, &l->now.t[1], OFZ_BOOL, 0, NULL));
    *(uint8_t *)l->now.t[1].data = *go;
    for (size_t i = 0; i < l->states + 2; i++) l->in[i] = &l->now.t[i];
    return OFZ_OK;
}

/* The counter's bytes are written again unless the body keeps them. */
static ofz_status loop_count(loop *l, int64_t i)
{
    ofz_tensor *t = &l->now.t[0];

    if (!t->buffer || ofz_buffer_shared(t->buffer)) {
        ofz_tensor_release(t);
        OFZ_TRY(ofz_tensor_new(l->c->ctx, t, OFZ_I64, 0, NULL));
    }
    *(int64_t *)t->data = i;
    return OFZ_OK;
}

static ofz_status loop_step(loop *l, int64_t i, bool *go)
{
    ofz_ctx *ctx = l->c->ctx;

    if (i >= ctx->limits.loop_count)
        return ofz_fail(ctx, OFZ_E_LIMIT, "loop: more than %" PRId64 " iterations",
                        ctx->limits.loop_count);
    OFZ_TRY(loop_count(l, i));
    OFZ_TRY(ofz_eval_body(l->c, l->body, l->in, l->states + 2, l->next.t));
    OFZ_TRY(ofz_eval_bool(ctx, "cond of the body", &l->next.t[0], go));
    for (size_t k = 0; k < l->states + 1; k++) {
        ofz_tensor_release(&l->now.t[1 + k]);
        l->now.t[1 + k] = l->next.t[k];
        l->next.t[k]    = (ofz_tensor){ 0 };
    }
    for (size_t k = 0; k < l->scans; k++) {
        OFZ_TRY(ofz_stack_push(ctx, &l->stack[k], &l->next.t[1 + l->states + k]));
        ofz_tensor_release(&l->next.t[1 + l->states + k]);
    }
    return OFZ_OK;
}

static ofz_status loop_finish(loop *l)
{
    ofz_tensor t;

    for (size_t k = 0; k < l->states; k++) ofz_eval_take(l->c, k, &l->now.t[2 + k]);
    for (size_t k = 0; k < l->scans; k++) {
        ofz_stack *s = &l->stack[k];

        if ((size_t)l->c->out_count <= l->states + k || !l->c->out[l->states + k]) continue;
        if (!s->item.dtype)
            OFZ_TRY(ofz_stack_describe(l->c->ctx, s, l->body->output.item[1 + l->states + k]));
        OFZ_TRY(ofz_stack_take(l->c->ctx, s, 0, false, &t));
        ofz_eval_take(l->c, l->states + k, &t);
    }
    return OFZ_OK;
}

static ofz_status loop_eval(ofz_eval_call *c)
{
    const loop_attrs *a = c->attrs;
    loop              l = { .c = c, .body = a->body, .states = (size_t)c->in_count - 2 };
    int64_t           trips;
    bool              go;
    ofz_status        st = OFZ_OK;

    l.scans = a->body->output.count - 1 - l.states;
    l.in    = calloc(l.states + 2, sizeof *l.in);
    l.stack = calloc(l.scans + 1, sizeof *l.stack);
    if (!l.in || !l.stack) OFZ_GOTO(ofz_fail_nomem(c->ctx, "loop", sizeof *l.stack));
    OFZ_GOTO(ofz_row_values_new(c->ctx, &l.now, l.states + 2));
    OFZ_GOTO(ofz_row_values_new(c->ctx, &l.next, a->body->output.count));
    OFZ_GOTO(loop_start(&l, &trips, &go));
    for (int64_t i = 0; i < trips && go; i++) {
        st = loop_step(&l, i, &go);
        if (st) OFZ_GOTO(ofz_at(c->ctx, st, "iteration %" PRId64, i));
    }
    OFZ_GOTO(loop_finish(&l));
done:
    for (size_t k = 0; l.stack && k < l.scans; k++) ofz_stack_free(&l.stack[k]);
    ofz_row_values_free(&l.now);
    ofz_row_values_free(&l.next);
    free(l.stack);
    free(l.in);
    return st;
}

/* --- rows ------------------------------------------------------------------------------------- */

static const ofz_attr_def if_attr[] = {
    { "else_branch", OFZ_ATTR_GRAPH, offsetof(if_attrs, no), true },
    { "then_branch", OFZ_ATTR_GRAPH, offsetof(if_attrs, yes), true },
    { 0 },
};
static const ofz_attr_def loop_attr[] = {
    { "body", OFZ_ATTR_GRAPH, offsetof(loop_attrs, body), true },
    { 0 },
};

#define FLAGS (OFZ_OP_DYNAMIC | OFZ_OP_CONTAINER)
#define IF(since)                                                                                  \
    {                                                                                              \
        "If", since, { 1, 1 }, { 1, OFZ_VARIADIC }, FLAGS, if_attr, sizeof(if_attrs), if_infer,    \
            if_eval, ofz_if_grad                                                                   \
    }
/* Trip count and condition may be absent; a state was obligatory once. */
#define LOOP(since, least)                                                                         \
    {                                                                                              \
        "Loop", since, { least, OFZ_VARIADIC }, { 1, OFZ_VARIADIC }, FLAGS, loop_attr,             \
            sizeof(loop_attrs), loop_infer, loop_eval, ofz_loop_grad                               \
    }

static const ofz_op rows[] = {
    IF(1),       IF(11),      IF(13),      IF(16),      IF(19),      IF(21),      IF(23),
    IF(24),      IF(25),      LOOP(1, 3),  LOOP(11, 0), LOOP(13, 0), LOOP(16, 0), LOOP(19, 0),
    LOOP(21, 0), LOOP(23, 0), LOOP(24, 0), LOOP(25, 0), { 0 },
};
OFZ_OP_TABLE(control, rows);
