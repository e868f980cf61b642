/* compose.c - see compose.h. */
#include "ops/compose.h"

#include <stdlib.h>
#include <string.h>

#include "ops/body.h"
#include "ops/move.h"

enum { APPLY_MOST_IN = 16, APPLY_MOST_OUT = 4, STEPS_MOST = 256 };

/* A part. Its tensor is owned in an eval, in the other uses only where it is a constant. */
typedef struct part {
    ofz_tensor     t;
    const int64_t *hint;
    ofz_value     *value;     /* grad: the edge in the graph */
    ofz_value     *gradient;  /* grad: what reached it so far, or NULL */
    bool           need, own; /* need: a gradient is wanted for it */
} part;

/* grad: one row that was appended. */
typedef struct step {
    const ofz_op *op;
    ofz_node     *node;
    int           in_count, out_count;
    ofz_part      in[APPLY_MOST_IN], out[APPLY_MOST_OUT];
} step;

typedef struct ofz_build_room {
    ofz_arena arena;
    ofz_list  part, step;
    ofz_part *in;   /* of the node */
    ofz_part *said; /* of each output; OFZ_NO_PART until the recipe says */
    _Alignas(16) char attrs[OFZ_ATTR_ROOM];
} room;

static part *part_at(const ofz_build *b, ofz_part p)
{
    return p < 0 ? NULL : b->room->part.item[p];
}

void ofz_part_fail(ofz_build *b, ofz_status st)
{
    if (!b->status) b->status = st;
}

static ofz_part part_add(ofz_build *b, part **out)
{
    part *p = OFZ_NEW(&b->room->arena, part);

    *out = p;
    if (!p || !ofz_list_push(&b->room->part, p)) {
        *out = NULL;
        ofz_part_fail(b, ofz_fail_nomem(b->ctx, "composition", sizeof *p));
        return OFZ_NO_PART;
    }
    p->t.rank = p->t.count = -1;
    return (ofz_part)b->room->part.count - 1;
}

/* Integer elements as hints, for constants and in an eval. */
static void part_hint(ofz_build *b, part *p)
{
    int64_t *wide;

    if (!p->t.data || p->t.count < 0) return;
    if (p->t.dtype == OFZ_I64) p->hint = p->t.data;
    if (p->t.dtype != OFZ_I32 || p->t.count > OFZ_SHAPE_VALUES) return;
    wide = OFZ_NEWS(&b->room->arena, int64_t, (size_t)p->t.count + 1);
    if (!wide) {
        ofz_part_fail(b, ofz_fail_nomem(b->ctx, "composition", sizeof *wide));
        return;
    }
    for (int64_t k = 0; k < p->t.count; k++) wide[k] = ((const int32_t *)p->t.data)[k];
    p->hint = wide;
}

/* --- what a recipe sees ----------------------------------------------------------------------- */

ofz_part ofz_part_in(ofz_build *b, int k)
{
    return k < b->in_count && !b->status ? b->room->in[k] : OFZ_NO_PART;
}

const ofz_tensor *ofz_part_type(const ofz_build *b, ofz_part p)
{
    static const ofz_tensor unknown = { .rank = -1, .count = -1 };
    const part             *x       = part_at(b, p);

    return x ? &x->t : &unknown;
}

int64_t ofz_part_dim(const ofz_build *b, ofz_part p, int axis)
{
    const ofz_tensor *t = ofz_part_type(b, p);

    if (axis < 0) axis += t->rank < 0 ? 0 : t->rank;
    return axis < 0 || axis >= t->rank ? OFZ_SYMBOL(0) : t->dim[axis];
}

bool ofz_part_wanted(const ofz_build *b, int k)
{
    if (k >= b->out_count) return false;
    if (b->infer) return b->infer->out[k];
    if (b->eval) return b->eval->out[k];
    return b->node->out[k];
}

void ofz_part_out(ofz_build *b, int k, ofz_part p)
{
    if (k < b->out_count && !b->status) b->room->said[k] = p;
}

void ofz_part_open(ofz_build *b, int k, ofz_dtype dtype)
{
    if (b->status) return;
    if (b->infer)
        ofz_part_fail(b, ofz_infer_unknown(b->infer, k, dtype));
    else if (b->grad)
        OFZ_PART_FAIL(b, OFZ_E_UNSUPPORTED, "gradient: inputs of unknown rank, want shapes");
}

bool ofz_part_known(const ofz_build *b, ofz_part p, const int64_t **out, int64_t *count)
{
    const part *x = part_at(b, p);

    if (!x || !x->hint || x->t.count < 0) return false;
    for (int64_t k = 0; k < x->t.count; k++)
        if (OFZ_IS_SYMBOL(x->hint[k])) return false;
    *out   = x->hint;
    *count = x->t.count;
    return true;
}

/* --- checks ----------------------------------------------------------------------------------- */

void ofz_part_want_rank(ofz_build *b, ofz_part p, const char *what, int rank)
{
    const int have = ofz_part_rank(b, p);

    if (b->status || have < 0 || have == rank) return;
    OFZ_PART_FAIL(b, OFZ_E_MODEL, "%s: rank %d, want %d", what, have, rank);
}

void ofz_part_want_dim(ofz_build *b, ofz_part p, const char *what, int axis, int64_t want)
{
    const int64_t have = ofz_part_dim(b, p, axis);

    if (b->status || have < 0 || want < 0 || have == want) return;
    OFZ_PART_FAIL(b, OFZ_E_MODEL, "%s: dim %d is %" PRId64 ", want %" PRId64, what, axis, have,
                  want);
}

void ofz_part_want_in(ofz_build *b, int k)
{
    if (b->status || ofz_part_in(b, k) >= 0) return;
    OFZ_PART_FAIL(b, OFZ_E_MODEL, "input %d: missing", k);
}

void ofz_part_want_plain(ofz_build *b, bool plain, const char *what)
{
    if (b->status || plain) return;
    OFZ_PART_FAIL(b, OFZ_E_UNSUPPORTED, "%s: set, want it left out", what);
}

const ofz_attr *ofz_part_attrs(ofz_build *b, const char *const *without)
{
    ofz_attr *a = OFZ_NEWS(&b->room->arena, ofz_attr, b->node->attr_count + 1);
    size_t    n = 0;

    if (!a) {
        ofz_part_fail(b, ofz_fail_nomem(b->ctx, "composition", sizeof *a));
        return NULL;
    }
    for (size_t i = 0; i < b->node->attr_count; i++) {
        const char *const *w = without;

        while (*w && strcmp(*w, b->node->attr[i].name)) w++;
        if (!*w) a[n++] = b->node->attr[i];
    }
    return a;
}

/* --- constants -------------------------------------------------------------------------------- */

static ofz_part constant_add(ofz_build *b, ofz_dtype dtype, int rank, const int64_t *dim, part **p)
{
    const ofz_part h = part_add(b, p);

    if (!*p) return OFZ_NO_PART;
    ofz_part_fail(b, ofz_tensor_new(b->ctx, &(*p)->t, dtype, rank, dim));
    (*p)->own = !b->status;
    return b->status ? OFZ_NO_PART : h;
}

/* Its elements are set: in a gradient it becomes a constant of the graph. */
static void constant_done(ofz_build *b, part *p)
{
    ofz_tensor shared;

    part_hint(b, p);
    if (!b->grad || b->status) return;
    ofz_tensor_share(&p->t, &shared);
    ofz_part_fail(b, ofz_constant_new(b->ctx, b->grad->graph, NULL, &shared, &p->value));
}

ofz_part ofz_part_ints(ofz_build *b, int count, const int64_t *v)
{
    const int64_t n = count;
    part         *p;
    ofz_part      h;

    if (b->status) return OFZ_NO_PART;
    h = constant_add(b, OFZ_I64, 1, &n, &p);
    if (h < 0) return h;
    if (count) memcpy(p->t.data, v, (size_t)count * sizeof *v);
    constant_done(b, p);
    return h;
}

ofz_part ofz_part_number(ofz_build *b, ofz_part like, double v)
{
    const ofz_dtype d = ofz_part_type(b, like)->dtype;
    part           *p;
    ofz_part        h;

    if (b->status) return OFZ_NO_PART;
    if (!d) { /* its type is not known yet, nor is the constant's */
        h = part_add(b, &p);
        if (p) ofz_part_fail(b, ofz_tensor_set(b->ctx, &p->t, OFZ_UNDEFINED, 0, NULL));
        return h;
    }
    if (d == OFZ_STRING || ofz_dtype_is_container(d)) {
        OFZ_PART_FAIL(b, OFZ_E_MODEL, "input: %s, want numbers", ofz_dtype_name(d));
        return OFZ_NO_PART;
    }
    h = constant_add(b, d, 0, NULL, &p);
    if (h < 0) return h;
    ofz_elem_set_f64(d, p->t.data, 0, v);
    constant_done(b, p);
    return h;
}

ofz_part ofz_part_unknown(ofz_build *b)
{
    part *p;

    return b->status || !b->infer ? OFZ_NO_PART : part_add(b, &p);
}

/* --- applying a row --------------------------------------------------------------------------- */

/* A row, the node that it is told about, and its tensors. */
typedef struct call {
    const ofz_op     *op;
    ofz_node          node;
    const char       *domain;
    int               in_count, out_count;
    ofz_value        *in_value[APPLY_MOST_IN], *out_value[APPLY_MOST_OUT];
    const ofz_tensor *in[APPLY_MOST_IN];
    const int64_t    *hint[APPLY_MOST_IN];
    ofz_tensor       *out[APPLY_MOST_OUT];
} call;

static ofz_status call_find(ofz_build *b, const char *op, int opset, const ofz_attr *attr, call *c)
{
    const char *colon = strchr(op, ':');

    *c = (call){ .domain = "" };
    if (colon) {
        c->domain = ofz_arena_text(&b->room->arena, op, (size_t)(colon - op));
        if (!c->domain) return ofz_fail_nomem(b->ctx, "composition", strlen(op));
        op = colon + 1;
    }
    c->op = ofz_op_find(c->domain, op, opset);
    if (!c->op) return ofz_fail(b->ctx, OFZ_E_ARG, "recipe: no row %s-%d", op, opset);
    c->node = (ofz_node){ .name    = "",
                          .op_type = c->op->name,
                          .domain  = c->domain,
                          .opset   = opset,
                          .attr    = (ofz_attr *)(uintptr_t)attr,
                          .in      = c->in_value,
                          .out     = c->out_value };
    while (attr && attr[c->node.attr_count].name) c->node.attr_count++;
    return OFZ_OK;
}

static ofz_status call_inputs(ofz_build *b, const ofz_part *in, call *c)
{
    static ofz_value someone; /* rows only ask whether an input is there */

    for (; in[c->in_count] != OFZ_LAST_PART; c->in_count++) {
        part *p = part_at(b, in[c->in_count]);

        if (c->in_count == APPLY_MOST_IN)
            return ofz_fail(b->ctx, OFZ_E_LIMIT, "inputs: want at most %d", APPLY_MOST_IN);
        c->in[c->in_count]       = p ? &p->t : NULL;
        c->hint[c->in_count]     = p ? p->hint : NULL;
        c->in_value[c->in_count] = !p ? NULL : b->grad ? p->value : &someone;
    }
    while (c->in_count && !c->in[c->in_count - 1]) c->in_count--;
    c->node.in_count  = (size_t)c->in_count;
    c->node.out_count = (size_t)c->out_count;
    return OFZ_OK;
}

static ofz_status call_infer(ofz_build *b, call *c)
{
    ofz_infer_call i = { .ctx       = b->ctx,
                         .node      = &c->node,
                         .opset     = c->node.opset,
                         .attrs     = b->room->attrs,
                         .in_count  = c->in_count,
                         .out_count = c->out_count,
                         .in        = c->in,
                         .hint      = c->hint,
                         .out       = c->out,
                         .fresh     = OFZ_SYMBOL((int64_t)1 << 50) };
    ofz_status     st;

    if (b->grad) i.fresh = ofz_symbol_block(b->grad->graph, 8192);
    if (b->infer) {
        i.fresh      = b->infer->fresh;
        i.fresh_used = b->infer->fresh_used;
    }
    st = c->op->infer(&i);
    if (b->infer) b->infer->fresh_used = i.fresh_used;
    return st;
}

static ofz_status call_eval(ofz_build *b, call *c)
{
    ofz_eval_call     e    = { .ctx       = b->ctx,
                               .node      = &c->node,
                               .opset     = c->node.opset,
                               .attrs     = b->room->attrs,
                               .in_count  = c->in_count,
                               .out_count = c->out_count,
                               .in        = c->in,
                               .out       = c->out,
                               .rng       = b->eval->rng,
                               .exec      = b->eval->exec };
    const ofz_tensor *x    = c->in_count ? c->in[0] : NULL;
    ofz_tensor       *y    = c->out[0];
    const bool        view = (c->op->flags & OFZ_OP_VIEW) && x && c->out_count == 1 &&
                      y->dtype == x->dtype && y->size == x->size && y->count == x->count;

    if (view) {
        y->data   = x->data;
        y->buffer = ofz_buffer_retain(x->buffer);
        return OFZ_OK;
    }
    for (int k = 0; k < c->out_count; k++) {
        ofz_tensor t;

        if (c->out[k]->count < 0 || !c->out[k]->dtype) {
            if (c->op->flags & OFZ_OP_DYNAMIC) continue;
            return ofz_fail(b->ctx, OFZ_E_UNSUPPORTED, "output %d: its %s depends on values", k,
                            c->out[k]->dtype ? "shape" : "type");
        }
        OFZ_TRY(ofz_tensor_new(b->ctx, &t, c->out[k]->dtype, c->out[k]->rank, c->out[k]->dim));
        *c->out[k] = t;
    }
    return c->op->eval(&e);
}

/* Lists move to the arena of the graph; scalars and constant texts are in the attribute itself. */
static ofz_status attrs_keep(ofz_build *b, const call *c, ofz_attr **out)
{
    ofz_arena *arena = b->grad->graph->arena;
    ofz_attr  *a     = OFZ_NEWS(arena, ofz_attr, c->node.attr_count + 1);

    if (!a) return ofz_fail_nomem(b->ctx, "gradient", sizeof *a);
    for (size_t k = 0; k < c->node.attr_count; k++) {
        a[k] = c->node.attr[k];
        if (a[k].type == OFZ_ATTR_INTS) {
            int64_t *v = OFZ_NEWS(arena, int64_t, a[k].u.ints.count + 1);

            if (!v) return ofz_fail_nomem(b->ctx, "gradient", sizeof *v);
            memcpy(v, a[k].u.ints.v, a[k].u.ints.count * sizeof *v);
            a[k].u.ints.v = v;
        }
    }
    *out = a;
    return OFZ_OK;
}

static ofz_status call_emit(ofz_build *b, const ofz_part *in, const call *c, const ofz_part *out)
{
    ofz_node_spec spec = { .name      = "",
                           .op_type   = c->op->name,
                           .domain    = c->op->domain ? c->op->domain : "",
                           .opset     = c->node.opset,
                           .in_count  = c->node.in_count,
                           .out_count = c->node.out_count,
                           .in        = c->in_value,
                           .out       = c->out_value };
    step         *s    = OFZ_NEW(&b->room->arena, step);
    bool          need = false;
    ofz_attr     *attr;

    if (!s || !ofz_list_push(&b->room->step, s))
        return ofz_fail_nomem(b->ctx, "gradient", sizeof *s);
    OFZ_TRY(attrs_keep(b, c, &attr));
    spec.attr       = attr;
    spec.attr_count = c->node.attr_count;
    *s              = (step){ .op = c->op, .in_count = c->in_count, .out_count = c->out_count };
    for (int k = 0; k < c->in_count; k++) {
        s->in[k] = in[k];
        need     = need || (in[k] >= 0 && part_at(b, in[k])->need);
    }
    for (int k = 0; k < c->out_count; k++) {
        part      *p = part_at(b, out[k]);
        ofz_value *v;

        OFZ_TRY(ofz_value_new(b->ctx, b->grad->graph, NULL, &v));
        p->value = ((ofz_value **)(uintptr_t)spec.out)[k] = v;
        p->need   = need && (ofz_dtype_is_float(p->t.dtype) || !p->t.dtype ||
                           (c->op->flags & OFZ_OP_STRAIGHT));
        s->out[k] = out[k];
        OFZ_TRY(ofz_tensor_set(b->ctx, &v->type, p->t.dtype, p->t.rank, p->t.dim));
    }
    spec.derived = true;
    return ofz_node_add(b->ctx, b->grad->graph, &spec, &s->node);
}

/* Known integers stay known when they only change their shape. */
static void view_hint(ofz_build *b, ofz_part in, ofz_part out)
{
    const part *x = part_at(b, in);
    part       *y = part_at(b, out);

    if (!x || !x->hint || b->eval || x->t.dtype != y->t.dtype || x->t.count != y->t.count) return;
    y->hint   = x->hint;
    y->t.data = x->t.data;
}

static ofz_status apply(ofz_build *b, const ofz_part *in, call *c, ofz_part *out)
{
    OFZ_TRY(call_inputs(b, in, c));
    OFZ_TRY(ofz_op_parse(b->ctx, c->op, &c->node, b->room->attrs));
    OFZ_TRY(call_infer(b, c));
    if (c->op->flags & OFZ_OP_VIEW) view_hint(b, in[0], out[0]);
    if (b->grad) return call_emit(b, in, c, out);
    if (!b->eval) return OFZ_OK;
    OFZ_TRY(call_eval(b, c));
    for (int k = 0; k < c->out_count; k++) part_hint(b, part_at(b, out[k]));
    return b->status;
}

void ofz_apply_many(ofz_build *b, const char *op, int opset, const ofz_attr *attr,
                    const ofz_part *in, int count, ofz_part *out)
{
    call       c;
    ofz_status st;

    for (int k = 0; k < count; k++) out[k] = OFZ_NO_PART;
    if (b->status) return;
    st = call_find(b, op, opset, attr, &c);
    if (!st && b->room->part.count > STEPS_MOST)
        st = ofz_fail(b->ctx, OFZ_E_LIMIT, "composition: more than %d steps", STEPS_MOST);
    c.out_count = count;
    for (int k = 0; k < count && !st; k++) {
        part *p;

        out[k] = part_add(b, &p);
        st     = b->status;
        if (p) {
            p->own   = b->eval;
            c.out[k] = &p->t;
        }
    }
    if (!st) st = apply(b, in, &c, out);
    if (!st) return;
    ofz_part_fail(b, ofz_at(b->ctx, st, "%s", op));
    for (int k = 0; k < count; k++) out[k] = OFZ_NO_PART;
}

ofz_part ofz_apply(ofz_build *b, const char *op, int opset, const ofz_attr *attr,
                   const ofz_part *in)
{
    ofz_part out;

    ofz_apply_many(b, op, opset, attr, in, 1, &out);
    return out;
}

/* --- the three uses --------------------------------------------------------------------------- */

static ofz_status build_open(ofz_build *b)
{
    room *r = calloc(1, sizeof *r);

    if (!r) return ofz_fail_nomem(b->ctx, "composition", sizeof *r);
    b->room = r;
    r->in   = OFZ_NEWS(&r->arena, ofz_part, (size_t)b->in_count + 1);
    r->said = OFZ_NEWS(&r->arena, ofz_part, (size_t)b->out_count + 1);
    if (!r->in || !r->said) return ofz_fail_nomem(b->ctx, "composition", sizeof *r->in);
    for (int k = 0; k < b->in_count; k++) r->in[k] = OFZ_NO_PART;
    for (int k = 0; k < b->out_count; k++) r->said[k] = OFZ_NO_PART;
    return OFZ_OK;
}

static void build_close(ofz_build *b)
{
    room *r = b->room;

    if (!r) return;
    for (size_t i = 0; i < r->part.count; i++) {
        part *p = r->part.item[i];

        if (p->own) ofz_tensor_release(&p->t);
    }
    ofz_list_free(&r->part);
    ofz_list_free(&r->step);
    ofz_arena_free(&r->arena);
    free(r);
}

/* The part of input k, described by `t` and lent. */
static part *input_add(ofz_build *b, int k, const ofz_tensor *t, const int64_t *hint)
{
    part          *p;
    const ofz_part h = part_add(b, &p);

    if (!p) return NULL;
    p->t           = *t;
    p->hint        = hint;
    b->room->in[k] = h;
    return p;
}

ofz_status ofz_compose_infer(ofz_infer_call *c, ofz_recipe *recipe)
{
    ofz_build  b  = { .ctx       = c->ctx,
                      .node      = c->node,
                      .attrs     = c->attrs,
                      .in_count  = c->in_count,
                      .out_count = c->out_count,
                      .infer     = c };
    ofz_status st = OFZ_OK;

    OFZ_GOTO(build_open(&b));
    for (int k = 0; k < c->in_count; k++)
        if (c->in[k]) input_add(&b, k, c->in[k], c->hint[k]);
    if (!b.status) recipe(&b);
    OFZ_GOTO(b.status);
    for (int k = 0; k < c->out_count; k++)
        if (b.room->said[k] >= 0)
            OFZ_GOTO(ofz_infer_as(c, (size_t)k, ofz_part_type(&b, b.room->said[k])));
done:
    build_close(&b);
    return st;
}

ofz_status ofz_compose_eval(ofz_eval_call *c, ofz_recipe *recipe)
{
    ofz_build  b  = { .ctx       = c->ctx,
                      .node      = c->node,
                      .attrs     = c->attrs,
                      .in_count  = c->in_count,
                      .out_count = c->out_count,
                      .eval      = c };
    ofz_status st = OFZ_OK;

    OFZ_GOTO(build_open(&b));
    for (int k = 0; k < c->in_count; k++) {
        part *p = c->in[k] ? input_add(&b, k, c->in[k], NULL) : NULL;

        if (p) part_hint(&b, p);
    }
    if (!b.status) recipe(&b);
    OFZ_GOTO(b.status);
    for (int k = 0; k < c->out_count; k++) {
        ofz_tensor t;

        if (b.room->said[k] < 0) continue;
        ofz_tensor_share(ofz_part_type(&b, b.room->said[k]), &t);
        ofz_eval_take(c, (size_t)k, &t);
    }
done:
    build_close(&b);
    return st;
}

/* What is known of input k: its type, and the elements of a small constant. */
static ofz_status grad_input(ofz_build *b, int k)
{
    const ofz_value *v = b->node->in[k];
    part            *p;

    if (!v) return OFZ_OK;
    p = input_add(b, k, &v->type, NULL);
    if (!p) return b->status;
    p->value = b->node->in[k];
    p->need  = b->grad->need[k];
    if (!v->constant) return OFZ_OK;
    p->t        = *v->constant;
    p->t.buffer = NULL;
    p->t.data   = NULL;
    if (!v->constant->data || v->constant->count > OFZ_SHAPE_VALUES) return OFZ_OK;
    OFZ_TRY(ofz_tensor_copy(b->ctx, v->constant, &p->t));
    p->own = true;
    part_hint(b, p);
    return b->status;
}

/* One more gradient for p. */
static ofz_status gather(ofz_build *b, part *p, ofz_value *dx)
{
    ofz_value *in[] = { p->gradient, dx };

    if (p->gradient) OFZ_TRY(ofz_emit(b->grad, "ofz", "Accumulate", NULL, 2, in, 1, &dx));
    p->gradient = dx;
    return OFZ_OK;
}

/* Ask a step for its gradient. What the node itself makes is read from there and need not be made
 * again: the row is shown the node's outputs in the place of the step's. */
static ofz_status step_back(ofz_build *b, const step *s)
{
    ofz_value    *dy[APPLY_MOST_OUT] = { 0 }, *dx[APPLY_MOST_IN] = { 0 }, *out[APPLY_MOST_OUT];
    bool          need[APPLY_MOST_IN] = { 0 }, any_dy = false, any_need = false;
    ofz_node      node = *s->node;
    ofz_grad_call g    = { .ctx   = b->ctx,
                           .graph = b->grad->graph,
                           .node  = &node,
                           .attrs = b->room->attrs,
                           .dy    = dy,
                           .need  = need,
                           .dx    = dx };

    for (int k = 0; k < s->out_count; k++) {
        dy[k]  = part_at(b, s->out[k])->gradient;
        any_dy = any_dy || dy[k];
        out[k] = node.out[k];
        for (int i = 0; i < b->out_count; i++)
            if (b->room->said[i] == s->out[k] && b->node->out[i]) out[k] = b->node->out[i];
    }
    node.out = out;
    for (int k = 0; k < s->in_count; k++) {
        need[k]  = s->in[k] >= 0 && part_at(b, s->in[k])->need;
        any_need = any_need || need[k];
    }
    if (!any_dy || !any_need) return OFZ_OK;
    if (!s->op->grad) return ofz_fail(b->ctx, OFZ_E_UNSUPPORTED, "%s: no gradient", s->op->name);
    OFZ_TRY(ofz_op_parse(b->ctx, s->op, &node, b->room->attrs));
    OFZ_TRY(s->op->grad(&g));
    for (int k = 0; k < s->in_count; k++)
        if (need[k] && dx[k]) OFZ_TRY(gather(b, part_at(b, s->in[k]), dx[k]));
    return OFZ_OK;
}

ofz_status ofz_compose_grad(ofz_grad_call *g, ofz_recipe *recipe)
{
    ofz_build  b  = { .ctx       = g->ctx,
                      .node      = g->node,
                      .attrs     = g->attrs,
                      .in_count  = (int)g->node->in_count,
                      .out_count = (int)g->node->out_count,
                      .grad      = g };
    ofz_status st = OFZ_OK;

    OFZ_GOTO(build_open(&b));
    for (int k = 0; k < b.in_count; k++) OFZ_GOTO(grad_input(&b, k));
    recipe(&b);
    OFZ_GOTO(b.status);
    for (int k = 0; k < b.out_count; k++)
        if (b.room->said[k] >= 0 && g->dy[k])
            OFZ_GOTO(gather(&b, part_at(&b, b.room->said[k]), g->dy[k]));
    for (size_t i = b.room->step.count; i-- > 0;) OFZ_GOTO(step_back(&b, b.room->step.item[i]));
    for (int k = 0; k < b.in_count; k++)
        if (b.room->in[k] >= 0 && g->need[k]) g->dx[k] = part_at(&b, b.room->in[k])->gradient;
done:
    build_close(&b);
    return st;
}
