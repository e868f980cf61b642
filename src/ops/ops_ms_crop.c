/* ops_ms_crop.c - CropAndResize: pictures cut out of pictures and brought to one size.
 * Source: ONNX Runtime, ContribOperators.md. */
#include "ops/op.h"

#include <math.h>
#include <string.h>

#include "ops/floats.h"
#include "ops/move.h"

typedef struct crop_attrs {
    ofz_string mode;
    float      outside;
} crop_attrs;

enum { X, BOXES, BATCH, SIZE };

static bool is_mode(const crop_attrs *a, const char *name)
{
    return a->mode.size == strlen(name) && !memcmp(a->mode.text, name, a->mode.size);
}

static ofz_status crop_infer(ofz_infer_call *c)
{
    const ofz_tensor *x = c->in[X], *boxes = c->in[BOXES], *batch = c->in[BATCH];
    int64_t           dim[4], count;
    const int64_t    *size;

    if (!is_mode(c->attrs, "bilinear") && !is_mode(c->attrs, "nearest"))
        return ofz_fail(c->ctx, OFZ_E_MODEL, "mode: unknown, want bilinear or nearest");
    OFZ_TRY(ofz_want_same_dtype(c, BOXES));
    for (int k = BATCH; k <= SIZE; k++) OFZ_TRY(ofz_want_ints(c, k, true));
    OFZ_TRY(ofz_want_rank(c, X, 4));
    OFZ_TRY(ofz_want_rank(c, BOXES, 2));
    for (int k = BATCH; k <= SIZE; k++) OFZ_TRY(ofz_want_rank(c, k, 1));
    for (int i = 0; i < 4; i++) dim[i] = ofz_infer_fresh(c);
    if (boxes->rank == 2) {
        dim[0] = boxes->dim[0];
        OFZ_TRY(ofz_unify(c->ctx, "columns of rois", boxes->dim[1], 4, &count));
    }
    if (batch->rank == 1)
        OFZ_TRY(ofz_unify(c->ctx, "batch_indices", batch->dim[0], dim[0], &dim[0]));
    if (x->rank == 4) dim[1] = x->dim[1];
    if (ofz_infer_ints(c, SIZE, &size, &count)) {
        if (count != 2 || size[0] < 1 || size[1] < 1)
            return ofz_fail(c->ctx, OFZ_E_MODEL, "crop_size: want two positive numbers");
        dim[2] = size[0];
        dim[3] = size[1];
    }
    return ofz_infer_set(c, 0, x->dtype, 4, dim);
}

/* Where sample i of n lies on an axis of `length`, between the fractions `from` and `to`. */
static double place(double from, double to, int64_t length, int64_t i, int64_t n)
{
    const double last = (double)(length - 1);

    if (n < 2) return (from + to) / 2 * last;
    return from * last + (double)i * (to - from) * last / (double)(n - 1);
}

static double pixel(const ofz_tensor *x, int64_t plane, int64_t row, int64_t column)
{
    return ofz_elem_f64(x->dtype, x->data, (plane * x->dim[2] + row) * x->dim[3] + column);
}

static double sample(const crop_attrs *a, const ofz_tensor *x, int64_t plane, double row,
                     double column)
{
    const double r = floor(row), s = floor(column);
    double       top, bottom;
    int64_t      i, j, below, right;

    if (!(row >= 0 && row <= (double)(x->dim[2] - 1) && column >= 0 &&
          column <= (double)(x->dim[3] - 1)))
        return (double)a->outside;
    if (is_mode(a, "nearest")) return pixel(x, plane, (int64_t)round(row), (int64_t)round(column));
    i     = (int64_t)r;
    j     = (int64_t)s;
    below = (int64_t)ceil(row);
    right = (int64_t)ceil(column);
    top =
        pixel(x, plane, i, j) + (pixel(x, plane, i, right) - pixel(x, plane, i, j)) * (column - s);
    bottom = pixel(x, plane, below, j) +
             (pixel(x, plane, below, right) - pixel(x, plane, below, j)) * (column - s);
    return top + (bottom - top) * (row - r);
}

static void crop_plane(const ofz_eval_call *c, int64_t box, int64_t channel, int64_t plane)
{
    const ofz_tensor *x = c->in[X], *b = c->in[BOXES], *y = c->out[0];
    const int64_t     high = y->dim[2], wide = y->dim[3];
    double            v[4];

    for (int i = 0; i < 4; i++) v[i] = ofz_elem_f64(b->dtype, b->data, box * 4 + i);
    for (int64_t i = 0; i < high; i++)
        for (int64_t j = 0; j < wide; j++)
            ofz_elem_set_f64(y->dtype, y->data, ((box * y->dim[1] + channel) * high + i) * wide + j,
                             sample(c->attrs, x, plane, place(v[0], v[2], x->dim[2], i, high),
                                    place(v[1], v[3], x->dim[3], j, wide)));
}

static ofz_status crop_eval(ofz_eval_call *c)
{
    const ofz_tensor *x = c->in[X], *y = c->out[0];

    for (int64_t r = 0; r < y->dim[0]; r++) {
        const int64_t n = ofz_int_at(c->in[BATCH], r);

        if (n < 0 || n >= x->dim[0])
            return ofz_fail(c->ctx, OFZ_E_DATA,
                            "batch_indices[%" PRId64 "]: %" PRId64 ", want 0 to %" PRId64, r, n,
                            x->dim[0] - 1);
        for (int64_t k = 0; y->count && k < y->dim[1]; k++) crop_plane(c, r, k, n * x->dim[1] + k);
    }
    return OFZ_OK;
}

#define AT(field) offsetof(crop_attrs, field)

static const ofz_attr_def crop_def[] = {
    { "extrapolation_value", OFZ_ATTR_FLOAT, AT(outside) },
    { "mode", OFZ_ATTR_STRING, AT(mode), .s = "bilinear" },
    { 0 },
};

static const ofz_op rows[] = {
    { "CropAndResize",
      1,
      { 4, 4 },
      { 1, 1 },
      OFZ_OP_PURE,
      crop_def,
      sizeof(crop_attrs),
      crop_infer,
      crop_eval,
      NULL,
      "xxii",
      "com.microsoft" },
    { 0 },
};
OFZ_OP_TABLE(ms_crop, rows);
