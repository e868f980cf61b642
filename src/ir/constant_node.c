/* constant_node.c - what a Constant node holds, in whichever of its attributes. */
#include <string.h>

#include "ir/graph.h"

/* Point at the attribute's value; false for a form that holds no dense tensor. */
static bool constant_view(const ofz_attr *a, ofz_dtype *dtype, int *rank, int64_t *dim,
                          const void **data)
{
    static const struct {
        const char   *name;
        ofz_attr_type type;
        ofz_dtype     dtype;
    } forms[] = {
        { "value_float", OFZ_ATTR_FLOAT, OFZ_F32 },
        { "value_floats", OFZ_ATTR_FLOATS, OFZ_F32 },
        { "value_int", OFZ_ATTR_INT, OFZ_I64 },
        { "value_ints", OFZ_ATTR_INTS, OFZ_I64 },
        { "value_string", OFZ_ATTR_STRING, OFZ_STRING },
        { "value_strings", OFZ_ATTR_STRINGS, OFZ_STRING },
    };

    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        if (strcmp(a->name, forms[i].name) != 0 || a->type != forms[i].type) continue;
        *dtype = forms[i].dtype;
        *rank =
            a->type == OFZ_ATTR_FLOATS || a->type == OFZ_ATTR_INTS || a->type == OFZ_ATTR_STRINGS;
        *data = &a->u;
        if (*rank) { /* the three lists have one layout */
            *dim  = (int64_t)a->u.ints.count;
            *data = a->u.ints.v;
        }
        return true;
    }
    return false;
}

ofz_status ofz_node_take_constant(ofz_ctx *ctx, ofz_node *n)
{
    const ofz_attr *a = n->attr;
    ofz_value      *v = n->out_count ? n->out[0] : NULL;
    ofz_tensor     *t;
    ofz_dtype       dtype;
    int64_t         dim[1];
    const void     *data;
    int             rank;

    if (strcmp(n->op_type, "Constant") != 0 || n->domain[0] || !v || v->constant ||
        n->attr_count != 1 || a->ref)
        return OFZ_OK;
    t = OFZ_NEW(n->graph->arena, ofz_tensor);
    if (!t) return ofz_fail_nomem(ctx, "constant", sizeof *t);
    if (a->type == OFZ_ATTR_TENSOR && !strcmp(a->name, "value")) {
        *t = *a->u.t; /* its bytes are the model's */
    } else if (a->type == OFZ_ATTR_SPARSE_TENSOR && !strcmp(a->name, "sparse_value") && a->u.t) {
        *t        = *a->u.t;
        v->sparse = true;
    } else if (constant_view(a, &dtype, &rank, dim, &data)) {
        OFZ_TRY(ofz_tensor_set(ctx, t, dtype, rank, dim));
        t->data = (void *)(uintptr_t)data;
    } else {
        return OFZ_OK;
    }
    v->constant = t;
    return ofz_tensor_set(ctx, &v->type, t->dtype, t->rank, t->dim);
}
