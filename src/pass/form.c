/* form.c - see form.h. Nodes are rewritten where they stand, so that order and names stay. */
#include "pass/form.h"

#include <string.h>

#include "ops/op.h"

ofz_value *ofz_value_origin(ofz_value *v)
{
    while (v && !v->constant && v->producer && !strcmp(v->producer->op_type, "Identity") &&
           !v->producer->domain[0] && v->producer->in_count == 1 && v->producer->in[0])
        v = v->producer->in[0];
    return v;
}

static bool node_is(const ofz_node *n, const char *op_type)
{
    return !n->domain[0] && !strcmp(n->op_type, op_type);
}

static int64_t attr_int(const ofz_node *n, const char *name, int64_t other)
{
    const ofz_attr *a = ofz_node_attr(n, name);

    return a && a->type == OFZ_ATTR_INT ? a->u.i : other;
}

static float attr_float(const ofz_node *n, const char *name, float other)
{
    const ofz_attr *a = ofz_node_attr(n, name);

    return a && a->type == OFZ_ATTR_FLOAT ? a->u.f : other;
}

/* Forget inputs and outputs from `in_count` and `out_count` on. */
static ofz_status node_shorten(ofz_ctx *ctx, ofz_node *n, size_t in_count, size_t out_count)
{
    for (size_t i = in_count; i < n->in_count; i++) OFZ_TRY(ofz_node_set_input(ctx, n, i, NULL));
    for (size_t i = out_count; i < n->out_count; i++)
        if (n->out[i]) n->out[i]->producer = NULL;
    if (n->in_count > in_count) n->in_count = in_count;
    if (n->out_count > out_count) n->out_count = out_count;
    return OFZ_OK;
}

/* The node becomes an `ofz` one with `count` attributes; attr stands in the arena. */
static void node_become(ofz_node *n, const char *op_type, ofz_attr *attr, size_t count)
{
    n->op_type    = op_type;
    n->domain     = "ofz";
    n->opset      = 1;
    n->attr       = attr;
    n->attr_count = count;
}

/* Drop one attribute; the array may be shared with the source graph, so it is copied. */
static ofz_status node_drop_attr(ofz_ctx *ctx, ofz_node *n, const char *name)
{
    ofz_attr *kept;
    size_t    count = 0;

    if (!ofz_node_attr(n, name)) return OFZ_OK;
    kept = OFZ_NEWS(n->graph->arena, ofz_attr, n->attr_count);
    if (!kept) return ofz_fail_nomem(ctx, n->name, n->attr_count * sizeof *kept);
    for (size_t i = 0; i < n->attr_count; i++)
        if (strcmp(n->attr[i].name, name) != 0) kept[count++] = n->attr[i];
    n->attr       = kept;
    n->attr_count = count;
    return OFZ_OK;
}

/* --- batch normalisation ---------------------------------------------------------------------- */

static ofz_status bn_infers(ofz_ctx *ctx, ofz_node *n)
{
    /* Unchanged statistics are what a reader of the running ones gets. */
    for (size_t i = 1; i < 3 && i < n->out_count; i++)
        if (n->out[i] && n->in_count == 5 && n->in[i + 2])
            OFZ_TRY(ofz_value_replace(ctx, n->out[i], n->in[i + 2]));
    OFZ_TRY(node_shorten(ctx, n, n->in_count, 1));
    return node_drop_attr(ctx, n, "training_mode");
}

/* The constant behind input `index`, or NULL. */
static ofz_value *constant_in(const ofz_node *n, size_t index)
{
    ofz_value *v = index < n->in_count ? ofz_value_origin(n->in[index]) : NULL;

    return v && v->constant ? v : NULL;
}

/* The trained constants carry 1 in scratch. */
static bool bn_trains(const ofz_node *n)
{
    const ofz_value *scale = constant_in(n, 1), *shift = constant_in(n, 2);

    if (n->in_count != 5 || !constant_in(n, 3) || !constant_in(n, 4)) return false;
    return (scale && scale->scratch) || (shift && shift->scratch);
}

static ofz_status bn_share_check(ofz_ctx *ctx, const ofz_node *n, const ofz_training_form *form)
{
    char text[256];

    for (size_t i = 3; i < 5; i++)
        for (size_t k = 0; k < form->statistic_count; k++)
            if (form->statistic[k].value == constant_in(n, i)) {
                ofz_fail(ctx, OFZ_E_UNSUPPORTED,
                         "%s: statistics '%s' belong to another node as well, want its own",
                         ofz_node_text(text, sizeof text, n), constant_in(n, i)->name);
                return ofz_fix(ctx, OFZ_E_UNSUPPORTED, "--bn frozen trains without statistics");
            }
    return OFZ_OK;
}

static ofz_status bn_becomes_batch(ofz_ctx *ctx, ofz_node *n, ofz_training_form *form)
{
    ofz_arena  *arena = n->graph->arena;
    ofz_attr   *attr  = OFZ_NEWS(arena, ofz_attr, 3);
    ofz_value **out   = OFZ_NEWS(arena, ofz_value *, 5);
    char        text[256];

    if (!attr || !out) return ofz_fail_nomem(ctx, n->name, 3 * sizeof *attr);
    if (!attr_int(n, "spatial", 1))
        return ofz_fail(ctx, OFZ_E_UNSUPPORTED, "%s: spatial=0, want 1",
                        ofz_node_text(text, sizeof text, n));
    OFZ_TRY(bn_share_check(ctx, n, form));
    attr[0]     = (ofz_attr){ .name = "epsilon", .type = OFZ_ATTR_FLOAT };
    attr[1]     = (ofz_attr){ .name = "momentum", .type = OFZ_ATTR_FLOAT };
    attr[2]     = (ofz_attr){ .name = "unbiased", .type = OFZ_ATTR_INT, .u.i = 1 };
    attr[0].u.f = attr_float(n, "epsilon", 1e-5f);
    attr[1].u.f = attr_float(n, "momentum", 0.9f);
    out[0]      = n->out[0];
    for (size_t i = 1; i < 5; i++) {
        OFZ_TRY(ofz_value_new(ctx, n->graph, NULL, &out[i]));
        if (i < 3 && i < n->out_count && n->out[i])
            OFZ_TRY(ofz_value_replace(ctx, n->out[i], out[i]));
    }
    OFZ_TRY(node_shorten(ctx, n, 5, 1));
    n->out       = out;
    n->out_count = 5;
    for (int i = 1; i < 5; i++) {
        out[i]->producer = n;
        out[i]->output   = i;
    }
    node_become(n, "BatchNormTrain", attr, 3);
    for (size_t i = 0; i < 2; i++)
        form->statistic[form->statistic_count++] =
            (ofz_statistic){ constant_in(n, 3 + i), out[1 + i] };
    return OFZ_OK;
}

/* --- dropout ---------------------------------------------------------------------------------- */

static ofz_status dropout_infers(ofz_ctx *ctx, ofz_node *n)
{
    return n->in_count > 2 ? ofz_node_set_input(ctx, n, 2, NULL) : OFZ_OK;
}

static ofz_status dropout_ratio(ofz_ctx *ctx, const ofz_node *n, double *out)
{
    const ofz_value *v = n->in_count > 1 ? ofz_value_origin(n->in[1]) : NULL;
    double           ratio;
    char             text[256];

    if (v && !v->constant)
        return ofz_fail(ctx, OFZ_E_UNSUPPORTED, "%s: ratio is computed, want a constant",
                        ofz_node_text(text, sizeof text, n));
    if (v && v->constant->count != 1)
        return ofz_fail(ctx, OFZ_E_MODEL, "%s: ratio has %" PRId64 " elements, want 1",
                        ofz_node_text(text, sizeof text, n), v->constant->count);
    ratio = v ? ofz_elem_f64(v->constant->dtype, v->constant->data, 0)
              : (double)attr_float(n, "ratio", 0.5f);
    if (!(ratio >= 0 && ratio < 1))
        return ofz_fail(ctx, OFZ_E_MODEL, "%s: ratio %.9g, want 0 <= ratio < 1",
                        ofz_node_text(text, sizeof text, n), ratio);
    *out = ratio;
    return OFZ_OK;
}

static ofz_status dropout_trains(ofz_ctx *ctx, ofz_node *n)
{
    ofz_attr   *attr  = OFZ_NEW(n->graph->arena, ofz_attr);
    ofz_value **out   = OFZ_NEWS(n->graph->arena, ofz_value *, 2);
    double      ratio = 0;

    if (!attr || !out) return ofz_fail_nomem(ctx, n->name, sizeof *attr);
    OFZ_TRY(dropout_ratio(ctx, n, &ratio));
    if (ratio == 0) return dropout_infers(ctx, n);
    *attr     = (ofz_attr){ .name = "ratio", .type = OFZ_ATTR_FLOAT };
    attr->u.f = (float)ratio;
    out[0]    = n->out[0];
    if (n->out_count > 1) out[1] = n->out[1];
    if (!out[1]) { /* the gradient reads the mask */
        OFZ_TRY(ofz_value_new(ctx, n->graph, NULL, &out[1]));
        out[1]->producer = n;
        out[1]->output   = 1;
    }
    OFZ_TRY(node_shorten(ctx, n, 1, n->out_count));
    n->out       = out;
    n->out_count = 2;
    node_become(n, "Dropout", attr, 1);
    return OFZ_OK;
}

/* --- whole graphs ----------------------------------------------------------------------------- */

ofz_status ofz_form_inference(ofz_ctx *ctx, ofz_graph *g)
{
    for (size_t i = 0; i < g->node.count; i++) {
        ofz_node *n = g->node.item[i];

        if (node_is(n, "BatchNormalization")) OFZ_TRY(bn_infers(ctx, n));
        if (node_is(n, "Dropout")) OFZ_TRY(dropout_infers(ctx, n));
    }
    return OFZ_OK;
}

ofz_status ofz_form_training(ofz_ctx *ctx, ofz_graph *g, ofz_training_form *form)
{
    size_t bn_count = 0;

    for (size_t i = 0; i < g->value.count; i++) ((ofz_value *)g->value.item[i])->scratch = 0;
    for (size_t i = 0; i < form->trained_count; i++) form->trained[i]->scratch = 1;
    for (size_t i = 0; i < g->node.count; i++)
        bn_count += node_is(g->node.item[i], "BatchNormalization");
    form->statistic_count = 0;
    form->statistic       = OFZ_NEWS(g->arena, ofz_statistic, 2 * bn_count);
    if (!form->statistic) return ofz_fail_nomem(ctx, "batch norms", 2 * bn_count);
    for (size_t i = 0; i < g->node.count; i++) {
        ofz_node *n = g->node.item[i];

        if (node_is(n, "Dropout")) OFZ_TRY(dropout_trains(ctx, n));
        if (!node_is(n, "BatchNormalization")) continue;
        if (form->bn == OFZ_BN_BATCH && bn_trains(n))
            OFZ_TRY(bn_becomes_batch(ctx, n, form));
        else
            OFZ_TRY(bn_infers(ctx, n));
    }
    return OFZ_OK;
}
