/* ops_signal.c - DFT, STFT, windows and MelWeightMatrix; double inside.
 * Source: ONNX Operators.md. */
#include "ops/op.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "ops/move.h"
#include "ops/transform.h"

#define PI 3.14159265358979323846

/* The only element of integer input k where it is known. */
static bool scalar_known(ofz_infer_call *c, int k, int64_t *out)
{
    const int64_t *v;
    int64_t        count;

    if (!ofz_infer_ints(c, k, &v, &count) || count != 1) return false;
    *out = v[0];
    return true;
}

/* --- DFT ------------------------------------------------------------------------------------------ */

/* The transformed axis: the attribute before version 20, then an input with -2 as its default. *axis
 * is -1 while it is not known. */
static ofz_status dft_axis(ofz_infer_call *c, int rank, int *axis)
{
    const ofz_signal_attrs *a     = c->attrs;
    int64_t                 value = c->opset >= 20 ? -2 : a->axis;

    *axis = -1;
    if (ofz_infer_in(c, 2) && !scalar_known(c, 2, &value)) return OFZ_OK;
    OFZ_TRY(ofz_axis(c->ctx, value, rank, axis));
    if (*axis == rank - 1)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "axis: %" PRId64 ", want one before the last", value);
    return OFZ_OK;
}

/* Length of the transform from that of the axis (a symbol, while unknown) and of the result. */
static ofz_status dft_length(ofz_infer_call *c, int64_t dim, bool half_in, int64_t *n)
{
    *n = dim < 0 ? -1 : half_in && dim > 0 ? 2 * (dim - 1) : dim;
    if (ofz_infer_in(c, 1) && !scalar_known(c, 1, n)) *n = -1;
    if (ofz_infer_in(c, 1) && *n == 0)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "dft_length: 0, want at least 1");
    if (ofz_infer_in(c, 1) && scalar_known(c, 1, n) && *n < 0)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "dft_length: %" PRId64 ", want at least 1", *n);
    return OFZ_OK;
}

static ofz_status dft_infer(ofz_infer_call *c)
{
    const ofz_signal_attrs *a    = c->attrs;
    const ofz_tensor       *x    = c->in[0];
    const bool              half = a->onesided != 0, back = a->inverse != 0;
    int64_t                 dim[OFZ_MAX_RANK], n;
    int                     axis;

    for (int k = 1; k < 3; k++) {
        OFZ_TRY(ofz_want_ints(c, k, k == 1));
        OFZ_TRY(ofz_want_scalar(c, k));
    }
    if (x->rank < 0) return ofz_infer_unknown(c, 0, x->dtype);
    if (x->rank < 2)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "input: rank %d, want at least 2", x->rank);
    if (x->dim[x->rank - 1] >= 0 && x->dim[x->rank - 1] != 1 && x->dim[x->rank - 1] != 2)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "input: last dim %" PRId64 ", want 1 or 2",
                        x->dim[x->rank - 1]);
    OFZ_TRY(dft_axis(c, x->rank, &axis));
    if (axis < 0) return ofz_infer_rank(c, 0, x->dtype, x->rank);
    OFZ_TRY(dft_length(c, x->dim[axis], half && back, &n));
    memcpy(dim, x->dim, (size_t)x->rank * sizeof *dim);
    dim[axis]        = n < 0 ? ofz_infer_fresh(c) : half && !back ? n / 2 + 1 : n;
    dim[x->rank - 1] = half && back ? 1 : 2;
    return ofz_infer_set(c, 0, x->dtype, x->rank, dim);
}

static ofz_status float_want(ofz_ctx *ctx, const ofz_tensor *t)
{
    if (ofz_dtype_is_float(t->dtype)) return OFZ_OK;
    return ofz_fail(ctx, OFZ_E_UNSUPPORTED, "input: %s, want a float type",
                    ofz_dtype_name(t->dtype));
}

/* numpy, which defines the results, transforms complex numbers in their own precision, real ones in
 * double. */
static ofz_status single_new(ofz_ctx *ctx, const ofz_tensor *x, int64_t n, bool half,
                             ofz_fourier_single **out)
{
    *out = NULL;
    if (x->dtype != OFZ_F32 || x->dim[x->rank - 1] != 2 || half || !ofz_fourier_single_takes(n))
        return OFZ_OK;
    return ofz_fourier_single_new(ctx, n, out);
}

static ofz_status dft_eval(ofz_eval_call *c)
{
    const ofz_signal_attrs *a = c->attrs;
    const ofz_tensor       *x = c->in[0], *axis_in = ofz_eval_in(c, 2), *y = c->out[0];
    const bool              back = a->inverse != 0, half = back && a->onesided;
    const int64_t           want = axis_in ? ofz_int_at(axis_in, 0) : c->opset >= 20 ? -2 : a->axis;
    int64_t                 n, inner;
    int                     axis;
    ofz_transform           t;
    ofz_fourier_single     *single;
    ofz_status              st;

    OFZ_TRY(float_want(c->ctx, x));
    if (!y->count) return OFZ_OK;
    OFZ_TRY(ofz_axis(c->ctx, want, x->rank, &axis));
    n = half || !a->onesided ? y->dim[axis] : x->dim[axis];
    if (ofz_eval_in(c, 1)) n = ofz_int_at(c->in[1], 0);
    inner = ofz_tensor_span(x, axis + 1, x->rank - 1);
    OFZ_TRY(single_new(c->ctx, x, n, half, &single));
    st = ofz_transform_new(c->ctx, n, &t);
    for (int64_t i = 0; !st && i < ofz_tensor_span(x, 0, axis) * inner; i++) {
        const int64_t at = i / inner, in = i % inner;

        ofz_line_load(x, at * x->dim[axis] * inner + in, inner, x->dim[axis], half, &t);
        if (single)
            ofz_fourier_single_run(single, back, t.re, t.im);
        else
            ofz_fourier_run(t.f, back, t.re, t.im, t.room);
        ofz_line_store(&t, back && !single ? 1 / (double)n : 1, at * y->dim[axis] * inner + in,
                       inner, y->dim[axis], c->out[0]);
    }
    ofz_fourier_single_free(single);
    if (!st) ofz_transform_free(&t);
    return st;
}

/* --- STFT ----------------------------------------------------------------------------------------- */

/* A frame's length: the input's, or the window's; -1 while it is not known. */
static ofz_status frame_length(ofz_infer_call *c, int64_t *n)
{
    const ofz_tensor *w     = ofz_infer_in(c, 2);
    int64_t           given = -1;

    *n = -1;
    if (!w && !ofz_infer_in(c, 3))
        return ofz_fail(c->ctx, OFZ_E_MODEL, "frame_length, window: none, want one");
    if (ofz_infer_in(c, 3) && scalar_known(c, 3, &given)) *n = given;
    if (w && w->rank >= 0) {
        OFZ_TRY(ofz_want_rank(c, 2, 1));
        if (*n < 0 && !ofz_infer_in(c, 3)) *n = w->dim[0] >= 0 ? w->dim[0] : -1;
        if (*n >= 0 && w->dim[0] >= 0 && w->dim[0] != *n)
            return ofz_fail(c->ctx, OFZ_E_MODEL, "window: %" PRId64 " elements, want %" PRId64,
                            w->dim[0], *n);
    }
    if (given < -1 || *n == 0)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "frame_length: %" PRId64 ", want at least 1", given);
    return OFZ_OK;
}

static ofz_status stft_infer(ofz_infer_call *c)
{
    const ofz_tensor *x    = c->in[0];
    const bool        half = ((const ofz_signal_attrs *)c->attrs)->onesided != 0;
    int64_t           dim[4], step = -1, n;

    OFZ_TRY(ofz_want_rank(c, 0, 3));
    OFZ_TRY(ofz_want_same_dtype(c, 2));
    for (int k = 1; k < 4; k += 2) {
        OFZ_TRY(ofz_want_ints(c, k, true));
        OFZ_TRY(ofz_want_scalar(c, k));
    }
    OFZ_TRY(frame_length(c, &n));
    if (scalar_known(c, 1, &step) && step < 1)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "frame_step: %" PRId64 ", want at least 1", step);
    if (x->rank < 0) return ofz_infer_rank(c, 0, x->dtype, 4);
    if (x->dim[2] >= 0 && x->dim[2] != 1 && (x->dim[2] != 2 || half))
        return ofz_fail(c->ctx, OFZ_E_MODEL, "signal: last dim %" PRId64 ", want 1%s", x->dim[2],
                        half ? "" : " or 2");
    dim[0] = x->dim[0];
    dim[1] = ofz_infer_fresh(c);
    dim[2] = n < 0 ? ofz_infer_fresh(c) : half ? n / 2 + 1 : n;
    dim[3] = 2;
    if (n >= 0 && x->dim[1] >= 0 && x->dim[1] < n)
        return ofz_fail(c->ctx, OFZ_E_MODEL,
                        "signal: %" PRId64 " elements, want a frame of %" PRId64, x->dim[1], n);
    if (n >= 0 && x->dim[1] >= 0 && step > 0) dim[1] = (x->dim[1] - n) / step + 1;
    return ofz_infer_set(c, 0, x->dtype, 4, dim);
}

static ofz_status stft_eval(ofz_eval_call *c)
{
    const ofz_tensor *x = c->in[0], *w = ofz_eval_in(c, 2), *length = ofz_eval_in(c, 3);
    ofz_tensor       *y    = c->out[0];
    const int64_t     step = ofz_int_at(c->in[1], 0);
    const int64_t     n    = length ? ofz_int_at(length, 0) : w->dim[0];
    ofz_transform     t;

    OFZ_TRY(float_want(c->ctx, x));
    if (!y->count) return OFZ_OK;
    OFZ_TRY(ofz_transform_new(c->ctx, n, &t));
    for (int64_t i = 0; i < y->dim[0] * y->dim[1]; i++) {
        ofz_line_load(x, i / y->dim[1] * x->dim[1] + i % y->dim[1] * step, 1, n, false, &t);
        for (int64_t k = 0; w && k < n; k++) {
            const double f = ofz_elem_f64(w->dtype, w->data, k);

            t.re[k] *= f;
            t.im[k] *= f;
        }
        ofz_fourier_run(t.f, false, t.re, t.im, t.room);
        ofz_line_store(&t, 1, i * y->dim[2], 1, y->dim[2], y);
    }
    ofz_transform_free(&t);
    return OFZ_OK;
}

/* --- windows -------------------------------------------------------------------------------------- */

static ofz_status number_type(ofz_ctx *ctx, int64_t type, ofz_dtype *out)
{
    const ofz_dtype_class cls =
        type > 0 && type <= OFZ_I2 ? ofz_dtype_get((ofz_dtype)type)->cls : OFZ_CLASS_NONE;

    if (cls != OFZ_CLASS_FLOAT && cls != OFZ_CLASS_INT && cls != OFZ_CLASS_UINT)
        return ofz_fail(ctx, OFZ_E_MODEL, "output_datatype: %" PRId64 ", want a number's", type);
    *out = (ofz_dtype)type;
    return OFZ_OK;
}

static ofz_status window_infer(ofz_infer_call *c)
{
    ofz_dtype type;
    int64_t   n;

    OFZ_TRY(number_type(c->ctx, ((const ofz_signal_attrs *)c->attrs)->output_datatype, &type));
    OFZ_TRY(ofz_want_ints(c, 0, true));
    OFZ_TRY(ofz_want_scalar(c, 0));
    if (!scalar_known(c, 0, &n))
        n = ofz_infer_fresh(c);
    else if (n < 0)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "size: %" PRId64 ", want at least 0", n);
    return ofz_infer_set(c, 0, type, 1, &n);
}

/* a - b cos(x) + c cos(2x) over one period; a window of one element is 1. */
static ofz_status window_fill(ofz_eval_call *c, double a, double b, double d)
{
    const bool    periodic = ((const ofz_signal_attrs *)c->attrs)->periodic != 0;
    ofz_tensor   *y        = c->out[0];
    const int64_t period   = y->count - !periodic;

    for (int64_t i = 0; i < y->count; i++) {
        const double x = period > 0 ? 2 * PI * (double)i / (double)period : PI;
        const double v = a - b * cos(x) + d * cos(2 * x);

        if (ofz_dtype_is_float(y->dtype))
            ofz_elem_set_f64(y->dtype, y->data, i, v);
        else
            ofz_elem_set_i64(y->dtype, y->data, i, (int64_t)v);
    }
    return OFZ_OK;
}

static ofz_status hann_eval(ofz_eval_call *c)
{
    return window_fill(c, 0.5, 0.5, 0);
}

static ofz_status hamming_eval(ofz_eval_call *c)
{
    return window_fill(c, 25.0 / 46, 21.0 / 46, 0);
}

static ofz_status blackman_eval(ofz_eval_call *c)
{
    return window_fill(c, 0.42, 0.5, 0.08);
}

/* --- MelWeightMatrix ------------------------------------------------------------------------------- */

static ofz_status mel_infer(ofz_infer_call *c)
{
    int64_t   bins = -1, length = -1;
    ofz_dtype type;

    OFZ_TRY(number_type(c->ctx, ((const ofz_signal_attrs *)c->attrs)->output_datatype, &type));
    for (int k = 0; k < 5; k++) {
        if (k < 3) OFZ_TRY(ofz_want_ints(c, k, true));
        OFZ_TRY(ofz_want_scalar(c, k));
    }
    if ((scalar_known(c, 0, &bins) && bins < 0) || (scalar_known(c, 1, &length) && length < 0))
        return ofz_fail(c->ctx, OFZ_E_MODEL,
                        "num_mel_bins, dft_length: %" PRId64 ", %" PRId64 ", want at least 0", bins,
                        length);
    return ofz_infer_set(c, 0, type, 2,
                         (int64_t[]){ length < 0 ? ofz_infer_fresh(c) : length / 2 + 1,
                                      bins < 0 ? ofz_infer_fresh(c) : bins });
}

/* The spectrum's row that the k-th edge of the bins falls into. */
static int64_t mel_edge(double low, double high, int64_t bins, double length, double rate,
                        int64_t rows, int64_t k)
{
    const double mel  = (high - low) / (double)(bins + 2) * (double)k + low;
    const double edge = floor((length + 1) * (700 * (pow(10, mel / 2595) - 1)) / rate);

    return edge > 0 ? edge < (double)rows ? (int64_t)edge : rows : 0;
}

static double mel_of(const ofz_tensor *t)
{
    return 2595 * log10(1 + ofz_elem_f64(t->dtype, t->data, 0) / 700);
}

static ofz_status mel_eval(ofz_eval_call *c)
{
    ofz_tensor   *y    = c->out[0];
    const int64_t rows = y->dim[0], bins = y->dim[1];
    const double  length = (double)ofz_int_at(c->in[1], 0), rate = (double)ofz_int_at(c->in[2], 0);
    const double  low = mel_of(c->in[3]), high = mel_of(c->in[4]);

    if (!(rate > 0))
        return ofz_fail(c->ctx, OFZ_E_DATA, "sample_rate: %.9g, want a positive number", rate);
    if (y->size) memset(y->data, 0, y->size);
    for (int64_t b = 0; b < bins; b++) {
        const int64_t first = mel_edge(low, high, bins, length, rate, rows, b);
        const int64_t peak  = mel_edge(low, high, bins, length, rate, rows, b + 1);
        const int64_t last  = mel_edge(low, high, bins, length, rate, rows, b + 2);

        for (int64_t i = first; i <= peak && i < rows; i++)
            ofz_elem_set_f64(y->dtype, y->data, i * bins + b,
                             peak > first ? (double)(i - first) / (double)(peak - first) : 1);
        for (int64_t i = peak; i < last && i < rows; i++)
            ofz_elem_set_f64(y->dtype, y->data, i * bins + b,
                             (double)(last - i) / (double)(last - peak));
    }
    return OFZ_OK;
}

/* --- the table ---------------------------------------------------------------------------------- */

#define AT(field) offsetof(ofz_signal_attrs, field)

/* clang-format off */
static const ofz_attr_def dft17_def[] = {
    { "axis", OFZ_ATTR_INT, AT(axis), .i = 1 },
    { "inverse", OFZ_ATTR_INT, AT(inverse) },
    { "onesided", OFZ_ATTR_INT, AT(onesided) },
    { 0 },
};
static const ofz_attr_def dft_def[] = {
    { "inverse", OFZ_ATTR_INT, AT(inverse) }, { "onesided", OFZ_ATTR_INT, AT(onesided) }, { 0 }
};
static const ofz_attr_def stft_def[] = { { "onesided", OFZ_ATTR_INT, AT(onesided), .i = 1 }, { 0 } };
static const ofz_attr_def window_def[] = {
    { "output_datatype", OFZ_ATTR_INT, AT(output_datatype), .i = 1 },
    { "periodic", OFZ_ATTR_INT, AT(periodic), .i = 1 },
    { 0 },
};
static const ofz_attr_def mel_def[] = {
    { "output_datatype", OFZ_ATTR_INT, AT(output_datatype), .i = 1 }, { 0 }
};

#define ONE        { 1, 1 }
#define PURE       OFZ_OP_PURE
#define ATTRS(def) def, sizeof(ofz_signal_attrs)

static const ofz_op rows[] = {
    { "BlackmanWindow", 17, ONE, ONE, PURE, ATTRS(window_def), window_infer, blackman_eval, NULL,
      "i" },
    { "DFT", 17, { 1, 2 }, ONE, PURE, ATTRS(dft17_def), dft_infer, dft_eval, ofz_dft_grad, "xi" },
    { "DFT", 20, { 1, 3 }, ONE, PURE, ATTRS(dft_def), dft_infer, dft_eval, ofz_dft_grad, "xi" },
    { "HammingWindow", 17, ONE, ONE, PURE, ATTRS(window_def), window_infer, hamming_eval, NULL,
      "i" },
    { "HannWindow", 17, ONE, ONE, PURE, ATTRS(window_def), window_infer, hann_eval, NULL, "i" },
    { "MelWeightMatrix", 17, { 5, 5 }, ONE, PURE, ATTRS(mel_def), mel_infer, mel_eval, NULL,
      "iii" },
    { "STFT", 17, { 2, 4 }, ONE, PURE, ATTRS(stft_def), stft_infer, stft_eval, ofz_stft_grad, "xixi" },
    { 0 },
};
/* clang-format on */
OFZ_OP_TABLE(signal, rows);
