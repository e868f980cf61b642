/* graph.c - building and editing the graph; see graph.h. */
#include "ir/graph.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

ofz_status ofz_graph_new(ofz_ctx *ctx, ofz_arena *arena, ofz_graph *parent, ofz_symbols *symbol,
                         ofz_graph **out)
{
    ofz_graph *g = OFZ_NEW(arena, ofz_graph);

    if (!g) return ofz_fail_nomem(ctx, "graph", sizeof *g);
    g->name   = "";
    g->arena  = arena;
    g->parent = parent;
    g->symbol = symbol;
    g->origin = -1;
    *out      = g;
    return OFZ_OK;
}

/* Subgraphs stand in attributes; a clone shares them with its source, which owns them. */
static void node_deinit(ofz_node *n)
{
    for (size_t i = 0; i < n->attr_count; i++)
        if (n->attr[i].type == OFZ_ATTR_GRAPH && n->attr[i].u.g && n->attr[i].u.g->parent_node == n)
            ofz_graph_deinit(n->attr[i].u.g);
}

void ofz_graph_deinit(ofz_graph *g)
{
    if (!g) return;
    for (size_t i = 0; i < g->node.count; i++) node_deinit(g->node.item[i]);
    for (size_t i = 0; i < g->value.count; i++) {
        ofz_value *v = g->value.item[i];

        if (v->constant) ofz_tensor_release(v->constant);
        free(v->use);
        v->use = NULL;
    }
    ofz_list_free(&g->node);
    ofz_list_free(&g->value);
    ofz_list_free(&g->input);
    ofz_list_free(&g->output);
    ofz_map_free(&g->by_name);
}

int64_t ofz_graph_opset(const ofz_graph *g, const char *domain)
{
    for (; g; g = g->parent)
        for (size_t i = 0; i < g->opset_count; i++)
            if (!strcmp(g->opset[i].domain, domain)) return g->opset[i].version;
    return 0;
}

/* --- values ----------------------------------------------------------------------------------- */

/* Unlike any name of the scopes around, and any made for them later: they share one counter. */
static const char *value_fresh_name(ofz_graph *g)
{
    ofz_graph *root = g;
    char       buf[48];

    while (root->parent) root = root->parent;
    do snprintf(buf, sizeof buf, "ofz_%" PRIu64, root->next_name++);
    while (ofz_value_find(g, buf));
    return ofz_arena_strdup(g->arena, buf);
}

ofz_status ofz_value_new(ofz_ctx *ctx, ofz_graph *g, const char *name, ofz_value **out)
{
    ofz_value *v = OFZ_NEW(g->arena, ofz_value);

    if (name && ofz_map_get(&g->by_name, name))
        return ofz_fail(ctx, OFZ_E_MODEL, "value '%s': defined twice", name);
    name = name ? ofz_arena_strdup(g->arena, name) : value_fresh_name(g);
    if (!v || !name) return ofz_fail_nomem(ctx, "value", sizeof *v);
    v->name       = name;
    v->graph      = g;
    v->origin     = -1;
    v->lr_scale   = 1;
    v->type.rank  = -1;
    v->type.count = -1;
    if (!ofz_map_put(&g->by_name, name, v) || !ofz_list_push(&g->value, v))
        return ofz_fail_nomem(ctx, "value", sizeof *v);
    *out = v;
    return OFZ_OK;
}

ofz_tensor ofz_value_type(const ofz_value *v)
{
    ofz_tensor t = v->type;

    if (!ofz_kind_dtype(v->kind)) return t;
    t.dtype = ofz_kind_dtype(v->kind);
    t.rank  = -1;
    t.count = -1;
    return t;
}

ofz_value *ofz_value_find(const ofz_graph *g, const char *name)
{
    for (; g; g = g->parent) {
        ofz_value *v = ofz_map_get(&g->by_name, name);

        if (v) return v;
    }
    return NULL;
}

ofz_status ofz_constant_new(ofz_ctx *ctx, ofz_graph *g, const char *name, const ofz_tensor *t,
                            ofz_value **out)
{
    ofz_value  *v;
    ofz_tensor *own = OFZ_NEW(g->arena, ofz_tensor);

    if (!own) return ofz_fail_nomem(ctx, "constant", sizeof *own);
    OFZ_TRY(ofz_value_new(ctx, g, name, &v));
    OFZ_TRY(ofz_tensor_set(ctx, &v->type, t->dtype, t->rank, t->dim));
    *own        = *t;
    v->constant = own;
    *out        = v;
    return OFZ_OK;
}

ofz_status ofz_value_use(ofz_ctx *ctx, ofz_value *v, ofz_node *n, int index)
{
    if (v->use_count == v->use_room) {
        size_t   room   = v->use_room ? 2 * v->use_room : 2;
        ofz_use *bigger = realloc(v->use, room * sizeof *bigger);

        if (!bigger) return ofz_fail_nomem(ctx, v->name, room * sizeof *bigger);
        v->use      = bigger;
        v->use_room = room;
    }
    v->use[v->use_count++] = (ofz_use){ n, index };
    return OFZ_OK;
}

bool ofz_value_has_use(const ofz_value *v, const ofz_node *n, int index)
{
    for (size_t i = 0; i < v->use_count; i++)
        if (v->use[i].node == n && v->use[i].index == index) return true;
    return false;
}

static void drop_use(ofz_value *v, const ofz_node *n, int index)
{
    for (size_t i = 0; i < v->use_count; i++)
        if (v->use[i].node == n && v->use[i].index == index) {
            memmove(&v->use[i], &v->use[i + 1], (v->use_count - i - 1) * sizeof v->use[0]);
            v->use_count--;
            return;
        }
}

ofz_node *ofz_node_within(const ofz_graph *g, ofz_node *n)
{
    while (n && n->graph != g) n = n->graph->parent_node;
    return n;
}

ofz_status ofz_value_read(ofz_ctx *ctx, ofz_value *v, ofz_node *n, int index)
{
    ofz_node *owner = ofz_node_within(v->graph, n);

    if (owner && owner != n && !ofz_value_has_use(v, owner, -1))
        OFZ_TRY(ofz_value_use(ctx, v, owner, -1));
    return ofz_value_use(ctx, v, n, index);
}

void ofz_value_unread(ofz_value *v, ofz_node *n, int index)
{
    ofz_node *owner = ofz_node_within(v->graph, n);

    drop_use(v, n, index);
    if (!owner || owner == n) return;
    for (size_t i = 0; i < v->use_count; i++)
        if (v->use[i].index >= 0 && ofz_node_within(v->graph, v->use[i].node) == owner) return;
    drop_use(v, owner, -1);
}

/* --- nodes ------------------------------------------------------------------------------------ */

static void *arena_copy(ofz_arena *arena, const void *from, size_t count, size_t size)
{
    void *p = ofz_arena_array(arena, count, size);

    if (p && count) memcpy(p, from, count * size);
    return p;
}

ofz_status ofz_node_add(ofz_ctx *ctx, ofz_graph *g, const ofz_node_spec *spec, ofz_node **out)
{
    ofz_arena *a = g->arena;
    ofz_node  *n = OFZ_NEW(a, ofz_node);

    if (!n) return ofz_fail_nomem(ctx, "node", sizeof *n);
    n->name       = ofz_arena_strdup(a, spec->name ? spec->name : "");
    n->op_type    = ofz_arena_strdup(a, spec->op_type);
    n->domain     = ofz_arena_strdup(a, spec->domain ? spec->domain : "");
    n->overload   = "";
    n->graph      = g;
    n->origin     = -1;
    n->derived    = spec->derived;
    n->in_count   = spec->in_count;
    n->out_count  = spec->out_count;
    n->attr_count = spec->attr_count;
    n->in         = arena_copy(a, spec->in, spec->in_count, sizeof *n->in);
    n->out        = arena_copy(a, spec->out, spec->out_count, sizeof *n->out);
    n->attr       = arena_copy(a, spec->attr, spec->attr_count, sizeof *n->attr);
    if (!n->name || !n->op_type || !n->domain || !n->in || !n->out || !n->attr ||
        !ofz_list_push(&g->node, n))
        return ofz_fail_nomem(ctx, "node", sizeof *n);
    n->opset = spec->opset ? spec->opset : ofz_graph_opset(g, n->domain);
    for (size_t i = 0; i < n->in_count; i++)
        if (n->in[i]) OFZ_TRY(ofz_value_use(ctx, n->in[i], n, (int)i));
    for (size_t i = 0; i < n->out_count; i++) {
        if (!n->out[i]) continue;
        if (n->out[i]->producer)
            return ofz_fail(ctx, OFZ_E_MODEL, "value '%s': produced twice", n->out[i]->name);
        n->out[i]->producer = n;
        n->out[i]->output   = (int)i;
    }
    n->changed = true;
    g->changed = true;
    if (out) *out = n;
    return OFZ_OK;
}

ofz_status ofz_node_set_input(ofz_ctx *ctx, ofz_node *n, size_t index, ofz_value *v)
{
    if (v) OFZ_TRY(ofz_value_read(ctx, v, n, (int)index));
    if (n->in[index]) ofz_value_unread(n->in[index], n, (int)index);
    n->in[index]      = v;
    n->changed        = true;
    n->graph->changed = true;
    return OFZ_OK;
}

/* Would readers of `from` inside subgraphs find another value by to's name? */
static bool is_shadowed(const ofz_value *from, const ofz_value *to)
{
    for (size_t i = 0; i < from->use_count; i++)
        for (const ofz_graph *g = from->use[i].node->graph; g && g != to->graph; g = g->parent)
            if (ofz_map_get(&g->by_name, to->name)) return true;
    return false;
}

bool ofz_value_out_of_reach(const ofz_value *v)
{
    for (size_t i = 0; i < v->use_count; i++) {
        bool reached = v->use[i].index >= 0;

        for (size_t k = 0; k < v->use_count && !reached; k++)
            reached =
                v->use[k].index >= 0 && ofz_node_within(v->graph, v->use[k].node) == v->use[i].node;
        if (!reached) return true;
    }
    return false;
}

ofz_status ofz_value_replace(ofz_ctx *ctx, ofz_value *from, ofz_value *to)
{
    if (from == to) return OFZ_OK;
    if (ofz_value_out_of_reach(from))
        return ofz_fail(ctx, OFZ_E_UNSUPPORTED,
                        "value '%s': read inside a subgraph by its name alone", from->name);
    if (is_shadowed(from, to))
        return ofz_fail(ctx, OFZ_E_UNSUPPORTED,
                        "value '%s': read inside a subgraph that means "
                        "something else by '%s'",
                        from->name, to->name);
    for (size_t i = from->use_count; i-- > 0;) {
        if (i >= from->use_count)
            continue; /* a read from a subgraph went with the last one inside */
        if (from->use[i].index < 0) continue;
        OFZ_TRY(ofz_node_set_input(ctx, from->use[i].node, (size_t)from->use[i].index, to));
    }
    return OFZ_OK;
}

const ofz_attr *ofz_node_attr(const ofz_node *n, const char *name)
{
    for (size_t i = 0; i < n->attr_count; i++)
        if (!strcmp(n->attr[i].name, name)) return &n->attr[i];
    return NULL;
}

static bool list_same(const void *a, size_t n, const void *b, size_t m, size_t size)
{
    return n == m && (!n || !memcmp(a, b, n * size));
}

static bool string_same(ofz_string a, ofz_string b)
{
    return list_same(a.text, a.size, b.text, b.size, 1);
}

bool ofz_attr_same(const ofz_attr *a, const ofz_attr *b)
{
    if (strcmp(a->name, b->name) != 0 || a->type != b->type) return false;
    switch (a->type) {
    case OFZ_ATTR_FLOAT:
        return list_same(&a->u.f, 1, &b->u.f, 1, sizeof a->u.f); /* NaN is equal to itself */
    case OFZ_ATTR_INT:
        return a->u.i == b->u.i;
    case OFZ_ATTR_STRING:
        return string_same(a->u.s, b->u.s);
    case OFZ_ATTR_TENSOR:
    case OFZ_ATTR_SPARSE_TENSOR:
        return a->u.t && b->u.t ? ofz_tensor_identical(a->u.t, b->u.t) : a->u.t == b->u.t;
    case OFZ_ATTR_GRAPH:
        return a->u.g == b->u.g;
    case OFZ_ATTR_FLOATS:
        return list_same(a->u.floats.v, a->u.floats.count, b->u.floats.v, b->u.floats.count,
                         sizeof(float));
    case OFZ_ATTR_INTS:
        return list_same(a->u.ints.v, a->u.ints.count, b->u.ints.v, b->u.ints.count,
                         sizeof(int64_t));
    case OFZ_ATTR_STRINGS:
        if (a->u.strings.count != b->u.strings.count) return false;
        for (size_t i = 0; i < a->u.strings.count; i++)
            if (!string_same(a->u.strings.v[i], b->u.strings.v[i])) return false;
        return true;
    default:
        return true;
    }
}

const char *ofz_node_text(char *buf, size_t size, const ofz_node *n)
{
    const char *dot = n->domain[0] ? "." : "";

    if (n->name[0])
        snprintf(buf, size, "node '%.100s' (%.40s%s%.60s-%" PRId64 ")", n->name, n->domain, dot,
                 n->op_type, n->opset);
    else
        snprintf(buf, size, "node making '%.100s' (%.40s%s%.60s-%" PRId64 ")",
                 n->out_count && n->out[0] ? n->out[0]->name : "", n->domain, dot, n->op_type,
                 n->opset);
    return buf;
}

/* --- symbols ---------------------------------------------------------------------------------- */

/* Nameless symbols are numbered from here, out of the way of those in the list of names. */
static const int64_t symbol_nameless = (int64_t)1 << 40;

void ofz_symbols_free(ofz_symbols *s)
{
    ofz_list_free(&s->name);
    ofz_map_free(&s->index);
}

ofz_status ofz_symbol(ofz_ctx *ctx, ofz_graph *g, const char *name, int64_t *out)
{
    ofz_symbols *s = g->symbol;
    intptr_t     k = (intptr_t)ofz_map_get(&s->index, name);
    char        *own;

    if (!k) {
        own = ofz_arena_strdup(g->arena, name);
        k   = (intptr_t)s->name.count + 1;
        if (!own || !ofz_list_push(&s->name, own) || !ofz_map_put(&s->index, own, (void *)k))
            return ofz_fail_nomem(ctx, "symbol", sizeof own);
    }
    *out = OFZ_SYMBOL((int64_t)k - 1);
    return OFZ_OK;
}

int64_t ofz_symbol_block(ofz_graph *g, int count)
{
    int64_t first;

    while (g->parent) g = g->parent;
    first = OFZ_SYMBOL(symbol_nameless + g->next_symbol);
    g->next_symbol += count;
    return first;
}

const char *ofz_symbol_name(const ofz_graph *g, int64_t dim)
{
    const uint64_t k = (uint64_t)dim - (uint64_t)INT64_MIN;

    return OFZ_IS_SYMBOL(dim) && g->symbol && k < g->symbol->name.count ? g->symbol->name.item[k]
                                                                        : NULL;
}
