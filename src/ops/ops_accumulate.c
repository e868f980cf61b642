/* ops_accumulate.c - the private rows that the gradient pass itself needs.
 *
 *   ofz.OnesLike(x)        ones of x's type and shape: the gradient of the loss by itself
 *   ofz.ZerosLike(x)       zeros of it: where a gradient must be and none came
 *   ofz.Accumulate(a, b)   a + b, same type and shape: two gradients that meet
 *
 * The last two take containers as well, element by element. */
#include "ops/body.h"
#include "ops/gradients.h"

static ofz_status ones_eval(ofz_eval_call *c)
{
    ofz_tensor *y = c->out[0];

    for (int64_t i = 0; i < y->count; i++) ofz_elem_set_f64(y->dtype, y->data, i, 1);
    return OFZ_OK;
}

static ofz_status zeros_infer(ofz_infer_call *c)
{
    if (!c->in[0]->dtype || ofz_dtype_is_container(c->in[0]->dtype)) return ofz_infer_open(c);
    return ofz_infer_same(c);
}

static ofz_status zeros_eval(ofz_eval_call *c)
{
    ofz_tensor y;

    OFZ_TRY(ofz_gradient_zeros(c->ctx, c->in[0], &y));
    ofz_eval_take(c, 0, &y);
    return OFZ_OK;
}

static ofz_status accumulate_infer(ofz_infer_call *c)
{
    const ofz_tensor *a = c->in[0], *b = c->in[1];
    int64_t           dim[OFZ_MAX_RANK];

    if (ofz_dtype_is_container(a->dtype) || ofz_dtype_is_container(b->dtype))
        return ofz_infer_open(c);
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
    ofz_tensor y;

    if (!ofz_dtype_is_container(c->in[0]->dtype)) {
        ofz_gradient_sum(c->in[0], c->in[1], c->out[0]);
        return OFZ_OK;
    }
    OFZ_TRY(ofz_gradient_add(c->ctx, c->in[0], c->in[1], &y));
    ofz_eval_take(c, 0, &y);
    return OFZ_OK;
}

/* Second derivatives: both parts of a sum get its gradient, and what is constant gets none. */
static ofz_status accumulate_grad(ofz_grad_call *g)
{
    for (int i = 0; i < 2; i++)
        if (g->need[i]) g->dx[i] = g->dy[0];
    return OFZ_OK;
}

static ofz_status constant_grad(ofz_grad_call *g)
{
    (void)g;
    return OFZ_OK;
}

#define ONE                                                                                        \
    {                                                                                              \
        1, 1                                                                                       \
    }
#define ANY (OFZ_OP_PURE | OFZ_OP_DYNAMIC | OFZ_OP_CONTAINER)

static const ofz_op rows[] = {
    { "Accumulate",
      1,
      { 2, 2 },
      ONE,
      ANY,
      NULL,
      0,
      accumulate_infer,
      accumulate_eval,
      accumulate_grad,
      .domain = "ofz" },
    { "OnesLike", 1, ONE, ONE, OFZ_OP_PURE | OFZ_OP_SHAPE, NULL, 0, ofz_infer_same, ones_eval,
      constant_grad, .domain = "ofz" },
    { "ZerosLike", 1, ONE, ONE, ANY, NULL, 0, zeros_infer, zeros_eval, constant_grad,
      .domain = "ofz" },
    { 0 },
};
OFZ_OP_TABLE(accumulate, rows);
