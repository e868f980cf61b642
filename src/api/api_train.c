/* api_train.c - ofz_train: the options are checked here, the rest is src/train's. */
#include <math.h>

#include "train/trainer.h"

void ofz_train_options_init(ofz_train_options *options)
{
    *options = (ofz_train_options){
        .target       = "labels",
        .loss         = OFZ_LOSS_CE,
        .optimizer    = OFZ_SGD,
        .weight_decay = -1,
        .beta1        = 0.9,
        .beta2        = 0.999,
        .eps          = 1e-8,
        .schedule     = OFZ_CONSTANT,
        .step_gamma   = 0.1,
        .accumulate   = 1,
        .epochs       = 10,
        .batch_size   = 32,
        .shuffle      = 1,
        .bn           = OFZ_BN_FROZEN,
        .monitor      = OFZ_MONITOR_LOSS,
    };
}

/* One number and the range it must lie in; written so that NaN fails. */
typedef struct number_rule {
    const char *name;
    double      value, min, max;
    bool        below_max; /* max itself is outside */
} number_rule;

static ofz_status numbers_check(ofz_ctx *ctx, const ofz_train_options *o)
{
    const double      huge    = 1e300;
    const number_rule rules[] = {
        { "lr", o->lr, 0, huge, false },
        { "momentum", o->momentum, 0, 1, true },
        { "weight_decay", o->weight_decay, -1, huge, false },
        { "beta1", o->beta1, 0, 1, true },
        { "beta2", o->beta2, 0, 1, true },
        { "eps", o->eps, 0, huge, false },
        { "step_gamma", o->step_gamma, 0, huge, false },
        { "clip_norm", o->clip_norm, 0, huge, false },
        { "val_split", o->val_split, 0, 1, true },
        { "epochs", o->epochs, 1, INT32_MAX, false },
        { "batch_size", o->batch_size, 1, INT32_MAX, false },
        { "accumulate", o->accumulate, 1, INT32_MAX, false },
        { "warmup", o->warmup, 0, INT32_MAX, false },
        { "step_size", o->step_size, 0, INT32_MAX, false },
        { "early_stop", o->early_stop, 0, INT32_MAX, false },
        { "checkpoint_steps", o->checkpoint_steps, 0, INT32_MAX, false },
        { "loss", o->loss, OFZ_LOSS_CE, OFZ_LOSS_BCE, false },
        { "optimizer", o->optimizer, OFZ_SGD, OFZ_ADAMW, false },
        { "schedule", o->schedule, OFZ_CONSTANT, OFZ_COSINE, false },
        { "bn", o->bn, OFZ_BN_FROZEN, OFZ_BN_BATCH, false },
        { "monitor", o->monitor, OFZ_MONITOR_LOSS, OFZ_MONITOR_F1, false },
    };

    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        const number_rule *r = &rules[i];

        if (r->value >= r->min && (r->below_max ? r->value < r->max : r->value <= r->max)) continue;
        return ofz_fail(ctx, OFZ_E_ARG, "%s: %.9g, want %.9g to %s%.9g", r->name, r->value, r->min,
                        r->below_max ? "below " : "", r->max);
    }
    return OFZ_OK;
}

static ofz_status options_check(ofz_ctx *ctx, const ofz_train_options *o)
{
    const bool validates = o->val || o->val_split > 0;
    const bool classes   = o->loss == OFZ_LOSS_CE || o->loss == OFZ_LOSS_BCE;

    OFZ_TRY(numbers_check(ctx, o));
    if (!o->target) return ofz_fail(ctx, OFZ_E_ARG, "target: none, want the name of an array");
    if (o->val && o->val_split > 0)
        return ofz_fail(ctx, OFZ_E_ARG, "val_split: %.9g beside validation data, want one of them",
                        o->val_split);
    if (o->early_stop && !validates) {
        ofz_fail(ctx, OFZ_E_ARG, "early_stop: %d without validation data", o->early_stop);
        return ofz_fix(ctx, OFZ_E_ARG, "add --val FILE or --val-split 0.2");
    }
    if (o->monitor != OFZ_MONITOR_LOSS && !validates) {
        ofz_fail(ctx, OFZ_E_ARG, "monitor: a metric without validation data to take it from");
        return ofz_fix(ctx, OFZ_E_ARG, "add --val FILE or --val-split 0.2");
    }
    if (o->monitor != OFZ_MONITOR_LOSS && !classes)
        return ofz_fail(ctx, OFZ_E_ARG,
                        "monitor: a metric of classes with a loss of numbers, want the loss");
    if (o->nesterov && o->optimizer == OFZ_SGD && o->momentum == 0)
        return ofz_fail(ctx, OFZ_E_ARG, "nesterov: momentum is 0, want more");
    return OFZ_OK;
}

ofz_status ofz_train(ofz_ctx *ctx, ofz_model *model, const ofz_arrays *data,
                     const ofz_train_options *options, ofz_train_report *report)
{
    ofz_trainer t;
    ofz_status  st;

    OFZ_TRY(options_check(ctx, options));
    st = ofz_trainer_init(&t, ctx, model, data, options);
    if (!st && (options->checkpoint || options->resume)) st = ofz_trainer_describe(&t);
    if (!st) st = ofz_trainer_run(&t, report);
    ofz_trainer_deinit(&t);
    return st;
}
