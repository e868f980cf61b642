/* fold_norm.c - a batch normalisation that uses its stored statistics is a scale and a shift for each
 * channel: they go into the layer before it. Source: Ioffe & Szegedy 2015, Algorithm 2. */
#include <math.h>
#include <stdlib.h>

#include "pass/fold_edit.h"

/* In inference form, on one output. */
static bool infers(const ofz_node *n)
{
    for (size_t i = 1; i < n->out_count; i++)
        if (n->out[i]) return false;
    if (ofz_fold_int(n, "training_mode", 0) || !ofz_fold_int(n, "spatial", 1)) return false;
    return n->opset >= 7 || ofz_fold_int(n, "is_test", 0);
}

/* y = x * scale + shift; false when the numbers are not there or make no sense. */
static bool norm_affine(const ofz_fold *f, const ofz_node *n, int64_t channels, double *scale,
                        double *shift)
{
    const double eps = (double)ofz_fold_float(n, "epsilon", 1e-5f);
    ofz_tensor   t[4];
    bool         fits = n->in_count == 5;
    int          made = 0;

    for (int i = 0; fits && i < 4; i++) {
        const ofz_tensor *c = ofz_fold_constant(f, n->in[i + 1]);

        fits = c && c->rank == 1 && c->count == channels && ofz_dtype_is_float(c->dtype) &&
               ofz_tensor_copy(f->ctx, c, &t[i]) == OFZ_OK;
        made += fits;
    }
    for (int64_t k = 0; fits && k < channels; k++) {
        const double var  = ofz_elem_f64(t[3].dtype, t[3].data, k) + eps;
        const double mean = ofz_elem_f64(t[2].dtype, t[2].data, k);

        scale[k] = ofz_elem_f64(t[0].dtype, t[0].data, k) / sqrt(var);
        shift[k] = ofz_elem_f64(t[1].dtype, t[1].data, k) - mean * scale[k];
        fits     = var > 0 && isfinite(scale[k]) && isfinite(shift[k]);
    }
    while (made-- > 0) ofz_tensor_release(&t[made]);
    return fits;
}

/* The layer that makes `x` for nobody else. */
static ofz_node *layer_before(const ofz_fold *f, const ofz_value *x)
{
    static const char *const layer[] = { "Conv", "ConvTranspose", "Gemm", "MatMul" };

    for (size_t i = 0; i < sizeof layer / sizeof *layer; i++) {
        ofz_node *n = ofz_fold_only(f, x, layer[i]);

        if (n) return n;
    }
    return NULL;
}

static ofz_status norm_fold(ofz_fold *f, ofz_node *n)
{
    ofz_node     *before = n->in_count ? layer_before(f, n->in[0]) : NULL;
    int           axis = 0, rank = 0;
    const int64_t channels = before ? ofz_fold_channels(f, before, &axis, &rank) : 0;
    double       *scale;
    bool          done = false;
    ofz_status    st   = OFZ_OK;

    if (!channels || axis != 1 || !infers(n)) return OFZ_OK;
    scale = calloc((size_t)channels, 2 * sizeof *scale);
    if (!scale) return ofz_fail_nomem(f->ctx, "folding", (size_t)channels * sizeof *scale);
    if (norm_affine(f, n, channels, scale, scale + channels))
        st = ofz_fold_affine(f, before, scale, scale + channels, &done);
    free(scale);
    if (st || !done) return st;
    return ofz_fold_bypass(f, n, n->in[0], &done);
}

ofz_status ofz_fold_norm(ofz_fold *f, ofz_graph *g)
{
    for (size_t i = 0; i < g->node.count; i++)
        if (ofz_fold_is(f, g->node.item[i], "BatchNormalization"))
            OFZ_TRY(norm_fold(f, g->node.item[i]));
    return OFZ_OK;
}
