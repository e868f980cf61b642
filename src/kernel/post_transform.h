/* post_transform.h - what ai.onnx.ml's models do to a row of scores before they give it away. */
#ifndef OFZ_KERNEL_POST_TRANSFORM_H
#define OFZ_KERNEL_POST_TRANSFORM_H

#include <stdint.h>

/* The numbers are those of TreeEnsemble-5. */
typedef enum ofz_post {
    OFZ_POST_NONE,
    OFZ_POST_SOFTMAX,
    OFZ_POST_LOGISTIC,
    OFZ_POST_SOFTMAX_ZERO, /* softmax in which scores within 1e-7 of zero stay (almost) zero */
    OFZ_POST_PROBIT        /* square root of 2 times the inverse error function of 2x - 1, by the
                              approximation of Winitzki 2008 with a = 0.147 */
} ofz_post;

/* Transform score[0..count) in place. A single score knows only PROBIT: the others leave it alone, as
 * ONNX Runtime does. */
void ofz_post_apply(ofz_post post, double *score, int64_t count);

/* score[0] becomes the scores of two classes, score[1] that of the second.
 *   OFZ_PAIR_SHARE    1 - s and s: the score is a share of 1
 *   OFZ_PAIR_MIRROR   -s and s
 * LOGISTIC and PROBIT transform both, the softmaxes neither, as in ONNX Runtime (which for PROBIT writes
 * but one number: the two here are those of ONNX's reference). */
typedef enum ofz_pair { OFZ_PAIR_SHARE, OFZ_PAIR_MIRROR } ofz_pair;

void ofz_post_pair(ofz_post post, ofz_pair pair, double score[2]);

double ofz_logistic(double x);

#endif
