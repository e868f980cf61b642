/* convert_narrow.c - what an older version lacks and can be said otherwise, or not at all. */
#include <string.h>

#include "pass/convert_rule.h"

OFZ_CONVERT(never)
{
    (void)n;
    return ofz_fail(c->ctx, OFZ_E_UNSUPPORTED,
                    "operator: no rule leads between the two versions, which differ");
}

/* --- Gemm ------------------------------------------------------------------------------------- */

/* C is optional from 11 on. */
OFZ_CONVERT(gemm_down)
{
    ofz_value *zero;
    ofz_dtype  dtype;

    if (ofz_cv_in(n, 2)) return OFZ_OK;
    OFZ_TRY(ofz_cv_dtype(c, n, &dtype));
    OFZ_TRY(ofz_cv_number(c, n, "c", dtype, 0, &zero));
    return ofz_cv_set_in(c, n, 2, zero);
}

OFZ_CONVERT(gemm_7_up)
{
    (void)c;
    ofz_node_drop_attr(n, "broadcast");
    return OFZ_OK;
}

OFZ_CONVERT(gemm_7_down)
{
    return ofz_cv_set_int(c, n, "broadcast", 1);
}

/* --- Pad -------------------------------------------------------------------------------------- */

/* Pads for all axes, from those for some. */
OFZ_CONVERT(pad_18_down)
{
    ofz_ints   axes, pads;
    int64_t   *all;
    ofz_value *v;
    int        rank;

    if (!ofz_cv_in(n, 3)) return ofz_cv_cut_in(c, n, 3);
    OFZ_TRY(ofz_cv_rank(c, n, 0, &rank));
    OFZ_TRY(ofz_cv_const_ints(c, n, 3, "axes", &axes));
    OFZ_TRY(ofz_cv_const_ints(c, n, 1, "pads", &pads));
    if (pads.count != 2 * axes.count)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "input 1 (pads): %zu numbers, want %zu", pads.count,
                        2 * axes.count);
    all = OFZ_NEWS(n->graph->arena, int64_t, 2 * (size_t)rank);
    if (!all) return ofz_fail_nomem(c->ctx, "pads", (size_t)rank * sizeof *all);
    for (size_t i = 0; i < axes.count; i++) {
        const int64_t axis = axes.v[i] + (axes.v[i] < 0 ? rank : 0);

        if (axis < 0 || axis >= rank)
            return ofz_fail(c->ctx, OFZ_E_MODEL, "input 3 (axes): %" PRId64 ", want below %d",
                            axes.v[i], rank);
        all[axis]        = pads.v[i];
        all[axis + rank] = pads.v[axes.count + i];
    }
    OFZ_TRY(ofz_cv_ints(c, n, "pads", all, 2 * (size_t)rank, false, &v));
    OFZ_TRY(ofz_node_set_input(c->ctx, n, 1, v));
    return ofz_cv_cut_in(c, n, 3);
}

OFZ_CONVERT(pad_19_down)
{
    if (ofz_cv_text_is(n, "mode", "wrap", false))
        return ofz_fail(c->ctx, OFZ_E_UNSUPPORTED, "attribute mode: wrap, want an older one");
    return OFZ_OK;
}

/* --- Constant, Shape -------------------------------------------------------------------------- */

/* The other attributes of Constant say what a tensor can say. */
OFZ_CONVERT(constant_down)
{
    ofz_attr   value = { .name = "value", .type = OFZ_ATTR_TENSOR };
    ofz_value *v     = n->out_count ? n->out[0] : NULL;

    if (ofz_node_attr(n, "value")) return OFZ_OK;
    if (!v || !v->constant)
        return ofz_fail(c->ctx, OFZ_E_UNSUPPORTED, "attribute value: missing, want a tensor");
    n->attr_count = 0;
    value.u.t     = v->constant;
    return ofz_node_set_attr(c->ctx, n, &value);
}

/* A part of the shape is a slice of it. */
OFZ_CONVERT(shape_down)
{
    const int64_t   start = ofz_cv_int(n, "start", 0);
    const ofz_attr *end   = ofz_node_attr(n, "end");
    ofz_value      *x = ofz_cv_in(n, 0), *shape = NULL, *bound[2];

    if (!start && !end) {
        ofz_node_drop_attr(n, "start");
        return OFZ_OK;
    }
    OFZ_TRY(ofz_cv_ints(c, n, "start", &start, 1, false, &bound[0]));
    OFZ_TRY(
        ofz_cv_ints(c, n, "end", (int64_t[]){ end ? end->u.i : INT64_MAX }, 1, false, &bound[1]));
    OFZ_TRY(ofz_cv_unary(c, n, "Shape", x, &shape));
    return ofz_cv_finish(c, n, "Slice", 3, (ofz_value *[]){ shape, bound[0], bound[1] }, NULL, 0);
}

/* --- narrower forms --------------------------------------------------------------------------- */

/* Until 12 there is one scale for the whole tensor. */
OFZ_CONVERT(quantize_13_down)
{
    const ofz_value *scale = ofz_cv_in(n, 1);

    if (!scale || scale->type.rank != 0)
        return ofz_fail(c->ctx, OFZ_E_UNSUPPORTED,
                        "input 1 (scale): one per channel, want a scalar");
    ofz_node_drop_attr(n, "axis");
    return OFZ_OK;
}

OFZ_CONVERT(one_output_down)
{
    if (ofz_cv_out_read(n, 1))
        return ofz_fail(c->ctx, OFZ_E_UNSUPPORTED, "output 1: read, want nobody to");
    ofz_cv_cut_out(n, 1);
    return OFZ_OK;
}

/* No broadcasting by the rules of numpy. */
OFZ_CONVERT(same_shapes_down)
{
    const ofz_value *a = ofz_cv_in(n, 0);

    for (size_t i = 1; i < n->in_count; i++) {
        const ofz_value *b = n->in[i];

        if (!a || !b || a->type.rank < 0 || b->type.rank != a->type.rank ||
            memcmp(a->type.dim, b->type.dim, (size_t)a->type.rank * sizeof *a->type.dim) != 0)
            return ofz_fail(c->ctx, OFZ_E_UNSUPPORTED,
                            "input %zu: not known to have the shape of input 0, want no "
                            "broadcasting",
                            i);
    }
    return OFZ_OK;
}

OFZ_CONVERT(reduction_down)
{
    if (ofz_cv_text_is(n, "reduction", "max", false) ||
        ofz_cv_text_is(n, "reduction", "min", false))
        return ofz_fail(c->ctx, OFZ_E_UNSUPPORTED,
                        "attribute reduction: max or min, want none, add "
                        "or mul");
    return OFZ_OK;
}

OFZ_CONVERT(pow_down)
{
    const ofz_value *a = ofz_cv_in(n, 0), *b = ofz_cv_in(n, 1);

    if (!a || !b || !a->type.dtype || a->type.dtype != b->type.dtype)
        return ofz_fail(c->ctx, OFZ_E_UNSUPPORTED, "input 1: %s, want the type of input 0",
                        ofz_dtype_name(b ? b->type.dtype : OFZ_UNDEFINED));
    return OFZ_OK;
}

OFZ_CONVERT(no_bool_down)
{
    const ofz_value *v = ofz_cv_in(n, 0);

    if (!v || !v->type.dtype || v->type.dtype == OFZ_BOOL)
        return ofz_fail(c->ctx, OFZ_E_UNSUPPORTED, "input 0: %s, want a number",
                        ofz_dtype_name(v ? v->type.dtype : OFZ_UNDEFINED));
    return OFZ_OK;
}

OFZ_CONVERT(attention_24_down)
{
    if (ofz_cv_in(n, 6))
        return ofz_fail(c->ctx, OFZ_E_UNSUPPORTED, "input 6 (nonpad_kv_seqlen): given, want none");
    return ofz_cv_cut_in(c, n, 6);
}

OFZ_CONVERT(has_element_down)
{
    const ofz_value *v = ofz_cv_in(n, 0);

    if (!v || v->kind != OFZ_KIND_OPTIONAL)
        return ofz_fail(c->ctx, OFZ_E_UNSUPPORTED, "input 0: want an optional");
    return OFZ_OK;
}

/* The mask has another type on the other side of 10. */
OFZ_CONVERT(dropout_mask)
{
    if (ofz_cv_out_read(n, 1))
        return ofz_fail(c->ctx, OFZ_E_UNSUPPORTED, "output 1 (mask): read, want nobody to");
    ofz_cv_cut_out(n, 1);
    return OFZ_OK;
}

/* --- up to 7 ---------------------------------------------------------------------------------- */

OFZ_CONVERT(drop_consumed)
{
    (void)c;
    ofz_node_drop_attr(n, "consumed_inputs");
    return OFZ_OK;
}

OFZ_CONVERT(drop_is_test)
{
    if (!ofz_cv_int(n, "is_test", 0))
        return ofz_fail(c->ctx, OFZ_E_UNSUPPORTED, "attribute is_test: 0, want 1");
    ofz_node_drop_attr(n, "is_test");
    return OFZ_OK;
}

OFZ_CONVERT(set_is_test)
{
    ofz_cv_cut_out(n, 1);
    return ofz_cv_set_int(c, n, "is_test", 1);
}

/* Until 6 the second input stands along the first one's axes from `axis` on (the last ones without it):
 * axes of length 1 behind it make numpy's rule say the same. */
OFZ_CONVERT(broadcast_up)
{
    ofz_value *b = ofz_cv_in(n, 1), *shape, *made = NULL;
    int64_t    dim[OFZ_MAX_RANK];
    int        rank, rank_b, axis;

    const bool broadcast = ofz_cv_int(n, "broadcast", 0) != 0;

    if (!broadcast || !ofz_node_attr(n, "axis")) goto drop;
    OFZ_TRY(ofz_cv_rank(c, n, 0, &rank));
    OFZ_TRY(ofz_cv_rank(c, n, 1, &rank_b));
    axis = (int)ofz_cv_int(n, "axis", 0);
    if (axis < 0) axis += rank;
    if (axis < 0 || axis + rank_b > rank)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "attribute axis: %d, want 0 to %d", axis,
                        rank - rank_b);
    if (axis + rank_b == rank) goto drop;
    for (int i = 0; i < rank - axis; i++) {
        dim[i] = i < rank_b ? b->type.dim[i] : 1;
        if (dim[i] < 0) return ofz_fail(c->ctx, OFZ_E_UNSUPPORTED, "input 1: its shape is unknown");
    }
    OFZ_TRY(ofz_cv_ints(c, n, "shape", dim, (size_t)(rank - axis), false, &shape));
    OFZ_TRY(ofz_cv_binary(c, n, "Reshape", b, shape, &made));
    OFZ_TRY(ofz_node_set_input(c->ctx, n, 1, made));
drop:
    ofz_node_drop_attr(n, "axis");
    ofz_node_drop_attr(n, "broadcast");
    return OFZ_OK;
}

/* The type by its name, until 5. */
OFZ_CONVERT(cast_6_up)
{
    static const char *const name[] = { "UNDEFINED", "FLOAT",  "UINT8",  "INT8",   "UINT16",
                                        "INT16",     "INT32",  "INT64",  "STRING", "BOOL",
                                        "FLOAT16",   "DOUBLE", "UINT32", "UINT64" };

    for (size_t i = 1; i < sizeof name / sizeof *name; i++)
        if (ofz_cv_text_is(n, "to", name[i], false)) return ofz_cv_set_int(c, n, "to", (int64_t)i);
    return ofz_fail(c->ctx, OFZ_E_UNSUPPORTED, "attribute to: want the name of an element type");
}

/* Outputs that are not read take its place. */
OFZ_CONVERT(output_sequence_up)
{
    if (ofz_cv_out_read(n, 0) && !ofz_cv_int(n, "output_sequence", 0))
        return ofz_fail(c->ctx, OFZ_E_UNSUPPORTED, "attribute output_sequence: 0, want 1");
    ofz_node_drop_attr(n, "output_sequence");
    return OFZ_OK;
}
