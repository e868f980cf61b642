/* gradients.c - see gradients.h. */
#include "ops/gradients.h"

#include <string.h>

#include "tensor/container.h"

void ofz_gradient_sum(const ofz_tensor *a, const ofz_tensor *b, const ofz_tensor *y)
{
    const float *fa = a->data, *fb = b->data;
    float       *fy = y->data;

    if (y->dtype == OFZ_F32)
        for (int64_t i = 0; i < y->count; i++) fy[i] = fa[i] + fb[i];
    else
        for (int64_t i = 0; i < y->count; i++)
            ofz_elem_set_f64(y->dtype, y->data, i,
                             ofz_elem_f64(y->dtype, a->data, i) +
                                 ofz_elem_f64(y->dtype, b->data, i));
}

ofz_status ofz_gradient_add(ofz_ctx *ctx, const ofz_tensor *a, const ofz_tensor *b, ofz_tensor *out)
{
    const bool container = ofz_dtype_is_container(a->dtype);
    char       x[128], y[128];
    ofz_status st = OFZ_OK;

    if (a->dtype != b->dtype || (container ? a->count != b->count : !ofz_tensor_same_shape(a, b)))
        return ofz_fail(ctx, OFZ_E_MODEL, "gradients: %s %s and %s %s, want two alike",
                        ofz_dtype_name(a->dtype), ofz_shape_text(x, sizeof x, a->rank, a->dim),
                        ofz_dtype_name(b->dtype), ofz_shape_text(y, sizeof y, b->rank, b->dim));
    if (!container) {
        OFZ_TRY(ofz_tensor_new(ctx, out, a->dtype, a->rank, a->dim));
        ofz_gradient_sum(a, b, out);
        return OFZ_OK;
    }
    OFZ_TRY(ofz_container_new(ctx, out, a->dtype, a->count));
    for (int64_t i = 0; i < a->count && !st; i++)
        st = ofz_gradient_add(ctx, ofz_container_item(a, i), ofz_container_item(b, i),
                              ofz_container_item(out, i));
    if (st) ofz_tensor_release(out);
    return st;
}

ofz_status ofz_gradient_gather(ofz_ctx *ctx, ofz_tensor *sum, const ofz_tensor *t)
{
    ofz_tensor more;

    if (!sum->dtype) {
        ofz_tensor_share(t, sum);
        return OFZ_OK;
    }
    OFZ_TRY(ofz_gradient_add(ctx, sum, t, &more));
    ofz_tensor_release(sum);
    *sum = more;
    return OFZ_OK;
}

ofz_status ofz_gradient_zeros(ofz_ctx *ctx, const ofz_tensor *x, ofz_tensor *out)
{
    ofz_status st = OFZ_OK;

    if (!ofz_dtype_is_container(x->dtype)) {
        OFZ_TRY(ofz_tensor_new(ctx, out, x->dtype, x->rank, x->dim));
        if (out->dtype != OFZ_STRING) memset(out->data, 0, out->size);
        return OFZ_OK;
    }
    OFZ_TRY(ofz_container_new(ctx, out, x->dtype, x->count));
    for (int64_t i = 0; i < x->count && !st; i++)
        st = ofz_gradient_zeros(ctx, ofz_container_item(x, i), ofz_container_item(out, i));
    if (st) ofz_tensor_release(out);
    return st;
}
