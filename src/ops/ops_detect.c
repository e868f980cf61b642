/* ops_detect.c - Col2Im, Det, NonMaxSuppression. Source: ONNX Operators.md. */
#include "ops/op.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "ops/floats.h"
#include "ops/move.h"
#include "ops/window.h"

/* --- Col2Im ---------------------------------------------------------------------------------------
 * Im2Col(dy, image_shape, block_shape) is its gradient. */

/* Places the blocks: image and block sizes from the inputs, strides and all from the attributes. */
static ofz_status blocks_place(ofz_ctx *ctx, const ofz_window_attrs *a, int axes,
                               const int64_t *image, const int64_t *block, ofz_window *at)
{
    for (int i = 0; i < axes; i++)
        if (image[i] < 1 || block[i] < 1)
            return ofz_fail(ctx, OFZ_E_MODEL,
                            "image_shape, block_shape: %" PRId64 ", %" PRId64
                            ", want positive numbers",
                            image[i], block[i]);
    return ofz_window_place(ctx, a, axes, image, block, NULL, at);
}

static ofz_status product(ofz_ctx *ctx, int axes, const int64_t *v, int64_t *out)
{
    *out = 1;
    for (int i = 0; i < axes; i++)
        if (!ofz_mul(*out, v[i], out))
            return ofz_fail(ctx, OFZ_E_LIMIT, "shape: too many elements");
    return OFZ_OK;
}

/* Both shape inputs where they are known; *axes is -1 where they are not. */
static ofz_status blocks_get(ofz_infer_call *c, ofz_window *at, int64_t *taps, int64_t *places,
                             int *axes)
{
    const int64_t *image, *block;
    int64_t        count, blocks;

    *axes = -1;
    OFZ_TRY(ofz_want_ints(c, 1, false));
    OFZ_TRY(ofz_want_ints(c, 2, false));
    OFZ_TRY(ofz_want_rank(c, 1, 1));
    OFZ_TRY(ofz_want_rank(c, 2, 1));
    if (!ofz_infer_ints(c, 1, &image, &count) || !ofz_infer_ints(c, 2, &block, &blocks))
        return OFZ_OK;
    if (count != blocks || count < 1 || count > OFZ_MAX_RANK - 2)
        return ofz_fail(c->ctx, OFZ_E_MODEL,
                        "block_shape: %" PRId64 " numbers, want %" PRId64 " as image_shape", blocks,
                        count);
    *axes = (int)count;
    OFZ_TRY(blocks_place(c->ctx, c->attrs, *axes, image, block, at));
    OFZ_TRY(product(c->ctx, *axes, block, taps));
    return product(c->ctx, *axes, at->out, places);
}

static ofz_status col_infer(ofz_infer_call *c)
{
    const ofz_tensor *x = c->in[0];
    int64_t           taps, places, dim[OFZ_MAX_RANK], any;
    ofz_window        at;
    int               axes;

    OFZ_TRY(ofz_want_rank(c, 0, 3));
    OFZ_TRY(blocks_get(c, &at, &taps, &places, &axes));
    if (axes < 0) return ofz_infer_unknown(c, 0, x->dtype);
    dim[0] = x->rank == 3 ? x->dim[0] : ofz_infer_fresh(c);
    dim[1] = ofz_infer_fresh(c);
    if (x->rank == 3) {
        OFZ_TRY(ofz_unify(c->ctx, "input: blocks", places, x->dim[2], &any));
        if (x->dim[1] >= 0 && x->dim[1] % taps)
            return ofz_fail(c->ctx, OFZ_E_MODEL,
                            "input: %" PRId64 " rows, want a multiple of %" PRId64, x->dim[1],
                            taps);
        if (x->dim[1] >= 0) dim[1] = x->dim[1] / taps;
    }
    for (int i = 0; i < axes; i++) dim[2 + i] = at.in[i];
    return ofz_infer_set(c, 0, x->dtype, axes + 2, dim);
}

static ofz_status im_infer(ofz_infer_call *c)
{
    const ofz_tensor *y = c->in[0];
    int64_t           taps, places, dim[3], any;
    ofz_window        at;
    int               axes;

    OFZ_TRY(blocks_get(c, &at, &taps, &places, &axes));
    for (int i = 0; i < 3; i++) dim[i] = ofz_infer_fresh(c);
    if (y->rank == 0 || y->rank == 1 || (axes >= 0 && y->rank >= 0 && y->rank != axes + 2))
        return ofz_fail(c->ctx, OFZ_E_MODEL, "gradient: rank %d, want that of the image", y->rank);
    if (y->rank >= 0) dim[0] = y->dim[0];
    if (axes >= 0) dim[2] = places;
    for (int i = 0; axes >= 0 && y->rank >= 0 && i < axes; i++)
        OFZ_TRY(ofz_unify(c->ctx, "gradient", at.in[i], y->dim[2 + i], &any));
    if (axes >= 0 && y->rank >= 0) OFZ_TRY(ofz_dim_mul(c, y->dim[1], taps, &dim[1]));
    return ofz_infer_set(c, 0, y->dtype, 3, dim);
}

/* Where tap t of block l lies in the image, or -1 in its padding. */
static int64_t block_at(const ofz_window *w, int64_t t, int64_t l)
{
    int64_t at = 0, step = 1;

    for (int a = w->axes - 1; a >= 0; a--) {
        const int64_t i =
            l % w->out[a] * w->stride[a] + t % w->kernel[a] * w->dilation[a] - w->begin[a];

        l /= w->out[a];
        t /= w->kernel[a];
        if (i < 0 || i >= w->in[a]) return -1;
        at += i * step;
        step *= w->in[a];
    }
    return at;
}

/* The placed blocks; elements of a block, blocks, elements of a channel of the image. */
static ofz_status blocks_sizes(const ofz_eval_call *c, ofz_window *w, int64_t *taps,
                               int64_t *places, int64_t *size)
{
    const int64_t *image = c->in[1]->data, *block = c->in[2]->data;
    const int      axes = (int)c->in[1]->count;

    OFZ_TRY(blocks_place(c->ctx, c->attrs, axes, image, block, w));
    OFZ_TRY(product(c->ctx, axes, block, taps));
    OFZ_TRY(product(c->ctx, axes, w->out, places));
    return product(c->ctx, axes, image, size);
}

/* Adds columns up into the image, or copies the image's elements into columns. */
static ofz_status blocks_run(ofz_eval_call *c, bool back)
{
    const bool  wide = c->in[0]->dtype == OFZ_F64;
    const void *x    = c->in[0]->data;
    void       *y    = c->out[0]->data;
    int64_t     taps, places, size;
    ofz_window  w;

    OFZ_TRY(blocks_sizes(c, &w, &taps, &places, &size));
    if (c->out[0]->size) memset(y, 0, c->out[0]->size);
    if (!c->in[0]->count) return OFZ_OK;
    for (int64_t e = 0; e < (back ? c->out[0]->count : c->in[0]->count); e++) {
        const int64_t row = e / places, at = block_at(&w, row % taps, e % places);
        const int64_t i = row / taps * size + at;

        if (at < 0) continue;
        if (wide && back)
            ((double *)y)[e] = ((const double *)x)[i];
        else if (wide)
            ((double *)y)[i] += ((const double *)x)[e];
        else if (back)
            ((float *)y)[e] = ((const float *)x)[i];
        else
            ((float *)y)[i] += ((const float *)x)[e];
    }
    return OFZ_OK;
}

static ofz_status col_run(ofz_eval_call *c)
{
    return blocks_run(c, false);
}

/* y[i] += x[e] for what is no float: integers wrap, bool is "any", texts do not add. */
static ofz_status element_add(ofz_ctx *ctx, const ofz_tensor *x, int64_t e, ofz_tensor *y,
                              int64_t i)
{
    const ofz_string *text = x->data;
    ofz_string       *to   = y->data;

    switch (x->dtype) {
    case OFZ_C64:
        ((ofz_c64 *)y->data)[i].re += ((const ofz_c64 *)x->data)[e].re;
        ((ofz_c64 *)y->data)[i].im += ((const ofz_c64 *)x->data)[e].im;
        return OFZ_OK;
    case OFZ_C128:
        ((ofz_c128 *)y->data)[i].re += ((const ofz_c128 *)x->data)[e].re;
        ((ofz_c128 *)y->data)[i].im += ((const ofz_c128 *)x->data)[e].im;
        return OFZ_OK;
    case OFZ_STRING:
        if (to[i].size && text[e].size)
            return ofz_fail(ctx, OFZ_E_MODEL, "input: blocks of strings that overlap");
        if (text[e].size) to[i] = text[e];
        return OFZ_OK;
    default:
        ofz_elem_set_i64(y->dtype, y->data, i,
                         (int64_t)((uint64_t)ofz_elem_i64(y->dtype, y->data, i) +
                                   (uint64_t)ofz_elem_i64(x->dtype, x->data, e)));
        return OFZ_OK;
    }
}

static ofz_status col_any_run(ofz_eval_call *c)
{
    int64_t    taps, places, size;
    ofz_window w;

    OFZ_TRY(blocks_sizes(c, &w, &taps, &places, &size));
    if (c->out[0]->size) memset(c->out[0]->data, 0, c->out[0]->size);
    for (int64_t e = 0; e < c->in[0]->count; e++) {
        const int64_t row = e / places, at = block_at(&w, row % taps, e % places);

        if (at >= 0) OFZ_TRY(element_add(c->ctx, c->in[0], e, c->out[0], row / taps * size + at));
    }
    return ofz_move_own(c->ctx, c->out[0]);
}

static ofz_status im_run(ofz_eval_call *c)
{
    return blocks_run(c, true);
}

static ofz_status col_eval(ofz_eval_call *c)
{
    return ofz_dtype_is_float(c->in[0]->dtype) ? ofz_eval_floats(c, col_run) : col_any_run(c);
}

static ofz_status im_eval(ofz_eval_call *c)
{
    return ofz_eval_floats(c, im_run);
}

static ofz_status col_grad(ofz_grad_call *g)
{
    ofz_value *const in[] = { g->dy[0], g->node->in[1], g->node->in[2] };

    return g->need[0] ? ofz_emit_grad(g, "Im2Col", 3, in, &g->dx[0]) : OFZ_OK;
}

/* --- Det ------------------------------------------------------------------------------------------ */

static ofz_status det_infer(ofz_infer_call *c)
{
    const ofz_tensor *x = c->in[0];
    int64_t           any;

    if (x->rank < 0) return ofz_infer_unknown(c, 0, x->dtype);
    if (x->rank < 2)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "input: rank %d, want at least 2", x->rank);
    OFZ_TRY(ofz_unify(c->ctx, "columns", x->dim[x->rank - 2], x->dim[x->rank - 1], &any));
    return ofz_infer_set(c, 0, x->dtype, x->rank - 2, x->dim);
}

/* By Gaussian elimination with the largest pivot; a [n, n] is used up. */
static double determinant(int64_t n, double *a)
{
    double det = 1;

    for (int64_t k = 0; k < n; k++) {
        int64_t p = k;

        for (int64_t i = k + 1; i < n; i++)
            if (fabs(a[i * n + k]) > fabs(a[p * n + k])) p = i;
        if (p != k) {
            det = -det;
            for (int64_t j = k; j < n; j++) {
                const double t = a[k * n + j];

                a[k * n + j] = a[p * n + j];
                a[p * n + j] = t;
            }
        }
        det *= a[k * n + k];
        if (a[k * n + k] == 0) return det;
        for (int64_t i = k + 1; i < n; i++) {
            const double f = a[i * n + k] / a[k * n + k];

            for (int64_t j = k; j < n; j++) a[i * n + j] -= f * a[k * n + j];
        }
    }
    return det;
}

static ofz_status det_eval(ofz_eval_call *c)
{
    const ofz_tensor *x = c->in[0];
    const int64_t     n = x->dim[x->rank - 1];
    double           *a;

    if (!ofz_dtype_is_float(x->dtype))
        return ofz_fail(c->ctx, OFZ_E_UNSUPPORTED, "input: %s, want a float type",
                        ofz_dtype_name(x->dtype));
    OFZ_TRY(ofz_scratch(c->ctx, c->out[0]->count ? n * n : 0, sizeof *a, &a));
    for (int64_t i = 0; i < c->out[0]->count; i++) {
        for (int64_t k = 0; k < n * n; k++) a[k] = ofz_elem_f64(x->dtype, x->data, i * n * n + k);
        ofz_elem_set_f64(x->dtype, c->out[0]->data, i, determinant(n, a));
    }
    free(a);
    return OFZ_OK;
}

/* d det / d a[i][j] is the minor without row i and column j, with its sign: defined where the matrix is
 * singular as well. */
static void cofactors(int64_t n, const double *a, double *minor, double *out)
{
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < n; j++) {
            double *m = minor;

            for (int64_t r = 0; r < n; r++)
                for (int64_t k = 0; k < n; k++)
                    if (r != i && k != j) *m++ = a[r * n + k];
            out[i * n + j] = ((i + j) % 2 ? -1 : 1) * determinant(n - 1, minor);
        }
}

static ofz_status det_grad(ofz_grad_call *g)
{
    ofz_value *in[] = { g->node->in[0], g->dy[0] };

    return g->need[0] ? ofz_emit_grad(g, "DetGrad", 2, in, &g->dx[0]) : OFZ_OK;
}

static ofz_status det_grad_eval(ofz_eval_call *c)
{
    const ofz_tensor *x = c->in[0], *dy = c->in[1], *dx = c->out[0];
    const int64_t     n = x->dim[x->rank - 1];
    double           *a, *minor, *out;

    OFZ_TRY(ofz_scratch(c->ctx, dy->count ? 3 * n * n : 0, sizeof *a, &a));
    minor = a + n * n;
    out   = minor + n * n;
    for (int64_t i = 0; i < dy->count; i++) {
        const double d = ofz_elem_f64(dy->dtype, dy->data, i);

        for (int64_t k = 0; k < n * n; k++) a[k] = ofz_elem_f64(x->dtype, x->data, i * n * n + k);
        cofactors(n, a, minor, out);
        for (int64_t k = 0; k < n * n; k++)
            ofz_elem_set_f64(dx->dtype, dx->data, i * n * n + k, d * out[k]);
    }
    free(a);
    return OFZ_OK;
}

/* --- NonMaxSuppression ------------------------------------------------------------------------------ */

typedef struct nms_attrs {
    int64_t center_point_box;
} nms_attrs;

static ofz_status nms_infer(ofz_infer_call *c)
{
    const nms_attrs  *a = c->attrs;
    const ofz_tensor *b = c->in[0], *s = c->in[1];
    const int64_t     dim[] = { ofz_infer_fresh(c), 3 };
    int64_t           any;

    if (a->center_point_box != 0 && a->center_point_box != 1)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "center_point_box: %" PRId64 ", want 0 or 1",
                        a->center_point_box);
    for (int k = 0; k < 5; k++) {
        const ofz_tensor *t = ofz_infer_in(c, k);

        if (k == 2)
            OFZ_TRY(ofz_want_ints(c, k, false));
        else if (t && t->dtype && t->dtype != OFZ_F32)
            return ofz_fail(c->ctx, OFZ_E_MODEL, "input %d: %s, want float32", k,
                            ofz_dtype_name(t->dtype));
        if (k >= 2) OFZ_TRY(ofz_want_scalar(c, k));
    }
    OFZ_TRY(ofz_want_rank(c, 0, 3));
    OFZ_TRY(ofz_want_rank(c, 1, 3));
    if (b->rank == 3) OFZ_TRY(ofz_unify(c->ctx, "boxes: numbers", 4, b->dim[2], &any));
    if (b->rank == 3 && s->rank == 3) {
        OFZ_TRY(ofz_unify(c->ctx, "scores: batch", b->dim[0], s->dim[0], &any));
        OFZ_TRY(ofz_unify(c->ctx, "scores: boxes", b->dim[1], s->dim[2], &any));
    }
    return ofz_infer_set(c, 0, OFZ_I64, 2, dim);
}

/* Corners, the lower ones first. */
static void box_get(const float *b, bool centre, float *out)
{
    for (int a = 0; a < 2; a++) {
        const float p = centre ? b[a] - b[2 + a] / 2 : b[a];
        const float q = centre ? b[a] + b[2 + a] / 2 : b[2 + a];

        out[a]     = p < q ? p : q;
        out[2 + a] = p < q ? q : p;
    }
}

/* Intersection over union; 0 when one of them is empty. */
static float overlap(const float *p, const float *q)
{
    const float area_p = (p[2] - p[0]) * (p[3] - p[1]), area_q = (q[2] - q[0]) * (q[3] - q[1]);
    float       common = 1;

    for (int a = 0; a < 2; a++) {
        const float low  = p[a] > q[a] ? p[a] : q[a],
                    high = p[2 + a] < q[2 + a] ? p[2 + a] : q[2 + a];

        if (!(high > low)) return 0;
        common *= high - low;
    }
    return area_p > 0 && area_q > 0 ? common / (area_p + area_q - common) : 0;
}

typedef struct candidate {
    float   score;
    int64_t index;
} candidate;

static int candidate_order(const void *p, const void *q)
{
    const candidate *a = p, *b = q;

    if (a->score != b->score) return a->score > b->score ? -1 : 1;
    return a->index < b->index ? -1 : 1;
}

/* What one class of one picture keeps: indices into kept; returns how many. */
static int64_t nms_class(const float *box, const float *score, int64_t n, int64_t most, float iou,
                         const float *least, candidate *all, int64_t *kept)
{
    int64_t count = 0, found = 0;

    for (int64_t i = 0; i < n; i++)
        if (score[i] == score[i] && (!least || score[i] > *least))
            all[found++] = (candidate){ score[i], i };
    if (found) qsort(all, (size_t)found, sizeof *all, candidate_order);
    for (int64_t i = 0; i < found && count < most; i++) {
        bool keep = true;

        for (int64_t k = 0; keep && k < count; k++)
            keep = !(overlap(box + 4 * all[i].index, box + 4 * kept[k]) > iou);
        if (keep) kept[count++] = all[i].index;
    }
    return count;
}

/* Selected (picture, class, box) triples are appended to *out, which grows. */
static ofz_status nms_add(ofz_ctx *ctx, int64_t n, int64_t class, const int64_t *kept,
                          int64_t count, int64_t **out, int64_t *used, int64_t *room)
{
    if (*used + count > *room) {
        const int64_t want = 2 * (*used + count);
        int64_t      *more = realloc(*out, (size_t)want * 3 * sizeof *more);

        if (!more) return ofz_fail_nomem(ctx, "boxes", (size_t)want * 3 * sizeof *more);
        *out  = more;
        *room = want;
    }
    for (int64_t i = 0; i < count; i++, (*used)++) {
        (*out)[3 * *used]     = n;
        (*out)[3 * *used + 1] = class;
        (*out)[3 * *used + 2] = kept[i];
    }
    return OFZ_OK;
}

static ofz_status nms_eval(ofz_eval_call *c)
{
    const ofz_tensor *b = c->in[0], *s = c->in[1], *most = ofz_eval_in(c, 2);
    const ofz_tensor *iou = ofz_eval_in(c, 3), *least = ofz_eval_in(c, 4);
    const int64_t     n = b->dim[1], classes = s->dim[1];
    const float       share = iou ? ((const float *)iou->data)[0] : 0;
    const int64_t     limit = most ? ((const int64_t *)most->data)[0] : 0;
    ofz_status        st    = OFZ_OK;
    candidate        *all   = NULL;
    int64_t          *kept = NULL, *out = NULL, used = 0, room = 0;
    float            *box = NULL;

    if (!(share >= 0 && share <= 1))
        return ofz_fail(c->ctx, OFZ_E_DATA, "iou_threshold: %.9g, want 0 to 1", (double)share);
    OFZ_GOTO(ofz_scratch(c->ctx, n, sizeof *all, &all));
    OFZ_GOTO(ofz_scratch(c->ctx, n, sizeof *kept, &kept));
    OFZ_GOTO(ofz_scratch(c->ctx, b->count, sizeof *box, &box));
    for (int64_t i = 0; i < b->count / 4; i++)
        box_get((const float *)b->data + 4 * i,
                ((const nms_attrs *)c->attrs)->center_point_box != 0, box + 4 * i);
    for (int64_t i = 0; n && i < s->dim[0] * classes; i++) {
        const int64_t count = nms_class(box + i / classes * n * 4, (const float *)s->data + i * n,
                                        n, limit, share, least ? least->data : NULL, all, kept);

        OFZ_GOTO(nms_add(c->ctx, i / classes, i % classes, kept, count, &out, &used, &room));
    }
    OFZ_GOTO(ofz_eval_output(c, 0, OFZ_I64, 2, (int64_t[]){ used, 3 }));
    if (used) memcpy(c->out[0]->data, out, (size_t)used * 3 * sizeof *out);
done:
    free(all);
    free(kept);
    free(out);
    free(box);
    return st;
}

/* --- the table ---------------------------------------------------------------------------------- */

/* clang-format off */
static const ofz_attr_def col_def[] = {
    { "dilations", OFZ_ATTR_INTS, offsetof(ofz_window_attrs, dilations) },
    { "pads", OFZ_ATTR_INTS, offsetof(ofz_window_attrs, pads) },
    { "strides", OFZ_ATTR_INTS, offsetof(ofz_window_attrs, strides) },
    { 0 },
};
static const ofz_attr_def nms_def[] = {
    { "center_point_box", OFZ_ATTR_INT, offsetof(nms_attrs, center_point_box) }, { 0 }
};

#define COL  col_def, sizeof(ofz_window_attrs)
#define NMS  nms_def, sizeof(nms_attrs)
#define PURE OFZ_OP_PURE

static const ofz_op rows[] = {
    { "Col2Im", 18, { 3, 3 }, { 1, 1 }, PURE, COL, col_infer, col_eval, col_grad, "xii" },
    { "Det", 11, { 1, 1 }, { 1, 1 }, PURE, NULL, 0, det_infer, det_eval, det_grad, "x" },
    { "Det", 22, { 1, 1 }, { 1, 1 }, PURE, NULL, 0, det_infer, det_eval, det_grad, "x" },
    { "NonMaxSuppression", 10, { 2, 5 }, { 1, 1 }, PURE | OFZ_OP_DYNAMIC, NMS, nms_infer, nms_eval,
      NULL, "xxi" },
    { "NonMaxSuppression", 11, { 2, 5 }, { 1, 1 }, PURE | OFZ_OP_DYNAMIC, NMS, nms_infer, nms_eval,
      NULL, "xxi" },
    { "DetGrad", 1, { 2, 2 }, { 1, 1 }, PURE, NULL, 0, ofz_infer_same, det_grad_eval, NULL, "x", "ofz" },
    { "Im2Col", 1, { 3, 3 }, { 1, 1 }, PURE, COL, im_infer, im_eval, NULL, "xii", "ofz" },
    { 0 },
};
/* clang-format on */
OFZ_OP_TABLE(detect, rows);
