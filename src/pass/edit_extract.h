/* edit_extract.h - the part of a model between values. */
#ifndef OFZ_PASS_EDIT_EXTRACT_H
#define OFZ_PASS_EDIT_EXTRACT_H

#include "model/model.h"

/* "IN[,IN..]:OUT[,OUT..]": keep what computes OUT from IN. The model's inputs and outputs are these
 * afterwards, in this order; an input that was an initializer or made by a node gets the type that
 * inference found. Initializers that are inputs as well (as IR 3 wants) stay.
 * Errors: OFZ_E_ARG (no such value; OUT needs an input that is not listed, which is named; a new input of
 * unknown type), OFZ_E_NOMEM. */
ofz_status ofz_edit_extract(ofz_ctx *ctx, ofz_model *m, const char *text) OFZ_MUST_USE;

typedef enum ofz_half { OFZ_HALF_HEAD, OFZ_HALF_TAIL } ofz_half;

/* "T[,T..]": keep one side of a cut. The head computes T and those outputs that do not depend on T; the
 * tail computes the other outputs from T and the model's inputs. Nodes that no input reaches are in both.
 * Errors: OFZ_E_ARG (another value crosses the cut, which is named; T is an input or a constant; no output
 * depends on T), OFZ_E_NOMEM. */
ofz_status ofz_edit_half(ofz_ctx *ctx, ofz_model *m, const char *text, ofz_half half) OFZ_MUST_USE;

#endif
