/* loop.c - steps, epochs, events, and what the model gets in the end.
 *
 * The state changes between two optimizer steps only, so that it can be written there and taken up
 * again: whatever a step draws on is in it, or follows from seed and epoch. */
#include <math.h>
#include <string.h>
#include <time.h>

#include "train/trainer.h"

static const char finished[] = "finished", stopped_early[] = "early stop",
                  cancelled[] = "cancelled";

static double seconds_now(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + 1e-9 * (double)ts.tv_nsec;
}

/* Tell the caller; true: it asks to stop. */
static bool event_send(ofz_trainer *t, ofz_event *event)
{
    event->epochs      = t->options.epochs;
    event->total_steps = t->total_steps;
    event->step        = t->state.step;
    return t->options.on_event && t->options.on_event(t->options.user, event);
}

/* --- one step --------------------------------------------------------------------------------- */

/* The running statistics move with every batch, as in PyTorch. */
static ofz_status statistics_take(ofz_trainer *t)
{
    for (size_t i = 0; i < t->running_count; i++) {
        ofz_running      *r    = &t->running[i];
        const ofz_tensor *next = ofz_exec_get(t->stage.exec, r->next);

        if (!next || next->dtype != r->fed.dtype || next->count != r->fed.count)
            return ofz_fail(t->ctx, OFZ_E_MODEL, "tensor '%s': statistics of another shape or type",
                            r->source->name);
        memcpy(r->fed.data, next->data, next->size);
    }
    return OFZ_OK;
}

static ofz_status not_finite(ofz_trainer *t, const char *what, double x)
{
    ofz_fail(t->ctx, OFZ_E_NUMERIC, "step %" PRIu64 ": %s is %s, want a finite number",
             t->state.step + 1, what, isnan(x) ? "nan" : "infinite");
    return ofz_fix(t->ctx, OFZ_E_NUMERIC, "try a smaller --lr, --warmup 100 or --clip-norm 1");
}

/* One batch of a step of `parts` batches; its gradients are added up. */
static ofz_status batch_run(ofz_trainer *t, int64_t batch, int64_t parts, double *loss,
                            int64_t *samples)
{
    const int64_t size = t->options.batch_size, first = batch * size;
    const int64_t n = t->count - first < size ? t->count - first : size;
    int64_t       weight;

    OFZ_TRY(ofz_stage_run(t->ctx, &t->stage, t->order + first, n));
    *samples += n;
    weight = ofz_stage_weight(&t->stage);
    if (!weight) return OFZ_OK; /* nothing but ignored targets: no loss, no gradient */
    *loss = ofz_stage_loss(&t->stage);
    if (!isfinite(*loss)) return not_finite(t, "loss", *loss);
    t->state.loss_sum += *loss * (double)weight;
    t->state.weight_sum += (double)weight;
    OFZ_TRY(ofz_grads_add(t, parts));
    return statistics_take(t);
}

/* The batches of one optimizer step, and the step. */
static ofz_status step_run(ofz_trainer *t, ofz_event *event)
{
    const double  start = seconds_now();
    const int64_t from = (int64_t)t->state.batch, left = t->batches - from;
    const int64_t parts   = left < t->options.accumulate ? left : t->options.accumulate;
    int64_t       samples = 0;
    double        losses  = 0;

    ofz_grads_clear(t);
    for (int64_t k = 0; k < parts; k++) {
        double loss = 0;

        OFZ_TRY(batch_run(t, from + k, parts, &loss, &samples));
        losses += loss;
    }
    event->grad_norm = ofz_grads_norm(t);
    if (!isfinite(event->grad_norm)) return not_finite(t, "gradient norm", event->grad_norm);
    event->lr = ofz_rate_at(&t->rate, t->state.step, (int)t->state.epoch);
    ofz_params_update(t, event->lr, ofz_clip_factor(event->grad_norm, t->options.clip_norm));
    t->state.step++;
    t->state.batch += (uint64_t)parts;
    event->kind         = OFZ_EVENT_STEP;
    event->epoch        = (int)t->state.epoch + 1;
    event->loss         = losses / (double)parts;
    event->sample_count = (size_t)samples;
    event->ms           = 1000 * (seconds_now() - start);
    return OFZ_OK;
}

/* --- one epoch -------------------------------------------------------------------------------- */

static double monitored(const ofz_trainer *t, double train_loss)
{
    if (!t->val.graph) return train_loss;
    switch (t->options.monitor) {
    case OFZ_MONITOR_LOSS:
        return t->metrics.loss;
    case OFZ_MONITOR_ACCURACY:
        return t->metrics.accuracy;
    case OFZ_MONITOR_F1:
        return t->metrics.f1;
    }
    return NAN;
}

static bool improves(const ofz_trainer *t, double value)
{
    if (!t->state.best_epoch) return true;
    if (isnan(t->state.best_value)) return !isnan(value);
    return t->options.monitor == OFZ_MONITOR_LOSS ? value < t->state.best_value
                                                  : value > t->state.best_value;
}

static void best_keep(ofz_trainer *t)
{
    if (!t->val.graph) return;
    for (size_t i = 0; i < t->param_count; i++)
        memcpy(t->param[i].best.data, t->param[i].fed.data, t->param[i].fed.size);
    for (size_t i = 0; i < t->running_count; i++)
        memcpy(t->running[i].best.data, t->running[i].fed.data, t->running[i].fed.size);
}

/* All batches are done: validate, judge, move on. */
static ofz_status epoch_close(ofz_trainer *t, ofz_event *event)
{
    ofz_train_state *s    = &t->state;
    const double     loss = s->weight_sum > 0 ? s->loss_sum / s->weight_sum : NAN;
    double           value;

    if (t->val.graph) {
        const int64_t *order = t->options.val ? NULL : t->base + t->count;

        OFZ_TRY(ofz_stage_evaluate(t->ctx, &t->val, order, t->val_count, &t->scores, &t->metrics));
    }
    value  = monitored(t, loss);
    *event = (ofz_event){ .kind  = OFZ_EVENT_EPOCH,
                          .epoch = (int)s->epoch + 1,
                          .loss  = loss,
                          .lr    = ofz_rate_at(&t->rate, s->step ? s->step - 1 : 0, (int)s->epoch),
                          .val   = t->val.graph ? &t->metrics : NULL,
                          .best  = improves(t, value) };
    s->stale++;
    if (event->best) {
        s->best_value = value;
        s->best_epoch = s->epoch + 1;
        s->stale      = 0;
        best_keep(t);
    }
    if (!s->epoch) s->first_loss = loss;
    s->last_loss = loss;
    s->epoch++;
    s->batch      = 0;
    s->loss_sum   = 0;
    s->weight_sum = 0;
    return OFZ_OK;
}

static void epoch_order(ofz_trainer *t)
{
    const size_t n = (size_t)t->count;

    if (t->options.shuffle)
        ofz_dataset_shuffle(t->options.seed, t->state.epoch, t->base, n, t->order);
    else
        memcpy(t->order, t->base, n * sizeof *t->order);
}

/* The rest of the epoch at hand; *reason is set when the caller asks to stop. */
static ofz_status epoch_run(ofz_trainer *t, const char **reason)
{
    const double start = seconds_now();
    const int    every = t->options.checkpoint_steps;
    ofz_event    event = { 0 };

    epoch_order(t);
    while (t->state.batch < (uint64_t)t->batches) {
        OFZ_TRY(step_run(t, &event));
        if (event_send(t, &event)) {
            *reason = cancelled;
            return ofz_trainer_save(t);
        }
        /* Not at the end of an epoch: the one written there follows at once. */
        if (every && t->state.step % (uint64_t)every == 0 && t->state.batch < (uint64_t)t->batches)
            OFZ_TRY(ofz_trainer_save(t));
    }
    OFZ_TRY(epoch_close(t, &event));
    event.seconds = seconds_now() - start;
    if (event_send(t, &event)) *reason = cancelled;
    return ofz_trainer_save(t);
}

/* --- the end ---------------------------------------------------------------------------------- */

static void source_set(ofz_value *source, const ofz_tensor *t)
{
    if (source->constant->size == t->size && !memcmp(source->constant->data, t->data, t->size))
        return; /* the file's own bytes will do */
    ofz_tensor_release(source->constant);
    ofz_tensor_share(t, source->constant);
    source->changed = true;
}

/* Nothing here can fail: the model changes as a whole or not at all. */
static void model_set(ofz_trainer *t, bool best)
{
    for (size_t i = 0; i < t->param_count; i++)
        source_set(t->param[i].source, best ? &t->param[i].best : &t->param[i].fed);
    for (size_t i = 0; i < t->running_count; i++)
        source_set(t->running[i].source, best ? &t->running[i].best : &t->running[i].fed);
}

static void report_fill(const ofz_trainer *t, const char *reason, ofz_train_report *report)
{
    const ofz_train_state *s       = &t->state;
    const double           running = s->weight_sum > 0 ? s->loss_sum / s->weight_sum : NAN;

    *report = (ofz_train_report){
        .steps         = s->step,
        .epochs        = (int)s->epoch,
        .best_epoch    = (int)s->best_epoch,
        .first_loss    = s->epoch ? s->first_loss : running,
        .last_loss     = s->epoch ? s->last_loss : running,
        .best_value    = s->best_epoch ? s->best_value : NAN,
        .trained_count = t->param_count,
        .frozen_count  = t->model->tensor.count - t->param_count,
        .reason        = reason,
    };
}

ofz_status ofz_trainer_run(ofz_trainer *t, ofz_train_report *report)
{
    const char *reason = NULL;
    ofz_event   event  = { .kind = OFZ_EVENT_START, .epoch = (int)t->state.epoch + 1 };

    if (t->options.resume) OFZ_TRY(ofz_trainer_restore(t));
    event.epoch = (int)t->state.epoch + 1;
    if (!t->options.resume) OFZ_TRY(ofz_trainer_save(t));
    if (event_send(t, &event)) reason = cancelled;
    while (!reason) {
        if (t->options.early_stop && t->state.stale >= (uint64_t)t->options.early_stop)
            reason = stopped_early;
        else if (t->state.epoch >= (uint64_t)t->options.epochs)
            reason = finished;
        else
            OFZ_TRY(epoch_run(t, &reason));
    }
    event = (ofz_event){ .kind = OFZ_EVENT_STOP, .epoch = (int)t->state.epoch, .reason = reason };
    event_send(t, &event);
    model_set(t, reason != cancelled && t->val.graph && t->state.best_epoch);
    report_fill(t, reason, report);
    if (reason != cancelled) return OFZ_OK;
    ofz_fail(t->ctx, OFZ_E_CANCELLED, "step %" PRIu64 ": training was stopped", t->state.step);
    return t->options.checkpoint ? ofz_fix(t->ctx, OFZ_E_CANCELLED, "continue with --resume %s",
                                           t->options.checkpoint)
                                 : OFZ_E_CANCELLED;
}
