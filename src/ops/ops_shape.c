/* ops_shape.c - rows that change a shape and leave the bytes alone, and rows that read a shape. */
#include <stddef.h>
#include <string.h>

#include "base/checked.h"
#include "ops/move.h"

/* --- Reshape ---------------------------------------------------------------------------------- */

typedef struct reshape_attrs {
    int64_t  allowzero;
    ofz_ints shape; /* version 1 */
} reshape_attrs;

/* The one dim that makes in's elements fill the others: known numbers are divided, symbols that
 * stand on both sides cancel, and what cannot be decided is a fresh symbol. dim[at] is left out. */
static ofz_status reshape_rest(ofz_infer_call *c, const ofz_tensor *in, int rank,
                               const int64_t *dim, int at, int64_t *out)
{
    int64_t have = 1, want = 1, symbol = 0;
    int     left               = 0;
    bool    used[OFZ_MAX_RANK] = { false };
    char    a[128];

    for (int i = 0; i < rank; i++) {
        int k = 0;

        if (i == at) continue;
        if (dim[i] >= 0) {
            if (!ofz_mul(want, dim[i], &want))
                return ofz_fail(c->ctx, OFZ_E_LIMIT, "shape: more than 2^63 elements");
            continue;
        }
        while (k < in->rank && (used[k] || in->dim[k] != dim[i])) k++;
        if (k == in->rank) {
            *out = ofz_infer_fresh(c);
            return OFZ_OK;
        }
        used[k] = true;
    }
    for (int k = 0; k < in->rank; k++) {
        if (used[k]) continue;
        if (in->dim[k] < 0) {
            symbol = in->dim[k];
            left++;
        } else if (!ofz_mul(have, in->dim[k], &have)) {
            return ofz_fail(c->ctx, OFZ_E_LIMIT, "shape: more than 2^63 elements");
        }
    }
    if (left == 0 && (want == 0 || have % want))
        return ofz_fail(c->ctx, OFZ_E_MODEL, "shape: -1 has no value for input of shape %s",
                        ofz_shape_text(a, sizeof a, in->rank, in->dim));
    if (left == 0)
        *out = have / want;
    else if (have == 0)
        *out = 0;
    else
        *out = left == 1 && have == want ? symbol : ofz_infer_fresh(c);
    return OFZ_OK;
}

static ofz_status reshape_to(ofz_infer_call *c, const int64_t *shape, int64_t count, bool allowzero)
{
    const ofz_tensor *in = c->in[0];
    int64_t           dim[OFZ_MAX_RANK];
    int               at   = -1;
    bool              zero = false, known = in->rank >= 0 && in->count >= 0;
    ofz_tensor        probe;
    char              a[128], b[128];

    if (count > OFZ_MAX_RANK)
        return ofz_fail(c->ctx, OFZ_E_LIMIT, "rank: %" PRId64 ", want at most %d", count,
                        OFZ_MAX_RANK);
    for (int i = 0; i < (int)count; i++) {
        dim[i] = shape[i];
        if (shape[i] == 0 && !allowzero) {
            if (in->rank >= 0 && i >= in->rank)
                return ofz_fail(c->ctx, OFZ_E_MODEL, "shape: 0 at %d, want an axis below rank %d",
                                i, in->rank);
            dim[i] = in->rank >= 0 ? in->dim[i] : ofz_infer_fresh(c);
        } else if (shape[i] == -1) {
            if (at >= 0) return ofz_fail(c->ctx, OFZ_E_MODEL, "shape: -1 twice");
            at = i;
        } else if (shape[i] < 0 && !OFZ_IS_SYMBOL(shape[i])) {
            return ofz_fail(c->ctx, OFZ_E_MODEL, "shape: %" PRId64 ", want -1 or more", shape[i]);
        }
        zero = zero || shape[i] == 0;
        if (OFZ_IS_SYMBOL(dim[i])) known = false;
    }
    if (at >= 0 && allowzero && zero)
        return ofz_fail(c->ctx, OFZ_E_MODEL,
                        "shape: both 0 and -1, want one of them with allowzero");
    if (at >= 0 && in->rank < 0)
        dim[at] = ofz_infer_fresh(c);
    else if (at >= 0)
        OFZ_TRY(reshape_rest(c, in, (int)count, dim, at, &dim[at]));
    if (known) {
        OFZ_TRY(ofz_tensor_set(c->ctx, &probe, OFZ_UNDEFINED, (int)count, dim));
        if (probe.count != in->count)
            return ofz_fail(c->ctx, OFZ_E_MODEL, "shape: %s, want the elements of %s",
                            ofz_shape_text(a, sizeof a, (int)count, dim),
                            ofz_shape_text(b, sizeof b, in->rank, in->dim));
    }
    return ofz_infer_set(c, 0, in->dtype, (int)count, dim);
}

static ofz_status reshape_infer(ofz_infer_call *c)
{
    const reshape_attrs *a = c->attrs;
    const ofz_tensor    *s = c->in[1];
    const int64_t       *shape;
    int64_t              count;

    OFZ_TRY(ofz_want_ints(c, 1, false));
    OFZ_TRY(ofz_want_rank(c, 1, 1));
    if (ofz_infer_dims(c, 1, &shape, &count)) return reshape_to(c, shape, count, a->allowzero != 0);
    if (s->rank == 1 && s->dim[0] >= 0 && s->dim[0] <= OFZ_MAX_RANK)
        return ofz_infer_rank(c, 0, c->in[0]->dtype, (int)s->dim[0]);
    return ofz_infer_unknown(c, 0, c->in[0]->dtype);
}

static ofz_status reshape1_infer(ofz_infer_call *c)
{
    const reshape_attrs *a = c->attrs;

    return reshape_to(c, a->shape.v, (int64_t)a->shape.count, false);
}

/* The gradient of every row here: the same numbers in the shape of x. */
static ofz_status view_grad(ofz_grad_call *g)
{
    ofz_value *in[] = { g->dy[0], g->node->in[0] };

    if (!g->need[0]) return OFZ_OK;
    return ofz_emit(g, "ofz", "ReshapeLike", NULL, 2, in, 1, &g->dx[0]);
}

/* ofz.ReshapeLike(dy, x): the elements of dy in the shape of x. */
static ofz_status like_infer(ofz_infer_call *c)
{
    const ofz_tensor *dy = c->in[0], *x = c->in[1];

    if (dy->rank >= 0 && dy->count >= 0 && x->rank >= 0 && x->count >= 0 && dy->count != x->count)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "input 0: %" PRId64 " elements, want %" PRId64,
                        dy->count, x->count);
    return ofz_infer_set(c, 0, dy->dtype, x->rank, x->dim);
}

/* --- Flatten, Squeeze, Unsqueeze -------------------------------------------------------------- */

typedef struct flatten_attrs {
    int64_t axis;
} flatten_attrs;

static ofz_status flatten_infer(ofz_infer_call *c)
{
    const flatten_attrs *a  = c->attrs;
    const ofz_tensor    *in = c->in[0];
    int64_t              dim[2];
    int                  axis = 0;

    if (in->rank < 0) return ofz_infer_rank(c, 0, in->dtype, 2);
    if (a->axis == in->rank)
        axis = in->rank; /* one more than other axes may be */
    else if (in->rank)
        OFZ_TRY(ofz_axis(c->ctx, a->axis, in->rank, &axis));
    else if (a->axis != 0)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "axis: %" PRId64 ", want 0 for a scalar", a->axis);
    OFZ_TRY(ofz_dim_span(c, in, 0, axis, &dim[0]));
    OFZ_TRY(ofz_dim_span(c, in, axis, in->rank, &dim[1]));
    return ofz_infer_set(c, 0, in->dtype, 2, dim);
}

typedef struct axes_attrs {
    ofz_ints axes;
} axes_attrs;

/* The axes from the attribute or from input 1. *present: there are some; *known: these are they. */
static ofz_status axes_get(ofz_infer_call *c, bool attribute, ofz_ints *axes, bool *present,
                           bool *known)
{
    const axes_attrs *a = c->attrs;
    int64_t           count;

    *axes = (ofz_ints){ NULL, 0 };
    if (attribute) {
        *axes    = a->axes;
        *present = ofz_node_attr(c->node, "axes") != NULL;
        *known   = true;
        return OFZ_OK;
    }
    *present = ofz_infer_in(c, 1) != NULL;
    *known   = !*present || ofz_infer_ints(c, 1, &axes->v, &count);
    if (!*present) return OFZ_OK;
    OFZ_TRY(ofz_want_ints(c, 1, false));
    if (c->in[1]->rank > 1)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "input 1: rank %d, want 1", c->in[1]->rank);
    if (*known) axes->count = (size_t)count;
    return OFZ_OK;
}

static ofz_status squeeze_infer_as(ofz_infer_call *c, bool attribute)
{
    const ofz_tensor *in = c->in[0];
    ofz_ints          axes;
    bool              present, known, mask[OFZ_MAX_RANK];
    int64_t           dim[OFZ_MAX_RANK];
    int               rank = 0;

    OFZ_TRY(axes_get(c, attribute, &axes, &present, &known));
    if (in->rank < 0 || !known) return ofz_infer_unknown(c, 0, in->dtype);
    OFZ_TRY(ofz_axes_mask(c->ctx, axes.v, axes.count, in->rank, mask));
    for (int i = 0; i < in->rank; i++) {
        if (!present && in->dim[i] < 0) return ofz_infer_unknown(c, 0, in->dtype);
        if (!present) mask[i] = in->dim[i] == 1;
        if (mask[i] && in->dim[i] >= 0 && in->dim[i] != 1)
            return ofz_fail(c->ctx, OFZ_E_MODEL, "axis %d: %" PRId64 " elements, want 1", i,
                            in->dim[i]);
        if (!mask[i]) dim[rank++] = in->dim[i];
    }
    return ofz_infer_set(c, 0, in->dtype, rank, dim);
}

static ofz_status squeeze_infer(ofz_infer_call *c)
{
    return squeeze_infer_as(c, false);
}

static ofz_status squeeze1_infer(ofz_infer_call *c)
{
    return squeeze_infer_as(c, true);
}

static ofz_status unsqueeze_infer_as(ofz_infer_call *c, bool attribute)
{
    const ofz_tensor *in = c->in[0];
    ofz_ints          axes;
    bool              present, known, mask[OFZ_MAX_RANK];
    int64_t           dim[OFZ_MAX_RANK];
    int               rank, from = 0;

    OFZ_TRY(axes_get(c, attribute, &axes, &present, &known));
    if (in->rank < 0 || !known) return ofz_infer_unknown(c, 0, in->dtype);
    if (axes.count > (size_t)(OFZ_MAX_RANK - in->rank))
        return ofz_fail(c->ctx, OFZ_E_LIMIT, "rank: more than %d", OFZ_MAX_RANK);
    rank = in->rank + (int)axes.count;
    OFZ_TRY(ofz_axes_mask(c->ctx, axes.v, axes.count, rank, mask));
    for (int i = 0; i < rank; i++) dim[i] = mask[i] ? 1 : in->dim[from++];
    return ofz_infer_set(c, 0, in->dtype, rank, dim);
}

static ofz_status unsqueeze_infer(ofz_infer_call *c)
{
    return unsqueeze_infer_as(c, false);
}

static ofz_status unsqueeze1_infer(ofz_infer_call *c)
{
    return unsqueeze_infer_as(c, true);
}

/* --- Shape, Size ------------------------------------------------------------------------------ */

typedef struct shape_attrs {
    int64_t start, end;
} shape_attrs;

/* Both ends clamp to [0, rank], as Python's slices do. */
static int shape_end(int64_t x, int rank)
{
    if (x < 0) x = x < -rank ? 0 : x + rank;
    return x > rank ? rank : (int)x;
}

/* Version 1 has no attributes: NULL, the whole shape. */
static void shape_range(const shape_attrs *a, int rank, int *from, int *to)
{
    *from = a ? shape_end(a->start, rank) : 0;
    *to   = a ? shape_end(a->end, rank) : rank;
    if (*to < *from) *to = *from;
}

static ofz_status shape_infer_as(ofz_infer_call *c, const shape_attrs *a)
{
    const ofz_tensor *in = c->in[0];
    int               from, to;
    int64_t           dim;

    if (in->rank < 0) return ofz_infer_rank(c, 0, OFZ_I64, 1);
    shape_range(a, in->rank, &from, &to);
    dim = to - from;
    return ofz_infer_set(c, 0, OFZ_I64, 1, &dim);
}

static ofz_status shape1_infer(ofz_infer_call *c)
{
    return shape_infer_as(c, NULL);
}

static ofz_status shape_infer(ofz_infer_call *c)
{
    return shape_infer_as(c, c->attrs);
}

/* Reads nothing but dims, so that shapes with symbols have a Shape as well. */
static ofz_status shape_eval_as(ofz_eval_call *c, const shape_attrs *a)
{
    const ofz_tensor *in = c->in[0];
    int64_t          *y  = c->out[0]->data;
    int               from, to;

    if (in->rank < 0) return ofz_fail(c->ctx, OFZ_E_UNSUPPORTED, "input 0: unknown rank");
    shape_range(a, in->rank, &from, &to);
    for (int i = from; i < to; i++) y[i - from] = in->dim[i];
    return OFZ_OK;
}

static ofz_status shape1_eval(ofz_eval_call *c)
{
    return shape_eval_as(c, NULL);
}

static ofz_status shape_eval(ofz_eval_call *c)
{
    return shape_eval_as(c, c->attrs);
}

static ofz_status size_infer(ofz_infer_call *c)
{
    return ofz_infer_set(c, 0, OFZ_I64, 0, NULL);
}

static ofz_status size_eval(ofz_eval_call *c)
{
    if (c->in[0]->rank < 0 || c->in[0]->count < 0)
        return ofz_fail(c->ctx, OFZ_E_UNSUPPORTED, "input 0: unknown shape, want numbers");
    *(int64_t *)c->out[0]->data = c->in[0]->count;
    return OFZ_OK;
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
#define VIEW  (OFZ_OP_PURE | OFZ_OP_MOVE | OFZ_OP_VIEW)
#define READS (OFZ_OP_PURE | OFZ_OP_SHAPE | OFZ_OP_MOVE) /* dims may be symbols */

static const ofz_attr_def reshape1_def[] = {
    { "consumed_inputs", OFZ_ATTR_INTS, OFZ_ATTR_IGNORED },
    { "shape", OFZ_ATTR_INTS, offsetof(reshape_attrs, shape) },
    { 0 },
};
static const ofz_attr_def reshape14_def[] = {
    { "allowzero", OFZ_ATTR_INT, offsetof(reshape_attrs, allowzero) },
    { 0 },
};
static const ofz_attr_def flatten_def[] = {
    { "axis", OFZ_ATTR_INT, offsetof(flatten_attrs, axis), .i = 1 },
    { 0 },
};
static const ofz_attr_def squeeze_def[] = {
    { "axes", OFZ_ATTR_INTS, offsetof(axes_attrs, axes) },
    { 0 },
};
static const ofz_attr_def unsqueeze_def[] = {
    { "axes", OFZ_ATTR_INTS, offsetof(axes_attrs, axes), .required = true },
    { 0 },
};
static const ofz_attr_def shape15_def[] = {
    { "end", OFZ_ATTR_INT, offsetof(shape_attrs, end), .i = INT64_MAX },
    { "start", OFZ_ATTR_INT, offsetof(shape_attrs, start) },
    { 0 },
};

#define FLATTEN(v)                                                                                 \
    {                                                                                              \
        "Flatten", v, ONE, ONE, VIEW, flatten_def, sizeof(flatten_attrs), flatten_infer,           \
            ofz_eval_copy, view_grad                                                               \
    }
#define RESHAPE(v, def)                                                                            \
    {                                                                                              \
        "Reshape", v, TWO, ONE, VIEW, def, sizeof(reshape_attrs), reshape_infer, ofz_eval_copy,    \
            view_grad, "xi"                                                                        \
    }
#define SHAPE1(v)                                                                                  \
    {                                                                                              \
        "Shape", v, ONE, ONE, READS, NULL, 0, shape1_infer, shape1_eval                            \
    }
#define SHAPE(v)                                                                                   \
    {                                                                                              \
        "Shape", v, ONE, ONE, READS, shape15_def, sizeof(shape_attrs), shape_infer, shape_eval     \
    }
#define SIZE(v)                                                                                    \
    {                                                                                              \
        "Size", v, ONE, ONE, OFZ_OP_PURE | OFZ_OP_SHAPE, NULL, 0, size_infer, size_eval            \
    }
#define SQUEEZE1(v)                                                                                \
    {                                                                                              \
        "Squeeze", v, ONE, ONE, VIEW, squeeze_def, sizeof(axes_attrs), squeeze1_infer,             \
            ofz_eval_copy, view_grad                                                               \
    }
#define SQUEEZE(v)                                                                                 \
    {                                                                                              \
        "Squeeze", v, { 1, 2 }, ONE, VIEW, NULL, sizeof(axes_attrs), squeeze_infer, ofz_eval_copy, \
            view_grad, "xi"                                                                        \
    }
#define UNSQUEEZE1(v)                                                                              \
    {                                                                                              \
        "Unsqueeze", v, ONE, ONE, VIEW, unsqueeze_def, sizeof(axes_attrs), unsqueeze1_infer,       \
            ofz_eval_copy, view_grad                                                               \
    }
#define UNSQUEEZE(v)                                                                               \
    {                                                                                              \
        "Unsqueeze", v, TWO, ONE, VIEW, NULL, sizeof(axes_attrs), unsqueeze_infer, ofz_eval_copy,  \
            view_grad, "xi"                                                                        \
    }

static const ofz_op rows[] = {
    FLATTEN(1),
    FLATTEN(9),
    FLATTEN(11),
    FLATTEN(13),
    FLATTEN(21),
    FLATTEN(23),
    FLATTEN(24),
    FLATTEN(25),
    { "Reshape", 1, ONE, ONE, VIEW, reshape1_def, sizeof(reshape_attrs), reshape1_infer,
      ofz_eval_copy, view_grad },
    RESHAPE(5, NULL),
    RESHAPE(13, NULL),
    RESHAPE(14, reshape14_def),
    RESHAPE(19, reshape14_def),
    RESHAPE(21, reshape14_def),
    RESHAPE(23, reshape14_def),
    RESHAPE(24, reshape14_def),
    RESHAPE(25, reshape14_def),
    SHAPE1(1),
    SHAPE1(13),
    SHAPE(15),
    SHAPE(19),
    SHAPE(21),
    SHAPE(23),
    SHAPE(24),
    SHAPE(25),
    SIZE(1),
    SIZE(13),
    SIZE(19),
    SIZE(21),
    SIZE(23),
    SIZE(24),
    SIZE(25),
    SQUEEZE1(1),
    SQUEEZE1(11),
    SQUEEZE(13),
    SQUEEZE(21),
    SQUEEZE(23),
    SQUEEZE(24),
    SQUEEZE(25),
    UNSQUEEZE1(1),
    UNSQUEEZE1(11),
    UNSQUEEZE(13),
    UNSQUEEZE(21),
    UNSQUEEZE(23),
    UNSQUEEZE(24),
    UNSQUEEZE(25),
    { "ReshapeLike", 1, TWO, ONE, VIEW, NULL, 0, like_infer, ofz_eval_copy, .domain = "ofz" },
    { 0 },
};
OFZ_OP_TABLE(shape, rows);
