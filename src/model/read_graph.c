/* read_graph.c - GraphProto and FunctionProto to ofz_graph: values first, then the nodes between
 * them. */
#include <string.h>

#include "model/reader.h"
#include "model/sparse.h"

/* --- values ----------------------------------------------------------------------------------- */

static ofz_status read_input(ofz_reader *r, const Onnx__ValueInfoProto *p, ofz_graph *g)
{
    ofz_value *v;

    if (!p->name || !p->name[0]) return ofz_fail(r->ctx, OFZ_E_MODEL, "graph input without a name");
    OFZ_TRY(ofz_value_new(r->ctx, g, p->name, &v));
    v->is_input = true;
    v->declared = ofz_read_span(r, &p->base);
    OFZ_TRY(ofz_read_type(r, p->type, v));
    return ofz_list_push(&g->input, v) ? OFZ_OK : ofz_fail_nomem(r->ctx, v->name, sizeof(void *));
}

/* At IR 3 an initializer is a graph input as well: one value. */
static ofz_status read_initializer(ofz_reader *r, const Onnx__TensorProto *p, ofz_graph *g)
{
    ofz_value  *v;
    ofz_tensor *t = OFZ_NEW(g->arena, ofz_tensor);

    if (!t) return ofz_fail_nomem(r->ctx, "initializer", sizeof *t);
    if (!p->name || !p->name[0]) return ofz_fail(r->ctx, OFZ_E_MODEL, "initializer without a name");
    v = ofz_map_get(&g->by_name, p->name);
    if (!v)
        OFZ_TRY(ofz_value_new(r->ctx, g, p->name, &v));
    else if (v->constant)
        return ofz_fail(r->ctx, OFZ_E_MODEL, "initializer '%.100s': defined twice", p->name);
    OFZ_TRY(ofz_tensor_proto_read(r->ctx, r->model, p, t, &v->external));
    v->constant    = t;
    v->kind        = OFZ_KIND_TENSOR;
    v->initializer = true;
    v->origin      = ofz_message_origin(&p->base);
    OFZ_TRY(ofz_tensor_set(r->ctx, &v->type, t->dtype, t->rank, t->dim));
    return ofz_read_marks(r, p, v);
}

/* Dense from here on; the file's bytes stay as they are, and nobody may write to them. */
static ofz_status read_sparse(ofz_reader *r, const Onnx__SparseTensorProto *p, ofz_graph *g)
{
    const char *name = p->values ? p->values->name : NULL;
    ofz_tensor *t    = OFZ_NEW(g->arena, ofz_tensor);
    ofz_value  *v;

    if (!t) return ofz_fail_nomem(r->ctx, "initializer", sizeof *t);
    if (!name || !name[0])
        return ofz_fail(r->ctx, OFZ_E_MODEL, "sparse initializer without a name");
    v = ofz_map_get(&g->by_name, name);
    if (v && (!v->is_input || v->constant))
        return ofz_fail(r->ctx, OFZ_E_MODEL, "initializer '%.100s': defined twice", name);
    if (!v) OFZ_TRY(ofz_value_new(r->ctx, g, name, &v));
    OFZ_TRY(ofz_sparse_read(r->ctx, r->model, p, t));
    v->constant    = t;
    v->kind        = OFZ_KIND_TENSOR;
    v->initializer = true;
    v->sparse      = true;
    return ofz_tensor_set(r->ctx, &v->type, t->dtype, t->rank, t->dim);
}

/* All outputs before any node, so that names resolve in files that are not sorted. */
static ofz_status read_node_outputs(ofz_reader *r, const Onnx__NodeProto *p, ofz_graph *g)
{
    ofz_value *v;

    for (size_t i = 0; i < p->n_output; i++)
        if (p->output[i][0]) OFZ_TRY(ofz_value_new(r->ctx, g, p->output[i], &v));
    return OFZ_OK;
}

/* An output of a subgraph that only names an outer value is a dangling value of its own; the node that
 * owns the subgraph reads what it names. */
static ofz_status read_outer_output(ofz_reader *r, const ofz_value *v, ofz_list *captured)
{
    ofz_value *outer = v->graph->parent ? ofz_value_find(v->graph->parent, v->name) : NULL;

    if (!outer || ofz_list_push(captured, outer)) return OFZ_OK;
    return ofz_fail_nomem(r->ctx, v->name, sizeof(void *));
}

static ofz_status read_output(ofz_reader *r, const Onnx__ValueInfoProto *p, ofz_graph *g,
                              ofz_list *captured)
{
    ofz_value *v;

    if (!p->name || !p->name[0])
        return ofz_fail(r->ctx, OFZ_E_MODEL, "graph output without a name");
    v = ofz_map_get(&g->by_name, p->name);
    if (!v) { /* dangling; the check reports it */
        OFZ_TRY(ofz_value_new(r->ctx, g, p->name, &v));
        OFZ_TRY(read_outer_output(r, v, captured));
    }
    v->is_output = true;
    if (!v->is_input) v->declared = ofz_read_span(r, &p->base);
    if (!v->is_input && !v->constant) OFZ_TRY(ofz_read_type(r, p->type, v));
    return ofz_list_push(&g->output, v) ? OFZ_OK : ofz_fail_nomem(r->ctx, v->name, sizeof(void *));
}

static ofz_status read_value_info(ofz_reader *r, const Onnx__ValueInfoProto *p, ofz_graph *g)
{
    ofz_value *v = p->name ? ofz_map_get(&g->by_name, p->name) : NULL;

    if (!v || v->is_input || v->constant) return OFZ_OK;
    v->declared = ofz_read_span(r, &p->base);
    return ofz_read_type(r, p->type, v);
}

/* --- nodes ------------------------------------------------------------------------------------ */

/* Values of `g` are read inside a subgraph of its node `n`; values from further out are passed on.
 */
static ofz_status capture(ofz_reader *r, ofz_graph *g, ofz_node *n, const ofz_list *inner,
                          ofz_list *outer)
{
    for (size_t i = 0; i < inner->count; i++) {
        ofz_value     *v    = inner->item[i];
        const ofz_use *last = v->use_count ? &v->use[v->use_count - 1] : NULL;

        if (v->graph != g) {
            if (!ofz_list_push(outer, v)) return ofz_fail_nomem(r->ctx, v->name, sizeof(void *));
        } else if (!last || last->node != n || last->index != -1) {
            OFZ_TRY(ofz_value_use(r->ctx, v, n, -1));
        }
    }
    return OFZ_OK;
}

static ofz_status find_inputs(ofz_reader *r, const Onnx__NodeProto *p, ofz_graph *g,
                              ofz_list *captured, ofz_value **in)
{
    for (size_t i = 0; i < p->n_input; i++) {
        if (!p->input[i][0]) continue;
        in[i] = ofz_value_find(g, p->input[i]);
        if (!in[i]) OFZ_TRY(ofz_value_new(r->ctx, g, p->input[i], &in[i]));
        if (in[i]->graph != g && !ofz_list_push(captured, in[i]))
            return ofz_fail_nomem(r->ctx, "node", sizeof(void *));
    }
    return OFZ_OK;
}

/* A Gradient node reads values by names in its attributes, as a subgraph would. */
static ofz_status read_named(ofz_reader *r, const ofz_node *n, ofz_list *inner)
{
    const bool gradient =
        !strcmp(n->op_type, "Gradient") && !strcmp(n->domain, "ai.onnx.preview.training");

    for (size_t i = 0; gradient && i < n->attr_count; i++) {
        const ofz_attr   *a    = &n->attr[i];
        const ofz_strings list = a->type == OFZ_ATTR_STRINGS  ? a->u.strings
                                 : a->type == OFZ_ATTR_STRING ? (ofz_strings){ &a->u.s, 1 }
                                                              : (ofz_strings){ 0 };

        for (size_t k = 0; k < list.count; k++) { /* texts in the arena end with a NUL */
            ofz_value *v = ofz_value_find(n->graph, list.v[k].text);

            if (v && v->producer != n && !ofz_list_push(inner, v))
                return ofz_fail_nomem(r->ctx, "node", sizeof(void *));
        }
    }
    return OFZ_OK;
}

static ofz_status read_node_into(ofz_reader *r, const Onnx__NodeProto *p, ofz_graph *g,
                                 ofz_list *inner, ofz_list *captured)
{
    ofz_arena    *a      = g->arena;
    ofz_value   **in     = OFZ_NEWS(a, ofz_value *, p->n_input);
    ofz_value   **out    = OFZ_NEWS(a, ofz_value *, p->n_output);
    ofz_attr     *attr   = OFZ_NEWS(a, ofz_attr, p->n_attribute);
    const char   *domain = p->domain && strcmp(p->domain, "ai.onnx") != 0 ? p->domain : "";
    ofz_node_spec spec   = { p->name,
                           p->op_type ? p->op_type : "",
                             domain,
                             0,
                             p->n_input,
                             p->n_output,
                             p->n_attribute,
                             in,
                             out,
                             attr };
    ofz_node     *n;

    if (!in || !out || !attr) return ofz_fail_nomem(r->ctx, "node", sizeof *n);
    if (!strcmp(domain, "ofz")) /* rows that trust the gradient pass to call them rightly */
        return ofz_fail(r->ctx, OFZ_E_MODEL, "domain 'ofz': private, not for files");
    for (size_t i = 0; i < p->n_attribute; i++)
        OFZ_TRY(ofz_read_attribute(r, p->attribute[i], g, inner, &attr[i]));
    OFZ_TRY(find_inputs(r, p, g, captured, in));
    for (size_t i = 0; i < p->n_output; i++)
        if (p->output[i][0]) out[i] = ofz_map_get(&g->by_name, p->output[i]);
    OFZ_TRY(ofz_node_add(r->ctx, g, &spec, &n));
    n->origin  = ofz_message_origin(&p->base);
    n->changed = false;
    OFZ_TRY(read_named(r, n, inner));
    OFZ_TRY(ofz_read_text(r, p->overload, &n->overload));
    for (size_t i = 0; i < n->attr_count; i++)
        if (n->attr[i].type == OFZ_ATTR_GRAPH && n->attr[i].u.g) n->attr[i].u.g->parent_node = n;
    OFZ_TRY(capture(r, g, n, inner, captured));
    return ofz_read_constant(r, p, n);
}

static ofz_status read_node(ofz_reader *r, const Onnx__NodeProto *p, ofz_graph *g,
                            ofz_list *captured)
{
    ofz_list         inner = { 0 };
    const ofz_status st    = read_node_into(r, p, g, &inner, captured);

    ofz_list_free(&inner);
    if (!st) return OFZ_OK;
    return ofz_at(r->ctx, st, "node '%.100s' (%.60s)",
                  p->name && p->name[0]            ? p->name
                  : p->n_output && p->output[0][0] ? p->output[0]
                                                   : "",
                  p->op_type ? p->op_type : "");
}

/* --- the graph -------------------------------------------------------------------------------- */

/* Put the nodes in order, and remember the first one that did not stand in it. */
static ofz_status sort(ofz_reader *r, ofz_graph *g)
{
    const size_t count = g->node.count;
    ofz_node   **was   = OFZ_NEWS(g->arena, ofz_node *, count);
    char         text[256];

    if (!was) return ofz_fail_nomem(r->ctx, "graph", count * sizeof(void *));
    if (count) memcpy(was, g->node.item, count * sizeof(void *));
    OFZ_TRY(ofz_graph_sort(r->ctx, g));
    for (size_t i = 0; i < count && !r->model->file->unsorted && !r->in_function; i++)
        if (was[i] != g->node.item[i])
            OFZ_TRY(ofz_read_text(r, ofz_node_text(text, sizeof text, was[i]),
                                  &r->model->file->unsorted));
    return OFZ_OK;
}

static ofz_status fill(ofz_reader *r, const Onnx__GraphProto *p, ofz_graph *g, ofz_list *captured)
{
    OFZ_TRY(ofz_read_text(r, p->name, &g->name));
    for (size_t i = 0; i < p->n_input; i++) OFZ_TRY(read_input(r, p->input[i], g));
    for (size_t i = 0; i < p->n_initializer; i++)
        OFZ_TRY(read_initializer(r, p->initializer[i], g));
    for (size_t i = 0; i < p->n_sparse_initializer; i++)
        OFZ_TRY(read_sparse(r, p->sparse_initializer[i], g));
    for (size_t i = 0; i < p->n_node; i++) OFZ_TRY(read_node_outputs(r, p->node[i], g));
    for (size_t i = 0; i < p->n_value_info; i++) OFZ_TRY(read_value_info(r, p->value_info[i], g));
    for (size_t i = 0; i < p->n_output; i++) OFZ_TRY(read_output(r, p->output[i], g, captured));
    for (size_t i = 0; i < p->n_node; i++) OFZ_TRY(read_node(r, p->node[i], g, captured));
    return sort(r, g);
}

ofz_status ofz_read_graph(ofz_reader *r, const Onnx__GraphProto *p, ofz_graph *parent,
                          ofz_list *captured, ofz_graph **out)
{
    ofz_model *m = r->model;
    ofz_graph *g;

    OFZ_TRY(ofz_graph_new(r->ctx, &m->arena, parent, &m->symbol, &g));
    if (!ofz_list_push(&r->graph, g)) return ofz_fail_nomem(r->ctx, "graph", sizeof(void *));
    if (!parent) {
        m->graph       = g;
        g->opset       = m->opset;
        g->opset_count = m->opset_count;
    }
    OFZ_TRY(fill(r, p, g, captured));
    g->origin  = ofz_message_origin(&p->base);
    g->changed = false;
    *out       = g;
    return OFZ_OK;
}

/* --- functions -------------------------------------------------------------------------------- */

static ofz_status read_function_values(ofz_reader *r, const Onnx__FunctionProto *p, ofz_graph *g)
{
    ofz_value *v;

    for (size_t i = 0; i < p->n_input; i++) {
        if (!p->input[i][0])
            return ofz_fail(r->ctx, OFZ_E_MODEL, "input %zu of a function: no name", i);
        OFZ_TRY(ofz_value_new(r->ctx, g, p->input[i], &v));
        v->is_input = true;
        if (!ofz_list_push(&g->input, v)) return ofz_fail_nomem(r->ctx, v->name, sizeof v);
    }
    for (size_t i = 0; i < p->n_node; i++) OFZ_TRY(read_node_outputs(r, p->node[i], g));
    for (size_t i = 0; i < p->n_value_info; i++) OFZ_TRY(read_value_info(r, p->value_info[i], g));
    for (size_t i = 0; i < p->n_output; i++) {
        if (!p->output[i][0])
            return ofz_fail(r->ctx, OFZ_E_MODEL, "output %zu of a function: no name", i);
        v = ofz_map_get(&g->by_name, p->output[i]);
        if (!v) OFZ_TRY(ofz_value_new(r->ctx, g, p->output[i], &v)); /* the check reports it */
        v->is_output = true;
        if (!ofz_list_push(&g->output, v)) return ofz_fail_nomem(r->ctx, v->name, sizeof v);
    }
    return OFZ_OK;
}

static ofz_status read_function_attributes(ofz_reader *r, const Onnx__FunctionProto *p,
                                           ofz_function *f)
{
    ofz_list     captured = { 0 };
    const char **name     = OFZ_NEWS(&r->model->arena, const char *, p->n_attribute);
    ofz_status   st       = OFZ_OK;

    f->defaults = OFZ_NEWS(&r->model->arena, ofz_attr, p->n_attribute_proto);
    if (!name || !f->defaults) return ofz_fail_nomem(r->ctx, "function", p->n_attribute);
    for (size_t i = 0; i < p->n_attribute; i++)
        OFZ_TRY(ofz_read_text(r, p->attribute[i], &name[i]));
    f->attr       = name;
    f->attr_count = p->n_attribute;
    for (size_t i = 0; i < p->n_attribute_proto; i++) {
        OFZ_GOTO(
            ofz_read_attribute(r, p->attribute_proto[i], f->graph, &captured, &f->defaults[i]));
        f->default_count++;
    }
done:
    ofz_list_free(&captured);
    return st;
}

static ofz_status read_function_body(ofz_reader *r, const Onnx__FunctionProto *p, ofz_function *f)
{
    ofz_list   captured = { 0 }; /* stays empty: a body sees nothing around it */
    ofz_status st       = OFZ_OK;

    OFZ_TRY(ofz_graph_new(r->ctx, &r->model->arena, NULL, &r->model->symbol, &f->graph));
    f->graph->name = f->name;
    OFZ_TRY(ofz_read_opsets(r, p->opset_import, p->n_opset_import, &f->graph->opset,
                            &f->graph->opset_count));
    OFZ_TRY(read_function_values(r, p, f->graph));
    for (size_t i = 0; i < p->n_node && !st; i++)
        st = read_node(r, p->node[i], f->graph, &captured);
    ofz_list_free(&captured);
    OFZ_TRY(st);
    OFZ_TRY(read_function_attributes(r, p, f));
    OFZ_TRY(sort(r, f->graph));
    f->graph->changed = false;
    return OFZ_OK;
}

ofz_status ofz_read_function(ofz_reader *r, const Onnx__FunctionProto *p, ofz_function *out)
{
    const char *domain = p->domain && strcmp(p->domain, "ai.onnx") != 0 ? p->domain : "";
    ofz_status  st;

    OFZ_TRY(ofz_read_text(r, domain, &out->domain));
    OFZ_TRY(ofz_read_text(r, p->name, &out->name));
    OFZ_TRY(ofz_read_text(r, p->overload, &out->overload));
    out->node_count = p->n_node;
    r->in_function  = true;
    st              = read_function_body(r, p, out);
    r->in_function  = false;
    return st ? ofz_at(r->ctx, st, "function '%.100s'", out->name) : OFZ_OK;
}
