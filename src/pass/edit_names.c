/* edit_names.c - see edit_names.h. */
#include "pass/edit_names.h"

#include <string.h>

#include "pass/nearest.h"

/* --- finding ---------------------------------------------------------------------------------- */

static ofz_status not_found(ofz_ctx *ctx, const ofz_nearest *near, const char *what,
                            const char *name)
{
    char text[256];

    ofz_fail(ctx, OFZ_E_ARG, "%s '%.100s': the model has none of that name", what, name);
    return ofz_nearest_text(near, text, sizeof text)
               ? ofz_fix(ctx, OFZ_E_ARG, "did you mean %s?", text)
               : OFZ_E_ARG;
}

ofz_status ofz_named_value(ofz_ctx *ctx, const ofz_graph *g, const char *name, ofz_value **out)
{
    ofz_nearest near;
    ofz_value  *v = ofz_map_get(&g->by_name, name);

    if (v) {
        *out = v;
        return OFZ_OK;
    }
    ofz_nearest_init(&near, name);
    for (size_t i = 0; i < g->value.count; i++)
        ofz_nearest_offer(&near, ((const ofz_value *)g->value.item[i])->name);
    return not_found(ctx, &near, "value", name);
}

/* Graphs nest no deeper than the reader lets them. */
static ofz_node *find_node(const ofz_graph *g, const char *name, ofz_nearest *near)
{
    const ofz_value *v     = ofz_map_get(&g->by_name, name);
    ofz_node        *found = NULL;

    for (size_t i = 0; i < g->node.count && !found; i++) {
        ofz_node *n = g->node.item[i];

        if (!strcmp(n->name, name) && !n->removed) found = n;
        if (n->name[0]) ofz_nearest_offer(near, n->name);
        for (size_t k = 0; k < n->out_count; k++)
            if (n->out[k]) ofz_nearest_offer(near, n->out[k]->name);
    }
    if (!found && v) found = v->producer;
    for (size_t i = 0; i < g->node.count && !found; i++) {
        const ofz_node *n = g->node.item[i];

        for (size_t k = 0; k < n->attr_count && !found; k++)
            if (n->attr[k].type == OFZ_ATTR_GRAPH) found = find_node(n->attr[k].u.g, name, near);
    }
    return found;
}

ofz_status ofz_named_node(ofz_ctx *ctx, ofz_graph *g, const char *name, ofz_node **out)
{
    ofz_nearest near;
    ofz_node   *n;

    ofz_nearest_init(&near, name);
    n = name[0] ? find_node(g, name, &near) : NULL;
    if (!n) return not_found(ctx, &near, "node", name);
    *out = n;
    return OFZ_OK;
}

/* --- dividing --------------------------------------------------------------------------------- */

ofz_status ofz_named_values(ofz_ctx *ctx, const ofz_graph *g, const char *text, ofz_value ***out,
                            size_t *count)
{
    size_t      room = 1, n = 0;
    ofz_value **list;

    for (const char *p = text; *p; p++) room += *p == ',';
    list = OFZ_NEWS(g->arena, ofz_value *, room);
    if (!list) return ofz_fail_nomem(ctx, "names", room * sizeof *list);
    while (n < room) {
        const size_t size = strcspn(text, ",");
        const char  *name = ofz_arena_text(g->arena, text, size);

        if (!name) return ofz_fail_nomem(ctx, "names", size);
        if (!size) return ofz_fail(ctx, OFZ_E_ARG, "list of names: an empty one, want NAME[,NAME]");
        OFZ_TRY(ofz_named_value(ctx, g, name, &list[n++]));
        text += size + (text[size] == ',');
    }
    *out   = list;
    *count = n;
    return OFZ_OK;
}

ofz_status ofz_name_split(ofz_ctx *ctx, const ofz_graph *g, const char *text, const char *form,
                          const char **left, const char **right)
{
    const char *equal = strchr(text, '=');

    if (!equal || equal == text || !equal[1])
        return ofz_fail(ctx, OFZ_E_ARG, "'%.100s': want %s", text, form);
    *left  = ofz_arena_text(g->arena, text, (size_t)(equal - text));
    *right = ofz_arena_strdup(g->arena, equal + 1);
    return *left && *right ? OFZ_OK : ofz_fail_nomem(ctx, "names", strlen(text));
}

/* --- new names -------------------------------------------------------------------------------- */

static bool taken_inside(const ofz_graph *g, const char *name)
{
    if (ofz_map_get(&g->by_name, name)) return true;
    for (size_t i = 0; i < g->node.count; i++) {
        const ofz_node *n = g->node.item[i];

        for (size_t k = 0; k < n->attr_count; k++)
            if (n->attr[k].type == OFZ_ATTR_GRAPH && taken_inside(n->attr[k].u.g, name))
                return true;
    }
    return false;
}

ofz_status ofz_name_fresh(ofz_ctx *ctx, const ofz_graph *g, const char *base, const char **out)
{
    const char *name = base;

    for (int k = 1; name && (ofz_value_find(g, name) || taken_inside(g, name)); k++)
        name = ofz_arena_printf(g->arena, "%s_%d", base, k);
    if (!name) return ofz_fail_nomem(ctx, "name", strlen(base));
    *out = name;
    return OFZ_OK;
}

/* --- renaming --------------------------------------------------------------------------------- */

static bool node_name_taken(const ofz_graph *g, const char *name)
{
    for (size_t i = 0; i < g->node.count; i++) {
        const ofz_node *n = g->node.item[i];

        if (!strcmp(n->name, name)) return true;
        for (size_t k = 0; k < n->attr_count; k++)
            if (n->attr[k].type == OFZ_ATTR_GRAPH && node_name_taken(n->attr[k].u.g, name))
                return true;
    }
    return false;
}

static ofz_status rename_node(ofz_ctx *ctx, ofz_model *m, const char *text)
{
    const char *old, *name;
    ofz_node   *n;

    OFZ_TRY(ofz_name_split(ctx, m->graph, text, "node:OLD=NEW", &old, &name));
    OFZ_TRY(ofz_named_node(ctx, m->graph, old, &n));
    if (!strcmp(n->name, name)) return OFZ_OK;
    if (node_name_taken(m->graph, name))
        return ofz_fail(ctx, OFZ_E_MODEL, "node '%.100s': the name '%.100s' is taken", old, name);
    n->name           = name;
    n->changed        = true;
    n->graph->changed = true;
    return OFZ_OK;
}

/* Every value of that name in subgraphs that is none of a scope around it. */
static ofz_status rename_inside(ofz_ctx *ctx, const ofz_graph *g, const char *old, const char *name,
                                size_t *count)
{
    for (size_t i = 0; i < g->node.count; i++) {
        const ofz_node *n = g->node.item[i];

        for (size_t k = 0; k < n->attr_count; k++) {
            ofz_value *v;

            if (n->attr[k].type != OFZ_ATTR_GRAPH) continue;
            v = ofz_map_get(&n->attr[k].u.g->by_name, old);
            if (v) {
                OFZ_TRY(ofz_value_rename(ctx, v, name));
                ++*count;
            }
            OFZ_TRY(rename_inside(ctx, n->attr[k].u.g, old, name, count));
        }
    }
    return OFZ_OK;
}

/* A '=' that follows the name of a value, else the first. */
static const char *equal_behind(const ofz_graph *g, const char *text)
{
    const char *first = strchr(text, '=');

    for (const char *p = first; p; p = strchr(p + 1, '=')) {
        const char *left = ofz_arena_text(g->arena, text, (size_t)(p - text));

        if (left && ofz_map_get(&g->by_name, left)) return p;
    }
    return first;
}

ofz_status ofz_edit_rename(ofz_ctx *ctx, ofz_model *m, const char *text)
{
    ofz_graph  *g     = m->graph;
    size_t      count = 0;
    const char *equal, *old, *name;
    ofz_value  *v;

    if (!strncmp(text, "node:", 5)) return rename_node(ctx, m, text + 5);
    equal = equal_behind(g, text);
    if (!equal || equal == text || !equal[1])
        return ofz_fail(ctx, OFZ_E_ARG, "'%.100s': want OLD=NEW or node:OLD=NEW", text);
    old  = ofz_arena_text(g->arena, text, (size_t)(equal - text));
    name = ofz_arena_strdup(g->arena, equal + 1);
    if (!old || !name) return ofz_fail_nomem(ctx, "names", strlen(text));
    v = ofz_map_get(&g->by_name, old);
    if (v) return ofz_value_rename(ctx, v, name);
    OFZ_TRY(rename_inside(ctx, g, old, name, &count));
    return count ? OFZ_OK : ofz_named_value(ctx, g, old, &v);
}
