/* run.c - one run of a plan: infer each node on real shapes, allocate, evaluate, free.
 *
 * Buffers that die go to a pool and serve later nodes and later runs, so that a training step
 * settles into allocating nothing. */
#include <stdlib.h>
#include <string.h>

#include "exec/runner.h"
#include "ops/work.h"
#include "tensor/container.h"

/* --- buffers ---------------------------------------------------------------------------------- */

enum { POOL_MOST = 4096 };

void ofz_exec_clear(ofz_exec *e, int k)
{
    ofz_tensor *t = &e->now[k];

    if (t->buffer && ofz_buffer_reusable(t->buffer) && e->pool.count < POOL_MOST &&
        ofz_list_push(&e->pool, t->buffer))
        t->buffer = NULL;
    ofz_tensor_release(t);
}

/* The smallest pooled buffer that holds `size` and wastes at most as much again. */
static ofz_buffer *pool_take(ofz_exec *e, size_t size)
{
    size_t      best = e->pool.count;
    ofz_buffer *b;

    for (size_t i = 0; i < e->pool.count; i++) {
        const size_t room = ofz_buffer_size(e->pool.item[i]);

        if (room >= size && room / 2 <= size &&
            (best == e->pool.count || room < ofz_buffer_size(e->pool.item[best])))
            best = i;
    }
    if (best == e->pool.count) return NULL;
    b                  = e->pool.item[best];
    e->pool.item[best] = e->pool.item[--e->pool.count];
    return b;
}

/* Give an inferred output its bytes. A buffer that was pooled may hold anything. */
static ofz_status output_alloc(ofz_ctx *ctx, ofz_exec *e, ofz_tensor *t)
{
    if (ofz_dtype_is_container(t->dtype)) return ofz_container_new(ctx, t, t->dtype, t->count);
    if (t->size > ctx->limits.tensor_size)
        return ofz_fail(ctx, OFZ_E_LIMIT, "tensor: %zu bytes, want at most %zu", t->size,
                        ctx->limits.tensor_size);
    t->buffer = pool_take(e, t->size);
    if (!t->buffer) OFZ_TRY(ofz_buffer_new(ctx, t->size, &t->buffer));
    t->data = ofz_buffer_data(t->buffer);
    if (t->dtype == OFZ_STRING) memset(t->data, 0, t->size);
    return OFZ_OK;
}

ofz_status ofz_eval_output(ofz_eval_call *c, int k, ofz_dtype dtype, int rank, const int64_t *dim)
{
    if (k >= c->out_count || !c->out[k]) return OFZ_OK;
    ofz_tensor_release(c->out[k]);
    return ofz_tensor_new(c->ctx, c->out[k], dtype, rank, dim);
}

/* --- one step --------------------------------------------------------------------------------- */

static const int64_t *hint_of(ofz_exec *e, int i, const ofz_tensor *t)
{
    int64_t *wide = e->wide + (size_t)i * OFZ_SHAPE_VALUES;

    if (!t || !t->data) return NULL;
    if (t->dtype == OFZ_I64) return t->data;
    if (t->dtype != OFZ_I32 || t->count > OFZ_SHAPE_VALUES) return NULL;
    for (int64_t k = 0; k < t->count; k++) wide[k] = ((const int32_t *)t->data)[k];
    return wide;
}

/* Types that a row left open follow from the inputs'; those that it set must be allowed. */
static ofz_status check_outputs(ofz_ctx *ctx, ofz_exec *e, const ofz_step *s,
                                const ofz_variable_type *bound)
{
    for (int i = 0; i < s->out_count; i++) {
        ofz_tensor *t = e->out[i];

        if (!t) continue;
        if (!t->dtype) t->dtype = ofz_signature_output(s->signature, (size_t)i, bound);
        OFZ_TRY(ofz_signature_check_output(ctx, s->signature, (size_t)i, t, bound));
    }
    return OFZ_OK;
}

static ofz_status step_infer(ofz_ctx *ctx, ofz_exec *e, const ofz_step *s)
{
    ofz_infer_call    c = { .ctx       = ctx,
                            .node      = s->node,
                            .opset     = s->node->opset,
                            .attrs     = s->attrs,
                            .in_count  = s->in_count,
                            .out_count = s->out_count,
                            .in        = e->in,
                            .hint      = e->hint,
                            .out       = e->out,
                            .fresh     = OFZ_SYMBOL((int64_t)1 << 50) };
    ofz_variable_type bound[OFZ_SCHEMA_VARIABLES];

    if (s->signature)
        OFZ_TRY(ofz_signature_check(ctx, s->signature, e->in, (size_t)s->in_count, bound));
    for (int i = 0; i < s->in_count; i++)
        if (e->in[i] && ofz_dtype_is_container(e->in[i]->dtype) &&
            !(s->op->flags & OFZ_OP_CONTAINER))
            return ofz_fail(ctx, OFZ_E_MODEL, "input %d: %s, want a tensor", i,
                            ofz_dtype_name(e->in[i]->dtype));
    for (int i = 0; i < s->out_count; i++)
        if (e->out[i]) OFZ_TRY(ofz_tensor_set(ctx, e->out[i], OFZ_UNDEFINED, -1, NULL));
    OFZ_TRY(s->op->infer(&c));
    return s->signature ? check_outputs(ctx, e, s, bound) : OFZ_OK;
}

static ofz_status step_alloc(ofz_ctx *ctx, ofz_exec *e, const ofz_step *s, bool *viewed)
{
    const ofz_tensor *x = s->in_count ? e->in[0] : NULL;

    *viewed = (s->op->flags & OFZ_OP_VIEW) && x && e->out[0] && e->out[0]->dtype == x->dtype &&
              e->out[0]->size == x->size && e->out[0]->count == x->count;
    for (int i = 0; i < s->out_count; i++) {
        ofz_tensor *t = e->out[i];

        if (!t) continue;
        if (t->count < 0 || !t->dtype) {
            if (s->op->flags & OFZ_OP_DYNAMIC) continue;
            return ofz_fail(ctx, OFZ_E_UNSUPPORTED, "output %d: its %s depends on values", i,
                            t->dtype ? "shape" : "type");
        }
        if (i == 0 && *viewed) {
            t->data   = x->data;
            t->buffer = ofz_buffer_retain(x->buffer);
        } else {
            OFZ_TRY(output_alloc(ctx, e, t));
        }
    }
    return OFZ_OK;
}

/* An element of a container is itself a tensor to be handed on. */
static int64_t elements_of(const ofz_tensor *t)
{
    return ofz_dtype_is_container(t->dtype)
               ? ofz_work_times(t->count, (int64_t)(sizeof(ofz_tensor) / sizeof(int64_t)))
               : t->count;
}

/* What the step does is taken from what the run may do. */
static ofz_status step_spend(ofz_ctx *ctx, ofz_exec *e, const ofz_step *s)
{
    enum { EACH = 16 }; /* for a step that does nothing */
    int64_t cost = EACH;

    if (!(s->op->flags & (OFZ_OP_MOVE | OFZ_OP_VIEW | OFZ_OP_SHAPE)))
        for (int i = 0; i < s->in_count; i++)
            if (e->in[i]) cost = ofz_work_plus(cost, elements_of(e->in[i]));
    for (int i = 0; i < s->out_count; i++)
        if (e->out[i] && e->out[i]->count > 0) cost = ofz_work_plus(cost, elements_of(e->out[i]));
    if (s->counted) {
        const ofz_op_work w = ofz_op_work_of(s->op, s->node, e->in, e->out);

        cost = ofz_work_plus(cost, ofz_work_plus(w.macs, w.elements));
    }
    if (cost < 0 || cost > *e->work)
        return ofz_fail(ctx, OFZ_E_LIMIT, "run: more than %" PRId64 " elements to work on",
                        ctx->limits.work_count);
    *e->work -= cost;
    return OFZ_OK;
}

static ofz_status step_run(ofz_ctx *ctx, ofz_exec *e, const ofz_step *s)
{
    ofz_eval_call c = { .ctx       = ctx,
                        .node      = s->node,
                        .opset     = s->node->opset,
                        .attrs     = s->attrs,
                        .in_count  = s->in_count,
                        .out_count = s->out_count,
                        .in        = e->in,
                        .out       = e->out,
                        .rng       = e->rng,
                        .exec      = e };
    bool          viewed;

    e->step = s;
    for (int i = 0; i < s->in_count; i++) {
        e->in[i]   = s->in[i] < 0 ? NULL : &e->now[s->in[i]];
        e->hint[i] = hint_of(e, i, e->in[i]);
    }
    for (int i = 0; i < s->out_count; i++) {
        if (s->out[i] >= 0) ofz_exec_clear(e, s->out[i]);
        e->out[i] = s->out[i] < 0 ? NULL : &e->now[s->out[i]];
    }
    OFZ_TRY(step_infer(ctx, e, s));
    OFZ_TRY(step_alloc(ctx, e, s, &viewed));
    OFZ_TRY(step_spend(ctx, e, s));
    if (viewed && s->out_count == 1) return OFZ_OK;
    return s->op->eval(&c);
}

/* --- runs ------------------------------------------------------------------------------------- */

ofz_status ofz_exec_new(ofz_ctx *ctx, const ofz_plan *plan, ofz_exec **out)
{
    ofz_exec    *e  = calloc(1, sizeof *e);
    const size_t n  = (size_t)plan->slot_count + 1;
    const size_t in = (size_t)plan->max_in + 1;

    if (!e) return ofz_fail_nomem(ctx, "run", sizeof *e);
    e->plan = plan;
    e->now  = calloc(n, sizeof *e->now);
    e->fed  = calloc(n, sizeof *e->fed);
    e->in   = calloc(in, sizeof *e->in);
    e->hint = calloc(in, sizeof *e->hint);
    e->wide = calloc(in, OFZ_SHAPE_VALUES * sizeof *e->wide);
    e->out  = calloc((size_t)plan->max_out + 1, sizeof *e->out);
    e->sub  = calloc(plan->sub.count + 1, sizeof(ofz_exec *));
    e->rng  = &e->own_rng;
    ofz_rng_seed(e->rng, 0);
    if (!e->now || !e->fed || !e->in || !e->hint || !e->wide || !e->out || !e->sub) {
        ofz_exec_free(e);
        return ofz_fail_nomem(ctx, "run", n * sizeof *e->now);
    }
    for (size_t k = 0; k < n; k++) e->fed[k].rank = -1;
    *out = e;
    return OFZ_OK;
}

void ofz_exec_free(ofz_exec *e)
{
    if (!e) return;
    for (int k = 0; k < e->plan->slot_count; k++) {
        if (e->now) ofz_tensor_release(&e->now[k]);
        if (e->fed) ofz_tensor_release(&e->fed[k]);
    }
    for (size_t i = 0; e->sub && i < e->plan->sub.count; i++) ofz_exec_free(e->sub[i]);
    for (size_t i = 0; i < e->pool.count; i++) ofz_buffer_release(e->pool.item[i]);
    ofz_list_free(&e->pool);
    free(e->now);
    free(e->fed);
    free(e->in);
    free(e->hint);
    free(e->wide);
    free(e->out);
    free(e->sub);
    free(e);
}

void ofz_exec_set_rng(ofz_exec *e, ofz_rng *rng)
{
    e->rng = rng ? rng : &e->own_rng;
}

ofz_status ofz_exec_feed_slot(ofz_ctx *ctx, ofz_exec *e, int k, const ofz_tensor *t)
{
    ofz_tensor_release(&e->fed[k]);
    if (ofz_tensor_aligned(t)) {
        ofz_tensor_share(t, &e->fed[k]);
        return OFZ_OK;
    }
    e->fed[k].rank = -1;
    return ofz_tensor_copy(ctx, t, &e->fed[k]);
}

ofz_status ofz_exec_feed(ofz_ctx *ctx, ofz_exec *e, const ofz_value *v, const ofz_tensor *t)
{
    const int k = ofz_plan_slot(e->plan, v);

    return k < 0 ? OFZ_OK : ofz_exec_feed_slot(ctx, e, k, t);
}

static ofz_status start(ofz_ctx *ctx, ofz_exec *e)
{
    for (int k = 0; k < e->plan->slot_count; k++) {
        const ofz_slot   *s    = &e->plan->slot[k];
        const ofz_tensor *from = e->fed[k].rank >= 0 ? &e->fed[k]
                                 : s->has_constant   ? &s->constant
                                                     : NULL;

        ofz_exec_clear(e, k);
        if (from)
            ofz_tensor_share(from, &e->now[k]);
        else if (!s->value->producer || s->captured)
            return ofz_fail(ctx, OFZ_E_DATA, "input '%s': not given", s->value->name);
    }
    return OFZ_OK;
}

static ofz_status steps_run(ofz_ctx *ctx, ofz_exec *e)
{
    char text[256];

    OFZ_TRY(start(ctx, e));
    for (int i = 0; i < e->plan->step_count; i++) {
        const ofz_step  *s  = &e->plan->step[i];
        const ofz_status st = step_run(ctx, e, s);

        if (st && s->op->domain && !strcmp(s->op->domain, "ofz"))
            return st; /* a node of ours: its name would tell the user nothing */
        if (st) return ofz_at(ctx, st, "%s", ofz_node_text(text, sizeof text, s->node));
        for (int k = 0; k < s->die_count; k++) ofz_exec_clear(e, s->dies[k]);
    }
    return OFZ_OK;
}

ofz_status ofz_exec_run(ofz_ctx *ctx, ofz_exec *e)
{
    int64_t    work = ctx->limits.work_count;
    const bool own  = !e->work;
    ofz_status st;

    if (own) e->work = &work;
    st      = steps_run(ctx, e);
    e->work = NULL;
    return st;
}

const ofz_tensor *ofz_exec_get(const ofz_exec *e, const ofz_value *v)
{
    const int k = ofz_plan_slot(e->plan, v);

    return k >= 0 && e->now[k].dtype ? &e->now[k] : NULL;
}
