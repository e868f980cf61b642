/* ops_shape_pad.c - rows that make tensors larger by repeating or surrounding: Expand, Tile, Pad,
 * CenterCropPad. */
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/threads.h"
#include "kernel/taps.h"
#include "ops/move.h"

/* --- Expand ----------------------------------------------------------------------------------- */

static ofz_status expand_infer(ofz_infer_call *c)
{
    const ofz_tensor *in = c->in[0];
    const int64_t    *shape;
    int64_t           count, dim[OFZ_MAX_RANK], any[OFZ_MAX_RANK];
    int               rank;

    OFZ_TRY(ofz_want_ints(c, 1, false));
    OFZ_TRY(ofz_want_rank(c, 1, 1));
    if (!ofz_infer_dims(c, 1, &shape, &count)) {
        const int64_t n = c->in[1]->rank == 1 ? c->in[1]->dim[0] : -1;

        if (in->rank < 0 || n < 0 || n > OFZ_MAX_RANK) return ofz_infer_unknown(c, 0, in->dtype);
        for (int i = 0; i < (int)n; i++) any[i] = ofz_infer_fresh(c);
        shape = any; /* dims above 1 stay as they are, whatever it holds */
        count = n;
    }
    if (count > OFZ_MAX_RANK)
        return ofz_fail(c->ctx, OFZ_E_LIMIT, "rank: %" PRId64 ", want at most %d", count,
                        OFZ_MAX_RANK);
    for (int64_t i = 0; i < count; i++)
        if (shape[i] < 0 && !OFZ_IS_SYMBOL(shape[i]))
            return ofz_fail(c->ctx, OFZ_E_MODEL, "shape: %" PRId64 ", want 0 or more", shape[i]);
    if (in->rank < 0) return ofz_infer_unknown(c, 0, in->dtype);
    OFZ_TRY(ofz_broadcast(c->ctx, in->rank, in->dim, (int)count, shape,
                          ofz_infer_fresh_block(c, OFZ_MAX_RANK), &rank, dim));
    return ofz_infer_set(c, 0, in->dtype, rank, dim);
}

static ofz_status expand_eval(ofz_eval_call *c)
{
    const ofz_tensor *in = c->in[0], *out = c->out[0];
    ofz_box           box = { .rank = out->rank };

    if (!out->count) return OFZ_OK;
    for (int i = 0; i < out->rank; i++) box.dim[i] = out->dim[i];
    ofz_broadcast_strides(in, out->rank, out->dim, box.src_stride);
    ofz_strides(out->rank, out->dim, box.dst_stride);
    ofz_move_clear(c->out[0]);
    ofz_copy_box(&box, ofz_bits(in->dtype), in->data, out->data, ofz_threads(c->ctx));
    return ofz_move_own(c->ctx, c->out[0]);
}

static ofz_status expand_grad(ofz_grad_call *g)
{
    return g->need[0] ? ofz_emit_sum_to(g, g->dy[0], g->node->in[0], &g->dx[0]) : OFZ_OK;
}

/* --- Tile ------------------------------------------------------------------------------------- */

static ofz_status tile_infer(ofz_infer_call *c)
{
    const ofz_tensor *in = c->in[0];
    const int64_t    *repeats;
    int64_t           count, dim[OFZ_MAX_RANK];

    OFZ_TRY(ofz_want_ints(c, 1, false));
    OFZ_TRY(ofz_want_rank(c, 1, 1));
    if (in->rank < 0) return ofz_infer_unknown(c, 0, in->dtype);
    if (!ofz_infer_dims(c, 1, &repeats, &count)) return ofz_infer_rank(c, 0, in->dtype, in->rank);
    if (count != in->rank)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "repeats: %" PRId64 " numbers, want %d", count,
                        in->rank);
    for (int i = 0; i < in->rank; i++) {
        if (repeats[i] < 0 && !OFZ_IS_SYMBOL(repeats[i]))
            return ofz_fail(c->ctx, OFZ_E_MODEL, "repeats: %" PRId64 ", want 0 or more",
                            repeats[i]);
        OFZ_TRY(ofz_dim_mul(c, in->dim[i], repeats[i], &dim[i]));
    }
    return ofz_infer_set(c, 0, in->dtype, in->rank, dim);
}

/* The one number that input k holds where it is known: version 1 gives them the type of its data. */
static ofz_status whole_known(ofz_infer_call *c, int k, const char *what, bool *known, int64_t *out)
{
    const ofz_tensor *t = c->in[k];
    double            x;

    OFZ_TRY(ofz_want_scalar(c, k));
    *known = t->data && t->count == 1;
    if (!*known) return OFZ_OK;
    x = ofz_elem_f64(t->dtype, t->data, 0);
    if (!(fabs(x) < 0x1p53) || x != trunc(x))
        return ofz_fail(c->ctx, OFZ_E_MODEL, "%s: %.9g, want a whole number", what, x);
    *out = (int64_t)x;
    return OFZ_OK;
}

/* Tile-1 repeats along one axis. */
static ofz_status tile1_infer(ofz_infer_call *c)
{
    const ofz_tensor *in = c->in[0];
    int64_t           dim[OFZ_MAX_RANK], tiles = 0, where = 0;
    bool              tiles_known, axis_known;
    int               axis;

    OFZ_TRY(whole_known(c, 1, "tiles", &tiles_known, &tiles));
    OFZ_TRY(whole_known(c, 2, "axis", &axis_known, &where));
    if (tiles < 0)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "tiles: %" PRId64 ", want 0 or more", tiles);
    if (in->rank < 0) return ofz_infer_unknown(c, 0, in->dtype);
    if (!axis_known) return ofz_infer_rank(c, 0, in->dtype, in->rank);
    OFZ_TRY(ofz_axis(c->ctx, where, in->rank, &axis));
    memcpy(dim, in->dim, (size_t)in->rank * sizeof *dim);
    if (!tiles_known) tiles = ofz_infer_fresh(c);
    OFZ_TRY(ofz_dim_mul(c, in->dim[axis], tiles, &dim[axis]));
    return ofz_infer_set(c, 0, in->dtype, in->rank, dim);
}

/* Every axis twice: once over the repetitions, which do not move in the source. */
static ofz_status tile_eval(ofz_eval_call *c)
{
    const ofz_tensor *in = c->in[0], *out = c->out[0];
    int64_t           src[OFZ_MAX_RANK], dst[OFZ_MAX_RANK];
    ofz_box           box = { .rank = 2 * in->rank };

    ofz_move_clear(c->out[0]);
    if (!out->count) return OFZ_OK;
    ofz_strides(in->rank, in->dim, src);
    ofz_strides(out->rank, out->dim, dst);
    for (int i = 0; i < in->rank; i++) {
        box.dim[2 * i]            = out->dim[i] / in->dim[i];
        box.dst_stride[2 * i]     = in->dim[i] * dst[i];
        box.dim[2 * i + 1]        = in->dim[i];
        box.src_stride[2 * i + 1] = src[i];
        box.dst_stride[2 * i + 1] = dst[i];
    }
    ofz_copy_box(&box, ofz_bits(in->dtype), in->data, out->data, ofz_threads(c->ctx));
    return ofz_move_own(c->ctx, c->out[0]);
}

static ofz_status tile_grad(ofz_grad_call *g)
{
    ofz_value *in[] = { g->dy[0], g->node->in[0] };

    return g->need[0] ? ofz_emit(g, "ofz", "TileGrad", NULL, 2, in, 1, &g->dx[0]) : OFZ_OK;
}

/* --- gradients of axis maps ------------------------------------------------------------------- */

static void maps_free(int64_t **map)
{
    for (int a = 0; a < OFZ_MAX_RANK; a++) free(map[a]);
}

static bool map_is_identity(const int64_t *map, int64_t from, int64_t to)
{
    if (from != to) return false;
    for (int64_t j = 0; map && j < from; j++)
        if (map[j] != j) return false;
    return true;
}

/* dx[i] = sum of dy[j] over all j whose maps lead to i. A NULL map is the identity. */
static ofz_status maps_transpose(ofz_ctx *ctx, const ofz_tensor *dy, int64_t *const *map,
                                 ofz_tensor *dx)
{
    ofz_taps   taps[OFZ_MAX_RANK] = { 0 };
    ofz_reals  from = { 0 }, to = { 0 };
    ofz_status st = OFZ_OK;

    if (dy->rank != dx->rank)
        return ofz_fail(ctx, OFZ_E_MODEL, "input 0: rank %d, want %d", dy->rank, dx->rank);
    for (int a = 0; a < dx->rank; a++)
        if (!map_is_identity(map[a], dy->dim[a], dx->dim[a]))
            OFZ_GOTO(ofz_taps_from_map(ctx, dx->dim[a], dy->dim[a], map[a], &taps[a]));
    OFZ_GOTO(ofz_reals_open(ctx, dy, true, &from));
    OFZ_GOTO(ofz_reals_open(ctx, dx, false, &to));
    st = ofz_taps_apply(ctx, to.wide, dx->rank, dy->dim, taps, true, from.data, to.data,
                        ofz_threads(ctx));
done:
    ofz_reals_close(&from, NULL);
    ofz_reals_close(&to, st ? NULL : dx);
    for (int a = 0; a < dx->rank; a++) ofz_taps_free(&taps[a]);
    return st;
}

/* ofz.<..>Grad(dy, x, ...) -> the gradient of x. */
static ofz_status like_x_infer(ofz_infer_call *c)
{
    return ofz_infer_set(c, 0, c->in[0]->dtype, c->in[1]->rank, c->in[1]->dim);
}

static ofz_status tile_grad_eval(ofz_eval_call *c)
{
    const ofz_tensor *dy                = c->in[0];
    ofz_tensor       *dx                = c->out[0];
    int64_t          *map[OFZ_MAX_RANK] = { NULL };
    ofz_status        st                = OFZ_OK;

    if (dx->size) memset(dx->data, 0, dx->size);
    if (!dy->count || !dx->count || dy->rank != dx->rank) return OFZ_OK;
    for (int a = 0; a < dy->rank; a++) {
        if (dy->dim[a] == dx->dim[a]) continue;
        OFZ_GOTO(ofz_scratch(c->ctx, dy->dim[a], sizeof *map[a], &map[a]));
        for (int64_t j = 0; j < dy->dim[a]; j++) map[a][j] = j % dx->dim[a];
    }
    st = maps_transpose(c->ctx, dy, map, dx);
done:
    maps_free(map);
    return st;
}

/* --- Pad -------------------------------------------------------------------------------------- */

typedef enum pad_mode { PAD_CONSTANT, PAD_REFLECT, PAD_EDGE, PAD_WRAP } pad_mode;

typedef struct pad_attrs {
    ofz_ints   pads; /* before version 11 */
    float      value;
    ofz_string mode;
} pad_attrs;

/* Elements to add (or, negative, to take away) at both ends of every axis. */
typedef struct pad_amounts {
    int64_t before[OFZ_MAX_RANK], after[OFZ_MAX_RANK];
} pad_amounts;

static ofz_status pad_mode_get(ofz_ctx *ctx, const pad_attrs *a, pad_mode *mode)
{
    static const char *const name[] = { "constant", "reflect", "edge", "wrap" };

    for (int m = 0; m < 4; m++)
        if (a->mode.size == strlen(name[m]) && !memcmp(a->mode.text, name[m], a->mode.size)) {
            *mode = (pad_mode)m;
            return OFZ_OK;
        }
    return ofz_fail(ctx, OFZ_E_MODEL, "mode: '%.*s', want constant, reflect, edge or wrap",
                    (int)a->mode.size, a->mode.text ? a->mode.text : "");
}

/* From the attribute, or from inputs pads and axes (which may be NULL). *known is false while one
 * of them has no data. */
static ofz_status pad_amounts_get(ofz_ctx *ctx, const pad_attrs *a, int rank,
                                  const ofz_tensor *pads, const ofz_tensor *axes, pad_amounts *p,
                                  bool *known)
{
    bool    seen[OFZ_MAX_RANK] = { false };
    int64_t n = axes ? axes->count : rank, have = pads ? pads->count : (int64_t)a->pads.count;
    int     axis;

    *p     = (pad_amounts){ { 0 }, { 0 } };
    *known = (!pads || pads->data) && (!axes || axes->data);
    if (n >= 0 && have >= 0 && (n > rank || have != 2 * n))
        return ofz_fail(ctx, OFZ_E_MODEL, "pads: %" PRId64 " numbers, want %" PRId64, have, 2 * n);
    for (int64_t i = 0; i < n && *known; i++) {
        OFZ_TRY(ofz_axis(ctx, axes ? ofz_int_at(axes, i) : i, rank, &axis));
        if (seen[axis]) return ofz_fail(ctx, OFZ_E_MODEL, "axes: %d twice", axis);
        seen[axis]      = true;
        p->before[axis] = pads ? ofz_int_at(pads, i) : a->pads.v[i];
        p->after[axis]  = pads ? ofz_int_at(pads, i + n) : a->pads.v[i + n];
    }
    return OFZ_OK;
}

static ofz_status pad_infer_as(ofz_infer_call *c, const ofz_tensor *pads, const ofz_tensor *axes)
{
    const ofz_tensor *in = c->in[0];
    int64_t           dim[OFZ_MAX_RANK];
    pad_amounts       p;
    pad_mode          mode;
    bool              known;

    OFZ_TRY(pad_mode_get(c->ctx, c->attrs, &mode));
    if (mode == PAD_WRAP && c->opset < 19)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "mode: wrap, which begins with opset 19");
    if (in->rank < 0) return ofz_infer_unknown(c, 0, in->dtype);
    OFZ_TRY(pad_amounts_get(c->ctx, c->attrs, in->rank, pads, axes, &p, &known));
    if (!known) return ofz_infer_rank(c, 0, in->dtype, in->rank);
    for (int i = 0; i < in->rank; i++) {
        dim[i] = in->dim[i];
        if (dim[i] < 0 && (p.before[i] || p.after[i])) dim[i] = ofz_infer_fresh(c);
        if (dim[i] < 0) continue;
        if (!ofz_add(dim[i], p.before[i], &dim[i]) || !ofz_add(dim[i], p.after[i], &dim[i]))
            return ofz_fail(c->ctx, OFZ_E_LIMIT, "shape: more than 2^63 elements");
        if (dim[i] < 0)
            return ofz_fail(c->ctx, OFZ_E_MODEL,
                            "pads: %" PRId64 " and %" PRId64 " for %" PRId64 " elements",
                            p.before[i], p.after[i], in->dim[i]);
        if (mode != PAD_CONSTANT && dim[i] > 0 && in->dim[i] == 0)
            return ofz_fail(c->ctx, OFZ_E_MODEL, "axis %d: no elements to repeat", i);
    }
    return ofz_infer_set(c, 0, in->dtype, in->rank, dim);
}

static ofz_status pad_infer(ofz_infer_call *c)
{
    OFZ_TRY(ofz_want_ints(c, 1, false));
    OFZ_TRY(ofz_want_same_dtype(c, 2));
    OFZ_TRY(ofz_want_scalar(c, 2));
    OFZ_TRY(ofz_want_ints(c, 3, true));
    return pad_infer_as(c, ofz_infer_in(c, 1), ofz_infer_in(c, 3));
}

/* Where along an axis of n elements element `at` of the endless pattern lies. */
static int64_t pad_source(pad_mode mode, int64_t n, int64_t at)
{
    const int64_t period = mode == PAD_WRAP ? n : 2 * (n - 1);

    if (at >= 0 && at < n) return at;
    if (mode == PAD_CONSTANT) return -1;
    if (mode == PAD_EDGE) return at < 0 ? 0 : n - 1;
    if (period == 0) return 0; /* one element reflects onto itself */
    at %= period;
    if (at < 0) at += period;
    return at < n ? at : period - at;
}

/* The map of one axis. What negative pads take away is gone before anything is repeated. */
static ofz_status pad_map(ofz_ctx *ctx, pad_mode mode, int64_t in, int64_t before, int64_t after,
                          int64_t out, int64_t **map)
{
    const int64_t low  = before < 0 ? (before > -in ? -before : in) : 0;
    const int64_t high = after < 0 ? (in + after > low ? in + after : low) : in;
    const int64_t n = high - low, shift = before > 0 ? before : 0;

    if (n == 0 && out > 0 && mode != PAD_CONSTANT)
        return ofz_fail(ctx, OFZ_E_MODEL, "pads: no elements left to repeat");
    OFZ_TRY(ofz_scratch(ctx, out, sizeof **map, map));
    for (int64_t j = 0; j < out; j++) {
        const int64_t k = pad_source(mode, n, j - shift);

        (*map)[j] = k < 0 ? -1 : k + low;
    }
    return OFZ_OK;
}

static ofz_status pad_maps(ofz_ctx *ctx, pad_mode mode, const pad_amounts *p, const ofz_tensor *x,
                           const ofz_tensor *y, int64_t **map)
{
    if (x->rank != y->rank)
        return ofz_fail(ctx, OFZ_E_MODEL, "rank: %d, want %d", y->rank, x->rank);
    for (int a = 0; a < x->rank; a++)
        OFZ_TRY(pad_map(ctx, mode, x->dim[a], p->before[a], p->after[a], y->dim[a], &map[a]));
    return OFZ_OK;
}

static ofz_status pad_run(ofz_eval_call *c, pad_mode mode, const pad_amounts *p, const void *fill)
{
    const ofz_tensor *in = c->in[0], *out = c->out[0];
    int64_t          *map[OFZ_MAX_RANK] = { NULL }, stride[OFZ_MAX_RANK];
    ofz_status        st                = OFZ_OK;

    ofz_move_clear(c->out[0]);
    if (!out->count) return OFZ_OK;
    OFZ_GOTO(pad_maps(c->ctx, mode, p, in, out, map));
    ofz_strides(in->rank, in->dim, stride);
    ofz_copy_map(in->rank, out->dim, (const int64_t *const *)map, stride, ofz_bits(in->dtype),
                 in->data, fill, out->data, ofz_threads(c->ctx));
    st = ofz_move_own(c->ctx, c->out[0]);
done:
    maps_free(map);
    return st;
}

static ofz_status pad_eval(ofz_eval_call *c)
{
    const pad_attrs  *a        = c->attrs;
    const ofz_tensor *value    = ofz_eval_in(c, 2);
    _Alignas(16) char fill[16] = { 0 };
    pad_amounts       p;
    pad_mode          mode;
    bool              known;

    OFZ_TRY(pad_mode_get(c->ctx, a, &mode));
    OFZ_TRY(pad_amounts_get(c->ctx, a, c->in[0]->rank, ofz_eval_in(c, 1), ofz_eval_in(c, 3), &p,
                            &known));
    if (a->value != 0 && c->in[0]->dtype != OFZ_STRING)
        ofz_elem_set_f64(c->in[0]->dtype, fill, 0, a->value);
    return pad_run(c, mode, &p, value && value->data ? value->data : fill);
}

/* ofz.PadGrad(dy, x, pads, axes); the constant receives what fell outside:
 * ofz.PadValueGrad(dy, x, value, pads, axes). */
static ofz_status pad_grad(ofz_grad_call *g)
{
    const ofz_node *n     = g->node;
    ofz_value      *pads  = n->in_count > 1 ? n->in[1] : NULL;
    ofz_value      *value = n->in_count > 2 ? n->in[2] : NULL;
    ofz_value      *axes  = n->in_count > 3 ? n->in[3] : NULL;

    if (g->need[0]) {
        ofz_value *in[] = { g->dy[0], n->in[0], pads, axes };

        OFZ_TRY(ofz_emit_grad(g, "PadGrad", 4, in, &g->dx[0]));
    }
    if (value && g->need[2]) {
        ofz_value *in[] = { g->dy[0], n->in[0], value, pads, axes };

        OFZ_TRY(ofz_emit_grad(g, "PadValueGrad", 5, in, &g->dx[2]));
    }
    return OFZ_OK;
}

/* Pads and axes are the inputs from `first` on. */
static ofz_status pad_grad_maps(ofz_eval_call *c, int first, int64_t **map)
{
    pad_amounts p;
    pad_mode    mode;
    bool        known;

    OFZ_TRY(pad_mode_get(c->ctx, c->attrs, &mode));
    OFZ_TRY(pad_amounts_get(c->ctx, c->attrs, c->in[1]->rank, ofz_eval_in(c, first),
                            ofz_eval_in(c, first + 1), &p, &known));
    return pad_maps(c->ctx, mode, &p, c->in[1], c->in[0], map);
}

static ofz_status pad_grad_eval(ofz_eval_call *c)
{
    int64_t   *map[OFZ_MAX_RANK] = { NULL };
    ofz_status st                = OFZ_OK;

    if (c->out[0]->size) memset(c->out[0]->data, 0, c->out[0]->size);
    if (!c->in[0]->count || !c->out[0]->count) return OFZ_OK;
    OFZ_GOTO(pad_grad_maps(c, 2, map));
    st = maps_transpose(c->ctx, c->in[0], map, c->out[0]);
done:
    maps_free(map);
    return st;
}

static ofz_status pad_grad_infer(ofz_infer_call *c)
{
    OFZ_TRY(ofz_want_ints(c, 2, false));
    OFZ_TRY(ofz_want_ints(c, 3, true));
    return like_x_infer(c);
}

static ofz_status pad_value_infer(ofz_infer_call *c)
{
    OFZ_TRY(ofz_want_ints(c, 3, false));
    OFZ_TRY(ofz_want_ints(c, 4, true));
    OFZ_TRY(ofz_want_scalar(c, 2));
    return ofz_infer_set(c, 0, c->in[0]->dtype, c->in[2]->rank, c->in[2]->dim);
}

/* Summed in double, in the order of dy. */
static ofz_status pad_value_eval(ofz_eval_call *c)
{
    const ofz_tensor *dy                = c->in[0];
    int64_t          *map[OFZ_MAX_RANK] = { NULL };
    double            sum               = 0;
    ofz_status        st                = OFZ_OK;

    if (dy->count) OFZ_GOTO(pad_grad_maps(c, 3, map));
    for (int64_t i = 0; i < dy->count; i++) {
        int64_t left    = i;
        bool    outside = false;

        for (int a = dy->rank - 1; a >= 0; a--) {
            outside = outside || map[a][left % dy->dim[a]] < 0;
            left /= dy->dim[a];
        }
        if (outside) sum += ofz_elem_f64(dy->dtype, dy->data, i);
    }
    ofz_elem_set_f64(dy->dtype, c->out[0]->data, 0, sum);
done:
    maps_free(map);
    return st;
}

/* --- CenterCropPad ---------------------------------------------------------------------------- */

typedef struct center_attrs {
    ofz_ints axes;
} center_attrs;

static ofz_status center_infer(ofz_infer_call *c)
{
    const center_attrs *a       = c->attrs;
    const ofz_tensor   *in      = c->in[0];
    const bool          present = ofz_node_attr(c->node, "axes") != NULL;
    const int64_t      *shape;
    int64_t             count, dim[OFZ_MAX_RANK], want;
    bool                mask[OFZ_MAX_RANK];
    int                 axis;

    OFZ_TRY(ofz_want_ints(c, 1, true));
    OFZ_TRY(ofz_want_rank(c, 1, 1));
    if (in->rank < 0) return ofz_infer_unknown(c, 0, in->dtype);
    OFZ_TRY(ofz_axes_mask(c->ctx, a->axes.v, a->axes.count, in->rank, mask));
    want = present ? (int64_t)a->axes.count : in->rank;
    if (c->in[1]->count >= 0 && c->in[1]->count != want)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "shape: %" PRId64 " numbers, want %" PRId64,
                        c->in[1]->count, want);
    memcpy(dim, in->dim, (size_t)in->rank * sizeof *dim);
    for (int64_t i = 0; i < want; i++) {
        OFZ_TRY(ofz_axis(c->ctx, present ? a->axes.v[i] : i, in->rank, &axis));
        dim[axis] = ofz_infer_dims(c, 1, &shape, &count) ? shape[i] : ofz_infer_fresh(c);
        if (dim[axis] < 0 && !OFZ_IS_SYMBOL(dim[axis]))
            return ofz_fail(c->ctx, OFZ_E_MODEL, "shape: %" PRId64 ", want 0 or more", dim[axis]);
    }
    return ofz_infer_set(c, 0, in->dtype, in->rank, dim);
}

/* Odd leftovers go to the far end, both when cropping and when padding. */
static void center_amounts(const ofz_tensor *x, const ofz_tensor *y, pad_amounts *p)
{
    *p = (pad_amounts){ { 0 }, { 0 } };
    for (int a = 0; a < x->rank && a < y->rank; a++) {
        const int64_t more = y->dim[a] - x->dim[a];

        p->before[a] = more / 2;
        p->after[a]  = more - more / 2;
    }
}

static ofz_status center_eval(ofz_eval_call *c)
{
    _Alignas(16) char fill[16] = { 0 };
    pad_amounts       p;

    center_amounts(c->in[0], c->out[0], &p);
    return pad_run(c, PAD_CONSTANT, &p, fill);
}

static ofz_status center_grad(ofz_grad_call *g)
{
    ofz_value *in[] = { g->dy[0], g->node->in[0] };

    return g->need[0] ? ofz_emit(g, "ofz", "CenterCropPadGrad", NULL, 2, in, 1, &g->dx[0]) : OFZ_OK;
}

static ofz_status center_grad_eval(ofz_eval_call *c)
{
    int64_t    *map[OFZ_MAX_RANK] = { NULL };
    pad_amounts p;
    ofz_status  st = OFZ_OK;

    if (c->out[0]->size) memset(c->out[0]->data, 0, c->out[0]->size);
    if (!c->in[0]->count || !c->out[0]->count) return OFZ_OK;
    center_amounts(c->in[1], c->in[0], &p);
    OFZ_GOTO(pad_maps(c->ctx, PAD_CONSTANT, &p, c->in[1], c->in[0], map));
    st = maps_transpose(c->ctx, c->in[0], map, c->out[0]);
done:
    maps_free(map);
    return st;
}

/* Before version 11 the pads are an attribute. */
static ofz_status pad2_infer(ofz_infer_call *c)
{
    return pad_infer_as(c, NULL, NULL);
}

/* --- the table -------------------------------------------------------------------------------- */

#define ONE                                                                                        \
    {                                                                                              \
        1, 1                                                                                       \
    }
#define TWO                                                                                        \
    {                                                                                              \
        2, 2                                                                                       \
    }
#define PURE OFZ_OP_PURE
#define MOVE (OFZ_OP_PURE | OFZ_OP_MOVE)

static const ofz_attr_def center_def[] = {
    { "axes", OFZ_ATTR_INTS, offsetof(center_attrs, axes) },
    { 0 },
};
static const ofz_attr_def pad1_def[] = {
    { "mode", OFZ_ATTR_STRING, offsetof(pad_attrs, mode), .s = "constant" },
    { "paddings", OFZ_ATTR_INTS, offsetof(pad_attrs, pads), .required = true },
    { "value", OFZ_ATTR_FLOAT, offsetof(pad_attrs, value) },
    { 0 },
};
static const ofz_attr_def pad2_def[] = {
    { "mode", OFZ_ATTR_STRING, offsetof(pad_attrs, mode), .s = "constant" },
    { "pads", OFZ_ATTR_INTS, offsetof(pad_attrs, pads), .required = true },
    { "value", OFZ_ATTR_FLOAT, offsetof(pad_attrs, value) },
    { 0 },
};
static const ofz_attr_def pad11_def[] = {
    { "mode", OFZ_ATTR_STRING, offsetof(pad_attrs, mode), .s = "constant" },
    { 0 },
};
static const ofz_attr_def pad_grad_def[] = {
    { "mode", OFZ_ATTR_STRING, offsetof(pad_attrs, mode), .s = "constant" },
    { "paddings", OFZ_ATTR_INTS, offsetof(pad_attrs, pads) },
    { "pads", OFZ_ATTR_INTS, offsetof(pad_attrs, pads) },
    { "value", OFZ_ATTR_FLOAT, OFZ_ATTR_IGNORED },
    { 0 },
};

#define PAD(v, most)                                                                               \
    {                                                                                              \
        "Pad", v, { 2, most }, ONE, PURE, pad11_def, sizeof(pad_attrs), pad_infer, pad_eval,       \
            pad_grad, "xixi"                                                                       \
    }
#define PAD_ATTR(v)                                                                                \
    {                                                                                              \
        "Pad", v, ONE, ONE, PURE, pad##v##_def, sizeof(pad_attrs), pad2_infer, pad_eval, pad_grad  \
    }
#define LIKE(name, least, most, eval)                                                              \
    {                                                                                              \
        name, 1, { least, most }, ONE, PURE, NULL, 0, like_x_infer, eval, .domain = "ofz"          \
    }

static const ofz_op rows[] = {
    { "CenterCropPad", 18, TWO, ONE, PURE, center_def, sizeof(center_attrs), center_infer,
      center_eval, center_grad, "xi" },
    { "Expand", 8, TWO, ONE, MOVE, NULL, 0, expand_infer, expand_eval, expand_grad, "xi" },
    { "Expand", 13, TWO, ONE, MOVE, NULL, 0, expand_infer, expand_eval, expand_grad, "xi" },
    PAD_ATTR(1),
    PAD_ATTR(2),
    PAD(11, 3),
    PAD(13, 3),
    PAD(18, 4),
    PAD(19, 4),
    PAD(21, 4),
    PAD(23, 4),
    PAD(24, 4),
    PAD(25, 4),
    { "Tile", 1, { 3, 3 }, ONE, OFZ_OP_PURE, NULL, 0, tile1_infer, tile_eval, tile_grad, "xii" },
    { "Tile", 6, TWO, ONE, MOVE, NULL, 0, tile_infer, tile_eval, tile_grad, "xi" },
    { "Tile", 13, TWO, ONE, MOVE, NULL, 0, tile_infer, tile_eval, tile_grad, "xi" },
    LIKE("CenterCropPadGrad", 2, 2, center_grad_eval),
    { "PadGrad",
      1,
      { 2, 4 },
      ONE,
      PURE,
      pad_grad_def,
      sizeof(pad_attrs),
      pad_grad_infer,
      pad_grad_eval,
      .domain = "ofz" },
    { "PadValueGrad",
      1,
      { 3, 5 },
      ONE,
      PURE,
      pad_grad_def,
      sizeof(pad_attrs),
      pad_value_infer,
      pad_value_eval,
      .domain = "ofz" },
    LIKE("TileGrad", 2, 2, tile_grad_eval),
    { 0 },
};
OFZ_OP_TABLE(shape_pad, rows);
