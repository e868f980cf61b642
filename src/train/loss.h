/* loss.h - a loss put on a value of a graph. */
#ifndef OFZ_TRAIN_LOSS_H
#define OFZ_TRAIN_LOSS_H

#include "data/dataset.h"

/* What `ofz_loss_append` found and made. */
typedef struct ofz_head {
    ofz_loss   kind;
    ofz_value *output; /* the value that the loss is about */
    ofz_value *scores; /* what the loss reads: output, or what feeds its final Softmax or Sigmoid */
    ofz_value *target; /* a new graph input */
    ofz_value *loss;   /* scalar, the mean over elements (cross-entropy: over positions) */
    int        axis;   /* cross-entropy: where the classes stand in scores */
    int64_t    class_count, column_count; /* as ofz_scores_new takes them; see ofz_head_sizes */
    int        target_rank; /* the target is fed in this shape; dim[0] is the batch; -1: */
    int64_t    target_dim[OFZ_MAX_RANK]; /* as it comes */
} ofz_head;

/* The value that `name` stands for (NULL: the first graph output), of a floating-point type as far
 * as that is known. Errors: OFZ_E_ARG. */
ofz_status ofz_loss_output(ofz_ctx *ctx, const ofz_graph *g, const char *name,
                           ofz_value **out) OFZ_MUST_USE;

/* Append the loss `kind` between `output` and a new input for the targets of `ds`.
 *
 *   cross-entropy   Integer targets: the class axis is the one without which output's shape is the
 *                   target's: axis 1 if that fits, else the last. Floating-point targets of
 * output's shape are probabilities along axis 1. A final Softmax or LogSoftmax over the class axis
 * (of three axes and more: it decides which one that is) is left out of the loss, so that it reads
 * logits; a value without one holds logits. bce             a final Sigmoid is left out of the
 * loss; a value without one holds logits mse, l1, huber  output as it is All but cross-entropy with
 * integers want as many targets as output has elements.
 *
 * Shapes of `g` must have been inferred with the samples' own sizes. ds->target.dtype becomes int64
 * where an array of integers turns out to hold classes.
 * Errors: OFZ_E_DATA (shapes that do not fit), OFZ_E_NOMEM. */
ofz_status ofz_loss_append(ofz_ctx *ctx, ofz_graph *g, ofz_dataset *ds, ofz_loss kind,
                           ofz_value *output, ofz_head *head) OFZ_MUST_USE;

/* The targets of one batch in the shape that the loss wants: *view borrows t's bytes. */
ofz_status ofz_head_view(ofz_ctx *ctx, const ofz_head *head, const ofz_tensor *t,
                         ofz_tensor *view) OFZ_MUST_USE;

/* class_count and column_count as a batch's scores show them. */
void ofz_head_sizes(ofz_head *head, const ofz_tensor *scores);

#endif
