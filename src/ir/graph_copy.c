/* graph_copy.c - copying a graph's contents into another one: inlining and composition. */
#include <stdio.h>
#include <string.h>

#include "ir/graph.h"

typedef struct copier {
    ofz_ctx             *ctx;
    const ofz_graph     *from;
    ofz_graph           *to;
    const ofz_copy_spec *spec;
    const struct copier *outer; /* of the graph around `from`, when that is copied as well */
    ofz_map              made;  /* name in `from` -> ofz_value of the copy, or `none` */
    int                  depth;
} copier;

static char none; /* stands for an omitted input */

/* --- names ------------------------------------------------------------------------------------ */

/* prefix + name, with a number behind it where that is taken here or in a scope around. The names of
 * a copied subgraph are its own scope's: they stay, unless they would hide one that it reads. */
static ofz_status value_make(copier *c, const char *name, ofz_value **out)
{
    ofz_arena *a    = c->to->arena;
    char      *text = ofz_arena_printf(a, "%s%s", c->spec->prefix, name);
    char      *base = text;

    for (int k = 1; text && ofz_value_find(c->to, text); k++)
        text = ofz_arena_printf(a, "%s_%d", base, k);
    if (!text) return ofz_fail_nomem(c->ctx, "name", strlen(name));
    return ofz_value_new(c->ctx, c->to, text, out);
}

static ofz_status remember(copier *c, const char *name, void *v)
{
    return ofz_map_put(&c->made, name, v) ? OFZ_OK : ofz_fail_nomem(c->ctx, name, sizeof v);
}

/* Does `g` stand in `outer`, or is it the same? */
static bool stands_in(const ofz_graph *g, const ofz_graph *outer)
{
    while (g && g != outer) g = g->parent;
    return g != NULL;
}

/* A value outside everything that is copied, seen from `to`: itself, or, where the copy goes to another
 * graph than v's (a clone shares its subgraphs), what goes by its name there. */
static ofz_value *seen_from(const ofz_graph *to, ofz_value *v)
{
    ofz_value *other = stands_in(to, v->graph) ? NULL : ofz_value_find(to, v->name);

    return other ? other : v;
}

/* What stands for `v` in the copy: by scope, from the inside out. */
static ofz_value *copy_of(const copier *c, ofz_value *v)
{
    const ofz_graph *to = c->to;

    for (; v && c; c = c->outer) {
        void *found;

        if (v->graph != c->from) continue;
        found = ofz_map_get(&c->made, v->name);
        return found == &none ? NULL : found;
    }
    return v ? seen_from(to, v) : NULL;
}

/* --- values ----------------------------------------------------------------------------------- */

/* Symbols of another model, or of a function, mean nothing here: those of a model that have a name are
 * looked up, others are new. */
static ofz_status translate_dims(copier *c, ofz_tensor *t)
{
    const bool own = c->spec->call != NULL;

    if (c->from->symbol == c->to->symbol && !own) return OFZ_OK;
    for (int i = 0; i < t->rank; i++) {
        const char *name =
            OFZ_IS_SYMBOL(t->dim[i]) && !own ? ofz_symbol_name(c->from, t->dim[i]) : NULL;

        if (name)
            OFZ_TRY(ofz_symbol(c->ctx, c->to, name, &t->dim[i]));
        else if (OFZ_IS_SYMBOL(t->dim[i]))
            t->dim[i] = ofz_symbol_block(c->to, 1);
    }
    return OFZ_OK;
}

static ofz_status copy_value(copier *c, const ofz_value *v)
{
    ofz_value *made;

    OFZ_TRY(value_make(c, v->name, &made));
    made->kind     = v->kind;
    made->type     = v->type;
    made->mark     = v->mark;
    made->group    = v->group;
    made->lr_scale = v->lr_scale;
    made->declared = v->declared;
    made->source   = (ofz_value *)(uintptr_t)v;
    OFZ_TRY(translate_dims(c, &made->type));
    if (v->constant) {
        made->constant = OFZ_NEW(c->to->arena, ofz_tensor);
        if (!made->constant) return ofz_fail_nomem(c->ctx, v->name, sizeof *made->constant);
        ofz_tensor_share(v->constant, made->constant);
        made->initializer = v->initializer;
        made->sparse      = v->sparse;
    }
    return remember(c, v->name, made);
}

/* A dangling value of a subgraph that names an outer one: it becomes that one, or names its copy. */
static ofz_status copy_outer_name(copier *c, const ofz_value *v, bool *done)
{
    ofz_value *outer = v->producer || v->is_input || v->constant || !c->from->parent
                           ? NULL
                           : ofz_value_find(c->from->parent, v->name);
    ofz_value *made;

    *done = outer != NULL;
    if (!outer) return OFZ_OK;
    outer = c->outer ? copy_of(c->outer, outer) : seen_from(c->to, outer);
    if (!c->outer || !outer) return remember(c, v->name, outer ? (void *)outer : &none);
    made = ofz_map_get(&c->to->by_name, outer->name); /* two inputs may be bound to one value */
    if (!made) OFZ_TRY(ofz_value_new(c->ctx, c->to, outer->name, &made));
    return remember(c, v->name, made);
}

static ofz_status copy_values(copier *c)
{
    bool done;

    for (size_t i = 0; c->spec->bind && i < c->from->input.count; i++) {
        const ofz_value *v = c->from->input.item[i];

        if (c->spec->bind[i] || !v->constant)
            OFZ_TRY(remember(c, v->name, c->spec->bind[i] ? (void *)c->spec->bind[i] : &none));
    }
    for (size_t i = 0; i < c->from->value.count; i++) {
        const ofz_value *v = c->from->value.item[i];

        if (ofz_map_get(&c->made, v->name)) continue;
        OFZ_TRY(copy_outer_name(c, v, &done));
        if (!done) OFZ_TRY(copy_value(c, v));
    }
    return OFZ_OK;
}

/* --- attributes ------------------------------------------------------------------------------- */

static const ofz_attr *find_default(const ofz_copy_spec *spec, const char *name)
{
    for (size_t i = 0; i < spec->default_count; i++)
        if (!strcmp(spec->defaults[i].name, name)) return &spec->defaults[i];
    return NULL;
}

/* The contents of an attribute, in the arena of the copy. */
static ofz_status copy_contents(copier *c, ofz_attr *a)
{
    ofz_arena  *arena = c->to->arena;
    ofz_tensor *t;
    ofz_string *s;

    switch (a->type) {
    case OFZ_ATTR_STRING:
        a->u.s.text = ofz_arena_text(arena, a->u.s.text, a->u.s.size);
        return a->u.s.text ? OFZ_OK : ofz_fail_nomem(c->ctx, a->name, a->u.s.size);
    case OFZ_ATTR_TENSOR:
    case OFZ_ATTR_SPARSE_TENSOR:
        if (!a->u.t) return OFZ_OK;
        t = OFZ_NEW(arena, ofz_tensor);
        if (!t) return ofz_fail_nomem(c->ctx, a->name, sizeof *t);
        *t     = *a->u.t; /* its bytes are the model's */
        a->u.t = t;
        return OFZ_OK;
    case OFZ_ATTR_FLOATS:
        a->u.floats.v = (const float *)ofz_arena_text(arena, (const char *)a->u.floats.v,
                                                      a->u.floats.count * sizeof(float));
        return a->u.floats.v ? OFZ_OK : ofz_fail_nomem(c->ctx, a->name, a->u.floats.count);
    case OFZ_ATTR_INTS:
        a->u.ints.v = (const int64_t *)ofz_arena_text(arena, (const char *)a->u.ints.v,
                                                      a->u.ints.count * sizeof(int64_t));
        return a->u.ints.v ? OFZ_OK : ofz_fail_nomem(c->ctx, a->name, a->u.ints.count);
    case OFZ_ATTR_STRINGS:
        s = OFZ_NEWS(arena, ofz_string, a->u.strings.count);
        for (size_t i = 0; s && i < a->u.strings.count; i++) {
            s[i] = a->u.strings.v[i];
            if (!(s[i].text = ofz_arena_text(arena, s[i].text, s[i].size))) s = NULL;
        }
        a->u.strings.v = s;
        return s ? OFZ_OK : ofz_fail_nomem(c->ctx, a->name, a->u.strings.count);
    default:
        return OFZ_OK;
    }
}

static ofz_status copy_graph(copier *outer, const ofz_graph *from, ofz_graph **out);

/* *kept is false for a reference to something that neither the call nor the defaults have. */
static ofz_status copy_attr(copier *c, const ofz_attr *a, ofz_attr *out, bool *kept)
{
    const ofz_attr *source = a;

    if (a->ref && c->spec->call) {
        source = ofz_node_attr(c->spec->call, a->ref);
        if (!source) source = find_default(c->spec, a->ref);
        if (source && a->type && source->type != a->type)
            return ofz_fail(c->ctx, OFZ_E_MODEL,
                            "attribute '%.100s': type %d, where '%.100s' refers to it as type %d",
                            a->ref, (int)source->type, a->name, (int)a->type);
    }
    *kept = source != NULL;
    if (!source) return OFZ_OK;
    *out      = *source;
    out->name = ofz_arena_strdup(c->to->arena, a->name);
    if (!out->name) return ofz_fail_nomem(c->ctx, "attribute", strlen(a->name));
    if (source != a && strcmp(source->name, a->name) != 0) out->file = (ofz_bytes_view){ 0 };
    if (out->type != OFZ_ATTR_GRAPH) return copy_contents(c, out);
    out->file = (ofz_bytes_view){ 0 };
    return copy_graph(c, source->u.g, &out->u.g);
}

static ofz_status copy_attrs(copier *c, const ofz_node *n, ofz_attr *attr, size_t *count)
{
    bool kept;

    *count = 0;
    for (size_t i = 0; i < n->attr_count; i++) {
        OFZ_TRY(copy_attr(c, &n->attr[i], &attr[*count], &kept));
        *count += kept;
    }
    return OFZ_OK;
}

/* --- nodes ------------------------------------------------------------------------------------ */

static ofz_status spend(copier *c)
{
    ofz_copy_budget *b = c->spec->budget;

    if (!b) return OFZ_OK;
    if (c->to->arena->size > b->arena_size)
        return ofz_fail(c->ctx, OFZ_E_LIMIT, "graph: its copy needs more memory than the limit");
    if (!b->nodes) return ofz_fail(c->ctx, OFZ_E_LIMIT, "graph: more nodes than the limit");
    b->nodes--;
    return OFZ_OK;
}

static ofz_status copy_node(copier *c, const ofz_node *n)
{
    ofz_arena    *a    = c->to->arena;
    ofz_value   **in   = OFZ_NEWS(a, ofz_value *, n->in_count);
    ofz_value   **out  = OFZ_NEWS(a, ofz_value *, n->out_count);
    ofz_attr     *attr = OFZ_NEWS(a, ofz_attr, n->attr_count);
    const char   *name = n->name;
    ofz_node_spec spec = { NULL,         n->op_type, n->domain, n->opset, n->in_count,
                           n->out_count, 0,          in,        out,      attr };
    ofz_node     *made;

    OFZ_TRY(spend(c));
    if (name[0] && c->spec->prefix[0]) name = ofz_arena_printf(a, "%s%s", c->spec->prefix, name);
    if (!in || !out || !attr || !name) return ofz_fail_nomem(c->ctx, "node", sizeof *n);
    for (size_t i = 0; i < n->in_count; i++) in[i] = copy_of(c, n->in[i]);
    for (size_t i = 0; i < n->out_count; i++) out[i] = copy_of(c, n->out[i]);
    OFZ_TRY(copy_attrs(c, n, attr, &spec.attr_count));
    spec.name = name;
    OFZ_TRY(ofz_node_add(c->ctx, c->to, &spec, &made));
    made->opset    = n->opset;
    made->call     = c->spec->call;
    made->overload = ofz_arena_strdup(a, n->overload);
    if (!made->overload) return ofz_fail_nomem(c->ctx, "node", strlen(n->overload));
    for (size_t i = 0; i < made->attr_count; i++)
        if (made->attr[i].type == OFZ_ATTR_GRAPH) made->attr[i].u.g->parent_node = made;
    for (size_t i = 0; i < made->in_count; i++) { /* reads of outer scopes, seen from around `to` */
        ofz_value *v = made->in[i];

        if (!v || v->graph == c->to) continue;
        ofz_value_unread(v, made, (int)i);
        OFZ_TRY(ofz_value_read(c->ctx, v, made, (int)i));
    }
    for (size_t i = 0; i < made->attr_count; i++)
        if (made->attr[i].type == OFZ_ATTR_GRAPH)
            OFZ_TRY(ofz_node_capture(c->ctx, made, made->attr[i].u.g));
    return ofz_node_take_constant(c->ctx, made); /* its value may have been a reference */
}

static ofz_status copy_all(copier *c)
{
    if (c->depth > c->ctx->limits.depth)
        return ofz_fail(c->ctx, OFZ_E_LIMIT, "graphs: nested deeper than %d", c->ctx->limits.depth);
    OFZ_TRY(copy_values(c));
    for (size_t i = 0; i < c->from->node.count; i++) {
        const ofz_node *n = c->from->node.item[i];

        if (!n->removed) OFZ_TRY(copy_node(c, n));
    }
    return OFZ_OK;
}

/* --- graphs ----------------------------------------------------------------------------------- */

static ofz_status list_copies(const copier *c, const ofz_list *from, ofz_list *to, bool output)
{
    for (size_t i = 0; i < from->count; i++) {
        ofz_value *v = copy_of(c, from->item[i]);

        if (!v)
            return ofz_fail(c->ctx, OFZ_E_MODEL,
                            "output '%.100s' of a subgraph: an input that the call omits",
                            ((const ofz_value *)from->item[i])->name);
        v->is_input  = v->is_input || !output;
        v->is_output = v->is_output || output;
        if (!ofz_list_push(to, v)) return ofz_fail_nomem(c->ctx, v->name, sizeof v);
    }
    return OFZ_OK;
}

/* A whole subgraph: inputs and outputs as well. References to a function's attributes inside it mean
 * the same call. Outer values that it reads are recorded by the node that will own it. */
static ofz_status copy_graph(copier *outer, const ofz_graph *from, ofz_graph **out)
{
    const ofz_copy_spec spec = { .prefix        = outer->spec->prefix,
                                 .call          = outer->spec->call,
                                 .defaults      = outer->spec->defaults,
                                 .default_count = outer->spec->default_count,
                                 .budget        = outer->spec->budget };
    copier              c    = {
                        .ctx = outer->ctx, .from = from, .spec = &spec, .outer = outer, .depth = outer->depth + 1
    };
    ofz_status st = OFZ_OK;

    OFZ_TRY(ofz_graph_new(c.ctx, outer->to->arena, outer->to, outer->to->symbol, &c.to));
    c.to->name = ofz_arena_strdup(c.to->arena, from->name);
    if (!c.to->name) OFZ_GOTO(ofz_fail_nomem(c.ctx, "graph", strlen(from->name)));
    OFZ_GOTO(copy_all(&c));
    OFZ_GOTO(list_copies(&c, &from->input, &c.to->input, false));
    OFZ_GOTO(list_copies(&c, &from->output, &c.to->output, true));
    *out = c.to;
done:
    ofz_map_free(&c.made);
    if (st) ofz_graph_deinit(c.to);
    return st;
}

ofz_status ofz_graph_copy_into(ofz_ctx *ctx, const ofz_graph *from, ofz_graph *to,
                               const ofz_copy_spec *spec, ofz_value **out)
{
    copier     c  = { .ctx = ctx, .from = from, .to = to, .spec = spec };
    ofz_status st = copy_all(&c);

    for (size_t i = 0; !st && i < from->output.count; i++)
        out[i] = copy_of(&c, from->output.item[i]);
    ofz_map_free(&c.made);
    return st;
}

ofz_status ofz_graph_deep_copy(ofz_ctx *ctx, const ofz_graph *g, ofz_arena *arena, ofz_graph **out)
{
    const ofz_copy_spec spec = { .prefix = "" };
    copier              c    = { .ctx = ctx, .from = g, .spec = &spec };
    ofz_status          st   = OFZ_OK;

    OFZ_TRY(ofz_graph_new(ctx, arena, NULL, g->symbol, &c.to));
    c.to->name        = g->name;
    c.to->opset       = g->opset;
    c.to->opset_count = g->opset_count;
    c.to->next_name   = g->next_name;
    c.to->next_symbol = g->next_symbol;
    OFZ_GOTO(copy_all(&c));
    OFZ_GOTO(list_copies(&c, &g->input, &c.to->input, false));
    OFZ_GOTO(list_copies(&c, &g->output, &c.to->output, true));
    *out = c.to;
done:
    ofz_map_free(&c.made);
    if (st) ofz_graph_deinit(c.to);
    return st;
}
