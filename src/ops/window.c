/* window.c - window arithmetic. Sources: ONNX Operators.md, Conv, ConvTranspose, MaxPool,
 * AveragePool. */
#include "ops/window.h"

#include <string.h>

#include "base/checked.h"

typedef enum pad_mode { PAD_NOTSET, PAD_VALID, PAD_UPPER, PAD_LOWER } pad_mode;

static bool text_is(ofz_string s, const char *text)
{
    return s.size == strlen(text) && (!s.size || !memcmp(s.text, text, s.size));
}

static ofz_status pad_mode_get(ofz_ctx *ctx, ofz_string s, pad_mode *out)
{
    static const struct {
        const char *name;
        pad_mode    mode;
    } names[] = { { "", PAD_NOTSET },
                  { "NOTSET", PAD_NOTSET },
                  { "VALID", PAD_VALID },
                  { "SAME_UPPER", PAD_UPPER },
                  { "SAME_LOWER", PAD_LOWER } };

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (text_is(s, names[i].name)) {
            *out = names[i].mode;
            return OFZ_OK;
        }
    return ofz_fail(ctx, OFZ_E_MODEL,
                    "auto_pad: '%.*s', want NOTSET, VALID, SAME_UPPER or SAME_LOWER",
                    (int)(s.size > 40 ? 40 : s.size), s.text ? s.text : "");
}

/* List `name` into dst[0..want), all `missing` when the attribute is absent. */
static ofz_status list_get(ofz_ctx *ctx, const char *name, ofz_ints list, int want, int64_t least,
                           int64_t missing, int64_t *dst)
{
    if (list.count && list.count != (size_t)want)
        return ofz_fail(ctx, OFZ_E_MODEL, "%s: %zu numbers, want %d", name, list.count, want);
    for (int i = 0; i < want; i++) {
        dst[i] = list.count ? list.v[i] : missing;
        if (dst[i] < least || dst[i] > INT32_MAX)
            return ofz_fail(ctx, OFZ_E_MODEL, "%s[%d]: %" PRId64 ", want %" PRId64 " to %d", name,
                            i, dst[i], least, INT32_MAX);
    }
    return OFZ_OK;
}

static ofz_status window_start(ofz_ctx *ctx, const ofz_window_attrs *a, int axes, const int64_t *in,
                               const int64_t *kernel, pad_mode *mode, ofz_window *w)
{
    int64_t pads[2 * OFZ_MAX_RANK];

    memset(w, 0, sizeof *w);
    w->axes = axes;
    OFZ_TRY(pad_mode_get(ctx, a->auto_pad, mode));
    OFZ_TRY(list_get(ctx, "strides", a->strides, axes, 1, 1, w->stride));
    OFZ_TRY(list_get(ctx, "dilations", a->dilations, axes, 1, 1, w->dilation));
    OFZ_TRY(list_get(ctx, "pads", a->pads, 2 * axes, 0, 0, pads));
    for (int i = 0; i < axes; i++) {
        w->in[i]     = in[i];
        w->kernel[i] = kernel[i];
        if (!OFZ_IS_SYMBOL(kernel[i]) && (kernel[i] < 1 || kernel[i] > INT32_MAX))
            return ofz_fail(ctx, OFZ_E_MODEL, "kernel_shape[%d]: %" PRId64 ", want 1 to %d", i,
                            kernel[i], INT32_MAX);
        if (!OFZ_IS_SYMBOL(in[i]) && in[i] > INT64_MAX / 4)
            return ofz_fail(ctx, OFZ_E_LIMIT, "axis %d: size %" PRId64 ", too large", i + 2, in[i]);
        if (*mode == PAD_NOTSET) {
            w->begin[i] = pads[i];
            w->end[i]   = pads[axes + i];
        }
    }
    return OFZ_OK;
}

/* Elements a dilated kernel spans. All factors were bounded by 2^31. */
static int64_t span_of(const ofz_window *w, int i)
{
    return (w->kernel[i] - 1) * w->dilation[i] + 1;
}

static ofz_status axis_place(ofz_ctx *ctx, const ofz_window_attrs *a, pad_mode mode, int i,
                             ofz_window *w)
{
    const int64_t span = span_of(w, i), stride = w->stride[i], in = w->in[i];
    int64_t       room, total;

    if (mode == PAD_UPPER || mode == PAD_LOWER) {
        w->out[i]   = in / stride + (in % stride != 0);
        total       = in ? (w->out[i] - 1) * stride + span - in : 0;
        total       = total > 0 ? total : 0;
        w->begin[i] = mode == PAD_UPPER ? total / 2 : total - total / 2;
        w->end[i]   = total - w->begin[i];
        return OFZ_OK;
    }
    room = in + w->begin[i] + w->end[i] - span;
    if (a->ceil_mode) {
        room += stride - 1;
        w->out[i] = room < 0 ? 0 : room / stride + 1;
        /* a window that starts in the padding at the end covers nothing */
        if (w->out[i] > 1 && (w->out[i] - 1) * stride >= in + w->begin[i]) w->out[i]--;
    } else {
        w->out[i] = room < 0 ? 0 : room / stride + 1;
    }
    if (w->out[i] < 1)
        return ofz_fail(ctx, OFZ_E_MODEL,
                        "axis %d: padded size %" PRId64 ", want at least the kernel's %" PRId64,
                        i + 2, in + w->begin[i] + w->end[i], span);
    return OFZ_OK;
}

ofz_status ofz_window_place(ofz_ctx *ctx, const ofz_window_attrs *a, int axes, const int64_t *in,
                            const int64_t *kernel, ofz_infer_call *fresh, ofz_window *out)
{
    pad_mode mode;

    OFZ_TRY(window_start(ctx, a, axes, in, kernel, &mode, out));
    for (int i = 0; i < axes; i++) {
        const bool same = mode == PAD_UPPER || mode == PAD_LOWER;

        if (!OFZ_IS_SYMBOL(in[i]) && !OFZ_IS_SYMBOL(kernel[i]))
            OFZ_TRY(axis_place(ctx, a, mode, i, out));
        else if (out->stride[i] == 1 &&
                 (same || (!OFZ_IS_SYMBOL(kernel[i]) &&
                           out->begin[i] + out->end[i] == span_of(out, i) - 1)))
            out->out[i] = in[i];
        else
            out->out[i] = ofz_infer_fresh(fresh);
    }
    return OFZ_OK;
}

/* Size `full` without padding, cropped to the output: by output_shape, auto_pad or pads. */
static ofz_status transposed_axis(ofz_ctx *ctx, const ofz_window_attrs *a, pad_mode mode, int i,
                                  int64_t extra, ofz_window *w)
{
    const int64_t in = w->in[i], stride = w->stride[i], span = span_of(w, i);
    int64_t       full, total;

    if (!ofz_mul(in > 0 ? in - 1 : 0, stride, &full) || !ofz_add(full, extra + span, &full))
        return ofz_fail(ctx, OFZ_E_LIMIT, "axis %d: output size, too large", i + 2);
    if (a->output_shape.count)
        w->out[i] = a->output_shape.v[a->output_shape.count - (size_t)w->axes + (size_t)i];
    else if (mode == PAD_UPPER || mode == PAD_LOWER) {
        if (!ofz_mul(in, stride, &w->out[i]))
            return ofz_fail(ctx, OFZ_E_LIMIT, "axis %d: output size, too large", i + 2);
    } else {
        w->out[i] = full - w->begin[i] - w->end[i];
        if (in == 0) w->out[i] = 0;
    }
    if (a->output_shape.count || mode == PAD_UPPER || mode == PAD_LOWER) {
        total       = full - w->out[i] > 0 ? full - w->out[i] : 0;
        w->begin[i] = mode == PAD_UPPER ? total / 2 : total - total / 2;
        w->end[i]   = total - w->begin[i];
    }
    if (w->out[i] < (in == 0 ? 0 : 1) || w->out[i] > INT64_MAX / 4)
        return ofz_fail(ctx, OFZ_E_MODEL, "axis %d: output size %" PRId64 ", want at least 1",
                        i + 2, w->out[i]);
    return OFZ_OK;
}

ofz_status ofz_window_place_transposed(ofz_ctx *ctx, const ofz_window_attrs *a, int axes,
                                       const int64_t *in, const int64_t *kernel,
                                       ofz_infer_call *fresh, ofz_window *out)
{
    const size_t shape = a->output_shape.count;
    int64_t      extra[OFZ_MAX_RANK];
    pad_mode     mode;

    OFZ_TRY(window_start(ctx, a, axes, in, kernel, &mode, out));
    OFZ_TRY(list_get(ctx, "output_padding", a->output_padding, axes, 0, 0, extra));
    if (shape && shape != (size_t)axes && shape != (size_t)axes + 2)
        return ofz_fail(ctx, OFZ_E_MODEL, "output_shape: %zu numbers, want %d", shape, axes);
    for (int i = 0; i < axes; i++)
        if (!OFZ_IS_SYMBOL(in[i]) && !OFZ_IS_SYMBOL(kernel[i]))
            OFZ_TRY(transposed_axis(ctx, a, mode, i, extra[i], out));
        else if (shape && a->output_shape.v[shape - (size_t)axes + (size_t)i] >= 0)
            out->out[i] = a->output_shape.v[shape - (size_t)axes + (size_t)i];
        else
            out->out[i] = ofz_infer_fresh(fresh);
    return OFZ_OK;
}
