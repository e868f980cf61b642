/* work.c - see work.h. One function for each family of products and windows; the flags of the rows
 * speak for all others. A product is counted as its definition says, whatever a kernel saves. */
#include "ops/work.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

#include "base/checked.h"

/* What the functions of this file see of a node. */
typedef struct node_view {
    const ofz_node          *n;
    const ofz_tensor *const *in;
    ofz_tensor *const       *out;
} node_view;

int64_t ofz_work_times(int64_t a, int64_t b)
{
    int64_t y;

    return a < 0 || b < 0 || !ofz_mul(a, b, &y) ? -1 : y;
}

int64_t ofz_work_plus(int64_t a, int64_t b)
{
    int64_t y;

    return a < 0 || b < 0 || !ofz_add(a, b, &y) ? -1 : y;
}

/* --- sizes ------------------------------------------------------------------------------------ */

static const ofz_tensor *input(const node_view *v, size_t k)
{
    return k < v->n->in_count ? v->in[k] : NULL;
}

static int64_t count_of(const ofz_tensor *t)
{
    return t && t->rank >= 0 && t->count >= 0 ? t->count : -1;
}

static int64_t output_count(const node_view *v)
{
    return v->n->out_count ? count_of(v->out[0]) : -1;
}

/* Dim `axis` of t, from the end when negative. */
static int64_t dim_of(const ofz_tensor *t, int axis)
{
    if (!t || t->rank < 0) return -1;
    if (axis < 0) axis += t->rank;
    return axis >= 0 && axis < t->rank && t->dim[axis] >= 0 ? t->dim[axis] : -1;
}

static int64_t product_from(const ofz_tensor *t, int axis)
{
    int64_t p = t && t->rank >= 0 ? 1 : -1;

    for (int i = axis; t && i < t->rank; i++) p = ofz_work_times(p, dim_of(t, i));
    return p;
}

static int64_t int_of(const node_view *v, const char *name, int64_t otherwise)
{
    const ofz_attr *a = ofz_node_attr(v->n, name);

    return a && a->type == OFZ_ATTR_INT ? a->u.i : otherwise;
}

/* --- products --------------------------------------------------------------------------------- */

/* Every output element is a product with one filter, W[m]. */
static int64_t filter_macs(const node_view *v, size_t w)
{
    return ofz_work_times(output_count(v), product_from(input(v, w), 1));
}

static int64_t conv_macs(const node_view *v)
{
    return filter_macs(v, 1);
}

static int64_t qlinear_conv_macs(const node_view *v)
{
    return filter_macs(v, 3);
}

/* Every input element is spread with one filter. */
static int64_t conv_transpose_macs(const node_view *v)
{
    return ofz_work_times(count_of(input(v, 0)), product_from(input(v, 1), 1));
}

static int64_t gemm_macs(const node_view *v)
{
    return ofz_work_times(output_count(v), dim_of(input(v, 0), int_of(v, "transA", 0) ? 0 : 1));
}

static int64_t matmul_macs(const node_view *v)
{
    return ofz_work_times(output_count(v), dim_of(input(v, 0), -1));
}

/* One product for each point of all labels, for each operand after the first. */
static int64_t einsum_macs(const node_view *v)
{
    const ofz_attr *a = ofz_node_attr(v->n, "equation");
    int64_t         label[128], dots[OFZ_MAX_RANK], macs = 1;
    size_t          operand = 0, at = 0, size, letters;

    for (int i = 0; i < 128; i++) label[i] = 1;
    for (int i = 0; i < OFZ_MAX_RANK; i++) dots[i] = 1;
    if (!a || a->type != OFZ_ATTR_STRING) return -1;
    for (size = a->u.s.size; operand < v->n->in_count; operand++, at++) {
        const ofz_tensor *t     = input(v, operand);
        const size_t      begin = at;
        int               axis  = 0;

        for (letters = 0; at < size && a->u.s.text[at] != ',' && a->u.s.text[at] != '-'; at++)
            letters += isalpha((unsigned char)a->u.s.text[at]) != 0;
        if (!t || t->rank < (int)letters) return -1;
        for (size_t i = begin; i < at; i++) {
            const unsigned char c = (unsigned char)a->u.s.text[i];

            if (isalpha(c) && c < 128) {
                const int64_t d = dim_of(t, axis++);

                if (label[c] == 1 || d < 0) label[c] = d;
            } else if (c == '.' && i + 2 < at) { /* right-aligned, as broadcasting is */
                const int extra = t->rank - (int)letters;

                for (int k = 0; k < extra; k++, axis++)
                    if (dots[extra - 1 - k] == 1) dots[extra - 1 - k] = dim_of(t, axis);
                i += 2;
            }
        }
    }
    for (int i = 0; i < 128; i++) macs = ofz_work_times(macs, label[i]);
    for (int i = 0; i < OFZ_MAX_RANK; i++) macs = ofz_work_times(macs, dots[i]);
    return v->n->in_count < 2 ? 0 : ofz_work_times(macs, (int64_t)v->n->in_count - 1);
}

/* Scores of every query with every key, and as many products with values. */
static int64_t attention_macs(const node_view *v)
{
    const ofz_tensor *past = input(v, 4);
    int64_t           keys = dim_of(input(v, 1), -2);

    if (past) keys = ofz_work_plus(keys, dim_of(past, -2));
    return ofz_work_plus(ofz_work_times(count_of(input(v, 0)), keys),
                         ofz_work_times(output_count(v), keys));
}

/* Each step of each sequence meets all of W and R. */
static int64_t recurrent_macs(const node_view *v)
{
    const ofz_tensor *x     = input(v, 0);
    const int64_t     steps = x && x->rank == 3 ? ofz_work_times(dim_of(x, 0), dim_of(x, 1)) : -1;

    return ofz_work_times(steps, ofz_work_plus(count_of(input(v, 1)), count_of(input(v, 2))));
}

/* Elimination, a matrix after the other. */
static int64_t det_macs(const node_view *v)
{
    return ofz_work_times(count_of(input(v, 0)), dim_of(input(v, 0), -1));
}

/* Each row meets all of the list. */
static int64_t rows_macs(const node_view *v, const char *list)
{
    const ofz_attr   *a = ofz_node_attr(v->n, list);
    const ofz_tensor *x = input(v, 0);

    if (!a || a->type != OFZ_ATTR_FLOATS || a->u.floats.count > INT64_MAX) return 0;
    return ofz_work_times(x && x->rank == 1 ? 1 : dim_of(x, 0), (int64_t)a->u.floats.count);
}

static int64_t linear_macs(const node_view *v)
{
    return rows_macs(v, "coefficients");
}

static int64_t vectors_macs(const node_view *v)
{
    return rows_macs(v, "support_vectors");
}

static const struct {
    const char *name;
    int64_t (*macs)(const node_view *v);
} products[] = {
    { "Attention", attention_macs },    { "Conv", conv_macs },
    { "ConvInteger", conv_macs },       { "ConvTranspose", conv_transpose_macs },
    { "DeformConv", conv_macs },        { "Det", det_macs },
    { "Einsum", einsum_macs },          { "FlexAttention", attention_macs },
    { "GRU", recurrent_macs },          { "Gemm", gemm_macs },
    { "LSTM", recurrent_macs },         { "LinearClassifier", linear_macs },
    { "LinearRegressor", linear_macs }, { "MatMul", matmul_macs },
    { "MatMulInteger", matmul_macs },   { "QLinearConv", qlinear_conv_macs },
    { "QLinearMatMul", matmul_macs },   { "RNN", recurrent_macs },
    { "SVMClassifier", vectors_macs },  { "SVMRegressor", vectors_macs },
};

/* --- windows ---------------------------------------------------------------------------------- */

static int64_t window_elements(const node_view *v)
{
    const ofz_attr *a    = ofz_node_attr(v->n, "kernel_shape");
    int64_t         taps = 1;

    if (!a || a->type != OFZ_ATTR_INTS) return count_of(input(v, 0));
    for (size_t i = 0; i < a->u.ints.count; i++) taps = ofz_work_times(taps, a->u.ints.v[i]);
    return ofz_work_times(output_count(v), taps);
}

static int64_t lrn_elements(const node_view *v)
{
    const int64_t size = int_of(v, "size", 1), channels = dim_of(input(v, 0), 1);

    return ofz_work_times(output_count(v), size < channels ? size : channels);
}

/* Points in a cell along one axis, of a region from a to b. */
static double roi_points(const node_view *v, const ofz_tensor *rois, int64_t at, double cells)
{
    enum { POINTS_MOST = 65536 }; /* the kernel takes no more */
    const ofz_attr *a     = ofz_node_attr(v->n, "spatial_scale");
    const int64_t   ratio = int_of(v, "sampling_ratio", 0);
    const double    size  = (ofz_elem_f64(rois->dtype, rois->data, at + 2) -
                         ofz_elem_f64(rois->dtype, rois->data, at)) *
                        (a && a->type == OFZ_ATTR_FLOAT ? (double)a->u.f : 1);

    return fmin(POINTS_MOST, ratio > 0 ? (double)ratio : fmax(1, ceil(size / cells)));
}

/* Each channel of each cell takes its points; how many may depend on the region. */
static int64_t roi_elements(const node_view *v)
{
    const ofz_tensor *rois   = input(v, 1);
    const double      height = (double)int_of(v, "output_height", 1),
                 width       = (double)int_of(v, "output_width", 1);
    const int64_t channels   = dim_of(input(v, 0), 1);
    double        all        = 0;

    if (!rois || !rois->data || rois->rank != 2 || rois->dim[1] != 4 || rois->count < 0 ||
        channels < 0 || !ofz_dtype_is_float(rois->dtype))
        return -1;
    for (int64_t i = 0; i < rois->count; i += 4)
        all += roi_points(v, rois, i, width) * roi_points(v, rois, i + 1, height);
    all *= (double)channels * height * width;
    return all < 9e18 ? (int64_t)all : -1; /* NaN as well */
}

/* A cell may be as large as the picture. */
static int64_t roi_pool_elements(const node_view *v)
{
    return ofz_work_times(output_count(v), product_from(input(v, 0), 2));
}

/* Each box that is kept is held against all that are left. */
static int64_t suppression_elements(const node_view *v)
{
    const ofz_tensor *most = input(v, 2);
    int64_t           kept = dim_of(input(v, 1), -1);

    if (!most) return count_of(input(v, 1));
    if (most->data && most->dtype == OFZ_I64 && most->count == 1) {
        const int64_t n = *(const int64_t *)most->data;

        if (n < kept) kept = n < 1 ? 1 : n;
    }
    return ofz_work_times(count_of(input(v, 1)), kept);
}

static const struct {
    const char *name;
    int64_t (*elements)(const node_view *v);
} windows[] = {
    { "AveragePool", window_elements },  { "LRN", lrn_elements },
    { "LpPool", window_elements },       { "MaxPool", window_elements },
    { "MaxRoiPool", roi_pool_elements }, { "NonMaxSuppression", suppression_elements },
    { "RoiAlign", roi_elements },
};

/* --- everything else -------------------------------------------------------------------------- */

/* What a row without a function of its own looks at: the wider of what it reads and what it makes. */
static int64_t plain_elements(const ofz_op *op, const node_view *v)
{
    const int64_t made = output_count(v), read = v->n->in_count ? count_of(input(v, 0)) : 0;

    if (op->flags & (OFZ_OP_MOVE | OFZ_OP_VIEW | OFZ_OP_SHAPE | OFZ_OP_CONTAINER)) return 0;
    if (op->flags & OFZ_OP_ELEM) return made;
    return made < 0 || read < 0 ? -1 : made > read ? made : read;
}

/* A loop may stop earlier than its bound. */
static int64_t loop_repeats(const node_view *v)
{
    const ofz_tensor *bound = input(v, 0);

    if (!bound || !bound->data || bound->count != 1) return -1;
    return ofz_elem_i64(bound->dtype, bound->data, 0) < 0
               ? 0
               : ofz_elem_i64(bound->dtype, bound->data, 0);
}

/* The length of the first sequence that is scanned. */
static int64_t scan_repeats(const node_view *v)
{
    const ofz_attr *axes  = ofz_node_attr(v->n, "scan_input_axes");
    const int64_t   count = int_of(v, "num_scan_inputs", 0);
    int             axis  = 0;

    if (v->n->opset < 9 || count < 1 || count > (int64_t)v->n->in_count) return -1;
    if (axes && axes->type == OFZ_ATTR_INTS && axes->u.ints.count &&
        axes->u.ints.v[0] > -OFZ_MAX_RANK && axes->u.ints.v[0] < OFZ_MAX_RANK)
        axis = (int)axes->u.ints.v[0];
    return dim_of(input(v, v->n->in_count - (size_t)count), axis);
}

/* Other domains use the same names for other inputs. */
static bool is_standard(const ofz_op *op)
{
    return !op->domain || !strncmp(op->domain, "ai.onnx.", strlen("ai.onnx."));
}

bool ofz_op_has_work(const ofz_op *op)
{
    if (!is_standard(op)) return false;
    for (size_t i = 0; i < sizeof products / sizeof products[0]; i++)
        if (!strcmp(op->name, products[i].name)) return true;
    for (size_t i = 0; i < sizeof windows / sizeof windows[0]; i++)
        if (!strcmp(op->name, windows[i].name)) return true;
    return false;
}

ofz_op_work ofz_op_work_of(const ofz_op *op, const ofz_node *n, const ofz_tensor *const *in,
                           ofz_tensor *const *out)
{
    const node_view v = { n, in, out };
    ofz_op_work     w = { 0, 0, 1, false, NULL };

    for (size_t i = 0; i < n->attr_count; i++) {
        if (n->attr[i].type != OFZ_ATTR_GRAPH) continue;
        w.either = !strcmp(op->name, "If");
        if (w.either && input(&v, 0) && input(&v, 0)->data && input(&v, 0)->count == 1)
            w.only = *(const uint8_t *)input(&v, 0)->data ? "then_branch" : "else_branch";
        if (!strcmp(op->name, "Loop"))
            w.repeats = loop_repeats(&v);
        else if (!strcmp(op->name, "Scan"))
            w.repeats = scan_repeats(&v);
        else if (!w.either)
            w.repeats = -1;
        return w;
    }
    for (size_t i = 0; is_standard(op) && i < sizeof products / sizeof products[0]; i++)
        if (!strcmp(op->name, products[i].name)) {
            w.macs = products[i].macs(&v);
            return w;
        }
    for (size_t i = 0; is_standard(op) && i < sizeof windows / sizeof windows[0]; i++)
        if (!strcmp(op->name, windows[i].name)) {
            w.elements = windows[i].elements(&v);
            return w;
        }
    w.elements = plain_elements(op, &v);
    return w;
}
