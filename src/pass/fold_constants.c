/* fold_constants.c - nodes that read nothing but constants are evaluated; so is whatever shape inference
 * knows by its elements, such as a Shape of what is static. */
#include <stdlib.h>
#include <string.h>

#include "ops/work.h"
#include "pass/fold_edit.h"

/* Beyond the constants that it replaces, one tensor may be this much larger. */
static const int64_t default_growth = 1 << 20;

/* One evaluation: inputs aligned, outputs the caller's. */
typedef struct work {
    ofz_fold          *f;
    ofz_node          *n;
    const ofz_op      *op;
    ofz_tensor        *in_room, *out_room;
    const ofz_tensor **in;
    const int64_t    **hint;
    ofz_tensor       **out;
    int64_t           *wide;
    void              *room;
    _Alignas(16) char attrs[OFZ_ATTR_ROOM];
} work;

/* --- setting up ------------------------------------------------------------------------------- */

static ofz_status work_new(work *w)
{
    const size_t in = w->n->in_count, out = w->n->out_count;

    w->in_room  = calloc(in + 1, sizeof *w->in_room);
    w->in       = calloc(in + 1, sizeof *w->in);
    w->hint     = calloc(in + 1, sizeof *w->hint);
    w->wide     = calloc(in + 1, OFZ_SHAPE_VALUES * sizeof *w->wide);
    w->out_room = calloc(out + 1, sizeof *w->out_room);
    w->out      = calloc(out + 1, sizeof *w->out);
    if (!w->in_room || !w->in || !w->hint || !w->wide || !w->out_room || !w->out)
        return ofz_fail_nomem(w->f->ctx, "folding", in * sizeof *w->wide);
    return OFZ_OK;
}

static void work_free(work *w)
{
    for (size_t i = 0; w->in_room && i < w->n->in_count; i++) ofz_tensor_release(&w->in_room[i]);
    for (size_t i = 0; w->out_room && i < w->n->out_count; i++) ofz_tensor_release(&w->out_room[i]);
    free(w->in_room);
    free(w->in);
    free(w->hint);
    free(w->wide);
    free(w->out_room);
    free(w->out);
}

static ofz_status set_input(work *w, size_t i)
{
    const ofz_tensor *t    = ofz_fold_constant(w->f, w->n->in[i]);
    int64_t          *wide = w->wide + i * OFZ_SHAPE_VALUES;

    if (!t) return OFZ_OK;
    if (ofz_tensor_aligned(t))
        ofz_tensor_share(t, &w->in_room[i]);
    else
        OFZ_TRY(ofz_tensor_copy(w->f->ctx, t, &w->in_room[i]));
    w->in[i] = &w->in_room[i];
    if (t->dtype == OFZ_I64) w->hint[i] = w->in[i]->data;
    if (t->dtype != OFZ_I32 || t->count > OFZ_SHAPE_VALUES) return OFZ_OK;
    for (int64_t k = 0; k < t->count; k++) wide[k] = ofz_elem_i64(OFZ_I32, w->in[i]->data, k);
    w->hint[i] = wide;
    return OFZ_OK;
}

/* --- what it costs ---------------------------------------------------------------------------- */

/* Bytes of the constants that nobody reads any more once the node is gone. */
static int64_t replaced_size(const ofz_fold *f, const ofz_node *n)
{
    int64_t size = 0;

    for (size_t i = 0; i < n->in_count; i++) {
        const ofz_tensor *t = ofz_fold_constant(f, n->in[i]);

        if (t && ofz_fold_single(n->in[i])) size += (int64_t)t->size;
    }
    return size;
}

/* The most that all outputs of the node may hold. */
static int64_t room_of(const ofz_fold *f, const ofz_node *n)
{
    const int64_t replaced = replaced_size(f, n);
    const size_t  limit    = f->options->size_limit;

    if (limit == OFZ_FOLD_DEFAULT) return replaced + default_growth;
    return replaced + (int64_t)(limit > INT64_MAX / 4 ? INT64_MAX / 4 : limit) - f->growth;
}

/* -1: not known before it is evaluated. */
static int64_t outputs_size(const work *w)
{
    int64_t size = 0;

    for (size_t i = 0; i < w->n->out_count; i++) {
        if (!w->out[i]) continue;
        if (w->out[i]->count < 0 || !w->out[i]->dtype) return -1;
        size += (int64_t)w->out[i]->size;
    }
    return size;
}

/* --- evaluating ------------------------------------------------------------------------------- */

static bool is_number(ofz_dtype dtype)
{
    const ofz_dtype_class cls = ofz_dtype_get(dtype)->cls;

    return cls != OFZ_CLASS_NONE && cls != OFZ_CLASS_STRING;
}

static ofz_status infer(work *w)
{
    const ofz_node *n = w->n;
    ofz_infer_call  c = { .ctx       = w->f->ctx,
                          .node      = n,
                          .opset     = n->opset,
                          .attrs     = w->attrs,
                          .in_count  = (int)n->in_count,
                          .out_count = (int)n->out_count,
                          .in        = w->in,
                          .hint      = w->hint,
                          .out       = w->out,
                          .fresh     = OFZ_SYMBOL((int64_t)1 << 50) };

    OFZ_TRY(ofz_op_parse(w->f->ctx, w->op, n, w->attrs));
    for (size_t i = 0; i < n->out_count; i++) {
        w->out[i] = n->out[i] ? &w->out_room[i] : NULL;
        if (w->out[i]) OFZ_TRY(ofz_tensor_set(w->f->ctx, w->out[i], OFZ_UNDEFINED, -1, NULL));
    }
    return w->op->infer(&c);
}

static ofz_status evaluate(work *w)
{
    const ofz_node *n = w->n;
    ofz_eval_call   c = { .ctx       = w->f->ctx,
                          .node      = n,
                          .opset     = n->opset,
                          .attrs     = w->attrs,
                          .in_count  = (int)n->in_count,
                          .out_count = (int)n->out_count,
                          .in        = w->in,
                          .out       = w->out };

    for (size_t i = 0; i < n->out_count; i++) {
        const ofz_tensor *t = w->out[i];

        if (t && t->count >= 0 && t->dtype)
            OFZ_TRY(ofz_tensor_new(w->f->ctx, &w->out_room[i], t->dtype, t->rank, t->dim));
        else if (t && !(w->op->flags & OFZ_OP_DYNAMIC))
            return ofz_fail(w->f->ctx, OFZ_E_UNSUPPORTED, "output %zu: its shape is unknown", i);
    }
    return w->op->eval(&c);
}

/* Takes it off what may still be computed; false: that is not enough. */
static bool work_fits(work *w)
{
    const ofz_op_work cost = ofz_op_work_of(w->op, w->n, w->in, w->out);
    const int64_t     all  = ofz_work_plus(cost.macs, cost.elements);

    if (!ofz_op_has_work(w->op)) return true;
    if (all < 0 || all > w->f->work) return false;
    w->f->work -= all;
    return true;
}

/* A result that nobody could hold fails instead of being made. */
static ofz_status work_run(work *w, int64_t room, ofz_fold_bar *bar, int64_t *size)
{
    ofz_ctx     *ctx   = w->f->ctx;
    const size_t limit = ctx->limits.tensor_size;
    ofz_status   st    = infer(w);

    *size = st ? -1 : outputs_size(w);
    for (size_t i = 0; !st && i < w->n->out_count; i++)
        if (w->out[i] && w->out[i]->dtype && !is_number(w->out[i]->dtype)) *bar = OFZ_FOLD_KIND;
    if (st || *bar) return st;
    if (*size > room)
        *bar = OFZ_FOLD_SIZE;
    else if (!work_fits(w))
        *bar = OFZ_FOLD_WORK;
    if (*bar) return OFZ_OK;
    if (*size < 0 && room >= 0 && (size_t)room < limit) ctx->limits.tensor_size = (size_t)room;
    st                      = evaluate(w);
    ctx->limits.tensor_size = limit;
    if (st == OFZ_E_LIMIT) *bar = OFZ_FOLD_SIZE;
    *size = st ? -1 : outputs_size(w);
    if (!st && *size > room) *bar = OFZ_FOLD_SIZE;
    for (size_t i = 0; !st && i < w->n->out_count; i++)
        if (w->out[i] && !is_number(w->out[i]->dtype)) *bar = OFZ_FOLD_KIND;
    return st;
}

static ofz_status work_take(work *w)
{
    ofz_value *v[64];
    size_t     count = w->n->out_count;

    /* the node loses its outputs one by one */
    for (size_t i = 0; i < count; i++) v[i] = w->n->out[i];
    for (size_t i = 0; i < count; i++) {
        if (!v[i]) continue;
        OFZ_TRY(ofz_fold_set_constant(w->f, v[i], &w->out_room[i]));
        w->out_room[i] = (ofz_tensor){ 0 };
    }
    return OFZ_OK;
}

/* --- one node --------------------------------------------------------------------------------- */

static ofz_fold_bar bar_of(const ofz_fold *f, const ofz_node *n, const ofz_op *op)
{
    if (!op) return OFZ_FOLD_UNKNOWN;
    for (size_t i = 0; i < n->attr_count; i++)
        if (n->attr[i].type == OFZ_ATTR_GRAPH || n->attr[i].type == OFZ_ATTR_GRAPHS)
            return OFZ_FOLD_BODY;
    if (op->flags & OFZ_OP_RANDOM) return OFZ_FOLD_RANDOM;
    if (!(op->flags & OFZ_OP_PURE) || !op->eval || n->out_count > 64) return OFZ_FOLD_IMPURE;
    for (size_t i = 0; i < n->in_count; i++)
        if (n->in[i] && !ofz_fold_constant(f, n->in[i])) return OFZ_FOLD_INPUT;
    for (size_t i = 0; i < n->out_count; i++)
        /* what a subgraph gives out stays a value of a node; a mark belongs to its node */
        if (n->out[i] && ((n->out[i]->is_output && n->graph->parent) ||
                          n->out[i]->kind != OFZ_KIND_TENSOR || ofz_fold_varies(f, n->out[i])))
            return OFZ_FOLD_KIND;
    return OFZ_FOLD_FREE;
}

ofz_status ofz_fold_node(ofz_fold *f, ofz_node *n, ofz_fold_bar *bar, int64_t *size)
{
    work             w     = { .f = f, .n = n, .op = ofz_fold_row(f, n) };
    const ofz_status quiet = f->ctx->status;
    int64_t          room;
    ofz_status       st;

    *bar = bar_of(f, n, w.op);
    if (*bar) return OFZ_OK;
    room = room_of(f, n);
    st   = work_new(&w);
    for (size_t i = 0; !st && i < n->in_count; i++) st = set_input(&w, i);
    if (!st) st = work_run(&w, room, bar, size);
    if (!st && !*bar && !f->dry) {
        f->growth += *size - replaced_size(f, n);
        st = work_take(&w);
    }
    work_free(&w);
    if (!st || st == OFZ_E_NOMEM) return st;
    if (!*bar) *bar = OFZ_FOLD_FAILS; /* the run will say */
    f->ctx->status  = quiet;
    f->ctx->text[0] = '\0';
    return OFZ_OK;
}

/* --- Constant nodes, known values ------------------------------------------------------------- */

/* A Constant node becomes an initializer: fewer nodes, the same tensor. Below IR 4 it would be written
 * as a node all the same. */
static ofz_status constant_node(ofz_fold *f, ofz_node *n)
{
    ofz_value *v = n->out[0];
    ofz_tensor t;

    if (f->model->ir_version < 4 || ofz_fold_varies(f, v) || (v->is_output && n->graph->parent) ||
        !is_number(v->constant->dtype))
        return OFZ_OK;
    ofz_tensor_share(v->constant, &t);
    return ofz_fold_set_constant(f, v, &t);
}

static ofz_status known_value(ofz_fold *f, ofz_node *n)
{
    ofz_value            *v = n->out[0];
    const ofz_fold_known *k = ofz_map_get(&f->known, v->name);
    ofz_tensor            t;

    if (!k || k->symbolic || k->t.dtype != v->type.dtype || !is_number(k->t.dtype)) return OFZ_OK;
    if (ofz_fold_varies(f, v)) return OFZ_OK;
    OFZ_TRY(ofz_tensor_copy(f->ctx, &k->t, &t));
    f->growth += (int64_t)t.size;
    return ofz_fold_set_constant(f, v, &t);
}

ofz_status ofz_fold_constants(ofz_fold *f, ofz_graph *g)
{
    ofz_fold_bar bar;
    int64_t      size;

    for (size_t i = 0; i < g->node.count; i++) {
        ofz_node *n = g->node.item[i];

        if (n->removed) continue;
        if (n->out_count == 1 && n->out[0] && n->out[0]->constant) {
            OFZ_TRY(constant_node(f, n));
            continue;
        }
        if (f->model->ir_version < 4 && ofz_fold_is(f, n, "Constant")) continue;
        if (g == f->model->graph && n->out_count == 1 && n->out[0] && ofz_fold_row(f, n))
            OFZ_TRY(known_value(f, n));
        if (!n->removed) OFZ_TRY(ofz_fold_node(f, n, &bar, &size));
    }
    return OFZ_OK;
}
