/* ops_einsum.c - Einsum and its gradient.
 * Sources: ONNX Operators.md, Einsum; numpy.einsum. As in numpy, dims of 1 repeat. */
#include "ops/op.h"

#include <stdlib.h>
#include <string.h>

#include "kernel/einsum.h"
#include "ops/floats.h"
#include "ops/infer.h"

typedef struct einsum_attrs {
    ofz_string equation;
    int64_t    index; /* of the gradient rows: the operand that is differentiated */
} einsum_attrs;

/* --- the equation ----------------------------------------------------------------------------- */

/* One operand: its labels in order. 0..51 are letters, -1 stands where the ellipsis is. */
typedef struct term {
    int  count;
    int  label[OFZ_MAX_RANK + 1];
    bool ellipsis;
} term;

static int label_of(char ch)
{
    if (ch >= 'A' && ch <= 'Z') return ch - 'A';
    if (ch >= 'a' && ch <= 'z') return 26 + ch - 'a';
    return -1;
}

/* Read one term at text[*at..end); stops at ',' or '-' or the end. */
static ofz_status term_read(ofz_ctx *ctx, const char *text, size_t end, size_t *at, term *t)
{
    *t = (term){ 0 };
    for (; *at < end && text[*at] != ',' && text[*at] != '-'; (*at)++) {
        if (text[*at] == ' ') continue;
        if (t->count > OFZ_MAX_RANK)
            return ofz_fail(ctx, OFZ_E_MODEL, "equation: term of more than %d labels",
                            OFZ_MAX_RANK);
        if (text[*at] == '.') {
            if (end - *at < 3 || memcmp(text + *at, "...", 3) || t->ellipsis)
                return ofz_fail(ctx, OFZ_E_MODEL, "equation: '.' at %zu, want one '...' a term",
                                *at);
            t->ellipsis          = true;
            t->label[t->count++] = -1;
            *at += 2;
        } else if (label_of(text[*at]) >= 0) {
            t->label[t->count++] = label_of(text[*at]);
        } else {
            return ofz_fail(ctx, OFZ_E_MODEL, "equation: character %u at %zu, want a letter",
                            (unsigned)(unsigned char)text[*at], *at);
        }
    }
    return OFZ_OK;
}

/* Without "->" the output has the ellipsis, then the labels that occur once, in order. */
static void term_implied(const term *in, int count, term *out)
{
    int seen[52] = { 0 };

    *out = (term){ 0 };
    for (int i = 0; i < count; i++) {
        if (in[i].ellipsis && !out->ellipsis) {
            out->ellipsis            = true;
            out->label[out->count++] = -1;
        }
        for (int k = 0; k < in[i].count; k++)
            if (in[i].label[k] >= 0) seen[in[i].label[k]]++;
    }
    for (int l = 0; l < 52; l++)
        if (seen[l] == 1) out->label[out->count++] = l;
}

static ofz_status output_check(ofz_ctx *ctx, const term *in, int count, const term *out)
{
    bool known[52] = { 0 }, used[52] = { 0 };

    for (int i = 0; i < count; i++)
        for (int k = 0; k < in[i].count; k++)
            if (in[i].label[k] >= 0) known[in[i].label[k]] = true;
    for (int k = 0; k < out->count; k++) {
        const int l = out->label[k];

        if (l < 0) continue;
        if (!known[l] || used[l])
            return ofz_fail(ctx, OFZ_E_MODEL,
                            "equation: output label %d, want one of an input, once", k);
        used[l] = true;
    }
    return OFZ_OK;
}

/* in[0..count) and *out from the equation. */
static ofz_status equation_read(ofz_ctx *ctx, ofz_string s, int count, term *in, term *out)
{
    size_t at = 0;

    for (int i = 0; i < count; i++) {
        OFZ_TRY(term_read(ctx, s.text, s.size, &at, &in[i]));
        if (i + 1 < count && (at >= s.size || s.text[at++] != ','))
            return ofz_fail(ctx, OFZ_E_MODEL, "equation: %d terms, want %d", i + 1, count);
    }
    if (at == s.size) {
        term_implied(in, count, out);
        return OFZ_OK;
    }
    if (s.size - at < 2 || memcmp(s.text + at, "->", 2))
        return ofz_fail(ctx, OFZ_E_MODEL, "equation: at %zu, want '->' after %d terms", at, count);
    at += 2;
    OFZ_TRY(term_read(ctx, s.text, s.size, &at, out));
    if (at != s.size) return ofz_fail(ctx, OFZ_E_MODEL, "equation: more than one output");
    return output_check(ctx, in, count, out);
}

/* --- labels and dims -------------------------------------------------------------------------- */

/* The whole equation: labels 0..51, then the ellipsis's axes, right-aligned at the end. */
typedef struct equation {
    term   *in;
    term    out;
    int     spread; /* axes of the widest ellipsis */
    bool    known;  /* every rank is */
    bool    met[OFZ_EINSUM_LABELS];
    int64_t dim[OFZ_EINSUM_LABELS];
} equation;

static int ellipsis_rank(const term *t, int rank)
{
    return t->ellipsis ? rank - (t->count - 1) : 0;
}

/* Visit axis by axis: the label of axis `axis` of a tensor of `rank` with term t. */
static int axis_label(const equation *q, const term *t, int rank, int axis)
{
    const int wide = ellipsis_rank(t, rank);

    for (int k = 0, a = 0; k < t->count; k++) {
        if (t->label[k] >= 0) {
            if (a++ == axis) return t->label[k];
        } else {
            if (axis < a + wide) return 52 + (q->spread - wide) + (axis - a);
            a += wide;
        }
    }
    return -1;
}

static ofz_status dim_join(ofz_ctx *ctx, equation *q, int label, int64_t dim)
{
    int64_t *d = &q->dim[label];

    if (!q->met[label] || *d == 1) {
        *d            = dim;
        q->met[label] = true;
    } else if (dim != 1 && !OFZ_IS_SYMBOL(dim)) {
        if (!OFZ_IS_SYMBOL(*d) && *d != dim)
            return ofz_fail(ctx, OFZ_E_MODEL, "equation: one label for %" PRId64 " and %" PRId64,
                            *d, dim);
        *d = dim;
    }
    return OFZ_OK;
}

/* Terms, and what is known of the dims. free(q->in). */
static ofz_status equation_new(ofz_ctx *ctx, const einsum_attrs *a, int count,
                               const ofz_tensor *const *in, equation *q)
{
    ofz_status st = OFZ_OK;

    *q    = (equation){ .known = true };
    q->in = calloc((size_t)count + 1, sizeof *q->in);
    if (!q->in) return ofz_fail_nomem(ctx, "equation", (size_t)count * sizeof *q->in);
    OFZ_GOTO(equation_read(ctx, a->equation, count, q->in, &q->out));
    for (int i = 0; i < count; i++)
        if (!in[i]) OFZ_GOTO(ofz_fail(ctx, OFZ_E_MODEL, "input %d: missing", i));
    for (int i = 0; i < count; i++) {
        const term *t    = &q->in[i];
        const int   rank = in[i]->rank, least = t->count - t->ellipsis;

        if (rank < 0) {
            q->known = false;
        } else if (rank < least || (!t->ellipsis && rank != least)) {
            OFZ_GOTO(ofz_fail(ctx, OFZ_E_MODEL, "input %d: rank %d, want %s%d", i, rank,
                              t->ellipsis ? "at least " : "", least));
        } else if (ellipsis_rank(t, rank) > q->spread) {
            q->spread = ellipsis_rank(t, rank);
        }
    }
    for (int i = 0; i < count; i++)
        for (int k = 0; in[i]->rank >= 0 && k < in[i]->rank; k++)
            OFZ_GOTO(dim_join(ctx, q, axis_label(q, &q->in[i], in[i]->rank, k), in[i]->dim[k]));
done:
    if (st) free(q->in);
    return st;
}

static ofz_status einsum_infer(ofz_infer_call *c)
{
    int64_t    dim[OFZ_EINSUM_LABELS];
    int        rank = 0;
    ofz_status st   = OFZ_OK;
    equation   q;

    for (int i = 1; i < c->in_count; i++) OFZ_TRY(ofz_want_same_dtype(c, i));
    OFZ_TRY(equation_new(c->ctx, c->attrs, c->in_count, c->in, &q));
    for (int k = 0; k < q.out.count; k++)
        if (q.out.label[k] >= 0) {
            const int l = q.out.label[k];

            dim[rank++] = q.met[l] ? q.dim[l] : ofz_infer_fresh(c);
        } else {
            for (int s = 0; s < q.spread; s++) dim[rank++] = q.dim[52 + s];
        }
    if (q.out.ellipsis && !q.known)
        st = ofz_infer_unknown(c, 0, c->in[0]->dtype);
    else
        st = ofz_infer_set(c, 0, c->in[0]->dtype, rank, dim);
    free(q.in);
    return st;
}

/* --- eval ------------------------------------------------------------------------------------- */

/* Steps of every label in t: what its axes with that label move together. An axis of 1 stays. */
static void operand_of(const equation *q, const term *tm, const ofz_tensor *t,
                       ofz_einsum_operand *o)
{
    int64_t step = 1;

    memset(o->step, 0, sizeof o->step);
    o->t = (ofz_tensor *)(uintptr_t)t; /* sources are not written */
    for (int k = t->rank - 1; k >= 0; k--) {
        if (t->dim[k] != 1) o->step[axis_label(q, tm, t->rank, k)] += step;
        step *= t->count ? t->dim[k] : 0;
    }
}

static void dims_of(const equation *q, ofz_einsum *e)
{
    e->labels = 52 + q->spread;
    for (int l = 0; l < e->labels; l++) e->dim[l] = q->met[l] ? q->dim[l] : 1;
}

static ofz_status einsum_run(ofz_eval_call *c)
{
    ofz_status          st     = OFZ_OK;
    ofz_einsum_operand *source = calloc((size_t)c->in_count + 1, sizeof *source);
    ofz_einsum          e      = { .sources = c->in_count, .source = source };
    equation            q      = { 0 };

    if (!source) return ofz_fail_nomem(c->ctx, "operands", (size_t)c->in_count * sizeof *source);
    OFZ_GOTO(equation_new(c->ctx, c->attrs, c->in_count, c->in, &q));
    dims_of(&q, &e);
    for (int i = 0; i < c->in_count; i++) operand_of(&q, &q.in[i], c->in[i], &source[i]);
    operand_of(&q, &q.out, c->out[0], &e.target);
    st = ofz_einsum_run(c->ctx, &e);
    free(q.in);
done:
    free(source);
    return st;
}

static ofz_status einsum_eval(ofz_eval_call *c)
{
    if (ofz_dtype_is_float(c->in[0]->dtype)) return ofz_eval_floats(c, einsum_run);
    if (ofz_dtype_get(c->in[0]->dtype)->cls != OFZ_CLASS_INT &&
        ofz_dtype_get(c->in[0]->dtype)->cls != OFZ_CLASS_UINT)
        return ofz_fail(c->ctx, OFZ_E_UNSUPPORTED, "inputs: %s, want numbers",
                        ofz_dtype_name(c->in[0]->dtype));
    return einsum_run(c);
}

/* EinsumGrad(operands..., dy): dx of operand `index`. The same sum with that operand and the output in
 * each other's place. */
static ofz_status einsum_grad_run(ofz_eval_call *c)
{
    const einsum_attrs *a      = c->attrs;
    const int           count  = c->in_count - 1;
    ofz_status          st     = OFZ_OK;
    ofz_einsum_operand *source = calloc((size_t)count + 1, sizeof *source);
    ofz_einsum          e      = { .sources = count, .source = source };
    equation            q      = { 0 };

    if (!source) return ofz_fail_nomem(c->ctx, "operands", (size_t)count * sizeof *source);
    OFZ_GOTO(equation_new(c->ctx, a, count, c->in, &q));
    dims_of(&q, &e);
    for (int i = 0; i < count; i++) operand_of(&q, &q.in[i], c->in[i], &source[i]);
    operand_of(&q, &q.out, c->in[count], &source[a->index]);
    operand_of(&q, &q.in[a->index], c->out[0], &e.target);
    st = ofz_einsum_run(c->ctx, &e);
    free(q.in);
done:
    free(source);
    return st;
}

static ofz_status einsum_grad_eval(ofz_eval_call *c)
{
    return ofz_eval_floats(c, einsum_grad_run);
}

static ofz_status einsum_grad_infer(ofz_infer_call *c)
{
    const einsum_attrs *a = c->attrs;

    if (a->index < 0 || a->index + 1 >= c->in_count)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "index: %" PRId64 ", want an operand's", a->index);
    return ofz_infer_set(c, 0, c->in[a->index]->dtype, c->in[a->index]->rank, c->in[a->index]->dim);
}

static ofz_status einsum_grad(ofz_grad_call *g)
{
    const einsum_attrs *a     = g->attrs;
    const size_t        count = g->node->in_count;
    ofz_value         **in    = calloc(count + 1, sizeof(ofz_value *));
    ofz_status          st    = OFZ_OK;

    if (!in) return ofz_fail_nomem(g->ctx, "operands", count * sizeof(ofz_value *));
    for (size_t i = 0; i < count; i++) in[i] = g->node->in[i];
    in[count] = g->dy[0];
    for (size_t i = 0; i < count; i++) {
        const ofz_attr attr[] = {
            { .name = "equation", .type = OFZ_ATTR_STRING, .u.s = a->equation },
            { .name = "index", .type = OFZ_ATTR_INT, .u.i = (int64_t)i },
        };

        if (g->need[i])
            OFZ_GOTO(
                ofz_emit_attrs(g, "ofz", "EinsumGrad", 2, attr, (int)count + 1, in, 1, &g->dx[i]));
    }
done:
    free(in);
    return st;
}

/* --- the table -------------------------------------------------------------------------------- */

static const ofz_attr_def einsum_def[] = {
    { "equation", OFZ_ATTR_STRING, offsetof(einsum_attrs, equation), .required = true },
    { 0 },
};

static const ofz_attr_def grad_def[] = {
    { "equation", OFZ_ATTR_STRING, offsetof(einsum_attrs, equation), .required = true },
    { "index", OFZ_ATTR_INT, offsetof(einsum_attrs, index), .required = true },
    { 0 },
};

/* clang-format off */
static const ofz_op rows[] = {
    { "Einsum", 12, { 1, OFZ_VARIADIC }, { 1, 1 }, OFZ_OP_PURE, einsum_def, sizeof(einsum_attrs),
      einsum_infer, einsum_eval, einsum_grad, "w" },
    { "EinsumGrad", 1, { 2, OFZ_VARIADIC }, { 1, 1 }, OFZ_OP_PURE, grad_def, sizeof(einsum_attrs),
      einsum_grad_infer, einsum_grad_eval, NULL, "x", "ofz" },
    { 0 },
};
/* clang-format on */
OFZ_OP_TABLE(einsum, rows);
