/* fold_pads.c - a Pad before a convolution or a pooling becomes its padding, where that is the same. */
#include <float.h>
#include <string.h>

#include "base/checked.h"
#include "pass/fold_edit.h"

static bool is_text(const ofz_attr *a, const char *text)
{
    return a->type == OFZ_ATTR_STRING && a->u.s.size == strlen(text) &&
           !memcmp(a->u.s.text, text, a->u.s.size);
}

/* A constant Pad: amounts of every axis, begins before ends, none below 0, and the number. */
static bool pad_read(const ofz_fold *f, const ofz_node *n, int64_t pad[OFZ_MAX_RANK], int *rank,
                     double *value)
{
    const ofz_attr   *mode = ofz_node_attr(n, "mode");
    const ofz_tensor *fill = n->in_count > 2 ? ofz_fold_constant(f, n->in[2]) : NULL;
    ofz_tensor        t;
    int               count;

    if (mode && !is_text(mode, "constant")) return false;
    if (n->opset < 2 || (n->in_count > 3 && n->in[3])) return false;
    if (!ofz_fold_ints(f, n, 1, "pads", pad, &count) || count < 2 || count % 2) return false;
    *rank  = count / 2;
    *value = (double)ofz_fold_float(n, "value", 0);
    if (n->in_count > 2 && n->in[2]) {
        if (!fill || fill->count != 1 || ofz_tensor_copy(f->ctx, fill, &t)) return false;
        *value = ofz_elem_f64(t.dtype, t.data, 0);
        ofz_tensor_release(&t);
    }
    for (int i = 0; i < count; i++)
        if (pad[i] < 0) return false;
    return true;
}

/* The layer's own padding, `spatial` begins before ends; false: as much as the sizes ask for. */
static bool pads_of(const ofz_node *n, int spatial, int64_t pad[OFZ_MAX_RANK])
{
    const ofz_attr *how = ofz_node_attr(n, "auto_pad"), *a = ofz_node_attr(n, "pads");
    const bool      valid = how && is_text(how, "VALID"); /* none, whatever pads says */

    if (how && !valid && !is_text(how, "NOTSET")) return false;
    if (valid) a = NULL;
    if (a && a->u.ints.count != (size_t)(2 * spatial)) return false;
    for (int i = 0; i < 2 * spatial; i++) pad[i] = a ? a->u.ints.v[i] : 0;
    return true;
}

/* Would the layer pad with the same numbers? */
static bool layer_pads(const ofz_fold *f, const ofz_node *n, double value, const int64_t *own,
                       int spatial)
{
    if (ofz_fold_is(f, n, "Conv")) return value == 0;
    if (ofz_fold_int(n, "ceil_mode", 0)) return false;
    if (ofz_fold_is(f, n, "MaxPool")) return value <= -FLT_MAX && n->out_count == 1;
    if (!ofz_fold_is(f, n, "AveragePool") || n->opset < 7 || value != 0) return false;
    for (int i = 0; i < 2 * spatial; i++)
        if (own[i] && !ofz_fold_int(n, "count_include_pad", 0)) return false;
    return true;
}

/* A pooling window must reach something that is no padding. */
static bool window_reaches(const ofz_node *n, const int64_t *pad, int spatial)
{
    const ofz_attr *kernel = ofz_node_attr(n, "kernel_shape");

    if (!strcmp(n->op_type, "Conv")) return true;
    if (!kernel || kernel->u.ints.count != (size_t)spatial) return false;
    for (int i = 0; i < 2 * spatial; i++)
        if (pad[i] >= kernel->u.ints.v[i % spatial]) return false;
    return true;
}

static ofz_status pad_into(ofz_fold *f, ofz_node *n)
{
    ofz_node *before = n->in_count && n->in[0] ? ofz_fold_only(f, n->in[0], "Pad") : NULL;
    int64_t   pad[OFZ_MAX_RANK], own[OFZ_MAX_RANK];
    int       rank, spatial;
    double    value;

    if (!before || !pad_read(f, before, pad, &rank, &value) || rank < 3) return OFZ_OK;
    spatial = rank - 2;
    if (pad[0] || pad[1] || pad[rank] || pad[rank + 1] || !pads_of(n, spatial, own) ||
        !layer_pads(f, n, value, own, spatial))
        return OFZ_OK;
    for (int i = 0; i < spatial; i++) {
        if (!ofz_add(own[i], pad[2 + i], &own[i]) ||
            !ofz_add(own[spatial + i], pad[rank + 2 + i], &own[spatial + i]))
            return OFZ_OK;
    }
    if (!window_reaches(n, own, spatial)) return OFZ_OK;
    ofz_node_drop_attr(n, "auto_pad");
    OFZ_TRY(ofz_fold_set_ints(f, n, "pads", own, (size_t)(2 * spatial)));
    if (!strcmp(n->op_type, "AveragePool")) OFZ_TRY(ofz_fold_set_int(f, n, "count_include_pad", 1));
    OFZ_TRY(ofz_node_set_input(f->ctx, n, 0, before->in[0]));
    ofz_node_remove(before);
    f->edits++;
    return OFZ_OK;
}

ofz_status ofz_fold_pads(ofz_fold *f, ofz_graph *g)
{
    for (size_t i = 0; i < g->node.count; i++) {
        ofz_node *n = g->node.item[i];

        if (ofz_fold_is(f, n, "Conv") || ofz_fold_is(f, n, "AveragePool") ||
            ofz_fold_is(f, n, "MaxPool"))
            OFZ_TRY(pad_into(f, n));
    }
    return OFZ_OK;
}
