/* trees.h - decision trees as arrays: numbers in, sums (or means, least, greatest) of leaves out. */
#ifndef OFZ_KERNEL_TREES_H
#define OFZ_KERNEL_TREES_H

#include "base/error.h"

/* How a node compares its feature x with its split. The numbers are those of TreeEnsemble-5. */
typedef enum ofz_tree_mode {
    OFZ_TREE_LEQ,
    OFZ_TREE_LT,
    OFZ_TREE_GTE,
    OFZ_TREE_GT,
    OFZ_TREE_EQ,
    OFZ_TREE_NEQ,
    OFZ_TREE_MEMBER, /* x is one of a set */
    OFZ_TREE_MODES,
    OFZ_TREE_LEAF /* no inner node: of whoever builds the arrays */
} ofz_tree_mode;

typedef enum ofz_tree_sum {
    OFZ_TREE_AVERAGE,
    OFZ_TREE_SUM,
    OFZ_TREE_MIN,
    OFZ_TREE_MAX,
    OFZ_TREE_SUMS
} ofz_tree_sum;

/* A place to go: inner node n is n, leaf n is ~n. */
typedef struct ofz_tree_node {
    double  split;
    int64_t feature;
    int64_t yes, no;
    int64_t first, end; /* OFZ_TREE_MEMBER: member[first..end) */
    int32_t mode;
    bool    nan_yes; /* a missing value takes the way of `yes` */
} ofz_tree_node;

/* What a leaf adds: weight[first..end). */
typedef struct ofz_tree_leaf {
    int64_t first, end;
} ofz_tree_leaf;

typedef struct ofz_tree_weight {
    int64_t target;
    double  value;
} ofz_tree_weight;

/* All arrays are owned. */
typedef struct ofz_trees {
    ofz_tree_node   *node;
    ofz_tree_leaf   *leaf;
    ofz_tree_weight *weight;
    int64_t         *root; /* places */
    double          *member;
    int64_t          node_count, leaf_count, weight_count, root_count, member_count;
} ofz_trees;

void ofz_trees_free(ofz_trees *t);

/* Everything that _run relies on: places, targets and sets in range, features below `features`, and no
 * way that returns to a node. Errors: OFZ_E_MODEL naming the first node that is wrong, OFZ_E_NOMEM. */
ofz_status ofz_trees_check(ofz_ctx *ctx, const ofz_trees *t, int64_t features,
                           int64_t targets) OFZ_MUST_USE;

/* One row through trees that were checked.
 *   x       [features]
 *   score   [targets] the sum over the leaves it reaches, in the order of roots (their sum divided by
 *           the number of trees, their least, their greatest); 0 where none speaks of the target
 *   seen    [targets] whether one does */
void ofz_trees_run(const ofz_trees *t, ofz_tree_sum sum, const double *x, int64_t targets,
                   double *score, bool *seen);

#endif
