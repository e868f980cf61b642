/* fold_affine.c - a scale and a shift for each channel go into the weight and the bias of the layer
 * before them: w' = w * scale, b' = b * scale + shift, each in double and rounded once. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/checked.h"
#include "pass/fold_edit.h"

/* A layer: what it is, and how its weight lies. */
typedef struct layer {
    ofz_node         *n;
    const ofz_tensor *w;            /* whether it trains or not */
    const ofz_tensor *bias;         /* constant, or NULL */
    int64_t channels, outer, inner; /* w is [outer, channels or channels of a group, inner] */
    int64_t groups;                 /* of ConvTranspose, whose outer runs through them; else 1 */
    bool    scalar_bias;            /* Gemm: one number for all channels */
    bool    open_bias;              /* there may be one */
} layer;

/* --- the layer -------------------------------------------------------------------------------- */

static bool conv_layer(const ofz_node *n, layer *l)
{
    if (l->w->rank < 3) return false;
    l->channels  = l->w->dim[0];
    l->outer     = 1;
    l->inner     = l->channels ? l->w->count / l->channels : 0;
    l->open_bias = true;
    return n->in_count >= 2;
}

static bool conv_transpose_layer(const ofz_node *n, layer *l)
{
    l->groups = ofz_fold_int(n, "group", 1);
    if (l->w->rank < 3 || l->groups < 1 || l->w->dim[0] % l->groups) return false;
    if (!ofz_mul(l->w->dim[1], l->groups, &l->channels)) return false;
    l->outer     = l->w->dim[0];
    l->inner     = ofz_tensor_span(l->w, 2, l->w->rank);
    l->open_bias = true;
    return true;
}

static bool matrix_layer(const ofz_node *n, layer *l, bool gemm)
{
    const bool transposed = gemm && ofz_fold_int(n, "transB", 0) != 0;

    if (l->w->rank != 2) return false;
    l->channels  = l->w->dim[transposed ? 0 : 1];
    l->outer     = transposed ? 1 : l->w->dim[0];
    l->inner     = transposed ? l->w->dim[1] : 1;
    l->open_bias = gemm || n->in[0]->type.rank == 2;
    return true;
}

static bool bias_fits(const ofz_node *n, layer *l)
{
    const ofz_tensor *b = l->bias;

    if (!b) return true;
    if (b->dtype != l->w->dtype) return false;
    if (strcmp(n->op_type, "Gemm") != 0) return b->rank == 1 && b->count == l->channels;
    if (ofz_fold_float(n, "beta", 1) != 1) return false;
    l->scalar_bias = b->count == 1 && l->channels != 1;
    if (b->count == 1) return b->rank <= 2;
    return b->count == l->channels && (b->rank == 1 || (b->rank == 2 && b->dim[0] == 1));
}

static bool layer_of(const ofz_fold *f, const ofz_node *n, layer *l)
{
    bool fits;

    *l = (layer){ .n = (ofz_node *)n, .groups = 1 };
    if (n->removed || n->in_count < 2 || n->out_count != 1 || !n->in[0] || !n->in[1]) return false;
    l->w = n->in[1]->constant;
    if (!l->w || (l->w->dtype != OFZ_F32 && l->w->dtype != OFZ_F64)) return false;
    if (!ofz_fold_constant(f, n->in[1]) && !ofz_fold_varies(f, n->in[1])) return false;
    if (n->in_count > 2 && n->in[2]) {
        l->bias = ofz_fold_constant(f, n->in[2]);
        if (!l->bias) return false;
    }
    if (ofz_fold_is(f, n, "Conv"))
        fits = conv_layer(n, l);
    else if (ofz_fold_is(f, n, "ConvTranspose"))
        fits = conv_transpose_layer(n, l);
    else
        fits = (ofz_fold_is(f, n, "Gemm") || ofz_fold_is(f, n, "MatMul")) &&
               matrix_layer(n, l, !strcmp(n->op_type, "Gemm"));
    return fits && l->channels > 0 && bias_fits(n, l);
}

int64_t ofz_fold_channels(const ofz_fold *f, const ofz_node *n, int *axis, int *rank)
{
    layer l;

    if (!layer_of(f, n, &l)) return 0;
    *rank = l.w->rank;
    *axis = 1;
    if (!strcmp(n->op_type, "MatMul")) {
        *rank = n->in[0]->type.rank;
        *axis = *rank - 1;
        if (*rank < 2) return 0; /* a vector's product has one axis less */
    }
    return l.channels;
}

/* --- the numbers ------------------------------------------------------------------------------ */

static ofz_status aligned(ofz_fold *f, const ofz_tensor *t, ofz_tensor *out)
{
    if (!ofz_tensor_aligned(t)) return ofz_tensor_copy(f->ctx, t, out);
    ofz_tensor_share(t, out);
    return OFZ_OK;
}

#define SCALE_ROW(type, to, from, count, s)                                                        \
    for (int64_t i_ = 0; i_ < (count); i_++)                                                       \
    ((type *)(to))[i_] = (type)((double)((const type *)(from))[i_] * (s))

/* The weight times scale[channel]. */
static ofz_status weight_scaled(ofz_fold *f, const layer *l, const double *scale, ofz_tensor *out)
{
    const int64_t per = l->channels / l->groups, group_rows = l->outer / l->groups;
    const size_t  width = l->w->dtype == OFZ_F64 ? 8 : 4;
    ofz_tensor    w     = { 0 };
    ofz_status    st;

    OFZ_TRY(aligned(f, l->w, &w));
    st = ofz_tensor_new(f->ctx, out, w.dtype, w.rank, w.dim);
    for (int64_t o = 0; !st && o < l->outer; o++)
        for (int64_t c = 0; c < per; c++) {
            const size_t at   = (size_t)((o * per + c) * l->inner) * width;
            const double s    = scale[(l->groups > 1 ? o / group_rows : 0) * per + c];
            char        *to   = (char *)out->data + at;
            const char  *from = (const char *)w.data + at;

            if (width == 8)
                SCALE_ROW(double, to, from, l->inner, s);
            else
                SCALE_ROW(float, to, from, l->inner, s);
        }
    ofz_tensor_release(&w);
    return st;
}

static ofz_status bias_moved(ofz_fold *f, const layer *l, const double *scale, const double *shift,
                             ofz_tensor *out)
{
    ofz_tensor b = { 0 };
    ofz_status st;

    if (l->bias) OFZ_TRY(aligned(f, l->bias, &b));
    st = ofz_tensor_new(f->ctx, out, l->w->dtype, 1, &l->channels);
    for (int64_t c = 0; !st && c < l->channels; c++) {
        const double old = l->bias ? ofz_elem_f64(b.dtype, b.data, l->scalar_bias ? 0 : c) : 0.0;

        ofz_elem_set_f64(out->dtype, out->data, c, old * scale[c] + shift[c]);
    }
    ofz_tensor_release(&b);
    return st;
}

static bool all_are(const double *x, int64_t count, double want)
{
    for (int64_t i = 0; i < count; i++)
        if (x[i] != want) return false;
    return true;
}

static bool all_finite(const ofz_tensor *t)
{
    for (int64_t i = 0; i < t->count; i++)
        if (!isfinite(ofz_elem_f64(t->dtype, t->data, i))) return false;
    return true;
}

/* --- putting them in -------------------------------------------------------------------------- */

/* Input `index` is the tensor from here on: under the same name when nobody else reads it. Takes over
 * the reference. */
static ofz_status input_put(ofz_fold *f, ofz_node *n, size_t index, const char *like,
                            const ofz_tensor *t)
{
    ofz_value  *old = index < n->in_count ? n->in[index] : NULL, *v;
    ofz_value **in;

    if (old && ofz_fold_single(old) && !old->producer && old->graph == n->graph)
        return ofz_fold_set_constant(f, old, t);
    OFZ_TRY(ofz_fold_new_constant(f, n->graph, old ? old->name : like, t, &v));
    if (index >= n->in_count) {
        in = OFZ_NEWS(n->graph->arena, ofz_value *, index + 1);
        if (!in) return ofz_fail_nomem(f->ctx, "node", sizeof *in);
        memcpy(in, n->in, n->in_count * sizeof *in);
        n->in       = in;
        n->in_count = index + 1;
    }
    return ofz_node_set_input(f->ctx, n, index, v);
}

ofz_status ofz_fold_affine(ofz_fold *f, ofz_node *n, const double *scale, const double *shift,
                           bool *done)
{
    ofz_tensor w = { 0 }, b = { 0 };
    bool       scales, shifts;
    layer      l;
    char       like[256];
    ofz_status st = OFZ_OK;

    *done = false;
    if (!layer_of(f, n, &l)) return OFZ_OK;
    scales = !all_are(scale, l.channels, 1);
    shifts = !all_are(shift, l.channels, 0) || (scales && l.bias);
    if (scales && !ofz_fold_constant(f, n->in[1])) return OFZ_OK;
    if (shifts && !l.open_bias) return OFZ_OK;
    snprintf(like, sizeof like, "%.200s_bias", n->in[1]->name);
    if (scales) OFZ_GOTO(weight_scaled(f, &l, scale, &w));
    if (shifts) OFZ_GOTO(bias_moved(f, &l, scale, shift, &b));
    if ((scales && !all_finite(&w)) || (shifts && !all_finite(&b))) goto done;
    *done = true;
    if (shifts && !strcmp(n->op_type, "MatMul")) {
        OFZ_GOTO(ofz_fold_become(f, n, "Gemm", n->in, 2));
        f->edits--;
    }
    if (scales) {
        const ofz_tensor own = w;

        w = (ofz_tensor){ 0 };
        OFZ_GOTO(input_put(f, n, 1, like, &own));
    }
    if (shifts) {
        const ofz_tensor own = b;

        b = (ofz_tensor){ 0 };
        OFZ_GOTO(input_put(f, n, 2, like, &own));
    }
done:
    ofz_tensor_release(&w);
    ofz_tensor_release(&b);
    return st;
}
