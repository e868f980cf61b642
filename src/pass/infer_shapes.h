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

/* The same for someone who wants to know what became known on the way.
 *   constant   may the elements of this constant be looked at? NULL: of all
 *   known      called for each value of `g` itself whose elements are known; of integers some may be
 *              symbols, then `t` is int64 whatever the value's type is. `t` is lent for the call */
typedef struct ofz_infer_watch {
    bool (*constant)(void *user, const ofz_value *v);
    ofz_status (*known)(void *user, const ofz_value *v, const ofz_tensor *t, bool symbolic);
    void *user;
} ofz_infer_watch;

ofz_status ofz_infer_graph_watched(ofz_ctx *ctx, ofz_graph *g,
                                   const ofz_infer_watch *watch) OFZ_MUST_USE;

#endif
