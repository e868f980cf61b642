/* ops_ms_inverse.c - Inverse of square matrices, by Gauss and Jordan with row pivots, in doubles.
 * Source: ONNX Runtime, ContribOperators.md. */
#include "ops/op.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ops/floats.h"
#include "ops/move.h"

static ofz_status inverse_infer(ofz_infer_call *c)
{
    const ofz_tensor *x = c->in[0];
    int64_t           n;

    if (x->dtype && !ofz_dtype_is_float(x->dtype))
        return ofz_fail(c->ctx, OFZ_E_MODEL, "input: %s, want a float", ofz_dtype_name(x->dtype));
    if (x->rank < 0) return ofz_infer_same(c);
    if (x->rank < 2)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "input: rank %d, want at least 2", x->rank);
    OFZ_TRY(ofz_unify(c->ctx, "columns", x->dim[x->rank - 2], x->dim[x->rank - 1], &n));
    return ofz_infer_same(c);
}

static void row_swap(double *a, int64_t n, int64_t i, int64_t k)
{
    for (int64_t j = 0; i != k && j < n; j++) {
        const double t = a[i * n + j];

        a[i * n + j] = a[k * n + j];
        a[k * n + j] = t;
    }
}

/* a [n, n] becomes the unit matrix, y its inverse; false where a is singular. */
static bool invert(double *a, double *y, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < n; j++) y[i * n + j] = i == j;
    for (int64_t k = 0; k < n; k++) {
        int64_t p = k;
        double  f;

        for (int64_t i = k + 1; i < n; i++)
            if (fabs(a[i * n + k]) > fabs(a[p * n + k])) p = i;
        f = a[p * n + k];
        if (!(fabs(f) > 0)) return false;
        row_swap(a, n, k, p);
        row_swap(y, n, k, p);
        for (int64_t j = 0; j < n; j++) {
            a[k * n + j] /= f;
            y[k * n + j] /= f;
        }
        for (int64_t i = 0; i < n; i++) {
            f = i == k ? 0 : a[i * n + k];
            for (int64_t j = 0; f != 0 && j < n; j++) {
                a[i * n + j] -= f * a[k * n + j];
                y[i * n + j] -= f * y[k * n + j];
            }
        }
    }
    return true;
}

static ofz_status inverse_run(ofz_eval_call *c)
{
    const ofz_tensor *x    = c->in[0];
    const int64_t     n    = x->dim[x->rank - 1];
    const int64_t     size = x->count ? n * n : 0;
    double           *room;
    bool              ok = true;

    if (!x->count) return OFZ_OK;
    OFZ_TRY(ofz_scratch(c->ctx, size, 2 * sizeof *room, &room));
    for (int64_t m = 0; ok && m < x->count / size; m++) {
        for (int64_t e = 0; e < size; e++) room[e] = ofz_elem_f64(x->dtype, x->data, m * size + e);
        ok = invert(room, room + size, n);
        for (int64_t e = 0; ok && e < size; e++)
            ofz_elem_set_f64(x->dtype, c->out[0]->data, m * size + e, room[size + e]);
    }
    free(room);
    return ok ? OFZ_OK
              : ofz_fail(c->ctx, OFZ_E_NUMERIC, "input: singular, want a matrix of full rank");
}

static ofz_status inverse_eval(ofz_eval_call *c)
{
    return ofz_eval_floats(c, inverse_run);
}

/* dx = -y' dy y' */
static ofz_status inverse_grad(ofz_grad_call *g)
{
    const ofz_attr first[]  = { { .name = "transA", .type = OFZ_ATTR_INT, .u.i = 1 } };
    const ofz_attr second[] = { { .name = "transB", .type = OFZ_ATTR_INT, .u.i = 1 },
                                { .name = "alpha", .type = OFZ_ATTR_FLOAT, .u.f = -1 } };
    ofz_value     *in[]     = { g->node->out[0], g->dy[0] }, *half;

    OFZ_TRY(ofz_emit_attrs(g, g->node->domain, "FusedMatMul", 1, first, 2, in, 1, &half));
    in[0] = half;
    in[1] = g->node->out[0];
    return ofz_emit_attrs(g, g->node->domain, "FusedMatMul", 2, second, 2, in, 1, &g->dx[0]);
}

static const ofz_op rows[] = {
    { "Inverse",
      1,
      { 1, 1 },
      { 1, 1 },
      OFZ_OP_PURE,
      NULL,
      0,
      inverse_infer,
      inverse_eval,
      inverse_grad,
      "x",
      "com.microsoft" },
    { 0 },
};
OFZ_OP_TABLE(ms_inverse, rows);
