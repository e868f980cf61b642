/* check.c - the model and its graphs, by the rules of ONNX's checker and of ONNX Runtime. */
#include "model/check.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What this program has heard of. */
enum { IR_NEWEST = 14 };

static const struct {
    const char *domain;
    int64_t     newest;
} domains[] = {
    { "", 28 },
    { "ai.onnx.ml", 5 },
    { "ai.onnx.training", 1 },
    { "ai.onnx.preview.training", 1 },
    { "ai.onnx.preview", 1 },
};

void ofz_finding(ofz_checker *c, ofz_status kind, const char *where, const char *fmt, ...)
{
    char    text[512], place[256];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    snprintf(place, sizeof place, "%s", where);
    for (char *p = text; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f) *p = '?';
    for (char *p = place; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f) *p = '?';
    c->fn(c->user, kind, place, text);
}

bool ofz_scope_define(ofz_scope *s, const char *name)
{
    return ofz_map_put(&s->name, name, s);
}

bool ofz_scope_has(const ofz_scope *s, const char *name)
{
    for (; s; s = s->outer)
        if (ofz_map_get(&s->name, name)) return true;
    return false;
}

/* --- values ----------------------------------------------------------------------------------- */

static bool type_complete(const Onnx__TypeProto *t)
{
    for (; t;) {
        switch (t->value_case) {
        case ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE:
            return t->tensor_type->has_elem_type && t->tensor_type->elem_type &&
                   t->tensor_type->shape;
        case ONNX__TYPE_PROTO__VALUE_SPARSE_TENSOR_TYPE:
            return t->sparse_tensor_type->has_elem_type && t->sparse_tensor_type->elem_type;
        case ONNX__TYPE_PROTO__VALUE_SEQUENCE_TYPE:
            t = t->sequence_type->elem_type;
            break;
        case ONNX__TYPE_PROTO__VALUE_OPTIONAL_TYPE:
            t = t->optional_type->elem_type;
            break;
        case ONNX__TYPE_PROTO__VALUE_MAP_TYPE:
            t = t->map_type->value_type;
            break;
        case ONNX__TYPE_PROTO__VALUE_OPAQUE_TYPE:
            return true;
        default:
            return false;
        }
        /* the shape of what a container holds may be left open */
        if (t && t->value_case == ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE)
            return t->tensor_type->elem_type != 0;
    }
    return false;
}

static void check_interface(ofz_checker *c, const Onnx__GraphProto *g)
{
    for (size_t i = 0; i < g->n_input; i++)
        if (!type_complete(g->input[i]->type))
            ofz_finding(c, OFZ_E_MODEL, g->input[i]->name,
                        "graph input without a type, an element type or a shape");
    for (size_t i = 0; i < g->n_output; i++)
        if (!type_complete(g->output[i]->type))
            ofz_finding(c, OFZ_E_MODEL, g->output[i]->name,
                        "graph output without a type, an element type or a shape");
}

static void check_marks(ofz_checker *c, const Onnx__TensorProto *t)
{
    ofz_marks m = { OFZ_MARK_NONE, NULL, 1 };

    for (size_t i = 0; i < t->n_metadata_props; i++) {
        const Onnx__StringStringEntryProto *e     = t->metadata_props[i];
        const char                         *value = e->value ? e->value : "";

        if (!ofz_marks_take(&m, e->key ? e->key : "", value))
            ofz_finding(c, OFZ_E_MODEL, t->name, "'%s' is '%.60s', which means nothing", e->key,
                        value);
    }
}

/* --- graphs ----------------------------------------------------------------------------------- */

static ofz_status check_names(ofz_checker *c, const Onnx__GraphProto *g, ofz_scope *scope)
{
    for (size_t i = 0; i < g->n_input; i++)
        if (!ofz_scope_define(scope, g->input[i]->name)) return ofz_fail_nomem(c->ctx, "check", 64);
    for (size_t i = 0; i < g->n_initializer; i++) {
        const Onnx__TensorProto *t = g->initializer[i];

        if (c->model->ir_version <= 3 && !ofz_map_get(&scope->name, t->name))
            ofz_finding(c, OFZ_E_MODEL, t->name,
                        "initializer that is no graph input, which IR version %" PRId64 " wants",
                        c->model->ir_version);
        if (!ofz_scope_define(scope, t->name)) return ofz_fail_nomem(c->ctx, "check", 64);
        check_marks(c, t);
    }
    for (size_t i = 0; i < g->n_sparse_initializer; i++) {
        const Onnx__SparseTensorProto *p = g->sparse_initializer[i];

        ofz_check_sparse(c, p, p->values->name);
        if (!ofz_scope_define(scope, p->values->name)) return ofz_fail_nomem(c->ctx, "check", 64);
    }
    return OFZ_OK;
}

static ofz_status check_nodes(ofz_checker *c, const Onnx__GraphProto *g, ofz_scope *scope,
                              ofz_map *node_name)
{
    for (size_t i = 0; i < g->n_node; i++) {
        const Onnx__NodeProto *n = g->node[i];

        if (n->name && n->name[0]) {
            if (ofz_map_get(node_name, n->name))
                ofz_finding(c, OFZ_E_MODEL, n->name, "node name that another node has as well");
            else if (!ofz_map_put(node_name, n->name, node_name))
                return ofz_fail_nomem(c->ctx, "check", 64);
        }
        OFZ_TRY(ofz_check_node(c, n, scope, false));
        for (size_t k = 0; k < n->n_output; k++) {
            const char *name = n->output[k];

            if (!name[0]) continue;
            if (ofz_scope_has(scope->outer, name))
                ofz_finding(c, OFZ_E_MODEL, name,
                            "made inside a subgraph under a name that an outer graph uses");
            if (!ofz_scope_define(scope, name)) return ofz_fail_nomem(c->ctx, "check", 64);
        }
    }
    return OFZ_OK;
}

ofz_status ofz_check_graph(ofz_checker *c, const Onnx__GraphProto *g, const ofz_scope *outer)
{
    ofz_scope  scope     = { .outer = outer };
    ofz_map    node_name = { 0 };
    ofz_status st;

    if (!g->name || !g->name[0])
        ofz_finding(c, OFZ_E_MODEL, outer ? "subgraph" : "graph", "no name");
    st = check_names(c, g, &scope);
    if (!st) st = check_nodes(c, g, &scope, &node_name);
    ofz_map_free(&scope.name);
    ofz_map_free(&node_name);
    return st;
}

/* --- the model -------------------------------------------------------------------------------- */

static void check_opsets(ofz_checker *c, const Onnx__ModelProto *p)
{
    const ofz_model *m = c->model;

    if (m->ir_version < 3 && p->n_opset_import)
        ofz_finding(c, OFZ_E_MODEL, "opset_import", "present, which IR version %" PRId64 " forbids",
                    m->ir_version);
    for (size_t i = 0; i < m->opset_count; i++) {
        const ofz_opset *o    = &m->opset[i];
        const char      *name = o->domain[0] ? o->domain : "ai.onnx";

        if (o->version < 1)
            ofz_finding(c, OFZ_E_MODEL, "opset_import", "%s: version %" PRId64 ", want at least 1",
                        name, o->version);
        for (size_t k = 0; k < i; k++)
            if (!strcmp(m->opset[k].domain, o->domain)) {
                ofz_finding(c, OFZ_E_MODEL, "opset_import", "%s: imported twice", name);
                break;
            }
        for (size_t k = 0; k < sizeof domains / sizeof domains[0]; k++)
            if (!strcmp(domains[k].domain, o->domain) && o->version > domains[k].newest)
                ofz_finding(c, OFZ_E_UNSUPPORTED, "opset_import",
                            "%s: version %" PRId64 ", newest known is %" PRId64, name, o->version,
                            domains[k].newest);
    }
}

static ofz_status check_metadata(ofz_checker *c, const Onnx__ModelProto *p)
{
    ofz_map    seen = { 0 };
    ofz_status st   = OFZ_OK;

    for (size_t i = 0; i < p->n_metadata_props; i++) {
        const char *key = p->metadata_props[i]->key ? p->metadata_props[i]->key : "";

        if (ofz_map_get(&seen, key))
            ofz_finding(c, OFZ_E_MODEL, "metadata_props", "key '%.100s' stands twice", key);
        else if (!ofz_map_put(&seen, key, &seen))
            OFZ_GOTO(ofz_fail_nomem(c->ctx, "check", 64));
    }
done:
    ofz_map_free(&seen);
    return st;
}

/* Values that are read, or put out, and that nothing defines. */
static void check_dangling(ofz_checker *c, const ofz_graph *g)
{
    char text[256];

    for (size_t i = 0; i < g->value.count; i++) {
        const ofz_value *v = g->value.item[i];

        if (v->producer || v->is_input || v->constant) continue;
        if (v->use_count)
            ofz_finding(c, OFZ_E_MODEL, v->name, "read by %s, made by nobody",
                        ofz_node_text(text, sizeof text, v->use[0].node));
        else if (v->is_output)
            ofz_finding(c, OFZ_E_MODEL, v->name, "graph output made by nobody");
    }
    for (size_t i = 0; i < g->node.count; i++) {
        const ofz_node *n = g->node.item[i];

        for (size_t k = 0; k < n->attr_count; k++)
            if (n->attr[k].type == OFZ_ATTR_GRAPH) check_dangling(c, n->attr[k].u.g);
    }
}

static ofz_status check_proto(ofz_checker *c, const Onnx__ModelProto *p)
{
    if (p->ir_version > IR_NEWEST)
        ofz_finding(c, OFZ_E_UNSUPPORTED, "ir_version", "%" PRId64 ", newest known is %d",
                    p->ir_version, IR_NEWEST);
    check_opsets(c, p);
    OFZ_TRY(check_metadata(c, p));
    check_interface(c, p->graph);
    if (c->model->file->unsorted)
        ofz_finding(c, OFZ_E_MODEL, c->model->file->unsorted,
                    "stands before the nodes it reads from");
    check_dangling(c, c->model->graph);
    OFZ_TRY(ofz_check_graph(c, p->graph, NULL));
    return ofz_check_functions(c, p);
}

ofz_status ofz_model_check_file(ofz_ctx *ctx, const ofz_model *model, ofz_finding_fn *fn,
                                void *user)
{
    struct ofz_model_file file    = { .folder = model->file->folder };
    ofz_model             scratch = { .bytes = model->bytes, .size = model->size, .file = &file };
    ofz_checker           c       = { ctx, model, &scratch, fn, user };
    Onnx__ModelProto     *p;
    ofz_guarded           g;
    ofz_status            st;

    OFZ_TRY(ofz_guard(ctx, &model->file->bytes, OFZ_ORIGIN_MODEL, &g));
    file.origin       = g.origin;
    file.origin_count = g.origin_count;
    p                 = onnx__model_proto__unpack(NULL, g.skeleton_size, g.skeleton);
    st = p ? check_proto(&c, p) : ofz_fail(ctx, OFZ_E_PARSE, "model: protobuf-c cannot unpack it");
    if (p) onnx__model_proto__free_unpacked(p, NULL);
    for (size_t i = 0; i < file.external.count; i++)
        ofz_file_close(&((ofz_external *)file.external.item[i])->file);
    ofz_list_free(&file.external);
    ofz_arena_free(&scratch.arena);
    ofz_guarded_free(&g);
    return st;
}
