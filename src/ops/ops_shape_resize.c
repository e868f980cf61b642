/* ops_shape_resize.c - Resize and Upsample: one sparse matrix per axis, and for the gradient its
 * transpose, so that all modes are differentiable. */
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/threads.h"
#include "kernel/interpolate.h"
#include "ops/floats.h"
#include "ops/move.h"

typedef struct resize_attrs {
    int64_t    antialias, exclude_outside;
    float      cubic_coeff_a, extrapolation_value;
    ofz_string coordinate, keep_aspect, mode, nearest;
    ofz_ints   axes;
    ofz_floats scales;                    /* Upsample-7 */
    float      height_scale, width_scale; /* Upsample-1; 0 elsewhere */
} resize_attrs;

/* Upsample and Resize-10 are older and simpler: x / scale, and nearest rounds towards more pixels.
 * */
typedef struct resize_inputs {
    bool              simple;
    const ofz_tensor *x, *roi, *scales, *sizes; /* NULL when absent; empty counts as absent */
    const int64_t    *size_hint; /* elements of sizes, which may be symbols, or NULL */
} resize_inputs;

/* What is to be done along each axis. */
typedef struct resize_spec {
    ofz_interpolation how;
    bool              touched[OFZ_MAX_RANK];
    int64_t           out[OFZ_MAX_RANK]; /* -1: unknown */
    double            scale[OFZ_MAX_RANK], roi_start[OFZ_MAX_RANK], roi_end[OFZ_MAX_RANK];
} resize_spec;

static ofz_status choose(ofz_ctx *ctx, const char *what, ofz_string s, const char *const *name,
                         int count, int *out)
{
    for (int i = 0; i < count; i++)
        if (s.size == strlen(name[i]) && !memcmp(s.text, name[i], s.size)) {
            *out = i;
            return OFZ_OK;
        }
    return ofz_fail(ctx, OFZ_E_MODEL, "%s: '%.*s' is unknown", what, (int)s.size,
                    s.text ? s.text : "");
}

static ofz_status how_get(ofz_ctx *ctx, const resize_attrs *a, bool simple, ofz_interpolation *how)
{
    static const char *const filter[]     = { "nearest", "linear", "cubic", "bilinear" };
    static const char *const nearest[]    = { "round_prefer_floor", "round_prefer_ceil", "floor",
                                              "ceil" };
    static const char *const coordinate[] = { "half_pixel",         "half_pixel_symmetric",
                                              "pytorch_half_pixel", "align_corners",
                                              "asymmetric",         "tf_half_pixel_for_nn",
                                              "tf_crop_and_resize" };
    int                      f, n = OFZ_NEAREST_FLOOR, c = OFZ_COORDINATE_ASYMMETRIC;

    OFZ_TRY(choose(ctx, "mode", a->mode, filter, simple ? 4 : 3, &f));
    if (!simple) OFZ_TRY(choose(ctx, "nearest_mode", a->nearest, nearest, 4, &n));
    if (!simple)
        OFZ_TRY(choose(ctx, "coordinate_transformation_mode", a->coordinate, coordinate, 7, &c));
    *how = (ofz_interpolation){ .filter          = f == 3 ? OFZ_FILTER_LINEAR : (ofz_filter)f,
                                .coordinate      = (ofz_coordinate)c,
                                .nearest         = (ofz_nearest)n,
                                .cubic_a         = simple ? -0.75 : (double)a->cubic_coeff_a,
                                .exclude_outside = a->exclude_outside != 0,
                                .antialias       = a->antialias != 0 };
    if (how->antialias && how->filter == OFZ_FILTER_NEAREST)
        return ofz_fail(ctx, OFZ_E_MODEL, "antialias: not for mode nearest");
    return OFZ_OK;
}

static bool is_given(const ofz_tensor *t)
{
    return t && t->count != 0;
}

/* Axis number i of those that roi, scales and sizes speak of. */
static ofz_status axis_of(ofz_ctx *ctx, const resize_attrs *a, int rank, int64_t i, int *axis)
{
    return ofz_axis(ctx, a->axes.count ? a->axes.v[i] : i, rank, axis);
}

static ofz_status count_check(ofz_ctx *ctx, const char *what, int64_t got, int64_t want)
{
    if (got < 0 || got == want) return OFZ_OK;
    return ofz_fail(ctx, OFZ_E_MODEL, "%s: %" PRId64 " numbers, want %" PRId64, what, got, want);
}

static ofz_status roi_get(ofz_ctx *ctx, const resize_attrs *a, const resize_inputs *in, int64_t n,
                          resize_spec *s)
{
    int axis;

    if (s->how.coordinate != OFZ_COORDINATE_TF_CROP_AND_RESIZE) return OFZ_OK;
    if (!is_given(in->roi))
        return ofz_fail(ctx, OFZ_E_MODEL, "roi: missing, which this mode needs");
    OFZ_TRY(count_check(ctx, "roi", in->roi->count, 2 * n));
    for (int64_t i = 0; i < n && in->roi->data; i++) {
        OFZ_TRY(axis_of(ctx, a, in->x->rank, i, &axis));
        s->roi_start[axis] = ofz_elem_f64(in->roi->dtype, in->roi->data, i);
        s->roi_end[axis]   = ofz_elem_f64(in->roi->dtype, in->roi->data, n + i);
    }
    return OFZ_OK;
}

/* out = floor(in * scale), in float as the operator's own shape inference computes it. */
static ofz_status scales_get(ofz_ctx *ctx, const resize_attrs *a, const resize_inputs *in,
                             int64_t n, resize_spec *s)
{
    const int64_t got  = in->scales ? in->scales->count : (int64_t)a->scales.count;
    const bool    crop = s->how.coordinate == OFZ_COORDINATE_TF_CROP_AND_RESIZE;
    int           axis;

    OFZ_TRY(count_check(ctx, "scales", got, n));
    for (int64_t i = 0; i < n; i++) {
        float scale, length;

        OFZ_TRY(axis_of(ctx, a, in->x->rank, i, &axis));
        s->out[axis] = -1;
        if (in->scales && !in->scales->data) continue;
        scale = in->scales ? (float)ofz_elem_f64(in->scales->dtype, in->scales->data, i)
                           : a->scales.v[i];
        if (!(scale > 0) || isinf(scale))
            return ofz_fail(ctx, OFZ_E_MODEL, "scales: %.9g, want more than 0", (double)scale);
        s->scale[axis] = (double)scale;
        if (scale == 1 && !crop) s->out[axis] = in->x->dim[axis];
        if (in->x->dim[axis] < 0 || (crop && !in->roi->data)) continue;
        length = (float)in->x->dim[axis] * scale;
        if (crop) length *= (float)(s->roi_end[axis] - s->roi_start[axis]);
        if (!(length < 0x1p62f)) return ofz_fail(ctx, OFZ_E_LIMIT, "scales: %.9g", (double)scale);
        s->out[axis] = length > 0 ? (int64_t)floorf(length) : 0;
    }
    return OFZ_OK;
}

/* One scale for all axes, so that no output is larger (or smaller) than was asked. */
static void keep_aspect(const resize_inputs *in, bool smallest, resize_spec *s)
{
    double best    = smallest ? INFINITY : 0;
    bool   unknown = false;

    for (int axis = 0; axis < in->x->rank; axis++)
        if (s->touched[axis]) {
            unknown = unknown || s->out[axis] < 0 || in->x->dim[axis] <= 0;
            best    = smallest ? fmin(best, s->scale[axis]) : fmax(best, s->scale[axis]);
        }
    for (int axis = 0; axis < in->x->rank; axis++)
        if (s->touched[axis]) {
            s->scale[axis] = best;
            s->out[axis]   = unknown ? -1 : (int64_t)floor(best * (double)in->x->dim[axis] + 0.5);
        }
}

static ofz_status sizes_get(ofz_ctx *ctx, const resize_attrs *a, const resize_inputs *in, int64_t n,
                            resize_spec *s)
{
    static const char *const policy[] = { "stretch", "not_larger", "not_smaller" };
    int                      axis, keep = 0;

    if (a->keep_aspect.text)
        OFZ_TRY(choose(ctx, "keep_aspect_ratio_policy", a->keep_aspect, policy, 3, &keep));
    OFZ_TRY(count_check(ctx, "sizes", in->sizes->count, n));
    for (int64_t i = 0; i < n; i++) {
        int64_t size = -1;

        OFZ_TRY(axis_of(ctx, a, in->x->rank, i, &axis));
        if (in->size_hint)
            size = in->size_hint[i];
        else if (in->sizes->data && in->sizes->dtype)
            size = ofz_int_at(in->sizes, i);
        else
            size = OFZ_SYMBOL(0);
        if (size < 0 && !OFZ_IS_SYMBOL(size))
            return ofz_fail(ctx, OFZ_E_MODEL, "sizes: %" PRId64 ", want 0 or more", size);
        s->out[axis] = size == OFZ_SYMBOL(0) ? -1 : size;
        if (size >= 0 && in->x->dim[axis] > 0)
            s->scale[axis] = (double)size / (double)in->x->dim[axis];
    }
    if (keep) keep_aspect(in, keep == 1, s);
    return OFZ_OK;
}

/* The whole plan; in->x has a known rank. */
static ofz_status resize_resolve(ofz_ctx *ctx, const resize_attrs *a, const resize_inputs *in,
                                 resize_spec *s)
{
    const float   picture[] = { 1, 1, a->height_scale, a->width_scale };
    const int     rank      = in->x->rank;
    const int64_t n         = a->axes.count ? (int64_t)a->axes.count : rank;
    const bool    by_scale  = is_given(in->scales) || a->scales.count || picture[2] > 0;
    resize_attrs  own       = *a;

    if (picture[2] > 0) own.scales = (ofz_floats){ picture, 4 };
    a  = &own;
    *s = (resize_spec){ .how = { 0 } };
    OFZ_TRY(how_get(ctx, a, in->simple, &s->how));
    if (by_scale == is_given(in->sizes))
        return ofz_fail(ctx, OFZ_E_MODEL, "scales and sizes: want one of them");
    OFZ_TRY(ofz_axes_mask(ctx, a->axes.v, a->axes.count, rank, s->touched));
    for (int axis = 0; axis < rank; axis++) {
        if (!a->axes.count) s->touched[axis] = true;
        s->out[axis]     = in->x->dim[axis];
        s->scale[axis]   = 1;
        s->roi_end[axis] = 1;
    }
    OFZ_TRY(roi_get(ctx, a, in, n, s));
    return by_scale ? scales_get(ctx, a, in, n, s) : sizes_get(ctx, a, in, n, s);
}

/* Inputs from `first` on: roi, scales, sizes, or of the simple forms scales alone. */
static resize_inputs inputs_of(bool simple, const ofz_tensor *x, int in_count,
                               const ofz_tensor *const *in, int first)
{
    resize_inputs r = { .simple = simple, .x = x };

    if (simple) {
        r.scales = first < in_count ? in[first] : NULL;
        return r;
    }
    r.roi    = first < in_count ? in[first] : NULL;
    r.scales = first + 1 < in_count ? in[first + 1] : NULL;
    r.sizes  = first + 2 < in_count ? in[first + 2] : NULL;
    if (!is_given(r.roi)) r.roi = NULL;
    if (!is_given(r.scales)) r.scales = NULL;
    if (!is_given(r.sizes)) r.sizes = NULL;
    return r;
}

static ofz_status resize_infer_as(ofz_infer_call *c, bool simple)
{
    const ofz_tensor *x  = c->in[0];
    resize_inputs     in = inputs_of(simple, x, c->in_count, c->in, 1);
    resize_spec       s;
    const int64_t    *hint;
    int64_t           dim[OFZ_MAX_RANK], count;

    if (in.scales && in.scales->dtype && !ofz_dtype_is_float(in.scales->dtype))
        return ofz_fail(c->ctx, OFZ_E_MODEL, "scales: %s, want float32",
                        ofz_dtype_name(in.scales->dtype));
    if (in.roi && in.roi->dtype && !ofz_dtype_is_float(in.roi->dtype))
        return ofz_fail(c->ctx, OFZ_E_MODEL, "roi: %s, want a float type",
                        ofz_dtype_name(in.roi->dtype));
    OFZ_TRY(ofz_want_ints(c, 3, false));
    if (x->rank < 0) return ofz_infer_unknown(c, 0, x->dtype);
    /* scales that are there and empty in old files, and sizes beside them, are told apart by value
     * */
    if (in.scales && in.sizes && (in.scales->count < 0 || in.sizes->count < 0))
        return ofz_infer_rank(c, 0, x->dtype, x->rank);
    if (in.sizes && ofz_infer_dims(c, 3, &hint, &count)) in.size_hint = hint;
    OFZ_TRY(resize_resolve(c->ctx, c->attrs, &in, &s));
    for (int a = 0; a < x->rank; a++) {
        dim[a] = s.out[a];
        if (dim[a] < 0 && !s.touched[a])
            dim[a] = x->dim[a];
        else if (dim[a] == -1)
            dim[a] = ofz_infer_fresh(c);
        if (dim[a] > 0 && x->dim[a] == 0)
            return ofz_fail(c->ctx, OFZ_E_MODEL, "axis %d: no elements to resize", a);
    }
    return ofz_infer_set(c, 0, x->dtype, x->rank, dim);
}

static ofz_status resize_infer(ofz_infer_call *c)
{
    return resize_infer_as(c, false);
}

static ofz_status simple_infer(ofz_infer_call *c)
{
    return resize_infer_as(c, true);
}

static ofz_status picture_infer(ofz_infer_call *c)
{
    const resize_attrs *a = c->attrs;

    if (!(a->height_scale > 0) || !(a->width_scale > 0))
        return ofz_fail(c->ctx, OFZ_E_MODEL,
                        "height_scale, width_scale: %.9g, %.9g, want more than 0",
                        (double)a->height_scale, (double)a->width_scale);
    OFZ_TRY(ofz_want_rank(c, 0, 4));
    return simple_infer(c);
}

/* --- evaluation ------------------------------------------------------------------------------- */

/* The matrices; an axis that nothing happens to gets none. */
static ofz_status resize_taps(ofz_ctx *ctx, const resize_spec *s, bool simple, const ofz_tensor *x,
                              const ofz_tensor *y, ofz_taps *taps)
{
    if (y->rank != x->rank)
        return ofz_fail(ctx, OFZ_E_MODEL, "rank: %d, want %d", y->rank, x->rank);
    for (int a = 0; a < x->rank; a++) {
        ofz_interpolation how     = s->how;
        const bool        shifted = how.coordinate == OFZ_COORDINATE_TF_CROP_AND_RESIZE ||
                             how.coordinate == OFZ_COORDINATE_TF_HALF_PIXEL_FOR_NN;

        if (s->out[a] != y->dim[a] || (!x->dim[a] && y->dim[a]))
            return ofz_fail(ctx, OFZ_E_MODEL, "axis %d: %" PRId64 " elements, want %" PRId64, a,
                            y->dim[a], s->out[a]);
        if (!s->touched[a] || (!shifted && s->scale[a] == 1 && x->dim[a] == y->dim[a])) continue;
        if (simple && s->scale[a] < 1) how.nearest = OFZ_NEAREST_CEIL;
        OFZ_TRY(ofz_interpolate(ctx, &how, x->dim[a], y->dim[a], s->scale[a], s->roi_start[a],
                                s->roi_end[a], &taps[a]));
    }
    return OFZ_OK;
}

/* Nearest moves elements of any type. */
static ofz_status resize_move(ofz_eval_call *c, const ofz_taps *taps, const void *fill)
{
    const ofz_tensor *x = c->in[0], *y = c->out[0];
    int64_t          *map[OFZ_MAX_RANK] = { NULL }, stride[OFZ_MAX_RANK];
    ofz_status        st                = OFZ_OK;

    ofz_move_clear(c->out[0]);
    ofz_strides(x->rank, x->dim, stride);
    for (int a = 0; a < x->rank; a++) {
        OFZ_GOTO(ofz_scratch(c->ctx, y->dim[a], sizeof *map[a], &map[a]));
        for (int64_t j = 0; j < y->dim[a]; j++)
            map[a][j] = !taps[a].first ? j
                        : taps[a].first[j] == taps[a].first[j + 1]
                            ? -1
                            : taps[a].index[taps[a].first[j]];
    }
    ofz_copy_map(x->rank, y->dim, (const int64_t *const *)map, stride, ofz_bits(x->dtype), x->data,
                 fill, c->out[0]->data, ofz_threads(c->ctx));
    st = ofz_move_own(c->ctx, c->out[0]);
done:
    for (int a = 0; a < x->rank; a++) free(map[a]);
    return st;
}

/* What cropping reaches outside the input for is the extrapolation value. */
static void resize_outside(const ofz_taps *taps, const ofz_tensor *y, double value, ofz_reals *r)
{
    for (int64_t i = 0; i < y->count; i++) {
        int64_t left    = i;
        bool    outside = false;

        for (int a = y->rank - 1; a >= 0; a--) {
            const int64_t j = left % y->dim[a];

            outside = outside || (taps[a].first && taps[a].first[j] == taps[a].first[j + 1]);
            left /= y->dim[a];
        }
        if (outside && r->wide)
            ((double *)r->data)[i] = value;
        else if (outside)
            ((float *)r->data)[i] = (float)value;
    }
}

static ofz_status resize_numbers(ofz_eval_call *c, const ofz_taps *taps, bool crop, double value)
{
    const ofz_tensor *x       = c->in[0];
    ofz_tensor       *y       = c->out[0];
    const bool        floats  = ofz_dtype_is_float(x->dtype);
    ofz_tensor        wide[2] = { { 0 }, { 0 } };
    const ofz_tensor *from    = x;
    ofz_tensor       *to      = y;
    ofz_reals         a = { 0 }, b = { 0 };
    ofz_status        st = OFZ_OK;

    if (!floats) { /* integers are computed in double */
        OFZ_GOTO(ofz_tensor_new(c->ctx, &wide[0], OFZ_F64, x->rank, x->dim));
        OFZ_GOTO(ofz_tensor_new(c->ctx, &wide[1], OFZ_F64, y->rank, y->dim));
        for (int64_t i = 0; i < x->count; i++)
            ((double *)wide[0].data)[i] = ofz_elem_f64(x->dtype, x->data, i);
        from = &wide[0];
        to   = &wide[1];
    }
    OFZ_GOTO(ofz_reals_open(c->ctx, from, true, &a));
    OFZ_GOTO(ofz_reals_open(c->ctx, to, false, &b));
    OFZ_GOTO(ofz_taps_apply(c->ctx, b.wide, x->rank, x->dim, taps, false, a.data, b.data,
                            ofz_threads(c->ctx)));
    if (crop) resize_outside(taps, y, value, &b);
    if (floats) goto done;
    ofz_move_clear(y);
    for (int64_t i = 0; i < y->count; i++)
        ofz_elem_set_f64(y->dtype, y->data, i,
                         ofz_integer_of(y->dtype, ((const double *)b.data)[i]));
done:
    ofz_reals_close(&a, NULL);
    ofz_reals_close(&b, st || !floats ? NULL : y);
    ofz_tensor_release(&wide[0]);
    ofz_tensor_release(&wide[1]);
    return st;
}

static ofz_status resize_eval_as(ofz_eval_call *c, bool simple)
{
    const resize_attrs   *a                  = c->attrs;
    const ofz_tensor     *x                  = c->in[0];
    const resize_inputs   in                 = inputs_of(simple, x, c->in_count, c->in, 1);
    const ofz_dtype_class cls                = ofz_dtype_get(x->dtype)->cls;
    _Alignas(16) char     fill[16]           = { 0 };
    ofz_taps              taps[OFZ_MAX_RANK] = { 0 };
    resize_spec           s;
    ofz_status            st = OFZ_OK;

    if (!c->out[0]->count) return OFZ_OK;
    OFZ_GOTO(resize_resolve(c->ctx, a, &in, &s));
    OFZ_GOTO(resize_taps(c->ctx, &s, simple, x, c->out[0], taps));
    if (s.how.filter == OFZ_FILTER_NEAREST) {
        if (cls != OFZ_CLASS_STRING)
            ofz_elem_set_f64(x->dtype, fill, 0, (double)a->extrapolation_value);
        st = resize_move(c, taps, fill);
    } else if (cls == OFZ_CLASS_STRING || cls == OFZ_CLASS_COMPLEX) {
        st = ofz_fail(c->ctx, OFZ_E_UNSUPPORTED, "mode: %s can only be nearest",
                      ofz_dtype_name(x->dtype));
    } else {
        st = resize_numbers(c, taps, s.how.coordinate == OFZ_COORDINATE_TF_CROP_AND_RESIZE,
                            (double)a->extrapolation_value);
    }
done:
    for (int i = 0; i < x->rank; i++) ofz_taps_free(&taps[i]);
    return st;
}

static ofz_status resize_eval(ofz_eval_call *c)
{
    return resize_eval_as(c, false);
}

static ofz_status simple_eval(ofz_eval_call *c)
{
    return resize_eval_as(c, true);
}

/* --- gradient --------------------------------------------------------------------------------- */

/* ofz.<..>Grad(dy, x, roi, scales, sizes). */
static ofz_status resize_grad_as(ofz_grad_call *g, const char *op_type)
{
    ofz_value *in[5] = { g->dy[0] };

    if (!g->need[0]) return OFZ_OK;
    for (size_t i = 0; i < g->node->in_count && i < 4; i++) in[i + 1] = g->node->in[i];
    return ofz_emit_grad(g, op_type, (int)g->node->in_count + 1, in, &g->dx[0]);
}

static ofz_status resize_grad(ofz_grad_call *g)
{
    return resize_grad_as(g, "ResizeGrad");
}

static ofz_status simple_grad(ofz_grad_call *g)
{
    return resize_grad_as(g, "UpsampleGrad");
}

static ofz_status grad_infer(ofz_infer_call *c)
{
    OFZ_TRY(ofz_want_ints(c, 4, false));
    return ofz_infer_set(c, 0, c->in[0]->dtype, c->in[1]->rank, c->in[1]->dim);
}

static ofz_status grad_eval_as(ofz_eval_call *c, bool simple)
{
    const ofz_tensor   *dy = c->in[0], *x = c->in[1];
    ofz_tensor         *dx                 = c->out[0];
    const resize_inputs in                 = inputs_of(simple, x, c->in_count, c->in, 2);
    ofz_taps            taps[OFZ_MAX_RANK] = { 0 };
    ofz_reals           from = { 0 }, to = { 0 };
    resize_spec         s;
    ofz_status          st = OFZ_OK;

    if (dx->size) memset(dx->data, 0, dx->size);
    if (!dy->count || !dx->count) return OFZ_OK;
    OFZ_GOTO(resize_resolve(c->ctx, c->attrs, &in, &s));
    OFZ_GOTO(resize_taps(c->ctx, &s, simple, x, dy, taps));
    OFZ_GOTO(ofz_reals_open(c->ctx, dy, true, &from));
    OFZ_GOTO(ofz_reals_open(c->ctx, dx, false, &to));
    st = ofz_taps_apply(c->ctx, to.wide, x->rank, dy->dim, taps, true, from.data, to.data,
                        ofz_threads(c->ctx));
done:
    ofz_reals_close(&from, NULL);
    ofz_reals_close(&to, st ? NULL : dx);
    for (int i = 0; i < x->rank; i++) ofz_taps_free(&taps[i]);
    return st;
}

static ofz_status resize_grad_eval(ofz_eval_call *c)
{
    return grad_eval_as(c, false);
}

static ofz_status simple_grad_eval(ofz_eval_call *c)
{
    return grad_eval_as(c, true);
}

/* --- the table -------------------------------------------------------------------------------- */

#define PURE  OFZ_OP_PURE
#define SIZE  sizeof(resize_attrs)
#define AT(f) offsetof(resize_attrs, f)

#define MODE                                                                                       \
    {                                                                                              \
        "mode", OFZ_ATTR_STRING, AT(mode), .s = "nearest"                                          \
    }
#define ATTRS11                                                                                    \
    { "coordinate_transformation_mode", OFZ_ATTR_STRING, AT(coordinate), .s = "half_pixel" },      \
        { "cubic_coeff_a", OFZ_ATTR_FLOAT, AT(cubic_coeff_a), .f = -0.75f },                       \
        { "exclude_outside", OFZ_ATTR_INT, AT(exclude_outside) },                                  \
        { "extrapolation_value", OFZ_ATTR_FLOAT, AT(extrapolation_value) }, MODE,                  \
    {                                                                                              \
        "nearest_mode", OFZ_ATTR_STRING, AT(nearest), .s = "round_prefer_floor"                    \
    }

static const ofz_attr_def mode_def[]      = { MODE, { 0 } };
static const ofz_attr_def upsample7_def[] = {
    MODE,
    { "scales", OFZ_ATTR_FLOATS, AT(scales), .required = true },
    { 0 },
};
static const ofz_attr_def upsample1_def[] = {
    MODE,
    { "height_scale", OFZ_ATTR_FLOAT, AT(height_scale), .required = true },
    { "width_scale", OFZ_ATTR_FLOAT, AT(width_scale), .required = true },
    { 0 },
};
static const ofz_attr_def upsample_grad_def[] = {
    MODE,
    { "scales", OFZ_ATTR_FLOATS, AT(scales) },
    { 0 },
};
static const ofz_attr_def resize11_def[] = { ATTRS11, { 0 } };
static const ofz_attr_def resize18_def[] = {
    { "antialias", OFZ_ATTR_INT, AT(antialias) },
    { "axes", OFZ_ATTR_INTS, AT(axes) },
    ATTRS11,
    { "keep_aspect_ratio_policy", OFZ_ATTR_STRING, AT(keep_aspect), .s = "stretch" },
    { 0 },
};

#define RESIZE(v, least, def)                                                                      \
    {                                                                                              \
        "Resize", v, { least, 4 }, { 1, 1 }, PURE, def, SIZE, resize_infer, resize_eval,           \
            resize_grad, "xiii"                                                                    \
    }

static const ofz_op rows[] = {
    { "Resize",
      10,
      { 2, 2 },
      { 1, 1 },
      PURE,
      mode_def,
      SIZE,
      simple_infer,
      simple_eval,
      simple_grad,
      "xi" },
    RESIZE(11, 1,
           resize11_def), /* exporters leave roi and scales out although version 11 says no */
    RESIZE(13, 1, resize11_def),
    RESIZE(18, 1, resize18_def),
    RESIZE(19, 1, resize18_def),
    { "Upsample", 1, { 1, 1 }, { 1, 1 }, PURE, upsample1_def, SIZE, picture_infer, simple_eval },
    { "Upsample",
      7,
      { 1, 1 },
      { 1, 1 },
      PURE,
      upsample7_def,
      SIZE,
      simple_infer,
      simple_eval,
      simple_grad },
    { "Upsample",
      9,
      { 2, 2 },
      { 1, 1 },
      PURE,
      mode_def,
      SIZE,
      simple_infer,
      simple_eval,
      simple_grad,
      "xi" },
    { "Upsample", 10, { 2, 2 }, { 1, 1 }, .instead = "Resize" },
    { "ResizeGrad",
      1,
      { 2, 5 },
      { 1, 1 },
      PURE,
      resize18_def,
      SIZE,
      grad_infer,
      resize_grad_eval,
      .domain = "ofz" },
    { "UpsampleGrad",
      1,
      { 2, 3 },
      { 1, 1 },
      PURE,
      upsample_grad_def,
      SIZE,
      grad_infer,
      simple_grad_eval,
      .domain = "ofz" },
    { 0 },
};
OFZ_OP_TABLE(shape_resize, rows);
