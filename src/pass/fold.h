/* fold.h - work out beforehand whatever does not depend on inputs, and take out what does nothing.
 *
 * Needs: a model as it was read; types may be inferred or not. Leaves: the same graph inputs, outputs,
 * names of outputs and trainable tensors; values that differ from the original by no more than what
 * the order of float additions makes; graph in topological order, invariants kept, model->tensor listed.
 * What trains is no constant: its bytes stay as they are. Nor is an initializer that a caller may
 * override (from IR version 4 on, one that is a graph input as well).
 *
 * A pass walks one graph, makes the edits that it finds and counts them; the driver runs all passes over
 * the graph and its subgraphs until nothing is found any more. */
#ifndef OFZ_PASS_FOLD_H
#define OFZ_PASS_FOLD_H

#include "model/model.h"
#include "ops/op.h"

typedef struct ofz_fold ofz_fold;
typedef ofz_status      ofz_fold_fn(ofz_fold *f, ofz_graph *g);

typedef struct ofz_fold_pass {
    const char  *name;
    ofz_fold_fn *run;
    bool         fuses; /* left out by options->fuse 0 */
} ofz_fold_pass;

/* The passes in the order in which they run; `count` of them. */
const ofz_fold_pass *ofz_fold_passes(size_t *count);

/* Called for every node that is left, in order: `reason` says why it was not folded. */
typedef void ofz_fold_left_fn(void *user, const ofz_node *n, const char *reason);

typedef struct ofz_fold_result {
    size_t  count[OFZ_FOLD_PASSES]; /* edits of pass i */
    int     rounds;
    int64_t growth; /* bytes of constants, after - before */
} ofz_fold_result;

/* Fold `model` with the passes whose bit is set in options->passes. The types of its values are
 * inferred anew on the way.
 *   left     may be NULL
 * On failure the model is half folded and good for nothing but to be freed.
 * Errors: OFZ_E_MODEL (shapes that do not fit together), OFZ_E_NOMEM. */
ofz_status ofz_fold_model(ofz_ctx *ctx, ofz_model *model, const ofz_fold_options *options,
                          const ofz_fold_pass *pass, size_t pass_count, ofz_fold_left_fn *left,
                          void *user, ofz_fold_result *result) OFZ_MUST_USE;

#endif
