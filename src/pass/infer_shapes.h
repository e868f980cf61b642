/* infer_shapes.h - types and shapes for every value of a graph. */
#ifndef OFZ_PASS_INFER_SHAPES_H
#define OFZ_PASS_INFER_SHAPES_H

#include "ops/op.h"

/* Fill value->type for all nodes in order, from declared inputs and constants, propagating shape
 * values (with symbols) through integer tensors of at most 1024 elements. A node without a row
 * leaves its outputs as they were declared. Where a declared and an inferred shape disagree the
 * inferred one wins. first   node to begin with: 0, or the count before nodes were appended Errors:
 * OFZ_E_MODEL with the node's name when ranks, types or attributes disagree. */
ofz_status ofz_infer_graph(ofz_ctx *ctx, ofz_graph *g, size_t first) OFZ_MUST_USE;

/* The same from the first node on, telling what was found of each node with a row, also of those in
 * subgraphs, which may be looked at several times: the last time says most. */
typedef void ofz_infer_watch_fn(void *user, const ofz_node *n, const ofz_op *op,
                                const ofz_tensor *const *in, ofz_tensor *const *out);
ofz_status   ofz_infer_watched(ofz_ctx *ctx, ofz_graph *g, ofz_infer_watch_fn *watch,
                               void *user) OFZ_MUST_USE;

/* The same for someone who wants to know which elements became known on the way.
 *   constant   may the elements of this constant be looked at? NULL: of all
 *   known      called for each value of `g` itself whose elements are known; of integers some may be
 *              symbols, then `t` is int64 whatever the value's type is. `t` is lent for the call */
typedef struct ofz_infer_lens {
    bool (*constant)(void *user, const ofz_value *v);
    ofz_status (*known)(void *user, const ofz_value *v, const ofz_tensor *t, bool symbolic);
    void *user;
} ofz_infer_lens;

ofz_status ofz_infer_known(ofz_ctx *ctx, ofz_graph *g, const ofz_infer_lens *lens) OFZ_MUST_USE;

#endif
