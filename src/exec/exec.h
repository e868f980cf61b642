/* exec.h - a plan (which nodes, in which order, until when each value lives) and its runs. */
#ifndef OFZ_EXEC_EXEC_H
#define OFZ_EXEC_EXEC_H

#include "base/rng.h"
#include "ops/op.h"

/* Immutable once made, and no longer looks at the graph's lists: threads may share one. The graph
 * must outlive it. */
typedef struct ofz_plan ofz_plan;
/* One runner: the values of the current run and buffers to reuse in the next. One thread each. */
typedef struct ofz_exec ofz_exec;

/* Plan the nodes that `wanted` depends on. Attributes are parsed, rows found, constants aligned.
 * Errors: OFZ_E_UNSUPPORTED (no row, or no eval, for a needed node), OFZ_E_MODEL, OFZ_E_NOMEM. */
ofz_status ofz_plan_new(ofz_ctx *ctx, ofz_graph *g, ofz_value *const *wanted, size_t count,
                        ofz_plan **out) OFZ_MUST_USE;
void       ofz_plan_free(ofz_plan *plan);

ofz_status ofz_exec_new(ofz_ctx *ctx, const ofz_plan *plan, ofz_exec **out) OFZ_MUST_USE;
void       ofz_exec_free(ofz_exec *exec);

/* Give a graph input its tensor, or a constant another one than the graph holds (trained weights);
 * the bytes are shared, not copied: changing them in place between two runs is seen. Stays until
 * fed again. A value that the plan does not need is ignored. */
ofz_status ofz_exec_feed(ofz_ctx *ctx, ofz_exec *exec, const ofz_value *v,
                         const ofz_tensor *t) OFZ_MUST_USE;
/* The stream that OFZ_OP_RANDOM rows draw from; borrowed; NULL: a stream seeded with 0. */
void ofz_exec_set_rng(ofz_exec *exec, ofz_rng *rng);
/* Evaluate. Every failure names its node. Errors: what rows report; OFZ_E_DATA when an input was
 * not fed. */
ofz_status ofz_exec_run(ofz_ctx *ctx, ofz_exec *exec) OFZ_MUST_USE;
/* A wanted value (or a fed one) of the last run, lent until the next; NULL when it has none. */
const ofz_tensor *ofz_exec_get(const ofz_exec *exec, const ofz_value *v);

#endif
