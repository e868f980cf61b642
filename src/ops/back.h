/* back.h - the gradients of rows with subgraphs: the body's backward form, and the row that runs it. */
#ifndef OFZ_OPS_BACK_H
#define OFZ_OPS_BACK_H

#include "ops/body.h"

ofz_status ofz_if_grad(ofz_grad_call *g);
ofz_status ofz_loop_grad(ofz_grad_call *g);
ofz_status ofz_scan_grad(ofz_grad_call *g);
ofz_status ofz_sequence_map_grad(ofz_grad_call *g);

/* What the rows look like to the one that walks back through them (ofz.BodyGrad). */
typedef enum ofz_back_kind { OFZ_BACK_LOOP, OFZ_BACK_SCAN, OFZ_BACK_MAP } ofz_back_kind;

/* The attributes of a BodyGrad node, and its layout:
 *   inputs    the node's own (in_count of them); then the gradients of its outputs, one for each flag
 *             set in has_dy; then the outer values
 *   outputs   gradients of the inputs flagged in need, then of the outer values
 * The body takes `lead` values of its own (iteration, condition), `states` states and slices of the other
 * inputs. `back` takes the body's inputs, then the gradients of the states flagged in carry, then slices
 * of the gradients of the scan outputs flagged in has_dy; it gives gradients of the states flagged in
 * carry, of slices of the inputs flagged in need, of the outer values. */
typedef struct ofz_back_attrs {
    ofz_graph *body, *back;
    int64_t    kind, in_count, states, outer_count;
    ofz_ints   need, has_dy, carry;
    ofz_ints   in_axis, in_reverse, out_axis, out_reverse; /* of Scan */
} ofz_back_attrs;

#endif
