/* ops_optional.c - optionals: a tensor or a sequence that may not be there. */
#include <stddef.h>

#include "ops/body.h"
#include "tensor/container.h"

static ofz_status optional_infer(ofz_infer_call *c)
{
    return ofz_infer_unknown(c, 0, OFZ_OPTIONAL);
}

static ofz_status optional_eval(ofz_eval_call *c)
{
    const ofz_tensor *x = c->in_count ? c->in[0] : NULL;
    ofz_tensor        y;

    if (x && x->dtype == OFZ_OPTIONAL)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "input 0: optional, want a tensor or a sequence");
    OFZ_TRY(ofz_container_new(c->ctx, &y, OFZ_OPTIONAL, x != NULL));
    if (x) ofz_tensor_share(x, ofz_container_item(&y, 0));
    ofz_eval_take(c, 0, &y);
    return OFZ_OK;
}

static ofz_status has_infer(ofz_infer_call *c)
{
    return ofz_infer_set(c, 0, OFZ_BOOL, 0, NULL);
}

/* What is no optional is there. */
static ofz_status has_eval(ofz_eval_call *c)
{
    const ofz_tensor *x = c->in_count ? c->in[0] : NULL;

    *(uint8_t *)c->out[0]->data = x && (x->dtype != OFZ_OPTIONAL || x->count);
    return OFZ_OK;
}

static ofz_status get_infer(ofz_infer_call *c)
{
    if (c->in[0]->dtype == OFZ_OPTIONAL || !c->scope) return ofz_infer_open(c);
    return ofz_infer_same(c);
}

static ofz_status get_eval(ofz_eval_call *c)
{
    const ofz_tensor *x = c->in[0];
    ofz_tensor        y;

    if (x->dtype == OFZ_OPTIONAL && !x->count)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "optional: empty, want an element to take");
    ofz_tensor_share(x->dtype == OFZ_OPTIONAL ? ofz_container_item(x, 0) : x, &y);
    ofz_eval_take(c, 0, &y);
    return OFZ_OK;
}

/* The gradient of an optional is an optional. */
static ofz_status optional_grad(ofz_grad_call *g)
{
    if (!g->node->in_count || !g->need[0]) return OFZ_OK;
    return ofz_emit(g, "", "OptionalGetElement", NULL, 1, &g->dy[0], 1, &g->dx[0]);
}

static ofz_status get_grad(ofz_grad_call *g)
{
    g->dx[0] = g->dy[0];
    if (g->node->in[0]->kind != OFZ_KIND_OPTIONAL) return OFZ_OK;
    return ofz_emit(g, "", "Optional", NULL, 1, &g->dy[0], 1, &g->dx[0]);
}

/* The type of what is not there need not be known to carry nothing along. */
static const ofz_attr_def optional_attr[] = {
    { "type", OFZ_ATTR_TYPE_PROTO, OFZ_ATTR_IGNORED },
    { 0 },
};

#define FLAGS (OFZ_OP_PURE | OFZ_OP_CONTAINER)
#define DYN   (FLAGS | OFZ_OP_DYNAMIC)

static const ofz_op rows[] = {
    { "Optional",
      15,
      { 0, 1 },
      { 1, 1 },
      DYN,
      optional_attr,
      0,
      optional_infer,
      optional_eval,
      optional_grad },
    { "OptionalGetElement", 15, { 1, 1 }, { 1, 1 }, DYN, NULL, 0, get_infer, get_eval, get_grad },
    { "OptionalGetElement", 18, { 1, 1 }, { 1, 1 }, DYN, NULL, 0, get_infer, get_eval, get_grad },
    { "OptionalHasElement", 15, { 1, 1 }, { 1, 1 }, FLAGS, NULL, 0, has_infer, has_eval },
    { "OptionalHasElement", 18, { 0, 1 }, { 1, 1 }, FLAGS, NULL, 0, has_infer, has_eval },
    { 0 },
};
OFZ_OP_TABLE(optional, rows);
