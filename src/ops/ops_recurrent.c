/* ops_recurrent.c - RNN, GRU, LSTM and their gradients.
 * Source: ONNX Operators.md, RNN, GRU and LSTM. */
#include "ops/op.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/checked.h"
#include "kernel/recurrent.h"
#include "ops/floats.h"
#include "ops/move.h"

typedef struct recurrent_attrs {
    ofz_floats  activation_alpha, activation_beta;
    ofz_strings activations;
    ofz_string  direction;
    float       clip;
    int64_t     hidden_size, layout, linear_before_reset, input_forget;
    int64_t     wrt; /* of the gradient rows: bit i asks for the gradient of input i */
} recurrent_attrs;

enum { X, W, R, B, LENGTHS, H0, C0, P, INPUTS };

/* --- attributes ------------------------------------------------------------------------------- */

/* Cell and gates of what the row is called: "LSTM" and "LSTMGrad". */
static ofz_cell cell_of(const ofz_node *n)
{
    return n->op_type[0] == 'L'   ? OFZ_CELL_LSTM
           : n->op_type[0] == 'G' ? OFZ_CELL_GRU
                                  : OFZ_CELL_RNN;
}

static int gate_count(ofz_cell cell)
{
    return cell == OFZ_CELL_RNN ? 1 : cell == OFZ_CELL_GRU ? 3 : 4;
}

static int activation_count(ofz_cell cell)
{
    return cell == OFZ_CELL_RNN ? 1 : cell == OFZ_CELL_GRU ? 2 : 3;
}

static bool text_is(ofz_string s, const char *want)
{
    return s.size == strlen(want) && !strncasecmp(s.text, want, s.size);
}

/* *reverse is of the first direction. "foward" is what the first GRU's text has as its default. */
static ofz_status direction_get(ofz_ctx *ctx, ofz_string s, int *count, bool *reverse)
{
    *count   = text_is(s, "bidirectional") ? 2 : 1;
    *reverse = text_is(s, "reverse");
    if (*count == 2 || *reverse || text_is(s, "forward") || text_is(s, "foward")) return OFZ_OK;
    return ofz_fail(ctx, OFZ_E_MODEL,
                    "direction: '%.*s', want 'forward', 'reverse' or 'bidirectional'",
                    s.size < 64 ? (int)s.size : 64, s.text);
}

/* An activation's name, and the alpha and beta it takes when the lists have no more. */
typedef struct activation {
    const char   *name;
    ofz_gate_kind kind;
    int           numbers; /* 1: alpha, 2: alpha and beta */
    double        alpha, beta;
} activation;

static const activation activations[] = {
    { "Affine", OFZ_GATE_AFFINE, 2, 1, 0 },
    { "Elu", OFZ_GATE_ELU, 1, 1, 0 },
    { "HardSigmoid", OFZ_GATE_HARD_SIGMOID, 2, 0.2, 0.5 },
    { "LeakyRelu", OFZ_GATE_LEAKY_RELU, 1, 0.01, 0 },
    { "Relu", OFZ_GATE_RELU, 0, 0, 0 },
    { "ScaledTanh", OFZ_GATE_SCALED_TANH, 2, 1, 1 },
    { "Sigmoid", OFZ_GATE_SIGMOID, 0, 0, 0 },
    { "Softplus", OFZ_GATE_SOFTPLUS, 0, 0, 0 },
    { "Softsign", OFZ_GATE_SOFTSIGN, 0, 0, 0 },
    { "Tanh", OFZ_GATE_TANH, 0, 0, 0 },
    { "ThresholdedRelu", OFZ_GATE_THRESHOLDED_RELU, 1, 1, 0 },
};

static const activation *activation_find(ofz_string s)
{
    for (size_t i = 0; i < sizeof activations / sizeof *activations; i++)
        if (text_is(s, activations[i].name)) return &activations[i];
    return NULL;
}

/* Alphas and betas are handed out in order to the activations that take them. One direction's
 * activations serve two as well; the default of RNN names two for one direction. */
static ofz_status gates_get(ofz_ctx *ctx, const recurrent_attrs *a, ofz_cell cell, int directions,
                            ofz_gate gate[2][3])
{
    static const ofz_string usual[] = { { "Sigmoid", 7 }, { "Tanh", 4 }, { "Tanh", 4 } };
    const size_t            each = (size_t)activation_count(cell), given = a->activations.count;
    size_t                  alpha = 0, beta = 0;

    if (given && given != each && given != 2 * each)
        return ofz_fail(ctx, OFZ_E_MODEL, "activations: %zu, want %zu a direction", given, each);
    for (size_t d = 0; d < (size_t)directions; d++)
        for (size_t k = 0; k < each; k++) {
            const ofz_string  name = given ? a->activations.v[(d * each + k) % given]
                                           : usual[cell == OFZ_CELL_RNN ? 1 : k];
            const activation *f    = activation_find(name);

            if (!f)
                return ofz_fail(ctx, OFZ_E_MODEL, "activations: '%.*s', want a known function",
                                name.size < 64 ? (int)name.size : 64, name.text);
            gate[d][k] = (ofz_gate){ f->kind, f->alpha, f->beta };
            if (f->numbers > 0 && alpha < a->activation_alpha.count)
                gate[d][k].alpha = (double)a->activation_alpha.v[alpha++];
            if (f->numbers > 1 && beta < a->activation_beta.count)
                gate[d][k].beta = (double)a->activation_beta.v[beta++];
        }
    return OFZ_OK;
}

static ofz_status attrs_check(ofz_ctx *ctx, const recurrent_attrs *a)
{
    if (a->layout != 0 && a->layout != 1)
        return ofz_fail(ctx, OFZ_E_MODEL, "layout: %" PRId64 ", want 0 or 1", a->layout);
    if (a->hidden_size < 0)
        return ofz_fail(ctx, OFZ_E_MODEL, "hidden_size: %" PRId64 ", want at least 1",
                        a->hidden_size);
    if (!(a->clip >= 0))
        return ofz_fail(ctx, OFZ_E_MODEL, "clip: %.9g, want a positive number", (double)a->clip);
    return OFZ_OK;
}

/* --- shapes ----------------------------------------------------------------------------------- */

/* Input k, where present, has these dims; those that it knows better are written back. */
static ofz_status dims_meet(ofz_infer_call *c, int k, int rank, int64_t **dim)
{
    const ofz_tensor *t = ofz_infer_in(c, k);
    char              what[64];

    if (!t || t->rank < 0) return OFZ_OK;
    OFZ_TRY(ofz_want_rank(c, k, rank));
    for (int i = 0; i < rank; i++) {
        snprintf(what, sizeof what, "input %d: dim %d", k, i);
        OFZ_TRY(ofz_unify(c->ctx, what, *dim[i], t->dim[i], dim[i]));
    }
    return OFZ_OK;
}

/* hidden from times * hidden where only that is known, and back. */
static ofz_status multiple(ofz_ctx *ctx, int64_t times, int64_t *hidden, int64_t *product)
{
    int64_t p;

    if (*hidden < 0 && *product >= 0 && *product % times == 0) *hidden = *product / times;
    if (*hidden < 0) return OFZ_OK;
    if (!ofz_mul(times, *hidden, &p))
        return ofz_fail(ctx, OFZ_E_LIMIT, "hidden_size: %" PRId64 ", too large", *hidden);
    return ofz_unify(ctx, "gates times hidden size", p, *product, product);
}

typedef struct shape {
    int64_t steps, batch, in, hidden, directions;
} shape;

/* What is known of all sizes; every input is checked. */
static ofz_status shape_get(ofz_infer_call *c, shape *s)
{
    const recurrent_attrs *a     = c->attrs;
    const ofz_cell         cell  = cell_of(c->node);
    const int64_t          gates = gate_count(cell);
    int64_t                gh = OFZ_SYMBOL(0), bias = OFZ_SYMBOL(0), peep = OFZ_SYMBOL(0);
    int64_t *rows = a->layout ? &s->batch : &s->steps, *cols = a->layout ? &s->steps : &s->batch;
    int64_t *d = &s->directions, *state0 = a->layout ? &s->batch : d,
            *state1 = a->layout ? d : &s->batch;
    ofz_gate gate[2][3];
    int      directions;
    bool     reverse;

    OFZ_TRY(attrs_check(c->ctx, a));
    OFZ_TRY(direction_get(c->ctx, a->direction, &directions, &reverse));
    OFZ_TRY(gates_get(c->ctx, a, cell, directions, gate));
    for (int k = W; k < INPUTS && k < c->in_count; k++)
        if (k != LENGTHS && (k < C0 || cell == OFZ_CELL_LSTM)) OFZ_TRY(ofz_want_same_dtype(c, k));
    *s = (shape){ ofz_infer_fresh(c), ofz_infer_fresh(c), ofz_infer_fresh(c),
                  a->hidden_size ? a->hidden_size : ofz_infer_fresh(c), directions };
    OFZ_TRY(dims_meet(c, X, 3, (int64_t *[]){ rows, cols, &s->in }));
    OFZ_TRY(dims_meet(c, R, 3, (int64_t *[]){ d, &gh, &s->hidden }));
    OFZ_TRY(dims_meet(c, W, 3, (int64_t *[]){ d, &gh, &s->in }));
    OFZ_TRY(multiple(c->ctx, gates, &s->hidden, &gh));
    OFZ_TRY(dims_meet(c, B, 2, (int64_t *[]){ d, &bias }));
    OFZ_TRY(multiple(c->ctx, 2 * gates, &s->hidden, &bias));
    OFZ_TRY(dims_meet(c, H0, 3, (int64_t *[]){ state0, state1, &s->hidden }));
    OFZ_TRY(dims_meet(c, LENGTHS, 1, (int64_t *[]){ &s->batch }));
    if (ofz_infer_in(c, LENGTHS) && c->in[LENGTHS]->dtype && c->in[LENGTHS]->dtype != OFZ_I32)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "sequence_lens: %s, want int32",
                        ofz_dtype_name(c->in[LENGTHS]->dtype));
    if (cell != OFZ_CELL_LSTM) return OFZ_OK;
    OFZ_TRY(dims_meet(c, C0, 3, (int64_t *[]){ state0, state1, &s->hidden }));
    OFZ_TRY(dims_meet(c, P, 2, (int64_t *[]){ d, &peep }));
    return multiple(c->ctx, 3, &s->hidden, &peep);
}

static ofz_status recurrent_infer(ofz_infer_call *c)
{
    const recurrent_attrs *a = c->attrs;
    shape                  s;

    OFZ_TRY(shape_get(c, &s));
    if (a->layout)
        OFZ_TRY(ofz_infer_set(c, 0, c->in[0]->dtype, 4,
                              (int64_t[]){ s.batch, s.steps, s.directions, s.hidden }));
    else
        OFZ_TRY(ofz_infer_set(c, 0, c->in[0]->dtype, 4,
                              (int64_t[]){ s.steps, s.directions, s.batch, s.hidden }));
    for (int k = 1; k < c->out_count; k++)
        OFZ_TRY(ofz_infer_set(c, k, c->in[0]->dtype, 3,
                              (int64_t[]){ a->layout ? s.batch : s.directions,
                                           a->layout ? s.directions : s.batch, s.hidden }));
    return OFZ_OK;
}

/* --- eval ------------------------------------------------------------------------------------- */

static const void *data_of(const ofz_eval_call *c, int k)
{
    const ofz_tensor *t = ofz_eval_in(c, k);

    return t ? t->data : NULL;
}

static ofz_status layer_of(const ofz_eval_call *c, ofz_recurrent *s)
{
    const recurrent_attrs *a = c->attrs;
    const ofz_tensor      *x = c->in[X], *lengths = ofz_eval_in(c, LENGTHS);

    *s = (ofz_recurrent){ .cell                = cell_of(c->node),
                          .steps               = x->dim[a->layout ? 1 : 0],
                          .batch               = x->dim[a->layout ? 0 : 1],
                          .in                  = x->dim[2],
                          .hidden              = c->in[R]->dim[2],
                          .batch_first         = a->layout != 0,
                          .linear_before_reset = a->linear_before_reset != 0,
                          .input_forget        = a->input_forget != 0,
                          .clip                = (double)a->clip,
                          .length              = lengths ? lengths->data : NULL };
    OFZ_TRY(direction_get(c->ctx, a->direction, &s->directions, &s->reverse[0]));
    s->reverse[1] = true;
    for (int64_t n = 0; lengths && n < s->batch; n++)
        if (s->length[n] < 0 || s->length[n] > s->steps)
            return ofz_fail(c->ctx, OFZ_E_DATA,
                            "sequence_lens[%" PRId64 "]: %" PRId32 ", want 0 to %" PRId64, n,
                            s->length[n], s->steps);
    return gates_get(c->ctx, a, s->cell, s->directions, s->gate);
}

static ofz_recurrent_data operands_of(const ofz_eval_call *c, ofz_cell cell)
{
    const bool lstm = cell == OFZ_CELL_LSTM;

    return (ofz_recurrent_data){ .x  = c->in[X]->data,
                                 .w  = c->in[W]->data,
                                 .r  = c->in[R]->data,
                                 .b  = data_of(c, B),
                                 .h0 = data_of(c, H0),
                                 .c0 = lstm ? data_of(c, C0) : NULL,
                                 .p  = lstm ? data_of(c, P) : NULL };
}

static void *output_of(const ofz_eval_call *c, int k)
{
    return k < c->out_count && c->out[k] ? c->out[k]->data : NULL;
}

static ofz_status recurrent_run(ofz_eval_call *c)
{
    ofz_recurrent      s;
    ofz_recurrent_data m;

    OFZ_TRY(layer_of(c, &s));
    m    = operands_of(c, s.cell);
    m.y  = output_of(c, 0);
    m.yh = output_of(c, 1);
    m.yc = output_of(c, 2);
    return OFZ_BY_FLOAT(c, ofz_recurrent_forward, c->ctx, &s, &m);
}

static ofz_status recurrent_eval(ofz_eval_call *c)
{
    return ofz_eval_floats(c, recurrent_run);
}

/* --- gradients ----------------------------------------------------------------------------------
 * RNNGrad, GRUGrad (x, w, r, b, lengths, h0, dy, dyh) and LSTMGrad (x, w, r, b, lengths, h0, c0, p,
 * dy, dyh, dyc) have one output for each bit of wrt, in order, shaped like that input. At kinks the
 * activations have PyTorch's slopes. */

static int input_count(ofz_cell cell)
{
    return cell == OFZ_CELL_LSTM ? INPUTS : C0;
}

static ofz_status grad_infer(ofz_infer_call *c)
{
    const recurrent_attrs *a     = c->attrs;
    const int              count = input_count(cell_of(c->node));
    ofz_infer_call         layer = *c;
    int                    out   = 0;
    shape                  s;

    if (layer.in_count > count) layer.in_count = count;
    OFZ_TRY(shape_get(&layer, &s));
    for (int k = count; k < c->in_count; k++) OFZ_TRY(ofz_want_same_dtype(c, k));
    for (int i = 0; i < count; i++) {
        const ofz_tensor *t = ofz_infer_in(&layer, i);

        if (!(a->wrt >> i & 1)) continue;
        if (i == LENGTHS || !t)
            return ofz_fail(c->ctx, OFZ_E_MODEL, "wrt: input %d, want one with a slope", i);
        OFZ_TRY(ofz_infer_set(c, out++, c->in[0]->dtype, t->rank, t->dim));
    }
    if (out != c->out_count || a->wrt >> count)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "wrt: %d gradients, want %d", out, c->out_count);
    return OFZ_OK;
}

/* The gradients that came in have the shapes of what they belong to. */
static ofz_status grad_shapes(const ofz_eval_call *c, const ofz_recurrent *s, int first)
{
    const int64_t y  = s->steps * s->directions * s->batch * s->hidden;
    const int64_t st = s->directions * s->batch * s->hidden;

    for (int k = first; k < c->in_count; k++)
        if (c->in[k] && c->in[k]->count != (k == first ? y : st))
            return ofz_fail(c->ctx, OFZ_E_MODEL, "gradient %d: %" PRId64 " elements, want %" PRId64,
                            k - first, c->in[k]->count, k == first ? y : st);
    return OFZ_OK;
}

static ofz_status grad_run(ofz_eval_call *c)
{
    const recurrent_attrs *a     = c->attrs;
    const int              count = input_count(cell_of(c->node));
    ofz_recurrent_slopes   g     = { .dy  = data_of(c, count),
                                     .dyh = data_of(c, count + 1),
                                     .dyc = data_of(c, count + 2) };
    void **const           at[]  = { &g.dx, &g.dw, &g.dr, &g.db, NULL, &g.dh0, &g.dc0, &g.dp };
    int                    out   = 0;
    ofz_recurrent          s;
    ofz_recurrent_data     m;

    OFZ_TRY(layer_of(c, &s));
    OFZ_TRY(grad_shapes(c, &s, count));
    m = operands_of(c, s.cell);
    for (int i = 0; i < count; i++)
        if (at[i] && a->wrt >> i & 1) *at[i] = output_of(c, out++);
    return OFZ_BY_FLOAT(c, ofz_recurrent_grad, c->ctx, &s, &m, &g);
}

static ofz_status grad_eval(ofz_eval_call *c)
{
    return ofz_eval_floats(c, grad_run);
}

static ofz_status recurrent_grad(ofz_grad_call *g)
{
    static const char *const row[] = { "RNNGrad", "GRUGrad", "LSTMGrad" };
    const ofz_cell           cell  = cell_of(g->node);
    const ofz_node          *n     = g->node;
    const int                count = input_count(cell), ends = cell == OFZ_CELL_LSTM ? 3 : 2;
    ofz_value               *in[INPUTS + 3] = { NULL }, *out[INPUTS];
    int64_t                  wrt            = 0;
    int                      outs           = 0;
    ofz_attr                *attr           = malloc((n->attr_count + 1) * sizeof *attr);
    ofz_status               st             = OFZ_OK;

    if (!attr) return ofz_fail_nomem(g->ctx, "attributes", n->attr_count * sizeof *attr);
    for (int i = 0; i < count && (size_t)i < n->in_count; i++) {
        in[i] = n->in[i];
        if (i == LENGTHS || !n->in[i] || !g->need[i]) continue;
        wrt |= (int64_t)1 << i;
        outs++;
    }
    for (int k = 0; k < ends && (size_t)k < n->out_count; k++) in[count + k] = g->dy[k];
    for (size_t i = 0; i < n->attr_count; i++) attr[i] = n->attr[i];
    attr[n->attr_count] = (ofz_attr){ .name = "wrt", .type = OFZ_ATTR_INT, .u.i = wrt };
    if (wrt)
        OFZ_GOTO(ofz_emit_attrs(g, "ofz", row[cell], (int)n->attr_count + 1, attr, count + ends, in,
                                outs, out));
    outs = 0;
    for (int i = 0; i < count; i++)
        if (wrt >> i & 1) g->dx[i] = out[outs++];
done:
    free(attr);
    return st;
}

/* --- the table -------------------------------------------------------------------------------- */

#define AT(field) offsetof(recurrent_attrs, field)

/* clang-format off */
#define COMMON                                                                                     \
    { "activation_alpha", OFZ_ATTR_FLOATS, AT(activation_alpha) },                                 \
    { "activation_beta", OFZ_ATTR_FLOATS, AT(activation_beta) },                                   \
    { "activations", OFZ_ATTR_STRINGS, AT(activations) },                                          \
    { "clip", OFZ_ATTR_FLOAT, AT(clip) },                                                          \
    { "direction", OFZ_ATTR_STRING, AT(direction), .s = "forward" },                               \
    { "hidden_size", OFZ_ATTR_INT, AT(hidden_size) }
#define LAYOUT   { "layout", OFZ_ATTR_INT, AT(layout) }
#define LINEAR   { "linear_before_reset", OFZ_ATTR_INT, AT(linear_before_reset) }
#define FORGET   { "input_forget", OFZ_ATTR_INT, AT(input_forget) }
#define SEQUENCE { "output_sequence", OFZ_ATTR_INT, OFZ_ATTR_IGNORED }
#define WRT      { "wrt", OFZ_ATTR_INT, AT(wrt), .required = true }

static const ofz_attr_def plain_def[] = { COMMON, { 0 } };
static const ofz_attr_def first_def[] = { COMMON, SEQUENCE, { 0 } };
static const ofz_attr_def rnn_def[] = { COMMON, LAYOUT, { 0 } };
static const ofz_attr_def gru3_def[] = { COMMON, LINEAR, SEQUENCE, { 0 } };
static const ofz_attr_def gru7_def[] = { COMMON, LINEAR, { 0 } };
static const ofz_attr_def gru_def[] = { COMMON, LAYOUT, LINEAR, { 0 } };
static const ofz_attr_def lstm1_def[] = { COMMON, FORGET, SEQUENCE, { 0 } };
static const ofz_attr_def lstm7_def[] = { COMMON, FORGET, { 0 } };
static const ofz_attr_def lstm_def[] = { COMMON, FORGET, LAYOUT, { 0 } };
static const ofz_attr_def grad_def[] = { COMMON, FORGET, LAYOUT, LINEAR, SEQUENCE, WRT, { 0 } };

#define ATTRS(def) def, sizeof(recurrent_attrs)
#define RUN        recurrent_infer, recurrent_eval, recurrent_grad
#define BACK       ATTRS(grad_def), grad_infer, grad_eval, NULL, "x", "ofz"
#define PURE       OFZ_OP_PURE

static const ofz_op rows[] = {
    { "GRU", 1, { 3, 6 }, { 0, 2 }, PURE, ATTRS(first_def), RUN, "xwwbix" },
    { "GRU", 3, { 3, 6 }, { 0, 2 }, PURE, ATTRS(gru3_def), RUN, "xwwbix" },
    { "GRU", 7, { 3, 6 }, { 0, 2 }, PURE, ATTRS(gru7_def), RUN, "xwwbix" },
    { "GRU", 14, { 3, 6 }, { 0, 2 }, PURE, ATTRS(gru_def), RUN, "xwwbix" },
    { "GRU", 22, { 3, 6 }, { 0, 2 }, PURE, ATTRS(gru_def), RUN, "xwwbix" },
    { "LSTM", 1, { 3, 8 }, { 0, 3 }, PURE, ATTRS(lstm1_def), RUN, "xwwbixxw" },
    { "LSTM", 7, { 3, 8 }, { 0, 3 }, PURE, ATTRS(lstm7_def), RUN, "xwwbixxw" },
    { "LSTM", 14, { 3, 8 }, { 0, 3 }, PURE, ATTRS(lstm_def), RUN, "xwwbixxw" },
    { "LSTM", 22, { 3, 8 }, { 0, 3 }, PURE, ATTRS(lstm_def), RUN, "xwwbixxw" },
    { "RNN", 1, { 3, 6 }, { 0, 2 }, PURE, ATTRS(first_def), RUN, "xwwbix" },
    { "RNN", 7, { 3, 6 }, { 0, 2 }, PURE, ATTRS(plain_def), RUN, "xwwbix" },
    { "RNN", 14, { 3, 6 }, { 0, 2 }, PURE, ATTRS(rnn_def), RUN, "xwwbix" },
    { "RNN", 22, { 3, 6 }, { 0, 2 }, PURE, ATTRS(rnn_def), RUN, "xwwbix" },
    { "GRUGrad", 1, { 3, 8 }, { 1, 5 }, PURE, BACK },
    { "LSTMGrad", 1, { 3, 11 }, { 1, 7 }, PURE, BACK },
    { "RNNGrad", 1, { 3, 8 }, { 1, 5 }, PURE, BACK },
    { 0 },
};
/* clang-format on */
OFZ_OP_TABLE(recurrent, rows);
