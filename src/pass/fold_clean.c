/* fold_clean.c - nodes that nobody reads, and nodes whose output is their input. */
#include <string.h>

#include "pass/fold_edit.h"

/* --- what nobody reads ------------------------------------------------------------------------ */

/* Leaves no trace but its outputs. */
static bool is_inert(const ofz_fold *f, const ofz_node *n, int depth)
{
    const ofz_op *op = ofz_fold_row(f, n);

    if (!op || (op->flags & OFZ_OP_RANDOM) || depth > f->ctx->limits.depth) return false;
    for (size_t i = 0; i < n->attr_count; i++) {
        const ofz_graph *body = n->attr[i].type == OFZ_ATTR_GRAPH ? n->attr[i].u.g : NULL;

        for (size_t k = 0; body && k < body->node.count; k++)
            if (!is_inert(f, body->node.item[k], depth + 1)) return false;
    }
    return true;
}

static bool is_read(const ofz_node *n)
{
    for (size_t i = 0; i < n->out_count; i++)
        if (n->out[i] && (n->out[i]->use_count || n->out[i]->is_output)) return true;
    return false;
}

static void drop_unread(ofz_fold *f, ofz_graph *g)
{
    for (size_t i = g->node.count; i-- > 0;) {
        ofz_node *n = g->node.item[i];

        if (n->removed || is_read(n) || !is_inert(f, n, 0)) continue;
        if (n->out_count == 1 && n->out[0] && n->out[0]->constant && ofz_fold_varies(f, n->out[0]))
            continue;
        ofz_node_remove(n);
        f->edits++;
    }
}

/* --- the same as an input --------------------------------------------------------------------- */

/* Is the output of `n` its input 0? */
typedef bool same_fn(const ofz_fold *f, const ofz_node *n);

static bool always(const ofz_fold *f, const ofz_node *n)
{
    (void)f;
    (void)n;
    return true;
}

/* In a part that trains it draws a mask. */
static bool dropout_same(const ofz_fold *f, const ofz_node *n)
{
    const ofz_tensor *mode  = n->in_count > 2 ? ofz_fold_constant(f, n->in[2]) : NULL;
    const ofz_tensor *ratio = n->in_count > 1 ? ofz_fold_constant(f, n->in[1]) : NULL;

    if (f->trains && n->in[0]->scratch) return false;
    if (n->opset < 7) return ofz_fold_int(n, "is_test", 0) != 0;
    if (n->opset < 12 || n->in_count < 3 || !n->in[2]) return true;
    if (ratio && ofz_fold_all(ratio, 0)) return true;
    return mode && mode->dtype == OFZ_BOOL && mode->count == 1 && !*(const uint8_t *)mode->data;
}

static bool cast_same(const ofz_fold *f, const ofz_node *n)
{
    (void)f;
    return n->in[0]->type.dtype &&
           (int64_t)n->in[0]->type.dtype == ofz_fold_int(n, "to", OFZ_UNDEFINED);
}

static bool type_same(const ofz_fold *f, const ofz_node *n)
{
    (void)f;
    return ofz_fold_same_type(n->in[0], n->out[0]);
}

/* Elements keep their order and their number, so that one dim may be unknown: it is what is left. */
static bool reshape_same(const ofz_fold *f, const ofz_node *n)
{
    const ofz_tensor *x = &n->in[0]->type, *y = &n->out[0]->type;
    int               open = 0;
    bool              zero = false;

    (void)f;
    if (x->rank < 0 || x->rank != y->rank) return false;
    for (int i = 0; i < x->rank; i++) {
        zero = zero || x->dim[i] == 0 || y->dim[i] == 0;
        if (x->dim[i] == y->dim[i]) continue;
        if (x->dim[i] >= 0 && y->dim[i] >= 0) return false;
        open++;
    }
    return !open || (open == 1 && !zero);
}

static bool flatten_same(const ofz_fold *f, const ofz_node *n)
{
    const int64_t axis = ofz_fold_int(n, "axis", 1);

    (void)f;
    return n->in[0]->type.rank == 2 && (axis == 1 || axis == -1);
}

static bool transpose_same(const ofz_fold *f, const ofz_node *n)
{
    const ofz_attr *perm = ofz_node_attr(n, "perm");

    (void)f;
    if (!perm) return n->in[0]->type.rank >= 0 && n->in[0]->type.rank <= 1;
    for (size_t i = 0; i < perm->u.ints.count; i++)
        if (perm->u.ints.v[i] != (int64_t)i) return false;
    return true;
}

/* Steps forward that leave the shape as it is leave out nothing; so does a slice from 0 to the end of
 * whatever length. */
static bool slice_same(const ofz_fold *f, const ofz_node *n)
{
    int64_t step[OFZ_MAX_RANK], start[OFZ_MAX_RANK], end[OFZ_MAX_RANK];
    int     step_count, start_count, end_count;

    if (!ofz_fold_ints(f, n, 4, NULL, step, &step_count)) return false;
    for (int i = 0; i < step_count; i++)
        if (step[i] != 1) return false;
    if (n->in[0]->type.count >= 0 && ofz_fold_same_type(n->in[0], n->out[0])) return true;
    if (!ofz_fold_ints(f, n, 1, "starts", start, &start_count) || start_count < 0 ||
        !ofz_fold_ints(f, n, 2, "ends", end, &end_count) || start_count != end_count)
        return false;
    for (int i = 0; i < start_count; i++)
        if (start[i] != 0 || end[i] < INT32_MAX) return false;
    return true;
}

static bool pad_same(const ofz_fold *f, const ofz_node *n)
{
    int64_t pad[OFZ_MAX_RANK];
    int     count;

    if (!ofz_fold_ints(f, n, 1, n->opset < 2 ? "paddings" : "pads", pad, &count)) return false;
    for (int i = 0; i < count; i++)
        if (pad[i]) return false;
    return count >= 0;
}

static bool expand_same(const ofz_fold *f, const ofz_node *n)
{
    int64_t dim[OFZ_MAX_RANK];
    int     count;

    if (type_same(f, n)) return true;
    if (!ofz_fold_ints(f, n, 1, NULL, dim, &count) || count > n->in[0]->type.rank) return false;
    for (int i = 0; i < count; i++)
        if (dim[i] != 1) return false;
    return true;
}

static bool tile_same(const ofz_fold *f, const ofz_node *n)
{
    int64_t times[OFZ_MAX_RANK];
    int     count;

    if (n->opset < 6 || !ofz_fold_ints(f, n, 1, NULL, times, &count)) return false;
    for (int i = 0; i < count; i++)
        if (times[i] != 1) return false;
    return true;
}

static bool one_input(const ofz_fold *f, const ofz_node *n)
{
    (void)f;
    return n->in_count == 1;
}

static bool split_same(const ofz_fold *f, const ofz_node *n)
{
    return n->out_count == 1 && type_same(f, n);
}

/* Does the other operand leave the shape and the type alone? */
static bool keeps_type(const ofz_node *n, const ofz_value *x, const ofz_tensor *c)
{
    if (x->type.dtype != c->dtype || x->type.rank < 0 || n->opset < 7) return false;
    if (c->count == 1 && c->rank <= x->type.rank) return true;
    return x->type.count >= 0 && ofz_fold_same_type(x, n->out[0]);
}

static bool neutral(const ofz_fold *f, const ofz_node *n, double x)
{
    const ofz_tensor *c = n->in_count == 2 ? ofz_fold_constant(f, n->in[1]) : NULL;

    return c && keeps_type(n, n->in[0], c) && ofz_fold_all(c, x);
}

static bool zero_same(const ofz_fold *f, const ofz_node *n)
{
    return neutral(f, n, 0);
}

static bool one_same(const ofz_fold *f, const ofz_node *n)
{
    return neutral(f, n, 1);
}

static bool clip_same(const ofz_fold *f, const ofz_node *n)
{
    (void)f;
    for (size_t i = 1; i < n->in_count; i++)
        if (n->in[i]) return false;
    return n->opset >= 11;
}

static const struct rule {
    const char *op_type;
    same_fn    *same;
} rules[] = {
    { "Identity", always },
    { "Dropout", dropout_same },
    { "Cast", cast_same },
    { "CastLike", type_same },
    { "Reshape", reshape_same },
    { "Squeeze", reshape_same },
    { "Flatten", flatten_same },
    { "Flatten", reshape_same },
    { "Unsqueeze", reshape_same },
    { "Slice", slice_same },
    { "Transpose", transpose_same },
    { "Pad", pad_same },
    { "Expand", expand_same },
    { "Tile", tile_same },
    { "Concat", one_input },
    { "Sum", one_input },
    { "Max", one_input },
    { "Min", one_input },
    { "Mean", one_input },
    { "Split", split_same },
    { "Add", zero_same },
    { "Sub", zero_same },
    { "Mul", one_same },
    { "Div", one_same },
    { "Pow", one_same },
    { "Clip", clip_same },
};

/* 0 + x and 1 * x. */
static bool left_neutral(const ofz_fold *f, const ofz_node *n)
{
    const ofz_tensor *c    = n->in_count == 2 ? ofz_fold_constant(f, n->in[0]) : NULL;
    const bool        plus = !strcmp(n->op_type, "Add"), times = !strcmp(n->op_type, "Mul");

    if (!c || n->domain[0] || !(plus || times) || !n->in[1]) return false;
    return keeps_type(n, n->in[1], c) && ofz_fold_all(c, plus ? 0 : 1);
}

static ofz_value *same_as(const ofz_fold *f, const ofz_node *n)
{
    if (n->domain[0] || !n->in_count || !n->in[0] || !n->out_count || !n->out[0]) return NULL;
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (!strcmp(rules[i].op_type, n->op_type) && ofz_fold_row(f, n) && rules[i].same(f, n))
            return n->in[0];
    return left_neutral(f, n) ? n->in[1] : NULL;
}

/* Flags (scratch) what depends on something that trains. */
static void flag_region(const ofz_fold *f, ofz_graph *g)
{
    for (size_t i = 0; i < g->value.count; i++) {
        ofz_value *v = g->value.item[i];

        v->scratch = v->constant && ofz_fold_varies(f, v);
    }
    for (size_t i = 0; i < g->node.count; i++) {
        const ofz_node *n  = g->node.item[i];
        int             on = 0;

        for (size_t k = 0; k < n->in_count; k++) on |= n->in[k] ? n->in[k]->scratch : 0;
        for (size_t k = 0; on && k < n->out_count; k++)
            if (n->out[k]) n->out[k]->scratch = 1;
    }
}

ofz_status ofz_fold_clean(ofz_fold *f, ofz_graph *g)
{
    bool done;

    if (f->trains) flag_region(f, g);
    for (size_t i = 0; i < g->node.count; i++) {
        ofz_node  *n = g->node.item[i];
        ofz_value *x = n->removed ? NULL : same_as(f, n);

        if (x) OFZ_TRY(ofz_fold_bypass(f, n, x, &done));
    }
    drop_unread(f, g);
    return OFZ_OK;
}
