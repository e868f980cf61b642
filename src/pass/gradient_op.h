/* gradient_op.h - ONNX's own Gradient operator (ai.onnx.preview.training), by the gradient pass.
 *
 * A Gradient node names values of its graph: y, the independent xs, and zs that y depends on as well and
 * that are held fixed. Its inputs are what xs and zs are to be. Its outputs are dy/dx for each of xs, summed
 * over the elements of y. */
#ifndef OFZ_PASS_GRADIENT_OP_H
#define OFZ_PASS_GRADIENT_OP_H

#include "ops/op.h"

bool ofz_node_is_gradient(const ofz_node *n);
/* Has the graph one, subgraphs not counted? */
bool ofz_graph_has_gradient(const ofz_graph *g);

/* Put nodes that compute them in place of the Gradient nodes of `g`, a graph to work on: private rows
 * are among them. In topological order before and after. A Gradient whose y depends on another's outputs
 * is a second derivative. Where the inputs are other values than those that the node names, what lies between
 * is computed once more, from them.
 * Errors: OFZ_E_MODEL (a name that the graph does not know, more outputs than xs), OFZ_E_UNSUPPORTED (an
 * operator without gradient, a subgraph to be computed once more), OFZ_E_NOMEM. */
ofz_status ofz_gradients_expand(ofz_ctx *ctx, ofz_graph *g) OFZ_MUST_USE;

#endif
