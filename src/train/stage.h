/* stage.h - a model's graph in one of its two forms, with a loss on it and batches run through it.
 */
#ifndef OFZ_TRAIN_STAGE_H
#define OFZ_TRAIN_STAGE_H

#include "exec/exec.h"
#include "model/model.h"
#include "pass/form.h"
#include "train/loss.h"
#include "train/metrics.h"

typedef struct ofz_stage_spec {
    const ofz_binding *bindings;
    size_t             binding_count;
    const char        *target, *output; /* as in ofz_train_options */
    ofz_loss           loss;
    int64_t            batch_size;
} ofz_stage_spec;

/* Works on a clone: the model is only read, and must outlive the stage, as must the arrays. */
typedef struct ofz_stage {
    ofz_arena   arena;
    ofz_graph  *graph;
    ofz_dataset data;
    ofz_head    head;
    ofz_plan   *plan;
    ofz_exec   *exec;
    ofz_tensor *input; /* the batch at hand, one for each of data's inputs */
    ofz_tensor  target;
    int64_t     batch_size;
} ofz_stage;

/* Clone, with the bodies of functions in place of calls, and nothing else: the caller may choose values
 * of stage->graph for the form. */
ofz_status ofz_stage_init(ofz_ctx *ctx, ofz_stage *stage, const ofz_model *model) OFZ_MUST_USE;
/* Rewrite into the training form, or with NULL the inference form; bind the arrays; infer shapes
 * with the samples' own sizes; append the loss. */
ofz_status ofz_stage_build(ofz_ctx *ctx, ofz_stage *stage, ofz_training_form *form,
                           const ofz_arrays *arrays, const ofz_stage_spec *spec) OFZ_MUST_USE;
/* Plan the loss, the scores and `count` more values, and make a runner for them. */
ofz_status ofz_stage_plan(ofz_ctx *ctx, ofz_stage *stage, ofz_value *const *more,
                          size_t count) OFZ_MUST_USE;
/* Run samples order[0..count). */
ofz_status ofz_stage_run(ofz_ctx *ctx, ofz_stage *stage, const int64_t *order,
                         int64_t count) OFZ_MUST_USE;
/* The loss of the last run. */
double ofz_stage_loss(const ofz_stage *stage);
/* How many elements the loss of the last run is a mean of, up to a factor that all batches share:
 * samples, or with integer classes the positions that are not ignored. */
int64_t ofz_stage_weight(const ofz_stage *stage);
void    ofz_stage_deinit(ofz_stage *stage);

/* Run samples order[0..count) (NULL: all, in file order) in batches and count what comes out.
 * The arrays of *out are lent by *scores, which is made at the first call. */
ofz_status ofz_stage_evaluate(ofz_ctx *ctx, ofz_stage *stage, const int64_t *order, int64_t count,
                              ofz_scores **scores, ofz_metrics *out) OFZ_MUST_USE;

#endif
