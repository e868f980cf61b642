/* form.h - the two forms of a graph: as it infers and as it trains. Both work in place, on a clone;
 * shapes are to be inferred afterwards. Nodes inside subgraphs keep the form that they have. */
#ifndef OFZ_PASS_FORM_H
#define OFZ_PASS_FORM_H

#include "ir/graph.h"

/* Batch normalisation uses its stored statistics, dropout passes its input on, whatever the file
 * says: BatchNormalization-14 with training_mode=1 and the older ones with more than one output
 * lose both; Dropout-12 loses its training_mode. */
ofz_status ofz_form_inference(ofz_ctx *ctx, ofz_graph *g) OFZ_MUST_USE;

/* A running statistic of a batch normalisation: a constant and what replaces it after every batch.
 */
typedef struct ofz_statistic {
    ofz_value *value, *next;
} ofz_statistic;

typedef struct ofz_training_form {
    ofz_bn_mode       bn;
    ofz_value *const *trained; /* the constants that will be trained */
    size_t            trained_count;
    ofz_statistic *statistic; /* set here; in the graph's arena: mean and variance of each node */
    size_t         statistic_count;
} ofz_training_form;

/* Dropout draws a mask (ofz.Dropout; with ratio 0 it passes its input on). Batch normalisation:
 * OFZ_BN_FROZEN as for inference; OFZ_BN_BATCH normalises by the batch (ofz.BatchNormTrain, running
 * variance unbiased as in PyTorch), whichever form the file has. A node is left in inference form
 * when neither its scale nor its shift is trained, or its statistics are not constants. Errors:
 * OFZ_E_UNSUPPORTED (a dropout ratio that is computed, statistics that two nodes share, spatial=0),
 * OFZ_E_MODEL (a ratio outside [0, 1)), OFZ_E_NOMEM. */
ofz_status ofz_form_training(ofz_ctx *ctx, ofz_graph *g, ofz_training_form *form) OFZ_MUST_USE;

/* `v`, or what it is a copy of: Identity nodes are looked through. */
ofz_value *ofz_value_origin(ofz_value *v);

#endif
