/* node_text.h - nodes in ONNX's textual syntax.
 *
 *     y = Relu (x)
 *     s, i = TopK <axis: int = 1, largest = 0> (x, k)
 *     z = other.Thing <alpha = 0.5, names = ["a", "b"], value = float[2] {1, 2}> (y, "odd name", )
 *
 * One node after another; # begins a comment. A value is a name or a quoted text; nothing between two commas
 * is an omitted one. An attribute is an integer, a number with a point or an exponent, a quoted text, a list
 * of one of these in brackets, or a tensor: element type, dimensions, elements in braces. Its type may be
 * written behind a colon; otherwise it is the one that the operator's row names, else that of the text. */
#ifndef OFZ_PASS_NODE_TEXT_H
#define OFZ_PASS_NODE_TEXT_H

#include "model/model.h"

typedef struct ofz_node_draft {
    const char     *op_type, *domain;
    const char    **in, **out; /* names; "" for an omitted one */
    size_t          in_count, out_count;
    const ofz_attr *attr;
    size_t          attr_count;
} ofz_node_draft;

/* All nodes of `text`, in `arena`; at least one. opset: of ai.onnx, for the types of attributes.
 * Errors: OFZ_E_ARG "node text: line 2: found, want expected", OFZ_E_NOMEM. */
ofz_status ofz_node_text_read(ofz_ctx *ctx, ofz_arena *arena, const char *text, int64_t opset,
                              ofz_node_draft **out, size_t *count) OFZ_MUST_USE;

#endif
