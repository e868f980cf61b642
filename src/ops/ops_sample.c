/* ops_sample.c - AffineGrid, DeformConv, GridSample, MaxRoiPool, RoiAlign and their gradients.
 * Source: ONNX Operators.md. */
#include "ops/op.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "kernel/sample.h"
#include "ops/floats.h"
#include "ops/move.h"
#include "ops/window.h"

typedef struct sample_attrs {
    ofz_string mode, padding_mode, coordinates;
    float      spatial_scale;
    int64_t    align_corners, output_height, output_width, sampling_ratio;
    ofz_ints   pooled_shape;
} sample_attrs;

static bool text_is(ofz_string s, const char *want)
{
    return s.size == strlen(want) && !memcmp(s.text, want, s.size);
}

static ofz_status text_refuse(ofz_ctx *ctx, const char *what, ofz_string s)
{
    return ofz_fail(ctx, OFZ_E_MODEL, "%s: '%.*s', want a known one", what,
                    s.size < 64 ? (int)s.size : 64, s.text);
}

/* --- GridSample -----------------------------------------------------------------------------------
 * GridSampleGradX(dy, x, grid), GridSampleGradGrid(dy, x, grid). */

/* Mode names changed at version 20; both are understood. */
static ofz_status grid_modes(ofz_ctx *ctx, const sample_attrs *a, ofz_grid_sample *s)
{
    s->align_corners = a->align_corners != 0;
    if (text_is(a->mode, "nearest"))
        s->mode = OFZ_SAMPLE_NEAREST;
    else if (text_is(a->mode, "linear") || text_is(a->mode, "bilinear"))
        s->mode = OFZ_SAMPLE_LINEAR;
    else if (text_is(a->mode, "cubic") || text_is(a->mode, "bicubic"))
        s->mode = OFZ_SAMPLE_CUBIC;
    else
        return text_refuse(ctx, "mode", a->mode);
    if (text_is(a->padding_mode, "zeros"))
        s->pad = OFZ_PAD_ZEROS;
    else if (text_is(a->padding_mode, "border"))
        s->pad = OFZ_PAD_BORDER;
    else if (text_is(a->padding_mode, "reflection"))
        s->pad = OFZ_PAD_REFLECTION;
    else
        return text_refuse(ctx, "padding_mode", a->padding_mode);
    return OFZ_OK;
}

/* Checks x and grid; y's rank and dims when they are known, else rank is -1. */
static ofz_status grid_shape(ofz_infer_call *c, const ofz_tensor *x, const ofz_tensor *g, int *rank,
                             int64_t *dim)
{
    ofz_grid_sample s;
    int64_t         any;

    OFZ_TRY(grid_modes(c->ctx, c->attrs, &s));
    if (g->dtype && !ofz_dtype_is_float(g->dtype))
        return ofz_fail(c->ctx, OFZ_E_MODEL, "grid: %s, want a float type",
                        ofz_dtype_name(g->dtype));
    *rank = x->rank >= 0 ? x->rank : g->rank;
    if (*rank < 0) return OFZ_OK;
    if (*rank < 3 || *rank > 2 + OFZ_SAMPLE_AXES)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "input 0: rank %d, want 3 to %d", *rank,
                        2 + OFZ_SAMPLE_AXES);
    if (g->rank >= 0 && g->rank != *rank)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "grid: rank %d, want %d", g->rank, *rank);
    for (int i = 0; i < *rank; i++)
        dim[i] = i == 1 && x->rank >= 0   ? x->dim[1]
                 : i != 1 && g->rank >= 0 ? g->dim[i < 2 ? i : i - 1]
                                          : ofz_infer_fresh(c);
    if (x->rank >= 0) OFZ_TRY(ofz_unify(c->ctx, "grid: batch", x->dim[0], dim[0], &dim[0]));
    if (g->rank < 0) return OFZ_OK;
    return ofz_unify(c->ctx, "grid: coordinates", *rank - 2, g->dim[*rank - 1], &any);
}

static ofz_status grid_infer(ofz_infer_call *c)
{
    int64_t dim[OFZ_MAX_RANK];
    int     rank;

    OFZ_TRY(grid_shape(c, c->in[0], c->in[1], &rank, dim));
    return ofz_infer_set(c, 0, c->in[0]->dtype, rank, dim);
}

/* Gradient rows: dy is in front. */
static ofz_status grid_back_infer(ofz_infer_call *c, int k)
{
    int64_t dim[OFZ_MAX_RANK];
    int     rank;

    OFZ_TRY(grid_shape(c, c->in[1], c->in[2], &rank, dim));
    OFZ_TRY(ofz_want_same_dtype(c, 1));
    if (c->in[0]->rank >= 0 && rank >= 0) {
        OFZ_TRY(ofz_want_rank(c, 0, rank));
        for (int i = 0; i < rank; i++)
            OFZ_TRY(ofz_unify(c->ctx, "gradient", dim[i], c->in[0]->dim[i], &dim[i]));
    }
    return ofz_infer_set(c, 0, c->in[k]->dtype, c->in[k]->rank, c->in[k]->dim);
}

static ofz_status grid_x_infer(ofz_infer_call *c)
{
    return grid_back_infer(c, 1);
}

static ofz_status grid_grid_infer(ofz_infer_call *c)
{
    return grid_back_infer(c, 2);
}

static ofz_status grid_sizes(const ofz_eval_call *c, const ofz_tensor *x, const ofz_tensor *g,
                             ofz_grid_sample *s)
{
    *s = (ofz_grid_sample){ .batch    = x->dim[0],
                            .channels = x->dim[1],
                            .points   = ofz_tensor_span(g, 1, g->rank - 1),
                            .axes     = x->rank - 2 };
    for (int i = 0; i < s->axes; i++) s->in[i] = x->dim[2 + i];
    return grid_modes(c->ctx, c->attrs, s);
}

static ofz_status grid_run(ofz_eval_call *c)
{
    ofz_grid_sample s;

    OFZ_TRY(grid_sizes(c, c->in[0], c->in[1], &s));
    if (c->out[0]->count)
        OFZ_BY_FLOAT(c, ofz_grid_sample, c->ctx, &s, c->in[0]->data, c->in[1]->data,
                     c->out[0]->data);
    return OFZ_OK;
}

/* --- GridSample of what is no float: nearest moves elements as they are, the other modes compute in
 * double and cut towards zero. */

typedef struct grid_numbers {
    double *x, *grid, *y;
} grid_numbers;

static void grid_close(grid_numbers *n)
{
    free(n->x);
    free(n->grid);
    free(n->y);
}

/* Room for x_count and y_count numbers, and the grid. */
static ofz_status grid_open(ofz_ctx *ctx, const ofz_tensor *grid, int64_t x_count, int64_t y_count,
                            grid_numbers *n)
{
    OFZ_TRY(ofz_scratch(ctx, x_count, sizeof *n->x, &n->x));
    OFZ_TRY(ofz_scratch(ctx, y_count, sizeof *n->y, &n->y));
    OFZ_TRY(ofz_scratch(ctx, grid->count, sizeof *n->grid, &n->grid));
    for (int64_t i = 0; i < grid->count; i++) n->grid[i] = ofz_elem_f64(grid->dtype, grid->data, i);
    return OFZ_OK;
}

/* The picture of places, 1 to size, tells where each element comes from; 0 is the padding. */
static ofz_status grid_move(ofz_eval_call *c, const ofz_grid_sample *s)
{
    const ofz_tensor *x    = c->in[0];
    ofz_tensor       *y    = c->out[0];
    const int64_t     size = ofz_tensor_span(x, 2, x->rank);
    ofz_grid_sample   one  = *s;
    grid_numbers      n    = { 0 };
    ofz_status        st   = OFZ_OK;

    one.channels = 1;
    OFZ_GOTO(grid_open(c->ctx, c->in[1], s->batch * size, s->batch * s->points, &n));
    for (int64_t i = 0; i < s->batch * size; i++) n.x[i] = (double)(i % size + 1);
    ofz_grid_sample_f64(c->ctx, &one, n.x, n.grid, n.y);
    memset(y->data, 0, y->size);
    for (int64_t i = 0; i < y->count; i++) {
        const int64_t row  = i / s->points;
        const int64_t from = (int64_t)n.y[row / s->channels * s->points + i % s->points];

        if (from) ofz_copy_run(ofz_bits(x->dtype), x->data, row * size + from - 1, y->data, i, 1);
    }
    st = ofz_move_own(c->ctx, y);
done:
    grid_close(&n);
    return st;
}

/* Real numbers, or the real (imaginary) parts of complex ones. */
static double part_of(const ofz_tensor *t, int64_t i, bool imaginary)
{
    const ofz_c64  *narrow = t->data;
    const ofz_c128 *wide   = t->data;

    return t->dtype == OFZ_C64    ? (double)(imaginary ? narrow[i].im : narrow[i].re)
           : t->dtype == OFZ_C128 ? (imaginary ? wide[i].im : wide[i].re)
                                  : ofz_elem_f64(t->dtype, t->data, i);
}

static void part_set(ofz_tensor *t, int64_t i, bool imaginary, double x)
{
    ofz_c64  *narrow = t->data;
    ofz_c128 *wide   = t->data;

    if (t->dtype == OFZ_C64)
        *(imaginary ? &narrow[i].im : &narrow[i].re) = (float)x;
    else if (t->dtype == OFZ_C128)
        *(imaginary ? &wide[i].im : &wide[i].re) = x;
    else
        ofz_elem_set_f64(t->dtype, t->data, i, ofz_integer_of(t->dtype, x));
}

static ofz_status grid_numbers_run(ofz_eval_call *c, const ofz_grid_sample *s)
{
    const ofz_tensor *x     = c->in[0];
    const int         parts = ofz_dtype_get(x->dtype)->cls == OFZ_CLASS_COMPLEX ? 2 : 1;
    grid_numbers      n     = { 0 };
    ofz_status        st    = OFZ_OK;

    OFZ_GOTO(grid_open(c->ctx, c->in[1], x->count, c->out[0]->count, &n));
    for (int p = 0; p < parts; p++) {
        for (int64_t i = 0; i < x->count; i++) n.x[i] = part_of(x, i, p);
        ofz_grid_sample_f64(c->ctx, s, n.x, n.grid, n.y);
        for (int64_t i = 0; i < c->out[0]->count; i++) part_set(c->out[0], i, p, n.y[i]);
    }
done:
    grid_close(&n);
    return st;
}

static ofz_status grid_any_eval(ofz_eval_call *c)
{
    ofz_grid_sample s;

    if (ofz_dtype_is_float(c->in[0]->dtype)) return ofz_eval_floats(c, grid_run);
    OFZ_TRY(grid_sizes(c, c->in[0], c->in[1], &s));
    if (!c->out[0]->count) return OFZ_OK;
    if (s.mode == OFZ_SAMPLE_NEAREST) return grid_move(c, &s);
    if (c->in[0]->dtype == OFZ_STRING)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "mode: string can only be nearest");
    return grid_numbers_run(c, &s);
}

/* --- its gradients ---------------------------------------------------------------------------- */

static ofz_status grid_back_run(ofz_eval_call *c, bool to_x)
{
    ofz_grid_sample s;
    void           *out = c->out[0]->data;

    OFZ_TRY(grid_sizes(c, c->in[1], c->in[2], &s));
    if (c->out[0]->size) memset(out, 0, c->out[0]->size);
    if (c->in[0]->count)
        OFZ_BY_FLOAT(c, ofz_grid_sample_back, c->ctx, &s, c->in[0]->data, c->in[1]->data,
                     c->in[2]->data, to_x ? out : NULL, to_x ? NULL : out);
    return OFZ_OK;
}

static ofz_status grid_x_run(ofz_eval_call *c)
{
    return grid_back_run(c, true);
}

static ofz_status grid_grid_run(ofz_eval_call *c)
{
    return grid_back_run(c, false);
}

static ofz_status grid_grad(ofz_grad_call *g)
{
    ofz_value *const in[] = { g->dy[0], g->node->in[0], g->node->in[1] };

    if (g->need[0]) OFZ_TRY(ofz_emit_grad(g, "GridSampleGradX", 3, in, &g->dx[0]));
    if (g->need[1]) OFZ_TRY(ofz_emit_grad(g, "GridSampleGradGrid", 3, in, &g->dx[1]));
    return OFZ_OK;
}

/* --- AffineGrid -----------------------------------------------------------------------------------
 * AffineGridGrad(dy, theta): the grid's own dims say all about the points. */

static ofz_status affine_infer(ofz_infer_call *c)
{
    const ofz_tensor *t = c->in[0];
    const int64_t    *size;
    int64_t           count, dim[5], any;
    int               axes;

    OFZ_TRY(ofz_want_ints(c, 1, false));
    OFZ_TRY(ofz_want_rank(c, 0, 3));
    if (!ofz_infer_dims(c, 1, &size, &count)) return ofz_infer_unknown(c, 0, t->dtype);
    if (c->in[1]->rank != 1 || (count != 4 && count != 5))
        return ofz_fail(c->ctx, OFZ_E_MODEL, "size: %" PRId64 " numbers, want 4 or 5", count);
    axes   = (int)count - 2;
    dim[0] = size[0];
    for (int i = 0; i < axes; i++) dim[1 + i] = size[2 + i];
    dim[1 + axes] = axes;
    for (int i = 0; i < axes + 1; i++)
        if (dim[i] < 0 && !OFZ_IS_SYMBOL(dim[i]))
            return ofz_fail(c->ctx, OFZ_E_MODEL, "size: %" PRId64 ", want at least 0", dim[i]);
    if (t->rank == 3) {
        OFZ_TRY(ofz_unify(c->ctx, "theta: batch", dim[0], t->dim[0], &dim[0]));
        OFZ_TRY(ofz_unify(c->ctx, "theta: rows", axes, t->dim[1], &any));
        OFZ_TRY(ofz_unify(c->ctx, "theta: columns", axes + 1, t->dim[2], &any));
    }
    return ofz_infer_set(c, 0, t->dtype, axes + 2, dim);
}

/* Homogeneous coordinates of point i of the grid: the last axis first, 1 at the end. */
static void affine_point(const ofz_tensor *grid, bool corners, int64_t i, double *v)
{
    const int axes = grid->rank - 2;

    for (int a = axes - 1; a >= 0; a--) {
        const int64_t n = grid->dim[1 + a], k = i % n;

        i /= n;
        v[axes - 1 - a] = corners ? n > 1 ? -1 + 2 * (double)k / (double)(n - 1) : 0
                                  : (2 * (double)k + 1) / (double)n - 1;
    }
    v[axes] = 1;
}

static double real_at(const ofz_tensor *t, int64_t i)
{
    return t->dtype == OFZ_F64 ? ((const double *)t->data)[i] : (double)((const float *)t->data)[i];
}

static void real_set(ofz_tensor *t, int64_t i, double x)
{
    if (t->dtype == OFZ_F64)
        ((double *)t->data)[i] = x;
    else
        ((float *)t->data)[i] = (float)x;
}

static ofz_status affine_run(ofz_eval_call *c)
{
    const bool    corners = ((const sample_attrs *)c->attrs)->align_corners != 0;
    ofz_tensor   *grid    = c->out[0];
    const int     axes    = grid->rank - 2;
    const int64_t points  = ofz_tensor_span(grid, 1, grid->rank - 1);

    for (int64_t i = 0; grid->count && i < grid->dim[0] * points; i++) {
        double v[4];

        affine_point(grid, corners, i % points, v);
        for (int r = 0; r < axes; r++) {
            double sum = 0;

            for (int k = 0; k <= axes; k++)
                sum += real_at(c->in[0], (i / points * axes + r) * (axes + 1) + k) * v[k];
            real_set(grid, i * axes + r, sum);
        }
    }
    return OFZ_OK;
}

static ofz_status affine_back_infer(ofz_infer_call *c)
{
    const ofz_tensor *dy = c->in[0], *t = c->in[1];
    int64_t           any;

    OFZ_TRY(ofz_want_same_dtype(c, 1));
    OFZ_TRY(ofz_want_rank(c, 1, 3));
    if (dy->rank >= 0 && dy->rank != 4 && dy->rank != 5)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "gradient: rank %d, want 4 or 5", dy->rank);
    if (dy->rank >= 0 && t->rank >= 0) {
        OFZ_TRY(ofz_unify(c->ctx, "batch", t->dim[0], dy->dim[0], &any));
        OFZ_TRY(ofz_unify(c->ctx, "rows", t->dim[1], dy->rank - 2, &any));
        OFZ_TRY(ofz_unify(c->ctx, "coordinates", dy->rank - 2, dy->dim[dy->rank - 1], &any));
        OFZ_TRY(ofz_unify(c->ctx, "columns", t->dim[2], dy->rank - 1, &any));
    }
    return ofz_infer_set(c, 0, t->dtype, t->rank, t->dim);
}

static ofz_status affine_back_run(ofz_eval_call *c)
{
    const bool        corners = ((const sample_attrs *)c->attrs)->align_corners != 0;
    const ofz_tensor *dy      = c->in[0];
    const int         axes    = dy->rank - 2;
    const int64_t     points  = ofz_tensor_span(dy, 1, dy->rank - 1);

    for (int64_t n = 0; n < dy->dim[0]; n++) {
        double sum[3][4] = { { 0 } }, v[4];

        for (int64_t i = 0; dy->count && i < points; i++) {
            affine_point(dy, corners, i, v);
            for (int r = 0; r < axes; r++)
                for (int k = 0; k <= axes; k++)
                    sum[r][k] += real_at(dy, (n * points + i) * axes + r) * v[k];
        }
        for (int r = 0; r < axes; r++)
            for (int k = 0; k <= axes; k++)
                real_set(c->out[0], (n * axes + r) * (axes + 1) + k, sum[r][k]);
    }
    return OFZ_OK;
}

static ofz_status affine_grad(ofz_grad_call *g)
{
    ofz_value *const in[] = { g->dy[0], g->node->in[0] };

    return g->need[0] ? ofz_emit_grad(g, "AffineGridGrad", 2, in, &g->dx[0]) : OFZ_OK;
}

/* --- RoiAlign and MaxRoiPool ------------------------------------------------------------------------
 * RoiAlignGrad(dy, x, rois, batch_indices). */

static ofz_status roi_modes(ofz_ctx *ctx, const sample_attrs *a, ofz_roi_align *s)
{
    const bool old = !a->coordinates.size || text_is(a->coordinates, "output_half_pixel");

    if (a->output_height < 1 || a->output_width < 1 || a->sampling_ratio < 0)
        return ofz_fail(ctx, OFZ_E_MODEL,
                        "output: %" PRId64 " x %" PRId64 " of %" PRId64
                        " points, want positive sizes",
                        a->output_height, a->output_width, a->sampling_ratio);
    if (!old && !text_is(a->coordinates, "half_pixel"))
        return text_refuse(ctx, "coordinate_transformation_mode", a->coordinates);
    if (!text_is(a->mode, "avg") && !text_is(a->mode, "max"))
        return text_refuse(ctx, "mode", a->mode);
    s->out[0]     = a->output_height;
    s->out[1]     = a->output_width;
    s->sampling   = a->sampling_ratio;
    s->scale      = (double)a->spatial_scale;
    s->half_pixel = !old;
    s->max        = text_is(a->mode, "max");
    return OFZ_OK;
}

/* x [N, C, H, W], rois [R, width], batch indices [R] when there are any; y [R, C, out...]. */
static ofz_status roi_shape(ofz_infer_call *c, int x, int64_t width, const int64_t out[2],
                            int64_t dim[4])
{
    const ofz_tensor *t = c->in[x], *roi = c->in[x + 1];
    const ofz_tensor *batch = width == 4 ? ofz_infer_in(c, x + 2) : NULL;
    int64_t           any;

    OFZ_TRY(ofz_want_rank(c, x, 4));
    OFZ_TRY(ofz_want_rank(c, x + 1, 2));
    OFZ_TRY(ofz_want_same_dtype(c, x + 1));
    dim[0] = roi->rank >= 0 ? roi->dim[0] : ofz_infer_fresh(c);
    dim[1] = t->rank >= 0 ? t->dim[1] : ofz_infer_fresh(c);
    dim[2] = out[0];
    dim[3] = out[1];
    if (roi->rank >= 0) OFZ_TRY(ofz_unify(c->ctx, "rois: width", width, roi->dim[1], &any));
    if (batch) {
        OFZ_TRY(ofz_want_ints(c, x + 2, false));
        OFZ_TRY(ofz_want_rank(c, x + 2, 1));
        if (batch->rank >= 0)
            OFZ_TRY(ofz_unify(c->ctx, "batch_indices", dim[0], batch->dim[0], &dim[0]));
    }
    return OFZ_OK;
}

static ofz_status align_infer(ofz_infer_call *c)
{
    ofz_roi_align s = { 0 };
    int64_t       dim[4];

    OFZ_TRY(roi_modes(c->ctx, c->attrs, &s));
    OFZ_TRY(roi_shape(c, 0, 4, s.out, dim));
    return ofz_infer_set(c, 0, c->in[0]->dtype, 4, dim);
}

static ofz_status align_back_infer(ofz_infer_call *c)
{
    ofz_roi_align s = { 0 };
    int64_t       dim[4];

    OFZ_TRY(roi_modes(c->ctx, c->attrs, &s));
    OFZ_TRY(roi_shape(c, 1, 4, s.out, dim));
    OFZ_TRY(ofz_want_same_dtype(c, 1));
    OFZ_TRY(ofz_want_rank(c, 0, 4));
    for (int i = 0; c->in[0]->rank >= 0 && i < 4; i++)
        OFZ_TRY(ofz_unify(c->ctx, "gradient", dim[i], c->in[0]->dim[i], &dim[i]));
    return ofz_infer_set(c, 0, c->in[1]->dtype, c->in[1]->rank, c->in[1]->dim);
}

static ofz_status align_sizes(const ofz_eval_call *c, int x, ofz_roi_align *s)
{
    const ofz_tensor *t = c->in[x];

    *s = (ofz_roi_align){ .regions  = c->in[x + 1]->dim[0],
                          .channels = t->dim[1],
                          .in       = { t->dim[2], t->dim[3] },
                          .batch    = c->in[x + 2]->data };
    OFZ_TRY(roi_modes(c->ctx, c->attrs, s));
    if (s->regions && (!s->in[0] || !s->in[1]))
        return ofz_fail(c->ctx, OFZ_E_DATA, "input: an empty picture, want elements");
    for (int64_t r = 0; r < s->regions; r++)
        if (s->batch[r] < 0 || s->batch[r] >= t->dim[0])
            return ofz_fail(c->ctx, OFZ_E_DATA,
                            "batch_indices[%" PRId64 "]: %" PRId64 ", want less than %" PRId64, r,
                            s->batch[r], t->dim[0]);
    return OFZ_OK;
}

static ofz_status align_run(ofz_eval_call *c)
{
    ofz_roi_align s;

    OFZ_TRY(align_sizes(c, 0, &s));
    OFZ_BY_FLOAT(c, ofz_roi_align, c->ctx, &s, c->in[0]->data, c->in[1]->data, c->out[0]->data);
    return OFZ_OK;
}

static ofz_status align_back_run(ofz_eval_call *c)
{
    ofz_roi_align s;

    OFZ_TRY(align_sizes(c, 1, &s));
    if (c->out[0]->count)
        OFZ_BY_FLOAT(c, ofz_roi_align_back, &s, c->in[1]->dim[0], c->in[0]->data, c->in[2]->data,
                     c->out[0]->data);
    return OFZ_OK;
}

/* All attributes are written out: the default of one changed with the version. */
static ofz_status align_grad(ofz_grad_call *g)
{
    const sample_attrs *a      = g->attrs;
    ofz_value *const    in[]   = { g->dy[0], g->node->in[0], g->node->in[1], g->node->in[2] };
    const ofz_string    old    = { "output_half_pixel", 17 };
    const ofz_attr      attr[] = {
             { .name = "coordinate_transformation_mode",
               .type = OFZ_ATTR_STRING,
               .u.s  = a->coordinates.size ? a->coordinates : old },
             { .name = "output_height", .type = OFZ_ATTR_INT, .u.i = a->output_height },
             { .name = "output_width", .type = OFZ_ATTR_INT, .u.i = a->output_width },
             { .name = "sampling_ratio", .type = OFZ_ATTR_INT, .u.i = a->sampling_ratio },
             { .name = "spatial_scale", .type = OFZ_ATTR_FLOAT, .u.f = a->spatial_scale },
    };

    if (text_is(a->mode, "max") || g->need[1])
        return ofz_fail(g->ctx, OFZ_E_UNSUPPORTED,
                        "gradient: of rois or through mode 'max', want 'avg' and input 0 alone");
    if (!g->need[0]) return OFZ_OK;
    return ofz_emit_attrs(g, "ofz", "RoiAlignGrad", 5, attr, 4, in, 1, &g->dx[0]);
}

static ofz_status pool_infer(ofz_infer_call *c)
{
    const ofz_ints p = ((const sample_attrs *)c->attrs)->pooled_shape;
    int64_t        dim[4];

    if (p.count != 2 || p.v[0] < 1 || p.v[1] < 1)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "pooled_shape: want two positive numbers");
    OFZ_TRY(roi_shape(c, 0, 5, p.v, dim));
    return ofz_infer_set(c, 0, c->in[0]->dtype, 4, dim);
}

static ofz_status pool_run(ofz_eval_call *c)
{
    const sample_attrs *a = c->attrs;
    const ofz_tensor   *x = c->in[0];
    const ofz_roi_align s = { .regions  = c->in[1]->dim[0],
                              .channels = x->dim[1],
                              .in       = { x->dim[2], x->dim[3] },
                              .out      = { a->pooled_shape.v[0], a->pooled_shape.v[1] },
                              .scale    = (double)a->spatial_scale };

    for (int64_t r = 0; r < s.regions; r++) {
        const double n = real_at(c->in[1], 5 * r);

        if (!(n >= 0 && n < (double)x->dim[0]))
            return ofz_fail(c->ctx, OFZ_E_DATA,
                            "rois[%" PRId64 "]: picture %.9g, want less than %" PRId64, r, n,
                            x->dim[0]);
    }
    OFZ_BY_FLOAT(c, ofz_max_roi_pool, c->ctx, &s, x->data, c->in[1]->data, c->out[0]->data);
    return OFZ_OK;
}

/* --- DeformConv ---------------------------------------------------------------------------------- */

typedef struct deform_attrs {
    ofz_window_attrs window;
    int64_t          offset_group;
} deform_attrs;

enum { X, W, OFFSET, BIAS, MASK };

/* Unify input k's dims with *dim[]. */
static ofz_status dims_meet(ofz_infer_call *c, int k, int rank, int64_t **dim)
{
    const ofz_tensor *t = ofz_infer_in(c, k);

    if (!t || t->rank < 0) return OFZ_OK;
    OFZ_TRY(ofz_want_same_dtype(c, k));
    OFZ_TRY(ofz_want_rank(c, k, rank));
    for (int i = 0; i < rank; i++) OFZ_TRY(ofz_unify(c->ctx, "dim", *dim[i], t->dim[i], dim[i]));
    return OFZ_OK;
}

static ofz_status deform_infer(ofz_infer_call *c)
{
    const deform_attrs *a     = c->attrs;
    const int64_t       group = a->window.group, og = a->offset_group;
    int64_t n = ofz_infer_fresh(c), channels = ofz_infer_fresh(c), per, m, in[2], kernel[2], taps,
            moves, weights;
    ofz_window at;

    if (group < 1 || og < 1)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "group, offset_group: want at least 1");
    per = ofz_infer_fresh(c);
    m   = ofz_infer_fresh(c);
    for (int i = 0; i < 2; i++) in[i] = ofz_infer_fresh(c);
    for (int i = 0; i < 2; i++) kernel[i] = ofz_infer_fresh(c);
    OFZ_TRY(dims_meet(c, X, 4, (int64_t *[]){ &n, &channels, &in[0], &in[1] }));
    OFZ_TRY(dims_meet(c, W, 4, (int64_t *[]){ &m, &per, &kernel[0], &kernel[1] }));
    for (size_t i = 0; i < a->window.kernel_shape.count && i < 2; i++)
        OFZ_TRY(
            ofz_unify(c->ctx, "kernel_shape", kernel[i], a->window.kernel_shape.v[i], &kernel[i]));
    if ((channels >= 0 && (channels % group || channels % og)) || (m >= 0 && m % group) ||
        (channels >= 0 && per >= 0 && channels / group != per))
        return ofz_fail(c->ctx, OFZ_E_MODEL,
                        "channels: %" PRId64 ", want %" PRId64 " groups of %" PRId64 " and %" PRId64
                        " offset groups",
                        channels, group, per, og);
    OFZ_TRY(ofz_window_place(c->ctx, &a->window, 2, in, kernel, c, &at));
    OFZ_TRY(ofz_dim_mul(c, kernel[0], kernel[1], &taps));
    OFZ_TRY(ofz_dim_mul(c, taps, og, &weights));
    OFZ_TRY(ofz_dim_mul(c, weights, 2, &moves));
    OFZ_TRY(dims_meet(c, OFFSET, 4, (int64_t *[]){ &n, &moves, &at.out[0], &at.out[1] }));
    OFZ_TRY(dims_meet(c, BIAS, 1, (int64_t *[]){ &m }));
    OFZ_TRY(dims_meet(c, MASK, 4, (int64_t *[]){ &n, &weights, &at.out[0], &at.out[1] }));
    return ofz_infer_set(c, 0, c->in[0]->dtype, 4, (int64_t[]){ n, m, at.out[0], at.out[1] });
}

static ofz_status deform_run(ofz_eval_call *c)
{
    const deform_attrs *a = c->attrs;
    const ofz_tensor   *x = c->in[X], *w = c->in[W], *b = ofz_eval_in(c, BIAS);
    const ofz_tensor   *mask = ofz_eval_in(c, MASK);
    ofz_deform          s    = { .batch        = x->dim[0],
                                 .in_channels  = x->dim[1],
                                 .out_channels = w->dim[0],
                                 .group        = a->window.group,
                                 .offset_group = a->offset_group };
    ofz_window          at;

    OFZ_TRY(ofz_window_place(c->ctx, &a->window, 2, x->dim + 2, w->dim + 2, NULL, &at));
    for (int i = 0; i < 2; i++) {
        s.in[i]       = at.in[i];
        s.out[i]      = at.out[i];
        s.kernel[i]   = at.kernel[i];
        s.stride[i]   = at.stride[i];
        s.dilation[i] = at.dilation[i];
        s.pad[i]      = at.begin[i];
    }
    if (c->out[0]->count)
        OFZ_BY_FLOAT(c, ofz_deform_conv, c->ctx, &s, x->data, w->data, c->in[OFFSET]->data,
                     b ? b->data : NULL, mask ? mask->data : NULL, c->out[0]->data);
    return OFZ_OK;
}

/* --- the table ---------------------------------------------------------------------------------- */

#define EVAL(name)                                                                                 \
    static ofz_status name##_eval(ofz_eval_call *c)                                                \
    {                                                                                              \
        return ofz_eval_floats(c, name##_run);                                                     \
    }

EVAL(grid_x)
EVAL(grid_grid)
EVAL(affine)
EVAL(affine_back)
EVAL(align)
EVAL(align_back)
EVAL(pool)
EVAL(deform)

#define AT(field)     offsetof(sample_attrs, field)
#define WINDOW(field) offsetof(deform_attrs, window.field)

/* clang-format off */
#define GRID(usual)                                                                                \
    { "align_corners", OFZ_ATTR_INT, AT(align_corners) },                                          \
    { "mode", OFZ_ATTR_STRING, AT(mode), .s = usual },                                             \
    { "padding_mode", OFZ_ATTR_STRING, AT(padding_mode), .s = "zeros" }
#define ALIGN                                                                                      \
    { "mode", OFZ_ATTR_STRING, AT(mode), .s = "avg" },                                             \
    { "output_height", OFZ_ATTR_INT, AT(output_height), .i = 1 },                                  \
    { "output_width", OFZ_ATTR_INT, AT(output_width), .i = 1 },                                    \
    { "sampling_ratio", OFZ_ATTR_INT, AT(sampling_ratio) },                                        \
    { "spatial_scale", OFZ_ATTR_FLOAT, AT(spatial_scale), .f = 1 }
#define COORDINATES(usual)                                                                         \
    { "coordinate_transformation_mode", OFZ_ATTR_STRING, AT(coordinates), .s = usual }

static const ofz_attr_def grid16_def[] = { GRID("bilinear"), { 0 } };
static const ofz_attr_def grid_def[] = { GRID("linear"), { 0 } };
static const ofz_attr_def affine_def[] = {
    { "align_corners", OFZ_ATTR_INT, AT(align_corners) }, { 0 }
};
static const ofz_attr_def align10_def[] = { ALIGN, { 0 } };
static const ofz_attr_def align_def[] = { ALIGN, COORDINATES("half_pixel"), { 0 } };
static const ofz_attr_def pool_def[] = {
    { "pooled_shape", OFZ_ATTR_INTS, AT(pooled_shape), .required = true },
    { "spatial_scale", OFZ_ATTR_FLOAT, AT(spatial_scale), .f = 1 },
    { 0 },
};
static const ofz_attr_def deform_def[] = {
    { "dilations", OFZ_ATTR_INTS, WINDOW(dilations) },
    { "group", OFZ_ATTR_INT, WINDOW(group), .i = 1 },
    { "kernel_shape", OFZ_ATTR_INTS, WINDOW(kernel_shape) },
    { "offset_group", OFZ_ATTR_INT, offsetof(deform_attrs, offset_group), .i = 1 },
    { "pads", OFZ_ATTR_INTS, WINDOW(pads) },
    { "strides", OFZ_ATTR_INTS, WINDOW(strides) },
    { 0 },
};

#define ONE        { 1, 1 }
#define TWO        { 2, 2 }
#define THREE      { 3, 3 }
#define PURE       OFZ_OP_PURE
#define ATTRS(def) def, sizeof(sample_attrs)
#define DEFORM     deform_def, sizeof(deform_attrs), deform_infer, deform_eval, NULL, "xwxbx"

static const ofz_op rows[] = {
    { "AffineGrid", 20, TWO, ONE, PURE, ATTRS(affine_def), affine_infer, affine_eval, affine_grad,
      "wi" },
    { "DeformConv", 19, { 3, 5 }, ONE, PURE, DEFORM },
    { "DeformConv", 22, { 3, 5 }, ONE, PURE, DEFORM },
    { "GridSample", 16, TWO, ONE, PURE, ATTRS(grid16_def), grid_infer, grid_any_eval, grid_grad, "x" },
    { "GridSample", 20, TWO, ONE, PURE, ATTRS(grid_def), grid_infer, grid_any_eval, grid_grad, "x" },
    { "GridSample", 22, TWO, ONE, PURE, ATTRS(grid_def), grid_infer, grid_any_eval, grid_grad, "x" },
    { "MaxRoiPool", 1, TWO, ONE, PURE, ATTRS(pool_def), pool_infer, pool_eval, NULL, "x" },
    { "MaxRoiPool", 22, TWO, ONE, PURE, ATTRS(pool_def), pool_infer, pool_eval, NULL, "x" },
    { "RoiAlign", 10, THREE, ONE, PURE, ATTRS(align10_def), align_infer, align_eval, align_grad,
      "xxi" },
    { "RoiAlign", 16, THREE, ONE, PURE, ATTRS(align_def), align_infer, align_eval, align_grad,
      "xxi" },
    { "RoiAlign", 22, THREE, ONE, PURE, ATTRS(align_def), align_infer, align_eval, align_grad,
      "xxi" },
    { "AffineGridGrad", 1, TWO, ONE, PURE, ATTRS(affine_def), affine_back_infer, affine_back_eval,
      NULL, "x", "ofz" },
    { "GridSampleGradGrid", 1, THREE, ONE, PURE, ATTRS(grid_def), grid_grid_infer, grid_grid_eval,
      NULL, "x", "ofz" },
    { "GridSampleGradX", 1, THREE, ONE, PURE, ATTRS(grid_def), grid_x_infer, grid_x_eval, NULL,
      "x", "ofz" },
    { "RoiAlignGrad", 1, { 4, 4 }, ONE, PURE, ATTRS(align_def), align_back_infer, align_back_eval,
      NULL, "x", "ofz" },
    { 0 },
};
/* clang-format on */
OFZ_OP_TABLE(sample, rows);
