/* body.h - what the rows with subgraphs share. */
#ifndef OFZ_OPS_BODY_H
#define OFZ_OPS_BODY_H

#include "ops/infer.h"
#include "ops/stack.h"

/* An array of tensors, released together. Zero-initialise. */
typedef struct ofz_row_values {
    ofz_tensor *t;
    size_t      count;
} ofz_row_values;

/* All undefined. OFZ_E_NOMEM. */
ofz_status ofz_row_values_new(ofz_ctx *ctx, ofz_row_values *v, size_t count) OFZ_MUST_USE;
void       ofz_row_values_free(ofz_row_values *v);

/* Output k of the node becomes *t, whose reference it takes over, also when nobody wants it. */
void ofz_eval_take(ofz_eval_call *c, size_t k, ofz_tensor *t);

/* Every output is something that only the run knows. */
ofz_status ofz_infer_open(ofz_infer_call *c) OFZ_MUST_USE;
/* Output k is as `t` describes it. */
ofz_status ofz_infer_as(ofz_infer_call *c, size_t k, const ofz_tensor *t) OFZ_MUST_USE;

/* The types of values that the body hands from iteration to iteration: widened until what goes in
 * (in[at..at + states), which point at room the callee may write to) covers what comes out.
 *   room     the states' types, initial ones at first
 *   out      the body's output types at the end; its states begin at out_at */
ofz_status ofz_infer_states(ofz_infer_call *c, const ofz_graph *body, const ofz_tensor **in,
                            size_t in_count, ofz_tensor *room, size_t states, ofz_tensor *out,
                            size_t out_at) OFZ_MUST_USE;
/* Type of a stack of `count` (a dim) items, each as `item` says, along `axis`. */
ofz_status ofz_infer_stack(ofz_infer_call *c, size_t k, const ofz_tensor *item, int64_t axis,
                           int64_t count) OFZ_MUST_USE;

/* Where a loop ran no iteration, its stack has the type that the body declares, unknown dims being
 * 0. OFZ_E_UNSUPPORTED when it declares no type. */
ofz_status ofz_stack_describe(ofz_ctx *ctx, ofz_stack *s, const ofz_value *v) OFZ_MUST_USE;

/* A boolean of one element. OFZ_E_MODEL names `what`. */
ofz_status ofz_eval_bool(ofz_ctx *ctx, const char *what, const ofz_tensor *t,
                         bool *out) OFZ_MUST_USE;

#endif
