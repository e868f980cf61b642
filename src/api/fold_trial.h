/* fold_trial.h - runs on random inputs, recorded before a model is changed and compared after. */
#ifndef OFZ_API_FOLD_TRIAL_H
#define OFZ_API_FOLD_TRIAL_H

#include "api/evaluate.h"
#include "pass/fold.h"

/* Inputs, and what the model made of them. */
typedef struct ofz_trial {
    ofz_arrays *in;
    ofz_tensor *out;
    size_t      out_count;
} ofz_trial;

/* Run `model` on random inputs: floats from [-1, 1), small integers that may be indices, truth values.
 * Unknown dims get small sizes, equal symbols the same one, another `run` other ones; when the model
 * refuses, larger sizes and smaller integers are tried.
 * Errors: OFZ_E_UNSUPPORTED (it ran on none of them), OFZ_E_NOMEM. */
ofz_status ofz_trial_new(ofz_ctx *ctx, const ofz_model *model, uint64_t seed, int run,
                         ofz_trial *out) OFZ_MUST_USE;
void       ofz_trial_free(ofz_trial *trial);
/* Run `model` on the same inputs and add what came out to check[0 .. out_count).
 * Errors: OFZ_E_DIFFERENT (names the output), what the run reports. */
ofz_status ofz_trial_compare(ofz_ctx *ctx, const ofz_model *model, const ofz_trial *trial,
                             double tolerance, ofz_fold_check *check) OFZ_MUST_USE;

/* ofz_model_fold with other passes than ofz_fold_passes. */
ofz_status ofz_model_fold_by(ofz_ctx *ctx, ofz_model *model, const ofz_fold_options *options,
                             const ofz_fold_pass *pass, size_t pass_count,
                             ofz_fold_report *report) OFZ_MUST_USE;

#endif
