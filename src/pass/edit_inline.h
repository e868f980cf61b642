/* edit_inline.h - the model's own functions, written out. */
#ifndef OFZ_PASS_EDIT_INLINE_H
#define OFZ_PASS_EDIT_INLINE_H

#include "model/model.h"

/* Put bodies in place of all calls; the model has no functions afterwards. It imports what the bodies
 * import; where a body imports another version of a domain, every node of it must mean the same in the
 * model's. Types are settled.
 * Errors: those of ofz_functions_inline; OFZ_E_UNSUPPORTED (a node whose operator differs between the two
 * versions: it is named). */
ofz_status ofz_edit_inline(ofz_ctx *ctx, ofz_model *m) OFZ_MUST_USE;

#endif
