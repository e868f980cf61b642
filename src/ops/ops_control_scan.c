/* ops_control_scan.c - Scan and SequenceMap: subgraphs that run once per slice or element. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "ops/back.h"
#include "ops/move.h"
#include "tensor/container.h"

/* --- Scan ---------------------------------------------------------------------------------------
 *
 * The body takes states and one slice of every scan input, and gives states and one slice of every
 * scan output. */

typedef struct scan_attrs {
    ofz_graph *body;
    int64_t    scan_count; /* num_scan_inputs */
    ofz_ints   in_axis, in_reverse, out_axis, out_reverse;
} scan_attrs;

static int64_t list_at(ofz_ints list, size_t i)
{
    return list.count ? list.v[i] : 0;
}

static ofz_status list_check(ofz_ctx *ctx, const char *what, ofz_ints list, size_t want, bool flags)
{
    if (list.count && list.count != want)
        return ofz_fail(ctx, OFZ_E_MODEL, "%s: %zu numbers, want %zu", what, list.count, want);
    for (size_t i = 0; flags && i < list.count; i++)
        if (list.v[i] != 0 && list.v[i] != 1)
            return ofz_fail(ctx, OFZ_E_MODEL, "%s: %" PRId64 ", want 0 or 1", what, list.v[i]);
    return OFZ_OK;
}

/* `count` inputs that the body takes, `outs` outputs of the node. */
static ofz_status scan_check(ofz_ctx *ctx, const scan_attrs *a, size_t count, size_t outs)
{
    size_t states, scans;

    if (a->scan_count < 1 || (uint64_t)a->scan_count > count)
        return ofz_fail(ctx, OFZ_E_MODEL, "num_scan_inputs: %" PRId64 ", want 1 to %zu",
                        a->scan_count, count);
    states = count - (size_t)a->scan_count;
    if (a->body->input.count != count)
        return ofz_fail(ctx, OFZ_E_MODEL, "body '%.100s': %zu inputs, want %zu", a->body->name,
                        a->body->input.count, count);
    if (a->body->output.count < states || a->body->output.count < outs)
        return ofz_fail(ctx, OFZ_E_MODEL, "body '%.100s': %zu outputs, want at least %zu",
                        a->body->name, a->body->output.count, states > outs ? states : outs);
    scans = a->body->output.count - states;
    OFZ_TRY(list_check(ctx, "scan_input_axes", a->in_axis, (size_t)a->scan_count, false));
    OFZ_TRY(list_check(ctx, "scan_input_directions", a->in_reverse, (size_t)a->scan_count, true));
    OFZ_TRY(list_check(ctx, "scan_output_axes", a->out_axis, scans, false));
    return list_check(ctx, "scan_output_directions", a->out_reverse, scans, true);
}

/* The type of a slice; *length: the axis's dim, where it is known and was not before. */
static ofz_status slice_type(ofz_ctx *ctx, const ofz_tensor *t, int64_t axis, int64_t *length,
                             ofz_tensor *out)
{
    int64_t dim[OFZ_MAX_RANK];
    int     at;

    if (t->rank < 0) return ofz_tensor_set(ctx, out, t->dtype, -1, NULL);
    OFZ_TRY(ofz_axis(ctx, axis, t->rank, &at));
    if (*length < 0 || t->dim[at] < 0) {
        if (*length < 0) *length = t->dim[at];
    } else if (t->dim[at] != *length) {
        return ofz_fail(ctx, OFZ_E_MODEL, "scan inputs: %" PRId64 " slices, want %" PRId64,
                        t->dim[at], *length);
    }
    for (int i = 0; i < t->rank - 1; i++) dim[i] = t->dim[i < at ? i : i + 1];
    return ofz_tensor_set(ctx, out, t->dtype, t->rank - 1, dim);
}

/* `t` becomes the type of `count` (a dim) of it. */
static ofz_status stack_type(ofz_ctx *ctx, ofz_tensor *t, int64_t count)
{
    int64_t dim[OFZ_MAX_RANK + 1];

    if (t->rank < 0) return OFZ_OK;
    dim[0] = count;
    for (int i = 0; i < t->rank; i++) dim[i + 1] = t->dim[i];
    return ofz_tensor_set(ctx, t, t->dtype, t->rank + 1, dim);
}

/* Outputs 0 to out_count of Scan-8: batches of what the body makes of a sample. */
static ofz_status scan8_infer_outputs(ofz_infer_call *c, size_t states, int64_t batch,
                                      int64_t length, const ofz_tensor *room, ofz_tensor *out)
{
    for (size_t k = 0; k < (size_t)c->out_count; k++) {
        if (k >= states) OFZ_TRY(stack_type(c->ctx, &out[k], length));
        OFZ_TRY(ofz_infer_stack(c, k, k < states ? &room[k] : &out[k], 0, batch));
    }
    return OFZ_OK;
}

/* first: where the body's inputs begin among the node's; 1 for Scan-8, whose inputs are batches. */
static ofz_status scan_infer_types(ofz_infer_call *c, size_t first, const ofz_tensor **in,
                                   ofz_tensor *room, ofz_tensor *out)
{
    const scan_attrs *a      = c->attrs;
    const size_t      count  = (size_t)c->in_count - first;
    const size_t      states = count - (size_t)a->scan_count;
    int64_t           length = ofz_infer_fresh(c), batch = ofz_infer_fresh(c);

    for (size_t i = 0; i < count; i++) {
        if (!c->in[first + i])
            return ofz_fail(c->ctx, OFZ_E_MODEL, "input %zu: missing", first + i);
        in[i]   = &room[i];
        room[i] = *c->in[first + i];
        if (first) OFZ_TRY(slice_type(c->ctx, &room[i], 0, &batch, &room[i]));
        if (i >= states)
            OFZ_TRY(
                slice_type(c->ctx, &room[i], list_at(a->in_axis, i - states), &length, &room[i]));
    }
    OFZ_TRY(ofz_infer_states(c, a->body, in, count, room, states, out, 0));
    if (first) return scan8_infer_outputs(c, states, batch, length, room, out);
    for (size_t k = 0; k < (size_t)c->out_count; k++)
        if (k < states)
            OFZ_TRY(ofz_infer_as(c, k, &room[k]));
        else
            OFZ_TRY(ofz_infer_stack(c, k, &out[k], list_at(a->out_axis, k - states), length));
    return OFZ_OK;
}

static ofz_status scan_infer_from(ofz_infer_call *c, size_t first)
{
    const scan_attrs  *a = c->attrs;
    const ofz_tensor **in;
    ofz_row_values     room = { 0 }, out = { 0 };
    ofz_status         st;

    if ((size_t)c->in_count < first)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "inputs: 0, want at least 2");
    OFZ_TRY(scan_check(c->ctx, a, (size_t)c->in_count - first, (size_t)c->out_count));
    if (!c->scope) return ofz_infer_open(c);
    in = calloc((size_t)c->in_count + 1, sizeof *in);
    st = in ? OFZ_OK : ofz_fail_nomem(c->ctx, "scan", sizeof *in);
    if (!st) st = ofz_row_values_new(c->ctx, &room, (size_t)c->in_count);
    if (!st) st = ofz_row_values_new(c->ctx, &out, a->body->output.count);
    if (!st) st = scan_infer_types(c, first, in, room.t, out.t);
    free(room.t); /* descriptions own nothing */
    free(out.t);
    free(in);
    return st;
}

static ofz_status scan_infer(ofz_infer_call *c)
{
    return scan_infer_from(c, 0);
}

typedef struct scan {
    ofz_eval_call     *c;
    const scan_attrs  *a;
    size_t             states, scans, in_count;
    const ofz_tensor **in;    /* of the body: point into `now` */
    ofz_row_values     now;   /* states, slices */
    ofz_row_values     next;  /* states, slices of outputs */
    ofz_stack         *stack; /* per scan output */
} scan;

static ofz_status scan_new(ofz_eval_call *c, size_t in_count, scan *s)
{
    const scan_attrs *a = c->attrs;

    *s = (scan){ .c = c, .a = a, .in_count = in_count };

    s->states = in_count - (size_t)a->scan_count;
    s->scans  = a->body->output.count - s->states;
    s->in     = calloc(in_count + 1, sizeof *s->in);
    s->stack  = calloc(s->scans + 1, sizeof *s->stack);
    if (!s->in || !s->stack) return ofz_fail_nomem(c->ctx, "scan", sizeof *s->stack);
    OFZ_TRY(ofz_row_values_new(c->ctx, &s->now, in_count));
    OFZ_TRY(ofz_row_values_new(c->ctx, &s->next, a->body->output.count));
    for (size_t i = 0; i < in_count; i++) s->in[i] = &s->now.t[i];
    return OFZ_OK;
}

static void scan_free(scan *s)
{
    for (size_t k = 0; s->stack && k < s->scans; k++) ofz_stack_free(&s->stack[k]);
    ofz_row_values_free(&s->now);
    ofz_row_values_free(&s->next);
    free(s->stack);
    free(s->in);
}

static ofz_status scan_step(scan *s)
{
    ofz_ctx *ctx = s->c->ctx;

    OFZ_TRY(ofz_eval_body(s->c, s->a->body, s->in, s->in_count, s->next.t));
    for (size_t k = 0; k < s->in_count; k++) ofz_tensor_release(&s->now.t[k]);
    for (size_t k = 0; k < s->states; k++) {
        s->now.t[k]  = s->next.t[k];
        s->next.t[k] = (ofz_tensor){ 0 };
    }
    for (size_t k = 0; k < s->scans; k++) {
        OFZ_TRY(ofz_stack_push(ctx, &s->stack[k], &s->next.t[s->states + k]));
        ofz_tensor_release(&s->next.t[s->states + k]);
    }
    return OFZ_OK;
}

/* Run `length` steps over the scan inputs x[]; the states stand in s->now. */
static ofz_status scan_run(scan *s, const ofz_tensor *const *x, const int *axis, int64_t length)
{
    const scan_attrs *a = s->a;
    ofz_status        st;

    if (length > s->c->ctx->limits.loop_count)
        return ofz_fail(s->c->ctx, OFZ_E_LIMIT, "scan: more than %" PRId64 " iterations",
                        s->c->ctx->limits.loop_count);
    for (int64_t i = 0; i < length; i++) {
        for (size_t k = 0; k < (size_t)a->scan_count; k++)
            OFZ_TRY(ofz_slice_at(s->c->ctx, x[k], axis[k],
                                 list_at(a->in_reverse, k) ? length - 1 - i : i,
                                 &s->now.t[s->states + k]));
        st = scan_step(s);
        if (st) return ofz_at(s->c->ctx, st, "iteration %" PRId64, i);
    }
    return OFZ_OK;
}

/* A stack that nothing was pushed to gets the type that the body declares. */
static ofz_status scan_take(scan *s, size_t k, ofz_tensor *out)
{
    ofz_stack *stack = &s->stack[k];

    if (!stack->item.dtype)
        OFZ_TRY(ofz_stack_describe(s->c->ctx, stack, s->a->body->output.item[s->states + k]));
    return ofz_stack_take(s->c->ctx, stack, list_at(s->a->out_axis, k),
                          list_at(s->a->out_reverse, k), out);
}

static ofz_status scan_inputs(ofz_eval_call *c, const ofz_tensor *const *x, int *axis,
                              int64_t *length)
{
    const scan_attrs *a = c->attrs;

    for (size_t k = 0; k < (size_t)a->scan_count; k++) {
        if (!x[k] || !ofz_bits(x[k]->dtype))
            return ofz_fail(c->ctx, OFZ_E_MODEL, "scan input %zu: %s, want a tensor", k,
                            x[k] ? ofz_dtype_name(x[k]->dtype) : "missing");
        OFZ_TRY(ofz_axis(c->ctx, list_at(a->in_axis, k), x[k]->rank, &axis[k]));
        if (k && x[k]->dim[axis[k]] != *length)
            return ofz_fail(c->ctx, OFZ_E_MODEL,
                            "scan input %zu: %" PRId64 " slices, want %" PRId64, k,
                            x[k]->dim[axis[k]], *length);
        *length = x[k]->dim[axis[k]];
    }
    return OFZ_OK;
}

static ofz_status scan_eval(ofz_eval_call *c)
{
    const scan_attrs *a      = c->attrs;
    int64_t           length = 0;
    int              *axis   = calloc((size_t)a->scan_count, sizeof *axis);
    scan              s      = { 0 };
    ofz_tensor        t;
    ofz_status        st;

    if (!axis) OFZ_GOTO(ofz_fail_nomem(c->ctx, "scan", sizeof *axis));
    OFZ_GOTO(scan_new(c, (size_t)c->in_count, &s));
    OFZ_GOTO(scan_inputs(c, c->in + s.states, axis, &length));
    for (size_t k = 0; k < s.states; k++) {
        if (!c->in[k]) OFZ_GOTO(ofz_fail(c->ctx, OFZ_E_MODEL, "input %zu: missing", k));
        ofz_tensor_share(c->in[k], &s.now.t[k]);
    }
    OFZ_GOTO(scan_run(&s, c->in + s.states, axis, length));
    for (size_t k = 0; k < s.states; k++) ofz_eval_take(c, k, &s.now.t[k]);
    for (size_t k = 0; k < s.scans; k++) {
        if (s.states + k >= (size_t)c->out_count || !c->out[s.states + k]) continue;
        OFZ_GOTO(scan_take(&s, k, &t));
        ofz_eval_take(c, s.states + k, &t);
    }
done:
    scan_free(&s);
    free(axis);
    return st;
}

/* --- Scan-8: the same for every sample of a batch --------------------------------------------- */

static ofz_status scan8_infer(ofz_infer_call *c)
{
    return scan_infer_from(c, 1);
}

static ofz_status scan8_check(ofz_eval_call *c, int64_t *batch, int64_t *length)
{
    const scan_attrs *a     = c->attrs;
    const int         first = c->in_count - (int)a->scan_count;
    const ofz_tensor *lens  = c->in[0];
    char              text[128];

    for (int k = 1; k < c->in_count; k++) {
        const ofz_tensor *t    = c->in[k];
        const int         rank = k < first ? 1 : 2;

        if (!t || !ofz_bits(t->dtype) || t->rank < rank ||
            (k > 1 && t->dim[0] != c->in[1]->dim[0]) ||
            (k > first && t->dim[1] != c->in[first]->dim[1]))
            return ofz_fail(c->ctx, OFZ_E_MODEL, "input %d: %s, want a batch like the others'", k,
                            t ? ofz_shape_text(text, sizeof text, t->rank, t->dim) : "missing");
    }
    *batch  = c->in[1]->dim[0];
    *length = c->in[first]->dim[1];
    if (!lens) return OFZ_OK;
    if (lens->dtype != OFZ_I64 || lens->count != *batch)
        return ofz_fail(c->ctx, OFZ_E_MODEL,
                        "sequence_lens: %" PRId64 " %s, want %" PRId64 " int64", lens->count,
                        ofz_dtype_name(lens->dtype), *batch);
    for (int64_t b = 0; b < *batch; b++)
        if (ofz_int_at(lens, b) < 0 || ofz_int_at(lens, b) > *length)
            return ofz_fail(c->ctx, OFZ_E_MODEL, "sequence_lens: %" PRId64 ", want 0 to %" PRId64,
                            ofz_int_at(lens, b), *length);
    return OFZ_OK;
}

/* Sample b: its results become one item more of each of all[]. */
static ofz_status scan8_sample(ofz_eval_call *c, int64_t b, int64_t length, scan *s, ofz_stack *all)
{
    const int64_t      steps = c->in[0] ? ofz_int_at(c->in[0], b) : length;
    const size_t       scans = (size_t)s->a->scan_count;
    const ofz_tensor **x     = calloc(scans, sizeof *x);
    int               *axis  = calloc(scans, sizeof *axis);
    ofz_row_values     mine  = { 0 };
    ofz_tensor         t;
    ofz_status         st;

    if (!x || !axis) OFZ_GOTO(ofz_fail_nomem(c->ctx, "scan", scans * sizeof *x));
    OFZ_GOTO(ofz_row_values_new(c->ctx, &mine, scans));
    for (size_t k = 0; k < s->states; k++)
        OFZ_GOTO(ofz_slice_at(c->ctx, c->in[1 + k], 0, b, &s->now.t[k]));
    for (size_t k = 0; k < scans; k++) {
        OFZ_GOTO(ofz_slice_at(c->ctx, c->in[1 + s->states + k], 0, b, &mine.t[k]));
        x[k] = &mine.t[k];
    }
    OFZ_GOTO(scan_run(s, x, axis, steps));
    for (size_t k = 0; k < s->states; k++) {
        OFZ_GOTO(ofz_stack_push(c->ctx, &all[k], &s->now.t[k]));
        ofz_tensor_release(&s->now.t[k]);
    }
    for (size_t k = 0; k < s->scans; k++) {
        if (!s->stack[k].item.dtype)
            OFZ_GOTO(
                ofz_stack_describe(c->ctx, &s->stack[k], s->a->body->output.item[s->states + k]));
        OFZ_GOTO(ofz_stack_push_zeros(c->ctx, &s->stack[k], length - steps));
        OFZ_GOTO(ofz_stack_take(c->ctx, &s->stack[k], 0, false, &t));
        st = ofz_stack_push(c->ctx, &all[s->states + k], &t);
        ofz_tensor_release(&t);
        if (st) goto done;
        ofz_stack_free(&s->stack[k]);
    }
done:
    ofz_row_values_free(&mine);
    free(x);
    free(axis);
    return st;
}

static ofz_status scan8_eval(ofz_eval_call *c)
{
    const scan_attrs *a     = c->attrs;
    const size_t      outs  = a->body->output.count;
    ofz_stack        *all   = calloc(outs + 1, sizeof *all);
    scan              s     = { 0 };
    int64_t           batch = 0, length = 0;
    ofz_tensor        t;
    ofz_status        st;

    if (!all) OFZ_GOTO(ofz_fail_nomem(c->ctx, "scan", outs * sizeof *all));
    OFZ_GOTO(scan8_check(c, &batch, &length));
    if (!batch) OFZ_GOTO(ofz_fail(c->ctx, OFZ_E_UNSUPPORTED, "batch: empty, want a sample"));
    OFZ_GOTO(scan_new(c, (size_t)c->in_count - 1, &s));
    for (int64_t b = 0; b < batch; b++) {
        st = scan8_sample(c, b, length, &s, all);
        if (st) OFZ_GOTO(ofz_at(c->ctx, st, "sample %" PRId64, b));
    }
    for (size_t k = 0; k < outs && k < (size_t)c->out_count; k++) {
        OFZ_GOTO(ofz_stack_take(c->ctx, &all[k], 0, false, &t));
        ofz_eval_take(c, k, &t);
    }
done:
    for (size_t k = 0; all && k < outs; k++) ofz_stack_free(&all[k]);
    scan_free(&s);
    free(all);
    return st;
}

/* --- SequenceMap ------------------------------------------------------------------------------ */

typedef struct map_attrs {
    ofz_graph *body;
} map_attrs;

static ofz_status map_infer(ofz_infer_call *c)
{
    const map_attrs *a = c->attrs;

    if (a->body->input.count != (size_t)c->in_count || a->body->output.count < (size_t)c->out_count)
        return ofz_fail(c->ctx, OFZ_E_MODEL,
                        "body '%.100s': %zu inputs and %zu outputs, want %d and %d", a->body->name,
                        a->body->input.count, a->body->output.count, c->in_count, c->out_count);
    for (int k = 0; k < c->out_count; k++) OFZ_TRY(ofz_infer_unknown(c, k, OFZ_SEQUENCE));
    return OFZ_OK;
}

static ofz_status map_check(ofz_eval_call *c)
{
    for (int k = 0; k < c->in_count; k++) {
        const ofz_tensor *t = c->in[k];

        if (!t || t->dtype == OFZ_OPTIONAL || (!k && t->dtype != OFZ_SEQUENCE))
            return ofz_fail(c->ctx, OFZ_E_MODEL, "input %d: %s, want a sequence%s", k,
                            t ? ofz_dtype_name(t->dtype) : "missing", k ? " or a tensor" : "");
        if (t->dtype == OFZ_SEQUENCE && t->count != c->in[0]->count)
            return ofz_fail(c->ctx, OFZ_E_MODEL, "input %d: %" PRId64 " elements, want %" PRId64, k,
                            t->count, c->in[0]->count);
    }
    return OFZ_OK;
}

static ofz_status map_element(ofz_eval_call *c, int64_t i, const ofz_tensor **in,
                              ofz_row_values *got, ofz_row_values *out)
{
    const map_attrs *a = c->attrs;

    for (int k = 0; k < c->in_count; k++)
        in[k] = c->in[k]->dtype == OFZ_SEQUENCE ? ofz_container_item(c->in[k], i) : c->in[k];
    OFZ_TRY(ofz_eval_body(c, a->body, in, (size_t)c->in_count, got->t));
    for (size_t k = 0; k < got->count; k++) {
        if (!ofz_bits(got->t[k].dtype))
            return ofz_fail(c->ctx, OFZ_E_MODEL, "output %zu of the body: %s, want a tensor", k,
                            ofz_dtype_name(got->t[k].dtype));
        *ofz_container_item(&out->t[k], i) = got->t[k];
        got->t[k]                          = (ofz_tensor){ 0 };
    }
    return OFZ_OK;
}

static ofz_status map_eval(ofz_eval_call *c)
{
    const map_attrs   *a   = c->attrs;
    const ofz_tensor **in  = calloc((size_t)c->in_count, sizeof *in);
    ofz_row_values     got = { 0 }, out = { 0 };
    ofz_status         st;

    if (!in) OFZ_GOTO(ofz_fail_nomem(c->ctx, "sequence map", sizeof *in));
    OFZ_GOTO(map_check(c));
    OFZ_GOTO(ofz_row_values_new(c->ctx, &got, a->body->output.count));
    OFZ_GOTO(ofz_row_values_new(c->ctx, &out, a->body->output.count));
    for (size_t k = 0; k < out.count; k++)
        OFZ_GOTO(ofz_container_new(c->ctx, &out.t[k], OFZ_SEQUENCE, c->in[0]->count));
    for (int64_t i = 0; i < c->in[0]->count; i++) {
        st = map_element(c, i, in, &got, &out);
        if (st) OFZ_GOTO(ofz_at(c->ctx, st, "element %" PRId64, i));
    }
    for (size_t k = 0; k < out.count; k++) ofz_eval_take(c, k, &out.t[k]);
done:
    ofz_row_values_free(&got);
    ofz_row_values_free(&out);
    free(in);
    return st;
}

/* --- rows ------------------------------------------------------------------------------------- */

static const ofz_attr_def scan8_attr[] = {
    { "body", OFZ_ATTR_GRAPH, offsetof(scan_attrs, body), true },
    { "directions", OFZ_ATTR_INTS, offsetof(scan_attrs, in_reverse) },
    { "num_scan_inputs", OFZ_ATTR_INT, offsetof(scan_attrs, scan_count), true },
    { 0 },
};
static const ofz_attr_def scan_attr[] = {
    { "body", OFZ_ATTR_GRAPH, offsetof(scan_attrs, body), true },
    { "num_scan_inputs", OFZ_ATTR_INT, offsetof(scan_attrs, scan_count), true },
    { "scan_input_axes", OFZ_ATTR_INTS, offsetof(scan_attrs, in_axis) },
    { "scan_input_directions", OFZ_ATTR_INTS, offsetof(scan_attrs, in_reverse) },
    { "scan_output_axes", OFZ_ATTR_INTS, offsetof(scan_attrs, out_axis) },
    { "scan_output_directions", OFZ_ATTR_INTS, offsetof(scan_attrs, out_reverse) },
    { 0 },
};
static const ofz_attr_def map_attr[] = {
    { "body", OFZ_ATTR_GRAPH, offsetof(map_attrs, body), true },
    { 0 },
};

#define FLAGS (OFZ_OP_DYNAMIC | OFZ_OP_CONTAINER)
#define ANY                                                                                        \
    {                                                                                              \
        1, OFZ_VARIADIC                                                                            \
    }
#define SCAN(since)                                                                                \
    {                                                                                              \
        "Scan", since, ANY, ANY, FLAGS, scan_attr, sizeof(scan_attrs), scan_infer, scan_eval,      \
            ofz_scan_grad                                                                          \
    }

static const ofz_op rows[] = {
    { "Scan",
      8,
      { 2, OFZ_VARIADIC },
      ANY,
      FLAGS,
      scan8_attr,
      sizeof(scan_attrs),
      scan8_infer,
      scan8_eval },
    SCAN(9),
    SCAN(11),
    SCAN(16),
    SCAN(19),
    SCAN(21),
    SCAN(23),
    SCAN(24),
    SCAN(25),
    { "SequenceMap", 17, ANY, ANY, FLAGS, map_attr, sizeof(map_attrs), map_infer, map_eval,
      ofz_sequence_map_grad },
    { 0 },
};
OFZ_OP_TABLE(control_scan, rows);
