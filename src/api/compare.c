/* compare.c - see compare.h. */
#include "api/compare.h"

#include <stdio.h>
#include <string.h>

typedef struct comparison {
    ofz_structure_fn *fn;
    void             *user;
    bool              differs;
} comparison;

static void report(comparison *c, const char *part, const char *text)
{
    c->differs = true;
    c->fn(c->user, part, text);
}

/* --- attributes ------------------------------------------------------------------------------- */

static bool graph_equal(const ofz_graph *a, const ofz_graph *b);

static bool attr_equal(const ofz_attr *a, const ofz_attr *b)
{
    if (a->type != OFZ_ATTR_GRAPH) return ofz_attr_same(a, b);
    return b->type == OFZ_ATTR_GRAPH && !strcmp(a->name, b->name) && graph_equal(a->u.g, b->u.g);
}

static bool attrs_equal(const ofz_node *a, const ofz_node *b)
{
    /* what a Constant node holds is compared as a tensor of the model */
    if (!strcmp(a->op_type, "Constant") && !a->domain[0] && a->out_count && a->out[0] &&
        a->out[0]->constant && b->out_count && b->out[0] && b->out[0]->constant)
        return true;
    if (a->attr_count != b->attr_count) return false;
    for (size_t i = 0; i < a->attr_count; i++) {
        const ofz_attr *other = &b->attr[i]; /* order means nothing, and is usually the same */

        if (strcmp(other->name, a->attr[i].name) != 0) other = ofz_node_attr(b, a->attr[i].name);
        if (!other || !attr_equal(&a->attr[i], other)) return false;
    }
    return true;
}

/* --- nodes and graphs ------------------------------------------------------------------------- */

static bool values_equal(ofz_value *const *a, size_t n, ofz_value *const *b, size_t m)
{
    if (n != m) return false;
    for (size_t i = 0; i < n; i++)
        if (!a[i] != !b[i] || (a[i] && strcmp(a[i]->name, b[i]->name) != 0)) return false;
    return true;
}

/* NULL: equal. */
static const char *node_difference(const ofz_node *a, const ofz_node *b)
{
    if (strcmp(a->op_type, b->op_type) != 0 || strcmp(a->domain, b->domain) != 0 ||
        strcmp(a->overload, b->overload) != 0)
        return "another operator";
    if (a->opset != b->opset) return "another opset version";
    if (strcmp(a->name, b->name) != 0) return "another name";
    if (!values_equal(a->in, a->in_count, b->in, b->in_count)) return "other inputs";
    if (!values_equal(a->out, a->out_count, b->out, b->out_count)) return "other outputs";
    return attrs_equal(a, b) ? NULL : "other attributes";
}

static bool names_equal(const ofz_list *a, const ofz_list *b)
{
    return values_equal((ofz_value *const *)a->item, a->count, (ofz_value *const *)b->item,
                        b->count);
}

static bool graph_equal(const ofz_graph *a, const ofz_graph *b)
{
    if (!names_equal(&a->input, &b->input) || !names_equal(&a->output, &b->output) ||
        a->node.count != b->node.count)
        return false;
    for (size_t i = 0; i < a->node.count; i++)
        if (node_difference(a->node.item[i], b->node.item[i])) return false;
    return true;
}

/* --- the model -------------------------------------------------------------------------------- */

static void compare_interface(comparison *c, const char *what, const ofz_list *a, const ofz_list *b)
{
    char text[512];

    if (a->count != b->count) {
        snprintf(text, sizeof text, "%zu %ss, %zu in the other", a->count, what, b->count);
        report(c, what, text);
        return;
    }
    for (size_t i = 0; i < a->count; i++) {
        const ofz_value *x = a->item[i], *y = b->item[i];

        if (strcmp(x->name, y->name) != 0) {
            snprintf(text, sizeof text, "%s %zu is '%.100s', '%.100s' in the other", what, i,
                     x->name, y->name);
            report(c, x->name, text);
        } else if (x->kind != y->kind || x->type.dtype != y->type.dtype ||
                   x->type.rank != y->type.rank) {
            snprintf(text, sizeof text, "%s '%.100s' has another type", what, x->name);
            report(c, x->name, text);
        }
    }
}

/* The version that `m` imports, looked for at `index` first. */
static int64_t opset_of(const ofz_model *m, const char *domain, size_t index)
{
    if (index < m->opset_count && !strcmp(m->opset[index].domain, domain))
        return m->opset[index].version;
    for (size_t i = 0; i < m->opset_count; i++)
        if (!strcmp(m->opset[i].domain, domain)) return m->opset[i].version;
    return 0;
}

static void compare_opsets(comparison *c, const ofz_model *a, const ofz_model *b)
{
    char text[256];

    for (size_t i = 0; i < a->opset_count; i++) {
        const char   *domain = a->opset[i].domain;
        const int64_t other  = opset_of(b, domain, i);

        if (a->opset[i].version == other) continue;
        snprintf(text, sizeof text, "opset %" PRId64 " of '%.100s', %" PRId64 " in the other",
                 a->opset[i].version, domain, other);
        report(c, "opset", text);
    }
    for (size_t i = 0; i < b->opset_count; i++)
        if (!opset_of(a, b->opset[i].domain, i) && b->opset[i].version) {
            snprintf(text, sizeof text, "no opset of '%.100s', %" PRId64 " in the other",
                     b->opset[i].domain, b->opset[i].version);
            report(c, "opset", text);
        }
}

bool ofz_structure_compare(const ofz_model *a, const ofz_model *b, ofz_structure_fn *fn, void *user)
{
    const ofz_list *x = &a->graph->node, *y = &b->graph->node;
    comparison      c = { fn, user, false };
    char            text[640], label[256];

    compare_opsets(&c, a, b);
    compare_interface(&c, "input", &a->graph->input, &b->graph->input);
    compare_interface(&c, "output", &a->graph->output, &b->graph->output);
    if (x->count != y->count) {
        snprintf(text, sizeof text, "%zu nodes, %zu in the other", x->count, y->count);
        report(&c, "nodes", text);
        return false;
    }
    for (size_t i = 0; i < x->count; i++) {
        const char *why = node_difference(x->item[i], y->item[i]);

        if (!why) continue;
        snprintf(text, sizeof text, "%s has %s", ofz_node_text(label, sizeof label, x->item[i]),
                 why);
        report(&c, label, text);
    }
    return !c.differs;
}
