/* convert_meaning.c - the same words with another meaning in another version. */
#include <string.h>

#include "pass/convert_rule.h"

/* --- axes below zero -------------------------------------------------------------------------- */

/* What axes count from: the rank of the output for those that make axes. */
static ofz_status axis_rank(ofz_conversion *c, const ofz_node *n, size_t axes, int *out)
{
    OFZ_TRY(ofz_cv_rank(c, n, 0, out));
    if (!strcmp(n->op_type, "Unsqueeze")) *out += (int)axes;
    if (!strcmp(n->op_type, "OneHot")) *out += 1;
    return OFZ_OK;
}

static ofz_status axes_list_down(ofz_conversion *c, ofz_node *n, const ofz_attr *a)
{
    int64_t *x    = OFZ_NEWS(n->graph->arena, int64_t, a->u.ints.count);
    bool     any  = false;
    int      rank = 0;

    if (!x) return ofz_fail_nomem(c->ctx, "axes", a->u.ints.count * sizeof *x);
    for (size_t i = 0; i < a->u.ints.count; i++) any = any || a->u.ints.v[i] < 0;
    if (!any) return OFZ_OK;
    OFZ_TRY(axis_rank(c, n, a->u.ints.count, &rank));
    for (size_t i = 0; i < a->u.ints.count; i++)
        x[i] = a->u.ints.v[i] + (a->u.ints.v[i] < 0 ? rank : 0);
    return ofz_cv_set_ints(c, n, "axes", (ofz_ints){ x, a->u.ints.count });
}

OFZ_CONVERT(axis_down)
{
    const ofz_attr *axes = ofz_node_attr(n, "axes");
    const int64_t   axis = ofz_cv_int(n, "axis", 0);
    int             rank;

    if (axes && axes->type == OFZ_ATTR_INTS) OFZ_TRY(axes_list_down(c, n, axes));
    if (axis >= 0) return OFZ_OK;
    OFZ_TRY(axis_rank(c, n, 0, &rank));
    return ofz_cv_set_int(c, n, "axis", axis + rank);
}

/* --- Softmax, LogSoftmax, Hardmax ------------------------------------------------------------- */

/* Until 12 all axes from `axis` on are one. */
OFZ_CONVERT(softmax_up)
{
    const int64_t  axis  = ofz_cv_int(n, "axis", 1);
    const ofz_attr flat  = { .name = "axis", .type = OFZ_ATTR_INT, .u.i = axis };
    const ofz_attr last  = { .name = "axis", .type = OFZ_ATTR_INT, .u.i = -1 };
    ofz_value     *x     = ofz_cv_in(n, 0);
    ofz_value     *shape = NULL, *rows = NULL, *y = NULL;
    int            rank;

    if (axis == -1) return ofz_cv_set_int(c, n, "axis", -1);
    OFZ_TRY(ofz_cv_rank(c, n, 0, &rank));
    if (axis == rank - 1) return ofz_cv_set_int(c, n, "axis", -1);
    OFZ_TRY(ofz_cv_unary(c, n, "Shape", x, &shape));
    OFZ_TRY(ofz_cv_emit(c, n, "Flatten", 1, &x, &flat, 1, &rows));
    OFZ_TRY(ofz_cv_emit(c, n, n->op_type, 1, &rows, &last, 1, &y));
    return ofz_cv_finish(c, n, "Reshape", 2, (ofz_value *[]){ y, shape }, NULL, 0);
}

/* The axis goes last and back. */
OFZ_CONVERT(softmax_down)
{
    const int64_t axis = ofz_cv_int(n, "axis", -1);
    ofz_value    *x = ofz_cv_in(n, 0), *turned = NULL, *y = NULL;
    ofz_attr      perm = { .name = "perm", .type = OFZ_ATTR_INTS }, last;
    int64_t      *p;
    int           rank;

    if (axis == -1) return ofz_cv_set_int(c, n, "axis", -1);
    OFZ_TRY(ofz_cv_rank(c, n, 0, &rank));
    if (axis == rank - 1) return OFZ_OK;
    if (axis < -rank || axis >= rank)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "attribute axis: %" PRId64 ", want below %d", axis,
                        rank);
    p = OFZ_NEWS(n->graph->arena, int64_t, (size_t)rank);
    if (!p) return ofz_fail_nomem(c->ctx, "perm", (size_t)rank * sizeof *p);
    for (int i = 0; i < rank; i++) p[i] = i;
    p[axis < 0 ? axis + rank : axis] = rank - 1;
    p[rank - 1]                      = axis < 0 ? axis + rank : axis;
    perm.u.ints                      = (ofz_ints){ p, (size_t)rank };
    last = (ofz_attr){ .name = "axis", .type = OFZ_ATTR_INT, .u.i = rank - 1 };
    OFZ_TRY(ofz_cv_emit(c, n, "Transpose", 1, &x, &perm, 1, &turned));
    OFZ_TRY(ofz_cv_emit(c, n, n->op_type, 1, &turned, &last, 1, &y));
    return ofz_cv_finish(c, n, "Transpose", 1, &y, &perm, 1);
}

/* --- Resize ----------------------------------------------------------------------------------- */

OFZ_CONVERT(to_resize)
{
    (void)c;
    ofz_cv_become(n, "Resize");
    return OFZ_OK;
}

/* Upsample-9 means what Resize-10 means, for scales of at least 1. */
OFZ_CONVERT(to_upsample)
{
    const ofz_value *v = ofz_cv_in(n, 1);

    if (!v || !v->constant || v->constant->dtype != OFZ_F32)
        return ofz_fail(c->ctx, OFZ_E_UNSUPPORTED, "input 1 (scales): computed, want a constant");
    for (int64_t i = 0; i < v->constant->count; i++)
        if (ofz_elem_f64(OFZ_F32, v->constant->data, i) < 1)
            return ofz_fail(c->ctx, OFZ_E_UNSUPPORTED,
                            "input 1 (scales): below 1, want at least 1");
    ofz_cv_become(n, "Upsample");
    return OFZ_OK;
}

static ofz_status empty_floats(ofz_conversion *c, const ofz_node *n, const char *what,
                               ofz_value **out)
{
    const int64_t dim = 0;
    ofz_tensor    t;

    OFZ_TRY(ofz_cv_ints(c, n, what, NULL, 0, false, out));
    OFZ_TRY(ofz_tensor_new(c->ctx, &t, OFZ_F32, 1, &dim));
    return ofz_value_set_constant(c->ctx, *out, &t);
}

/* What 10 does is one way of several from 11 on. */
OFZ_CONVERT(resize_11_up)
{
    ofz_value *scales = ofz_cv_in(n, 1), *roi;

    OFZ_TRY(empty_floats(c, n, "roi", &roi));
    OFZ_TRY(ofz_cv_set_in(c, n, 2, scales));
    OFZ_TRY(ofz_cv_set_in(c, n, 1, roi));
    OFZ_TRY(ofz_cv_set_text(c, n, "coordinate_transformation_mode", "asymmetric"));
    return ofz_cv_set_text(c, n, "nearest_mode", "floor");
}

OFZ_CONVERT(resize_11_down)
{
    static const char *const gone[]  = { "coordinate_transformation_mode", "cubic_coeff_a",
                                         "exclude_outside", "extrapolation_value", "nearest_mode" };
    const bool               nearest = ofz_cv_text_is(n, "mode", "nearest", true);
    ofz_value               *scales  = ofz_cv_in(n, 2);

    if (!nearest && !ofz_cv_text_is(n, "mode", "linear", false))
        return ofz_fail(c->ctx, OFZ_E_UNSUPPORTED, "attribute mode: want nearest or linear");
    if (!ofz_cv_text_is(n, "coordinate_transformation_mode", "asymmetric", false))
        return ofz_fail(c->ctx, OFZ_E_UNSUPPORTED,
                        "attribute coordinate_transformation_mode: want asymmetric");
    if (nearest && !ofz_cv_text_is(n, "nearest_mode", "floor", false))
        return ofz_fail(c->ctx, OFZ_E_UNSUPPORTED, "attribute nearest_mode: want floor");
    if (ofz_cv_int(n, "exclude_outside", 0))
        return ofz_fail(c->ctx, OFZ_E_UNSUPPORTED, "attribute exclude_outside: 1, want 0");
    if (ofz_cv_in(n, 3) || !scales || (scales->constant && !scales->constant->count))
        return ofz_fail(c->ctx, OFZ_E_UNSUPPORTED, "input 3 (sizes): given, want scales");
    for (size_t i = 0; i < sizeof gone / sizeof *gone; i++) ofz_node_drop_attr(n, gone[i]);
    OFZ_TRY(ofz_node_set_input(c->ctx, n, 1, scales));
    return ofz_cv_cut_in(c, n, 2);
}

static bool is_empty(const ofz_value *v)
{
    return v && v->constant && !v->constant->count;
}

/* Empty tensors stood for what may be omitted from 13 on. */
OFZ_CONVERT(resize_13_up)
{
    for (size_t i = 1; i < 3; i++)
        if (is_empty(ofz_cv_in(n, i))) OFZ_TRY(ofz_node_set_input(c->ctx, n, i, NULL));
    return OFZ_OK;
}

OFZ_CONVERT(resize_13_down)
{
    ofz_value *v;

    for (size_t i = 1; i < 3; i++) {
        if (ofz_cv_in(n, i)) continue;
        OFZ_TRY(empty_floats(c, n, i == 1 ? "roi" : "scales", &v));
        OFZ_TRY(ofz_cv_set_in(c, n, i, v));
    }
    return OFZ_OK;
}

OFZ_CONVERT(resize_18_down)
{
    if (ofz_node_attr(n, "axes"))
        return ofz_fail(c->ctx, OFZ_E_UNSUPPORTED, "attribute axes: given, want all axes");
    return OFZ_OK;
}

OFZ_CONVERT(resize_19_down)
{
    if (ofz_cv_text_is(n, "coordinate_transformation_mode", "half_pixel_symmetric", false))
        return ofz_fail(c->ctx, OFZ_E_UNSUPPORTED,
                        "attribute coordinate_transformation_mode: half_pixel_symmetric, want an "
                        "older one");
    return OFZ_OK;
}

/* --- Scatter, RoiAlign, GridSample ------------------------------------------------------------ */

OFZ_CONVERT(to_scatter_elements)
{
    (void)c;
    ofz_cv_become(n, "ScatterElements");
    return OFZ_OK;
}

OFZ_CONVERT(to_scatter)
{
    OFZ_TRY(ofz_convert_axis_down(c, n));
    ofz_cv_become(n, "Scatter");
    return OFZ_OK;
}

OFZ_CONVERT(roi_align_up)
{
    return ofz_cv_set_text(c, n, "coordinate_transformation_mode", "output_half_pixel");
}

OFZ_CONVERT(roi_align_down)
{
    if (!ofz_cv_text_is(n, "coordinate_transformation_mode", "output_half_pixel", false))
        return ofz_fail(c->ctx, OFZ_E_UNSUPPORTED,
                        "attribute coordinate_transformation_mode: half_pixel, want "
                        "output_half_pixel");
    ofz_node_drop_attr(n, "coordinate_transformation_mode");
    return OFZ_OK;
}

OFZ_CONVERT(grid_up)
{
    if (ofz_cv_text_is(n, "mode", "bilinear", false))
        return ofz_cv_set_text(c, n, "mode", "linear");
    if (ofz_cv_text_is(n, "mode", "bicubic", false)) return ofz_cv_set_text(c, n, "mode", "cubic");
    return OFZ_OK;
}

OFZ_CONVERT(grid_down)
{
    int rank;

    OFZ_TRY(ofz_cv_rank(c, n, 0, &rank));
    if (rank != 4) return ofz_fail(c->ctx, OFZ_E_UNSUPPORTED, "input 0: rank %d, want 4", rank);
    if (ofz_cv_text_is(n, "mode", "linear", false))
        return ofz_cv_set_text(c, n, "mode", "bilinear");
    if (ofz_cv_text_is(n, "mode", "cubic", false)) return ofz_cv_set_text(c, n, "mode", "bicubic");
    return OFZ_OK;
}

/* --- normalisation ---------------------------------------------------------------------------- */

OFZ_CONVERT(norm_9_up)
{
    if (ofz_cv_int(n, "spatial", 1) != 1)
        return ofz_fail(c->ctx, OFZ_E_UNSUPPORTED, "attribute spatial: 0, want 1");
    ofz_node_drop_attr(n, "spatial");
    return OFZ_OK;
}

/* Until 13 more than one output means training. */
OFZ_CONVERT(norm_14_up)
{
    bool training = false;

    for (size_t i = 1; i < n->out_count; i++) training = training || n->out[i];
    if (ofz_cv_out_read(n, 3) || ofz_cv_out_read(n, 4))
        return ofz_fail(c->ctx, OFZ_E_UNSUPPORTED,
                        "outputs saved_mean, saved_var: read, want nobody to");
    ofz_cv_cut_out(n, training ? 3 : 1);
    return training ? ofz_cv_set_int(c, n, "training_mode", 1) : OFZ_OK;
}

OFZ_CONVERT(norm_14_down)
{
    if (ofz_cv_int(n, "training_mode", 0))
        return ofz_fail(c->ctx, OFZ_E_UNSUPPORTED, "attribute training_mode: 1, want 0");
    ofz_node_drop_attr(n, "training_mode");
    ofz_cv_cut_out(n, 1);
    return OFZ_OK;
}

/* One number per group becomes one per channel. */
static ofz_status spread(ofz_conversion *c, ofz_node *n, size_t index, int64_t groups, int64_t each)
{
    ofz_value *column = NULL, *wide = NULL, *flat = NULL, *shape[3];

    OFZ_TRY(ofz_cv_ints(c, n, "groups", (int64_t[]){ groups, 1 }, 2, false, &shape[0]));
    OFZ_TRY(ofz_cv_ints(c, n, "wide", (int64_t[]){ groups, each }, 2, false, &shape[1]));
    OFZ_TRY(ofz_cv_ints(c, n, "flat", (int64_t[]){ -1 }, 1, false, &shape[2]));
    OFZ_TRY(ofz_cv_binary(c, n, "Reshape", n->in[index], shape[0], &column));
    OFZ_TRY(ofz_cv_binary(c, n, "Expand", column, shape[1], &wide));
    OFZ_TRY(ofz_cv_binary(c, n, "Reshape", wide, shape[2], &flat));
    return ofz_node_set_input(c->ctx, n, index, flat);
}

OFZ_CONVERT(group_norm_up)
{
    const ofz_value *x      = ofz_cv_in(n, 0);
    const int64_t    groups = ofz_cv_int(n, "num_groups", 0);

    if (n->in_count < 3 || !x || x->type.rank < 2 || x->type.dim[1] < 0 || groups < 1 ||
        x->type.dim[1] % groups)
        return ofz_fail(c->ctx, OFZ_E_UNSUPPORTED, "input 0: its channels are unknown");
    OFZ_TRY(spread(c, n, 1, groups, x->type.dim[1] / groups));
    return spread(c, n, 2, groups, x->type.dim[1] / groups);
}

/* Equal within each group: one of each. */
static ofz_status gather_groups(ofz_conversion *c, ofz_node *n, size_t index, int64_t groups)
{
    const ofz_value  *v = ofz_cv_in(n, index);
    const ofz_tensor *t = v ? v->constant : NULL;
    ofz_value        *made;
    ofz_tensor        few;

    if (!t || groups < 1 || t->count % groups)
        return ofz_fail(c->ctx, OFZ_E_UNSUPPORTED, "input %zu: computed, want a constant", index);
    for (int64_t i = 0; i < t->count; i++)
        if (ofz_elem_f64(t->dtype, t->data, i) !=
            ofz_elem_f64(t->dtype, t->data, i - i % (t->count / groups)))
            return ofz_fail(c->ctx, OFZ_E_UNSUPPORTED,
                            "input %zu: differs within a group, want one number per group", index);
    OFZ_TRY(ofz_cv_ints(c, n, index == 1 ? "scale" : "bias", NULL, 0, false, &made));
    OFZ_TRY(ofz_tensor_new(c->ctx, &few, t->dtype, 1, &groups));
    for (int64_t i = 0; i < groups; i++)
        ofz_elem_set_f64(t->dtype, few.data, i,
                         ofz_elem_f64(t->dtype, t->data, i * (t->count / groups)));
    OFZ_TRY(ofz_value_set_constant(c->ctx, made, &few));
    return ofz_node_set_input(c->ctx, n, index, made);
}

OFZ_CONVERT(group_norm_down)
{
    const int64_t groups = ofz_cv_int(n, "num_groups", 0);

    OFZ_TRY(gather_groups(c, n, 1, groups));
    return gather_groups(c, n, 2, groups);
}

/* --- Split ------------------------------------------------------------------------------------ */

OFZ_CONVERT(split_18_up)
{
    if (ofz_cv_in(n, 1)) return OFZ_OK;
    return ofz_cv_set_int(c, n, "num_outputs", (int64_t)n->out_count);
}

/* Until 17 the parts without sizes are equal; from 18 on the last may be smaller. */
OFZ_CONVERT(split_18_down)
{
    const ofz_value *x     = ofz_cv_in(n, 0);
    const int64_t    count = ofz_cv_int(n, "num_outputs", (int64_t)n->out_count);
    int64_t          axis  = ofz_cv_int(n, "axis", 0);

    ofz_node_drop_attr(n, "num_outputs");
    if (ofz_cv_in(n, 1)) return OFZ_OK;
    if (x && axis < 0) axis += x->type.rank;
    if (!x || axis < 0 || axis >= x->type.rank || x->type.dim[axis] < 0 || count < 1)
        return ofz_fail(c->ctx, OFZ_E_UNSUPPORTED, "input 0: its length along axis is unknown");
    if (x->type.dim[axis] % count)
        return ofz_fail(c->ctx, OFZ_E_UNSUPPORTED,
                        "input 0: length %" PRId64 ", want a multiple of %" PRId64,
                        x->type.dim[axis], count);
    return OFZ_OK;
}
