/* losses.h - losses and their gradients.
 *
 * Class losses see scores as [outer, classes, inner]; position i of outer * inner has the label
 * label[i] within [0, classes), or -1: ignored. Everything is computed in double and rounded once;
 * sums over positions run in memory order.
 * Element losses see count pairs of prediction x and target t. */
#ifndef OFZ_KERNEL_LOSSES_H
#define OFZ_KERNEL_LOSSES_H

#include "base/error.h"

typedef struct ofz_classes {
    int64_t outer, classes, inner;
} ofz_classes;

/* y = log softmax of x over the classes, all [outer, classes, inner]. */
void ofz_log_softmax_f32(ofz_ctx *ctx, const ofz_classes *s, const float *x, float *y);
void ofz_log_softmax_f64(ofz_ctx *ctx, const ofz_classes *s, const double *x, double *y);
/* loss[i] = -log softmax(x)[label[i]], 0 where ignored. */
void ofz_class_loss_f32(ofz_ctx *ctx, const ofz_classes *s, const float *x, const int64_t *label,
                        double *loss);
void ofz_class_loss_f64(ofz_ctx *ctx, const ofz_classes *s, const double *x, const int64_t *label,
                        double *loss);
/* dx = (softmax(x) - onehot(label)) * factor[i], 0 where ignored. */
void ofz_class_grad_f32(ofz_ctx *ctx, const ofz_classes *s, const float *x, const int64_t *label,
                        const double *factor, float *dx);
void ofz_class_grad_f64(ofz_ctx *ctx, const ofz_classes *s, const double *x, const int64_t *label,
                        const double *factor, double *dx);
/* loss[i] = -sum t log softmax(x) with target distributions t [outer, classes, inner]. */
void ofz_soft_loss_f32(ofz_ctx *ctx, const ofz_classes *s, const float *x, const float *t,
                       double *loss);
void ofz_soft_loss_f64(ofz_ctx *ctx, const ofz_classes *s, const double *x, const double *t,
                       double *loss);
/* dx = (softmax(x) sum(t) - t) * factor. */
void ofz_soft_grad_f32(ofz_ctx *ctx, const ofz_classes *s, const float *x, const float *t,
                       double factor, float *dx);
void ofz_soft_grad_f64(ofz_ctx *ctx, const ofz_classes *s, const double *x, const double *t,
                       double factor, double *dx);

typedef enum ofz_element_loss {
    OFZ_ELEMENT_MSE,   /* (x - t)^2 */
    OFZ_ELEMENT_L1,    /* |x - t|; slope 0 at 0 */
    OFZ_ELEMENT_HUBER, /* d^2 / 2 below delta, delta (|d| - delta / 2) from there on */
    OFZ_ELEMENT_BCE,   /* -t log x - (1 - t) log(1 - x), logs held above -100; the slope's divisor
                       x (1 - x) above 1e-12 */
    OFZ_ELEMENT_BCE_LOGITS, /* the same of the logistic function of x, without overflow */
} ofz_element_loss;

/* The sum over all elements. */
double ofz_element_loss_f32(ofz_element_loss kind, double delta, int64_t count, const float *x,
                            const float *t);
double ofz_element_loss_f64(ofz_element_loss kind, double delta, int64_t count, const double *x,
                            const double *t);
/* dx = d loss / dx * factor. */
void ofz_element_grad_f32(ofz_ctx *ctx, ofz_element_loss kind, double delta, int64_t count,
                          const float *x, const float *t, double factor, float *dx);
void ofz_element_grad_f64(ofz_ctx *ctx, ofz_element_loss kind, double delta, int64_t count,
                          const double *x, const double *t, double factor, double *dx);

#endif
