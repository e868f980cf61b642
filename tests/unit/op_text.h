/* op_text.h - the notation of op_harness.h, parsed. */
#ifndef OFZ_TESTS_OP_TEXT_H
#define OFZ_TESTS_OP_TEXT_H

#include "ir/graph.h"

/* At most `room` attributes for a node of `g` into attr; everything lives in its arena (tensors'
 * buffers and subgraphs do not: see op_text_attrs_release). -1 on a mistake. */
int op_text_attrs(ofz_ctx *ctx, ofz_graph *g, const char *text, ofz_attr *attr, int room);
/* Tensors' buffers, and the subgraphs that no node took. */
void op_text_attrs_release(ofz_attr *attr, int count);

/* A subgraph of `outer` from its parenthesis on; what follows it, or NULL. *out, when set, is the
 * caller's to deinit. */
const char *op_text_body(ofz_ctx *ctx, ofz_graph *outer, const char *s, ofz_graph **out);

#endif
