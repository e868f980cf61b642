/* trainer.h - everything that one training run holds together; for the files of this room and the
 * API.
 *
 *   trainer.c   what is trained, and on what
 *   params.c    gradients added up, parameters moved
 *   loop.c      steps, epochs, events, the end
 *   resume.c    the run as a checkpoint, and back */
#ifndef OFZ_TRAIN_TRAINER_H
#define OFZ_TRAIN_TRAINER_H

#include "train/optimizer.h"
#include "train/schedule.h"
#include "train/stage.h"

/* A trained tensor. Updates happen in float32 or float64; a narrower tensor is rounded from its
 * master after every step. */
typedef struct ofz_param {
    ofz_value *source;  /* in the model */
    ofz_value *value;   /* in the training graph */
    ofz_value *grad;    /* in the training graph */
    ofz_tensor fed;     /* what executors read, of the model's type */
    ofz_tensor master;  /* shares fed's bytes unless fed is narrower */
    ofz_tensor sum;     /* the gradient of the step at hand, master's type */
    ofz_tensor slot[2]; /* the optimizer's state, master's type */
    ofz_tensor best;    /* fed, as it stood after the best epoch */
} ofz_param;

/* A running statistic of a batch norm that trains. */
typedef struct ofz_running {
    ofz_value *source;
    ofz_value *value, *next; /* in the training graph */
    ofz_tensor fed, best;
} ofz_running;

/* What a checkpoint keeps beside tensors. Eight bytes a field: written as it stands. */
typedef struct ofz_train_state {
    uint64_t step;                  /* optimizer steps done */
    uint64_t epoch;                 /* epochs done */
    uint64_t batch;                 /* batches of the epoch at hand that are done */
    uint64_t best_epoch;            /* 1-based; 0: none yet */
    uint64_t stale;                 /* epochs since the best one */
    double   loss_sum, weight_sum;  /* of the epoch at hand */
    double   first_loss, last_loss; /* means over the first and the last whole epoch */
    double   best_value;
    ofz_rng  rng; /* what dropout draws from */
} ofz_train_state;

typedef struct ofz_trainer {
    ofz_ctx          *ctx;
    ofz_model        *model;
    const ofz_arrays *data, *val_data; /* val_data NULL: none, or a part of data */
    ofz_train_options options;         /* defaults resolved */
    ofz_rule          rule;
    ofz_rate          rate;
    ofz_arena         arena;
    ofz_stage         stage, val; /* val.graph NULL: no validation */
    ofz_scores       *scores;
    ofz_metrics       metrics; /* of the last validation */
    ofz_param        *param;
    size_t            param_count;
    ofz_running      *running;
    size_t            running_count;
    int64_t        *base;  /* samples to train on; those to validate on, of the same data, follow */
    int64_t        *order; /* base in this epoch's order */
    int64_t         count, val_count;
    int64_t         batches; /* of an epoch */
    uint64_t        total_steps;
    bool            summed; /* the sums hold something of this step */
    ofz_train_state state;
    const char     *run_text; /* what a checkpoint must agree with; NULL: no checkpoints */
} ofz_trainer;

/* Everything that can fail for other reasons than numbers and disks happens here. `options` have
 * been checked. Call _deinit also after a failure. */
ofz_status ofz_trainer_init(ofz_trainer *t, ofz_ctx *ctx, ofz_model *model, const ofz_arrays *data,
                            const ofz_train_options *options) OFZ_MUST_USE;
void       ofz_trainer_deinit(ofz_trainer *t);

/* Run to the end, and give the model its weights: see ofz_train. */
ofz_status ofz_trainer_run(ofz_trainer *t, ofz_train_report *report) OFZ_MUST_USE;

/* Write the state to options.checkpoint, if there is one. */
ofz_status ofz_trainer_save(ofz_trainer *t) OFZ_MUST_USE;
/* Take it from options.resume. Errors: OFZ_E_ARG (another run's, naming what differs), OFZ_E_PARSE,
 * OFZ_E_IO. */
ofz_status ofz_trainer_restore(ofz_trainer *t) OFZ_MUST_USE;
/* Set run_text. */
ofz_status ofz_trainer_describe(ofz_trainer *t) OFZ_MUST_USE;

/* Forget the gradients of the step before; sums are set by the next _add. */
void ofz_grads_clear(ofz_trainer *t);
/* Add the last run's gradients, each divided by `parts`, to the sums of the step.
 * Errors: OFZ_E_MODEL (a gradient unlike its tensor). */
ofz_status ofz_grads_add(ofz_trainer *t, int64_t parts) OFZ_MUST_USE;
/* The L2 norm over all sums, in double; elements in order, eight partial sums for each tensor. */
double ofz_grads_norm(const ofz_trainer *t);
/* One optimizer step with the sums times `factor`. */
void ofz_params_update(ofz_trainer *t, double lr, double factor);
/* Round the masters of narrow types to what executors read. */
void ofz_param_round(ofz_param *p);

#endif
