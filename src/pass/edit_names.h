/* edit_names.h - what a user's words mean in a model: values, nodes, lists of them; and other words for
 * them. */
#ifndef OFZ_PASS_EDIT_NAMES_H
#define OFZ_PASS_EDIT_NAMES_H

#include "model/model.h"

/* The value called `name` in `g`. Errors: OFZ_E_ARG with the nearest names. */
ofz_status ofz_named_value(ofz_ctx *ctx, const ofz_graph *g, const char *name,
                           ofz_value **out) OFZ_MUST_USE;
/* The node called `name`, or the one that makes the value of that name; in `g` first, then in its
 * subgraphs. Errors: OFZ_E_ARG with the nearest names; OFZ_E_NOMEM. */
ofz_status ofz_named_node(ofz_ctx *ctx, ofz_graph *g, const char *name,
                          ofz_node **out) OFZ_MUST_USE;

/* The values that "a,b,c" lists, in g's arena; at least one. Errors: as ofz_named_value. */
ofz_status ofz_named_values(ofz_ctx *ctx, const ofz_graph *g, const char *text, ofz_value ***out,
                            size_t *count) OFZ_MUST_USE;

/* "LEFT=RIGHT" at its first '=', both in g's arena. Errors: OFZ_E_ARG "TEXT: want `form`". */
ofz_status ofz_name_split(ofz_ctx *ctx, const ofz_graph *g, const char *text, const char *form,
                          const char **left, const char **right) OFZ_MUST_USE;

/* `base`, or `base` with a number behind it: a name that nothing has in `g`, around it or inside; in the
 * arena. Errors: OFZ_E_NOMEM. */
ofz_status ofz_name_fresh(ofz_ctx *ctx, const ofz_graph *g, const char *base,
                          const char **out) OFZ_MUST_USE;

/* "OLD=NEW": a value, in the main graph or else wherever a subgraph has one of that name; "node:OLD=NEW":
 * a node. A name may hold '=': the first one behind the name of something divides.
 * Errors: OFZ_E_ARG (no such thing, nearest names), OFZ_E_MODEL (the name is taken), OFZ_E_NOMEM. */
ofz_status ofz_edit_rename(ofz_ctx *ctx, ofz_model *m, const char *text) OFZ_MUST_USE;

#endif
