/* edit_compose.c - see edit_compose.h. */
#include "pass/edit_compose.h"

#include <string.h>

#include "pass/convert_opset.h"
#include "pass/edit_names.h"
#include "pass/edit_remove.h"
#include "pass/edit_settle.h"

/* Output `out` of the first model feeds input `in` of the second. */
typedef struct link {
    ofz_value *out, *in;
} link;

typedef struct links {
    link  *item;
    size_t count;
} links;

/* --- what is connected ------------------------------------------------------------------------ */

static ofz_value *listed(const ofz_list *list, const char *name)
{
    for (size_t i = 0; i < list->count; i++)
        if (!strcmp(((const ofz_value *)list->item[i])->name, name)) return list->item[i];
    return NULL;
}

static ofz_status link_add(ofz_ctx *ctx, links *k, ofz_value *out, ofz_value *in)
{
    for (size_t i = 0; i < k->count; i++)
        if (k->item[i].in == in)
            return ofz_fail(ctx, OFZ_E_ARG, "input '%.100s': fed twice", in->name);
    k->item[k->count++] = (link){ out, in };
    return OFZ_OK;
}

static ofz_status links_by_map(ofz_ctx *ctx, const ofz_graph *first, const ofz_graph *second,
                               const char *map, links *k)
{
    while (*map) {
        const size_t size = strcspn(map, ",");
        const char  *pair = ofz_arena_text(first->arena, map, size), *left, *right;
        ofz_value   *out, *in;

        if (!pair) return ofz_fail_nomem(ctx, "map", size);
        OFZ_TRY(ofz_name_split(ctx, first, pair, "OUT=IN", &left, &right));
        out = listed(&first->output, left);
        in  = listed(&second->input, right);
        if (!out || !in)
            return ofz_fail(ctx, OFZ_E_ARG, "map '%.100s': '%.60s' is no %s", pair,
                            out ? right : left,
                            out ? "input of the second model" : "output of the first model");
        OFZ_TRY(link_add(ctx, k, out, in));
        map += size + (map[size] == ',');
    }
    return k->count ? OFZ_OK : ofz_fail(ctx, OFZ_E_ARG, "map: empty, want OUT=IN");
}

static ofz_status links_find(ofz_ctx *ctx, const ofz_graph *first, const ofz_graph *second,
                             const char *map, links *k)
{
    size_t free_inputs = 0;

    k->item = OFZ_NEWS(first->arena, link, second->input.count + 1);
    if (!k->item) return ofz_fail_nomem(ctx, "map", second->input.count * sizeof *k->item);
    if (map) return links_by_map(ctx, first, second, map, k);
    for (size_t i = 0; i < second->input.count; i++) {
        ofz_value *in  = second->input.item[i];
        ofz_value *out = in->constant ? NULL : listed(&first->output, in->name);

        free_inputs += !in->constant;
        if (out) OFZ_TRY(link_add(ctx, k, out, in));
    }
    if (k->count) return OFZ_OK;
    if (!first->output.count || free_inputs != first->output.count) {
        ofz_fail(ctx, OFZ_E_ARG,
                 "the first model: %zu outputs, want as many as the second has "
                 "inputs, %zu",
                 first->output.count, free_inputs);
        return ofz_fix(ctx, OFZ_E_ARG, "--map OUT=IN says what feeds what");
    }
    for (size_t i = 0, o = 0; i < second->input.count; i++) {
        ofz_value *in = second->input.item[i];

        if (!in->constant) OFZ_TRY(link_add(ctx, k, first->output.item[o++], in));
    }
    return OFZ_OK;
}

static ofz_status check_types(ofz_ctx *ctx, const links *k)
{
    char a[128], b[128];

    for (size_t i = 0; i < k->count; i++) {
        const ofz_value  *out = k->item[i].out, *in = k->item[i].in;
        const ofz_tensor *x = &out->type, *y = &in->type;
        bool              fits = x->rank < 0 || y->rank < 0 || x->rank == y->rank;

        if (out->kind != in->kind || (x->dtype && y->dtype && x->dtype != y->dtype))
            return ofz_fail(ctx, OFZ_E_MODEL, "output '%.100s': %s, want %s for input '%.100s'",
                            out->name, ofz_dtype_name(x->dtype), ofz_dtype_name(y->dtype),
                            in->name);
        for (int d = 0; fits && d < x->rank && d < y->rank; d++)
            fits = x->dim[d] < 0 || y->dim[d] < 0 || x->dim[d] == y->dim[d];
        if (!fits)
            return ofz_fail(ctx, OFZ_E_MODEL,
                            "output '%.100s': shape %s, want %s for input '%.100s'", out->name,
                            ofz_shape_text(a, sizeof a, x->rank, x->dim),
                            ofz_shape_text(b, sizeof b, y->rank, y->dim), in->name);
    }
    return OFZ_OK;
}

/* --- opsets ----------------------------------------------------------------------------------- */

static ofz_status opsets_agree(ofz_ctx *ctx, ofz_model *m, ofz_model *other)
{
    const int64_t a = ofz_graph_opset(m->graph, ""), b = ofz_graph_opset(other->graph, "");
    ofz_opset    *list;
    size_t        count = m->opset_count;

    if (a && b && a != b) OFZ_TRY(ofz_convert_opset(ctx, a < b ? m : other, a < b ? b : a));
    list = OFZ_NEWS(&m->arena, ofz_opset, m->opset_count + other->opset_count);
    if (!list) return ofz_fail_nomem(ctx, "opsets", count * sizeof *list);
    memcpy(list, m->opset, m->opset_count * sizeof *list);
    for (size_t i = 0; i < other->opset_count; i++) {
        const ofz_opset *o    = &other->opset[i];
        const int64_t    mine = ofz_graph_opset(m->graph, o->domain);

        if (mine && mine != o->version)
            return ofz_fail(ctx, OFZ_E_UNSUPPORTED,
                            "domain '%.60s': version %" PRId64 " and %" PRId64 ", want one",
                            o->domain, mine, o->version);
        if (!mine)
            list[count++] = (ofz_opset){ ofz_arena_strdup(&m->arena, o->domain), o->version };
    }
    m->opset              = list;
    m->graph->opset       = list;
    m->graph->opset_count = m->opset_count = count;
    m->header_changed                      = true;
    if (m->ir_version < other->ir_version) m->ir_version = other->ir_version;
    return OFZ_OK;
}

/* --- putting together ------------------------------------------------------------------------- */

static ofz_status list_add(ofz_ctx *ctx, ofz_list *list, ofz_value *v, bool input)
{
    for (size_t i = 0; i < list->count; i++)
        if (list->item[i] == v) return OFZ_OK;
    if (input)
        v->is_input = true;
    else
        v->is_output = true;
    return ofz_list_push(list, v) ? OFZ_OK : ofz_fail_nomem(ctx, v->name, sizeof v);
}

static void list_drop(ofz_list *list, const ofz_value *v)
{
    size_t kept = 0;

    for (size_t i = 0; i < list->count; i++)
        if (list->item[i] != v) list->item[kept++] = list->item[i];
    list->count = kept;
}

/* An input of `other` that nothing feeds: the model's of the same name and type, or a new one. */
static ofz_status input_for(ofz_ctx *ctx, ofz_model *m, const ofz_value *in, const char *prefix,
                            ofz_value **out)
{
    ofz_value  *same = prefix[0] ? NULL : listed(&m->graph->input, in->name);
    const char *name;

    if (same && same->kind == in->kind && same->type.dtype == in->type.dtype &&
        same->type.rank == in->type.rank) {
        *out = same;
        return OFZ_OK;
    }
    name = ofz_arena_printf(&m->arena, "%s%s", prefix, in->name);
    if (!name) return ofz_fail_nomem(ctx, in->name, 1);
    OFZ_TRY(ofz_name_fresh(ctx, m->graph, name, &name));
    OFZ_TRY(ofz_value_new(ctx, m->graph, name, out));
    (*out)->kind     = in->kind;
    (*out)->declared = in->kind == OFZ_KIND_TENSOR ? (ofz_bytes_view){ 0 } : in->declared;
    (*out)->type     = in->type;
    for (int i = 0; i < in->type.rank; i++) {
        const char *symbol = ofz_symbol_name(in->graph, in->type.dim[i]);

        if (symbol)
            OFZ_TRY(ofz_symbol(ctx, m->graph, symbol, &(*out)->type.dim[i]));
        else if (in->type.dim[i] < 0)
            (*out)->type.dim[i] = ofz_symbol_block(m->graph, 1);
    }
    return list_add(ctx, &m->graph->input, *out, true);
}

static const link *link_of(const links *k, const ofz_value *v, bool in)
{
    for (size_t i = 0; i < k->count; i++)
        if ((in ? k->item[i].in : k->item[i].out) == v) return &k->item[i];
    return NULL;
}

/* Copy `other` in; *out: what stands for its outputs. */
static ofz_status copy_in(ofz_ctx *ctx, ofz_model *m, ofz_model *other, const ofz_composition *how,
                          const links *k, ofz_value **out)
{
    const ofz_graph *from = other->graph;
    ofz_value      **bind = OFZ_NEWS(&m->arena, ofz_value *, from->input.count + 1);
    ofz_copy_spec    spec = { .prefix = how->prefix, .bind = bind };

    if (!bind) return ofz_fail_nomem(ctx, "compose", from->input.count * sizeof *bind);
    for (size_t i = 0; i < from->input.count; i++) {
        const ofz_value *in = from->input.item[i];
        const link      *l  = how->before ? NULL : link_of(k, in, true);

        if (l)
            bind[i] = l->out;
        else if (!in->constant)
            OFZ_TRY(input_for(ctx, m, in, how->prefix, &bind[i]));
    }
    return ofz_graph_copy_into(ctx, from, m->graph, &spec, out);
}

/* The model feeds `other`. */
static ofz_status connect_behind(ofz_ctx *ctx, ofz_model *m, const ofz_graph *from, const links *k,
                                 ofz_value **out)
{
    for (size_t i = 0; i < k->count; i++) {
        list_drop(&m->graph->output, k->item[i].out);
        k->item[i].out->is_output = false;
    }
    for (size_t i = 0; i < from->output.count; i++)
        OFZ_TRY(list_add(ctx, &m->graph->output, out[i], false));
    return OFZ_OK;
}

/* `other` feeds the model: the model's inputs are what it makes. */
static ofz_status connect_before(ofz_ctx *ctx, ofz_model *m, const ofz_graph *from, const links *k,
                                 ofz_value **out)
{
    for (size_t i = 0; i < from->output.count; i++) {
        bool fed = false;

        for (size_t j = 0; j < k->count; j++) {
            ofz_value *in = k->item[j].in;

            if (k->item[j].out != from->output.item[i]) continue;
            list_drop(&m->graph->input, in);
            in->is_input = false;
            OFZ_TRY(ofz_edit_supplant(ctx, in, out[i]));
            fed = true;
        }
        if (!fed) OFZ_TRY(list_add(ctx, &m->graph->output, out[i], false));
    }
    return OFZ_OK;
}

/* Names of nodes are unique as well: those of nodes from `first` on give way. */
static ofz_status name_nodes(ofz_ctx *ctx, ofz_graph *g, size_t first)
{
    ofz_map    seen = { 0 };
    ofz_status st   = OFZ_OK;

    for (size_t i = 0; i < g->node.count && !st; i++) {
        ofz_node   *n    = g->node.item[i];
        const char *base = n->name;

        if (!base[0]) continue;
        for (int k = 1; i >= first && n->name && ofz_map_get(&seen, n->name); k++)
            n->name = ofz_arena_printf(g->arena, "%s_%d", base, k);
        if (!n->name || !ofz_map_put(&seen, n->name, n))
            st = ofz_fail_nomem(ctx, "names", sizeof *n);
    }
    ofz_map_free(&seen);
    return st;
}

ofz_status ofz_edit_compose(ofz_ctx *ctx, ofz_model *m, ofz_model *other,
                            const ofz_composition *how)
{
    const ofz_graph *from = other->graph;
    links            k    = { 0 };
    size_t           count;
    ofz_value      **out = OFZ_NEWS(&m->arena, ofz_value *, from->output.count + 1);

    if (!out) return ofz_fail_nomem(ctx, "compose", from->output.count * sizeof *out);
    if (other->function_count && !other->functions_dropped) {
        ofz_fail(ctx, OFZ_E_UNSUPPORTED, "the other model: has %zu functions of its own, want none",
                 other->function_count);
        return ofz_fix(ctx, OFZ_E_UNSUPPORTED, "edit it with --inline-functions first");
    }
    OFZ_TRY(links_find(ctx, how->before ? from : m->graph, how->before ? m->graph : from, how->map,
                       &k));
    OFZ_TRY(check_types(ctx, &k));
    OFZ_TRY(opsets_agree(ctx, m, other));
    count = m->graph->node.count;
    OFZ_TRY(copy_in(ctx, m, other, how, &k, out));
    OFZ_TRY(name_nodes(ctx, m->graph, count));
    OFZ_TRY(how->before ? connect_before(ctx, m, from, &k, out)
                        : connect_behind(ctx, m, from, &k, out));
    m->graph->changed = true;
    ofz_graph_sweep(m->graph, false);
    return ofz_edit_settle(ctx, m, true);
}
