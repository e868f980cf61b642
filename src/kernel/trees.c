/* trees.c - see trees.h. */
#include "kernel/trees.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void ofz_trees_free(ofz_trees *t)
{
    free(t->node);
    free(t->leaf);
    free(t->weight);
    free(t->root);
    free(t->member);
    *t = (ofz_trees){ 0 };
}

/* --- checks ----------------------------------------------------------------------------------- */

static bool place_fits(const ofz_trees *t, int64_t place)
{
    return place < 0 ? ~place < t->leaf_count : place < t->node_count;
}

static ofz_status node_check(ofz_ctx *ctx, const ofz_trees *t, int64_t n, int64_t features)
{
    const ofz_tree_node *node = &t->node[n];

    if (node->mode < 0 || node->mode >= OFZ_TREE_MODES)
        return ofz_fail(ctx, OFZ_E_MODEL, "node %" PRId64 ": mode %d, want 0 to 6", n,
                        (int)node->mode);
    if (node->feature < 0 || node->feature >= features)
        return ofz_fail(ctx, OFZ_E_MODEL,
                        "node %" PRId64 ": feature %" PRId64 ", want 0 to %" PRId64, n,
                        node->feature, features - 1);
    if (!place_fits(t, node->yes) || !place_fits(t, node->no))
        return ofz_fail(ctx, OFZ_E_MODEL, "node %" PRId64 ": a branch that leads nowhere", n);
    if (node->mode == OFZ_TREE_MEMBER &&
        (node->first < 0 || node->first > node->end || node->end > t->member_count))
        return ofz_fail(ctx, OFZ_E_MODEL, "node %" PRId64 ": no set of members", n);
    return OFZ_OK;
}

static ofz_status leaves_check(ofz_ctx *ctx, const ofz_trees *t, int64_t targets)
{
    for (int64_t i = 0; i < t->leaf_count; i++)
        if (t->leaf[i].first < 0 || t->leaf[i].first > t->leaf[i].end ||
            t->leaf[i].end > t->weight_count)
            return ofz_fail(ctx, OFZ_E_MODEL, "leaf %" PRId64 ": weights outside the list", i);
    for (int64_t i = 0; i < t->weight_count; i++)
        if (t->weight[i].target < 0 || t->weight[i].target >= targets)
            return ofz_fail(ctx, OFZ_E_MODEL,
                            "weight %" PRId64 ": target %" PRId64 ", want 0 to %" PRId64, i,
                            t->weight[i].target, targets - 1);
    for (int64_t i = 0; i < t->root_count; i++)
        if (!place_fits(t, t->root[i]))
            return ofz_fail(ctx, OFZ_E_MODEL, "root %" PRId64 ": no such node", i);
    return OFZ_OK;
}

/* Take away nodes that no other leads to until none is left; what stays lies on a circle (or behind
 * one). Nodes may share their branches: a way still ends. Source: Kahn 1962. */
static ofz_status circles_check(ofz_ctx *ctx, const ofz_trees *t)
{
    int64_t *room = calloc(2 * (size_t)t->node_count + 1, sizeof *room);
    int64_t *into = room, *queue = room ? room + t->node_count : NULL;
    int64_t  head = 0, tail = 0, n = 0;

    if (!room) return ofz_fail_nomem(ctx, "trees", 2 * (size_t)t->node_count * sizeof *room);
    for (int64_t i = 0; i < t->node_count; i++) {
        if (t->node[i].yes >= 0) into[t->node[i].yes]++;
        if (t->node[i].no >= 0) into[t->node[i].no]++;
    }
    for (int64_t i = 0; i < t->node_count; i++)
        if (!into[i]) queue[tail++] = i;
    while (head < tail) {
        const ofz_tree_node *node = &t->node[queue[head++]];

        if (node->yes >= 0 && !--into[node->yes]) queue[tail++] = node->yes;
        if (node->no >= 0 && !--into[node->no]) queue[tail++] = node->no;
    }
    while (n < t->node_count && !into[n]) n++;
    free(room);
    if (n == t->node_count) return OFZ_OK;
    return ofz_fail(ctx, OFZ_E_MODEL, "node %" PRId64 ": on a circle, want a tree", n);
}

ofz_status ofz_trees_check(ofz_ctx *ctx, const ofz_trees *t, int64_t features, int64_t targets)
{
    for (int64_t n = 0; n < t->node_count; n++) OFZ_TRY(node_check(ctx, t, n, features));
    OFZ_TRY(leaves_check(ctx, t, targets));
    return circles_check(ctx, t);
}

/* --- walking ---------------------------------------------------------------------------------- */

static bool member_has(const ofz_trees *t, const ofz_tree_node *n, double x)
{
    for (int64_t i = n->first; i < n->end; i++)
        if (t->member[i] == x) return true;
    return false;
}

static bool takes_yes(const ofz_trees *t, const ofz_tree_node *n, double x)
{
    if (n->nan_yes && isnan(x)) return true;
    switch ((ofz_tree_mode)n->mode) {
    case OFZ_TREE_LEQ:
        return x <= n->split;
    case OFZ_TREE_LT:
        return x < n->split;
    case OFZ_TREE_GTE:
        return x >= n->split;
    case OFZ_TREE_GT:
        return x > n->split;
    case OFZ_TREE_EQ:
        return x == n->split;
    case OFZ_TREE_NEQ:
        return x != n->split;
    default:
        return member_has(t, n, x);
    }
}

static void weight_take(const ofz_tree_weight *w, ofz_tree_sum sum, double *score, bool *seen)
{
    double *s = &score[w->target];

    if (sum == OFZ_TREE_MIN || sum == OFZ_TREE_MAX) {
        if (!seen[w->target] || (sum == OFZ_TREE_MIN ? w->value < *s : w->value > *s))
            *s = w->value;
    } else {
        *s += w->value;
    }
    seen[w->target] = true;
}

void ofz_trees_run(const ofz_trees *t, ofz_tree_sum sum, const double *x, int64_t targets,
                   double *score, bool *seen)
{
    memset(score, 0, (size_t)targets * sizeof *score);
    memset(seen, 0, (size_t)targets * sizeof *seen);
    for (int64_t r = 0; r < t->root_count; r++) {
        int64_t place = t->root[r];

        while (place >= 0) {
            const ofz_tree_node *n = &t->node[place];

            place = takes_yes(t, n, x[n->feature]) ? n->yes : n->no;
        }
        for (int64_t i = t->leaf[~place].first; i < t->leaf[~place].end; i++)
            weight_take(&t->weight[i], sum, score, seen);
    }
    if (sum == OFZ_TREE_AVERAGE)
        for (int64_t i = 0; i < targets; i++) score[i] /= (double)t->root_count;
}
