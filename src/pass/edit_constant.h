/* edit_constant.h - the tensors of a model: other values, and where they stand. */
#ifndef OFZ_PASS_EDIT_CONSTANT_H
#define OFZ_PASS_EDIT_CONSTANT_H

#include "model/model.h"

/* Give the initializer (or the Constant node's output) `name` the value `t`, copied. Its element type must
 * be the same; with another shape, types are settled anew.
 * Errors: OFZ_E_ARG (no such tensor, another element type), OFZ_E_MODEL (the new shape does not fit; the
 * node is named), OFZ_E_NOMEM. */
ofz_status ofz_edit_set_init(ofz_ctx *ctx, ofz_model *m, const char *name,
                             const ofz_tensor *t) OFZ_MUST_USE;

/* Constant nodes that hold a tensor become initializers; *count of them, subgraphs included. Below IR 4,
 * where an initializer is an input as well: OFZ_E_UNSUPPORTED. */
ofz_status ofz_edit_constants_to_initializers(ofz_ctx *ctx, ofz_model *m,
                                              size_t *count) OFZ_MUST_USE;
/* And the reverse; initializers that are graph inputs stay (they are defaults that a run may override). */
ofz_status ofz_edit_initializers_to_constants(ofz_ctx *ctx, ofz_model *m,
                                              size_t *count) OFZ_MUST_USE;

#endif
