/* test_train.c - whole runs through the public header: events, repeatability, a run that was stopped
 * and resumed, what is refused and what is left alone. */
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "onnxfreeze.h"

#define FOLDER OFZ_SOURCE_DIR "/testdata/"

static char folder[] = "/tmp/ofz_train_XXXXXX";
static char checkpoint[64];

typedef struct fixture {
    ofz_ctx    *ctx;
    ofz_arrays *data; /* the first samples of the digits */
    ofz_model  *model;
} fixture;

static int folder_make(void **state)
{
    (void)state;
    if (!mkdtemp(folder)) return -1;
    snprintf(checkpoint, sizeof checkpoint, "%s/run.ckpt", folder);
    return 0;
}

static int folder_remove(void **state)
{
    (void)state;
    unlink(checkpoint);
    return rmdir(folder);
}

/* The first `count` samples of the digits, so that runs are short. */
static ofz_arrays *digits_new(ofz_ctx *ctx, int64_t count)
{
    ofz_arrays *all, *some;

    assert_int_equal(ofz_arrays_new(ctx, &all), OFZ_OK);
    assert_int_equal(ofz_arrays_new(ctx, &some), OFZ_OK);
    assert_int_equal(ofz_arrays_load(ctx, all, FOLDER "digits_train.npz", NULL), OFZ_OK);
    for (size_t i = 0; i < ofz_arrays_count(all); i++) {
        ofz_array a        = ofz_arrays_get(all, i);
        int64_t   shape[8] = { count };

        memcpy(shape + 1, a.shape + 1, (size_t)(a.rank - 1) * sizeof *shape);
        a.size  = a.size / (size_t)a.shape[0] * (size_t)count;
        a.shape = shape;
        assert_int_equal(ofz_arrays_add(ctx, some, &a), OFZ_OK);
    }
    ofz_arrays_free(all);
    return some;
}

static ofz_model *model_new(ofz_ctx *ctx, const char *name, const char *preset)
{
    ofz_mark_rule rule = { OFZ_ACTION_PRESET, preset };
    ofz_model    *m;
    char          path[512];

    snprintf(path, sizeof path, FOLDER "%s", name);
    if (ofz_model_load(ctx, path, &m)) fail_msg("%s", ofz_error(ctx));
    if (preset && ofz_mark_apply(ctx, m, &rule, 1)) fail_msg("%s", ofz_error(ctx));
    return m;
}

static int setup(void **state)
{
    fixture *f = calloc(1, sizeof *f);

    f->ctx = ofz_ctx_new();
    ofz_ctx_set_threads(f->ctx, 1); /* batches are small, and tests share the machine */
    f->data  = digits_new(f->ctx, 100);
    f->model = model_new(f->ctx, "mlp.onnx", NULL);
    *state   = f;
    return 0;
}

static int teardown(void **state)
{
    fixture *f = *state;

    ofz_model_free(f->model);
    ofz_arrays_free(f->data);
    ofz_ctx_free(f->ctx);
    free(f);
    unlink(checkpoint);
    return 0;
}

static ofz_train_options options_small(void)
{
    ofz_train_options o;

    ofz_train_options_init(&o);
    o.epochs     = 3;
    o.batch_size = 16;
    return o;
}

/* The bytes of every listed tensor, in order. */
static char *weights_new(ofz_ctx *ctx, const ofz_model *m, size_t *size)
{
    ofz_arrays *all;
    char       *bytes;

    assert_int_equal(ofz_arrays_new(ctx, &all), OFZ_OK);
    for (size_t i = 0; i < ofz_model_tensor_count(m); i++)
        assert_int_equal(ofz_model_read_tensor(ctx, m, i, all), OFZ_OK);
    *size = 0;
    for (size_t i = 0; i < ofz_arrays_count(all); i++) *size += ofz_arrays_get(all, i).size;
    bytes = malloc(*size + 1);
    assert_non_null(bytes);
    *size = 0;
    for (size_t i = 0; i < ofz_arrays_count(all); i++) {
        ofz_array a = ofz_arrays_get(all, i);

        if (a.size) memcpy(bytes + *size, a.data, a.size);
        *size += a.size;
    }
    ofz_arrays_free(all);
    return bytes;
}

static bool weights_equal(ofz_ctx *ctx, const ofz_model *a, const ofz_model *b)
{
    size_t na, nb;
    char  *x = weights_new(ctx, a, &na), *y = weights_new(ctx, b, &nb);
    bool   equal = na == nb && !memcmp(x, y, na);

    free(x);
    free(y);
    return equal;
}

static void train_ok(fixture *f, ofz_model *m, const ofz_train_options *o, ofz_train_report *report)
{
    ofz_train_report own;

    if (ofz_train(f->ctx, m, f->data, o, report ? report : &own)) fail_msg("%s", ofz_error(f->ctx));
}

/* --- events and the report -------------------------------------------------------------------- */

typedef struct trace {
    char     text[256]; /* a letter per event */
    uint64_t step;
    uint64_t stop_after; /* cancel there; 0: never */
    double   first, last_epoch;
    int      epoch_best; /* the last epoch that said it was the best */
    double   best_loss;
} trace;

static int trace_event(void *user, const ofz_event *e)
{
    trace *t = user;

    strncat(t->text, &"S.EX"[e->kind == OFZ_EVENT_START ? 0 : e->kind], 1);
    assert_true(e->total_steps > 0);
    assert_true(e->epochs > 0);
    if (e->kind == OFZ_EVENT_STEP) {
        assert_true(e->step == t->step + 1 || t->step == 0);
        assert_true(isfinite(e->loss) && e->lr > 0 && e->grad_norm > 0 && e->ms >= 0);
        if (!t->step) t->first = e->loss;
        t->step = e->step;
        return t->stop_after && e->step >= t->stop_after;
    }
    if (e->kind == OFZ_EVENT_EPOCH) {
        t->last_epoch = e->loss;
        if (e->best) t->epoch_best = e->epoch;
        if (e->best && e->val) t->best_loss = e->val->loss;
    }
    if (e->kind == OFZ_EVENT_STOP) assert_non_null(e->reason);
    return 0;
}

static void events_tell_the_run(void **state)
{
    fixture          *f = *state;
    ofz_train_options o = options_small();
    ofz_train_report  r;
    trace             t = { 0 };

    o.epochs   = 2;
    o.on_event = trace_event;
    o.user     = &t;
    train_ok(f, f->model, &o, &r);
    assert_string_equal(t.text, "S.......E.......EX"); /* 100 samples make 7 batches */
    assert_int_equal(r.steps, 14);
    assert_int_equal(r.epochs, 2);
    assert_string_equal(r.reason, "finished");
    assert_true(r.last_loss == t.last_epoch);
    assert_true(r.last_loss < r.first_loss);
    assert_int_equal(r.trained_count, 6);
}

static void accumulation_counts_steps(void **state)
{
    fixture          *f = *state;
    ofz_train_options o = options_small();
    ofz_train_report  r;
    trace             t = { 0 };

    o.epochs     = 1;
    o.accumulate = 3; /* 7 batches: 3, 3 and 1 */
    o.on_event   = trace_event;
    o.user       = &t;
    train_ok(f, f->model, &o, &r);
    assert_string_equal(t.text, "S...EX");
    assert_int_equal(r.steps, 3);
}

/* --- the same bytes --------------------------------------------------------------------------- */

static void same_seed_same_bytes(void **state)
{
    fixture          *f     = *state;
    ofz_train_options o     = options_small();
    ofz_model        *again = model_new(f->ctx, "mlp.onnx", NULL);
    ofz_model        *other = model_new(f->ctx, "mlp.onnx", NULL);

    ofz_ctx_set_threads(f->ctx, 2);
    o.seed = 7;
    train_ok(f, f->model, &o, NULL);
    train_ok(f, again, &o, NULL);
    o.seed = 8;
    train_ok(f, other, &o, NULL);
    assert_true(weights_equal(f->ctx, f->model, again));
    assert_false(weights_equal(f->ctx, f->model, other));
    ofz_model_free(again);
    ofz_model_free(other);
}

typedef struct resume_case {
    const char       *model, *preset;
    ofz_train_options o;
} resume_case;

/* Cancel at `stop`, resume from the checkpoint until done; returns the trained model. */
static ofz_model *interrupted_run(fixture *f, const resume_case *c, const uint64_t *stop,
                                  size_t stops)
{
    ofz_model *m = NULL;

    for (size_t i = 0; i <= stops; i++) {
        ofz_train_options o = c->o;
        ofz_train_report  r;
        trace             t = { .stop_after = i < stops ? stop[i] : 0 };

        ofz_model_free(m);
        m            = model_new(f->ctx, c->model, c->preset); /* as a new process would */
        o.checkpoint = checkpoint;
        o.resume     = i ? checkpoint : NULL;
        o.on_event   = trace_event;
        o.user       = &t;
        if (i < stops) {
            assert_int_equal(ofz_train(f->ctx, m, f->data, &o, &r), OFZ_E_CANCELLED);
            assert_int_equal(r.steps, stop[i]);
            assert_string_equal(r.reason, "cancelled");
        } else {
            train_ok(f, m, &o, &r);
        }
    }
    return m;
}

static void resumed_runs_end_alike(void **state)
{
    fixture    *f = *state;
    resume_case cases[4];
    uint64_t    stop[3];

    for (int k = 0; k < 4; k++) cases[k] = (resume_case){ "mlp.onnx", "all", options_small() };
    cases[1].o.optimizer  = OFZ_ADAMW;
    cases[1].o.schedule   = OFZ_COSINE;
    cases[1].o.warmup     = 4;
    cases[1].o.accumulate = 2;
    cases[1].o.val_split  = 0.2;
    cases[1].o.monitor    = OFZ_MONITOR_F1;
    cases[1].o.early_stop = 2;
    cases[2].model        = "cnn_bn.onnx";
    cases[2].o.bn         = OFZ_BN_BATCH;
    cases[2].o.optimizer  = OFZ_ADAM;
    cases[2].o.val_split  = 0.3;
    cases[3].preset       = "head";
    cases[3].o.schedule   = OFZ_STEP;
    cases[3].o.clip_norm  = 0.1;
    srand(20);
    for (int k = 0; k < 4; k++) {
        ofz_model       *whole = model_new(f->ctx, cases[k].model, cases[k].preset), *m;
        ofz_train_report r;

        if (ofz_train(f->ctx, whole, f->data, &cases[k].o, &r)) fail_msg("%s", ofz_error(f->ctx));
        for (int round = 0; round < 3; round++) {
            const uint64_t n = r.steps;

            stop[0] = 1 + (uint64_t)rand() % (n / 3);
            stop[1] = stop[0] + 1 + (uint64_t)rand() % (n / 3);
            stop[2] = round ? stop[1] + 1 + (uint64_t)rand() % (n - stop[1]) : n;
            m       = interrupted_run(f, &cases[k], stop, 3);
            if (!weights_equal(f->ctx, whole, m))
                fail_msg("case %d, stopped at %d, %d, %d: other bytes", k, (int)stop[0],
                         (int)stop[1], (int)stop[2]);
            ofz_model_free(m);
        }
        ofz_model_free(whole);
    }
}

/* More epochs than the checkpoint's run had: as if it had been asked for them at once. */
static void resume_goes_further(void **state)
{
    fixture          *f     = *state;
    ofz_train_options o     = options_small();
    ofz_model        *whole = model_new(f->ctx, "mlp.onnx", NULL);
    ofz_model        *later = model_new(f->ctx, "mlp.onnx", NULL);
    ofz_train_report  r;

    train_ok(f, whole, &o, NULL);
    o.epochs     = 2;
    o.checkpoint = checkpoint;
    train_ok(f, f->model, &o, NULL);
    o.epochs = 3;
    o.resume = checkpoint;
    train_ok(f, later, &o, &r);
    assert_int_equal(r.epochs, 3);
    assert_true(weights_equal(f->ctx, whole, later));
    ofz_model_free(whole);
    ofz_model_free(later);
}

/* --- validation ------------------------------------------------------------------------------- */

/* A rate that soon spoils the model: the run stops early, and the best epoch's weights come back. */
static void best_weights_come_back(void **state)
{
    fixture          *f = *state;
    ofz_train_options o = options_small();
    ofz_eval_options  e;
    ofz_eval_result  *result;
    ofz_train_report  r;
    trace             t = { 0 };

    o.lr         = 0.02;
    o.optimizer  = OFZ_ADAM;
    o.epochs     = 60;
    o.early_stop = 2;
    o.val        = f->data;
    o.on_event   = trace_event;
    o.user       = &t;
    o.schedule   = OFZ_STEP;
    o.step_size  = 3;
    o.step_gamma = 10; /* up, not down */
    train_ok(f, f->model, &o, &r);
    assert_string_equal(r.reason, "early stop");
    assert_int_equal(r.best_epoch, t.epoch_best);
    assert_int_equal(r.epochs, r.best_epoch + 2);
    assert_true(r.best_value == t.best_loss);
    ofz_eval_options_init(&e);
    e.batch_size = o.batch_size;
    assert_int_equal(ofz_eval(f->ctx, f->model, f->data, &e, &result), OFZ_OK);
    assert_true(ofz_eval_metrics(result)->loss == r.best_value);
    assert_int_equal(ofz_eval_metrics(result)->sample_count, 100);
    assert_int_equal(ofz_eval_metrics(result)->class_count, 10);
    ofz_eval_result_free(result);
}

/* --- one model, two threads ------------------------------------------------------------------- */

typedef struct judge {
    const ofz_model  *model;
    const ofz_arrays *data;
    double            loss;
    ofz_status        st;
} judge;

static void *judge_run(void *arg)
{
    judge           *j   = arg;
    ofz_ctx         *ctx = ofz_ctx_new();
    ofz_eval_options e;
    ofz_eval_result *result = NULL;

    ofz_ctx_set_threads(ctx, 1);
    ofz_eval_options_init(&e);
    j->st = ofz_eval(ctx, j->model, j->data, &e, &result);
    if (!j->st) j->loss = ofz_eval_metrics(result)->loss;
    ofz_eval_result_free(result);
    ofz_ctx_free(ctx);
    return NULL;
}

static void threads_share_a_model(void **state)
{
    fixture  *f = *state;
    judge     j[2];
    pthread_t thread[2];

    for (int i = 0; i < 2; i++) j[i] = (judge){ .model = f->model, .data = f->data };
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, judge_run, &j[i]), 0);
    for (int i = 0; i < 2; i++) pthread_join(thread[i], NULL);
    assert_int_equal(j[0].st, OFZ_OK);
    assert_int_equal(j[1].st, OFZ_OK);
    assert_true(j[0].loss == j[1].loss);
}

/* --- what stays ------------------------------------------------------------------------------- */

static void frozen_tensors_keep_their_bytes(void **state)
{
    fixture          *f       = *state;
    ofz_train_options o       = options_small();
    ofz_model        *whole   = model_new(f->ctx, "cnn_bn.onnx", "head");
    ofz_model        *was     = model_new(f->ctx, "cnn_bn.onnx", "head");
    size_t            changed = 0;

    o.epochs       = 1;
    o.bn           = OFZ_BN_BATCH; /* every norm is in the frozen part: statistics stay as well */
    o.weight_decay = 0.1;
    train_ok(f, whole, &o, NULL);
    for (size_t i = 0; i < ofz_model_tensor_count(was); i++) {
        char a[33], b[33];

        assert_int_equal(ofz_model_hash_tensor(f->ctx, was, i, a), OFZ_OK);
        assert_int_equal(ofz_model_hash_tensor(f->ctx, whole, i, b), OFZ_OK);
        if (ofz_model_tensor(was, i).trains)
            changed += strcmp(a, b) != 0;
        else
            assert_string_equal(a, b);
    }
    assert_int_equal(changed, 2);
    ofz_model_free(whole);
    ofz_model_free(was);
}

/* --- refusals --------------------------------------------------------------------------------- */

static void refused(fixture *f, const ofz_train_options *o, ofz_status st, const char *text)
{
    ofz_model       *was = model_new(f->ctx, "mlp.onnx", NULL);
    ofz_train_report r;
    const ofz_status got = ofz_train(f->ctx, f->model, f->data, o, &r);

    if (got != st || !strstr(ofz_error(f->ctx), text))
        fail_msg("status %d: %s, want %d: %s", (int)got, ofz_error(f->ctx), (int)st, text);
    assert_true(weights_equal(f->ctx, f->model, was));
    ofz_model_free(was);
}

static void mistakes_are_named(void **state)
{
    fixture          *f = *state;
    ofz_train_options o = options_small();

    o.batch_size = 0;
    refused(f, &o, OFZ_E_ARG, "batch_size: 0, want 1 to");
    o          = options_small();
    o.momentum = NAN;
    refused(f, &o, OFZ_E_ARG, "momentum: nan, want 0 to below 1");
    o            = options_small();
    o.early_stop = 1;
    refused(f, &o, OFZ_E_ARG, "early_stop: 1 without validation data");
    o         = options_small();
    o.monitor = OFZ_MONITOR_F1;
    refused(f, &o, OFZ_E_ARG, "monitor: a metric without validation data");
    o        = options_small();
    o.target = "nothing";
    refused(f, &o, OFZ_E_DATA, "nothing");
    o        = options_small();
    o.output = "nothing";
    refused(f, &o, OFZ_E_ARG, "output 'nothing': no such value");
    o      = options_small();
    o.loss = OFZ_LOSS_MSE;
    refused(f, &o, OFZ_E_DATA, "array 'labels': shape [100], want an element for each of output");
    o    = options_small();
    o.lr = 1e30;
    refused(f, &o, OFZ_E_NUMERIC, "want a finite number");
    assert_non_null(strstr(ofz_error(f->ctx), "step "));
    assert_non_null(strstr(ofz_error_hint(f->ctx), "--lr"));
    o            = options_small();
    o.checkpoint = "/nonexistent/run.ckpt";
    refused(f, &o, OFZ_E_IO, "/nonexistent/run.ckpt");
    o        = options_small();
    o.resume = "/nonexistent/run.ckpt";
    refused(f, &o, OFZ_E_IO, "/nonexistent/run.ckpt");
}

static void nothing_to_train(void **state)
{
    fixture          *f    = *state;
    ofz_mark_rule     rule = { OFZ_ACTION_PRESET, "none" };
    ofz_train_options o    = options_small();

    assert_int_equal(ofz_mark_apply(f->ctx, f->model, &rule, 1), OFZ_OK);
    refused(f, &o, OFZ_E_ARG, "model: no tensor trains");
    assert_non_null(strstr(ofz_error_hint(f->ctx), "--train"));
}

static void labels_out_of_range(void **state)
{
    fixture          *f         = *state;
    int64_t           labels[3] = { 0, 9, 10 }, shape[4] = { 3 };
    ofz_arrays       *few, *all                          = f->data;
    ofz_array         a = { "labels", OFZ_I64, 1, shape, labels, sizeof labels };
    ofz_train_options o = options_small();

    assert_int_equal(ofz_arrays_new(f->ctx, &few), OFZ_OK);
    assert_int_equal(ofz_arrays_add(f->ctx, few, &a), OFZ_OK);
    for (size_t i = 0; i < ofz_arrays_count(all); i++) {
        a = ofz_arrays_get(all, i);
        if (!strcmp(a.name, "labels")) continue;
        memcpy(shape, a.shape, (size_t)a.rank * sizeof *shape);
        a.size   = a.size / (size_t)shape[0] * 3;
        shape[0] = 3;
        a.shape  = shape;
        assert_int_equal(ofz_arrays_add(f->ctx, few, &a), OFZ_OK);
    }
    f->data = few;
    refused(f, &o, OFZ_E_DATA, "array 'labels': element 2: class 10, want 0 to 9");
    f->data = all;
    ofz_arrays_free(few);
}

static void another_runs_checkpoint(void **state)
{
    fixture          *f = *state;
    ofz_train_options o = options_small();
    ofz_model        *m = model_new(f->ctx, "mlp.onnx", NULL);

    o.checkpoint = checkpoint;
    train_ok(f, m, &o, NULL);
    ofz_model_free(m);
    o.resume = checkpoint;
    o.lr     = 0.5;
    refused(f, &o, OFZ_E_ARG, "run.ckpt: lr: 0.01, want 0.5");
    o            = options_small();
    o.resume     = checkpoint;
    o.batch_size = 15;
    refused(f, &o, OFZ_E_ARG, "batch size: 16, want 15");
    o.batch_size = 16;
    o.val_split  = 0.5;
    refused(f, &o, OFZ_E_ARG, "validation share: 0, want 0.5");
    o.val_split = 0;
    o.optimizer = OFZ_ADAM;
    refused(f, &o, OFZ_E_ARG, "optimizer: sgd, want adam");
    o.optimizer = OFZ_SGD;
    assert_int_equal(truncate(checkpoint, 1000), 0);
    refused(f, &o, OFZ_E_PARSE, "run.ckpt: damaged");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(events_tell_the_run),   TEST(accumulation_counts_steps),
        TEST(same_seed_same_bytes),  TEST(resumed_runs_end_alike),
        TEST(resume_goes_further),   TEST(best_weights_come_back),
        TEST(threads_share_a_model), TEST(frozen_tensors_keep_their_bytes),
        TEST(mistakes_are_named),    TEST(nothing_to_train),
        TEST(labels_out_of_range),   TEST(another_runs_checkpoint),
    };

    return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
