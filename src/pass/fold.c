/* fold.c - see fold.h. The driver: rounds of passes until none of them finds anything. */
#include "pass/fold.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pass/fold_edit.h"
#include "pass/infer_shapes.h"
#include "pass/roles.h"

/* Deep models need some rounds; what has not settled by then is right as it is. */
enum { ROUNDS_MOST = 64 };

/* No model makes a fold compute longer than some minutes. */
static const int64_t work_most = (int64_t)1 << 36;

static const ofz_fold_pass passes[] = {
    { "control", ofz_fold_control, false }, { "constants", ofz_fold_constants, false },
    { "shapes", ofz_fold_shapes, false },   { "clean", ofz_fold_clean, false },
    { "merge", ofz_fold_merge, false },     { "norm", ofz_fold_norm, true },
    { "linear", ofz_fold_linear, true },    { "pads", ofz_fold_pads, true },
    { "chains", ofz_fold_chains, true },
};

const ofz_fold_pass *ofz_fold_passes(size_t *count)
{
    *count = sizeof passes / sizeof *passes;
    return passes;
}

/* --- what varies ------------------------------------------------------------------------------ */

static bool value_varies(const ofz_value *v, ofz_fold_scope scope, bool marked)
{
    switch (scope) {
    case OFZ_FOLD_MARKED:
        return v->mark != OFZ_MARK_FROZEN &&
               (v->mark == OFZ_MARK_TRAINABLE || ofz_value_trains_by_default(v) ||
                ofz_value_moves(v, marked));
    case OFZ_FOLD_KEEP_DEFAULTS:
        return ofz_value_trains(v, marked) || ofz_value_moves(v, marked);
    default:
        return marked && (ofz_value_trains(v, marked) || ofz_value_moves(v, marked));
    }
}

/* Decided once: roles change while nodes go. */
static ofz_status list_varying(ofz_fold *f)
{
    f->marked = ofz_model_marked(f->model);
    for (size_t i = 0; i < f->model->tensor.count; i++) {
        ofz_value *v = f->model->tensor.item[i];

        if (!value_varies(v, f->options->scope, f->marked)) continue;
        f->trains = true;
        if (!ofz_map_put(&f->varies, v->name, v))
            return ofz_fail_nomem(f->ctx, v->name, sizeof(void *));
    }
    return OFZ_OK;
}

/* --- inference -------------------------------------------------------------------------------- */

static bool watch_constant(void *user, const ofz_value *v)
{
    return ofz_fold_constant(user, v) != NULL;
}

static ofz_status watch_known(void *user, const ofz_value *v, const ofz_tensor *t, bool symbolic)
{
    ofz_fold       *f = user;
    ofz_fold_known *k = OFZ_NEW(&f->arena, ofz_fold_known);

    if (!k || !ofz_list_push(&f->all, k)) return ofz_fail_nomem(f->ctx, v->name, sizeof *k);
    OFZ_TRY(ofz_tensor_copy(f->ctx, t, &k->t));
    for (int64_t i = 0; symbolic && i < t->count; i++)
        k->symbolic = k->symbolic || OFZ_IS_SYMBOL(((const int64_t *)k->t.data)[i]);
    if (!ofz_map_put(&f->known, v->name, k)) return ofz_fail_nomem(f->ctx, v->name, sizeof *k);
    return OFZ_OK;
}

static void known_forget(ofz_fold *f)
{
    for (size_t i = 0; i < f->all.count; i++)
        ofz_tensor_release(&((ofz_fold_known *)f->all.item[i])->t);
    f->all.count = 0;
    ofz_map_free(&f->known);
    f->known = (ofz_map){ 0 };
}

static ofz_status infer(ofz_fold *f)
{
    const ofz_infer_lens lens = { watch_constant, watch_known, f };

    known_forget(f);
    return ofz_infer_known(f->ctx, f->model->graph, &lens);
}

/* Types that follow from an initializer which a caller may override hold only until somebody does:
 * inference has to begin anew, without them. */
static ofz_status forget_types(ofz_fold *f)
{
    const ofz_graph *g    = f->model->graph;
    bool             open = false;

    for (size_t i = 0; i < g->input.count && f->model->ir_version >= 4; i++) {
        const ofz_value *v = g->input.item[i];

        open = open || (v->constant && (v->type.dtype == OFZ_I64 || v->type.dtype == OFZ_I32));
    }
    for (size_t i = 0; open && i < g->value.count; i++) {
        ofz_value *v = g->value.item[i];

        if (v->producer && !v->constant && !v->is_output && v->kind == OFZ_KIND_TENSOR)
            OFZ_TRY(ofz_tensor_set(f->ctx, &v->type, OFZ_UNDEFINED, -1, NULL));
    }
    return OFZ_OK;
}

/* --- rounds ----------------------------------------------------------------------------------- */

static ofz_status pass_run(ofz_fold *f, ofz_graph *g, const ofz_fold_pass *pass, int depth)
{
    if (depth > f->ctx->limits.depth) return OFZ_OK;
    OFZ_TRY(pass->run(f, g));
    for (size_t i = 0; i < g->node.count; i++) {
        const ofz_node *n = g->node.item[i];

        for (size_t k = 0; k < n->attr_count && !n->removed; k++)
            if (n->attr[k].type == OFZ_ATTR_GRAPH && n->attr[k].u.g->parent_node == n)
                OFZ_TRY(pass_run(f, n->attr[k].u.g, pass, depth + 1));
    }
    return OFZ_OK;
}

static bool is_on(const ofz_fold *f, const ofz_fold_pass *pass, size_t i)
{
    return (f->options->passes >> i & 1) && (f->options->fuse || !pass->fuses);
}

/* Inference is asked again where a pass changed what the next one looks at. */
static ofz_status round_run(ofz_fold *f, const ofz_fold_pass *pass, size_t count,
                            ofz_fold_result *result)
{
    bool stale = true;

    for (size_t i = 0; i < count; i++) {
        const size_t before = f->edits;

        if (!is_on(f, &pass[i], i)) continue;
        if (stale) OFZ_TRY(infer(f));
        OFZ_TRY(pass_run(f, f->model->graph, &pass[i], 0));
        result->count[i] += f->edits - before;
        stale = f->edits != before;
        if (stale) ofz_graph_sweep(f->model->graph, false);
    }
    return OFZ_OK;
}

/* An initializer that nobody reads goes, its place among the inputs as well: below IR 4 each has one. */
static void drop_constants(ofz_fold *f, ofz_graph *g)
{
    size_t kept = 0;

    for (size_t i = 0; i < g->input.count; i++) {
        ofz_value *v = g->input.item[i];

        if (!g->parent && f->model->ir_version < 4 && v->constant && !v->use_count &&
            !v->is_output && !ofz_fold_varies(f, v)) {
            v->is_input = false;
            g->changed  = true;
        } else {
            g->input.item[kept++] = v;
        }
    }
    g->input.count = kept;
}

/* What trains stays listed, read or not. */
static bool varying_unread(const ofz_fold *f)
{
    for (size_t i = 0; f->trains && i < f->model->tensor.count; i++) {
        const ofz_value *v = f->model->tensor.item[i];

        if (!v->use_count && !v->is_output && ofz_fold_varies(f, v)) return true;
    }
    return false;
}

static ofz_status constant_as_node(ofz_fold *f, ofz_value *v)
{
    const ofz_attr      value = { .name = "value", .type = OFZ_ATTR_TENSOR, .u.t = v->constant };
    const ofz_node_spec spec  = { .name       = "",
                                  .op_type    = "Constant",
                                  .domain     = "",
                                  .out_count  = 1,
                                  .attr_count = 1,
                                  .out        = &v,
                                  .attr       = &value };

    v->initializer = false;
    return ofz_node_add(f->ctx, v->graph, &spec, NULL);
}

/* Below IR 4 an initializer is an input as well: new constants, which are none, are nodes. */
static ofz_status constants_as_nodes(ofz_fold *f, ofz_graph *g, int depth)
{
    const size_t count = g->node.count;

    for (size_t i = 0; i < g->value.count; i++) {
        ofz_value *v = g->value.item[i];

        if (v->constant && !v->producer && !v->is_input && v->origin < 0)
            OFZ_TRY(constant_as_node(f, v));
    }
    for (size_t i = 0; i < count && depth < f->ctx->limits.depth; i++) {
        const ofz_node *n = g->node.item[i];

        for (size_t k = 0; k < n->attr_count; k++)
            if (n->attr[k].type == OFZ_ATTR_GRAPH && n->attr[k].u.g->parent_node == n)
                OFZ_TRY(constants_as_nodes(f, n->attr[k].u.g, depth + 1));
    }
    return ofz_graph_sort(f->ctx, g);
}

static int64_t constants_size(const ofz_model *m)
{
    int64_t size = 0;

    for (size_t i = 0; i < m->tensor.count; i++)
        size += (int64_t)((const ofz_value *)m->tensor.item[i])->constant->size;
    return size;
}

/* --- what is left ----------------------------------------------------------------------------- */

/* For each value the constant that trains, or else the input, that it depends on: an index into the
 * graph's values in scratch, -1: none. */
static void trace_sources(const ofz_fold *f, ofz_graph *g)
{
    for (size_t i = 0; i < g->value.count; i++) {
        ofz_value *v = g->value.item[i];

        v->scratch =
            (v->is_input && !ofz_fold_constant(f, v)) || ofz_fold_varies(f, v) ? (int)i : -1;
    }
    for (size_t i = 0; i < g->node.count; i++) {
        const ofz_node *n    = g->node.item[i];
        int             from = -1;

        for (size_t k = 0; k < n->in_count && from < 0; k++)
            if (n->in[k] && n->in[k]->graph == g) from = n->in[k]->scratch;
        for (size_t k = 0; k < n->out_count; k++)
            if (n->out[k] && n->out[k]->scratch < 0) n->out[k]->scratch = from;
    }
}

static void input_reason(const ofz_fold *f, const ofz_graph *g, const ofz_node *n, char *buf,
                         size_t size)
{
    for (size_t k = 0; k < n->in_count; k++) {
        const ofz_value *v = n->in[k], *from;

        if (!v || ofz_fold_constant(f, v)) continue;
        from = v->graph == g && v->scratch >= 0 ? g->value.item[v->scratch] : NULL;
        if (from && ofz_fold_varies(f, from))
            snprintf(buf, size, "trains: %.100s", from->name);
        else if (from)
            snprintf(buf, size, "reads input %.100s", from->name);
        else
            snprintf(buf, size, "reads %.100s, which is no constant", v->name);
        return;
    }
}

static ofz_status node_left(ofz_fold *f, ofz_node *n, ofz_fold_left_fn *left, void *user)
{
    ofz_fold_bar bar;
    int64_t      size = -1;
    char         buf[256];

    if (n->out_count == 1 && n->out[0] && n->out[0]->constant) {
        left(user, n, ofz_fold_varies(f, n->out[0]) ? "trains" : "a constant");
        return OFZ_OK;
    }
    OFZ_TRY(ofz_fold_node(f, n, &bar, &size));
    switch (bar) {
    case OFZ_FOLD_FREE:
        snprintf(buf, sizeof buf, "left out: the pass that folds it is off");
        break;
    case OFZ_FOLD_UNKNOWN:
        snprintf(buf, sizeof buf, "unknown operator");
        break;
    case OFZ_FOLD_RANDOM:
        snprintf(buf, sizeof buf, "random");
        break;
    case OFZ_FOLD_BODY:
        snprintf(buf, sizeof buf, "has subgraphs");
        input_reason(f, n->graph, n, buf, sizeof buf);
        break;
    case OFZ_FOLD_INPUT:
        input_reason(f, n->graph, n, buf, sizeof buf);
        break;
    case OFZ_FOLD_SIZE:
        if (size < 0)
            snprintf(buf, sizeof buf, "size: the result is larger than the limit");
        else
            snprintf(buf, sizeof buf, "size: %" PRId64 " bytes", size);
        break;
    case OFZ_FOLD_WORK:
        snprintf(buf, sizeof buf, "takes too long to compute");
        break;
    case OFZ_FOLD_FAILS:
        snprintf(buf, sizeof buf, "fails when it is evaluated");
        break;
    case OFZ_FOLD_KIND:
        snprintf(buf, sizeof buf, "makes text, a sequence or an optional");
        break;
    default:
        snprintf(buf, sizeof buf, "cannot be evaluated beforehand");
    }
    left(user, n, buf);
    return OFZ_OK;
}

static ofz_status report_left(ofz_fold *f, ofz_fold_left_fn *left, void *user)
{
    ofz_graph *g = f->model->graph;

    f->dry = true;
    trace_sources(f, g);
    for (size_t i = 0; i < g->node.count; i++) OFZ_TRY(node_left(f, g->node.item[i], left, user));
    return OFZ_OK;
}

/* --- the whole -------------------------------------------------------------------------------- */

static ofz_status fold(ofz_fold *f, const ofz_fold_pass *pass, size_t count,
                       ofz_fold_result *result)
{
    size_t before;

    do {
        before = f->edits;
        OFZ_TRY(round_run(f, pass, count, result));
        result->rounds++;
    } while (f->edits != before && result->rounds < ROUNDS_MOST);
    if (!f->edits) return OFZ_OK;
    drop_constants(f, f->model->graph);
    ofz_graph_sweep(f->model->graph, !varying_unread(f));
    return f->model->ir_version < 4 ? constants_as_nodes(f, f->model->graph, 0) : OFZ_OK;
}

ofz_status ofz_fold_model(ofz_ctx *ctx, ofz_model *model, const ofz_fold_options *options,
                          const ofz_fold_pass *pass, size_t pass_count, ofz_fold_left_fn *left,
                          void *user, ofz_fold_result *result)
{
    ofz_fold        f    = { .ctx = ctx, .model = model, .options = options, .work = work_most };
    ofz_fold_result sums = { 0 };
    const int64_t   size = constants_size(model);
    ofz_status      st;

    if (pass_count > OFZ_FOLD_PASSES) pass_count = OFZ_FOLD_PASSES;
    st = list_varying(&f);
    if (!st) st = forget_types(&f);
    if (!st) st = fold(&f, pass, pass_count, &sums);
    if (!st) st = ofz_model_relist(ctx, model);
    if (!st && left) st = report_left(&f, left, user);
    if (!st) st = ofz_graph_verify(ctx, model->graph);
    sums.growth = st ? 0 : constants_size(model) - size;
    known_forget(&f);
    ofz_list_free(&f.all);
    ofz_map_free(&f.varies);
    ofz_arena_free(&f.arena);
    if (!st && result) *result = sums;
    return st;
}
