/* fold_edit.c - see fold_edit.h. */
#include "pass/fold_edit.h"

#include <string.h>

#include "base/checked.h"

/* --- questions -------------------------------------------------------------------------------- */

bool ofz_fold_varies(const ofz_fold *f, const ofz_value *v)
{
    return ofz_map_get(&f->varies, v->name) != NULL;
}

const ofz_tensor *ofz_fold_constant(const ofz_fold *f, const ofz_value *v)
{
    if (!v || !v->constant || v->kind != OFZ_KIND_TENSOR || ofz_fold_varies(f, v)) return NULL;
    if (v->is_input && (v->graph->parent || f->model->ir_version >= 4)) return NULL;
    return v->constant;
}

static bool is_function(const ofz_fold *f, const ofz_node *n)
{
    for (size_t i = 0; i < f->model->function_count; i++)
        if (!strcmp(f->model->function[i].name, n->op_type) &&
            !strcmp(f->model->function[i].domain, n->domain))
            return true;
    return false;
}

const ofz_op *ofz_fold_row(const ofz_fold *f, const ofz_node *n)
{
    return is_function(f, n) ? NULL : ofz_op_find(n->domain, n->op_type, n->opset);
}

bool ofz_fold_is(const ofz_fold *f, const ofz_node *n, const char *op_type)
{
    return !n->removed && !n->domain[0] && !strcmp(n->op_type, op_type) && ofz_fold_row(f, n);
}

bool ofz_fold_single(const ofz_value *v)
{
    return v->use_count == 1 && v->use[0].index >= 0 && !v->is_output;
}

ofz_node *ofz_fold_only(const ofz_fold *f, const ofz_value *v, const char *op_type)
{
    ofz_node *n = v ? v->producer : NULL;

    if (!n || n->out_count != 1 || !ofz_fold_is(f, n, op_type)) return NULL;
    return ofz_fold_single(v) && v->use[0].node->graph == n->graph ? n : NULL;
}

int64_t ofz_fold_int(const ofz_node *n, const char *name, int64_t other)
{
    const ofz_attr *a = ofz_node_attr(n, name);

    return a && a->type == OFZ_ATTR_INT ? a->u.i : other;
}

float ofz_fold_float(const ofz_node *n, const char *name, float other)
{
    const ofz_attr *a = ofz_node_attr(n, name);

    return a && a->type == OFZ_ATTR_FLOAT ? a->u.f : other;
}

/* Bytes in a mapped file may stand anywhere. */
static double elem_f64(const ofz_tensor *t, int64_t i)
{
    const size_t bits = (size_t)ofz_dtype_get(t->dtype)->bits;
    union {
        double  f;
        uint8_t byte[16];
    } one;

    if (bits < 8) return ofz_elem_f64(t->dtype, t->data, i);
    memcpy(one.byte, (const uint8_t *)t->data + (size_t)i * (bits / 8), bits / 8);
    return ofz_elem_f64(t->dtype, one.byte, 0);
}

static bool ints_of_tensor(const ofz_tensor *t, int64_t out[OFZ_MAX_RANK], int *count)
{
    if (t->rank > 1 || t->count < 0 || t->count > OFZ_MAX_RANK) return false;
    if (t->dtype != OFZ_I64 && t->dtype != OFZ_I32) return false;
    for (int64_t i = 0; i < t->count; i++)
        if (t->dtype == OFZ_I64)
            memcpy(&out[i], (const uint8_t *)t->data + 8 * i, 8);
        else {
            int32_t x;

            memcpy(&x, (const uint8_t *)t->data + 4 * i, 4);
            out[i] = x;
        }
    *count = (int)t->count;
    return true;
}

bool ofz_fold_ints(const ofz_fold *f, const ofz_node *n, size_t index, const char *name,
                   int64_t out[OFZ_MAX_RANK], int *count)
{
    const ofz_attr *a = name ? ofz_node_attr(n, name) : NULL;

    *count = -1;
    if (index < n->in_count && n->in[index]) {
        const ofz_value      *v = n->in[index];
        const ofz_fold_known *k = v->graph == f->model->graph ? ofz_map_get(&f->known, v->name) : 0;
        const ofz_tensor     *t = ofz_fold_constant(f, v);

        if (!t && k && !k->symbolic) t = &k->t;
        return t && ints_of_tensor(t, out, count);
    }
    if (!a) return true;
    if (a->type != OFZ_ATTR_INTS || a->u.ints.count > OFZ_MAX_RANK) return false;
    if (a->u.ints.count) memcpy(out, a->u.ints.v, a->u.ints.count * sizeof *out);
    *count = (int)a->u.ints.count;
    return true;
}

bool ofz_fold_same_type(const ofz_value *a, const ofz_value *b)
{
    if (!a->type.dtype || a->type.dtype != b->type.dtype) return false;
    if (a->type.rank < 0 || a->type.rank != b->type.rank) return false;
    return !a->type.rank ||
           !memcmp(a->type.dim, b->type.dim, (size_t)a->type.rank * sizeof a->type.dim[0]);
}

bool ofz_fold_all(const ofz_tensor *t, double x)
{
    const ofz_dtype_class cls = ofz_dtype_get(t->dtype)->cls;

    if (cls != OFZ_CLASS_FLOAT && cls != OFZ_CLASS_INT && cls != OFZ_CLASS_UINT) return false;
    if (t->count < 1) return false;
    for (int64_t i = 0; i < t->count; i++)
        if (elem_f64(t, i) != x) return false;
    return true;
}

/* --- wiring ----------------------------------------------------------------------------------- */

ofz_status ofz_fold_replace(ofz_fold *f, ofz_value *from, ofz_value *to, bool *done)
{
    const ofz_status quiet = f->ctx->status;
    const ofz_status st    = ofz_value_replace(f->ctx, from, to);

    *done = st == OFZ_OK;
    if (st != OFZ_E_UNSUPPORTED) return st;
    f->ctx->status  = quiet; /* a subgraph that would misunderstand is a reason, not an error */
    f->ctx->text[0] = '\0';
    return OFZ_OK;
}

static bool others_unread(const ofz_node *n)
{
    for (size_t i = 1; i < n->out_count; i++)
        if (n->out[i] && (n->out[i]->use_count || n->out[i]->is_output)) return false;
    return true;
}

/* May the producer of `x` make another value in its place? */
static bool may_rename(const ofz_value *x, const ofz_value *y)
{
    return x->producer && !x->is_output && !x->is_input && x->graph == y->graph && !x->constant;
}

ofz_status ofz_fold_bypass(ofz_fold *f, ofz_node *n, ofz_value *x, bool *done)
{
    ofz_value *y = n->out[0];
    ofz_node  *maker;
    size_t     at, reads = 0;

    *done = false;
    if (!y || !others_unread(n)) return OFZ_OK;
    if (!y->is_output) {
        OFZ_TRY(ofz_fold_replace(f, y, x, done));
        if (!*done) return OFZ_OK;
        ofz_node_remove(n);
        f->edits++;
        return OFZ_OK;
    }
    if (!may_rename(x, y) || ofz_value_out_of_reach(x)) return OFZ_OK;
    maker = x->producer;
    at    = (size_t)x->output;
    /* n itself reads x and must not read its own output */
    while (reads < n->in_count && n->in[reads] != x) reads++;
    if (reads == n->in_count) return OFZ_OK;
    OFZ_TRY(ofz_node_set_input(f->ctx, n, reads, NULL));
    OFZ_TRY(ofz_fold_replace(f, x, y, done));
    if (!*done) return ofz_node_set_input(f->ctx, n, reads, x);
    ofz_node_remove(n);
    ofz_node_set_output(maker, at, y);
    f->edits++;
    return OFZ_OK;
}

ofz_status ofz_fold_become(ofz_fold *f, ofz_node *n, const char *op_type, ofz_value *const *in,
                           size_t in_count)
{
    ofz_value **fresh = OFZ_NEWS(n->graph->arena, ofz_value *, in_count + 1);

    if (!fresh) return ofz_fail_nomem(f->ctx, "node", in_count * sizeof *fresh);
    for (size_t i = 0; i < in_count; i++) fresh[i] = in[i]; /* `in` may be n->in */
    for (size_t i = 0; i < n->in_count; i++) OFZ_TRY(ofz_node_set_input(f->ctx, n, i, NULL));
    n->in       = OFZ_NEWS(n->graph->arena, ofz_value *, in_count + 1);
    n->in_count = in_count;
    if (!n->in) return ofz_fail_nomem(f->ctx, "node", in_count * sizeof *fresh);
    for (size_t i = 0; i < in_count; i++)
        if (fresh[i]) OFZ_TRY(ofz_node_set_input(f->ctx, n, i, fresh[i]));
    n->op_type        = op_type;
    n->attr_count     = 0;
    n->changed        = true;
    n->graph->changed = true;
    f->edits++;
    return OFZ_OK;
}

ofz_status ofz_fold_set_int(ofz_fold *f, ofz_node *n, const char *name, int64_t x)
{
    const ofz_attr a = { .name = name, .type = OFZ_ATTR_INT, .u.i = x };

    return ofz_node_set_attr(f->ctx, n, &a);
}

ofz_status ofz_fold_set_ints(ofz_fold *f, ofz_node *n, const char *name, const int64_t *x,
                             size_t count)
{
    int64_t *copy = OFZ_NEWS(n->graph->arena, int64_t, count + 1);
    ofz_attr a    = { .name = name, .type = OFZ_ATTR_INTS, .u.ints = { copy, count } };

    if (!copy) return ofz_fail_nomem(f->ctx, name, count * sizeof *copy);
    for (size_t i = 0; i < count; i++) copy[i] = x[i];
    return ofz_node_set_attr(f->ctx, n, &a);
}

/* --- constants -------------------------------------------------------------------------------- */

/* In a model with marks a constant that was made of constants is frozen, as they were. */
static void describe(const ofz_fold *f, ofz_value *v)
{
    v->initializer = f->model->ir_version >= 4 || v->is_input;
    if (f->marked && ofz_dtype_is_float(v->type.dtype) && v->mark == OFZ_MARK_NONE)
        v->mark = OFZ_MARK_FROZEN;
}

ofz_status ofz_fold_set_constant(ofz_fold *f, ofz_value *v, const ofz_tensor *t)
{
    ofz_tensor       own = *t;
    const ofz_status st  = ofz_value_set_constant(f->ctx, v, &own);

    if (st) {
        ofz_tensor_release(&own);
        return st;
    }
    describe(f, v);
    f->edits++;
    return OFZ_OK;
}

ofz_status ofz_fold_new_constant(ofz_fold *f, ofz_graph *g, const char *like, const ofz_tensor *t,
                                 ofz_value **out)
{
    ofz_tensor  own  = *t;
    const char *name = ofz_arena_printf(&f->arena, "%s_folded", like);
    ofz_status  st   = name ? OFZ_OK : ofz_fail_nomem(f->ctx, like, strlen(like));

    for (size_t i = 2; name && ofz_value_find(g, name); i++)
        name = ofz_arena_printf(&f->arena, "%s_folded%zu", like, i);
    if (!st) st = ofz_constant_new(f->ctx, g, name, &own, out);
    if (st) {
        ofz_tensor_release(&own);
        return st;
    }
    describe(f, *out);
    return OFZ_OK;
}

ofz_status ofz_fold_new_ints(ofz_fold *f, ofz_graph *g, const char *like, const int64_t *x,
                             size_t count, ofz_value **out)
{
    const int64_t dim = (int64_t)count;
    ofz_tensor    t;

    OFZ_TRY(ofz_tensor_new(f->ctx, &t, OFZ_I64, 1, &dim));
    if (count) memcpy(t.data, x, count * sizeof *x);
    return ofz_fold_new_constant(f, g, like, &t, out);
}
