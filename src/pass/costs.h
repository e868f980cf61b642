/* costs.h - what the nodes of a model cost, those in bodies of functions and in subgraphs included. */
#ifndef OFZ_PASS_COSTS_H
#define OFZ_PASS_COSTS_H

#include "model/model.h"

typedef struct ofz_model_costs {
    ofz_graph
             *graph; /* a flat copy of the model's, in the caller's arena, with the bound sizes; the
                         caller deinits it */
    ofz_cost *node;  /* one for each node of the model's graph */
    ofz_cost  total; /* weights that several nodes read counted once */
} ofz_model_costs;

/* Count with named dimensions bound to sizes.
 *   dims   of which each names a symbol of the model
 * Where shapes cannot be inferred costs are unknown. Errors: OFZ_E_ARG (no such dimension, a size below
 * 0), those of ofz_functions_inline, OFZ_E_NOMEM. */
ofz_status ofz_costs_count(ofz_ctx *ctx, const ofz_model *m, const ofz_dim *dims, size_t dim_count,
                           ofz_arena *arena, ofz_model_costs *out) OFZ_MUST_USE;

#endif
