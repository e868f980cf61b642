/* runner.h - the inside of an exec, for the files of this room. */
#ifndef OFZ_EXEC_RUNNER_H
#define OFZ_EXEC_RUNNER_H

#include "exec/plan.h"

struct ofz_exec {
    const ofz_plan    *plan;
    const ofz_step    *step; /* being evaluated */
    ofz_tensor        *now;  /* per slot */
    ofz_tensor        *fed;  /* per slot; .rank -1: nothing was fed */
    ofz_list           pool; /* ofz_buffer, nobody else's */
    ofz_exec         **sub;  /* of subgraphs, made when first run; NULL before */
    const ofz_tensor **in;
    ofz_tensor       **out;
    const int64_t    **hint;
    int64_t           *wide; /* int32 shape values, widened: max_in * OFZ_SHAPE_VALUES */
    ofz_rng            own_rng, *rng;
    int64_t *work; /* what the run may still do, of the outermost exec; NULL between runs */
};

/* Slot k holds nothing any more; its buffer goes to the pool when it may. */
void ofz_exec_clear(ofz_exec *e, int k);
/* As ofz_exec_feed, by slot. */
ofz_status ofz_exec_feed_slot(ofz_ctx *ctx, ofz_exec *e, int k, const ofz_tensor *t) OFZ_MUST_USE;

#endif
