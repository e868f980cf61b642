/* optimizer.h - what one optimizer step does to one tensor. */
#ifndef OFZ_TRAIN_OPTIMIZER_H
#define OFZ_TRAIN_OPTIMIZER_H

#include "base/error.h"

typedef struct ofz_rule {
    ofz_optimizer kind;
    double        momentum, weight_decay, beta1, beta2, eps;
    bool          nesterov;
} ofz_rule;

/* State arrays that the rule keeps for each tensor, of the tensor's own type, zero at first: 0, 1
 * or
 * 2. SGD with momentum keeps the velocity; Adam and AdamW the first and the second moment. */
int ofz_rule_slots(const ofz_rule *rule);

/* One step on one tensor, in the operation order of PyTorch 1.13's single-tensor code, rounding
 * after every operation. step    1-based: SGD's first velocity is the gradient itself, Adam
 * corrects its bias by it param   count numbers, updated grad    count numbers slot
 * ofz_rule_slots() arrays of count numbers, updated SGD:   g += decay p;  v = momentum v + g;  g =
 * nesterov ? g + momentum v : v;  p -= lr g Adam:  g += decay p;  m, s = moments;  p -= lr/(1-b1^t)
 * m / (sqrt(s)/sqrt(1-b2^t) + eps) AdamW: p *= 1 - lr decay, then Adam without decay Sources:
 * Sutskever et al. 2013; Kingma & Ba 2014, Algorithm 1; Loshchilov & Hutter 2017, Algorithm 2. */
void ofz_rule_step_f32(const ofz_rule *rule, double lr, uint64_t step, int64_t count, float *param,
                       const float *grad, float *const slot[2]);
void ofz_rule_step_f64(const ofz_rule *rule, double lr, uint64_t step, int64_t count, double *param,
                       const double *grad, double *const slot[2]);

/* The factor that brings a gradient of global L2 norm `norm` down to max_norm; 1 when it is
 * already shorter, or max_norm is 0. As torch.nn.utils.clip_grad_norm_. */
double ofz_clip_factor(double norm, double max_norm);

#endif
