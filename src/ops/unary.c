/* unary.c - see unary.h. */
#include "ops/unary.h"

#include "base/threads.h"

static const float no_params[2];

static ofz_status infer_class(ofz_infer_call *c, bool integers)
{
    const ofz_dtype_class cls = ofz_dtype_get(c->in[0]->dtype)->cls;

    if (c->in[0]->dtype && cls != OFZ_CLASS_FLOAT &&
        !(integers && (cls == OFZ_CLASS_INT || cls == OFZ_CLASS_UINT)))
        return ofz_fail(c->ctx, OFZ_E_MODEL, "input 0: %s, want a %s type",
                        ofz_dtype_name(c->in[0]->dtype), integers ? "numeric" : "floating-point");
    return ofz_infer_same(c);
}

ofz_status ofz_unary_infer_float(ofz_infer_call *c)
{
    return infer_class(c, false);
}

ofz_status ofz_unary_infer_number(ofz_infer_call *c)
{
    return infer_class(c, true);
}

typedef struct call {
    ofz_unary_fn *f;
    const float  *p;
} call;

static void forward_row(int64_t n, void *out, const void *const *in, const int64_t *step,
                        const void *arg)
{
    const call   *k = arg;
    const double *x = in[0];
    double       *y = out;

    (void)step;
    for (int64_t i = 0; i < n; i++) y[i] = k->f(x[i], k->p);
}

static void backward_row(int64_t n, void *out, const void *const *in, const int64_t *step,
                         const void *arg)
{
    const call   *k  = arg;
    const double *dy = in[0], *v = in[1];
    double       *dx = out;

    (void)step;
    for (int64_t i = 0; i < n; i++) dx[i] = dy[i] * k->f(v[i], k->p);
}

static ofz_status eval(ofz_eval_call *c, const ofz_unary *u, const float *p, int count,
                       ofz_row_fn *slow)
{
    const bool fast = u->fast && !c->ctx->reference && ofz_dtype_is_float(c->in[0]->dtype) &&
                      c->in[0]->dtype != OFZ_F64;
    const call k = { u->f, p ? p : no_params };

    ofz_elementwise(ofz_threads(c->ctx), c->out[0], count, c->in, fast ? OFZ_F32 : OFZ_F64,
                    fast ? u->fast : slow, fast ? (const void *)k.p : &k);
    return OFZ_OK;
}

ofz_status ofz_unary_eval(ofz_eval_call *c, const ofz_unary *u, const float *p)
{
    return eval(c, u, p, 1, forward_row);
}

/* A file may name private rows too: the shapes are checked like everybody's. */
ofz_status ofz_unary_back_infer(ofz_infer_call *c)
{
    const ofz_tensor *dy = c->in[0], *v = c->in[1];
    int64_t           dim[OFZ_MAX_RANK];

    OFZ_TRY(infer_class(c, false));
    OFZ_TRY(ofz_want_same_dtype(c, 1));
    if (dy->rank < 0 || v->rank < 0)
        return ofz_infer_set(c, 0, dy->dtype ? dy->dtype : v->dtype,
                             dy->rank < 0 ? v->rank : dy->rank, dy->rank < 0 ? v->dim : dy->dim);
    OFZ_TRY(ofz_want_rank(c, 1, dy->rank));
    for (int i = 0; i < dy->rank; i++)
        OFZ_TRY(ofz_unify(c->ctx, "input 1: dimension", dy->dim[i], v->dim[i], &dim[i]));
    return ofz_infer_set(c, 0, dy->dtype ? dy->dtype : v->dtype, dy->rank, dim);
}

ofz_status ofz_unary_back_eval(ofz_eval_call *c, const ofz_unary *u, const float *p)
{
    return eval(c, u, p, 2, backward_row);
}

ofz_status ofz_unary_emit(ofz_grad_call *g, const char *op_type, ofz_value *v)
{
    ofz_value *in[] = { g->dy[0], v };

    return ofz_emit_grad(g, op_type, 2, in, &g->dx[0]);
}

ofz_status ofz_unary_no_grad(ofz_grad_call *g)
{
    (void)g;
    return OFZ_OK;
}
