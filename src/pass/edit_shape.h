/* edit_shape.h - giving values other shapes. */
#ifndef OFZ_PASS_EDIT_SHAPE_H
#define OFZ_PASS_EDIT_SHAPE_H

#include "model/model.h"

/* "NAME=N,3,224,224": numbers, names of unknowns, or "?" for one without a name; nothing behind the '='
 * is a scalar. An input takes the shape, and everything behind it is inferred anew; of a value that a
 * node makes, it is what inference is told and may not contradict.
 * Errors: OFZ_E_ARG (no such value, a constant, text that is no shape), OFZ_E_MODEL (the shapes contradict:
 * the node is named), OFZ_E_NOMEM. */
ofz_status ofz_edit_set_shape(ofz_ctx *ctx, ofz_model *m, const char *text) OFZ_MUST_USE;

#endif
