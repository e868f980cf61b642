/* ops_ms_shape.c - ONNX Runtime's operators that have a namesake in ONNX, or move elements: ExpandDims,
 * GatherND, GridSample, Pad, Range, Trilu, Unique. Source: ONNX Runtime, ContribOperators.md. */
#include "ops/contrib.h"
#include "ops/move.h"

/* --- the same as ONNX's ------------------------------------------------------------------------ */

static void gather_nd(ofz_build *b)
{
    ofz_part_out(
        b, 0, ofz_apply(b, "GatherND", 13, NULL, OFZ_PARTS(ofz_part_in(b, 0), ofz_part_in(b, 1))));
}

static void grid_sample(ofz_build *b)
{
    ofz_part_out(b, 0,
                 ofz_apply(b, "GridSample", 16, ofz_part_attrs(b, OFZ_WITHOUT("")),
                           OFZ_PARTS(ofz_part_in(b, 0), ofz_part_in(b, 1))));
}

/* Pads may stand in a matrix of one row. */
static void pad(ofz_build *b)
{
    ofz_part pads = ofz_part_in(b, 1);

    if (ofz_part_rank(b, pads) < 0) {
        ofz_part_open(b, 0, ofz_part_type(b, ofz_part_in(b, 0))->dtype);
        return;
    }
    if (ofz_part_rank(b, pads) == 2) {
        ofz_part_want_dim(b, pads, "pads", 0, 1);
        pads = ofz_apply(b, "Reshape", 13, NULL, OFZ_PARTS(pads, OFZ_INTS(b, -1)));
    }
    ofz_part_out(
        b, 0,
        ofz_apply(b, "Pad", 13, ofz_part_attrs(b, OFZ_WITHOUT("")),
                  OFZ_PARTS(ofz_part_in(b, 0), pads, ofz_ms_scalar(b, ofz_part_in(b, 2)))));
}

static void range(ofz_build *b)
{
    ofz_part in[3];

    for (int k = 0; k < 3; k++) in[k] = ofz_ms_scalar(b, ofz_part_in(b, k));
    if (in[2] < 0) in[2] = ofz_part_number(b, in[0], 1);
    ofz_part_out(b, 0, ofz_apply(b, "Range", 11, NULL, OFZ_PARTS(in[0], in[1], in[2])));
}

static void trilu(ofz_build *b)
{
    ofz_part_out(b, 0,
                 ofz_apply(b, "Trilu", 14, ofz_part_attrs(b, OFZ_WITHOUT("")),
                           OFZ_PARTS(ofz_part_in(b, 0), ofz_ms_scalar(b, ofz_part_in(b, 1)))));
}

/* In order of first appearance: the values, which one each element is, and how many there are. */
static void unique(ofz_build *b)
{
    ofz_part out[4];

    ofz_part_want_rank(b, ofz_part_in(b, 0), "x", 1);
    ofz_apply_many(b, "Unique", 11, OFZ_SET(OFZ_SET_I("sorted", 0)), OFZ_PARTS(ofz_part_in(b, 0)),
                   4, out);
    ofz_part_out(b, 0, out[0]);
    ofz_part_out(b, 1, out[2]);
    ofz_part_out(b, 2, out[3]);
}

OFZ_COMPOSED_GRAD(gather_nd)
OFZ_COMPOSED_GRAD(grid_sample)
OFZ_COMPOSED_GRAD(pad)
OFZ_COMPOSED_GRAD(trilu)
OFZ_COMPOSED(range)
OFZ_COMPOSED(unique)

/* --- ExpandDims(x, axis): one axis more -------------------------------------------------------- */

static ofz_status expand_infer(ofz_infer_call *c)
{
    const ofz_tensor *x = c->in[0];
    int64_t           dim[OFZ_MAX_RANK + 1], count;
    const int64_t    *axis;
    int               at;

    OFZ_TRY(ofz_want_ints(c, 1, true));
    OFZ_TRY(ofz_want_scalar(c, 1));
    if (x->rank < 0) return ofz_infer_unknown(c, 0, x->dtype);
    if (!ofz_infer_ints(c, 1, &axis, &count)) return ofz_infer_rank(c, 0, x->dtype, x->rank + 1);
    OFZ_TRY(ofz_axis(c->ctx, *axis, x->rank + 1, &at));
    for (int i = 0, k = 0; i <= x->rank; i++) dim[i] = i == at ? 1 : x->dim[k++];
    return ofz_infer_set(c, 0, x->dtype, x->rank + 1, dim);
}

static ofz_status expand_grad(ofz_grad_call *g)
{
    ofz_value *in[] = { g->dy[0], g->node->in[0] };

    return g->need[0] ? ofz_emit(g, "ofz", "SumTo", NULL, 2, in, 1, &g->dx[0]) : OFZ_OK;
}

/* --- the table -------------------------------------------------------------------------------- */

#define IGNORED OFZ_ATTR_IGNORED

static const ofz_attr_def grid_def[] = {
    { "align_corners", OFZ_ATTR_INT, IGNORED },
    { "mode", OFZ_ATTR_STRING, IGNORED },
    { "padding_mode", OFZ_ATTR_STRING, IGNORED },
    { 0 },
};

static const ofz_attr_def pad_def[] = {
    { "mode", OFZ_ATTR_STRING, IGNORED },
    { 0 },
};

static const ofz_attr_def trilu_def[] = {
    { "upper", OFZ_ATTR_INT, IGNORED },
    { 0 },
};

/* clang-format off */
#define ROW(name, least, most, outs, flags, def, what, grad, roles)                                \
    { name, 1, { least, most }, { 1, outs }, OFZ_OP_PURE | (flags), def, 0, what##_infer,          \
      what##_eval, grad, roles, OFZ_MS }
#define expand_eval ofz_eval_copy

static const ofz_op rows[] = {
    ROW("ExpandDims", 2, 2, 1, OFZ_OP_MOVE | OFZ_OP_VIEW, NULL, expand, expand_grad, "xi"),
    ROW("GatherND", 2, 2, 1, 0, NULL, gather_nd, gather_nd_grad, "xi"),
    ROW("GridSample", 2, 2, 1, 0, grid_def, grid_sample, grid_sample_grad, "x"),
    ROW("Pad", 2, 3, 1, 0, pad_def, pad, pad_grad, "xix"),
    ROW("Range", 2, 3, 1, 0, NULL, range, NULL, "i"),
    ROW("Trilu", 1, 2, 1, 0, trilu_def, trilu, trilu_grad, "xi"),
    ROW("Unique", 1, 1, 3, OFZ_OP_DYNAMIC, NULL, unique, NULL, "x"),
    { 0 },
};
/* clang-format on */
OFZ_OP_TABLE(ms_shape, rows);
