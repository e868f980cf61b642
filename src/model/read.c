/* read.c - a file becomes a model: map, guard, unpack the skeleton, build. */
#include <stdlib.h>
#include <string.h>

#include "model/reader.h"
#include "model/sparse.h"

/* Versions are looked up in a list, once per node. */
enum { OPSET_MAX = 256 };

/* --- the model's own fields ------------------------------------------------------------------- */

ofz_status ofz_read_opsets(ofz_reader *r, Onnx__OperatorSetIdProto *const *p, size_t count,
                           ofz_opset **out, size_t *out_count)
{
    ofz_opset *opset = OFZ_NEWS(&r->model->arena, ofz_opset, count + 1);

    if (count > OPSET_MAX)
        return ofz_fail(r->ctx, OFZ_E_LIMIT, "opset_import: %zu domains, want at most %d", count,
                        OPSET_MAX);
    if (!opset) return ofz_fail_nomem(r->ctx, "opset_import", count);
    for (size_t i = 0; i < count; i++) {
        const char *domain = p[i]->domain;

        if (domain && !strcmp(domain, "ai.onnx")) domain = "";
        OFZ_TRY(ofz_read_text(r, domain, &opset[i].domain));
        opset[i].version = p[i]->version;
    }
    *out       = opset;
    *out_count = count;
    return OFZ_OK;
}

static ofz_status read_opsets(ofz_reader *r, const Onnx__ModelProto *p)
{
    ofz_model *m = r->model;

    OFZ_TRY(ofz_read_opsets(r, p->opset_import, p->n_opset_import, &m->opset, &m->opset_count));
    if (m->opset_count) return OFZ_OK;
    if (m->ir_version >= 3)
        return ofz_fail(r->ctx, OFZ_E_MODEL,
                        "model: no opset_import, which IR version %" PRId64 " wants",
                        m->ir_version);
    m->opset[0]    = (ofz_opset){ "", 1 };
    m->opset_count = 1;
    return OFZ_OK;
}

/* --- functions -------------------------------------------------------------------------------- */

/* Functions of one name are told apart by a walk along them, once per call. */
enum { SAME_NAME_MAX = 1024 };

/* Behind those of the same name, so that the first of an identity is found. */
static ofz_status function_note(ofz_reader *r, ofz_function *f)
{
    ofz_model    *m  = r->model;
    ofz_function *at = ofz_map_get(&m->function_by_name, f->name);
    int           n  = 1;

    if (!at)
        return ofz_map_put(&m->function_by_name, f->name, f)
                   ? OFZ_OK
                   : ofz_fail_nomem(r->ctx, "functions", sizeof f);
    for (; at->next; at = at->next) n++;
    if (n >= SAME_NAME_MAX)
        return ofz_fail(r->ctx, OFZ_E_LIMIT, "functions: more than %d called '%.100s'",
                        SAME_NAME_MAX, f->name);
    at->next = f;
    return OFZ_OK;
}

static ofz_status read_functions(ofz_reader *r, const Onnx__ModelProto *p)
{
    ofz_model *m = r->model;

    m->function = OFZ_NEWS(&m->arena, ofz_function, p->n_functions);
    if (!m->function) return ofz_fail_nomem(r->ctx, "functions", p->n_functions);
    for (size_t i = 0; i < p->n_functions; i++) {
        m->function_count++;
        OFZ_TRY(ofz_read_function(r, p->functions[i], &m->function[i]));
        OFZ_TRY(function_note(r, &m->function[i]));
    }
    return OFZ_OK;
}

const ofz_function *ofz_model_function_find(const ofz_model *m, const char *domain,
                                            const char *name, const char *overload)
{
    const ofz_function *f = m->function_count ? ofz_map_get(&m->function_by_name, name) : NULL;

    while (f && (strcmp(f->domain, domain) != 0 || strcmp(f->overload, overload) != 0)) f = f->next;
    return f;
}

/* --- the whole -------------------------------------------------------------------------------- */

static ofz_status read_proto(ofz_reader *r, const Onnx__ModelProto *p)
{
    ofz_model *m        = r->model;
    ofz_list   captured = { 0 }; /* stays empty: nothing is outside the main graph */
    ofz_graph *g;
    ofz_status st;

    if (!p->has_ir_version || p->ir_version < 1)
        return ofz_fail(r->ctx, OFZ_E_MODEL, "model: ir_version %" PRId64 ", want at least 1",
                        p->ir_version);
    if (!p->graph) return ofz_fail(r->ctx, OFZ_E_MODEL, "model: no graph");
    m->ir_version    = p->ir_version;
    m->model_version = p->model_version;
    OFZ_TRY(ofz_read_text(r, p->producer_name, &m->producer_name));
    OFZ_TRY(ofz_read_text(r, p->producer_version, &m->producer_version));
    OFZ_TRY(ofz_read_text(r, p->domain, &m->domain));
    OFZ_TRY(read_opsets(r, p));
    OFZ_TRY(read_functions(r, p));
    st = ofz_read_graph(r, p->graph, NULL, &captured, &g);
    ofz_list_free(&captured);
    return st ? st : ofz_model_relist(r->ctx, m);
}

/* --- the list of constants -------------------------------------------------------------------- */

/* As they stand in the file; new ones last. */
static int by_origin(const void *a, const void *b)
{
    const ofz_value *x = *(ofz_value *const *)a, *y = *(ofz_value *const *)b;

    if ((x->origin < 0) != (y->origin < 0)) return x->origin < 0 ? 1 : -1;
    if (x->origin != y->origin) return x->origin < y->origin ? -1 : 1;
    return x->scratch - y->scratch;
}

static ofz_status list_initializers(ofz_ctx *ctx, ofz_model *m, const ofz_graph *g)
{
    const size_t first = m->tensor.count;

    for (size_t i = 0; i < g->value.count; i++) {
        ofz_value *v = g->value.item[i];

        if (!v->constant || v->producer) continue;
        v->scratch = (int)i;
        if (!ofz_list_push(&m->tensor, v)) return ofz_fail_nomem(ctx, "model", sizeof(void *));
    }
    if (m->tensor.count > first)
        qsort(&m->tensor.item[first], m->tensor.count - first, sizeof(void *), by_origin);
    return OFZ_OK;
}

static ofz_status list_constants(ofz_ctx *ctx, ofz_model *m, const ofz_graph *g)
{
    for (size_t i = 0; i < g->node.count; i++) {
        const ofz_node *n = g->node.item[i];

        if (n->out_count && n->out[0] && n->out[0]->constant &&
            !ofz_list_push(&m->tensor, n->out[0]))
            return ofz_fail_nomem(ctx, "model", sizeof(void *));
    }
    return OFZ_OK;
}

typedef ofz_status list_fn(ofz_ctx *ctx, ofz_model *m, const ofz_graph *g);

static ofz_status list_all(ofz_ctx *ctx, ofz_model *m, const ofz_graph *g, list_fn *list)
{
    OFZ_TRY(list(ctx, m, g));
    for (size_t i = 0; i < g->node.count; i++) {
        const ofz_node *n = g->node.item[i];

        for (size_t k = 0; k < n->attr_count; k++)
            if (n->attr[k].type == OFZ_ATTR_GRAPH) OFZ_TRY(list_all(ctx, m, n->attr[k].u.g, list));
    }
    return OFZ_OK;
}

ofz_status ofz_model_relist(ofz_ctx *ctx, ofz_model *m)
{
    m->tensor.count = 0;
    OFZ_TRY(list_all(ctx, m, m->graph, list_initializers));
    return list_all(ctx, m, m->graph, list_constants);
}

/* --- bytes to model --------------------------------------------------------------------------- */

static ofz_status build(ofz_ctx *ctx, ofz_model *m, const ofz_guarded *g)
{
    ofz_reader        r = { .ctx = ctx, .model = m };
    Onnx__ModelProto *p = onnx__model_proto__unpack(NULL, g->skeleton_size, g->skeleton);
    ofz_status        st;

    if (!p) return ofz_fail(ctx, OFZ_E_PARSE, "model: protobuf-c cannot unpack it");
    st = read_proto(&r, p);
    onnx__model_proto__free_unpacked(p, NULL);
    /* what failed half way hangs on no node yet */
    for (size_t i = 0; st && i < r.graph.count; i++) {
        ofz_graph *loose = r.graph.item[i];

        if (loose->parent && !loose->parent_node) ofz_graph_deinit(loose);
    }
    ofz_list_free(&r.graph);
    return st;
}

static ofz_status model_fill(ofz_ctx *ctx, ofz_model *m)
{
    ofz_guarded g;
    ofz_status  st;

    m->bytes = m->file->bytes.data;
    m->size  = m->file->bytes.size;
    if (!m->size) return ofz_fail(ctx, OFZ_E_PARSE, "an empty file, want an ONNX model");
    OFZ_TRY(ofz_guard(ctx, &m->file->bytes, OFZ_ORIGIN_MODEL, &g));
    m->file->origin       = g.origin;
    m->file->origin_count = g.origin_count;
    st                    = build(ctx, m, &g);
    g.origin              = NULL;
    ofz_guarded_free(&g);
    return st;
}

static ofz_status model_new(ofz_ctx *ctx, ofz_model **out)
{
    ofz_model *m = calloc(1, sizeof *m);

    if (!m || !(m->file = calloc(1, sizeof *m->file))) {
        free(m);
        return ofz_fail_nomem(ctx, "model", sizeof *m);
    }
    m->file->bytes.fd = -1;
    *out              = m;
    return OFZ_OK;
}

static ofz_status remember_path(ofz_ctx *ctx, ofz_model *m, const char *path)
{
    const char *slash = strrchr(path, '/');

    m->path = ofz_arena_strdup(&m->arena, path);
    if (!slash)
        m->file->folder = ".";
    else
        m->file->folder =
            ofz_arena_text(&m->arena, path, slash == path ? 1 : (size_t)(slash - path));
    return m->path && m->file->folder ? OFZ_OK : ofz_fail_nomem(ctx, path, strlen(path));
}

static ofz_status add_aliases(ofz_ctx *ctx, ofz_model *m, const ofz_alias *alias, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        ofz_external *e = OFZ_NEW(&m->arena, ofz_external);

        if (!e || !(e->location = ofz_arena_strdup(&m->arena, alias[i].location)))
            return ofz_fail_nomem(ctx, "external data", sizeof *e);
        OFZ_TRY(ofz_file_open(ctx, alias[i].path, &e->file));
        if (!ofz_list_push(&m->file->external, e)) {
            ofz_file_close(&e->file);
            return ofz_fail_nomem(ctx, "external data", sizeof(void *));
        }
    }
    return OFZ_OK;
}

ofz_status ofz_model_read_file(ofz_ctx *ctx, const char *path, ofz_model **out)
{
    return ofz_model_read_aliased(ctx, path, NULL, 0, out);
}

ofz_status ofz_model_read_aliased(ofz_ctx *ctx, const char *path, const ofz_alias *alias,
                                  size_t count, ofz_model **out)
{
    ofz_model *m = NULL;
    ofz_status st;

    OFZ_TRY(model_new(ctx, &m));
    st = ofz_file_open(ctx, path, &m->file->bytes);
    if (!st) {
        st = remember_path(ctx, m, path);
        if (!st) st = add_aliases(ctx, m, alias, count);
        if (!st) st = model_fill(ctx, m);
        if (st) ofz_at(ctx, st, "%.200s", path);
    }
    if (st) {
        ofz_model_drop(m);
        return st;
    }
    *out = m;
    return OFZ_OK;
}

ofz_status ofz_model_read_memory(ofz_ctx *ctx, const void *data, size_t size, ofz_model **out)
{
    ofz_model *m = NULL;
    void      *copy;
    ofz_status st;

    OFZ_TRY(model_new(ctx, &m));
    copy = malloc(size ? size : 1);
    if (!copy) {
        ofz_model_drop(m);
        return ofz_fail_nomem(ctx, "model", size);
    }
    if (size) memcpy(copy, data, size);
    m->file->bytes = (ofz_file){ .data = copy, .size = size, .fd = -1, .memory = copy };
    st             = model_fill(ctx, m);
    if (st) {
        ofz_model_drop(m);
        return st;
    }
    *out = m;
    return OFZ_OK;
}

static void function_drop(ofz_function *f)
{
    for (size_t i = 0; i < f->default_count; i++)
        if (f->defaults[i].type == OFZ_ATTR_GRAPH) ofz_graph_deinit(f->defaults[i].u.g);
    ofz_graph_deinit(f->graph);
}

void ofz_model_drop(ofz_model *m)
{
    if (!m) return;
    ofz_graph_deinit(m->flat);
    ofz_graph_deinit(m->graph);
    for (size_t i = 0; i < m->function_count; i++) function_drop(&m->function[i]);
    ofz_map_free(&m->function_by_name);
    ofz_arena_free(&m->flat_arena);
    ofz_symbols_free(&m->symbol);
    ofz_list_free(&m->tensor);
    for (size_t i = 0; i < m->file->external.count; i++)
        ofz_file_close(&((ofz_external *)m->file->external.item[i])->file);
    ofz_list_free(&m->file->external);
    ofz_file_close(&m->file->bytes);
    free(m->file->origin);
    free(m->file);
    ofz_arena_free(&m->arena);
    free(m);
}

/* --- a tensor on its own ---------------------------------------------------------------------- */

/* The origins are the model's afterwards. */
static ofz_status guard_data(ofz_ctx *ctx, ofz_model *m, ofz_origin_kind kind, ofz_guarded *g)
{
    m->bytes = m->file->bytes.data;
    m->size  = m->file->bytes.size;
    OFZ_TRY(ofz_guard(ctx, &m->file->bytes, kind, g));
    m->file->origin       = g->origin;
    m->file->origin_count = g->origin_count;
    g->origin             = NULL;
    return OFZ_OK;
}

static ofz_status read_pb(ofz_ctx *ctx, ofz_model *m, ofz_arena *arena, ofz_tensor *out,
                          const char **name)
{
    Onnx__TensorProto *p;
    ofz_guarded        g;
    ofz_tensor         t;
    bool               external;
    ofz_status         st;

    OFZ_TRY(guard_data(ctx, m, OFZ_ORIGIN_TENSOR, &g));
    p = onnx__tensor_proto__unpack(NULL, g.skeleton_size, g.skeleton);
    ofz_guarded_free(&g);
    if (!p) return ofz_fail(ctx, OFZ_E_PARSE, "tensor: protobuf-c cannot unpack it");
    st = ofz_tensor_proto_read(ctx, m, p, &t, &external);
    if (!st && name && !(*name = ofz_arena_strdup(arena, p->name ? p->name : "")))
        st = ofz_fail_nomem(ctx, "tensor", 64);
    onnx__tensor_proto__free_unpacked(p, NULL);
    return st ? st : ofz_tensor_copy(ctx, &t, out);
}

/* The model around it is only the owner of the file and of decoded bytes. */
ofz_status ofz_tensor_read_pb(ofz_ctx *ctx, const char *path, ofz_arena *arena, ofz_tensor *out,
                              const char **name)
{
    ofz_model *m = NULL;
    ofz_status st;

    OFZ_TRY(model_new(ctx, &m));
    st = ofz_file_open(ctx, path, &m->file->bytes);
    if (!st) {
        st = remember_path(ctx, m, path);
        if (!st) st = read_pb(ctx, m, arena, out, name);
        if (st) ofz_at(ctx, st, "%.200s", path);
    }
    ofz_model_drop(m);
    return st;
}

static ofz_status read_container(ofz_ctx *ctx, ofz_model *m, ofz_kind kind, ofz_tensor *out)
{
    const ofz_origin_kind root = kind == OFZ_KIND_SEQUENCE ? OFZ_ORIGIN_SEQUENCE
                                 : kind == OFZ_KIND_MAP    ? OFZ_ORIGIN_MAP
                                                           : OFZ_ORIGIN_OPTIONAL;
    ofz_guarded           g;
    ofz_status            st;

    OFZ_TRY(guard_data(ctx, m, root, &g));
    st = ofz_container_unpack(ctx, m, kind, &g, out);
    ofz_guarded_free(&g);
    return st;
}

/* Dense, in memory of its own. */
static ofz_status read_sparse(ofz_ctx *ctx, ofz_model *m, ofz_tensor *out)
{
    Onnx__SparseTensorProto *p;
    ofz_guarded              g;
    ofz_tensor               t;
    ofz_status               st;

    OFZ_TRY(guard_data(ctx, m, OFZ_ORIGIN_SPARSE_TENSOR, &g));
    p = onnx__sparse_tensor_proto__unpack(NULL, g.skeleton_size, g.skeleton);
    ofz_guarded_free(&g);
    if (!p) return ofz_fail(ctx, OFZ_E_PARSE, "sparse tensor: protobuf-c cannot unpack it");
    st = ofz_sparse_read(ctx, m, p, &t);
    onnx__sparse_tensor_proto__free_unpacked(p, NULL);
    return st ? st : ofz_tensor_copy(ctx, &t, out);
}

ofz_status ofz_value_read_pb(ofz_ctx *ctx, const char *path, ofz_kind kind, ofz_tensor *out)
{
    ofz_model *m = NULL;
    ofz_status st;

    if (kind == OFZ_KIND_TENSOR) return ofz_tensor_read_pb(ctx, path, NULL, out, NULL);
    if (kind != OFZ_KIND_SPARSE && !ofz_kind_dtype(kind))
        return ofz_fail(ctx, OFZ_E_UNSUPPORTED, "%.200s: want a tensor, sequence, optional or map",
                        path);
    OFZ_TRY(model_new(ctx, &m));
    st = ofz_file_open(ctx, path, &m->file->bytes);
    if (!st) {
        st = remember_path(ctx, m, path);
        if (!st && kind == OFZ_KIND_SPARSE)
            st = read_sparse(ctx, m, out);
        else if (!st)
            st = read_container(ctx, m, kind, out);
        if (st) ofz_at(ctx, st, "%.200s", path);
    }
    ofz_model_drop(m);
    return st;
}
