/* edit_settle.h - after an edit: order, types, and what of the file's types no longer holds. */
#ifndef OFZ_PASS_EDIT_SETTLE_H
#define OFZ_PASS_EDIT_SETTLE_H

#include "model/model.h"

/* Sort the nodes of the graph and infer all types.
 *   anew   the edit may have given values other types: what nodes with a row make is inferred from
 *          nothing; else only what inference left open before and finds now is added
 * Where a value's type is another than before, the file's value_info is given up (shapes_dropped) and a
 * graph output is written with its new type.
 * Errors: OFZ_E_MODEL with the node's name (types or shapes contradict), OFZ_E_NOMEM. */
ofz_status ofz_edit_settle(ofz_ctx *ctx, ofz_model *m, bool anew) OFZ_MUST_USE;

#endif
