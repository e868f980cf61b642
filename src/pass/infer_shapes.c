/* infer_shapes.c - see infer_shapes.h.
 *
 * Small tensors are followed by value: what Shape yields, and what Gather, Concat, Mul and the like
 * make of it, so that the shapes that a Reshape is told are known here. An int64 value may hold
 * symbols.
 *
 * Subgraphs are inferred as often as a row asks, and nothing is written to them: all copies of a
 * graph share them, perhaps in other threads. What is found of their values stands in a table of
 * the scope, and what they read of the scopes around is looked up by name, innermost first. */
#include "pass/infer_shapes.h"

#include <stdlib.h>
#include <string.h>

#include "ops/work.h"

typedef struct known {
    ofz_tensor t;        /* owns its bytes; int64 when symbolic */
    bool       symbolic; /* some element is a symbol */
} known;

typedef struct ofz_scope inferrer;

struct ofz_scope {
    ofz_ctx              *ctx;
    const ofz_graph      *g;
    ofz_graph            *root;  /* the graph itself, which counts the symbols */
    inferrer             *outer; /* of the scope around; NULL for the graph itself */
    ofz_map               type;  /* value name -> ofz_tensor, in a subgraph */
    int                   depth;
    int64_t              *budget; /* nodes of subgraphs that may still be looked at */
    ofz_infer_watch_fn   *watch;  /* or NULL */
    void                 *watch_user;
    const ofz_infer_lens *lens;  /* or NULL */
    ofz_arena             arena; /* of the known values' structs */
    ofz_map               known; /* value name -> known */
    ofz_list              all;   /* known, to be released */
    ofz_tensor           *in_room;
    const ofz_tensor    **in;
    const int64_t       **hint;
    ofz_tensor          **out;
    ofz_tensor           *out_room;
    int64_t              *wide;
    size_t                max_in, max_out;
    ofz_signature         signature; /* of the node at hand; no schema: nothing is known */
    ofz_variable_type     bound[OFZ_SCHEMA_VARIABLES];
    _Alignas(16) char attrs[OFZ_ATTR_ROOM];
};

/* A loop's body is looked at several times, a loop in it several times each time. */
static const int64_t budget_nodes = 1000000;

/* Nodes with more outputs are not followed by value. */
enum { FOLLOW_OUTPUTS = 64 };

static bool is_integer(ofz_dtype d)
{
    return d == OFZ_I64 || d == OFZ_I32;
}

/* --- known values ----------------------------------------------------------------------------- */

static ofz_status known_add(inferrer *f, const ofz_value *v, const ofz_tensor *t, bool symbolic)
{
    known *k = OFZ_NEW(&f->arena, known);

    if (!k || !ofz_list_push(&f->all, k) || !ofz_map_put(&f->known, v->name, k))
        return ofz_fail_nomem(f->ctx, "inference", sizeof *k);
    k->t        = *t;
    k->symbolic = symbolic;
    return OFZ_OK;
}

/* What is known of `v`: made on first sight for a small constant. */
static ofz_status known_of(inferrer *f, const ofz_value *v, known **out)
{
    const ofz_tensor *c = v->constant;
    ofz_tensor        copy;

    *out = ofz_map_get(&f->known, v->name);
    if (*out || !c || c->count > OFZ_SHAPE_VALUES || !c->data) return OFZ_OK;
    if (f->lens && f->lens->constant && !f->lens->constant(f->lens->user, v)) return OFZ_OK;
    OFZ_TRY(ofz_tensor_copy(f->ctx, c, &copy));
    OFZ_TRY(known_add(f, v, &copy, false));
    *out = ofz_map_get(&f->known, v->name);
    return OFZ_OK;
}

/* --- scopes ----------------------------------------------------------------------------------- */

/* What the graph of `*scope` means by `v`, and the scope that it belongs to. */
static const ofz_value *resolve(inferrer **scope, const ofz_value *v)
{
    inferrer  *f    = *scope;
    const bool here = v->graph == f->g;

    if (here && (v->producer || v->is_input || v->constant || !f->outer)) return v;
    for (inferrer *p = here ? f->outer : f; p; p = p->outer) {
        const ofz_value *named = ofz_map_get(&p->g->by_name, v->name);

        if (!named) continue;
        *scope = p;
        return named;
    }
    return v;
}

static ofz_tensor value_type(const inferrer *f, const ofz_value *v)
{
    const ofz_tensor *found = f ? ofz_map_get(&f->type, v->name) : NULL;

    return found ? *found : ofz_value_type(v);
}

static ofz_status value_set_type(inferrer *f, ofz_value *v, const ofz_tensor *t)
{
    const bool  container = ofz_dtype_is_container(t->dtype);
    ofz_tensor *own;

    if (!f->outer) {
        if (!container) return ofz_tensor_set(f->ctx, &v->type, t->dtype, t->rank, t->dim);
        v->kind = ofz_dtype_kind(t->dtype);
        return ofz_tensor_set(f->ctx, &v->type, OFZ_UNDEFINED, -1, NULL);
    }
    own = OFZ_NEW(&f->arena, ofz_tensor);
    if (!own || !ofz_map_put(&f->type, v->name, own))
        return ofz_fail_nomem(f->ctx, "inference", sizeof *own);
    return ofz_tensor_set(f->ctx, own, t->dtype, container ? -1 : t->rank, t->dim);
}

/* --- setting a node up ------------------------------------------------------------------------ */

static ofz_status grow_rooms(inferrer *f, const ofz_node *n)
{
    if (n->in_count > f->max_in || !f->in) {
        f->max_in  = n->in_count + 8;
        f->in_room = realloc(f->in_room, f->max_in * sizeof *f->in_room);
        f->in      = realloc(f->in, f->max_in * sizeof *f->in);
        f->hint    = realloc(f->hint, f->max_in * sizeof *f->hint);
        f->wide    = realloc(f->wide, f->max_in * OFZ_SHAPE_VALUES * sizeof *f->wide);
    }
    if (n->out_count > f->max_out || !f->out) {
        f->max_out  = n->out_count + 4;
        f->out      = realloc(f->out, f->max_out * sizeof *f->out);
        f->out_room = realloc(f->out_room, f->max_out * sizeof *f->out_room);
    }
    if (!f->in_room || !f->in || !f->hint || !f->wide || !f->out || !f->out_room)
        return ofz_fail_nomem(f->ctx, "inference", f->max_in * sizeof *f->in_room);
    return OFZ_OK;
}

static ofz_status set_input(inferrer *f, const ofz_node *n, size_t i)
{
    int64_t         *wide  = f->wide + i * OFZ_SHAPE_VALUES;
    inferrer        *scope = f;
    const ofz_value *v;
    known           *k;

    f->in[i]   = NULL;
    f->hint[i] = NULL;
    if (!n->in[i]) return OFZ_OK;
    v             = resolve(&scope, n->in[i]);
    f->in_room[i] = value_type(scope, v);
    f->in[i]      = &f->in_room[i];
    OFZ_TRY(known_of(scope, v, &k));
    if (!k) return OFZ_OK;
    if (!k->symbolic) {
        f->in_room[i] = k->t;
    }
    if (is_integer(k->t.dtype)) {
        for (int64_t e = 0; e < k->t.count; e++) wide[e] = ofz_elem_i64(k->t.dtype, k->t.data, e);
        f->hint[i] = wide;
    }
    return OFZ_OK;
}

/* --- following values ------------------------------------------------------------------------- */

/* A few small tensors may be multiplied in more ways than anyone can wait for. */
static bool worth_following(const inferrer *f, const ofz_op *op, const ofz_node *n,
                            const ofz_tensor *const *in)
{
    enum { WORK_MOST = 1 << 22 };
    ofz_op_work w;
    int64_t     all;

    if (!ofz_op_has_work(op)) return true;
    w   = ofz_op_work_of(op, n, in, f->out);
    all = ofz_work_plus(w.macs, w.elements);
    return all >= 0 && all <= WORK_MOST;
}

/* What was computed on symbols, in int64, and holds none of them: a value like any other. */
static ofz_status settle(inferrer *f, ofz_dtype dtype, ofz_tensor *t, bool *symbolic)
{
    ofz_tensor narrow;

    *symbolic = false;
    for (int64_t e = 0; e < t->count && !*symbolic; e++)
        *symbolic = OFZ_IS_SYMBOL(((const int64_t *)t->data)[e]);
    if (*symbolic || dtype == OFZ_I64) return OFZ_OK;
    OFZ_TRY(ofz_tensor_new(f->ctx, &narrow, dtype, t->rank, t->dim));
    for (int64_t e = 0; e < t->count; e++)
        ofz_elem_set_i64(dtype, narrow.data, e, ((const int64_t *)t->data)[e]);
    ofz_tensor_release(t);
    *t = narrow;
    return OFZ_OK;
}

/* Outputs 0 to n->out_count, y[], become known; their references are taken over. */
static ofz_status follow_keep(inferrer *f, const ofz_node *n, bool symbolic, ofz_tensor *y)
{
    ofz_status st = OFZ_OK;

    for (size_t k = 0; k < n->out_count; k++) {
        bool open = symbolic;

        if (!n->out[k]) continue;
        if (!st && symbolic) st = settle(f, f->out[k]->dtype, &y[k], &open);
        if (!st) st = known_add(f, n->out[k], &y[k], open);
        if (st) ofz_tensor_release(&y[k]);
    }
    return st;
}

/* Evaluate the node on the inputs given; its outputs become known.
 *   symbolic   in[] hold symbols, and they and the outputs are int64 whatever the values' types */
static ofz_status follow(inferrer *f, const ofz_op *op, const ofz_node *n,
                         const ofz_tensor *const *in, bool symbolic)
{
    ofz_tensor    y[FOLLOW_OUTPUTS];
    ofz_tensor   *out[FOLLOW_OUTPUTS];
    ofz_eval_call c = { .ctx       = f->ctx,
                        .node      = n,
                        .opset     = n->opset,
                        .attrs     = f->attrs,
                        .in_count  = (int)n->in_count,
                        .out_count = (int)n->out_count,
                        .in        = in,
                        .out       = out };

    const ofz_status quiet = f->ctx->status;
    ofz_status       st    = OFZ_OK;

    if (!worth_following(f, op, n, in)) return OFZ_OK;
    for (size_t k = 0; k < n->out_count; k++) {
        const ofz_tensor *like = f->out[k];

        y[k]   = (ofz_tensor){ 0 };
        out[k] = like ? &y[k] : NULL;
        if (like && !st)
            st = ofz_tensor_new(f->ctx, &y[k], symbolic ? OFZ_I64 : like->dtype, like->rank,
                                like->dim);
    }
    if (!st && !op->eval(&c)) return follow_keep(f, n, symbolic, y);
    for (size_t k = 0; k < n->out_count; k++) ofz_tensor_release(&y[k]);
    if (st) return st;
    /* A value that cannot be had is an unknown value, not an error: the run will say. */
    f->ctx->status  = quiet;
    f->ctx->text[0] = '\0';
    return OFZ_OK;
}

/* Numbers that stand in for a symbol, one after the other. What leaves all of them alone leaves
 * every number alone: no offset, factor, bound, mask or sign passes. */
static const int64_t probes[] = { -1, 0, 1, INT64_C(0x1fffffffffffffff), INT64_C(1) << 61 };
enum { PROBES = sizeof probes / sizeof *probes };

typedef struct arithmetic {
    ofz_tensor        t[4];
    const ofz_tensor *in[4];
    int64_t           at[4][OFZ_SHAPE_VALUES], stride[4][OFZ_MAX_RANK];
    int64_t           y[PROBES][OFZ_SHAPE_VALUES];
} arithmetic;

/* Element e of the result: `fresh` where it touches a symbol, unless it is that very symbol. */
static int64_t arithmetic_element(const inferrer *f, const ofz_node *n, const arithmetic *a,
                                  bool scalar, int64_t e, int64_t fresh)
{
    int64_t symbol = 0;
    int     count  = 0;

    for (size_t i = 0; i < n->in_count; i++) {
        const int64_t v = f->hint[i][scalar ? 0 : e * a->stride[i][0]];

        if (!OFZ_IS_SYMBOL(v)) continue;
        symbol = v;
        count++;
    }
    if (!count) return a->y[0][e];
    for (int p = 0; p < PROBES; p++)
        if (count > 1 || a->y[p][e] != probes[p]) return fresh;
    return symbol;
}

static ofz_status arithmetic_run(inferrer *f, const ofz_op *op, const ofz_node *n, arithmetic *a,
                                 ofz_tensor *y)
{
    ofz_tensor   *out[] = { y };
    ofz_eval_call c     = { .ctx       = f->ctx,
                            .node      = n,
                            .opset     = n->opset,
                            .attrs     = f->attrs,
                            .in_count  = (int)n->in_count,
                            .out_count = 1,
                            .in        = a->in,
                            .out       = out };

    for (int p = 0; p < PROBES; p++) {
        for (size_t i = 0; i < n->in_count; i++)
            for (int64_t e = 0; e < a->t[i].count; e++)
                a->at[i][e] = OFZ_IS_SYMBOL(f->hint[i][e]) ? probes[p] : f->hint[i][e];
        OFZ_TRY(op->eval(&c));
        if (y->size) memcpy(a->y[p], y->data, y->size);
    }
    return OFZ_OK;
}

/* Element-wise arithmetic over symbols: what touches one is a new unknown, the rest is computed. */
static ofz_status follow_elementwise(inferrer *f, const ofz_op *op, const ofz_node *n,
                                     const ofz_tensor *shape, int64_t fresh)
{
    const ofz_status quiet = f->ctx->status;
    ofz_status       st;
    ofz_tensor       y = { 0 };
    arithmetic      *a;

    if (n->in_count > 4 || shape->rank > 1 || shape->dtype != OFZ_I64) return OFZ_OK;
    for (size_t i = 0; i < n->in_count; i++)
        if (!f->in[i] || !f->hint[i] || f->in[i]->dtype != OFZ_I64) return OFZ_OK;
    a = malloc(sizeof *a);
    if (!a) return ofz_fail_nomem(f->ctx, "inference", sizeof *a);
    for (size_t i = 0; i < n->in_count; i++) {
        a->t[i]      = *f->in[i];
        a->t[i].data = a->at[i];
        a->in[i]     = &a->t[i];
        ofz_broadcast_strides(&a->t[i], shape->rank, shape->dim, a->stride[i]);
    }
    st = ofz_tensor_new(f->ctx, &y, OFZ_I64, shape->rank, shape->dim);
    if (!st) st = arithmetic_run(f, op, n, a, &y);
    for (int64_t e = 0; !st && e < y.count; e++)
        ((int64_t *)y.data)[e] = arithmetic_element(f, n, a, !shape->rank, e, fresh + e);
    free(a);
    if (!st) return follow_keep(f, n, true, &y);
    ofz_tensor_release(&y);
    if (st == OFZ_E_NOMEM) return st;
    f->ctx->status  = quiet; /* the run will say */
    f->ctx->text[0] = '\0';
    return OFZ_OK;
}

/* Movement over symbols: the elements are carried as they are. */
static ofz_status follow_move(inferrer *f, const ofz_op *op, const ofz_node *n)
{
    ofz_tensor        t[64];
    const ofz_tensor *in[64];

    if (n->in_count > 64) return OFZ_OK;
    for (size_t k = 0; k < n->out_count; k++)
        if (f->out[k] && !is_integer(f->out[k]->dtype)) return OFZ_OK;
    for (size_t i = 0; i < n->in_count; i++) {
        const bool data = i == 0 || op->in.max == OFZ_VARIADIC;

        in[i] = f->in[i];
        if (!f->in[i]) continue;
        if (!f->in[i]->data && !(data && f->hint[i])) return OFZ_OK;
        if (!data || !f->hint[i]) continue;
        OFZ_TRY(ofz_tensor_set(f->ctx, &t[i], OFZ_I64, f->in[i]->rank, f->in[i]->dim));
        t[i].data = (void *)f->hint[i];
        in[i]     = &t[i];
    }
    return follow(f, op, n, in, true);
}

/* Is every output small, of a known shape and type? */
static bool outputs_small(const inferrer *f, const ofz_node *n)
{
    int count = 0;

    if (n->out_count > FOLLOW_OUTPUTS) return false;
    for (size_t k = 0; k < n->out_count; k++) {
        const ofz_tensor *y = f->out[k];

        if (!y) continue;
        if (y->rank < 0 || y->count < 0 || y->count > OFZ_SHAPE_VALUES || !y->dtype) return false;
        count++;
    }
    return count > 0;
}

static ofz_status follow_values(inferrer *f, const ofz_op *op, const ofz_node *n, int64_t fresh)
{
    bool symbolic = false, complete = true;

    if (!(op->flags & OFZ_OP_PURE) || !op->eval || (op->flags & OFZ_OP_DYNAMIC) ||
        !outputs_small(f, n))
        return OFZ_OK;
    if (op->flags & OFZ_OP_SHAPE) {
        for (int i = 0; f->in[0] && i < f->in[0]->rank; i++)
            symbolic = symbolic || f->in[0]->dim[i] < 0;
        if (symbolic && !(op->flags & OFZ_OP_MOVE)) return OFZ_OK;
        return follow(f, op, n, f->in, symbolic);
    }
    for (size_t i = 0; i < n->in_count; i++) {
        if (!f->in[i]) continue;
        symbolic = symbolic || (!f->in[i]->data && f->hint[i]);
        complete = complete && (f->in[i]->data || f->hint[i]);
    }
    if (!complete) return OFZ_OK;
    if (!symbolic) return follow(f, op, n, f->in, false);
    if (op->flags & OFZ_OP_MOVE) return follow_move(f, op, n);
    if ((op->flags & OFZ_OP_ELEM) && n->out_count == 1)
        return follow_elementwise(f, op, n, f->out[0], fresh);
    return OFZ_OK;
}

/* --- one node --------------------------------------------------------------------------------- */

/* The types of the inputs against what the version allows. */
static ofz_status check_inputs(inferrer *f, const ofz_op *op, const ofz_node *n)
{
    if (ofz_op_signature(op, n, &f->signature))
        OFZ_TRY(ofz_signature_check(f->ctx, &f->signature, f->in, n->in_count, f->bound));
    for (size_t i = 0; i < n->in_count; i++)
        if (f->in[i] && ofz_dtype_is_container(f->in[i]->dtype) && !(op->flags & OFZ_OP_CONTAINER))
            return ofz_fail(f->ctx, OFZ_E_MODEL, "input %zu: %s, want a tensor", i,
                            ofz_dtype_name(f->in[i]->dtype));
    return OFZ_OK;
}

/* Types that the row left open follow from the inputs'; those that it set must be allowed. */
static ofz_status check_outputs(inferrer *f, const ofz_node *n)
{
    for (size_t i = 0; i < n->out_count; i++) {
        ofz_tensor *t = f->out[i];

        if (!t) continue;
        if (!t->dtype) t->dtype = ofz_signature_output(&f->signature, i, f->bound);
        OFZ_TRY(ofz_signature_check_output(f->ctx, &f->signature, i, t, f->bound));
    }
    return OFZ_OK;
}

/* The declared type fills what inference left open. */
static void merge_declared(ofz_tensor *got, const ofz_tensor *declared, const ofz_graph *g)
{
    if (!got->dtype) got->dtype = declared->dtype;
    if (got->rank < 0 && declared->rank >= 0) {
        const ofz_dtype dtype = got->dtype;

        *got       = *declared;
        got->dtype = dtype;
    }
    if (got->rank != declared->rank) return;
    for (int i = 0; i < got->rank; i++)
        if (got->dim[i] < 0 && (declared->dim[i] >= 0 || !ofz_symbol_name(g, got->dim[i])))
            got->dim[i] = declared->dim[i];
}

static ofz_status report_known(inferrer *f, const ofz_node *n)
{
    const known *k;

    if (!f->lens || f->outer || n->out_count != 1 || !n->out[0]) return OFZ_OK;
    k = ofz_map_get(&f->known, n->out[0]->name);
    return k ? f->lens->known(f->lens->user, n->out[0], &k->t, k->symbolic) : OFZ_OK;
}

static ofz_status infer_node(inferrer *f, const ofz_node *n)
{
    const ofz_op  *op = ofz_op_find(n->domain, n->op_type, n->opset);
    ofz_infer_call c  = { .ctx       = f->ctx,
                          .node      = n,
                          .opset     = n->opset,
                          .attrs     = f->attrs,
                          .in_count  = (int)n->in_count,
                          .out_count = (int)n->out_count,
                          .fresh     = ofz_symbol_block(f->root, 8192),
                          .scope     = f };

    if (!op) return OFZ_OK;
    OFZ_TRY(grow_rooms(f, n));
    OFZ_TRY(ofz_op_parse(f->ctx, op, n, f->attrs));
    for (size_t i = 0; i < n->in_count; i++) OFZ_TRY(set_input(f, n, i));
    OFZ_TRY(check_inputs(f, op, n));
    for (size_t i = 0; i < n->out_count; i++) {
        f->out[i] = n->out[i] ? &f->out_room[i] : NULL;
        if (f->out[i]) OFZ_TRY(ofz_tensor_set(f->ctx, f->out[i], OFZ_UNDEFINED, -1, NULL));
    }
    c.in   = f->in;
    c.hint = f->hint;
    c.out  = f->out;
    OFZ_TRY(op->infer(&c));
    if (f->signature.schema) OFZ_TRY(check_outputs(f, n));
    OFZ_TRY(follow_values(f, op, n, c.fresh + 4096));
    for (size_t i = 0; i < n->out_count; i++) {
        ofz_tensor *t = f->out[i];

        if (!t) continue;
        if (!ofz_dtype_is_container(t->dtype)) merge_declared(t, &n->out[i]->type, f->g);
        OFZ_TRY(value_set_type(f, n->out[i], t));
    }
    if (f->watch) f->watch(f->watch_user, n, op, f->in, f->out);
    return report_known(f, n);
}

static void inferrer_free(inferrer *f)
{
    for (size_t i = 0; i < f->all.count; i++) ofz_tensor_release(&((known *)f->all.item[i])->t);
    ofz_list_free(&f->all);
    ofz_map_free(&f->known);
    ofz_map_free(&f->type);
    ofz_arena_free(&f->arena);
    free(f->in_room);
    free(f->in);
    free(f->hint);
    free(f->wide);
    free(f->out);
    free(f->out_room);
}

static ofz_status infer_all(inferrer *f, size_t first)
{
    ofz_status st = OFZ_OK;
    char       text[256];

    for (size_t i = first; i < f->g->node.count && !st; i++) {
        const ofz_node *n = f->g->node.item[i];

        st = infer_node(f, n);
        if (st) st = ofz_at(f->ctx, st, "%s", ofz_node_text(text, sizeof text, n));
    }
    inferrer_free(f);
    return st;
}

ofz_status ofz_infer_graph(ofz_ctx *ctx, ofz_graph *g, size_t first)
{
    int64_t  budget = budget_nodes;
    inferrer f      = { .ctx = ctx, .g = g, .root = g, .budget = &budget };

    return infer_all(&f, first);
}

ofz_status ofz_infer_watched(ofz_ctx *ctx, ofz_graph *g, ofz_infer_watch_fn *watch, void *user)
{
    int64_t  budget = budget_nodes;
    inferrer f      = {
             .ctx = ctx, .g = g, .root = g, .budget = &budget, .watch = watch, .watch_user = user
    };

    return infer_all(&f, 0);
}

ofz_status ofz_infer_known(ofz_ctx *ctx, ofz_graph *g, const ofz_infer_lens *lens)
{
    int64_t  budget = budget_nodes;
    inferrer f      = { .ctx = ctx, .g = g, .root = g, .budget = &budget, .lens = lens };

    return infer_all(&f, 0);
}

/* --- subgraphs -------------------------------------------------------------------------------- */

static ofz_status body_infer(inferrer *f, const ofz_tensor *const *in, ofz_tensor *out)
{
    for (size_t i = 0; i < f->g->input.count; i++)
        if (in[i] && in[i]->dtype) OFZ_TRY(value_set_type(f, f->g->input.item[i], in[i]));
    for (size_t i = 0; i < f->g->node.count; i++) {
        if (--*f->budget < 0) return ofz_fail(f->ctx, OFZ_E_LIMIT, "too many nodes in subgraphs");
        OFZ_TRY(infer_node(f, f->g->node.item[i]));
    }
    for (size_t i = 0; i < f->g->output.count; i++) {
        inferrer        *scope = f;
        const ofz_value *v     = resolve(&scope, f->g->output.item[i]);

        out[i] = value_type(scope, v);
    }
    return OFZ_OK;
}

/* A branch that is never taken may be at odds with the shapes around it: what cannot be inferred is
 * unknown here, and the run will say. */
ofz_status ofz_infer_body(ofz_infer_call *c, const ofz_graph *body, const ofz_tensor *const *in,
                          size_t in_count, ofz_tensor *out)
{
    inferrer         f     = { .ctx = c->ctx, .g = body, .outer = c->scope };
    const ofz_status quiet = c->ctx->status;
    ofz_status       st;

    for (size_t i = 0; i < body->output.count; i++) out[i] = value_type(NULL, body->output.item[i]);
    if (!c->scope || in_count != body->input.count || c->scope->depth >= c->ctx->limits.depth)
        return OFZ_OK;
    f.root       = c->scope->root;
    f.lens       = c->scope->lens;
    f.depth      = c->scope->depth + 1;
    f.budget     = c->scope->budget;
    f.watch      = c->scope->watch;
    f.watch_user = c->scope->watch_user;
    st           = body_infer(&f, in, out);
    inferrer_free(&f);
    if (!st || st == OFZ_E_NOMEM) return st;
    c->ctx->status  = quiet;
    c->ctx->text[0] = '\0';
    c->ctx->hint[0] = '\0';
    return OFZ_OK;
}
