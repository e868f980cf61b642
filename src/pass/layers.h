/* layers.h - where tensors stand in the graph: layers counted from the outputs, and what lies before
 * and after a value. Both write node->scratch. */
#ifndef OFZ_PASS_LAYERS_H
#define OFZ_PASS_LAYERS_H

#include "pass/roles.h"

/* Set below[i] to the number of layers between tensor i and the outputs, on the longest way: 0 in the
 * last layer, -1 in none. A layer is a node that reads a weight or an embedding; what is read behind
 * it and before the next one belongs to it: its bias, its norm. Layers with as many layers below them
 * (two heads, the query, key and value of attention, the branches of a block) stand side by side.
 * Layers inside subgraphs lie between those of the main graph. Tensors that are shape constants, masks
 * or other are in no layer.
 *   below   [m->tensor.count]
 * Errors: OFZ_E_NOMEM. */
ofz_status ofz_layers_below(ofz_ctx *ctx, const ofz_model *m, int *below) OFZ_MUST_USE;

/* Set hit[i] for the tensors whose readers all lie before (after) `at`, clear the others. Before a
 * computed value: the nodes it depends on. After it: the nodes that depend on it. For a constant the
 * nodes that read it stand: before are the nodes that they depend on, after are they themselves and
 * what depends on them. A node inside a subgraph stands where the node with the subgraph does. Errors: OFZ_E_NOMEM. */
ofz_status ofz_layers_side(ofz_ctx *ctx, const ofz_model *m, const ofz_value *at, bool after,
                           bool *hit) OFZ_MUST_USE;

#endif
