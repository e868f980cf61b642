/* schedule.h - the learning rate of every optimizer step. */
#ifndef OFZ_TRAIN_SCHEDULE_H
#define OFZ_TRAIN_SCHEDULE_H

#include "base/error.h"

typedef struct ofz_rate {
    ofz_schedule kind;
    double       lr;          /* base rate */
    double       gamma;       /* factor of OFZ_STEP */
    int          step_size;   /* epochs between two decays of OFZ_STEP, at least 1 */
    uint64_t     warmup;      /* steps of linear warm-up; 0: none */
    uint64_t     total_steps; /* where OFZ_COSINE reaches zero */
} ofz_rate;

/* The rate of optimizer step `step` (0-based) in epoch `epoch` (0-based).
 *   warm-up    lr * (step + 1) / warmup while step < warmup; OFZ_STEP's decay applies on top
 *   constant   lr
 *   step       lr * gamma ^ floor(epoch / step_size)
 *   cosine     lr * (1 + cos(pi * (step - warmup) / (total_steps - warmup))) / 2, after warm-up
 * Source: Loshchilov & Hutter 2016 (SGDR) without restarts. */
double ofz_rate_at(const ofz_rate *rate, uint64_t step, int epoch);

#endif
