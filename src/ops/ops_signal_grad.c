/* ops_signal_grad.c - the adjoints of DFT and STFT. Both are linear: a transform the other way, without
 * its division by the length, is the gradient. Double inside. */
#include <stddef.h>
#include <string.h>

#include "ops/infer.h"
#include "ops/move.h"
#include "ops/transform.h"

/* --- DFT -------------------------------------------------------------------------------------- */

/* DFTGrad(x, dy, dft_length, axis): x for its shape; the two last as the node has them. Before version
 * 20, and where the input is left out, the axis is the attribute. */
ofz_status ofz_dft_grad(ofz_grad_call *g)
{
    const ofz_signal_attrs *a      = g->attrs;
    const ofz_node         *n      = g->node;
    const bool              old    = n->opset < 20;
    ofz_value              *in[]   = { n->in[0], g->dy[0], n->in_count > 1 ? n->in[1] : NULL,
                        n->in_count > 2 ? n->in[2] : NULL };
    const ofz_attr          attr[] = {
                 { .name = "axis", .type = OFZ_ATTR_INT, .u.i = old ? a->axis : -2 },
                 { .name = "inverse", .type = OFZ_ATTR_INT, .u.i = a->inverse },
                 { .name = "onesided", .type = OFZ_ATTR_INT, .u.i = a->onesided },
    };

    if (!g->need[0]) return OFZ_OK;
    return ofz_emit_attrs(g, "ofz", "DFTGrad", 3, attr, 4, in, 1, &g->dx[0]);
}

/* Bin m of a onesided spectrum stands for bin n - m as well, conjugated. */
static void fold_mirror(ofz_transform *t)
{
    for (int64_t m = 1; m < t->n - m; m++) {
        t->re[m] += t->re[t->n - m];
        t->im[m] -= t->im[t->n - m];
    }
}

static ofz_status dft_grad_eval(ofz_eval_call *c)
{
    const ofz_signal_attrs *a  = c->attrs;
    const ofz_tensor       *dy = c->in[1], *dx = c->out[0], *at = ofz_eval_in(c, 3);
    const bool              back = a->inverse != 0, half = back && a->onesided;
    int64_t                 n, inner, count;
    int                     axis;
    ofz_transform           t;

    OFZ_TRY(ofz_axis(c->ctx, at ? ofz_int_at(at, 0) : a->axis, dx->rank, &axis));
    if (!dy->count || !dx->count) {
        memset(dx->data, 0, dx->size);
        return OFZ_OK;
    }
    n = half || !a->onesided ? dy->dim[axis] : dx->dim[axis];
    if (ofz_eval_in(c, 2)) n = ofz_int_at(c->in[2], 0);
    inner = ofz_tensor_span(dx, axis + 1, dx->rank - 1);
    count = dx->dim[axis] < n ? dx->dim[axis] : n;
    memset(dx->data, 0, dx->size);
    OFZ_TRY(ofz_transform_new(c->ctx, n, &t));
    for (int64_t i = 0; i < ofz_tensor_span(dx, 0, axis) * inner; i++) {
        const int64_t o = i / inner, k = i % inner;

        ofz_line_load(dy, o * dy->dim[axis] * inner + k, inner, dy->dim[axis], false, &t);
        ofz_fourier_run(t.f, !back, t.re, t.im, t.room);
        if (half) fold_mirror(&t);
        ofz_line_store(&t, back ? 1 / (double)n : 1, o * dx->dim[axis] * inner + k, inner,
                       half && count > n / 2 + 1 ? n / 2 + 1 : count, c->out[0]);
    }
    ofz_transform_free(&t);
    return OFZ_OK;
}

/* --- STFT ------------------------------------------------------------------------------------- */

/* STFTGrad(signal, frame_step, window, frame_length, dy) -> dsignal, dwindow */
ofz_status ofz_stft_grad(ofz_grad_call *g)
{
    const ofz_node *n     = g->node;
    ofz_value      *in[5] = { n->in[0], n->in[1] }, *out[2];

    in[2] = n->in_count > 2 ? n->in[2] : NULL;
    in[3] = n->in_count > 3 ? n->in[3] : NULL;
    in[4] = g->dy[0];
    OFZ_TRY(ofz_emit(g, "ofz", "STFTGrad", NULL, 5, in, in[2] ? 2 : 1, out));
    if (g->need[0]) g->dx[0] = out[0];
    if (in[2] && g->need[2]) g->dx[2] = out[1];
    return OFZ_OK;
}

static ofz_status stft_grad_infer(ofz_infer_call *c)
{
    OFZ_TRY(ofz_infer_same(c));
    if (c->out_count < 2 || !c->in[2]) return OFZ_OK;
    return ofz_infer_set(c, 1, c->in[2]->dtype, c->in[2]->rank, c->in[2]->dim);
}

static void add_to(const ofz_tensor *y, int64_t i, double x)
{
    ofz_elem_set_f64(y->dtype, y->data, i, ofz_elem_f64(y->dtype, y->data, i) + x);
}

/* One frame: its window and its part of the signal. What a frame adds is rounded to the tensor's type. */
static void frame_back(const ofz_eval_call *c, const ofz_transform *t, int64_t first)
{
    const ofz_tensor *x = c->in[0], *w = c->in[2], *dx = c->out[0];
    const ofz_tensor *dw    = c->out_count > 1 ? c->out[1] : NULL;
    const int64_t     parts = x->dim[2];

    for (int64_t k = 0; k < t->n; k++) {
        const int64_t at    = (first + k) * parts;
        const double  f     = w ? ofz_elem_f64(w->dtype, w->data, k) : 1;
        double        slope = ofz_elem_f64(x->dtype, x->data, at) * t->re[k];

        add_to(dx, at, f * t->re[k]);
        if (parts == 2) {
            add_to(dx, at + 1, f * t->im[k]);
            slope += ofz_elem_f64(x->dtype, x->data, at + 1) * t->im[k];
        }
        if (dw) add_to(dw, k, slope);
    }
}

static ofz_status stft_grad_eval(ofz_eval_call *c)
{
    const ofz_tensor *x = c->in[0], *w = c->in[2], *length = c->in[3], *dy = c->in[4];
    const int64_t     step = ofz_int_at(c->in[1], 0);
    const int64_t     n    = length ? ofz_int_at(length, 0) : w ? w->dim[0] : 0;
    ofz_transform     t;

    for (int k = 0; k < c->out_count; k++)
        if (c->out[k]) memset(c->out[k]->data, 0, c->out[k]->size);
    if (!dy->count) return OFZ_OK;
    OFZ_TRY(ofz_transform_new(c->ctx, n, &t));
    for (int64_t i = 0; i < dy->dim[0] * dy->dim[1]; i++) {
        ofz_line_load(dy, i * dy->dim[2], 1, dy->dim[2], false, &t);
        ofz_fourier_run(t.f, true, t.re, t.im, t.room);
        frame_back(c, &t, i / dy->dim[1] * x->dim[1] + i % dy->dim[1] * step);
    }
    ofz_transform_free(&t);
    return OFZ_OK;
}

static const ofz_attr_def dft_attr[] = {
    { "axis", OFZ_ATTR_INT, offsetof(ofz_signal_attrs, axis), .i = -2 },
    { "inverse", OFZ_ATTR_INT, offsetof(ofz_signal_attrs, inverse) },
    { "onesided", OFZ_ATTR_INT, offsetof(ofz_signal_attrs, onesided) },
    { 0 },
};

static const ofz_op rows[] = {
    { "DFTGrad",
      1,
      { 2, 4 },
      { 1, 1 },
      OFZ_OP_PURE,
      dft_attr,
      sizeof(ofz_signal_attrs),
      ofz_infer_same,
      dft_grad_eval,
      NULL,
      "xxii",
      "ofz" },
    { "STFTGrad",
      1,
      { 2, 5 },
      { 1, 2 },
      OFZ_OP_PURE,
      NULL,
      0,
      stft_grad_infer,
      stft_grad_eval,
      NULL,
      "xixix",
      "ofz" },
    { 0 },
};
OFZ_OP_TABLE(signal_grad, rows);
