/* ml_model.c - see ml_model.h. */
#include "ops/ml_model.h"

#include <stdio.h>
#include <string.h>

ofz_status ofz_ml_samples(ofz_infer_call *c, int64_t *rows, int64_t *features)
{
    const ofz_tensor     *x   = c->in[0];
    const ofz_dtype_class cls = ofz_dtype_get(x->dtype)->cls;

    if (x->dtype && cls != OFZ_CLASS_FLOAT && cls != OFZ_CLASS_INT && cls != OFZ_CLASS_UINT)
        return ofz_fail(c->ctx, OFZ_E_UNSUPPORTED, "input X: %s, want numbers",
                        ofz_dtype_name(x->dtype));
    *rows     = 1;
    *features = -1;
    if (x->rank == 0 || x->rank > 2)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "input X: rank %d, want 1 or 2", x->rank);
    if (x->rank != 1) *rows = x->rank == 2 ? x->dim[0] : ofz_infer_fresh(c);
    if (x->rank > 0 && x->dim[x->rank - 1] >= 0) *features = x->dim[x->rank - 1];
    return OFZ_OK;
}

void ofz_ml_sample(const ofz_tensor *x, int64_t row, int64_t features, double *out)
{
    for (int64_t i = 0; i < features; i++)
        out[i] = ofz_elem_f64(x->dtype, x->data, row * features + i);
}

ofz_status ofz_ml_classes(ofz_infer_call *c, const ofz_ml_labels *l, int64_t rows, int64_t width)
{
    if (l->ints.count && l->strings.count)
        return ofz_fail(c->ctx, OFZ_E_MODEL, "classlabels: integers and strings, want one of them");
    OFZ_TRY(ofz_infer_set(c, 0, l->strings.count ? OFZ_STRING : OFZ_I64, 1, &rows));
    return ofz_infer_set(c, 1, OFZ_F32, 2, (int64_t[]){ rows, width });
}

void ofz_ml_label_put(const ofz_ml_labels *l, int64_t i, int64_t row, ofz_tensor *y)
{
    if (!y) return;
    if (y->dtype == OFZ_STRING)
        ((ofz_string *)y->data)[row] = i < (int64_t)l->strings.count ? l->strings.v[i]
                                       : i                           ? (ofz_string){ "1", 1 }
                                                                     : (ofz_string){ "0", 1 };
    else
        ((int64_t *)y->data)[row] = i < (int64_t)l->ints.count ? l->ints.v[i] : i;
}

ofz_status ofz_ml_label_own(ofz_ctx *ctx, ofz_tensor *y)
{
    return y ? ofz_move_own(ctx, y) : OFZ_OK;
}

void ofz_ml_scores_put(ofz_tensor *z, int64_t row, int64_t width, const double *score)
{
    for (int64_t k = 0; z && k < width; k++)
        ofz_elem_set_f64(z->dtype, z->data, row * width + k, score[k]);
}

ofz_status ofz_ml_name(ofz_ctx *ctx, const char *what, ofz_string name, const char *const *names,
                       int count, int *out)
{
    char   list[256] = "";
    size_t at        = 0;

    for (int i = 0; i < count; i++) {
        const int n = snprintf(list + at, sizeof list - at, "%s%s", i ? ", " : "", names[i]);

        if (name.size == strlen(names[i]) &&
            (!name.size || !memcmp(name.text, names[i], name.size))) {
            *out = i;
            return OFZ_OK;
        }
        if (n > 0 && (size_t)n < sizeof list - at) at += (size_t)n;
    }
    return ofz_fail(ctx, OFZ_E_MODEL, "%s: '%.*s', want one of %s", what,
                    (int)(name.size < 60 ? name.size : 60), name.text ? name.text : "", list);
}

ofz_status ofz_ml_post(ofz_ctx *ctx, ofz_string name, ofz_post *out)
{
    static const char *const names[] = { "NONE", "SOFTMAX", "LOGISTIC", "SOFTMAX_ZERO", "PROBIT" };
    int                      i;

    OFZ_TRY(ofz_ml_name(ctx, "post_transform", name, names, 5, &i));
    *out = (ofz_post)i;
    return OFZ_OK;
}

ofz_status ofz_ml_want(ofz_ctx *ctx, const char *what, size_t count, int64_t want)
{
    if ((int64_t)count == want) return OFZ_OK;
    return ofz_fail(ctx, OFZ_E_MODEL, "%s: %zu numbers, want %" PRId64, what, count, want);
}
