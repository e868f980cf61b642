/* convert_input.c - attributes that became inputs, and back: constants then. */
#include <math.h>
#include <string.h>

#include "pass/convert_rule.h"

/* Attribute `name` becomes constant input `index`; nothing happens when it is absent. */
static ofz_status ints_up(ofz_conversion *c, ofz_node *n, const char *name, size_t index)
{
    const ofz_attr *a = ofz_node_attr(n, name);
    ofz_value      *v;

    if (!a) return OFZ_OK;
    if (a->type != OFZ_ATTR_INTS)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "attribute %s: want integers", name);
    OFZ_TRY(ofz_cv_ints(c, n, name, a->u.ints.v, a->u.ints.count, false, &v));
    OFZ_TRY(ofz_cv_set_in(c, n, index, v));
    ofz_node_drop_attr(n, name);
    return OFZ_OK;
}

/* And back; nothing happens when it is omitted. */
static ofz_status ints_down(ofz_conversion *c, ofz_node *n, const char *name, size_t index)
{
    ofz_ints x;

    if (!ofz_cv_in(n, index)) return OFZ_OK;
    OFZ_TRY(ofz_cv_const_ints(c, n, index, name, &x));
    OFZ_TRY(ofz_cv_set_ints(c, n, name, x));
    return ofz_node_set_input(c->ctx, n, index, NULL);
}

/* --- axes, split ------------------------------------------------------------------------------ */

OFZ_CONVERT(axes_up)
{
    return ints_up(c, n, "axes", 1);
}

OFZ_CONVERT(axes_down)
{
    OFZ_TRY(ints_down(c, n, "axes", 1));
    return ofz_cv_cut_in(c, n, 1);
}

/* Without axes the older version reduces all. */
OFZ_CONVERT(reduce_down)
{
    const bool noop = ofz_cv_int(n, "noop_with_empty_axes", 0) != 0;
    ofz_ints   axes = { NULL, 0 };

    if (ofz_cv_in(n, 1)) OFZ_TRY(ofz_cv_const_ints(c, n, 1, "axes", &axes));
    if (!axes.count && noop)
        return ofz_fail(c->ctx, OFZ_E_UNSUPPORTED,
                        "attribute noop_with_empty_axes: 1 without axes, want 0");
    ofz_node_drop_attr(n, "noop_with_empty_axes");
    if (axes.count) OFZ_TRY(ofz_cv_set_ints(c, n, "axes", axes));
    return ofz_cv_cut_in(c, n, 1);
}

OFZ_CONVERT(split_up)
{
    return ints_up(c, n, "split", 1);
}

OFZ_CONVERT(split_down)
{
    OFZ_TRY(ints_down(c, n, "split", 1));
    return ofz_cv_cut_in(c, n, 1);
}

/* --- Clip ------------------------------------------------------------------------------------- */

static ofz_status bound_up(ofz_conversion *c, ofz_node *n, const char *name, size_t index)
{
    ofz_value *v;
    ofz_dtype  dtype;

    if (!ofz_node_attr(n, name)) return OFZ_OK;
    OFZ_TRY(ofz_cv_dtype(c, n, &dtype));
    OFZ_TRY(ofz_cv_number(c, n, name, dtype, (double)ofz_cv_float(n, name, 0), &v));
    OFZ_TRY(ofz_cv_set_in(c, n, index, v));
    ofz_node_drop_attr(n, name);
    return OFZ_OK;
}

OFZ_CONVERT(clip_up)
{
    OFZ_TRY(bound_up(c, n, "min", 1));
    return bound_up(c, n, "max", 2);
}

static ofz_status bound_down(ofz_conversion *c, ofz_node *n, const char *name, size_t index)
{
    double x;

    if (!ofz_cv_in(n, index)) return OFZ_OK;
    OFZ_TRY(ofz_cv_const_number(c, n, index, name, &x));
    return ofz_cv_set_float(c, n, name, (float)x);
}

OFZ_CONVERT(clip_down)
{
    OFZ_TRY(bound_down(c, n, "min", 1));
    OFZ_TRY(bound_down(c, n, "max", 2));
    return ofz_cv_cut_in(c, n, 1);
}

/* --- Dropout ---------------------------------------------------------------------------------- */

OFZ_CONVERT(dropout_up)
{
    const bool there = ofz_node_attr(n, "ratio") != NULL;
    ofz_value *v;

    if (!there) return OFZ_OK;
    OFZ_TRY(ofz_cv_number(c, n, "ratio", OFZ_F32, (double)ofz_cv_float(n, "ratio", 0.5F), &v));
    OFZ_TRY(ofz_cv_set_in(c, n, 1, v));
    ofz_node_drop_attr(n, "ratio");
    return OFZ_OK;
}

OFZ_CONVERT(dropout_down)
{
    double training = 0, ratio = 0.5;

    if (ofz_cv_in(n, 2)) OFZ_TRY(ofz_cv_const_number(c, n, 2, "training_mode", &training));
    if (training != 0)
        return ofz_fail(c->ctx, OFZ_E_UNSUPPORTED, "input 2 (training_mode): true, want false");
    if (ofz_cv_in(n, 1)) {
        OFZ_TRY(ofz_cv_const_number(c, n, 1, "ratio", &ratio));
        OFZ_TRY(ofz_cv_set_float(c, n, "ratio", (float)ratio));
    }
    ofz_node_drop_attr(n, "seed");
    return ofz_cv_cut_in(c, n, 1);
}

/* --- Slice, TopK ------------------------------------------------------------------------------ */

OFZ_CONVERT(slice_up)
{
    OFZ_TRY(ints_up(c, n, "starts", 1));
    OFZ_TRY(ints_up(c, n, "ends", 2));
    return ints_up(c, n, "axes", 3);
}

OFZ_CONVERT(slice_down)
{
    ofz_ints steps = { NULL, 0 };

    if (ofz_cv_in(n, 4)) OFZ_TRY(ofz_cv_const_ints(c, n, 4, "steps", &steps));
    for (size_t i = 0; i < steps.count; i++)
        if (steps.v[i] != 1)
            return ofz_fail(c->ctx, OFZ_E_UNSUPPORTED, "input 4 (steps): %" PRId64 ", want 1",
                            steps.v[i]);
    OFZ_TRY(ints_down(c, n, "starts", 1));
    OFZ_TRY(ints_down(c, n, "ends", 2));
    OFZ_TRY(ints_down(c, n, "axes", 3));
    return ofz_cv_cut_in(c, n, 1);
}

OFZ_CONVERT(topk_up)
{
    const int64_t k = ofz_cv_int(n, "k", 0);
    ofz_value    *v;

    OFZ_TRY(ofz_cv_ints(c, n, "k", &k, 1, false, &v));
    OFZ_TRY(ofz_cv_set_in(c, n, 1, v));
    ofz_node_drop_attr(n, "k");
    return OFZ_OK;
}

OFZ_CONVERT(topk_down)
{
    double k;

    OFZ_TRY(ofz_cv_const_number(c, n, 1, "K", &k));
    OFZ_TRY(ofz_cv_set_int(c, n, "k", (int64_t)k));
    return ofz_cv_cut_in(c, n, 1);
}

/* --- Pad -------------------------------------------------------------------------------------- */

OFZ_CONVERT(pad_up)
{
    ofz_value *v;
    ofz_dtype  dtype;

    OFZ_TRY(ints_up(c, n, "pads", 1));
    if (!ofz_node_attr(n, "value")) return OFZ_OK;
    OFZ_TRY(ofz_cv_dtype(c, n, &dtype));
    OFZ_TRY(ofz_cv_number(c, n, "value", dtype, (double)ofz_cv_float(n, "value", 0), &v));
    OFZ_TRY(ofz_cv_set_in(c, n, 2, v));
    ofz_node_drop_attr(n, "value");
    return OFZ_OK;
}

OFZ_CONVERT(pad_down)
{
    double value;

    OFZ_TRY(ints_down(c, n, "pads", 1));
    if (ofz_cv_in(n, 2)) {
        OFZ_TRY(ofz_cv_const_number(c, n, 2, "constant_value", &value));
        OFZ_TRY(ofz_cv_set_float(c, n, "value", (float)value));
    }
    return ofz_cv_cut_in(c, n, 1);
}

/* --- Upsample --------------------------------------------------------------------------------- */

OFZ_CONVERT(upsample_up)
{
    const ofz_attr *a     = ofz_node_attr(n, "scales");
    const size_t    count = a && a->type == OFZ_ATTR_FLOATS ? a->u.floats.count : 0;
    int64_t        *zero  = OFZ_NEWS(n->graph->arena, int64_t, count);
    const int64_t   dim   = (int64_t)count;
    ofz_tensor      t;
    ofz_value      *v;

    if (!zero) return ofz_fail_nomem(c->ctx, "scales", count);
    OFZ_TRY(ofz_cv_ints(c, n, "scales", zero, count, false, &v));
    OFZ_TRY(ofz_tensor_new(c->ctx, &t, OFZ_F32, 1, &dim));
    if (count) memcpy(t.data, a->u.floats.v, count * sizeof(float));
    OFZ_TRY(ofz_value_set_constant(c->ctx, v, &t));
    OFZ_TRY(ofz_cv_set_in(c, n, 1, v));
    ofz_node_drop_attr(n, "scales");
    return OFZ_OK;
}

OFZ_CONVERT(upsample_down)
{
    const ofz_value *v = ofz_cv_in(n, 1);
    float           *x;
    ofz_attr         a = { .name = "scales", .type = OFZ_ATTR_FLOATS };

    if (!v || !v->constant || v->constant->dtype != OFZ_F32)
        return ofz_fail(c->ctx, OFZ_E_UNSUPPORTED, "input 1 (scales): computed, want a constant");
    x = OFZ_NEWS(n->graph->arena, float, (size_t)v->constant->count);
    if (!x) return ofz_fail_nomem(c->ctx, "scales", v->constant->size);
    for (int64_t i = 0; i < v->constant->count; i++)
        x[i] = (float)ofz_elem_f64(OFZ_F32, v->constant->data, i);
    a.u.floats = (ofz_floats){ x, (size_t)v->constant->count };
    OFZ_TRY(ofz_node_set_attr(c->ctx, n, &a));
    return ofz_cv_cut_in(c, n, 1);
}

/* --- DFT -------------------------------------------------------------------------------------- */

OFZ_CONVERT(dft_up)
{
    const int64_t axis = ofz_cv_int(n, "axis", 1);
    ofz_value    *v;

    OFZ_TRY(ofz_cv_ints(c, n, "axis", &axis, 1, true, &v));
    OFZ_TRY(ofz_cv_set_in(c, n, 2, v));
    ofz_node_drop_attr(n, "axis");
    return OFZ_OK;
}

OFZ_CONVERT(dft_down)
{
    double axis = -2;

    if (ofz_cv_in(n, 2)) OFZ_TRY(ofz_cv_const_number(c, n, 2, "axis", &axis));
    OFZ_TRY(ofz_cv_set_int(c, n, "axis", (int64_t)axis));
    return ofz_cv_cut_in(c, n, 2);
}
