/* ops_index_topk.c - TopK. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "ops/move.h"

typedef struct topk_attrs {
    int64_t axis, k, largest, sorted; /* before version 11 the last two stay 0 */
} topk_attrs;

static ofz_status topk_infer_k(ofz_infer_call *c, int64_t k)
{
    const topk_attrs     *a   = c->attrs;
    const ofz_tensor     *in  = c->in[0];
    const ofz_dtype_class cls = ofz_dtype_get(in->dtype)->cls;
    int64_t               dim[OFZ_MAX_RANK];
    int                   axis;

    if (cls == OFZ_CLASS_STRING || cls == OFZ_CLASS_COMPLEX)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "input 0: %s, want numbers",
                        ofz_dtype_name(in->dtype));
    if (k < 0 && !OFZ_IS_SYMBOL(k))
        return ofz_fail(c->ctx, OFZ_E_MODEL, "k: %" PRId64 ", want 0 or more", k);
    if (in->rank < 0) {
        OFZ_TRY(ofz_infer_unknown(c, 0, in->dtype));
        return ofz_infer_unknown(c, 1, OFZ_I64);
    }
    OFZ_TRY(ofz_axis(c->ctx, a->axis, in->rank, &axis));
    if (in->dim[axis] >= 0 && k > in->dim[axis])
        return ofz_fail(c->ctx, OFZ_E_MODEL, "k: %" PRId64 ", want at most %" PRId64, k,
                        in->dim[axis]);
    memcpy(dim, in->dim, (size_t)in->rank * sizeof *dim);
    dim[axis] = k;
    OFZ_TRY(ofz_infer_set(c, 0, in->dtype, in->rank, dim));
    return ofz_infer_set(c, 1, OFZ_I64, in->rank, dim);
}

static ofz_status topk_infer(ofz_infer_call *c)
{
    const int64_t *k;
    int64_t        count;

    OFZ_TRY(ofz_want_ints(c, 1, false));
    OFZ_TRY(ofz_want_scalar(c, 1));
    return topk_infer_k(c, ofz_infer_dims(c, 1, &k, &count) ? k[0] : ofz_infer_fresh(c));
}

static ofz_status topk1_infer(ofz_infer_call *c)
{
    return topk_infer_k(c, ((const topk_attrs *)c->attrs)->k);
}

/* One candidate: a key whose unsigned order is the order wanted, smaller first, and where it was.
 * */
typedef struct entry {
    uint64_t key;
    int64_t  at;
} entry;

/* Floats by the usual reflection of their bits; NaN counts as the largest number, as in PyTorch. */
static uint64_t order_key(const ofz_tensor *t, int64_t i)
{
    const uint64_t top = (uint64_t)1 << 63;
    uint64_t       u;
    double         x;

    if (t->dtype == OFZ_U64) return ((const uint64_t *)t->data)[i];
    if (!ofz_dtype_is_float(t->dtype)) return (uint64_t)ofz_elem_i64(t->dtype, t->data, i) ^ top;
    x = ofz_elem_f64(t->dtype, t->data, i);
    if (x != x) return UINT64_MAX;
    if (x == 0) x = 0; /* both zeros are equal */
    memcpy(&u, &x, sizeof u);
    return u & top ? ~u : u | top;
}

/* Equal keys: the earlier element first. */
static bool entry_after(entry a, entry b)
{
    return a.key > b.key || (a.key == b.key && a.at > b.at);
}

/* Restore the heap (largest on top) below `i`. */
static void heap_sink(entry *heap, int64_t n, int64_t i)
{
    const entry moving = heap[i];

    for (int64_t child = 2 * i + 1; child < n; child = 2 * i + 1) {
        if (child + 1 < n && entry_after(heap[child + 1], heap[child])) child++;
        if (!entry_after(heap[child], moving)) break;
        heap[i] = heap[child];
        i       = child;
    }
    heap[i] = moving;
}

/* The k first of a lane of n elements with stride `step` from `base`, in order. */
static void lane_select(const ofz_tensor *t, int64_t base, int64_t step, int64_t n, bool largest,
                        int64_t k, entry *heap)
{
    for (int64_t i = 0; i < n; i++) {
        const uint64_t key = order_key(t, base + i * step);
        const entry    e   = { largest ? ~key : key, i };

        if (i < k) {
            heap[i] = e;
            if (i == k - 1)
                for (int64_t p = k / 2 - 1; p >= 0; p--) heap_sink(heap, k, p);
        } else if (entry_after(heap[0], e)) {
            heap[0] = e;
            heap_sink(heap, k, 0);
        }
    }
    for (int64_t m = k - 1; m > 0; m--) {
        const entry last = heap[0];

        heap[0] = heap[m];
        heap[m] = last;
        heap_sink(heap, m, 0);
    }
}

/* Sorted whether asked to be or not: a promise of the operator that costs little. */
static ofz_status topk_eval_as(ofz_eval_call *c, bool largest)
{
    const topk_attrs *a    = c->attrs;
    const ofz_tensor *in   = c->in[0];
    const ofz_tensor *like = c->out[0] ? c->out[0] : c->out[1];
    int64_t           outer, inner, n, k;
    entry            *heap;
    int               axis;

    if (!like || !like->count) return OFZ_OK;
    OFZ_TRY(ofz_axis(c->ctx, a->axis, in->rank, &axis));
    outer = ofz_tensor_span(in, 0, axis);
    inner = ofz_tensor_span(in, axis + 1, in->rank);
    n     = in->dim[axis];
    k     = like->dim[axis];
    OFZ_TRY(ofz_scratch(c->ctx, k, sizeof *heap, &heap));
    if (c->out[0]) ofz_move_clear(c->out[0]);
    for (int64_t lane = 0; lane < outer * inner; lane++) {
        const int64_t o = lane / inner, r = lane % inner, base = o * n * inner + r;

        lane_select(in, base, inner, n, largest, k, heap);
        for (int64_t j = 0; j < k; j++) {
            const int64_t to = (o * k + j) * inner + r;

            if (c->out[0])
                ofz_copy_run(ofz_bits(in->dtype), in->data, base + heap[j].at * inner,
                             c->out[0]->data, to, 1);
            if (c->out_count > 1 && c->out[1]) ((int64_t *)c->out[1]->data)[to] = heap[j].at;
        }
    }
    free(heap);
    return OFZ_OK;
}

static ofz_status topk_eval(ofz_eval_call *c)
{
    return topk_eval_as(c, ((const topk_attrs *)c->attrs)->largest != 0);
}

/* Before version 11 there was only the largest. */
static ofz_status topk1_eval(ofz_eval_call *c)
{
    return topk_eval_as(c, true);
}

/* The values were gathered along the axis, by the indices that are output 1. */
static ofz_status topk_grad(ofz_grad_call *g)
{
    const topk_attrs *a = g->attrs;
    ofz_value *in[] = { g->dy[0], g->node->in[0], g->node->out_count > 1 ? g->node->out[1] : NULL };
    ofz_attr   axis = { .name = "axis", .type = OFZ_ATTR_INT, .u.i = a->axis };

    if (!g->need[0] || !g->dy[0]) return OFZ_OK;
    if (!in[2])
        return ofz_fail(g->ctx, OFZ_E_UNSUPPORTED,
                        "gradient: output 1 is missing, want the indices");
    return ofz_emit_attrs(g, "ofz", "GatherElementsGrad", 1, &axis, 3, in, 1, &g->dx[0]);
}

/* --- the table -------------------------------------------------------------------------------- */

static const ofz_attr_def topk1_def[] = {
    { "axis", OFZ_ATTR_INT, offsetof(topk_attrs, axis), .i = -1 },
    { "k", OFZ_ATTR_INT, offsetof(topk_attrs, k), .required = true },
    { 0 },
};
static const ofz_attr_def topk10_def[] = {
    { "axis", OFZ_ATTR_INT, offsetof(topk_attrs, axis), .i = -1 },
    { 0 },
};
static const ofz_attr_def topk11_def[] = {
    { "axis", OFZ_ATTR_INT, offsetof(topk_attrs, axis), .i = -1 },
    { "largest", OFZ_ATTR_INT, offsetof(topk_attrs, largest), .i = 1 },
    { "sorted", OFZ_ATTR_INT, offsetof(topk_attrs, sorted), .i = 1 },
    { 0 },
};

#define TOPK(v)                                                                                    \
    {                                                                                              \
        "TopK", v, { 2, 2 }, { 2, 2 }, OFZ_OP_PURE, topk11_def, sizeof(topk_attrs), topk_infer,    \
            topk_eval, topk_grad, "xi"                                                             \
    }

static const ofz_op rows[] = {
    { "TopK",
      1,
      { 1, 1 },
      { 2, 2 },
      OFZ_OP_PURE,
      topk1_def,
      sizeof(topk_attrs),
      topk1_infer,
      topk1_eval,
      topk_grad },
    { "TopK",
      10,
      { 2, 2 },
      { 2, 2 },
      OFZ_OP_PURE,
      topk10_def,
      sizeof(topk_attrs),
      topk_infer,
      topk1_eval,
      topk_grad,
      "xi" },
    TOPK(11),
    TOPK(24),
    { 0 },
};
OFZ_OP_TABLE(index_topk, rows);
