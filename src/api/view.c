/* view.c - see view.h. */
#include "api/view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ops/op.h"
#include "pass/functions.h"
#include "pass/infer_shapes.h"
#include "pass/roles.h"

/* --- values ----------------------------------------------------------------------------------- */

ofz_status ofz_view_value(ofz_ctx *ctx, ofz_arena *arena, const ofz_value *v, ofz_value_info *out)
{
    const bool   tensor = v->kind == OFZ_KIND_TENSOR || v->kind == OFZ_KIND_SPARSE;
    const int    rank   = tensor ? v->type.rank : -1;
    const size_t n      = rank > 0 ? (size_t)rank : 0;
    int64_t     *dim    = OFZ_NEWS(arena, int64_t, n);
    const char **name   = OFZ_NEWS(arena, const char *, n);

    if (!dim || !name) return ofz_fail_nomem(ctx, v->name, n * sizeof *dim);
    for (size_t i = 0; i < n; i++) {
        dim[i]  = v->type.dim[i] < 0 ? -1 : v->type.dim[i];
        name[i] = ofz_symbol_name(v->graph, v->type.dim[i]);
    }
    *out = (ofz_value_info){ .name     = v->name,
                             .dtype    = tensor ? v->type.dtype : OFZ_UNDEFINED,
                             .rank     = rank,
                             .shape    = dim,
                             .dim_name = name };
    return OFZ_OK;
}

static ofz_status view_values(ofz_ctx *ctx, ofz_view *view, const ofz_list *list,
                              ofz_value_info **out)
{
    *out = OFZ_NEWS(&view->arena, ofz_value_info, list->count);
    if (!*out) return ofz_fail_nomem(ctx, "model", list->count);
    for (size_t i = 0; i < list->count; i++)
        OFZ_TRY(ofz_view_value(ctx, &view->arena, list->item[i], &(*out)[i]));
    return OFZ_OK;
}

/* --- nodes ------------------------------------------------------------------------------------ */

/* Everything that reads `v` in the main graph, itself or inside a subgraph, is deeper than `depth`. */
static void push_depth(const ofz_value *v, const ofz_graph *g, int depth)
{
    for (size_t u = 0; u < v->use_count; u++) {
        ofz_node *n = v->use[u].node;

        if (n->graph == g && n->scratch < depth + 1) n->scratch = depth + 1;
    }
}

/* Longest path from an input that is not an initializer; 0: no input reaches the node. */
static void view_depths(ofz_view *view, ofz_graph *g)
{
    for (size_t i = 0; i < g->node.count; i++) ((ofz_node *)g->node.item[i])->scratch = 0;
    for (size_t i = 0; i < g->input.count; i++) {
        const ofz_value *v = g->input.item[i];

        if (!v->constant) push_depth(v, g, 0);
    }
    for (size_t i = 0; i < g->node.count; i++) {
        const ofz_node *n = g->node.item[i];

        view->node[i].depth = n->scratch;
        for (size_t k = 0; n->scratch && k < n->out_count; k++)
            if (n->out[k]) push_depth(n->out[k], g, n->scratch);
    }
}

static ofz_status names_of(ofz_ctx *ctx, ofz_view *view, ofz_value *const *v, size_t count,
                           const char *const **out)
{
    const char **name = OFZ_NEWS(&view->arena, const char *, count);

    if (!name) return ofz_fail_nomem(ctx, "node", count);
    for (size_t i = 0; i < count; i++) name[i] = v[i] ? v[i]->name : "";
    *out = name;
    return OFZ_OK;
}

static ofz_status view_node(ofz_ctx *ctx, const ofz_model *m, ofz_view *view, const ofz_node *n,
                            ofz_node_view *out)
{
    out->called = ofz_function_called(m, n);
    out->known  = out->called || ofz_op_find(n->domain, n->op_type, n->opset) != NULL;
    out->result = OFZ_NEWS(&view->arena, ofz_value_info, n->out_count);
    if (!out->result) return ofz_fail_nomem(ctx, "node", n->out_count);
    OFZ_TRY(names_of(ctx, view, n->in, n->in_count, &out->input));
    OFZ_TRY(names_of(ctx, view, n->out, n->out_count, &out->output));
    for (size_t i = 0; i < n->out_count; i++) {
        out->result[i] = (ofz_value_info){ .name = "", .rank = -1 };
        if (n->out[i]) OFZ_TRY(ofz_view_value(ctx, &view->arena, n->out[i], &out->result[i]));
    }
    return OFZ_OK;
}

/* --- tensors ---------------------------------------------------------------------------------- */

static const char *node_label(ofz_view *view, const ofz_node *n)
{
    if (n->name[0]) return n->name;
    return ofz_arena_printf(&view->arena, "%s -> %s", n->op_type,
                            n->out_count && n->out[0] ? n->out[0]->name : "");
}

/* A node counts once however often it reads the tensor; scratch remembers for which it has. The use of
 * a node that holds a reading subgraph (index -1) is left to the reader inside. */
static ofz_status view_users(ofz_ctx *ctx, ofz_view *view, const ofz_value *v, ofz_tensor_view *out)
{
    const char **name  = OFZ_NEWS(&view->arena, const char *, v->use_count);
    size_t       count = 0;

    if (!name) return ofz_fail_nomem(ctx, v->name, v->use_count);
    for (size_t u = 0; u < v->use_count; u++) v->use[u].node->scratch = 0;
    for (size_t u = 0; u < v->use_count; u++) {
        ofz_node *n = v->use[u].node;

        if (v->use[u].index < 0 || n->scratch) continue;
        n->scratch  = 1;
        name[count] = node_label(view, n);
        if (!name[count++]) return ofz_fail_nomem(ctx, v->name, sizeof *name);
    }
    out->used_by    = name;
    out->user_count = count;
    return OFZ_OK;
}

static ofz_status view_tensor(ofz_ctx *ctx, ofz_view *view, const ofz_value *v, size_t index,
                              ofz_tensor_view *out)
{
    const ofz_tensor *t = v->constant;

    out->role = ofz_value_role(v);
    out->size = t->size;
    if (t->dtype == OFZ_STRING) {
        out->size = 0;
        for (int64_t i = 0; i < t->count; i++) out->size += ((const ofz_string *)t->data)[i].size;
    }
    if (!ofz_map_get(&view->by_name, v->name) &&
        !ofz_map_put(&view->by_name, v->name, (void *)(uintptr_t)(index + 1)))
        return ofz_fail_nomem(ctx, v->name, sizeof(void *));
    return view_users(ctx, view, v, out);
}

/* --- functions -------------------------------------------------------------------------------- */

static void count_calls(const ofz_model *m, ofz_view *view, const ofz_graph *g)
{
    for (size_t i = 0; i < g->node.count; i++) {
        const ofz_node     *n = g->node.item[i];
        const ofz_function *f = ofz_function_called(m, n);

        if (f) view->calls[f - m->function]++;
        for (size_t k = 0; k < n->attr_count; k++)
            if (n->attr[k].type == OFZ_ATTR_GRAPH && n->attr[k].u.g)
                count_calls(m, view, n->attr[k].u.g);
    }
}

static ofz_status view_functions(ofz_ctx *ctx, const ofz_model *m, ofz_view *view)
{
    view->calls = OFZ_NEWS(&view->arena, size_t, m->function_count);
    if (!view->calls) return ofz_fail_nomem(ctx, "functions", m->function_count);
    count_calls(m, view, m->graph);
    for (size_t i = 0; i < m->function_count; i++) count_calls(m, view, m->function[i].graph);
    return OFZ_OK;
}

/* --- the whole -------------------------------------------------------------------------------- */

/* Keep the text of a failure that a model is loaded in spite of. */
static ofz_status failure_keep(ofz_ctx *ctx, ofz_view *view, ofz_status st, const char *what,
                               const char **text)
{
    if (st == OFZ_E_NOMEM) return st;
    *text = st ? ofz_arena_strdup(&view->arena, ofz_error(ctx)) : "";
    if (!*text) return ofz_fail_nomem(ctx, "model", sizeof ctx->text);
    if (st) ofz_log(ctx, OFZ_LOG_INFO, "%s: %s", what, ofz_error(ctx));
    return OFZ_OK;
}

/* What was found in the flat graph holds in the model's. */
static ofz_status types_take(ofz_ctx *ctx, ofz_graph *g, const ofz_graph *flat)
{
    g->next_symbol = flat->next_symbol;
    for (size_t i = 0; i < g->value.count; i++) {
        ofz_value        *v = g->value.item[i];
        const ofz_tensor *t = v->flat ? &v->flat->type : NULL;

        if (!t) continue;
        v->kind = v->flat->kind;
        OFZ_TRY(ofz_tensor_set(ctx, &v->type, t->dtype, t->rank, t->dim));
    }
    return OFZ_OK;
}

static ofz_status infer(ofz_ctx *ctx, ofz_model *m, ofz_view *view)
{
    view->inline_status = ofz_functions_flatten(ctx, m);
    OFZ_TRY(failure_keep(ctx, view, view->inline_status, "functions", &view->inline_text));
    view->infer_status = ofz_infer_graph(ctx, m->flat ? m->flat : m->graph, 0);
    OFZ_TRY(failure_keep(ctx, view, view->infer_status, "shape inference", &view->infer_text));
    return m->flat ? types_take(ctx, m->graph, m->flat) : OFZ_OK;
}

static ofz_status view_fill(ofz_ctx *ctx, ofz_model *m, ofz_view *view)
{
    const ofz_graph *g = m->graph;

    OFZ_TRY(infer(ctx, m, view));
    OFZ_TRY(view_functions(ctx, m, view));
    view->tensor = OFZ_NEWS(&view->arena, ofz_tensor_view, m->tensor.count);
    view->node   = OFZ_NEWS(&view->arena, ofz_node_view, g->node.count);
    if (!view->tensor || !view->node) return ofz_fail_nomem(ctx, "model", g->node.count);
    OFZ_TRY(view_values(ctx, view, &g->input, &view->input));
    OFZ_TRY(view_values(ctx, view, &g->output, &view->output));
    view_depths(view, m->graph);
    for (size_t i = 0; i < g->node.count; i++)
        OFZ_TRY(view_node(ctx, m, view, g->node.item[i], &view->node[i]));
    for (size_t i = 0; i < m->tensor.count; i++)
        OFZ_TRY(view_tensor(ctx, view, m->tensor.item[i], i, &view->tensor[i]));
    return OFZ_OK;
}

ofz_status ofz_view_make(ofz_ctx *ctx, ofz_model *model)
{
    model->view = calloc(1, sizeof *model->view);
    if (!model->view) return ofz_fail_nomem(ctx, "model", sizeof *model->view);
    return view_fill(ctx, model, model->view);
}

void ofz_view_free(ofz_model *model)
{
    if (!model->view) return;
    ofz_map_free(&model->view->by_name);
    ofz_arena_free(&model->view->arena);
    free(model->view);
    model->view = NULL;
}

/* Marks may have been changed since the view was made. A mark decides alone; without one the defaults do,
 * unless some tensor of the model is marked. */
bool ofz_view_trains(const ofz_model *model, size_t index)
{
    const ofz_value *v = model->tensor.item[index];

    if (v->mark == OFZ_MARK_NONE && !ofz_value_trains_by_default(v)) return false;
    return ofz_value_trains(v, ofz_model_marked(model));
}

bool ofz_view_frozen(const ofz_model *model, size_t index)
{
    return !ofz_view_trains(model, index) &&
           !ofz_value_moves(model->tensor.item[index], ofz_model_marked(model));
}
