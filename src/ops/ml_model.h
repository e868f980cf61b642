/* ml_model.h - what the models of ai.onnx.ml share: rows of numbers in, labels and scores out. */
#ifndef OFZ_OPS_ML_MODEL_H
#define OFZ_OPS_ML_MODEL_H

#include "kernel/post_transform.h"
#include "ops/move.h"

/* The samples of input 0: [rows, features], or [features] for a single one. A dim that is not known
 * is a symbol in *rows and -1 in *features. Errors: OFZ_E_MODEL (rank), OFZ_E_UNSUPPORTED (type). */
ofz_status ofz_ml_samples(ofz_infer_call *c, int64_t *rows, int64_t *features) OFZ_MUST_USE;
/* Row `row` of x as doubles. */
void ofz_ml_sample(const ofz_tensor *x, int64_t row, int64_t features, double *out);
/* score[0..width) into row `row` of z, which may be absent. */
void ofz_ml_scores_put(ofz_tensor *z, int64_t row, int64_t width, const double *score);

static inline int64_t ofz_ml_features(const ofz_tensor *x)
{
    return x->dim[x->rank - 1];
}

static inline int64_t ofz_ml_rows(const ofz_tensor *x)
{
    return x->rank == 1 ? 1 : x->dim[0];
}

/* The class labels of a classifier; one of the lists is empty. */
typedef struct ofz_ml_labels {
    ofz_ints    ints;
    ofz_strings strings;
} ofz_ml_labels;

static inline int64_t ofz_ml_label_count(const ofz_ml_labels *l)
{
    return (int64_t)(l->ints.count + l->strings.count);
}

/* Outputs of a classifier: labels [rows] and scores [rows, width]. OFZ_E_MODEL when both lists have
 * labels. */
ofz_status ofz_ml_classes(ofz_infer_call *c, const ofz_ml_labels *l, int64_t rows,
                          int64_t width) OFZ_MUST_USE;
/* Label number `i` into y[row]; where the list lacks it, i itself (0 or 1). y may be absent. Text stays
 * borrowed: _own ends the work. */
void       ofz_ml_label_put(const ofz_ml_labels *l, int64_t i, int64_t row, ofz_tensor *y);
ofz_status ofz_ml_label_own(ofz_ctx *ctx, ofz_tensor *y) OFZ_MUST_USE;

/* The name of a post_transform. OFZ_E_MODEL. */
ofz_status ofz_ml_post(ofz_ctx *ctx, ofz_string name, ofz_post *out) OFZ_MUST_USE;
/* The index of `name` among `count` names. OFZ_E_MODEL "what: 'name', want one of ...". */
ofz_status ofz_ml_name(ofz_ctx *ctx, const char *what, ofz_string name, const char *const *names,
                       int count, int *out) OFZ_MUST_USE;
/* OFZ_E_MODEL "what: N numbers, want W" unless they are as many. */
ofz_status ofz_ml_want(ofz_ctx *ctx, const char *what, size_t count, int64_t want) OFZ_MUST_USE;

#endif
