/* test_metrics.c - counts and ratios against scikit-learn 1.2's numbers. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "train/metrics.h"

static ofz_tensor view(ofz_ctx *ctx, ofz_dtype dtype, int rank, const int64_t *dim, void *data)
{
    ofz_tensor t = { 0 };

    assert_int_equal(ofz_tensor_set(ctx, &t, dtype, rank, dim), OFZ_OK);
    t.data = data;
    return t;
}

static void close_to(double got, double want)
{
    if (fabs(got - want) > 1e-15) fail_msg("got %.17g, want %.17g", got, want);
}

/* One row of logits for each guess: 1 at the guess, 0 elsewhere. */
static void classes_match_sklearn(void **state)
{
    static const int64_t  truth[8]      = { 0, 0, 1, 1, 1, 3, 3, 0 };
    static const int64_t  guess[8]      = { 0, 1, 1, 1, 3, 3, 0, 0 };
    static const uint64_t confusion[16] = { 2, 1, 0, 0, 0, 2, 0, 1, 0, 0, 0, 0, 1, 0, 0, 1 };
    static const double   f1[4]         = { 2.0 / 3, 2.0 / 3, 0, 0.5 };
    float                 logits[32]    = { 0 };
    int64_t               labels[8], counted = 0;
    ofz_ctx              *ctx = ofz_ctx_new();
    ofz_scores           *s   = NULL;
    ofz_metrics           m;
    ofz_tensor            out = view(ctx, OFZ_F32, 2, (int64_t[]){ 8, 4 }, logits);
    ofz_tensor            tgt = view(ctx, OFZ_I64, 1, (int64_t[]){ 8 }, labels);

    (void)state;
    memcpy(labels, truth, sizeof labels);
    for (int i = 0; i < 8; i++) logits[4 * i + guess[i]] = 1;
    assert_int_equal(ofz_scores_new(ctx, 4, 0, &s), OFZ_OK);
    for (int round = 0; round < 2; round++) { /* the second after a reset */
        assert_int_equal(ofz_scores_add_classes(ctx, s, &out, 1, &tgt, &counted), OFZ_OK);
        assert_int_equal(counted, 8);
        ofz_scores_add_loss(s, 0.5, 8, 8);
        ofz_scores_finish(s, &m);
        close_to(m.loss, 0.5);
        close_to(m.accuracy, 0.625);
        close_to(m.precision, 11.0 / 18);
        close_to(m.recall, 11.0 / 18);
        close_to(m.f1, 11.0 / 18);
        assert_memory_equal(m.confusion, confusion, sizeof confusion);
        assert_true(m.class_samples[0] == 3 && m.class_samples[2] == 0);
        for (int k = 0; k < 4; k++) close_to(m.class_f1[k], f1[k]);
        assert_true(isnan(m.mean_abs_error) && isnan(m.r2));
        ofz_scores_reset(s);
    }
    ofz_scores_free(s);
    ofz_ctx_free(ctx);
}

/* Classes along axis 1 of [1, 3, 2]; one position ignored; soft targets say the same. */
static void axis_and_ignored_positions(void **state)
{
    float       logits[6] = { 1, 0, 0, 2, 0, 0 }; /* guesses 0 and 1 */
    float       soft[6]   = { 0.2f, 0, 0.8f, 0.9f, 0, 0.1f };
    int32_t     labels[2] = { OFZ_IGNORE_INDEX, 1 };
    int64_t     counted   = 0;
    ofz_ctx    *ctx       = ofz_ctx_new();
    ofz_scores *s         = NULL;
    ofz_metrics m;
    ofz_tensor  out  = view(ctx, OFZ_F32, 3, (int64_t[]){ 1, 3, 2 }, logits);
    ofz_tensor  hard = view(ctx, OFZ_I32, 2, (int64_t[]){ 1, 2 }, labels);
    ofz_tensor  prob = view(ctx, OFZ_F32, 3, (int64_t[]){ 1, 3, 2 }, soft);

    (void)state;
    assert_int_equal(ofz_scores_new(ctx, 3, 0, &s), OFZ_OK);
    assert_int_equal(ofz_scores_add_classes(ctx, s, &out, 1, &hard, &counted), OFZ_OK);
    assert_int_equal(counted, 1);
    ofz_scores_finish(s, &m);
    close_to(m.accuracy, 1);
    assert_true(isnan(m.loss));
    assert_int_equal(ofz_scores_add_classes(ctx, s, &out, 1, &prob, &counted), OFZ_OK);
    assert_int_equal(counted, 2);
    ofz_scores_finish(s, &m);
    close_to(m.accuracy, 2.0 / 3);

    labels[1] = 3;
    assert_int_equal(ofz_scores_add_classes(ctx, s, &out, 1, &hard, &counted), OFZ_E_DATA);
    assert_string_equal(ofz_error(ctx), "target element 1: class 3, want 0 to 2");
    ofz_scores_free(s);
    ofz_ctx_free(ctx);
}

static void binary_threshold(void **state)
{
    float       logits[4] = { -1, 2, 0.5f, -3 };
    float       labels[4] = { 0, 1, 0, 1 };
    ofz_ctx    *ctx       = ofz_ctx_new();
    ofz_scores *s         = NULL;
    ofz_metrics m;
    ofz_tensor  out = view(ctx, OFZ_F32, 2, (int64_t[]){ 4, 1 }, logits);
    ofz_tensor  tgt = view(ctx, OFZ_F32, 1, (int64_t[]){ 4 }, labels);

    (void)state;
    assert_int_equal(ofz_scores_new(ctx, 2, 0, &s), OFZ_OK);
    assert_int_equal(ofz_scores_add_binary(ctx, s, &out, 0, &tgt), OFZ_OK);
    ofz_scores_finish(s, &m);
    close_to(m.accuracy, 0.5);
    close_to(m.class_precision[1], 0.5);
    assert_int_equal(m.confusion[0 * 2 + 1], 1);
    assert_int_equal(m.confusion[1 * 2 + 0], 1);
    ofz_scores_free(s);
    ofz_ctx_free(ctx);
}

/* Two columns, the second constant: met exactly it counts 1, missed it counts 0. */
static void regression_matches_sklearn(void **state)
{
    float       want[8] = { 1, 10, 2, 10, 4, 10, -3, 10 };
    float       got[8]  = { 1.5f, 10, 1, 10, 4.5f, 10, -2, 10 };
    ofz_ctx    *ctx     = ofz_ctx_new();
    ofz_scores *s       = NULL;
    ofz_metrics m;
    ofz_tensor  out = view(ctx, OFZ_F32, 2, (int64_t[]){ 4, 2 }, got);
    ofz_tensor  tgt = view(ctx, OFZ_F32, 2, (int64_t[]){ 4, 2 }, want);

    (void)state;
    assert_int_equal(ofz_scores_new(ctx, 0, 2, &s), OFZ_OK);
    assert_int_equal(ofz_scores_add_numbers(ctx, s, &out, &tgt), OFZ_OK);
    ofz_scores_finish(s, &m);
    close_to(m.r2, 0.9519230769230769);
    close_to(m.mean_abs_error, 0.375);
    assert_int_equal(m.class_count, 0);
    assert_true(isnan(m.accuracy));
    ofz_scores_reset(s);
    got[1] = 11;
    assert_int_equal(ofz_scores_add_numbers(ctx, s, &out, &tgt), OFZ_OK);
    ofz_scores_finish(s, &m);
    close_to(m.r2, 0.4519230769230769);
    close_to(m.mean_abs_error, 0.5);
    ofz_scores_free(s);
    ofz_ctx_free(ctx);
}

/* A vocabulary is too large for a matrix; the rest is there. */
static void many_classes_have_no_matrix(void **state)
{
    const int64_t n      = OFZ_CONFUSION_LIMIT + 1;
    float        *logits = calloc((size_t)n, sizeof *logits);
    int64_t       label  = n - 1, counted;
    ofz_ctx      *ctx    = ofz_ctx_new();
    ofz_scores   *s      = NULL;
    ofz_tensor    out    = view(ctx, OFZ_F32, 2, (int64_t[]){ 1, n }, logits);
    ofz_tensor    tgt    = view(ctx, OFZ_I64, 1, (int64_t[]){ 1 }, &label);
    ofz_metrics   m;

    (void)state;
    logits[label] = 1;
    assert_int_equal(ofz_scores_new(ctx, n, 0, &s), OFZ_OK);
    assert_int_equal(ofz_scores_add_classes(ctx, s, &out, 1, &tgt, &counted), OFZ_OK);
    ofz_scores_finish(s, &m);
    assert_null(m.confusion);
    close_to(m.accuracy, 1);
    assert_int_equal(m.class_samples[label], 1);
    ofz_scores_free(s);
    free(logits);
    ofz_ctx_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(classes_match_sklearn),      cmocka_unit_test(axis_and_ignored_positions),
        cmocka_unit_test(binary_threshold),           cmocka_unit_test(many_classes_have_no_matrix),
        cmocka_unit_test(regression_matches_sklearn),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
