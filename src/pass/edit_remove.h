/* edit_remove.h - taking nodes out. */
#ifndef OFZ_PASS_EDIT_REMOVE_H
#define OFZ_PASS_EDIT_REMOVE_H

#include "model/model.h"

/* Take out the node of that name (or that makes the value of that name). What read its output reads its
 * input instead: the one input that is no constant, of the same element type. A node whose outputs
 * nobody reads is taken out whatever it reads. Types are to be settled afterwards, anew.
 * Errors: OFZ_E_ARG (no such node; it cannot be bypassed: what would be left dangling is named),
 * OFZ_E_UNSUPPORTED (a subgraph reads the output by its name alone), OFZ_E_NOMEM. */
ofz_status ofz_edit_remove_node(ofz_ctx *ctx, ofz_model *m, const char *name) OFZ_MUST_USE;

/* Readers of `old` read `by` from here on; a graph output stays an output of its name: `by` must then be
 * made by a node, which makes the output instead. `old` has no producer any more.
 * Errors: OFZ_E_ARG (`by` is an input, a constant or another output), those of ofz_value_replace. */
ofz_status ofz_edit_supplant(ofz_ctx *ctx, ofz_value *old, ofz_value *by) OFZ_MUST_USE;

#endif
