/* check_function.c - model-local functions: names, bodies, and who calls whom. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "model/check.h"

/* One function while the call graph is walked. */
typedef struct function {
    const Onnx__FunctionProto *proto;
    const char                *id;
    enum { NEW, OPEN, DONE } state;
    int64_t size; /* nodes after all calls are replaced by bodies */
} function;

typedef struct functions {
    ofz_checker *c;
    ofz_arena    arena;
    ofz_map      by_id;
    function    *item;
    size_t       count;
    bool         circle;
} functions;

static const char *text_of(const char *s)
{
    return s ? s : "";
}

/* Lengths keep ("a.b", "c") and ("a", "b.c") apart. */
static const char *id_of(functions *f, const char *domain, const char *name, const char *overload)
{
    domain = text_of(domain);
    if (!strcmp(domain, "ai.onnx")) domain = "";
    return ofz_arena_printf(&f->arena, "%zu:%s|%zu:%s|%s", strlen(domain), domain,
                            strlen(text_of(name)), text_of(name), text_of(overload));
}

/* Imports are looked up in a list, once per node. */
enum { OPSET_MAX = 256 };

/* --- bodies ----------------------------------------------------------------------------------- */

static bool function_imports(const Onnx__FunctionProto *p, const char *domain)
{
    for (size_t i = 0; i < p->n_opset_import; i++) {
        const char *d = text_of(p->opset_import[i]->domain);

        if (!strcmp(strcmp(d, "ai.onnx") ? d : "", domain)) return true;
    }
    return false;
}

static ofz_status check_body_nodes(functions *f, const Onnx__FunctionProto *p, ofz_scope *scope,
                                   const char *where)
{
    for (size_t i = 0; i < p->n_node; i++) {
        const Onnx__NodeProto *n      = p->node[i];
        const char            *domain = text_of(n->domain);

        if (!strcmp(domain, "ai.onnx")) domain = "";
        if (!function_imports(p, domain))
            ofz_finding(f->c, OFZ_E_MODEL, where, "domain '%.100s' is not imported", domain);
        for (size_t k = 0; k < n->n_input; k++)
            if (n->input[k][0] && !ofz_scope_has(scope, n->input[k]))
                ofz_finding(f->c, OFZ_E_MODEL, where, "'%.100s' is read and not made before",
                            n->input[k]);
        OFZ_TRY(ofz_check_node(f->c, n, scope, true));
        for (size_t k = 0; k < n->n_output; k++) {
            if (!n->output[k][0]) continue;
            if (ofz_scope_has(scope, n->output[k]))
                ofz_finding(f->c, OFZ_E_MODEL, where, "'%.100s' is made twice", n->output[k]);
            if (!ofz_scope_define(scope, n->output[k]))
                return ofz_fail_nomem(f->c->ctx, "check", 64);
        }
    }
    return OFZ_OK;
}

static ofz_status check_body(functions *f, const Onnx__FunctionProto *p)
{
    ofz_scope  scope = { 0 };
    ofz_status st    = OFZ_OK;
    char       where[160];

    snprintf(where, sizeof where, "function '%.100s'", text_of(p->name));
    if (!p->name || !p->name[0]) ofz_finding(f->c, OFZ_E_MODEL, where, "no name");
    if (f->c->model->ir_version >= 8 && !p->domain)
        ofz_finding(f->c, OFZ_E_MODEL, where, "no domain");
    if (p->n_opset_import > OPSET_MAX) {
        ofz_finding(f->c, OFZ_E_LIMIT, where, "%zu domains imported, want at most %d",
                    p->n_opset_import, OPSET_MAX);
        return OFZ_OK;
    }
    for (size_t i = 0; i < p->n_input; i++) {
        if (ofz_map_get(&scope.name, p->input[i]))
            ofz_finding(f->c, OFZ_E_MODEL, where, "input '%.100s' stands twice", p->input[i]);
        if (!ofz_scope_define(&scope, p->input[i]))
            OFZ_GOTO(ofz_fail_nomem(f->c->ctx, "check", 64));
    }
    OFZ_GOTO(check_body_nodes(f, p, &scope, where));
    for (size_t i = 0; i < p->n_output; i++)
        if (!ofz_scope_has(&scope, p->output[i]))
            ofz_finding(f->c, OFZ_E_MODEL, where, "output '%.100s' is made by nobody",
                        p->output[i]);
done:
    ofz_map_free(&scope.name);
    return st;
}

/* --- calls ------------------------------------------------------------------------------------ */

static ofz_status walk(functions *f, function *fn, int depth);

static ofz_status walk_graph(functions *f, const Onnx__NodeProto *const *node, size_t count,
                             int depth, int64_t *size);

/* What a node stands for: itself, or the body of the function it calls, and its subgraphs. */
static ofz_status walk_node(functions *f, const Onnx__NodeProto *n, int depth, int64_t *size)
{
    const char *id = id_of(f, n->domain, n->op_type, n->overload);
    function   *fn;
    int64_t     own = 1;

    if (!id) return ofz_fail_nomem(f->c->ctx, "check", 64);
    fn = ofz_map_get(&f->by_id, id);
    if (fn) {
        OFZ_TRY(walk(f, fn, depth + 1));
        own = fn->size;
    }
    if (!ofz_add(*size, own, size)) *size = INT64_MAX;
    for (size_t i = 0; i < n->n_attribute; i++) {
        const Onnx__AttributeProto *a = n->attribute[i];

        if (a->g)
            OFZ_TRY(walk_graph(f, (const Onnx__NodeProto *const *)a->g->node, a->g->n_node,
                               depth + 1, size));
    }
    return OFZ_OK;
}

static ofz_status walk_graph(functions *f, const Onnx__NodeProto *const *node, size_t count,
                             int depth, int64_t *size)
{
    for (size_t i = 0; i < count; i++) OFZ_TRY(walk_node(f, node[i], depth, size));
    return OFZ_OK;
}

/* Each function is walked once: its size is then known to all callers. */
static ofz_status walk(functions *f, function *fn, int depth)
{
    char where[160];

    if (fn->state == DONE) return OFZ_OK;
    snprintf(where, sizeof where, "function '%.100s'", text_of(fn->proto->name));
    if (fn->state == OPEN || depth > f->c->ctx->limits.depth) {
        if (!f->circle)
            ofz_finding(f->c, OFZ_E_MODEL, where,
                        fn->state == OPEN ? "calls itself, directly or through others"
                                          : "calls nested too deep");
        f->circle = true;
        return OFZ_OK;
    }
    fn->state = OPEN;
    OFZ_TRY(walk_graph(f, (const Onnx__NodeProto *const *)fn->proto->node, fn->proto->n_node, depth,
                       &fn->size));
    fn->state = DONE;
    if ((uint64_t)fn->size > f->c->ctx->limits.inlined_count && !f->circle) {
        ofz_finding(f->c, OFZ_E_LIMIT, where, "stands for %" PRId64 " nodes, want at most %zu",
                    fn->size, f->c->ctx->limits.inlined_count);
        f->circle = true; /* callers would only say the same again */
    }
    return OFZ_OK;
}

static ofz_status check_all(functions *f, const Onnx__ModelProto *p)
{
    for (size_t i = 0; i < f->count; i++) {
        const Onnx__FunctionProto *fp = p->functions[i];
        const char                *id = id_of(f, fp->domain, fp->name, fp->overload);

        if (!id) return ofz_fail_nomem(f->c->ctx, "check", 64);
        f->item[i] = (function){ .proto = fp, .id = id };
        if (ofz_map_get(&f->by_id, id))
            ofz_finding(f->c, OFZ_E_MODEL, text_of(fp->name), "function that is defined twice");
        else if (!ofz_map_put(&f->by_id, id, &f->item[i]))
            return ofz_fail_nomem(f->c->ctx, "check", 64);
        OFZ_TRY(check_body(f, fp));
    }
    for (size_t i = 0; i < f->count; i++) OFZ_TRY(walk(f, &f->item[i], 0));
    return OFZ_OK;
}

ofz_status ofz_check_functions(ofz_checker *c, const Onnx__ModelProto *p)
{
    functions  f = { .c = c, .count = p->n_functions };
    ofz_status st;

    if (!p->n_functions) return OFZ_OK;
    if (c->model->ir_version < 8)
        ofz_finding(c, OFZ_E_MODEL, "functions",
                    "present, which IR version %" PRId64 " does not know", c->model->ir_version);
    f.item = OFZ_NEWS(&f.arena, function, f.count);
    st     = f.item ? check_all(&f, p) : ofz_fail_nomem(c->ctx, "check", f.count);
    ofz_map_free(&f.by_id);
    ofz_arena_free(&f.arena);
    return st;
}
