/* optimizer.c - see optimizer.h. Scalars are computed in double and rounded once to the tensor's
 * type, as PyTorch does with Python numbers. */
#include "train/optimizer.h"

#include <math.h>

int ofz_rule_slots(const ofz_rule *rule)
{
    if (rule->kind == OFZ_SGD) return rule->momentum != 0 ? 1 : 0;
    return 2;
}

/* What a step of Adam needs beside the elements. */
typedef struct adam_scalars {
    double shrink;    /* AdamW's decay of the parameter; 1 for none */
    double decay;     /* Adam's L2 term */
    double step_size; /* lr / (1 - beta1^t) */
    double root;      /* sqrt(1 - beta2^t) */
} adam_scalars;

static adam_scalars adam_prepare(const ofz_rule *rule, double lr, uint64_t step)
{
    const double t         = (double)step;
    const bool   decoupled = rule->kind == OFZ_ADAMW;

    return (adam_scalars){
        .shrink    = decoupled ? 1 - lr * rule->weight_decay : 1,
        .decay     = decoupled ? 0 : rule->weight_decay,
        .step_size = lr / (1 - pow(rule->beta1, t)),
        .root      = sqrt(1 - pow(rule->beta2, t)),
    };
}

/* The two rules for one element type. */
#define RULES(T, SUFFIX, SQRT)                                                                     \
    static void sgd_##SUFFIX(const ofz_rule *rule, double lr, bool first, int64_t count, T *p,     \
                             const T *grad, T *velocity)                                           \
    {                                                                                              \
        const T decay = (T)rule->weight_decay, momentum = (T)rule->momentum, rate = (T)lr;         \
                                                                                                   \
        for (int64_t i = 0; i < count; i++) {                                                      \
            T g = grad[i];                                                                         \
                                                                                                   \
            if (decay != 0) g += decay * p[i];                                                     \
            if (velocity) {                                                                        \
                T v = first ? g : velocity[i] * momentum + g;                                      \
                                                                                                   \
                velocity[i] = v;                                                                   \
                g           = rule->nesterov ? g + momentum * v : v;                               \
            }                                                                                      \
            p[i] -= rate * g;                                                                      \
        }                                                                                          \
    }                                                                                              \
                                                                                                   \
    static void adam_##SUFFIX(const ofz_rule *rule, const adam_scalars *s, int64_t count, T *p,    \
                              const T *grad, T *m, T *v)                                           \
    {                                                                                              \
        const T shrink = (T)s->shrink, decay = (T)s->decay, size = (T)s->step_size;                \
        const T root = (T)s->root, eps = (T)rule->eps, b1 = (T)rule->beta1, b2 = (T)rule->beta2;   \
        const T c1 = (T)(1 - rule->beta1), c2 = (T)(1 - rule->beta2);                              \
                                                                                                   \
        for (int64_t i = 0; i < count; i++) {                                                      \
            T x = p[i] * shrink, g = grad[i];                                                      \
                                                                                                   \
            if (decay != 0) g += decay * x;                                                        \
            m[i] = m[i] * b1 + c1 * g;                                                             \
            v[i] = v[i] * b2 + c2 * g * g;                                                         \
            p[i] = x - size * m[i] / (SQRT(v[i]) / root + eps);                                    \
        }                                                                                          \
    }                                                                                              \
                                                                                                   \
    void ofz_rule_step_##SUFFIX(const ofz_rule *rule, double lr, uint64_t step, int64_t count,     \
                                T *param, const T *grad, T *const slot[2])                         \
    {                                                                                              \
        if (rule->kind == OFZ_SGD) {                                                               \
            T *velocity = ofz_rule_slots(rule) ? slot[0] : NULL;                                   \
                                                                                                   \
            sgd_##SUFFIX(rule, lr, step == 1, count, param, grad, velocity);                       \
        } else {                                                                                   \
            adam_scalars s = adam_prepare(rule, lr, step);                                         \
                                                                                                   \
            adam_##SUFFIX(rule, &s, count, param, grad, slot[0], slot[1]);                         \
        }                                                                                          \
    }

RULES(float, f32, sqrtf)
RULES(double, f64, sqrt)

double ofz_clip_factor(double norm, double max_norm)
{
    double factor;

    if (max_norm <= 0) return 1;
    factor = max_norm / (norm + 1e-6);
    return factor < 1 ? factor : 1;
}
