/* edit_attr.h - attributes of nodes, by their text. */
#ifndef OFZ_PASS_EDIT_ATTR_H
#define OFZ_PASS_EDIT_ATTR_H

#include "model/model.h"

/* "NODE.ATTR=VALUE". The type is the one that the operator's row names, else that of the attribute in
 * place, else it is read off the text: 3, 0.5, text; 1,2 and [1,2] are lists. Lists may stand in brackets;
 * texts may stand in double quotes, with \" and \\ inside.
 *   array   the value of a tensor attribute, whose text is "NODE.ATTR" then; copied; else NULL
 * Types of values are to be settled afterwards, anew.
 * Errors: OFZ_E_ARG (no such node, the row has no such attribute, a value of another type), OFZ_E_NOMEM. */
ofz_status ofz_edit_set_attr(ofz_ctx *ctx, ofz_model *m, const char *text,
                             const ofz_tensor *array) OFZ_MUST_USE;
/* "NODE.ATTR". Errors: OFZ_E_ARG (no such node or attribute), OFZ_E_NOMEM. */
ofz_status ofz_edit_drop_attr(ofz_ctx *ctx, ofz_model *m, const char *text) OFZ_MUST_USE;

#endif
