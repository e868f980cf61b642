/* loss.c - see loss.h. */
#include "train/loss.h"

#include <string.h>

#include "base/checked.h"
#include "pass/form.h"
#include "train/metrics.h"

ofz_status ofz_loss_output(ofz_ctx *ctx, const ofz_graph *g, const char *name, ofz_value **out)
{
    ofz_value *v = NULL;

    if (name) {
        v = ofz_value_find(g, name);
        if (!v) {
            ofz_fail(ctx, OFZ_E_ARG, "output '%s': no such value in the model", name);
            return ofz_fix(ctx, OFZ_E_ARG, "'onnxfreeze inspect --tree' lists the values");
        }
    } else {
        if (!g->output.count) return ofz_fail(ctx, OFZ_E_ARG, "model: no outputs, want one");
        v = g->output.item[0];
    }
    if (v->type.dtype && !ofz_dtype_is_float(v->type.dtype)) {
        ofz_fail(ctx, OFZ_E_ARG, "output '%s': %s, want floating-point numbers", v->name,
                 ofz_dtype_name(v->type.dtype));
        return ofz_fix(ctx, OFZ_E_ARG, "name the value that the loss is about: --output NAME");
    }
    *out = v;
    return OFZ_OK;
}

static bool made_by(const ofz_value *v, const char *op_type)
{
    const ofz_node *n = v->producer;

    return n && !v->constant && !n->domain[0] && !strcmp(n->op_type, op_type) && n->in_count == 1 &&
           n->in[0];
}

/* --- classes ---------------------------------------------------------------------------------- */

/* The axis of a Softmax or LogSoftmax that normalises along one axis alone; -1: none, or unknown.
 * Before opset 13 the axes from `axis` on were taken together. */
static int softmax_axis(const ofz_value *v)
{
    const ofz_node *n = v->producer;
    const ofz_attr *a;
    int64_t         axis;
    const int       rank = v->type.rank;

    if (rank < 0 || (!made_by(v, "Softmax") && !made_by(v, "LogSoftmax"))) return -1;
    a    = ofz_node_attr(n, "axis");
    axis = a && a->type == OFZ_ATTR_INT ? a->u.i : n->opset < 13 ? 1 : -1;
    if (axis < 0) axis += rank;
    if (axis < 0 || axis >= rank) return -1;
    for (int i = (int)axis + 1; n->opset < 13 && i < rank; i++)
        if (v->type.dim[i] != 1) return -1;
    return (int)axis;
}

/* Does the target have output's shape without `axis`? The first axis is the batch. */
static bool axis_exact(const ofz_tensor *out, int axis, const ofz_tensor *target)
{
    if (axis < 1 || axis >= out->rank || target->rank != out->rank - 1) return false;
    for (int i = 1, k = 1; i < out->rank; i++) {
        if (i == axis) continue;
        if (OFZ_DIM_KNOWN(out->dim[i]) && out->dim[i] != target->dim[k]) return false;
        k++;
    }
    return true;
}

/* Does it have as many elements a sample ([N, 1] for [N, C], [N] for [N, C, 1, 1])? */
static bool axis_counts(const ofz_tensor *out, int axis, const ofz_tensor *target)
{
    int64_t count = 1;

    if (axis < 1 || axis >= out->rank) return false;
    for (int i = 1; i < out->rank; i++) {
        if (i == axis) continue;
        if (!OFZ_DIM_KNOWN(out->dim[i]) || !ofz_mul(count, out->dim[i], &count)) return false;
    }
    return count == ofz_tensor_span(target, 1, target->rank);
}

/* The class axis for integer targets, `hint` (or -1) tried first; -1: none fits. */
static int class_axis(const ofz_tensor *out, int hint, const ofz_tensor *target)
{
    const int last = out->rank - 1;

    if (axis_exact(out, hint, target)) return hint;
    if (axis_exact(out, 1, target)) return 1;
    if (axis_exact(out, last, target)) return last;
    if (axis_counts(out, hint, target)) return hint;
    if (axis_counts(out, 1, target)) return 1;
    if (axis_counts(out, last, target)) return last;
    return -1;
}

static bool same_samples(const ofz_tensor *out, const ofz_tensor *target)
{
    if (out->rank != target->rank) return false;
    for (int i = 1; i < out->rank; i++)
        if (OFZ_DIM_KNOWN(out->dim[i]) && out->dim[i] != target->dim[i]) return false;
    return true;
}

static ofz_status misfit(ofz_ctx *ctx, const ofz_dataset *ds, const ofz_value *output,
                         const char *want)
{
    char              a[128], b[128];
    const ofz_tensor *t = ds->target.array;

    ofz_fail(ctx, OFZ_E_DATA, "array '%s': shape %s, want %s output '%s' of shape %s",
             ds->target.name, ofz_shape_text(a, sizeof a, t->rank, t->dim), want, output->name,
             ofz_shape_text(b, sizeof b, output->type.rank, output->type.dim));
    return ofz_fix(ctx, OFZ_E_DATA, "choose with --target ARRAY, --output NAME or --loss");
}

/* The shape in which the target is fed: output's, without `axis` unless that is -1. Unknown sizes
 * leave it as it comes. */
static void target_shape(ofz_head *head, const ofz_tensor *out, int axis)
{
    head->target_rank = 0;
    for (int i = 0; i < out->rank; i++) {
        if (i == axis) continue;
        if (i && !OFZ_DIM_KNOWN(out->dim[i])) {
            head->target_rank = -1;
            return;
        }
        head->target_dim[head->target_rank++] = out->dim[i];
    }
}

static ofz_status classes_find(ofz_ctx *ctx, ofz_dataset *ds, ofz_value *output, ofz_head *head)
{
    const ofz_tensor *out    = &output->type;
    const ofz_tensor *target = ds->target.array;
    ofz_value        *end    = ofz_value_origin(output);
    const int         hint   = softmax_axis(end);
    const bool        whole  = !ofz_dtype_is_float(target->dtype) || ds->target.dtype == OFZ_I64;

    if (out->rank < 2)
        return misfit(ctx, ds, output,
                      out->rank < 0 ? "a known rank of" : "classes along axis 1 of");
    head->axis = whole ? class_axis(out, hint, target) : -1;
    if (head->axis >= 0) {
        ds->target.dtype = OFZ_I64;
        target_shape(head, out, head->axis);
    } else if (same_samples(out, target) && ofz_dtype_is_float(ds->target.dtype)) {
        head->axis = hint > 0 ? hint : 1;
        target_shape(head, out, -1);
    } else {
        return misfit(ctx, ds, output,
                      "a class for each position, or a probability for each element, of");
    }
    head->scores = hint == head->axis ? end->producer->in[0] : output;
    if (head->scores == output && (made_by(end, "Softmax") || made_by(end, "LogSoftmax")))
        ofz_log(ctx, OFZ_LOG_WARN,
                "output '%s': its %s is not over the classes; the loss takes it for logits",
                output->name, end->producer->op_type);
    return OFZ_OK;
}

/* --- the node --------------------------------------------------------------------------------- */

static ofz_status elements_find(ofz_ctx *ctx, const ofz_dataset *ds, ofz_value *output,
                                ofz_head *head)
{
    const ofz_tensor *out    = &output->type;
    const ofz_tensor *target = ds->target.array;
    const int64_t     count  = out->rank > 0 ? ofz_tensor_span(out, 1, out->rank) : -1;

    if (count >= 0 ? count != ofz_tensor_span(target, 1, target->rank)
                   : out->rank > 0 && !same_samples(out, target))
        return misfit(ctx, ds, output, "an element for each of");
    head->target_rank = -1;
    if (count >= 0) target_shape(head, out, -1);
    return OFZ_OK;
}

static const char *loss_op(ofz_loss kind)
{
    switch (kind) {
    case OFZ_LOSS_CE:
        return "CrossEntropy";
    case OFZ_LOSS_MSE:
        return "MseLoss";
    case OFZ_LOSS_L1:
        return "L1Loss";
    case OFZ_LOSS_HUBER:
        return "HuberLoss";
    case OFZ_LOSS_BCE:
        return "BceLogitsLoss";
    }
    return NULL;
}

static ofz_status target_input(ofz_ctx *ctx, ofz_graph *g, const ofz_dataset *ds, ofz_head *head)
{
    const ofz_tensor *t    = ds->target.array;
    const int         rank = head->target_rank >= 0 ? head->target_rank : t->rank;
    int64_t           dim[OFZ_MAX_RANK];

    memcpy(dim, head->target_rank >= 0 ? head->target_dim : t->dim, (size_t)rank * sizeof *dim);
    if (rank)
        dim[0] = head->scores->type.rank > 0 ? head->scores->type.dim[0] : ofz_symbol_block(g, 1);
    OFZ_TRY(ofz_value_new(ctx, g, NULL, &head->target));
    head->target->is_input = true;
    if (!ofz_list_push(&g->input, head->target)) return ofz_fail_nomem(ctx, "loss", sizeof(void *));
    return ofz_tensor_set(ctx, &head->target->type, ds->target.dtype, rank, dim);
}

ofz_status ofz_loss_append(ofz_ctx *ctx, ofz_graph *g, ofz_dataset *ds, ofz_loss kind,
                           ofz_value *output, ofz_head *head)
{
    ofz_attr      attr[2] = { { .name = "axis", .type = OFZ_ATTR_INT },
                              { .name = "ignore_index", .type = OFZ_ATTR_INT } };
    ofz_value    *in[2];
    ofz_node_spec spec = { .name       = "loss",
                           .op_type    = loss_op(kind),
                           .domain     = "ofz",
                           .opset      = 1,
                           .in_count   = 2,
                           .out_count  = 1,
                           .attr_count = kind == OFZ_LOSS_CE ? 2 : 0,
                           .in         = in,
                           .out        = &head->loss,
                           .attr       = attr };

    if (!spec.op_type) return ofz_fail(ctx, OFZ_E_ARG, "loss: %d, want one of ofz_loss", (int)kind);
    *head = (ofz_head){ .kind = kind, .output = output, .scores = output };
    if (kind == OFZ_LOSS_CE)
        OFZ_TRY(classes_find(ctx, ds, output, head));
    else
        OFZ_TRY(elements_find(ctx, ds, output, head));
    if (kind == OFZ_LOSS_BCE && made_by(ofz_value_origin(output), "Sigmoid"))
        head->scores = ofz_value_origin(output)->producer->in[0];
    OFZ_TRY(target_input(ctx, g, ds, head));
    OFZ_TRY(ofz_value_new(ctx, g, NULL, &head->loss));
    attr[0].u.i = head->axis;
    attr[1].u.i = OFZ_IGNORE_INDEX;
    in[0]       = head->scores;
    in[1]       = head->target;
    return ofz_node_add(ctx, g, &spec, NULL);
}

ofz_status ofz_head_view(ofz_ctx *ctx, const ofz_head *head, const ofz_tensor *t, ofz_tensor *view)
{
    int64_t dim[OFZ_MAX_RANK];

    *view = *t;
    if (head->target_rank < 0) return OFZ_OK;
    memcpy(dim, head->target_dim, (size_t)head->target_rank * sizeof *dim);
    if (head->target_rank) dim[0] = t->dim[0];
    OFZ_TRY(ofz_tensor_set(ctx, view, t->dtype, head->target_rank, dim));
    view->data   = t->data;
    view->buffer = t->buffer;
    return OFZ_OK;
}

void ofz_head_sizes(ofz_head *head, const ofz_tensor *scores)
{
    head->class_count = head->column_count = 0;
    if (head->kind == OFZ_LOSS_CE)
        head->class_count = head->axis < scores->rank ? scores->dim[head->axis] : 0;
    else if (head->kind == OFZ_LOSS_BCE)
        head->class_count = 2;
    else
        head->column_count = scores->rank > 0 ? ofz_tensor_span(scores, 1, scores->rank) : 1;
}
