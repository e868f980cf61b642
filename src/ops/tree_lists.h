/* tree_lists.h - from the lists that the tree ensembles of ai.onnx.ml have for attributes to trees. */
#ifndef OFZ_OPS_TREE_LISTS_H
#define OFZ_OPS_TREE_LISTS_H

#include "kernel/trees.h"
#include "ops/op.h"

/* Numbers that an attribute holds as floats, or another as a tensor. */
typedef struct ofz_tree_numbers {
    ofz_floats        list;
    const ofz_tensor *tensor;
} ofz_tree_numbers;

/* As doubles, the caller's to free; *out is NULL when there are none. Errors: OFZ_E_MODEL when both
 * attributes are there or the tensor is of no float type (`what` names it), OFZ_E_NOMEM. */
ofz_status ofz_tree_numbers_read(ofz_ctx *ctx, const char *what, const ofz_tree_numbers *n,
                                 double **out, int64_t *count) OFZ_MUST_USE;

/* TreeEnsembleClassifier and TreeEnsembleRegressor: every node of every tree by its two ids, leaves
 * among them, and weights that name a node. */
typedef struct ofz_tree_lists {
    ofz_ints         treeids, nodeids, featureids, yes, no, missing;
    ofz_strings      modes;
    ofz_tree_numbers values;
    ofz_ints         weight_treeids, weight_nodeids, weight_ids;
    ofz_tree_numbers weights;
} ofz_tree_lists;

/* TreeEnsemble: inner nodes and leaves by their position. */
typedef struct ofz_tree_arrays {
    ofz_ints          featureids, yes, no, yes_leaf, no_leaf, missing, roots, targetids;
    const ofz_tensor *modes, *splits, *weights, *members;
} ofz_tree_arrays;

/* Build and check; *out is the caller's to free. Errors: OFZ_E_MODEL, OFZ_E_NOMEM, OFZ_E_LIMIT. */
ofz_status ofz_trees_from_lists(ofz_ctx *ctx, const ofz_tree_lists *l, int64_t features,
                                int64_t targets, ofz_trees *out) OFZ_MUST_USE;
ofz_status ofz_trees_from_arrays(ofz_ctx *ctx, const ofz_tree_arrays *a, int64_t features,
                                 int64_t targets, ofz_trees *out) OFZ_MUST_USE;

#endif
