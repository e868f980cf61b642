/* functions.h - calls of the model's own functions, and the bodies that stand for them.
 *
 * A node calls the function of its domain, type and overload. In the domains of the standard (ai.onnx,
 * and those that begin with "ai.onnx.") an operator with a row at the node's version is that operator,
 * whatever functions the model brings: a file cannot give Relu another meaning. In all other domains
 * the model's function goes before a row.
 *
 * Nodes of a body keep the versions that the function imports. */
#ifndef OFZ_PASS_FUNCTIONS_H
#define OFZ_PASS_FUNCTIONS_H

#include "model/model.h"

/* The function that `n`, a node of the model or of a copy, calls; NULL when it calls none. */
const ofz_function *ofz_function_called(const ofz_model *m, const ofz_node *n);
/* Is any called in `g` or its subgraphs? */
bool ofz_graph_calls(const ofz_model *m, const ofz_graph *g);

/* Put bodies in place of all calls in `g` and its subgraphs, calls in bodies included.
 *   g   the model's graph, or a copy of it that owns its subgraphs (ofz_graph_deep_copy); afterwards
 *       valid, in topological order, and without calls. What the calls made keeps its name; names in
 *       bodies get the call's before them.
 * Errors: OFZ_E_MODEL naming the functions of a circle, OFZ_E_LIMIT (limits.inlined_count nodes, calls
 * nested deeper than limits.depth), both before anything has changed; and after which `g` is only good
 * for ofz_graph_deinit: OFZ_E_MODEL (a call with more inputs or outputs than the function),
 * OFZ_E_LIMIT (limits.structure_size bytes, graphs nested deeper than limits.depth), OFZ_E_NOMEM. */
ofz_status ofz_functions_inline(ofz_ctx *ctx, const ofz_model *m, ofz_graph *g) OFZ_MUST_USE;

/* A copy of the model's graph without calls and Gradient nodes (gradient_op.h), to work on:
 * ofz_graph_clone where there are none. */
ofz_status ofz_functions_clone(ofz_ctx *ctx, const ofz_model *m, ofz_arena *arena,
                               ofz_graph **out) OFZ_MUST_USE;

/* Make m->flat anew, and ofz_value.flat of the model's values. To be called again after an edit of
 * the graph. Errors: as above; there is no flat graph then. */
ofz_status ofz_functions_flatten(ofz_ctx *ctx, ofz_model *m) OFZ_MUST_USE;

#endif
