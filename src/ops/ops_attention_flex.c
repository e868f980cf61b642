/* ops_attention_flex.c - FlexAttention: attention whose scores and probabilities pass through graphs.
 * Source: ONNX Operators.md, ai.onnx.preview, FlexAttention. */
#include "ops/op.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/gemm.h"
#include "kernel/softmax.h"
#include "ops/floats.h"
#include "ops/move.h"

typedef struct flex_attrs {
    float      scale;
    int64_t    softmax_precision;
    ofz_graph *score_mod, *prob_mod;
} flex_attrs;

typedef struct flex {
    int64_t batch, heads, kv_heads, rows, keys, dim, value_dim;
} flex;

static ofz_status dims_meet(ofz_infer_call *c, int k, int64_t **dim)
{
    const ofz_tensor *t = c->in[k];

    OFZ_TRY(ofz_want_same_dtype(c, k));
    OFZ_TRY(ofz_want_rank(c, k, 4));
    for (int i = 0; t->rank == 4 && i < 4; i++)
        OFZ_TRY(ofz_unify(c->ctx, k ? k == 1 ? "K" : "V" : "Q", *dim[i], t->dim[i], dim[i]));
    return OFZ_OK;
}

/* A graph takes the scores and gives them back. */
static ofz_status mod_check(ofz_ctx *ctx, const char *what, const ofz_graph *g)
{
    if (!g || (g->input.count == 1 && g->output.count == 1)) return OFZ_OK;
    return ofz_fail(ctx, OFZ_E_MODEL, "%s: %zu inputs and %zu outputs, want one of each", what,
                    g->input.count, g->output.count);
}

static bool precision_known(int64_t type)
{
    return type == 0 || type == OFZ_F32 || type == OFZ_F64 || type == OFZ_F16 || type == OFZ_BF16;
}

static ofz_status flex_infer(ofz_infer_call *c)
{
    const flex_attrs *a = c->attrs;
    flex              f;

    if (!precision_known(a->softmax_precision))
        return ofz_fail(c->ctx, OFZ_E_MODEL, "softmax_precision: %" PRId64 ", want a float type",
                        a->softmax_precision);
    OFZ_TRY(mod_check(c->ctx, "score_mod", a->score_mod));
    OFZ_TRY(mod_check(c->ctx, "prob_mod", a->prob_mod));
    f = (flex){ ofz_infer_fresh(c), ofz_infer_fresh(c), ofz_infer_fresh(c), ofz_infer_fresh(c),
                ofz_infer_fresh(c), ofz_infer_fresh(c), ofz_infer_fresh(c) };
    OFZ_TRY(dims_meet(c, 0, (int64_t *[]){ &f.batch, &f.heads, &f.rows, &f.dim }));
    OFZ_TRY(dims_meet(c, 1, (int64_t *[]){ &f.batch, &f.kv_heads, &f.keys, &f.dim }));
    OFZ_TRY(dims_meet(c, 2, (int64_t *[]){ &f.batch, &f.kv_heads, &f.keys, &f.value_dim }));
    if (f.heads >= 0 && f.kv_heads >= 0 && (f.kv_heads ? f.heads % f.kv_heads : f.heads))
        return ofz_fail(c->ctx, OFZ_E_MODEL,
                        "query heads: %" PRId64 ", want a multiple of %" PRId64, f.heads,
                        f.kv_heads);
    return ofz_infer_set(c, 0, c->in[0]->dtype, 4,
                         (int64_t[]){ f.batch, f.heads, f.rows, f.value_dim });
}

/* t becomes `type` with the same values; nothing when it is already. */
static ofz_status retype(ofz_ctx *ctx, ofz_tensor *t, ofz_dtype type)
{
    ofz_tensor other;

    if (t->dtype == type) return OFZ_OK;
    OFZ_TRY(ofz_tensor_new(ctx, &other, type, t->rank, t->dim));
    for (int64_t i = 0; i < t->count; i++)
        ofz_elem_set_f64(type, other.data, i, ofz_elem_f64(t->dtype, t->data, i));
    ofz_tensor_release(t);
    *t = other;
    return OFZ_OK;
}

/* Scores (or probabilities) through one of the graphs, in the softmax's type. */
static ofz_status mod_run(ofz_eval_call *c, const char *what, const ofz_graph *g, ofz_tensor *s)
{
    const int64_t     want = ((const flex_attrs *)c->attrs)->softmax_precision;
    const ofz_dtype   type = s->dtype;
    const ofz_tensor *in   = s;
    ofz_tensor        out  = { 0 };
    ofz_status        st;

    if (!g) return OFZ_OK;
    if (want) OFZ_TRY(retype(c->ctx, s, (ofz_dtype)want));
    st = ofz_eval_body(c, g, &in, 1, &out);
    if (st) ofz_at(c->ctx, st, "%s", what);
    if (!st && !ofz_tensor_same_shape(&out, s))
        st = ofz_fail(c->ctx, OFZ_E_MODEL, "%s: another type or shape, want that of its input",
                      what);
    if (st) {
        ofz_tensor_release(&out);
        return st;
    }
    ofz_tensor_release(s);
    *s = out;
    return retype(c->ctx, s, type);
}

/* One product for each head; a key head serves heads / kv_heads query heads. */
static ofz_status heads_run(ofz_eval_call *c, const flex *f, const ofz_gemm *g, const ofz_tensor *a,
                            int64_t step_a, const ofz_tensor *b, int64_t step_b, ofz_tensor *y,
                            int64_t step_y)
{
    const size_t size = a->dtype == OFZ_F64 ? sizeof(double) : sizeof(float);

    for (int64_t h = 0; h < f->batch * f->heads; h++) {
        const int64_t kv = h / f->heads * f->kv_heads + h % f->heads / (f->heads / f->kv_heads);

        OFZ_TRY(OFZ_BY_FLOAT(c, ofz_gemm, c->ctx, g,
                             (const void *)((const char *)a->data + (size_t)(h * step_a) * size),
                             (const void *)((const char *)b->data + (size_t)(kv * step_b) * size),
                             (void *)((char *)y->data + (size_t)(h * step_y) * size)));
    }
    return OFZ_OK;
}

static ofz_status flex_run(ofz_eval_call *c)
{
    const flex_attrs *a = c->attrs;
    const ofz_tensor *q = c->in[0], *k = c->in[1], *v = c->in[2];
    const flex f = { q->dim[0], q->dim[1], k->dim[1], q->dim[2], k->dim[2], q->dim[3], v->dim[3] };
    const double   scale = isnan(a->scale) ? 1 / sqrt(f.dim ? (double)f.dim : 1) : (double)a->scale;
    const ofz_gemm to_s  = { .trans_b = true,
                             .m       = f.rows,
                             .n       = f.keys,
                             .k       = f.dim,
                             .lda     = f.dim,
                             .ldb     = f.dim,
                             .ldc     = f.keys,
                             .alpha   = scale };
    const ofz_gemm to_y  = { .m     = f.rows,
                             .n     = f.value_dim,
                             .k     = f.keys,
                             .lda   = f.keys,
                             .ldb   = f.value_dim,
                             .ldc   = f.value_dim,
                             .alpha = 1 };
    const ofz_softmax rows = { .outer = f.batch * f.heads * f.rows, .n = f.keys, .inner = 1 };
    ofz_status        st   = OFZ_OK;
    ofz_tensor        s    = { 0 };

    OFZ_TRY(
        ofz_tensor_new(c->ctx, &s, q->dtype, 4, (int64_t[]){ f.batch, f.heads, f.rows, f.keys }));
    OFZ_GOTO(heads_run(c, &f, &to_s, q, f.rows * f.dim, k, f.keys * f.dim, &s, f.rows * f.keys));
    OFZ_GOTO(mod_run(c, "score_mod", a->score_mod, &s));
    if (s.count) OFZ_BY_FLOAT(c, ofz_softmax, c->ctx, &rows, s.data, s.data);
    OFZ_GOTO(mod_run(c, "prob_mod", a->prob_mod, &s));
    st = heads_run(c, &f, &to_y, &s, f.rows * f.keys, v, f.keys * f.value_dim, c->out[0],
                   f.rows * f.value_dim);
done:
    ofz_tensor_release(&s);
    return st;
}

static ofz_status flex_eval(ofz_eval_call *c)
{
    return ofz_eval_floats(c, flex_run);
}

/* clang-format off */
static const ofz_attr_def flex_def[] = {
    { "prob_mod", OFZ_ATTR_GRAPH, offsetof(flex_attrs, prob_mod) },
    { "scale", OFZ_ATTR_FLOAT, offsetof(flex_attrs, scale), .f = NAN },
    { "score_mod", OFZ_ATTR_GRAPH, offsetof(flex_attrs, score_mod) },
    { "softmax_precision", OFZ_ATTR_INT, offsetof(flex_attrs, softmax_precision) },
    { 0 },
};

static const ofz_op rows[] = {
    { "FlexAttention", 1, { 3, 3 }, { 1, 1 }, 0, flex_def, sizeof(flex_attrs), flex_infer,
      flex_eval, NULL, "x", "ai.onnx.preview" },
    { 0 },
};
/* clang-format on */
OFZ_OP_TABLE(attention_flex, rows);
