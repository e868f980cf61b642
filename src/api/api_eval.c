/* api_eval.c - ofz_eval: one pass over a dataset in inference form. */
#include <stdlib.h>

#include "train/stage.h"

struct ofz_eval_result {
    ofz_scores *scores; /* owns the arrays of metrics */
    ofz_metrics metrics;
};

void ofz_eval_options_init(ofz_eval_options *options)
{
    *options = (ofz_eval_options){ .target = "labels", .loss = OFZ_LOSS_CE, .batch_size = 32 };
}

ofz_status ofz_eval(ofz_ctx *ctx, const ofz_model *model, const ofz_arrays *data,
                    const ofz_eval_options *options, ofz_eval_result **out)
{
    const ofz_stage_spec spec   = { .bindings      = options->bindings,
                                    .binding_count = options->binding_count,
                                    .target        = options->target,
                                    .output        = options->output,
                                    .loss          = options->loss };
    ofz_eval_result     *result = NULL;
    ofz_stage            stage  = { 0 };
    ofz_status           st     = OFZ_OK;

    if (options->batch_size < 1)
        return ofz_fail(ctx, OFZ_E_ARG, "batch_size: %d, want at least 1", options->batch_size);
    if (!options->target)
        return ofz_fail(ctx, OFZ_E_ARG, "target: none, want the name of an array");
    result = calloc(1, sizeof *result);
    if (!result) return ofz_fail_nomem(ctx, "evaluation", sizeof *result);
    OFZ_GOTO(ofz_stage_init(ctx, &stage, model));
    OFZ_GOTO(ofz_stage_build(ctx, &stage, NULL, data, &spec));
    OFZ_GOTO(ofz_stage_plan(ctx, &stage, NULL, 0));
    /* What comes out does not depend on the batch, so a model may have its way. */
    stage.batch_size = stage.data.fixed_batch ? stage.data.fixed_batch : options->batch_size;
    OFZ_GOTO(
        ofz_stage_evaluate(ctx, &stage, NULL, stage.data.count, &result->scores, &result->metrics));
    *out   = result;
    result = NULL;
done:
    ofz_eval_result_free(result);
    ofz_stage_deinit(&stage);
    return st;
}

const ofz_metrics *ofz_eval_metrics(const ofz_eval_result *result)
{
    return &result->metrics;
}

void ofz_eval_result_free(ofz_eval_result *result)
{
    if (!result) return;
    ofz_scores_free(result->scores);
    free(result);
}
