/* test_threads.c - one model, several threads, a context each: the library has no globals to trip
 * over. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "onnxfreeze.h"

enum { THREADS = 3, ROUNDS = 1 };

typedef struct task {
    const ofz_model *model;
    const char      *data;
    double           loss, accuracy;
    ofz_status       st;
    char             hash[33];
} task;

static ofz_status evaluate(ofz_ctx *ctx, task *j, ofz_arrays *data)
{
    ofz_eval_options o;
    ofz_eval_result *r;
    ofz_status       st = OFZ_OK;

    ofz_eval_options_init(&o);
    for (int i = 0; i < ROUNDS && !st; i++) {
        st = ofz_eval(ctx, j->model, data, &o, &r);
        if (st) return st;
        j->loss     = ofz_eval_metrics(r)->loss;
        j->accuracy = ofz_eval_metrics(r)->accuracy;
        ofz_eval_result_free(r);
        st = ofz_model_hash_tensor(ctx, j->model, 0, j->hash);
    }
    return st;
}

static void *work(void *arg)
{
    task       *j    = arg;
    ofz_ctx    *ctx  = ofz_ctx_new();
    ofz_arrays *data = NULL;

    ofz_ctx_set_threads(ctx, 1);
    j->st = ofz_arrays_new(ctx, &data);
    if (!j->st) j->st = ofz_arrays_load(ctx, data, j->data, NULL);
    if (!j->st) j->st = evaluate(ctx, j, data);
    ofz_arrays_free(data);
    ofz_ctx_free(ctx);
    return NULL;
}

static void test_shared_model(void **state)
{
    ofz_ctx   *ctx = ofz_ctx_new();
    ofz_model *model;
    pthread_t  thread[THREADS];
    task       job[THREADS];

    (void)state;
    assert_int_equal(ofz_model_load(ctx, OFZ_SOURCE_DIR "/testdata/cnn_bn.onnx", &model), OFZ_OK);
    for (int i = 0; i < THREADS; i++) {
        job[i] =
            (struct task){ .model = model, .data = OFZ_SOURCE_DIR "/testdata/digits_test.npz" };
        assert_int_equal(pthread_create(&thread[i], NULL, work, &job[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(thread[i], NULL);
        assert_int_equal(job[i].st, OFZ_OK);
        assert_true(job[i].loss == job[0].loss && job[i].accuracy == job[0].accuracy);
        assert_string_equal(job[i].hash, job[0].hash);
    }
    ofz_model_free(model);
    ofz_ctx_free(ctx);
}

/* Each thread trains a model of its own: same seed, same bytes. */
static void *train(void *arg)
{
    task             *j     = arg;
    ofz_ctx          *ctx   = ofz_ctx_new();
    ofz_arrays       *data  = NULL;
    ofz_model        *model = NULL;
    ofz_train_options o;
    ofz_train_report  report;
    int               head;

    ofz_ctx_set_threads(ctx, 1);
    ofz_train_options_init(&o);
    o.epochs = 1;
    j->st    = ofz_arrays_new(ctx, &data);
    if (!j->st) j->st = ofz_arrays_load(ctx, data, j->data, NULL);
    if (!j->st) j->st = ofz_model_load(ctx, OFZ_SOURCE_DIR "/testdata/mlp.onnx", &model);
    if (!j->st) j->st = ofz_train(ctx, model, data, &o, &report);
    head = model ? (int)ofz_model_tensor_count(model) - 1 : 0;
    if (!j->st) j->st = ofz_model_hash_tensor(ctx, model, (size_t)head, j->hash);
    j->loss = report.last_loss;
    ofz_model_free(model);
    ofz_arrays_free(data);
    ofz_ctx_free(ctx);
    return NULL;
}

static void test_own_models(void **state)
{
    pthread_t thread[THREADS];
    task      job[THREADS];

    (void)state;
    for (int i = 0; i < THREADS; i++) {
        job[i] = (struct task){ .data = OFZ_SOURCE_DIR "/testdata/digits_test.npz" };
        assert_int_equal(pthread_create(&thread[i], NULL, train, &job[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(thread[i], NULL);
        assert_int_equal(job[i].st, OFZ_OK);
        assert_true(job[i].loss == job[0].loss);
        assert_string_equal(job[i].hash, job[0].hash);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shared_model),
        cmocka_unit_test(test_own_models),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
