/* tree_lists.c - see tree_lists.h. Every list is measured before anything is read from it. */
#include "ops/tree_lists.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ops/ml_model.h"

ofz_status ofz_tree_numbers_read(ofz_ctx *ctx, const char *what, const ofz_tree_numbers *n,
                                 double **out, int64_t *count)
{
    const ofz_tensor *t = n->tensor;
    double           *x;

    *out   = NULL;
    *count = t ? t->count : (int64_t)n->list.count;
    if (t && n->list.count)
        return ofz_fail(ctx, OFZ_E_MODEL, "%s: as a list and as a tensor, want one of them", what);
    if (t && t->dtype != OFZ_F32 && t->dtype != OFZ_F64 && t->dtype != OFZ_F16)
        return ofz_fail(ctx, OFZ_E_MODEL, "%s: %s, want a float type", what,
                        ofz_dtype_name(t->dtype));
    if (!*count) return OFZ_OK;
    OFZ_TRY(ofz_scratch(ctx, *count, sizeof *x, &x));
    for (int64_t i = 0; !t && i < *count; i++) x[i] = n->list.v[i];
    for (int64_t i = 0; t && i < *count; i++) { /* a tensor in a mapped file need not be aligned */
        const size_t size = t->size / (size_t)t->count;
        double       one; /* room for an element of any of the types */

        memcpy(&one, (const char *)t->data + (size_t)i * size, size);
        x[i] = ofz_elem_f64(t->dtype, &one, 0);
    }
    *out = x;
    return OFZ_OK;
}

static ofz_status trees_room(ofz_ctx *ctx, ofz_trees *t)
{
    OFZ_TRY(ofz_scratch(ctx, t->node_count, sizeof *t->node, &t->node));
    OFZ_TRY(ofz_scratch(ctx, t->leaf_count, sizeof *t->leaf, &t->leaf));
    OFZ_TRY(ofz_scratch(ctx, t->weight_count, sizeof *t->weight, &t->weight));
    return ofz_scratch(ctx, t->root_count, sizeof *t->root, &t->root);
}

/* --- nodes with ids --------------------------------------------------------------------------- */

typedef struct tree_id {
    int64_t tree, node, index;
} tree_id;

static int id_compare(const void *a, const void *b)
{
    const tree_id *x = a, *y = b;

    if (x->tree != y->tree) return x->tree < y->tree ? -1 : 1;
    return x->node != y->node ? x->node < y->node ? -1 : 1 : 0;
}

/* What is needed to find nodes: ids in order, and for node i of the lists its place. */
typedef struct tree_index {
    tree_id *id;
    int64_t *place;
    int64_t  count;
} tree_index;

/* Index of the node, -1 when there is none. */
static int64_t id_find(const tree_index *x, int64_t tree, int64_t node)
{
    const tree_id  key   = { tree, node, 0 };
    const tree_id *found = bsearch(&key, x->id, (size_t)x->count, sizeof key, id_compare);

    return found ? found->index : -1;
}

static ofz_status ids_sort(ofz_ctx *ctx, const ofz_tree_lists *l, tree_index *x)
{
    bool sorted = true;

    for (int64_t i = 0; i < x->count; i++) {
        x->id[i] = (tree_id){ l->treeids.v[i], l->nodeids.v[i], i };
        sorted   = sorted && (!i || id_compare(&x->id[i - 1], &x->id[i]) < 0);
    }
    if (!sorted) qsort(x->id, (size_t)x->count, sizeof *x->id, id_compare);
    for (int64_t i = 1; i < x->count; i++)
        if (!id_compare(&x->id[i - 1], &x->id[i]))
            return ofz_fail(ctx, OFZ_E_MODEL,
                            "node %" PRId64 " of tree %" PRId64 ": there twice, want it once",
                            x->id[i].node, x->id[i].tree);
    return OFZ_OK;
}

static ofz_status lists_measure(ofz_ctx *ctx, const ofz_tree_lists *l, int64_t values,
                                int64_t weights)
{
    const int64_t n = (int64_t)l->treeids.count;

    OFZ_TRY(ofz_ml_want(ctx, "nodes_nodeids", l->nodeids.count, n));
    OFZ_TRY(ofz_ml_want(ctx, "nodes_featureids", l->featureids.count, n));
    OFZ_TRY(ofz_ml_want(ctx, "nodes_modes", l->modes.count, n));
    OFZ_TRY(ofz_ml_want(ctx, "nodes_values", (size_t)values, n));
    OFZ_TRY(ofz_ml_want(ctx, "nodes_truenodeids", l->yes.count, n));
    OFZ_TRY(ofz_ml_want(ctx, "nodes_falsenodeids", l->no.count, n));
    if (l->missing.count)
        OFZ_TRY(ofz_ml_want(ctx, "nodes_missing_value_tracks_true", l->missing.count, n));
    OFZ_TRY(ofz_ml_want(ctx, "weights' tree ids", l->weight_treeids.count, weights));
    OFZ_TRY(ofz_ml_want(ctx, "weights' node ids", l->weight_nodeids.count, weights));
    return ofz_ml_want(ctx, "weights' target ids", l->weight_ids.count, weights);
}

/* Modes, and with them which node is the how-manieth inner node or leaf. */
static ofz_status places_give(ofz_ctx *ctx, const ofz_tree_lists *l, int *mode, tree_index *x,
                              ofz_trees *t)
{
    static const char *const names[] = { "BRANCH_LEQ", "BRANCH_LT",  "BRANCH_GTE", "BRANCH_GT",
                                         "BRANCH_EQ",  "BRANCH_NEQ", "LEAF" };

    for (int64_t i = 0; i < x->count; i++) {
        OFZ_TRY(ofz_ml_name(ctx, "nodes_modes", l->modes.v[i], names, 7, &mode[i]));
        if (mode[i] == 6) mode[i] = OFZ_TREE_LEAF;
        x->place[i] = mode[i] == OFZ_TREE_LEAF ? ~t->leaf_count++ : t->node_count++;
    }
    /* the first node of each tree is its root; ids in order say where a tree's nodes are */
    for (int64_t i = 0; i < x->count; i++)
        t->root_count += !i || x->id[i].tree != x->id[i - 1].tree;
    return OFZ_OK;
}

static ofz_status branch_find(ofz_ctx *ctx, const tree_index *x, int64_t tree, int64_t node,
                              int64_t *place)
{
    const int64_t i = id_find(x, tree, node);

    if (i < 0)
        return ofz_fail(ctx, OFZ_E_MODEL,
                        "tree %" PRId64 ": a branch to node %" PRId64 ", which it lacks", tree,
                        node);
    *place = x->place[i];
    return OFZ_OK;
}

static ofz_status nodes_fill(ofz_ctx *ctx, const ofz_tree_lists *l, const double *value,
                             const int *mode, const tree_index *x, ofz_trees *t)
{
    for (int64_t i = 0; i < x->count; i++) {
        ofz_tree_node *n = x->place[i] >= 0 ? &t->node[x->place[i]] : NULL;

        if (!n) continue;
        n->split   = value[i];
        n->feature = l->featureids.v[i];
        n->mode    = mode[i];
        n->nan_yes = l->missing.count && l->missing.v[i] == 1;
        OFZ_TRY(branch_find(ctx, x, l->treeids.v[i], l->yes.v[i], &n->yes));
        OFZ_TRY(branch_find(ctx, x, l->treeids.v[i], l->no.v[i], &n->no));
    }
    return OFZ_OK;
}

static int index_compare(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return x < y ? -1 : x > y;
}

/* Roots in the order in which the lists name them. */
static void roots_fill(const tree_index *x, ofz_trees *t)
{
    int64_t r = -1;

    for (int64_t i = 0; i < x->count; i++)
        if (!i || x->id[i].tree != x->id[i - 1].tree)
            t->root[++r] = x->id[i].index;
        else if (x->id[i].index < t->root[r])
            t->root[r] = x->id[i].index;
    if (t->root_count) qsort(t->root, (size_t)t->root_count, sizeof *t->root, index_compare);
    for (int64_t i = 0; i < t->root_count; i++) t->root[i] = x->place[t->root[i]];
}

/* Sort the weights by leaf, in the order of the lists within one. Weights of inner nodes say nothing.
 *   at   [weights] room */
static ofz_status weights_fill(ofz_ctx *ctx, const ofz_tree_lists *l, const double *weight,
                               const tree_index *x, int64_t *at, ofz_trees *t)
{
    int64_t sum = 0;

    for (int64_t i = 0; i < t->weight_count; i++) {
        const int64_t n = id_find(x, l->weight_treeids.v[i], l->weight_nodeids.v[i]);

        if (n < 0)
            return ofz_fail(ctx, OFZ_E_MODEL,
                            "weight %" PRId64 ": of node %" PRId64 ", which tree %" PRId64 " lacks",
                            i, l->weight_nodeids.v[i], l->weight_treeids.v[i]);
        at[i] = x->place[n];
        if (at[i] < 0) t->leaf[~at[i]].end++;
    }
    for (int64_t i = 0; i < t->leaf_count; i++) {
        const int64_t count = t->leaf[i].end;

        t->leaf[i] = (ofz_tree_leaf){ sum, sum };
        sum += count;
    }
    for (int64_t i = 0; i < t->weight_count; i++)
        if (at[i] < 0)
            t->weight[t->leaf[~at[i]].end++] = (ofz_tree_weight){ l->weight_ids.v[i], weight[i] };
    t->weight_count = sum;
    return OFZ_OK;
}

static ofz_status lists_build(ofz_ctx *ctx, const ofz_tree_lists *l, const double *value,
                              const double *weight, tree_index *x, int64_t *at, int *mode,
                              ofz_trees *t)
{
    OFZ_TRY(ids_sort(ctx, l, x));
    OFZ_TRY(places_give(ctx, l, mode, x, t));
    OFZ_TRY(trees_room(ctx, t));
    OFZ_TRY(nodes_fill(ctx, l, value, mode, x, t));
    roots_fill(x, t);
    return weights_fill(ctx, l, weight, x, at, t);
}

ofz_status ofz_trees_from_lists(ofz_ctx *ctx, const ofz_tree_lists *l, int64_t features,
                                int64_t targets, ofz_trees *out)
{
    tree_index x     = { .count = (int64_t)l->treeids.count };
    double    *value = NULL, *weight = NULL;
    int64_t   *at   = NULL, values;
    int       *mode = NULL;
    ofz_status st   = OFZ_OK;

    *out = (ofz_trees){ 0 };
    OFZ_GOTO(ofz_tree_numbers_read(ctx, "nodes_values", &l->values, &value, &values));
    OFZ_GOTO(ofz_tree_numbers_read(ctx, "weights", &l->weights, &weight, &out->weight_count));
    OFZ_GOTO(lists_measure(ctx, l, values, out->weight_count));
    OFZ_GOTO(ofz_scratch(ctx, x.count, sizeof *x.id, &x.id));
    OFZ_GOTO(ofz_scratch(ctx, x.count, sizeof *x.place, &x.place));
    OFZ_GOTO(ofz_scratch(ctx, x.count, sizeof *mode, &mode));
    OFZ_GOTO(ofz_scratch(ctx, out->weight_count, sizeof *at, &at));
    OFZ_GOTO(lists_build(ctx, l, value, weight, &x, at, mode, out));
    st = ofz_trees_check(ctx, out, features, targets);
done:
    free(value);
    free(weight);
    free(x.id);
    free(x.place);
    free(mode);
    free(at);
    if (st) ofz_trees_free(out);
    return st;
}

/* --- nodes by position ------------------------------------------------------------------------ */

static ofz_status arrays_measure(ofz_ctx *ctx, const ofz_tree_arrays *a)
{
    const int64_t n = (int64_t)a->featureids.count;

    OFZ_TRY(ofz_ml_want(ctx, "nodes_truenodeids", a->yes.count, n));
    OFZ_TRY(ofz_ml_want(ctx, "nodes_falsenodeids", a->no.count, n));
    OFZ_TRY(ofz_ml_want(ctx, "nodes_trueleafs", a->yes_leaf.count, n));
    OFZ_TRY(ofz_ml_want(ctx, "nodes_falseleafs", a->no_leaf.count, n));
    if (a->missing.count)
        OFZ_TRY(ofz_ml_want(ctx, "nodes_missing_value_tracks_true", a->missing.count, n));
    OFZ_TRY(ofz_ml_want(ctx, "nodes_splits", (size_t)a->splits->count, n));
    OFZ_TRY(ofz_ml_want(ctx, "nodes_modes", (size_t)a->modes->count, n));
    if (a->modes->dtype != OFZ_U8)
        return ofz_fail(ctx, OFZ_E_MODEL, "nodes_modes: %s, want uint8",
                        ofz_dtype_name(a->modes->dtype));
    return ofz_ml_want(ctx, "leaf_weights", (size_t)a->weights->count, (int64_t)a->targetids.count);
}

/* A position that is negative becomes one that is out of range. */
static int64_t place_of(int64_t position, int64_t leaf)
{
    if (position < 0) position = INT64_MAX;
    return leaf ? ~position : position;
}

/* Sets follow each other in the order of the nodes that have one, each with a NaN behind it. */
static ofz_status members_deal(ofz_ctx *ctx, ofz_trees *t)
{
    int64_t at = 0;

    for (int64_t i = 0; i < t->node_count; i++) {
        ofz_tree_node *n = &t->node[i];

        if (n->mode != OFZ_TREE_MEMBER) continue;
        n->first = at;
        while (at < t->member_count && !isnan(t->member[at])) at++;
        if (at == t->member_count)
            return ofz_fail(ctx, OFZ_E_MODEL,
                            "membership_values: ends before the set of node %" PRId64 " does", i);
        n->end = at++;
    }
    if (at == t->member_count) return OFZ_OK;
    return ofz_fail(ctx, OFZ_E_MODEL, "membership_values: more sets than nodes that ask for one");
}

static ofz_status arrays_build(ofz_ctx *ctx, const ofz_tree_arrays *a, const double *split,
                               const double *weight, ofz_trees *t)
{
    OFZ_TRY(trees_room(ctx, t));
    for (int64_t i = 0; i < t->node_count; i++)
        t->node[i] = (ofz_tree_node){
            .split   = split[i],
            .feature = a->featureids.v[i],
            .yes     = place_of(a->yes.v[i], a->yes_leaf.v[i]),
            .no      = place_of(a->no.v[i], a->no_leaf.v[i]),
            .mode    = ((const uint8_t *)a->modes->data)[i],
            .nan_yes = a->missing.count && a->missing.v[i],
        };
    for (int64_t i = 0; i < t->leaf_count; i++) {
        t->leaf[i]   = (ofz_tree_leaf){ i, i + 1 };
        t->weight[i] = (ofz_tree_weight){ a->targetids.v[i], weight[i] };
    }
    for (int64_t i = 0; i < t->root_count; i++) t->root[i] = place_of(a->roots.v[i], 0);
    return members_deal(ctx, t);
}

ofz_status ofz_trees_from_arrays(ofz_ctx *ctx, const ofz_tree_arrays *a, int64_t features,
                                 int64_t targets, ofz_trees *out)
{
    const ofz_tree_numbers splits = { .tensor = a->splits }, weights = { .tensor = a->weights };
    const ofz_tree_numbers members = { .tensor = a->members };
    double                *split = NULL, *weight = NULL;
    ofz_status             st = OFZ_OK;

    *out = (ofz_trees){ .root_count = (int64_t)a->roots.count };
    OFZ_GOTO(arrays_measure(ctx, a));
    OFZ_GOTO(ofz_tree_numbers_read(ctx, "nodes_splits", &splits, &split, &out->node_count));
    OFZ_GOTO(ofz_tree_numbers_read(ctx, "leaf_weights", &weights, &weight, &out->leaf_count));
    out->weight_count = out->leaf_count;
    OFZ_GOTO(ofz_tree_numbers_read(ctx, "membership_values", &members, &out->member,
                                   &out->member_count));
    OFZ_GOTO(arrays_build(ctx, a, split, weight, out));
    st = ofz_trees_check(ctx, out, features, targets);
done:
    free(split);
    free(weight);
    if (st) ofz_trees_free(out);
    return st;
}
