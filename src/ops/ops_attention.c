/* ops_attention.c - Attention and its gradient.
 * Source: ONNX Operators.md, Attention. */
#include "ops/op.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "kernel/attention.h"
#include "ops/floats.h"
#include "ops/move.h"

typedef struct attention_attrs {
    float   scale, softcap;
    int64_t is_causal, kv_num_heads, q_num_heads, qk_matmul_output_mode;
    int64_t left, right; /* window sizes; see window_of */
    int64_t wrt;         /* of the gradient row: bit i asks for the gradient of input i */
} attention_attrs;

enum { Q, K, V, MASK, PAST_K, PAST_V, LENGTHS, INPUTS };

/* --- shapes ----------------------------------------------------------------------------------- */

typedef struct shape {
    bool    flat; /* heads lie side by side in a rank of 3 */
    int64_t batch, q_heads, heads, rows, past, fresh_keys, keys, dim, value_dim;
} shape;

/* Unify t's dims with *dim[]; t may be absent or of unknown rank. */
static ofz_status dims_meet(ofz_infer_call *c, int k, int rank, int64_t **dim)
{
    static const char *const what[] = {
        "Q", "K", "V", "attn_mask", "past_key", "past_value", "nonpad_kv_seqlen"
    };
    const ofz_tensor *t = ofz_infer_in(c, k);

    if (!t || t->rank < 0) return OFZ_OK;
    OFZ_TRY(ofz_want_rank(c, k, rank));
    for (int i = 0; i < rank; i++) OFZ_TRY(ofz_unify(c->ctx, what[k], *dim[i], t->dim[i], dim[i]));
    return OFZ_OK;
}

/* Q, K or V as [batch, heads, rows, dim] in both of its forms. */
static ofz_status heads_meet(ofz_infer_call *c, int k, bool flat, int64_t count, int64_t *batch,
                             int64_t *heads, int64_t *rows, int64_t *dim)
{
    int64_t width = OFZ_SYMBOL(0), each;

    if (!flat) return dims_meet(c, k, 4, (int64_t *[]){ batch, heads, rows, dim });
    OFZ_TRY(dims_meet(c, k, 3, (int64_t *[]){ batch, rows, &width }));
    if (count < 1)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "number of heads: %" PRId64 ", want at least 1",
                        count);
    OFZ_TRY(ofz_unify(c->ctx, "number of heads", count, *heads, heads));
    if (width < 0) return OFZ_OK;
    if (width % count)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "input %d: width %" PRId64 ", want %" PRId64 " heads",
                        k, width, count);
    each = width / count;
    return ofz_unify(c->ctx, "head size", each, *dim, dim);
}

/* The mask broadcasts to [batch, heads, rows, keys]; its last axis may be shorter. */
static ofz_status mask_check(ofz_infer_call *c, const shape *s)
{
    const ofz_tensor *m      = ofz_infer_in(c, MASK);
    const int64_t     want[] = { s->batch, s->q_heads, s->rows };
    char              text[128];

    if (!m || m->rank < 0) return OFZ_OK;
    if (m->rank < 1 || m->rank > 4)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "attn_mask: rank %d, want 1 to 4", m->rank);
    for (int i = 0; i < m->rank; i++) {
        const int64_t d = m->dim[i], w = i < m->rank - 1 ? want[4 - m->rank + i] : s->keys;

        if (d < 0 || w < 0 || (i == m->rank - 1 ? d <= w : d == w || d == 1)) continue;
        return ofz_fail(c->ctx, OFZ_E_MODEL, "attn_mask: %s, want dim %d to be %" PRId64,
                        ofz_shape_text(text, sizeof text, m->rank, m->dim), i, w);
    }
    return OFZ_OK;
}

/* *known: the form is, so that outputs have a rank. */
static ofz_status shape_get(ofz_infer_call *c, shape *s, bool *known)
{
    const attention_attrs *a    = c->attrs;
    int                    rank = -1;
    int64_t                unknown[8];

    for (int k = Q; k <= V; k++)
        if (c->in[k]->rank >= 0) rank = c->in[k]->rank;
    *known = rank >= 0;
    if (!*known) return OFZ_OK;
    if (rank != 3 && rank != 4)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "Q: rank %d, want 3 or 4", rank);
    for (int i = 0; i < 8; i++) unknown[i] = ofz_infer_fresh(c);
    *s           = (shape){ rank == 3,  unknown[0], unknown[1], unknown[2], unknown[3],
                            unknown[4], unknown[5], unknown[7], unknown[6], unknown[6] };
    s->value_dim = ofz_infer_fresh(c);
    OFZ_TRY(heads_meet(c, Q, s->flat, a->q_num_heads, &s->batch, &s->q_heads, &s->rows, &s->dim));
    OFZ_TRY(
        heads_meet(c, K, s->flat, a->kv_num_heads, &s->batch, &s->heads, &s->fresh_keys, &s->dim));
    OFZ_TRY(heads_meet(c, V, s->flat, a->kv_num_heads, &s->batch, &s->heads, &s->fresh_keys,
                       &s->value_dim));
    OFZ_TRY(dims_meet(c, PAST_K, 4, (int64_t *[]){ &s->batch, &s->heads, &s->past, &s->dim }));
    OFZ_TRY(
        dims_meet(c, PAST_V, 4, (int64_t *[]){ &s->batch, &s->heads, &s->past, &s->value_dim }));
    OFZ_TRY(dims_meet(c, LENGTHS, 1, (int64_t *[]){ &s->batch }));
    if (!ofz_infer_in(c, PAST_K) && !ofz_infer_in(c, PAST_V)) s->past = 0;
    if (!s->past)
        s->keys = s->fresh_keys;
    else if (s->past > 0 && s->fresh_keys >= 0 && !ofz_add(s->past, s->fresh_keys, &s->keys))
        return ofz_fail(c->ctx, OFZ_E_LIMIT, "past_key: too long");
    if (s->heads >= 0 && s->q_heads >= 0 && (s->heads ? s->q_heads % s->heads : s->q_heads))
        return ofz_fail(c->ctx, OFZ_E_MODEL,
                        "query heads: %" PRId64 ", want a multiple of %" PRId64, s->q_heads,
                        s->heads);
    return mask_check(c, s);
}

static ofz_status inputs_check(ofz_infer_call *c)
{
    const attention_attrs *a = c->attrs;

    OFZ_TRY(ofz_want_same_dtype(c, K));
    OFZ_TRY(ofz_want_same_dtype(c, PAST_K));
    OFZ_TRY(ofz_want_ints(c, LENGTHS, false));
    if (!ofz_infer_in(c, PAST_K) != !ofz_infer_in(c, PAST_V))
        return ofz_fail(c->ctx, OFZ_E_MODEL, "past_key, past_value: one, want both or none");
    if (a->qk_matmul_output_mode < 0 || a->qk_matmul_output_mode > 3)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "qk_matmul_output_mode: %" PRId64 ", want 0 to 3",
                        a->qk_matmul_output_mode);
    return OFZ_OK;
}

static ofz_status attention_infer(ofz_infer_call *c)
{
    const ofz_dtype q = c->in[Q]->dtype, v = c->in[V]->dtype;
    shape           s;
    bool            known;
    int64_t         width;

    OFZ_TRY(inputs_check(c));
    OFZ_TRY(shape_get(c, &s, &known));
    if (!known) {
        for (int k = 0; k < c->out_count; k++) OFZ_TRY(ofz_infer_unknown(c, k, k == 2 ? v : q));
        return OFZ_OK;
    }
    if (s.flat) {
        OFZ_TRY(ofz_dim_mul(c, s.q_heads, s.value_dim, &width));
        OFZ_TRY(ofz_infer_set(c, 0, q, 3, (int64_t[]){ s.batch, s.rows, width }));
    } else {
        OFZ_TRY(ofz_infer_set(c, 0, q, 4, (int64_t[]){ s.batch, s.q_heads, s.rows, s.value_dim }));
    }
    OFZ_TRY(ofz_infer_set(c, 1, q, 4, (int64_t[]){ s.batch, s.heads, s.keys, s.dim }));
    OFZ_TRY(ofz_infer_set(c, 2, v, 4, (int64_t[]){ s.batch, s.heads, s.keys, s.value_dim }));
    return ofz_infer_set(c, 3, q, 4, (int64_t[]){ s.batch, s.q_heads, s.rows, s.keys });
}

/* --- what a query may see --------------------------------------------------------------------- */

/* Mask, causality, lengths and window of one batch entry and head as numbers to add. */
typedef struct bias {
    bool           any;
    const int64_t *length;       /* of each batch entry's keys, or NULL */
    int64_t        mask_step[3]; /* of attn_mask along batch, head and row; 0 where it repeats */
    int64_t        mask_keys;
    double        *v; /* [rows, keys], owned */
    unsigned char *dead;
    int64_t        at, batch; /* what v holds; -1: nothing */
} bias;

static void bias_free(bias *b)
{
    free(b->v);
    free(b->dead);
}

/* -1, no bound, where the node does not have the attribute: before version 25, and by default. */
static int64_t window_of(const ofz_eval_call *c, const char *name, int64_t value)
{
    return ofz_node_attr(c->node, name) ? value : -1;
}

static int64_t left_of(const ofz_eval_call *c)
{
    return window_of(c, "left_window_size", ((const attention_attrs *)c->attrs)->left);
}

static int64_t right_of(const ofz_eval_call *c)
{
    return window_of(c, "right_window_size", ((const attention_attrs *)c->attrs)->right);
}

static ofz_status bias_new(ofz_eval_call *c, const shape *s, bias *b)
{
    const attention_attrs *a       = c->attrs;
    const ofz_tensor      *m       = ofz_eval_in(c, MASK);
    const ofz_tensor      *lengths = ofz_eval_in(c, LENGTHS);
    int64_t                count, step;

    *b     = (bias){ .at = -1, .batch = -1, .length = lengths ? lengths->data : NULL };
    b->any = m || b->length || a->is_causal || left_of(c) >= 0 || right_of(c) >= 0;
    for (int64_t i = 0; b->length && i < s->batch; i++)
        if (b->length[i] < 0 || b->length[i] > s->keys)
            return ofz_fail(c->ctx, OFZ_E_DATA,
                            "nonpad_kv_seqlen[%" PRId64 "]: %" PRId64 ", want 0 to %" PRId64, i,
                            b->length[i], s->keys);
    if (!b->any) return OFZ_OK;
    if (!ofz_mul(s->rows, s->keys, &count) || count > INT64_MAX / 16)
        return ofz_fail(c->ctx, OFZ_E_LIMIT, "scores: too many");
    if (m) {
        step = b->mask_keys = m->dim[m->rank - 1];
        for (int i = m->rank - 2, k = 2; i >= 0; i--, k--) {
            b->mask_step[k] = m->dim[i] == 1 ? 0 : step;
            step *= m->count ? m->dim[i] : 0;
        }
    }
    OFZ_TRY(ofz_scratch(c->ctx, count, sizeof *b->v, &b->v));
    return ofz_scratch(c->ctx, s->rows, 1, &b->dead);
}

static double mask_value(const ofz_tensor *m, int64_t i)
{
    switch (m->dtype) {
    case OFZ_F32:
        return (double)((const float *)m->data)[i];
    case OFZ_F64:
        return ((const double *)m->data)[i];
    case OFZ_BOOL:
        return ((const uint8_t *)m->data)[i] ? 0 : -(double)INFINITY;
    default:
        return (double)ofz_elem_i64(m->dtype, m->data, i);
    }
}

/* [*first, *last): the keys that causality, length and window leave to row i of batch entry n. What
 * precedes the first query counts: the past, or what the length says is there. */
static void keys_left(const ofz_eval_call *c, const shape *s, const bias *b, int64_t n, int64_t i,
                      int64_t *first, int64_t *last)
{
    const attention_attrs *a    = c->attrs;
    const int64_t          left = left_of(c), right = right_of(c);
    const int64_t          here = i + (ofz_eval_in(c, PAST_K) ? s->past
                                       : b->length            ? b->length[n] - s->rows
                                                              : 0);

    *first = left >= 0 && here > left ? here - left : 0;
    *last  = b->length ? b->length[n] : s->keys;
    if (a->is_causal && *last > here + 1) *last = here + 1;
    if (right >= 0 && right<s->keys && * last> here + right + 1) *last = here + right + 1;
}

static void bias_fill(const ofz_eval_call *c, const shape *s, bias *b, int64_t n, int64_t head)
{
    const ofz_tensor *m  = ofz_eval_in(c, MASK);
    const int64_t     at = n * b->mask_step[0] + head * b->mask_step[1];

    if (!b->any || (b->at == at && (b->batch == n || !b->length))) return;
    b->at    = at;
    b->batch = n;
    for (int64_t i = 0; i < s->rows; i++) {
        double *v    = b->v + i * s->keys;
        bool    dead = true;
        int64_t first, last;

        keys_left(c, s, b, n, i, &first, &last);
        if (m && last > b->mask_keys) last = b->mask_keys;
        for (int64_t j = 0; j < s->keys; j++) {
            v[j] = j < first || j >= last ? -(double)INFINITY
                   : m                    ? mask_value(m, at + i * b->mask_step[2] + j)
                                          : 0;
            if (!(v[j] <= -(double)INFINITY)) dead = false;
        }
        b->dead[i] = dead;
    }
}

/* --- eval ------------------------------------------------------------------------------------- */

/* Everything about one call: where heads begin, in elements of `size` bytes. */
typedef struct run {
    shape         s;
    bias          b;
    size_t        size;
    ofz_attention head;
    void         *k, *v, *p;         /* present key and value, [batch, heads, keys, ..]; scores */
    void         *k_owned, *v_owned; /* where they are not outputs */
} run;

static void run_free(run *r)
{
    bias_free(&r->b);
    free(r->p);
    free(r->k_owned);
    free(r->v_owned);
}

static void *at(const void *base, int64_t index, size_t size)
{
    return (char *)(uintptr_t)base + (size_t)index * size;
}

/* Rows of one head of Q, K, V or Y: where the first begins, and how far apart they are. */
static int64_t head_at(bool flat, int64_t n, int64_t head, int64_t heads, int64_t rows, int64_t dim)
{
    return flat ? (n * rows * heads + head) * dim : (n * heads + head) * rows * dim;
}

static int64_t row_step(bool flat, int64_t heads, int64_t dim)
{
    return flat ? heads * dim : dim;
}

/* Copy between K or V and its place in the present key or value; `back`: the other way. */
static void present_copy(const shape *s, size_t size, void *x, void *present, int64_t dim,
                         bool back)
{
    const int64_t step = row_step(s->flat, s->heads, dim);

    for (int64_t h = 0; h < s->batch * s->heads; h++)
        for (int64_t i = 0; i < s->fresh_keys; i++) {
            void *a =
                at(x,
                   head_at(s->flat, h / s->heads, h % s->heads, s->heads, s->fresh_keys, dim) +
                       i * step,
                   size);
            void *b = at(present, (h * s->keys + s->past + i) * dim, size);

            memcpy(back ? a : b, back ? b : a, (size_t)dim * size);
        }
}

static void past_copy(const shape *s, size_t size, void *past, void *present, int64_t dim,
                      bool back)
{
    const size_t bytes = (size_t)(s->past * dim) * size;

    for (int64_t h = 0; h < s->batch * s->heads; h++) {
        void *a = at(past, h * s->past * dim, size), *b = at(present, h * s->keys * dim, size);

        memcpy(back ? a : b, back ? b : a, bytes);
    }
}

/* K or V with the past before it: in the output, in the input itself, or in room of its own. */
static ofz_status present_get(ofz_eval_call *c, const run *r, int k, int past, ofz_tensor *out,
                              int64_t dim, void **data, void **owned)
{
    const shape *s = &r->s;

    *owned = NULL;
    *data  = c->in[k]->data;
    if (!out && !s->past && !s->flat) return OFZ_OK;
    if (!out) OFZ_TRY(ofz_scratch(c->ctx, s->batch * s->heads * s->keys * dim, r->size, owned));
    *data = out ? out->data : *owned;
    present_copy(s, r->size, c->in[k]->data, *data, dim, false);
    if (s->past) past_copy(s, r->size, c->in[past]->data, *data, dim, false);
    return OFZ_OK;
}

/* rooms: how many [rows, keys] of scores. run_free(r) also after a failure. */
static ofz_status run_new(ofz_eval_call *c, int in_count, int rooms, ofz_tensor *key,
                          ofz_tensor *value, run *r)
{
    const attention_attrs *a = c->attrs;
    ofz_infer_call         i = { .ctx      = c->ctx,
                                 .node     = c->node,
                                 .attrs    = a,
                                 .in_count = in_count,
                                 .in       = c->in,
                                 .fresh    = OFZ_SYMBOL(0) };
    shape                 *s = &r->s;
    int64_t                count;
    bool                   known;

    *r = (run){ .size = c->in[Q]->dtype == OFZ_F64 ? sizeof(double) : sizeof(float) };
    OFZ_TRY(shape_get(&i, s, &known));
    OFZ_TRY(bias_new(c, s, &r->b));
    r->head = (ofz_attention){
        .rows      = s->rows,
        .keys      = s->keys,
        .dim       = s->dim,
        .value_dim = s->value_dim,
        .q_step    = row_step(s->flat, s->q_heads, s->dim),
        .y_step    = row_step(s->flat, s->q_heads, s->value_dim),
        .scale     = isnan(a->scale) ? 1 / sqrt(s->dim ? (double)s->dim : 1) : (double)a->scale,
        .softcap   = (double)a->softcap,
        .bias      = r->b.v,
        .dead      = r->b.dead,
    };
    if (!ofz_mul(s->rows, s->keys, &count) || count > INT64_MAX / 64)
        return ofz_fail(c->ctx, OFZ_E_LIMIT, "scores: too many");
    OFZ_TRY(ofz_scratch(c->ctx, rooms * count, r->size, &r->p));
    OFZ_TRY(present_get(c, r, K, PAST_K, key, s->dim, &r->k, &r->k_owned));
    return present_get(c, r, V, PAST_V, value, s->value_dim, &r->v, &r->v_owned);
}

static ofz_tensor *output_of(const ofz_eval_call *c, int k)
{
    return k < c->out_count ? c->out[k] : NULL;
}

static ofz_status attention_run(ofz_eval_call *c)
{
    const attention_attrs *a    = c->attrs;
    const ofz_tensor      *seen = output_of(c, 3);
    ofz_status             st   = OFZ_OK;
    run                    r    = { 0 };
    const shape           *s    = &r.s;

    OFZ_GOTO(run_new(c, c->in_count, 1, output_of(c, 1), output_of(c, 2), &r));
    for (int64_t h = 0; h < s->batch * s->q_heads; h++) {
        const int64_t n = h / s->q_heads, head = h % s->q_heads;
        const int64_t kv = n * s->heads + head / (s->q_heads / s->heads);

        bias_fill(c, s, &r.b, n, head);
        OFZ_GOTO(OFZ_BY_FLOAT(
            c, ofz_attention, c->ctx, &r.head,
            at(c->in[Q]->data, head_at(s->flat, n, head, s->q_heads, s->rows, s->dim), r.size),
            at(r.k, kv * s->keys * s->dim, r.size), at(r.v, kv * s->keys * s->value_dim, r.size),
            seen ? (int)a->qk_matmul_output_mode : -1,
            seen ? at(seen->data, h * s->rows * s->keys, r.size) : NULL, r.p,
            at(c->out[0]->data, head_at(s->flat, n, head, s->q_heads, s->rows, s->value_dim),
               r.size)));
    }
done:
    run_free(&r);
    return st;
}

static ofz_status attention_eval(ofz_eval_call *c)
{
    return ofz_eval_floats(c, attention_run);
}

/* --- gradient ------------------------------------------------------------------------------------
 * AttentionGrad(q, k, v, mask, past key, past value, lengths, dy, dkey, dvalue): one output for each
 * bit of wrt, in order, shaped like that input; dkey and dvalue belong to the present ones. */

static ofz_status grad_infer(ofz_infer_call *c)
{
    const attention_attrs *a     = c->attrs;
    ofz_infer_call         plain = *c;
    int                    out   = 0;
    shape                  s;
    bool                   known;

    if (plain.in_count > INPUTS) plain.in_count = INPUTS;
    OFZ_TRY(inputs_check(&plain));
    OFZ_TRY(shape_get(&plain, &s, &known));
    for (int i = 0; i < INPUTS; i++) {
        const ofz_tensor *t = ofz_infer_in(&plain, i);

        if (!(a->wrt >> i & 1)) continue;
        if (i == LENGTHS || !t || (t->dtype && !ofz_dtype_is_float(t->dtype)))
            return ofz_fail(c->ctx, OFZ_E_MODEL, "wrt: input %d, want one with a slope", i);
        OFZ_TRY(ofz_infer_set(c, out++, t->dtype, t->rank, t->dim));
    }
    if (out != c->out_count || a->wrt >> INPUTS)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "wrt: %d gradients, want %d", out, c->out_count);
    return OFZ_OK;
}

/* Room for the gradients that are summed over heads, and the outputs by input. */
typedef struct back {
    void       *dq, *dk, *dv, *dbias; /* dk, dv: of the present key and value */
    ofz_tensor *out[INPUTS];
} back;

static void back_free(back *b)
{
    free(b->dq);
    free(b->dk);
    free(b->dv);
    free(b->dbias);
}

static ofz_status incoming(ofz_eval_call *c, int k, int64_t count, size_t size, void *to)
{
    const ofz_tensor *t = ofz_eval_in(c, k);

    if (!t) return OFZ_OK;
    if (t->count != count || t->dtype != c->in[Q]->dtype)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "gradient %d: %" PRId64 " elements, want %" PRId64,
                        k - INPUTS, t->count, count);
    memcpy(to, t->data, (size_t)count * size);
    return OFZ_OK;
}

static ofz_status back_new(ofz_eval_call *c, const run *r, back *b)
{
    const attention_attrs *a   = c->attrs;
    const shape           *s   = &r->s;
    const int64_t          k   = s->batch * s->heads * s->keys * s->dim;
    const int64_t          v   = s->batch * s->heads * s->keys * s->value_dim;
    int                    out = 0;

    for (int i = 0; i < INPUTS; i++)
        if (a->wrt >> i & 1) b->out[i] = c->out[out++];
    OFZ_TRY(ofz_scratch(c->ctx, c->in[Q]->count, r->size, &b->dq));
    OFZ_TRY(ofz_scratch(c->ctx, k, r->size, &b->dk));
    OFZ_TRY(ofz_scratch(c->ctx, v, r->size, &b->dv));
    OFZ_TRY(incoming(c, INPUTS + 1, k, r->size, b->dk));
    OFZ_TRY(incoming(c, INPUTS + 2, v, r->size, b->dv));
    if (!b->out[MASK]) return OFZ_OK;
    memset(b->out[MASK]->data, 0, b->out[MASK]->size);
    return ofz_scratch(c->ctx, s->rows * s->keys, r->size, &b->dbias);
}

/* One head's share of the mask's gradient. */
static void mask_add(const run *r, const back *b, int64_t n, int64_t head)
{
    ofz_tensor   *m  = b->out[MASK];
    const int64_t to = n * r->b.mask_step[0] + head * r->b.mask_step[1];

    for (int64_t i = 0; i < r->s.rows; i++)
        for (int64_t j = 0; j < r->b.mask_keys; j++) {
            const int64_t d = i * r->s.keys + j, e = to + i * r->b.mask_step[2] + j;

            if (m->dtype == OFZ_F64)
                ((double *)m->data)[e] += ((const double *)b->dbias)[d];
            else
                ((float *)m->data)[e] += ((const float *)b->dbias)[d];
        }
}

static void back_store(ofz_eval_call *c, const run *r, const back *b)
{
    const shape *s = &r->s;

    if (b->out[Q]) memcpy(b->out[Q]->data, b->dq, (size_t)c->in[Q]->count * r->size);
    if (b->out[K]) present_copy(s, r->size, b->out[K]->data, b->dk, s->dim, true);
    if (b->out[V]) present_copy(s, r->size, b->out[V]->data, b->dv, s->value_dim, true);
    if (b->out[PAST_K]) past_copy(s, r->size, b->out[PAST_K]->data, b->dk, s->dim, true);
    if (b->out[PAST_V]) past_copy(s, r->size, b->out[PAST_V]->data, b->dv, s->value_dim, true);
}

static ofz_status grad_run(ofz_eval_call *c)
{
    const ofz_tensor *dy = ofz_eval_in(c, INPUTS);
    ofz_status        st = OFZ_OK;
    run               r  = { 0 };
    back              b  = { 0 };
    const shape      *s  = &r.s;

    OFZ_GOTO(run_new(c, c->in_count < INPUTS ? c->in_count : INPUTS, 3, NULL, NULL, &r));
    OFZ_GOTO(back_new(c, &r, &b));
    if (dy && (dy->dtype != c->in[Q]->dtype ||
               dy->count != s->batch * s->q_heads * s->rows * s->value_dim))
        OFZ_GOTO(
            ofz_fail(c->ctx, OFZ_E_MODEL, "gradient 0: %" PRId64 " elements, want Y's", dy->count));
    for (int64_t h = 0; dy && h < s->batch * s->q_heads; h++) {
        const int64_t n = h / s->q_heads, head = h % s->q_heads;
        const int64_t kv = n * s->heads + head / (s->q_heads / s->heads);
        const int64_t q  = head_at(s->flat, n, head, s->q_heads, s->rows, s->dim);
        const int64_t k = kv * s->keys * s->dim, v = kv * s->keys * s->value_dim;

        bias_fill(c, s, &r.b, n, head);
        OFZ_GOTO(OFZ_BY_FLOAT(
            c, ofz_attention_back, c->ctx, &r.head, at(c->in[Q]->data, q, r.size),
            at(r.k, k, r.size), at(r.v, v, r.size),
            at(dy->data, head_at(s->flat, n, head, s->q_heads, s->rows, s->value_dim), r.size), r.p,
            at(b.dq, q, r.size), at(b.dk, k, r.size), at(b.dv, v, r.size), b.dbias));
        if (b.dbias) mask_add(&r, &b, n, head);
    }
    back_store(c, &r, &b);
done:
    run_free(&r);
    back_free(&b);
    return st;
}

static ofz_status grad_eval(ofz_eval_call *c)
{
    return ofz_eval_floats(c, grad_run);
}

static ofz_status attention_grad(ofz_grad_call *g)
{
    const ofz_node *n              = g->node;
    ofz_value      *in[INPUTS + 3] = { NULL }, *out[INPUTS];
    int64_t         wrt            = 0;
    int             outs           = 0;
    ofz_attr       *attr           = malloc((n->attr_count + 1) * sizeof *attr);
    ofz_status      st             = OFZ_OK;

    if (!attr) return ofz_fail_nomem(g->ctx, "attributes", n->attr_count * sizeof *attr);
    if (n->out_count > 3 && g->dy[3])
        OFZ_GOTO(ofz_fail(g->ctx, OFZ_E_UNSUPPORTED,
                          "qk_matmul_output: a gradient, want none through it"));
    for (int i = 0; i < INPUTS && (size_t)i < n->in_count; i++) {
        in[i] = n->in[i];
        if (i == LENGTHS || !n->in[i] || !g->need[i]) continue;
        wrt |= (int64_t)1 << i;
        outs++;
    }
    for (int k = 0; k < 3 && (size_t)k < n->out_count; k++) in[INPUTS + k] = g->dy[k];
    for (size_t i = 0; i < n->attr_count; i++) attr[i] = n->attr[i];
    attr[n->attr_count] = (ofz_attr){ .name = "wrt", .type = OFZ_ATTR_INT, .u.i = wrt };
    if (wrt)
        OFZ_GOTO(ofz_emit_attrs(g, "ofz", "AttentionGrad", (int)n->attr_count + 1, attr, INPUTS + 3,
                                in, outs, out));
    outs = 0;
    for (int i = 0; i < INPUTS; i++)
        if (wrt >> i & 1) g->dx[i] = out[outs++];
done:
    free(attr);
    return st;
}

/* --- the table -------------------------------------------------------------------------------- */

#define AT(field) offsetof(attention_attrs, field)

/* clang-format off */
#define COMMON                                                                                     \
    { "is_causal", OFZ_ATTR_INT, AT(is_causal) },                                                  \
    { "kv_num_heads", OFZ_ATTR_INT, AT(kv_num_heads) },                                            \
    { "q_num_heads", OFZ_ATTR_INT, AT(q_num_heads) },                                              \
    { "qk_matmul_output_mode", OFZ_ATTR_INT, AT(qk_matmul_output_mode) },                          \
    { "scale", OFZ_ATTR_FLOAT, AT(scale), .f = NAN },                                              \
    { "softcap", OFZ_ATTR_FLOAT, AT(softcap) },                                                    \
    { "softmax_precision", OFZ_ATTR_INT, OFZ_ATTR_IGNORED }
#define WINDOW                                                                                     \
    { "left_window_size", OFZ_ATTR_INT, AT(left), .i = -1 },                                       \
    { "right_window_size", OFZ_ATTR_INT, AT(right), .i = -1 }

static const ofz_attr_def attention23_def[] = { COMMON, { 0 } };
static const ofz_attr_def attention_def[] = { COMMON, WINDOW, { 0 } };
static const ofz_attr_def grad_def[] = {
    COMMON, WINDOW, { "wrt", OFZ_ATTR_INT, AT(wrt), .required = true }, { 0 }
};

#define ATTRS(def) def, sizeof(attention_attrs)
#define RUN        attention_infer, attention_eval, attention_grad

static const ofz_op rows[] = {
    { "Attention", 23, { 3, 6 }, { 1, 4 }, OFZ_OP_PURE, ATTRS(attention23_def), RUN, "xxxmxxi" },
    { "Attention", 24, { 3, 7 }, { 1, 4 }, OFZ_OP_PURE, ATTRS(attention23_def), RUN, "xxxmxxi" },
    { "Attention", 25, { 3, 7 }, { 1, 4 }, OFZ_OP_PURE, ATTRS(attention_def), RUN, "xxxmxxi" },
    { "AttentionGrad", 1, { 3, 10 }, { 1, 6 }, OFZ_OP_PURE, ATTRS(grad_def), grad_infer, grad_eval,
      NULL, "x", "ofz" },
    { 0 },
};
/* clang-format on */
OFZ_OP_TABLE(attention, rows);
