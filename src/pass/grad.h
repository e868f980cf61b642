/* grad.h - reverse-mode differentiation, graph to graph. */
#ifndef OFZ_PASS_GRAD_H
#define OFZ_PASS_GRAD_H

#include "ops/op.h"

/* Append to `g` the nodes that compute d loss / d wrt[i].
 *   loss    a scalar value of g
 *   wrt     count values: constants, inputs or others
 *   out     count values to be set; NULL where the loss does not depend on wrt[i]
 * Only nodes on a path from some wrt to the loss are differentiated, and each is asked only for the
 * gradients that such a path needs: a frozen tensor costs nothing.
 * Errors: OFZ_E_UNSUPPORTED naming the first operator without gradient on a path, with the tensor
 * it hides; g then holds nodes that nothing reads. */
ofz_status ofz_grad_append(ofz_ctx *ctx, ofz_graph *g, ofz_value *loss, ofz_value *const *wrt,
                           size_t count, ofz_value **out) OFZ_MUST_USE;

#endif
