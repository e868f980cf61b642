/* ops_index_select.c - rows whose result depends on which elements hold what: OneHot, NonZero,
 * Compress, Unique. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/threads.h"
#include "kernel/slices.h"
#include "ops/places.h"

typedef struct axis_attrs {
    int64_t axis, sorted;
} axis_attrs;

/* --- OneHot ----------------------------------------------------------------------------------- */

/* The new axis, within the rank that the output will have. */
static ofz_status onehot_infer(ofz_infer_call *c)
{
    const axis_attrs *a     = c->attrs;
    const ofz_tensor *index = c->in[0], *depth = c->in[1], *values = c->in[2];
    int64_t           dim[OFZ_MAX_RANK + 1], n, ignored;
    int               axis, from = 0;

    OFZ_TRY(ofz_want_scalar(c, 1));
    OFZ_TRY(ofz_want_rank(c, 2, 1));
    if (values->rank == 1) OFZ_TRY(ofz_unify(c->ctx, "values", 2, values->dim[0], &ignored));
    if (index->dtype == OFZ_STRING || depth->dtype == OFZ_STRING)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "indices and depth: strings, want numbers");
    if (index->rank < 0) return ofz_infer_unknown(c, 0, values->dtype);
    OFZ_TRY(ofz_axis(c->ctx, a->axis, index->rank + 1, &axis));
    n = depth->data && depth->dtype ? ofz_elem_i64(depth->dtype, depth->data, 0)
                                    : ofz_infer_fresh(c);
    if (n < 0 && !OFZ_IS_SYMBOL(n))
        return ofz_fail(c->ctx, OFZ_E_MODEL, "depth: %" PRId64 ", want 0 or more", n);
    for (int i = 0; i <= index->rank; i++) dim[i] = i == axis ? n : index->dim[from++];
    return ofz_infer_set(c, 0, values->dtype, index->rank + 1, dim);
}

/* Where index element i switches an element of the output on; -1 for an index outside [-depth,
 * depth). */
static int64_t onehot_place(const ofz_tensor *index, int64_t i, int64_t depth, int64_t inner)
{
    int64_t k = ofz_elem_i64(index->dtype, index->data, i);

    if (k < -depth || k >= depth) return -1;
    if (k < 0) k += depth;
    return (i / inner * depth + k) * inner + i % inner;
}

static ofz_status onehot_eval(ofz_eval_call *c)
{
    const axis_attrs *a     = c->attrs;
    const ofz_tensor *index = c->in[0], *values = c->in[2];
    ofz_tensor       *out  = c->out[0];
    const int         bits = ofz_bits(values->dtype);
    int64_t           inner, at;
    int               axis;

    OFZ_TRY(ofz_axis(c->ctx, a->axis, out->rank, &axis));
    inner = ofz_tensor_span(out, axis + 1, out->rank);
    ofz_move_clear(out);
    ofz_copy_fill(bits, values->data, 0, out->data, 0, out->count);
    for (int64_t i = 0; i < index->count && out->count; i++) {
        at = onehot_place(index, i, out->dim[axis], inner);
        if (at >= 0) ofz_copy_run(bits, values->data, 1, out->data, at, 1);
    }
    return ofz_move_own(c->ctx, out);
}

/* Only the two values have a gradient: ofz.OneHotGrad(dy, indices) -> [sum where off, sum where
 * on]. */
static ofz_status onehot_grad(ofz_grad_call *g)
{
    ofz_value *in[] = { g->dy[0], g->node->in[0] };

    return g->need[2] ? ofz_emit_grad(g, "OneHotGrad", 2, in, &g->dx[2]) : OFZ_OK;
}

static ofz_status onehot_grad_infer(ofz_infer_call *c)
{
    const int64_t two = 2;

    return ofz_infer_set(c, 0, c->in[0]->dtype, 1, &two);
}

/* Summed in double. */
static ofz_status onehot_grad_eval(ofz_eval_call *c)
{
    const axis_attrs *a  = c->attrs;
    const ofz_tensor *dy = c->in[0], *index = c->in[1];
    double            all = 0, on = 0;
    int64_t           inner, at;
    int               axis;

    OFZ_TRY(ofz_axis(c->ctx, a->axis, dy->rank, &axis));
    inner = ofz_tensor_span(dy, axis + 1, dy->rank);
    if (index->rank != dy->rank - 1 || (dy->count && index->count * dy->dim[axis] != dy->count))
        return ofz_fail(c->ctx, OFZ_E_MODEL, "input 1: not the shape of input 0 without its axis");
    for (int64_t i = 0; i < dy->count; i++) all += ofz_elem_f64(dy->dtype, dy->data, i);
    for (int64_t i = 0; i < index->count && dy->count; i++) {
        at = onehot_place(index, i, dy->dim[axis], inner);
        if (at >= 0) on += ofz_elem_f64(dy->dtype, dy->data, at);
    }
    ofz_elem_set_f64(dy->dtype, c->out[0]->data, 0, all - on);
    ofz_elem_set_f64(dy->dtype, c->out[0]->data, 1, on);
    return OFZ_OK;
}

/* --- NonZero ---------------------------------------------------------------------------------- */

static ofz_status nonzero_infer(ofz_infer_call *c)
{
    int64_t dim[2] = { c->in[0]->rank, ofz_infer_fresh(c) };

    if (c->in[0]->rank < 0) return ofz_infer_rank(c, 0, OFZ_I64, 2);
    return ofz_infer_set(c, 0, OFZ_I64, 2, dim);
}

/* Strings count when they are not empty; NaN is not zero. */
static bool is_nonzero(const ofz_tensor *t, int64_t i)
{
    if (t->dtype == OFZ_STRING) return ((const ofz_string *)t->data)[i].size != 0;
    if (t->dtype == OFZ_C64)
        return ((const ofz_c64 *)t->data)[i].re != 0 || ((const ofz_c64 *)t->data)[i].im != 0;
    if (t->dtype == OFZ_C128)
        return ((const ofz_c128 *)t->data)[i].re != 0 || ((const ofz_c128 *)t->data)[i].im != 0;
    if (ofz_dtype_is_float(t->dtype)) return ofz_elem_f64(t->dtype, t->data, i) != 0;
    return ofz_elem_i64(t->dtype, t->data, i) != 0;
}

static ofz_status nonzero_eval(ofz_eval_call *c)
{
    const ofz_tensor *x      = c->in[0];
    int64_t           dim[2] = { x->rank, 0 }, k = 0, *y;

    for (int64_t i = 0; i < x->count; i++) dim[1] += is_nonzero(x, i);
    OFZ_TRY(ofz_eval_output(c, 0, OFZ_I64, 2, dim));
    y = c->out[0]->data;
    for (int64_t i = 0; i < x->count; i++) {
        int64_t left = i;

        if (!is_nonzero(x, i)) continue;
        for (int a = x->rank - 1; a >= 0; a--) {
            y[a * dim[1] + k] = left % x->dim[a];
            left /= x->dim[a];
        }
        k++;
    }
    return OFZ_OK;
}

/* --- Compress --------------------------------------------------------------------------------- */

/* Without the attribute the input counts as flat. */
static ofz_status compress_axis(ofz_ctx *ctx, const ofz_node *n, const axis_attrs *a, int rank,
                                int *axis)
{
    *axis = -1;
    return ofz_node_attr(n, "axis") ? ofz_axis(ctx, a->axis, rank, axis) : OFZ_OK;
}

static ofz_status want_bool(ofz_infer_call *c, int k)
{
    if (!c->in[k]->dtype || c->in[k]->dtype == OFZ_BOOL) return OFZ_OK;
    return ofz_fail(c->ctx, OFZ_E_MODEL, "input %d: %s, want bool", k,
                    ofz_dtype_name(c->in[k]->dtype));
}

static ofz_status compress_infer(ofz_infer_call *c)
{
    const ofz_tensor *in = c->in[0];
    int64_t           dim[OFZ_MAX_RANK];
    int               axis;

    OFZ_TRY(ofz_want_rank(c, 1, 1));
    OFZ_TRY(want_bool(c, 1));
    if (!ofz_node_attr(c->node, "axis")) return ofz_infer_rank(c, 0, in->dtype, 1);
    if (in->rank < 0) return ofz_infer_unknown(c, 0, in->dtype);
    OFZ_TRY(compress_axis(c->ctx, c->node, c->attrs, in->rank, &axis));
    memcpy(dim, in->dim, (size_t)in->rank * sizeof *dim);
    dim[axis] = ofz_infer_fresh(c);
    return ofz_infer_set(c, 0, in->dtype, in->rank, dim);
}

/* The positions that the condition chooses, as an index tensor, and the input as the shape that
 * they count in. */
static ofz_status compress_places(ofz_ctx *ctx, const ofz_node *n, const axis_attrs *a,
                                  const ofz_tensor *data, const ofz_tensor *condition,
                                  ofz_tensor *flat, int *axis, ofz_tensor *chosen, ofz_places *p)
{
    const uint8_t *bit   = condition->data;
    int64_t        count = 0, k = 0;

    *flat = *data;
    OFZ_TRY(compress_axis(ctx, n, a, data->rank, axis));
    if (*axis < 0) {
        flat->rank   = 1;
        flat->dim[0] = data->count;
        *axis        = 0;
    }
    for (int64_t i = 0; i < condition->count; i++) count += bit[i] != 0;
    OFZ_TRY(ofz_tensor_new(ctx, chosen, OFZ_I64, 1, &count));
    for (int64_t i = 0; i < condition->count; i++)
        if (bit[i]) ((int64_t *)chosen->data)[k++] = i;
    return ofz_places_axis(ctx, flat, chosen, *axis, p);
}

static ofz_status compress_eval(ofz_eval_call *c)
{
    const ofz_tensor *in     = c->in[0];
    ofz_tensor        chosen = { 0 }, flat;
    ofz_places        p      = { 0 };
    ofz_status        st     = OFZ_OK;
    int               axis;

    OFZ_GOTO(compress_places(c->ctx, c->node, c->attrs, in, c->in[1], &flat, &axis, &chosen, &p));
    flat.dim[axis] = chosen.count;
    OFZ_GOTO(ofz_eval_output(c, 0, in->dtype, flat.rank, flat.dim));
    ofz_move_clear(c->out[0]);
    ofz_slices_gather(ofz_bits(in->dtype), p.n, p.inner, p.at, in->data, c->out[0]->data,
                      ofz_threads(c->ctx));
    st = ofz_move_own(c->ctx, c->out[0]);
done:
    ofz_tensor_release(&chosen);
    ofz_places_free(&p);
    return st;
}

static ofz_status compress_grad(ofz_grad_call *g)
{
    ofz_value *in[] = { g->dy[0], g->node->in[0], g->node->in[1] };

    return g->need[0] ? ofz_emit_grad(g, "CompressGrad", 3, in, &g->dx[0]) : OFZ_OK;
}

static ofz_status compress_grad_infer(ofz_infer_call *c)
{
    OFZ_TRY(want_bool(c, 2));
    return ofz_infer_set(c, 0, c->in[0]->dtype, c->in[1]->rank, c->in[1]->dim);
}

static ofz_status compress_grad_eval(ofz_eval_call *c)
{
    const ofz_tensor *dy     = c->in[0];
    ofz_tensor        chosen = { 0 }, flat;
    ofz_places        p      = { 0 };
    ofz_status        st     = OFZ_OK;
    int               axis;

    OFZ_GOTO(
        compress_places(c->ctx, c->node, c->attrs, c->in[1], c->in[2], &flat, &axis, &chosen, &p));
    if (p.n && p.n * p.inner != dy->count)
        OFZ_GOTO(ofz_fail(c->ctx, OFZ_E_MODEL, "input 0: %" PRId64 " elements, want %" PRId64,
                          dy->count, p.n * p.inner));
    if (c->out[0]->size) memset(c->out[0]->data, 0, c->out[0]->size);
    ofz_slices_scatter(ofz_bits(dy->dtype), p.n, p.inner, p.at, dy->data, c->out[0]->data);
done:
    ofz_tensor_release(&chosen);
    ofz_places_free(&p);
    return st;
}

/* --- Unique ----------------------------------------------------------------------------------- */

static ofz_status unique_infer(ofz_infer_call *c)
{
    const axis_attrs *a       = c->attrs;
    const ofz_tensor *in      = c->in[0];
    const bool        by_axis = ofz_node_attr(c->node, "axis") != NULL;
    const int64_t     n       = ofz_infer_fresh(c);
    int64_t           dim[OFZ_MAX_RANK], all;
    int               axis;

    for (int k = 1; k < 4; k++) OFZ_TRY(ofz_infer_set(c, k, OFZ_I64, 1, &n));
    if (!by_axis) {
        all = in->rank >= 0 && in->count >= 0 ? in->count : ofz_infer_fresh(c);
        OFZ_TRY(ofz_infer_set(c, 2, OFZ_I64, 1, &all));
        return ofz_infer_set(c, 0, in->dtype, 1, &n);
    }
    if (in->rank < 0) {
        OFZ_TRY(ofz_infer_rank(c, 2, OFZ_I64, 1));
        return ofz_infer_unknown(c, 0, in->dtype);
    }
    OFZ_TRY(ofz_axis(c->ctx, a->axis, in->rank, &axis));
    OFZ_TRY(ofz_infer_set(c, 2, OFZ_I64, 1, &in->dim[axis]));
    memcpy(dim, in->dim, (size_t)in->rank * sizeof *dim);
    dim[axis] = n;
    return ofz_infer_set(c, 0, in->dtype, in->rank, dim);
}

/* Items to be compared: item i is x[o, i, k] for all o and k. */
typedef struct items {
    const ofz_tensor *x;
    int64_t           outer, count, inner;
} items;

/* NaN is larger than all numbers and equal to itself, so that the order is total. */
static int number_compare(double a, double b)
{
    if (a != a || b != b) return (a != a) - (b != b);
    return (a > b) - (a < b);
}

/* Complex numbers stand in the order of their real parts, then of their imaginary ones, as in numpy. */
static int complex_compare(const ofz_tensor *t, int64_t i, int64_t j)
{
    const ofz_c64  *n = t->data;
    const ofz_c128 *w = t->data;
    const int       c = t->dtype == OFZ_C64 ? number_compare((double)n[i].re, (double)n[j].re)
                                            : number_compare(w[i].re, w[j].re);

    if (c) return c;
    return t->dtype == OFZ_C64 ? number_compare((double)n[i].im, (double)n[j].im)
                               : number_compare(w[i].im, w[j].im);
}

/* -1, 0, 1. */
static int element_compare(const ofz_tensor *t, int64_t i, int64_t j)
{
    if (t->dtype == OFZ_STRING) {
        const ofz_string a = ((const ofz_string *)t->data)[i], b = ((const ofz_string *)t->data)[j];
        const size_t     n = a.size < b.size ? a.size : b.size;
        const int        c = n ? memcmp(a.text, b.text, n) : 0;

        return c ? c : (a.size > b.size) - (a.size < b.size);
    }
    if (t->dtype == OFZ_C64 || t->dtype == OFZ_C128) return complex_compare(t, i, j);
    if (ofz_dtype_is_float(t->dtype)) {
        return number_compare(ofz_elem_f64(t->dtype, t->data, i),
                              ofz_elem_f64(t->dtype, t->data, j));
    } else {
        const int64_t a = ofz_elem_i64(t->dtype, t->data, i),
                      b = ofz_elem_i64(t->dtype, t->data, j);

        if (t->dtype == OFZ_U64) return ((uint64_t)a > (uint64_t)b) - ((uint64_t)a < (uint64_t)b);
        return (a > b) - (a < b);
    }
}

static int item_compare(const items *s, int64_t i, int64_t j)
{
    if (!s->x->count) return 0; /* nothing to differ in */
    for (int64_t o = 0; o < s->outer; o++)
        for (int64_t k = 0; k < s->inner; k++) {
            const int c = element_compare(s->x, (o * s->count + i) * s->inner + k,
                                          (o * s->count + j) * s->inner + k);

            if (c) return c;
        }
    return 0;
}

/* Stable merge sort of order[0..n), bottom up. */
static void items_sort(const items *s, int64_t n, int64_t *order, int64_t *room)
{
    for (int64_t width = 1; width < n; width *= 2) {
        for (int64_t from = 0; from < n; from += 2 * width) {
            const int64_t mid = from + width < n ? from + width : n;
            const int64_t to  = mid + width < n ? mid + width : n;
            int64_t       a = from, b = mid, k = from;

            while (a < mid || b < to)
                room[k++] = b >= to || (a < mid && item_compare(s, order[a], order[b]) <= 0)
                                ? order[a++]
                                : order[b++];
        }
        memcpy(order, room, (size_t)n * sizeof *order);
    }
}

/* The groups of equal items. All lists have s->count numbers.
 *   first[g], count[g]  of group g: its first item, its items; groups in the order that `sorted`
 * asks for   group[i]            of item i
 * Returns how many groups there are. */
static ofz_status unique_groups(ofz_ctx *ctx, const items *s, bool sorted, int64_t *first,
                                int64_t *count, int64_t *group, int64_t *out)
{
    int64_t   *order = NULL, *room = NULL, groups = 0;
    ofz_status st = OFZ_OK;

    OFZ_GOTO(ofz_scratch(ctx, s->count, sizeof *order, &order));
    OFZ_GOTO(ofz_scratch(ctx, s->count, sizeof *room, &room));
    for (int64_t i = 0; i < s->count; i++) order[i] = i;
    items_sort(s, s->count, order, room);
    for (int64_t i = 0; i < s->count; i++) {
        if (i == 0 || item_compare(s, order[i - 1], order[i])) {
            first[groups]   = order[i]; /* the sort is stable: the earliest of its equals */
            count[groups++] = 0;
        }
        count[groups - 1]++;
        group[order[i]] = groups - 1;
    }
    if (!sorted) { /* renumber by first appearance */
        for (int64_t g = 0; g < groups; g++) room[g] = -1;
        memcpy(order, count, (size_t)groups * sizeof *order);
        groups = 0;
        for (int64_t i = 0; i < s->count; i++) {
            const int64_t old = group[i];

            if (room[old] < 0) {
                first[groups] = i;
                count[groups] = order[old];
                room[old]     = groups++;
            }
            group[i] = room[old];
        }
    }
    *out = groups;
done:
    free(order);
    free(room);
    return st;
}

static ofz_status unique_list(ofz_eval_call *c, int k, int64_t n, const int64_t *from)
{
    if (k >= c->out_count || !c->out[k]) return OFZ_OK;
    OFZ_TRY(ofz_eval_output(c, k, OFZ_I64, 1, &n));
    if (n) memcpy(c->out[k]->data, from, (size_t)n * sizeof *from);
    return OFZ_OK;
}

static ofz_status unique_outputs(ofz_eval_call *c, const items *s, bool by_axis, int axis,
                                 int64_t groups, const int64_t *first, const int64_t *count,
                                 const int64_t *group)
{
    const ofz_tensor *x                 = c->in[0];
    int64_t           dim[OFZ_MAX_RANK] = { groups };

    if (by_axis) memcpy(dim, x->dim, (size_t)x->rank * sizeof *dim);
    if (by_axis) dim[axis] = groups;
    if (c->out[0]) {
        OFZ_TRY(ofz_eval_output(c, 0, x->dtype, by_axis ? x->rank : 1, dim));
        ofz_move_clear(c->out[0]);
        for (int64_t o = 0; o < s->outer && x->count; o++)
            for (int64_t g = 0; g < groups; g++)
                ofz_copy_run(ofz_bits(x->dtype), x->data, (o * s->count + first[g]) * s->inner,
                             c->out[0]->data, (o * groups + g) * s->inner, s->inner);
        OFZ_TRY(ofz_move_own(c->ctx, c->out[0]));
    }
    OFZ_TRY(unique_list(c, 1, groups, first));
    OFZ_TRY(unique_list(c, 2, s->count, group));
    return unique_list(c, 3, groups, count);
}

static ofz_status unique_eval(ofz_eval_call *c)
{
    const axis_attrs *a       = c->attrs;
    const ofz_tensor *x       = c->in[0];
    const bool        by_axis = ofz_node_attr(c->node, "axis") != NULL;
    items             s       = { x, 1, x->count, 1 };
    int64_t          *list    = NULL, groups;
    int               axis    = 0;
    ofz_status        st      = OFZ_OK;

    if (by_axis) {
        OFZ_TRY(ofz_axis(c->ctx, a->axis, x->rank, &axis));
        s.outer = ofz_tensor_span(x, 0, axis);
        s.count = x->dim[axis];
        s.inner = ofz_tensor_span(x, axis + 1, x->rank);
    }
    if (s.count > INT64_MAX / 64)
        return ofz_fail(c->ctx, OFZ_E_LIMIT, "input 0: %" PRId64 " items", s.count);
    OFZ_TRY(ofz_scratch(c->ctx, 3 * s.count, sizeof *list, &list));
    OFZ_GOTO(unique_groups(c->ctx, &s, a->sorted != 0, list, list + s.count, list + 2 * s.count,
                           &groups));
    st = unique_outputs(c, &s, by_axis, axis, groups, list, list + s.count, list + 2 * s.count);
done:
    free(list);
    return st;
}

/* --- the table -------------------------------------------------------------------------------- */

#define PURE    OFZ_OP_PURE
#define DYNAMIC (OFZ_OP_PURE | OFZ_OP_DYNAMIC)
#define SIZE    sizeof(axis_attrs)

static const ofz_attr_def axis_def[] = {
    { "axis", OFZ_ATTR_INT, offsetof(axis_attrs, axis) },
    { 0 },
};
static const ofz_attr_def onehot_def[] = {
    { "axis", OFZ_ATTR_INT, offsetof(axis_attrs, axis), .i = -1 },
    { 0 },
};
static const ofz_attr_def unique_def[] = {
    { "axis", OFZ_ATTR_INT, offsetof(axis_attrs, axis) },
    { "sorted", OFZ_ATTR_INT, offsetof(axis_attrs, sorted), .i = 1 },
    { 0 },
};

#define COMPRESS(v)                                                                                \
    {                                                                                              \
        "Compress", v, { 2, 2 }, { 1, 1 }, DYNAMIC, axis_def, SIZE, compress_infer, compress_eval, \
            compress_grad, "xi"                                                                    \
    }
#define NONZERO(v)                                                                                 \
    {                                                                                              \
        "NonZero", v, { 1, 1 }, { 1, 1 }, DYNAMIC, NULL, 0, nonzero_infer, nonzero_eval            \
    }
#define ONEHOT(v)                                                                                  \
    {                                                                                              \
        "OneHot", v, { 3, 3 }, { 1, 1 }, PURE, onehot_def, SIZE, onehot_infer, onehot_eval,        \
            onehot_grad, "iix"                                                                     \
    }

static const ofz_op rows[] = {
    COMPRESS(9),
    COMPRESS(11),
    NONZERO(9),
    NONZERO(13),
    ONEHOT(9),
    ONEHOT(11),
    { "Unique", 11, { 1, 1 }, { 1, 4 }, DYNAMIC, unique_def, SIZE, unique_infer, unique_eval },
    { "CompressGrad",
      1,
      { 3, 3 },
      { 1, 1 },
      PURE,
      axis_def,
      SIZE,
      compress_grad_infer,
      compress_grad_eval,
      .domain = "ofz" },
    { "OneHotGrad",
      1,
      { 2, 2 },
      { 1, 1 },
      PURE,
      onehot_def,
      SIZE,
      onehot_grad_infer,
      onehot_grad_eval,
      .domain = "ofz" },
    { 0 },
};
OFZ_OP_TABLE(index_select, rows);
