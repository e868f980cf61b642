/* body.c - see body.h. */
#include "ops/body.h"

#include <stdlib.h>
#include <string.h>

ofz_status ofz_row_values_new(ofz_ctx *ctx, ofz_row_values *v, size_t count)
{
    v->t = calloc(count + 1, sizeof *v->t);
    if (!v->t) return ofz_fail_nomem(ctx, "subgraph", count * sizeof *v->t);
    v->count = count;
    return OFZ_OK;
}

void ofz_row_values_free(ofz_row_values *v)
{
    for (size_t i = 0; i < v->count; i++) ofz_tensor_release(&v->t[i]);
    free(v->t);
    *v = (ofz_row_values){ 0 };
}

void ofz_eval_take(ofz_eval_call *c, size_t k, ofz_tensor *t)
{
    if (k >= (size_t)c->out_count || !c->out[k]) {
        ofz_tensor_release(t);
        return;
    }
    ofz_tensor_release(c->out[k]);
    *c->out[k] = *t;
    *t         = (ofz_tensor){ 0 };
}

ofz_status ofz_eval_bool(ofz_ctx *ctx, const char *what, const ofz_tensor *t, bool *out)
{
    char text[128];

    if (t->dtype != OFZ_BOOL || t->count != 1)
        return ofz_fail(ctx, OFZ_E_MODEL, "%s: %s %s, want one bool", what,
                        ofz_dtype_name(t->dtype),
                        ofz_shape_text(text, sizeof text, t->rank, t->dim));
    *out = *(const uint8_t *)t->data != 0;
    return OFZ_OK;
}

ofz_status ofz_stack_describe(ofz_ctx *ctx, ofz_stack *s, const ofz_value *v)
{
    int64_t dim[OFZ_MAX_RANK];
    int     rank = v->type.rank < 0 ? 0 : v->type.rank;

    if (!v->type.dtype)
        return ofz_fail(ctx, OFZ_E_UNSUPPORTED,
                        "output '%s' of the subgraph: no declared type, want one where no "
                        "iteration runs",
                        v->name);
    for (int i = 0; i < rank; i++) dim[i] = v->type.dim[i] < 0 ? 0 : v->type.dim[i];
    return ofz_tensor_set(ctx, &s->item, v->type.dtype, rank, dim);
}

/* --- types ------------------------------------------------------------------------------------ */

ofz_status ofz_infer_open(ofz_infer_call *c)
{
    for (int k = 0; k < c->out_count; k++) OFZ_TRY(ofz_infer_unknown(c, k, OFZ_UNDEFINED));
    return OFZ_OK;
}

ofz_status ofz_infer_as(ofz_infer_call *c, size_t k, const ofz_tensor *t)
{
    return ofz_infer_set(c, (int)k, t->dtype, t->rank, t->dim);
}

ofz_status ofz_infer_stack(ofz_infer_call *c, size_t k, const ofz_tensor *item, int64_t axis,
                           int64_t count)
{
    int64_t dim[OFZ_MAX_RANK + 1];
    int     at;

    if (item->rank < 0) return ofz_infer_unknown(c, (int)k, item->dtype);
    OFZ_TRY(ofz_axis(c->ctx, axis, item->rank + 1, &at));
    for (int i = 0; i < at; i++) dim[i] = item->dim[i];
    dim[at] = count;
    for (int i = at; i < item->rank; i++) dim[i + 1] = item->dim[i];
    return ofz_infer_set(c, (int)k, item->dtype, item->rank + 1, dim);
}

/* Symbols that this call made stand for another number in every iteration. */
static bool is_loose(const ofz_infer_call *c, int64_t dim)
{
    return dim < 0 && dim >= c->fresh && dim < c->fresh + 4096;
}

/* Make `state` cover `got` as well; false when it did. */
static ofz_status widen(ofz_infer_call *c, ofz_tensor *state, const ofz_tensor *got, bool *changed)
{
    int64_t dim[OFZ_MAX_RANK];
    bool    wider = false;

    if (!state->dtype && got->dtype) {
        state->dtype = got->dtype;
        *changed     = true;
    }
    if (got->dtype && state->dtype != got->dtype) { /* a sequence that began as an optional */
        *changed = *changed || state->rank >= 0;
        return ofz_tensor_set(c->ctx, state, OFZ_UNDEFINED, -1, NULL);
    }
    if (ofz_dtype_is_container(state->dtype) || state->rank < 0) return OFZ_OK;
    if (got->rank != state->rank) {
        *changed = true;
        return ofz_tensor_set(c->ctx, state, state->dtype, -1, NULL);
    }
    for (int i = 0; i < state->rank; i++) {
        dim[i] = state->dim[i];
        if (got->dim[i] == dim[i] || is_loose(c, dim[i])) continue;
        dim[i] = ofz_infer_fresh(c);
        wider  = true;
    }
    if (!wider) return OFZ_OK;
    *changed = true;
    return ofz_tensor_set(c->ctx, state, state->dtype, state->rank, dim);
}

/* Two outputs that mention the same loose symbol need not agree. */
static void part(ofz_infer_call *c, ofz_tensor *t)
{
    for (int i = 0; i < t->rank; i++)
        if (is_loose(c, t->dim[i])) t->dim[i] = ofz_infer_fresh(c);
}

ofz_status ofz_infer_states(ofz_infer_call *c, const ofz_graph *body, const ofz_tensor **in,
                            size_t in_count, ofz_tensor *room, size_t states, ofz_tensor *out,
                            size_t out_at)
{
    enum { PASSES = 4 };
    bool changed = true;

    for (int pass = 0; pass < PASSES && changed; pass++) {
        changed = false;
        OFZ_TRY(ofz_infer_body(c, body, in, in_count, out));
        for (size_t i = 0; i < states; i++) OFZ_TRY(widen(c, &room[i], &out[out_at + i], &changed));
    }
    if (changed) {
        for (size_t i = 0; i < states; i++)
            OFZ_TRY(ofz_tensor_set(c->ctx, &room[i], room[i].dtype, -1, NULL));
        OFZ_TRY(ofz_infer_body(c, body, in, in_count, out));
    }
    for (size_t i = 0; i < states; i++) part(c, &room[i]);
    for (size_t i = 0; i < body->output.count; i++) part(c, &out[i]);
    return OFZ_OK;
}
