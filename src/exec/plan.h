/* plan.h - the inside of a plan, for the files of this room. */
#ifndef OFZ_EXEC_PLAN_H
#define OFZ_EXEC_PLAN_H

#include "exec/exec.h"

/* A slot holds one value during a run. -1 stands for an absent input or output. */
typedef struct ofz_step {
    const ofz_node *node;
    const ofz_op   *op;
    const void     *attrs;
    int             in_count, out_count;
    int            *in, *out;
    int            *dies; /* slots that nobody reads after this step */
    int             die_count;
} ofz_step;

typedef struct ofz_slot {
    const ofz_value *value;
    ofz_tensor       constant; /* .data NULL: none; aligned, or a copy that is */
    bool             has_constant, is_input, wanted;
    int              last_use; /* step, or -1 */
} ofz_slot;

struct ofz_plan {
    ofz_arena arena;
    ofz_step *step;
    ofz_slot *slot;
    int       step_count, slot_count, max_in, max_out;
    ofz_map   by_name; /* value name -> slot + 1 */
};

/* The slot of `v`, or -1. */
int ofz_plan_slot(const ofz_plan *plan, const ofz_value *v);

#endif
