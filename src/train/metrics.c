/* metrics.c - see metrics.h. */
#include "train/metrics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

struct ofz_scores {
    ofz_arena arena;
    int64_t   class_count, column_count;
    uint64_t *confusion;           /* [class_count, class_count], or NULL */
    uint64_t *hit, *truth, *guess; /* class_count each */
    double   *precision, *recall, *f1;
    double   *mean, *spread, *residual; /* of each column: running mean, sums of squares */
    double    abs_sum, loss_sum, weight_sum;
    uint64_t  row_count;
    int64_t   sample_count;
};

ofz_status ofz_scores_new(ofz_ctx *ctx, int64_t class_count, int64_t column_count, ofz_scores **out)
{
    ofz_scores *s = calloc(1, sizeof *s);
    size_t      n, m;

    if (!s) return ofz_fail_nomem(ctx, "metrics", sizeof *s);
    if (class_count > INT32_MAX) {
        free(s);
        return ofz_fail(ctx, OFZ_E_LIMIT, "classes: %" PRId64 ", want at most %d", class_count,
                        INT32_MAX);
    }
    s->class_count  = class_count;
    s->column_count = class_count ? 0 : column_count;
    n               = (size_t)s->class_count;
    m               = (size_t)s->column_count;
    s->hit          = OFZ_NEWS(&s->arena, uint64_t, n);
    s->truth        = OFZ_NEWS(&s->arena, uint64_t, n);
    s->guess        = OFZ_NEWS(&s->arena, uint64_t, n);
    s->precision    = OFZ_NEWS(&s->arena, double, n);
    s->recall       = OFZ_NEWS(&s->arena, double, n);
    s->f1           = OFZ_NEWS(&s->arena, double, n);
    s->mean         = OFZ_NEWS(&s->arena, double, m);
    s->spread       = OFZ_NEWS(&s->arena, double, m);
    s->residual     = OFZ_NEWS(&s->arena, double, m);
    if (n <= OFZ_CONFUSION_LIMIT) s->confusion = OFZ_NEWS(&s->arena, uint64_t, n * n);
    if (!s->hit || !s->truth || !s->guess || !s->precision || !s->recall || !s->f1 || !s->mean ||
        !s->spread || !s->residual || (n <= OFZ_CONFUSION_LIMIT && !s->confusion)) {
        ofz_scores_free(s);
        return ofz_fail_nomem(ctx, "metrics", (6 * n + 3 * m) * sizeof(double));
    }
    *out = s;
    return OFZ_OK;
}

void ofz_scores_free(ofz_scores *scores)
{
    if (!scores) return;
    ofz_arena_free(&scores->arena);
    free(scores);
}

void ofz_scores_reset(ofz_scores *s)
{
    const size_t n = (size_t)s->class_count, m = (size_t)s->column_count;

    if (s->confusion) memset(s->confusion, 0, n * n * sizeof *s->confusion);
    memset(s->hit, 0, n * sizeof *s->hit);
    memset(s->truth, 0, n * sizeof *s->truth);
    memset(s->guess, 0, n * sizeof *s->guess);
    memset(s->mean, 0, m * sizeof *s->mean);
    memset(s->spread, 0, m * sizeof *s->spread);
    memset(s->residual, 0, m * sizeof *s->residual);
    s->abs_sum = s->loss_sum = s->weight_sum = 0;
    s->row_count                             = 0;
    s->sample_count                          = 0;
}

void ofz_scores_add_loss(ofz_scores *s, double loss, double weight, int64_t sample_count)
{
    s->sample_count += sample_count;
    if (weight <= 0) return;
    s->loss_sum += loss * weight;
    s->weight_sum += weight;
}

static double number_at(const ofz_tensor *t, int64_t i)
{
    return t->dtype == OFZ_F32 ? (double)((const float *)t->data)[i]
                               : ofz_elem_f64(t->dtype, t->data, i);
}

/* The place of the largest of `count` numbers that stand `stride` apart; NaN is never largest. */
static int64_t largest(const ofz_tensor *t, int64_t from, int64_t count, int64_t stride)
{
    int64_t best = 0;
    double  top  = -INFINITY;

    for (int64_t k = 0; k < count; k++) {
        double x = number_at(t, from + k * stride);

        if (x > top) {
            top  = x;
            best = k;
        }
    }
    return best;
}

static void class_count_one(ofz_scores *s, int64_t truth, int64_t guess)
{
    s->truth[truth]++;
    s->guess[guess]++;
    s->hit[truth] += truth == guess;
    if (s->confusion) s->confusion[truth * s->class_count + guess]++;
}

ofz_status ofz_scores_add_classes(ofz_ctx *ctx, ofz_scores *s, const ofz_tensor *output, int axis,
                                  const ofz_tensor *target, int64_t *counted)
{
    const int64_t n     = s->class_count;
    const int64_t outer = ofz_tensor_span(output, 0, axis);
    const int64_t inner = ofz_tensor_span(output, axis + 1, output->rank);
    const bool    soft  = ofz_dtype_is_float(target->dtype);
    int64_t       done  = 0;

    if (output->dim[axis] != n)
        return ofz_fail(ctx, OFZ_E_DATA, "output: %" PRId64 " classes, want %" PRId64,
                        output->dim[axis], n);
    if (target->count != (soft ? output->count : outer * inner))
        return ofz_fail(ctx, OFZ_E_DATA, "target: %" PRId64 " elements, want %" PRId64,
                        target->count, soft ? output->count : outer * inner);
    for (int64_t o = 0; o < outer; o++)
        for (int64_t i = 0; i < inner; i++) {
            const int64_t at = o * n * inner + i;
            int64_t       truth;

            if (soft)
                truth = largest(target, at, n, inner);
            else
                truth = ofz_elem_i64(target->dtype, target->data, o * inner + i);
            if (!soft && truth == OFZ_IGNORE_INDEX) continue;
            if (truth < 0 || truth >= n)
                return ofz_fail(ctx, OFZ_E_DATA,
                                "target element %" PRId64 ": class %" PRId64 ", want 0 to %" PRId64,
                                o * inner + i, truth, n - 1);
            class_count_one(s, truth, largest(output, at, n, inner));
            done++;
        }
    *counted = done;
    return OFZ_OK;
}

static ofz_status counts_check(ofz_ctx *ctx, const ofz_tensor *output, const ofz_tensor *target)
{
    if (output->count == target->count) return OFZ_OK;
    return ofz_fail(ctx, OFZ_E_DATA, "target: %" PRId64 " elements, want %" PRId64, target->count,
                    output->count);
}

ofz_status ofz_scores_add_binary(ofz_ctx *ctx, ofz_scores *s, const ofz_tensor *output,
                                 double threshold, const ofz_tensor *target)
{
    OFZ_TRY(counts_check(ctx, output, target));
    for (int64_t i = 0; i < output->count; i++)
        class_count_one(s, number_at(target, i) >= 0.5, number_at(output, i) > threshold);
    return OFZ_OK;
}

ofz_status ofz_scores_add_numbers(ofz_ctx *ctx, ofz_scores *s, const ofz_tensor *output,
                                  const ofz_tensor *target)
{
    const int64_t m = s->column_count;

    OFZ_TRY(counts_check(ctx, output, target));
    if (m == 0 || output->count % m)
        return ofz_fail(ctx, OFZ_E_DATA, "output: %" PRId64 " elements, want rows of %" PRId64,
                        output->count, m);
    for (int64_t i = 0; i < output->count; i += m) {
        s->row_count++;
        for (int64_t k = 0; k < m; k++) {
            double want  = number_at(target, i + k);
            double error = number_at(output, i + k) - want;
            double delta = want - s->mean[k];

            s->abs_sum += fabs(error);
            s->residual[k] += error * error;
            s->mean[k] += delta / (double)s->row_count; /* Welford: no cancellation */
            s->spread[k] += delta * (want - s->mean[k]);
        }
    }
    return OFZ_OK;
}

static double ratio(uint64_t part, uint64_t whole)
{
    return whole ? (double)part / (double)whole : 0;
}

static void finish_classes(ofz_scores *s, ofz_metrics *out)
{
    uint64_t hits = 0, all = 0, present = 0;
    double   precision = 0, recall = 0, f1 = 0;

    for (int64_t k = 0; k < s->class_count; k++) {
        s->precision[k] = ratio(s->hit[k], s->guess[k]);
        s->recall[k]    = ratio(s->hit[k], s->truth[k]);
        s->f1[k]        = ratio(2 * s->hit[k], s->guess[k] + s->truth[k]);
        hits += s->hit[k];
        all += s->truth[k];
        if (!s->guess[k] && !s->truth[k]) continue;
        present++;
        precision += s->precision[k];
        recall += s->recall[k];
        f1 += s->f1[k];
    }
    out->class_count     = (int)s->class_count;
    out->accuracy        = ratio(hits, all);
    out->precision       = present ? precision / (double)present : 0;
    out->recall          = present ? recall / (double)present : 0;
    out->f1              = present ? f1 / (double)present : 0;
    out->class_precision = s->precision;
    out->class_recall    = s->recall;
    out->class_f1        = s->f1;
    out->class_samples   = s->truth;
    out->confusion       = s->confusion;
}

static double finish_r2(const ofz_scores *s)
{
    double sum = 0;

    if (s->row_count < 2 || s->column_count == 0) return NAN;
    for (int64_t k = 0; k < s->column_count; k++) {
        if (s->spread[k] > 0)
            sum += 1 - s->residual[k] / s->spread[k];
        else
            sum += s->residual[k] == 0 ? 1 : 0;
    }
    return sum / (double)s->column_count;
}

void ofz_scores_finish(ofz_scores *s, ofz_metrics *out)
{
    *out = (ofz_metrics){
        .sample_count   = (size_t)s->sample_count,
        .loss           = s->weight_sum > 0 ? s->loss_sum / s->weight_sum : NAN,
        .accuracy       = NAN,
        .precision      = NAN,
        .recall         = NAN,
        .f1             = NAN,
        .mean_abs_error = NAN,
        .r2             = NAN,
    };
    if (s->class_count) {
        finish_classes(s, out);
    } else if (s->row_count) {
        out->mean_abs_error = s->abs_sum / ((double)s->row_count * (double)s->column_count);
        out->r2             = finish_r2(s);
    }
}
