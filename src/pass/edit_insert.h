/* edit_insert.h - nodes from text put into a graph. */
#ifndef OFZ_PASS_EDIT_INSERT_H
#define OFZ_PASS_EDIT_INSERT_H

#include "model/model.h"

/* Put the nodes of `text` (node_text.h) behind values of the graph. Their inputs are values of the graph or
 * of the text, their outputs are new. What read the first node's first input reads the last node's first
 * output instead, the new nodes apart; where that input is a graph output, the last node makes the output of
 * that name. Types are to be settled afterwards, anew.
 * Errors: OFZ_E_ARG (the text, an input that nothing makes), OFZ_E_MODEL (an output's name is taken). */
ofz_status ofz_edit_insert(ofz_ctx *ctx, ofz_model *m, const char *text) OFZ_MUST_USE;

/* "NODE=TEXT": the nodes of TEXT in place of NODE, whose outputs they make under their names as far as these
 * are read. Errors: as above; OFZ_E_ARG (no such node, an output that is read and not made). */
ofz_status ofz_edit_replace(ofz_ctx *ctx, ofz_model *m, const char *text) OFZ_MUST_USE;

#endif
