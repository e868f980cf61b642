/* metrics.h - what is counted over one pass of a dataset, and the numbers made of it. */
#ifndef OFZ_TRAIN_METRICS_H
#define OFZ_TRAIN_METRICS_H

#include "tensor/tensor.h"

/* Above this many classes there is no confusion matrix; everything else stays. */
enum { OFZ_CONFUSION_LIMIT = 1024 };

/* Integer targets with this value are not counted and give no loss. PyTorch's default. */
#define OFZ_IGNORE_INDEX (-100)

typedef struct ofz_scores ofz_scores;

/* class_count > 0: classification; 0: regression with column_count numbers a sample.
 * Errors: OFZ_E_NOMEM, OFZ_E_LIMIT. */
ofz_status ofz_scores_new(ofz_ctx *ctx, int64_t class_count, int64_t column_count,
                          ofz_scores **out) OFZ_MUST_USE;
void       ofz_scores_free(ofz_scores *scores);
void       ofz_scores_reset(ofz_scores *scores);

/* A batch's loss, a mean over `weight` counted elements. weight 0: nothing of it was counted. */
void ofz_scores_add_loss(ofz_scores *scores, double loss, double weight, int64_t sample_count);

/* Classes by the largest of output's elements along `axis` (the first of equals).
 *   target   integer classes, output's shape without `axis`; or numbers of output's shape, whose
 *            largest along `axis` is the class
 *   *counted classes that were not OFZ_IGNORE_INDEX
 * Errors: OFZ_E_DATA: a class outside [0, class_count), or counts that do not fit. */
ofz_status ofz_scores_add_classes(ofz_ctx *ctx, ofz_scores *scores, const ofz_tensor *output,
                                  int axis, const ofz_tensor *target,
                                  int64_t *counted) OFZ_MUST_USE;
/* Two classes for every element: output > threshold against target >= 0.5.
 * Errors: OFZ_E_DATA: element counts differ. */
ofz_status ofz_scores_add_binary(ofz_ctx *ctx, ofz_scores *scores, const ofz_tensor *output,
                                 double threshold, const ofz_tensor *target) OFZ_MUST_USE;
/* Numbers, column_count to a row. Errors: OFZ_E_DATA: element counts differ. */
ofz_status ofz_scores_add_numbers(ofz_ctx *ctx, ofz_scores *scores, const ofz_tensor *output,
                                  const ofz_tensor *target) OFZ_MUST_USE;

/* The numbers so far; arrays are lent by `scores` until its next change.
 *   precision, recall, f1   hits / guesses, hits / true, 2 hits / (guesses + true) of each class,
 *                           0 where the divisor is 0; macro averages over the classes that occur
 *                           among targets or guesses (scikit-learn's average="macro",
 *                           zero_division=0)
 *   r2                      1 - residual / total sum of squares of each column, averaged over
 *                           columns; a constant column counts 1 when met exactly, else 0; NaN
 *                           with fewer than two samples */
void ofz_scores_finish(ofz_scores *scores, ofz_metrics *out);

#endif
