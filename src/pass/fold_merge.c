/* fold_merge.c - equal constants become one, and so do equal nodes on the same inputs. */
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "pass/fold_edit.h"

/* --- a table of things by hash ---------------------------------------------------------------- */

typedef struct table {
    struct entry {
        uint64_t hash;
        void    *thing;
    } * entry;
    size_t room; /* a power of two, more than twice what goes in */
} table;

typedef bool equal_fn(const ofz_fold *f, const void *a, const void *b);

static bool table_new(table *t, size_t count)
{
    t->room = 16;
    while (t->room < 2 * count + 2) t->room *= 2;
    t->entry = calloc(t->room, sizeof *t->entry);
    return t->entry != NULL;
}

/* What is equal to `thing` and was there before it, or NULL, and then it is there. */
static void *table_meet(const ofz_fold *f, table *t, uint64_t hash, void *thing, equal_fn *equal)
{
    size_t k = hash & (t->room - 1);

    for (; t->entry[k].thing; k = (k + 1) & (t->room - 1))
        if (t->entry[k].hash == hash && equal(f, t->entry[k].thing, thing))
            return t->entry[k].thing;
    t->entry[k] = (struct entry){ hash, thing };
    return NULL;
}

/* --- constants -------------------------------------------------------------------------------- */

static uint64_t shape_hash(const ofz_tensor *t)
{
    uint64_t h = (uint64_t)t->dtype * 31 + (uint64_t)t->rank;

    return t->rank ? XXH3_64bits_withSeed(t->dim, (size_t)t->rank * sizeof t->dim[0], h) : h;
}

/* The bytes at both ends tell most tensors apart without reading all of them. */
static uint64_t ends_hash(const ofz_tensor *t)
{
    const size_t   most = 256, size = t->size;
    const uint8_t *data = t->data;
    const uint64_t h    = shape_hash(t);

    if (size <= 2 * most) return size ? XXH3_64bits_withSeed(data, size, h) : h;
    return XXH3_64bits_withSeed(data, most, h) ^ XXH3_64bits_withSeed(data + size - most, most, ~h);
}

static bool constants_equal(const ofz_fold *f, const void *a, const void *b)
{
    const ofz_value *x = a, *y = b;

    (void)f;
    return x->mark == y->mark && ofz_tensor_identical(x->constant, y->constant);
}

/* An initializer that nobody else means by its name. */
static bool may_merge(const ofz_fold *f, const ofz_value *v)
{
    return ofz_fold_constant(f, v) && !v->producer && !v->is_output && v->use_count &&
           v->constant->dtype != OFZ_STRING && v->constant->data;
}

static ofz_status merge_constants(ofz_fold *f, ofz_graph *g, table *t)
{
    bool done;

    for (size_t i = 0; i < g->value.count; i++) {
        ofz_value *v = g->value.item[i], *same;

        if (!may_merge(f, v)) continue;
        same = table_meet(f, t, ends_hash(v->constant), v, constants_equal);
        if (!same) continue;
        OFZ_TRY(ofz_fold_replace(f, v, same, &done));
        if (done) f->edits++;
    }
    return OFZ_OK;
}

/* --- nodes ------------------------------------------------------------------------------------ */

static uint64_t node_hash(const ofz_node *n)
{
    uint64_t h = XXH3_64bits(n->op_type, strlen(n->op_type));

    h = XXH3_64bits_withSeed(n->domain, strlen(n->domain), h + n->out_count);
    return n->in_count ? XXH3_64bits_withSeed(n->in, n->in_count * sizeof(void *), h) : h;
}

static bool nodes_equal(const ofz_fold *f, const void *a, const void *b)
{
    const ofz_node *x = a, *y = b;

    (void)f;
    if (strcmp(x->op_type, y->op_type) != 0 || strcmp(x->domain, y->domain) != 0) return false;
    if (x->in_count != y->in_count || x->out_count != y->out_count ||
        x->attr_count != y->attr_count)
        return false;
    for (size_t i = 0; i < x->in_count; i++)
        if (x->in[i] != y->in[i]) return false;
    for (size_t i = 0; i < x->out_count;
         i++) /* an output that is asked for may change the others */
        if (!x->out[i] != !y->out[i]) return false;
    for (size_t i = 0; i < x->attr_count; i++) {
        const ofz_attr *other = ofz_node_attr(y, x->attr[i].name);

        if (!other || !ofz_attr_same(&x->attr[i], other)) return false;
    }
    return true;
}

static bool node_may_merge(const ofz_fold *f, const ofz_node *n)
{
    const ofz_op *op = ofz_fold_row(f, n);

    if (n->removed || !op || !(op->flags & OFZ_OP_PURE) || (op->flags & OFZ_OP_RANDOM) ||
        !n->in_count)
        return false;
    for (size_t i = 0; i < n->attr_count; i++)
        if (n->attr[i].type > OFZ_ATTR_STRINGS || n->attr[i].type == OFZ_ATTR_GRAPH) return false;
    for (size_t i = 0; i < n->out_count; i++)
        if (n->out[i] && (n->out[i]->constant || ofz_value_out_of_reach(n->out[i]))) return false;
    return true;
}

/* `n` computes what `first` does. A graph output keeps its own node. */
static ofz_status merge_node(ofz_fold *f, ofz_node *first, ofz_node *n)
{
    bool done = true;

    for (size_t i = 0; i < n->out_count; i++)
        if (n->out[i] && n->out[i]->is_output) return OFZ_OK;
    for (size_t i = 0; i < n->out_count && done; i++)
        if (n->out[i]) OFZ_TRY(ofz_fold_replace(f, n->out[i], first->out[i], &done));
    if (!done) return OFZ_OK;
    ofz_node_remove(n);
    f->edits++;
    return OFZ_OK;
}

static ofz_status merge_nodes(ofz_fold *f, ofz_graph *g, table *t)
{
    for (size_t i = 0; i < g->node.count; i++) {
        ofz_node *n = g->node.item[i], *first;

        if (!node_may_merge(f, n)) continue;
        first = table_meet(f, t, node_hash(n), n, nodes_equal);
        if (first) OFZ_TRY(merge_node(f, first, n));
    }
    return OFZ_OK;
}

ofz_status ofz_fold_merge(ofz_fold *f, ofz_graph *g)
{
    table      constants = { 0 }, nodes = { 0 };
    ofz_status st;

    if (!table_new(&constants, g->value.count) || !table_new(&nodes, g->node.count))
        st = ofz_fail_nomem(f->ctx, "folding", g->value.count * sizeof(struct entry));
    else
        st = merge_constants(f, g, &constants);
    if (!st) st = merge_nodes(f, g, &nodes);
    free(constants.entry);
    free(nodes.entry);
    return st;
}
