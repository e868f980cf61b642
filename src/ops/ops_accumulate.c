/* ops_accumulate.c - the two private rows that the gradient pass itself needs.
 *
 *   ofz.OnesLike(x)        ones of x's type and shape: the gradient of the loss by itself
 *   ofz.Accumulate(a, b)   a + b, same type and shape: two gradients that meet */
#include "ops/infer.h"

static ofz_status ones_eval(ofz_eval_call *c)
{
    ofz_tensor *y = c->out[0];

    for (int64_t i = 0; i < y->count; i++) ofz_elem_set_f64(y->dtype, y->data, i, 1);
    return OFZ_OK;
}

static ofz_status accumulate_infer(ofz_infer_call *c)
{
    const ofz_tensor *a = c->in[0], *b = c->in[1];
    int64_t           dim[OFZ_MAX_RANK];

    OFZ_TRY(ofz_want_same_dtype(c, 1));
    if (a->rank < 0 || b->rank < 0)
        return ofz_infer_set(c, 0, a->dtype, a->rank < 0 ? b->rank : a->rank,
                             a->rank < 0 ? b->dim : a->dim);
    OFZ_TRY(ofz_want_rank(c, 1, a->rank));
    for (int i = 0; i < a->rank; i++)
        OFZ_TRY(ofz_unify(c->ctx, "gradients", a->dim[i], b->dim[i], &dim[i]));
    return ofz_infer_set(c, 0, a->dtype, a->rank, dim);
}

static ofz_status accumulate_eval(ofz_eval_call *c)
{
    ofz_tensor  *y = c->out[0];
    const void  *a = c->in[0]->data, *b = c->in[1]->data;
    const float *fa = a, *fb = b;
    float       *fy = y->data;

    if (y->dtype == OFZ_F32)
        for (int64_t i = 0; i < y->count; i++) fy[i] = fa[i] + fb[i];
    else
        for (int64_t i = 0; i < y->count; i++)
            ofz_elem_set_f64(y->dtype, y->data, i,
                             ofz_elem_f64(y->dtype, a, i) + ofz_elem_f64(y->dtype, b, i));
    return OFZ_OK;
}

static const ofz_op rows[] = {
    { "Accumulate",
      1,
      { 2, 2 },
      { 1, 1 },
      OFZ_OP_PURE | OFZ_OP_ELEM,
      NULL,
      0,
      accumulate_infer,
      accumulate_eval,
      NULL,
      .domain = "ofz" },
    { "OnesLike",
      1,
      { 1, 1 },
      { 1, 1 },
      OFZ_OP_PURE | OFZ_OP_SHAPE,
      NULL,
      0,
      ofz_infer_same,
      ones_eval,
      NULL,
      .domain = "ofz" },
    { 0 },
};
OFZ_OP_TABLE(accumulate, rows);
